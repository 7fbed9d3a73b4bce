//! One connection and all that hangs on it, from its first declare to its end.

use std::time::Duration;

use futures::FutureExt as _;
use lapin::options::{BasicConsumeOptions, ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, Connection, Consumer, ExchangeKind};
use lode_core::bus::{BusEvent, ReplyRoute};
use smol::future::or;

use super::dial::{Socket, dial};
use super::private::PrivateRoutes;
use super::publish::Publisher;
use super::receive::receive;
use super::url::BusUrl;
use super::{End, watch};
use crate::bus::link::LinkEnd;
use crate::bus::{HEARTBEAT_EXCHANGE, QUERY_EXCHANGE, Role};
use crate::within::within;

/// The limit on declaring, binding and consuming everything once the connection stands.
const SET_UP_LIMIT: Duration = Duration::from_secs(5);

/// The limit on taking leave of the broker.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);

/// How many messages may wait in a queue of ours on the broker while this process does not read. Older ones go first.
const QUEUE_MAX_MESSAGES: i32 = 10_000;

/// How old a message in a queue of ours on the broker may grow, in milliseconds. A process that was paused is not to take
/// heartbeats and queries of long ago for those of now.
const QUEUE_MESSAGE_TTL_MS: i32 = 10_000;

/// What ends a session, or keeps one from being opened.
#[derive(Debug, thiserror::Error)]
pub(super) enum SessionError {
    /// What lapin or the broker says.
    #[error(transparent)]
    Amqp(#[from] lapin::Error),
    /// Something else than a broker listens there, or it wants TLS.
    #[error("what answers there is no AMQP 0-9-1; check the port, and whether it should be amqps://")]
    NotAmqp,
    /// TCP stands, or may stand, but no AMQP connection came of it.
    #[error("no AMQP connection within {} s", limit.as_secs())]
    NoHandshake { limit: Duration },
    /// The broker was asked something and does not answer.
    #[error("the broker does not answer")]
    NoAnswer,
    /// The broker takes no messages, for want of memory or disk.
    #[error("the broker takes no messages: {reason}")]
    Blocked { reason: String },
    /// The broker has ended a consumer of ours.
    #[error("the broker has ended a consumer")]
    ConsumerEnded,
}

/// A connection on which everything is declared, bound and consumed.
pub(super) struct Session {
    // Dropped first: what lapin still wants to send then fails at once instead of waiting for the broker.
    socket: Socket,
    connection: Connection,
    /// For everything but private reply routes and signs of life.
    channel: Channel,
    role: Role,
    /// Our queue on the exchange that this role hears.
    queue: ShortString,
    deliveries: Consumer,
    /// Where answers on the shared route come in.
    reply_queue: ShortString,
    answers: Consumer,
}

impl Session {
    /// Connects and sets everything up.
    pub(super) async fn open(url: &BusUrl, role: Role) -> Result<Self, SessionError> {
        let (connection, socket) = dial(url).await?;
        let session = within(SET_UP_LIMIT, Self::set_up(connection, socket, role)).await;
        session.unwrap_or(Err(SessionError::NoAnswer))
    }

    async fn set_up(connection: Connection, socket: Socket, role: Role) -> Result<Self, SessionError> {
        let channel = connection.create_channel().await?;
        declare_exchanges(&channel).await?;
        let queue = declare_own_queue(&channel).await?;
        bind(&channel, &queue, role).await?;
        let deliveries = consume(&channel, queue.clone()).await?;
        let reply_queue = declare_own_queue(&channel).await?;
        let answers = consume(&channel, reply_queue.clone()).await?;
        Ok(Self { socket, connection, channel, role, queue, deliveries, reply_queue, answers })
    }

    /// Carries messages both ways until the session is lost or the server shuts the link down. All of it is one task:
    /// the parts below wait side by side, and the first to end ends the session.
    pub(super) async fn run(&self, end: &LinkEnd) -> End {
        let event_of_role = match self.role {
            Role::Api => BusEvent::Heartbeat,
            Role::Data => BusEvent::Query,
        };
        let shared_answer = |message| BusEvent::Answer { route: ReplyRoute::Shared, message };
        let (private_jobs, private_routes) = PrivateRoutes::new(&self.connection, end);
        let publisher = Publisher::new(&self.channel, &self.reply_queue, private_jobs, end);

        let receiving = or(
            receive(self.deliveries.clone(), event_of_role, end).map(End::Lost),
            receive(self.answers.clone(), shared_answer, end).map(End::Lost),
        );
        let watching = or(
            watch::blocked(&self.connection).map(End::Lost),
            watch::silence(&self.connection, &self.queue, self.role).map(End::Lost),
        );
        let sending = or(publisher.run(), private_routes.run().map(End::Lost));
        or(or(sending, receiving), watching).await
    }

    /// Takes leave of the broker, so that it sees an orderly end and not a broken connection.
    pub(super) async fn close(self) {
        // If it fails the connection is gone anyway.
        let _ = within(CLOSE_LIMIT, self.connection.close(200, "shutdown".into())).await;
        drop(self.socket);
    }
}

/// Both exchanges, whatever the role: whoever comes first makes them. A declare with other attributes than the seed's is
/// refused by the broker.
async fn declare_exchanges(channel: &Channel) -> Result<(), lapin::Error> {
    let options =
        ExchangeDeclareOptions { durable: true, passive: false, auto_delete: false, internal: false, nowait: false };
    for exchange in [HEARTBEAT_EXCHANGE, QUERY_EXCHANGE] {
        channel.exchange_declare(exchange.into(), ExchangeKind::Fanout, options, FieldTable::default()).await?;
    }
    Ok(())
}

async fn declare_own_queue(channel: &Channel) -> Result<ShortString, lapin::Error> {
    let mut arguments = FieldTable::default();
    arguments.insert("x-max-length".into(), QUEUE_MAX_MESSAGES.into());
    arguments.insert("x-message-ttl".into(), QUEUE_MESSAGE_TTL_MS.into());
    declare_queue(channel, arguments).await
}

/// A server-named queue that goes when this connection goes, so that nothing is ever left behind.
pub(super) async fn declare_queue(channel: &Channel, arguments: FieldTable) -> Result<ShortString, lapin::Error> {
    let options =
        QueueDeclareOptions { exclusive: true, auto_delete: true, durable: false, passive: false, nowait: false };
    Ok(channel.queue_declare("".into(), options, arguments).await?.name().clone())
}

pub(super) async fn bind(channel: &Channel, queue: &ShortString, role: Role) -> Result<(), lapin::Error> {
    let exchange = match role {
        Role::Api => HEARTBEAT_EXCHANGE,
        Role::Data => QUERY_EXCHANGE,
    };
    let options = QueueBindOptions { nowait: false };
    channel.queue_bind(queue.clone(), exchange.into(), "".into(), options, FieldTable::default()).await
}

pub(super) async fn consume(channel: &Channel, queue: ShortString) -> Result<Consumer, lapin::Error> {
    let options = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
    channel.basic_consume(queue, "".into(), options, FieldTable::default()).await
}
