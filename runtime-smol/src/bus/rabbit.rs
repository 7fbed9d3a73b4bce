//! The bus over RabbitMQ: one AMQP 0-9-1 connection, kept up by a loop of our own.
//!
//! lapin's automatic recovery is off: it cannot re-declare server-named queues. Instead everything about a connection
//! lives in one [`Session`]; whatever goes wrong ends the session, and the next one starts from nothing. How long it takes
//! to notice: a connection or channel that the broker closes, a consumer that it cancels, a killed broker: at once. A
//! broker that stops answering without closing anything: at most 7 s (see [`watch`]), which is less than the expiry
//! period of the data servers, so that none is expired because the broker hangs.
//!
//! Every attempt to connect, from name lookup to the end of the AMQP handshake, has a limit of 5 s; between attempts the
//! wait grows from 100 ms to 2 s.
//!
//! lapin logs each lost connection as several errors of its own; a log filter does well to leave out its target, `lapin`.

mod convert;
mod dial;
mod outage;
mod private;
mod publish;
mod receive;
mod session;
mod url;
mod watch;

use std::time::{Duration, Instant};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use lode_core::bus::BusEvent;
use smol::future::or;

use self::outage::Outage;
use self::session::{Session, SessionError};
use super::backoff::Backoff;
use super::link::{LinkEnd, link_to};
use super::{Bus, BusLink, EventSink, Role};

pub use self::url::{BusUrl, BusUrlError};

/// How long a session must have lasted for the next attempts to start from the shortest wait. A broker that takes
/// connections and drops them at once is not to be hammered.
const LASTING_SESSION: Duration = Duration::from_secs(5);

/// A RabbitMQ broker. Each link is a connection of its own, so a process should make one.
#[derive(Debug, Clone)]
pub struct RabbitBus {
    url: BusUrl,
}

impl RabbitBus {
    /// The broker at this URL. Nothing is connected before a link is made.
    #[must_use]
    pub const fn new(url: BusUrl) -> Self {
        Self { url }
    }
}

impl Bus for RabbitBus {
    fn connect(&self, role: Role, events: EventSink) -> (BusLink, BoxFuture<'static, ()>) {
        let (link, end) = link_to(events);
        (link, keep_connected(self.url.clone(), role, end).boxed())
    }
}

/// How a session ended.
#[derive(Debug)]
enum End {
    /// The server wants no more of the bus, and what it had sent before has been written out.
    Shutdown,
    /// The session is of no use any more.
    Lost(SessionError),
}

async fn keep_connected(url: BusUrl, role: Role, end: LinkEnd) {
    let mut backoff = Backoff::new();
    let mut outage = Outage::new(&url);
    loop {
        let opened = or(async { Some(Session::open(&url, role).await) }, until_shutdown(&end)).await;
        match opened {
            None => return,
            Some(Err(error)) => outage.attempt_failed(&error),
            Some(Ok(session)) => {
                outage.over();
                match serve(session, &end, &mut backoff).await {
                    End::Shutdown => return,
                    End::Lost(error) => outage.began(&error),
                }
            }
        }
        let pause = backoff.delay();
        let paused = or(async { Some(async_io::Timer::after(pause).await) }, until_shutdown(&end)).await;
        if paused.is_none() {
            return;
        }
    }
}

/// One session from `Up` to `Down`.
async fn serve(session: Session, end: &LinkEnd, backoff: &mut Backoff) -> End {
    let began = Instant::now();
    end.events.deliver(BusEvent::Up);
    let how = session.run(end).await;
    match &how {
        End::Shutdown => session.close().await,
        End::Lost(_) => {
            drop(session);
            end.events.deliver(BusEvent::Down);
        }
    }
    if began.elapsed() >= LASTING_SESSION {
        backoff.reset();
    }
    how
}

/// While there is no session commands lead nowhere.
async fn until_shutdown<T>(end: &LinkEnd) -> Option<T> {
    end.discard_commands().await;
    None
}
