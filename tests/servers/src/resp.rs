//! As much of the Redis protocol as a test needs to look into a server.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// How long one answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// What a Redis server answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// A status, such as `OK`.
    Status(String),
    /// An error.
    Error(String),
    /// A number.
    Integer(i64),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Nothing.
    Nil,
    /// Several answers.
    List(Vec<Reply>),
}

impl Reply {
    /// The text of a status or of bytes.
    ///
    /// # Panics
    ///
    /// If it is something else.
    #[track_caller]
    pub fn text(&self) -> String {
        match self {
            Reply::Status(text) => text.clone(),
            Reply::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            other => panic!("a text was expected, the server said {other:?}"),
        }
    }

    /// The bytes, if it is not nil.
    ///
    /// # Panics
    ///
    /// If it is something else.
    #[track_caller]
    pub fn bytes(self) -> Option<Vec<u8>> {
        match self {
            Reply::Bytes(bytes) => Some(bytes),
            Reply::Nil => None,
            other => panic!("bytes were expected, the server said {other:?}"),
        }
    }

    /// The number.
    ///
    /// # Panics
    ///
    /// If it is something else.
    #[track_caller]
    pub fn integer(&self) -> i64 {
        match self {
            Reply::Integer(number) => *number,
            other => panic!("a number was expected, the server said {other:?}"),
        }
    }

    /// The answers of a list.
    ///
    /// # Panics
    ///
    /// If it is something else.
    #[track_caller]
    pub fn list(self) -> Vec<Reply> {
        match self {
            Reply::List(answers) => answers,
            other => panic!("a list was expected, the server said {other:?}"),
        }
    }

    /// Itself, unless it is an error.
    ///
    /// # Panics
    ///
    /// With the error's text.
    #[track_caller]
    pub fn ok(self) -> Reply {
        match self {
            Reply::Error(error) => panic!("the server refused: {error}"),
            reply => reply,
        }
    }
}

/// A connection to a server's unix socket.
pub(crate) struct Wire {
    stream: BufReader<UnixStream>,
}

impl Wire {
    pub(crate) fn connect(socket: &Path) -> io::Result<Wire> {
        let stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(ANSWER_WITHIN))?;
        Ok(Wire {
            stream: BufReader::new(stream),
        })
    }

    pub(crate) fn ask<W: AsRef<[u8]>>(&mut self, words: &[W]) -> io::Result<Reply> {
        let mut command = format!("*{}\r\n", words.len()).into_bytes();
        for word in words {
            let word = word.as_ref();
            command.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
            command.extend_from_slice(word);
            command.extend_from_slice(b"\r\n");
        }
        self.stream.get_mut().write_all(&command)?;
        self.reply()
    }

    /// The next line, without its end.
    pub(crate) fn line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        self.stream.read_until(b'\n', &mut line)?;
        if !line.ends_with(b"\r\n") {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        line.truncate(line.len() - 2);
        Ok(String::from_utf8_lossy(&line).into_owned())
    }

    fn reply(&mut self) -> io::Result<Reply> {
        let line = self.line()?;
        let invalid = || io::Error::new(io::ErrorKind::InvalidData, line.clone());
        let rest = line.get(1..).ok_or_else(invalid)?;
        let number = || rest.parse::<i64>().map_err(|_| invalid());
        Ok(match line.as_bytes()[0] {
            b'+' => Reply::Status(rest.to_owned()),
            b'-' => Reply::Error(rest.to_owned()),
            b':' => Reply::Integer(number()?),
            b'$' => match usize::try_from(number()?) {
                Ok(length) => Reply::Bytes(self.bytes(length)?),
                Err(_) => Reply::Nil,
            },
            b'*' => match usize::try_from(number()?) {
                Ok(count) => {
                    Reply::List((0..count).map(|_| self.reply()).collect::<Result<_, _>>()?)
                }
                Err(_) => Reply::Nil,
            },
            _ => return Err(invalid()),
        })
    }

    fn bytes(&mut self, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length + 2];
        self.stream.read_exact(&mut bytes)?;
        bytes.truncate(length);
        Ok(bytes)
    }
}
