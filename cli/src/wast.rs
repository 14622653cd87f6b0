//! `woodfrog wast`: scripts of the WebAssembly specification's test suite.
//!
//! [`convert`] reads the text of scripts; `woodfrog_suite` runs them. What may fail
//! is a list of [`expected`] failures.

pub mod convert;
pub mod expected;

pub use expected::{ExpectedFailures, Verdict};

use crate::EXIT_FAILURE;
use crate::args::WastArgs;
use crate::error::Failure;
use crate::input;
use crate::platform::LinuxPlatform;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::io::{self, Write};
use std::num::NonZeroU64;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};
use std::{str, thread};
use woodfrog::abi::CpuFeatures;
use woodfrog::module::WasmFeatures;
use woodfrog::runtime::{Config, Engine};
use woodfrog_suite::freezing::Never;
use woodfrog_suite::report::Mismatch;
use woodfrog_suite::versions::Thawing;
use woodfrog_suite::{Counts, Report};

/// How scripts are run.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Freeze every call at every Nth suspend point, or at random ones if there are many.
    pub freeze_every: Option<NonZeroU64>,
    /// Move frames between two code versions: at these points, or at every one, and then
    /// nothing is frozen.
    pub switch_versions: bool,
    /// What these random ones follow from.
    pub seed: u64,
    /// Processor features that code may use.
    pub features: CpuFeatures,
    /// Features of WebAssembly that modules may use.
    pub wasm_features: WasmFeatures,
    /// Bytes of the stack of each script.
    pub stack_size: u64,
}

/// Bytes of the stack of a script that a user has, for some ten thousand frames of middling
/// functions. A stack as large as a program's would make scripts that overflow it on purpose
/// slow to freeze.
const STACK_SIZE: u64 = 2 << 20;

impl Default for Options {
    /// No freezing, the features that this processor and the engine have, and the small
    /// stack that is enough for the test suite.
    fn default() -> Self {
        Self {
            freeze_every: None,
            switch_versions: false,
            seed: 0,
            features: Config::default().features,
            wasm_features: WasmFeatures::default(),
            stack_size: woodfrog_suite::STACK_SIZE,
        }
    }
}

/// A script that is to be run.
#[derive(Clone, Debug)]
pub struct Job<'a> {
    /// The set that it belongs to, and the name of its file: SET/FILE.
    pub name: String,
    /// Its text.
    pub text: &'a [u8],
    /// How it is run.
    pub options: Options,
}

/// What became of a set of scripts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Summary {
    /// How many assertions hold.
    pub passed: Counts,
    /// How many directives fail that should not, or hold that should fail.
    pub failed: usize,
    /// How many fail as expected.
    pub expected: usize,
    /// How many suspend points were passed, if there were freezes.
    pub points: u64,
    /// How often a call was frozen and thawed.
    pub freezes: u64,
    /// How often frames were moved to other code versions.
    pub moves: u64,
}

/// Runs scripts and returns the exit code: 1 if anything failed.
///
/// # Errors
///
/// [`Failure::Read`], [`Failure::ExpectedFailures`], [`Failure::Output`].
pub fn run(args: &WastArgs) -> Result<u8, Failure> {
    let options = Options {
        freeze_every: NonZeroU64::new(args.freeze_every),
        switch_versions: args.switch_versions,
        features: args.cpu,
        seed: args.seed.unwrap_or_else(random_seed),
        wasm_features: args.features,
        stack_size: STACK_SIZE,
    };
    let expected = match &args.expected_failures {
        Some(path) => ExpectedFailures::parse(&String::from_utf8_lossy(&input::read(path)?))?,
        None => ExpectedFailures::default(),
    };
    let files = args.files.iter().map(|path| Ok((path, input::read(path)?)));
    let files = files.collect::<Result<Vec<_>, Failure>>()?;
    let jobs: Vec<Job<'_>> = files
        .iter()
        .map(|(path, text)| Job {
            name: name(path),
            text,
            options,
        })
        .collect();
    let mut text = String::new();
    let mut sets: BTreeMap<&str, Summary> = BTreeMap::new();
    for ((path, _), (job, report)) in files.iter().zip(jobs.iter().zip(run_all(&jobs))) {
        let verdict = expected.judge(&job.name, &report);
        let (set, _) = job.name.split_once('/').expect("names have two parts");
        sets.entry(set).or_default().add(&report, &verdict);
        for complaint in verdict.complaints {
            let _ = writeln!(text, "{}", complaint.about(&path.to_string_lossy()));
        }
    }
    for (set, summary) in &sets {
        let _ = writeln!(text, "set={set} {} {summary}", Mode(&options));
    }
    let passed: u64 = sets.values().map(|summary| summary.passed.total()).sum();
    let failed: usize = sets.values().map(|summary| summary.failed).sum();
    let _ = writeln!(text, "{passed} passed, {failed} failed");
    io::stdout()
        .write_all(text.as_bytes())
        .map_err(Failure::Output)?;
    Ok(if failed == 0 { 0 } else { EXIT_FAILURE })
}

/// SET/FILE: the last two parts of a path.
fn name(path: &Path) -> String {
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let set = path.parent().and_then(Path::file_name).unwrap_or_default();
    format!("{}/{file}", set.to_string_lossy())
}

/// A seed that nobody chose.
pub fn random_seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| now.as_nanos() as u64)
}

/// Runs scripts on all processors, and returns their reports in order.
pub fn run_all(jobs: &[Job<'_>]) -> Vec<Report> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut reports = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = jobs.get(index) else {
                return reports;
            };
            reports.push((index, run_script(job.text, &job.options)));
        }
    };
    let threads = thread::available_parallelism().map_or(1, |count| count.get());
    let mut reports: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let reports = workers.into_iter().map(|worker| worker.join());
        reports
            .flat_map(|reports| reports.expect("no worker panics"))
            .collect()
    });
    reports.sort_by_key(|(index, _)| *index);
    reports.into_iter().map(|(_, report)| report).collect()
}

/// Runs one script.
pub fn run_script(text: &[u8], options: &Options) -> Report {
    let text = match str::from_utf8(text) {
        Ok(text) => text,
        Err(error) => return Report::not_run(1, Mismatch::Text(error.to_string())),
    };
    let script = match convert::script(text) {
        Ok(script) => script,
        Err(report) => return report,
    };
    let config = Config {
        features: options.features,
        wasm_features: options.wasm_features,
        stack_size: options.stack_size,
        ..Config::default()
    };
    let engine = Engine::new(Arc::new(LinuxPlatform::new()), config);
    let seed = options.seed;
    match options.freeze_every {
        every if options.switch_versions => {
            let thawing = match every {
                Some(_) => Thawing::InVersions,
                None => Thawing::InPlace,
            };
            let every = every.unwrap_or(NonZeroU64::MIN);
            woodfrog_suite::run_switching(&script, &engine, every, seed, thawing)
        }
        Some(every) => woodfrog_suite::run_frozen(&script, &engine, every, seed),
        None => woodfrog_suite::run(&script, &engine, &mut Never),
    }
}

impl Summary {
    /// Adds a script to its set.
    pub fn add(&mut self, report: &Report, verdict: &Verdict) {
        self.passed += report.passed;
        self.failed += verdict.complaints.len();
        self.expected += verdict.expected;
        self.points += report.points;
        self.freezes += report.freezes;
        self.moves += report.moves;
    }
}

/// Writes `return=5 ... passed=5 failed=0 ...`.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            passed,
            failed,
            expected,
            points,
            freezes,
            moves,
        } = self;
        write!(
            f,
            "{passed} failed={failed} expected-failures={expected} points={points} freezes={freezes} moves={moves}"
        )
    }
}

/// How a set was run, in the same form.
pub struct Mode<'a>(pub &'a Options);

impl fmt::Display for Mode<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.switch_versions {
            f.write_str("switch-versions ")?;
        }
        match self.0.freeze_every {
            Some(every) => write!(f, "freeze-every={every} seed={}", self.0.seed),
            None => f.write_str("freeze-every=0"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use woodfrog_suite::Kind;

    const SCRIPT: &str = r#"
        (module definition $D
          (global (export "g") i32 (i32.const 7))
          (func (export "f") (param f32) (result v128) (f32x4.splat (local.get 0)))
          (func (export "loop") (loop (br_if 0 (i32.const 0))))
          (func $deep (export "deep") (call $deep))
          (func (export "trap") (unreachable)))
        (module instance $I $D)
        (register "i" $I)
        (assert_return (get $I "g") (either (i32.const 6) (i32.const 7)))
        (assert_return (invoke "f" (f32.const nan))
          (v128.const f32x4 nan:canonical nan:arithmetic nan:canonical nan:canonical))
        (invoke "loop")
        (assert_trap (invoke "trap") "unreachable")
        (assert_exhaustion (invoke "deep") "call stack exhausted")
        (assert_trap (module (func $s (unreachable)) (start $s)) "unreachable")
        (assert_unlinkable (module (import "i" "g" (func))) "incompatible import type")
        (assert_invalid (module (func (result i32))) "type mismatch")
        (assert_malformed (module binary "\00asm\02\00\00\00") "unknown binary version")
        (assert_malformed (module quote "(func (local.get))") "unexpected token")
        "#;

    #[test]
    fn every_kind_of_assertion_holds_straight_and_frozen() {
        for freeze_every in [None, NonZeroU64::new(1)] {
            let options = Options {
                freeze_every,
                ..Options::default()
            };
            let report = run_script(SCRIPT.as_bytes(), &options);
            assert!(report.failures.is_empty(), "{:?}", report.failures);
            assert_eq!(report.passed[Kind::Return], 2);
            for kind in &Kind::ALL[1..] {
                assert_eq!(report.passed[*kind], 1, "{kind:?}");
            }
            assert_eq!(report.freezes > 1000, freeze_every.is_some());
        }
    }

    #[test]
    fn what_does_not_hold_fails_with_its_line() {
        let script = "(module (func (export \"f\") (result i32) (i32.const 1)))
            (assert_return (invoke \"f\") (i32.const 2))
            (assert_trap (invoke \"f\") \"unreachable\")
            (assert_invalid (module) \"type mismatch\")
            (assert_unlinkable (module) \"unknown import\")
            (invoke \"g\")
            (assert_return (invoke \"f\") (i32.const 1))";
        let report = run_script(script.as_bytes(), &Options::default());
        let lines: Vec<_> = report.failures.iter().map(|failure| failure.line).collect();
        assert_eq!(lines, [2, 3, 4, 5, 6]);
        assert_eq!(report.passed.total(), 1);
        let report = run_script(b"(module", &Options::default());
        assert_eq!(report.failures.len(), 1);
    }
}
