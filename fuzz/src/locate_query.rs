//! Locate queries as a data server receives them.

use lode_core::address::ServerAddress;
use lode_core::bus::{BusCommand, BusMessage};
use lode_core::checksum::Checksum;
use lode_core::id::Incarnation;
use lode_core::wire::{Answerer, Held, LocateAnswer, ReceivedQuery, decode_text};

use crate::message;
use crate::name::check_name;

/// Whatever is taken for a query asks for a sound name and is answered in a way that its asker understands.
pub fn locate_query(data: &[u8]) {
    let message = message::read(data);
    let Ok(query) = ReceivedQuery::parse(&message) else { return };
    assert_eq!(decode_text(&message.body).as_deref(), Ok(query.name.as_str()), "names are taken as they are written");
    check_name(&query.name);
    let size_bytes = Some(u64::try_from(data.len()).unwrap_or(u64::MAX));
    let checksum = Some(Checksum::new([7; 32]));
    for held in [Held::Yes { size_bytes, checksum }, Held::Yes { size_bytes: None, checksum: None }, Held::No] {
        check_answer(&message, &query, held);
    }
}

fn check_answer(message: &BusMessage, query: &ReceivedQuery, held: Held) {
    let address: ServerAddress = "127.29.1.4:22345".parse().expect("an address");
    let incarnation = Incarnation::new(3);
    let Some(answer) = query.answer(&Answerer::new(&address, incarnation), &held) else {
        assert_eq!(held, Held::No);
        assert!(!query.understands_negative, "silence is only for askers that know no other no");
        return;
    };
    let BusCommand::Answer { to, message: answer } = answer else { panic!("an answer is an answer: {answer:?}") };
    assert_eq!(Some(&to), message.reply_to.as_ref());
    assert_eq!(answer.correlation_id, message.correlation_id, "only the asker knows what it means");
    let understood_by_the_seed: &[u8] = if held == Held::No { b"\"\"" } else { b"\"127.29.1.4:22345\"" };
    assert_eq!(answer.body, understood_by_the_seed);
    let is_ours = message.correlation_id.as_ref().is_none_or(|id| id.parse::<lode_core::id::OperationId>().is_ok());
    let read = LocateAnswer::parse(&answer);
    assert_eq!(read.is_ok(), is_ours, "{answer:?}");
    if let Ok(read) = read {
        assert_eq!((read.address, read.incarnation, read.held), (address, Some(incarnation), held));
    }
}
