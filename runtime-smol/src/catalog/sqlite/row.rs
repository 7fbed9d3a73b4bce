//! How values of the core stand in the columns.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::str::FromStr;

use lode_core::address::ServerAddress;
use lode_core::catalog::{
    BlobId, Bucket, ContentType, Key, Metadata, Retention, State, Stored, Version, VersionRecord,
};
use lode_core::checksum::Checksum;
use lode_core::time::WallTime;
use rusqlite::Row;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};

/// A value of the core in a column.
pub(super) struct Column<T>(pub(super) T);

/// Servers, in their order and none twice.
pub(super) type Holders = BTreeSet<ServerAddress>;

/// The version in the columns `version, blob, written, size, checksum, content_type, metadata`, the first seven of the row.
pub(super) fn record(row: &Row<'_>) -> Result<VersionRecord, rusqlite::Error> {
    let state = match row.get(3)? {
        Some(Column(size_bytes)) => State::Object(Stored {
            size_bytes,
            checksum: value(row, 4)?,
            content_type: row.get::<_, Option<Column<_>>>(5)?.map(|Column(content_type)| content_type),
            metadata: row.get::<_, Option<Column<_>>>(6)?.map_or_else(Metadata::default, |Column(metadata)| metadata),
        }),
        None => State::Tombstone,
    };
    Ok(VersionRecord { version: value(row, 0)?, blob: value(row, 1)?, written: value(row, 2)?, state })
}

/// The value in this column.
pub(super) fn value<T>(row: &Row<'_>, column: usize) -> Result<T, rusqlite::Error>
where
    Column<T>: FromSql,
{
    row.get(column).map(|Column(value)| value)
}

/// A number of the core that is at most 2^63 - 1.
///
/// # Errors
/// If it is not.
pub(super) fn number(number: u64) -> Result<i64, rusqlite::Error> {
    i64::try_from(number).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

/// The number of a version.
pub(super) fn version(version: Version) -> Result<i64, rusqlite::Error> {
    number(version.number())
}

/// A time.
pub(super) fn time(time: WallTime) -> Result<i64, rusqlite::Error> {
    number(time.as_millis())
}

/// How many rows at the most.
pub(super) fn limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// What comes right before the first blob that is wanted.
pub(super) fn behind(after: Option<BlobId>) -> Vec<u8> {
    after.map_or_else(Vec::new, |after| after.to_bytes().to_vec())
}

/// What a bucket keeps of each key, besides the current version.
pub(super) const fn old_versions(retention: Retention) -> Option<u32> {
    match retention {
        Retention::Old(old) => Some(old),
        Retention::Unlimited => None,
    }
}

/// As [`old_versions`] has written it.
pub(super) fn retention(old_versions: Option<u32>) -> Retention {
    old_versions.map_or(Retention::Unlimited, Retention::Old)
}

/// Addresses hold no spaces, and so can be kept apart by them.
pub(super) fn holders(holders: &Holders) -> String {
    let addresses: Vec<&str> = holders.iter().map(ServerAddress::as_str).collect();
    addresses.join(" ")
}

/// An object of JSON; nothing if there is none.
pub(super) fn metadata(metadata: &Metadata) -> Option<String> {
    let object = || metadata.iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    (!metadata.is_empty()).then(|| serde_json::Value::Object(object()).to_string())
}

impl FromSql for Column<BlobId> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        FromSql::column_result(value).map(|bytes| Self(BlobId::from_bytes(bytes)))
    }
}

impl FromSql for Column<Checksum> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        FromSql::column_result(value).map(|bytes| Self(Checksum::new(bytes)))
    }
}

impl FromSql for Column<u64> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let number = value.as_i64()?;
        u64::try_from(number).map(Self).map_err(|_| FromSqlError::OutOfRange(number))
    }
}

impl FromSql for Column<Version> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let Column(number) = FromSql::column_result(value)?;
        Version::new(number).map(Self).ok_or(FromSqlError::OutOfRange(0))
    }
}

impl FromSql for Column<WallTime> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let Column(millis) = FromSql::column_result(value)?;
        Ok(Self(WallTime::from_millis(millis)))
    }
}

impl FromSql for Column<Key> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        parsed(value.as_str()?).map(Self)
    }
}

impl FromSql for Column<Bucket> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        parsed(value.as_str()?).map(Self)
    }
}

impl FromSql for Column<ContentType> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        parsed(value.as_str()?).map(Self)
    }
}

impl FromSql for Column<Holders> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_str()?.split_terminator(' ').map(parsed).collect::<FromSqlResult<_>>().map(Self)
    }
}

impl FromSql for Column<Metadata> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let pairs: BTreeMap<String, String> = serde_json::from_str(value.as_str()?).map_err(FromSqlError::other)?;
        let mut metadata = Metadata::default();
        for (name, value) in &pairs {
            metadata.insert(name, value).map_err(FromSqlError::other)?;
        }
        Ok(Self(metadata))
    }
}

fn parsed<T: FromStr<Err: Error + Send + Sync + 'static>>(text: &str) -> FromSqlResult<T> {
    text.parse().map_err(FromSqlError::other)
}
