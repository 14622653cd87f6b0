//! The I/O APICs, which make interrupts of the lines of devices that cannot send messages
//! (Intel 82093AA datasheet).
//!
//! Where there is no PCI, nothing that is easy to read says which pin a device has. So all pins are
//! let through, the driver looks which one comes, and only that is kept.

#![expect(unsafe_code, reason = "device registers")]

use super::device_interrupts::{PINS, VECTORS};
use super::timer;

/// Where they are on PCs: the first one, and on a microvm a second one.
const BASES: [usize; 2] = [0xfec0_0000, 0xfec1_0000];

/// Registers: the number of an inner one is written to the first, which is then in the other.
const SELECT: usize = 0x00;
const WINDOW: usize = 0x10;
/// Inner registers.
const VERSION: u32 = 1;
const REDIRECTION: u32 = 0x10;

const MASKED: u32 = 1 << 16;

/// Lets the pins through that `is_wanted` chooses: pin n of any I/O APIC comes as vector
/// `VECTORS.start + n`, when its line rises. All others are masked.
pub(crate) fn choose_pins(is_wanted: impl Fn(u8) -> bool) {
    for base in BASES {
        for pin in 0..pin_count(base) {
            let entry = REDIRECTION + 2 * u32::from(pin);
            let vector = VECTORS.start + pin;
            let mask = if is_wanted(pin) { 0 } else { MASKED };
            write(base, entry, MASKED);
            write(base, entry + 1, timer::local_apic_id() << 24);
            write(base, entry, u32::from(vector) | mask);
        }
    }
}

/// Lets one pin of the first I/O APIC through under a vector of its own, when its line rises:
/// that of an ISA device, whose number is its interrupt's on a PC. [`choose_pins`] masks it again.
pub(crate) fn route(pin: u8, vector: u8) {
    let entry = REDIRECTION + 2 * u32::from(pin);
    write(BASES[0], entry + 1, timer::local_apic_id() << 24);
    write(BASES[0], entry, u32::from(vector));
}

/// How many pins there are for which there are vectors; 0 if there is no I/O APIC.
fn pin_count(base: usize) -> u8 {
    let version = read(base, VERSION);
    let last_pin = (version >> 16) as u8;
    match version {
        0 | u32::MAX => 0,
        _ => PINS.min(last_pin.saturating_add(1)),
    }
}

fn read(base: usize, register: u32) -> u32 {
    let window: *const u32 = core::ptr::with_exposed_provenance(base + WINDOW);
    select(base, register);
    // SAFETY: the address is mapped, for a device or nothing, and affects no memory.
    unsafe { window.read_volatile() }
}

fn write(base: usize, register: u32, value: u32) {
    let window: *mut u32 = core::ptr::with_exposed_provenance_mut(base + WINDOW);
    select(base, register);
    // SAFETY: as above.
    unsafe { window.write_volatile(value) };
}

fn select(base: usize, register: u32) {
    let select: *mut u32 = core::ptr::with_exposed_provenance_mut(base + SELECT);
    // SAFETY: as above.
    unsafe { select.write_volatile(register) };
}
