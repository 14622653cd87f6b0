//! Port input and output.

#![expect(unsafe_code, reason = "port instructions")]

use x86_64::instructions::port::Port;

/// Writes a byte to a device register that has no effect on memory safety.
pub(crate) fn write_u8(port: u16, value: u8) {
    // SAFETY: only for ports of devices that cannot write memory (this crate's callers).
    unsafe { Port::new(port).write(value) }
}

/// Reads a byte.
pub(crate) fn read_u8(port: u16) -> u8 {
    // SAFETY: as for `write_u8`.
    unsafe { Port::new(port).read() }
}

/// Writes 16 bits.
pub(crate) fn write_u16(port: u16, value: u16) {
    // SAFETY: as for `write_u8`.
    unsafe { Port::new(port).write(value) }
}

/// Writes 32 bits.
pub(crate) fn write_u32(port: u16, value: u32) {
    // SAFETY: as for `write_u8`.
    unsafe { Port::new(port).write(value) }
}
/// Reads 32 bits.
pub(crate) fn read_u32(port: u16) -> u32 {
    // SAFETY: as for `write_u8`.
    unsafe { Port::new(port).read() }
}
