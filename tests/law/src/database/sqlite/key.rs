//! Primary keys of every kind that SQLite has.

use fastrand::Rng;

use super::Sqlite;
use crate::column::{Collate, Kind, pick};
use crate::database::Dialect;
use crate::schema::{Draft, Schema};

const KINDS: [Kind; 4] = [
    Kind::Integer,
    Kind::Text(Collate::NoCase),
    Kind::Text(Collate::Binary),
    Kind::Integer,
];

pub(super) fn add(sqlite: &Sqlite, rng: &mut Rng, schema: &mut Schema, draft: &mut Draft) {
    match rng.u8(0..16) {
        0..=6 => {
            let more = pick(rng, &["", "", " AUTOINCREMENT", " NOT NULL"]);
            let constraint = match more {
                " NOT NULL" => " NOT NULL PRIMARY KEY".to_owned(),
                more => format!(" PRIMARY KEY{more}"),
            };
            draft.key("id", Kind::Integer, "INTEGER", &constraint);
            schema.feature("INTEGER PRIMARY KEY");
        }
        7 => {
            draft.key("id", Kind::Integer, "INTEGER", " PRIMARY KEY DESC");
            schema.feature("PRIMARY KEY DESC");
        }
        8..=9 => {
            let kind = pick(rng, &KINDS);
            let declared = match kind {
                Kind::Integer => "INT",
                kind => sqlite.declared(kind, rng),
            };
            draft.key("id", kind, declared, " PRIMARY KEY");
            schema.feature("other PRIMARY KEY");
        }
        10..=11 => {
            let (first, second) = (pick(rng, &KINDS), sqlite.kind(rng));
            draft.key("id", first, sqlite.declared(first, rng), "");
            draft.key("part", second, sqlite.declared(second, rng), "");
            draft
                .constraints
                .push("PRIMARY KEY (\"id\", \"part\")".to_owned());
            schema.feature("composite PRIMARY KEY");
        }
        12..=13 => {
            schema.feature("WITHOUT ROWID");
            let kind = pick(rng, &KINDS);
            draft.key("id", kind, sqlite.declared(kind, rng), "");
            let mut constraint = "PRIMARY KEY (\"id\")";
            if rng.bool() {
                draft.key("part", Kind::Integer, "INTEGER", "");
                constraint = "PRIMARY KEY (\"part\", \"id\")";
            }
            draft.constraints.push(constraint.to_owned());
            draft.options = " WITHOUT ROWID".to_owned();
            draft.table.rowid = false;
        }
        14 => {
            schema.feature("no PRIMARY KEY");
            draft.key("id", Kind::Integer, "INTEGER", "");
            draft.table.key.clear();
        }
        _ => {
            let constraint = " PRIMARY KEY ON CONFLICT REPLACE";
            draft.key("id", Kind::Integer, "INTEGER", constraint);
            schema.feature("ON CONFLICT REPLACE");
        }
    }
}
