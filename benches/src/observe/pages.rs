//! The dashboard on a store with a million keys: what its pages take, and what they make the server do.

use std::error::Error;
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::request::Parts;
use larder::{Cache, Redis};
use larder_dashboard::{Access, Dashboard, LISTED_WITHIN};
use larder_report::Reporter;
use larder_servers::Redis as Server;
use redis::Value;
use redis::aio::MultiplexedConnection;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::row::{Budget, Report};

const KEYS: usize = 1_000_000;
/// So many are stored at once.
const TOGETHER: usize = 5_000;
/// Pages and floors in turn, of which the median is taken.
const ROUNDS: usize = 9;

const FIRST_PAGE_MAX: f64 = 300.0;
/// A command that takes longer holds everybody up.
const COMMAND_MAX: f64 = 10.0;

pub(crate) async fn rows(report: &Report) -> Result<(), Box<dyn Error>> {
    let server = Server::start();
    let store = Redis::connect(&server.url()).await?;
    let reporter = Reporter::new();
    let cache = Cache::builder().store(store).observer(reporter.clone());
    let cache = cache.build()?;
    let mut number = 0;
    while number < KEYS {
        let some = (number..number + TOGETHER).map(|number| (("product", number), number));
        cache.insert_many(some).await?;
        number += TOGETHER;
    }
    let reporting = reporter.start(&cache);
    let dashboard = Dashboard::new(&reporting, async |_: Parts| Access::read("bench"));
    let router: Router = dashboard.router();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    tokio::spawn(async move { axum::serve(listener, router).await });

    let client = redis::Client::open(server.url())?;
    let mut bare = client.get_multiplexed_async_connection().await?;
    let stored: usize = redis::cmd("DBSIZE").query_async(&mut bare).await?;
    assert!(stored >= KEYS, "{stored} keys are there, not {KEYS}");
    // Everything that takes longer than a millisecond is noted from here on.
    server.configure("slowlog-log-slower-than", "1000");
    server.configure("slowlog-max-len", "10000");
    redis::cmd("SLOWLOG")
        .arg("RESET")
        .query_async::<()>(&mut bare)
        .await?;
    for (name, page) in [
        ("first page of entries, 1,000,000 keys", "entries"),
        ("tables, 1,000,000 keys", "tables"),
        ("overview, 1,000,000 keys", "overview"),
    ] {
        let (mut pages, mut floors) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            pages.push(took(async || get(&address, page).await.map(drop)).await?);
            floors.push(took(async || scan(&mut bare).await).await?);
        }
        let (page, floor) = (median(pages), median(floors));
        report.row(
            name,
            (page, "ms"),
            ("one SCAN page of 1,000 names", floor),
            page / FIRST_PAGE_MAX,
            Budget::AtMost(1.0),
        );
    }
    let rare = took(async || {
        let page = get(&address, "entries?prefix=nothing").await?;
        assert!(page.contains("This is not complete") && page.contains("id=\"go-on\""));
        Ok(())
    });
    let rare = rare.await?;
    let deadline = LISTED_WITHIN.as_secs_f64() * 1e3;
    report.row(
        "search of a rare prefix, 1,000,000 keys",
        (rare, "ms"),
        ("the time that a list has", deadline),
        rare / deadline,
        Budget::AtMost(1.1),
    );
    let slowest = slowest(&mut bare).await?;
    report.row(
        "longest command of the server meanwhile",
        (slowest, "ms"),
        ("10 ms", COMMAND_MAX),
        slowest / COMMAND_MAX,
        Budget::AtMost(1.0),
    );
    Ok(())
}

/// Milliseconds.
async fn took(
    act: impl AsyncFnOnce() -> Result<(), Box<dyn Error>>,
) -> Result<f64, Box<dyn Error>> {
    let begin = Instant::now();
    act().await?;
    Ok(begin.elapsed().as_secs_f64() * 1e3)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A page of the dashboard, whole.
async fn get(address: &str, page: &str) -> Result<String, Box<dyn Error>> {
    let mut stream = TcpStream::connect(address).await?;
    let ask = format!("GET /{page} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(ask.as_bytes()).await?;
    let mut answer = String::new();
    let reading = stream.read_to_string(&mut answer);
    tokio::time::timeout(Duration::from_secs(60), reading).await??;
    match answer.starts_with("HTTP/1.1 200 ") {
        true => Ok(answer),
        false => Err(format!("the dashboard said {answer}").into()),
    }
}

async fn scan(bare: &mut MultiplexedConnection) -> Result<(), Box<dyn Error>> {
    let mut scan = redis::cmd("SCAN");
    scan.arg(0).arg("COUNT").arg(1_000);
    let page: Value = scan.query_async(bare).await?;
    std::hint::black_box(page);
    Ok(())
}

/// What the command took that took longest since the log was emptied, in milliseconds; of those below one
/// nothing is known.
async fn slowest(bare: &mut MultiplexedConnection) -> Result<f64, Box<dyn Error>> {
    let mut log = redis::cmd("SLOWLOG");
    log.arg("GET").arg(10_000);
    let log: Vec<Vec<Value>> = log.query_async(bare).await?;
    let micros = log.iter().filter_map(|entry| match entry.get(2) {
        Some(Value::Int(micros)) => Some(*micros),
        _ => None,
    });
    Ok(micros.max().unwrap_or(0) as f64 / 1e3)
}
