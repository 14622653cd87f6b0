//! Frozen by the timer, thawed after a reboot: here, on the other machine, and by way of Linux.

use crate::bench::{Bench, text};
use woodfrog_qemu::MachineType::{Microvm, Q35};
use woodfrog_qemu::{Ending, MachineType, Status};

const TIGHT_LOOP: &str = "tests/programs/qemu/tight_loop.wat";
const DEEP_RECURSION: &str = "tests/programs/qemu/deep_recursion.wat";

/// Frames at the bottom of `deep_recursion.wat`: 12,000 calls, the loop and `_start`.
const MIN_DEPTH: usize = 10_000;

/// Both programs take most of a second in the kernel.
const FREEZE_EARLY: &str = "freeze_after_ms=200";

#[test]
fn a_tight_loop_freezes_and_thaws_on_q35() {
    freeze_and_thaw(&Bench::new(TIGHT_LOOP, &[]), Q35, Q35);
}

#[test]
fn a_tight_loop_freezes_and_thaws_on_microvm() {
    freeze_and_thaw(&Bench::new(TIGHT_LOOP, &[]), Microvm, Microvm);
}

#[test]
fn a_deep_recursion_freezes_and_thaws_on_q35() {
    let bench = Bench::new(DEEP_RECURSION, &[]);
    freeze_and_thaw(&bench, Q35, Q35);
    assert_image_is_deep(&bench);
}

#[test]
fn a_deep_recursion_freezes_and_thaws_on_microvm() {
    let bench = Bench::new(DEEP_RECURSION, &[]);
    freeze_and_thaw(&bench, Microvm, Microvm);
    assert_image_is_deep(&bench);
}

#[test]
fn an_image_thaws_on_the_other_machine() {
    freeze_and_thaw(&Bench::new(TIGHT_LOOP, &[]), Q35, Microvm);
    freeze_and_thaw(&Bench::new(DEEP_RECURSION, &[]), Microvm, Q35);
}

#[test]
fn a_compiled_program_freezes_again_and_again() {
    let bench = Bench::with_example_guest(&["300", "7"]);
    let expected = bench.run_on_linux();
    let mut output = String::new();
    for number in 1..=4 {
        let machine = MachineType::ALL[number as usize % 2];
        let boot = bench.boot(machine, "freeze_after_ms=60", Ending::Frozen);
        assert_eq!(boot.statuses.last(), Some(&Status::Frozen(number)));
        output += &boot.output;
    }
    let boot = bench.boot(Q35, "", Ending::Finished);
    assert_eq!(boot.statuses, [Status::Thawed(4), Status::Exited(7)]);
    assert_eq!((output + &boot.output, 7), expected);
}

#[test]
fn checkpoints_on_the_way_change_nothing() {
    let bench = Bench::with_example_guest(&["200", "9"]);
    let expected = bench.run_on_linux();
    for machine in MachineType::ALL {
        let options = "checkpoint=discard checkpoint_every_ms=2";
        let boot = bench.boot(machine, options, Ending::Finished);
        let [checkpoints @ .., Status::Exited(9)] = &boot.statuses[..] else {
            panic!("{}", boot.log);
        };
        // A busy machine has time for few.
        assert!(checkpoints.len() >= 3, "{}", boot.log);
        assert_eq!((boot.output, 9), expected);
    }
}

#[test]
fn an_image_goes_to_linux_and_back_on_q35() {
    by_way_of_linux(Q35, Way::Image);
}

#[test]
fn a_disk_goes_to_linux_and_back_on_microvm() {
    by_way_of_linux(Microvm, Way::Disk);
}

#[test]
fn an_image_from_linux_thaws_in_the_kernel() {
    let bench = Bench::with_example_guest(&["1000"]);
    let expected = bench.run_on_linux();
    let image = bench.file("image");
    let args: [&dyn AsRef<std::ffi::OsStr>; 7] = [
        &"run",
        &"--freeze-after",
        &"30",
        &"--image",
        &image,
        &bench.module,
        &"1000",
    ];
    let frozen = bench.woodfrog(&args);
    assert!(frozen.status.success() && image.exists(), "{frozen:?}");
    bench.disk.add_image(&image).expect("room for the image");
    let boot = bench.boot(Microvm, "", Ending::Finished);
    assert_eq!(text(&frozen.stdout) + &boot.output, expected.0);
}

/// Freezes on one machine, thaws on another; what is printed and the exit status must be
/// those of an uninterrupted run.
fn freeze_and_thaw(bench: &Bench, first: MachineType, second: MachineType) {
    let (expected, code) = bench.run_on_linux();
    let frozen = bench.boot(first, FREEZE_EARLY, Ending::Frozen);
    assert_eq!(frozen.statuses, [Status::Frozen(1)]);
    let thawed = bench.boot(second, "", Ending::Finished);
    assert_eq!(
        thawed.statuses,
        [Status::Thawed(1), Status::Exited(code as u32)]
    );
    assert_eq!(frozen.output + &thawed.output, expected);
}

fn assert_image_is_deep(bench: &Bench) {
    let image = bench.file("image");
    bench.disk.extract_image(&image).expect("an image");
    let shown = bench.woodfrog(&[&"inspect", &image, &"--module", &bench.module, &"--json"]);
    assert!(shown.status.success(), "{shown:?}");
    let depth = text(&shown.stdout).matches("\"func\":").count();
    assert!(depth > MIN_DEPTH, "{depth} frames");
}

/// How a frozen program gets to Linux and back.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// As an image, taken from the disk and put on it.
    Image,
    /// With the disk.
    Disk,
}

fn by_way_of_linux(machine: MachineType, way: Way) {
    let bench = Bench::with_example_guest(&["1500", "5"]);
    let (expected, code) = bench.run_on_linux();
    assert_eq!(code, 5);
    let first = bench.boot(machine, "freeze_after_ms=300", Ending::Frozen);
    let (before, after) = (bench.file("before"), bench.file("after"));
    let freeze: [&dyn AsRef<std::ffi::OsStr>; 3] = [&"resume", &"--freeze-after", &"50"];
    let on_linux = match way {
        Way::Image => {
            bench.disk.extract_image(&before).expect("an image");
            let files: [&dyn AsRef<std::ffi::OsStr>; 5] =
                [&"--module", &bench.module, &"--image", &after, &before];
            let frozen = bench.woodfrog(&[&freeze[..], &files].concat());
            bench.disk.add_image(&after).expect("room for the image");
            frozen
        }
        Way::Disk => bench.woodfrog(&[&freeze[..], &[&bench.disk.path()]].concat()),
    };
    assert!(on_linux.status.success(), "{on_linux:?}");
    let last = bench.boot(machine, "", Ending::Finished);
    assert_eq!(last.statuses, [Status::Thawed(2), Status::Exited(5)]);
    assert_eq!(
        first.output + &text(&on_linux.stdout) + &last.output,
        expected
    );
}
