//! What a doctor has found.

use serde_json::{Value, json};

/// How a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// As it should be.
    Good,
    /// Nothing wrong will be served, and something could be better.
    Advice,
    /// Somebody may read or change what they must not, or be served what is old.
    Unsafe,
}

/// One thing that was looked at.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    pub(super) verdict: Verdict,
    /// What was looked at.
    pub(super) what: String,
    /// How it is.
    pub(super) is: String,
    /// Why it matters, and what to do: a sentence for somebody who hears of it for the first time.
    pub(super) why: String,
}

impl Finding {
    fn new(verdict: Verdict, what: &str, is: impl Into<String>, why: impl Into<String>) -> Finding {
        Finding {
            verdict,
            what: what.to_owned(),
            is: is.into(),
            why: why.into(),
        }
    }

    pub(super) fn good(what: &str, is: impl Into<String>, why: impl Into<String>) -> Finding {
        Finding::new(Verdict::Good, what, is, why)
    }

    pub(super) fn advice(what: &str, is: impl Into<String>, why: impl Into<String>) -> Finding {
        Finding::new(Verdict::Advice, what, is, why)
    }

    pub(super) fn unsafe_(what: &str, is: impl Into<String>, why: impl Into<String>) -> Finding {
        Finding::new(Verdict::Unsafe, what, is, why)
    }

    fn word(&self) -> &'static str {
        match self.verdict {
            Verdict::Good => "good",
            Verdict::Advice => "advice",
            Verdict::Unsafe => "unsafe",
        }
    }

    pub(super) fn lines(&self) -> [String; 2] {
        [
            format!("{:<7} {}: {}", self.word(), self.what, self.is),
            format!("        {}", self.why),
        ]
    }

    pub(super) fn as_json(&self) -> Value {
        json!({ "verdict": self.word(), "what": self.what, "is": self.is, "why": self.why })
    }
}

/// What one of several servers has said, or that it has not.
pub(super) fn of<T>(told: &larder::Result<T>, judge: impl Fn(&T) -> Vec<Finding>) -> Vec<Finding> {
    match told {
        Ok(told) => judge(told),
        Err(error) => vec![Finding::unsafe_(
            "server",
            error.to_string(),
            "What it keeps is past the cache until it is back: every read of it goes to the database.",
        )],
    }
}
