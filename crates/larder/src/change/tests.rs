use super::*;

fn names(names: &[&str]) -> Arc<[Name]> {
    names.iter().map(|name| Name::from(*name)).collect()
}

fn shape(pins: &[&str], columns: &[&str]) -> Shape {
    Shape::new(pins.iter().copied(), Columns::set(columns.iter().copied()))
}

fn row(values: [i64; 3]) -> Option<Vec<TagValue>> {
    Some(values.map(TagValue::Int).to_vec())
}

type Image = Option<[i64; 3]>;

/// Rows of track(id, genre_id, price).
fn change(changed: Columns, rows: &[(Image, Image)]) -> RowsChange {
    RowsChange {
        columns: names(&["id", "genre_id", "price"]),
        changed,
        rows: rows
            .iter()
            .map(|(old, new)| RowImage {
                old: old.and_then(row),
                new: new.and_then(row),
            })
            .collect(),
    }
}

#[track_caller]
fn check(change: &RowsChange, shapes: &[Shape], expected: &[&str]) {
    let tags = change
        .tags(&Tag::table("", "track"), shapes)
        .expect("the images hold every pin");
    let shown: Vec<String> = tags.iter().map(Tag::to_string).collect();
    assert_eq!(shown, expected);
}

#[test]
fn a_moved_row_bumps_where_it_was_and_where_it_is() {
    let update = change(
        Columns::set(["genre_id"]),
        &[(Some([1, 1, 9]), Some([1, 2, 9]))],
    );
    check(
        &update,
        &[shape(&["genre_id"], &["id"])],
        &[
            "track(; *)",
            "track(genre_id=1; id)",
            "track(genre_id=2; id)",
        ],
    );
}

#[test]
fn an_update_of_other_columns_bumps_nothing_of_the_shape() {
    let update = change(
        Columns::set(["price"]),
        &[(Some([1, 1, 9]), Some([1, 1, 8]))],
    );
    check(
        &update,
        &[shape(&["genre_id"], &["id"]), shape(&["id"], &["price"])],
        &["track(; *)", "track(id=1; price)"],
    );
}

/// The images hold values as the database compares them: 'rock' set to 'Rock' in a column that
/// ignores case is the same value and another answer.
#[test]
fn equal_images_do_not_say_that_nothing_changed() {
    let update = change(
        Columns::set(["price"]),
        &[(Some([1, 1, 9]), Some([1, 1, 9]))],
    );
    check(
        &update,
        &[shape(&["id"], &["price"])],
        &["track(; *)", "track(id=1; price)"],
    );
}

#[test]
fn a_column_that_the_images_do_not_hold_may_have_changed() {
    let update = change(
        Columns::set(["name"]),
        &[(Some([1, 1, 9]), Some([1, 1, 9]))],
    );
    check(
        &update,
        &[shape(&["id"], &["name"])],
        &["track(; *)", "track(id=1; name)"],
    );
}

#[test]
fn inserts_and_deletes_bump_every_shape_once() {
    let insert = change(
        Columns::All,
        &[(None, Some([1, 1, 9])), (None, Some([2, 1, 9]))],
    );
    let shapes = [shape(&["genre_id"], &["genre_id"]), shape(&[], &["id"])];
    let expected = ["track(; *)", "track(genre_id=1; genre_id)", "track(; id)"];
    check(&insert, &shapes, &expected);
    let delete = change(Columns::All, &[(Some([1, 1, 9]), None)]);
    check(&delete, &shapes, &expected);
}

#[test]
fn a_shape_of_all_columns_meets_every_change() {
    let update = change(
        Columns::set(["name"]),
        &[(Some([1, 1, 9]), Some([1, 1, 9]))],
    );
    check(
        &update,
        &[Shape::new(["id"], Columns::All)],
        &["track(; *)", "track(id=1; *)"],
    );
}

#[test]
fn a_pin_that_the_images_lack_widens() {
    let update = change(Columns::All, &[(None, Some([1, 1, 9]))]);
    let widened = update.tags(&Tag::table("", "track"), &[shape(&["album_id"], &["id"])]);
    assert_eq!(widened, Err(Widen::NeedsColumn("album_id".into())));
}

#[test]
fn a_pin_that_the_change_cannot_meet_needs_no_image() {
    let update = change(
        Columns::set(["price"]),
        &[(Some([1, 1, 9]), Some([1, 1, 8]))],
    );
    check(&update, &[shape(&["album_id"], &["id"])], &["track(; *)"]);
}

#[test]
fn too_many_tags_widen() {
    let rows: Vec<_> = (0..BUMP_TAGS_MAX as i64)
        .map(|id| (None, Some([id, 1, 9])))
        .collect();
    let insert = change(Columns::All, &rows);
    let widened = insert.tags(&Tag::table("", "track"), &[shape(&["id"], &["price"])]);
    assert_eq!(widened, Err(Widen::TooManyTags));
}

#[test]
fn no_rows_bump_nothing() {
    check(
        &change(Columns::All, &[]),
        &[shape(&["id"], &["price"])],
        &[],
    );
}

#[test]
fn a_widened_table_needs_no_rows_and_a_root_no_table() {
    let shapes = |_: &Tag| -> Arc<[Shape]> { [shape(&["id"], &["price"])].into() };
    let mut changes = Changes::new();
    changes.rows(
        "",
        "track",
        change(Columns::All, &[(None, Some([1, 1, 9]))]),
    );
    changes.table("", "track");
    changes.rows(
        "",
        "track",
        change(Columns::All, &[(None, Some([2, 1, 9]))]),
    );
    assert_eq!(changes.tags(shapes).0, [Tag::table("", "track")]);
    changes.root("");
    assert_eq!(changes.tags(shapes).0, [Tag::root("")]);
}

#[test]
fn merged_changes_hold_both() {
    let mut changes = Changes::new();
    changes.cause("UPDATE track");
    let mut other = Changes::new();
    other.cause("DELETE FROM album");
    other.table("", "album");
    other.tag(Tag::named("prices"));
    changes.merge(other);
    let story = changes.story(&[]);
    assert_eq!(
        story.statements.first().map(|text| &**text),
        Some("UPDATE track")
    );
    let tags = changes.tags(|_| Vec::new().into()).0;
    assert_eq!(tags, [Tag::named("prices"), Tag::table("", "album")]);
}

#[test]
fn more_images_than_are_kept_widen_the_table_and_no_other() {
    let one = |id: i64| change(Columns::All, &[(None, Some([id, 1, 9]))]);
    let mut changes = Changes::new();
    for id in 0..IMAGES_PER_TABLE_MAX as i64 {
        changes.rows("", "track", one(id));
    }
    changes.rows("", "album", one(1));
    let shapes = |_: &Tag| -> Arc<[Shape]> { Vec::new().into() };
    assert_eq!(changes.watched().len(), 2, "exactly as many are kept");
    assert_eq!(changes.tags(shapes).1, []);
    changes.rows("", "track", one(-1));
    let track = Tag::table("", "track");
    let check = |changes: &Changes| {
        assert_eq!(changes.watched(), [Tag::table("", "album")]);
        let (tags, widened) = changes.tags(shapes);
        assert!(tags.contains(&track), "{tags:?}");
        assert_eq!(widened, [(track.clone(), Widen::TooManyImages)]);
    };
    check(&changes);
    // What comes later is not kept either, nor what is merged.
    changes.rows("", "track", one(-2));
    check(&changes);
    let mut merged = Changes::new();
    merged.rows("", "track", one(-3));
    merged.merge(changes);
    check(&merged);
}

#[test]
fn images_of_merged_statements_are_counted_together() {
    let half: Vec<_> = (0..IMAGES_PER_TABLE_MAX as i64 / 2 + 1)
        .map(|id| (None, Some([id, 1, 9])))
        .collect();
    let statement = || {
        let mut changes = Changes::new();
        changes.rows("", "track", change(Columns::All, &half));
        changes
    };
    let mut transaction = statement();
    assert_eq!(transaction.watched().len(), 1);
    transaction.merge(statement());
    assert_eq!(transaction.watched(), []);
    assert_eq!(transaction.coarse_tags(), [Tag::table("", "track")]);
}
