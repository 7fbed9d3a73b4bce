//! Versions that a catalog has lost are put back: all of them in one transaction.
//!
//! It holds the table of keys alone, so that nobody gives out a number meanwhile. Only a blob may yet become known to
//! somebody who settles it: its id is unique, and so one of the two waits for the other, finds it, and we try again.

use std::collections::BTreeSet;

use lode_core::catalog::{CatalogAnswer, HeldBlob};

use super::bind::{self, StateColumns};
use super::row::each;
use super::session::Session;
use super::trouble::Trouble;

/// Stronger than what a bucket is set with: who waits for the row of a key, and will write it, is kept out as well.
const HOLD_ALL_KEYS: &str = "LOCK TABLE lode.keys IN EXCLUSIVE MODE";

/// Whether each may be put back, in the order in which they are given.
const MAY_BE_PUT_BACK: &str = "
    SELECT EXISTS (SELECT FROM lode.buckets b WHERE b.bucket = given.bucket)
       AND NOT EXISTS (SELECT FROM lode.blobs l WHERE l.blob = given.blob)
       AND NOT EXISTS (
           SELECT FROM lode.keys k JOIN lode.versions v ON v.key_id = k.id
           WHERE k.bucket = given.bucket AND k.key = given.key AND v.version = given.version
       ) AS may_be
    FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[])
        WITH ORDINALITY AS given (bucket, key, version, blob, number)
    ORDER BY number";

/// Whether a key is listed goes by the latest of its versions: of those that are given, if none that is there is later.
const PUT_BACK: &str = "
    WITH given AS MATERIALIZED (
        SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[], $7::bytea[],
                             $8::text[], $9::text[], $10::text[], $11::text[])
            AS given (bucket, key, version, blob, written, size_bytes, checksum,
                      content_type, metadata_names, metadata_values, holders)
    ), key AS (
        INSERT INTO lode.keys AS k (bucket, key, last, revision, listed)
        SELECT bucket, key, max(version), 1, (array_agg(size_bytes IS NOT NULL ORDER BY version DESC))[1]
        FROM given GROUP BY bucket, key
        ON CONFLICT (bucket, key) DO UPDATE
            SET last = greatest(k.last, excluded.last), revision = k.revision + 1,
                listed = CASE
                    WHEN EXISTS (SELECT FROM lode.versions v WHERE v.key_id = k.id AND v.version > excluded.last)
                    THEN k.listed ELSE excluded.listed
                END
        RETURNING id, bucket, key
    ), new_versions AS (
        INSERT INTO lode.versions (key_id, version, blob, written,
                                   size_bytes, checksum, content_type, metadata_names, metadata_values)
        SELECT key.id, given.version, given.blob, given.written, given.size_bytes, given.checksum, given.content_type,
               string_to_array(given.metadata_names, ' '),
               CASE WHEN given.metadata_values IS NOT NULL
                   THEN ARRAY(SELECT jsonb_array_elements_text(given.metadata_values::jsonb)) END
        FROM given JOIN key USING (bucket, key)
    )
    INSERT INTO lode.blobs (blob, key_id, version, holders)
    SELECT given.blob, key.id, given.version, string_to_array(given.holders, ' ')
    FROM given JOIN key USING (bucket, key) ORDER BY given.blob COLLATE \"C\"";

/// Puts back those of which neither the number nor the blob is known, and the bucket is.
pub(super) async fn restore(session: &mut Session, versions: &[HeldBlob]) -> Result<CatalogAnswer, Trouble> {
    session.begin().await?;
    session.rows(sqlx::query(HOLD_ALL_KEYS).persistent(false)).await?;
    let unknown = unknown(session, versions).await?;
    put_back(session, &unknown).await?;
    session.commit().await?;
    Ok(CatalogAnswer::Done)
}

/// What is given twice is known when it comes again.
async fn unknown<'a>(session: &mut Session, versions: &'a [HeldBlob]) -> Result<Vec<&'a HeldBlob>, Trouble> {
    let statement = sqlx::query(MAY_BE_PUT_BACK)
        .bind(column(versions, |held| held.path.bucket.as_str()))
        .bind(column(versions, |held| held.path.key.as_str()))
        .bind(column(versions, |held| bind::version(held.record.version)))
        .bind(column(versions, |held| held.record.blob.to_string()));
    let may_be = each(&session.rows(statement).await?, |row| row.get::<bool>("may_be"))?;
    let (mut numbers, mut blobs) = (BTreeSet::new(), BTreeSet::new());
    let mut unknown = Vec::new();
    for (held, may_be) in versions.iter().zip(may_be) {
        let (number, blob) = ((&held.path, held.record.version), held.record.blob);
        if may_be && !numbers.contains(&number) && !blobs.contains(&blob) {
            numbers.insert(number);
            blobs.insert(blob);
            unknown.push(held);
        }
    }
    Ok(unknown)
}

async fn put_back(session: &mut Session, versions: &[&HeldBlob]) -> Result<(), Trouble> {
    let states: Vec<StateColumns<'_>> = column(versions, |held| StateColumns::from(&held.record.state));
    let statement = sqlx::query(PUT_BACK)
        .bind(column(versions, |held| held.path.bucket.as_str()))
        .bind(column(versions, |held| held.path.key.as_str()))
        .bind(column(versions, |held| bind::version(held.record.version)))
        .bind(column(versions, |held| held.record.blob.to_string()))
        .bind(column(versions, |held| bind::number(held.record.written.as_millis())))
        .bind(column(&states, |state| state.size_bytes))
        .bind(column(&states, |state| state.checksum))
        .bind(column(&states, |state| state.content_type))
        // Names are tokens of HTTP, and addresses have no spaces either.
        .bind(column(&states, |state| state.metadata_names.as_ref().map(|names| names.join(" "))))
        .bind(column(&states, |state| state.metadata_values.as_ref().map(|values| json(values))))
        .bind(column(versions, |held| bind::texts(&held.holders).join(" ")));
    session.rows(statement).await.map(drop)
}

fn column<'a, R, T>(rows: &'a [R], value: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}

/// Texts as an array of JSON.
fn json(texts: &[&str]) -> String {
    serde_json::Value::from(texts).to_string()
}
