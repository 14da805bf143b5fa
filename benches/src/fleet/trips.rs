//! Counts round trips: what a client says until the server's answer reaches it is one.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, sleep_until};

/// Answers are held back for so long, so that what is asked at the same time is one trip.
const HOLD: Duration = Duration::from_millis(3);
/// What a call leaves to a task of its own has begun by then.
const QUIET: Duration = Duration::from_millis(25);
/// Calls of which the median is taken.
const CALLS: usize = 5;

/// A relay before one server.
pub(crate) struct Trips {
    address: String,
    count: Arc<AtomicU64>,
}

impl Trips {
    pub(crate) async fn before(server: &str) -> io::Result<Trips> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let trips = Trips {
            address: listener.local_addr()?.to_string(),
            count: Arc::default(),
        };
        let (count, server) = (trips.count.clone(), server.to_owned());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (count, server) = (count.clone(), server.clone());
                tokio::spawn(async move {
                    // A connection that ends is no error here.
                    let _ = relay(client, &server, &count).await;
                });
            }
        });
        Ok(trips)
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// How many trips one of these calls takes, with what it leaves to a task behind it.
    pub(crate) async fn of(&self, mut call: impl AsyncFnMut(usize)) -> f64 {
        let mut counts = Vec::with_capacity(CALLS);
        for n in 0..CALLS {
            counts.push(self.once(async || call(n).await).await);
        }
        super::turns::median(&counts)
    }

    /// How many trips this call takes.
    pub(crate) async fn once(&self, call: impl AsyncFnOnce()) -> f64 {
        let before = self.count.load(SeqCst);
        call().await;
        sleep(QUIET).await;
        (self.count.load(SeqCst) - before) as f64
    }
}

async fn relay(mut client: TcpStream, server: &str, count: &AtomicU64) -> io::Result<()> {
    let mut server = TcpStream::connect(server).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut said, mut answer) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let mut held: Vec<u8> = Vec::new();
    let mut due: Option<Instant> = None;
    let mut answered = true;
    loop {
        tokio::select! {
            read = client.read(&mut said) => {
                let read = read?;
                if read == 0 {
                    return Ok(());
                }
                if std::mem::take(&mut answered) {
                    count.fetch_add(1, SeqCst);
                }
                server.write_all(&said[..read]).await?;
            }
            read = server.read(&mut answer) => {
                let read = read?;
                if read == 0 {
                    return Ok(());
                }
                held.extend_from_slice(&answer[..read]);
                due.get_or_insert(Instant::now() + HOLD);
            }
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                client.write_all(&held).await?;
                held.clear();
                due = None;
                answered = true;
            }
        }
    }
}
