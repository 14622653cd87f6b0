//! The main job: freezes a program in a virtual machine, cuts the power, thaws it in
//! another one, and compares with a run that was never frozen.

use clap::Parser;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};
use woodfrog_qemu::{Accel, Artifacts, CommandError, Ended, Ending, MachineType, Status, Vm};

/// Freezes a WASI program in mid-run on bare metal, powers off, boots again, thaws it,
/// and compares its output and exit status with those of an uninterrupted run.
///
/// Exits with 0 if they are equal, else with 1.
#[derive(Debug, Parser)]
#[command(name = "freeze-and-thaw")]
struct Args {
    /// The kernel, an ELF file; built if not given.
    #[arg(long)]
    kernel: Option<PathBuf>,
    /// The woodfrog command, which makes the disk; built if not given.
    #[arg(long)]
    woodfrog: Option<PathBuf>,
    /// The program; the example guest, built, if not given.
    #[arg(long)]
    wasm: Option<PathBuf>,
    /// A directory whose contents the program is given, as its directory `/`.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Folder for disks and logs.
    #[arg(long, default_value = "build/run")]
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
    /// The program's arguments.
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

/// Both runs get the same random numbers, so that programs that use some can be compared.
const SEED: &str = "seed=1";

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
    let job = Job::prepare(args)?;
    say(&format!(
        "first boot ({}): {}",
        job.vm.machine.name(),
        job.wasm.display()
    ));
    job.make_disk()?;
    let freeze = format!("{SEED} freeze_after_ms={}", args.freeze_after_ms);
    let first = job.boot("first", &freeze)?;
    let was_frozen = first.ending == Ending::Frozen;
    let interrupted = if was_frozen {
        say("frozen, checkpointed and powered off; second boot");
        let second = job.boot("second", "")?;
        Run {
            result: result_of(&second)?,
            output: [first.serial, second.serial].concat(),
        }
    } else {
        say(&format!(
            "the program ended within {} ms, before it could be frozen; try a smaller FREEZE_AFTER_MS",
            args.freeze_after_ms
        ));
        Run::of(first)?
    };

    say("the same program again, uninterrupted");
    job.make_disk()?;
    let whole = Run::of(job.boot("whole", SEED)?)?;
    Ok(compare(&interrupted, &whole, was_frozen))
}

impl Run {
    fn of(ended: Ended) -> Result<Self, Failure> {
        Ok(Self {
            result: result_of(&ended)?,
            output: ended.serial,
        })
    }
}

/// The parts of the job, all there.
struct Job {
    woodfrog: PathBuf,
    wasm: PathBuf,
    args: Vec<OsString>,
    dir: Option<PathBuf>,
    disk: PathBuf,
    work: PathBuf,
    vm: Vm,
}

impl Job {
    /// Builds what was not given.
    fn prepare(args: &Args) -> Result<Self, Failure> {
        let artifacts = Artifacts::new();
        let built = |given: &Option<PathBuf>, build: fn(&Artifacts) -> Built| match given {
            Some(path) => Ok(path.clone()),
            None => build(&artifacts).map_err(|error| error.to_string()),
        };
        fs::create_dir_all(&args.work)
            .map_err(|error| format!("cannot make {}: {error}", args.work.display()))?;
        let disk = args.work.join("disk.img");
        Ok(Self {
            woodfrog: built(&args.woodfrog, Artifacts::woodfrog)?,
            wasm: built(&args.wasm, Artifacts::example_guest)?,
            args: args.args.clone(),
            dir: args.dir.clone(),
            vm: Vm {
                kernel: built(&args.kernel, Artifacts::kernel)?,
                machine: args.machine,
                accel: args.accel,
                disk: Some(disk.clone()),
                append: String::new(),
                processors: 1,
                memory_mib: args.memory_mib,
                timeout: Duration::from_secs(args.timeout),
                log: PathBuf::new(),
            },
            disk,
            work: args.work.clone(),
        })
    }

    /// Makes the disk anew, with the program and no checkpoint.
    fn make_disk(&self) -> Result<(), Failure> {
        match fs::remove_file(&self.disk) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(format!("cannot replace {}: {error}", self.disk.display()));
            }
            _ => {}
        }
        let mut command = Command::new(&self.woodfrog);
        let size = disk_size(self.vm.memory_mib);
        command.args(["disk", "create", "--size", &size]);
        command.arg(&self.disk).arg("--module").arg(&self.wasm);
        if let Some(dir) = &self.dir {
            command.arg("--dir").arg(dir);
        }
        for arg in &self.args {
            let mut option = OsString::from("--arg=");
            option.push(arg);
            command.arg(option);
        }
        match command.status() {
            Ok(status) if status.success() => Ok(()),
            Ok(_) => Err(format!("cannot make a disk with {}", self.wasm.display())),
            Err(error) => Err(format!("cannot run {}: {error}", self.woodfrog.display())),
        }
    }

    /// Boots to the end, and fails if that was neither the program's end nor a freeze.
    fn boot(&self, name: &str, options: &str) -> Result<Ended, Failure> {
        let vm = Vm {
            append: options.to_owned(),
            log: self.work.join(format!("{name}.log")),
            ..self.vm.clone()
        };
        let start = Instant::now();
        let ended = vm.start(true).map_err(|error| error.to_string())?.wait();
        match ended.ending {
            Ending::Finished | Ending::Frozen => {
                let seconds = start.elapsed().as_secs_f64();
                say(&format!("powered off after {seconds:.1} s"));
                Ok(ended)
            }
            Ending::TimedOut => Err(format!(
                "the {name} boot took longer than {} s\n{}",
                vm.timeout.as_secs(),
                explain(&ended)
            )),
            ending => Err(format!(
                "the {name} boot ended as {ending:?}\n{}",
                explain(&ended)
            )),
        }
    }
}

/// Room for two checkpoints of the largest memory that fits the machine; the file is sparse.
fn disk_size(memory_mib: u32) -> String {
    format!("{}M", u64::from(memory_mib) * 2)
}

/// What building comes to.
type Built = Result<PathBuf, CommandError>;

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
