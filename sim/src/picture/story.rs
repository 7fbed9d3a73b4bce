//! The run in plain words: who took part, what was done to them, what came of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::node::Node;
use crate::plan::Plan;
use crate::trace::{MarkKind, Record};

use super::events::{Event, Events, What};
use super::words::{count, escaped, fault_name, grouped, time, verb};

/// How many violations are listed at once; the rest can be unfolded.
const LISTED: usize = 8;

/// The head of the document.
pub(super) fn html(title: &str, plan: &Plan, events: &Events<'_>) -> String {
    let mut out = format!("<h1>{}</h1>", escaped(title));
    out.push_str(&verdict(events));
    for paragraph in [cluster(plan, events), operations(plan, events), faults(plan), traffic(events)] {
        let _ = write!(out, "<p>{paragraph}</p>");
    }
    out
}

fn verdict(events: &Events<'_>) -> String {
    let alarms: Vec<&Event<'_>> = events.alarms().collect();
    if alarms.is_empty() {
        return "<div class=\"verdict good\"><p>All that must hold held in this run.</p></div>".to_owned();
    }
    let things =
        if alarms.len() == 1 { "thing that must hold does".to_owned() } else { "things that must hold do".to_owned() };
    let mut out = format!("<div class=\"verdict broken\"><p><b>{} {things} not:</b></p>", grouped(alarms.len() as u64));
    let (listed, rest) = alarms.split_at(alarms.len().min(LISTED));
    out.push_str(&list_of(listed, 1));
    if !rest.is_empty() {
        let _ =
            write!(out, "<details><summary>and {} more</summary>{}</details>", rest.len(), list_of(rest, LISTED + 1));
    }
    out.push_str("</div>");
    out
}

fn list_of(alarms: &[&Event<'_>], first: usize) -> String {
    let mut out = format!("<ol start=\"{first}\">");
    for event in alarms {
        let at = time(event.at().as_nanos() / 1000);
        let node = event.node();
        let checker = event.checker.unwrap_or("error line");
        let text = event.text().strip_prefix(checker).map(|text| text.trim_start_matches([':', ' ']));
        let (checker, text) = (escaped(checker), escaped(text.unwrap_or(event.text())));
        let _ =
            write!(out, "<li><b>{checker}</b>: {text} (<a href=\"#event={}\">{node} at {at}</a>)</li>", event.number);
    }
    out.push_str("</ol>");
    out
}

fn cluster(plan: &Plan, events: &Events<'_>) -> String {
    let cluster = &plan.cluster;
    let lasts = time(events.end.as_nanos() / 1000);
    let mut out = format!(
        "This is {lasts} in the life of a simulated cluster (seed {}; no real time, disk or network took part). \
         <b>{}</b> {} requests from clients and {} nothing; <b>{}</b> {} the objects.",
        plan.seed,
        count(cluster.apis, "API server"),
        if cluster.apis == 1 { "takes" } else { "take" },
        if cluster.apis == 1 { "keeps" } else { "keep" },
        count(cluster.datas, "data server"),
        if cluster.datas == 1 { "keeps" } else { "keep" },
    );
    if cluster.seed_apis + cluster.seed_datas > 0 {
        let _ = write!(
            out,
            " Beside them there are {} and {} of the seed, the older system that ours must get on with.",
            count(cluster.seed_apis, "API server"),
            count(cluster.seed_datas, "data server"),
        );
    }
    let _ = write!(
        out,
        " They find each other through the <b>broker</b>: over it a data server says every {} that it lives, and an API \
         server that has not heard one for {} forgets it; over it API servers also ask who holds an object. Objects \
         themselves travel over HTTP.",
        time(cluster.heartbeat_period_us),
        time(cluster.expiry_us),
    );
    if cluster.catalog.is_some() {
        out.push_str(
            " Which objects there are, and at which version, is kept in the <b>catalog</b>, a database that all API servers \
             ask; the data servers keep the bytes of each version, in several copies.",
        );
    }
    out
}

fn operations(plan: &Plan, events: &Events<'_>) -> String {
    let (Some(first), Some(last)) = (plan.operations.first(), plan.operations.last()) else {
        return "No client asks for anything.".to_owned();
    };
    let mut clients: Vec<_> = plan.operations.iter().map(|operation| operation.client).collect();
    clients.sort_unstable();
    clients.dedup();
    let mut names: Vec<_> = plan.operations.iter().map(|operation| operation.name).collect();
    names.sort_unstable();
    names.dedup();
    let kinds = tally(plan.operations.iter().map(|operation| verb(&operation.action).to_owned()));
    let ended = events.list.iter().filter(|event| event.mark() == Some(MarkKind::OperationEnded));
    let ended = ended.filter(|event| clients.contains(&event.node())).count();
    format!(
        "{} on {}, asked for by {}: {kinds}; the first begins at {}, the last at {}. {} came to an end in this run.{}",
        count(plan.operations.len(), "operation"),
        count(names.len(), "object"),
        count(clients.len(), "client"),
        time(first.at_us),
        time(last.at_us),
        grouped(ended as u64),
        unplanned(&clients, events),
    )
}

/// A client that is not of the plan is the simulator's own.
fn unplanned(planned: &[Node], events: &Events<'_>) -> String {
    let is_other = |node: &&Node| matches!(node, Node::Client(_)) && !planned.contains(node);
    let others: Vec<String> = events.nodes.iter().filter(is_other).map(Node::to_string).collect();
    if others.is_empty() {
        return String::new();
    }
    format!(
        " What {} asks for is not in the plan: there the simulator itself looks whether all is right.",
        others.join(", ")
    )
}

fn faults(plan: &Plan) -> String {
    let calm = time(plan.calm_at_us);
    if plan.faults.is_empty() {
        return "No fault is planned: nothing is broken on purpose.".to_owned();
    }
    let kinds = tally(plan.faults.iter().map(|fault| fault_name(&fault.kind)));
    format!(
        "{} planned: {kinds}. From {calm} on nothing is broken any more, and everything must come right.",
        if plan.faults.len() == 1 { "1 fault is".to_owned() } else { format!("{} faults are", plan.faults.len()) },
    )
}

fn traffic(events: &Events<'_>) -> String {
    let mut messages = 0_u64;
    let mut lost = 0_u64;
    let mut steps = 0_u64;
    for event in &events.list {
        match event.what {
            What::Record(Record::Message { arrives, .. }) => {
                messages += 1;
                lost += u64::from(arrives.is_none());
            }
            What::Record(Record::Step { .. }) => steps += 1,
            What::Record(Record::Mark { .. }) | What::Violation(_) => {}
        }
    }
    let marked = |kind| events.list.iter().filter(|event| event.mark() == Some(kind)).count();
    let losses =
        if lost == 0 { "which all arrive".to_owned() } else { format!("of which {} never arrive", grouped(lost)) };
    format!(
        "What happened: {}, {losses}; {} of the machines under test; data servers joined {} and were \
         forgotten {}.",
        count(messages, "message"),
        count(steps, "step"),
        count(marked(MarkKind::Joined), "time"),
        count(marked(MarkKind::Expired), "time"),
    )
}

/// How often each comes: `3 PUT, 1 GET`, the most frequent first.
fn tally(words: impl Iterator<Item = String>) -> String {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for word in words {
        *counts.entry(word).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let parts: Vec<String> =
        counts.iter().map(|(word, count)| format!("{count}\u{a0}\u{d7}\u{a0}{}", escaped(word))).collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn a_run_without_violations_says_so() {
        let run = sample::quiet();
        let events = Events::new(&run.plan, &run.records, &[]);
        assert!(html("quiet", &run.plan, &events).contains("All that must hold held"));
    }

    #[test]
    fn all_violations_are_listed_with_a_link() {
        let mut run = sample::small();
        run.violations = (0..30).map(|_| run.violations[0].clone()).collect();
        let events = Events::new(&run.plan, &run.records, &run.violations);
        let html = html("many", &run.plan, &events);
        assert_eq!(html.matches("<a href=\"#event=").count(), 30);
        assert!(html.contains("and 22 more"));
    }

    #[test]
    fn a_client_that_is_not_of_the_plan_is_explained() {
        let run = sample::small();
        let mut plan = run.plan.clone();
        plan.operations[0].client = Node::Client(2);
        let events = Events::new(&plan, &run.records, &run.violations);
        assert!(html("t", &plan, &events).contains("What client-1 asks for is not in the plan"));
        assert!(!run.html().contains("is not in the plan"));
    }

    #[test]
    fn what_comes_most_is_said_first() {
        let words = ["a", "b", "b"].map(str::to_owned).into_iter();
        assert_eq!(tally(words), "2\u{a0}\u{d7}\u{a0}b, 1\u{a0}\u{d7}\u{a0}a");
    }
}
