//! The power goes while checkpoints are written.

use crate::bench::{Bench, Boot};
use std::thread;
use std::time::Duration;
use woodfrog_qemu::{Ending, MachineType, Running, Status};

/// Its checkpoints of 16 MiB take most of the time.
const LARGE_MEMORY: &str = "tests-qemu/guests/large_memory.wat";
const EXIT_CODE: u32 = 3;

const KILLS: u32 = 20;
/// The moments of the kills, counted from the first checkpoint of a boot.
const STEP: Duration = Duration::from_millis(7);

#[test]
fn a_kill_at_any_moment_leaves_a_complete_checkpoint_on_q35() {
    kill_and_thaw(MachineType::Q35);
}

#[test]
fn a_kill_at_any_moment_leaves_a_complete_checkpoint_on_microvm() {
    kill_and_thaw(MachineType::Microvm);
}

/// Boots and kills the machine again and again, each time going on from what is on the disk.
fn kill_and_thaw(machine: MachineType) {
    let bench = Bench::new(LARGE_MEMORY, &[]);
    let (expected, _) = bench.run_on_linux();
    let mut acknowledged = 0;
    for kill in 0..KILLS {
        let vm = bench.vm(machine, "checkpoint_every_ms=1");
        let mut running = vm.start(false).expect("a machine");
        let has_checkpoint = running.wait_until(|running| last_checkpoint(running).is_some());
        assert!(has_checkpoint, "{}", running.log());
        thread::sleep(STEP * kill);
        let boot = Boot::new(running.kill());

        let thawed = boot.statuses.first();
        check_thawed(thawed, acknowledged, kill);
        assert!(
            expected.contains(&boot.output),
            "kill {kill}: {}",
            boot.output
        );
        acknowledged = newest(&boot.statuses).expect("there was one before the kill");
        check_disk(&bench, kill);
    }

    let boot = bench.boot(machine, "", Ending::Finished);
    check_thawed(boot.statuses.first(), acknowledged, KILLS);
    assert_eq!(boot.statuses.last(), Some(&Status::Exited(EXIT_CODE)));
    assert!(expected.ends_with(&boot.output), "{}", boot.output);
}

/// The first status of a boot must be that it thawed the checkpoint that was acknowledged
/// last, or the one behind it, if the kill came between commit and acknowledgement.
fn check_thawed(status: Option<&Status>, acknowledged: u64, kill: u32) {
    match status {
        Some(Status::Thawed(number)) => {
            let possible = acknowledged..=acknowledged + 1;
            assert!(
                possible.contains(number),
                "kill {kill}: {number} is not in {possible:?}"
            );
        }
        other => assert!(
            acknowledged == 0,
            "kill {kill}: {other:?}, not {acknowledged}"
        ),
    }
}

fn last_checkpoint(running: &Running) -> Option<u64> {
    newest(&Status::parse_log(&running.log()))
}

fn newest(statuses: &[Status]) -> Option<u64> {
    statuses.iter().rev().find_map(|status| match status {
        Status::Checkpointed(number) => Some(*number),
        _ => None,
    })
}

/// Whatever was being written, nothing on the disk is damaged.
fn check_disk(bench: &Bench, kill: u32) {
    let checked = bench.woodfrog(&[&"disk", &"fsck", &bench.disk.path()]);
    assert!(checked.status.success(), "kill {kill}: {checked:?}");
}
