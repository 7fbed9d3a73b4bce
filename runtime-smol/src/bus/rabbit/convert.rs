//! Between the core's messages and AMQP's.

use lapin::BasicProperties;
use lapin::message::Delivery;
use lapin::types::{AMQPValue, FieldTable, LongString, ShortString};
use lode_core::bus::{BusMessage, Headers, ReplyTo};

use crate::bus::MAX_BODY_BYTES;

/// AMQP's delivery mode for a message that the broker does not write to disk.
const NON_PERSISTENT: u8 = 1;

/// RabbitMQ's word for "answer straight to this channel"; from a channel that consumes no such answers it is an error.
const DIRECT_REPLY_TO: &str = "amq.rabbitmq.reply-to";

/// The properties of a message to be sent. It must be within the limits of `limits::can_be_sent`. `reply_to` takes the
/// place of the message's own.
pub(super) fn properties_of(message: &BusMessage, reply_to: Option<&str>) -> BasicProperties {
    let mut properties = BasicProperties::default().with_delivery_mode(NON_PERSISTENT);
    let own = message.reply_to.as_ref().map(ReplyTo::as_str).filter(|name| *name != DIRECT_REPLY_TO);
    if let Some(name) = reply_to.or(own).and_then(short) {
        properties = properties.with_reply_to(name);
    }
    if let Some(id) = message.correlation_id.as_deref().and_then(short) {
        properties = properties.with_correlation_id(id);
    }
    if !message.headers.is_empty() {
        properties = properties.with_headers(table_of(&message.headers));
    }
    properties
}

/// What was delivered, as the core wants it; `None` if the body is over [`MAX_BODY_BYTES`].
pub(super) fn message_of(delivery: Delivery) -> Option<BusMessage> {
    if delivery.data.len() > MAX_BODY_BYTES {
        return None;
    }
    let properties = &delivery.properties;
    Some(BusMessage {
        reply_to: properties.reply_to().as_ref().and_then(|name| ReplyTo::new(name.to_string())),
        correlation_id: properties.correlation_id().as_ref().map(|id| id.as_str().into()),
        headers: properties.headers().as_ref().map(texts_of).unwrap_or_default(),
        body: delivery.data,
    })
}

/// A short string, if the text is short enough to be one; lapin's own conversion panics.
pub(super) fn short(text: &str) -> Option<ShortString> {
    ShortString::try_new(text).ok()
}

fn table_of(headers: &Headers) -> FieldTable {
    let mut table = FieldTable::default();
    for (name, value) in headers.iter() {
        if let Some(name) = short(name) {
            table.insert(name, AMQPValue::LongString(LongString::from(value)));
        }
    }
    table
}

fn texts_of(table: &FieldTable) -> Headers {
    table.into_iter().filter_map(|(name, value)| Some((name.to_string(), text_of(value)?))).collect()
}

/// Strings and whole numbers; all else is of no use to the core.
fn text_of(value: &AMQPValue) -> Option<String> {
    match value {
        AMQPValue::ShortString(text) => Some(text.to_string()),
        AMQPValue::LongString(bytes) => str::from_utf8(bytes.as_bytes()).ok().map(str::to_owned),
        AMQPValue::ShortShortInt(number) => Some(number.to_string()),
        AMQPValue::ShortShortUInt(number) => Some(number.to_string()),
        AMQPValue::ShortInt(number) => Some(number.to_string()),
        AMQPValue::ShortUInt(number) => Some(number.to_string()),
        AMQPValue::LongInt(number) => Some(number.to_string()),
        AMQPValue::LongUInt(number) => Some(number.to_string()),
        AMQPValue::LongLongInt(number) => Some(number.to_string()),
        AMQPValue::Timestamp(number) => Some(number.to_string()),
        AMQPValue::Boolean(_)
        | AMQPValue::Float(_)
        | AMQPValue::Double(_)
        | AMQPValue::DecimalValue(_)
        | AMQPValue::FieldArray(_)
        | AMQPValue::FieldTable(_)
        | AMQPValue::ByteArray(_)
        | AMQPValue::Void => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(properties: BasicProperties, body: Vec<u8>) -> Delivery {
        let mut delivery = Delivery::mock(1, "".into(), "".into(), false, body);
        delivery.properties = properties;
        delivery
    }

    #[test]
    fn a_message_arrives_as_it_was_sent() {
        let message = BusMessage {
            reply_to: ReplyTo::new("amq.gen-1".into()),
            correlation_id: Some("0000000000000001-0000000000000002".into()),
            headers: [("x-free".into(), "123".into()), ("x-unit".into(), "é".into())].into(),
            body: b"\"127.0.0.1:1\"".to_vec(),
        };
        let properties = properties_of(&message, None);
        assert_eq!(properties.delivery_mode(), &Some(1));
        assert_eq!(message_of(delivery(properties, message.body.clone())), Some(message));
    }

    #[test]
    fn the_reply_queue_of_the_session_takes_the_place_of_the_messages_own() {
        let message = BusMessage { reply_to: ReplyTo::new("own".into()), ..BusMessage::default() };
        assert_eq!(properties_of(&message, Some("ours")).reply_to(), &Some("ours".into()));
        let message = BusMessage { reply_to: ReplyTo::new(DIRECT_REPLY_TO.into()), ..BusMessage::default() };
        assert_eq!(properties_of(&message, None).reply_to(), &None);
    }

    #[test]
    fn only_strings_and_whole_numbers_come_through_as_headers() {
        let mut table = FieldTable::default();
        table.insert("long".into(), AMQPValue::LongString("text".into()));
        table.insert("number".into(), AMQPValue::LongLongInt(-7));
        table.insert("time".into(), AMQPValue::Timestamp(7));
        table.insert("bytes".into(), AMQPValue::LongString(vec![0xff, 0xfe].into()));
        table.insert("flag".into(), AMQPValue::Boolean(true));
        table.insert("nothing".into(), AMQPValue::Void);
        table.insert("table".into(), AMQPValue::FieldTable(FieldTable::default()));
        let message = message_of(delivery(BasicProperties::default().with_headers(table), Vec::new())).unwrap();
        let expected = [("long", "text"), ("number", "-7"), ("time", "7")];
        assert_eq!(message.headers, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    }

    #[test]
    fn an_oversize_body_and_an_empty_reply_queue_are_not_taken() {
        let properties = || BasicProperties::default().with_reply_to("".into());
        assert!(message_of(delivery(properties(), vec![0; MAX_BODY_BYTES + 1])).is_none());
        let taken = message_of(delivery(properties(), vec![0; MAX_BODY_BYTES])).unwrap();
        assert_eq!(taken.reply_to, None);
    }
}
