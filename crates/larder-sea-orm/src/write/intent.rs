//! What a text means to do, as far as the wrapper must know.

use larder::adapter::Changes;
use larder_sql::{DdlKind, Footprint, Planned, TransactionKind, split};

use crate::engine::Setting;
use crate::schema::Schema;
use crate::shared::Shared;
use crate::words;
use crate::write::Write;

/// What kind of text this is.
pub(crate) enum Intent {
    /// Reads only.
    Read,
    /// One statement that writes rows.
    Write(Planned),
    /// BEGIN, COMMIT and their like, alone.
    Transaction(TransactionKind),
    /// Anything else: several statements, DDL, or a text that nobody understands.
    Script(Script),
}

/// A text that is run as it stands and widened afterwards.
pub(crate) struct Script {
    /// Everything it could have changed.
    pub(crate) changes: Changes,
    /// Whether the schema may have changed.
    pub(crate) ddl: bool,
    /// Whether it commits what came before it, where changes of the schema do.
    pub(crate) commits: bool,
    /// Whether it has transactions or savepoints of its own.
    pub(crate) begins: bool,
    /// Whether it opens a transaction that it does not end.
    pub(crate) left_open: bool,
    /// Whether it ends a transaction that it did not begin.
    pub(crate) ends_outer: bool,
    /// Whether it gives later statements of its transaction another meaning.
    pub(crate) sets: bool,
}

impl Intent {
    pub(crate) fn of(shared: &Shared, schema: &Schema, sql: &str) -> Intent {
        let planned = schema.plan(sql);
        let setting = match is_no_plain_statement(&planned) {
            true => shared.engine.sets(sql),
            false => Setting::Nothing,
        };
        match setting {
            Setting::Nothing => {}
            Setting::Harmless => return Intent::Read,
            Setting::Transaction => return Intent::Script(Script::setting(shared, schema, sql)),
            Setting::Connection => shared.makes_connections_differ(),
        }
        match &planned.plan.footprint {
            Footprint::Read(read) if !read.may_write => Intent::Read,
            Footprint::Write(_) => Intent::Write(planned),
            Footprint::Transaction(kind) => Intent::Transaction(kind.clone()),
            _ => Intent::Script(Script::of(shared, schema, sql)),
        }
    }
}

impl Script {
    fn nothing() -> Script {
        Script {
            changes: Changes::new(),
            ddl: false,
            commits: false,
            begins: false,
            left_open: false,
            ends_outer: false,
            sets: false,
        }
    }

    /// A text that sets something for its transaction.
    fn setting(shared: &Shared, schema: &Schema, sql: &str) -> Script {
        let alone = split(sql, shared.engine.dialect()).len() == 1;
        let mut script = match alone {
            true => Script::nothing(),
            false => Script::of(shared, schema, sql),
        };
        script.changes.root(&shared.database);
        script.changes.cause(sql);
        script.sets = true;
        script
    }

    fn of(shared: &Shared, schema: &Schema, sql: &str) -> Script {
        let mut script = Script::nothing();
        let mut depth = 0u32;
        // Savepoints outside a transaction are transactions of their own.
        let mut savepoints: Vec<larder_sql::Name> = Vec::new();
        for range in split(sql, shared.engine.dialect()) {
            let text = &sql[range];
            let planned = schema.plan(text);
            script.begins |= matches!(planned.plan.footprint, Footprint::Transaction(_));
            match &planned.plan.footprint {
                Footprint::Read(read) if read.may_write => script.changes.root(&shared.database),
                Footprint::Read(_) => {}
                Footprint::Write(_) => {
                    if let Some(write) = Write::new(shared, schema, &planned) {
                        script.changes.merge(write.widened());
                        script.commits |= write.commits();
                    }
                }
                Footprint::Ddl(ddl)
                    if ddl.kind == DdlKind::Maintenance && ddl.tables.is_empty() =>
                {
                    script.commits = true;
                }
                Footprint::Ddl(_) => {
                    if belongs_to_one_connection(sql) {
                        shared.makes_connections_differ();
                    }
                    script.ddl = true;
                    script.commits = true;
                    script.changes.root(&shared.database);
                }
                Footprint::Transaction(TransactionKind::Begin { .. }) => depth += 1,
                Footprint::Transaction(TransactionKind::Commit | TransactionKind::Rollback) => {
                    script.ends_outer |= depth == 0;
                    depth = depth.saturating_sub(1);
                    savepoints.clear();
                }
                Footprint::Transaction(TransactionKind::Savepoint(name)) => {
                    savepoints.push(name.clone());
                }
                Footprint::Transaction(TransactionKind::Release(name)) => {
                    if let Some(at) = savepoints.iter().rposition(|open| open == name) {
                        savepoints.truncate(at);
                    }
                }
                Footprint::Transaction(_) => {}
                // A text nobody understands may change anything, also the schema; and end what
                // is open (`COMMIT AND CHAIN`).
                _ => {
                    if belongs_to_one_connection(sql) {
                        shared.makes_connections_differ();
                    }
                    script.ends_outer |= depth == 0 && ends_a_transaction(text);
                    script.left_open |= begins_a_distributed_one(text);
                    script.ddl = true;
                    script.commits = true;
                    script.changes.root(&shared.database);
                }
            }
        }
        script.left_open |= depth > 0 || !savepoints.is_empty();
        // Its writes have named themselves.
        script.changes.cause(&schema.plan(sql).plan.text);
        script
    }
}

/// Whether this may be a PRAGMA: those are reads that are not kept, or nobody understands them.
fn is_no_plain_statement(planned: &Planned) -> bool {
    match &planned.plan.footprint {
        Footprint::Read(read) => read.uncacheable.is_some(),
        Footprint::Write(set) => set.may_write_more,
        Footprint::Transaction(_) => false,
        _ => true,
    }
}

/// Whether a text makes something that belongs to one connection alone: temporary objects, attached
/// databases.
fn belongs_to_one_connection(sql: &str) -> bool {
    words::any(sql, &["temp", "temporary", "attach", "pg_temp"])
}

/// Whether a text that nobody understands ends a transaction of this connection. One that is prepared
/// goes on without it, and is committed by another text.
fn ends_a_transaction(text: &str) -> bool {
    let ends = words::begins(text, &["commit", "end", "rollback", "abort"])
        && !words::any(text, &["prepared", "to"]);
    ends || words::begins(text, &["prepare"]) && words::follow(text, &["prepare", "transaction"])
}

/// Whether a text begins MySQL's other kind of transaction, which stays with its connection until other
/// texts end it.
fn begins_a_distributed_one(text: &str) -> bool {
    words::begins(text, &["xa"])
        && (words::follow(text, &["xa", "start"]) || words::follow(text, &["xa", "begin"]))
}
