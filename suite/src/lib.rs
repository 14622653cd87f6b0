//! Scripts of the WebAssembly specification's test suite, run on the engine.
//!
//! A [`script`] is a list of modules and assertions about them, in a form that
//! needs neither parser nor operating system, so that a kernel runs the very same
//! assertions as the Linux command does. [`run()`] carries it out in a [`world`],
//! the store that all its modules live in; a [`freezing::Freezer`] says when calls
//! are frozen and thawed on the way, or their frames moved between code [`versions`]. [`pattern`] compares results with what a
//! script expects of them; [`spectest`] is the module that scripts import.
//!
//! [`tracking`] and [`guests`] are tests of other things that Linux and the kernel share.
//!
//! The text of scripts becomes this form on the host (`woodfrog_cli::wast`).
#![no_std]

extern crate alloc;

pub mod batch;
mod checkpointed;
pub mod freezing;
pub mod guests;
pub mod pattern;
pub mod report;
pub mod run;
pub mod script;
pub mod spectest;
pub mod tracking;
pub mod versions;
pub mod world;

pub use report::{Counts, Failure, Kind, Report};
pub use run::{STACK_SIZE, run, run_frozen, run_switching};
pub use script::Script;
