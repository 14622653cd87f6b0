//! Runs programs to their end.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::{Command, Output};

/// Why a program did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// It could not be started.
    #[error("cannot start {}: {source}", .program.display())]
    Start {
        /// The program.
        program: OsString,
        /// The system's reason.
        source: io::Error,
    },
    /// It failed.
    #[error("{command} failed: {message}")]
    Failed {
        /// The command line.
        command: String,
        /// What it wrote to standard error.
        message: String,
    },
    /// A file could not be made.
    #[error("{}: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

/// Runs a program, which must succeed, and returns what it wrote.
pub(crate) fn run(command: &mut Command) -> Result<Output, CommandError> {
    let output = command.output().map_err(|source| CommandError::Start {
        program: command.get_program().to_owned(),
        source,
    })?;
    if output.status.success() {
        return Ok(output);
    }
    Err(CommandError::Failed {
        command: format!("{command:?}"),
        message: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}
