//! What the mode with versions and copies promises, shown on real processes: `lode api` and `lode data`, RabbitMQ, SQLite and
//! PostgreSQL, HTTP. How long or how often is each file's constant, and an environment variable where more is wanted.

mod broker_outage;
mod crashes;
mod database_outages;
mod first_writer;
mod foreign_client;
mod full_disks;
mod million_names;
mod one_name;
mod two_at_once;

use std::net::SocketAddr;

use lode_tests::cluster::Cluster;

/// Two API servers that share this catalog (an SQLite file of the cluster's own, if none is given), and so many data servers.
fn cluster(bus: &str, catalog: Option<&str>, datas: u8) -> Cluster {
    let mut cluster = Cluster::empty(bus);
    (0..datas).for_each(|_| cluster.add_data());
    (0..2).for_each(|_| add_api(&mut cluster, catalog));
    cluster.wait_until_ready();
    cluster
}

fn add_api(cluster: &mut Cluster, catalog: Option<&str>) {
    let catalog = catalog.map_or_else(|| cluster.catalog(), str::to_owned);
    cluster.add_api_with(&["--catalog".to_owned(), catalog, "--copies".to_owned(), "3".to_owned()]);
}

fn addresses(cluster: &Cluster) -> Vec<SocketAddr> {
    cluster.apis.iter().map(|api| api.address).collect()
}

/// The number in the environment variable `name`, if it is set.
fn setting(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is to be a number, and is {text:?}")))
}
