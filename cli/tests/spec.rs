//! The WebAssembly specification's own test suite, run straight and frozen.
//!
//! Every script must hold but for what `expected-failures.txt` lists: as it is, also
//! without the instructions that not every processor has, and with every call frozen
//! and thawed at every suspend point. What is in several sets is frozen once.

#[path = "common/sets.rs"]
mod sets;

use sets::SETS;
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU64;
use std::path::Path;
use std::{env, fs};
use woodfrog::abi::CpuFeatures;
use woodfrog_cli::wast::{self, ExpectedFailures, Job, Mode, Options, Summary};

fn expected_failures() -> ExpectedFailures {
    ExpectedFailures::parse(include_str!("expected-failures.txt")).expect("a list")
}

#[test]
fn the_suite_holds() {
    let options = Options::default();
    assert_all_hold(&options);
}

#[test]
fn the_suite_holds_on_the_oldest_processors() {
    let options = Options {
        features: CpuFeatures::default(),
        ..Options::default()
    };
    assert_all_hold(&options);
}

#[test]
fn the_suite_holds_when_frozen_at_every_suspend_point() {
    let options = Options {
        freeze_every: Some(NonZeroU64::MIN),
        seed: wast::random_seed(),
        ..Options::default()
    };
    for (set, summary) in SETS.iter().zip(assert_all_hold(&options)) {
        let calls = summary.passed[woodfrog_suite::Kind::Return];
        assert!(summary.freezes >= calls / 2, "{}: {summary}", set.name);
    }
}

#[test]
fn the_suite_holds_when_frames_change_version_at_every_suspend_point() {
    let options = Options {
        switch_versions: true,
        seed: wast::random_seed(),
        ..Options::default()
    };
    for (set, summary) in SETS.iter().zip(assert_all_hold(&options)) {
        let calls = summary.passed[woodfrog_suite::Kind::Return];
        assert!(summary.moves >= calls / 2, "{}: {summary}", set.name);
        assert_eq!(summary.freezes, 0);
    }
}

#[test]
fn the_suite_holds_when_frozen_with_frames_in_several_versions() {
    let options = Options {
        switch_versions: true,
        freeze_every: Some(NonZeroU64::MIN),
        seed: wast::random_seed(),
        ..Options::default()
    };
    for (set, summary) in SETS.iter().zip(assert_all_hold(&options)) {
        let calls = summary.passed[woodfrog_suite::Kind::Return];
        assert!(summary.freezes >= calls / 2, "{}: {summary}", set.name);
    }
}

#[test]
fn every_expected_failure_is_of_a_script() {
    let (names, _): (Vec<_>, Vec<_>) = scripts(&Options::default()).into_iter().unzip();
    let names: BTreeSet<_> = names.into_iter().flatten().collect();
    for script in expected_failures().scripts() {
        assert!(names.contains(script), "there is no script {script}");
    }
}

/// Jobs, with the names of the scripts that each is of.
type Runs = Vec<(Vec<String>, Job<'static>)>;

/// Every script of every set.
fn scripts(options: &Options) -> Runs {
    let jobs = SETS.iter().flat_map(|set| set.jobs(options));
    jobs.map(|job| (vec![job.name.clone()], job)).collect()
}

/// Every text once, though most are scripts of several sets: those take most of the time.
fn texts(options: &Options) -> Runs {
    let mut runs: BTreeMap<&[u8], (Vec<String>, Job<'_>)> = BTreeMap::new();
    for (names, job) in scripts(options) {
        let (of_text, _) = runs.entry(job.text).or_insert((vec![], job));
        of_text.extend(names);
    }
    runs.into_values().collect()
}

/// Asserts that all scripts hold and have as many assertions.
#[track_caller]
fn assert_all_hold(options: &Options) -> Vec<Summary> {
    let expected = expected_failures();
    let runs = match options.switch_versions || options.freeze_every.is_some() {
        true => texts(options),
        false => scripts(options),
    };
    let (names, jobs): (Vec<_>, Vec<_>) = runs.into_iter().unzip();
    let mut summaries = vec![Summary::default(); SETS.len()];
    let mut complaints = String::new();
    for (names, report) in names.iter().zip(wast::run_all(&jobs)) {
        for name in names {
            let verdict = expected.judge(name, &report);
            let set = SETS.iter().position(|set| name.starts_with(set.name));
            summaries[set.expect("a job of a set")].add(&report, &verdict);
            for complaint in verdict.complaints {
                complaints += &(complaint.about(name) + "\n");
            }
        }
    }
    for (set, summary) in SETS.iter().zip(&summaries) {
        println!("set={} {} {summary}", set.name, Mode(options));
    }
    assert!(complaints.is_empty(), "{complaints}");
    for (set, summary) in SETS.iter().zip(&summaries) {
        let assertions = summary.passed.total() + summary.expected as u64;
        assert_eq!(assertions, set.assertions, "assertions of {}", set.name);
    }
    summaries
}

#[test]
fn the_binary_forms_of_spectest_are_those_of_their_texts() {
    for name in ["spectest", "spectest64"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../suite/src")
            .join(name);
        let expected = wat::parse_file(path.with_extension("wat")).expect("valid text");
        if env::var_os("BLESS").is_some() {
            fs::write(path.with_extension("wasm"), &expected).expect("a file");
        }
        let found = fs::read(path.with_extension("wasm")).expect("a file");
        assert!(found == expected, "BLESS=1 remakes {name}.wasm");
    }
}
