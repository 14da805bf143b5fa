//! `larder invalidate`: invalidation by hand, for whoever has changed data behind the cache's back.

use larder::{Cache, Tag};
use larder_sea_orm::CachedConnection;
use larder_sea_orm::sea_orm::{ConnectionTrait as _, FromQueryResult as _, JsonValue, Statement};
use serde_json::json;

use crate::database::Target;
use crate::failure::Failure;
use crate::place::Place;
use crate::say::{remark, say, say_json};

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
    /// What was read under the conditions of this SELECT: of the rows that it pins, or of its tables where
    /// it pins none.
    #[arg(long, value_name = "SQL", requires = "database")]
    query: Option<String>,
    /// Everything in the namespace.
    #[arg(long, alias = "everything")]
    all: bool,
}

/// Invalidates; whoever reads afterwards reads anew.
pub(crate) async fn run(arguments: &Arguments) -> Result<bool, Failure> {
    let Arguments { what, name, .. } = arguments;
    let cache = arguments.place.open().await?;
    let failed = |error: larder::Error| {
        Failure::new(format!(
            "the store has not confirmed it, and may serve what was there before: {error}"
        ))
    };
    // Asked before, as what follows leaves something there; what it says changes nothing.
    let was_strange = matches!(cache.is_in_use().await, Ok(false));
    let done = if what.all {
        cache.clear().await.map_err(failed)?;
        format!("everything in the namespace {}", cache.namespace().name())
    } else if let Some(sql) = &what.query {
        let db = connection(arguments, &cache).await?;
        let statement = Statement::from_string(db.get_database_backend(), sql.as_str());
        let select = JsonValue::find_by_statement(statement);
        let done = db.invalidate_query(select).await;
        done.map_err(|error| Failure::new(error.to_string()))?;
        // What could not be told is tried once more, and an error if it fails.
        cache.close().await.map_err(failed)?;
        "what was read under these conditions".to_owned()
    } else {
        let tables = what.table.iter().map(|table| Tag::table(name, table));
        let tags = what.tag.iter().map(|tag| Tag::named(tag));
        cache.invalidate(tables.chain(tags)).await.map_err(failed)?;
        let names: Vec<&str> = what
            .table
            .iter()
            .chain(&what.tag)
            .map(String::as_str)
            .collect();
        format!("what depends on {}", names.join(", "))
    };
    match arguments.json {
        true => say_json(&json!({ "invalidated": done })),
        false => say(format!("invalidated: {done}")),
    }
    if was_strange {
        remark(
            "nothing was kept in this namespace before: is it the one that the service gives its cache?",
        );
    }
    Ok(true)
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
