//! API servers that start while PostgreSQL is down, or while it has no catalog for them.

use std::time::{Duration, Instant};

use lode_tests::broker::Broker;
use lode_tests::cluster::{Cluster, is_ready, wait_until_known};
use lode_tests::http::{Reply, get};
use lode_tests::lode;
use lode_tests::postgres::Postgres;
use lode_tests::wait;

use super::connect;

const LIMIT: Duration = Duration::from_secs(20);

#[test]
fn an_api_server_that_starts_before_its_catalog_waits_for_it() {
    let postgres = Postgres::start();
    let database = postgres.database();
    postgres.stop();
    let cluster = cluster_on(&database);
    let api = &cluster.apis[0];
    let state = || api.get("/cluster").expect(200).json()["catalog"]["state"].clone();
    let _ = api.get("/healthz").expect(200);
    assert_eq!(state(), "down");
    assert!(told(&api.get("/readyz").expect(503)).contains("the catalog cannot be used now"));
    for _ in 0..20 {
        let asked = Instant::now();
        let refused = api.put("/objects/a", b"early").expect(503);
        assert_eq!(refused.header("Retry-After"), Some("1"));
        assert_eq!(refused.json()["error"]["code"], "catalog_unavailable");
        assert_eq!(api.get("/objects/a").expect(503).json()["error"]["code"], "catalog_unavailable");
        assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
    }
    postgres.start_again();
    wait::until_true(LIMIT, "the catalog is found", || is_ready(api.address));
    assert_eq!(state(), "up");
    let _ = api.put("/objects/a", b"late").expect(200);
    assert_eq!(api.get("/objects/a").expect(200).text(), "late");
    let log = api.log();
    for said in ["catalog out of reach; retrying", "connected to the catalog"] {
        assert_eq!(log.matches(said).count(), 1, "{said:?} in {log}");
    }
    postgres.stop();
    assert_eq!(state(), "down");
    wait::until_true(LIMIT, "it is said that the catalog is gone", || !is_ready(api.address));
    assert!(told(&get(api.address, "/readyz").expect(503)).contains("the catalog cannot be used now"));
    cluster.assert_all_alive();
}

#[test]
fn an_api_server_ends_when_what_it_has_waited_for_is_no_catalog_for_it() {
    let postgres = Postgres::start();
    let database = postgres.database();
    make_too_new(&postgres, &database);
    postgres.stop();
    let mut cluster = cluster_on(&database);
    postgres.start_again();
    let api = &mut cluster.apis[0];
    wait::until_true(LIMIT, "it ends", || !api.is_alive());
    assert_eq!(api.process().wait(LIMIT).code(), Some(1));
    assert!(api.log().contains("of version 99"), "{}", api.log());
}

#[test]
fn a_catalog_that_can_never_be_used_is_no_reason_to_wait() {
    let postgres = Postgres::start();
    let database = postgres.database();
    let name = database.rsplit('/').next().expect("the URL ends with the name");
    let nobody = database.replace(name, "no_such_database");
    assert!(refusal(&nobody).contains("\"no_such_database\" does not exist"));
    ask_for_passwords(&postgres);
    let stranger = database.replace("lode@", "picky:wrong@");
    let refused = refusal(&stranger);
    assert!(refused.contains("password authentication failed") && !refused.contains("wrong@"), "{refused}");
    make_too_new(&postgres, &database);
    assert!(refusal(&database).contains("of version 99"));
}

/// A data server and an API server that know each other.
fn cluster_on(database: &str) -> Cluster {
    let mut cluster = Cluster::empty(&Broker::shared().vhost());
    cluster.add_data();
    cluster.add_api_with(&["--catalog".to_owned(), database.to_owned()]);
    wait_until_known(cluster.apis[0].address, &[cluster.datas[0].address]);
    cluster
}

fn make_too_new(postgres: &Postgres, database: &str) {
    drop(connect(database));
    postgres.sql(database, "INSERT INTO lode.schema_version (version) VALUES (99)");
}

/// From the user `picky`, and nobody else.
fn ask_for_passwords(postgres: &Postgres) {
    let rules = postgres.sql("postgres", "SHOW hba_file");
    postgres.sql("postgres", "CREATE ROLE picky LOGIN PASSWORD 'right'");
    let copy = format!(
        "COPY (VALUES ('host all picky 127.0.0.1/32 scram-sha-256'), ('local all all trust'),
                      ('host all all 127.0.0.1/32 trust')) TO '{rules}'"
    );
    postgres.sql("postgres", &copy);
    postgres.sql("postgres", "SELECT pg_reload_conf()");
    let rules = "SELECT count(*) FROM pg_hba_file_rules";
    wait::until_true(LIMIT, "the rules are read", || postgres.sql("postgres", rules) == "3");
}

/// What an API server says that ends at once because of its catalog.
fn refusal(catalog: &str) -> String {
    let began = Instant::now();
    let ended = lode::run(&["api", "--listen", "127.0.0.1:1", "--bus", "amqp://127.0.0.1:1", "--catalog", catalog]);
    let told = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(1), "{told}");
    assert!(began.elapsed() < LIMIT, "{:?}", began.elapsed());
    told
}

fn told(refused: &Reply) -> String {
    refused.json()["error"]["message"].as_str().expect("a sentence").to_owned()
}
