//! `larder stats`, `top` and `watch`, on what a service reports.

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use larder::Tag;
use larder_servers::{Terminal, until};
use serde_json::{Value, json};

use crate::service::Service;

async fn busy(service: &Service) {
    for _ in 0..9 {
        service.load(("product", 1), "catalogue").await;
    }
    service.load("front", "catalogue").await;
    service.reporting.publish().await.expect("a report");
}

async fn check_stats(service: &Service) {
    busy(service).await;
    let stats = service.run(&["stats"]).good();
    for text in [
        "shop: 1 process reports",
        "80.0 % of 10 reads",
        "2, 0 failed",
        "GROUP",
        "product",
        "front",
        "web 1",
    ] {
        assert!(stats.contains(text), "{text}: {stats}");
    }
    let stats = service.run(&["stats", "--json"]).json();
    let total = &stats["total"];
    assert_eq!(
        (&total["hits"], &total["loads"], &total["hit_ratio"]),
        (&json!(8), &json!(2), &json!(0.8))
    );
    let product = &stats["groups"][0];
    assert_eq!(
        (
            &product["group"],
            &product["counts"]["hits"],
            &product["load_micros"]["count"]
        ),
        (&json!("product"), &json!(8), &json!(1))
    );
    assert_eq!(stats["processes"][0]["process"], "web 1");
    // Not a terminal: one frame, or as many as are asked for.
    assert!(service.run(&["top"]).good().contains("80.0 % of 10 reads"));
    let frames = service.run(&["top", "--frames", "2", "--json"]).good();
    assert_eq!(frames.lines().count(), 2, "{frames}");
}

#[tokio::test(flavor = "multi_thread")]
async fn stats_tells_what_the_fleet_reports() {
    let redis = larder_servers::Redis::start();
    check_stats(&Service::on_redis(&redis).await).await;
    let memcached = larder_servers::Memcached::start();
    check_stats(&Service::on_memcached(&memcached).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn that_nobody_reports_is_said_plainly() {
    let redis = larder_servers::Redis::start();
    let service = Service::on_redis(&redis).await;
    for command in ["stats", "top"] {
        // Nothing is there at all: it may be another namespace that is meant.
        let strange =
            crate::service::Run::of(&[command, "--store", &service.url, "--namespace", "shpo"]);
        assert_eq!((strange.status, strange.out.as_str()), (Some(1), ""));
        assert!(
            strange
                .err
                .contains("nothing is kept in the namespace shpo"),
            "{}",
            strange.err
        );
    }
    service.load("front", "catalogue").await;
    service.reporting.end().await.expect("the report is gone");
    for command in ["stats", "top"] {
        let run = service.run(&[command]);
        assert_eq!((run.status, run.out.as_str()), (Some(1), ""));
        assert!(run.err.contains("no process reports"), "{}", run.err);
    }
    let json = service.run(&["stats", "--json"]);
    assert_eq!(
        (json.status, &json.json()["processes"]),
        (Some(1), &json!([]))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn top_draws_again_and_gives_the_terminal_back() {
    let redis = larder_servers::Redis::start();
    let service = Service::on_redis(&redis).await;
    busy(&service).await;
    for end in [&["q"][..], &["C-c"]] {
        let arguments = service.arguments(&["top"]);
        let mut command = vec![env!("CARGO_BIN_EXE_larder")];
        command.extend(arguments);
        let terminal = Terminal::start(&command, 120, 40);
        let shown = terminal.wait_for("q ends");
        assert!(shown.contains("shop: 1 process reports"), "{shown}");
        assert!(!shown.contains("before"), "{shown}");
        // A hostile name does nothing to it.
        let key = format!("\u{1b}[2Jowned{}", end[0]);
        service.load(&*key, "catalogue").await;
        service
            .cache
            .invalidate([Tag::named("catalogue")])
            .await
            .expect("bumped");
        service.load(&*key, "catalogue").await;
        service.reporting.publish().await.expect("a report");
        let shown = terminal.wait_for("owned");
        assert!(
            shown.contains("GROUP") && shown.contains("\\u{1b}[2Jowned"),
            "{shown}"
        );
        // One row is for the foot: the first lines stay.
        terminal.resize(60, 6);
        until("the view fits", || {
            let shown = terminal.shown();
            let lines: Vec<&str> = shown.lines().collect();
            lines.len() == 6 && lines[5] == "q ends" && lines[0].starts_with("shop: 1 process")
        });
        terminal.resize(120, 40);
        terminal.wait_for("GROUP");
        terminal.press(end);
        let shown = terminal.wait_for("ended with 0");
        assert!(
            shown.contains("before") && !shown.contains("GROUP"),
            "{shown}"
        );
        assert!(terminal.is_as_before(), "{shown}");
    }
}

/// A store that goes away while the view is open is said in it, and asked again.
#[tokio::test(flavor = "multi_thread")]
async fn top_survives_a_store_that_goes_away() {
    let redis = larder_servers::Redis::start();
    let service = Service::on_redis(&redis).await;
    busy(&service).await;
    let mut command = vec![env!("CARGO_BIN_EXE_larder")];
    command.extend(service.arguments(&["top"]));
    let terminal = Terminal::start(&command, 120, 40);
    terminal.wait_for("shop: 1 process reports");
    redis.kill();
    terminal.wait_for("the store does not answer");
    redis.restart();
    until("the service reports again", || {
        tokio::task::block_in_place(|| {
            let runtime = tokio::runtime::Handle::current();
            runtime.block_on(service.reporting.publish()).is_ok()
        })
    });
    terminal.wait_for("1 process reports");
    terminal.press(&["q"]);
    terminal.wait_for("ended with 0");
    assert!(terminal.is_as_before());
}

#[tokio::test(flavor = "multi_thread")]
async fn cb10_watch_tells_a_write_and_what_it_dropped() {
    let redis = larder_servers::Redis::start();
    let service = Service::on_redis(&redis).await;
    service.load("front", "catalogue").await;
    service
        .cache
        .invalidate([Tag::named("before")])
        .await
        .expect("bumped");
    service.reporting.publish().await.expect("a report");
    let mut command = vec![env!("CARGO_BIN_EXE_larder")];
    command.extend(service.arguments(&["watch"]));
    let terminal = Terminal::start(&command, 120, 40);
    terminal.wait_for("watching");
    service
        .cache
        .invalidate([Tag::named("catalogue")])
        .await
        .expect("bumped");
    service.reporting.publish().await.expect("a report");
    let shown = terminal.wait_for("bumped   catalogue");
    assert!(
        shown.contains("web 1") && !shown.contains("bumped   before"),
        "{shown}"
    );
    // Who misses it is known only when somebody asks for it.
    service.load("front", "catalogue").await;
    service.reporting.publish().await.expect("a report");
    terminal.wait_for("dropped  ('front')");
    terminal.press(&["C-c"]);
    terminal.wait_for("ended with 0");

    // As lines, with what was remembered, for a time.
    let watched = service
        .run(&["watch", "--for", "0", "--all", "--json"])
        .good();
    let lines: Vec<Value> = watched
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let tags: Vec<&Value> = lines.iter().map(|line| &line["tags"]).collect();
    assert_eq!(tags, [&json!(["before"]), &json!(["catalogue"])]);
    assert_eq!(lines[1]["dropped"][0]["key"], "('front')");
    assert_eq!(service.run(&["watch", "--for", "0", "--json"]).good(), "");
}

/// A reader that has seen enough ends a command quietly.
#[tokio::test(flavor = "multi_thread")]
async fn watch_ends_when_nobody_reads() {
    let redis = larder_servers::Redis::start();
    let service = Service::on_redis(&redis).await;
    busy(&service).await;
    let mut child = Command::new(env!("CARGO_BIN_EXE_larder"))
        .args(service.arguments(&["watch", "--json"]))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("larder runs");
    drop(child.stdout.take());
    let mut ended = None;
    for round in 0..600 {
        service
            .cache
            .invalidate([Tag::named(&format!("{round}"))])
            .await
            .expect("bumped");
        service.reporting.publish().await.expect("a report");
        ended = child.try_wait().expect("it is ours");
        if ended.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(ended.and_then(|status| status.code()), Some(0));
}

/// A terminal in which the command runs, and the command's process.
fn in_terminal(command: &[&str], folder: &std::path::Path) -> (Terminal, String) {
    let file = folder.join("process");
    let file = file.to_str().expect("a path");
    let begin = ["sh", "-c", "echo $$ > \"$0\"; exec \"$@\"", file];
    let terminal = Terminal::start(&[&begin, command].concat(), 120, 40);
    let mut process = String::new();
    until("the command has begun", || {
        process = std::fs::read_to_string(file).unwrap_or_default();
        process.ends_with('\n')
    });
    (terminal, process.trim().to_owned())
}

fn send(signal: &str, process: &str) {
    let sent = Command::new("kill").args([signal, process]).status();
    assert!(sent.expect("kill runs").success());
}

/// Signals that are no keys: whoever ends it from elsewhere leaves a terminal that can be typed in.
#[tokio::test(flavor = "multi_thread")]
async fn top_gives_the_terminal_back_to_whoever_is_signalled() {
    let redis = larder_servers::Redis::start();
    let service = Service::on_redis(&redis).await;
    busy(&service).await;
    for signal in ["-INT", "-QUIT", "-TERM", "-HUP"] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = vec![env!("CARGO_BIN_EXE_larder")];
        command.extend(service.arguments(&["top"]));
        let (terminal, process) = in_terminal(&command, folder.path());
        terminal.wait_for("q ends");
        send(signal, &process);
        let shown = terminal.wait_for("ended with 0");
        assert!(terminal.is_as_before(), "{signal}: {shown}");
    }
}

/// Ctrl-C was lost while the store was asked, which takes long where it does not answer.
#[tokio::test(flavor = "multi_thread")]
async fn watch_and_top_end_while_the_store_is_silent() {
    let redis = larder_servers::Redis::start();
    let service = Service::on_redis(&redis).await;
    busy(&service).await;
    for words in [&["watch"][..], &["top", "--json", "--frames", "1000"]] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_larder"))
            .args(service.arguments(words))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("larder runs");
        let mut first = [0];
        match words[0] {
            "top" => child
                .stdout
                .as_mut()
                .expect("output")
                .read_exact(&mut first),
            _ => child
                .stderr
                .as_mut()
                .expect("remarks")
                .read_exact(&mut first),
        }
        .expect("it has begun");
        redis.pause();
        // It asks every second, and waits a second for an answer: by then it most often waits. Either way it ends.
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        send("-INT", &child.id().to_string());
        let mut ended = None;
        until("it ends", || {
            ended = child.try_wait().expect("it is ours");
            ended.is_some()
        });
        redis.resume();
        // By itself: a signal would leave no status.
        let status = ended.and_then(|status| status.code());
        assert!(status.is_some(), "{words:?}: {ended:?}");
    }
}
