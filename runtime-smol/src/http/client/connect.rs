//! From the name of a server to a connection.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs as _};
use std::time::{Duration, Instant};

use lode_core::address::ServerAddress;
use smol::Async;

use super::error::{ClientError, ConnectFailure, ResolveFailure};
use crate::http::deadline::{Elapsed, within};

/// Connects to a server within `limit`, which covers finding its addresses and trying them one after the other. Each
/// address gets an equal share of the time that is left, so that one that does not answer leaves time for the next.
pub(super) async fn connect(server: &ServerAddress, limit: Duration) -> Result<Async<TcpStream>, ClientError> {
    let deadline = Instant::now() + limit;
    let addresses =
        resolve(server, limit).await.map_err(|reason| ClientError::Resolve { server: server.clone(), reason })?;
    let mut failure = ConnectFailure::TimedOut { limit };
    for (tried, &address) in addresses.iter().enumerate() {
        let shares = u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
        let share = deadline.saturating_duration_since(Instant::now()) / shares;
        failure = match within(share, Async::<TcpStream>::connect(address)).await {
            Ok(Ok(stream)) => match prepare(stream.get_ref()) {
                Ok(()) => return Ok(stream),
                Err(failure) => failure,
            },
            Ok(Err(error)) => connect_failure(error, limit),
            Err(Elapsed) => ConnectFailure::TimedOut { limit },
        };
    }
    Err(ClientError::Connect { server: server.clone(), reason: failure })
}

async fn resolve(server: &ServerAddress, limit: Duration) -> Result<Vec<SocketAddr>, ResolveFailure> {
    let port = server.port();
    if let Ok(ip) = server.host().parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    let host = server.host().to_owned();
    // The system's resolver blocks its thread for as long as it likes: it is left behind there when the time is over.
    let lookup = smol::unblock(move || (host.as_str(), port).to_socket_addrs().map(Vec::from_iter));
    match within(limit, lookup).await {
        Ok(Ok(addresses)) if addresses.is_empty() => Err(ResolveFailure::NoAddress),
        Ok(Ok(addresses)) => Ok(addresses),
        Ok(Err(error)) => Err(ResolveFailure::Io(error)),
        Err(Elapsed) => Err(ResolveFailure::TimedOut { limit }),
    }
}

fn prepare(stream: &TcpStream) -> Result<(), ConnectFailure> {
    // Where nobody listens on a port that the system also hands out to clients, a connection can meet itself and look
    // alive.
    let (here, there) = (stream.local_addr(), stream.peer_addr());
    if here.map_err(ConnectFailure::Io)? == there.map_err(ConnectFailure::Io)? {
        return Err(ConnectFailure::Refused);
    }
    stream.set_nodelay(true).map_err(ConnectFailure::Io)
}

fn connect_failure(error: io::Error, limit: Duration) -> ConnectFailure {
    let kind = error.kind();
    if kind == io::ErrorKind::ConnectionRefused {
        ConnectFailure::Refused
    } else if kind == io::ErrorKind::TimedOut {
        ConnectFailure::TimedOut { limit }
    } else if matches!(kind, io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable) {
        ConnectFailure::Unreachable(error)
    } else {
        ConnectFailure::Io(error)
    }
}

#[cfg(test)]
mod tests {
    use rustix::net::{AddressFamily, SocketType, bind, connect, getsockname, socket};

    use super::*;

    #[test]
    fn a_connection_that_met_itself_is_a_refused_one() {
        let alone = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        bind(&alone, &SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let itself = getsockname(&alone).unwrap();
        connect(&alone, &itself).unwrap();
        assert!(matches!(prepare(&TcpStream::from(alone)), Err(ConnectFailure::Refused)));
    }
}
