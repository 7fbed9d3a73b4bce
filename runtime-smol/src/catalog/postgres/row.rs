//! What stands in the columns, read as what the core takes it for.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use lode_core::address::ServerAddress;
use lode_core::catalog::listing::Listed;
use lode_core::catalog::{
    BlobId, Fate, Garbage, HeldBlob, Metadata, ObjectPath, Retention, State, Stored, Version, VersionRecord,
};
use lode_core::checksum::Checksum;
use lode_core::time::WallTime;
use sqlx::postgres::{PgRow, Postgres};
use sqlx::{Decode, Row as _, Type};

use super::trouble::{Trouble, sentence};

/// One row, read by the names of its columns. A value that cannot be what stands there is refused: somebody else has
/// written it.
pub(super) struct Reading<'r>(pub(super) &'r PgRow);

impl<'r> Reading<'r> {
    /// The value of a column.
    pub(super) fn get<T: Decode<'r, Postgres> + Type<Postgres>>(&self, column: &str) -> Result<T, Trouble> {
        self.0.try_get(column).map_err(|error| Trouble::Refused(sentence(&error)))
    }

    /// The value of a column that holds text.
    pub(super) fn text<T: FromStr<Err: fmt::Display>>(&self, column: &str) -> Result<T, Trouble> {
        let text: &str = self.get(column)?;
        text.parse().map_err(|error| damaged(column, &error))
    }

    pub(super) fn version(&self, column: &str) -> Result<Version, Trouble> {
        self.optional_version(column)?.ok_or_else(|| damaged(column, &"there is no version"))
    }

    pub(super) fn optional_version(&self, column: &str) -> Result<Option<Version>, Trouble> {
        let Some(number) = self.get::<Option<i64>>(column)? else { return Ok(None) };
        let version = u64::try_from(number).ok().and_then(Version::new);
        version.map(Some).ok_or_else(|| damaged(column, &format!("{number} is no version")))
    }

    pub(super) fn holders(&self) -> Result<Vec<ServerAddress>, Trouble> {
        self.servers("holders")
    }

    fn servers(&self, column: &str) -> Result<Vec<ServerAddress>, Trouble> {
        let texts: Vec<String> = self.get(column)?;
        let servers: Result<BTreeSet<ServerAddress>, _> = texts.iter().map(|text| text.parse()).collect();
        Ok(servers.map_err(|error| damaged(column, &error))?.into_iter().collect())
    }

    /// What a bucket keeps.
    pub(super) fn retention(&self) -> Result<Retention, Trouble> {
        let Some(old) = self.get::<Option<i64>>("retention")? else { return Ok(Retention::Unlimited) };
        u32::try_from(old).map(Retention::Old).map_err(|error| damaged("retention", &error))
    }

    /// A row of `versions`.
    pub(super) fn record(&self) -> Result<VersionRecord, Trouble> {
        let (version, blob) = (self.version("version")?, self.text("blob")?);
        Ok(VersionRecord { version, blob, state: self.state()?, written: self.time("written")? })
    }

    fn state(&self) -> Result<State, Trouble> {
        if self.get::<Option<i64>>("size_bytes")?.is_none() {
            return Ok(State::Tombstone);
        }
        let content_type: Option<&str> = self.get("content_type")?;
        let content_type = content_type.map(str::parse).transpose();
        let mut metadata = Metadata::default();
        let (names, values): (Vec<String>, Vec<String>) = (self.get("metadata_names")?, self.get("metadata_values")?);
        for (name, value) in names.into_iter().zip(values) {
            metadata.insert(&name, &value).map_err(|error| damaged("metadata", &error))?;
        }
        Ok(State::Object(Stored {
            size_bytes: self.size_bytes()?,
            checksum: self.checksum()?,
            content_type: content_type.map_err(|error| damaged("content_type", &error))?,
            metadata,
        }))
    }

    pub(super) fn listed(&self) -> Result<Listed, Trouble> {
        Ok(Listed {
            key: self.text("key")?,
            version: self.version("version")?,
            size_bytes: self.size_bytes()?,
            checksum: self.checksum()?,
            written: self.time("written")?,
        })
    }

    /// What a row of `blobs` says of its blob; `None` if there is no row.
    pub(super) fn fate(&self) -> Result<Option<Fate>, Trouble> {
        let (is_garbage, version): (Option<bool>, _) = (self.get("is_garbage")?, self.optional_version("of_version")?);
        Ok(match (is_garbage, version) {
            (None, _) => None,
            (Some(false), Some(version)) => Some(Fate::Kept(version)),
            (Some(true), Some(version)) => Some(Fate::Gone(version)),
            (Some(true), None) => Some(Fate::Condemned),
            (Some(false), None) => return Err(damaged("version", &"a blob that is kept has none")),
        })
    }

    pub(super) fn garbage(&self) -> Result<Garbage, Trouble> {
        Ok(Garbage { blob: self.blob()?, holders: self.holders()? })
    }

    pub(super) fn held_blob(&self) -> Result<HeldBlob, Trouble> {
        let path = ObjectPath { bucket: self.text("bucket")?, key: self.text("key")? };
        Ok(HeldBlob { path, record: self.record()?, holders: self.holders()?, retired: self.servers("retired")? })
    }

    /// What a `count(*)` has come to.
    pub(super) fn count(&self) -> Result<usize, Trouble> {
        usize::try_from(self.get::<i64>("count")?).map_err(|error| damaged("count", &error))
    }

    pub(super) fn blob(&self) -> Result<BlobId, Trouble> {
        self.text("blob")
    }

    fn size_bytes(&self) -> Result<u64, Trouble> {
        u64::try_from(self.get::<i64>("size_bytes")?).map_err(|error| damaged("size_bytes", &error))
    }

    fn checksum(&self) -> Result<Checksum, Trouble> {
        let bytes: &[u8] = self.get("checksum")?;
        let hash = bytes.try_into().map_err(|_| damaged("checksum", &format!("{} bytes are none", bytes.len())))?;
        Ok(Checksum::new(hash))
    }

    pub(super) fn time(&self, column: &str) -> Result<WallTime, Trouble> {
        let millis = u64::try_from(self.get::<i64>(column)?).map_err(|error| damaged(column, &error))?;
        Ok(WallTime::from_millis(millis))
    }
}

/// All rows, each read in the same way.
pub(super) fn each<T>(rows: &[PgRow], read: impl Fn(&Reading<'_>) -> Result<T, Trouble>) -> Result<Vec<T>, Trouble> {
    rows.iter().map(|row| read(&Reading(row))).collect()
}

fn damaged(column: &str, why: &dyn fmt::Display) -> Trouble {
    Trouble::Refused(format!("the catalog holds what no Lode has written, in a column {column}: {why}"))
}
