//! Private reply routes: a queue for one query alone, because the answers of the seed's data servers carry nothing that
//! tells which query they belong to.
//!
//! Each route is a future of its own, from declaring its queue to deleting it; they run side by side, on a channel that
//! is theirs, so that neither their round trips nor their failures hold up anything else.

use std::collections::BTreeMap;
use std::convert::Infallible;

use futures::StreamExt as _;
use futures::channel::oneshot;
use futures::stream::FuturesUnordered;
use lapin::options::QueueDeleteOptions;
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, Connection};
use lode_core::bus::{BusEvent, BusMessage, ReplyRoute};
use lode_core::id::OperationId;
use smol::channel::{Receiver, Sender};
use smol::future::or;

use super::publish::publish;
use super::receive::receive;
use super::session::{SessionError, consume, declare_queue};
use crate::bus::QUERY_EXCHANGE;
use crate::bus::limits::{MAX_PRIVATE_ROUTES, PRIVATE_ROUTE_LIFE};
use crate::bus::link::{DropReason, LinkEnd};
use crate::within::within;

/// How many jobs may wait for the routes; the publisher then waits too.
const MAX_WAITING_JOBS: usize = 256;

/// What is to be done with private routes.
pub(super) enum PrivateJob {
    /// Publish a query with a reply queue of its own.
    Query { query: OperationId, message: BusMessage },
    /// Remove that queue.
    Close(OperationId),
}

/// All private routes of one session.
pub(super) struct PrivateRoutes<'a> {
    connection: &'a Connection,
    jobs: Receiver<PrivateJob>,
    end: &'a LinkEnd,
}

/// What happens next.
enum Next {
    Job(PrivateJob),
    RouteEnded(OperationId),
}

impl<'a> PrivateRoutes<'a> {
    /// The routes, and where to send the jobs.
    pub(super) fn new(connection: &'a Connection, end: &'a LinkEnd) -> (Sender<PrivateJob>, Self) {
        let (sender, jobs) = smol::channel::bounded(MAX_WAITING_JOBS);
        (sender, Self { connection, jobs, end })
    }

    /// Serves routes until no channel can be had any more.
    pub(super) async fn run(self) -> SessionError {
        let mut routes = FuturesUnordered::new();
        // A route ends when its sender here is dropped.
        let mut open = BTreeMap::<OperationId, oneshot::Sender<Infallible>>::new();
        let mut channel = None;
        loop {
            let route_ended = async {
                match routes.next().await {
                    Some(query) => Next::RouteEnded(query),
                    None => std::future::pending().await,
                }
            };
            match or(route_ended, self.next_job()).await {
                Next::Job(PrivateJob::Query { .. }) if routes.len() >= MAX_PRIVATE_ROUTES => {
                    self.end.drops.count(DropReason::NoPrivateRoute);
                }
                Next::Job(PrivateJob::Query { query, message }) => {
                    let channel = match self.usable(channel.take()).await {
                        Ok(usable) => channel.insert(usable).clone(),
                        Err(error) => return error.into(),
                    };
                    let (close, closed) = oneshot::channel();
                    open.insert(query, close);
                    routes.push(Route { channel, query, end: self.end }.serve(message, closed));
                }
                Next::Job(PrivateJob::Close(query)) => drop(open.remove(&query)),
                Next::RouteEnded(query) => {
                    if open.get(&query).is_some_and(oneshot::Sender::is_canceled) {
                        open.remove(&query);
                    }
                }
            }
        }
    }

    async fn next_job(&self) -> Next {
        match self.jobs.recv().await {
            Ok(job) => Next::Job(job),
            Err(_) => std::future::pending().await,
        }
    }

    /// The channel, or another one if the broker has closed it.
    async fn usable(&self, channel: Option<Channel>) -> Result<Channel, lapin::Error> {
        match channel {
            Some(channel) if channel.status().connected() => Ok(channel),
            Some(_) | None => self.connection.create_channel().await,
        }
    }
}

/// One private route.
struct Route<'a> {
    channel: Channel,
    query: OperationId,
    end: &'a LinkEnd,
}

impl Route<'_> {
    /// Serves the route until it is closed, or forgotten for [`PRIVATE_ROUTE_LIFE`].
    async fn serve(self, message: BusMessage, closed: oneshot::Receiver<Infallible>) -> OperationId {
        match declare_queue(&self.channel, FieldTable::default()).await {
            Ok(queue) => {
                let served = within(PRIVATE_ROUTE_LIFE, self.ask_and_listen(&queue, &message));
                let _ = or(served, async {
                    // It holds nothing, so that all that can come of it is that its sender is dropped.
                    let _ = closed.await;
                    None
                })
                .await;
                self.delete(queue).await;
            }
            Err(error) => self.failed(&error),
        }
        self.query
    }

    async fn ask_and_listen(&self, queue: &ShortString, message: &BusMessage) {
        let consumer = match consume(&self.channel, queue.clone()).await {
            Ok(consumer) => consumer,
            Err(error) => return self.failed(&error),
        };
        if let Err(error) = publish(&self.channel, QUERY_EXCHANGE, "", message, Some(queue.as_str())).await {
            return self.failed(&error);
        }
        let event = |message| BusEvent::Answer { route: ReplyRoute::Private(self.query), message };
        receive(consumer, event, self.end).await;
    }

    /// The queue would go by itself with its consumer, but lapin would keep a note of it.
    async fn delete(&self, queue: ShortString) {
        let options = QueueDeleteOptions { nowait: true, if_unused: false, if_empty: false };
        if let Err(error) = self.channel.queue_delete(queue, options).await {
            tracing::debug!(%error, query = %self.query, "private reply queue not deleted; it goes with its consumer");
        }
    }

    fn failed(&self, error: &lapin::Error) {
        tracing::debug!(%error, query = %self.query, "no private reply route");
        self.end.drops.count(DropReason::RouteFailed);
    }
}
