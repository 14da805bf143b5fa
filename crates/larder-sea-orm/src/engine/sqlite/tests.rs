use larder::TagValue;
use larder_sql::{Collation, Column, Dialect};

use super::canonical;
use crate::value::Stored;

#[track_caller]
fn check(declared: &str, value: Stored, expected: Option<TagValue>) {
    assert_eq!(
        canonical(&Column::new(Dialect::Sqlite, "c", declared), &value),
        expected
    );
}

#[track_caller]
fn check_collated(collation: Collation, value: &str, expected: &str) {
    let mut column = Column::new(Dialect::Sqlite, "c", "TEXT");
    column.collate(Dialect::Sqlite, collation);
    assert_eq!(
        canonical(&column, &Stored::Text(value.into())),
        text(expected)
    );
}

fn text(s: &str) -> Option<TagValue> {
    Some(TagValue::Text(s.into()))
}

#[test]
fn whole_reals_are_integers() {
    check("INTEGER", Stored::Real(2.0), Some(TagValue::Int(2)));
    check("REAL", Stored::Real(-0.0), Some(TagValue::Int(0)));
    check("REAL", Stored::Int(7), Some(TagValue::Int(7)));
    check(
        "REAL",
        Stored::Real(0.5),
        Some(TagValue::Real(0.5f64.to_bits())),
    );
    check(
        "REAL",
        Stored::Real(1e300),
        Some(TagValue::Real(1e300f64.to_bits())),
    );
    check("REAL", Stored::Real(f64::NAN), None);
}

#[test]
fn text_in_a_numeric_column_is_the_number_it_spells() {
    check(
        "INTEGER",
        Stored::Text("12".into()),
        Some(TagValue::Int(12)),
    );
    check(
        "INTEGER",
        Stored::Text("-3".into()),
        Some(TagValue::Int(-3)),
    );
    check("INTEGER", Stored::Text("twelve".into()), text("twelve"));
    check("INTEGER", Stored::Text(String::new()), text(""));
}

/// SQLite reads more spellings of numbers than we care to: where we are not sure, we widen.
#[test]
fn text_that_may_be_a_number_is_not_known() {
    for spelling in [
        "1.0",
        " 1",
        "1e3",
        "+1",
        "0x10",
        ".5",
        "1 ",
        "99999999999999999999",
    ] {
        check("NUMERIC", Stored::Text(spelling.into()), None);
    }
}

#[test]
fn numbers_in_a_text_column_are_their_digits() {
    check("TEXT", Stored::Int(5), text("5"));
    check("TEXT", Stored::Real(5.0), None);
    check("TEXT", Stored::Text("05".into()), text("05"));
}

#[test]
fn a_column_without_a_type_turns_nothing() {
    check("", Stored::Text("5".into()), text("5"));
    check("", Stored::Int(5), Some(TagValue::Int(5)));
    check(
        "",
        Stored::Blob(vec![5]),
        Some(TagValue::Blob([5].as_slice().into())),
    );
}

#[test]
fn collations_fold_what_they_call_equal() {
    check_collated(Collation::NoCase, "RocK", "rock");
    check_collated(Collation::NoCase, "ÄB", "Äb");
    check_collated(Collation::NoCase, "a\0b", "a");
    check_collated(Collation::RTrim, "rock  ", "rock");
    check_collated(Collation::RTrim, "rock\t", "rock\t");
    check_collated(Collation::Binary, "Rock ", "Rock ");
}
