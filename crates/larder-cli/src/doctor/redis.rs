//! What Redis or Valkey says about itself, judged. Pure.

use std::time::Duration;

use larder::{RedisDeployment, RedisServer};
use larder_report::shown::{bytes, short, time};

use super::finding::Finding;

/// Clocks that differ by more are told of.
const CLOCKS_DIFFER_MAX: Duration = Duration::from_secs(1);

/// A server that answers later is told of: every read waits for it.
const ROUND_TRIP_MAX: Duration = Duration::from_millis(10);

pub(super) fn findings(server: &RedisServer) -> Vec<Finding> {
    let mut all = vec![version(server), access(server)];
    all.extend(memory(server));
    all.extend(persistence(server));
    all.extend(replicas(server));
    all.extend(rights(server));
    all.extend(clock(server));
    for finding in &mut all {
        finding.what = format!("{} {}", server.address, finding.what);
    }
    all
}

fn info<'a>(server: &'a RedisServer, name: &str) -> &'a str {
    server.info.get(name).map_or("", String::as_str)
}

fn number(server: &RedisServer, name: &str) -> u64 {
    info(server, name).parse().unwrap_or(0)
}

fn setting<'a>(server: &'a RedisServer, name: &str) -> Option<&'a str> {
    Some(server.settings.as_ref()?.get(name)?.as_str())
}

fn version(server: &RedisServer) -> Finding {
    let (name, version) = match info(server, "valkey_version") {
        "" => ("Redis", info(server, "redis_version")),
        version => ("Valkey", version),
    };
    let is = format!("{name} {}", short(version, 20));
    let major = version
        .split('.')
        .next()
        .and_then(|number| number.parse::<u32>().ok());
    match (name, major) {
        ("Redis", Some(..7)) => Finding::advice(
            "version",
            is,
            "It works, and what it cannot do in one step costs a command more; Redis 7 or Valkey is better.",
        ),
        _ => Finding::good("version", is, "It has every command that larder uses."),
    }
}

/// Who can reach it, and who can listen.
fn access(server: &RedisServer) -> Finding {
    let secret = match server.has_password {
        true => "a password",
        false => "no password",
    };
    let way = match (server.is_local, server.is_encrypted) {
        (_, true) => "TLS",
        (true, false) => "this machine",
        (false, false) => "no encryption",
    };
    let is = format!("{secret}, {way}");
    match (server.is_local, server.is_encrypted, server.has_password) {
        (false, false, _) => Finding::unsafe_(
            "access",
            is,
            "Whoever listens on the network between reads what is cached, and the password: use rediss://, or be sure \
             of the network.",
        ),
        (false, _, false) => Finding::unsafe_(
            "access",
            is,
            "Whoever reaches the server reads and changes what is cached: give it a password, or a user with the \
             rights that larder needs.",
        ),
        (true, false, false) if is_open(server) => Finding::advice(
            "access",
            format!("{is}; it listens to others as well (protected-mode no)"),
            "Whoever reaches this machine's network reads and changes what is cached: give it a password, or let it \
             listen to this machine alone (bind 127.0.0.1).",
        ),
        (true, _, false) => Finding::good(
            "access",
            is,
            "It is reached on this machine alone; whoever has an account here can read and change what is cached.",
        ),
        _ => Finding::good(
            "access",
            is,
            "Nobody on the way reads or changes what is cached.",
        ),
    }
}

/// Whether it takes connections without a password from other machines.
fn is_open(server: &RedisServer) -> bool {
    let bound = setting(server, "bind").unwrap_or_default();
    let here = |address: &str| {
        let address = address.trim_start_matches('-');
        address.starts_with("127.") || matches!(address, "::1" | "localhost")
    };
    let elsewhere = bound.is_empty() || !bound.split_whitespace().all(here);
    setting(server, "protected-mode") == Some("no") && elsewhere
}

fn memory(server: &RedisServer) -> Vec<Finding> {
    let mut all = Vec::new();
    let max = number(server, "maxmemory");
    let used = number(server, "used_memory");
    let policy = info(server, "maxmemory_policy");
    if max == 0 {
        all.push(Finding::advice(
            "memory",
            format!("{} used, no limit", bytes(used)),
            "It grows until the machine has none left and ends the server, which empties the cache: set maxmemory, and \
             maxmemory-policy allkeys-lru.",
        ));
    } else if policy == "noeviction" {
        all.push(Finding::advice(
            "memory",
            format!("{} of {} used, {policy}", bytes(used), bytes(max)),
            "When it is full it refuses new entries, and every read of them goes to the database: allkeys-lru makes \
             room by dropping what was used least.",
        ));
    } else if policy.starts_with("volatile") {
        all.push(Finding::good(
            "memory",
            format!("{} of {} used, {policy}", bytes(used), bytes(max)),
            "When it is full it drops what has a time to live, as all of larder's entries have.",
        ));
    } else {
        all.push(Finding::good(
            "memory",
            format!("{} of {} used, {policy}", bytes(used), bytes(max)),
            "When it is full it makes room; what is dropped is loaded again, and nothing old is served.",
        ));
    }
    let evicted = number(server, "evicted_keys");
    if evicted > 0 {
        all.push(Finding::advice(
            "evictions",
            format!("{evicted} since it started"),
            "It has had no room for all that was cached, and each of these was loaded again: give it more memory.",
        ));
    }
    all
}

fn persistence(server: &RedisServer) -> Vec<Finding> {
    let aof = info(server, "aof_enabled") == "1";
    let rdb = setting(server, "save").is_some_and(|save| !save.trim().is_empty());
    let failed = info(server, "rdb_last_bgsave_status") == "err"
        || info(server, "aof_last_write_status") == "err";
    let stops = setting(server, "stop-writes-on-bgsave-error") != Some("no");
    let is = match (aof, rdb, server.settings.is_some()) {
        (true, ..) => "an append-only file",
        (false, true, _) => "snapshots",
        (false, false, true) => "none",
        (false, false, false) => "not told",
    };
    let why = "After a restart larder serves nothing that was kept before, so that what is saved to disk helps \
               nobody; it does no harm but the work.";
    match failed && (stops || aof) {
        true => vec![Finding::unsafe_(
            "persistence",
            format!("{is}, and the last save failed"),
            "The server refuses all writes until it can save again, and with them every invalidation: other processes \
             may serve what was there before. Make room on its disk, or switch saving off (save \"\").",
        )],
        false => vec![Finding::good("persistence", is, why)],
    }
}

fn replicas(server: &RedisServer) -> Vec<Finding> {
    let mut all = Vec::new();
    let count = number(server, "connected_slaves");
    let needed =
        setting(server, "min-replicas-to-write").or_else(|| setting(server, "min-slaves-to-write"));
    let fails_over = server.deployment != RedisDeployment::Single;
    let is = |needed: &str| format!("{count} of them, min-replicas-to-write {needed}");
    match (fails_over || count > 0, needed) {
        (false, _) => all.push(Finding::good(
            "replicas",
            "none",
            "When the server is away, reads go to the database until it is back.",
        )),
        (true, Some("0")) => all.push(Finding::unsafe_(
            "replicas",
            is("0"),
            "When the network splits while a replica is promoted, processes that are cut off with the old master go on \
             writing to it and hear nothing of the others: set min-replicas-to-write to 1, so that it takes no \
             invalidations that nobody else will see.",
        )),
        (true, None) => all.push(Finding::advice(
            "replicas",
            is("not told"),
            "If it is 0, processes that are cut off with an old master do not notice that another was promoted: ask \
             whoever runs the server.",
        )),
        (true, Some(needed)) => all.push(Finding::good(
            "replicas",
            is(needed),
            "A master that is cut off takes no invalidations that nobody else would see.",
        )),
    }
    if server.deployment == RedisDeployment::Cluster {
        let state = server
            .cluster
            .get("cluster_state")
            .map_or("not told", String::as_str);
        all.push(match state {
            "ok" => Finding::good("cluster", "ok", "Every slot has a master."),
            state => Finding::unsafe_(
                "cluster",
                short(state, 20),
                "Parts of it are not served, and what is kept there is past the cache: redis-cli --cluster check says \
                 more.",
            ),
        });
    }
    all
}

/// What the user may do. Without what is always needed, nothing connects.
fn rights(server: &RedisServer) -> Vec<Finding> {
    let mut missing = Vec::new();
    if !server.may_script {
        missing.push("+eval +evalsha +exists (without them some writes take a connection and a round trip more)".to_owned());
    }
    if !server.may_list {
        missing.push("+scan (without it nobody can list keys)".to_owned());
    }
    if !server.push_needs.is_empty() {
        let needs = server.push_needs.join(" ");
        missing.push(format!(
            "{needs} (without it no near tier can be told of changes)"
        ));
    }
    let user = short(server.user.as_deref().unwrap_or("not told"), 40);
    vec![match &missing[..] {
        [] => Finding::good(
            "rights",
            format!("user {user}: all that larder uses"),
            "No command is refused in the middle of the work.",
        ),
        missing => Finding::advice(
            "rights",
            format!("user {user}: not all"),
            format!(
                "Everything needed is there; grant also {}.",
                missing.join(", ")
            ),
        ),
    }]
}

fn clock(server: &RedisServer) -> Vec<Finding> {
    let mut all = Vec::new();
    if let Some(differ) = server.clocks_differ {
        all.push(match differ <= CLOCKS_DIFFER_MAX {
            true => Finding::good(
                "clock",
                "as this machine's",
                "Entries expire when they should.",
            ),
            false => Finding::advice(
                "clock",
                format!("{} away from this machine's", time(differ)),
                "Ages are told by clocks, and entries expire that much too early; what is invalid is told without \
                 clocks. Set them by a time server.",
            ),
        });
    }
    let is = time(server.round_trip);
    all.push(match server.round_trip <= ROUND_TRIP_MAX {
        true => Finding::good("round trip", is, "A hit waits for one of these."),
        false => Finding::advice(
            "round trip",
            is,
            "A hit waits for one of these: a server that is nearer, or a near tier (Near::validated), makes hits faster.",
        ),
    });
    all
}
