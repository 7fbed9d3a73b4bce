//! How the schema comes about, and which databases are refused.

use lode_core::catalog::{Bucket, CatalogAnswer, CatalogRequest, Retention};
use lode_smol::catalog::Catalog as _;
use lode_smol::catalog::postgres::{PostgresCatalog, PostgresError};
use lode_tests::postgres::Postgres;

use super::connect;

#[test]
fn eight_open_an_empty_database_at_once() {
    let database = Postgres::shared().database();
    let catalogs: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| connect(&database))).collect();
        threads.into_iter().map(|thread| thread.join().expect("it is opened")).collect()
    });
    for catalog in catalogs {
        let objects = vec![(Bucket::objects(), Retention::Old(0))];
        assert_eq!(smol::block_on(catalog.ask(CatalogRequest::Buckets)), Ok(CatalogAnswer::Buckets(objects)));
    }
    assert_eq!(Postgres::shared().sql(&database, "SELECT count(*) FROM lode.schema_version"), "2");
}

#[test]
fn a_schema_made_by_a_later_lode_is_refused() {
    let database = Postgres::shared().database();
    drop(connect(&database));
    Postgres::shared().sql(&database, "INSERT INTO lode.schema_version (version) VALUES (99)");
    let error = refusal(&database);
    assert!(
        matches!(error, PostgresError::Newer { found: 99, .. }) && error.to_string().contains("a later one"),
        "{error}"
    );
}

#[test]
fn a_schema_of_somebody_else_is_refused_and_left_alone() {
    let database = Postgres::shared().database();
    Postgres::shared().sql(&database, "CREATE SCHEMA lode; CREATE TABLE lode.keys (mine TEXT)");
    assert!(matches!(refusal(&database), PostgresError::Foreign { .. }));
    let tables = "SELECT relname FROM pg_class WHERE relnamespace = 'lode'::regnamespace AND relkind = 'r'";
    assert_eq!(Postgres::shared().sql(&database, tables), "keys");
}

#[test]
fn an_empty_schema_that_was_made_for_us_is_taken() {
    let database = Postgres::shared().database();
    Postgres::shared().sql(&database, "CREATE SCHEMA lode");
    drop(connect(&database));
}

#[test]
fn a_database_that_takes_no_writes_or_no_unicode_is_refused() {
    let database = Postgres::shared().database();
    let name = database.rsplit('/').next().expect("the URL ends with the name");
    Postgres::shared().sql("postgres", &format!("ALTER DATABASE {name} SET default_transaction_read_only = on"));
    assert!(refusal(&database).to_string().contains("the address of the primary"));
    Postgres::shared().sql("postgres", "CREATE DATABASE ascii ENCODING 'SQL_ASCII' TEMPLATE template0");
    let ascii = database.replace(name, "ascii");
    assert!(refusal(&ascii).to_string().contains("UTF8"));
}

#[test]
fn durable_commits_are_asked_for_whatever_the_database_says() {
    let database = Postgres::shared().database();
    let name = database.rsplit('/').next().expect("the URL ends with the name");
    Postgres::shared().sql("postgres", &format!("ALTER DATABASE {name} SET synchronous_commit = off"));
    Postgres::shared()
        .sql("postgres", &format!("ALTER DATABASE {name} SET default_transaction_isolation = serializable"));
    let catalog = connect(&database);
    // A trigger notes how the session that commits is set.
    Postgres::shared().sql(
        &database,
        "CREATE TABLE noted AS SELECT ''::text AS how WHERE false;
         CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             INSERT INTO noted VALUES (current_setting('synchronous_commit') || ' ' || current_setting('transaction_isolation'));
             RETURN NEW; END $$;
         CREATE TRIGGER note BEFORE INSERT ON lode.versions FOR EACH ROW EXECUTE FUNCTION note()",
    );
    let written = smol::block_on(catalog.ask(super::commit(&super::path("a"), super::blob(1, 1), &[])));
    assert!(matches!(written, Ok(CatalogAnswer::Written(_))), "{written:?}");
    assert_eq!(Postgres::shared().sql(&database, "SELECT how FROM noted"), "on read committed");
}

fn refusal(database: &str) -> PostgresError {
    let url = database.parse().expect("the harness gives good URLs");
    smol::block_on(PostgresCatalog::connect(&url)).expect_err("it is refused")
}
