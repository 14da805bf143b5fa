//! What `larder try` says.

use serde::Serialize;

use crate::say::{say, say_json};

/// One statement's line.
#[derive(Debug, Serialize)]
pub(crate) struct Line {
    pub(crate) n: usize,
    pub(crate) line: usize,
    pub(crate) conn: String,
    pub(crate) sql: String,
    pub(crate) kind: &'static str,
    pub(crate) outcome: Option<&'static str>,
    pub(crate) why: Option<String>,
    pub(crate) rows: u64,
    pub(crate) statements: u64,
    pub(crate) stale: bool,
    pub(crate) bumped: Vec<String>,
    pub(crate) expected: Option<&'static str>,
    pub(crate) ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    /// A read whose answer is what it was when the same read last ran, both outside a transaction.
    #[serde(skip)]
    pub(crate) unchanged: bool,
}

/// The sum of a script.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Summary {
    reads: u64,
    hits: u64,
    perfect_hits: u64,
    stale: u64,
    writes: u64,
    bumps: u64,
    unmet: u64,
    #[serde(skip)]
    bad: bool,
}

impl Summary {
    pub(crate) fn add(&mut self, line: &Line) {
        if line.kind == "read" && line.error.is_none() {
            self.reads += 1;
            self.hits += u64::from(line.outcome == Some("hit"));
            self.perfect_hits += u64::from(line.unchanged);
        }
        self.stale += u64::from(line.stale);
        self.writes += u64::from(line.kind == "write" || line.kind == "ddl");
        self.bumps += line.bumped.len() as u64;
        let unmet = !line.ok && line.expected.is_some();
        self.unmet += u64::from(unmet);
        self.bad |= !line.ok;
    }

    pub(crate) fn is_good(&self) -> bool {
        !self.bad
    }
}

pub(crate) fn print(line: &Line, json: bool) {
    if json {
        say_json(&serde_json::to_value(line).expect("a line has only plain fields"));
        return;
    }
    let outcome = line.outcome.unwrap_or(line.kind);
    let sql = line.sql.split_whitespace().collect::<Vec<_>>().join(" ");
    say(format!(
        "{:>4}  {}  {outcome:<11} {}",
        line.line, line.conn, sql
    ));
    let mut said = format!(
        "{}, {}",
        count(line.rows, "row"),
        count(line.statements, "statement")
    );
    if let Some(why) = &line.why {
        said.push_str(&format!("; {why}"));
    }
    say(format!("{:>21}{said}", ""));
    if !line.bumped.is_empty() {
        say(format!("{:>21}bumped {}", "", line.bumped.join(", ")));
    }
    if let Some(error) = &line.error {
        say(format!("{:>21}error: {error}", ""));
    }
    if line.stale {
        say(format!(
            "{:>21}STALE: the database answers something else",
            ""
        ));
    }
    if let (false, Some(expected)) = (line.ok, line.expected) {
        say(format!("{:>21}UNMET: expected {expected}", ""));
    }
}

pub(crate) fn print_summary(summary: &Summary, json: bool) {
    if json {
        say_json(&serde_json::to_value(summary).expect("a summary has only numbers"));
        return;
    }
    let Summary {
        reads,
        hits,
        perfect_hits,
        stale,
        writes,
        bumps,
        unmet,
        ..
    } = summary;
    say(format!(
        "{reads} reads, {hits} hits of {perfect_hits} possible, {stale} stale; \
         {writes} writes, {bumps} bumps; {unmet} expectations unmet"
    ));
}

fn count(n: u64, noun: &str) -> String {
    match n {
        1 => format!("1 {noun}"),
        n => format!("{n} {noun}s"),
    }
}
