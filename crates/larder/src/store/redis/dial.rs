//! How a link to a server at a known address is opened.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::endpoint::Endpoint;
use super::greeting::{greet, try_transactions};
use super::link::{Overseer, RedisLink};
use super::settings::Settings;
use super::transaction::Transactions;
use super::wire::Wire;
use crate::error::{Error, Result};
use crate::store::remote::link::{Dial, Link};

/// A server at a known address.
pub(super) struct ServerDial {
    endpoint: Endpoint,
    address: String,
    settings: Arc<Settings>,
    /// Whether it should be one of a cluster.
    member: bool,
    /// Who knows whether it is the master, where it is known by them.
    overseer: Option<Overseer>,
}

impl ServerDial {
    pub(super) fn new(endpoint: Endpoint, settings: Arc<Settings>, member: bool) -> ServerDial {
        ServerDial {
            address: endpoint.to_string(),
            endpoint,
            settings,
            member,
            overseer: None,
        }
    }

    /// A master that sentinels have named: its link asks them now and then whether it still is.
    pub(super) fn overseen_by(mut self, overseer: Overseer) -> ServerDial {
        self.overseer = Some(overseer);
        self
    }

    pub(super) async fn open(&self) -> Result<Arc<RedisLink>> {
        let wire = Wire::open(&self.endpoint, &self.settings).await?;
        let greeting = greet(&wire, &self.settings).await?;
        let server = greeting.server;
        let address = &self.address;
        match (server.member, self.member) {
            (true, false) => {
                return Err(Error::config(format!(
                    "{address} is one of a cluster: name it with .cluster([…]) or redis+cluster://"
                )));
            }
            (false, true) => {
                return Err(Error::config(format!(
                    "{address} is not one of a cluster: name it with .url(\"redis://…\")"
                )));
            }
            _ => {}
        }
        if !server.master {
            return Err(Error::store(format!(
                "{address} is a replica: larder reads and writes on masters only. Name the master, \
                 or the sentinels that know it"
            )));
        }
        if !greeting.news_need.is_empty() {
            let _ = self.settings.news_need.set(greeting.news_need.join(" "));
        }
        let transactions = match greeting.scripts {
            true => None,
            false => {
                let second = Wire::open(&self.endpoint, &self.settings).await?;
                if greet(&second, &self.settings).await?.server != server {
                    return Err(Error::store(format!(
                        "{address} was another server a moment ago"
                    )));
                }
                try_transactions(&second, &self.settings).await?;
                Some(Transactions::new(second))
            }
        };
        let value_bytes_max = self.settings.value_bytes_max;
        let overseer = self.overseer.clone();
        let link = RedisLink::new(wire, server, value_bytes_max, transactions, overseer);
        Ok(Arc::new(link))
    }
}

impl Dial for ServerDial {
    fn address(&self) -> &str {
        &self.address
    }

    fn dial(&self) -> BoxFuture<'_, Result<Arc<dyn Link>>> {
        Box::pin(async {
            let link = self.open().await?;
            Ok(link as Arc<dyn Link>)
        })
    }
}
