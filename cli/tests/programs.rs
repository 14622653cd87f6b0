//! Runs every program of `tests/programs` as it is, with the whole store frozen and
//! thawed at every, and at every seventh, suspend point, and with its frames moved
//! between code versions, and compares with what Wasmtime made of it (`expected.json`;
//! `make oracle`).

#[path = "programs/coverage.rs"]
mod coverage;
#[path = "programs/expected.rs"]
mod expected;

use expected::{Case, Outcome, Program};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How each program is run: as it is, frozen at each point, and at some that fall differently
/// in every turn of a loop; for the oldest processors; and with its frames between two code
/// versions, in place and frozen.
const MODES: [&[&str]; 6] = [
    &[],
    &["--freeze-every", "1"],
    &["--freeze-every", "7"],
    &["--cpu", "baseline", "--freeze-every", "5"],
    &["--switch-versions"],
    &["--switch-versions", "--freeze-every", "3"],
];

#[test]
fn programs_run_alike_frozen_or_not() {
    let programs = expected::programs();
    assert!(programs.len() >= 60, "only {} programs", programs.len());
    let runs: Vec<_> = programs.iter().flat_map(runs).collect();
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(run) = runs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(difference) = run.check() {
                        failures.lock().expect("no panic").push(difference);
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner().expect("no panic");
    failures.sort();
    assert!(
        failures.is_empty(),
        "{} of {} runs differ:\n{}",
        failures.len(),
        runs.len(),
        failures.join("\n")
    );
}

#[test]
fn expected_results_are_of_these_programs() {
    for program in expected::programs() {
        let invoked: Vec<_> = program
            .cases
            .iter()
            .map(|case| case.invoke.as_str())
            .collect();
        assert_eq!(
            program.invocations(),
            invoked,
            "{}: run `make oracle` to remake expected.json",
            program.file
        );
    }
}

/// One invocation in one mode.
struct Run<'a> {
    program: &'a Program,
    case: &'a Case,
    mode: &'static [&'static str],
}

fn runs(program: &Program) -> Vec<Run<'_>> {
    let modes = if program.is_frozen() {
        &MODES[..]
    } else {
        &MODES[..1]
    };
    let run = |case, &mode| Run {
        program,
        case,
        mode,
    };
    program
        .cases
        .iter()
        .flat_map(|case| modes.iter().map(move |mode| run(case, mode)))
        .collect()
}

impl Run<'_> {
    /// Runs it and compares; an error is a readable difference.
    fn check(&self) -> Result<(), String> {
        let output = self.command().output().map_err(|error| error.to_string())?;
        let stdout = String::from_utf8_lossy(&output.stdout);
        let found = stdout
            .lines()
            .last()
            .and_then(Outcome::parse)
            .ok_or_else(|| {
                let stderr = String::from_utf8_lossy(&output.stderr);
                self.describe(&format!("no JSON, {}, {stderr}", output.status))
            })?;
        match self.case.outcome.difference(&found) {
            None => Ok(()),
            Some(difference) => Err(self.describe(&difference)),
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_woodfrog"));
        command.args(["run", "--json"]).args(self.mode);
        for (name, file) in self.program.preloads() {
            let path = expected::directory().join(file);
            command
                .arg("--preload")
                .arg(format!("{name}={}", path.display()));
        }
        let mut words = self.case.invoke.split_whitespace();
        command
            .arg("--invoke")
            .arg(words.next().unwrap_or_default());
        command.arg(expected::directory().join(&self.program.file));
        command.args(words);
        command
    }

    fn describe(&self, difference: &str) -> String {
        let Self {
            program,
            case,
            mode,
        } = self;
        format!(
            "{} --invoke {} {}: {difference}",
            program.file,
            case.invoke,
            mode.join(" ")
        )
    }
}
