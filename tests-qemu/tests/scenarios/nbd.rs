//! The disk is on a network block server: it goes away, and two machines share it; PASSES=n SEED=n.

use crate::bench::{Bench, Boot};
use crate::campaign::{self, Random};
use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;
use tempfile::TempDir;
use woodfrog_qemu::{BlockServer, Ending, MachineType, Running, Status, Vm};

const LARGE_MEMORY: &str = "tests-qemu/guests/large_memory.wat";
const EXIT_CODE: u32 = 3;

/// Has room for what three owners of the lease may still be writing: each may write to as much as
/// its checkpoints of 16 MiB are scattered over.
const SIZE: &str = "512M";

/// How often a program goes from one machine to the other, unless PASSES has another number.
const PASSES: u64 = 6;
/// It runs for little longer than this on each,
const SPAN: Duration = Duration::from_millis(60);
/// in which it does less than this of what `LARGE_MEMORY` does 4000 times.
const ROUNDS: u64 = 1400;

/// A program whose disk is served.
struct Served {
    bench: Bench,
    _program: TempDir,
    server: BlockServer,
    expected: String,
}

impl Served {
    /// A program that goes on for so many passes.
    fn new(passes: u64) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let text = fs::read_to_string(root.join(LARGE_MEMORY)).expect("the program");
        let rounds = (passes * ROUNDS).to_string();
        let directory = TempDir::new().expect("a temporary directory");
        let module = directory.path().join("program.wat");
        fs::write(&module, text.replace("4000", &rounds)).expect("a program");
        let module = module.to_str().expect("a name in UTF-8");
        let bench = Bench::with_size(module, &[], SIZE);
        let (expected, _) = bench.run_on_linux();
        let server = BlockServer::start(&bench.disk.path()).expect("a block server");
        Self {
            bench,
            _program: directory,
            server,
            expected,
        }
    }

    /// A machine of this name; each has a log of its own.
    fn start(&self, machine: MachineType, name: &str, options: &str) -> Running {
        let vm = Vm {
            disk: Some(self.server.disk()),
            log: self.bench.file(name),
            ..self.bench.vm(machine, &format!("owner={name} {options}"))
        };
        vm.start(false).expect("a machine")
    }

    /// Boots until the machine powers off, which must end so.
    fn boot(&self, machine: MachineType, name: &str, options: &str, ending: Ending) -> Boot {
        let ended = self.start(machine, name, options).wait();
        assert_eq!(ended.ending, ending, "{name} {options}\n{}", ended.log);
        self.checked(Boot::new(ended))
    }

    /// What was printed is a part of what has to be.
    fn checked(&self, boot: Boot) -> Boot {
        let is_right = self.expected.contains(&boot.output);
        assert!(is_right, "{}\n{}", boot.output, boot.log);
        boot
    }

    fn assert_ended(&self, boot: &Boot) {
        let last = boot.statuses.last();
        assert_eq!(last, Some(&Status::Exited(EXIT_CODE)), "{}", boot.log);
        assert!(self.expected.ends_with(&boot.output), "{}", boot.output);
    }

    /// A machine whose lease was taken over stops, and says so. Returns its newest checkpoint that was
    /// acknowledged, where `acknowledged` had been before it was started.
    fn assert_fenced(&self, stale: Running, acknowledged: u64) -> u64 {
        let stale = stale.wait();
        assert_eq!(stale.ending, Ending::Fenced, "{}", stale.log);
        let stale = self.checked(Boot::new(stale));
        assert_eq!(stale.statuses.last(), Some(&Status::Fenced));
        check_thawed(&stale.log, acknowledged);
        newest(&stale.log).expect("it wrote one")
    }

    fn assert_disk_is_good(&self) {
        let path = self.bench.disk.path();
        let checked = self.bench.woodfrog(&[&"disk", &"fsck", &path]);
        assert!(checked.status.success(), "{checked:?}");
    }
}

#[test]
fn a_block_server_that_goes_away_is_an_error_and_no_loss_on_q35() {
    lose_the_server(MachineType::Q35);
}

#[test]
fn a_block_server_that_goes_away_is_an_error_and_no_loss_on_microvm() {
    lose_the_server(MachineType::Microvm);
}

fn lose_the_server(machine: MachineType) {
    let mut served = Served::new(PASSES);
    let mut random = Random::new(machine.name());
    let mut acknowledged = 0;
    for _ in 0..4 {
        let mut running = served.start(machine, "one", "checkpoint_every_ms=1");
        assert!(running.wait_until(has_checkpoint), "{}", running.log());
        thread::sleep(random.duration(SPAN));
        served.server.kill();
        let is_told = |running: &Running| {
            let log = running.log();
            log.contains("status not-checkpointed reason=") || log.contains("status failed: ")
        };
        assert!(running.wait_until(is_told), "{}", running.log());
        served.server.restart().expect("a block server");
        thread::sleep(random.duration(SPAN));
        let boot = served.checked(Boot::new(running.kill()));
        println!("{}: {}", machine.name(), complaint(&boot.log));
        check_thawed(&boot.log, acknowledged);
        acknowledged = newest(&boot.log).expect("it wrote one");
        served.assert_disk_is_good();
    }
    let boot = served.boot(machine, "one", "", Ending::Finished);
    check_thawed(&boot.log, acknowledged);
    served.assert_ended(&boot);
}

#[test]
fn a_program_goes_to_and_fro_between_two_machines_and_the_stale_one_is_fenced() {
    let passes = campaign::number("PASSES", PASSES);
    let served = Served::new(passes);
    let mut random = Random::new("to and fro");
    let (mut fenced, mut acknowledged) = (0, 0);
    // The machine that the program is taken away from.
    let mut stale: Option<Running> = None;
    for pass in 0..passes {
        let name = ["a", "b"][pass as usize % 2];
        let machine = MachineType::ALL[pass as usize % 2];
        let lease = ["acquire", "take_over"][usize::from(stale.is_some())];
        let is_frozen = random.below(2) == 0;
        let mode = match is_frozen {
            true => format!("freeze_after_ms={}", 1 + random.below(60)),
            false => "checkpoint_every_ms=1".to_owned(),
        };
        let mut running = served.start(machine, name, &format!("lease={lease} {mode}"));
        let has_begun = running.wait_until(|running| newest(&running.log()).is_some());
        assert!(has_begun, "pass {pass}: {}", running.log());
        if let Some(stale) = stale.take() {
            acknowledged = served.assert_fenced(stale, acknowledged);
            fenced += 1;
        }
        // Nothing that the other one had acknowledged, before or during the take-over, is lost.
        check_thawed(&running.log(), acknowledged);
        if is_frozen {
            let ended = running.wait();
            assert_eq!(ended.ending, Ending::Frozen, "pass {pass}: {}", ended.log);
            let boot = served.checked(Boot::new(ended));
            acknowledged = newest(&boot.log).expect("it is frozen");
        } else {
            running.wait_until(has_checkpoint);
            thread::sleep(random.duration(SPAN));
            stale = Some(running);
        }
    }
    let last = served.boot(MachineType::Q35, "c", "lease=take_over", Ending::Finished);
    if let Some(stale) = stale {
        acknowledged = served.assert_fenced(stale, acknowledged);
        fenced += 1;
    }
    check_thawed(&last.log, acknowledged);
    served.assert_ended(&last);
    served.assert_disk_is_good();
    println!("to and fro: {passes} passes, {fenced} of them away from a machine that was running");
}

fn has_checkpoint(running: &Running) -> bool {
    let statuses = Status::parse_log(&running.log());
    let is_one = |status: &Status| matches!(status, Status::Checkpointed(_));
    statuses.iter().any(is_one)
}

/// The newest checkpoint that a boot began with or wrote.
fn newest(log: &str) -> Option<u64> {
    let statuses = Status::parse_log(log).into_iter();
    let numbers = statuses.filter_map(|status| match status {
        Status::Thawed(number) | Status::Checkpointed(number) | Status::Frozen(number) => {
            Some(number)
        }
        _ => None,
    });
    numbers.max()
}

/// A boot has to go on from what was acknowledged, or from the commit behind it.
fn check_thawed(log: &str, acknowledged: u64) {
    match Status::parse_log(log).first() {
        Some(Status::Thawed(number)) => {
            let possible = acknowledged..=acknowledged + 1;
            assert!(possible.contains(number), "{possible:?}\n{log}");
        }
        other => assert_eq!(acknowledged, 0, "{other:?}\n{log}"),
    }
}

/// The first line that says that something is wrong.
fn complaint(log: &str) -> &str {
    let mut lines = log.lines();
    let is_one = |line: &&str| line.starts_with("status not-") || line.starts_with("status failed");
    lines.find(is_one).unwrap_or("nothing")
}
