use alloc::borrow::ToOwned as _;

use proptest::prelude::*;

use super::*;
use crate::id::OperationIds;

const INCARNATION: Incarnation = Incarnation::new(3);

fn address() -> ServerAddress {
    "127.29.1.4:22345".parse().unwrap()
}

fn id() -> OperationId {
    OperationIds::new(Incarnation::new(9)).fresh()
}

/// Our query, as the driver sends it.
fn our_query() -> BusMessage {
    let name = ObjectName::from_message("test2").unwrap();
    let message = LocateQuery { id: id(), name }.to_message();
    BusMessage { reply_to: ReplyTo::new("amq.gen-1".to_owned()), ..message }
}

/// The same question as the seed asks it.
fn seed_query() -> BusMessage {
    let reply_to = ReplyTo::new("amq.gen-1".to_owned());
    BusMessage { reply_to, body: br#""test2""#.to_vec(), ..BusMessage::default() }
}

fn answer_to(query: &BusMessage, held: Held) -> Option<BusMessage> {
    let command = ReceivedQuery::parse(query).unwrap().answer(&Answerer::new(&address(), INCARNATION), &held)?;
    let BusCommand::Answer { to, message } = command else { panic!("{command:?} is no answer") };
    assert_eq!(to.as_str(), "amq.gen-1");
    Some(message)
}

const HELD: Held = Held::Yes { size_bytes: None, checksum: None };

#[test]
fn a_query_of_the_seed_is_read() {
    let query = ReceivedQuery::parse(&seed_query()).unwrap();
    assert_eq!((query.name.as_str(), query.echo, query.understands_negative), ("test2", None, false));
}

#[test]
fn the_body_of_our_query_is_the_body_of_the_seed() {
    assert_eq!(our_query().body, seed_query().body);
}

#[test]
fn our_query_is_read() {
    let query = ReceivedQuery::parse(&our_query()).unwrap();
    assert!(query.understands_negative);
    assert_eq!(query.echo.map(|echo| echo.as_str().to_string()), Some(id().to_string()));
}

#[test]
fn a_foreign_correlation_id_is_echoed_verbatim() {
    let strange: Arc<str> = " {\"é\"}\n".into();
    let query = BusMessage { correlation_id: Some(strange.clone()), ..seed_query() };
    assert_eq!(answer_to(&query, HELD).unwrap().correlation_id, Some(strange));
    let long = BusMessage { correlation_id: Some("x".repeat(256).into()), ..seed_query() };
    assert_eq!(ReceivedQuery::parse(&long), Err(WireError::LongCorrelationId));
}

#[test]
fn a_positive_answer_reads_for_the_seed_like_one_of_its_own() {
    let message = answer_to(&seed_query(), HELD).unwrap();
    assert_eq!(message.body, br#""127.29.1.4:22345""#);
    assert_eq!(message.correlation_id, None);
}

#[test]
fn the_seed_is_never_told_no() {
    assert_eq!(answer_to(&seed_query(), Held::No), None);
    let mut declines = our_query();
    declines.headers.insert(header::NEGATIVE_ANSWERS.to_owned(), "no".to_owned());
    assert_eq!(answer_to(&declines, Held::No), None);
}

#[test]
fn a_negative_answer_holds_no_address_in_its_body() {
    let message = answer_to(&our_query(), Held::No).unwrap();
    assert_eq!(message.body, b"\"\"");
    let answer = LocateAnswer { query: Some(id()), address: address(), incarnation: Some(INCARNATION), held: Held::No };
    assert_eq!(LocateAnswer::parse(&message), Ok(answer));
}

#[test]
fn an_answer_of_the_seed_is_read() {
    let message = BusMessage { body: br#""127.29.1.4:22345""#.to_vec(), ..BusMessage::default() };
    let answer = LocateAnswer { query: None, address: address(), incarnation: None, held: HELD };
    assert_eq!(LocateAnswer::parse(&message), Ok(answer));
}

#[test]
fn bad_queries_are_refused() {
    for body in
        ["", "null", "test2", "\"\"", "\"a/b\"", "\"../../etc/passwd\"", "\"a b\"", "\"é\"", "\"%zz\"", "\"..\""]
    {
        let message = BusMessage { body: body.into(), ..our_query() };
        assert!(ReceivedQuery::parse(&message).is_err(), "{body}");
    }
    let nobody_waits = BusMessage { reply_to: None, ..our_query() };
    assert_eq!(ReceivedQuery::parse(&nobody_waits), Err(WireError::NoReplyTo));
    let mut undecided = our_query();
    undecided.headers.insert(header::NEGATIVE_ANSWERS.to_owned(), "perhaps".to_owned());
    assert!(ReceivedQuery::parse(&undecided).is_err());
}

#[test]
fn bad_answers_are_refused() {
    let yes = answer_to(&our_query(), HELD).unwrap();
    let no = answer_to(&our_query(), Held::No).unwrap();
    let with = |message: &BusMessage, header: &str, value: &str| {
        let mut message = message.clone();
        message.headers.insert(header.to_owned(), value.to_owned());
        message
    };
    for (message, error) in [
        (BusMessage { correlation_id: Some("1".into()), ..yes.clone() }, WireError::ForeignCorrelationId),
        (with(&yes, header::HELD, "no"), WireError::Contradiction),
        (
            with(&yes, header::SIZE_BYTES, "-1"),
            WireError::BadHeader { header: header::SIZE_BYTES, expected: "a decimal number below 2^64" },
        ),
        (
            with(&yes, header::CHECKSUM, "00"),
            WireError::BadHeader { header: header::CHECKSUM, expected: "64 lower-case hexadecimal digits" },
        ),
        (
            with(&yes, header::INCARNATION, "3"),
            WireError::BadHeader { header: header::INCARNATION, expected: "16 hexadecimal digits" },
        ),
    ] {
        assert_eq!(LocateAnswer::parse(&message), Err(error));
    }
    for message in [
        BusMessage { body: b"\"\"".to_vec(), ..yes.clone() },
        BusMessage { body: b"\"nowhere\"".to_vec(), ..yes },
        with(&no, header::HELD, "yes"),
        with(&no, header::ADDRESS, "nowhere"),
    ] {
        assert!(matches!(LocateAnswer::parse(&message), Err(WireError::Address(_))), "{message:?}");
    }
    let mut nameless = no;
    nameless.headers.remove(header::ADDRESS);
    assert_eq!(LocateAnswer::parse(&nameless), Err(WireError::MissingHeader { header: header::ADDRESS }));
}

proptest! {
    #[test]
    fn an_answer_survives_being_sent(size_bytes: Option<u64>, hash: Option<[u8; 32]>, held: bool) {
        let yes = Held::Yes { size_bytes, checksum: hash.map(Checksum::new) };
        let held = if held { yes } else { Held::No };
        let answer = LocateAnswer { query: Some(id()), address: address(), incarnation: Some(INCARNATION), held };
        let message = answer_to(&our_query(), held).unwrap();
        prop_assert_eq!(LocateAnswer::parse(&message), Ok(answer));
    }
}
