//! The whole command line, with a simulator whose runs fail by a simple rule.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use lode_core::time::Instant;
use lode_sim::coverage::{Coverage, Point};
use lode_sim::history::{History, Violation};
use lode_sim::node::Node;
use lode_sim::plan::{Action, Fault, FaultKind, Operation, Plan};
use lode_sim::run::Run;
use lode_sim::scenario::Scenario;
use lode_sim::trace::{Keep, MarkKind, Record, Trace};
use serde_json::Value;

use super::*;

/// Plans of seeds below a million that are a multiple of 7 kill data-2, and fail for it; a multiple of 50 panics.
const FAKE: Simulator = Simulator {
    draw,
    validate: |plan| if plan.cluster.datas > 0 { Ok(()) } else { Err("it has no data server".into()) },
    run: fake_run,
    html: |title, plan, records, violations| {
        format!("{title}: {} faults, {} records, {} violations", plan.faults.len(), records.len(), violations.len())
    },
    scenarios: || {
        vec![
            Scenario { name: "calm-sea", story: "Nothing happens.", plan: || draw(1), expect: |_| Ok(()) },
            Scenario { name: "late-kill", story: "A server is killed.", plan: || draw(7), expect: |_| Ok(()) },
        ]
    },
};

fn draw(seed: u64) -> Plan {
    // Drawn once only: thousands are asked for.
    static DRAWN: LazyLock<Plan> = LazyLock::new(|| (REAL.draw)(1));
    let mut plan = Plan { seed, ..DRAWN.clone() };
    plan.cluster.datas = 3;
    let operation = |at_us| Operation {
        at_us,
        client: Node::Client(1),
        server: Node::Api(1),
        name: 1,
        action: Action::Head,
        only_if: None,
        version: None,
    };
    plan.operations = (0..20).map(operation).collect();
    let kill = |at_us| Fault {
        from_us: at_us,
        until_us: at_us + 10,
        kind: FaultKind::Kill { node: if is_bad(seed, 7) && at_us == 3 { Node::Data(2) } else { Node::Data(1) } },
    };
    plan.faults = (0..10).map(kill).collect();
    plan
}

const fn is_bad(seed: u64, factor: u64) -> bool {
    seed < 1_000_000 && seed.is_multiple_of(factor)
}

fn fake_run(plan: &Plan, keep: Keep) -> Run {
    let at = Instant::from_nanos(1_500_000_000);
    let kills = |fault: &Fault| fault.kind == FaultKind::Kill { node: Node::Data(2) };
    let failing = plan.faults.iter().any(kills) && !plan.operations.is_empty();
    assert!(!is_bad(plan.seed, 50), "the table is full");
    let mut trace = Trace::new(keep);
    let mark = Record::Mark { at, node: Node::Data(1), kind: MarkKind::Started, text: "started".into() };
    trace.note(|| mark);
    let violation = Violation { at, checker: "liveness", node: Node::Data(2), text: "it never came back".into() };
    let mut coverage = Coverage::default();
    if plan.seed < 1000 {
        coverage.hit(Point::ALL[0]);
    }
    Run {
        violations: Vec::from_iter(failing.then_some(violation)),
        trace,
        history: History::default(),
        coverage,
        steps: 1000 + plan.seed,
        lasted: Duration::from_secs(60),
        traffic: lode_sim::traffic::Traffic::default(),
    }
}

/// What a command has ended with and printed.
struct Done {
    exit: Exit,
    stdout: String,
    stderr: String,
}

impl Done {
    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.stdout))
    }
}

fn lode_sim(line: &str) -> Done {
    lode_sim_with(&FAKE, line)
}

fn lode_sim_with(simulator: &Simulator, line: &str) -> Done {
    let cli = Cli::try_parse_from(["lode-sim"].into_iter().chain(line.split(' '))).unwrap();
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let exit = carry_out(&cli, simulator, &mut Output::new(&cli.printing, &mut stdout, &mut stderr, false));
    Done { exit, stdout: String::from_utf8(stdout).unwrap(), stderr: String::from_utf8(stderr).unwrap() }
}

/// A folder that is gone at the end of the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("lode-sim-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn one_run_is_told_line_by_line() {
    let done = lode_sim("--seed 1");
    assert_eq!((done.exit, done.stderr.as_str()), (Exit::Held, ""));
    assert!(done.stdout.starts_with("# time (s)"), "{}", done.stdout);
    assert!(done.stdout.contains("     1.500000 data-1       *  started\n"), "{}", done.stdout);
    assert!(done.stdout.contains("seed 1: nothing is violated; 1,001 steps in 60.000000 s simulated, trace "));
    assert_eq!(lode_sim("--seed 1").stdout, done.stdout);
    assert_eq!(lode_sim("--seed 1 --quiet").stdout.lines().count(), 1);
}

#[test]
fn a_failure_tells_how_to_see_it_again() {
    let done = lode_sim("--seed 7 -q");
    assert_eq!(done.exit, Exit::Violated);
    assert!(done.stdout.contains("  !! liveness: at 1.500000 on data-2: it never came back\n"), "{}", done.stdout);
    assert!(done.stdout.contains("  again: cargo run --release -p lode-sim -- --seed 7\n"), "{}", done.stdout);
    let panicked = lode_sim("--seed 50 -q").stdout;
    assert!(panicked.contains("  !! assertion: the table is full, at "), "{panicked}");
}

#[test]
fn a_plan_is_saved_replayed_shrunk_and_drawn() {
    let folder = Folder::new("replay");
    let [whole, small, page] = ["whole.json", "small.json", "page.html"].map(|name| folder.file(name));
    assert_eq!(lode_sim(&format!("--seed 7 -q --save {whole}")).exit, Exit::Violated);
    assert_eq!(serde_json::from_str::<Plan>(&read(&whole)).unwrap(), draw(7));

    let done = lode_sim(&format!("--replay {whole} -q --shrink={small} --html {page}"));
    assert_eq!(done.exit, Exit::Violated);
    assert!(done.stdout.contains(" shrunk to 1 fault and 1 operation, "), "{}", done.stdout);
    assert!(done.stdout.contains(&format!("-- --replay {small}\n")), "{}", done.stdout);
    assert!(done.stdout.contains(&read(&small)), "{}", done.stdout);
    assert_eq!(read(&page), format!("{whole}, shrunk: 1 faults, 1 records, 1 violations"));
    assert_eq!(lode_sim(&format!("--replay {small} -q")).exit, Exit::Violated);
}

#[test]
fn an_assertion_is_shrunk_too() {
    let folder = Folder::new("assertion");
    let small = folder.file("small.json");
    let done = lode_sim(&format!("--seed 50 --json --shrink={small}")).json();
    assert_eq!(done["violations"][0]["checker"], "assertion");
    assert_eq!(done["shrunk"]["plan"]["faults"], 0);
    assert_eq!(done["shrunk"]["exhausted"], false);
}

#[test]
fn what_is_wrong_with_a_file_is_said() {
    let folder = Folder::new("mistakes");
    let [missing, broken, empty] = ["missing", "broken", "empty"].map(|name| folder.file(name));
    fs::write(&broken, file::plan_text(&draw(1)).unwrap().replacen("\"kill\"", "\"kil\"", 1)).unwrap();
    let mut plan = draw(1);
    plan.cluster.datas = 0;
    fs::write(&empty, file::plan_text(&plan).unwrap()).unwrap();
    for (file, told) in [
        (&missing, format!("error: cannot read {missing}: No such file")),
        (&broken, format!("error: {broken} is no plan: unknown variant `kil`")),
        (&empty, format!("error: the plan of {empty} cannot be run: it has no data server")),
    ] {
        let done = lode_sim(&format!("--replay {file}"));
        assert_eq!((done.exit, done.stdout.as_str()), (Exit::Usage, ""));
        assert!(done.stderr.starts_with(&told), "{}", done.stderr);
    }
    assert!(lode_sim(&format!("--replay {broken}")).stderr.contains(" at line 28 column "));
    let json = lode_sim(&format!("--replay {missing} --json"));
    assert_eq!((json.exit, &json.json()["error"]["code"]), (Exit::Usage, &"local_io".into()));
}

#[test]
fn a_file_that_cannot_be_written_hides_no_violation() {
    for (line, told) in [
        ("--seed 7 -q --html /no/such/folder/page", "!! liveness: "),
        ("--runs 9 -q --save /no/such/folder/plan", "!! liveness: "),
        ("--runs 9 -q --shrink=/no/such/folder/plan", "!! liveness: "),
        ("--scenario all --html /no/such/folder/page", "2 scenarios: 1 failed\n"),
    ] {
        let done = lode_sim(line);
        assert_eq!(done.exit, Exit::Usage, "{line}");
        assert!(done.stdout.contains(told), "{line}: {}", done.stdout);
        assert!(done.stderr.starts_with("error: cannot write /no/such/folder/p"), "{line}: {}", done.stderr);
        let json = lode_sim(&format!("{line} --json"));
        assert_eq!((json.exit, json.stderr.as_str()), (Exit::Usage, ""), "{line}");
        assert_eq!(json.json()["violated"], true, "{line}");
        assert!(json.stdout.contains("\"error\":{\"code\":\"local_io\""), "{line}: {}", json.stdout);
    }
}

#[test]
fn scenarios_are_listed_run_and_guessed() {
    assert_eq!(lode_sim("--scenarios").stdout.lines().next_back(), Some("    A server is killed."));
    assert_eq!(lode_sim("--scenarios --json").json()[0]["name"], "calm-sea");
    assert_eq!(lode_sim("--scenario calm-sea").exit, Exit::Held);
    let failed = lode_sim("--scenario late-kill --quiet");
    assert!(failed.stdout.contains("-- --scenario late-kill\n"), "{}", failed.stdout);
    let unknown = lode_sim("--scenario late-kil");
    assert_eq!(unknown.exit, Exit::Usage);
    assert!(unknown.stderr.contains("do you mean late-kill?"), "{}", unknown.stderr);

    let all = lode_sim("--scenario all");
    assert_eq!(all.exit, Exit::Violated);
    assert!(all.stdout.ends_with("2 scenarios: 1 failed\n"), "{}", all.stdout);
    let json = lode_sim("--scenario all --json").json();
    assert_eq!((&json["violated"], &json["scenarios"][0]["violated"]), (&true.into(), &false.into()));
}

#[test]
fn a_story_that_goes_another_way_is_told_and_not_shrunk() {
    let scenarios = || {
        let expect = |run: &Run| Err(format!("it rained after {} steps", run.steps));
        vec![Scenario { name: "calm-sea", story: "Nothing happens.", plan: || draw(1), expect }]
    };
    let disappointed = Simulator { scenarios, ..FAKE };
    let done = lode_sim_with(&disappointed, "--scenario calm-sea --shrink=/no/such/file");
    assert_eq!(done.exit, Exit::Violated);
    assert!(done.stdout.contains("broker       !! story: it rained after 1001 steps\n"), "{}", done.stdout);
    assert!(done.stdout.contains("\n  !! story: it rained after 1001 steps\n"), "{}", done.stdout);
    assert!(done.stderr.contains("nothing was shrunk"), "{}", done.stderr);
    assert_eq!(lode_sim_with(&disappointed, "--scenario all").exit, Exit::Violated);
}

#[test]
fn a_swarm_stops_at_the_first_failure_and_tells_it() {
    let done = lode_sim("--seed 1 --runs 100 --threads 3");
    assert_eq!(done.exit, Exit::Violated);
    assert!(done.stdout.starts_with("group "), "{}", done.stdout);
    assert!(done.stdout.contains("\nseed 7: 1 violation\n  !! liveness: "), "{}", done.stdout);
    assert!(done.stdout.contains("\nliveness: 1 run failed, first seed 7\n"), "{}", done.stdout);
    assert!(done.stdout.contains("\n7 runs from seed 1 on: 1 run failed; 7,028 steps in 7.0 min simulated\n"));
    assert_eq!(lode_sim("--seed 1 --runs 6").exit, Exit::Held);
}

#[test]
fn a_swarm_is_told_in_json() {
    let folder = Folder::new("swarm");
    let small = folder.file("small.json");
    let done = lode_sim(&format!("--runs 100 --collect --threads 2 --json --shrink={small}")).json();
    for (field, value) in [
        ("kind", Value::from("swarm")),
        ("violated", true.into()),
        ("first_seed", 1.into()),
        ("runs", 100.into()),
        ("failed_runs", 16.into()),
        ("simulated_us", (98 * 60_000_000_u64).into()),
    ] {
        assert_eq!(done[field], value, "{field}");
    }
    assert_eq!(done["checkers"]["assertion"], serde_json::json!({ "runs": 2, "first_seed": 50 }));
    assert_eq!(done["failures"][0]["command"], "cargo run --release -p lode-sim -- --seed 7");
    assert_eq!(done["coverage"][0]["hits"], 98);
    assert_eq!(done["shrunk"]["file"], small);
    assert!(Path::new(&small).exists());
}

#[test]
fn what_ten_thousand_runs_never_hit_is_a_failure() {
    let missed = Point::ALL[0].name();
    let few = lode_sim("--seed 1000001 --runs 9999");
    assert_eq!(few.exit, Exit::Held);
    assert!(few.stdout.contains("NEVER HIT") && !few.stdout.contains("never hit in"), "{}", few.stdout);
    let enough = lode_sim("--seed 1000001 --runs 10000 --quiet");
    assert_eq!(enough.exit, Exit::Violated);
    let (told, summary) = enough.stdout.split_once(". ").unwrap();
    assert!(told.starts_with("never hit in 10,000 runs: ") && told.contains(missed), "{told}");
    assert!(summary.contains("10,000 runs from seed 1000001 on: nothing is violated; "), "{summary}");
    let json = lode_sim("--seed 1000001 --runs 10000 --json").json();
    assert_eq!((&json["violated"], &json["missed"][0]), (&true.into(), &missed.into()));
}

#[test]
fn a_json_run_has_its_shape() {
    let done = lode_sim("--seed 7 --json").json();
    let keys: Vec<&str> = done.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "command",
        "coverage",
        "error",
        "html",
        "kind",
        "plan",
        "saved",
        "shrunk",
        "simulated_us",
        "steps",
        "title",
        "trace_hash",
        "violated",
        "violations",
    ];
    assert_eq!(keys, expected);
    let violation = serde_json::json!({
        "checker": "liveness", "at_us": 1_500_000, "node": "data-2", "text": "it never came back",
    });
    assert_eq!(done["violations"], Value::Array(vec![violation]));
    assert_eq!(done["plan"], serde_json::json!({ "seed": 7, "faults": 10, "operations": 20 }));
}
