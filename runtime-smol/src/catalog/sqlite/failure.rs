//! What SQLite says when it fails, in sentences.

use lode_core::catalog::CatalogFailure;
use rusqlite::ErrorCode;

/// Nothing was changed, because of this.
pub(super) fn unavailable(error: &rusqlite::Error) -> CatalogFailure {
    CatalogFailure::Unavailable { reason: reason(error) }
}

/// What has happened, and what to do about it.
pub(super) fn reason(error: &rusqlite::Error) -> String {
    let advice = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "make room on the disk that holds the catalog",
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another process keeps the catalog locked; if that lasts, look which has its file open"
        }
        Some(ErrorCode::ReadOnly) => "let this user write the file of the catalog and its folder",
        Some(ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
            "look whether the file of the catalog is there, and who may open it"
        }
        Some(ErrorCode::SystemIoFailure) => "look in the system's log for a broken disk",
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            "the file of the catalog is damaged; stop, and restore it or rebuild it"
        }
        _ => return error.to_string(),
    };
    format!("{error}: {advice}")
}
