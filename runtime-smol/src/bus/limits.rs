//! How large a message may be, and how many private reply routes a link may hold.

use std::time::Duration;

use lode_core::bus::BusMessage;

/// The largest body that the bus carries, in bytes, either way. Larger ones are dropped and counted.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// The most that the names and values of a sent message's headers may come to, in bytes. Above it the message is dropped
/// and counted: AMQP wants all headers in one frame, and a frame that is too large costs the whole connection.
pub const MAX_HEADERS_BYTES: usize = 16 * 1024;

/// How many private reply routes a link holds at once. Queries above it are dropped and counted.
pub const MAX_PRIVATE_ROUTES: usize = 1024;

/// How long a private reply route is kept when the command that closes it was lost.
pub(super) const PRIVATE_ROUTE_LIFE: Duration = Duration::from_secs(30);

/// The longest text that AMQP's short string can hold, in bytes.
const MAX_SHORT_STRING_BYTES: usize = 255;

/// Whether a message that is to be sent keeps within all limits.
pub(super) fn can_be_sent(message: &BusMessage) -> bool {
    let names_fit = message.headers.keys().all(|name| name.len() <= MAX_SHORT_STRING_BYTES);
    let headers_bytes: usize = message.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    let correlation_id_fits = message.correlation_id.as_ref().is_none_or(|id| id.len() <= MAX_SHORT_STRING_BYTES);
    message.body.len() <= MAX_BODY_BYTES && names_fit && headers_bytes <= MAX_HEADERS_BYTES && correlation_id_fits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_is_met_exactly() {
        let body = |bytes: usize| BusMessage { body: vec![b'x'; bytes], ..BusMessage::default() };
        assert!(can_be_sent(&body(MAX_BODY_BYTES)));
        assert!(!can_be_sent(&body(MAX_BODY_BYTES + 1)));

        let id = |bytes: usize| BusMessage { correlation_id: Some("x".repeat(bytes).into()), ..BusMessage::default() };
        assert!(can_be_sent(&id(255)));
        assert!(!can_be_sent(&id(256)));

        let header = |name: usize, value: usize| BusMessage {
            headers: [("n".repeat(name), "v".repeat(value))].into(),
            ..BusMessage::default()
        };
        assert!(can_be_sent(&header(255, MAX_HEADERS_BYTES - 255)));
        assert!(!can_be_sent(&header(255, MAX_HEADERS_BYTES - 254)));
        assert!(!can_be_sent(&header(256, 1)));
    }
}
