//! Precompiled modules on disks: run where they are trusted and fit, and else compiled.

use crate::bench::{Bench, Boot};
use std::ffi::OsStr;
use woodfrog::checkpoint::{CheckpointStore, OpenOptions, Owner};
use woodfrog_cli::disk::FileDevice;
use woodfrog_qemu::Ending;
use woodfrog_qemu::MachineType::{Microvm, Q35};

const PROGRAM: &str = "tests/programs/qemu/tight_loop.wat";

/// What the kernel says when it compiles.
const COMPILING: &str = "compiling the module";

fn precompiled() -> Bench {
    Bench::with_options(PROGRAM, &[OsStr::new("--precompile")])
}

#[track_caller]
fn assert_says(boot: &Boot, texts: &[&str]) {
    for text in texts {
        assert!(boot.log.contains(text), "no {text:?} in\n{}", boot.log);
    }
}

#[test]
fn a_trusted_module_runs_as_it_was_compiled_and_goes_on_where_it_is_compiled_anew() {
    let bench = precompiled();
    let (expected, _) = bench.run_on_linux();
    let whole = bench.boot(Q35, "precompiled=trust", Ending::Finished);
    assert_eq!(whole.output, expected);
    assert!(!whole.log.contains(COMPILING), "{}", whole.log);

    let freeze = "checkpoint=discard precompiled=trust freeze_after_ms=60";
    let first = bench.boot(Microvm, freeze, Ending::Frozen);
    assert!(!first.log.contains(COMPILING), "{}", first.log);
    let second = bench.boot(Q35, "freeze_after_ms=60", Ending::Frozen);
    assert_says(&second, &["not trusted without", COMPILING]);
    let last = bench.boot(Q35, "precompiled=trust", Ending::Finished);
    assert!(!last.log.contains(COMPILING), "{}", last.log);
    assert_eq!(
        [first.output, second.output, last.output].concat(),
        expected
    );
}

#[test]
fn a_module_of_another_compiler_is_compiled_even_if_trusted() {
    let bench = precompiled();
    let (expected, _) = bench.run_on_linux();
    change_module(&bench, |module| {
        module[COMPILER] ^= 1;
        seal(module);
    });
    let boot = bench.boot(Q35, "precompiled=trust", Ending::Finished);
    assert_says(&boot, &["cannot be used", COMPILING]);
    assert_eq!(boot.output, expected);
}

#[test]
fn a_module_that_is_not_whole_is_refused() {
    let bench = precompiled();
    change_module(&bench, |module| {
        let middle = module.len() / 2;
        module[middle] ^= 1;
    });
    for options in ["", "precompiled=trust"] {
        let boot = bench.boot(Microvm, options, Ending::Failed);
        assert_says(&boot, &["bad precompiled module", "make the disk anew"]);
    }
}

/// Where a precompiled module has the identity of its compiler (docs/precompiled-format.md).
const COMPILER: usize = 16;

/// Sets the checksum right.
fn seal(module: &mut [u8]) {
    let (whole, checksum) = module.split_last_chunk_mut::<4>().expect("a checksum");
    *checksum = crc32fast::hash(whole).to_le_bytes();
}

/// Changes the precompiled module on the disk.
fn change_module(bench: &Bench, change: impl FnOnce(&mut Vec<u8>)) {
    let device = FileDevice::open(&bench.disk.path(), true).expect("the disk");
    let mut disk = CheckpointStore::open(device, &OpenOptions::default()).expect("a disk");
    disk.acquire(Owner::new("test"), 0, None).expect("no lease");
    let id = disk.guests()[0].id;
    let mut guest = disk.read_guest(id).expect("the program");
    change(&mut guest.module);
    disk.replace_guest(id, &guest).expect("room for it");
    disk.release().expect("the lease");
}
