//! Checks rows of the protocol's table on request: `all`, `quick`, or rows by name.

use std::process::ExitCode;

use larder_models::{Effort, Promise, Row, rows};

const USAGE: &str = "usage: larder-models [--traces] all | quick | <row>…
  all        every row; takes minutes, so build with --release
  quick      the rows that are part of `cargo test`
  --traces   print the interleaving behind each failed promise";

fn main() -> ExitCode {
    let mut names: Vec<String> = std::env::args().skip(1).collect();
    let prints_traces = names.iter().any(|name| name == "--traces");
    names.retain(|name| name != "--traces");
    let rows = match chosen(&names) {
        Ok(rows) => rows,
        Err(complaint) => {
            eprintln!("{complaint}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut surprises = 0;
    for row in &rows {
        let report = row.check(threads);
        print!("{report}");
        if prints_traces {
            print_traces(&report);
        }
        if !report.is_as_expected() {
            surprises += 1;
        }
    }
    println!("rows: {}; not as expected: {surprises}", rows.len());
    if surprises == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// The rows that were asked for.
fn chosen(names: &[String]) -> Result<Vec<Row>, String> {
    if names.is_empty() {
        return Err("no row is named".to_owned());
    }
    let all = rows();
    let is_known = |name: &&String| {
        matches!(name.as_str(), "all" | "quick") || all.iter().any(|row| row.name == **name)
    };
    if let Some(unknown) = names.iter().find(|name| !is_known(name)) {
        return Err(format!("there is no row {unknown}"));
    }
    let is_asked_for = |row: &Row| {
        names.iter().any(|name| match name.as_str() {
            "all" => true,
            "quick" => row.effort == Effort::Quick,
            name => row.name == name,
        })
    };
    Ok(all.into_iter().filter(is_asked_for).collect())
}

fn print_traces(report: &larder_models::Report) {
    for promise in Promise::ALL {
        let Some(lines) = report.counterexample(promise) else {
            continue;
        };
        println!("    how it fails: {}", promise.name());
        for line in lines {
            println!("      {line}");
        }
    }
}
