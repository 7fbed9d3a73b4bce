//! The schema `lode` within the database: made and brought up to date by whoever comes first.

use sqlx::Row as _;

use super::limits::MIGRATION_LIMIT;
use super::session::Session;
use super::trouble::{Trouble, sentence};

/// What leads from each version of the schema to the next, from none at all to the first. Never changed once released: a
/// change is a further file.
const MIGRATIONS: [&str; 2] = [include_str!("schema/1.sql"), include_str!("schema/2.sql")];

/// One after the other, from whatever process, and without the limit on statements: the lock is held until the end of the
/// transaction, so the second finds the work of the first done. The number is `lode` in ASCII.
const TAKE_TURNS: &str = "
    SET LOCAL statement_timeout = 0;
    SET LOCAL idle_in_transaction_session_timeout = 0;
    SELECT pg_advisory_xact_lock(1819239525)";

/// How far the schema is: whether there is one, what is in it, and whether that is ours.
const LOOK: &str = "
    SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'lode') AS exists,
           EXISTS (SELECT FROM pg_class WHERE relnamespace = to_regnamespace('lode')) AS has_content,
           to_regclass('lode.schema_version') IS NOT NULL AS is_ours";

const NOTE_VERSION: &str = "INSERT INTO lode.schema_version (version) VALUES ($1)";

const FIRST_OF_ALL: &str = "
    CREATE SCHEMA IF NOT EXISTS lode;
    CREATE TABLE lode.schema_version (version BIGINT PRIMARY KEY, since TIMESTAMPTZ NOT NULL DEFAULT now())";

/// Why the database cannot be used as it is.
#[derive(Debug)]
pub(super) enum SchemaTrouble {
    /// A later Lode has been here.
    Newer { found: i64, known: i64 },
    /// There is a schema `lode`, and it is not Lode's.
    Foreign,
    /// The server does not do it.
    Trouble(Trouble),
}

impl From<Trouble> for SchemaTrouble {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

/// Brings the schema up to date, in one transaction.
pub(super) async fn migrate(session: &mut Session) -> Result<(), SchemaTrouble> {
    session.begin().await?;
    session.script(TAKE_TURNS, MIGRATION_LIMIT).await?;
    let found = version(session).await?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(SchemaTrouble::Newer { found, known });
    }
    for (version, script) in (1..).zip(MIGRATIONS).filter(|(version, _)| *version > found) {
        if version == 1 {
            session.script(FIRST_OF_ALL, MIGRATION_LIMIT).await?;
        }
        session.script(script, MIGRATION_LIMIT).await?;
        session.rows(sqlx::query(NOTE_VERSION).bind(version)).await?;
        tracing::info!(version, "the schema of the catalog is brought up to date");
    }
    session.commit().await?;
    Ok(())
}

/// The version that the schema has; 0 if there is none, or an empty one that somebody has made for us.
async fn version(session: &mut Session) -> Result<i64, SchemaTrouble> {
    let row = session.row(sqlx::query(LOOK).persistent(false)).await?;
    let read = || Ok((row.try_get("exists")?, row.try_get("has_content")?, row.try_get("is_ours")?));
    let (exists, has_content, is_ours): (bool, bool, bool) = read().map_err(|error| unreadable(&error))?;
    match (exists, has_content, is_ours) {
        (false, _, _) | (true, false, _) => Ok(0),
        (true, true, false) => Err(SchemaTrouble::Foreign),
        (true, true, true) => {
            let latest = "SELECT coalesce(max(version), 0) AS version FROM lode.schema_version";
            let row = session.row(sqlx::query(latest).persistent(false)).await?;
            Ok(row.try_get("version").map_err(|error| unreadable(&error))?)
        }
    }
}

fn unreadable(error: &sqlx::Error) -> Trouble {
    Trouble::Refused(sentence(error))
}
