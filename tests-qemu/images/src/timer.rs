//! The timer interrupts a loop at the time that was asked for, by the kernel's clock.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod image {
    extern crate alloc;

    use alloc::boxed::Box;
    use alloc::sync::Arc;
    use core::sync::atomic::{AtomicU64, Ordering};
    use woodfrog_boot::arch::{clock, timer};
    use woodfrog_boot::{Machine, Status, info};

    woodfrog_boot::entry!(main);

    /// No time-out of an emulator on a busy machine is this long.
    const MAX_LATE_NS: u64 = 2_000_000_000;
    /// 2020-01-01 and 2100-01-01.
    const REASONABLE_DATE_NS: core::ops::Range<u64> =
        1_577_836_800_000_000_000..4_102_444_800_000_000_000;

    fn main(_machine: Machine) -> Status {
        assert!(REASONABLE_DATE_NS.contains(&clock::realtime_ns()));
        for delay_ms in [1, 20, 150] {
            assert_alarm_after(delay_ms * 1_000_000);
        }
        let count = timer::interrupt_count();
        timer::set_alarm(1_000_000, Box::new(|| panic!("this alarm was cancelled")));
        timer::cancel_alarm();
        let start = clock::monotonic_ns();
        while clock::monotonic_ns() - start < 20_000_000 {}
        info!("{count} timer interrupts");
        assert_halts();
        Status::Finished
    }

    /// Halting ends in time, or with an alarm, which is not missed if it went off before.
    fn assert_halts() {
        let deadline = clock::monotonic_ns() + 300_000_000;
        while clock::monotonic_ns() < deadline {
            timer::halt_until(Some(deadline), || false);
        }
        let (halts, halted_ns) = timer::halted();
        assert!(clock::monotonic_ns() - deadline < MAX_LATE_NS);
        assert!((1..10).contains(&halts), "{halts} halts");
        assert!(halted_ns > 200_000_000, "halted for {halted_ns} ns only");

        let start = clock::monotonic_ns();
        timer::set_alarm(50_000_000, Box::new(|| {}));
        // An alarm of an inexact timer may take several interrupts.
        while clock::monotonic_ns() - start < 50_000_000 {
            timer::halt_until(None, || false);
        }
        timer::halt_until(None, || false);
        timer::cancel_alarm();
        timer::halt_until(None, || true);
        timer::halt_until(Some(start), || false);
        assert!(timer::halted().0 < halts + 5);
    }

    fn assert_alarm_after(delay_ns: u64) {
        let came_at = Arc::new(AtomicU64::new(0));
        let shared = came_at.clone();
        let start = clock::monotonic_ns();
        let alarm = move || shared.store(clock::monotonic_ns(), Ordering::Relaxed);
        timer::set_alarm(delay_ns, Box::new(alarm));
        while came_at.load(Ordering::Relaxed) == 0 {
            assert!(clock::monotonic_ns() - start < delay_ns + MAX_LATE_NS);
        }
        let elapsed = came_at.load(Ordering::Relaxed) - start;
        assert!(elapsed >= delay_ns, "too early: {elapsed} < {delay_ns}");
        info!("an alarm of {delay_ns} ns came after {elapsed} ns");
    }
}

#[cfg(not(target_os = "none"))]
include!("hosted.rs");
