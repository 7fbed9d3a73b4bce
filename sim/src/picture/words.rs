//! Numbers, faults and operations in plain words.

use crate::plan::{Action, BodyFlaw, Condition, FaultKind, Operation};

/// The text, safe to stand in HTML, in an attribute too.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

/// A time or a length of time, in the largest unit that it fills.
pub(super) fn time(us: u64) -> String {
    let (unit_us, unit) = match us {
        0 => return "0\u{a0}s".to_owned(),
        1..1_000 => (1, "\u{b5}s"),
        1_000..1_000_000 => (1_000, "ms"),
        _ => (1_000_000, "s"),
    };
    let thousandths = us % unit_us * 1000 / unit_us;
    let fraction = format!(".{thousandths:03}");
    format!("{}{}\u{a0}{unit}", grouped(us / unit_us), fraction.trim_end_matches(['0']).trim_end_matches('.'))
}

/// With a comma after each three digits.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// So many of something whose plural takes an s.
pub(super) fn count(number: impl TryInto<u64>, what: &str) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {what}{plural}", grouped(number))
}

/// What a client does, without who and when.
pub(super) fn operation(operation: &Operation) -> String {
    let what = action(operation);
    let version = operation.version.map(|version| format!(", version {version}")).unwrap_or_default();
    let condition = match operation.only_if {
        None => "",
        Some(Condition::Absent) => ", only if there is none",
        Some(Condition::Present) => ", only if there is one",
        Some(Condition::Unchanged) => ", only if it is the one that was seen last",
    };
    format!("{what}{version}{condition}")
}

fn action(operation: &Operation) -> String {
    let name = operation.name;
    match &operation.action {
        Action::Put { size_bytes, declared, flaw } => {
            let undeclared = if *declared { "" } else { ", without saying so beforehand" };
            let bytes = count(*size_bytes, "byte");
            format!("PUT: stores object {name}, {bytes}{undeclared}{}", body_flaw(*flaw))
        }
        Action::Get { range, hangs_up } => {
            let part = range.map(|(first, last)| format!(", only bytes {first} to {last}")).unwrap_or_default();
            let leaves = if *hangs_up { "; goes away during the answer" } else { "" };
            format!("GET: reads object {name}{part}{leaves}")
        }
        Action::Head => format!("HEAD: asks about object {name}"),
        Action::Delete => format!("DELETE: removes object {name}"),
        Action::Locate { all: true } => format!("LOCATE: asks for all servers that hold object {name}"),
        Action::Locate { all: false } => format!("LOCATE: asks where object {name} is"),
        Action::Versions => format!("VERSIONS: asks which versions of object {name} there are"),
        Action::List { limit, after: false } => format!("LIST: asks for the first {}", count(*limit, "object")),
        Action::List { limit, after: true } => {
            format!("LIST: asks for {} behind object {name}", count(*limit, "object"))
        }
    }
}

fn body_flaw(flaw: BodyFlaw) -> String {
    match flaw {
        BodyFlaw::None => String::new(),
        BodyFlaw::Cut => "; the client is gone half way".to_owned(),
        BodyFlaw::Stalls { for_us } => format!("; the body stands still half way for {}", time(for_us)),
        BodyFlaw::WrongDigest => "; the body does not have the digest that the client gave".to_owned(),
    }
}

/// The name of an action, as in HTTP.
pub(super) const fn verb(action: &Action) -> &'static str {
    match action {
        Action::Put { .. } => "PUT",
        Action::Get { .. } => "GET",
        Action::Head => "HEAD",
        Action::Delete => "DELETE",
        Action::Locate { .. } => "LOCATE",
        Action::Versions => "VERSIONS",
        Action::List { .. } => "LIST",
    }
}

/// The name of a kind of fault: the one it has in a saved plan, with spaces.
pub(super) fn fault_name(kind: &FaultKind) -> String {
    kind.kind().name().replace('-', " ")
}

/// What a fault does, as a sentence.
#[rustfmt::skip] // One line for each kind of fault.
pub(super) fn fault(kind: &FaultKind) -> String {
    match kind {
        FaultKind::BusLoss { node, permille } => format!("{} of the messages between {node} and the broker are lost.", share(*permille)),
        FaultKind::BusDelay { node, up_to_us } => format!("Messages between {node} and the broker are held up for up to {} and overtake each other.", time(*up_to_us)),
        FaultKind::BusDuplicates { node, permille } => format!("{} of the messages between {node} and the broker come twice.", share(*permille)),
        FaultKind::BusMalformed { node, permille } => format!("{} of the messages for {node} arrive mangled.", share(*permille)),
        FaultKind::LateBinding { node } => format!("{node} is told that it is on the bus, but its queue gets messages only when this is over."),
        FaultKind::QueueLost { node } => format!("The broker has lost the queue of {node}, which finds out only when this is over."),
        FaultKind::BrokerDown => "The broker is down, and every connection to it is cut.".to_owned(),
        FaultKind::BrokerHangs => "The broker hangs: connections stand, and nothing moves.".to_owned(),
        FaultKind::BusCut { node } => format!("{node} is cut off from the broker and cannot connect again."),
        FaultKind::Partition { a, b } => format!("Nothing passes between {a} and {b}."),
        FaultKind::OneWay { from, to } => format!("Nothing passes from {from} to {to}; the way back is open."),
        FaultKind::Isolated { node } => format!("Nothing passes between {node} and anybody, the broker included."),
        FaultKind::Refused { node } => format!("{node} lives, but connections to it are refused."),
        FaultKind::Reset { node, permille } => format!("{} of the exchanges with {node} are reset, in the middle of a body or before the answer.", share(*permille)),
        FaultKind::Stall { node, permille } => format!("{} of the exchanges with {node} come to a standstill.", share(*permille)),
        FaultKind::Truncated { node, permille } => format!("{} of the bodies that {node} sends end early.", share(*permille)),
        FaultKind::AnswerLost { node, permille } => format!("{node} does what it is asked, but {} of its answers are lost.", share(*permille)),
        FaultKind::SlowLink { node, up_to_us } => format!("Everything over the network to and from {node} takes up to {} longer.", time(*up_to_us)),
        FaultKind::DiskWriteError { node } => format!("Writing and syncing fail on the disk of {node}."),
        FaultKind::DiskReadError { node } => format!("Reading fails on the disk of {node}."),
        FaultKind::DiskFull { node } => format!("No room is left on the disk of {node}."),
        FaultKind::ShortWrite { node } => format!("Writes to the disk of {node} end early."),
        FaultKind::SlowDisk { node, up_to_us } => format!("Each step of the disk of {node} takes up to {} longer.", time(*up_to_us)),
        FaultKind::BitRot { node } => format!("A bit of an object on the disk of {node} flips."),
        FaultKind::Kill { node } => format!("The process of {node} is killed, and starts again when this is over."),
        FaultKind::KillBetweenEffects { node, after_effects } => format!("The process of {node} is killed in the middle of a step: after {} more.", count(*after_effects, "effect")),
        FaultKind::PowerLoss { node } => format!("{node} loses power; what was not synced may be gone."),
        FaultKind::BlankDisk { node } => format!("{node} is stopped, and starts again on an empty disk."),
        FaultKind::Pause { node } => format!("The process of {node} stands still."),
        FaultKind::StartsLate { node } => format!("{node} starts only when this is over."),
        FaultKind::SharedAddress { node } => format!("A second process takes the address of {node} and gets some of its connections."),
        FaultKind::ClockDrift { node, ppm } => format!("The clock of {node} is {} by {} millionths.", if *ppm < 0 { "slow" } else { "fast" }, ppm.unsigned_abs()),
        FaultKind::ClockPause { node } => format!("The clock of {node} stands still, though its process works."),
        FaultKind::CatalogDown { .. } => "The catalog refuses whatever it is asked, and changes nothing.".to_owned(),
        FaultKind::CatalogBreaksOff { permille, .. } => format!("{} of the questions to the catalog break off: what was asked is done, or later, or never.", share(*permille)),
        FaultKind::CatalogFailover { .. } => "The catalog goes over to another machine: what it is at breaks off, and it refuses all for a while.".to_owned(),
        FaultKind::SlowCatalog { up_to_us, .. } => format!("Each transaction of the catalog takes up to {} longer.", time(*up_to_us)),
        FaultKind::WallClockStep { node, by_us } => format!("The wall clock of {node} is set {} by {}.", if *by_us < 0 { "back" } else { "forward" }, time(by_us.unsigned_abs())),
    }
}

fn share(permille: u16) -> String {
    let percent = format!("{}.{}", permille / 10, permille % 10);
    if permille >= 1000 { "All".to_owned() } else { format!("{} %", percent.trim_end_matches(".0")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::Node;

    #[test]
    fn times_are_short() {
        let cases = [
            (0, "0\u{a0}s"),
            (7, "7\u{a0}\u{b5}s"),
            (1_500, "1.5\u{a0}ms"),
            (5_000_000, "5\u{a0}s"),
            (12_300_400, "12.3\u{a0}s"),
            (1_234_000_000, "1,234\u{a0}s"),
        ];
        for (us, text) in cases {
            assert_eq!(time(us), text);
        }
    }

    #[test]
    fn a_fault_has_the_name_that_a_saved_plan_gives_it() {
        assert_eq!(fault_name(&FaultKind::BrokerDown), "broker down");
        assert_eq!(fault_name(&FaultKind::BusLoss { node: Node::Data(1), permille: 5 }), "bus loss");
        assert_eq!(
            fault(&FaultKind::BusLoss { node: Node::Data(1), permille: 305 }),
            "30.5 % of the messages between data-1 and the broker are lost."
        );
    }
}
