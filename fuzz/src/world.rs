//! A small world for the machines: few names, few servers, and whatever can be said of them, chosen by the fuzzer.

use lode_core::address::ServerAddress;
use lode_core::bus::{BusMessage, ReplyTo};
use lode_core::checksum::Checksum;
use lode_core::conditions::Conditions;
use lode_core::etag::ETag;
use lode_core::id::Incarnation;
use lode_core::name::ObjectName;
use lode_core::range::ByteRange;
use lode_core::select::Selection;
use lode_core::space::Space;
use lode_core::transfer::TransferFailure;
use lode_core::wire::{Heartbeat, HeartbeatDetails, SoftwareVersion, encode_text};

use crate::reader::Reader;

/// How many servers there are: more than the machines are told to keep.
pub(crate) const SERVERS: usize = 6;

pub(crate) fn server(reader: &mut Reader<'_>) -> ServerAddress {
    format!("127.0.0.{}:7501", reader.below(SERVERS) + 1).parse().expect("an address")
}

pub(crate) fn name(reader: &mut Reader<'_>) -> ObjectName {
    ObjectName::from_message(reader.one_of(&["a", "b%2Fc"])).expect("a name")
}

/// Sizes around every edge.
pub(crate) fn size_bytes(reader: &mut Reader<'_>) -> u64 {
    reader.one_of(&[0, 1, 2, 99, 100, 101, 1 << 40, u64::MAX])
}

pub(crate) fn maybe<T>(reader: &mut Reader<'_>, value: impl FnOnce(&mut Reader<'_>) -> T) -> Option<T> {
    reader.flag().then(|| value(reader))
}

pub(crate) fn checksum(reader: &mut Reader<'_>) -> Checksum {
    Checksum::new([reader.one_of(&[0, 0xab]); 32])
}

pub(crate) fn etag(reader: &mut Reader<'_>) -> ETag {
    ETag::new(checksum(reader))
}

pub(crate) fn heartbeat(reader: &mut Reader<'_>) -> BusMessage {
    let address = server(reader);
    let details = maybe(reader, |reader| HeartbeatDetails {
        incarnation: Incarnation::new(u64::from(reader.byte())),
        space: Space { free_bytes: size_bytes(reader), total_bytes: size_bytes(reader) },
        accepts_writes: !reader.flag(),
        zone: None,
        draining: false,
        software: SoftwareVersion::of_this_crate(),
    });
    Heartbeat { address, details }.to_message()
}

/// Messages of which no machine can make sense, some of them only nearly so.
pub(crate) fn malformed_message(reader: &mut Reader<'_>) -> BusMessage {
    let mut message = BusMessage { body: reader.short_bytes().to_vec(), ..BusMessage::default() };
    if reader.flag() {
        message.body = encode_text(&String::from_utf8_lossy(&message.body));
    }
    message.reply_to = maybe(reader, |_| ReplyTo::new("q".into())).flatten();
    message.correlation_id = maybe(reader, |_| "not one of ours".into());
    let header = reader.one_of(&["lode-held", "lode-negative-answers", "lode-incarnation", "lode-zone"]);
    let value = reader.one_of(&["no", "yes", "", "0000000000000001"]);
    message.headers.insert(header.into(), value.into());
    message
}

pub(crate) fn selection(reader: &mut Reader<'_>) -> Selection {
    let range = maybe(reader, |reader| {
        let (one, other) = (size_bytes(reader), size_bytes(reader));
        let between = ByteRange::between(one, other).unwrap_or(ByteRange::last_bytes(one));
        reader.one_of(&[between, ByteRange::starting_at(one), ByteRange::last_bytes(other)])
    });
    let tag = etag(reader).to_string();
    let header = maybe(reader, |reader| reader.one_of(&["if-match", "if-none-match", "if-range"]));
    let conditions = Conditions::from_headers(header.map(|header| (header, tag.as_str()))).expect("a tag of ours");
    Selection { conditions, range, head_only: reader.flag() }
}

pub(crate) fn transfer_failure(reader: &mut Reader<'_>) -> TransferFailure {
    match reader.below(5) {
        0 => TransferFailure::Unreachable { reason: "refused".into() },
        1 => TransferFailure::BrokenOff { reason: "reset".into() },
        2 => TransferFailure::TimedOut,
        3 => TransferFailure::Full,
        _ => TransferFailure::Refused { status: 500 },
    }
}
