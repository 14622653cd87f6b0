//! A thousand guests, nine hundred of them parked, in slices by the timer's interrupts: more
//! than have room in the machine's memory, and each ends as if it had run alone.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod image {
    extern crate alloc;

    use alloc::boxed::Box;
    use alloc::sync::Arc;
    use woodfrog::runtime::{Config, Engine, InterruptHandle};
    use woodfrog::scheduler::Slice;
    use woodfrog_boot::arch::{clock, timer};
    use woodfrog_boot::{Machine, Status, info, status};
    use woodfrog_suite::guests::{self, Options};

    woodfrog_boot::entry!(main);

    const GUESTS: u64 = 1000;
    const MAX_LIVE: usize = 100;
    const SLICE_NS: u64 = 100_000;

    /// The kernel's clock and timer.
    struct Timer;

    impl guests::Machine for Timer {
        fn now_ns(&self) -> u64 {
            clock::monotonic_ns()
        }

        fn idle(&self, until_ns: u64) {
            while clock::monotonic_ns() < until_ns {
                core::hint::spin_loop();
            }
        }

        fn slice_begins(&self, handle: InterruptHandle, end_ns: u64) {
            let tick = Box::new(move || handle.tick(clock::monotonic_ns()));
            timer::set_alarm(end_ns.saturating_sub(clock::monotonic_ns()), tick);
        }

        fn slice_ends(&self) {
            timer::cancel_alarm();
        }
    }

    fn main(machine: Machine) -> Status {
        let config = Config {
            stack_size: 256 << 10,
            ..Config::default()
        };
        let engine = Engine::new(machine.platform, config);
        let room = guests::room(&engine, Arc::new(Timer), GUESTS);
        assert!(room >= MAX_LIVE as u64, "room for {room} guests");
        assert!(room < GUESTS, "all guests have room without being parked");
        info!("there is room for {room} guests that are not parked");
        let options = Options {
            guests: GUESTS,
            max_live: MAX_LIVE,
            slice: Slice::Time(SLICE_NS),
            park_every: 100,
            compares_images: false,
            seed: 1,
        };
        let start = clock::monotonic_ns();
        let report = guests::check(&engine, Arc::new(Timer), &options).expect("all end");
        let elapsed_ms = (clock::monotonic_ns() - start) / 1_000_000;
        status!("{report:?} in {elapsed_ms} ms");
        assert_eq!(report.ended, GUESTS);
        assert!(report.most_parked >= GUESTS as usize - MAX_LIVE);
        assert!(report.preempted > 0, "no slice was ended by the timer");
        Status::Finished
    }
}

#[cfg(not(target_os = "none"))]
include!("hosted.rs");
