//! Accepting connections, as many as are allowed, until the shutdown; and waiting for the last of them.

use std::convert::Infallible;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{Either, select};
use smol::channel::Sender;
use smol::{Async, Executor, Timer};

use super::connection::Connection;
use super::limits::Limits;
use super::{Handler, session};
use crate::shutdown::Shutdown;

/// How long accepting rests when the process or the machine is out of descriptors or memory: connections that close give
/// some back.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(50);

/// How many connections beyond the bound are told so at once. More are closed without a word.
const TURNED_AWAY_MAX: usize = 64;

/// Serves HTTP/1.1 on `listener`, each connection in a task of its own on `executor`, until the shutdown. Then nothing is
/// accepted any more, connections without a request are closed at once, those with one are answered and closed; it returns
/// when the last is done. It has no time limit for that: whoever cannot wait drops it and ends the process.
pub async fn serve<H: Handler>(
    listener: Async<TcpListener>,
    handler: Arc<H>,
    limits: Limits,
    executor: Arc<Executor<'static>>,
    shutdown: Shutdown,
) {
    let limits = Arc::new(limits);
    // Each connection holds a sender: their number is that of the connections, and the channel closes behind the last.
    let (alive, all_gone) = smol::channel::bounded::<Infallible>(1);
    while let Some(stream) = accept(&listener, &shutdown).await {
        let open = alive.sender_count() - 1;
        let alive = alive.clone();
        let Some(connection) = prepare(stream, &limits, &shutdown) else { continue };
        if open < limits.connections_max {
            executor.spawn(while_alive(alive, session::run(connection, Arc::clone(&handler)))).detach();
        } else if open < limits.connections_max.saturating_add(TURNED_AWAY_MAX) {
            tracing::warn!(open, "a connection was turned away: as many as are allowed are open");
            executor.spawn(while_alive(alive, session::turn_away(connection))).detach();
        }
        // A flood of connections must not keep the thread from serving those that are accepted.
        smol::future::yield_now().await;
    }
    drop(listener);
    drop(alive);
    // Fails once all senders are gone, and nothing is ever sent.
    let _closed = all_gone.recv().await;
}

async fn while_alive(alive: Sender<Infallible>, session: impl Future<Output = ()>) {
    session.await;
    drop(alive);
}

fn prepare(stream: Async<TcpStream>, limits: &Arc<Limits>, shutdown: &Shutdown) -> Option<Connection> {
    // Fails only for a connection that is gone already.
    let peer = stream.get_ref().peer_addr().ok()?;
    stream.get_ref().set_nodelay(true).ok()?;
    Some(Connection::new(stream, peer, Arc::clone(limits), shutdown.waiter()))
}

/// The next connection; `None` at the shutdown.
async fn accept(listener: &Async<TcpListener>, shutdown: &Shutdown) -> Option<Async<TcpStream>> {
    loop {
        let (stop, accepted) = (pin!(shutdown.requested()), pin!(listener.accept()));
        let error = match select(stop, accepted).await {
            Either::Left(((), _)) => return None,
            Either::Right((Ok((stream, _peer)), _)) => return Some(stream),
            Either::Right((Err(error), _)) => error,
        };
        if is_of_one_connection(&error) {
            tracing::debug!(%error, "a connection was gone before it was accepted");
            continue;
        }
        tracing::warn!(%error, "no connection can be accepted for now");
        let (stop, pause) = (pin!(shutdown.requested()), Timer::after(EXHAUSTED_PAUSE));
        if let Either::Left(((), _)) = select(stop, pause).await {
            return None;
        }
    }
}

/// Whether the next connection may fare better at once (accept(2) passes on errors of the connection).
fn is_of_one_connection(error: &io::Error) -> bool {
    [
        io::ErrorKind::ConnectionAborted,
        io::ErrorKind::ConnectionReset,
        io::ErrorKind::Interrupted,
        io::ErrorKind::PermissionDenied,
        io::ErrorKind::HostUnreachable,
        io::ErrorKind::NetworkUnreachable,
        io::ErrorKind::NetworkDown,
    ]
    .contains(&error.kind())
}
