//! What each sign means, in words; where a sign can be left out, with the box that does it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::data::group;
use super::events::Events;
use super::words::{escaped, grouped};

/// A sign of the diagram.
struct Sign {
    /// The word by which scripts and styles know it.
    key: &'static str,
    /// What it is called.
    name: &'static str,
    /// What it means.
    meaning: &'static str,
    /// How it looks.
    look: Look,
}

enum Look {
    /// An arrow between two lines.
    Arrow,
    /// A sign on a line.
    Point,
    /// Drawn in any case, so there is no box: the SVG of an example.
    Fixed(&'static str),
}

const GROUPS: [(&str, &[Sign]); 3] =
    [("Arrows: messages", ARROWS), ("On a line: what happens", POINTS), ("Along a line: what lasts", LASTING)];

fn signs() -> impl Iterator<Item = &'static Sign> {
    GROUPS.into_iter().flat_map(|(_, signs)| signs)
}

/// The word and the name of each kind of event.
pub(super) fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
    signs().map(|sign| (sign.key, sign.name))
}

/// The legend, and below it the nodes to choose from.
pub(super) fn html(events: &Events<'_>) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for event in &events.list {
        *counts.entry(event.kind()).or_default() += 1;
    }
    let mut out =
        String::from("<details open><summary>What the signs mean, and what to show</summary><div class=\"legend\">");
    for (heading, signs) in GROUPS {
        let _ = write!(out, "<h2>{heading}</h2>");
        for sign in signs {
            out.push_str(&row(sign, counts.get(sign.key).copied().unwrap_or(0)));
        }
    }
    out.push_str("</div></details>");
    out.push_str(&nodes(events));
    out.push_str(HOW_TO);
    out
}

fn row(sign: &Sign, count: usize) -> String {
    let Sign { key, name, meaning, look } = sign;
    let choice = match look {
        Look::Arrow | Look::Point => format!("<input type=\"checkbox\" data-kind=\"{key}\" checked>"),
        Look::Fixed(_) => "<span class=\"no-box\"></span>".to_owned(),
    };
    let example = example(sign);
    let count = if count > 0 { grouped(count as u64) } else { String::new() };
    format!(
        "<label>{choice}{example}<span>{name}<small>{meaning}</small></span>\
         <span class=\"count\">{count}</span></label>"
    )
}

fn example(sign: &Sign) -> String {
    let key = sign.key;
    let drawing = match sign.look {
        Look::Arrow => {
            format!("<path class=\"m {key}\" d=\"M0 9H28\"/><path class=\"head {key}\" d=\"M34 9L25 5.4L25 12.6Z\"/>")
        }
        Look::Point => format!("<use href=\"#sign-{key}\" x=\"17\" y=\"9\"/>"),
        Look::Fixed(drawing) => drawing.to_owned(),
    };
    format!("<svg aria-hidden=\"true\">{drawing}</svg>")
}

/// The signs that a first look needs, in one line.
pub(super) fn key() -> String {
    let wanted = |sign: &&Sign| !matches!(sign.look, Look::Point) || sign.key == "step";
    let wanted = signs().filter(wanted).filter(|sign| !["life", "calm", "error-line"].contains(&sign.key));
    wanted.map(|sign| format!("<span>{}{}</span>", example(sign), sign.name)).collect()
}

fn nodes(events: &Events<'_>) -> String {
    let mut out = String::from("<details><summary>Which nodes to show</summary><div class=\"nodes\">");
    let mut last = "";
    for (index, node) in events.nodes.iter().enumerate() {
        if group(*node) != last {
            last = group(*node);
            let _ = write!(out, "<b>{last}</b>");
        }
        let name = escaped(&node.to_string());
        let _ = write!(out, "<label><input type=\"checkbox\" data-node=\"{index}\" checked> {name}</label>");
    }
    out.push_str("</div></details>");
    out
}

const HOW_TO: &str = "\
<details><summary>How to move about</summary>
<p>Time runs down the page; each node has a line of its own. In <b>One row per event</b>, what happens at one instant on one
node stands in one row, rows of the same shade happen at the same instant, and a dotted line says how long nothing happens.
In <b>True time</b> the height is the clock's.</p>
<p>Point at anything to be told what it is. Click it to keep it: all that is known of it stands below, with links to what
brought it and what it brought.</p>
<p><kbd>wheel</kbd> or drag: move · <kbd>Ctrl</kbd>+<kbd>wheel</kbd>, <kbd>+</kbd>, <kbd>-</kbd>: zoom · drag over the times
at the left: zoom to that part · <kbd>0</kbd> whole run · <kbd>j</kbd> <kbd>k</kbd> or arrows: next and previous event, with
<kbd>Shift</kbd> on the same node · <kbd>v</kbd> next violation · <kbd>t</kbd> other scale · <kbd>/</kbd> search ·
<kbd>Esc</kbd> let go. The strip beside the lines is the whole run: drag in it.</p>
<p>To see the life of one object, search for its name and tick <b>only matches</b>.</p>
<p>The address in the browser leads back to the event that you look at; <code>#t=12.5&amp;span=0.01</code> leads to 10 ms around
that second.</p>
</details>";

const fn sign(key: &'static str, name: &'static str, meaning: &'static str, look: Look) -> Sign {
    Sign { key, name, meaning, look }
}

#[rustfmt::skip] // A table reads best with a sign a line.
const ARROWS: &[Sign] = &[
    sign("request", "Request", "Over HTTP, with its body: from a client to a server, or from an API server to a data server. Also a question to the catalog.", Look::Arrow),
    sign("response", "Response", "Over HTTP, with its body: the answer to a request. Also that of the catalog.", Look::Arrow),
    sign("query", "Question on the bus", "An API server asks all data servers: who has this object? Or says hello.", Look::Arrow),
    sign("answer", "Answer on the bus", "A data server says what it holds.", Look::Arrow),
    sign("heartbeat", "Heartbeat", "A data server tells all API servers that it lives. With the steps that do nothing else.", Look::Arrow),
    sign("lost", "Lost", "A message of any kind that never arrives ends half way in a cross.", Look::Fixed(LOST)),
];

#[rustfmt::skip]
const POINTS: &[Sign] = &[
    sign("violation", "Violation", "Something that must hold does not.", Look::Fixed(VIOLATION)),
    sign("error-line", "Error line", "A server would log an error. That fails the run too.", Look::Fixed(ERROR_LINE)),
    sign("step", "Step", "A machine (the code under test) takes an input, and wants effects carried out.", Look::Point),
    sign("idle", "Step without effect", "A machine takes an input, and wants nothing done.", Look::Point),
    sign("operation-began", "Operation begins", "A client asks for something.", Look::Point),
    sign("operation-ended", "Operation ends", "The client knows the outcome.", Look::Point),
    sign("disk", "Disk", "An object appears on a disk, is safe there, or is removed.", Look::Point),
    sign("version", "Version", "Something becomes a version in the catalog, or a version goes.", Look::Point),
    sign("joined", "Joined", "An API server learns of a data server.", Look::Point),
    sign("expired", "Expired", "An API server has not heard a data server for too long, and forgets it.", Look::Point),
    sign("bus-up", "Bus up", "A node is connected to the broker.", Look::Point),
    sign("bus-down", "Bus down", "A node has lost the broker.", Look::Point),
    sign("started", "Started", "A process starts.", Look::Point),
    sign("stopped", "Stopped", "A process ends.", Look::Point),
    sign("fault-began", "Fault begins", "Something is broken on purpose.", Look::Point),
    sign("fault-ended", "Fault ends", "It is mended.", Look::Point),
];

#[rustfmt::skip]
const LASTING: &[Sign] = &[
    sign("life", "The line of a node", "Its process runs.", Look::Fixed(LINE)),
    sign("down", "No process", "The line has a gap: it was killed, or has not started yet.", Look::Fixed(DOWN)),
    sign("fault", "Fault", "From where it begins to where it ends. Its name stands in the band.", Look::Fixed(FAULT)),
    sign("no-bus", "Without the bus", "The node knows that it has no connection to the broker.", Look::Fixed(NO_BUS)),
    sign("operation", "Operation", "A client has asked and waits for its answer.", Look::Fixed(OPERATION)),
    sign("calm", "Calm", "From here on no fault is left and nothing new is asked: all must come right.", Look::Fixed(CALM)),
];

const LINE: &str = r#"<path class="life" d="M17 -2V20"/>"#;
const DOWN: &str =
    r#"<path class="life" d="M17 -3V3M17 15V21"/><rect class="span-down" x="13" y="3" width="8" height="12"/>"#;
const FAULT: &str =
    r#"<rect class="span-fault" x="10.5" y="-1" width="13" height="20"/><path class="life" d="M17 -2V20"/>"#;
const NO_BUS: &str =
    r#"<path class="life" d="M17 -2V20"/><rect class="span-no-bus" x="11" y="0" width="3" height="18"/>"#;
const OPERATION: &str =
    r#"<path class="life" d="M17 -2V20"/><rect class="span-operation" x="13.5" y="1" width="7" height="16"/>"#;
const LOST: &str = r#"<path class="m request" d="M2 9H24"/><path class="lost" d="M20 5L28 13M20 13L28 5"/>"#;
const VIOLATION: &str = r##"<path class="violation-line" d="M0 9H34"/><use href="#sign-violation" x="17" y="9"/>"##;
const ERROR_LINE: &str = r##"<use href="#sign-error-line" x="17" y="9"/>"##;
const CALM: &str = r#"<path class="calm" d="M0 9H34"/>"#;

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn every_kind_of_event_is_explained_and_has_a_sign() {
        let run = sample::large(2000);
        let events = Events::new(&run.plan, &run.records, &run.violations);
        let drawings = include_str!("signs.html");
        for event in &events.list {
            let sign = signs().find(|sign| sign.key == event.kind()).expect("it is in the legend");
            let is_drawn = matches!(sign.look, Look::Arrow) || drawings.contains(&format!("id=\"sign-{}\"", sign.key));
            assert!(is_drawn, "{}", sign.key);
        }
    }
}
