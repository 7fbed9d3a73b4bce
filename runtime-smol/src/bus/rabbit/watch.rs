//! Notices a broker that is of no use although the connection stands.

use std::time::Duration;

use futures::StreamExt as _;
use lapin::types::ShortString;
use lapin::{Connection, Event};

use super::session::{SessionError, bind};
use crate::bus::Role;
use crate::within::within;

/// How often the broker is asked for a sign of life.
const INTERVAL: Duration = Duration::from_secs(3);

/// How long it may take over it. With [`INTERVAL`] it makes the longest time that a broker can hang unnoticed, 7 s;
/// AMQP's own heartbeats of 10 s would take 20 to 25.
const ANSWER_LIMIT: Duration = Duration::from_secs(4);

/// Waits for the broker to say that it takes no messages.
pub(super) async fn blocked(connection: &Connection) -> SessionError {
    let mut events = std::pin::pin!(connection.events_listener());
    while let Some(event) = events.next().await {
        if let Event::ConnectionBlocked(reason) = event {
            return SessionError::Blocked { reason };
        }
    }
    std::future::pending().await
}

/// Asks the broker again and again to bind our queue, which changes nothing as long as all is well. An exchange that
/// was deleted and made anew has lost its bindings without a word: this puts ours back. An exchange that is missing, or
/// a missing queue, ends the session.
pub(super) async fn silence(connection: &Connection, queue: &ShortString, role: Role) -> SessionError {
    loop {
        async_io::Timer::after(INTERVAL).await;
        match within(ANSWER_LIMIT, bind_again(connection, queue, role)).await {
            Some(Ok(())) => {}
            Some(Err(error)) => return error.into(),
            None => return SessionError::NoAnswer,
        }
    }
}

async fn bind_again(connection: &Connection, queue: &ShortString, role: Role) -> Result<(), lapin::Error> {
    // On a channel of its own, because lapin notes each binding for as long as the channel lives.
    let channel = connection.create_channel().await?;
    bind(&channel, queue, role).await?;
    channel.close(200, "done".into()).await
}
