//! `lode locate`: who holds an object.

use http_types::Method;
use lode_smol::http::client::Request;
use serde::Deserialize;
use serde_json::json;

use super::args::LocateArgs;
use super::cluster::{Cluster, header, small_body};
use super::failure::Failure;
use super::name::object_name;
use super::output::{Output, remark};
use super::progress::size;
use super::table::{Cell, Table};

/// One holder in the answer to `GET /locate/<name>?all=1`.
#[derive(Debug, Deserialize)]
struct Holder {
    address: String,
    size_bytes: Option<u64>,
    checksum: Option<String>,
}

/// Carries out the command.
pub(super) async fn run(args: &LocateArgs, output: Output) -> Result<(), Failure> {
    let name = object_name(&args.name.name, args.name.raw_name)?;
    let target = format!("/locate/{name}{}", if args.all { "?all=1" } else { "" });
    let response = Cluster::new(&args.cluster).send(&Request::new(Method::Get, &target)).await?;
    let silent = header(&response, "lode-unanswered").map(str::to_owned);
    let body = small_body(response).await?;
    let nonsense = |error: serde_json::Error| Failure::Nonsense(error.to_string());
    if !args.all {
        let holder: String = serde_json::from_slice(&body).map_err(nonsense)?;
        return output.answer(&format!("{holder}\n"), &json!({ "name": name.as_str(), "holder": holder }));
    }
    let holders: Vec<Holder> = serde_json::from_slice(&body).map_err(nonsense)?;
    if let Some(silent) = silent.as_deref().filter(|_| !output.is_json()) {
        remark(&format!("these did not answer, and may hold it too: {silent}"));
    }
    let mut json = json!({ "name": name.as_str(), "unanswered": listed(silent.as_deref()) });
    if let (Some(fields), Ok(all)) = (json.as_object_mut(), serde_json::from_slice(&body)) {
        fields.insert("holders".to_owned(), all);
    }
    output.answer(&table(&holders), &json)
}

fn listed(silent: Option<&str>) -> Vec<&str> {
    silent.map(|silent| silent.split(',').map(str::trim).collect()).unwrap_or_default()
}

fn table(holders: &[Holder]) -> String {
    let mut table = Table::new(&["HOLDER", "SIZE", "CHECKSUM"]);
    for holder in holders {
        table.row(vec![
            Cell::left(&holder.address),
            Cell::right(holder.size_bytes.map_or_else(|| "?".to_owned(), size)),
            Cell::left(holder.checksum.as_deref().unwrap_or("?")),
        ]);
    }
    table.render(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holders_are_listed_with_what_they_said() {
        let body = br#"[{"address":"a:1","size_bytes":4096,"checksum":"ab"},{"address":"seed:2","size_bytes":null,"checksum":null}]"#;
        let holders: Vec<Holder> = serde_json::from_slice(body).unwrap();
        assert_eq!(table(&holders), "HOLDER     SIZE  CHECKSUM\na:1     4.0 KiB  ab\nseed:2        ?  ?\n");
        assert_eq!(listed(Some("a:1, b:2")), ["a:1", "b:2"]);
        assert!(listed(None).is_empty());
    }
}
