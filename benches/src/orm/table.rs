//! Tables in Markdown, whose rows hold several costs beside their floor.

use serde_json::{Map, Value};

/// A table that is printed row by row.
pub(crate) struct Table<'a> {
    json: bool,
    title: &'a str,
    columns: &'a [&'a str],
}

impl<'a> Table<'a> {
    /// Prints the head.
    pub(crate) fn new(json: bool, title: &'a str, columns: &'a [&'a str]) -> Table<'a> {
        if !json {
            println!("\n**{title}**\n\n| {} |", columns.join(" | "));
            let right = ["---:"].repeat(columns.len() - 1);
            println!("|---|{}|", right.join("|"));
        }
        Table {
            json,
            title,
            columns,
        }
    }

    /// A row: its name, and what stands in the columns behind it. Nothing is a dash.
    pub(crate) fn row(&self, name: &str, cells: &[Option<f64>]) {
        assert_eq!(
            cells.len() + 1,
            self.columns.len(),
            "a cell for each column"
        );
        if self.json {
            let values = cells
                .iter()
                .map(|cell| cell.map_or(Value::Null, |x| rounded(x).into()));
            let fields = [Value::from(name)].into_iter().chain(values);
            let columns = self.columns.iter().map(|&column| column.to_owned());
            let mut row: Map<String, Value> = [("table".to_owned(), self.title.into())]
                .into_iter()
                .collect();
            row.extend(columns.zip(fields));
            println!("{}", Value::Object(row));
            return;
        }
        let cells: Vec<String> = cells
            .iter()
            .map(|cell| cell.map_or("-".to_owned(), |x| rounded(x).to_string()))
            .collect();
        println!("| {name} | {} |", cells.join(" | "));
    }
}

/// Three digits, more where there are more before the point.
fn rounded(x: f64) -> f64 {
    let factor = match x.abs() {
        x if x < 10.0 => 100.0,
        x if x < 100.0 => 10.0,
        _ => 1.0,
    };
    (x * factor).round() / factor
}
