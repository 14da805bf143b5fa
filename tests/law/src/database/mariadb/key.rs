//! Primary keys.

use fastrand::Rng;

use super::MariaDb;
use crate::column::{Collate, Kind, pick};
use crate::database::Dialect;
use crate::schema::{Draft, Schema};

const KINDS: [Kind; 7] = [
    Kind::Integer,
    Kind::Text(Collate::NoCase),
    Kind::Text(Collate::Binary),
    Kind::Text(Collate::RTrim),
    Kind::Blob,
    Kind::Numeric,
    Kind::Choice,
];

pub(super) fn add(mariadb: &MariaDb, rng: &mut Rng, schema: &mut Schema, draft: &mut Draft) {
    match rng.u8(0..16) {
        0..=7 => {
            let declared = pick(rng, &["INT", "BIGINT"]);
            draft.key("id", Kind::Integer, declared, " AUTO_INCREMENT PRIMARY KEY");
            schema.feature("AUTO_INCREMENT");
        }
        8..=9 => {
            draft.key("id", Kind::Integer, "INT", " PRIMARY KEY");
            schema.feature("integer PRIMARY KEY");
        }
        10..=12 => {
            let kind = pick(rng, &KINDS);
            draft.key("id", kind, mariadb.declared(kind, rng), " PRIMARY KEY");
            schema.feature("other PRIMARY KEY");
        }
        13..=14 => {
            let (first, second) = (pick(rng, &KINDS), mariadb.kind(rng));
            draft.key("id", first, mariadb.declared(first, rng), "");
            draft.key("part", second, mariadb.declared(second, rng), "");
            draft
                .constraints
                .push("PRIMARY KEY (\"id\", \"part\")".to_owned());
            schema.feature("composite PRIMARY KEY");
        }
        _ => {
            schema.feature("no PRIMARY KEY");
            draft.key("id", Kind::Integer, "INT", "");
            draft.table.key.clear();
        }
    }
}
