//! The processor: entry, extensions, segments, interrupts, clock.

pub mod clock;
pub mod entry;
pub(crate) mod extensions;
pub mod interrupts;
pub mod layout;
mod memory_functions;
pub mod port;
pub(crate) mod random;
pub mod segments;
pub mod timer;
