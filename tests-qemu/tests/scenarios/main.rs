//! Programs in the kernel: trapped, frozen, thawed, killed in between, and refused.
//!
//! What a program must print is what `woodfrog run` prints on Linux.

mod bench;
mod campaign;
mod files;
mod freeze;
mod kill;
mod lazy;
mod live;
mod nbd;
mod precompiled;
mod refuse;
mod seed;
mod traps;
mod waits;
mod wasi;
