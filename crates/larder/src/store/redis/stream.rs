//! Connections as bytes: TCP, TLS, unix sockets.

use std::io;
use std::pin::Pin;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use super::endpoint::Endpoint;
use super::settings::Settings;
use crate::error::{Error, Result};

/// Something that can be read from and written to.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send {}

impl<T: AsyncRead + AsyncWrite + Send> Stream for T {}

/// Opens a connection to a server.
///
/// # Errors
///
/// [`is_store`](Error::is_store) if nobody answers there, [`is_config`](Error::is_config) if TLS
/// cannot come about.
pub(super) async fn open(endpoint: &Endpoint, settings: &Settings) -> Result<Pin<Box<dyn Stream>>> {
    match endpoint {
        Endpoint::Unix(path) => {
            let stream = UnixStream::connect(path).await;
            Ok(Box::pin(stream.map_err(|error| silent(endpoint, &error))?))
        }
        Endpoint::Tcp { host, port } => {
            let stream = TcpStream::connect((&**host, *port)).await;
            let stream = stream.map_err(|error| silent(endpoint, &error))?;
            // Small batches are not to wait for the acknowledgement of the one before.
            stream
                .set_nodelay(true)
                .map_err(|error| silent(endpoint, &error))?;
            let Some(tls) = &settings.tls else {
                return Ok(Box::pin(stream));
            };
            // A server without TLS waits for a command to end, and says nothing.
            let limit = settings.connect_timeout / 2;
            match timeout(limit, tls.connect(host, endpoint, stream)).await {
                Ok(stream) => Ok(Box::pin(stream?)),
                Err(_) => Err(Error::store(format!(
                    "no TLS with {endpoint} within {limit:?}: does the server speak it there? If \
                     not, use redis:// without the second s"
                ))),
            }
        }
    }
}

fn silent(endpoint: &Endpoint, error: &io::Error) -> Error {
    let hint = match error.kind() {
        io::ErrorKind::ConnectionRefused => "no server listens there",
        io::ErrorKind::NotFound => "there is no such socket",
        io::ErrorKind::PermissionDenied => "this process may not open it",
        _ => "is the address right, and is the server running?",
    };
    Error::store(format!("{endpoint} cannot be reached ({error}): {hint}"))
}
