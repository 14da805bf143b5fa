//! Which server keeps which name: a fixed ring.
//!
//! Rendezvous hashing, also called highest random weight (D. Thaler and C. Ravishankar, "Using
//! name-based mappings to increase hit rates", IEEE/ACM Transactions on Networking 6(1), 1998):
//! every server has a weight for every route, and the heaviest keeps it. The weight is a hash of
//! the server's address and the route; so the order in which servers are named does not matter, a
//! server that is added takes its share from all others alike, and nothing needs to be agreed on
//! but the list itself.
//!
//! A server that does not answer keeps its names: they bypass the cache until it is back. If they
//! moved to another server meanwhile, versions bumped there would be unknown here when it returns.
//!
//! Two processes with different lists would look for one tag on two servers, so that a bump by one
//! is not seen by the other while both run. All versions written under one list are worth nothing
//! under another: [`Ring::incarnation`] tells lists apart.

use std::sync::Arc;

use super::super::remote::link::Incarnation;
use super::super::remote::name::Name;
use super::super::remote::node::Node;
use super::super::remote::topology::Topology;
use super::address::Address;
use crate::error::{Error, Result};

/// The servers of a store, fixed for its life.
pub(super) struct Ring {
    /// Weights before the route is mixed in, by server.
    seeds: Vec<u64>,
    nodes: Vec<Arc<Node>>,
}

impl Ring {
    pub(super) fn new(servers: impl IntoIterator<Item = (Address, Arc<Node>)>) -> Ring {
        let (seeds, nodes) = servers
            .into_iter()
            .map(|(address, node)| (seed(&address), node))
            .unzip();
        Ring { seeds, nodes }
    }

    /// Puts a list of servers into the one order, and refuses one that cannot be meant.
    pub(super) fn ordered(mut servers: Vec<Address>) -> Result<Vec<Address>> {
        servers.sort();
        if servers.is_empty() {
            return Err(Error::config(
                "no memcached server is named: give one at least",
            ));
        }
        if let Some(pair) = servers.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(Error::config(format!(
                "the memcached server {} is named twice: name each once",
                pair[0]
            )));
        }
        Ok(servers)
    }

    /// The life of every server of this list.
    ///
    /// memcached forgets versions together with all else when it restarts, so that a restart needs
    /// no new life. What a single server keeps cannot be on the wrong one, whatever it is called.
    pub(super) fn incarnation(servers: &[Address]) -> Incarnation {
        let mut hasher = blake3::Hasher::new_derive_key("larder 1 memcached ring");
        if servers.len() > 1 {
            for server in servers {
                let text = server.to_string();
                hasher.update(&(text.len() as u64).to_le_bytes());
                hasher.update(text.as_bytes());
            }
        }
        let (life, _) = hasher
            .finalize()
            .as_bytes()
            .split_first_chunk()
            .map_or(([0; 16], ()), |(life, _)| (*life, ()));
        Incarnation(life)
    }

    fn place(&self, route: &str) -> usize {
        place(&self.seeds, route)
    }
}

fn place(seeds: &[u64], route: &str) -> usize {
    if seeds.len() == 1 {
        return 0;
    }
    let route = digest(route.as_bytes());
    let heaviest = seeds
        .iter()
        .enumerate()
        .max_by_key(|(_, seed)| mix(**seed ^ route));
    heaviest.expect("a ring has a server").0
}

fn seed(address: &Address) -> u64 {
    digest(address.to_string().as_bytes())
}

fn digest(bytes: &[u8]) -> u64 {
    let hash = blake3::hash(bytes);
    u64::from_le_bytes(*hash.as_bytes().first_chunk().expect("32 bytes"))
}

/// The finalizer of SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number
/// generators", OOPSLA 2014): every bit of the input moves every bit of the output.
fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

impl Topology for Ring {
    fn node(&self, name: &Name) -> Result<Arc<Node>> {
        Ok(self.nodes[self.place(name.route())].clone())
    }

    fn nodes(&self) -> Vec<Arc<Node>> {
        self.nodes.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seeds(ports: &[u16]) -> Vec<u64> {
        let address = |port: &u16| Address::parse(&format!("cache:{port}")).expect("an address");
        ports
            .iter()
            .map(address)
            .map(|address| seed(&address))
            .collect()
    }

    /// The port of the server that keeps each of many routes.
    fn places(ports: &[u16]) -> Vec<u16> {
        let seeds = seeds(ports);
        let routes = (0..4000).map(|n| format!("route{n}"));
        routes.map(|route| ports[place(&seeds, &route)]).collect()
    }

    #[test]
    fn the_order_in_which_servers_are_named_does_not_matter() {
        assert_eq!(places(&[1, 2, 3]), places(&[3, 1, 2]));
    }

    #[test]
    fn every_server_keeps_its_share() {
        for port in [1, 2, 3, 4] {
            let share = places(&[1, 2, 3, 4]).iter().filter(|p| **p == port).count();
            assert!((850..1150).contains(&share), "{port} keeps {share} of 4000");
        }
    }

    #[test]
    fn a_server_that_is_added_takes_from_the_others_and_moves_nothing_else() {
        let moved = |(before, after): (u16, u16)| before != after;
        let pairs = || places(&[1, 2, 3]).into_iter().zip(places(&[1, 2, 3, 4]));
        assert!(
            pairs()
                .filter(|pair| moved(*pair))
                .all(|(_, after)| after == 4)
        );
        let share = pairs().filter(|pair| moved(*pair)).count();
        assert!((850..1150).contains(&share), "{share} of 4000 moved");
    }

    #[test]
    fn places_are_the_same_for_ever() {
        // A release that moved names would leave versions behind that older processes still bump.
        let first: Vec<u16> = places(&[1, 2, 3]).into_iter().take(12).collect();
        assert_eq!(first, [1, 1, 2, 1, 3, 3, 3, 1, 1, 3, 1, 1]);
    }

    fn life(servers: &[&str]) -> Incarnation {
        let servers = servers
            .iter()
            .map(|text| Address::parse(text).expect("an address"));
        Ring::incarnation(&Ring::ordered(servers.collect()).expect("a list"))
    }

    #[test]
    fn another_list_of_servers_is_another_life() {
        assert_eq!(life(&["a:1", "b:1"]), life(&["b:1", "a:1"]));
        assert_ne!(life(&["a:1", "b:1"]), life(&["a:1", "b:1", "c:1"]));
        assert_ne!(life(&["a:1", "b:1"]), life(&["a:1"]));
        assert_eq!(life(&["localhost:1"]), life(&["127.0.0.1:1"]));
    }

    #[test]
    fn a_list_that_cannot_be_meant_is_refused() {
        assert!(
            Ring::ordered(Vec::new())
                .expect_err("no server")
                .is_config()
        );
        let twice = vec![Address::parse("a").expect("an address"); 2];
        assert!(Ring::ordered(twice).expect_err("twice").is_config());
    }
}
