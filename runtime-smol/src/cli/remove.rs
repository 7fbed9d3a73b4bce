//! `lode rm`: an object and every copy of it goes.

use http_types::Method;
use lode_smol::http::client::Request;
use serde_json::json;

use super::args::RemoveArgs;
use super::cluster::{Cluster, small_body};
use super::failure::Failure;
use super::name::object_name;
use super::output::Output;

/// Carries out the command.
pub(super) async fn run(args: &RemoveArgs, output: Output) -> Result<(), Failure> {
    let name = object_name(&args.name.name, args.name.raw_name)?;
    let target = format!("/objects/{name}");
    let response = Cluster::new(&args.cluster).send(&Request::new(Method::Delete, &target)).await?;
    small_body(response).await?;
    output.done(&format!("removed {name}\n"), &json!({ "name": name.as_str(), "removed": true }))
}
