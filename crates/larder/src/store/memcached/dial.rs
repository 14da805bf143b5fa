//! How a connection to a server is opened.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::net::{TcpStream, UnixStream};

use super::super::remote::link::{Dial, Incarnation, Link};
use super::address::Address;
use super::connection::{Connection, Stream};
use super::greeting;
use super::link::{self, MemcachedLink};
use crate::error::{Error, Result};

/// How one server is reached.
pub(super) struct MemcachedDial {
    address: Address,
    shown: Arc<str>,
    incarnation: Incarnation,
    value_bytes_max: usize,
}

impl MemcachedDial {
    pub(super) fn new(
        address: Address,
        incarnation: Incarnation,
        value_bytes_max: usize,
    ) -> MemcachedDial {
        MemcachedDial {
            shown: address.to_string().into(),
            address,
            incarnation,
            value_bytes_max,
        }
    }

    async fn link(&self) -> Result<Arc<dyn Link>> {
        let mut stream = open(&self.address, &self.shown).await?;
        let greeting = greeting::greet(&self.shown, &mut *stream).await?;
        // What others may have written, with limits of their own, is still to be read.
        let connection = Connection::new(
            self.shown.clone(),
            stream,
            greeting.value_bytes_max + greeting::ITEM_OVERHEAD,
        );
        let value_bytes_max = greeting.value_bytes_max.min(self.value_bytes_max);
        MemcachedLink::new(connection, self.incarnation, value_bytes_max).map(link::shared)
    }
}

/// A connection on which nothing has been said.
pub(super) async fn open(address: &Address, shown: &str) -> Result<Box<dyn Stream>> {
    let opened: std::io::Result<Box<dyn Stream>> = match address {
        Address::Tcp { host, port } => match TcpStream::connect((host.as_str(), *port)).await {
            Ok(stream) => stream.set_nodelay(true).map(|()| Box::new(stream) as _),
            Err(error) => Err(error),
        },
        Address::Unix(path) => UnixStream::connect(path)
            .await
            .map(|stream| Box::new(stream) as _),
    };
    opened.map_err(|error| {
        Error::store(format!(
            "memcached at {shown} cannot be reached: {error}; check the address, and that it runs"
        ))
    })
}

impl Dial for MemcachedDial {
    fn address(&self) -> &str {
        &self.shown
    }

    fn dial(&self) -> BoxFuture<'_, Result<Arc<dyn Link>>> {
        self.link().boxed()
    }
}
