//! One connection, owned by one task.
//!
//! Callers hand the task a batch of commands and wait for its replies. The task writes batches in
//! the order in which they came and reads replies in the same order, both at once, so that neither
//! side ever waits for the other to empty its buffers. It is the only one that touches the socket:
//! a caller that goes away leaves its replies to the task, which reads and drops them.
//!
//! What can go wrong breaks the connection for all, for ever: a reply that is not the one expected,
//! the end of the stream, an error of the socket. Nothing is ever skipped to find the next reply.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;

use super::wire::{Arrival, Astray, Batch, Expected, Reply};
use crate::error::{Error, Result};

/// So many batches may wait for the task; whoever comes then waits to hand his over.
const BATCHES_WAITING_MAX: usize = 1024;

/// So many batches are taken over at once.
const BATCHES_AT_ONCE: usize = 64;

/// While so many bytes wait to be written, no further batch is taken over.
const UNSENT_BYTES_MAX: usize = 256 << 10;

/// So much room there is at least for what is read next.
const READ_BYTES: usize = 16 << 10;

/// A buffer that has grown beyond this is given back when it is empty.
const BUFFER_BYTES_KEPT: usize = 256 << 10;

/// What a connection is made over.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> Stream for S {}

/// The callers' end of a connection. Dropping it ends the connection.
pub(super) struct Connection {
    address: Arc<str>,
    batches: mpsc::Sender<Waiting>,
    broken: Arc<OnceLock<Error>>,
    task: AbortHandle,
}

/// A batch on its way, and who waits for its replies.
struct Waiting {
    batch: Batch,
    replies: Vec<Reply>,
    tell: oneshot::Sender<Vec<Reply>>,
}

impl Connection {
    /// Takes over a stream on which nothing is under way. Values of more than `value_bytes_max`
    /// bytes are not believed.
    pub(super) fn new(
        address: Arc<str>,
        stream: Box<dyn Stream>,
        value_bytes_max: usize,
    ) -> Connection {
        let (batches, mut waiting) = mpsc::channel(BATCHES_WAITING_MAX);
        let broken = Arc::new(OnceLock::new());
        let mut task = Task {
            value_bytes_max,
            unread: Unread::default(),
            unsent: Vec::new(),
            sent: 0,
            asked: VecDeque::new(),
        };
        let (end, place) = (broken.clone(), address.clone());
        let task = tokio::spawn(async move {
            if let Err(why) = task.run(stream, &mut waiting).await {
                let _ = end.set(why.error(&place));
            }
            // Only now do the callers notice that it has ended: their channels are dropped with
            // `task` and `waiting`, when the reason can be read.
        });
        Connection {
            address,
            batches,
            broken,
            task: task.abort_handle(),
        }
    }

    /// Sends a batch and gives the replies, one for each command.
    ///
    /// # Cancel safety
    ///
    /// The commands are carried out or not; their replies are dropped.
    pub(super) async fn exchange(&self, batch: Batch) -> Result<Vec<Reply>> {
        if batch.expected.is_empty() {
            return Ok(Vec::new());
        }
        let (tell, told) = oneshot::channel();
        let replies = Vec::with_capacity(batch.expected.len());
        let waiting = Waiting {
            batch,
            replies,
            tell,
        };
        if self.batches.send(waiting).await.is_err() {
            return Err(self.why());
        }
        told.await.map_err(|_| self.why())
    }

    fn why(&self) -> Error {
        let known = self.broken.get().cloned();
        known.unwrap_or_else(|| End::Dropped.error(&self.address))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // A server that reads nothing would keep the task waiting.
        self.task.abort();
    }
}

/// Why a connection ended.
enum End {
    Closed,
    Failed(std::io::Error),
    Astray(Astray),
    Unasked,
    Dropped,
}

impl End {
    fn error(&self, address: &str) -> Error {
        let what = match self {
            End::Closed => "closed the connection".into(),
            End::Failed(error) => format!("is lost: {error}"),
            End::Astray(Astray::Crossed) => {
                "gave a reply to another command: the connection was dropped".into()
            }
            End::Astray(Astray::Garbled) | End::Unasked => {
                "does not speak memcached's meta protocol properly: the connection was dropped"
                    .into()
            }
            End::Astray(Astray::NotUnderstood) => {
                "did not understand a command: the connection was dropped".into()
            }
            End::Dropped => "was given up with its runtime".to_string(),
        };
        Error::store(format!("memcached at {address} {what}"))
    }
}

struct Task {
    value_bytes_max: usize,
    unread: Unread,
    /// Bytes to be written, of which `sent` are.
    unsent: Vec<u8>,
    sent: usize,
    /// Batches without all their replies, the oldest first.
    asked: VecDeque<Waiting>,
}

impl Task {
    /// Until the callers' end is dropped, or something goes wrong.
    async fn run(
        &mut self,
        stream: Box<dyn Stream>,
        waiting: &mut mpsc::Receiver<Waiting>,
    ) -> Result<(), End> {
        let (mut reader, mut writer) = tokio::io::split(stream);
        let mut taken = Vec::with_capacity(BATCHES_AT_ONCE);
        loop {
            let unsent = self.unsent.len() - self.sent;
            let room = self.unread.room();
            // Each of the three may be dropped when another is ready, and has done nothing then.
            tokio::select! {
                biased;
                read = reader.read_buf(room) => {
                    if read.map_err(End::Failed)? == 0 {
                        return Err(End::Closed);
                    }
                    self.read()?;
                }
                written = writer.write(&self.unsent[self.sent..]), if unsent > 0 => {
                    match written.map_err(End::Failed)? {
                        0 => return Err(End::Closed),
                        bytes => self.written(bytes),
                    }
                }
                count = waiting.recv_many(&mut taken, BATCHES_AT_ONCE),
                    if unsent < UNSENT_BYTES_MAX =>
                {
                    if count == 0 {
                        return Ok(());
                    }
                    taken.drain(..).for_each(|waiting| self.ask(waiting));
                }
            }
        }
    }

    fn ask(&mut self, mut waiting: Waiting) {
        if waiting.tell.is_closed() {
            return;
        }
        let bytes = std::mem::take(&mut waiting.batch.bytes);
        match self.unsent.is_empty() {
            true => self.unsent = bytes,
            false => self.unsent.extend_from_slice(&bytes),
        }
        self.asked.push_back(waiting);
    }

    fn written(&mut self, bytes: usize) {
        self.sent += bytes;
        if self.sent == self.unsent.len() {
            self.sent = 0;
            self.unsent.clear();
            if self.unsent.capacity() > BUFFER_BYTES_KEPT {
                self.unsent = Vec::new();
            }
        }
    }

    /// Takes every whole reply out of what was read.
    fn read(&mut self) -> Result<(), End> {
        while !self.unread.bytes().is_empty() {
            let Some(oldest) = self.asked.front_mut() else {
                return Err(End::Unasked);
            };
            let wanted = !oldest.tell.is_closed();
            let expected: &Expected = &oldest.batch.expected[oldest.replies.len()];
            let arrival = expected.read(self.unread.bytes(), self.value_bytes_max, wanted);
            match arrival.map_err(End::Astray)? {
                Arrival::Partly { more } => {
                    self.unread.more = more;
                    return Ok(());
                }
                Arrival::Wholly { reply, bytes } => {
                    self.unread.skip(bytes);
                    oldest.replies.push(reply);
                }
            }
            if oldest.replies.len() == oldest.batch.expected.len() {
                let done = self.asked.pop_front().expect("it is the oldest");
                // Who has gone away needs no answer.
                let _ = done.tell.send(done.replies);
            }
        }
        Ok(())
    }
}

/// What was read and is not yet a whole reply.
#[derive(Default)]
struct Unread {
    buffer: Vec<u8>,
    /// So many bytes of the buffer belong to replies that were taken out.
    skipped: usize,
    /// So many bytes are known to come.
    more: usize,
}

impl Unread {
    fn bytes(&self) -> &[u8] {
        &self.buffer[self.skipped..]
    }

    fn skip(&mut self, bytes: usize) {
        self.skipped += bytes;
        self.more = 0;
        if self.skipped == self.buffer.len() {
            self.skipped = 0;
            self.buffer.clear();
            if self.buffer.capacity() > BUFFER_BYTES_KEPT {
                self.buffer = Vec::new();
            }
        }
    }

    /// The buffer, with room at its end.
    fn room(&mut self) -> &mut Vec<u8> {
        if self.buffer.capacity() - self.buffer.len() < self.more.max(READ_BYTES / 4) {
            self.buffer.drain(..self.skipped);
            self.skipped = 0;
            self.buffer.reserve(self.more.max(READ_BYTES));
        }
        &mut self.buffer
    }
}
