//! A thousand guests, nine hundred of them parked, in slices by the timer's interrupts: more
//! than have room in the machine's memory, and each ends as if it had run alone. Fewer of them
//! are checkpointed meanwhile.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod image {
    extern crate alloc;

    use alloc::boxed::Box;
    use alloc::sync::Arc;
    use core::num::NonZeroU64;
    use woodfrog::platform::Platform;
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
        let platform: Arc<dyn Platform> = machine.platform;
        let engine = Engine::new(platform.clone(), config);
        let room = guests::room(&engine, Arc::new(Timer), GUESTS);
        assert!(room >= MAX_LIVE as u64, "room for {room} guests");
        assert!(room < GUESTS, "all guests have room without being parked");
        info!("there is room for {room} guests that are not parked");
        let options = Options {
            guests: GUESTS,
            max_live: MAX_LIVE,
            slice: Slice::Time(SLICE_NS),
            park_every: 100,
            checkpoint_every: None,
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
        checkpoint_between_turns(&platform);
        Status::Finished
    }

    /// Each checkpoint is of the moment when it began, though guests run on, and wait for
    /// spare pages, of which there are few or none. With some, frames are lent, too.
    fn checkpoint_between_turns(platform: &Arc<dyn Platform>) {
        let (mut checkpoints, mut shortages) = (0, 0);
        for (seed, spare_pages) in [(2, 0), (3, 1), (4, 8)] {
            let config = Config {
                stack_size: 256 << 10,
                spare_pages,
                ..Config::default()
            };
            let engine = Engine::new(platform.clone(), config);
            let options = Options {
                guests: 30,
                max_live: 20,
                slice: Slice::Points(NonZeroU64::new(40).expect("not 0")),
                park_every: 200,
                checkpoint_every: Some(3),
                compares_images: true,
                seed,
            };
            let report = guests::check(&engine, Arc::new(Timer), &options).expect("all end");
            status!("{report:?}");
            assert_eq!(report.ended, 30);
            checkpoints += report.checkpoints;
            shortages += report.shortages;
        }
        assert!(checkpoints > 50 && shortages > 0);
    }
}

#[cfg(not(target_os = "none"))]
include!("hosted.rs");
