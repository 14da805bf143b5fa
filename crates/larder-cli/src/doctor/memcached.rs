//! What memcached says about itself, judged. Pure.

use larder::MemcachedServer;
use larder_report::shown::{bytes, short, time};

use super::finding::Finding;

/// memcached's own limit if nobody says otherwise.
const ITEM_BYTES_MAX_DEFAULT: u64 = 1 << 20;

/// What there is of one server; `several` says whether it is one of a list.
pub(super) fn findings(server: &MemcachedServer, several: bool) -> Vec<Finding> {
    let stat = |name: &str| server.stats.get(name).map_or("", String::as_str);
    let setting = |name: &str| server.settings.get(name).map_or("", String::as_str);
    let number = |text: &str| text.parse::<u64>().unwrap_or(0);
    let mut all = vec![Finding::good(
        "version",
        format!("memcached {}", short(stat("version"), 20)),
        "It speaks the meta protocol, which larder needs.",
    )];
    all.push(match server.is_local {
        true => Finding::good(
            "access",
            "this machine",
            "memcached knows no passwords: whoever has an account on this machine can read and change what is cached.",
        ),
        false => Finding::unsafe_(
            "access",
            "another machine, no encryption, no password",
            "Whoever reaches the server, or listens on the way, reads and changes what is cached: be sure of the \
             network, and sign entries (authenticate, --secret).",
        ),
    });
    let item = number(setting("item_size_max"));
    all.push(match item < ITEM_BYTES_MAX_DEFAULT {
        true => Finding::advice(
            "largest entry",
            bytes(item),
            "What is larger is loaded each time and never kept: start memcached with -I 1m or more.",
        ),
        false => Finding::good(
            "largest entry",
            bytes(item),
            "What is larger is loaded each time and never kept.",
        ),
    });
    let is = format!(
        "{} of {} used",
        bytes(number(stat("bytes"))),
        bytes(number(stat("limit_maxbytes")))
    );
    all.push(match setting("evictions") {
        "off" => Finding::advice(
            "memory",
            format!("{is}, no evictions"),
            "When it is full it refuses new entries, and every read of them goes to the database: start it without -M.",
        ),
        _ => Finding::good(
            "memory",
            is,
            "When it is full it makes room; what is dropped is loaded again, and nothing old is served.",
        ),
    });
    let evicted = number(stat("evictions"));
    if evicted > 0 {
        all.push(Finding::advice(
            "evictions",
            format!("{evicted} since it started"),
            "It has had no room for all that was cached, and each of these was loaded again: give it more memory (-m).",
        ));
    }
    if !matches!(setting("memory_file"), "" | "(null)" | "NULL") {
        all.push(Finding::advice(
            "warm restarts",
            "a memory file",
            "What was kept comes back with the server, and is as good as it was: never put an older copy of the file back.",
        ));
    }
    if several {
        all.push(Finding::advice(
            "list of servers",
            "several",
            "Every process must name the same servers in the same words; one with another list neither hears nor \
             makes invalidations that count for the others.",
        ));
    }
    all.push(Finding::good(
        "round trip",
        time(server.round_trip),
        "A hit waits for one of these.",
    ));
    for finding in &mut all {
        finding.what = format!("{} {}", server.address, finding.what);
    }
    all
}
