//! Taking the body of a PUT into a temporary file.

use lode_core::data_server::messages::{DiskFailure, ReceiveFailure, ReceivedBody};
use lode_core::digest::RequestedDigests;
use lode_core::inventory::Notes;
use lode_core::name::ObjectName;
use lode_core::transfer::BodyFault;

use crate::disk::{BlobStore, StoreError, WantedDigests, Written};
use crate::http::body::BodyError;
use crate::http::server::Exchange;

/// How much of a body is moved at a time, in bytes: MEASURED.md, "Speed".
const PIECE_BYTES: u64 = 256 * 1024;

/// What a body is to become.
pub(super) struct Incoming {
    pub(super) name: ObjectName,
    pub(super) declared_bytes: Option<u64>,
    pub(super) digests: RequestedDigests,
    pub(super) notes: Notes,
}

/// Writes the body of the request into a temporary file of the store.
///
/// # Errors
/// If the client or the disk failed; nothing of it is left then.
pub(super) async fn receive(
    exchange: &mut Exchange,
    store: &BlobStore,
    Incoming { name, declared_bytes, digests, notes }: Incoming,
) -> Result<(Written, ReceivedBody), ReceiveFailure> {
    let wanted = WantedDigests::from(&digests);
    let mut writer = store.begin_noted(&name, declared_bytes, wanted, notes).await.map_err(disk)?;
    let piece_bytes = declared_bytes.map_or(PIECE_BYTES, |declared| declared.clamp(1, PIECE_BYTES));
    let mut piece = vec![0; usize::try_from(piece_bytes).unwrap_or(1)];
    loop {
        let count = exchange.read_body(&mut piece).await.map_err(|error| client(&error))?;
        if count == 0 {
            break;
        }
        writer.write(piece.get(..count).unwrap_or_default()).await.map_err(disk)?;
    }
    let written = writer.finish();
    let body =
        ReceivedBody { size_bytes: written.size_bytes(), checksum: written.checksum(), digests: written.digests() };
    Ok((written, body))
}

fn disk(error: StoreError) -> ReceiveFailure {
    ReceiveFailure::Disk(DiskFailure::from(&error))
}

fn client(error: &BodyError) -> ReceiveFailure {
    ReceiveFailure::Body(BodyFault::Broken { reason: error.to_string() })
}
