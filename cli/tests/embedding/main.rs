//! The embedding API, end to end on Linux.

mod calls;
mod debug;
mod disk;
mod freeze;
mod harness;
mod host_frames;
mod host_parts;
mod lazy;
mod lazy_live;
mod limits;
mod linking;
mod live;
mod pending;
mod precompiled;
mod progress;
mod random;
mod suspend;
mod tail_calls;
mod traps;
mod typed;
mod vector_accesses;
mod vector_constants;
mod vector_operators;
mod vectors;
mod versions;
