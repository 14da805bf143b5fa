//! Accepting connections, and carrying out orders.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::Shared;
use super::fault::Fault;
use super::pipe::Pipe;

/// Runs until the orders end.
pub(super) async fn serve(port: u16, shared: Arc<Shared>, mut orders: watch::Receiver<Fault>) {
    let mut listener = None;
    loop {
        let fault = orders.borrow_and_update().clone();
        match fault.refuses {
            true => listener = None,
            false if listener.is_none() => listener = Some(listen(port).await),
            false => {}
        }
        shared.carried_out.store(fault.number, SeqCst);
        loop {
            tokio::select! {
                changed = orders.changed() => match changed {
                    Ok(()) => break,
                    Err(_) => return,
                },
                client = accept(listener.as_ref()) => {
                    tokio::spawn(connect(client, Arc::clone(&shared), orders.clone()));
                }
            }
        }
    }
}

async fn listen(port: u16) -> TcpListener {
    TcpListener::bind(("127.0.0.1", port))
        .await
        .unwrap_or_else(|error| panic!("the proxy cannot listen on its port {port}: {error}"))
}

/// The next client; never, while nobody listens.
async fn accept(listener: Option<&TcpListener>) -> TcpStream {
    let Some(listener) = listener else {
        return std::future::pending().await;
    };
    loop {
        if let Ok((client, _)) = listener.accept().await {
            return client;
        }
    }
}

/// One connection, from its beginning to its end.
async fn connect(client: TcpStream, shared: Arc<Shared>, orders: watch::Receiver<Fault>) {
    let connection = shared.open();
    if let Ok(server) = TcpStream::connect(shared.upstream).await {
        let pipe = Pipe::new(connection.epoch, &shared);
        pipe.run(client, server, orders).await;
    } else {
        // As a host whose server is down: no answer but a reset.
        client.set_zero_linger().ok();
    }
    shared.close(connection);
}
