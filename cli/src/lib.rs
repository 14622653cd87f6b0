//! The Linux host of the Woodfrog engine: the `woodfrog` command, and the
//! platform beneath it for whoever runs the engine on Linux.

pub mod platform;

pub use platform::LinuxPlatform;
