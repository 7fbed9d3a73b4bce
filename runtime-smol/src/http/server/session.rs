//! The life of one connection: request after request, each answered before the next is read, until one side closes.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use futures::FutureExt as _;
use http_types::StatusCode;
use smol::lock::Mutex;

use super::Handler;
use super::connection::{Connection, Idle};
use super::exchange::Exchange;
use super::refusal::Refusal;
use super::request::RequestHead;
use super::request_error::RequestError;
use super::turn::{Sent, Turn};
use crate::http::head::HeadScanner;

/// Serves one connection to its end.
pub(super) async fn run<H: Handler>(connection: Connection, handler: Arc<H>) {
    // The exchange of each request holds the lock, wherever the handler moves it, and dropping it gives the connection
    // back. Nobody else ever waits for it.
    let shared = Arc::new(Mutex::new(connection));
    loop {
        let mut connection = shared.lock_arc().await;
        let head = match next_head(&mut connection).await {
            Next::Request(head) => *head,
            Next::Refuse(refusal) => {
                connection.turn = Turn::none();
                return refuse(&mut connection, refusal).await;
            }
            Next::Close => return,
        };
        connection.turn = Turn::of(&head);
        if let Some(refusal) = too_large(&head, &connection) {
            return refuse(&mut connection, refusal).await;
        }
        answer(&*handler, Exchange::new(head, connection)).await;
        let mut connection = shared.lock_arc().await;
        if !finish_turn(&mut connection).await {
            return;
        }
    }
}

/// Tells a client that there is no room for it, and closes.
pub(super) async fn turn_away(mut connection: Connection) {
    refuse(&mut connection, Refusal::too_many_connections()).await;
}

enum Next {
    Request(Box<RequestHead>),
    Refuse(Refusal),
    Close,
}

async fn next_head(connection: &mut Connection) -> Next {
    let limits = Arc::clone(&connection.limits);
    let mut scanner = HeadScanner::new(limits.head);
    let mut end = None;
    loop {
        match scanner.scan(connection.unread()) {
            Ok(Some(range)) => {
                let taken = range.end;
                let head = connection.unread().get(range).unwrap_or_default();
                let head = RequestHead::from_framed(head, &limits);
                connection.consume(taken);
                return match head {
                    Ok(head) => Next::Request(Box::new(head)),
                    Err(error) => Next::Refuse(Refusal::from(&error)),
                };
            }
            Ok(None) => {}
            Err(error) => return Next::Refuse(Refusal::from(&RequestError::from(error))),
        }
        if !scanner.has_begun() {
            match connection.fill_while_idle().await {
                Idle::Received => continue,
                Idle::Close => return Next::Close,
            }
        }
        let end = *end.get_or_insert_with(|| Instant::now() + limits.head_time);
        match connection.fill_until(end).await {
            Ok(Ok(1..)) => {}
            // Nobody is there to read an answer.
            Ok(Ok(0) | Err(_)) => return Next::Close,
            Err(_elapsed) => return Next::Refuse(Refusal::head_too_slow()),
        }
    }
}

fn too_large(head: &RequestHead, connection: &Connection) -> Option<Refusal> {
    let bytes_max = connection.limits.body_bytes_max?;
    let bytes = head.framing.length_bytes().filter(|&bytes| bytes > bytes_max)?;
    let message = format!("the body is too large: it has {bytes} bytes, and at most {bytes_max} are taken");
    Some(Refusal::new(StatusCode::PayloadTooLarge, message))
}

/// Lets the handler answer. A panic ends this request alone.
async fn answer<H: Handler>(handler: &H, exchange: Exchange) {
    let peer = exchange.peer();
    // The panic message itself goes where the process's panic hook sends it.
    if AssertUnwindSafe(async { handler.handle(exchange).await }).catch_unwind().await.is_err() {
        tracing::error!(%peer, "a request's handler panicked; the client gets a 500 or a reset");
    }
}

/// Sees to what the handler left undone. Whether the connection stands at the next request; if not, it was closed.
async fn finish_turn(connection: &mut Connection) -> bool {
    match connection.turn.sent {
        Sent::All => {
            let stays_open = connection.turn.keep_alive && connection.drain().await;
            if !stays_open {
                connection.close().await;
            }
            stays_open
        }
        Sent::Some => {
            connection.abort();
            false
        }
        Sent::Nothing => {
            let refusal = connection.turn.trouble.take().unwrap_or_else(Refusal::no_answer);
            refuse(connection, refusal).await;
            false
        }
    }
}

/// Answers in the handler's place, and closes the connection.
async fn refuse(connection: &mut Connection, refusal: Refusal) {
    let (peer, status) = (connection.peer(), u16::from(refusal.status));
    tracing::debug!(%peer, status, message = refusal.message, "a request was refused");
    let (head, body) = refusal.into_answer();
    match connection.respond(head, &body).await {
        Ok(()) => connection.close().await,
        Err(error) => {
            tracing::debug!(%peer, %error, "a refusal could not be sent");
            connection.abort();
        }
    }
}
