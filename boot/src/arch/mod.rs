//! The processor: entry, segments, interrupts, clock.

pub mod clock;
pub mod device_interrupts;
pub mod entry;
pub mod interrupts;
pub(crate) mod io_apic;
pub mod layout;
mod memory_functions;
pub mod port;
pub(crate) mod random;
pub mod segments;
pub mod timer;
