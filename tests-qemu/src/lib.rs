//! Virtual machines that boot the kernel: how to start one, what it wrote, how it ended.
//!
//! [`machine::Vm`] describes a machine, [`running::Running`] is one that has been
//! started, [`running::Ended`] is what is left of it. The guest's output comes from
//! the serial port, byte for byte; the kernel's own lines from the debug console.

pub mod machine;
pub mod running;

pub use machine::{Accel, MachineType, Vm, VmError};
pub use running::{Ended, Ending, Running};
