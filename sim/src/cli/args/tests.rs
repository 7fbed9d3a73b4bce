use clap::CommandFactory as _;
use clap::error::ErrorKind;

use super::*;

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(line.split(' '))
}

fn job(line: &str) -> Job {
    parse(line).unwrap_or_else(|refusal| panic!("{line}: {refusal}")).job()
}

#[test]
fn the_command_line_contradicts_nothing() {
    Cli::command().debug_assert();
}

#[test]
fn every_flag_says_what_it_means_and_no_line_of_the_help_is_too_long() {
    for argument in Cli::command().get_arguments() {
        assert!(argument.get_help().is_some(), "{}", argument.get_id());
    }
    // So wide is help where nobody says how wide the terminal is.
    let long = EXAMPLES.lines().chain(EXIT_STATUS_HELP.lines()).find(|line| line.chars().count() > 100);
    assert_eq!(long, None);
}

#[test]
fn what_is_typed_is_what_is_run() {
    assert_eq!(job("lode-sim --seed 42"), Job::Seed(42));
    assert_eq!(job("lode-sim --scenario disk-full --html a.html"), Job::Scenario("disk-full".into()));
    assert_eq!(job("lode-sim --scenario all -q"), Job::AllScenarios);
    assert_eq!(job("lode-sim --scenarios --json"), Job::List);
    assert_eq!(job("lode-sim --replay a.json --shrink --save b.json"), Job::Replay("a.json".into()));
    let threads = NonZeroUsize::new(3).unwrap();
    let swarm = Swarm { first_seed: 7, runs: 100, threads, collect: true };
    assert_eq!(job("lode-sim --runs 100 --seed 7 --threads 3 --collect"), Job::Swarm(swarm));
    assert_eq!(job("lode-sim --scale --plot a.svg"), Job::Scale(Study { plot: Some("a.svg".into()) }));
    assert!(parse("lode-sim --plot a.svg").is_err() && parse("lode-sim --scale --seed 1").is_err());
    let Job::Swarm(swarm) = job("lode-sim --runs 100") else { panic!("no swarm") };
    assert_eq!((swarm.first_seed, swarm.collect), (1, false));
}

#[test]
fn the_file_of_a_shrunk_plan_may_be_named() {
    let shrink = |line| parse(line).unwrap().wishes.shrink;
    assert_eq!(shrink("lode-sim --seed 1"), None);
    assert_eq!(shrink("lode-sim --shrink --seed 1"), Some(None));
    assert_eq!(shrink("lode-sim --seed 1 --shrink=a.json"), Some(Some("a.json".into())));
}

#[test]
fn mistakes_are_refused() {
    for line in [
        "lode-sim --quiet",
        "lode-sim --seed",
        "lode-sim --seed -1",
        "lode-sim --seed 1 --scenario a",
        "lode-sim --seed 1 --replay a.json",
        "lode-sim --replay a.json --scenario a",
        "lode-sim --runs 0",
        "lode-sim --runs 5 --replay a.json",
        "lode-sim --runs 5 --threads 0",
        "lode-sim --seed 1 --threads 2",
        "lode-sim --seed 1 --collect",
        "lode-sim --seed 1 --shrink a.json",
        "lode-sim --seed 1 --shrink-attempts 3",
        "lode-sim --scenarios --seed 1",
        "lode-sim --scenarios --html a.html",
        "lode-sim 42",
    ] {
        let refusal = parse(line).map(|cli| panic!("{line} was taken: {cli:?}")).unwrap_err();
        assert_ne!(refusal.kind(), ErrorKind::DisplayHelp, "{line}");
        assert_eq!(refusal.exit_code(), 2, "{line}");
    }
}
