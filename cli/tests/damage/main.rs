//! Damaged modules and disks, and damaged images of programs of every shape, on
//! the whole way from bytes to a running store: each is refused with a typed
//! error, or is a store that runs within wasm's rules.
//!
//! Each test makes its mutations from a fixed seed, and prints that of a
//! mutation it fails on.

mod bytes;
mod disks;
mod guest;
mod images;
mod modules;
mod random;
