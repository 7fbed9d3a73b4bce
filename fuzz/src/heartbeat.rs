//! Heartbeats as any peer may send them.

use lode_core::wire::{Heartbeat, decode_text};

use crate::message;

/// A heartbeat that is read survives being sent on, says what its body says, and is either one of the seed or complete.
pub fn heartbeat(data: &[u8]) {
    let message = message::read(data);
    let Ok(heartbeat) = Heartbeat::parse(&message) else { return };
    let address = heartbeat.address.as_str();
    assert_eq!(decode_text(&message.body).as_deref(), Ok(address), "the sender is the address in the body");
    check_address(&heartbeat.address);
    let of_the_seed = !message.headers.keys().any(|header| OURS.contains(&header));
    assert_eq!(heartbeat.details.is_none(), of_the_seed, "a node of the seed is one that says nothing of itself");
    let sent = heartbeat.to_message();
    assert_eq!(sent.body, format!("\"{address}\"").into_bytes(), "byte for byte as the seed writes it");
    assert_eq!(Heartbeat::parse(&sent), Ok(heartbeat));
}

/// What is taken for the address of a server can be dialled, and goes into a URL, a log and a message as it is.
pub(crate) fn check_address(address: &lode_core::address::ServerAddress) {
    let text = address.as_str();
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    assert!(text.bytes().all(harmless), "{text:?}");
    assert_ne!(address.port(), 0);
    assert!(!address.host().is_empty() && !address.host().starts_with('['), "{text:?}");
    assert_eq!(text.parse().as_ref(), Ok(address));
}

const OURS: [&str; 5] =
    ["lode-incarnation", "lode-free-bytes", "lode-total-bytes", "lode-accepts-writes", "lode-software"];
