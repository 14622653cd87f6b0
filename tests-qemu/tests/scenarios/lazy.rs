//! Thawed lazily: the program runs before its memory has been read.

use crate::bench::{Bench, Boot};
use woodfrog_qemu::MachineType::Q35;
use woodfrog_qemu::{Ending, MachineType, Status, ThawFigures, Vm};

/// Changes the same few pages of a large memory again and again.
const SCATTERED: &str = "tests-qemu/guests/scattered.wat";
const MIB: u64 = 64;
const ARGS: [&str; 3] = ["64", "8", "20000000"];
const EXITED: Status = Status::Exited(5);
/// When it has touched every page, and does no longer.
const FREEZE_FIRST: &str = "freeze_after_ms=1500";
const FREEZE_SOON: &str = "freeze_after_ms=300";

/// Pages of memory.
const PAGES: u64 = (MIB << 8) + 16;
/// More than the program needs between two freezes, with those around them.
const FEW: u64 = 16 * 20;

#[test]
fn a_program_runs_with_the_pages_that_it_needs() {
    let bench = Bench::new(SCATTERED, &ARGS);
    let (expected, _) = bench.run_on_linux();
    for (machine, discard) in MachineType::ALL
        .into_iter()
        .zip(["", " checkpoint=discard"])
    {
        let begun = bench.boot(machine, &format!("{FREEZE_FIRST}{discard}"), Ending::Frozen);
        let first = thawed(&bench, machine, FREEZE_SOON, Ending::Frozen);
        assert_eq!((first.1.read, first.1.withheld), (0, PAGES));
        // What that boot needed this one reads at once.
        let second = thawed(&bench, machine, FREEZE_SOON, Ending::Frozen);
        assert!(
            (8..FEW).contains(&second.1.read),
            "{}{}{}",
            begun.log,
            first.0.log,
            second.0.log
        );
        assert_eq!(second.1.read + second.1.withheld, PAGES);
        let third = thawed(&bench, machine, "log=info", Ending::Finished);
        assert_eq!(third.1.read, second.1.read, "{}", third.0.log);
        let output = begun.output + &first.0.output + &second.0.output + &third.0.output;
        assert_eq!(output, expected);
    }
}

#[test]
fn an_eager_thaw_leaves_nothing_for_later() {
    let bench = Bench::new(SCATTERED, &ARGS);
    let (expected, _) = bench.run_on_linux();
    bench.boot(Q35, FREEZE_FIRST, Ending::Frozen);
    let (boot, figures) = thawed(&bench, Q35, "thaw=eager", Ending::Finished);
    assert_eq!((figures.read, figures.withheld), (0, 0));
    assert_eq!(boot.output, expected);
}

#[test]
fn a_page_that_cannot_be_read_stops_the_program_and_loses_nothing() {
    let bench = Bench::new(SCATTERED, &ARGS);
    let (expected, _) = bench.run_on_linux();
    bench.boot(Q35, FREEZE_FIRST, Ending::Frozen);
    let mut late = 0;
    for reads in (5..).step_by(5) {
        let vm = Vm {
            disk: Some(bench.failing_disk("read_aio", reads, false)),
            ..bench.vm(Q35, FREEZE_SOON)
        };
        let boot = Boot::new(vm.start(false).expect("a machine").wait());
        match &boot.statuses[..] {
            [Status::Thawed(1), Status::Failed(reason)] if reason.contains("cannot be read on") => {
                late += 1;
            }
            [Status::Failed(_)] => assert_eq!(late, 0, "{}", boot.log),
            // What it needs it has, but not what it would write to.
            [Status::Thawed(1), Status::Failed(_)] => {}
            [Status::Thawed(1), Status::Frozen(2)] => break,
            _ => panic!("{reads} reads: {}", boot.log),
        }
        assert!(reads < 500, "it reads on and on");
    }
    assert!(late > 0, "no read failed while the program ran");
    let (boot, _) = thawed(&bench, Q35, "", Ending::Finished);
    assert_eq!(boot.output, expected);
}

fn thawed(
    bench: &Bench,
    machine: MachineType,
    options: &str,
    ending: Ending,
) -> (Boot, ThawFigures) {
    let boot = bench.boot(machine, options, ending);
    let figures = ThawFigures::parse_log(&boot.log);
    if ending == Ending::Finished {
        assert_eq!(boot.statuses.last(), Some(&EXITED), "{}", boot.log);
    }
    let figures = figures.unwrap_or_else(|| panic!("{}", boot.log));
    (boot, figures)
}
