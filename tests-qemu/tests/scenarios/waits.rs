//! Programs that wait: for time, for the console, and frozen meanwhile.

use crate::bench::Bench;
use woodfrog_qemu::MachineType::{Microvm, Q35};
use woodfrog_qemu::{CheckpointFigures, Ending, MachineType, Status};

/// Sleeps for a second, says `>`, and copies its input until its end.
const ECHO: &str = "tests-qemu/guests/echo.wat";

/// More lines than the serial port's queue holds bytes.
const INPUT: &str = "the first line\rand a second one, with a line's end as terminals have it\r";

/// The first byte may come before the kernel has set the port up.
const MAY_BE_LOST: &str = "_";

#[test]
fn a_program_reads_the_console_to_its_end() {
    for machine in MachineType::ALL {
        let bench = Bench::new(ECHO, &[]);
        let input = format!("{MAY_BE_LOST}{INPUT}\u{4}");
        let boot = bench.boot_with_input(machine, "stdin=console", input.as_bytes());
        assert_eq!(boot.statuses, [Status::Returned], "{}", boot.log);
        let output = boot.output.replace(MAY_BE_LOST, "");
        assert_eq!(output, format!(">{INPUT}").replace('\r', "\n"));
        assert_halted(&boot.log, 500);
    }
}

#[test]
fn without_a_console_input_is_at_its_end() {
    let bench = Bench::new(ECHO, &[]);
    let boot = bench.boot(Microvm, "", Ending::Finished);
    assert_eq!(boot.output, ">");
    assert_halted(&boot.log, 500);
}

#[test]
fn checkpoints_are_written_while_a_program_waits() {
    for machine in MachineType::ALL {
        let bench = Bench::new(ECHO, &[]);
        let boot = bench.boot(machine, "checkpoint_every_ms=50", Ending::Finished);
        assert_eq!(boot.output, ">");
        let figures = CheckpointFigures::parse_log(&boot.log);
        assert!(figures.len() >= 4, "{}", boot.log);
        assert_halted(&boot.log, 100);
    }
}

#[test]
fn a_sleep_and_a_read_that_wait_are_frozen_and_go_on() {
    let bench = Bench::new(ECHO, &[]);
    let sleeping = bench.boot(Q35, "stdin=console freeze_after_ms=300", Ending::Frozen);
    assert_eq!(sleeping.output, "");
    let reading = bench.boot(
        Microvm,
        "stdin=console freeze_after_ms=1500",
        Ending::Frozen,
    );
    assert_eq!(reading.output, ">", "{}", reading.log);
    let last = bench.boot_with_input(Q35, "stdin=console", b"_x\x04");
    assert_eq!(last.statuses, [Status::Thawed(2), Status::Returned]);
    assert_eq!(last.output.replace(MAY_BE_LOST, ""), "x");
}

/// The processor was halted for so long, and not woken all the time.
fn assert_halted(log: &str, at_least_ms: u64) {
    let line = log.lines().find_map(|line| line.strip_prefix("halted "));
    let numbers = line.expect("the kernel tells").split(' ');
    let numbers: Vec<u64> = numbers.filter_map(|word| word.parse().ok()).collect();
    let [halts, ms] = numbers[..] else {
        panic!("{log}");
    };
    assert!(ms >= at_least_ms, "{log}");
    assert!((1..1000).contains(&halts), "{log}");
}
