use std::collections::BTreeSet;

use super::*;
use crate::plan::validate::validate;

#[test]
fn each_goes_as_its_story_says() {
    let complaints: Vec<_> =
        ALL.iter().flat_map(|scenario| complaints(scenario, play(scenario, Keep::Nothing))).collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// How long each message takes, and the like, is no part of any story.
#[test]
fn no_story_hangs_on_chance() {
    let by_chance = |scenario: &Scenario, seed| {
        let mut run = crate::run::run(&Plan { seed, ..(scenario.plan)() }, Keep::Records);
        scenario.judge(&mut run);
        complaints(scenario, run)
    };
    for seed in 2..=4 {
        let complaints: Vec<_> = ALL.iter().flat_map(|scenario| by_chance(scenario, seed)).collect();
        assert!(complaints.is_empty(), "seed {seed}:\n{}", complaints.join("\n"));
    }
}

fn complaints(scenario: &Scenario, run: Run) -> Vec<String> {
    let told =
        |Violation { at, checker, node, text }| format!("{}: {checker}: at {at:?} on {node}: {text}", scenario.name);
    run.violations.into_iter().map(told).collect()
}

#[test]
fn names_are_unique_and_in_kebab_case_and_plans_can_be_run() {
    let names: BTreeSet<_> = ALL.iter().map(|scenario| scenario.name).collect();
    assert_eq!(names.len(), ALL.len());
    for Scenario { name, story, plan, .. } in ALL {
        let words = name.split('-').all(|word| {
            !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        });
        assert!(words, "{name}");
        assert!(story.ends_with('.') && !story.contains("  "), "{name}: {story}");
        assert_eq!(validate(&plan()), Ok(()), "{name}");
    }
}

#[test]
fn all_failures_of_the_seed_are_told_in_their_order() {
    let numbers: Vec<u8> = ALL
        .iter()
        .filter_map(|scenario| scenario.name.strip_prefix("failure-"))
        .map(|rest| rest.split_once('-').unwrap().0.parse().unwrap())
        .collect();
    assert_eq!(numbers, (1..=16).collect::<Vec<_>>());
}

/// A story of which nothing comes about must not pass for one that went well.
#[test]
fn no_story_is_told_of_a_plan_in_which_nothing_happens() {
    for scenario in ALL {
        let whole = (scenario.plan)();
        let nothing_asked = Plan { operations: Vec::new(), ..whole.clone() };
        let nothing_wrong = Plan { faults: Vec::new(), ..whole.clone() };
        let spoilt = [nothing_asked, nothing_wrong].into_iter().filter(|spoilt| *spoilt != whole);
        for plan in spoilt {
            let run = crate::run::run(&plan, Keep::Records);
            assert!((scenario.expect)(&run).is_err(), "{} is content with less than its plan", scenario.name);
        }
    }
}

#[test]
fn a_story_that_goes_another_way_is_a_violation_and_marked() {
    let disappointed = Scenario { expect: |_| Err("it rains".to_owned()), ..ALL[0] };
    let run = play(&disappointed, Keep::Records);
    let [violation] = run.violations.as_slice() else { panic!("{:?}", run.violations) };
    assert_eq!((violation.checker, violation.text.as_str()), (CHECKER, "it rains"));
    let last = run.trace.records().last().unwrap().to_string();
    assert!(last.ends_with("!! story: it rains"), "{last}");
}

#[test]
fn what_is_kept_does_not_change_the_run() {
    let [records, hash, nothing] = [Keep::Records, Keep::Hash, Keep::Nothing].map(|keep| play(&ALL[0], keep));
    assert_eq!(records.trace.hash(), hash.trace.hash());
    assert_eq!((records.steps, records.violations.len()), (nothing.steps, nothing.violations.len()));
    assert!(hash.trace.records().is_empty() && !nothing.trace.is_kept());
}
