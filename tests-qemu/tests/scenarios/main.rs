//! Programs in the kernel: trapped, frozen, thawed, and killed in between.
//!
//! What a program must print is what `woodfrog run` prints on Linux.

mod bench;
mod freeze;
mod kill;
mod traps;
