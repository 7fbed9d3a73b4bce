//! The address of a broker, as the user writes it.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use lapin::uri::AMQPUri;

/// How often each side of a connection lets the other know that it lives, in seconds.
const AMQP_HEARTBEAT_SECS: u16 = 10;

/// The URL of a RabbitMQ broker: `amqp://user:password@host:port/vhost`, or `amqps://…` for TLS. What is left out is
/// `guest`, `guest`, 5672 (5671 with TLS) and the vhost `/`; a lone `/` after the port means that vhost too, as it does
/// for the seed. It is shown without its password.
#[derive(Clone, PartialEq, Eq)]
pub struct BusUrl(AMQPUri);

/// A text that is not the URL of a broker.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this is not the URL of a message broker ({reason}): write it as amqp://user:password@host:port/vhost")]
pub struct BusUrlError {
    reason: String,
}

impl BusUrl {
    pub(super) const fn uri(&self) -> &AMQPUri {
        &self.0
    }
}

impl FromStr for BusUrl {
    type Err = BusUrlError;

    fn from_str(text: &str) -> Result<Self, BusUrlError> {
        if !text.contains("://") {
            // The parser would repeat the whole text, password and all.
            return Err(BusUrlError { reason: "there is no :// in it".to_owned() });
        }
        let mut uri: AMQPUri = text.parse().map_err(|reason| BusUrlError { reason })?;
        match host_of(text) {
            // The parser puts `localhost` in the place of a host that it does not find.
            Some("") | None => return Err(BusUrlError { reason: "there is no host in it".to_owned() }),
            Some(host) if host.starts_with('[') => uri.authority.host = ipv6(host)?.to_string(),
            Some(_) => {}
        }
        if uri.vhost.is_empty() {
            "/".clone_into(&mut uri.vhost);
        }
        uri.query.heartbeat = Some(AMQP_HEARTBEAT_SECS);
        Ok(Self(uri))
    }
}

/// The host as it stands in the URL, with the brackets of an IPv6 address.
fn host_of(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host_and_port = authority.rsplit('@').next()?;
    match host_and_port.find(']') {
        Some(end) => host_and_port.get(..=end),
        None => host_and_port.split(':').next(),
    }
}

/// The parser takes a bracketed address for no host at all.
fn ipv6(host: &str) -> Result<Ipv6Addr, BusUrlError> {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    address.parse().map_err(|_| BusUrlError { reason: format!("{host} is not an IPv6 address") })
}

impl fmt::Display for BusUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let authority = &self.0.authority;
        let (open, close) = if authority.host.contains(':') { ("[", "]") } else { ("", "") };
        write!(f, "{}://{}@", self.0.scheme, authority.userinfo.username)?;
        write!(f, "{open}{}{close}:{}", authority.host, authority.port)?;
        if self.0.vhost == "/" { Ok(()) } else { write!(f, "/{}", self.0.vhost) }
    }
}

impl fmt::Debug for BusUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BusUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> AMQPUri {
        text.parse::<BusUrl>().unwrap().0
    }

    #[test]
    fn what_is_left_out_is_filled_in() {
        let uri = parsed("amqp://broker");
        assert_eq!((uri.authority.host.as_str(), uri.authority.port), ("broker", 5672));
        assert_eq!((uri.vhost.as_str(), uri.query.heartbeat), ("/", Some(10)));
        assert_eq!(parsed("amqps://broker").authority.port, 5671);
        assert_eq!(parsed("amqp://broker:5672/").vhost, "/");
        assert_eq!(parsed("amqp://broker:5672/%2f").vhost, "/");
        assert_eq!(parsed("amqp://broker:5672/store?heartbeat=60").vhost, "store");
        assert_eq!(parsed("amqp://broker?heartbeat=60").query.heartbeat, Some(10));
    }

    #[test]
    fn an_ipv6_address_is_not_taken_for_localhost() {
        let url: BusUrl = "amqp://u:p@[2001:db8::1]:5673".parse().unwrap();
        assert_eq!((url.0.authority.host.as_str(), url.0.authority.port), ("2001:db8::1", 5673));
        assert_eq!(url.to_string(), "amqp://u@[2001:db8::1]:5673");
        assert_eq!(parsed("amqp://127.0.0.1:5673").authority.host, "127.0.0.1");
    }

    #[test]
    fn the_password_is_never_shown() {
        let url: BusUrl = "amqp://lode:s3cret@broker:5672/store".parse().unwrap();
        for shown in [url.to_string(), format!("{url:?}")] {
            assert!(!shown.contains("s3cret") && shown.contains("amqp://lode@broker:5672/store"), "{shown}");
        }
    }

    #[test]
    fn what_is_no_broker_url_is_refused() {
        for text in [
            "",
            "broker",
            "broker:5672",
            "http://broker",
            "amqp://",
            "amqp:///x",
            "amqp://u:p@:5672",
            "amqp://broker:99999",
            "amqp://[::1",
            "amqp://[zz]:5672",
            "amqp:broker",
        ] {
            assert!(text.parse::<BusUrl>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_refusal_does_not_show_the_password() {
        for text in ["amqp://u:s3cret@:5672", "amqp:u:s3cret", "amqp://u:s3cret@broker:99999", "http://u:s3cret@broker"]
        {
            let error = text.parse::<BusUrl>().unwrap_err().to_string();
            assert!(!error.contains("s3cret"), "{error}");
        }
    }
}
