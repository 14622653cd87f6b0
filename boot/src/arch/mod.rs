//! The processor: entry, segments, interrupts, clock.

pub mod clock;
pub mod entry;
pub mod interrupts;
pub mod layout;
mod memory_functions;
pub mod port;
pub(crate) mod random;
pub mod segments;
pub mod timer;
