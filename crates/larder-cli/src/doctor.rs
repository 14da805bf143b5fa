//! `larder doctor`: whether the servers, and the database, are fit for a cache.

use larder::Cache;
use serde_json::json;

use self::finding::{Finding, Verdict};
use crate::failure::Failure;
use crate::place::{self, Place, Servers};
use crate::say::{say, say_json};

mod database;
mod finding;
mod memcached;
mod redis;
mod service;

/// Arguments of `larder doctor`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: Place,
    /// The service's database as well: `sqlite://FILE`, `postgres://…`, `mysql://…` or `mariadb://…`.
    #[arg(
        long,
        value_name = "URL",
        env = "LARDER_DATABASE",
        hide_env_values = true
    )]
    database: Option<String>,
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

/// Whether nothing is unsafe.
pub(crate) async fn run(arguments: &Arguments) -> Result<bool, Failure> {
    let mut findings = Vec::new();
    match arguments.place.servers().await? {
        Ok(servers) => {
            findings.extend(servers_findings(&servers).await);
            let cache = arguments.place.cache(&servers)?;
            findings.extend(service::findings(&arguments.place, &cache).await?);
        }
        // It answers, and will not do: that is what a doctor is for.
        Err(error) if error.is_config() && !wants_a_password(&error) => {
            findings.push(Finding::unsafe_(
                "store",
                "it cannot be used",
                format!("{error}."),
            ));
        }
        Err(error) => return Err(place::refused(&error)),
    }
    if let Some(url) = &arguments.database {
        findings.extend(database::findings(url, Cache::memory()).await?);
    }
    let count = |verdict| {
        findings
            .iter()
            .filter(|finding| finding.verdict == verdict)
            .count()
    };
    let (bad, advice) = (count(Verdict::Unsafe), count(Verdict::Advice));
    if arguments.json {
        let all: Vec<_> = findings.iter().map(Finding::as_json).collect();
        say_json(&json!({ "safe": bad == 0, "unsafe": bad, "advice": advice, "findings": all }));
    } else {
        findings.iter().flat_map(Finding::lines).for_each(say);
        say("");
        say(match bad {
            0 => format!("nothing is unsafe; {advice} to think about"),
            1 => format!("1 thing is unsafe; {advice} to think about"),
            bad => format!("{bad} things are unsafe; {advice} to think about"),
        });
    }
    Ok(bad == 0)
}

/// Whether the server has let nobody in, so that nothing is known of it. An error has no name for that but its words.
fn wants_a_password(error: &larder::Error) -> bool {
    let said = error.to_string();
    [
        "asks for a password",
        "does not accept the user name",
        "does not let us log in",
    ]
    .iter()
    .any(|words| said.contains(words))
}

async fn servers_findings(servers: &Servers) -> Vec<Finding> {
    match servers {
        Servers::Redis(store) => {
            let all = store.about().await;
            all.iter()
                .flat_map(|told| finding::of(told, redis::findings))
                .collect()
        }
        Servers::Memcached(store) => {
            let all = store.about().await;
            let several = all.len() > 1;
            let each = |about: &_| memcached::findings(about, several);
            all.iter()
                .flat_map(|told| finding::of(told, each))
                .collect()
        }
    }
}
