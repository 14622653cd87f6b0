//! The set-up that all scenarios share: a program, its disk, and machines to boot it on.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;
use tempfile::TempDir;
use woodfrog_qemu::{Accel, Artifacts, Disk, Ended, Ending, MachineType, Status, Vm};

/// Far more than any boot takes on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(120);

/// The size of disks.
const SIZE: &str = "64M";

/// A program on a disk.
pub struct Bench {
    pub module: PathBuf,
    pub disk: Disk,
    args: Vec<String>,
    kernel: PathBuf,
    woodfrog: PathBuf,
    directory: TempDir,
}

impl Bench {
    /// A program of this repository, by its path, on a new disk.
    pub fn new(module: &str, args: &[&str]) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        Self::with_module(root.join(module), args)
    }

    /// The example guest on a new disk.
    pub fn with_example_guest(args: &[&str]) -> Self {
        let guest = Artifacts::new().example_guest().expect("the guest");
        Self::with_module(guest, args)
    }

    /// A program of this repository on a disk that is made with more options.
    pub fn with_options(module: &str, options: &[&OsStr]) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        Self::with(root.join(module), &[], SIZE, options)
    }

    /// A program of this repository on a disk of some size, such as `20M`.
    pub fn with_size(module: &str, args: &[&str], size: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        Self::with(root.join(module), args, size, &[])
    }

    /// A program by its file on a new disk.
    pub fn with_module(module: PathBuf, args: &[&str]) -> Self {
        Self::with(module, args, SIZE, &[])
    }

    fn with(module: PathBuf, args: &[&str], size: &str, options: &[&OsStr]) -> Self {
        let artifacts = Artifacts::new();
        let woodfrog = artifacts.woodfrog().expect("the command");
        let disk = Disk::create_with(&woodfrog, size, &module, args, options).expect("a disk");
        Self {
            module,
            disk,
            args: args.iter().map(|&arg| arg.to_owned()).collect(),
            kernel: artifacts.kernel().expect("the kernel"),
            woodfrog,
            directory: TempDir::new().expect("a temporary directory"),
        }
    }

    /// The machine with the disk.
    pub fn vm(&self, machine: MachineType, options: &str) -> Vm {
        Vm {
            kernel: self.kernel.clone(),
            machine,
            accel: Accel::Tcg,
            disk: Some(self.disk.path()),
            append: options.to_owned(),
            processors: 1,
            memory_mib: 512,
            timeout: TIMEOUT,
            log: self.file("log"),
        }
    }

    /// Boots until the machine powers off, which must end so.
    pub fn boot(&self, machine: MachineType, options: &str, ending: Ending) -> Boot {
        let running = self.vm(machine, options).start(false).expect("a machine");
        let ended = running.wait();
        assert_eq!(
            ended.ending, ending,
            "{machine:?} {options}\n{}{}",
            ended.log, ended.qemu_errors
        );
        Boot::new(ended)
    }

    /// Boots with bytes on the serial port until the program has ended.
    pub fn boot_with_input(&self, machine: MachineType, options: &str, input: &[u8]) -> Boot {
        let running = self.vm(machine, options).start_with_input(input);
        let ended = running.expect("a machine").wait();
        let Ended {
            log, qemu_errors, ..
        } = &ended;
        assert_eq!(
            ended.ending,
            Ending::Finished,
            "{machine:?} {options}\n{log}{qemu_errors}"
        );
        Boot::new(ended)
    }

    /// The disk behind QEMU's blkdebug protocol, on which the so-manieth event of a kind fails, and if
    /// not `once`, all after it.
    pub fn failing_disk(&self, event: &str, number: u32, once: bool) -> PathBuf {
        let once = if once { "on" } else { "off" };
        let mut rules = format!(
            "[inject-error]\nevent = \"{event}\"\nstate = \"{number}\"\nonce = \"{once}\"\n"
        );
        for state in 1..number {
            let next = state + 1;
            rules += &format!(
                "[set-state]\nevent = \"{event}\"\nstate = \"{state}\"\nnew_state = \"{next}\"\n"
            );
        }
        let file = self.file("rules");
        fs::write(&file, rules).expect("rules");
        let path = format!("blkdebug:{}:{}", file.display(), self.disk.path().display());
        PathBuf::from(path)
    }

    /// A file that is removed in the end.
    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Runs the `woodfrog` command.
    pub fn woodfrog(&self, args: &[&dyn AsRef<OsStr>]) -> Output {
        let mut command = Command::new(&self.woodfrog);
        command.args(args.iter().map(|arg| arg.as_ref()));
        command.output().expect("the command")
    }

    /// What the program prints on Linux, uninterrupted, and its exit status.
    pub fn run_on_linux(&self) -> (String, i32) {
        let mut command = Command::new(&self.woodfrog);
        command.arg("run").arg(&self.module).args(&self.args);
        let output = command.output().expect("the command");
        let code = output.status.code().expect("no signal");
        (text(&output.stdout), code)
    }
}

/// What a boot left.
pub struct Boot {
    pub output: String,
    pub statuses: Vec<Status>,
    pub log: String,
}

impl Boot {
    pub fn new(ended: Ended) -> Self {
        Self {
            output: text(&ended.serial),
            statuses: Status::parse_log(&ended.log),
            log: ended.log,
        }
    }

    /// The commit number that the kernel told last.
    pub fn commit(&self) -> u64 {
        let (_, rest) = self.log.rsplit_once(" commit=").expect("a commit");
        let digits = rest.split_whitespace().next().expect("a number");
        digits.parse().expect("a number")
    }
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("the programs print text")
}
