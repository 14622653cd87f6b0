//! The main job: freezes a program in a virtual machine, cuts the power, thaws it in
//! another one, and compares with a run that was never frozen.

use clap::Parser;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};
use woodfrog_qemu::{Accel, Ended, Ending, MachineType, Status, Vm};

/// Freezes a WASI program in mid-run on bare metal, powers off, boots again, thaws it,
/// and compares its output and exit status with those of an uninterrupted run.
///
/// Exits with 0 if they are equal, else with 1.
#[derive(Debug, Parser)]
#[command(name = "freeze-and-thaw")]
struct Args {
    /// The kernel, an ELF file.
    #[arg(long)]
    kernel: PathBuf,
    /// The woodfrog command, which makes the disk.
    #[arg(long)]
    woodfrog: PathBuf,
    /// Folder for disks and logs.
    #[arg(long)]
    work: PathBuf,
    /// Freeze the program after it has run for this many milliseconds.
    #[arg(long, default_value_t = 1500)]
    freeze_after_ms: u64,
    /// Machine type.
    #[arg(long, value_enum, default_value_t = MachineType::Q35)]
    machine: MachineType,
    /// Accelerator.
    #[arg(long, value_enum, default_value_t = Accel::Auto)]
    accel: Accel,
    /// RAM in MiB.
    #[arg(long, default_value_t = 1024)]
    memory_mib: u32,
    /// Longest time for one boot, in seconds.
    #[arg(long, default_value_t = 600)]
    timeout: u64,
    /// The program.
    wasm: PathBuf,
    /// Its arguments.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<OsString>,
}

/// Why the comparison could not be made.
type Failure = String;

/// What a program did in all.
#[derive(Debug, PartialEq, Eq)]
struct Run {
    output: Vec<u8>,
    /// How it ended.
    result: Status,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("freeze-and-thaw: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<bool, Failure> {
    fs::create_dir_all(&args.work)
        .map_err(|error| format!("cannot make {}: {error}", args.work.display()))?;
    let disk = args.work.join("disk.img");
    make_disk(args, &disk)?;

    say(&format!(
        "first boot: {} on {:?}",
        args.wasm.display(),
        args.machine
    ));
    let first = boot(
        args,
        "first",
        &disk,
        &format!("freeze_after_ms={}", args.freeze_after_ms),
    )?;
    let frozen_run = match first.ending {
        Ending::Frozen => {
            say(&format!(
                "frozen after {} ms, and powered off; second boot",
                args.freeze_after_ms
            ));
            let second = boot(args, "second", &disk, "")?;
            let result = result_of(&second)?;
            Run {
                output: [first.serial, second.serial].concat(),
                result,
            }
        }
        _ => {
            say(&format!(
                "the program ended within {} ms, before it could be frozen; try a smaller FREEZE_AFTER_MS",
                args.freeze_after_ms
            ));
            let result = result_of(&first)?;
            Run {
                output: first.serial,
                result,
            }
        }
    };
    let was_frozen = first.ending == Ending::Frozen;

    say("the same program again, uninterrupted");
    make_disk(args, &disk)?;
    let whole = boot(args, "whole", &disk, "")?;
    let result = result_of(&whole)?;
    Ok(compare(
        &frozen_run,
        &Run {
            output: whole.serial,
            result,
        },
        was_frozen,
    ))
}

fn make_disk(args: &Args, disk: &Path) -> Result<(), Failure> {
    match fs::remove_file(disk) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(format!("cannot replace {}: {error}", disk.display()));
        }
        _ => {}
    }
    let mut command = Command::new(&args.woodfrog);
    command
        .args(["disk", "create"])
        .arg(disk)
        .arg("--module")
        .arg(&args.wasm);
    for arg in &args.args {
        let mut option = OsString::from("--arg=");
        option.push(arg);
        command.arg(option);
    }
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(format!("cannot make a disk with {}", args.wasm.display())),
        Err(error) => Err(format!("cannot run {}: {error}", args.woodfrog.display())),
    }
}

/// Boots to the end, and fails if that was neither the program's end nor a freeze.
fn boot(args: &Args, name: &str, disk: &Path, append: &str) -> Result<Ended, Failure> {
    let vm = Vm {
        kernel: args.kernel.clone(),
        machine: args.machine,
        accel: args.accel,
        disk: Some(disk.to_owned()),
        append: append.to_owned(),
        memory_mib: args.memory_mib,
        timeout: Duration::from_secs(args.timeout),
        log: args.work.join(format!("{name}.log")),
    };
    let start = Instant::now();
    let ended = vm.start(true).map_err(|error| error.to_string())?.wait();
    match ended.ending {
        Ending::Finished | Ending::Frozen => {
            say(&format!(
                "powered off after {:.1} s",
                start.elapsed().as_secs_f64()
            ));
            Ok(ended)
        }
        Ending::TimedOut => Err(format!(
            "the {name} boot took longer than {} s\n{}",
            args.timeout,
            explain(&ended)
        )),
        ending => Err(format!(
            "the {name} boot ended as {ending:?}\n{}",
            explain(&ended)
        )),
    }
}

fn explain(ended: &Ended) -> String {
    format!("{}{}", ended.log, ended.qemu_errors)
}

/// How the program ended, by the kernel's last status line.
fn result_of(ended: &Ended) -> Result<Status, Failure> {
    Status::parse_log(&ended.log)
        .pop()
        .ok_or_else(|| format!("the kernel gave no result\n{}", explain(ended)))
}

fn compare(frozen: &Run, whole: &Run, was_frozen: bool) -> bool {
    let how = if was_frozen {
        "frozen and thawed"
    } else {
        "not frozen"
    };
    if frozen == whole {
        say(&format!(
            "EQUAL: {} bytes of output and {}, {how} as in an uninterrupted run",
            whole.output.len(),
            whole.result
        ));
        return true;
    }
    let same = frozen
        .output
        .iter()
        .zip(&whole.output)
        .take_while(|(a, b)| a == b)
        .count();
    say(&format!(
        "DIFFERENT: {how}: {} bytes, {}; uninterrupted: {} bytes, {}; the outputs agree on the first {same} bytes",
        frozen.output.len(),
        frozen.result,
        whole.output.len(),
        whole.result
    ));
    false
}

/// A line of this command's own, told from the guest's output by its beginning.
fn say(line: &str) {
    println!("== {line}");
}
