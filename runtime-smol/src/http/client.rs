//! The client side of HTTP/1.1: what API servers say to data servers, and the command line to API servers.
//!
//! [`HttpClient`] keeps connections alive and bounds everything that it waits for. A connection is used again only
//! after the answer on it was read to its last byte and nothing about it is in doubt; in any other case it is closed. A
//! body that ends early is an error, never an end. No task is spawned: a request that is dropped is over, and its
//! connection closed.

mod answer;
mod connect;
mod connection;
mod error;
mod exchange;
mod limits;
mod pool;
mod request;
mod response;
mod upload;

#[cfg(test)]
mod tests;

use std::io::IoSlice;
use std::sync::Arc;
use std::time::Instant;

use lode_core::address::ServerAddress;

pub use self::answer::AnswerHead;
pub use self::error::{ClientError, ConnectFailure, RequestError, ResolveFailure};
pub use self::limits::ClientLimits;
pub use self::request::Request;
pub use self::response::Response;
pub use self::upload::{Upload, UploadState};

use self::connection::Connection;
use self::exchange::Exchange;
use self::pool::Pool;
use self::request::BodyLength;

/// Sends requests over connections that are kept alive. Cheap to clone; all clones share the connections, which close
/// with the last of them.
#[derive(Debug, Clone)]
pub struct HttpClient {
    pool: Arc<Pool>,
}

impl HttpClient {
    /// A client without connections.
    #[must_use]
    pub fn new(limits: ClientLimits) -> Self {
        Self { pool: Arc::new(Pool::new(limits)) }
    }

    /// Sends a request whose body, if any, is in memory, and waits for the head of the answer. An answer that comes
    /// before all of the body was sent ends the sending.
    ///
    /// If the request went out over a connection that had lain idle, and that connection turns out to be dead before a
    /// byte of the answer has come, an idempotent request is sent once more over a fresh connection.
    ///
    /// # Errors
    ///
    /// See [`ClientError`]. A status of 400 or above is not an error here.
    pub async fn send(&self, server: &ServerAddress, request: &Request<'_>) -> Result<Response, ClientError> {
        let head = request.encode_head(server, request.body_in_memory())?;
        if let Some(connection) = self.pool.take(server) {
            match self.send_over(connection, server, request, &head).await {
                // It may have died long ago, with nothing to tell us until we wrote to it.
                Err(ClientError::ClosedBeforeAnswer { .. }) if request.is_idempotent() => {}
                done => return done,
            }
        }
        let connection = self.pool.connect(server).await?;
        self.send_over(connection, server, request, &head).await
    }

    /// Begins a request whose body is handed over piece by piece; `bytes` is its length, if that is known beforehand.
    /// Otherwise it is sent in chunks. Such a request is never repeated.
    ///
    /// # Errors
    ///
    /// Those of a request that cannot be written and of a connection that does not come about.
    pub async fn upload(
        &self,
        server: &ServerAddress,
        request: &Request<'_>,
        bytes: Option<u64>,
    ) -> Result<Upload, ClientError> {
        if request.body.is_some() {
            return Err(RequestError::TwoBodies.into());
        }
        let head = request.encode_head(server, bytes.map_or(BodyLength::Unknown, BodyLength::Known))?;
        let connection = match self.pool.take(server) {
            Some(connection) => connection,
            None => self.pool.connect(server).await?,
        };
        Ok(Upload::new(self.exchange(connection, server, request), head, bytes))
    }

    /// Closes the connections that have lain idle for longer than [`ClientLimits::idle`]. Sending requests does this in
    /// passing; whoever may fall silent calls it now and then.
    pub fn close_idle(&self) {
        self.pool.sweep(Instant::now());
    }

    /// How many connections lie idle.
    #[must_use]
    pub fn idle_connections(&self) -> usize {
        self.pool.idle()
    }

    /// How many connections are open, idle ones included.
    #[must_use]
    pub fn open_connections(&self) -> usize {
        self.pool.open()
    }

    async fn send_over(
        &self,
        connection: Connection,
        server: &ServerAddress,
        request: &Request<'_>,
        head: &[u8],
    ) -> Result<Response, ClientError> {
        let mut exchange = self.exchange(connection, server, request);
        let body = request.body.unwrap_or_default();
        match exchange.send(&mut [IoSlice::new(head), IoSlice::new(body)]).await? {
            UploadState::Open | UploadState::Answered => exchange.response().await,
        }
    }

    fn exchange(&self, connection: Connection, server: &ServerAddress, request: &Request<'_>) -> Exchange {
        let head_limit = request.head_limit.unwrap_or(self.pool.limits.head);
        Exchange::new(Arc::clone(&self.pool), server.clone(), connection, request.method, head_limit)
    }
}
