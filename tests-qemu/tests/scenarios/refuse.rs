//! What the kernel cannot do, it says, and powers off in order.

use crate::bench::{Bench, Boot};
use std::fs;
use woodfrog_qemu::MachineType::{Microvm, Q35};
use woodfrog_qemu::{Ending, Status, Vm};

const TRAPS: &str = "tests/programs/qemu/traps.wat";

#[test]
fn unknown_options_are_refused() {
    let bench = Bench::new(TRAPS, &[]);
    for (options, message) in [
        ("freeze_afterms=5", "unknown option \"freeze_afterms=5\""),
        (
            "freeze_after_ms=0",
            "\"0\" is no value for option freeze_after_ms",
        ),
        ("log=loud", "\"loud\" is no value for option log"),
        (
            "freeze_after_ms=1 checkpoint_every_ms=1",
            "cannot be combined",
        ),
    ] {
        let boot = bench.boot(Microvm, options, Ending::Failed);
        assert_failed(&boot.statuses, message);
    }
}

#[test]
fn a_machine_without_a_disk_is_refused() {
    let bench = Bench::new(TRAPS, &[]);
    for machine in [Q35, Microvm] {
        let vm = Vm {
            disk: None,
            ..bench.vm(machine, "")
        };
        let ended = vm.start(false).expect("a machine").wait();
        assert_failed(&Status::parse_log(&ended.log), "no virtio block device");
    }
}

#[test]
fn a_disk_of_another_kind_is_refused() {
    let bench = Bench::new(TRAPS, &[]);
    fs::write(bench.disk.path(), vec![0x5a; 1 << 20]).expect("a disk");
    let boot = bench.boot(Q35, "", Ending::Failed);
    assert_failed(&boot.statuses, "cannot open the disk");
}

#[test]
fn a_damaged_program_is_refused() {
    let bench = Bench::new(TRAPS, &[]);
    let mut disk = fs::read(bench.disk.path()).expect("the disk");
    let magic = b"\0asm";
    let copies = disk.windows(4).enumerate();
    let copies = copies.filter_map(|(at, window)| (window == magic).then_some(at));
    let copies: Vec<usize> = copies.collect();
    assert_eq!(copies.len(), 2);
    for at in copies {
        disk[at + 20] ^= 1;
    }
    fs::write(bench.disk.path(), disk).expect("the disk");
    let boot = bench.boot(Microvm, "", Ending::Failed);
    assert_failed(&boot.statuses, "cannot read the disk");
}

#[test]
fn a_program_gets_no_more_memory_than_there_is_and_can_use_all_it_gets() {
    let bench = Bench::new("tests-qemu/guests/greedy.wat", &[]);
    for machine in [Q35, Microvm] {
        let boot = bench.boot(machine, "checkpoint=discard", Ending::Finished);
        assert_eq!(
            boot.statuses.last(),
            Some(&Status::Exited(3)),
            "{}",
            boot.log
        );
    }
}

#[test]
fn a_program_gets_no_more_of_the_heap_than_the_kernel_can_spare() {
    let bench = Bench::new("tests-qemu/guests/tables.wat", &[]);
    for machine in [Q35, Microvm] {
        let boot = bench.boot(machine, "checkpoint=discard", Ending::Finished);
        let log = boot.log;
        assert_eq!(boot.statuses.last(), Some(&Status::Exited(3)), "{log}");
    }
}

#[test]
fn a_module_that_is_too_large_for_the_machine_is_told_so() {
    let directory = tempfile::TempDir::new().expect("a directory");
    let module = directory.path().join("large.wat");
    let calls = "call 0 ".repeat(3 << 20);
    fs::write(&module, format!("(module (func) (func {calls}))")).expect("a module");
    let bench = Bench::with_module(module, &[]);
    for machine in [Q35, Microvm] {
        let mut vm = bench.vm(machine, "");
        vm.memory_mib = 80;
        let ended = vm.start(false).expect("a machine").wait();
        assert_eq!(ended.ending, Ending::Failed, "{}", ended.log);
        let boot = Boot::new(ended);
        assert_failed(&boot.statuses, "give the machine more memory");
    }
}

#[test]
fn a_program_that_declares_more_memory_than_there_is_is_refused() {
    let bench = Bench::new("tests-qemu/guests/huge.wat", &[]);
    for machine in [Q35, Microvm] {
        let boot = bench.boot(machine, "", Ending::Failed);
        assert_failed(&boot.statuses, "out of memory");
    }
}

#[test]
fn a_discarded_checkpoint_is_not_resumed() {
    let bench = Bench::new("tests/programs/qemu/tight_loop.wat", &[]);
    let (expected, _) = bench.run_on_linux();
    bench.boot(Q35, "freeze_after_ms=100", Ending::Frozen);
    let boot = bench.boot(Q35, "checkpoint=discard log=quiet", Ending::Finished);
    assert_eq!(boot.statuses, [Status::Exited(0)]);
    assert_eq!(boot.output, expected);
}

#[test]
fn an_old_copy_of_the_disk_is_refused() {
    let bench = Bench::new("tests/programs/qemu/tight_loop.wat", &[]);
    let (expected, _) = bench.run_on_linux();
    let old = fs::read(bench.disk.path()).expect("the disk");
    let frozen = bench.boot(Q35, "freeze_after_ms=100", Ending::Frozen);
    let new = fs::read(bench.disk.path()).expect("the disk");
    let commit = frozen.commit();
    let options = format!("expect_commit={commit}");
    fs::write(bench.disk.path(), old).expect("the disk");
    let refused = bench.boot(Microvm, &options, Ending::Failed);
    assert_failed(&refused.statuses, "an old copy");
    fs::write(bench.disk.path(), new).expect("the disk");
    let thawed = bench.boot(Microvm, &options, Ending::Finished);
    assert_eq!(frozen.output + &thawed.output, expected);
    assert!(thawed.log.contains(&format!("commit={}", commit + 1)));
}

fn assert_failed(statuses: &[Status], message: &str) {
    match statuses {
        [Status::Failed(text)] => assert!(text.contains(message), "{text}"),
        other => panic!("{other:?}, not a failure with \"{message}\""),
    }
}
