//! Connects to the broker: one attempt, with a limit on all of it, that leaves nothing behind when it fails.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_io::Async;
use async_rs::{Runtime, Smol};
use lapin::tcp::{AsyncTcpStream, OwnedTLSConfig};
use lapin::uri::{AMQPScheme, AMQPUri};
use lapin::{Connection, ConnectionProperties, ErrorKind};

use super::session::SessionError;
use super::url::BusUrl;
use crate::within::within;

/// The limit on one attempt: name lookup, TCP, TLS and AMQP handshakes together.
const DIAL_LIMIT: Duration = Duration::from_secs(5);

/// The limit on TCP alone, for each address of the broker's name: a dead one must not keep us from the next.
const TCP_LIMIT: Duration = Duration::from_secs(2);

/// Connects to the broker. The connection lives as long as the socket that comes with it.
pub(super) async fn dial(url: &BusUrl) -> Result<(Connection, Socket), SessionError> {
    let socket = Socket::not_open();
    let slot = Arc::clone(&socket.slot);
    let connect = async move |uri: AMQPUri, _runtime: Runtime<Smol>| {
        let stream = within(DIAL_LIMIT, open_stream(&uri, &slot)).await;
        stream.unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into())).map_err(lapin::Error::from)
    };
    let handshake = Connection::connector(url.uri().clone(), Runtime::smol(), connect, properties());
    match within(DIAL_LIMIT, handshake).await {
        Some(Ok(connection)) => Ok((connection, socket)),
        Some(Err(error)) if matches!(error.kind(), ErrorKind::ParsingError(_)) => Err(SessionError::NotAmqp),
        Some(Err(error)) => Err(error.into()),
        None => Err(SessionError::NoHandshake { limit: DIAL_LIMIT }),
    }
}

fn properties() -> ConnectionProperties {
    ConnectionProperties::default()
        .with_client_property("product".into(), "lode".into())
        .with_client_property("version".into(), env!("CARGO_PKG_VERSION").into())
}

async fn open_stream(uri: &AMQPUri, slot: &Slot) -> io::Result<AsyncTcpStream<Async<TcpStream>>> {
    let host = uri.authority.host.as_str();
    let mut last_error = io::Error::new(io::ErrorKind::NotFound, format!("{host} has no address"));
    for address in smol::net::resolve((host, uri.authority.port)).await? {
        let connected = within(TCP_LIMIT, connect_tcp(address)).await;
        match connected.unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into())) {
            Ok(stream) => {
                slot.hold(stream.get_ref())?;
                let plain = AsyncTcpStream::Plain(stream);
                return match uri.scheme {
                    AMQPScheme::AMQP => Ok(plain),
                    AMQPScheme::AMQPS => plain.into_tls(host, OwnedTLSConfig::default().as_ref()).await,
                };
            }
            Err(error) => last_error = error,
        }
    }
    Err(last_error)
}

async fn connect_tcp(address: SocketAddr) -> io::Result<Async<TcpStream>> {
    let stream = Async::<TcpStream>::connect(address).await?;
    stream.get_ref().set_nodelay(true)?;
    refuse_self(stream.get_ref())?;
    Ok(stream)
}

/// While nobody listens on a port of the range that the kernel takes client ports from, dialling it again and again ends
/// in a connection of the socket with itself.
fn refuse_self(stream: &TcpStream) -> io::Result<()> {
    if stream.local_addr()? == stream.peer_addr()? {
        return Err(io::Error::new(io::ErrorKind::ConnectionRefused, "connected to itself: nobody listens there"));
    }
    Ok(())
}

/// The socket under a connection. When this is dropped the socket is shut down, which ends lapin's thread for the
/// connection whatever state it is in: an attempt that was given up, or a broker that does not answer.
#[derive(Debug)]
pub(super) struct Socket {
    slot: Arc<Slot>,
}

/// Where lapin's thread leaves a second handle of the socket that it has opened.
#[derive(Debug)]
struct Slot {
    state: Mutex<SocketState>,
}

#[derive(Debug)]
enum SocketState {
    NotOpen,
    Open(TcpStream),
    HungUp,
}

impl Socket {
    fn not_open() -> Self {
        Self { slot: Arc::new(Slot { state: Mutex::new(SocketState::NotOpen) }) }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let state = std::mem::replace(&mut *self.slot.lock(), SocketState::HungUp);
        if let SocketState::Open(stream) = state {
            // It fails only if the connection is gone already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Slot {
    /// Keeps a second handle of `stream`; fails if nobody waits for it any more.
    fn hold(&self, stream: &TcpStream) -> io::Result<()> {
        let mut state = self.lock();
        if matches!(*state, SocketState::HungUp) {
            return Err(io::ErrorKind::TimedOut.into());
        }
        *state = SocketState::Open(stream.try_clone()?);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, SocketState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
