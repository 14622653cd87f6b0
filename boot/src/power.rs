//! The end: power off, with a status for whoever started the machine.

use crate::arch::port;

/// How the kernel ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The program ended: by itself, by a trap or by `proc_exit`.
    Finished,
    /// The program was frozen, and its checkpoint is on the disk.
    Frozen,
    /// Something the kernel needs is missing or bad: disk, image, option.
    Failed,
    /// Another machine has taken the disk's lease over, so the program was stopped.
    Fenced,
    /// The kernel panicked.
    Panicked,
}

impl Status {
    /// The code for the exit device; a virtual machine then exits with 2 * code + 1.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Finished => 0x10,
            Self::Frozen => 0x11,
            Self::Failed => 0x12,
            Self::Panicked => 0x13,
            Self::Fenced => 0x14,
        }
    }
}

/// A debug device whose writes end the virtual machine.
const EXIT_DEVICE: u16 = 0xf4;
/// PM1a control of the ICH9, where its firmware puts it, and SLP_EN with SLP_TYP = S5.
const PM1A_CONTROL: u16 = 0x604;
const SLEEP_S5: u16 = 1 << 13;
/// Keyboard controller command port, and the command that pulses the reset line.
const KEYBOARD_CONTROLLER: u16 = 0x64;
const PULSE_RESET: u8 = 0xfe;

/// Powers off: by the exit device, by ACPI, or, where there is neither, by a reset.
pub fn off(status: Status) -> ! {
    port::write_u32(EXIT_DEVICE, u32::from(status.exit_code()));
    port::write_u16(PM1A_CONTROL, SLEEP_S5);
    port::write_u8(KEYBOARD_CONTROLLER, PULSE_RESET);
    loop {
        x86_64::instructions::interrupts::disable();
        x86_64::instructions::hlt();
    }
}
