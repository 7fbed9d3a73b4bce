//! The figures of a data server for `GET /metrics`.

use super::node::Node;
use crate::engine::Engine;
use crate::metrics::Figures;

/// What this data server has counted.
pub(super) fn of(engine: &Engine<Node>) -> Figures {
    let dropped = engine.link().dropped();
    let (counters, space, requests, accepts_writes) = engine.driver.look(|machine, _| {
        (machine.counters(), machine.space(), machine.requests_under_way(), machine.accepts_writes())
    });
    let (draining, damaged, scrub) =
        engine.driver.look(|machine, _| (machine.is_draining(), machine.damaged_blobs(), machine.scrub().clone()));
    Figures::default()
        .gauge("lode_accepts_writes", "Whether it takes objects.", u64::from(accepts_writes))
        .gauge("lode_free_bytes", "Free space on its disk.", space.free_bytes)
        .gauge("lode_total_bytes", "Size of its disk.", space.total_bytes)
        .gauge("lode_requests_under_way", "Requests being served.", requests as u64)
        .counter("lode_heartbeats", "Heartbeats sent.", counters.heartbeats)
        .counter("lode_queries", "Locate queries looked up.", counters.queries)
        .counter("lode_queries_dropped", "Locate queries dropped, too many at a time.", counters.queries_dropped)
        .counter("lode_malformed_messages", "Messages that made no sense, dropped.", counters.malformed_messages)
        .counter("lode_requests_busy", "Requests refused because too many were served.", counters.requests_busy)
        .counter("lode_corrupt_blobs", "Blobs found damaged.", counters.corrupt_blobs)
        .gauge("lode_draining", "Whether it is to be emptied.", u64::from(draining))
        .gauge("lode_damaged_blobs", "Blobs known to be damaged.", damaged as u64)
        .gauge("lode_scrub_running", "Whether a scrub is under way.", u64::from(scrub.running))
        .gauge("lode_scrub_files", "Files that this scrub, or the last one, has read.", scrub.files)
        .gauge("lode_scrub_bytes", "Bytes that it has read.", scrub.bytes)
        .gauge("lode_scrub_damaged", "Damaged files that it has found.", scrub.damaged)
        .gauge("lode_scrub_unreadable", "Files that it could not read.", scrub.unreadable)
        .counter("lode_bus_dropped_out", "Messages not sent to the bus.", dropped.outgoing)
        .counter("lode_bus_dropped_in", "Messages from the bus not taken.", dropped.incoming)
}
