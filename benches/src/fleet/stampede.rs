//! Stampedes: many callers of several processes want one cold key.

use std::convert::Infallible;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::servers::Servers;
use super::turns::median;
use super::{Scale, process};
use crate::row::{Budget, Report};

const PROCESSES: usize = 4;
const TASKS: usize = 64;
const LOAD: Duration = Duration::from_millis(50);

pub(crate) fn rows(report: &Report, scale: Scale) -> Result<(), Box<dyn Error>> {
    let runtime = process()?;
    runtime.block_on(async {
        for servers in [Servers::redis(), Servers::memcached(1)] {
            let mut caches = Vec::new();
            for _ in 0..PROCESSES {
                caches.push(servers.connect().await?.build()?);
            }
            let (mut most, mut elapsed) = (0, Vec::new());
            for round in 0..scale.of(10) as u64 {
                let loads = Arc::new(AtomicU64::new(0));
                let begin = Instant::now();
                let mut tasks = JoinSet::new();
                for cache in &caches {
                    for _ in 0..TASKS {
                        let (cache, loads) = (cache.clone(), loads.clone());
                        tasks.spawn(async move {
                            let load = async move || {
                                loads.fetch_add(1, SeqCst);
                                tokio::time::sleep(LOAD).await;
                                Ok::<u64, Infallible>(round)
                            };
                            let found = cache.get_or_load(("cold", round), load).await;
                            assert_eq!(*found.expect("the load cannot fail"), round);
                        });
                    }
                }
                tasks.join_all().await;
                elapsed.push(begin.elapsed().as_secs_f64() * 1e3);
                most = most.max(loads.load(SeqCst));
            }
            let row = format!("{}, 4 x 64 on a cold key", servers.name());
            report.row(
                &format!("{row}, most loads"),
                (most as f64, "loads"),
                ("one", 1.0),
                most as f64,
                1.0,
            );
            let load = LOAD.as_secs_f64() * 1e3;
            report.row(
                &format!("{row}, all served"),
                (median(&elapsed), "ms"),
                ("the load alone", load),
                median(&elapsed) / load,
                Budget::Open,
            );
        }
        Ok(())
    })
}
