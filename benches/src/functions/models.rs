//! A model with twenty references: how long a get takes, and how many round trips.

use std::error::Error;
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use larder::{Cache, CacheModel, Reference};
use serde::{Deserialize, Serialize};

use crate::fleet::servers::Servers;
use crate::fleet::trips::Trips;
use crate::fleet::turns::{Call, call, one_task};
use crate::fleet::{Scale, process};
use crate::measure::pair;
use crate::row::{Budget, Report};

/// So many objects does a basket refer to.
const REFERENCES: u32 = 20;

#[derive(CacheModel, Clone, Serialize, Deserialize)]
struct Product {
    #[key]
    id: u32,
    name: String,
    price_cents: u64,
}

#[derive(CacheModel, Clone, Serialize, Deserialize)]
struct Basket {
    #[key]
    customer: String,
    products: Vec<Reference<Product>>,
}

async fn fill(cache: &Cache) -> larder::Result<()> {
    let mut products = Vec::new();
    for id in 0..REFERENCES {
        let product = Product {
            id,
            name: format!("a long-playing record, number {id}"),
            price_cents: 1999,
        };
        product.save(cache).await?;
        products.push(Reference::to(&product));
    }
    for (customer, products) in [("full", products), ("empty", Vec::new())] {
        let customer = customer.to_owned();
        Basket { customer, products }.save(cache).await?;
    }
    Ok(())
}

async fn get(cache: &Cache, customer: &str) -> usize {
    let basket = Basket::get(cache, customer).await.expect("it is there");
    basket.products.iter().filter_map(Reference::get).count()
}

/// The same objects, each looked up by itself.
async fn one_by_one(cache: &Cache) -> usize {
    let mut found = get(cache, "empty").await;
    for id in 0..REFERENCES {
        found += usize::from(Product::get(cache, id).await.is_ok());
    }
    found
}

/// A future that is ready at once, polled by hand: an executor is no part of a hit.
fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a hit in memory is ready at once"),
    }
}

pub(crate) fn rows(report: &Report, scale: Scale) -> Result<(), Box<dyn Error>> {
    let memory = Cache::memory();
    process()?.block_on(fill(&memory))?;
    let times = pair(
        || assert_eq!(black_box(now(get(&memory, "full"))), REFERENCES as usize),
        || assert_eq!(black_box(now(one_by_one(&memory))), REFERENCES as usize),
    );
    report.row(
        "memory, a model with 20 references",
        (times.value, "ns"),
        ("21 models, one by one", times.floor),
        times.ratio,
        Budget::Open,
    );
    let servers = Servers::redis();
    process()?.block_on(async {
        let cache = servers.connect().await?.build()?;
        fill(&cache).await?;
        let trips = Trips::before(&servers.address()).await?;
        let counted = servers.connect_through(trips.address()).await?.build()?;
        let alone = trips
            .of(async |_| {
                get(&counted, "empty").await;
            })
            .await;
        let twenty = trips
            .of(async |_| {
                get(&counted, "full").await;
            })
            .await;
        report.row(
            "redis, a model with 20 references, trips",
            (twenty, "trips"),
            ("a model without", alone),
            twenty / alone,
            Budget::AtMost(2.0),
        );
        let whole = cache.clone();
        let whole = call(move |_| {
            let cache = whole.clone();
            async move { assert_eq!(get(&cache, "full").await, REFERENCES as usize) }
        });
        let each = call(move |_| {
            let cache = cache.clone();
            async move { assert_eq!(one_by_one(&cache).await, REFERENCES as usize) }
        });
        let calls: [Call; 2] = [whole, each];
        one_task(&calls, 1, 50).await;
        let times = one_task(&calls, scale.of(21), 50).await;
        report.row(
            "redis, a model with 20 references, p50",
            (times[0].p50(), "us"),
            ("21 models, one by one", times[1].p50()),
            times[0].p50_over(&times[1]),
            Budget::AtMost(0.25),
        );
        Ok(())
    })
}
