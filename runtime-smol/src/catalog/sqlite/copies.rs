//! Where copies are noted. Each function is a part of a transaction.
//!
//! A version has its copies that count and those that are retired in two columns; garbage has them all in one. Both those of
//! a version are in the table `held` once more, to go by server.

use lode_core::address::ServerAddress;
use lode_core::catalog::{BlobId, CatalogAnswer};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::row::{self, Holders, value};

type Result<T> = std::result::Result<T, rusqlite::Error>;

/// The copies of a blob that a version has.
#[derive(Clone, PartialEq, Eq)]
struct Copies {
    /// Where those are that count.
    holders: Holders,
    /// Where those are that do not.
    retired: Holders,
}

pub(super) fn note_holders(
    connection: &Connection,
    blob: BlobId,
    held: &[ServerAddress],
    gone: &[ServerAddress],
) -> Result<CatalogAnswer> {
    if let Some(before) = of_kept(connection, blob)? {
        let mut after = before.clone();
        after.note(held, gone);
        note_kept(connection, blob, &before, &after)?;
    } else if let Some(before) = of_garbage(connection, blob)? {
        let after: Holders = before.iter().chain(held).filter(|holder| !gone.contains(holder)).cloned().collect();
        note_garbage(connection, blob, &before, &after)?;
    }
    Ok(CatalogAnswer::Done)
}

pub(super) fn retire(
    connection: &Connection,
    blob: BlobId,
    server: &ServerAddress,
    keep: &[ServerAddress],
) -> Result<CatalogAnswer> {
    let Some(before) = of_kept(connection, blob)? else { return Ok(CatalogAnswer::Retired(false)) };
    let mut after = before.clone();
    let others_count = keep.iter().all(|other| other != server && before.holders.contains(other));
    if others_count && after.holders.remove(server) {
        after.retired.insert(server.clone());
    }
    note_kept(connection, blob, &before, &after)?;
    Ok(CatalogAnswer::Retired(after.retired.contains(server)))
}

pub(super) fn note_removed(connection: &Connection, server: &ServerAddress, blobs: &[BlobId]) -> Result<CatalogAnswer> {
    for blob in blobs {
        let Some(before) = of_garbage(connection, *blob)? else { continue };
        let mut after = before.clone();
        after.remove(server);
        note_garbage(connection, *blob, &before, &after)?;
    }
    Ok(CatalogAnswer::Done)
}

/// Enters copies of a kept blob where they are looked for by server.
pub(super) fn hold<'a>(
    connection: &Connection,
    blob: BlobId,
    servers: impl IntoIterator<Item = &'a ServerAddress>,
) -> Result<()> {
    let mut insert =
        connection.prepare_cached("INSERT INTO held (server, blob) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?;
    servers.into_iter().try_for_each(|server| insert.execute(params![server.as_str(), blob.to_bytes()]).map(drop))
}

/// Takes them out there.
fn hold_no_more<'a>(
    connection: &Connection,
    blob: BlobId,
    servers: impl IntoIterator<Item = &'a ServerAddress>,
) -> Result<()> {
    let mut delete = connection.prepare_cached("DELETE FROM held WHERE server = ?1 AND blob = ?2")?;
    servers.into_iter().try_for_each(|server| delete.execute(params![server.as_str(), blob.to_bytes()]).map(drop))
}

fn of_kept(connection: &Connection, blob: BlobId) -> Result<Option<Copies>> {
    let mut select = connection.prepare_cached("SELECT holders, retired FROM versions WHERE blob = ?1")?;
    let copies = |row: &rusqlite::Row<'_>| Ok(Copies { holders: value(row, 0)?, retired: value(row, 1)? });
    select.query_row([blob.to_bytes()], copies).optional()
}

fn of_garbage(connection: &Connection, blob: BlobId) -> Result<Option<Holders>> {
    let mut select = connection.prepare_cached("SELECT holders FROM garbage WHERE blob = ?1")?;
    select.query_row([blob.to_bytes()], |row| value(row, 0)).optional()
}

/// Writes nothing where nothing has changed: most of what is noted is known.
fn note_kept(connection: &Connection, blob: BlobId, before: &Copies, after: &Copies) -> Result<()> {
    if before == after {
        return Ok(());
    }
    let mut update = connection.prepare_cached("UPDATE versions SET holders = ?2, retired = ?3 WHERE blob = ?1")?;
    update.execute(params![blob.to_bytes(), row::holders(&after.holders), row::holders(&after.retired)])?;
    let (before, after) = (before.all(), after.all());
    hold(connection, blob, after.difference(&before))?;
    hold_no_more(connection, blob, before.difference(&after))
}

fn note_garbage(connection: &Connection, blob: BlobId, before: &Holders, after: &Holders) -> Result<()> {
    if before == after {
        return Ok(());
    }
    let mut update = connection.prepare_cached("UPDATE garbage SET holders = ?2 WHERE blob = ?1")?;
    update.execute(params![blob.to_bytes(), row::holders(after)])?;
    hold_no_more(connection, blob, before.difference(after))
}

impl Copies {
    /// A copy that is retired does not count again before it is gone.
    fn note(&mut self, held: &[ServerAddress], gone: &[ServerAddress]) {
        let counting = held.iter().filter(|server| !self.retired.contains(*server));
        self.holders.extend(counting.cloned());
        self.holders.retain(|server| !gone.contains(server));
        self.retired.retain(|server| !gone.contains(server));
    }

    fn all(&self) -> Holders {
        self.holders.union(&self.retired).cloned().collect()
    }
}
