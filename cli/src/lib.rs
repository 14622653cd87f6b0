//! The Linux host of the Woodfrog engine: the `woodfrog` command, and the
//! platform beneath it for whoever runs the engine on Linux.
//!
//! [`args`] says what can be asked for; [`run`], [`resume`], [`inspect`] and
//! [`compile`] do it. The first two prepare a [`session`], which goes through the
//! program and freezes it on the way, or moves it between code versions; what came of
//! it is a [`report`]. [`wast`] runs the scripts of WebAssembly's own tests.
//!
//! # Examples
//!
//! [`LinuxPlatform`] is all that the library needs to run on Linux: the library's own examples
//! use it, such as those of [`woodfrog::runtime`].

pub mod archive;
pub mod args;
pub mod compile;
pub mod coredump;
pub mod directories;
pub mod disk;
pub mod error;
pub mod files;
pub mod frames;
pub mod freeze;
pub mod frozen;
mod guest_buffer;
pub mod host;
pub mod input;
pub mod inspect;
pub mod json;
pub mod load;
pub mod loading;
pub mod manual;
pub mod output;
mod pagemap;
pub mod platform;
pub mod progress;
pub mod report;
pub mod resume;
pub mod run;
pub mod segments;
pub mod session;
pub mod symbols;
pub mod timer;
mod userfault;
pub mod values;
pub mod wast;

pub use error::Failure;
pub use platform::LinuxPlatform;

use args::{Cli, Command};
use clap::Parser;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::process::ExitCode;

/// The exit code for a bad module, image or option.
pub const EXIT_FAILURE: u8 = 1;

/// Runs the command with the arguments of a process, the command's own name
/// first, and returns the process's exit code.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // Nobody is left to be told if this fails. A reader that went away has seen enough.
            let is_told = error
                .print()
                .map_or_else(|error| error.kind() == ErrorKind::BrokenPipe, |()| true);
            let is_failure = error.use_stderr() || !is_told;
            return ExitCode::from(if is_failure { EXIT_FAILURE } else { 0 });
        }
    };
    let result = match cli.command {
        Command::Run(args) => run::run(&args),
        Command::Resume(args) => resume::resume(&args),
        Command::Inspect(args) => inspect::inspect(&args),
        Command::Coredump(args) => coredump::coredump(&args),
        Command::Compile(args) => compile::compile(&args),
        Command::Disk(args) => disk::run(&args),
        Command::Wast(args) => wast::run(&args),
        Command::Completions(args) => manual::completions(&args),
        Command::Man(args) => manual::man(&args),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            report::error_line(&failure);
            ExitCode::from(EXIT_FAILURE)
        }
    }
}
