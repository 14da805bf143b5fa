//! A peer that greets as memcached does, and then says what a test wants it to.

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A proper greeting.
pub(super) const GREETING: &str = "VERSION 1.6.18\r\n\
    STAT item_size_max 1048576\r\nSTAT cas_enabled yes\r\nEND\r\n\
    HD klarder:hello c1 O1\r\n\
    EN klarder:nobody O2\r\n\
    HD klarder:hello O3\r\n";

/// So many lines and blocks the questions of a greeting have.
const GREETING_LINES: usize = 6;

/// What the peer does when it has read a command.
pub(super) enum Act {
    Say(String),
    /// Says it and closes the connection.
    SayLast(String),
}

/// A command as the peer has read it.
pub(super) struct Heard {
    pub(super) key: String,
    pub(super) number: u64,
}

/// Starts a peer and gives its address.
pub(super) async fn start(
    greeting: &'static str,
    act: impl Fn(Heard) -> Act + Send + Sync + Clone + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound").to_string();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, greeting, act.clone()));
        }
    });
    address
}

async fn serve(stream: TcpStream, greeting: &str, act: impl Fn(Heard) -> Act) {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    for _ in 0..GREETING_LINES {
        line.clear();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
    }
    stream.write_all(greeting.as_bytes()).await.ok();
    loop {
        line.clear();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
        let mut words = line.split_whitespace();
        let command = words.next().expect("a command");
        let key = words.next().expect("a key").to_owned();
        let number = words.clone().find_map(|word| word.strip_prefix('O'));
        let number = number.expect("a number").parse().expect("a number");
        if command == "ms" {
            let length: usize = words.next().expect("a length").parse().expect("a length");
            let mut block = vec![0; length + 2];
            stream.read_exact(&mut block).await.expect("a block");
        }
        match act(Heard { key, number }) {
            Act::Say(text) => stream
                .write_all(text.as_bytes())
                .await
                .expect("it is heard"),
            Act::SayLast(text) => {
                stream.write_all(text.as_bytes()).await.ok();
                return;
            }
        }
    }
}
