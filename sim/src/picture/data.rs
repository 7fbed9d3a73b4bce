//! The run as the block of JSON that the scripts read.

use std::time::Duration;

use lode_core::time::Instant;
use serde_json::{Value, json};

use crate::node::Node;
use crate::plan::Plan;
use crate::trace::Record;

use super::events::{Event, Events, What};
use super::legend;
use super::plain::plain;
use super::spans::{Span, SpanKind};

/// The block. Times are nanoseconds since the beginning of the run; nodes are numbered as in `nodes`.
pub(super) fn json(plan: &Plan, events: &Events<'_>) -> String {
    let nodes = &events.nodes;
    let calm = Instant::since_start(Duration::from_micros(plan.calm_at_us));
    let block = json!({
        "nodes": nodes.iter().map(|node| json!({ "name": node.to_string(), "group": group(*node) })).collect::<Value>(),
        "short": SHORT.iter().map(|(long, short)| ((*long).to_owned(), json!(short))).collect::<Value>(),
        "kinds": legend::names().map(|(kind, name)| (kind.to_owned(), json!(name))).collect::<Value>(),
        "events": events.list.iter().map(|event| event_json(plan, nodes, event)).collect::<Value>(),
        "spans": events.spans.iter().map(|span| span_json(nodes, span)).collect::<Value>(),
        "calm": (calm <= events.end).then_some(calm.as_nanos()),
        "end": events.end.as_nanos(),
    });
    // Within a script element only `<` can end the script or begin a comment; in JSON it stands in strings alone.
    block.to_string().replace('<', "\\u003c")
}

const CLIENTS: &str = "Clients";
const APIS: &str = "API servers";
const SEED_APIS: &str = "Seed API servers";
const BROKER: &str = "Broker";
const DATAS: &str = "Data servers";
const CATALOG: &str = "Catalog";
const SEED_DATAS: &str = "Seed data servers";

/// What to write where the whole does not fit.
const SHORT: [(&str, &str); 7] = [
    (CLIENTS, "Clients"),
    (APIS, "API"),
    (SEED_APIS, "Seed API"),
    (BROKER, "Bus"),
    (CATALOG, "Cat"),
    (DATAS, "Data"),
    (SEED_DATAS, "Seed data"),
];

/// Under which word a node stands.
pub(super) const fn group(node: Node) -> &'static str {
    match node {
        Node::Client(_) => CLIENTS,
        Node::Api(_) => APIS,
        Node::SeedApi(_) => SEED_APIS,
        Node::Broker => BROKER,
        Node::Catalog => CATALOG,
        Node::Data(_) => DATAS,
        Node::SeedData(_) => SEED_DATAS,
    }
}

fn event_json(plan: &Plan, nodes: &[Node], event: &Event<'_>) -> Value {
    let mut value = json!({
        "n": event.number,
        "t": event.at().as_nanos(),
        "node": column(nodes, event.node()),
        "type": event.kind(),
        "text": event.text(),
    });
    match event.what {
        What::Record(Record::Message { to, arrives, .. }) => {
            value["to"] = json!(column(nodes, *to));
            value["arrives"] = json!(arrives.map(Instant::as_nanos));
        }
        What::Record(Record::Step { effects, .. }) => value["effects"] = json!(effects),
        What::Record(Record::Mark { .. }) | What::Violation(_) => {}
    }
    if let Some(plain) = plain(plan, event) {
        value["name"] = json!(plain.name);
        value["plain"] = json!(plain.sentence);
    }
    if event.only_heartbeats {
        value["beat"] = json!(true);
    }
    if let Some(checker) = event.checker {
        value["checker"] = json!(checker);
    }
    value
}

fn span_json(nodes: &[Node], span: &Span<'_>) -> Value {
    let kind = match span.kind {
        SpanKind::Fault => "fault",
        SpanKind::Down => "down",
        SpanKind::NoBus => "no-bus",
        SpanKind::Operation => "operation",
    };
    let edge = |(at, number): (Instant, usize)| json!([at.as_nanos(), number]);
    json!({
        "kind": kind,
        "node": column(nodes, span.node),
        "from": edge(span.from),
        "until": span.until.map(edge),
        "text": span.text,
        "lane": span.lane,
    })
}

fn column(nodes: &[Node], node: Node) -> usize {
    nodes.iter().position(|other| *other == node).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn columns_go_from_the_clients_to_the_data_servers() {
        let run = sample::large(2000);
        let events = Events::new(&run.plan, &run.records, &run.violations);
        let mut groups: Vec<&str> = events.nodes.iter().map(|node| group(*node)).collect();
        groups.dedup();
        assert_eq!(groups, [CLIENTS, APIS, SEED_APIS, BROKER, DATAS, SEED_DATAS]);
    }
}
