//! Wasmtime, as whoever says what Woodfrog should do.
//!
//! [`programs`] remakes the expected results of `tests/programs`, [`seeds`] those of
//! random programs; [`wasi`] runs the guest of `tests/wasi`. [`Wasmtime`] goes through one random program, for the comparison.
//! The engine's own tests compare with files, so they need not build Wasmtime.

mod message;
mod program;
pub mod programs;
mod run;
pub mod seeds;
pub mod subject;
#[cfg(feature = "wasi")]
pub mod wasi;

pub use subject::Wasmtime;
