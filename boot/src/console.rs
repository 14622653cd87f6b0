//! What the kernel and its guest write.
//!
//! The guest's output goes, byte for byte, to the serial port (a 16550 at COM1). The
//! kernel's own lines go to the debug console (port 0xe9) if there is one, so that they
//! never mix with the guest's; else to the serial port as well.
//!
//! What the port receives stays in its own queue of 16 bytes until the guest reads it: an
//! emulator waits with more, and whoever types is slow. It has an interrupt, so that the
//! processor can be halted while the guest waits.

use crate::arch::{io_apic, port, timer};
use core::fmt::{self, Write};
use core::sync::atomic::{AtomicBool, Ordering};

/// How much the kernel says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Status lines, errors and panics only.
    Quiet,
    /// What it does, step by step.
    #[default]
    Info,
}

/// COM1 and its registers (PC16550D, section 8).
const COM1: u16 = 0x3f8;
const LINE_STATUS: u16 = COM1 + 5;
const TRANSMITTER_EMPTY: u8 = 1 << 5;
const DATA_READY: u8 = 1 << 0;
const INTERRUPT_ENABLE: u16 = COM1 + 1;
const RECEIVED_DATA: u8 = 1 << 0;
/// Data terminal ready, request to send, and what connects the interrupt on a PC.
const MODEM_CONTROL: u16 = COM1 + 4;
const READY_AND_INTERRUPT: u8 = 0b1011;

/// The ISA interrupt of COM1, and its vector.
const IRQ: u8 = 4;
pub(crate) const VECTOR: u8 = 58;

/// What a terminal sends for the end of input (Ctrl-D), and for a line's end.
const END_OF_TRANSMISSION: u8 = 0x04;
const CARRIAGE_RETURN: u8 = b'\r';

/// The debug console; reading it back gives its own number.
const DEBUG_CONSOLE: u16 = 0xe9;

static IS_QUIET: AtomicBool = AtomicBool::new(false);
/// Whether the next reading is to find the end of input.
static HAS_END: AtomicBool = AtomicBool::new(false);
static HAS_DEBUG_CONSOLE: AtomicBool = AtomicBool::new(false);

/// Sets the serial port to 115200 8N1, no interrupts, and looks for the debug console.
pub(crate) fn init() {
    port::write_u8(COM1 + 1, 0);
    port::write_u8(COM1 + 3, 0x80);
    port::write_u8(COM1, 1);
    port::write_u8(COM1 + 1, 0);
    port::write_u8(COM1 + 3, 0x03);
    port::write_u8(COM1 + 2, 0x07);
    port::write_u8(COM1 + 4, 0x03);
    let is_there = port::read_u8(DEBUG_CONSOLE) == DEBUG_CONSOLE as u8;
    HAS_DEBUG_CONSOLE.store(is_there, Ordering::Relaxed);
}

/// Sets how much [`info!`](crate::info) says.
pub fn set_log_level(level: LogLevel) {
    IS_QUIET.store(level < LogLevel::Info, Ordering::Relaxed);
}

/// Writes the guest's output to the serial port.
pub fn write_serial(bytes: &[u8]) {
    for &byte in bytes {
        while port::read_u8(LINE_STATUS) & TRANSMITTER_EMPTY == 0 {
            core::hint::spin_loop();
        }
        port::write_u8(COM1, byte);
    }
}

/// Lets received bytes interrupt. To be called once interrupts are enabled.
pub fn listen() {
    port::write_u8(MODEM_CONTROL, READY_AND_INTERRUPT);
    port::write_u8(INTERRUPT_ENABLE, RECEIVED_DATA);
    io_apic::route(IRQ, VECTOR);
}

/// The interrupt: has woken whoever waits, which is all it is for.
pub(crate) fn handle_interrupt() {
    timer::end_interrupt();
}

/// Whether there is something to be read from the serial port, or the end of input.
pub fn has_input() -> bool {
    HAS_END.load(Ordering::Relaxed) || has_byte()
}

fn has_byte() -> bool {
    port::read_u8(LINE_STATUS) & DATA_READY != 0
}

/// Reads what the serial port has received, as a terminal gives it: a carriage return is
/// a line's end, and Ctrl-D the end of input, for which 0 is returned. Does not wait.
pub fn read_serial(buffer: &mut [u8]) -> usize {
    if HAS_END.swap(false, Ordering::Relaxed) {
        return 0;
    }
    let mut len = 0;
    for place in buffer {
        if !has_byte() {
            break;
        }
        match port::read_u8(COM1) {
            END_OF_TRANSMISSION => {
                // What came before it is read first.
                HAS_END.store(len > 0, Ordering::Relaxed);
                break;
            }
            CARRIAGE_RETURN => *place = b'\n',
            byte => *place = byte,
        }
        len += 1;
    }
    len
}

/// The kernel's own lines. Use [`status!`](crate::status) and [`info!`](crate::info).
pub struct KernelLog;

impl Write for KernelLog {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        if HAS_DEBUG_CONSOLE.load(Ordering::Relaxed) {
            for byte in s.bytes() {
                port::write_u8(DEBUG_CONSOLE, byte);
            }
        } else {
            write_serial(s.as_bytes());
        }
        Ok(())
    }
}

/// Whether [`info!`](crate::info) says anything.
pub fn is_info_enabled() -> bool {
    !IS_QUIET.load(Ordering::Relaxed)
}

/// Writes a line of the kernel's, always.
#[macro_export]
macro_rules! status {
    ($($arg:tt)*) => {{
        use core::fmt::Write as _;
        // Writing to a port does not fail.
        let _ = writeln!($crate::console::KernelLog, $($arg)*);
    }};
}

/// Writes a line of the kernel's unless `log=quiet`.
#[macro_export]
macro_rules! info {
    ($($arg:tt)*) => {
        if $crate::console::is_info_enabled() {
            $crate::status!($($arg)*);
        }
    };
}
