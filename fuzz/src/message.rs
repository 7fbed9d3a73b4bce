//! A message of the bus as a file that people can read: lines `name: value`, an empty line, the body. `reply-to` and
//! `correlation-id` are the properties, all other lines are headers. A file that begins with anything but a letter is all
//! body.

use lode_core::bus::{BusMessage, ReplyTo};

pub(crate) fn read(data: &[u8]) -> BusMessage {
    let mut message = BusMessage::default();
    let mut rest = data;
    if data.first().is_some_and(u8::is_ascii_alphabetic) {
        while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
            let (line, behind) = (&rest.get(..end).unwrap_or_default(), rest.get(end + 1..).unwrap_or_default());
            rest = behind;
            if line.is_empty() {
                break;
            }
            set(&mut message, &String::from_utf8_lossy(line));
        }
    }
    message.body = rest.to_vec();
    message
}

fn set(message: &mut BusMessage, line: &str) {
    let (name, value) = line.split_once(": ").unwrap_or((line, ""));
    match name {
        "reply-to" => message.reply_to = ReplyTo::new(value.into()),
        "correlation-id" => message.correlation_id = Some(value.into()),
        header => drop(message.headers.insert(header.into(), value.into())),
    }
}
