//! Heartbeats, expiry and readiness of the composed machine.

use core::time::Duration;

use super::bench::{Bench, of_ours};
use crate::api_server::messages::ApiInput;
use crate::bus::{BusEvent, BusMessage};
use crate::machine::Machine as _;

#[test]
fn it_is_ready_once_a_data_server_has_been_heard_of() {
    let mut bench = Bench::with(0, 0);
    assert!(!bench.server.is_ready());
    bench.hear(&of_ours(1));
    assert!(bench.server.is_ready());
}

#[test]
fn it_forgets_the_silent_at_its_deadline() {
    let mut bench = Bench::with(1, 0);
    let deadline = bench.server.next_deadline().unwrap();
    assert_eq!(deadline - bench.now, Duration::from_secs(10));
    bench.pass(Duration::from_millis(9_999));
    assert!(bench.expires_in(1));
    bench.pass(Duration::from_millis(1));
    assert!(!bench.expires_in(1));
    assert_eq!(bench.server.counters().expired, 1);
}

#[test]
fn malformed_heartbeats_are_counted_and_change_nothing() {
    let mut bench = Bench::with(1, 0);
    for body in [&b"null"[..], b"123", b"", b"\"no address\"", b"\"127.0.0.1:0\"", b"\xff\xfe"] {
        let message = BusMessage { body: body.to_vec(), ..BusMessage::default() };
        assert_eq!(bench.feed(ApiInput::Bus(BusEvent::Heartbeat(message))), []);
    }
    assert_eq!(bench.server.counters().malformed_messages, 6);
    assert_eq!(bench.server.membership().len(), 1);
}
