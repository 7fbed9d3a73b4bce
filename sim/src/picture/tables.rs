//! The plan as tables: what was to go wrong, what clients were to do, under which settings.

use std::fmt::Write as _;

use crate::plan::{CatalogSetup, Cluster, Pace, Plan};

use super::words::{count, escaped, fault, fault_name, grouped, operation, time};

/// The tables, folded. Times are links into the diagram.
pub(super) fn html(plan: &Plan) -> String {
    [faults(plan), operations(plan), settings(plan)].concat()
}

fn faults(plan: &Plan) -> String {
    let mut out = format!("<details><summary>The {} of the plan</summary>", count(plan.faults.len(), "fault"));
    out.push_str("<table><tr><th>from</th><th>until</th><th>what</th></tr>");
    for planned in &plan.faults {
        let (from, until) = (jump(planned.from_us), jump(planned.until_us));
        let (name, text) = (escaped(&fault_name(&planned.kind)), escaped(&fault(&planned.kind)));
        let _ = write!(out, "<tr><td>{from}</td><td class=\"time\">{until}</td><td><b>{name}</b>: {text}</td></tr>");
    }
    out.push_str("</table></details>");
    out
}

fn operations(plan: &Plan) -> String {
    let mut out = format!("<details><summary>The {} of the plan</summary>", count(plan.operations.len(), "operation"));
    out.push_str("<table><tr><th>at</th><th>who asks whom</th><th>for what</th></tr>");
    for planned in &plan.operations {
        let (at, text) = (jump(planned.at_us), escaped(&operation(planned)));
        let _ =
            write!(out, "<tr><td>{at}</td><td>{} \u{2192} {}</td><td>{text}</td></tr>", planned.client, planned.server);
    }
    out.push_str("</table></details>");
    out
}

fn jump(us: u64) -> String {
    format!("<a href=\"#t={}.{:06}\">{}</a>", us / 1_000_000, us % 1_000_000, time(us))
}

fn settings(plan: &Plan) -> String {
    let mut out = String::from("<details><summary>The settings</summary><table>");
    for (name, value) in cluster_rows(&plan.cluster).into_iter().chain(pace_rows(&plan.pace)) {
        let _ = write!(out, "<tr><td style=\"white-space:normal\">{name}</td><td>{value}</td></tr>");
    }
    out.push_str("</table></details>");
    out
}

fn cluster_rows(cluster: &Cluster) -> Vec<(&'static str, String)> {
    let number = |number: u32| grouped(number.into());
    let mut rows = vec![
        ("Heartbeat every", time(cluster.heartbeat_period_us)),
        ("Forgotten after", time(cluster.expiry_us)),
        ("A locate query takes at most", time(cluster.locate_deadline_us)),
        ("Data servers silent on the bus are asked over HTTP after", time(cluster.ask_directly_after_us)),
        ("Patience where a held body was sent", time(cluster.short_patience_us)),
        ("Patience where any body was sent", time(cluster.long_patience_us)),
        ("Bodies are held up to", count(cluster.held_body_bytes, "byte")),
        ("Requests of one server at a time", number(cluster.max_requests)),
        ("Data servers that an API server knows at most", number(cluster.max_members)),
        ("Direct questions at a time, bus down", number(cluster.max_direct_asks)),
        ("Direct questions at a time, bus up", number(cluster.max_direct_asks_beside_bus)),
        ("Data servers tried for one request", number(cluster.max_attempts)),
        ("Lookups of a data server at a time", number(cluster.max_lookups)),
        ("Size of each disk", count(cluster.disk_bytes, "byte")),
        ("Of which are kept back", count(cluster.reserve_bytes, "byte")),
    ];
    if let Some(CatalogSetup { copies, exactly, old_versions }) = cluster.catalog {
        let fewer = if exactly { "" } else { ", or as many as there are servers" };
        let old = old_versions.map_or_else(|| "all".to_owned(), number);
        rows.push(("Copies of each version", format!("{copies}{fewer}")));
        rows.push(("Old versions kept", old));
    }
    rows
}

fn pace_rows(pace: &Pace) -> Vec<(&'static str, String)> {
    let between = |(least, most): (u64, u64)| format!("{} to {}", time(least), time(most));
    vec![
        ("One way over the network", between(pace.link_us)),
        ("Through the broker", between(pace.bus_us)),
        ("One step of a disk, or of the catalog", between(pace.disk_us)),
        ("Until the bus is tried again", between(pace.reconnect_us)),
        ("Bodies move at", format!("{} a millisecond", count(pace.bytes_per_ms, "byte"))),
    ]
}
