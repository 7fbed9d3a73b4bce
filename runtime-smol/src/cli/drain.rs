//! `lode drain`: emptying a data server.

use std::time::Duration;

use async_io::Timer;
use http_types::Method;
use lode_core::address::ServerAddress;
use lode_smol::http::client::Request;
use serde::{Deserialize, Serialize};

use super::args::{ClusterArgs, DrainArgs};
use super::cluster::{Cluster, small_body};
use super::failure::Failure;
use super::output::{Output, remark};
use super::progress::Counting;

/// How often the data server is asked how far it is. It counts its files for that.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// What `/drain` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
struct Report {
    draining: bool,
    /// Whether a restart will know that.
    kept: bool,
    blobs: u64,
    objects: u64,
}

/// Carries out the command.
pub(super) async fn run(args: &DrainArgs, output: Output) -> Result<(), Failure> {
    let cluster = Cluster::new(&ClusterArgs { servers: vec![args.data_server.clone()], timeout: args.timeout });
    if args.cancel {
        let report = ask(&cluster, Method::Delete).await?;
        return output.done(&format!("{} takes objects again\n", args.data_server), &json(&args.data_server, report));
    }
    let report = wait(&cluster, output, &args.data_server).await?;
    if report.objects > 0 {
        return Err(Failure::ObjectsLeft { server: args.data_server.clone(), objects: report.objects });
    }
    let told = format!("{} holds nothing any more and can be stopped\n", args.data_server);
    output.done(&told, &json(&args.data_server, report))
}

/// Has it drained, and waits until no blob is left.
async fn wait(cluster: &Cluster, output: Output, server: &ServerAddress) -> Result<Report, Failure> {
    let mut report = ask(cluster, Method::Post).await?;
    if !report.kept {
        remark(&format!("{server} could not keep on its disk that it is drained: a restart would end it"));
    }
    let progress = Counting::new(output, &format!("draining {server}"), report.blobs, "blobs");
    while report.blobs > 0 {
        Timer::after(ASK_EVERY).await;
        report = ask(cluster, Method::Get).await?;
        progress.left(report.blobs);
        if !report.draining {
            return Err(Failure::Cancelled(format!("{server} is not drained any more: somebody has cancelled that")));
        }
    }
    Ok(report)
}

async fn ask(cluster: &Cluster, method: Method) -> Result<Report, Failure> {
    let body = small_body(cluster.send(&Request::new(method, "/drain")).await?).await?;
    serde_json::from_slice(&body).map_err(|error| Failure::Nonsense(error.to_string()))
}

fn json(server: &ServerAddress, report: Report) -> serde_json::Value {
    let Report { draining, kept, blobs, objects } = report;
    serde_json::json!({
        "server": server.as_str(), "draining": draining, "kept": kept, "blobs": blobs, "objects": objects,
    })
}
