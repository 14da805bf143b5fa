//! What an attribute costs when a crate is built: a hundred cached functions beside the same plain.

use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::row::{Budget, Report};

const FUNCTIONS: usize = 100;
/// Builds of each; an odd number, so that the median is one of them.
const ROUNDS: usize = 5;

pub(crate) fn run(report: &Report) -> Result<(), Box<dyn Error>> {
    let workshop = Workshop::new()?;
    let (cached, plain) = (source("#[larder::cached(ttl = \"1h\")]"), source(""));
    for command in ["check", "build"] {
        // The crates that both depend on are no part of it.
        workshop.time(command, &plain)?;
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            rounds.push((
                workshop.time(command, &cached)?.as_secs_f64(),
                workshop.time(command, &plain)?.as_secs_f64(),
            ));
        }
        let median = |of: &dyn Fn(&(f64, f64)) -> f64| {
            let mut values: Vec<f64> = rounds.iter().map(of).collect();
            values.sort_by(f64::total_cmp);
            values[ROUNDS / 2]
        };
        report.row(
            &format!("cargo {command}, {FUNCTIONS} cached functions"),
            (median(&|round| round.0), "s"),
            ("the same functions, plain", median(&|round| round.1)),
            median(&|round| round.0 / round.1),
            Budget::Open,
        );
        let each = median(&|round| round.0 - round.1) / FUNCTIONS as f64 * 1e3;
        report.row(
            &format!("cargo {command}, one cached function more"),
            (each, "ms"),
            ("none", 0.0),
            each,
            Budget::Open,
        );
    }
    Ok(())
}

/// A folder in which a crate is built again and again.
struct Workshop(tempfile::TempDir);

impl Workshop {
    fn new() -> Result<Workshop, Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let larder = repository.join("crates/larder").canonicalize()?;
        fs::create_dir(folder.path().join("src"))?;
        fs::write(
            folder.path().join("Cargo.toml"),
            format!(
                "[package]\nname = \"hundred\"\nedition = \"2024\"\n\n[dependencies]\nlarder = {{ path = {larder:?} }}\n\n[workspace]\n"
            ),
        )?;
        // The same versions as here, and no question to a registry.
        fs::copy(
            repository.join("Cargo.lock"),
            folder.path().join("Cargo.lock"),
        )?;
        Ok(Workshop(folder))
    }

    fn time(&self, command: &str, source: &str) -> Result<Duration, Box<dyn Error>> {
        fs::write(self.source(), source)?;
        let begin = Instant::now();
        let status = Command::new("cargo")
            .args([command, "--quiet", "--offline"])
            .current_dir(self.0.path())
            .env("CARGO_TARGET_DIR", self.0.path().join("target"))
            .stdout(Stdio::null())
            .status()?;
        if !status.success() {
            return Err(format!("cargo {command} failed").into());
        }
        Ok(begin.elapsed())
    }

    fn source(&self) -> PathBuf {
        self.0.path().join("src/lib.rs")
    }
}

/// The functions, each under `attribute`.
fn source(attribute: &str) -> String {
    let mut source = String::from("use larder::Cache;\n");
    for number in 0..FUNCTIONS {
        // Writing to a string cannot fail.
        let _ = writeln!(
            source,
            "{attribute}\npub async fn function_{number}(_cache: &Cache, town: &str, id: u64) -> Result<String, String> {{\n    if id == {number} {{ return Err(town.to_owned()); }}\n    Ok(format!(\"{{town}} {{id}}\"))\n}}"
        );
    }
    source
}
