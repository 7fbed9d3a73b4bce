//! The binary itself: its exit status, and what it prints where.

use std::process::Command;

fn lode_sim(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lode-sim"));
    command.args(arguments);
    command
}

#[test]
fn help_is_help_and_a_mistake_is_told_on_the_standard_error() {
    let help = lode_sim(&["--help"]).output().unwrap();
    let text = String::from_utf8(help.stdout).unwrap();
    assert_eq!(help.status.code(), Some(0));
    assert!(text.contains("Examples:") && text.contains("Exit status:") && text.contains("--replay"), "{text}");
    for arguments in [&["--seed", "x"][..], &[], &["--scenario", "no-such-story"], &["--replay", "/no/such/file"]] {
        let mistake = lode_sim(arguments).output().unwrap();
        assert_eq!(mistake.status.code(), Some(2), "{arguments:?}");
        assert!(mistake.stdout.is_empty() && !mistake.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_trouble() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let ended = lode_sim(&["--scenarios"]).stdout(writer).output().unwrap();
    assert_eq!(ended.status.code(), Some(141));
    assert!(ended.stderr.is_empty(), "{}", String::from_utf8_lossy(&ended.stderr));
}
