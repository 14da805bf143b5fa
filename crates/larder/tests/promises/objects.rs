//! Things with an identity.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use larder::{Cache, CachedObject, Key, KeyPart, Policy, Tag};
use serde::{Deserialize, Serialize};

use crate::shared::Shared;
use crate::support::{Bench, Broken, Gate, seconds};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Customer {
    country: String,
    number: u32,
    email: String,
}

impl CachedObject for Customer {
    const KIND: &'static str = "customer";

    fn id(&self) -> impl KeyPart {
        (&self.country, self.number)
    }

    fn policy(cache: &Cache) -> Policy {
        cache.policy().ttl(seconds(60))
    }
}

/// Another kind with the same ids.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Supplier(u32);

impl CachedObject for Supplier {
    const KIND: &'static str = "supplier";

    fn id(&self) -> impl KeyPart {
        ("ch", self.0)
    }
}

fn bob() -> Customer {
    Customer {
        country: "ch".into(),
        number: 7,
        email: "bob@example.org".into(),
    }
}

#[derive(Clone, Default)]
struct Loads(Arc<AtomicUsize>);

impl Loads {
    fn gives(
        &self,
        customer: Customer,
    ) -> impl FnOnce() -> std::future::Ready<Result<Customer, Broken>> + Send + 'static {
        let loads = self.0.clone();
        move || {
            loads.fetch_add(1, Ordering::SeqCst);
            std::future::ready(Ok(customer))
        }
    }

    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn kc20_an_object_is_inserted_found_and_removed_under_its_identity() {
    let cache = Bench::new().cache;
    assert!(!Customer::is_cached(&cache, ("ch", 7)).await.expect("asked"));
    bob().insert_into(&cache).await.expect("stored");
    assert!(Customer::is_cached(&cache, ("ch", 7)).await.expect("asked"));
    let found = Customer::get_from(&cache, ("ch", 7)).await.expect("asked");
    assert_eq!(found.as_deref(), Some(&bob()));
    assert_eq!(
        Customer::get_from(&cache, ("ch", 8)).await.expect("asked"),
        None
    );
    assert_eq!(
        Supplier::get_from(&cache, ("ch", 7)).await.expect("asked"),
        None
    );
    assert_eq!(bob().key(), Key::new(("customer", ("ch", 7))));
    bob().remove_from(&cache).await.expect("removed");
    assert!(!Customer::is_cached(&cache, ("ch", 7)).await.expect("asked"));
    bob().remove_from(&cache).await.expect("absent is fine");
}

#[tokio::test]
async fn kc20_removing_an_object_removes_what_lies_below_it_and_nothing_beside() {
    let cache = Bench::new().cache;
    bob().insert_into(&cache).await.expect("stored");
    Supplier(7).insert_into(&cache).await.expect("stored");
    let orders = Key::builder()
        .text("customer")
        .part(("ch", 7))
        .text("orders")
        .build();
    let others = Key::builder()
        .text("customer")
        .part(("ch", 8))
        .text("orders")
        .build();
    for key in [&orders, &others] {
        cache.insert(key, 1).await.expect("stored");
    }
    Customer::remove_by_id(&cache, ("ch", 7))
        .await
        .expect("removed");
    assert_eq!(cache.get::<i32>(&orders).await.expect("asked"), None);
    assert!(cache.get::<i32>(&others).await.expect("asked").is_some());
    assert!(Supplier::is_cached(&cache, ("ch", 7)).await.expect("asked"));
}

#[tokio::test]
async fn kc20_an_object_is_loaded_once_by_its_id_and_by_its_own_policy() {
    let bench = Bench::new();
    let loads = Loads::default();
    for _ in 0..2 {
        let found = Customer::find_by_id(&bench.cache, ("ch", 7), loads.gives(bob())).await;
        assert_eq!(*found.expect("loaded"), bob());
    }
    assert_eq!(loads.count(), 1);
    assert!(
        Customer::is_cached(&bench.cache, ("ch", 7))
            .await
            .expect("asked")
    );
    bench.advance(60);
    assert!(
        !Customer::is_cached(&bench.cache, ("ch", 7))
            .await
            .expect("asked")
    );
    let refused = Customer::find_by_id(&bench.cache, ("ch", 9), || async { Err(Broken) }).await;
    assert_eq!(
        refused
            .expect_err("it fails")
            .failed()
            .map(|error| &**error),
        Some(&Broken)
    );
}

#[tokio::test]
async fn kc20_what_is_found_by_another_key_goes_with_any_object_of_its_kind() {
    let cache = Bench::new().cache;
    let loads = Loads::default();
    let by_email = async || {
        let key = ("email", "bob@example.org");
        let found = Customer::find_by(&cache, key, loads.gives(bob())).await;
        assert_eq!(*found.expect("loaded"), bob());
        loads.count()
    };
    assert_eq!(by_email().await, 1);
    assert_eq!(by_email().await, 1);
    assert!(!Customer::is_cached(&cache, ("ch", 7)).await.expect("asked"));
    // Another customer could have that address from now on.
    let ann = Customer { number: 8, ..bob() };
    ann.clone().insert_into(&cache).await.expect("stored");
    assert_eq!(by_email().await, 2);
    ann.remove_from(&cache).await.expect("removed");
    assert_eq!(by_email().await, 3);
    cache.remove_tree("customer").await.expect("removed");
    assert_eq!(by_email().await, 4);
    // Suppliers have nothing to do with it.
    Supplier(1).insert_into(&cache).await.expect("stored");
    Supplier(1).remove_from(&cache).await.expect("removed");
    assert_eq!(by_email().await, 4);
    let stats = cache.stats();
    let names: Vec<&str> = stats.iter().map(|group| &*group.name).collect();
    assert_eq!(names, ["customer", "supplier"]);
}

#[tokio::test]
async fn kc20_a_load_by_another_key_during_a_removal_is_not_kept() {
    let cache = Bench::new().cache;
    let gate = Gate::new();
    let (reader, inner) = (cache.clone(), gate.clone());
    let reader = tokio::spawn(async move {
        let load = move || async move {
            inner.pass().await;
            Ok::<_, Broken>(bob())
        };
        Customer::find_by(&reader, "bob", load).await
    });
    gate.started().await;
    Customer::remove_by_id(&cache, ("ch", 7))
        .await
        .expect("removed");
    gate.open();
    reader.await.expect("no panic").expect("loaded");
    let loads = Loads::default();
    let found = Customer::find_by(&cache, "bob", loads.gives(bob())).await;
    found.expect("loaded");
    assert_eq!(loads.count(), 1);
}

#[tokio::test]
async fn kc20_removing_an_object_is_two_operations_at_once() {
    let shared = Shared::default();
    let process = shared.process(Policy::new());
    bob().insert_into(&process.cache).await.expect("stored");
    assert_eq!(shared.trips(), ["prepare", "insert", "bump"]);
    bob().remove_from(&process.cache).await.expect("removed");
    let mut trips = shared.trips();
    trips.sort_unstable();
    assert_eq!(trips, ["bump", "remove"]);
    let bumps = process.cache.bumps();
    process
        .cache
        .invalidate([Tag::named("x")])
        .await
        .expect("bumped");
    assert_eq!(process.cache.bumps(), bumps + 1);
}
