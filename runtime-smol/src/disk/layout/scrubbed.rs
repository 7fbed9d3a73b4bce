//! How far a scrub is, or when the last one has ended: a file, so that a restart goes on.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lode_core::data_server::scrub::{ScrubPlace, ScrubRecord};
use serde::{Deserialize, Serialize};

use super::super::error::{Doing, StoreError};

const FILE: &str = "scrub.json";

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kept {
    UnderWay { after: Option<Place> },
    Ended { at_ms: u64 },
}

#[derive(Serialize, Deserialize)]
struct Place {
    folder: u16,
    file: String,
}

/// What was kept. Where nothing was that can be read, the folder counts as scrubbed when it was made.
pub(super) fn record(root: &Path) -> ScrubRecord {
    let kept = fs::read(root.join(FILE)).ok().and_then(|text| serde_json::from_slice(&text).ok());
    match kept {
        Some(Kept::UnderWay { after }) => {
            ScrubRecord::UnderWay { after: after.map(|Place { folder, file }| ScrubPlace { folder, file }) }
        }
        Some(Kept::Ended { at_ms }) => ScrubRecord::Ended { ago: since(UNIX_EPOCH + Duration::from_millis(at_ms)) },
        None => {
            let made = fs::metadata(root.join("lode.json")).and_then(|metadata| metadata.modified());
            ScrubRecord::Ended { ago: made.map_or(Duration::ZERO, since) }
        }
    }
}

/// Keeps it, in one step and without a sync: what is lost is scrubbed anew.
pub(super) fn keep(root: &Path, record: &ScrubRecord) -> Result<(), StoreError> {
    let kept = match record {
        ScrubRecord::UnderWay { after } => {
            let place = |ScrubPlace { folder, file }: &ScrubPlace| Place { folder: *folder, file: file.clone() };
            Kept::UnderWay { after: after.as_ref().map(place) }
        }
        ScrubRecord::Ended { ago } => {
            let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().saturating_sub(*ago);
            Kept::Ended { at_ms: u64::try_from(at.as_millis()).unwrap_or(0) }
        }
    };
    let (path, temp) = (root.join(FILE), root.join("scrub.json.new"));
    let text = serde_json::to_vec(&kept).unwrap_or_default();
    let written = fs::write(&temp, text).and_then(|()| fs::rename(&temp, &path));
    written.map_err(|error| StoreError::from_io(Doing::Writing, &path, &error))
}

fn since(time: SystemTime) -> Duration {
    SystemTime::now().duration_since(time).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_is_found_again() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(record(dir.path()), ScrubRecord::Ended { ago: Duration::ZERO });
        let after = Some(ScrubPlace { folder: 300, file: "a".to_owned() });
        for under_way in [ScrubRecord::UnderWay { after: None }, ScrubRecord::UnderWay { after }] {
            keep(dir.path(), &under_way).unwrap();
            assert_eq!(record(dir.path()), under_way);
        }
        keep(dir.path(), &ScrubRecord::Ended { ago: Duration::from_secs(3600) }).unwrap();
        let ScrubRecord::Ended { ago } = record(dir.path()) else { panic!("it has ended") };
        assert!((3599..3660).contains(&ago.as_secs()), "{ago:?}");
        fs::write(dir.path().join(FILE), "nonsense").unwrap();
        assert_eq!(record(dir.path()), ScrubRecord::Ended { ago: Duration::ZERO });
    }
}
