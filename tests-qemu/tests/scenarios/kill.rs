//! The power goes while checkpoints are written; KILLS=n SEED=n.

use crate::bench::{Bench, Boot};
use crate::campaign::{self, Random};
use std::thread;
use std::time::Duration;
use woodfrog_qemu::{Ending, MachineType, Running, Status};

/// Its checkpoints of up to 16 MiB take most of the time.
const LARGE_MEMORY: &str = "tests-qemu/guests/large_memory.wat";
const EXIT_CODE: u32 = 3;

/// Kills on each machine, unless KILLS has another number.
const KILLS: u64 = 20;
/// Most kills come within this time from the first checkpoint of a boot on,
const SPAN: Duration = Duration::from_millis(150);
/// the others, one of so many, within this from power-on: while the kernel takes the lease, and
/// thaws.
const EARLY_SPAN: Duration = Duration::from_millis(400);
const EARLY_ONE_OF: u64 = 5;

#[test]
fn a_kill_at_any_moment_leaves_a_complete_checkpoint_on_q35() {
    Campaign::new(MachineType::Q35).run();
}

#[test]
fn a_kill_at_any_moment_leaves_a_complete_checkpoint_on_microvm() {
    Campaign::new(MachineType::Microvm).run();
}

/// A machine that is booted and killed again and again, each time going on from what is on the disk.
struct Campaign {
    bench: Bench,
    machine: MachineType,
    random: Random,
    /// What the program prints if nothing happens to it.
    expected: String,
    /// The newest checkpoint that is known to be on the disk.
    acknowledged: u64,
    /// How often the program has come to its end, and that it is there now.
    ends: u32,
    has_ended: bool,
}

impl Campaign {
    fn new(machine: MachineType) -> Self {
        let bench = Bench::new(LARGE_MEMORY, &[]);
        let (expected, _) = bench.run_on_linux();
        Self {
            bench,
            machine,
            random: Random::new(machine.name()),
            expected,
            acknowledged: 0,
            ends: 0,
            has_ended: false,
        }
    }

    fn run(mut self) {
        let kills = campaign::number("KILLS", KILLS);
        for kill in 0..kills {
            let boot = self.boot_and_kill();
            self.check(&boot, kill);
            self.check_disk(kill);
        }
        if !self.has_ended {
            let boot = self.bench.boot(self.machine, "", Ending::Finished);
            self.check(&boot, kills);
            assert!(self.has_ended, "{}", boot.log);
        }
        println!(
            "{}: {kills} kills, checkpoint {} at the end, {} ends",
            self.machine.name(),
            self.acknowledged,
            self.ends
        );
    }

    fn boot_and_kill(&mut self) -> Boot {
        let checkpoint = ["resume", "discard"][usize::from(self.has_ended)];
        let compress = ["none", "lz4"][self.random.below(2) as usize];
        let options = format!("checkpoint={checkpoint} checkpoint_every_ms=1 compress={compress}");
        let vm = self.bench.vm(self.machine, &options);
        let mut running = vm.start(false).expect("a machine");
        if self.random.below(EARLY_ONE_OF) == 0 {
            thread::sleep(self.random.duration(EARLY_SPAN));
        } else {
            let has_status = running.wait_until(has_checkpoint_or_end);
            assert!(has_status, "{}", running.log());
            thread::sleep(self.random.duration(SPAN));
        }
        Boot::new(running.kill())
    }

    fn check(&mut self, boot: &Boot, kill: u64) {
        let Boot { statuses, log, .. } = boot;
        match statuses.first() {
            // Killed before it said anything.
            None => return,
            // The checkpoint that was acknowledged last, or the one behind it, if the kill came
            // between commit and acknowledgement.
            Some(Status::Thawed(number)) => {
                let possible = self.acknowledged..=self.acknowledged + 1;
                assert!(!self.has_ended, "kill {kill}: thawed after its end\n{log}");
                assert!(
                    possible.contains(number),
                    "kill {kill}: {possible:?}\n{log}"
                );
                self.acknowledged = *number;
            }
            // The kill came when the end was on the disk and had not been told.
            Some(Status::EndedBefore(status)) => {
                assert!(!self.has_ended, "kill {kill}: not discarded\n{log}");
                assert_eq!(*status as u32, EXIT_CODE, "kill {kill}: {log}");
            }
            Some(_) => assert!(
                self.acknowledged == 0 || self.has_ended,
                "kill {kill}: {} is gone\n{log}",
                self.acknowledged
            ),
        }
        let output = &boot.output;
        assert!(self.expected.contains(output), "kill {kill}: {output}");
        for status in statuses {
            match status {
                Status::Checkpointed(number) => {
                    assert!(*number > self.acknowledged, "kill {kill}:\n{log}");
                    self.acknowledged = *number;
                    self.has_ended = false;
                }
                Status::Exited(status) => {
                    assert_eq!(*status, EXIT_CODE, "kill {kill}: {log}");
                    assert!(self.expected.ends_with(output), "kill {kill}: {output}");
                    self.end();
                }
                Status::EndedBefore(_) => self.end(),
                Status::Thawed(_) => {}
                other => panic!("kill {kill}: {other}\n{log}"),
            }
        }
    }

    fn end(&mut self) {
        self.has_ended = true;
        self.ends += 1;
    }

    /// Whatever was being written, nothing on the disk is damaged.
    fn check_disk(&self, kill: u64) {
        let checked = self
            .bench
            .woodfrog(&[&"disk", &"fsck", &self.bench.disk.path()]);
        assert!(checked.status.success(), "kill {kill}: {checked:?}");
    }
}

fn has_checkpoint_or_end(running: &Running) -> bool {
    let statuses = Status::parse_log(&running.log());
    let decides = |status: &Status| !matches!(status, Status::Thawed(_));
    statuses.iter().any(decides)
}
