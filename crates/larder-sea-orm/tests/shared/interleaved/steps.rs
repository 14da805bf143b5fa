//! What a writer does, one step at a time.

use fastrand::Rng;

/// One step of a writer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Begin,
    Savepoint,
    /// Ends the innermost savepoint: kept, or taken back.
    Release(bool),
    /// Ends the transaction.
    End(End),
    /// One statement: in the transaction if there is one, otherwise by itself.
    Write(String),
    /// A read of the transaction.
    Read(usize),
    /// Nothing: the other goes on meanwhile.
    Pause,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Commit,
    Rollback,
    Drop,
}

impl End {
    pub(super) fn any(rng: &mut Rng) -> End {
        match rng.u8(0..10) {
            0..=5 => End::Commit,
            6..=8 => End::Rollback,
            _ => End::Drop,
        }
    }
}

/// The rows that a schedule begins with.
pub(super) const RESET: &str = "\
    DELETE FROM playlist_track; DELETE FROM track; DELETE FROM album; DELETE FROM genre; \
    INSERT INTO genre VALUES (1, 'Rock'), (2, 'Jazz'), (3, 'Metal'); \
    INSERT INTO album VALUES (1, 'Restless'), (2, 'Quiet'), (3, 'Empty'); \
    INSERT INTO track VALUES (1, 'Fast', 1, 1, 99), (2, 'Slow', 1, 1, 99), \
        (3, 'Blue', 2, 2, 199), (4, 'Loud', NULL, 3, 99);";

/// A statement on a few rows.
pub(super) fn write(rng: &mut Rng) -> String {
    let (id, genre, other) = (rng.u8(1..6), rng.u8(1..4), rng.u8(1..4));
    let price = [9, 99, 199][rng.usize(0..3)];
    match rng.u8(0..16) {
        0..=2 => format!("UPDATE track SET unit_price = {price} WHERE id = {id}"),
        3..=4 => format!("UPDATE track SET genre_id = {genre} WHERE id = {id}"),
        5 => format!("UPDATE track SET genre_id = {genre} WHERE genre_id = {other}"),
        6 => format!("UPDATE track SET unit_price = unit_price + 1 WHERE genre_id = {genre}"),
        7..=8 => format!("DELETE FROM track WHERE id = {id}"),
        9..=10 => format!("INSERT INTO track VALUES ({id}, 'New', {genre}, {other}, {price})"),
        11 => format!("UPDATE genre SET name = 'Genre {price}' WHERE id = {genre}"),
        12 => format!("UPDATE track SET album_id = {other} WHERE id = {id}"),
        13 => format!("DELETE FROM album WHERE id = {genre}"),
        14 => format!("INSERT INTO album VALUES ({genre}, 'Again')"),
        _ => format!("UPDATE track SET album_id = NULL, name = 'Lone' WHERE album_id = {genre}"),
    }
}
