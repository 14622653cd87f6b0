//! Random programs do in Woodfrog, frozen at random points, what they do in Wasmtime.

#![no_main]

use fuzz_common::random::{Random, hash};
use fuzz_common::subject::{Engines, Freezing, Woodfrog};
use fuzz_common::{Program, Transcript};
use libfuzzer_sys::fuzz_target;
use std::sync::{Arc, LazyLock};
use woodfrog_cli::LinuxPlatform;
use woodfrog_oracle::{Wasmtime, subject};

/// At how many points a program is frozen at most.
const MOST_FREEZES: u64 = 50;

/// Woodfrog's engines come first: it hands signals that are not its own to Wasmtime's
/// handlers only if they were not there before.
static ENGINES: LazyLock<(Engines, wasmtime::Engine)> = LazyLock::new(|| {
    let engines = Engines::new(Arc::new(LinuxPlatform::new()));
    (engines, subject::engine())
});

fuzz_target!(|data: &[u8]| {
    let (engines, engine) = &*ENGINES;
    let program = Program::from_bytes(data);
    let oracle = Transcript::of(&program, &mut Wasmtime::new(engine, &program));
    for freezing in [Freezing::Never, Freezing::Random(Random(hash(data)))] {
        let mut subject =
            Woodfrog::new(engines, &program, freezing).with_most_freezes(MOST_FREEZES);
        let transcript = Transcript::of(&program, &mut subject);
        assert_eq!(transcript, oracle);
    }
});
