//! The help, the manual pages and the shell completions: each subcommand is in all of them.

use crate::common::{Run, path};
use clap::CommandFactory;
use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};
use woodfrog_cli::args::Cli;

/// The command and all below it, by the arguments that lead there.
fn commands() -> Vec<(Vec<String>, clap::Command)> {
    fn visit(
        path: &[String],
        command: clap::Command,
        found: &mut Vec<(Vec<String>, clap::Command)>,
    ) {
        for subcommand in command.get_subcommands() {
            let name = subcommand.get_name().to_owned();
            if name != "help" {
                visit(&[path, &[name]].concat(), subcommand.clone(), found);
            }
        }
        found.push((path.to_vec(), command));
    }
    let mut found = Vec::new();
    let mut command = Cli::command();
    command.build();
    visit(&[], command, &mut found);
    found
}

#[test]
fn every_subcommand_has_a_page() {
    let directory = path("pages");
    Run::new(&["man", &directory]).assert_prints("");
    let commands = commands();
    for (words, command) in &commands {
        let name = [&["woodfrog".to_owned()][..], words].concat().join("-");
        let page = fs::read_to_string(format!("{directory}/{name}.1"));
        let page = page.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(page.contains(".SH SYNOPSIS"), "{page}");
        for option in command.get_arguments().filter_map(|arg| arg.get_long()) {
            let option = option.replace('-', "\\-");
            assert!(page.contains(&option), "no {option} in {name}.1:\n{page}");
        }
    }
    let files = fs::read_dir(&directory).expect("a directory").count();
    assert_eq!(files, commands.len());
    let page = fs::read_to_string(format!("{directory}/woodfrog.1")).expect("a page");
    Run::new(&["man"]).assert_prints(&page);
}

#[test]
fn every_command_and_option_is_described() {
    for (words, command) in commands() {
        assert!(command.get_about().is_some(), "{words:?}");
        for arg in command.get_arguments() {
            assert!(arg.get_help().is_some(), "{words:?}: {}", arg.get_id());
        }
    }
}

#[test]
fn there_are_completions_for_each_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let run = Run::new(&["completions", shell]);
        assert_eq!(run.code, Some(0), "{run:#?}");
        for word in ["freeze-every", "inspect", "fsck"] {
            assert!(run.stdout.contains(word), "no {word} for {shell}");
        }
    }
    Run::new(&["completions", "tcsh"]).assert_fails(1, "bash");
}

#[test]
fn bash_accepts_its_completions_and_completes() {
    let script = Run::new(&["completions", "bash"]).stdout;
    let ask = "
COMP_WORDS=(woodfrog ins); COMP_CWORD=1
_woodfrog woodfrog ins woodfrog
printf '%s\\n' \"${COMPREPLY[@]}\"";
    let mut bash = Command::new("bash")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("bash runs");
    let mut stdin = bash.stdin.take().expect("piped");
    stdin
        .write_all((script + ask).as_bytes())
        .expect("bash reads");
    drop(stdin);
    let run = Run::from(bash.wait_with_output().expect("bash ends"));
    assert_eq!(run.stderr, "");
    run.assert_prints("inspect\n");
}
