//! The figures of an API server for `GET /metrics`.

use lode_core::api_server::upkeep::report::UpkeepReport;

use super::node::Node;
use crate::engine::Engine;
use crate::metrics::Figures;

/// What this API server has counted.
pub(super) fn of(engine: &Engine<Node>) -> Figures {
    let dropped = engine.link().dropped();
    let (counters, members, requests, queries, bus_up) = engine.driver.look(|machine, _| {
        let membership = machine.membership();
        let under_way = (machine.requests_under_way(), machine.queries_under_way());
        (machine.counters(), membership.len(), under_way.0, under_way.1, membership.is_bus_up())
    });
    let figures = Figures::default()
        .gauge("lode_bus_up", "Whether the message bus is connected.", u64::from(bus_up))
        .gauge("lode_data_servers", "Data servers known.", members as u64)
        .gauge("lode_requests_under_way", "Requests being served.", requests as u64)
        .gauge("lode_queries_under_way", "Locate queries waiting for answers.", queries as u64)
        .gauge(
            "lode_connections_to_data_servers",
            "Connections to data servers.",
            engine.own.client.open_connections() as u64,
        )
        .counter("lode_heartbeats", "Heartbeats heard.", counters.heartbeats)
        .counter(
            "lode_heartbeats_dropped",
            "Heartbeats of more data servers than allowed.",
            counters.heartbeats_dropped,
        )
        .counter("lode_joined", "Data servers that joined.", counters.joined)
        .counter("lode_expired", "Data servers forgotten after their silence.", counters.expired)
        .counter("lode_queries", "Locate queries begun.", counters.queries)
        .counter("lode_answers", "Answers to locate queries that counted.", counters.answers)
        .counter("lode_stray_answers", "Answers to queries that had ended, or to none.", counters.stray_answers)
        .counter("lode_direct_asks", "Data servers asked over HTTP because they were silent.", counters.direct_asks)
        .counter("lode_malformed_messages", "Messages that made no sense, dropped.", counters.malformed_messages)
        .counter("lode_requests_busy", "Requests refused because too many were served.", counters.requests_busy)
        .counter("lode_bus_dropped_out", "Messages not sent to the bus.", dropped.outgoing)
        .counter("lode_bus_dropped_in", "Messages from the bus not taken.", dropped.incoming);
    match engine.driver.look(|machine, _| machine.upkeep()) {
        Some(report) => with_upkeep(figures, &report),
        None => figures,
    }
}

fn with_upkeep(figures: Figures, report: &UpkeepReport) -> Figures {
    let counters = report.counters;
    let figures = figures
        .gauge("lode_repairs_under_way", "Blobs being repaired.", report.under_repair as u64)
        .gauge("lode_repairs_waiting", "Blobs waiting for repair.", report.waiting as u64)
        .gauge("lode_repair_bytes", "Bytes that repair has still to copy.", report.bytes_to_copy)
        .counter("lode_copies_made", "Copies made anew.", counters.copies_made)
        .counter("lode_copy_bytes", "Bytes of copies made anew.", counters.bytes_copied)
        .counter("lode_copies_failed", "Copies that could not be made.", counters.copies_failed)
        .counter("lode_surplus_copies_removed", "Superfluous copies removed.", counters.copies_retired)
        .counter("lode_garbage_removed", "Copies removed that no version has.", counters.garbage_removed);
    let Some(audited) = &report.audited else { return figures };
    figures
        .gauge("lode_blobs", "Blobs of versions, at the last count.", audited.tally.blobs)
        .gauge("lode_blobs_short", "Blobs with too few copies on live servers, at the last count.", audited.tally.short)
        .gauge("lode_blobs_without_copy", "Blobs with none, at the last count.", audited.tally.without_copy)
}
