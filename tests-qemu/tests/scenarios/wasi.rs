//! The checks of `tests/wasi` in the kernel: what WASI preview 1 promises, power off in between.

use crate::bench::Bench;
use woodfrog_qemu::MachineType::{Microvm, Q35};
use woodfrog_qemu::{Artifacts, Ending, Status};

/// Enough for all checks that can share a program; the number is that of `tests/wasi`.
const FEWEST_CHECKS: usize = 49;

/// At how many points the program is frozen.
const FREEZES: u64 = 3;

#[test]
fn wasi_does_in_the_kernel_what_it_promises() {
    let guest = Artifacts::new().wasi_checks().expect("the guest");
    let bench = Bench::with_module(guest, &[]);
    let whole = bench.boot(Microvm, "", Ending::Finished);
    let ended = [Status::Checkpointed(1), Status::Returned];
    assert_eq!(whole.statuses, ended, "{}", whole.output);
    let held = whole.output.lines().filter(|line| line.ends_with(" holds"));
    assert!(held.count() >= FEWEST_CHECKS, "{}", whole.output);

    let mut output = String::new();
    // The first boot has written a checkpoint at its end.
    for number in 2..2 + FREEZES {
        let fresh = if number == 2 {
            " checkpoint=discard"
        } else {
            ""
        };
        let options = format!("freeze_after_ms=40{fresh}");
        let boot = bench.boot(Q35, &options, Ending::Frozen);
        assert_eq!(boot.statuses.last(), Some(&Status::Frozen(number)));
        output += &boot.output;
    }
    let last = bench.boot(Q35, "", Ending::Finished);
    let ended = [
        Status::Thawed(FREEZES + 1),
        Status::Checkpointed(FREEZES + 2),
        Status::Returned,
    ];
    assert_eq!(last.statuses, ended);
    assert_eq!(output + &last.output, whole.output);
}
