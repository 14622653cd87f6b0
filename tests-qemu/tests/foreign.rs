//! A kernel that is not ours: `examples/foreign-kernel` on both machines.

use std::fs;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;
use woodfrog_qemu::{Accel, Artifacts, Ending, MachineType, Vm};

/// Far more than it takes on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(60);

/// What it says, in this order, with lines in between.
const EXPECTED: [&str; 18] = [
    "kernel: its own page fault, check and timer were handled",
    "kernel: 2 + 40 = 42",
    "guest: hello from the guest",
    "kernel: the guest has printed 1 line",
    "kernel: wasm trap: out of bounds memory access",
    " - read",
    " - outside",
    "kernel: wasm trap: integer divide by zero",
    " - divide",
    "kernel: its own page fault, check and timer were handled",
    "kernel: stopped by the timer",
    "kernel: wasm backtrace:",
    " - work",
    "kernel: frozen",
    "kernel: thawed elsewhere",
    "kernel: the result is that of an undisturbed run",
    "kernel: its own page fault, check and timer were handled",
    "kernel: done",
];

#[test]
fn a_foreign_kernel_runs_freezes_and_thaws_guests_on_q35() {
    a_foreign_kernel_runs_freezes_and_thaws_guests(MachineType::Q35);
}

#[test]
fn a_foreign_kernel_runs_freezes_and_thaws_guests_on_microvm() {
    a_foreign_kernel_runs_freezes_and_thaws_guests(MachineType::Microvm);
}

fn a_foreign_kernel_runs_freezes_and_thaws_guests(machine: MachineType) {
    let directory = TempDir::new().expect("a temporary directory");
    let vm = Vm {
        kernel: Artifacts::new().foreign_kernel().expect("the example"),
        machine,
        accel: Accel::Tcg,
        disk: None,
        append: String::new(),
        processors: 1,
        memory_mib: 256,
        timeout: TIMEOUT,
        log: directory.path().join("log"),
    };
    let ended = vm.start(false).expect("a machine").wait();
    let output = String::from_utf8_lossy(&ended.serial);
    assert_eq!(
        ended.ending,
        Ending::Finished,
        "{output}{}",
        ended.qemu_errors
    );
    let mut lines = output.lines();
    for expected in EXPECTED {
        assert!(
            lines.any(|line| line.contains(expected)),
            "{expected:?} is missing:\n{output}"
        );
    }
}

#[test]
fn what_the_walk_through_quotes_stands_in_the_example() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = fs::read_to_string(root.join("docs/embedding.md")).expect("the walk-through");
    let sources = root.join("examples/foreign-kernel/src");
    let sources: String = fs::read_dir(sources)
        .expect("the example")
        .map(|file| fs::read_to_string(file.expect("a file").path()).expect("text"))
        .collect();
    let mut quoted_lines = 0;
    for (index, block) in text.split("```").enumerate() {
        let Some(code) = block.strip_prefix("rust\n").filter(|_| index % 2 == 1) else {
            continue;
        };
        for line in code.lines().map(str::trim).filter(|line| !line.is_empty()) {
            assert!(sources.contains(line), "{line:?} is not in the example");
            quoted_lines += 1;
        }
    }
    assert!(quoted_lines >= 4, "the walk-through quotes the example");
}
