//! Carries out the server's commands.

use futures::future::join_all;
use lapin::Channel;
use lapin::options::BasicPublishOptions;
use lapin::types::ShortString;
use lode_core::bus::{BusCommand, BusMessage, ReplyRoute};
use smol::channel::Sender;

use super::End;
use super::convert::{properties_of, short};
use super::private::PrivateJob;
use super::session::SessionError;
use crate::bus::limits::can_be_sent;
use crate::bus::link::{DropReason, LinkEnd};
use crate::bus::{HEARTBEAT_EXCHANGE, QUERY_EXCHANGE};

/// How many commands are carried out together. lapin tells when a message is written to the socket; waiting for a whole
/// batch keeps what is queued inside lapin bounded without a turn of its thread for each message.
const BATCH: usize = 64;

/// How the names of RabbitMQ's direct reply queues begin. RabbitMQ 3.10 ends the whole connection of whoever publishes to
/// such a name that it did not make itself, and we could not tell; neither the seed's nodes nor ours ask that way (a
/// queue of one's own costs the broker no more).
const DIRECT_REPLY_PREFIX: &str = "amq.rabbitmq.reply-to";

/// Publishes on behalf of one session.
pub(super) struct Publisher<'a> {
    channel: &'a Channel,
    /// Where the answers to queries on the shared route come in.
    reply_queue: &'a ShortString,
    private_jobs: Sender<PrivateJob>,
    end: &'a LinkEnd,
}

impl<'a> Publisher<'a> {
    pub(super) const fn new(
        channel: &'a Channel,
        reply_queue: &'a ShortString,
        private_jobs: Sender<PrivateJob>,
        end: &'a LinkEnd,
    ) -> Self {
        Self { channel, reply_queue, private_jobs, end }
    }

    /// Carries out commands until the link is shut down or the channel fails.
    pub(super) async fn run(self) -> End {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            let Ok(first) = self.end.commands.recv().await else { return End::Shutdown };
            batch.push(first);
            while batch.len() < BATCH
                && let Ok(next) = self.end.commands.try_recv()
            {
                batch.push(next);
            }
            if let Err(error) = self.carry_out(&mut batch).await {
                return End::Lost(error);
            }
        }
    }

    async fn carry_out(&self, batch: &mut Vec<BusCommand>) -> Result<(), SessionError> {
        for result in join_all(batch.drain(..).map(|command| self.carry_out_one(command))).await {
            result?;
        }
        Ok(())
    }

    /// An error means that the session is lost.
    async fn carry_out_one(&self, command: BusCommand) -> Result<(), SessionError> {
        match command {
            BusCommand::Heartbeat(message) => self.publish(HEARTBEAT_EXCHANGE, "", &message, None).await,
            BusCommand::Query { route: ReplyRoute::Shared, message } => {
                self.publish(QUERY_EXCHANGE, "", &message, Some(self.reply_queue.as_str())).await
            }
            BusCommand::Query { route: ReplyRoute::Private(query), message } => {
                if self.may_send(&message) {
                    self.pass_on(PrivateJob::Query { query, message }).await;
                }
                Ok(())
            }
            BusCommand::CloseRoute(query) => {
                self.pass_on(PrivateJob::Close(query)).await;
                Ok(())
            }
            BusCommand::Answer { to, .. } if to.as_str().starts_with(DIRECT_REPLY_PREFIX) => {
                self.end.drops.count(DropReason::UnsafeReplyQueue);
                Ok(())
            }
            // The default exchange. An answer to a queue that is gone is lost there in silence.
            BusCommand::Answer { to, message } => self.publish("", to.as_str(), &message, None).await,
        }
    }

    async fn publish(
        &self,
        exchange: &str,
        routing_key: &str,
        message: &BusMessage,
        reply_to: Option<&str>,
    ) -> Result<(), SessionError> {
        if self.may_send(message) {
            publish(self.channel, exchange, routing_key, message, reply_to).await?;
        }
        Ok(())
    }

    fn may_send(&self, message: &BusMessage) -> bool {
        let may = can_be_sent(message);
        if !may {
            self.end.drops.count(DropReason::TooLargeToSend);
        }
        may
    }

    async fn pass_on(&self, job: PrivateJob) {
        // It fails only when the session is ending.
        let _ = self.private_jobs.send(job).await;
    }
}

/// Publishes one message, and waits until it is written to the socket, but not for the broker.
pub(super) async fn publish(
    channel: &Channel,
    exchange: &str,
    routing_key: &str,
    message: &BusMessage,
    reply_to: Option<&str>,
) -> Result<(), lapin::Error> {
    let (Some(exchange), Some(routing_key)) = (short(exchange), short(routing_key)) else { return Ok(()) };
    let properties = properties_of(message, reply_to);
    let options = BasicPublishOptions { mandatory: false, immediate: false };
    let written = channel.basic_publish(exchange, routing_key, options, &message.body, properties).await?;
    // There are no publisher confirms, so this is ready; lapin would keep it for ever if it were merely dropped.
    written.await?;
    Ok(())
}
