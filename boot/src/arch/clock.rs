//! Time: the TSC, calibrated against the PIT, and the date from the CMOS clock.
//!
//! Timer ticks are no clock: an emulator drops some under load.

use super::port;
use core::sync::atomic::{AtomicU64, Ordering};

/// The PIT's frequency (Intel 8254).
const PIT_HZ: u64 = 1_193_182;
const PIT_CHANNEL_0: u16 = 0x40;
const PIT_COMMAND: u16 = 0x43;
/// Channel 0, both bytes, rate generator.
const PIT_RATE_GENERATOR: u8 = 0x34;
const PIT_LATCH_CHANNEL_0: u8 = 0x00;

/// How long calibration looks at the PIT: some 10 ms.
const CALIBRATION_PIT_TICKS: u64 = PIT_HZ / 100;
/// Reads of a PIT that does not count before calibration gives up.
const MAX_READS: u32 = 1_000_000;

static TSC_HZ: AtomicU64 = AtomicU64::new(0);
static TSC_AT_BOOT: AtomicU64 = AtomicU64::new(0);
/// Unix time at boot.
static BOOT_SECONDS: AtomicU64 = AtomicU64::new(0);

/// Calibrates. To be called once, before anything reads the time.
///
/// # Panics
///
/// Panics if there is no PIT that counts.
pub(crate) fn init() {
    let (pit_ticks, tsc_ticks) = measure();
    TSC_HZ.store(tsc_ticks * PIT_HZ / pit_ticks, Ordering::Relaxed);
    TSC_AT_BOOT.store(tsc(), Ordering::Relaxed);
    BOOT_SECONDS.store(read_cmos_time(), Ordering::Relaxed);
}

/// Nanoseconds since boot. Never goes backwards.
pub fn monotonic_ns() -> u64 {
    ns_of_ticks(tsc() - TSC_AT_BOOT.load(Ordering::Relaxed))
}

/// Nanoseconds since 1970-01-01 UTC; right to the second.
pub fn realtime_ns() -> u64 {
    BOOT_SECONDS.load(Ordering::Relaxed) * 1_000_000_000 + monotonic_ns()
}

/// The frequency of the TSC.
pub fn tsc_hz() -> u64 {
    TSC_HZ.load(Ordering::Relaxed)
}

/// The TSC.
pub(crate) fn tsc() -> u64 {
    read_tsc()
}

fn ns_of_ticks(ticks: u64) -> u64 {
    (u128::from(ticks) * 1_000_000_000 / u128::from(tsc_hz())) as u64
}

/// Lets the PIT count for a while; returns its ticks and the TSC's.
fn measure() -> (u64, u64) {
    port::write_u8(PIT_COMMAND, PIT_RATE_GENERATOR);
    port::write_u8(PIT_CHANNEL_0, 0);
    port::write_u8(PIT_CHANNEL_0, 0);
    let first_tsc = tsc();
    let mut last_count = read_pit();
    let mut elapsed = 0;
    for _ in 0..MAX_READS {
        let count = read_pit();
        elapsed += u64::from(last_count.wrapping_sub(count));
        last_count = count;
        if elapsed >= CALIBRATION_PIT_TICKS {
            return (elapsed, tsc() - first_tsc);
        }
    }
    panic!("no programmable interval timer to calibrate the clock with");
}

/// The PIT counts down from 65536, again and again.
fn read_pit() -> u16 {
    port::write_u8(PIT_COMMAND, PIT_LATCH_CHANNEL_0);
    let low = port::read_u8(PIT_CHANNEL_0);
    let high = port::read_u8(PIT_CHANNEL_0);
    u16::from_le_bytes([low, high])
}

#[expect(unsafe_code, reason = "an instruction")]
fn read_tsc() -> u64 {
    // SAFETY: reading the TSC has no effect.
    unsafe { core::arch::x86_64::_rdtsc() }
}

/// CMOS registers (Motorola MC146818): seconds, minutes, hours, day, month, year, status.
const CMOS_INDEX: u16 = 0x70;
const CMOS_DATA: u16 = 0x71;
const STATUS_A: u8 = 0x0a;
const UPDATE_IN_PROGRESS: u8 = 0x80;
const STATUS_B: u8 = 0x0b;
const IS_BINARY: u8 = 1 << 2;

/// Unix time by the CMOS clock, which is taken to be in UTC and in 24 hours mode.
fn read_cmos_time() -> u64 {
    let mut fields = read_cmos_fields();
    loop {
        // Two equal readings: no update came between.
        let again = read_cmos_fields();
        if fields == again {
            break;
        }
        fields = again;
    }
    let [second, minute, hour, day, month, year] = fields.map(i64::from);
    let days = days_since_1970(2000 + year, month, day);
    ((days * 24 + hour) * 60 + minute) as u64 * 60 + second as u64
}

fn read_cmos_fields() -> [u8; 6] {
    for _ in 0..MAX_READS {
        if read_cmos(STATUS_A) & UPDATE_IN_PROGRESS == 0 {
            break;
        }
    }
    let is_binary = read_cmos(STATUS_B) & IS_BINARY != 0;
    [0, 2, 4, 7, 8, 9].map(|register| {
        let value = read_cmos(register);
        if is_binary {
            value
        } else {
            (value >> 4) * 10 + (value & 0xf)
        }
    })
}

fn read_cmos(register: u8) -> u8 {
    port::write_u8(CMOS_INDEX, register);
    port::read_u8(CMOS_DATA)
}

/// Days of the Gregorian calendar; years begin in March so that leap days come last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - 719_468
}
