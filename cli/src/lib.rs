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
//! [`LinuxPlatform`] is all that the library needs to run on Linux: here a program that is frozen
//! in the middle of its loop, and goes on from the bytes with memory that is read when it is needed.
//!
//! ```
//! use std::sync::Arc;
//! use woodfrog::image::ImagePages;
//! use woodfrog::runtime::{Config, Engine, LazyMemory, Linker, Module, Outcome, Store};
//! use woodfrog::runtime::{StoreLimits, StoreLimitsBuilder};
//! use woodfrog_cli::LinuxPlatform;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let engine = Engine::new(Arc::new(LinuxPlatform::new()), Config::default());
//! let wasm = wat::parse_str(
//!     r#"(module
//!       (import "host" "log" (func $log (param i64)))
//!       (memory 16)
//!       (func (export "sum") (param $n i64) (result i64) (local $sum i64)
//!         (loop $again
//!           (local.set $sum (i64.add (local.get $sum) (local.get $n)))
//!           (i64.store (i32.const 500000) (local.get $sum))
//!           (local.set $n (i64.sub (local.get $n) (i64.const 1)))
//!           (br_if $again (i64.ne (local.get $n) (i64.const 0))))
//!         (call $log (local.get $sum))
//!         (i64.load (i32.const 500000))))"#,
//! )?;
//! let module = Module::new(&engine, &wasm)?;
//! let mut linker = Linker::new();
//! linker.func_wrap("host", "log", |sum: i64| println!("guest: {sum}"));
//!
//! let mut store = Store::new(&engine, ());
//! let instance = linker.instantiate(&mut store, &module)?;
//! let sum = instance.get_typed_func::<i64, i64>(&store, "sum")?;
//! store.interrupt_handle().request_suspend();
//! assert_eq!(sum.call(&mut store, 1000)?, Outcome::Suspended);
//! let bytes = store.freeze()?.to_bytes();
//! drop(store);
//!
//! let (image, pages) = ImagePages::parse(bytes)?;
//! let memory = LazyMemory {
//!     source: Box::new(pages),
//!     base: None,
//! };
//! let mut store = engine.thaw_lazily(image, &linker, (), memory)?;
//! assert_eq!(store.page_counts().loaded, 0);
//! let instance = store.instances().next().ok_or("no instance")?;
//! let sum = instance.get_typed_func::<i64, i64>(&store, "sum")?;
//! assert_eq!(sum.resume(&mut store)?, Outcome::Returned(500_500));
//! assert!(store.page_counts().loaded > 0);
//!
//! // A store that may have little: it cannot even begin.
//! let limits = StoreLimitsBuilder::new().memory_size(64 << 10).build();
//! let mut store = Store::new(&engine, limits);
//! store.limiter(|limits| limits);
//! let mut linker = Linker::<StoreLimits>::new();
//! linker.func_wrap("host", "log", |_: i64| ());
//! let refused = linker.instantiate(&mut store, &module).unwrap_err();
//! assert!(refused.to_string().contains("1048576 bytes"));
//! # Ok(())
//! # }
//! ```

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
