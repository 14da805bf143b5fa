//! What the session's settings make of statements: which are refused, and a number for all that
//! answers depend on.

use std::collections::HashMap;

use sea_orm::DbErr;

use super::{number, refused, text};
use crate::engine::Asked;

const SETTINGS: &str = "\
    SHOW VARIABLES WHERE Variable_name IN ('sql_mode', 'autocommit', 'completion_type', \
        'transaction_isolation', 'tx_isolation', 'read_only', 'sql_auto_is_null', \
        'character_set_client', 'character_set_connection')";

/// Another database whose name is this one's but for case, and whether there is one at all.
const PLACE: &str = "\
    SELECT DATABASE() AS place, (SELECT GROUP_CONCAT(s.SCHEMA_NAME) \
        FROM information_schema.SCHEMATA s WHERE LOWER(s.SCHEMA_NAME) = LOWER(DATABASE()) \
        AND BINARY s.SCHEMA_NAME <> BINARY DATABASE()) AS twins";

/// A number for all that a statement's meaning depends on: tables, columns, keys, triggers, views, and
/// what is set for this session.
///
/// Each part is the exclusive or of numbers for its rows: no list that a setting could cut short.
const VERSION: &str = "\
    SELECT CONV(LEFT(MD5(CONCAT_WS('|', DATABASE(), CURRENT_USER(), \
        @@sql_mode, @@time_zone, @@system_time_zone, @@collation_connection, \
        @@character_set_results, @@lc_time_names, @@div_precision_increment, \
        @@group_concat_max_len, @@sql_select_limit, @@max_sort_length, @@default_week_format, \
        @@sql_auto_is_null, \
        (SELECT CONCAT(COUNT(*), '.', BIT_XOR(CAST(CONV(LEFT(MD5(CONCAT_WS('|', TABLE_NAME, \
                TABLE_TYPE, ENGINE, CREATE_TIME)), 16), 16, 10) AS UNSIGNED))) \
            FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()), \
        (SELECT CONCAT(COUNT(*), '.', BIT_XOR(CAST(CONV(LEFT(MD5(CONCAT_WS('|', TABLE_NAME, \
                ORDINAL_POSITION, COLUMN_NAME, COLUMN_TYPE, IFNULL(COLLATION_NAME, ''), IS_NULLABLE, \
                EXTRA, IFNULL(GENERATION_EXPRESSION, ''))), 16), 16, 10) AS UNSIGNED))) \
            FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()), \
        (SELECT CONCAT(COUNT(*), '.', BIT_XOR(CAST(CONV(LEFT(MD5(CONCAT_WS('|', TABLE_NAME, \
                SEQ_IN_INDEX, COLUMN_NAME)), 16), 16, 10) AS UNSIGNED))) \
            FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() \
                AND INDEX_NAME = 'PRIMARY'), \
        (SELECT CONCAT(COUNT(*), '.', BIT_XOR(CAST(CONV(LEFT(MD5(CONCAT_WS('|', CONSTRAINT_SCHEMA, \
                CONSTRAINT_NAME, TABLE_NAME, REFERENCED_TABLE_NAME, UPDATE_RULE, DELETE_RULE)), \
                16), 16, 10) AS UNSIGNED))) \
            FROM information_schema.REFERENTIAL_CONSTRAINTS \
            WHERE CONSTRAINT_SCHEMA = DATABASE() OR UNIQUE_CONSTRAINT_SCHEMA = DATABASE()), \
        (SELECT CONCAT(COUNT(*), '.', BIT_XOR(CAST(CONV(LEFT(MD5(CONCAT_WS('|', TRIGGER_NAME, \
                EVENT_OBJECT_TABLE, EVENT_MANIPULATION, ACTION_TIMING, ACTION_STATEMENT)), \
                16), 16, 10) AS UNSIGNED))) \
            FROM information_schema.TRIGGERS WHERE EVENT_OBJECT_SCHEMA = DATABASE()), \
        (SELECT CONCAT(COUNT(*), '.', BIT_XOR(CAST(CONV(LEFT(MD5(CONCAT_WS('|', TABLE_NAME, \
                VIEW_DEFINITION)), 16), 16, 10) AS UNSIGNED))) \
            FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE()) \
    )), 15), 16, 10) AS version";

pub(super) async fn version(database: &dyn Asked) -> Result<i64, DbErr> {
    match database.ask(VERSION).await?.first() {
        Some(row) => number(row, "version"),
        None => Ok(0),
    }
}

/// Refuses sessions whose statements are read otherwise than larder reads them, or see what is not
/// committed, or what is not the present.
pub(super) async fn check(database: &dyn Asked) -> Result<(), DbErr> {
    let mut settings = HashMap::new();
    for row in database.ask(SETTINGS).await? {
        let name = text(&row, "Variable_name")?.unwrap_or_default();
        let value = text(&row, "Value")?.unwrap_or_default();
        settings.insert(name, value.to_ascii_uppercase());
    }
    if let Some(why) = in_the_way(&settings) {
        return Err(refused(why));
    }
    let rows = database.ask(PLACE).await?;
    let place = rows.first().map(|row| text(row, "place")).transpose()?;
    let Some(place) = place.flatten() else {
        return Err(refused(
            "this connection uses no database: larder would not know which tables names mean. Name one in \
             its URL"
                .to_owned(),
        ));
    };
    let twins = rows.first().map(|row| text(row, "twins")).transpose()?;
    match twins.flatten() {
        Some(twins) => Err(refused(format!(
            "the databases {place} and {twins} differ by upper and lower case only, and larder takes such \
             names for one"
        ))),
        None => Ok(()),
    }
}

fn in_the_way(settings: &HashMap<String, String>) -> Option<String> {
    let setting = |name: &str| settings.get(name).map(String::as_str).unwrap_or_default();
    let is = |name: &str, values: &[&str]| values.contains(&setting(name));
    let modes = setting("sql_mode");
    for mode in ["ANSI_QUOTES", "NO_BACKSLASH_ESCAPES", "ORACLE"] {
        if modes.split(',').any(|set| set == mode) {
            return Some(format!(
                "the sql_mode {mode} makes other texts of what larder reads: leave it out"
            ));
        }
    }
    let isolation = [setting("transaction_isolation"), setting("tx_isolation")];
    if isolation.contains(&"READ-UNCOMMITTED") {
        return Some(
            "with READ UNCOMMITTED larder would keep rows that may never be committed: use READ COMMITTED \
             or stronger"
                .to_owned(),
        );
    }
    if is("autocommit", &["OFF", "0"]) {
        return Some(
            "without autocommit each connection reads the past of its open transaction: leave it on, and \
             use begin()"
                .to_owned(),
        );
    }
    if is("completion_type", &["CHAIN", "RELEASE", "1", "2"]) {
        return Some(
            "with this completion_type the end of a transaction is not its end: set it to NO_CHAIN"
                .to_owned(),
        );
    }
    if is("sql_auto_is_null", &["ON", "1"]) {
        return Some("with sql_auto_is_null IS NULL means something else at times".to_owned());
    }
    if !is("read_only", &["", "OFF", "0"]) {
        return Some(
            "this server is read only, as replicas are, and those show what their source was a while ago: \
             give larder a connection to the source"
                .to_owned(),
        );
    }
    let sets = [
        setting("character_set_client"),
        setting("character_set_connection"),
    ];
    if sets.iter().any(|set| *set != "UTF8MB4") {
        return Some("larder speaks utf8mb4 only: use it as the connection's charset".to_owned());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(changed: &[(&str, &str)], refused: bool) {
        let usual = [
            ("sql_mode", "STRICT_TRANS_TABLES,PIPES_AS_CONCAT"),
            ("autocommit", "ON"),
            ("completion_type", "NO_CHAIN"),
            ("tx_isolation", "REPEATABLE-READ"),
            ("read_only", "OFF"),
            ("sql_auto_is_null", "OFF"),
            ("character_set_client", "UTF8MB4"),
            ("character_set_connection", "UTF8MB4"),
        ];
        let all = usual.iter().chain(changed);
        let all = all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        assert_eq!(in_the_way(&all.collect()).is_some(), refused, "{changed:?}");
    }

    #[test]
    fn what_reads_texts_otherwise_or_shows_no_present_is_refused() {
        check(&[], false);
        check(&[("tx_isolation", "READ-COMMITTED")], false);
        check(&[("sql_mode", "ANSI_QUOTES,STRICT_TRANS_TABLES")], true);
        check(&[("sql_mode", "NO_BACKSLASH_ESCAPES")], true);
        check(&[("tx_isolation", "READ-UNCOMMITTED")], true);
        check(&[("transaction_isolation", "READ-UNCOMMITTED")], true);
        check(&[("autocommit", "OFF")], true);
        check(&[("completion_type", "CHAIN")], true);
        check(&[("sql_auto_is_null", "ON")], true);
        check(&[("read_only", "ON")], true);
        check(&[("character_set_client", "LATIN1")], true);
    }
}
