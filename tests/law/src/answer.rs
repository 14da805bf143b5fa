//! Answers, and whether two are the same.

use larder_sea_orm::{RawRows, Stored};

use crate::read::Read;

/// What a read gave: rows, or the database's refusal.
pub(crate) type Answer = Result<RawRows, String>;

/// Whether a caller could tell the two apart.
pub(crate) fn same(read: &Read, left: &Answer, right: &Answer) -> bool {
    match (left, right) {
        (Ok(left), Ok(right)) => {
            let named =
                left.rows.is_empty() || right.rows.is_empty() || left.columns == right.columns;
            named && comparable(read, left) == comparable(read, right)
        }
        (Err(_), Err(_)) => true,
        _ => false,
    }
}

/// The rows as text: in any order unless the order counts, equal values alike where they may
/// take each other's place.
fn comparable(read: &Read, rows: &RawRows) -> Vec<String> {
    let mut all: Vec<String> = rows
        .rows
        .iter()
        .map(|row| {
            row.iter()
                .map(|value| text(read.loose, value))
                .collect::<Vec<_>>()
                .join("|")
        })
        .collect();
    if !read.ordered {
        all.sort_unstable();
    }
    all
}

fn text(loose: bool, value: &Stored) -> String {
    match value {
        Stored::Text(text) if loose => {
            format!("{:?}", text.trim_end_matches(' ').to_ascii_lowercase())
        }
        Stored::Real(real) if loose && real.fract() == 0.0 => format!("{:.0}", real + 0.0),
        Stored::Null => "NULL".to_owned(),
        Stored::Int(int) => int.to_string(),
        Stored::Real(real) => format!("{real:?}"),
        Stored::Text(text) => format!("{text:?}"),
        Stored::Blob(bytes) => format!("x{bytes:?}"),
        Stored::Other(name, bytes) => other(loose, name, bytes),
    }
}

/// A value of a type that nobody decodes here.
fn other(loose: bool, name: &str, bytes: &[u8]) -> String {
    match name {
        // How many digits are shown stands in its seventh and eighth byte: 1.0 equals 1.00.
        "NUMERIC" if loose && bytes.len() >= 8 => {
            format!("{name} {:?} {:?}", &bytes[..6], &bytes[8..])
        }
        "CHAR" | "citext" if loose => {
            let text = String::from_utf8_lossy(bytes);
            format!("{:?}", text.trim_end_matches(' ').to_lowercase())
        }
        "CHAR" | "citext" | "UNKNOWN" => format!("{:?}", String::from_utf8_lossy(bytes)),
        _ => format!("{name} {bytes:?}"),
    }
}

/// The answer for people.
pub(crate) fn shown(answer: &Answer) -> String {
    match answer {
        Err(error) => format!("refused: {error}"),
        Ok(rows) => {
            let lines: Vec<String> = rows
                .rows
                .iter()
                .map(|row| {
                    row.iter()
                        .map(|value| text(false, value))
                        .collect::<Vec<_>>()
                        .join(" | ")
                })
                .collect();
            format!(
                "{} rows ({})\n    {}",
                rows.rows.len(),
                rows.columns.join(", "),
                lines.join("\n    ")
            )
        }
    }
}
