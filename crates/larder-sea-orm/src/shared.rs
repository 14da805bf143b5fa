//! What all handles of one cached connection share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use larder::adapter::{Changes, MarkGuard};
use larder::{Cache, Group, Policy, Tag};
use parking_lot::{Mutex, RwLock};
use sea_orm::{DatabaseConnection, DbErr};
use tokio::sync::Mutex as Turn;

use crate::caches::Caches;
use crate::engine::{Asked, Engine};
use crate::excluded::Excluded;
use crate::failure;
use crate::hook::Hooks;
use crate::replica::Replica;
use crate::rows::Registered;
use crate::sample::Sampler;
use crate::schema::Schema;
use crate::strict::Strict;
use crate::trace;
use crate::watch::Watch;

/// How often a database whose schema costs something to compare is asked, beside what larder's own
/// connections tell of their changes.
const SCHEMA_ASKED_EVERY: Duration = Duration::from_secs(1);

pub(crate) struct Shared {
    pub(crate) inner: DatabaseConnection,
    /// Where loads may go instead.
    pub(crate) replica: Option<Replica>,
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) cache: Caches,
    /// The database's name in keys and tags.
    pub(crate) database: Arc<str>,
    pub(crate) strict: Strict,
    pub(crate) policy: Policy,
    /// How the rows of entities are kept.
    pub(crate) rows: Registered,
    /// Tables of which no read is kept.
    pub(crate) excluded: Excluded,
    pub(crate) hooks: Option<Hooks>,
    /// Where reads of no table are counted.
    pub(crate) group: Arc<Group>,
    schema: RwLock<Arc<Schema>>,
    /// When the database was last asked whether this is its schema.
    schema_asked: Mutex<Instant>,
    /// Whether other processes share the cache. What they did to the schema is not known without
    /// asking: a read looks with the plan that it has, and a load asks before it trusts the plan.
    pub(crate) distant: bool,
    /// Who reads the catalogue again, of those who found that it has changed.
    turn: Turn<()>,
    /// Whether something was done through this handle that makes one connection of the pool answer
    /// otherwise than the next, and of which no catalogue tells: temporary objects, attached
    /// databases, settings. Nothing is cached any more then.
    differ: AtomicBool,
    /// Whether the caches were told how to know that the writers of this database have ended.
    horizon_known: AtomicBool,
    /// Whether reads and writes look for a changed schema each time.
    pub(crate) watch: Watch,
    statements: AtomicU64,
    /// How many transactions have been begun: their numbers in causes.
    transactions: AtomicU64,
    /// Compares some hits with the database, if it was told to.
    pub(crate) sampler: Option<Sampler>,
}

/// What a connection shows to whoever looks at the schema by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sees {
    /// The schema as it is.
    Present,
    /// Perhaps that of a moment before the look: the snapshot of a transaction.
    Snapshot,
}

/// Whether the database has a certain schema.
pub(crate) struct At {
    pub(crate) same: bool,
    /// Statements that it took to know.
    pub(crate) statements: u64,
}

/// What was said before the connection is opened.
pub(crate) struct Opening {
    pub(crate) replica: Option<Replica>,
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) cache: Cache,
    pub(crate) database: Arc<str>,
    pub(crate) strict: Strict,
    pub(crate) policy: Policy,
    pub(crate) rows: Registered,
    pub(crate) excluded: Excluded,
    pub(crate) hooks: Option<Hooks>,
    pub(crate) sampler: Option<Sampler>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("database", &self.database)
            .finish_non_exhaustive()
    }
}

impl Shared {
    pub(crate) async fn open(inner: DatabaseConnection, opening: Opening) -> Result<Shared, DbErr> {
        let Opening {
            replica,
            engine,
            cache,
            database,
            strict,
            policy,
            rows,
            excluded,
            hooks,
            sampler,
        } = opening;
        let cache = Caches::new(cache, rows.caches());
        if !strict.is_nothing() && !cache.can_all_be_strict() {
            // Told apart here, not at the first write.
            return Err(failure::carried(larder::Error::config(
                "strict reads need stores whose every look sees marks: one of these, or the near tier \
                 before it, gives none",
            )));
        }
        engine.check(&inner).await?;
        let schema = Arc::new(Schema::read(&*engine, &inner, &cache, &database).await?);
        let strict = strict
            .checked(&schema.catalogue)
            .map_err(failure::carried)?;
        let group = cache.group("query");
        Ok(Shared {
            distant: cache.any_is_remote(),
            turn: Turn::new(()),
            inner,
            replica,
            engine,
            cache,
            database,
            strict,
            policy,
            rows,
            excluded,
            hooks,
            group,
            schema: RwLock::new(schema),
            schema_asked: Mutex::new(Instant::now()),
            differ: AtomicBool::new(false),
            horizon_known: AtomicBool::new(false),
            watch: Watch::default(),
            statements: AtomicU64::new(0),
            transactions: AtomicU64::new(0),
            sampler,
        })
    }

    /// Whether reads of this database can be linearizable.
    pub(crate) fn can_be_strict(&self) -> bool {
        self.horizon_known.load(Ordering::Relaxed)
    }

    /// From now on it is known when the writers of this database have ended.
    pub(crate) fn horizon_is_known(&self) {
        self.horizon_known.store(true, Ordering::Relaxed);
    }

    pub(crate) fn schema(&self) -> Arc<Schema> {
        self.schema.read().clone()
    }

    /// Counts statements sent to the database.
    pub(crate) fn count(&self, statements: u64) {
        self.sent(statements);
        trace::count(statements);
    }

    /// Counts statements sent to the database by a load, which the trace of its caller counts.
    pub(crate) fn sent(&self, statements: u64) {
        self.statements.fetch_add(statements, Ordering::Relaxed);
    }

    /// A number for a transaction that begins.
    pub(crate) fn next_transaction(&self) -> u64 {
        self.transactions.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(crate) fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// Looks whether the schema as `connection` sees it is the one that our plans were made for, and
    /// reads the catalogue again if it is not. Whether it was another.
    pub(crate) async fn notice_schema(
        &self,
        connection: &dyn Asked,
        sees: Sees,
    ) -> Result<bool, DbErr> {
        let at = self.is_at(connection, sees, &self.schema()).await?;
        self.count(at.statements);
        if at.same {
            return Ok(false);
        }
        self.reload_schema(connection).await?;
        Ok(true)
    }

    /// After a write in a transaction: a schema that is the plan's now was the plan's then, for nobody
    /// changes what the write has touched before the transaction ends. Where writers are not alone
    /// nothing kept the schema as it was between the look before the write and the write.
    ///
    /// # Errors
    /// Where looking has spoiled the transaction: its commit would be none, and nobody would say so.
    pub(crate) async fn look_after(
        &self,
        transaction: &dyn Asked,
        changes: &mut Changes,
    ) -> Result<(), DbErr> {
        if self.engine.writes_alone() {
            return Ok(());
        }
        match self.notice_schema(transaction, Sees::Snapshot).await {
            Ok(false) => return Ok(()),
            // What was read in a transaction may be nobody else's schema: the next read looks.
            Ok(true) => self.schema().witnessed(None),
            Err(error) if self.engine.spoils(&error) => return Err(error),
            Err(_) => {}
        }
        changes.root(&self.database);
        Ok(())
    }

    pub(crate) async fn reload_schema(&self, connection: &dyn Asked) -> Result<(), DbErr> {
        let read = Schema::read(&*self.engine, connection, &self.cache, &self.database).await?;
        *self.schema.write() = Arc::new(read);
        Ok(())
    }

    /// Reads the catalogue again and invalidates everything that was read with the old one.
    pub(crate) async fn schema_changed(&self) -> Result<(), DbErr> {
        let mut changes = Changes::new();
        changes.cause("schema changed");
        changes.root(&self.database);
        self.publish(changes).await;
        // After the bump, so that the new plans are not taken for old ones at once. Entries are
        // told apart by the schema's version in their keys.
        self.reload_schema(&self.inner).await
    }

    /// The schema to plan with.
    pub(crate) async fn known_schema(&self) -> Result<Arc<Schema>, DbErr> {
        match self.settled_schema() {
            Some(schema) => Ok(schema),
            None => self.settle_schema().await,
        }
    }

    /// The schema, if it may be used to look. Costs no statement.
    ///
    /// In a cache of this process, if nothing hints that the schema may have changed. In one that
    /// processes share always: an entry that was made by an old schema carries the root's tag,
    /// which whoever changed the schema has bumped, and the load that follows
    /// [asks](Self::is_at).
    pub(crate) fn settled_schema(&self) -> Option<Arc<Schema>> {
        let schema = self.schema();
        let settled = self.distant || schema.is_witnessed();
        (settled && !self.watch.is_on()).then_some(schema)
    }

    /// Whether the database still has this schema. To be asked by a load after the versions of
    /// its tags were noted, and before its statement.
    ///
    /// ```text
    ///   versions noted · is it still this schema? · statement
    /// ```
    /// A change that is committed before the question is seen by it. One that is committed after
    /// the question is announced after it, too, and the entry has the root's version from before.
    ///
    /// Where the question is not cheap, what was announced is asked for instead, and the database now
    /// and then: a change that nobody announces is noticed within [`SCHEMA_ASKED_EVERY`]. Of one that
    /// may come by a handle which this connection gave out it is asked each time.
    ///
    /// A look at a snapshot says nothing to others: for them the schema is as much or as little known as before.
    pub(crate) async fn is_at(
        &self,
        connection: &dyn Asked,
        sees: Sees,
        schema: &Schema,
    ) -> Result<At, DbErr> {
        let look = self.watch.look();
        if self.engine.counts_schema_changes() {
            let same = self.engine.version(connection).await? == schema.version;
            if same && sees == Sees::Present {
                self.watch.looked(look);
            }
            return Ok(At {
                same,
                statements: 1,
            });
        }
        if !self.is_time_to_ask() && !self.watch.is_on() {
            let announced = match self.distant {
                true => schema.is_announced().await,
                false => !schema.is_witnessed(),
            };
            if !announced {
                return Ok(At {
                    same: true,
                    statements: 0,
                });
            }
        }
        let witness = self.cache.witness(Tag::root(&self.database)).await.ok();
        let same = self.engine.version(connection).await? == schema.version;
        if same && sees == Sees::Present {
            schema.witnessed(witness);
            self.watch.looked(look);
        }
        Ok(At {
            same,
            statements: 1,
        })
    }

    fn is_time_to_ask(&self) -> bool {
        let mut asked = self.schema_asked.lock();
        let due = asked.elapsed() >= SCHEMA_ASKED_EVERY;
        if due {
            *asked = Instant::now();
        }
        due
    }

    /// The database has another schema than `old`: reads its catalogue, unless another has done so.
    pub(crate) async fn follow(&self, old: &Schema) -> Result<(), DbErr> {
        let _turn = self.turn.lock().await;
        if self.schema().version != old.version {
            return Ok(());
        }
        match old.is_announced().await {
            true => self.reload_schema(&self.inner).await,
            false => self.schema_changed().await,
        }
    }

    /// The schema, after a look at its version.
    pub(crate) async fn settle_schema(&self) -> Result<Arc<Schema>, DbErr> {
        let schema = self.schema();
        let look = self.watch.look();
        if self.distant {
            let at = self.is_at(&self.inner, Sees::Present, &schema).await?;
            self.count(at.statements);
            if !at.same {
                self.follow(&schema).await?;
            }
            return Ok(self.schema());
        }
        let witness = self.cache.witness(Tag::root(&self.database)).await.ok();
        self.count(1);
        if self.engine.version(&self.inner).await? == schema.version {
            schema.witnessed(witness);
            self.watch.looked(look);
            return Ok(schema);
        }
        match schema.is_witnessed() {
            // Nobody has told of this change yet.
            true => self.schema_changed().await?,
            false => self.reload_schema(&self.inner).await?,
        }
        Ok(self.schema())
    }

    pub(crate) fn makes_connections_differ(&self) {
        self.differ.store(true, Ordering::Release);
    }

    pub(crate) fn connections_differ(&self) -> bool {
        self.differ.load(Ordering::Acquire)
    }

    /// Makes what a committed write changed invalid.
    pub(crate) async fn publish(&self, changes: Changes) {
        if changes.is_empty() {
            return;
        }
        let bumped = self.cache.publish(changes).await;
        trace::bumped(&bumped);
    }

    /// Before the database's lock is taken: what [`mark`](Self::mark) would else ask the store under it.
    pub(crate) async fn look_for_guards(&self, changes: &Changes) {
        let marks = self.strict.marks(&self.database, changes);
        self.cache.look_for_guards(&marks.perhaps).await;
    }

    /// Before a commit: nothing of what is about to change is served to strict reads, or stored for
    /// them, until the guard goes. Marks what this connection was told to be strict about, and what
    /// anybody else reads strictly.
    ///
    /// # Errors
    /// The store cannot mark: then the write must not be committed.
    pub(crate) async fn mark(&self, changes: &Changes) -> Result<Vec<MarkGuard>, DbErr> {
        let marks = self.strict.marks(&self.database, changes);
        let marked = self.cache.mark(&marks.told, &marks.perhaps).await;
        marked.map_err(|error| {
            failure::carried(larder::Error::store(format!(
                "a write is not committed, because its tables are read strictly and could not be \
                 marked: {error}"
            )))
        })
    }
}
