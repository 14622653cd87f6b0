//! Random programs do what Wasmtime says they do, frozen at random points or not.
//!
//! What Wasmtime says is in a file, made by `make oracle`.

use fuzz_common::expected::{self, Expected};
use fuzz_common::random::Random;
use fuzz_common::subject::{Engines, Freezing, Woodfrog};
use fuzz_common::{Program, Transcript};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use woodfrog_cli::LinuxPlatform;

/// At how many points a program is frozen at most, for the time that takes.
const MOST_FREEZES: u64 = 30;

/// What the programs did, to see that it was something.
#[derive(Debug, Default)]
struct Counts {
    returned: AtomicU64,
    trapped: AtomicU64,
    freezes: AtomicU64,
}

#[test]
fn random_programs_do_what_the_oracle_says() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/random/expected.bin");
    let bytes = std::fs::read(file).expect("the oracle's file");
    let all = expected::from_bytes(&bytes).expect("the oracle's file");
    assert!(all.len() >= 3000);
    let next = AtomicUsize::new(0);
    let counts = Counts::default();
    let run = || {
        let engines = Engines::new(Arc::new(LinuxPlatform::new()));
        while let seed = next.fetch_add(1, Ordering::Relaxed)
            && let Some(&expected) = all.get(seed)
        {
            check(&engines, seed as u64, expected, &counts);
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(run);
        }
    });
    println!("{counts:?}");
    let Counts {
        returned,
        trapped,
        freezes,
    } = counts;
    assert!(returned.into_inner() > 9 * trapped.into_inner());
    assert!(freezes.into_inner() > 10 * all.len() as u64);
}

fn check(engines: &Engines, seed: u64, expected: Expected, counts: &Counts) {
    let program = Program::from_seed(seed);
    assert_eq!(
        program.fingerprint(),
        expected.program,
        "seed {seed} stands for another program than when `make oracle` was last run"
    );
    for freezing in [Freezing::Never, Freezing::Random(Random(!seed))] {
        let mut subject =
            Woodfrog::new(engines, &program, freezing.clone()).with_most_freezes(MOST_FREEZES);
        let transcript = Transcript::of(&program, &mut subject);
        assert_eq!(
            transcript.digest(),
            expected.transcript,
            "seed {seed}, {freezing:?}; the oracle explains it:\n\
             cargo run --release --manifest-path oracle/Cargo.toml -- seed {seed}"
        );
        counts.freezes.fetch_add(subject.freezes, Ordering::Relaxed);
        let Transcript {
            returned, trapped, ..
        } = transcript;
        counts
            .returned
            .fetch_add(returned.into(), Ordering::Relaxed);
        counts.trapped.fetch_add(trapped.into(), Ordering::Relaxed);
    }
}
