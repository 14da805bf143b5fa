//! A query put to both connections.

use std::fmt::{self, Debug, Display};

use larder_sea_orm::CachedConnection;
use larder_sea_orm::trace::{self, Outcome};
use sea_orm::{DatabaseConnection, DbErr};

pub(super) struct Asked<'a> {
    pub(super) db: &'a CachedConnection,
    pub(super) plain: &'a DatabaseConnection,
    round: String,
    rounds: usize,
    questions: usize,
    hits: usize,
    /// Questions of this round that the cache did not answer.
    not_hit: Vec<&'static str>,
}

impl<'a> Asked<'a> {
    pub(super) fn new(db: &'a CachedConnection, plain: &'a DatabaseConnection) -> Asked<'a> {
        Asked {
            db,
            plain,
            round: String::new(),
            rounds: 0,
            questions: 0,
            hits: 0,
            not_hit: Vec::new(),
        }
    }

    /// From here on the questions are asked once more.
    pub(super) fn round(&mut self, name: &str) {
        name.clone_into(&mut self.round);
        self.rounds += 1;
        self.not_hit.clear();
    }

    /// Questions of this round that the cache did not answer.
    pub(super) fn not_hit(&self) -> &[&'static str] {
        &self.not_hit
    }

    /// Compares an answer of the cached connection with one of the other.
    pub(super) async fn told<P: Debug, C: Debug>(
        &mut self,
        name: &'static str,
        plain: impl Future<Output = Result<P, DbErr>>,
        cached: impl Future<Output = Result<C, DbErr>>,
    ) {
        let (cached, traces) = trace::scope(cached).await;
        let plain = plain.await;
        let plain = plain.unwrap_or_else(|error| panic!("{name}: {error}"));
        let cached = cached.unwrap_or_else(|error| panic!("{name}, cached: {error}"));
        assert_eq!(
            format!("{cached:#?}"),
            format!("{plain:#?}"),
            "{name} ({})",
            self.round
        );
        self.questions += 1;
        let hit = |trace: &trace::QueryTrace| trace.outcome == Outcome::Hit;
        match traces.iter().all(hit) {
            true => self.hits += 1,
            false => self.not_hit.push(name),
        }
    }
}

impl Display for Asked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} questions in {} rounds, {} of them hits",
            self.questions, self.rounds, self.hits
        )
    }
}

/// Puts a select to both connections: `both!(asked, "name", select, all)`.
macro_rules! both {
    ($asked:ident, $name:literal, $select:expr, $how:ident) => {{
        let plain = $select.$how($asked.plain);
        let cached = larder_sea_orm::CachedExt::cached($select).$how($asked.db);
        $asked.told($name, Box::pin(plain), Box::pin(cached)).await
    }};
}
pub(super) use both;
