//! Streaming replicas of a PostgreSQL server.
//!
//! A commit is known to others after its record was put into the write-ahead log, which
//! `pg_current_wal_insert_lsn()` lies behind: also where the record is not on the disk yet, as with
//! `synchronous_commit = off`. A standby shows a commit when it has replayed the record.
//!
//! Positions are compared within one history of one cluster alone. A standby notes the timeline that
//! it follows now and then, and one that is behind in that is taken for another's.

use futures_util::future::BoxFuture;
use sea_orm::{
    ConnectionTrait as _, DatabaseTransaction, DbBackend, DbErr, QueryResult, Statement, Value,
};

use crate::engine::{Asked, Follow, Position, Reached};

pub(super) struct Streaming;

/// What answers depend on beside the rows: a standby has a configuration of its own.
macro_rules! settings {
    () => {
        "concat_ws('|', current_database(), current_user, current_setting('TimeZone'), \
            current_setting('DateStyle'), current_setting('IntervalStyle'), \
            current_setting('extra_float_digits'), current_setting('bytea_output'), \
            current_setting('standard_conforming_strings'), current_setting('search_path'), \
            array_to_string(current_schemas(false), ','))"
    };
}

/// Where a primary is, in which history of which cluster, and how it answers. A server that is none
/// refuses.
const WHERE: &str = concat!(
    "SELECT pg_current_wal_insert_lsn()::text, \
        (SELECT system_identifier::text FROM pg_control_system()), \
        left(pg_walfile_name(pg_current_wal_insert_lsn()), 8), ",
    settings!()
);

/// Whether a standby follows that primary and answers alike, and whether it is as far.
///
/// Each statement has to see what was replayed before it.
const REACHED: &str = concat!(
    "SELECT coalesce(pg_is_in_recovery() \
            AND current_setting('transaction_isolation') = 'read committed' \
            AND (SELECT system_identifier::text FROM pg_control_system()) = $2 \
            AND (SELECT lpad(upper(to_hex(greatest(c.timeline_id, r.min_recovery_end_timeline))), 8, '0') \
                FROM pg_control_checkpoint() c, pg_control_recovery() r) = $3 \
            AND ",
    settings!(),
    " = $4, false), coalesce(pg_last_wal_replay_lsn() >= $1::text::pg_lsn, false)"
);

/// Whether it was one all the time: what was promoted is never a standby again in this session.
const FOLLOWS: &str = "SELECT pg_is_in_recovery()";

impl Follow for Streaming {
    fn position<'a>(&'a self, primary: &'a dyn Asked) -> BoxFuture<'a, Result<Position, DbErr>> {
        Box::pin(async {
            let rows = primary.ask(WHERE).await?;
            let row = rows.first().ok_or_else(silent)?;
            let part = |index| row.try_get_by_index::<String>(index).map(Value::from);
            Ok(Position((0..4).map(part).collect::<Result<_, _>>()?))
        })
    }

    fn has_reached<'a>(
        &'a self,
        replica: &'a DatabaseTransaction,
        position: &'a Position,
    ) -> BoxFuture<'a, Result<Reached, DbErr>> {
        Box::pin(async {
            let asked = Statement::from_sql_and_values(
                DbBackend::Postgres,
                REACHED,
                position.0.iter().cloned(),
            );
            let row = replica.query_one_raw(asked).await?.ok_or_else(silent)?;
            Ok(match (is(&row, 0)?, is(&row, 1)?) {
                (false, _) => Reached::Elsewhere,
                (true, false) => Reached::NotYet,
                (true, true) => Reached::Yes,
            })
        })
    }

    fn still_follows<'a>(
        &'a self,
        replica: &'a DatabaseTransaction,
    ) -> BoxFuture<'a, Result<bool, DbErr>> {
        Box::pin(async {
            let rows = replica.ask(FOLLOWS).await?;
            is(rows.first().ok_or_else(silent)?, 0)
        })
    }
}

fn is(row: &QueryResult, index: usize) -> Result<bool, DbErr> {
    row.try_get_by_index(index)
}

fn silent() -> DbErr {
    DbErr::Custom("a server has not said where it is".to_owned())
}
