//! AMQP by hand, for messages that no decent library lets one send.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

const METHOD: u8 = 1;
const HEADER: u8 = 2;
const BODY: u8 = 3;
const FRAME_END: u8 = 0xCE;

/// The flag of a message's headers property.
pub(crate) const HEADERS: u16 = 0x2000;
/// The flag of its correlation id.
pub(crate) const CORRELATION_ID: u16 = 0x0400;
/// The flag of its reply queue.
pub(crate) const REPLY_TO: u16 = 0x0200;

/// Publishes one message with one property, whose bytes are sent as they are. When this returns, the broker has it.
pub(crate) fn publish(url: &str, exchange: &str, property: u16, bytes: &[u8], body: &[u8]) {
    let (address, vhost) = url.rsplit_once('@').unwrap().1.split_once('/').unwrap();
    let mut raw = Raw(TcpStream::connect(address).unwrap());
    raw.0.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    raw.0.write_all(b"AMQP\x00\x00\x09\x01").unwrap();
    raw.expect([0, 10, 0, 10]);
    raw.send(METHOD, 0, &[b"\0\x0a\0\x0b\0\0\0\0\x05PLAIN\0\0\0\x0c\0guest\0guest", &short("en_US")[..]].concat());
    raw.expect([0, 10, 0, 30]);
    raw.send(METHOD, 0, &[0, 10, 0, 31, 7, 255, 0, 2, 0, 0, 0, 0]);
    raw.send(METHOD, 0, &[&[0, 10, 0, 40], &short(vhost)[..], &[0, 0]].concat());
    raw.expect([0, 10, 0, 41]);
    raw.send(METHOD, 1, &[0, 20, 0, 10, 0]);
    raw.expect([0, 20, 0, 11]);
    raw.send(METHOD, 1, &[&[0, 60, 0, 40, 0, 0], &short(exchange)[..], &[0, 0]].concat());
    let size = u64::try_from(body.len()).unwrap().to_be_bytes();
    raw.send(HEADER, 1, &[&[0, 60, 0, 0], &size[..], &property.to_be_bytes(), bytes].concat());
    raw.send(BODY, 1, body);
    raw.send(METHOD, 1, &[0, 20, 0, 40, 0, 200, 0, 0, 0, 0, 0]);
    raw.expect([0, 20, 0, 41]);
}

struct Raw(TcpStream);

impl Raw {
    fn send(&mut self, kind: u8, channel: u16, payload: &[u8]) {
        let size = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let frame = [&[kind], &channel.to_be_bytes()[..], &size, payload, &[FRAME_END]].concat();
        self.0.write_all(&frame).unwrap();
    }

    /// Reads a frame, which must be this method.
    fn expect(&mut self, method: [u8; 4]) {
        let mut head = [0; 7];
        self.0.read_exact(&mut head).unwrap();
        let size = u32::from_be_bytes([head[3], head[4], head[5], head[6]]);
        let mut payload = vec![0; usize::try_from(size).unwrap() + 1];
        self.0.read_exact(&mut payload).unwrap();
        assert!(payload.starts_with(&method), "expected {method:?}, got {payload:?}");
    }
}

fn short(text: &str) -> Vec<u8> {
    [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat()
}
