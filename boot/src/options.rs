//! The kernel's options.
