//! The first words on a new connection: who answers, and whether it can do what is needed.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::connection::Stream;
use crate::error::{Error, Result};

/// The first memcached whose meta protocol is declared stable. What decides is whether a server
/// answers the questions as [`PROBE`] says.
const VERSION_MIN: &str = "1.6.10";

/// So many bytes the answers have at most.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// What a value may have besides its bytes on the server: the item's header and its name.
pub(super) const ITEM_OVERHEAD: usize = 512;

/// The largest item of a server that does not tell: memcached's own default.
const ITEM_BYTES_MAX_DEFAULT: usize = 1 << 20;

/// Everything that is asked. The probe writes two bytes and deletes them, and needs what all else
/// needs: the name and a number in every reply, also in one that tells of nothing, and a cas.
const QUESTIONS: &str = "version\r\n\
    stats settings\r\n\
    ms larder:hello 2 T9 MS c k O1\r\nok\r\n\
    mg larder:nobody v c k O2\r\n\
    md larder:hello k O3\r\n";

/// What the probe is answered: one of these codes, with all of these words. Another process that
/// greets at the same time may have deleted first.
const PROBE: [(&[&str], &[&str]); 3] = [
    (&["HD"], &["klarder:hello", "O1"]),
    (&["EN"], &["klarder:nobody", "O2"]),
    (&["HD", "NF"], &["klarder:hello", "O3"]),
];

/// What a server has said of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Greeting {
    /// How many bytes a value may have.
    pub(super) value_bytes_max: usize,
}

/// Asks a server who it is.
///
/// # Errors
///
/// [`is_config`](Error::is_config) if something answers that cannot keep entries;
/// [`is_store`](Error::is_store) if nothing does.
pub(super) async fn greet(address: &str, stream: &mut dyn Stream) -> Result<Greeting> {
    let lost = |error: std::io::Error| {
        Error::store(format!(
            "memcached at {address} is lost while it greets: {error}"
        ))
    };
    stream.write_all(QUESTIONS.as_bytes()).await.map_err(lost)?;
    let mut answers = Answers::new(address, stream);
    let line = answers.line().await?;
    let Some(version) = line.strip_prefix("VERSION ") else {
        return Err(no_memcached(address, &line));
    };
    let version = shown(version);
    let mut greeting = Greeting {
        value_bytes_max: ITEM_BYTES_MAX_DEFAULT.saturating_sub(ITEM_OVERHEAD),
    };
    loop {
        let line = answers.line().await?;
        let mut words = line.split(' ');
        match (words.next(), words.next(), words.next()) {
            (Some("STAT"), Some("item_size_max"), Some(bytes)) => {
                if let Ok(bytes) = bytes.parse::<usize>() {
                    greeting.value_bytes_max = bytes.saturating_sub(ITEM_OVERHEAD);
                }
            }
            (Some("STAT"), Some("cas_enabled"), Some("no")) => {
                return Err(Error::config(format!(
                    "memcached at {address} was started with cas disabled, and nothing can be \
                     written safely without: start it without -C"
                )));
            }
            (Some("STAT"), ..) => {}
            // A server that does not tell its settings has told nothing: the default holds.
            _ => break,
        }
    }
    for (codes, told) in PROBE {
        let line = answers.line().await?;
        let mut words = line.split(' ');
        let first = words.next();
        // A server that is full is still one that understands.
        if first == Some("SERVER_ERROR") {
            continue;
        }
        let words: Vec<_> = words.collect();
        let understood = first.is_some_and(|first| codes.contains(&first));
        if !understood || !told.iter().all(|word| words.contains(word)) {
            return Err(Error::config(format!(
                "memcached at {address} is {version}, which does not speak the meta protocol as \
                 it is needed: use memcached {VERSION_MIN} or later"
            )));
        }
    }
    answers.end()?;
    Ok(greeting)
}

fn no_memcached(address: &str, line: &str) -> Error {
    if line.contains("unauthenticated") || line.contains("auth") {
        return Error::config(format!(
            "memcached at {address} asks for a password, which is not supported: start it without \
             --auth-file and let only trusted machines reach it"
        ));
    }
    if line.contains("Too many open connections") {
        return Error::store(format!(
            "memcached at {address} takes no more connections: raise its limit with -c"
        ));
    }
    Error::config(format!(
        "what answers at {address} is no memcached: check host and port"
    ))
}

/// A few printable characters of what a server says.
fn shown(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_ascii_graphic())
        .take(32)
        .collect()
}

/// Lines that a server answers with.
pub(super) struct Answers<'a> {
    address: &'a str,
    stream: &'a mut dyn Stream,
    buffer: Vec<u8>,
    /// So many bytes of the buffer were taken as lines.
    read: usize,
}

impl<'a> Answers<'a> {
    pub(super) fn new(address: &'a str, stream: &'a mut dyn Stream) -> Answers<'a> {
        Answers {
            address,
            stream,
            buffer: Vec::new(),
            read: 0,
        }
    }

    pub(super) async fn line(&mut self) -> Result<String> {
        loop {
            let unread = &self.buffer[self.read..];
            if let Some(end) = unread.iter().position(|byte| *byte == b'\n') {
                let line = unread[..end].strip_suffix(b"\r").unwrap_or(&unread[..end]);
                let line = String::from_utf8_lossy(line).into_owned();
                self.read += end + 1;
                return Ok(line);
            }
            if self.buffer.len() > ANSWER_BYTES_MAX {
                return Err(no_memcached(self.address, ""));
            }
            match self.stream.read_buf(&mut self.buffer).await {
                Ok(0) => {
                    return Err(Error::store(format!(
                        "what answers at {} closed the connection at once: check that it is a \
                         memcached that takes connections",
                        self.address
                    )));
                }
                Ok(_) => {}
                Err(error) => {
                    return Err(Error::store(format!(
                        "memcached at {} is lost while it greets: {error}",
                        self.address
                    )));
                }
            }
        }
    }

    /// Nothing more may have come.
    fn end(&self) -> Result<()> {
        match self.read == self.buffer.len() {
            true => Ok(()),
            false => Err(no_memcached(self.address, "")),
        }
    }
}
