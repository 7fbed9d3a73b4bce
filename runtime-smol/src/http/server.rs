//! The HTTP/1.1 server: [`serve`] takes connections, and a [`Handler`] answers one [`Exchange`] after the other.
//!
//! What it does about what clients send:
//!
//! - Requests of a connection are served one after the other, in order, pipelined ones too.
//! - What is no request is answered 400, 408, 413, 414, 417, 431, 501 or 505 with a sentence in JSON, and the connection
//!   closes. A header value beyond ASCII is a 400: dropping it could lose metadata.
//! - HTTP/1.0 is served, and the connection closes behind the answer, whatever the client asks for.
//! - A handler that panics or answers nothing costs its client a 500 and its connection, and nobody else anything.
//! - An answer that breaks off ends in a reset: it can never be taken for a whole one.

mod accept;
mod connection;
mod exchange;
mod limits;
mod refusal;
mod request;
mod request_error;
mod respond_error;
mod response;
mod session;
mod target;
#[cfg(test)]
mod tests;
mod turn;
mod writer;

pub use accept::serve;
pub use exchange::Exchange;
pub use limits::Limits;
pub use request::RequestHead;
pub use request_error::RequestError;
pub use respond_error::RespondError;
pub use response::{HeadRefused, ResponseHead};
pub use target::Target;
pub use writer::BodyWriter;

/// Answers requests. Closures `Fn(Exchange) -> impl Future<Output = ()>` are handlers too.
pub trait Handler: Send + Sync + 'static {
    /// Answers one request. The next request of the same connection waits until this has returned and the exchange (or
    /// the writer that it became) is dropped.
    fn handle(&self, exchange: Exchange) -> impl Future<Output = ()> + Send;
}

impl<F, Answering> Handler for F
where
    F: Fn(Exchange) -> Answering + Send + Sync + 'static,
    Answering: Future<Output = ()> + Send,
{
    fn handle(&self, exchange: Exchange) -> impl Future<Output = ()> + Send {
        self(exchange)
    }
}
