//! A row of a table: a cost, its floor, and the budget.

use serde::Serialize;

/// One cost beside its floor.
#[derive(Serialize)]
pub(crate) struct Row {
    table: &'static str,
    row: String,
    value: f64,
    unit: &'static str,
    floor: String,
    floor_value: f64,
    ratio: f64,
    /// Nothing where a row is for the record only.
    budget: Option<f64>,
    /// Which side of the budget is the good one.
    bound: &'static str,
    holds: Option<bool>,
}

/// What a ratio may be.
#[derive(Clone, Copy)]
pub(crate) enum Budget {
    AtMost(f64),
    AtLeast(f64),
    /// Anything: the row is for the record.
    Open,
}

impl From<f64> for Budget {
    fn from(most: f64) -> Budget {
        Budget::AtMost(most)
    }
}

impl Budget {
    fn limit(self) -> Option<f64> {
        match self {
            Budget::AtMost(limit) | Budget::AtLeast(limit) => Some(limit),
            Budget::Open => None,
        }
    }

    fn holds(self, ratio: f64) -> Option<bool> {
        match self {
            Budget::AtMost(limit) => Some(ratio <= limit),
            Budget::AtLeast(limit) => Some(ratio >= limit),
            Budget::Open => None,
        }
    }

    fn bound(self) -> &'static str {
        match self {
            Budget::AtMost(_) => "at most",
            Budget::AtLeast(_) => "at least",
            Budget::Open => "none",
        }
    }

    fn text(self) -> String {
        match self {
            Budget::AtMost(limit) => limit.to_string(),
            Budget::AtLeast(limit) => format!(">= {limit}"),
            Budget::Open => "-".to_owned(),
        }
    }
}

/// Where rows are printed.
pub(crate) struct Report {
    table: &'static str,
    json: bool,
}

impl Report {
    pub(crate) fn new(table: &'static str, json: bool) -> Report {
        if !json {
            println!(
                "{:<46} {:>12} {:>8}  {:<40} {:>12} {:>8} {:>8}",
                "row", "value", "unit", "floor", "floor value", "ratio", "budget"
            );
        }
        Report { table, json }
    }

    /// `ratio` is given, not divided here: it is the median of ratios of neighbouring runs, which
    /// a noisy machine moves less than the ratio of two medians.
    pub(crate) fn row(
        &self,
        row: &str,
        (value, unit): (f64, &'static str),
        (floor, floor_value): (&str, f64),
        ratio: f64,
        budget: impl Into<Budget>,
    ) {
        let round = |x: f64| {
            if x.abs() < 10.0 {
                (x * 1000.0).round() / 1000.0
            } else {
                (x * 10.0).round() / 10.0
            }
        };
        let budget = budget.into();
        let row = Row {
            table: self.table,
            row: row.to_owned(),
            value: round(value),
            unit,
            floor: floor.to_owned(),
            floor_value: round(floor_value),
            ratio: round(ratio),
            budget: budget.limit(),
            bound: budget.bound(),
            holds: budget.holds(ratio),
        };
        if self.json {
            println!(
                "{}",
                serde_json::to_string(&row).expect("a row has only plain fields")
            );
            return;
        }
        let holds = if row.holds == Some(false) {
            "  MISSED"
        } else {
            ""
        };
        println!(
            "{:<46} {:>12} {:>8}  {:<40} {:>12} {:>8} {:>8}{holds}",
            row.row,
            row.value,
            row.unit,
            row.floor,
            row.floor_value,
            row.ratio,
            budget.text()
        );
    }
}
