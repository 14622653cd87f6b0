//! The bootable image: runs the program on the disk.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod kernel {
    use woodfrog_boot::options::Options;
    use woodfrog_boot::{Machine, Status, console, program, status};

    woodfrog_boot::entry!(main);

    fn main(machine: Machine) -> Status {
        let options = match Options::parse(&machine.command_line) {
            Ok(options) => options,
            Err(error) => {
                status!("status failed: {error}");
                return Status::Failed;
            }
        };
        console::set_log_level(options.log);
        match program::run(&machine, &options) {
            Ok(status) => status,
            Err(failure) if failure.is_fenced() => {
                status!("status fenced: {failure}");
                Status::Fenced
            }
            Err(failure) => {
                status!("status failed: {failure}");
                Status::Failed
            }
        }
    }
}

#[cfg(not(target_os = "none"))]
fn main() {
    eprintln!("this is a kernel: build it with --target x86_64-unknown-none and boot it");
    std::process::exit(1);
}
