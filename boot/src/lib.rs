//! The kernel as a library: everything between power-on and a program's `main`.
//!
//! A bootable image is a crate with
//!
//! ```ignore
//! woodfrog_boot::entry!(main);
//! fn main(machine: Machine) -> Status { ... }
//! ```
//!
//! and a build script that links it by `linker.ld`. The order of boot, which is also the order to read in:
//! [`arch::entry`] (PVH, long mode) -> [`start`] -> [`mm`] (memory map, page tables,
//! heap) -> [`arch`] (GDT, IDT, clock, timer) -> the image's `main`, which gets a
//! [`Machine`] -> [`power`] off with a [`Status`].
//!
//! On targets that have an operating system, the crate is empty.
#![no_std]
#![cfg(target_os = "none")]

extern crate alloc;

pub mod arch;
mod checkpoints;
pub mod console;
pub mod drivers;
pub mod guest_disk;
pub mod host;
mod loading;
pub mod mm;
pub mod options;
mod panic;
pub mod power;
pub mod program;
mod runner;
pub mod start;
pub mod stored_pages;

pub use power::Status;
pub use start::Machine;

/// Makes `$main`, a `fn(Machine) -> Status`, the image's main function.
#[macro_export]
macro_rules! entry {
    ($main:path) => {
        #[expect(unsafe_code, reason = "the symbol that the boot library calls")]
        #[unsafe(no_mangle)]
        extern "Rust" fn woodfrog_image_main(machine: $crate::Machine) -> $crate::Status {
            let main: fn($crate::Machine) -> $crate::Status = $main;
            main(machine)
        }
    };
}
