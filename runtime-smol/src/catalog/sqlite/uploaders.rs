//! Whose blobs belong to this catalog. Each function is a part of a transaction.

use lode_core::catalog::CatalogAnswer;
use lode_core::id::Incarnation;
use rusqlite::Connection;

type Result<T> = std::result::Result<T, rusqlite::Error>;

pub(super) fn register(connection: &Connection, uploader: Incarnation) -> Result<CatalogAnswer> {
    let mut insert =
        connection.prepare_cached("INSERT INTO uploaders (uploader) VALUES (?1) ON CONFLICT DO NOTHING")?;
    insert.execute([uploader.number().cast_signed()])?;
    let mut select = connection.prepare_cached("SELECT uploader FROM uploaders")?;
    let numbers = select.query_map((), |row| row.get::<_, i64>(0))?;
    let mut uploaders: Vec<Incarnation> =
        numbers.map(|number| Ok(Incarnation::new(number?.cast_unsigned()))).collect::<Result<_>>()?;
    // As unsigned numbers.
    uploaders.sort_unstable();
    Ok(CatalogAnswer::Uploaders(uploaders))
}
