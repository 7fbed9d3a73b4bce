//! `lode bucket`: how many old versions of objects are kept.

use http_types::Method;
use lode_core::catalog::{Bucket, Retention};
use lode_smol::http::client::Request;
use serde::Deserialize;
use serde_json::{Value, json};

use super::args::{BucketAction, BucketArgs, ClusterArgs};
use super::cluster::{Cluster, small_body};
use super::failure::Failure;
use super::output::Output;
use super::table::{Cell, Table};

/// The answer to `GET /buckets`.
#[derive(Debug, Deserialize)]
struct Buckets {
    buckets: Vec<Row>,
}

#[derive(Debug, Deserialize)]
struct Row {
    name: String,
    /// A number, or a word.
    old_versions: Value,
}

/// Carries out the command.
pub(super) async fn run(args: &BucketArgs, output: Output) -> Result<(), Failure> {
    match &args.action {
        BucketAction::List { cluster, .. } => list(cluster, output).await,
        BucketAction::Set { name, old_versions, cluster, .. } => set(name, *old_versions, cluster, output).await,
    }
}

async fn list(cluster: &ClusterArgs, output: Output) -> Result<(), Failure> {
    let response = Cluster::new(cluster).send(&Request::new(Method::Get, "/buckets")).await?;
    let body = small_body(response).await?;
    let nonsense = |error: serde_json::Error| Failure::Nonsense(error.to_string());
    let buckets: Buckets = serde_json::from_slice(&body).map_err(nonsense)?;
    output.answer(&table(&buckets), &serde_json::from_slice(&body).map_err(nonsense)?)
}

async fn set(bucket: &Bucket, retention: Retention, cluster: &ClusterArgs, output: Output) -> Result<(), Failure> {
    let target = format!("/buckets/{bucket}?old_versions={retention}");
    small_body(Cluster::new(cluster).send(&Request::new(Method::Put, &target)).await?).await?;
    let json = match retention {
        Retention::Old(old) => json!({ "name": bucket.as_str(), "old_versions": old }),
        Retention::Unlimited => json!({ "name": bucket.as_str(), "old_versions": "unlimited" }),
    };
    output.done(&format!("{bucket} keeps {}\n", told(retention)), &json)
}

fn told(retention: Retention) -> String {
    match retention {
        Retention::Old(0) => "the current version of each object alone".to_owned(),
        Retention::Old(1) => "1 old version of each object".to_owned(),
        Retention::Old(old) => format!("{old} old versions of each object"),
        Retention::Unlimited => "all versions of each object".to_owned(),
    }
}

fn table(buckets: &Buckets) -> String {
    let mut table = Table::new(&["BUCKET", "OLD VERSIONS KEPT"]);
    for Row { name, old_versions } in &buckets.buckets {
        let kept = old_versions.as_str().map_or_else(|| old_versions.to_string(), str::to_owned);
        table.row(vec![Cell::left(name), Cell::right(kept)]);
    }
    table.render(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_listed_with_what_they_keep() {
        let body = r#"{"buckets":[{"name":"objects","old_versions":7},{"name":"photos","old_versions":"unlimited"}]}"#;
        let expected = "BUCKET   OLD VERSIONS KEPT\nobjects                  7\nphotos           unlimited\n";
        assert_eq!(table(&serde_json::from_str(body).unwrap()), expected);
    }

    #[test]
    fn what_is_kept_is_said_in_words() {
        assert!(told(Retention::Old(0)).contains("alone"));
        assert!(told(Retention::Old(2)).contains("2 old versions"));
        assert!(told(Retention::Unlimited).contains("all versions"));
    }
}
