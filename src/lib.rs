//! Woodfrog: a `no_std` WebAssembly engine whose running instances can be
//! frozen at any moment and thawed elsewhere.
//!
//! Data flows one way through the crate, and so does a reader:
//!
//! ```text
//! wasm bytes -> module -> compile -> state    (inert: code bytes, state maps, trap table)
//!            -> runtime -> platform           (... runs ...)
//! fault / interrupt / host call -> trap -> frame (read_stack)
//!            -> image -> checkpoint           (bytes, then a block device)
//!            -> image -> frame (rebuild)      (... runs on ...)
//! ```
//!
//! * [`abi`]: what machine code, compiler and runtime agree on: registers,
//!   calling convention, [`abi::VmCtx`], trap codes, values.
//! * [`module`]: wasm bytes to a validated, inert [`module::Module`].
//! * [`compile`]: a module to machine code and its state map. Never executes anything.
//! * [`state`]: the state model: which wasm value lives where, at every suspend point.
//! * [`precompiled`]: a compiled module as bytes, and the check of such bytes.
//! * [`runtime`]: the embedding API: engine, store, linker, instance.
//! * [`platform`]: what an embedder gives the engine: memory, stacks, time.
//! * [`trap`]: machine faults to wasm traps.
//! * [`frame`]: reads and rebuilds machine stacks.
//! * [`image`]: a frozen instance as bytes, and the validation of hostile ones.
//! * `checkpoint`: generations of guests, durable on a block device.
//! * `scheduler`: many guests on one processor, parked to images while they are idle.
//! * `wasi`: the WASI preview 1 host.
//!
//! # Features of the crate
//!
//! All are on by default, and each only adds: `bare` (the platform for kernels, `platform::bare`),
//! `checkpoint`, `lz4` (pages of checkpoints compressed), `simd` (without, a module with vectors is refused with
//! [`module::DecodeError::UnsupportedFeature`]), `scheduler` and `wasi`.
#![no_std]
#![deny(missing_docs)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod abi;
#[cfg(feature = "checkpoint")]
pub mod checkpoint;
pub mod compile;
pub mod frame;
pub mod image;
pub mod limits;
pub mod module;
pub mod platform;
pub mod precompiled;
pub mod runtime;
#[cfg(feature = "scheduler")]
pub mod scheduler;
pub mod state;
pub mod trap;
#[cfg(feature = "wasi")]
pub mod wasi;

#[cfg(not(target_arch = "x86_64"))]
compile_error!("woodfrog compiles to x86-64 machine code and runs on x86-64 only");
