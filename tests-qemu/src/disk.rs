//! Checkpoint disks in temporary files, made and read by the `woodfrog` command.

use crate::command::{self, CommandError};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A checkpoint disk that is removed when dropped.
#[derive(Debug)]
pub struct Disk {
    woodfrog: PathBuf,
    directory: TempDir,
}

impl Disk {
    /// Makes a disk of `size` (such as `64M`) with a program.
    ///
    /// # Errors
    ///
    /// This and all below: [`CommandError`], if the command fails.
    pub fn create(
        woodfrog: &Path,
        size: &str,
        module: &Path,
        args: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Result<Self, CommandError> {
        Self::create_with(woodfrog, size, module, args, &[])
    }

    /// Makes a disk with a program, with more options of `woodfrog disk create`.
    pub fn create_with(
        woodfrog: &Path,
        size: &str,
        module: &Path,
        args: impl IntoIterator<Item = impl AsRef<OsStr>>,
        options: &[&OsStr],
    ) -> Result<Self, CommandError> {
        let directory = tempfile::tempdir().map_err(|source| CommandError::File {
            path: std::env::temp_dir(),
            source,
        })?;
        let disk = Self {
            woodfrog: woodfrog.to_owned(),
            directory,
        };
        let mut create = disk.command("create");
        create.args(["--size", size, "--module"]).arg(module);
        for arg in args {
            create.arg("--arg").arg(arg);
        }
        create.args(options);
        command::run(&mut create)?;
        Ok(disk)
    }

    /// The disk's file.
    pub fn path(&self) -> PathBuf {
        self.directory.path().join("disk")
    }

    /// Writes the newest checkpoint's image to a file.
    pub fn extract_image(&self, file: &Path) -> Result<(), CommandError> {
        command::run(self.command("extract").arg("--image").arg(file)).map(|_| ())
    }

    /// Writes the files of the newest checkpoint to a tar archive.
    pub fn extract_files(&self, file: &Path) -> Result<(), CommandError> {
        command::run(self.command("extract").arg("--files").arg(file)).map(|_| ())
    }

    /// Makes an image the newest checkpoint.
    pub fn add_image(&self, file: &Path) -> Result<(), CommandError> {
        command::run(self.command("add").arg("--image").arg(file)).map(|_| ())
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(&self.woodfrog);
        command.args(["disk", name]).arg(self.path());
        command
    }
}
