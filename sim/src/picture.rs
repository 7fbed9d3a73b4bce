//! A run as a picture: one HTML file with a space-time diagram that a person can read who has not read the code.
//!
//! The file needs nothing beside itself. What is known of the run stands in it as one block of JSON (`data`); scripts in
//! the same file draw it, so that the reader can zoom, choose and search. What needs no drawing (the story, the legend,
//! the tables of the plan) is written here as HTML, and can be read with scripts switched off.
//!
//! The address says what to show: `#event=17`, `#t=12.5`, with `&scale=time` and `&span=0.01` (seconds) if wanted.

mod data;
mod events;
mod legend;
mod plain;
#[cfg(test)]
mod sample;
mod spans;
mod story;
mod tables;
mod words;

use crate::history::Violation;
use crate::plan::Plan;
use crate::trace::Record;

use events::Events;
use words::escaped;

/// The scripts, in the order in which they need each other.
const SCRIPTS: [&str; 9] = [
    include_str!("picture/model.js"),
    include_str!("picture/scale.js"),
    include_str!("picture/view.js"),
    include_str!("picture/draw.js"),
    include_str!("picture/draw-events.js"),
    include_str!("picture/say.js"),
    include_str!("picture/strip.js"),
    include_str!("picture/hands.js"),
    include_str!("picture/main.js"),
];

/// The picture of a run: a whole HTML document. The same run gives the same bytes.
///
/// Events are numbered from 1 in the order of `records`; violations that are not among them come after.
#[must_use]
pub fn html(title: &str, plan: &Plan, records: &[Record], violations: &[Violation]) -> String {
    let events = Events::new(plan, records, violations);
    format!(
        include_str!("picture/page.html"),
        title = escaped(title),
        style = include_str!("picture/page.css"),
        signs = include_str!("picture/signs.html"),
        story = story::html(title, plan, &events),
        legend = legend::html(&events),
        key = legend::key(),
        tables = tables::html(plan),
        data = data::json(plan, &events),
        script = SCRIPTS.concat(),
    )
}

#[cfg(test)]
mod tests {
    use lode_core::time::Instant;

    use super::*;
    use crate::node::Node;
    use crate::trace::MarkKind;

    /// The block of JSON in the document, as a browser would read it.
    fn block(html: &str) -> serde_json::Value {
        let begin = r#"<script type="application/json" id="run">"#;
        let (_, rest) = html.split_once(begin).expect("the document has a block");
        let (block, _) = rest.split_once("</script>").expect("the block ends");
        serde_json::from_str(block).expect("the block is JSON")
    }

    #[test]
    fn every_record_is_in_the_block() {
        for run in [sample::small(), sample::large(2000)] {
            let block = block(&run.html());
            let events = block["events"].as_array().expect("a list");
            let mut numbers: Vec<u64> = events.iter().filter_map(|event| event["n"].as_u64()).collect();
            numbers.sort_unstable();
            assert!(numbers.iter().copied().eq(1..=numbers.len() as u64));
            for (index, record) in run.records.iter().enumerate() {
                let number = index as u64 + 1;
                let event = events.iter().find(|event| event["n"] == number).expect("it is there");
                let text = match record {
                    Record::Step { input, .. } => input,
                    Record::Message { label, .. } => label,
                    Record::Mark { text, .. } => text,
                };
                assert_eq!(event["text"], **text);
                assert_eq!(event["t"], record.at().as_nanos());
            }
        }
    }

    #[test]
    fn no_text_can_leave_its_place() {
        let nasty = "</script><script>alert(1)</script> \"q\" 'a' <!-- & \u{e9}\u{6f22}\u{1f600} \u{2028} \\ {title}";
        let mut run = sample::small();
        run.records.push(Record::Mark {
            at: Instant::from_nanos(1),
            node: Node::Api(1),
            kind: MarkKind::Joined,
            text: nasty.into(),
        });
        run.violations.push(Violation {
            at: Instant::from_nanos(2),
            checker: "x",
            node: Node::Api(1),
            text: nasty.into(),
        });
        run.title = nasty.into();
        let html = run.html();
        assert!(!html.contains("<script>alert"));
        let block = block(&html);
        let texts: Vec<_> =
            block["events"].as_array().expect("a list").iter().filter_map(|event| event["text"].as_str()).collect();
        assert_eq!(texts.iter().filter(|text| **text == nasty).count(), 2);
    }

    #[test]
    fn nothing_is_fetched_from_anywhere() {
        let html = sample::large(2000).html();
        for word in ["http:", "https:", "src=", "@import", "url(h", "url(/", "<link", "fetch(", "//cdn"] {
            assert!(!html.contains(word), "{word}");
        }
    }

    #[test]
    fn the_same_run_gives_the_same_bytes() {
        assert_eq!(sample::large(2000).html(), sample::large(2000).html());
    }

    #[test]
    fn an_empty_run_has_a_picture() {
        let html = html("empty", &sample::small().plan, &[], &[]);
        assert_eq!(block(&html)["events"], serde_json::json!([]));
    }
}
