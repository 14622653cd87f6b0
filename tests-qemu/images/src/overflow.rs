//! The kernel's own stack overflow is a panic with a backtrace, not a triple fault.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod image {
    use woodfrog_boot::{Machine, Status};

    woodfrog_boot::entry!(main);

    fn main(machine: Machine) -> Status {
        if recurse(machine.command_line.len() as u64 + 1) == 0 {
            return Status::Failed;
        }
        Status::Finished
    }

    #[inline(never)]
    fn recurse(depth: u64) -> u64 {
        if depth == u64::MAX {
            return 0;
        }
        let frame = core::hint::black_box([depth; 64]);
        frame[0] + recurse(depth + 1) + frame[63]
    }
}

#[cfg(not(target_os = "none"))]
include!("hosted.rs");
