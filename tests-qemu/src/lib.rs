//! Virtual machines that boot the kernel: how to start one, what it wrote, how it ended.
//!
//! [`machine::Vm`] describes a machine, [`running::Running`] is one that has been
//! started, [`running::Ended`] is what is left of it. The guest's output comes from
//! the serial port, byte for byte; the kernel's own lines from the debug console, its
//! [`Status`] lines among them. [`Artifacts`] builds what is booted, a
//! [`Disk`] is a checkpoint disk in a file, which a [`BlockServer`] can serve by network.

mod artifacts;
mod block_server;
mod command;
mod disk;
pub mod machine;
pub mod running;
mod status;

pub use artifacts::Artifacts;
pub use block_server::BlockServer;
pub use command::CommandError;
pub use disk::Disk;
pub use machine::{Accel, MachineType, Vm, VmError};
pub use running::{Ended, Ending, Running};
pub use status::{CheckpointFigures, Status, ThawFigures, TrapStatus};
