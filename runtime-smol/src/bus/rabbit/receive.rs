//! Hands over what a consumer gets.

use futures::StreamExt as _;
use lapin::Consumer;
use lode_core::bus::{BusEvent, BusMessage};

use super::convert::message_of;
use super::session::SessionError;
use crate::bus::link::{DropReason, LinkEnd};

/// After so many messages in a row the other parts of the session get their turn.
const TURN: usize = 64;

/// Hands over all that `consumer` gets, until it ends, and tells why it did.
pub(super) async fn receive(
    mut consumer: Consumer,
    event: impl Fn(BusMessage) -> BusEvent,
    end: &LinkEnd,
) -> SessionError {
    let mut in_a_row = 0;
    while let Some(delivery) = consumer.next().await {
        match delivery.map(message_of) {
            Ok(Some(message)) => end.events.deliver(event(message)),
            Ok(None) => end.drops.count(DropReason::TooLargeToTake),
            Err(error) => return error.into(),
        }
        in_a_row += 1;
        if in_a_row == TURN {
            in_a_row = 0;
            smol::future::yield_now().await;
        }
    }
    SessionError::ConsumerEnded
}
