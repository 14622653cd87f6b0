//! The bootable image.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
use woodfrog_boot::{Machine, Status, info};

#[cfg(target_os = "none")]
woodfrog_boot::entry!(run);

#[cfg(target_os = "none")]
fn run(machine: Machine) -> Status {
    info!("command line: {}", machine.command_line);
    Status::Finished
}

#[cfg(not(target_os = "none"))]
fn main() {
    eprintln!("this is a kernel: build it with --target x86_64-unknown-none and boot it");
    std::process::exit(1);
}
