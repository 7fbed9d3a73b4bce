//! The harness, tried on itself: a scenario is worth no more than what it is written with.

use std::time::Duration;

use lode_tests::broker::Broker;

#[test]
fn a_broker_starts_stops_dies_and_comes_back_at_the_same_port() {
    let broker = Broker::start();
    let address = broker.address();
    assert!(address.port() < 32_768);
    broker.stop();
    assert!(std::net::TcpStream::connect(address).is_err(), "a stopped broker listens");
    broker.start_again();
    broker.kill();
    assert!(std::net::TcpStream::connect(address).is_err(), "a killed broker listens");
    broker.start_again();
    assert_eq!(broker.address(), address);
    assert!(broker.cpu_time() > Duration::ZERO);
    let url = broker.vhost();
    assert_eq!((broker.queues(&url), broker.connections_and_channels(&url)), (Vec::new(), (0, 0)));
}
