//! `larder invalidate`: invalidation by hand, for whoever has changed data behind the cache's back.

use larder::{Cache, Tag};
use larder_sea_orm::CachedConnection;
use larder_sea_orm::sea_orm::{ConnectionTrait as _, FromQueryResult as _, JsonValue, Statement};
use serde_json::json;

use crate::database::Target;
use crate::failure::Failure;
use crate::place::Place;
use crate::say::{remark, say, say_json};

mod query;

/// Arguments of `larder invalidate`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    what: What,
    /// The name that the service gives its database (`Builder::database`), for `--table` and `--query`.
    #[arg(long, value_name = "NAME", default_value = "")]
    name: String,
    /// The database of `--query`: `sqlite://FILE`, `postgres://…`, `mysql://…` or `mariadb://…`.
    #[arg(long, value_name = "URL", requires = "query")]
    database: Option<String>,
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

/// What is to go.
#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct What {
    /// Everything that was read from this table. May be given several times.
    #[arg(long, value_name = "TABLE")]
    table: Vec<String>,
    /// Everything that carries this tag of the application's own. May be given several times.
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,
    /// What was read under the conditions of this SELECT, with its values in it: of the rows that it pins, or of
    /// its tables where it pins none.
    #[arg(long, value_name = "SQL", requires = "database")]
    query: Option<String>,
    /// Everything in the namespace.
    #[arg(long, alias = "everything")]
    all: bool,
}

/// Invalidates; whoever reads afterwards reads anew. Whether all that was named may have been kept.
pub(crate) async fn run(arguments: &Arguments) -> Result<bool, Failure> {
    let Arguments { what, name, .. } = arguments;
    if what.tag.iter().any(String::is_empty) {
        return Err(Failure::new(
            "--tag is empty: `larder show KEY` prints the tags of an entry, `larder invalidate --all` drops everything",
        ));
    }
    let cache = arguments.place.open().await?;
    // Asked before, as what follows leaves something there; what it says changes nothing.
    let was_strange = matches!(cache.is_in_use().await, Ok(false));
    let mut strangers = Vec::new();
    let done = if what.all {
        cache.clear().await.map_err(unconfirmed)?;
        format!("everything in the namespace {}", cache.namespace().name())
    } else if let Some(sql) = &what.query {
        let db = connection(arguments, &cache).await?;
        let read = query::Read::plan(sql, &db.catalogue())?;
        strangers.extend(unknown_tables(&cache, name, &read.tables).await);
        let statement = Statement::from_string(db.get_database_backend(), read.sql);
        let select = JsonValue::find_by_statement(statement);
        let done = db.invalidate_query(select).await;
        done.map_err(|error| Failure::new(error.to_string()))?;
        // What could not be told is tried once more, and an error if it fails.
        cache.close().await.map_err(unconfirmed)?;
        "what was read under these conditions".to_owned()
    } else {
        strangers.extend(unknown_tables(&cache, name, &what.table).await);
        for tag in &what.tag {
            if is_unknown(&cache, Tag::named(tag)).await {
                strangers.push(format!(
                    "nothing that is kept depends on the tag {tag:?}; `larder show KEY` prints the tags of an entry"
                ));
            }
        }
        let tables = what.table.iter().map(|table| Tag::table(name, table));
        let tags = what.tag.iter().map(|tag| Tag::named(tag));
        let done = cache.invalidate(tables.chain(tags)).await;
        done.map_err(unconfirmed)?;
        let names: Vec<&str> = what
            .table
            .iter()
            .chain(&what.tag)
            .map(String::as_str)
            .collect();
        format!("what depends on {}", names.join(", "))
    };
    match arguments.json {
        true => say_json(&json!({ "invalidated": done, "unknown": strangers })),
        false => say(format!("invalidated: {done}")),
    }
    if was_strange {
        remark(
            "nothing was kept in this namespace before: is it the one that the service gives its cache?",
        );
    } else {
        strangers.iter().for_each(remark);
    }
    Ok(strangers.is_empty())
}

fn unconfirmed(error: larder::Error) -> Failure {
    Failure::new(format!(
        "the store has not confirmed it, and may serve what was there before: {error}"
    ))
}

/// A sentence for each table that nothing depends on: it may have another name, or its database.
async fn unknown_tables(cache: &Cache, name: &str, tables: &[String]) -> Vec<String> {
    let mut all = Vec::new();
    for table in tables {
        if is_unknown(cache, Tag::table(name, table)).await {
            all.push(format!(
                "nothing that is kept depends on table {table} of database '{name}' (--name); `larder show KEY` prints \
                 the names before the dot"
            ));
        }
    }
    all
}

/// Whether the store has said that it does not know the tag. That it does not answer is told by what follows.
async fn is_unknown(cache: &Cache, tag: Tag) -> bool {
    matches!(cache.knows(tag).await, Ok(false))
}

/// The database of `--query`, behind the service's own cache.
async fn connection(arguments: &Arguments, cache: &Cache) -> Result<CachedConnection, Failure> {
    let Some(url) = &arguments.database else {
        return Err(Failure::new("--query needs --database, to know its tables"));
    };
    Target::parse(url)?
        .connect_as(cache.clone(), &arguments.name)
        .await
}
