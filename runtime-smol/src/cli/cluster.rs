//! The client's side of a cluster: its API servers, tried in turn.

use std::time::Duration;

use http_types::Method;
use lode_core::address::ServerAddress;
use lode_core::etag::ETag;
use lode_smol::http::client::{ClientError, ClientLimits, HttpClient, Request, Response, Upload};
use serde_json::Value;

use super::args::ClusterArgs;
use super::failure::Failure;

/// How long finding and connecting to one server may take. Another one may be waiting to be tried.
const CONNECT_LIMIT: Duration = Duration::from_secs(3);

/// The most that is read of a body that says something about a status, in bytes.
const SMALL_BODY_BYTES: usize = 64 * 1024;

/// The API servers of a cluster.
#[derive(Debug)]
pub(super) struct Cluster {
    client: HttpClient,
    servers: Vec<ServerAddress>,
}

impl Cluster {
    /// The one that the user means.
    pub(super) fn new(args: &ClusterArgs) -> Self {
        let timeout = *args.timeout;
        let connect = CONNECT_LIMIT.min(timeout);
        let limits = ClientLimits { connect, head: timeout, stall: timeout, ..ClientLimits::default() };
        Self { client: HttpClient::new(limits), servers: args.servers.clone() }
    }

    /// Sends a request without a body to the first server that can be reached.
    ///
    /// # Errors
    /// [`Failure::Unreachable`] if none can; [`Failure::Broken`] if one can and nothing comes of it.
    pub(super) async fn send(&self, request: &Request<'_>) -> Result<Response, Failure> {
        let mut unreachable = Vec::new();
        for server in &self.servers {
            match self.client.send(server, request).await {
                Ok(response) => return Ok(response),
                Err(error) => set_aside(error, &mut unreachable)?,
            }
        }
        Err(Failure::Unreachable(unreachable))
    }

    /// Begins to send a body, of this length if it is known, to the first server that can be reached.
    ///
    /// # Errors
    /// [`Failure::Unreachable`] if none can.
    pub(super) async fn upload(&self, target: &str, bytes: Option<u64>) -> Result<Upload, Failure> {
        let mut unreachable = Vec::new();
        for server in &self.servers {
            match self.client.upload(server, &Request::new(Method::Put, target), bytes).await {
                Ok(upload) => return Ok(upload),
                Err(error) => set_aside(error, &mut unreachable)?,
            }
        }
        Err(Failure::Unreachable(unreachable))
    }
}

/// Keeps an error that leaves the next server to be tried: this one has seen nothing of the request.
fn set_aside(error: ClientError, unreachable: &mut Vec<ClientError>) -> Result<(), Failure> {
    if matches!(error, ClientError::Resolve { .. } | ClientError::Connect { .. }) {
        unreachable.push(error);
        return Ok(());
    }
    Err(Failure::Broken(error))
}

/// The body of an answer that says yes.
///
/// # Errors
/// If it says no, or its body does not come.
pub(super) async fn small_body(response: Response) -> Result<Vec<u8>, Failure> {
    match response.status() {
        200..=299 => response.read_whole(SMALL_BODY_BYTES).await.map_err(Failure::Broken),
        _ => Err(refusal(response).await),
    }
}

/// Why the server says no, in its own words where it gives some.
pub(super) async fn refusal(response: Response) -> Failure {
    let status = response.status();
    // Without a body that can be read, the status must do.
    let body = response.read_whole(SMALL_BODY_BYTES).await.unwrap_or_default();
    let told: Value = serde_json::from_slice(&body).unwrap_or_default();
    let word = |key: &str| told.pointer(&format!("/error/{key}")).and_then(Value::as_str).map(str::to_owned);
    let meaning = match status {
        404 => ("not_found", "there is no object of this name".to_owned()),
        503 => ("unavailable", "the cluster cannot serve this now (status 503)".to_owned()),
        _ => ("refused", format!("the server answered with status {status}")),
    };
    Failure::Refused {
        status,
        code: word("code").unwrap_or_else(|| meaning.0.to_owned()),
        message: word("message").unwrap_or(meaning.1),
    }
}

/// The value of a header, if it is there and can be read.
pub(super) fn header<'r>(response: &'r Response, name: &str) -> Option<&'r str> {
    response.headers().get(name).map(|values| values.last().as_str())
}

/// The entity tag of an answer, if it is one of Lode's.
pub(super) fn etag_of(response: &Response) -> Option<ETag> {
    header(response, "etag")?.parse().ok()
}
