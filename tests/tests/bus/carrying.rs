//! With the broker well: what comes out of the bus is what went in, and nothing stays behind.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lapin::options::BasicPublishOptions;
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Connection, ConnectionProperties};
use lode_core::bus::{BusCommand, BusEvent, BusMessage, ReplyRoute, ReplyTo};
use lode_smol::bus::{DroppedMessages, MAX_BODY_BYTES, MAX_PRIVATE_ROUTES, Role};
use lode_tests::broker::Broker;
use lode_tests::wait;

use crate::raw;
use crate::server::{SOON, Server, answered, assert_they_talk, operation, saying};

#[test]
fn messages_arrive_whole_at_everybody_that_they_are_for() {
    let url = Broker::shared().vhost();
    let apis = [Role::Api; 2].map(|role| Server::up_on(&url, role));
    let datas = [Role::Data; 2].map(|role| Server::up_on(&url, role));
    let message = BusMessage {
        reply_to: None,
        correlation_id: Some("0000000000000001-0000000000000002".into()),
        headers: [("x-free".into(), "18446744073709551615".into()), ("x-zone".into(), "é".into())].into(),
        body: vec![b'x'; MAX_BODY_BYTES],
    };

    datas[0].link.send(BusCommand::Heartbeat(message.clone()));
    for api in &apis {
        api.expect(&BusEvent::Heartbeat(message.clone()), SOON);
    }
    apis[0].link.send(BusCommand::Query { route: ReplyRoute::Shared, message: message.clone() });
    for data in &datas {
        let query = data.next_query();
        let to = query.reply_to.clone().expect("a query says where its answers go");
        assert_eq!(BusMessage { reply_to: None, ..query }, message);
        data.link.send(BusCommand::Answer { to, message: message.clone() });
    }
    for _ in &datas {
        apis[0].expect(&BusEvent::Answer { route: ReplyRoute::Shared, message: message.clone() }, SOON);
    }
    assert!(apis.iter().chain(&datas).all(Server::hears_nothing));
}

#[test]
fn however_much_is_asked_there_is_one_connection_a_server_and_two_queues() {
    let (broker, url) = (Broker::shared(), Broker::shared().vhost());
    let (api, data) = (Server::up_on(&url, Role::Api), Server::up_on(&url, Role::Data));
    for _ in 0..200 {
        api.ask(ReplyRoute::Shared, "who?");
    }
    for _ in 0..200 {
        data.answer(&data.next_query().reply_to.expect("a reply queue"), "me");
    }
    for _ in 0..200 {
        api.expect(&answered(ReplyRoute::Shared, "me"), SOON);
    }
    assert_eq!(broker.queues(&url).len(), 4);
    assert_eq!(broker.connections_and_channels(&url).0, 2);
    api.shut_down();
    data.shut_down();
    wait::until_true(SOON, "all queues and connections are gone", || {
        broker.queues(&url).is_empty() && broker.connections_and_channels(&url).0 == 0
    });
}

#[test]
fn answers_on_private_routes_name_their_query_and_the_queues_go() {
    let (broker, url) = (Broker::shared(), Broker::shared().vhost());
    let (api, data) = (Server::up_on(&url, Role::Api), Server::up_on(&url, Role::Data));
    let routes: Vec<_> = (0..50).map(|_| operation()).collect();
    for query in &routes {
        api.ask(ReplyRoute::Private(*query), &query.to_string());
    }
    let mut queues = BTreeSet::new();
    for _ in &routes {
        let query = data.next_query();
        let to = query.reply_to.expect("a query says where its answers go");
        // As the seed answers: nothing but the body.
        data.answer(&to, &String::from_utf8(query.body).expect("as it was sent"));
        queues.insert(to);
    }
    assert_eq!(queues.len(), routes.len(), "each query has a queue of its own");
    let mut answers: Vec<_> = routes.iter().map(|_| api.next(SOON)).collect();
    for query in &routes {
        let answer = Some(answered(ReplyRoute::Private(*query), &query.to_string()));
        let found = answers.iter().position(|got| *got == answer).expect("each query has its answer, on its route");
        answers.swap_remove(found);
    }
    assert_eq!(broker.queues(&url).len(), 4 + routes.len());
    assert_eq!(broker.connections_and_channels(&url).0, 2);

    for query in &routes {
        api.link.send(BusCommand::CloseRoute(*query));
    }
    wait::until_true(SOON, "private queues are gone", || broker.queues(&url).len() == 4);
    for to in &queues {
        data.answer(to, "too late");
    }
    assert!(api.hears_nothing());
    assert_they_talk(&api, &data);
}

#[test]
fn a_route_that_is_closed_while_it_opens_leaves_no_queue() {
    let (broker, url) = (Broker::shared(), Broker::shared().vhost());
    let api = Server::up_on(&url, Role::Api);
    for round in 0..60 {
        let query = operation();
        api.ask(ReplyRoute::Private(query), "who?");
        // From at once to well after the queue is there.
        std::thread::sleep(Duration::from_micros(round * 100));
        api.link.send(BusCommand::CloseRoute(query));
    }
    wait::until_true(SOON, "private queues are gone", || broker.queues(&url).len() == 2);
}

#[test]
fn private_routes_are_bounded_and_shared_queries_pass_them_by() {
    let url = Broker::shared().vhost();
    let (api, data) = (Server::up_on(&url, Role::Api), Server::up_on(&url, Role::Data));
    let routes: Vec<_> = (0..MAX_PRIVATE_ROUTES + 10).map(|_| operation()).collect();
    for query in &routes {
        api.ask(ReplyRoute::Private(*query), "private");
    }
    api.ask(ReplyRoute::Shared, "shared");
    let before: Vec<_> =
        std::iter::from_fn(|| Some(data.next_query().body)).take_while(|body| body != b"shared").collect();
    assert!(before.len() < MAX_PRIVATE_ROUTES / 2, "the shared query waited for {} private ones", before.len());
    for _ in before.len()..MAX_PRIVATE_ROUTES {
        assert_eq!(data.next_query().body, b"private");
    }
    assert_eq!(api.link.dropped(), DroppedMessages { outgoing: 10, incoming: 0 });
    for query in &routes {
        api.link.send(BusCommand::CloseRoute(*query));
    }
    api.ask(ReplyRoute::Private(operation()), "room again");
    // The first of the queues must be gone before there is room; a query dropped for want of it is asked again.
    wait::until_true(SOON, "there is room again", || {
        api.ask(ReplyRoute::Private(operation()), "room again");
        data.next(Duration::from_millis(50)).is_some()
    });
}

#[test]
fn answers_to_queues_that_are_not_there_harm_nobody() {
    let url = Broker::shared().vhost();
    let (api, data) = (Server::up_on(&url, Role::Api), Server::up_on(&url, Role::Data));
    // RabbitMQ 3.10 ends the connection that the last of these is published on.
    let forged = "amq.rabbitmq.reply-to.g1h2AA5yZXBseUA2NjA1ODA0MwAAAAAAAAAAAAAAAA==.AAAA";
    for name in ["amq.gen-nobody", "nobody", "é", "amq.rabbitmq.reply-to", "amq.rabbitmq.reply-to.bogus", forged] {
        data.answer(&ReplyTo::new(name.into()).expect("short"), "me");
        assert_they_talk(&api, &data);
    }
    assert_eq!(data.link.dropped(), DroppedMessages { outgoing: 3, incoming: 0 });
    let impolite = BusMessage { reply_to: ReplyTo::new("amq.rabbitmq.reply-to".into()), ..saying("me") };
    data.link.send(BusCommand::Heartbeat(impolite));
    api.expect(&BusEvent::Heartbeat(saying("me")), SOON);
    assert_they_talk(&api, &data);
}

#[test]
fn strange_messages_of_others_do_not_get_in_the_way() {
    let url = Broker::shared().vhost();
    let (api, data) = (Server::up_on(&url, Role::Api), Server::up_on(&url, Role::Data));
    let publish = async |body: &[u8], properties: BasicProperties| {
        let connection = Connection::connect(&url, ConnectionProperties::default()).await.expect("connects");
        let channel = connection.create_channel().await.expect("opens");
        let options = BasicPublishOptions::default();
        let sent = channel.basic_publish("dataServers".into(), "".into(), options, body, properties).await;
        let _ = sent.expect("is sent").await;
        connection.close(200, "done".into()).await.expect("closes");
    };
    let too_large = vec![b'x'; MAX_BODY_BYTES + 1];
    let huge = vec![b'x'; 3_000_000];
    let nested: FieldTable = BTreeMap::from([("t".into(), AMQPValue::FieldTable(FieldTable::default()))]).into();
    smol::block_on(async {
        publish(&too_large, BasicProperties::default()).await;
        publish(&huge, BasicProperties::default()).await;
        publish(b"", BasicProperties::default().with_headers(nested).with_reply_to("".into())).await;
    });
    assert_eq!(data.next_query(), BusMessage::default());
    assert_eq!(data.link.dropped(), DroppedMessages { outgoing: 0, incoming: 2 });
    assert_they_talk(&api, &data);
}

#[test]
fn properties_that_are_no_text_cost_a_moment_and_no_more() {
    let url = Broker::shared().vhost();
    let (api, data) = (Server::up_on(&url, Role::Api), Server::up_on(&url, Role::Data));
    let table = b"\0\0\0\x09\x02\xff\xfeS\0\0\0\x01x";
    for (property, bytes) in
        [(raw::CORRELATION_ID, &b"\x02\xff\xfe"[..]), (raw::REPLY_TO, b"\x02\xff\xfe"), (raw::HEADERS, table)]
    {
        raw::publish(&url, "dataServers", property, bytes, b"\"name\"");
        // lapin cannot read such a message and gives the connection up.
        data.expect(&BusEvent::Down, SOON);
        let took = data.expect(&BusEvent::Up, SOON);
        assert!(took < Duration::from_secs(2), "down for {took:?}");
        assert_they_talk(&api, &data);
    }
    raw::publish(&url, "dataServers", raw::REPLY_TO, b"\x04back", b"\"name\"");
    assert_eq!(data.next_query().reply_to, ReplyTo::new("back".into()));
}
