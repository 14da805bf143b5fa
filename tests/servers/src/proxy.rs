//! A TCP proxy that does to connections what networks do.

mod fault;
mod pipe;
mod serve;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::watch;

use crate::port::free_port;
use crate::wait::until;
use fault::{Fault, Flow};

/// A TCP proxy on 127.0.0.1 that breaks its connections as told. It runs on a thread of its own.
///
/// A connection that has lost bytes is never used again: [`restore`](Proxy::restore) resets it, as
/// TCP never leaves bytes out in the middle.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    orders: Option<watch::Sender<Fault>>,
    shared: Arc<Shared>,
    serves: Option<JoinHandle<()>>,
}

/// What the connections of a proxy have in common.
#[derive(Debug)]
struct Shared {
    upstream: SocketAddr,
    /// Connections of an older epoch are reset.
    epoch: AtomicU64,
    /// The number of the last order that was carried out.
    carried_out: AtomicU64,
    accepted: AtomicU64,
    open: Mutex<BTreeSet<Connection>>,
    to_server: AtomicU64,
    to_client: AtomicU64,
    /// Bytes to pass to clients before one is flipped; zero for none.
    corrupt_in: AtomicU64,
}

/// An open connection. The oldest comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Connection {
    epoch: u64,
    number: u64,
}

impl Shared {
    fn open(&self) -> Connection {
        let connection = Connection {
            epoch: self.epoch.load(SeqCst),
            number: self.accepted.fetch_add(1, SeqCst),
        };
        self.list().insert(connection);
        connection
    }

    fn close(&self, connection: Connection) {
        self.list().remove(&connection);
    }

    fn list(&self) -> std::sync::MutexGuard<'_, BTreeSet<Connection>> {
        self.open.lock().expect("not poisoned")
    }
}

impl Proxy {
    /// A proxy before `upstream` (`127.0.0.1:port`), which passes everything on for now.
    ///
    /// # Panics
    ///
    /// If `upstream` is not an address and a port.
    pub fn start(upstream: &str) -> Proxy {
        let shared = Arc::new(Shared {
            upstream: upstream.parse().expect("an address and a port"),
            epoch: AtomicU64::new(0),
            carried_out: AtomicU64::new(0),
            accepted: AtomicU64::new(0),
            open: Mutex::default(),
            to_server: AtomicU64::new(0),
            to_client: AtomicU64::new(0),
            corrupt_in: AtomicU64::new(0),
        });
        let (orders, obeys) = watch::channel(Fault::default());
        let port = free_port();
        let serves = thread::Builder::new().name("proxy".to_owned()).spawn({
            let shared = Arc::clone(&shared);
            move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .expect("a runtime can be made");
                runtime.block_on(serve::serve(port, shared, obeys));
            }
        });
        let proxy = Proxy {
            port,
            orders: Some(orders),
            shared,
            serves: Some(serves.expect("a thread can be made")),
        };
        proxy.order(|_| {});
        proxy
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `127.0.0.1:port`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Resets every connection. New ones are treated as before.
    pub fn cut(&self) {
        self.reset(|_| {});
    }

    /// Resets every connection, and refuses new ones.
    pub fn refuse(&self) {
        self.reset(|fault| fault.refuses = true);
    }

    /// Accepts connections, and swallows what either side says.
    pub fn blackhole(&self) {
        self.order(|fault| {
            fault.to_server = Flow::Swallow;
            fault.to_client = Flow::Swallow;
        });
    }

    /// Swallows the server's replies: it still gets, and does, what it is told.
    pub fn half_open(&self) {
        self.order(|fault| fault.to_client = Flow::Swallow);
    }

    /// Holds back what either side says, loses nothing, and delivers it after
    /// [`restore`](Self::restore).
    pub fn stall(&self) {
        self.order(|fault| {
            fault.to_server = Flow::Hold;
            fault.to_client = Flow::Hold;
        });
    }

    /// Delivers everything later, each way.
    pub fn delay(&self, each_way: Duration) {
        self.order(|fault| {
            fault.to_server = Flow::Delay(each_way);
            fault.to_client = Flow::Delay(each_way);
        });
    }

    /// Delivers replies in pieces of some bytes, with a pause after each.
    pub fn drip(&self, bytes: usize, pause: Duration) {
        self.order(|fault| fault.to_client = Flow::Drip { bytes, pause });
    }

    /// Flips a bit of the `nth` byte, counted from one, of what servers answer from now on.
    pub fn corrupt(&self, nth: u64) {
        self.shared.corrupt_in.store(nth, SeqCst);
    }

    /// Whether the byte of the last [`corrupt`](Self::corrupt) has passed.
    pub fn has_corrupted(&self) -> bool {
        self.shared.corrupt_in.load(SeqCst) == 0
    }

    /// Passes everything on again. Connections that lost bytes are reset.
    pub fn restore(&self) {
        self.shared.corrupt_in.store(0, SeqCst);
        self.order(|fault| {
            *fault = Fault {
                number: fault.number,
                ..Fault::default()
            };
        });
    }

    /// How many connections were ever accepted.
    pub fn connections(&self) -> u64 {
        self.shared.accepted.load(SeqCst)
    }

    /// How many connections are open.
    pub fn connections_open(&self) -> usize {
        self.shared.list().len()
    }

    /// How many bytes were passed on to servers.
    pub fn bytes_to_server(&self) -> u64 {
        self.shared.to_server.load(SeqCst)
    }

    /// How many bytes were passed on to clients.
    pub fn bytes_to_client(&self) -> u64 {
        self.shared.to_client.load(SeqCst)
    }

    /// Gives an order, and waits until every older connection is gone.
    fn reset(&self, change: impl FnOnce(&mut Fault)) {
        let epoch = self.shared.epoch.fetch_add(1, SeqCst) + 1;
        self.order(change);
        until("the proxy has reset its connections", || {
            let oldest = self.shared.list().first().copied();
            oldest.is_none_or(|oldest| oldest.epoch >= epoch)
        });
    }

    /// Gives an order, and waits until it is carried out.
    fn order(&self, change: impl FnOnce(&mut Fault)) {
        let orders = self.orders.as_ref().expect("the proxy is not dropped");
        orders.send_modify(|fault| {
            fault.number += 1;
            change(fault);
        });
        let number = orders.borrow().number;
        until("the proxy has obeyed", || {
            self.shared.carried_out.load(SeqCst) >= number
        });
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(serves) = self.serves.take() {
            serves.join().ok();
        }
    }
}
