//! Runs a program in a virtual machine whose power goes off twice on the way.

use crate::catalog::{Program, Step};
use crate::record::Record;
use crate::steps::{Done, Steps};
use anyhow::{Result, bail};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use woodfrog_qemu::{Accel, Disk, Ended, Ending, MachineType, Status, Vm};

/// A program that is run in a machine.
pub struct MachineRun<'a> {
    /// The kernel.
    pub kernel: &'a Path,
    /// The command, which makes disks.
    pub woodfrog: &'a Path,
    /// The program.
    pub program: &'a Program,
    /// Its module.
    pub module: &'a Path,
    /// How much memory the machine has.
    pub memory_mib: u32,
    /// How long it may be on each time.
    pub limit: Duration,
    /// The folder for its directory and its outputs, made anew.
    pub folder: &'a Path,
    /// The folder that the unfrozen run on Linux had.
    pub unfrozen: &'a Path,
}

/// How often the power goes off.
const POWER_CYCLES: u64 = 2;

/// How long the program runs before it is first frozen. If it ends before it has been frozen
/// as often as it should, it runs again and half as long each time.
const FIRST_DELAY_MS: u64 = 512;

/// Room for checkpoints of the largest memory; the file is sparse.
const DISK_SIZE: &str = "4G";

impl MachineRun<'_> {
    /// Runs all steps, or as many as do what they must.
    ///
    /// # Errors
    ///
    /// A file cannot be read or written, or a command not run.
    pub fn run(&self) -> Result<Record> {
        let directory = self.root().join("w");
        let steps = Steps {
            program: self.program,
            folder: self.folder,
            directory: &directory,
            unfrozen: self.unfrozen,
        };
        steps.run(|_, step, record| self.step(step, record))
    }

    fn step(&self, step: &Step, record: &mut Record) -> Result<Done> {
        let start = Instant::now();
        let mut delay_ms = FIRST_DELAY_MS;
        let (printed, status) = loop {
            match self.attempt(step, delay_ms)? {
                Some(result) => break result,
                None if delay_ms == 1 => bail!("the program ends before it can be frozen"),
                None => delay_ms /= 2,
            }
        };
        record.seconds += start.elapsed().as_secs_f64();
        record.freezes += POWER_CYCLES;
        let end = match status {
            Status::Returned => Ok(0),
            Status::Exited(status) => Ok(status as i32),
            other => Err(other.to_string()),
        };
        Ok(Done { printed, end })
    }

    /// Runs a step, freezing it after `delay_ms` each time; None if it ended too soon.
    fn attempt(&self, step: &Step, delay_ms: u64) -> Result<Option<(Vec<u8>, Status)>> {
        let disk = self.disk(step)?;
        let mut printed = Vec::new();
        for _ in 0..POWER_CYCLES {
            let ended = self.boot(&disk, &format!("freeze_after_ms={delay_ms}"))?;
            if ended.ending != Ending::Frozen {
                return Ok(None);
            }
            printed.extend(ended.serial);
        }
        let ended = self.boot(&disk, "")?;
        printed.extend(ended.serial);
        match Status::parse_log(&ended.log).pop() {
            Some(status) => Ok(Some((printed, status))),
            None => bail!("the kernel gave no result\n{}", ended.log),
        }
    }

    /// The folder that the program sees as `/`.
    fn root(&self) -> PathBuf {
        self.folder.join("root")
    }

    /// A disk with the program and its directory.
    fn disk(&self, step: &Step) -> Result<Disk> {
        let root = self.root();
        let options = [OsStr::new("--dir"), root.as_os_str()];
        let disk = Disk::create_with(self.woodfrog, DISK_SIZE, self.module, step.args, &options)?;
        Ok(disk)
    }

    /// Boots once; what the program wrote and how it ended.
    fn boot(&self, disk: &Disk, options: &str) -> Result<Ended> {
        let vm = Vm {
            kernel: self.kernel.to_owned(),
            machine: MachineType::Q35,
            accel: Accel::Auto,
            disk: Some(disk.path()),
            append: options.to_owned(),
            processors: 1,
            memory_mib: self.memory_mib,
            timeout: self.limit,
            log: self.folder.join("kernel.log"),
        };
        let ended = vm.start(false)?.wait();
        match ended.ending {
            Ending::Finished | Ending::Frozen => Ok(ended),
            ending => bail!(
                "the machine ended as {ending:?}\n{}{}",
                ended.log,
                ended.qemu_errors
            ),
        }
    }
}
