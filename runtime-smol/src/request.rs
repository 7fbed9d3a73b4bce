//! What requests to API servers and to data servers have in common: reading what they ask, and answering them.

use http_types::{Method, StatusCode};
use lode_core::conditions::Conditions;
use lode_core::digest::RequestedDigests;
use lode_core::range::ByteRange;
use lode_core::select::{Content, Selection};

use crate::http::server::{Exchange, RespondError, ResponseHead};
use crate::metrics::{CONTENT_TYPE, Figures};
use crate::reply::{self, Misunderstood, Reply};

/// What can be done with an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ObjectMethod {
    /// GET or HEAD.
    Read,
    /// PUT.
    Put,
    /// DELETE.
    Delete,
}

/// What can be done with something that a server does, as a whole, for some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CommandMethod {
    /// POST.
    Begin,
    /// DELETE.
    Cancel,
    /// GET or HEAD.
    Tell,
}

/// What a request turned out to be about.
pub(crate) enum Asked<Operation> {
    /// For the machine.
    Operation(Operation),
    /// To be answered at once.
    Page(Reply),
}

/// The methods that objects take.
const OBJECT_METHODS: &str = "GET, HEAD, PUT, DELETE";

/// The methods that everything else takes.
const PAGE_METHODS: &str = "GET, HEAD";

/// Refuses a request for something that can only be read, if it would do anything else.
///
/// # Errors
/// If its method is neither GET nor HEAD.
pub(crate) fn only_get(exchange: &Exchange) -> Result<(), Misunderstood> {
    let method = exchange.method();
    if is_read(method) { Ok(()) } else { Err(not_served(method, PAGE_METHODS)) }
}

/// Refuses a request for something that can only be set, if it would do anything else.
///
/// # Errors
/// If its method is not PUT.
pub(crate) fn only_put(exchange: &Exchange) -> Result<(), Misunderstood> {
    let method = exchange.method();
    if method == Method::Put { Ok(()) } else { Err(not_served(method, "PUT")) }
}

/// Refuses a request for something that can only be posted to, if it would do anything else.
///
/// # Errors
/// If its method is not POST.
pub(crate) fn only_post(exchange: &Exchange) -> Result<(), Misunderstood> {
    let method = exchange.method();
    if method == Method::Post { Ok(()) } else { Err(not_served(method, "POST")) }
}

/// What a request wants to do with something that a server does as a whole.
///
/// # Errors
/// If that does not take its method.
pub(crate) fn command_method(exchange: &Exchange) -> Result<CommandMethod, Misunderstood> {
    let method = exchange.method();
    if is_read(method) {
        Ok(CommandMethod::Tell)
    } else if method == Method::Post {
        Ok(CommandMethod::Begin)
    } else if method == Method::Delete {
        Ok(CommandMethod::Cancel)
    } else {
        Err(not_served(method, "GET, HEAD, POST, DELETE"))
    }
}

/// What a request wants to do with an object.
///
/// # Errors
/// If objects do not take its method.
pub(crate) fn object_method(exchange: &Exchange) -> Result<ObjectMethod, Misunderstood> {
    let method = exchange.method();
    if is_read(method) {
        Ok(ObjectMethod::Read)
    } else if method == Method::Put {
        Ok(ObjectMethod::Put)
    } else if method == Method::Delete {
        Ok(ObjectMethod::Delete)
    } else {
        Err(not_served(method, OBJECT_METHODS))
    }
}

/// What a GET or HEAD of an object asks for.
///
/// # Errors
/// If a condition cannot be read.
pub(crate) fn selection(exchange: &Exchange) -> Result<Selection, Misunderstood> {
    let conditions = Conditions::from_headers(headers(exchange))?;
    let mut ranges = headers(exchange).filter(|(name, _)| *name == "range").map(|(_, value)| value);
    let range = match (ranges.next(), ranges.next()) {
        (Some(range), None) => ByteRange::parse(range),
        // Two fields where there may be one: as with everything that makes no sense, the whole object is the answer.
        (Some(_), Some(_)) | (None, _) => None,
    };
    Ok(Selection { conditions, range, head_only: exchange.method() == Method::Head })
}

/// What the body of a PUT must hash to.
///
/// # Errors
/// If a digest cannot be read.
pub(crate) fn digests(exchange: &Exchange) -> Result<RequestedDigests, Misunderstood> {
    Ok(RequestedDigests::from_headers(headers(exchange))?)
}

/// Answers what can be answered at once; gives back what is for the machine.
pub(crate) async fn for_the_machine<Operation>(
    exchange: Exchange,
    understood: Result<Asked<Operation>, Misunderstood>,
) -> Option<(Exchange, Operation)> {
    let reply = match understood {
        Ok(Asked::Operation(operation)) => return Some((exchange, operation)),
        Ok(Asked::Page(reply)) => reply,
        Err(error) => Reply::misunderstood(&error),
    };
    respond(exchange, reply).await;
    None
}

/// Answers with a head that is about this content of an object, and nothing of the object behind it: because the request
/// is a HEAD, or because nothing is to be sent.
///
/// # Errors
/// If the client was not there for it.
pub(crate) async fn respond_without_object(
    exchange: Exchange,
    answer: ResponseHead,
    content: &Content,
) -> Result<(), RespondError> {
    match content {
        Content::Whole { .. } | Content::Part { .. } => {
            let body_bytes = content.body().map(|(_, length_bytes)| length_bytes);
            exchange.start(answer, body_bytes)?.finish().await
        }
        Content::NotModified => exchange.respond(answer, &[]).await,
        Content::PreconditionFailed | Content::Unsatisfiable { .. } => {
            let answer = answer.header("content-type", "application/json");
            exchange.respond(answer, &reply::explanation(content)).await
        }
    }
}

/// Answers the request.
pub(crate) async fn respond(exchange: Exchange, reply: Reply) {
    let answered = exchange.respond(reply.head, &reply.body).await;
    if let Err(error) = answered {
        tracing::debug!(%error, "a client was not there for its answer");
    }
}

/// `GET /healthz`: the process lives.
pub(crate) fn healthz() -> Reply {
    Reply::text(StatusCode::Ok, "text/plain", "ok\n".to_owned())
}

/// `GET /readyz`: that a PUT could succeed now, or why not.
pub(crate) fn readyz(not_ready_because: Option<&str>) -> Reply {
    let Some(reason) = not_ready_because else {
        return Reply::text(StatusCode::Ok, "text/plain", "ready\n".to_owned());
    };
    let reply = Reply::error(StatusCode::ServiceUnavailable, "not_ready", reason);
    reply.header("retry-after", "1")
}

/// `GET /metrics`.
pub(crate) fn metrics(figures: Figures) -> Reply {
    match figures.encode() {
        Ok(text) => Reply::text(StatusCode::Ok, CONTENT_TYPE, text),
        Err(error) => Reply::error(StatusCode::InternalServerError, "metrics", &error.to_string()),
    }
}

fn is_read(method: Method) -> bool {
    method == Method::Get || method == Method::Head
}

/// What a request is told whose method is none of those.
pub(crate) fn not_served(method: Method, allowed: &'static str) -> Misunderstood {
    Misunderstood::Method { method: method.to_string(), allowed }
}

/// The headers, one by one: names in lower case.
pub(crate) fn headers(exchange: &Exchange) -> impl Iterator<Item = (&str, &str)> {
    exchange.headers().iter().flat_map(|(name, values)| values.iter().map(move |value| (name.as_str(), value.as_str())))
}
