//! Databases that a command is pointed at.

use std::path::Path;
use std::time::Duration;

use larder_sea_orm::sea_orm::ConnectOptions;

use crate::failure::Failure;

/// The URL, if it is one of a database that is there.
pub(crate) fn checked(url: &str) -> Result<String, Failure> {
    let Some(rest) = url.strip_prefix("sqlite:") else {
        return Err(Failure::new(format!(
            "{url} is no SQLite URL: those begin with sqlite://"
        )));
    };
    let path = rest
        .trim_start_matches("//")
        .split('?')
        .next()
        .unwrap_or_default();
    if path == ":memory:" || rest.contains("mode=memory") {
        return Err(Failure::new(
            "a database in memory belongs to one connection; leave --database out for a scratch one",
        ));
    }
    let path = path.replace("%20", " ");
    if !rest.contains("mode=") && !Path::new(&path).is_file() {
        return Err(Failure::new(format!("there is no database file {path}")));
    }
    Ok(url.replace(' ', "%20"))
}

/// One connection, so that a transaction stays on it; nobody waits for a lock. No prepared
/// statements are kept: sqlx would keep the columns they had before an ALTER TABLE with them.
pub(crate) fn options(url: &str) -> ConnectOptions {
    let mut options = ConnectOptions::new(url.to_owned());
    options.max_connections(1).sqlx_logging(false);
    options.map_sqlx_sqlite_opts(|options| {
        options
            .busy_timeout(Duration::ZERO)
            .statement_cache_capacity(0)
    });
    options
}
