//! Reading an object to its end over connections that may break, and knowing that it is the object.

use std::time::Duration;

use async_io::Timer;
use http_types::Method;
use lode_core::checksum::Checksum;
use lode_core::content_range::ContentRange;
use lode_core::etag::ETag;
use lode_smol::http::client::{Request, Response};

use super::cluster::{Cluster, etag_of, header, refusal};
use super::failure::Failure;
use super::progress::Progress;
use super::sink::Sink;

/// How much is received and written at a time, in bytes: MEASURED.md, "Speed".
const PIECE_BYTES: usize = 256 * 1024;

/// The pause before a broken transfer is resumed; doubled each time that nothing comes of it.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How often a transfer begins anew, because the object became another one, before that is called hopeless.
const MAX_RESTARTS: u32 = 10;

/// An object that was read to its end.
#[derive(Debug)]
pub(super) struct Downloaded {
    pub(super) size_bytes: u64,
    pub(super) checksum: Checksum,
    /// Whether the server has told this checksum too.
    pub(super) verified: bool,
}

/// An object on its way into a sink.
///
/// What an earlier run has left behind may be of another version. That shows when the whole is there and its checksum is
/// not the one that the server tells; then all is read again. Within one run each request names the version that it wants.
pub(super) struct Download<'a> {
    cluster: &'a Cluster,
    target: &'a str,
    sink: &'a mut Sink,
    progress: &'a Progress,
    hasher: blake3::Hasher,
    /// How many bytes are in the sink, and in the hasher.
    position: u64,
    version: Version,
    restarts: u32,
}

/// What is known of the version that is in the sink.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Version {
    /// Nothing has come yet.
    Unknown,
    /// Nothing has come in this run, but there are bytes of an earlier one.
    LeftBehind,
    /// Its entity tag, if it has one that may be used in conditions; `mixed` where bytes of an earlier run are before it.
    Told { etag: Option<String>, mixed: bool },
}

/// Why an attempt has not read the object to its end.
enum Stop {
    /// It is hopeless.
    Failed(Failure),
    /// The next attempt may go on where this one broke.
    Broken(Failure),
    /// What is in the sink is not of the version that is there now.
    Outdated,
}

impl<'a> Download<'a> {
    /// A download that goes on with what is in the sink.
    ///
    /// # Errors
    /// If that cannot be read.
    pub(super) fn new(
        cluster: &'a Cluster,
        target: &'a str,
        sink: &'a mut Sink,
        progress: &'a Progress,
    ) -> Result<Self, Failure> {
        let mut hasher = blake3::Hasher::new();
        let position = sink.hash_left_behind(&mut hasher)?;
        let version = if position == 0 { Version::Unknown } else { Version::LeftBehind };
        progress.jump_to(position);
        Ok(Self { cluster, target, sink, progress, hasher, position, version, restarts: 0 })
    }

    /// Reads the object to its end. A transfer that breaks is resumed, up to `retries` times in a row without a byte having
    /// come; one that does not even begin is not.
    ///
    /// # Errors
    /// Whatever [`Failure`] says.
    pub(super) async fn run(mut self, retries: u32) -> Result<Downloaded, Failure> {
        let mut begun = false;
        let mut fruitless = 0;
        loop {
            let before = self.position;
            let outcome = self.attempt().await;
            begun |= matches!(self.version, Version::Told { .. });
            match outcome.and_then(|()| self.check()) {
                Ok(downloaded) => return Ok(downloaded),
                Err(Stop::Failed(failure)) => return Err(failure),
                Err(Stop::Outdated) => self.restart()?,
                Err(Stop::Broken(failure)) => {
                    fruitless = if self.position > before { 0 } else { fruitless + 1 };
                    if !begun || fruitless >= retries || !self.can_go_on() {
                        return Err(failure);
                    }
                    let pause = FIRST_PAUSE.saturating_mul(1 << fruitless.min(10)).min(LONGEST_PAUSE);
                    self.progress.remark(&format!("{failure}; resuming"));
                    Timer::after(pause).await;
                }
            }
        }
    }

    async fn attempt(&mut self) -> Result<(), Stop> {
        let (from, condition) = match &self.version {
            _ if self.position == 0 => (0, None),
            Version::Told { etag: Some(etag), .. } => (self.position, Some(etag.clone())),
            // One byte that is there already, so that the range is not empty if all is there.
            Version::LeftBehind => (self.position - 1, None),
            Version::Told { etag: None, .. } | Version::Unknown => return Err(Stop::Outdated),
        };
        let range = format!("bytes={from}-");
        let mut request = Request::new(Method::Get, self.target);
        if self.position > 0 {
            request = request.header("range", &range);
        }
        if let Some(etag) = &condition {
            request = request.header("if-range", etag);
        }
        let response = self.cluster.send(&request).await.map_err(Stop::Broken)?;
        match response.status() {
            200 => self.receive_whole(response).await,
            206 if self.position > 0 => self.receive_rest(response).await,
            // What an earlier run has left is longer than the object, or an object of this version is shorter than it was.
            416 => Err(Stop::Outdated),
            502..=504 => Err(Stop::Broken(refusal(response).await)),
            _ => Err(Stop::Failed(refusal(response).await)),
        }
    }

    async fn receive_whole(&mut self, response: Response) -> Result<(), Stop> {
        let etag = strong_etag(&response);
        let is_the_same = match &self.version {
            Version::Told { etag: told, .. } => told.is_some() && *told == etag,
            Version::LeftBehind | Version::Unknown => false,
        };
        if self.position > 0 && !is_the_same {
            self.restart().map_err(Stop::Failed)?;
        }
        let mixed = matches!(self.version, Version::Told { mixed: true, .. });
        self.version = Version::Told { etag, mixed };
        self.progress.set_total(response.content_length());
        self.receive(response, self.position).await
    }

    async fn receive_rest(&mut self, response: Response) -> Result<(), Stop> {
        let etag = strong_etag(&response);
        let mixed = match &self.version {
            // Only the checksum can tell whether they belong together.
            Version::LeftBehind if etag_of(&response).is_some() => true,
            Version::Told { etag: told, mixed } if told.is_some() && *told == etag => *mixed,
            Version::LeftBehind | Version::Told { .. } | Version::Unknown => return Err(Stop::Outdated),
        };
        let range = header(&response, "content-range").and_then(|range| range.parse().ok());
        let Some(ContentRange::Part { first, size_bytes, .. }) = range else {
            return Err(nonsense("it sends a part and does not say which"));
        };
        let Some(skip_bytes) = self.position.checked_sub(first) else {
            return Err(nonsense("it sends another part than was asked for"));
        };
        self.version = Version::Told { etag, mixed };
        self.progress.set_total(size_bytes);
        self.receive(response, skip_bytes).await
    }

    async fn receive(&mut self, mut response: Response, mut skip_bytes: u64) -> Result<(), Stop> {
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            let received = response.read_body(&mut piece).await;
            let count = received.map_err(|error| Stop::Broken(Failure::Broken(error)))?;
            if count == 0 {
                return Ok(());
            }
            let skipped = usize::try_from(skip_bytes).unwrap_or(usize::MAX).min(count);
            skip_bytes -= skipped as u64;
            self.take(piece.get(skipped..count).unwrap_or_default()).map_err(Stop::Failed)?;
        }
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.sink.write(bytes)?;
        self.hasher.update(bytes);
        self.position += bytes.len() as u64;
        self.progress.advance(bytes.len());
        Ok(())
    }

    fn check(&self) -> Result<Downloaded, Stop> {
        let checksum = Checksum::new(*self.hasher.finalize().as_bytes());
        let (told, mixed) = match &self.version {
            Version::Told { etag, mixed } => (etag.as_deref().and_then(|etag| etag.parse::<ETag>().ok()), *mixed),
            Version::LeftBehind | Version::Unknown => (None, false),
        };
        match told.map(|etag| etag.checksum()) {
            Some(expected) if expected != checksum && mixed => Err(Stop::Outdated),
            Some(expected) if expected != checksum => {
                let what = "the bytes that came are not those of the object".to_owned();
                Err(Stop::Failed(Failure::Corrupt { what, expected, found: checksum }))
            }
            told => Ok(Downloaded { size_bytes: self.position, checksum, verified: told.is_some() }),
        }
    }

    /// Whether a further attempt could lead to anything.
    fn can_go_on(&self) -> bool {
        let can_resume = self.position == 0 || !matches!(self.version, Version::Told { etag: None, .. });
        can_resume || self.sink.can_restart()
    }

    fn restart(&mut self) -> Result<(), Failure> {
        self.restarts += 1;
        let is_stuck = self.position > 0 && !self.sink.can_restart();
        if is_stuck || self.restarts > MAX_RESTARTS {
            return Err(Failure::Changed { written_bytes: self.position });
        }
        self.sink.restart()?;
        self.hasher.reset();
        self.position = 0;
        self.version = Version::Unknown;
        self.progress.jump_to(0);
        Ok(())
    }
}

/// The entity tag, unless it is a weak one, which says nothing about bytes.
fn strong_etag(response: &Response) -> Option<String> {
    header(response, "etag").filter(|etag| etag.starts_with('"')).map(str::to_owned)
}

fn nonsense(what: &str) -> Stop {
    Stop::Failed(Failure::Nonsense(what.to_owned()))
}

#[cfg(test)]
mod tests;
