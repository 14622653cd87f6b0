//! What a virtual machine is made of, as a QEMU command line.

use crate::running::Running;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

/// The machine types that the kernel supports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum MachineType {
    /// A PC with PCI Express; virtio over PCI.
    Q35,
    /// QEMU's minimal machine; virtio over MMIO.
    Microvm,
}

impl MachineType {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Q35, Self::Microvm];

    /// QEMU's name of it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Q35 => "q35",
            Self::Microvm => "microvm",
        }
    }
}

/// How instructions are executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Accel {
    /// KVM where the processor has hardware virtualisation for it, else TCG.
    Auto,
    /// QEMU's translator.
    Tcg,
    /// The host's KVM.
    Kvm,
}

/// A virtual machine that can be started, any number of times.
#[derive(Clone, Debug)]
pub struct Vm {
    /// The kernel, an ELF file.
    pub kernel: PathBuf,
    /// Machine type.
    pub machine: MachineType,
    /// Accelerator.
    pub accel: Accel,
    /// Raw disk image, if it has a disk.
    pub disk: Option<PathBuf>,
    /// Kernel command line.
    pub append: String,
    /// How many processors it has; the kernel uses one.
    pub processors: u32,
    /// RAM in MiB.
    pub memory_mib: u32,
    /// How long it may run.
    pub timeout: Duration,
    /// Where the kernel's own lines go: a file, overwritten at each start.
    pub log: PathBuf,
}

/// Why a machine did not start.
#[derive(Debug, thiserror::Error)]
pub enum VmError {
    /// There is no QEMU.
    #[error("cannot start {program}: {source}; `make setup` installs it")]
    NoQemu {
        /// The program that was tried.
        program: &'static str,
        /// Why it did not start.
        source: std::io::Error,
    },
    /// The log file cannot be made.
    #[error("cannot write {path}: {source}")]
    Log {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// The emulator.
const QEMU: &str = "qemu-system-x86_64";

impl Vm {
    /// Starts the machine. With `is_echoed`, the guest's output is also written to
    /// standard output as it comes.
    ///
    /// # Errors
    ///
    /// [`VmError`].
    pub fn start(&self, is_echoed: bool) -> Result<Running, VmError> {
        self.start_with(is_echoed, Stdio::null())
    }

    /// Starts the machine, and sends bytes to its serial port as it takes them.
    ///
    /// # Errors
    ///
    /// [`VmError`].
    pub fn start_with_input(&self, input: &[u8]) -> Result<Running, VmError> {
        let mut running = self.start_with(false, Stdio::piped())?;
        running.send(input.to_vec());
        Ok(running)
    }

    fn start_with(&self, is_echoed: bool, stdin: Stdio) -> Result<Running, VmError> {
        fs::write(&self.log, "").map_err(|source| VmError::Log {
            path: self.log.clone(),
            source,
        })?;
        let child = Command::new(QEMU)
            .args(self.arguments())
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|source| VmError::NoQemu {
                program: QEMU,
                source,
            })?;
        Ok(Running::new(
            child,
            self.timeout,
            self.log.clone(),
            is_echoed,
        ))
    }

    fn arguments(&self) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = Vec::new();
        let mut add = |words: &[&str]| arguments.extend(words.iter().map(OsString::from));
        add(&[
            "-nodefaults",
            "-no-user-config",
            "-display",
            "none",
            "-no-reboot",
        ]);
        add(&["-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"]);
        add(&["-serial", "stdio"]);
        add(&["-smp", &self.processors.to_string()]);
        add(&["-m", &format!("{}M", self.memory_mib)]);
        match self.machine {
            MachineType::Q35 => add(&["-M", "q35"]),
            MachineType::Microvm => {
                add(&["-M", "microvm", "-global", "virtio-mmio.force-legacy=false"])
            }
        }
        match self.accel {
            Accel::Kvm => add(&["-accel", "kvm", "-cpu", "host"]),
            Accel::Auto if has_hardware_kvm() => add(&["-accel", "kvm", "-cpu", "host"]),
            Accel::Auto | Accel::Tcg => add(&["-accel", "tcg", "-cpu", "max"]),
        }
        if !self.append.is_empty() {
            add(&["-append", &self.append]);
        }
        let mut file = |option: &str, prefix: &str, path: &PathBuf| {
            let mut value = OsString::from(prefix);
            value.push(path);
            arguments.extend([OsString::from(option), value]);
        };
        file("-kernel", "", &self.kernel);
        file("-debugcon", "file:", &self.log);
        if let Some(disk) = &self.disk {
            file("-drive", "if=none,id=disk,format=raw,file=", disk);
            let device = match self.machine {
                MachineType::Q35 => "virtio-blk-pci,drive=disk",
                MachineType::Microvm => "virtio-blk-device,drive=disk",
            };
            arguments.extend(["-device", device].map(OsString::from));
        }
        arguments
    }
}

/// Whether /dev/kvm is backed by hardware. A KVM in software runs kernel code by
/// emulating it, far slower than TCG, and without many instructions.
fn has_hardware_kvm() -> bool {
    let features = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let has_extension = features
        .split_ascii_whitespace()
        .any(|word| word == "vmx" || word == "svm");
    has_extension
        && fs::metadata("/sys/module/kvm_pvm").is_err()
        && fs::File::open("/dev/kvm").is_ok()
}
