//! What a run was asked for.

use std::path::{Path, PathBuf};
use std::time::Duration;

/// How much is measured, and where.
pub struct Plan {
    /// Checkpoints of each guest whose pauses are measured.
    pub checkpoints: usize,
    /// How often everything else is measured.
    pub rounds: usize,
    /// Time between two checkpoints.
    pub interval: Duration,
    /// Which pages guests write to.
    pub seed: u64,
    /// The memory of the guest whose checkpoints' throughput is measured.
    pub throughput_mib: u64,
    /// The memory of the guest whose slowdown is measured.
    pub slowdown_mib: u64,
    /// Checkpoints of each guest in a virtual machine whose pauses are measured.
    pub qemu_checkpoints: usize,
    /// How often a guest's slowdown in a virtual machine is measured.
    pub qemu_rounds: usize,
    /// How long it runs for that each time.
    pub qemu_time: Duration,
    /// Whether to be done within a minute or two.
    pub is_quick: bool,
    folder: PathBuf,
}

impl Plan {
    /// A plan whose disks are in `folder`.
    pub fn new(folder: &Path, seed: u64, is_quick: bool) -> Self {
        let choose = |quick, full| if is_quick { quick } else { full };
        Self {
            checkpoints: choose(20, 100),
            rounds: choose(2, 9),
            interval: Duration::from_millis(choose(100, 250) as u64),
            seed,
            throughput_mib: choose(16, 256) as u64,
            slowdown_mib: choose(16, 256) as u64,
            qemu_checkpoints: choose(5, 100),
            qemu_rounds: choose(1, 3),
            qemu_time: Duration::from_secs(choose(2, 6) as u64),
            is_quick,
            folder: folder.to_owned(),
        }
    }

    /// Memories of guests whose pauses are measured, in MiB, ascending.
    pub fn sizes(&self) -> &[u64] {
        match self.is_quick {
            true => &[16, 64],
            false => &[16, 256, 1024],
        }
    }

    /// A file that is removed in the end.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}
