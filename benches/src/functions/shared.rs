//! A cached function's hit on Redis, beside the same by hand: GET, and serde_json.

use std::error::Error;

use larder::Cache;
use serde::{Deserialize, Serialize};

use crate::fleet::bare::Place;
use crate::fleet::servers::Servers;
use crate::fleet::turns::{Call, call, one_task};
use crate::fleet::{Scale, process};
use crate::row::{Budget, Report};

/// Results that are asked for in turn.
const ENTRIES: u64 = 64;

/// What a shop knows of a restaurant.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Restaurant {
    id: u64,
    name: String,
    address: String,
    cuisines: Vec<String>,
    latitude: f64,
    longitude: f64,
    open: bool,
}

#[larder::cached(ttl = "1h")]
async fn restaurant(cache: &Cache, id: u64) -> Restaurant {
    of(id)
}

fn of(id: u64) -> Restaurant {
    Restaurant {
        id,
        name: format!("At the sign of the {id} larders"),
        address: format!("{id} Market Street, Ulm"),
        cuisines: ["italian", "swabian"].map(String::from).to_vec(),
        latitude: 48.4 + id as f64 / 1e3,
        longitude: 9.99,
        open: id.is_multiple_of(2),
    }
}

pub(crate) fn rows(report: &Report, scale: Scale) -> Result<(), Box<dyn Error>> {
    let servers = Servers::redis();
    process()?.block_on(async {
        let cache = servers.connect().await?.build()?;
        let bare = servers.bare().await?;
        for id in 0..ENTRIES {
            restaurant(&cache, id).await;
            bare.set(&place(id), &serde_json::to_vec(&of(id))?).await;
        }
        let function = call({
            let cache = cache.clone();
            move |n| {
                let cache = cache.clone();
                async move {
                    let id = n as u64 % ENTRIES;
                    assert_eq!(restaurant(&cache, id).await.id, id);
                }
            }
        });
        let by_hand = call(move |n| {
            let bare = bare.clone();
            async move {
                let id = n as u64 % ENTRIES;
                let bytes = bare.get(&place(id)).await;
                let found: Restaurant = serde_json::from_slice(&bytes).expect("it was written so");
                assert_eq!(found.id, id);
            }
        });
        let calls: [Call; 2] = [function, by_hand];
        one_task(&calls, 1, 200).await;
        let times = one_task(&calls, scale.of(21), 100).await;
        report.row(
            "redis, cached function, hit, p50",
            (times[0].p50(), "us"),
            ("GET and serde_json by hand", times[1].p50()),
            times[0].p50_over(&times[1]),
            Budget::AtMost(1.6),
        );
        Ok(())
    })
}

fn place(id: u64) -> Place {
    Place {
        server: 0,
        name: format!("restaurant:{id}"),
    }
}
