//! With the broker away: each server hears `Down` once and, when the broker is back, `Up`, and talks again as before.

use std::time::Duration;

use lapin::options::{ExchangeDeclareOptions, ExchangeDeleteOptions};
use lapin::types::FieldTable;
use lode_core::bus::{BusCommand, BusEvent, ReplyRoute};
use lode_smol::bus::Role;
use lode_tests::broker::Broker;
use lode_tests::wait;

use crate::server::{SOON, Server, assert_they_talk, operation, saying};

/// A broker that starts takes its time.
const AFTER_START: Duration = Duration::from_secs(30);

/// The data servers' expiry period: a broker that hangs must be noticed before.
const EXPIRY: Duration = Duration::from_secs(10);

#[test]
fn a_stopped_and_a_killed_broker_are_survived_again_and_again() {
    let broker = Broker::start();
    let url = broker.url();
    let (api, data) = (Server::up_on(&url, Role::Api), Server::up_on(&url, Role::Data));
    for lose in [Broker::stop, Broker::kill, Broker::stop, Broker::kill] {
        assert_they_talk(&api, &data);
        api.ask(ReplyRoute::Private(operation()), "left open");
        assert_eq!(data.next_query().body, b"left open");
        lose(&broker);
        for server in [&api, &data] {
            server.expect(&BusEvent::Down, Duration::from_secs(3));
            server.link.send(BusCommand::Heartbeat(saying("lost")));
            assert!(server.hears_nothing());
        }
        broker.start_again();
        api.expect(&BusEvent::Up, AFTER_START);
        data.expect(&BusEvent::Up, AFTER_START);
        assert_they_talk(&api, &data);
        assert_eq!(broker.queues(&url).len(), 4);
        assert_eq!(broker.connections_and_channels(&url).0, 2);
    }
}

#[test]
fn a_broker_that_is_absent_at_start_is_waited_for() {
    let broker = Broker::stopped();
    let (api, data) = (Server::on(&broker.url(), Role::Api), Server::on(&broker.url(), Role::Data));
    assert!(api.next(Duration::from_secs(2)).is_none());
    broker.start_again();
    api.expect(&BusEvent::Up, AFTER_START);
    data.expect(&BusEvent::Up, AFTER_START);
    assert_they_talk(&api, &data);
    // Nor does a link that cannot reach its broker hold up the end of its process.
    broker.stop();
    api.shut_down();
    data.shut_down();
}

#[test]
fn a_broker_that_hangs_is_noticed_before_anybody_is_expired() {
    let broker = Broker::start();
    let (api, data) = (Server::up_on(&broker.url(), Role::Api), Server::up_on(&broker.url(), Role::Data));
    assert_they_talk(&api, &data);
    broker.pause();
    let took = api.expect(&BusEvent::Down, EXPIRY) + data.expect(&BusEvent::Down, EXPIRY);
    assert!(took < Duration::from_secs(8), "noticed only after {took:?}");
    // Long enough for attempts to connect that the kernel takes and nobody answers.
    assert!(api.next(Duration::from_secs(12)).is_none());
    broker.resume();
    api.expect(&BusEvent::Up, AFTER_START);
    data.expect(&BusEvent::Up, AFTER_START);
    assert_they_talk(&api, &data);
    wait::until_true(SOON, "what hung is cleared away", || {
        broker.queues(&broker.url()).len() == 4 && broker.connections_and_channels(&broker.url()).0 == 2
    });
}

#[test]
fn a_deleted_exchange_is_made_again_and_everybody_bound_to_it() {
    let url = Broker::shared().vhost();
    let (api, data) = (Server::up_on(&url, Role::Api), Server::up_on(&url, Role::Data));
    smol::block_on(async {
        let connection = lapin::Connection::connect(&url, lapin::ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        for exchange in ["apiServers", "dataServers"] {
            channel.exchange_delete(exchange.into(), ExchangeDeleteOptions::default()).await.unwrap();
            let durable = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
            let kind = lapin::ExchangeKind::Fanout;
            channel.exchange_declare(exchange.into(), kind, durable, FieldTable::default()).await.unwrap();
        }
    });
    std::thread::sleep(Duration::from_secs(4));
    assert_they_talk(&api, &data);

    smol::block_on(async {
        let connection = lapin::Connection::connect(&url, lapin::ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        channel.exchange_delete("dataServers".into(), ExchangeDeleteOptions::default()).await.unwrap();
    });
    data.expect(&BusEvent::Down, SOON);
    data.expect(&BusEvent::Up, SOON);
    while api.next(Duration::from_secs(4)).is_some() {}
    assert_they_talk(&api, &data);
}

#[test]
fn a_refused_password_is_not_taken_for_an_absent_broker() {
    let url = Broker::shared().vhost().replace("guest:guest", "guest:wrong");
    let server = Server::on(&url, Role::Api);
    assert!(server.next(Duration::from_secs(3)).is_none());
    server.shut_down();
}
