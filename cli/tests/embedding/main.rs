//! The embedding API, end to end on Linux.

mod calls;
mod harness;
mod traps;
