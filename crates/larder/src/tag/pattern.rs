//! Tags without their values, for logs and for labels of which there may not be many.

use super::{Tag, TagKind, names};
use crate::encoding::{Part, Parts};

/// What stands in the place of a value.
const VALUE: &str = "?";

/// `track(genre_id=?; name)`: as [`Tag`]'s `Display`, without values.
pub(super) fn of(tag: &Tag) -> String {
    match tag.kind() {
        TagKind::Guard => match tag.guarded() {
            Some(tag) => format!("{} guard", of(&tag)),
            None => "guard".to_owned(),
        },
        TagKind::Shape => shape(tag),
        TagKind::Named => key(tag.parts()),
        TagKind::Tree => format!("{} tree", key(tag.parts())),
        TagKind::Namespace | TagKind::Root | TagKind::Table => tag.to_string(),
    }
}

fn shape(tag: &Tag) -> String {
    let database = tag.database().unwrap_or_default();
    let table = tag.table_name().unwrap_or_default();
    let mut parts = tag.parts();
    let _ = parts.nth(1);
    let pins = names(&mut parts).unwrap_or_default();
    let columns = names(&mut parts);
    let pins: Vec<String> = pins.iter().map(|pin| format!("{pin}={VALUE}")).collect();
    let columns = match columns {
        None => " *".to_owned(),
        Some(columns) if columns.is_empty() => String::new(),
        Some(columns) => format!(" {}", columns.join(", ")),
    };
    let dot = if database.is_empty() { "" } else { "." };
    format!("{database}{dot}{table}({};{columns})", pins.join(", "))
}

/// The first part, if it is text: by convention what kind of thing it names. Of the rest only that
/// it is there.
fn key(mut parts: Parts<'_>) -> String {
    let first = match parts.next() {
        Some(Part::Text(text)) => text,
        _ => VALUE,
    };
    match parts.rest().is_empty() {
        true => first.to_owned(),
        false => format!("{first}({VALUE})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::{Columns, Shape, TagValue};

    #[track_caller]
    fn shown(tag: &Tag, expected: &str) {
        assert_eq!(tag.pattern(), expected);
    }

    #[test]
    fn a_pattern_shows_no_value() {
        let track = Tag::table("shop", "track");
        shown(&track, "shop.track");
        shown(&Tag::guard(&track), "shop.track guard");
        shown(&Tag::namespace(), "namespace");
        shown(&Tag::named("prices"), "prices");
        shown(
            &Tag::named_parts(("customer", "ann@example.org")),
            "customer(?)",
        );
        shown(&Tag::named_parts(7), "?");
        shown(
            &Tag::tree(("customer", "ann@example.org")),
            "customer(?) tree",
        );
        let shape = Shape::new(["email", "country"], Columns::set(["name"]));
        let values = [TagValue::Text("de".into()), TagValue::Text("ann@".into())];
        shown(
            &Tag::shape(&track, &shape, &values),
            "shop.track(country=?, email=?; name)",
        );
        let any = Shape::any_row();
        shown(&Tag::shape(&Tag::table("", "t"), &any, &[]), "t(; *)");
    }
}
