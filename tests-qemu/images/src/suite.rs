//! The WebAssembly test suite: runs the batch of scripts on the disk, and reports each.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod image {
    extern crate alloc;

    use alloc::boxed::Box;
    use alloc::vec;
    use alloc::vec::Vec;
    use woodfrog::checkpoint::BlockDevice;
    use woodfrog::runtime::{Config, Engine, Store};
    use woodfrog_boot::arch::timer;
    use woodfrog_boot::drivers::VirtioDisk;
    use woodfrog_boot::{Machine, Status, status};
    use woodfrog_suite::batch::{self, Entry};
    use woodfrog_suite::freezing::{Freezer, Never, Random};
    use woodfrog_suite::spectest::HostFunctions;
    use woodfrog_suite::{Report, STACK_SIZE, run};

    woodfrog_boot::entry!(main);

    fn main(machine: Machine) -> Status {
        let bytes = read_batch();
        let mut rest = &bytes[..];
        let mut index = 0;
        while !rest.is_empty() {
            let (entry, after) = batch::take_entry(rest).expect("a batch of scripts");
            rest = after;
            let report = run_entry(&machine, &entry);
            for failure in &report.failures {
                status!("failure {index}:{} {}", failure.line, failure.mismatch);
            }
            status!(
                "script {index} {} freezes={}",
                report.passed,
                report.freezes
            );
            index += 1;
        }
        Status::Finished
    }

    fn read_batch() -> Vec<u8> {
        let mut disk = VirtioDisk::find().expect("a disk");
        let mut bytes = vec![0; disk.block_size()];
        disk.read_blocks(0, &mut bytes).expect("the disk");
        let header = bytes.first_chunk().expect("a block has room for it");
        let len = batch::entries_len(header).expect("a batch of scripts");
        let end = batch::HEADER_LEN + len as usize;
        bytes.resize(end.next_multiple_of(disk.block_size()), 0);
        disk.read_blocks(0, &mut bytes).expect("the disk");
        bytes.truncate(end);
        bytes.split_off(batch::HEADER_LEN)
    }

    fn run_entry(machine: &Machine, entry: &Entry) -> Report {
        let config = Config {
            wasm_features: entry.features.parse().expect("features"),
            stack_size: STACK_SIZE,
            ..Config::default()
        };
        let engine = Engine::new(machine.platform.clone(), config);
        if entry.is_frozen {
            run(&entry.script, &engine, &mut Alarms::new(entry.seed))
        } else {
            run(&entry.script, &engine, &mut Never)
        }
    }

    /// Freezes calls when the timer interrupts them, and behind host functions.
    struct Alarms {
        random: Random,
        /// Freezes of this call.
        freezes: u32,
    }

    /// How long at most until the first alarm of a call.
    const FIRST_DELAY_NS: u64 = 1 << 14;

    /// An alarm comes at most 2^20 times as late as the first, so that long calls end.
    const MAX_DOUBLINGS: u32 = 20;

    impl Alarms {
        fn new(seed: u64) -> Self {
            Self {
                random: Random::new(seed),
                freezes: 0,
            }
        }

        fn set(&mut self, store: &Store<()>) {
            let max = FIRST_DELAY_NS << self.freezes.min(MAX_DOUBLINGS);
            let handle = store.interrupt_handle();
            let alarm = Box::new(move || handle.request_suspend());
            timer::set_alarm(self.random.up_to(max).get(), alarm);
        }
    }

    impl Freezer for Alarms {
        /// Most calls are over long before an emulator's timer comes, so it is waited for
        /// before three out of four: these stop at their first suspend point.
        fn begin(&mut self, store: &mut Store<()>) {
            self.freezes = 0;
            self.set(store);
            if self.random.up_to(4).get() > 1 {
                let handle = store.interrupt_handle();
                while !handle.is_requested() {
                    core::hint::spin_loop();
                }
            }
        }

        fn thawed(&mut self, store: &mut Store<()>) {
            self.freezes += 1;
            self.set(store);
        }

        fn end(&mut self, store: &mut Store<()>) {
            timer::cancel_alarm();
            store.interrupt_handle().cancel();
        }

        fn host_functions(&self) -> HostFunctions {
            HostFunctions::Suspend
        }
    }
}

#[cfg(not(target_os = "none"))]
include!("hosted.rs");
