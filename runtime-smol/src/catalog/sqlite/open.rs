//! Opening the file: looking whether it is a catalog, and making it one that this version of Lode knows.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};
use rustix::fs::Access;

use super::OpenError;
use super::failure::reason;

/// How long another process may write before it is said that the catalog cannot be used.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// `LODE`: what says in a file of SQLite that it is one of ours.
const APPLICATION: u32 = u32::from_be_bytes(*b"LODE");

/// What makes each schema of the one before it; the first makes the first.
const MIGRATIONS: [&str; 2] = [include_str!("schema_1.sql"), include_str!("schema_2.sql")];

/// How much of the file each connection keeps in memory, in KiB: the upper levels of all indexes of some ten million names.
const WRITER_CACHE_KIB: i64 = 64 << 10;
const READER_CACHE_KIB: i64 = 8 << 10;

/// As many statements are kept prepared as there are.
const STATEMENTS: usize = 64;

/// What a file says of itself.
enum Kind {
    /// There is nothing in it.
    Empty,
    /// It is a catalog with this schema.
    Catalog { schema: u32 },
    /// It is something else.
    Foreign,
}

/// The connection of the writer, to a catalog that is there and has the latest schema. Blocks.
pub(super) fn for_writing(path: &Path) -> Result<Connection, OpenError> {
    check_place(path)?;
    let begun = Instant::now();
    loop {
        // SQLite does not always wait by itself where the journal is set up.
        match try_for_writing(path) {
            Err(Trouble::Sqlite(error)) if is_busy(&error) && begun.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(10));
            }
            told => return told.map_err(|trouble| trouble.at(path)),
        }
    }
}

/// A connection that reads, to a catalog that was opened for writing before.
pub(super) fn for_reading(path: &Path) -> Result<Connection, OpenError> {
    let open = || {
        let connection = Connection::open_with_flags(path, flags(OpenFlags::SQLITE_OPEN_READ_ONLY))?;
        // Who has to wait for another process does so elsewhere: see readers.rs.
        connection.busy_timeout(Duration::ZERO)?;
        connection.pragma_update(None, "query_only", true)?;
        connection.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(connection)
    };
    open().map_err(|error| Trouble::Sqlite(error).at(path))
}

fn check_place(path: &Path) -> Result<(), OpenError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return Err(OpenError::NoFolder { folder: folder.to_owned() });
    }
    if path.exists() && !path.is_file() {
        return Err(OpenError::NotAFile { path: path.to_owned() });
    }
    // More files are made beside it.
    let is_writable = |path: &Path| rustix::fs::access(path, Access::WRITE_OK).is_ok();
    if !is_writable(folder) || (path.exists() && !is_writable(path)) {
        return Err(OpenError::ReadOnly { path: path.to_owned() });
    }
    Ok(())
}

fn try_for_writing(path: &Path) -> Result<Connection, Trouble> {
    let access = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let mut connection = Connection::open_with_flags(path, flags(access))?;
    connection.busy_timeout(PATIENCE)?;
    // Nothing may be changed of a file that is somebody else's.
    schema_of(&connection)?;
    set_up(&connection)?;
    migrate(&mut connection)?;
    Ok(connection)
}

fn flags(access: OpenFlags) -> OpenFlags {
    // Each connection is used by one thread at a time.
    access | OpenFlags::SQLITE_OPEN_NO_MUTEX
}

fn set_up(connection: &Connection) -> Result<(), Trouble> {
    let set = |name, value: &str| connection.pragma_update_and_check(None, name, value, |row| row.get::<_, String>(0));
    if set("journal_mode", "wal")? != "wal" {
        return Err(Trouble::NoWal);
    }
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "temp_store", "memory")?;
    connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    // What the journal has grown to beyond this is given back to the file system when it begins anew.
    connection.pragma_update(None, "journal_size_limit", super::checkpoint::JOURNAL_KEPT_BYTES)?;
    // That is the work of checkpoint.rs.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(())
}

/// Whether the catalog is still what it was when it was opened: another process may run a later version of Lode.
///
/// # Errors
/// If not, or if that cannot be found out: what is the matter.
pub(super) fn check_schema(connection: &Connection) -> Result<(), String> {
    match kind_of(connection) {
        Ok(Kind::Catalog { schema }) if schema == known_schema() => Ok(()),
        Ok(Kind::Catalog { schema }) => Err(format!(
            "another process has brought it to schema {schema}, and this version of Lode knows only those up to {}: \
             use that version of Lode here, too",
            known_schema()
        )),
        Ok(Kind::Empty | Kind::Foreign) => Err("its file has been replaced by something else: restart".to_owned()),
        Err(error) => Err(reason(&error)),
    }
}

/// Brings the schema to the latest, whoever else may be doing so.
fn migrate(connection: &mut Connection) -> Result<(), Trouble> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let schema = schema_of(&transaction)?;
    let missing = MIGRATIONS.iter().skip(usize::try_from(schema).unwrap_or(usize::MAX));
    if missing.len() > 0 {
        for migration in missing {
            transaction.execute_batch(migration)?;
        }
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", known_schema())?;
    }
    Ok(transaction.commit()?)
}

/// The schema of the catalog; 0 if there is nothing yet.
fn schema_of(connection: &Connection) -> Result<u32, Trouble> {
    match kind_of(connection)? {
        Kind::Empty => Ok(0),
        Kind::Catalog { schema } if schema <= known_schema() => Ok(schema),
        Kind::Catalog { schema } => Err(Trouble::Newer { schema }),
        Kind::Foreign => Err(Trouble::NotACatalog),
    }
}

fn kind_of(connection: &Connection) -> Result<Kind, rusqlite::Error> {
    // One statement, because somebody else may be making a catalog of it.
    let mut select = connection.prepare_cached(
        "SELECT application_id, user_version, EXISTS (SELECT * FROM sqlite_schema)
         FROM pragma_application_id, pragma_user_version",
    )?;
    let told = select.query_row((), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    let (application, schema, has_tables): (u32, u32, bool) = told?;
    Ok(match (application, schema, has_tables) {
        (APPLICATION, schema, true) if schema > 0 => Kind::Catalog { schema },
        (0, 0, false) => Kind::Empty,
        _ => Kind::Foreign,
    })
}

fn known_schema() -> u32 {
    u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX)
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// What goes wrong where the path is not at hand.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("it cannot have a journal")]
    NoWal,
    #[error("its schema {schema} is not known")]
    Newer { schema: u32 },
    #[error("it is no catalog")]
    NotACatalog,
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
}

impl Trouble {
    fn at(self, path: &Path) -> OpenError {
        let path = path.to_owned();
        match self {
            Self::NoWal => OpenError::FileSystem { path },
            Self::Newer { schema } => OpenError::Newer { path, found: schema, known: known_schema() },
            Self::NotACatalog => OpenError::NotACatalog { path },
            Self::Sqlite(error) => match error.sqlite_error_code() {
                Some(ErrorCode::NotADatabase) => OpenError::NotACatalog { path },
                Some(ErrorCode::ReadOnly) => OpenError::ReadOnly { path },
                _ => OpenError::Other { path, reason: reason(&error) },
            },
        }
    }
}
