//! Addresses and ports that no other test uses, in this program or in another.
//!
//! A claim is a number that is held by listening on a port of an address nothing else uses: the kernel hands it out once,
//! and takes it back when the program ends, however it ends. All ports lie below 32768: above, a client that redials an
//! absent server can connect to itself.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener};

const LOCK_HOST: Ipv4Addr = Ipv4Addr::new(127, 255, 255, 1);
/// Below all ports that a claim gives: a broker listens for Erlang on every address, and so also where a lock would be.
const LOCK_PORT_BASE: u16 = 9_700;
const CLAIMS: u8 = 200;
const SERVER_PORT: u16 = 22_345;

/// The right to use the addresses and ports that its methods name, for as long as it lives.
#[derive(Debug)]
pub struct Claim {
    number: u8,
    _lock: TcpListener,
}

impl Claim {
    /// A number that is free now and whose ports nobody listens on.
    ///
    /// # Panics
    /// If all of them are taken.
    #[must_use]
    pub fn new() -> Self {
        let first = u8::try_from(std::process::id() % u32::from(CLAIMS)).unwrap_or_default();
        let numbers = (first..CLAIMS).chain(0..first);
        numbers
            .filter_map(Self::take)
            .find(Self::is_usable)
            .expect("all 200 claims are taken: end what is left of older tests")
    }

    fn take(number: u8) -> Option<Self> {
        let lock = TcpListener::bind((LOCK_HOST, LOCK_PORT_BASE + u16::from(number))).ok()?;
        Some(Self { number, _lock: lock })
    }

    fn is_usable(&self) -> bool {
        let hosts = [self.api_address(0), self.data_address(0)];
        let ports =
            [self.amqp_port(), self.dist_port(), self.epmd_port(), self.postgres_port(), self.dev_port_base() + 1];
        let locals = ports.map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        hosts.iter().chain(&locals).all(|address| TcpListener::bind(address).is_ok())
    }

    /// The `index`-th API server's address, of 250.
    #[must_use]
    pub fn api_address(&self, index: u8) -> SocketAddr {
        self.server(0, index)
    }

    /// The `index`-th data server's address, of 250.
    #[must_use]
    pub fn data_address(&self, index: u8) -> SocketAddr {
        self.server(1, index)
    }

    fn server(&self, third: u8, index: u8) -> SocketAddr {
        let host = Ipv4Addr::new(127, 40 + self.number, third, index + 1);
        SocketAddr::V4(SocketAddrV4::new(host, SERVER_PORT))
    }

    /// A port of 127.0.0.1 for a broker.
    #[must_use]
    pub const fn amqp_port(&self) -> u16 {
        10_000 + 4 * self.wide_number()
    }

    /// A port of 127.0.0.1 for a broker's Erlang distribution.
    #[must_use]
    pub const fn dist_port(&self) -> u16 {
        self.amqp_port() + 1
    }

    /// A port of 127.0.0.1 for a broker's port mapper.
    #[must_use]
    pub const fn epmd_port(&self) -> u16 {
        self.amqp_port() + 2
    }

    /// A port of 127.0.0.1 for a PostgreSQL.
    #[must_use]
    pub const fn postgres_port(&self) -> u16 {
        self.amqp_port() + 3
    }

    /// A `--port-base` for `lode dev` with at most 20 API and 20 data servers. Bases are 40 apart, so that one cluster's
    /// data servers (at 101 and above) fall between another's API servers (at 1 and above).
    #[must_use]
    pub const fn dev_port_base(&self) -> u16 {
        11_000 + 40 * self.wide_number()
    }

    const fn wide_number(&self) -> u16 {
        self.number as u16
    }
}

impl Default for Claim {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_do_not_share_anything() {
        let (one, other) = (Claim::new(), Claim::new());
        assert_ne!(one.api_address(0), other.api_address(0));
        assert_ne!(one.data_address(0), other.data_address(0));
        assert_ne!(one.amqp_port(), other.amqp_port());
        assert_ne!(one.dev_port_base(), other.dev_port_base());
    }

    #[test]
    fn no_lock_is_in_the_way_of_a_port_that_is_given() {
        let highest_lock = LOCK_PORT_BASE + u16::from(CLAIMS) - 1;
        let first = Claim { number: 0, _lock: TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap() };
        let ports = [first.amqp_port(), first.dist_port(), first.epmd_port(), first.dev_port_base()];
        assert!(ports.iter().all(|port| *port > highest_lock), "{ports:?}");
    }

    #[test]
    fn a_claim_is_given_once() {
        let claim = Claim::new();
        assert!(Claim::take(claim.number).is_none());
    }
}
