//! One alarm, and halting until some time, by the local APIC's timer in one-shot mode (Intel
//! SDM volume 3A, section 11.5.4).
//!
//! A deadline is a time of [`clock`]: an interrupt that comes early, because the APIC's
//! clock or the emulator is inexact, sets the timer again.

#![expect(
    unsafe_code,
    reason = "APIC registers; a callback shared with the interrupt"
)]

use super::{clock, port};
use alloc::boxed::Box;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use spin::Mutex;
use x86_64::instructions::interrupts;
use x86_64::registers::model_specific::Msr;

/// The timer's vector.
pub(crate) const VECTOR: u8 = 32;
/// The vector of spurious interrupts. Its low four bits must be set on old processors.
pub(crate) const SPURIOUS_VECTOR: u8 = 63;

/// What an alarm calls, in the interrupt: it must not allocate, lock or take long.
pub type Alarm = Box<dyn Fn() + Send>;

static ALARM: Mutex<Option<Alarm>> = Mutex::new(None);
/// When it is due, by [`clock::monotonic_ns`]; `u64::MAX` for never.
static DEADLINE_NS: AtomicU64 = AtomicU64::new(u64::MAX);
/// Whether somebody has something to do for whoever halts the processor: the alarm went off after
/// it was last set, or [`end_halts`] was called.
static HAS_GONE_OFF: AtomicBool = AtomicBool::new(false);
/// When a halted processor is to be woken; `u64::MAX` for never.
static WAKE_NS: AtomicU64 = AtomicU64::new(u64::MAX);
/// How long the processor was halted in all.
static HALTED_NS: AtomicU64 = AtomicU64::new(0);
/// How often it was halted.
static HALTS: AtomicU64 = AtomicU64::new(0);
static TIMER_HZ: AtomicU64 = AtomicU64::new(0);
/// How many timer interrupts there were.
static INTERRUPTS: AtomicU64 = AtomicU64::new(0);

/// IA32_APIC_BASE and its enable bit.
const APIC_BASE: u32 = 0x1b;
const APIC_ENABLE: u64 = 1 << 11;

/// Registers, by offset from the base.
const REGISTERS: usize = 0xfee0_0000;
const ID: usize = 0x20;
const END_OF_INTERRUPT: usize = 0xb0;
const SPURIOUS: usize = 0xf0;
const TIMER_ENTRY: usize = 0x320;
const INITIAL_COUNT: usize = 0x380;
const CURRENT_COUNT: usize = 0x390;
const DIVIDE: usize = 0x3e0;

const SOFTWARE_ENABLE: u32 = 1 << 8;
const DIVIDE_BY_16: u32 = 0b0011;
const MASKED: u32 = 1 << 16;

/// How long calibration takes.
const CALIBRATION_NS: u64 = 10_000_000;
/// Longest time between two settings of the timer.
const MAX_DELAY_NS: u64 = 1_000_000_000;

/// Turns the APIC on, the PICs off, and calibrates the timer. To be called once, after
/// the IDT is loaded; enables interrupts.
pub(crate) fn init() {
    // Both PICs: mask everything.
    port::write_u8(0x21, 0xff);
    port::write_u8(0xa1, 0xff);
    let mut base = Msr::new(APIC_BASE);
    // SAFETY: enabling the APIC, where it is already.
    unsafe { base.write(base.read() | APIC_ENABLE) };
    write(SPURIOUS, SOFTWARE_ENABLE | u32::from(SPURIOUS_VECTOR));
    write(DIVIDE, DIVIDE_BY_16);
    write(TIMER_ENTRY, MASKED | u32::from(VECTOR));
    write(INITIAL_COUNT, u32::MAX);
    let start = clock::monotonic_ns();
    let elapsed_ns = loop {
        let elapsed = clock::monotonic_ns() - start;
        if elapsed >= CALIBRATION_NS {
            break elapsed;
        }
    };
    let ticks = u64::from(u32::MAX - read(CURRENT_COUNT));
    TIMER_HZ.store(ticks * 1_000_000_000 / elapsed_ns, Ordering::Relaxed);
    write(INITIAL_COUNT, 0);
    write(TIMER_ENTRY, u32::from(VECTOR));
    interrupts::enable();
}

/// Calls `alarm` in an interrupt in `delay_ns` from now. Replaces the alarm that was set before.
pub fn set_alarm(delay_ns: u64, alarm: Alarm) {
    // The old one is dropped after interrupts are enabled again.
    let _old = interrupts::without_interrupts(|| {
        let deadline = clock::monotonic_ns().saturating_add(delay_ns);
        DEADLINE_NS.store(deadline, Ordering::Relaxed);
        HAS_GONE_OFF.store(false, Ordering::Relaxed);
        let old = ALARM.lock().replace(alarm);
        arm();
        old
    });
}

/// Sets the alarm that there is, if any, to another time of [`clock::monotonic_ns`]; `u64::MAX` for
/// never.
pub fn move_alarm(deadline_ns: u64) {
    interrupts::without_interrupts(|| {
        DEADLINE_NS.store(deadline_ns, Ordering::Relaxed);
        HAS_GONE_OFF.store(false, Ordering::Relaxed);
        arm();
    });
}

/// Keeps [`halt_until`] from halting until the alarm is set or moved: for an interrupt after which
/// somebody wants to be looked after.
pub fn end_halts() {
    HAS_GONE_OFF.store(true, Ordering::Relaxed);
}

/// Takes the alarm back.
pub fn cancel_alarm() {
    let _old = interrupts::without_interrupts(|| {
        DEADLINE_NS.store(u64::MAX, Ordering::Relaxed);
        HAS_GONE_OFF.store(false, Ordering::Relaxed);
        arm();
        ALARM.lock().take()
    });
}

/// Halts the processor until an interrupt comes, at the latest at `deadline_ns`, a time of
/// [`clock::monotonic_ns`] (None: whenever that is). Does not halt if `is_over`, which is asked
/// with interrupts disabled, so that what it looks at cannot change unnoticed, nor if the
/// alarm has gone off since it was set, or [`end_halts`] was called, because somebody will want
/// to look after that.
pub fn halt_until(deadline_ns: Option<u64>, is_over: impl Fn() -> bool) {
    interrupts::disable();
    let start = clock::monotonic_ns();
    let deadline = deadline_ns.unwrap_or(u64::MAX);
    if start >= deadline || HAS_GONE_OFF.load(Ordering::Relaxed) || is_over() {
        interrupts::enable();
        return;
    }
    WAKE_NS.store(deadline, Ordering::Relaxed);
    arm();
    // Nothing comes between the two instructions: interrupts are taken once it halts.
    interrupts::enable_and_hlt();
    WAKE_NS.store(u64::MAX, Ordering::Relaxed);
    HALTS.fetch_add(1, Ordering::Relaxed);
    HALTED_NS.fetch_add(clock::monotonic_ns() - start, Ordering::Relaxed);
}

/// How often [`halt_until`] halted the processor since boot, and for how many nanoseconds.
pub fn halted() -> (u64, u64) {
    (
        HALTS.load(Ordering::Relaxed),
        HALTED_NS.load(Ordering::Relaxed),
    )
}

/// How many timer interrupts there were since boot.
pub fn interrupt_count() -> u64 {
    INTERRUPTS.load(Ordering::Relaxed)
}

/// Halts until an interrupt comes, for at most some `max_ns`; not at all if `is_over` already.
/// To be called with interrupts enabled.
pub fn halt(max_ns: u64, is_over: impl FnOnce() -> bool) {
    interrupts::disable();
    if is_over() {
        interrupts::enable();
        return;
    }
    let deadline = DEADLINE_NS.load(Ordering::Relaxed);
    let remaining_ns = deadline.saturating_sub(clock::monotonic_ns());
    // An interrupt that comes before an alarm is due sets the timer again.
    set_timer(max_ns.min(remaining_ns));
    interrupts::enable_and_hlt();
}

/// Tells the local APIC that an interrupt has been handled.
pub(crate) fn end_interrupt() {
    write(END_OF_INTERRUPT, 0);
}

/// The number of this processor's local APIC (Intel SDM volume 3A, section 11.4.6).
pub(crate) fn local_apic_id() -> u32 {
    read(ID) >> 24
}

/// The interrupt.
pub(crate) fn handle() {
    INTERRUPTS.fetch_add(1, Ordering::Relaxed);
    end_interrupt();
    let deadline = DEADLINE_NS.load(Ordering::Relaxed);
    if deadline != u64::MAX && clock::monotonic_ns() >= deadline {
        DEADLINE_NS.store(u64::MAX, Ordering::Relaxed);
        HAS_GONE_OFF.store(true, Ordering::Relaxed);
        // Whoever else takes the lock has interrupts disabled.
        if let Some(alarm) = ALARM.lock().as_ref() {
            alarm();
        }
    }
    if WAKE_NS.load(Ordering::Relaxed) <= clock::monotonic_ns() {
        WAKE_NS.store(u64::MAX, Ordering::Relaxed);
    }
    arm();
}

/// Sets the timer to what is due next, or stops it. To be called with interrupts disabled.
fn arm() {
    let alarm = DEADLINE_NS.load(Ordering::Relaxed);
    let due = alarm.min(WAKE_NS.load(Ordering::Relaxed));
    match due {
        u64::MAX => write(INITIAL_COUNT, 0),
        due => set_timer(due.saturating_sub(clock::monotonic_ns())),
    }
}

fn set_timer(delay_ns: u64) {
    let delay_ns = u128::from(delay_ns.min(MAX_DELAY_NS));
    let ticks = delay_ns * u128::from(TIMER_HZ.load(Ordering::Relaxed)) / 1_000_000_000;
    // Zero would stop the timer.
    write(INITIAL_COUNT, (ticks as u32).max(1));
}

fn write(register: usize, value: u32) {
    let address: *mut u32 = core::ptr::with_exposed_provenance_mut(REGISTERS + register);
    // SAFETY: the APIC's registers are mapped here, and those above affect no memory.
    unsafe { address.write_volatile(value) };
}

fn read(register: usize) -> u32 {
    let address: *const u32 = core::ptr::with_exposed_provenance(REGISTERS + register);
    // SAFETY: as above.
    unsafe { address.read_volatile() }
}
