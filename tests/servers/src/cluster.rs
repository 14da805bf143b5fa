//! A private Redis Cluster of masters.

use std::thread;

use crate::redis::Redis;
use crate::resp::Reply;
use crate::wait::until;

/// How many slots a cluster has.
const SLOTS: u16 = 16_384;

/// A private Redis Cluster: masters without replicas, each with an equal share of the slots.
#[derive(Debug)]
pub struct Cluster {
    nodes: Vec<Redis>,
}

impl Cluster {
    /// A cluster of `count` masters that is ready.
    ///
    /// # Panics
    ///
    /// If it does not come up.
    pub fn start(count: usize) -> Cluster {
        Cluster::start_with(count, &[])
    }

    /// The same, with settings of every node.
    ///
    /// # Panics
    ///
    /// If it does not come up.
    pub fn start_with(count: usize, settings: &[(&str, &str)]) -> Cluster {
        let nodes: Vec<Redis> = thread::scope(|scope| {
            let start = || Redis::builder().cluster().config(settings).start();
            let starting: Vec<_> = (0..count).map(|_| scope.spawn(start)).collect();
            let started = starting.into_iter().map(|node| node.join());
            started
                .map(|node| node.expect("a node of a cluster starts"))
                .collect()
        });
        let cluster = Cluster { nodes };
        cluster.join();
        cluster
    }

    fn join(&self) {
        let count = self.nodes.len();
        for (index, node) in self.nodes.iter().enumerate() {
            let epoch = (index + 1).to_string();
            node.ask(&["CLUSTER", "SET-CONFIG-EPOCH", &epoch]).ok();
            let first = usize::from(SLOTS) * index / count;
            let last = usize::from(SLOTS) * (index + 1) / count - 1;
            let (first, last) = (first.to_string(), last.to_string());
            node.ask(&["CLUSTER", "ADDSLOTSRANGE", &first, &last]).ok();
        }
        for node in &self.nodes[1..] {
            let (port, bus) = (node.port().to_string(), bus_port(node));
            self.nodes[0]
                .ask(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus])
                .ok();
        }
        until("every node of a cluster knows every slot", || {
            self.nodes.iter().all(|node| {
                let info = node.ask(&["CLUSTER", "INFO"]).text();
                info.contains("cluster_state:ok")
                    && info.contains(&format!("cluster_known_nodes:{count}"))
                    && node.ask(&["CLUSTER", "SLOTS"]).list().len() == count
            })
        });
    }

    /// The nodes.
    pub fn nodes(&self) -> &[Redis] {
        &self.nodes
    }

    /// `host:port` of every node.
    pub fn addresses(&self) -> Vec<String> {
        self.nodes.iter().map(Redis::address).collect()
    }

    /// `redis+cluster://host:port,host:port,…`
    pub fn url(&self) -> String {
        format!("redis+cluster://{}", self.addresses().join(","))
    }

    /// The slot of a name.
    ///
    /// # Panics
    ///
    /// If the first node does not answer.
    pub fn slot(&self, name: &str) -> u16 {
        let slot = self.nodes[0].ask(&["CLUSTER", "KEYSLOT", name]).integer();
        u16::try_from(slot).expect("a slot's number is small")
    }

    /// Which node has a slot, by its index; none if it is uncovered.
    ///
    /// # Panics
    ///
    /// If a node does not answer.
    pub fn owner(&self, slot: u16) -> Option<usize> {
        let slot = i64::from(slot);
        let has = |node: &Redis| {
            let ranges = node.ask(&["CLUSTER", "SLOTS"]).list();
            let owners = ranges
                .into_iter()
                .map(Reply::list)
                .find(|range| (range[0].integer()..=range[1].integer()).contains(&slot));
            let owner = owners.map(|range| range[2].clone().list()[1].integer());
            owner == Some(i64::from(node.port()))
        };
        self.nodes.iter().position(has)
    }

    /// Takes a slot away from the cluster: nobody has it. By default a cluster with a hole refuses
    /// everything (`cluster-require-full-coverage`).
    ///
    /// # Panics
    ///
    /// If a node refuses.
    pub fn uncover_slot(&self, slot: u16) {
        for node in &self.nodes {
            node.ask(&["CLUSTER", "DELSLOTS", &slot.to_string()]).ok();
        }
        until("a slot is uncovered", || self.owner(slot).is_none());
    }

    /// Begins to move a slot: names that are there are still answered by the old node, others with
    /// ASK.
    ///
    /// # Panics
    ///
    /// If a node refuses.
    pub fn begin_to_move_slot(&self, slot: u16, to: usize) {
        let from = self.owner(slot).expect("somebody has the slot");
        let (number, old, new) = (slot.to_string(), self.id(from), self.id(to));
        self.nodes[to]
            .ask(&["CLUSTER", "SETSLOT", &number, "IMPORTING", &old])
            .ok();
        self.nodes[from]
            .ask(&["CLUSTER", "SETSLOT", &number, "MIGRATING", &new])
            .ok();
    }

    /// Moves a slot with all that is in it.
    ///
    /// # Panics
    ///
    /// If a node refuses.
    pub fn move_slot(&self, slot: u16, to: usize) {
        let from = self.owner(slot).expect("somebody has the slot");
        if from == to {
            return;
        }
        self.begin_to_move_slot(slot, to);
        let (number, port) = (slot.to_string(), self.nodes[to].port().to_string());
        loop {
            let names = self.nodes[from].ask(&["CLUSTER", "GETKEYSINSLOT", &number, "100"]);
            let names: Vec<String> = names.list().iter().map(Reply::text).collect();
            if names.is_empty() {
                break;
            }
            let mut migrate = vec!["MIGRATE", "127.0.0.1", &port, "", "0", "10000", "KEYS"];
            migrate.extend(names.iter().map(String::as_str));
            self.nodes[from].ask(&migrate).ok();
        }
        let new = self.id(to);
        let set = |node: &Redis| node.ask(&["CLUSTER", "SETSLOT", &number, "NODE", &new]);
        set(&self.nodes[to]).ok();
        set(&self.nodes[from]).ok();
        for (index, node) in self.nodes.iter().enumerate() {
            if index != from && index != to {
                set(node).ok();
            }
        }
        until("a slot has moved", || self.owner(slot) == Some(to));
    }

    fn id(&self, node: usize) -> String {
        self.nodes[node].ask(&["CLUSTER", "MYID"]).text()
    }
}

fn bus_port(node: &Redis) -> String {
    let setting = node.ask(&["CONFIG", "GET", "cluster-port"]).list();
    setting[1].text()
}
