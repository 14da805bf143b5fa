//! Two builds of a service, run as processes of their own, on one Redis.

use std::process::Command;

use larder_servers::Redis;

const CODECS: [&str; 3] = ["postcard", "message-pack", "json"];
const ONE: &str = env!("CARGO_BIN_EXE_one");
const TWO: &str = env!("CARGO_BIN_EXE_two");

/// What the build says when it is run.
fn run(build: &str, act: &str, server: &Redis, codec: &str) -> Vec<String> {
    let mut command = Command::new(build);
    let ran = command.args([act, &server.url(), codec]).output();
    let ran = ran.expect("the build can be run");
    let wrong = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{wrong}");
    let said = String::from_utf8(ran.stdout).expect("it says text");
    said.lines().map(str::to_owned).collect()
}

/// What each model is found to be: always, or nothing where the bytes have no names in them.
enum Found {
    Always(&'static str),
    ByName(&'static str),
    Never,
}

#[track_caller]
fn check(said: &[String], codec: &str, expected: &[(&str, Found)]) {
    let expected: Vec<String> = expected
        .iter()
        .map(|(model, found)| match found {
            Found::Always(json) => format!("{model} {json}"),
            Found::ByName(json) if codec != "postcard" => format!("{model} {json}"),
            Found::ByName(_) | Found::Never => format!("{model} missing"),
        })
        .collect();
    assert_eq!(said, expected, "{codec}");
}

#[test]
fn bc11_what_another_build_has_saved_is_read_right_or_missed() {
    use Found::{Always, ByName, Never};
    let server = Redis::start();
    for codec in CODECS {
        assert_eq!(run(ONE, "save", &server, codec), [""; 0]);
        check(
            &run(TWO, "get", &server, codec),
            codec,
            &[
                ("Same", Always(r#"{"id":1,"age":7}"#)),
                ("Added", Never),
                ("AddedWithDefault", ByName(r#"{"id":1,"age":7,"size":0}"#)),
                ("Removed", ByName(r#"{"id":1,"age":7}"#)),
                ("Retyped", Never),
                ("Renamed", Never),
                ("Swapped", ByName(r#"{"id":1,"size":8,"age":7}"#)),
                ("Binary", Never),
            ],
        );
        // The build before is still running, and meets what the new one saves.
        assert_eq!(run(TWO, "save", &server, codec), [""; 0]);
        check(
            &run(ONE, "get", &server, codec),
            codec,
            &[
                ("Same", Always(r#"{"id":1,"age":7}"#)),
                ("Added", ByName(r#"{"id":1,"age":7}"#)),
                ("AddedWithDefault", ByName(r#"{"id":1,"age":7}"#)),
                ("Removed", Never),
                ("Retyped", Never),
                ("Renamed", Never),
                ("Swapped", ByName(r#"{"id":1,"age":7,"size":8}"#)),
                ("Binary", Never),
            ],
        );
        let own = run(TWO, "get", &server, codec);
        assert!(own.iter().all(|said| said.ends_with('}')), "{own:?}");
    }
}
