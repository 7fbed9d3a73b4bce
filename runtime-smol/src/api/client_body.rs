//! Taking a client's body: how much of it has come, and whether it is what the client says.

use lode_core::digest::RequestedDigests;
use lode_core::transfer::BodyFault;

use crate::digesting::Digesting;
use crate::http::server::Exchange;

/// How much of a body is moved at a time, in bytes: MEASURED.md, "Speed".
pub(super) const PIECE_BYTES: usize = 256 * 1024;

/// The body of one PUT, as far as it was taken from the client.
#[derive(Debug)]
pub(super) struct ClientBody {
    declared_bytes: Option<u64>,
    taken_bytes: u64,
    digesting: Digesting,
}

impl ClientBody {
    pub(super) fn new(declared_bytes: Option<u64>, digests: RequestedDigests) -> Self {
        Self { declared_bytes, taken_bytes: 0, digesting: Digesting::new(digests) }
    }

    /// How long the client says that it is, if it does.
    pub(super) const fn declared_bytes(&self) -> Option<u64> {
        self.declared_bytes
    }

    /// How much of it was taken.
    pub(super) const fn taken_bytes(&self) -> u64 {
        self.taken_bytes
    }

    /// Takes what comes next; nothing at its end.
    ///
    /// # Errors
    /// If it breaks off.
    pub(super) async fn take(&mut self, exchange: &mut Exchange, into: &mut [u8]) -> Result<usize, BodyFault> {
        let count = exchange.read_body(into).await.map_err(|error| BodyFault::Broken { reason: error.to_string() })?;
        self.digesting.update(into.get(..count).unwrap_or_default());
        self.taken_bytes += count as u64;
        Ok(count)
    }

    /// Takes its beginning into `held`, until it is whole, or longer than the limit; whether it is whole, and then what the
    /// client says.
    ///
    /// # Errors
    /// If it breaks off, or is not.
    pub(super) async fn hold(
        &mut self,
        exchange: &mut Exchange,
        held: &mut Vec<u8>,
        limit_bytes: u64,
    ) -> Result<bool, BodyFault> {
        let limit = usize::try_from(limit_bytes).unwrap_or(usize::MAX);
        while limit > 0 && held.len() <= limit {
            let from = held.len();
            held.resize(from + self.next_piece_bytes(), 0);
            let taken = self.take(exchange, held.get_mut(from..).unwrap_or_default()).await;
            held.truncate(from + taken.as_ref().unwrap_or(&0));
            if taken? == 0 || self.is_all() {
                self.verify()?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether what was taken has the digests that the client gave. A body that has not must not become whole anywhere: it
    /// is asked before the last piece is passed on.
    ///
    /// # Errors
    /// If it has others.
    pub(super) fn verify(&self) -> Result<(), BodyFault> {
        self.digesting.verify().map_err(BodyFault::DigestMismatch)
    }

    /// Whether as much was taken as the client has announced.
    pub(super) fn is_all(&self) -> bool {
        self.declared_bytes == Some(self.taken_bytes)
    }

    /// How much room the next read gets: no more than is still to come, so that a small body takes little memory.
    fn next_piece_bytes(&self) -> usize {
        let left = self.declared_bytes.map_or(u64::MAX, |declared| declared.saturating_sub(self.taken_bytes));
        usize::try_from(left).unwrap_or(usize::MAX).clamp(1, PIECE_BYTES)
    }
}
