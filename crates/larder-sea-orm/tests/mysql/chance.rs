//! CB-3, AC-13, whatever comes: random reads and random writes on random rows, by fixed seeds. After
//! each write every cached answer must be what the database answers.

use fastrand::Rng;
use larder_sea_orm::trace::{self, Outcome};
use larder_sea_orm::{CachedExt, raw_rows};
use sea_orm::{ConnectionTrait, DbBackend, Statement, TransactionTrait, Value};

use crate::shop::{Shop, plain};

const SCHEMA: &str = "
    CREATE TABLE shelf (id INT AUTO_INCREMENT PRIMARY KEY, room VARCHAR(8), up INT,
        FOREIGN KEY (up) REFERENCES shelf (id) ON DELETE SET NULL);
    CREATE TABLE item (
        id INT AUTO_INCREMENT PRIMARY KEY,
        shelf_id INT, n INT, u BIGINT UNSIGNED, flag BOOLEAN,
        loose VARCHAR(12), exact VARCHAR(12) COLLATE utf8mb4_bin, fixed CHAR(6) COLLATE utf8mb4_bin,
        raw VARBINARY(12), filled BINARY(3), price DECIMAL(6,2), mood ENUM('a', 'b', 'c'),
        twice INT AS (n * 2) STORED, more INT AS (n + 1),
        changed TIMESTAMP(6) NULL DEFAULT NULL ON UPDATE CURRENT_TIMESTAMP(6),
        UNIQUE (exact), KEY (n),
        FOREIGN KEY (shelf_id) REFERENCES shelf (id) ON DELETE CASCADE);
    CREATE TABLE mark (item_id INT, name VARCHAR(8) COLLATE utf8mb4_bin, n INT DEFAULT 3,
        PRIMARY KEY (item_id, name),
        FOREIGN KEY (item_id) REFERENCES item (id) ON DELETE CASCADE ON UPDATE CASCADE);
    CREATE TABLE tally (id INT PRIMARY KEY, n INT);
    INSERT INTO tally VALUES (1, 0), (2, 0), (3, 0);
    CREATE TRIGGER counted AFTER INSERT ON mark FOR EACH ROW UPDATE tally SET n = n + 1 WHERE id = NEW.n;
    CREATE TRIGGER tidied BEFORE UPDATE ON shelf FOR EACH ROW SET NEW.room = LEFT(NEW.room, 4);
    CREATE VIEW cheap AS SELECT id, n, exact, shelf_id FROM item WHERE price < 5 OR price IS NULL;
    CREATE VIEW first_shelf AS SELECT * FROM item WHERE shelf_id = 1;";

const TEXTS: [&str; 8] = ["a", "A", "a ", "b", "ab", "1", "1a", ""];
const READS: usize = 70;
const WRITES: usize = 40;

/// A text with its values.
type Text = (String, Vec<Value>);

struct Chance {
    rng: Rng,
}

impl Chance {
    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.rng.usize(..of.len())]
    }

    fn number(&mut self) -> i64 {
        self.rng.i64(0..8)
    }

    /// A value as a program would bind it, of the right type or of another.
    fn value(&mut self) -> Value {
        match self.rng.u32(0..12) {
            0..=4 => self.number().into(),
            5 => (self.rng.u32(0..6) as i32).into(),
            6 => (self.number() as f64 / 2.0).into(),
            7 => self.rng.bool().into(),
            8 => u64::MAX.into(),
            9 => self.one(&TEXTS).as_bytes().to_vec().into(),
            _ => self.one(&TEXTS).into(),
        }
    }

    /// A value that fits a column mostly.
    fn fitting(&mut self, column: &str) -> Value {
        if self.rng.u32(0..8) == 0 {
            return Value::Int(None);
        }
        match column {
            "id" | "shelf_id" | "n" | "item_id" | "up" => self.number().into(),
            "u" => match self.rng.u32(0..4) {
                0 => (u64::MAX - self.rng.u64(0..2)).into(),
                _ => self.rng.u64(0..6).into(),
            },
            "flag" => self.rng.bool().into(),
            "price" => (self.rng.i32(0..20) as f64 / 2.0).into(),
            "mood" => self.one(&["a", "b", "c"]).into(),
            "filled" => self.one(&["a", "ab", "b"]).into(),
            _ => self.one(&TEXTS).into(),
        }
    }

    /// A literal that stands for the same.
    fn literal(&mut self) -> String {
        match self.rng.u32(0..6) {
            0..=2 => self.number().to_string(),
            3 => format!("{}.0", self.number()),
            4 => self
                .one(&["TRUE", "FALSE", "NULL", "'a' 'b'", "0x31", "_utf8mb4'a'"])
                .to_owned(),
            _ => format!("'{}'", self.one(&TEXTS)),
        }
    }

    fn operand(&mut self, values: &mut Vec<Value>) -> String {
        match self.rng.u32(0..4) {
            0 => self.literal(),
            _ => {
                values.push(self.value());
                "?".to_owned()
            }
        }
    }

    fn condition(&mut self, columns: &[&str], values: &mut Vec<Value>, depth: u32) -> String {
        let column = self.one(columns);
        match self.rng.u32(0..if depth > 0 { 14 } else { 10 }) {
            0..=3 => format!("{column} = {}", self.operand(values)),
            4 => {
                let count = self.rng.usize(1..4);
                let list: Vec<_> = (0..count).map(|_| self.operand(values)).collect();
                format!("{column} IN ({})", list.join(", "))
            }
            5 => format!("{column} IS NULL"),
            6 => format!(
                "{column} {} {}",
                self.one(&["<", ">=", "<>", "<=>"]),
                self.operand(values)
            ),
            7 => format!("{column} LIKE 'a%'"),
            8 => format!("{} = {column}", self.operand(values)),
            9 => format!("{column} = {}", self.one(columns)),
            10 => format!("NOT {}", self.condition(columns, values, depth - 1)),
            11 => {
                let one = self.condition(columns, values, depth - 1);
                let other = self.condition(columns, values, depth - 1);
                format!("({one} OR {other})")
            }
            _ => {
                let one = self.condition(columns, values, depth - 1);
                let other = self.condition(columns, values, depth - 1);
                format!("{one} AND {other}")
            }
        }
    }

    fn read(&mut self) -> Text {
        let mut values = Vec::new();
        let item = [
            "i.id",
            "i.n",
            "i.u",
            "i.flag",
            "i.loose",
            "i.exact",
            "i.fixed",
            "i.raw",
            "i.filled",
            "i.price",
            "i.mood",
            "i.twice",
            "i.more",
            "i.shelf_id",
            "i.changed",
        ];
        let shown = |chance: &mut Chance| {
            let count = chance.rng.usize(1..4);
            (0..count)
                .map(|_| chance.one(&item))
                .collect::<Vec<_>>()
                .join(", ")
        };
        let sql = match self.rng.u32(0..12) {
            0..=4 => {
                let shown = shown(self);
                let condition = self.condition(&item, &mut values, 2);
                format!("SELECT {shown} FROM item i WHERE {condition} ORDER BY i.id")
            }
            5 => {
                let condition = self.condition(&item, &mut values, 1);
                format!("SELECT COUNT(*), MIN(i.n) FROM item i WHERE {condition}")
            }
            6 => {
                let shown = shown(self);
                let both = [&item[..], &["s.id", "s.room", "s.up"]].concat();
                let condition = self.condition(&both, &mut values, 2);
                let join = self.one(&["JOIN", "LEFT JOIN", "RIGHT JOIN"]);
                format!(
                    "SELECT {shown}, s.room FROM item i {join} shelf s ON s.id = i.shelf_id \
                     WHERE {condition} ORDER BY i.id, s.id"
                )
            }
            7 => {
                let columns = ["m.item_id", "m.name", "m.n", "i.n", "i.exact"];
                let condition = self.condition(&columns, &mut values, 2);
                format!(
                    "SELECT m.name, i.exact FROM mark m JOIN item i ON i.id = m.item_id \
                     WHERE {condition} ORDER BY m.item_id, m.name"
                )
            }
            8 => {
                let view = self.one(&["cheap", "first_shelf"]);
                let condition = self.condition(&["v.id", "v.n", "v.exact"], &mut values, 1);
                format!("SELECT v.id, v.n FROM {view} v WHERE {condition} ORDER BY v.id")
            }
            9 => {
                let condition = self.condition(&["m.n", "m.name"], &mut values, 1);
                format!(
                    "SELECT i.id, i.n FROM item i WHERE i.id IN (SELECT m.item_id FROM mark m \
                     WHERE {condition}) ORDER BY i.id"
                )
            }
            10 => {
                values.push(self.number().into());
                "SELECT n FROM tally WHERE id = ?".to_owned()
            }
            _ => {
                let condition = self.condition(&["s.id", "s.room", "s.up"], &mut values, 1);
                format!("SELECT s.id, s.room FROM shelf s WHERE {condition} ORDER BY s.id")
            }
        };
        (sql, values)
    }

    fn write(&mut self) -> Text {
        let mut values = Vec::new();
        let settable = [
            "shelf_id", "n", "u", "flag", "loose", "exact", "fixed", "raw", "filled", "price",
            "mood",
        ];
        let item = [
            "id", "n", "u", "flag", "loose", "exact", "raw", "shelf_id", "price",
        ];
        let row = |chance: &mut Chance, values: &mut Vec<Value>| {
            for column in [
                "shelf_id", "n", "u", "flag", "loose", "exact", "raw", "filled", "price",
            ] {
                let value = chance.fitting(column);
                values.push(value);
            }
            "(?, ?, ?, ?, ?, ?, ?, ?, ?)"
        };
        let columns = "(shelf_id, n, u, flag, loose, exact, raw, filled, price)";
        let sql = match self.rng.u32(0..26) {
            0..=3 => format!(
                "INSERT INTO item {columns} VALUES {}",
                row(self, &mut values)
            ),
            4 => {
                let (one, other) = (row(self, &mut values), row(self, &mut values));
                format!("INSERT IGNORE INTO item {columns} VALUES {one}, {other}")
            }
            5 => format!(
                "REPLACE INTO item {columns} VALUES {}",
                row(self, &mut values)
            ),
            6 => format!(
                "INSERT INTO item {columns} VALUES {} ON DUPLICATE KEY UPDATE n = n + 1, loose = 'b'",
                row(self, &mut values)
            ),
            7..=11 => {
                let column = self.one(&settable);
                values.push(self.fitting(column));
                let condition = self.condition(&item, &mut values, 1);
                format!("UPDATE item SET {column} = ? WHERE {condition}")
            }
            12 => {
                let column = self.one(&settable);
                values.push(self.fitting(column));
                values.push(self.number().into());
                format!("UPDATE item SET {column} = ? WHERE id = ?")
            }
            13 => {
                let condition = self.condition(&item, &mut values, 1);
                format!("UPDATE item SET n = n + 1 WHERE {condition} ORDER BY id DESC LIMIT 2")
            }
            14 => {
                let condition = self.condition(&["i.n", "s.id"], &mut values, 1);
                format!(
                    "UPDATE item i JOIN shelf s ON s.id = i.shelf_id SET i.n = 1, s.room = 'b' WHERE {condition}"
                )
            }
            15 => {
                let condition = self.condition(&item, &mut values, 1);
                format!("DELETE FROM item WHERE {condition} LIMIT 1")
            }
            16 => {
                values.push(self.number().into());
                "DELETE FROM item WHERE id = ?".to_owned()
            }
            17 => {
                values.push(self.number().into());
                "DELETE i FROM item i JOIN mark m ON m.item_id = i.id WHERE m.n = ?".to_owned()
            }
            18 => {
                values.push(self.number().into());
                self.one(&[
                    "DELETE FROM shelf WHERE id = ?",
                    "UPDATE shelf SET room = 'abcdefg' WHERE id = ?",
                    "INSERT INTO shelf (room, up) VALUES ('a', ?)",
                    "UPDATE item SET id = id + 20 WHERE id = ?",
                    "UPDATE IGNORE item SET exact = 'a' WHERE n = ?",
                ])
                .to_owned()
            }
            19 | 20 => {
                values.push(self.number().into());
                values.push(self.one(&TEXTS).into());
                values.push(self.rng.i32(1..4).into());
                "INSERT INTO mark VALUES (?, ?, ?)".to_owned()
            }
            21 => {
                values.push(self.number().into());
                "INSERT IGNORE INTO mark (item_id, name) SELECT id, 'x' FROM item WHERE n = ?"
                    .to_owned()
            }
            22 => {
                values.push(self.number().into());
                self.one(&[
                    "DELETE FROM mark WHERE item_id = ?",
                    "UPDATE mark SET n = 1 WHERE item_id = ?",
                    "UPDATE mark SET name = CONCAT(name, '.') WHERE item_id = ?",
                ])
                .to_owned()
            }
            23 => {
                values.push(self.number().into());
                self.one(&[
                    "UPDATE first_shelf SET n = ?",
                    "UPDATE cheap SET n = 1 WHERE id = ?",
                    "INSERT INTO cheap (n) VALUES (?)",
                ])
                .to_owned()
            }
            24 => "UPDATE item SET n = 3 WHERE n = 1; DELETE FROM mark WHERE n = 1".to_owned(),
            _ => "UPDATE tally SET n = n--1".to_owned(),
        };
        (sql, values)
    }
}

fn statement((sql, values): &Text) -> Statement {
    Statement::from_sql_and_values(DbBackend::MySql, sql, values.clone())
}

/// What became of the pairs of a read and a write.
#[derive(Debug, Default)]
struct Score {
    pairs: usize,
    kept: usize,
    wrong: Vec<String>,
}

async fn play(seed: u64) -> Score {
    let mut score = Score::default();
    let shop = Shop::of(SCHEMA).await;
    let db = &shop.db;
    let plain = plain(shop.name()).await;
    let mut chance = Chance {
        rng: Rng::with_seed(seed),
    };
    for _ in 0..30 {
        let write = chance.write();
        // Some are refused by the database: a duplicate, a foreign key.
        let _ = send(&plain, &write).await;
    }
    let reads: Vec<Text> = std::iter::repeat_with(|| chance.read())
        .take(READS)
        .collect();
    for read in &reads {
        let _ = statement(read).cached().rows(db).await;
    }
    for _ in 0..WRITES {
        let writes: Vec<Text> = match chance.rng.u32(0..5) {
            0 => (0..3).map(|_| chance.write()).collect(),
            _ => vec![chance.write()],
        };
        if let [write] = writes.as_slice() {
            let _ = send(db, write).await;
        } else {
            let transaction = db.begin().await.expect("a transaction");
            for write in &writes {
                let _ = send(&transaction, write).await;
            }
            match chance.rng.bool() {
                true => transaction.commit().await.expect("a commit"),
                false => transaction.rollback().await.expect("a rollback"),
            }
        }
        for read in &reads {
            let (kept, queries) = trace::scope(statement(read).cached().rows(db)).await;
            let fresh = raw_rows(&plain, statement(read)).await;
            score.pairs += 1;
            score.kept += usize::from(queries.iter().any(|query| query.outcome == Outcome::Hit));
            let same = match (&kept, &fresh) {
                (Ok(kept), Ok(fresh)) => **kept == *fresh,
                (Err(_), Err(_)) => true,
                _ => false,
            };
            if !same {
                let outcome = queries
                    .iter()
                    .map(|query| &query.outcome)
                    .collect::<Vec<_>>();
                score.wrong.push(format!(
                    "seed {seed}: {read:?} after {writes:?} is {kept:?}, should be {fresh:?} ({outcome:?})"
                ));
            }
        }
    }
    score
}

async fn send<C: ConnectionTrait>(db: &C, write: &Text) -> Result<(), sea_orm::DbErr> {
    match write.1.is_empty() {
        true => db.execute_unprepared(&write.0).await.map(|_| ()),
        false => db.execute_raw(statement(write)).await.map(|_| ()),
    }
}

#[tokio::test]
async fn cb3_no_cached_answer_differs_from_a_fresh_one() {
    let mut score = Score::default();
    // All at once: each waits for the server most of the time.
    for played in futures_util::future::join_all((0..4).map(play)).await {
        score.pairs += played.pairs;
        score.kept += played.kept;
        score.wrong.extend(played.wrong);
    }
    println!("{} pairs, {} kept", score.pairs, score.kept);
    assert!(
        score.wrong.is_empty(),
        "{} wrong:\n{}",
        score.wrong.len(),
        score.wrong.join("\n")
    );
    // CB-4: the point is lost if everything is dropped.
    assert!(score.kept * 3 > score.pairs, "{score:?}");
}
