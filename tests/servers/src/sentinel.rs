//! A private pair of master and replica under a sentinel.

use crate::redis::Redis;
use crate::resp::Reply;
use crate::wait::until;

/// The user by which the replica listens to the master.
const REPLICA: &str = "replica";

/// The user by which the cut-off sentinel looks at the master: it may see that the master lives, and
/// nothing of replicas or other sentinels.
const CUT_OFF_LOGIN: &str = "larder cutoff";

/// A master, a replica and a sentinel that promotes the replica when the master is gone.
#[derive(Debug)]
pub struct Sentinel {
    sentinel: Redis,
    /// Further ones: see [`Sentinel::of_three`].
    others: Vec<Redis>,
    master: Redis,
    replica: Redis,
}

impl Sentinel {
    /// The name under which the sentinel knows the master.
    pub const NAME: &'static str = "larder";

    /// Starts them, and waits until the replica is in step and the sentinel knows of it.
    ///
    /// # Panics
    ///
    /// If they do not come up.
    pub fn start() -> Sentinel {
        let node = || {
            Redis::builder()
                .config(&[
                    ("user", "replica on >replica +psync +replconf +ping"),
                    ("user", "cutoff on >cutoff +ping +client"),
                    ("masteruser", REPLICA),
                    ("masterauth", REPLICA),
                ])
                .start()
        };
        let (master, replica) = (node(), node());
        replica.replicate(&master.address());
        let pair = Sentinel {
            sentinel: watch(&master, 1, &[]),
            others: Vec::new(),
            master,
            replica,
        };
        until("the sentinel knows the replica", || {
            let replicas = pair.sentinel.ask(&["SENTINEL", "REPLICAS", Self::NAME]);
            replicas.list().into_iter().any(|replica| {
                let fields: Vec<String> = replica.list().iter().map(Reply::text).collect();
                let says = |name: &str, value: &str| {
                    fields
                        .chunks(2)
                        .any(|pair| pair[0] == name && pair[1] == value)
                };
                says("flags", "slave") && says("master-link-status", "ok")
            })
        });
        pair
    }

    /// As [`start`](Sentinel::start), with three sentinels: the first and the second have to agree, and
    /// the third is cut off from them and from the replica. It goes on naming the first master
    /// whatever they decide, as one on the wrong side of a partition does.
    ///
    /// # Panics
    ///
    /// If they do not come up.
    pub fn of_three() -> Sentinel {
        let mut pair = Sentinel::start();
        let second = watch(&pair.master, 2, &[]);
        pair.sentinel
            .ask(&["SENTINEL", "SET", Self::NAME, "quorum", "2"])
            .ok();
        let login = [
            ("sentinel auth-user", CUT_OFF_LOGIN),
            ("sentinel auth-pass", CUT_OFF_LOGIN),
        ];
        let third = watch(&pair.master, 3, &login);
        until("two sentinels know each other", || {
            [&pair.sentinel, &second].iter().all(|sentinel| {
                let known = sentinel.ask(&["SENTINEL", "SENTINELS", Self::NAME]);
                known.list().len() == 1
            })
        });
        pair.others = vec![second, third];
        pair
    }

    /// The addresses of all sentinels; the one that is cut off is the last of three.
    pub fn addresses(&self) -> Vec<String> {
        let all = std::iter::once(&self.sentinel).chain(&self.others);
        all.map(Redis::address).collect()
    }

    /// The sentinel; the first of three.
    pub fn sentinel(&self) -> &Redis {
        &self.sentinel
    }

    /// The first master.
    pub fn master(&self) -> &Redis {
        &self.master
    }

    /// The first replica.
    pub fn replica(&self) -> &Redis {
        &self.replica
    }

    /// `redis+sentinel://host:port/name`
    pub fn url(&self) -> String {
        format!(
            "redis+sentinel://{}/{}",
            self.sentinel.address(),
            Self::NAME
        )
    }

    /// Waits until the replica has all that the master has acknowledged.
    ///
    /// # Panics
    ///
    /// If it does not get there.
    pub fn catch_up(&self) {
        until("the replica has caught up", || {
            let offset = |server: &Redis| server.info("master_repl_offset");
            offset(&self.master) == offset(&self.replica)
        });
    }

    /// Cuts the replica off: what the master acknowledges from now on is lost with it. The sentinel
    /// promotes a replica only within some ten seconds of its last contact with the master.
    ///
    /// The master does it, by refusing the replica's user: a proxy between them would not last, as
    /// a sentinel tells a replica that listens to another address where the master is.
    ///
    /// # Panics
    ///
    /// If the link does not end.
    pub fn lag(&self) {
        self.catch_up();
        self.master.ask(&["ACL", "SETUSER", REPLICA, "off"]).ok();
        self.master.ask(&["CLIENT", "KILL", "TYPE", "replica"]).ok();
        until("the replica is cut off", || {
            self.replica.info("master_link_status") == "down"
                && self.master.info("connected_slaves") == "0"
        });
    }

    /// Kills the master, and waits until the sentinel has promoted the replica.
    ///
    /// # Panics
    ///
    /// If it does not.
    pub fn fail_over(&self) {
        self.master.kill();
        self.wait_until_promoted();
    }

    /// Has the sentinel promote the replica while the old master lives and still takes writes for a
    /// while.
    ///
    /// # Panics
    ///
    /// If it does not.
    pub fn fail_over_from_the_living(&self) {
        self.sentinel
            .ask(&["SENTINEL", "FAILOVER", Self::NAME])
            .ok();
        self.wait_until_promoted();
    }

    /// Stops the master with SIGSTOP until the sentinel has promoted the replica. It still stands when
    /// this returns; [`resume`](Redis::resume) lets it go on as if nothing had happened, with all its
    /// connections.
    ///
    /// # Panics
    ///
    /// If the replica is not promoted.
    pub fn fail_over_from_the_paused(&self) {
        self.master.pause();
        self.wait_until_promoted();
    }

    fn wait_until_promoted(&self) {
        let port = self.replica.port().to_string();
        until("the replica is promoted", || {
            let address = self
                .sentinel
                .ask(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", Self::NAME]);
            address.list()[1].text() == port && self.replica.info("role") == "master"
        });
    }
}

/// A sentinel for this master, by which so many have to agree that it is gone.
fn watch(master: &Redis, quorum: usize, login: &[(&str, &str)]) -> Redis {
    let watched = format!("{} 127.0.0.1 {} {quorum}", Sentinel::NAME, master.port());
    Redis::builder()
        .sentinel()
        .config(&[
            ("sentinel monitor", &watched),
            ("sentinel down-after-milliseconds", "larder 1000"),
            ("sentinel failover-timeout", "larder 5000"),
        ])
        .config(login)
        .start()
}
