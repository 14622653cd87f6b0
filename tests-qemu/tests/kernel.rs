//! The kernel by itself: each test boots an image of `tests-qemu/images` on both machines.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use woodfrog_qemu::{Accel, Artifacts, Ended, Ending, MachineType, Vm};

/// Far more than any of the images takes on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(60);

/// What an image is booted with, beside the machine type.
#[derive(Clone, Copy)]
struct Setup<'a> {
    disk: Option<&'a Path>,
    /// The command line.
    append: &'a str,
    processors: u32,
    memory_mib: u32,
}

impl Default for Setup<'_> {
    fn default() -> Self {
        Self {
            disk: None,
            append: "",
            processors: 1,
            memory_mib: 256,
        }
    }
}

fn boot(image: &Path, machine: MachineType, setup: Setup<'_>) -> Ended {
    let directory = TempDir::new().expect("a temporary directory");
    let vm = Vm {
        kernel: image.to_owned(),
        machine,
        accel: Accel::Tcg,
        disk: setup.disk.map(Path::to_owned),
        append: setup.append.into(),
        processors: setup.processors,
        memory_mib: setup.memory_mib,
        timeout: TIMEOUT,
        log: directory.path().join("log"),
    };
    vm.start(false).expect("a machine").wait()
}

/// Boots an image on both machines; all must end so. Returns the logs.
fn boot_everywhere(name: &str, ending: Ending, disk: Option<&Path>) -> Vec<String> {
    let setup = Setup {
        disk,
        ..Setup::default()
    };
    boot_everywhere_with(name, ending, setup)
}

/// The same, with other things than a disk.
fn boot_everywhere_with(name: &str, ending: Ending, setup: Setup<'_>) -> Vec<String> {
    let image = Artifacts::new().image(name).expect("an image");
    let boot = |machine| {
        let ended = boot(&image, machine, setup);
        let Ended {
            log, qemu_errors, ..
        } = ended;
        assert_eq!(ended.ending, ending, "{machine:?}:\n{log}{qemu_errors}");
        log
    };
    MachineType::ALL.map(boot).to_vec()
}

#[test]
fn exceptions_save_and_restore_every_register() {
    boot_everywhere("exceptions", Ending::Finished, None);
}

#[test]
fn a_guest_does_not_notice_non_maskable_interrupts() {
    for log in boot_everywhere("nmi", Ending::Finished, None) {
        assert!(log.contains("and the same result"), "{log}");
    }
}

#[test]
fn another_processor_suspends_a_guest_and_forgets_what_is_released() {
    let setup = Setup {
        processors: 2,
        ..Setup::default()
    };
    for log in boot_everywhere_with("processors", Ending::Finished, setup) {
        assert!(log.contains("forgets what is released"), "{log}");
        assert!(log.contains("and the same result"), "{log}");
    }
}

#[test]
fn the_timer_comes_when_it_is_due() {
    boot_everywhere("timer", Ending::Finished, None);
}

#[test]
fn pages_are_lazy_and_protected() {
    boot_everywhere("paging", Ending::Finished, None);
}

#[test]
fn cuts_give_what_was_written_to() {
    for log in boot_everywhere("tracking", Ending::Finished, None) {
        assert!(log.contains("pages were due"), "{log}");
    }
}

/// A file of 32 MiB, each byte of it `byte`.
fn disk_of(directory: &TempDir, byte: u8) -> PathBuf {
    let disk = directory.path().join("disk");
    fs::write(&disk, vec![byte; 32 << 20]).expect("a disk");
    disk
}

#[test]
fn the_disk_keeps_what_is_written() {
    let directory = TempDir::new().expect("a temporary directory");
    let disk = disk_of(&directory, 0);
    for log in boot_everywhere("disk", Ending::Finished, Some(&disk)) {
        println!("{log}");
    }
    let written = fs::read(&disk).expect("the disk");
    // The image wrote a pattern from sector 1 on.
    for index in [0, 1000, 2 << 20] {
        assert_eq!(written[512 + index], (index * 7 / 512) as u8);
    }
}

#[test]
fn errors_of_the_disk_are_those_of_the_requests_at_fault() {
    let directory = TempDir::new().expect("a temporary directory");
    let disk = disk_of(&directory, 0);
    let rules = directory.path().join("rules");
    let rule = |event: &str, rest: &str| format!("[inject-error]\nevent = \"{event}\"\n{rest}\n");
    let rules_text = [
        rule("write_aio", "sector = \"20000\""),
        rule("read_aio", "sector = \"30000\""),
        rule("flush_to_disk", "once = \"on\""),
    ];
    fs::write(&rules, rules_text.concat()).expect("rules");
    // QEMU's blkdebug protocol stands between the device and the file.
    let disk = format!("blkdebug:{}:{}", rules.display(), disk.display());
    let setup = Setup {
        disk: Some(Path::new(&disk)),
        append: "bad_sectors",
        ..Setup::default()
    };
    for log in boot_everywhere_with("disk_errors", Ending::Finished, setup) {
        assert!(log.contains("errors were those"), "{log}");
    }
}

#[test]
fn a_disk_that_lies_is_an_error_and_no_more() {
    let image = Artifacts::new().image("disk_lies").expect("an image");
    // The device is in the image, so one machine is as good as another.
    let ended = boot(&image, MachineType::Microvm, Setup::default());
    assert_eq!(ended.ending, Ending::Finished, "{}", ended.log);
    assert!(
        ended.log.contains("completions that cannot be"),
        "{}",
        ended.log
    );
}

#[test]
fn a_read_only_disk_is_read_and_not_written() {
    let directory = TempDir::new().expect("a temporary directory");
    let disk = format!("{},readonly=on", disk_of(&directory, 1).display());
    let setup = Setup {
        disk: Some(Path::new(&disk)),
        append: "read_only",
        ..Setup::default()
    };
    for log in boot_everywhere_with("disk_errors", Ending::Finished, setup) {
        assert!(log.contains("is read"), "{log}");
    }
}

#[test]
fn a_stack_overflow_of_the_kernel_is_a_panic_with_a_backtrace() {
    for log in boot_everywhere("overflow", Ending::Panicked, None) {
        let frames = log.lines().filter(|line| line.contains(": 0x")).count();
        assert!(frames > 10, "{log}");
        assert!(log.contains("page fault in the kernel"), "{log}");
        assert!(log.contains("RSP 0000000000"), "{log}");
    }
}

#[test]
fn a_panic_below_a_guest_shows_the_frames_of_both() {
    for log in boot_everywhere("panic", Ending::Panicked, None) {
        assert!(log.contains("called with I32(42)"), "{log}");
        let (kernel, wasm) = log.split_once("wasm backtrace:").expect("both");
        assert!(kernel.contains("kernel backtrace:"), "{log}");
        assert!(wasm.contains("inner") && wasm.contains("run"), "{log}");
    }
}

#[test]
fn a_thousand_guests_take_turns_in_512_mib_and_900_are_parked() {
    let setup = Setup {
        memory_mib: 512,
        ..Setup::default()
    };
    for log in boot_everywhere_with("guests", Ending::Finished, setup) {
        assert!(log.contains("ended: 1000"), "{log}");
    }
}
