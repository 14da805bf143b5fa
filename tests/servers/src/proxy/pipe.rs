//! One connection through a proxy.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::watch;
use tokio::time::sleep;

use super::Shared;
use super::fault::{Fault, Flow};

/// How much is read at once.
const CHUNK_BYTES: usize = 16 << 10;
/// The bit that is flipped in a corrupted byte.
const FLIPPED: u8 = 0b0000_0100;

/// What is known of one connection.
pub(super) struct Pipe<'a> {
    pub(super) epoch: u64,
    pub(super) shared: &'a Shared,
    /// Bytes were swallowed: the connection is good for nothing once bytes pass again.
    lost: AtomicBool,
}

#[derive(Clone, Copy)]
enum Way {
    ToServer,
    ToClient,
}

impl<'a> Pipe<'a> {
    pub(super) fn new(epoch: u64, shared: &'a Shared) -> Pipe<'a> {
        Pipe {
            epoch,
            shared,
            lost: AtomicBool::new(false),
        }
    }

    /// Passes bytes both ways until a side closes or the connection is reset.
    pub(super) async fn run(
        &self,
        mut client: TcpStream,
        mut server: TcpStream,
        orders: watch::Receiver<Fault>,
    ) {
        client.set_nodelay(true).ok();
        server.set_nodelay(true).ok();
        let (client_reads, client_writes) = client.split();
        let (server_reads, server_writes) = server.split();
        let ended = tokio::select! {
            biased;
            () = self.reset(orders.clone()) => Err(io::ErrorKind::ConnectionReset.into()),
            ended = self.pass(client_reads, server_writes, Way::ToServer, orders.clone()) => ended,
            ended = self.pass(server_reads, client_writes, Way::ToClient, orders) => ended,
        };
        if ended.is_err() {
            // Both sides get a reset instead of an orderly end.
            client.set_zero_linger().ok();
            server.set_zero_linger().ok();
        }
    }

    /// Returns when the connection is to be reset.
    async fn reset(&self, mut orders: watch::Receiver<Fault>) {
        loop {
            let swallows = orders.borrow_and_update().swallows();
            let lost = self.lost.load(SeqCst) && !swallows;
            let cut = self.shared.epoch.load(SeqCst) != self.epoch;
            if lost || cut || orders.changed().await.is_err() {
                return;
            }
        }
    }

    async fn pass(
        &self,
        mut reads: ReadHalf<'_>,
        mut writes: WriteHalf<'_>,
        way: Way,
        mut orders: watch::Receiver<Fault>,
    ) -> io::Result<()> {
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            let flow = way.of(&orders.borrow_and_update());
            let length = tokio::select! {
                biased;
                _ = orders.changed() => continue,
                length = reads.read(&mut chunk), if flow != Flow::Hold => length?,
            };
            if length == 0 {
                return Ok(());
            }
            self.deliver(&mut writes, &mut chunk[..length], flow, way)
                .await?;
        }
    }

    async fn deliver(
        &self,
        writes: &mut WriteHalf<'_>,
        bytes: &mut [u8],
        flow: Flow,
        way: Way,
    ) -> io::Result<()> {
        let (piece_bytes, pause) = match flow {
            Flow::Swallow => {
                self.lost.store(true, SeqCst);
                return Ok(());
            }
            Flow::Delay(late) => {
                sleep(late).await;
                (bytes.len(), None)
            }
            Flow::Drip { bytes, pause } => (bytes.max(1), Some(pause)),
            Flow::Pass | Flow::Hold => (bytes.len(), None),
        };
        let count = match way {
            Way::ToServer => &self.shared.to_server,
            Way::ToClient => {
                corrupt(bytes, &self.shared.corrupt_in);
                &self.shared.to_client
            }
        };
        for piece in bytes.chunks(piece_bytes) {
            // Counted first: whoever has read them finds them counted.
            count.fetch_add(piece.len() as u64, SeqCst);
            writes.write_all(piece).await?;
            if let Some(pause) = pause {
                sleep(pause).await;
            }
        }
        Ok(())
    }
}

impl Way {
    fn of(self, fault: &Fault) -> Flow {
        match self {
            Way::ToServer => fault.to_server,
            Way::ToClient => fault.to_client,
        }
    }
}

/// Flips a bit if the byte that is to be corrupted is among these.
fn corrupt(bytes: &mut [u8], corrupt_in: &AtomicU64) {
    let length = bytes.len() as u64;
    match corrupt_in.load(SeqCst) {
        0 => {}
        left if left > length => corrupt_in.store(left - length, SeqCst),
        left => {
            bytes[left as usize - 1] ^= FLIPPED;
            corrupt_in.store(0, SeqCst);
        }
    }
}
