//! Checkpoints of a program that runs on: they cost what it has changed, it waits rather than use
//! more memory than it may, and when one fails the next one has everything.

use crate::bench::{Bench, Boot};
use std::fs;
use woodfrog_qemu::MachineType::{Microvm, Q35};
use woodfrog_qemu::{CheckpointFigures, Ending, MachineType, Status, Vm};

/// Changes the same pages of a large memory again and again.
const SCATTERED: &str = "tests-qemu/guests/scattered.wat";
const MIB: &str = "64";
/// Of its 16384 pages.
const CHANGED: u64 = 1500;
/// It is not to end before what is waited for has happened, however fast the machine is.
const ROUNDS: &str = "20000";
const EXITED: Status = Status::Exited(5);

fn args() -> [&'static str; 3] {
    [MIB, "1500", ROUNDS]
}

#[test]
fn checkpoints_cost_what_has_changed() {
    let bench = Bench::new(SCATTERED, &args());
    let (expected, _) = bench.run_on_linux();
    for machine in MachineType::ALL {
        let options = "checkpoint=discard checkpoint_every_ms=20";
        let boot = bench.boot(machine, options, Ending::Finished);
        assert_eq!(boot.output, expected, "{}", boot.log);
        let figures = CheckpointFigures::parse_log(&boot.log);
        for one in &figures {
            let bound = one.pages * 4096 * 105 / 100 + (64 << 10);
            assert!(one.bytes <= bound, "{one:?}, {bound} at most");
        }
        // Those before are of pages that it writes zeros to.
        let is_settled = |one: &&CheckpointFigures| (CHANGED..=CHANGED + 2).contains(&one.pages);
        let settled: Vec<_> = figures.iter().filter(is_settled).collect();
        assert!(settled.len() >= 2, "{}", boot.log);
        assert!(settled.iter().all(|one| one.bytes >= CHANGED * 4096));
    }
}

#[test]
fn a_program_without_spare_pages_waits() {
    let bench = Bench::new(SCATTERED, &args());
    let (expected, _) = bench.run_on_linux();
    for (machine, spare_pages) in [(Q35, 0), (Microvm, 16)] {
        let options =
            format!("checkpoint=discard checkpoint_every_ms=20 spare_pages={spare_pages}");
        let boot = bench.boot(machine, &options, Ending::Finished);
        assert_eq!(boot.output, expected, "{}", boot.log);
        let figures = CheckpointFigures::parse_log(&boot.log);
        let waits: u64 = figures.iter().map(|one| one.waits).sum();
        assert!(waits > 10 && figures.len() >= 2, "{}", boot.log);
        assert!(!boot.log.contains("not-checkpointed"), "{}", boot.log);
    }
}

#[test]
fn a_write_that_fails_loses_one_checkpoint() {
    for (machine, write) in [(Q35, 50), (Microvm, 71), (Q35, 92)] {
        let bench = Bench::new(SCATTERED, &args());
        let (expected, _) = bench.run_on_linux();
        let vm = Vm {
            disk: Some(bench.failing_disk("write_aio", write, true)),
            ..bench.vm(machine, "checkpoint_every_ms=20")
        };
        let mut running = vm.start(false).expect("a machine");
        let happened = running.wait_until(|running| has_lost_one(&running.log()));
        assert!(happened, "{}", running.log());
        let boot = Boot::new(running.kill());
        assert!(boot.output.is_empty(), "{}", boot.log);

        let boot = bench.boot(machine, "", Ending::Finished);
        assert!(matches!(boot.statuses[0], Status::Thawed(_)));
        assert_eq!(boot.statuses.last(), Some(&EXITED));
        assert_eq!(boot.output, expected, "write {write}: {}", boot.log);
        let checked = bench.woodfrog(&[&"disk", &"fsck", &bench.disk.path()]);
        assert!(checked.status.success(), "{checked:?}");
    }
}

/// Whether a checkpoint was lost, and two were written behind it. If the commit itself failed
/// the machine has stopped.
fn has_lost_one(log: &str) -> bool {
    let Some((_, rest)) = log.split_once("not-checkpointed reason=before the commit") else {
        return log.contains("status failed: cannot write the checkpoint: at the commit");
    };
    CheckpointFigures::parse_log(rest).len() >= 2
}

#[test]
fn a_program_on_a_full_disk_runs_on() {
    // Room for two checkpoints and no third.
    let bench = Bench::with_size(SCATTERED, &args(), "16M");
    let (expected, _) = bench.run_on_linux();
    let vm = bench.vm(Q35, "checkpoint_every_ms=40");
    let mut running = vm.start(false).expect("a machine");
    let is_full = |log: &str| {
        log.matches("not-checkpointed reason=the disk is full")
            .count()
    };
    let happened = running.wait_until(|running| is_full(&running.log()) >= 3);
    assert!(happened, "{}", running.log());
    let first = Boot::new(running.kill());
    let boot = bench.boot(Q35, "checkpoint_every_ms=40", Ending::Finished);
    let newest = first.statuses.iter().rev().find_map(|status| match status {
        Status::Checkpointed(number) => Some(*number),
        _ => None,
    });
    assert_eq!(boot.statuses.first(), newest.map(Status::Thawed).as_ref());
    assert_eq!(boot.statuses.last(), Some(&EXITED));
    assert_eq!(boot.output, expected, "{}", boot.log);
}

/// More than spare pages and all that is lent beyond them.
const AT_ONCE: usize = 3000;

#[test]
fn a_program_that_writes_too_much_at_once_stands_still_for_its_checkpoint() {
    let directory = tempfile::TempDir::new().expect("a temporary directory");
    let module = directory.path().join("straight.wat");
    fs::write(&module, straight_line_writer()).expect("a module");
    let bench = Bench::with_module(module, &[]);
    let (_, code) = bench.run_on_linux();
    let boot = bench.boot(Q35, "checkpoint_every_ms=10", Ending::Finished);
    assert_eq!(boot.statuses.last(), Some(&Status::Exited(code as u32)));
    let lost = "not-checkpointed reason=no memory was left";
    assert!(boot.log.contains(lost), "{}", boot.log);
    let figures = CheckpointFigures::parse_log(&boot.log);
    let is_whole = |one: &CheckpointFigures| one.pages >= AT_ONCE as u64;
    assert!(
        figures.iter().filter(|one| is_whole(one)).count() >= 2,
        "{}",
        boot.log
    );
}

/// A program that writes to many pages between two points at which it can be suspended.
fn straight_line_writer() -> String {
    let writes: String = (0..AT_ONCE)
        .map(|page| {
            let offset = page * 4096;
            format!(
                "(local.set $x (i32.add (i32.mul (local.get $x) (i32.const 31)) \
                   (i32.load offset={offset} (i32.const 0)))) \
                 (i32.store offset={offset} (i32.const 0) (i32.xor (local.get $x) (i32.const 99)))\n"
            )
        })
        .collect();
    format!(
        r#"(module
          (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
          (memory (export "memory") 200)
          (func (export "_start") (local $x i32) (local $round i32)
            (loop $again
              {writes}
              (local.set $round (i32.add (local.get $round) (i32.const 1)))
              (br_if $again (i32.lt_u (local.get $round) (i32.const 2000))))
            (call $proc_exit (i32.and (local.get $x) (i32.const 63)))))"#
    )
}
