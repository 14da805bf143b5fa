//! `larder explain`: what a statement reads or writes, and what follows for the cache.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use larder::Cache;
use larder_sql::{
    Catalogue, Dialect, Explanation, Listened, Meeting, Planned, Planner, explain, meets, split,
};
use serde_json::{Value, json};

use crate::database::{self, Target};
use crate::failure::Failure;
use crate::say::{say, say_json};

/// Arguments of `larder explain`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The statement.
    sql: String,
    /// A file of CREATE statements that describe the database.
    #[arg(long, value_name = "FILE", conflicts_with = "database")]
    schema: Option<PathBuf>,
    /// A database that describes itself: `sqlite://FILE`, `postgres://…`, `mysql://…`,
    /// `mariadb://…`.
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// The kind of database: that of `--database`, else SQLite unless said.
    #[arg(long, value_enum)]
    dialect: Option<Kind>,
    /// A column by which the reader listens. May be given several times.
    #[arg(long, value_name = "TABLE.COLUMN")]
    on: Vec<String>,
    /// A write: can it change the statement's answer?
    #[arg(long, value_name = "WRITE SQL")]
    against: Option<String>,
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Kind {
    Sqlite,
    Postgres,
    Mysql,
}

impl From<Kind> for Dialect {
    fn from(kind: Kind) -> Dialect {
        match kind {
            Kind::Sqlite => Dialect::Sqlite,
            Kind::Postgres => Dialect::Postgres,
            Kind::Mysql => Dialect::MySql,
        }
    }
}

/// Explains; there is nothing to fail afterwards.
pub(crate) async fn run(arguments: &Arguments) -> Result<bool, Failure> {
    let (dialect, catalogue) = described(arguments).await?;
    let planner = Planner::new(dialect, catalogue.clone());
    let planned = plan(&planner, &arguments.sql, dialect)?;
    let planned = planned.on(&listened(arguments, &catalogue)?);
    let explanation = explain(&planned, &catalogue);
    let against = match &arguments.against {
        Some(write) => Some((
            write,
            meets(&planned, &plan(&planner, write, dialect)?, &catalogue),
        )),
        None => None,
    };
    match arguments.json {
        true => say_json(&as_json(&arguments.sql, &explanation, against.as_ref())),
        false => print(&arguments.sql, &explanation, against.as_ref()),
    }
    Ok(true)
}

/// The columns by which the reader listens.
fn listened(arguments: &Arguments, catalogue: &Catalogue) -> Result<Listened, Failure> {
    let mut listened = Listened::new();
    for name in &arguments.on {
        match name.rsplit_once('.') {
            Some((table, column)) => listened.add(catalogue, table, column),
            None => {
                let why = format!("--on {name} names no column: write TABLE.COLUMN");
                return Err(Failure::new(why));
            }
        }
    }
    Ok(listened)
}

/// What is known of the database, and whose SQL it speaks.
async fn described(arguments: &Arguments) -> Result<(Dialect, Arc<Catalogue>), Failure> {
    let said = arguments.dialect.map(Dialect::from);
    if let Some(url) = &arguments.database {
        let target = Target::parse(url)?;
        let dialect = target.dialect();
        if said.is_some_and(|said| said != dialect) {
            let kind = database::kind(dialect);
            return Err(Failure::new(format!(
                "--database names a {kind} database: leave --dialect out"
            )));
        }
        let db = target.connect(Cache::memory()).await?;
        return Ok((dialect, db.catalogue()));
    }
    let dialect = said.unwrap_or_default();
    let catalogue = match &arguments.schema {
        Some(file) => written(file, dialect)?,
        None => Catalogue::of(dialect),
    };
    Ok((dialect, Arc::new(catalogue)))
}

/// The catalogue of a file of CREATE statements.
fn written(file: &Path, dialect: Dialect) -> Result<Catalogue, Failure> {
    let text = Failure::read(file)?;
    let describes_none = |why: &str| {
        let file = file.display();
        Failure::new(format!("{file} describes no database: {why}"))
    };
    let catalogue =
        Catalogue::from_ddl(dialect, &text).map_err(|error| describes_none(&error.to_string()))?;
    if catalogue.is_empty() && !text.trim().is_empty() {
        return Err(describes_none("it has no CREATE TABLE or CREATE VIEW"));
    }
    Ok(catalogue)
}

fn plan(planner: &Planner, sql: &str, dialect: Dialect) -> Result<Planned, Failure> {
    match split(sql, dialect).as_slice() {
        [one] => Ok(planner.plan(&sql[one.clone()])),
        [] => Err(Failure::new("there is no statement to explain")),
        many => Err(Failure::new(format!(
            "{} statements are {} too many to explain at once",
            many.len(),
            many.len() - 1
        ))),
    }
}

fn as_json(sql: &str, explanation: &Explanation, against: Option<&(&String, Meeting)>) -> Value {
    let Explanation {
        kind,
        act,
        tables,
        shapes,
        tags,
        changes,
        follows,
        rows,
        widened,
        uncacheable,
    } = explanation;
    let names: Vec<&str> = tables.iter().map(|table| &**table).collect();
    let mut object = json!({
        "sql": sql,
        "kind": kind,
        "act": act,
        "cacheable": *kind == "read" && uncacheable.is_none(),
        "why": uncacheable,
        "tables": names,
        "shapes": shapes,
        "tags": tags,
        "changes": changes,
        "follows": follows,
        "rows": rows,
        "widened": widened,
    });
    if let Some((write, meeting)) = against {
        object["against"] = json!({
            "sql": write,
            "can_change": meeting.can_change,
            "because": meeting.because,
            "tag": meeting.tag,
        });
    }
    object
}

fn print(sql: &str, explanation: &Explanation, against: Option<&(&String, Meeting)>) {
    let Explanation {
        kind,
        act,
        tables,
        tags,
        changes,
        follows,
        rows,
        widened,
        uncacheable,
        ..
    } = explanation;
    say(sql.trim());
    let act = if act.is_empty() {
        String::new()
    } else {
        format!(", {act}")
    };
    line("kind", &[format!("{kind}{act}")]);
    line(
        "tables",
        &tables.iter().map(ToString::to_string).collect::<Vec<_>>(),
    );
    line("depends on", tags);
    line("changes", changes);
    line("and so", follows);
    line("rows", rows);
    line("widened", widened);
    if *kind == "read" || uncacheable.is_some() {
        let cached = match uncacheable {
            Some(why) => format!("no: {why}"),
            None => "yes, until a row it depends on changes".to_owned(),
        };
        line("cached", &[cached]);
    }
    if let Some((write, meeting)) = against {
        say(format!("against {}", write.trim()));
        let verdict = if meeting.can_change {
            "can change it"
        } else {
            "cannot change it"
        };
        line("verdict", &[format!("{verdict}: {}", meeting.because)]);
        line("meets at", &meeting.tag.iter().cloned().collect::<Vec<_>>());
    }
}

/// A name, and what belongs to it, one a line.
fn line(name: &str, items: &[String]) {
    for (i, item) in items.iter().enumerate() {
        say(format!("  {:<12}{item}", if i == 0 { name } else { "" }));
    }
}
