//! The embedding API, end to end on Linux.

mod calls;
mod debug;
mod freeze;
mod harness;
mod host_frames;
mod random;
mod tail_calls;
mod traps;
mod vectors;
mod versions;
