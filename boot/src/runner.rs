//! A program as it runs: in slices, until it ends.
//!
//! A slice ends at a time, or when a device interrupts, if the program runs while a disk is
//! waited for ([`Meanwhile`]).

use crate::arch::{clock, device_interrupts, timer};
use crate::drivers::Meanwhile;
use crate::host::{KernelHost, WaitUse};
use crate::program::Failure;
use alloc::boxed::Box;
use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, Ordering};
use woodfrog::runtime::{
    CallError, InstantiateError, InterruptHandle, Linker, Module, Store, SuspendReason,
};
use woodfrog::trap::Trap;
use woodfrog::wasi::memory_files::MemoryFiles;
use woodfrog::wasi::{self, Exit, HostData, ProgramError, Progress};

/// The store's data.
pub(crate) type Data = HostData<KernelHost>;

/// How a program ended.
pub(crate) enum Ending {
    Returned,
    Exited(u32),
    Trapped(Trap),
    /// In an earlier boot, which was not able to write that down.
    HadTrapped,
}

/// Why a program does not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The slice is over.
    Asked,
    /// It has nothing to do.
    Waits,
    /// It would write to more than there are spare pages for while a checkpoint of it is written out.
    Short,
    /// It has ended.
    Ended,
}

/// A program that runs when it is told to.
pub(crate) struct Runner {
    store: Store<Data>,
    linker: Linker<Data>,
    modules: [Module; 1],
    interrupt: InterruptHandle,
    /// Whether a device's interrupt ends the slice.
    ends_by_device: Arc<AtomicBool>,
    end: Option<Result<Ending, Failure>>,
    /// Since when it does not run.
    stopped_ns: u64,
    longest_stop_ns: u64,
    /// How often it stopped because spare pages were short.
    shortages: u64,
}

/// So long a stop, while something else computes, is worth to be interrupted.
const LONG_STOP_NS: u64 = 500_000;

/// How long a slice is at least.
const MIN_SLICE_NS: u64 = 20_000;

impl Runner {
    pub(crate) fn new(store: Store<Data>, linker: Linker<Data>, modules: [Module; 1]) -> Self {
        let interrupt = store.interrupt_handle();
        let alarmed = interrupt.clone();
        timer::set_alarm(u64::MAX, Box::new(move || alarmed.request_suspend()));
        let ends_by_device = Arc::new(AtomicBool::new(false));
        let (woken, is_wanted) = (interrupt.clone(), ends_by_device.clone());
        device_interrupts::set_waker(Some(Box::new(move || {
            if is_wanted.load(Ordering::Relaxed) {
                woken.request_suspend();
                timer::end_halts();
            }
        })));
        Self {
            store,
            linker,
            modules,
            interrupt,
            ends_by_device,
            end: None,
            stopped_ns: clock::monotonic_ns(),
            longest_stop_ns: 0,
            shortages: 0,
        }
    }

    /// The program's store, which is idle or suspended.
    pub(crate) fn store(&mut self) -> &mut Store<Data> {
        &mut self.store
    }

    /// Whether the program may need pages that are still on the disk, and so must not run while that
    /// is in use.
    pub(crate) fn lacks_pages(&self) -> bool {
        self.store.page_counts().withheld > 0
    }

    /// How often the program has changed files.
    pub(crate) fn file_changes(&mut self) -> u64 {
        let files = &self.store.data_mut().host.files;
        files.as_ref().map_or(0, MemoryFiles::changes)
    }

    /// Whether the program has ended in a way of its own.
    pub(crate) fn has_ending(&self) -> bool {
        matches!(self.end, Some(Ok(_)))
    }

    /// Whether the program has ended.
    pub(crate) fn has_ended(&self) -> bool {
        self.end.is_some()
    }

    /// Runs until a time of the monotonic clock, or to the end. A program that waits halts the processor.
    pub(crate) fn run_until(&mut self, until_ns: Option<u64>) -> Stop {
        // Whoever asked while it did not run has been looked after.
        self.interrupt.cancel();
        timer::move_alarm(until_ns.unwrap_or(u64::MAX));
        self.run(WaitUse::Halt)
    }

    /// Runs for as long as it has just been stopped, so that half of the processor is the program's.
    pub(crate) fn run_in_turn(&mut self) -> Stop {
        let now_ns = clock::monotonic_ns();
        let slice_ns = (now_ns - self.stopped_ns).max(MIN_SLICE_NS);
        self.interrupt.cancel();
        timer::move_alarm(now_ns + slice_ns);
        self.run(WaitUse::Suspend)
    }

    /// How long the longest stop was since this was asked last, in nanoseconds.
    pub(crate) fn take_longest_stop_ns(&mut self) -> u64 {
        core::mem::take(&mut self.longest_stop_ns)
    }

    /// How often it had to wait for spare pages since this was asked last.
    pub(crate) fn take_shortages(&mut self) -> u64 {
        core::mem::take(&mut self.shortages)
    }

    /// How the program ended.
    ///
    /// # Panics
    ///
    /// Panics if it has not.
    pub(crate) fn into_end(self) -> Result<Ending, Failure> {
        timer::cancel_alarm();
        device_interrupts::set_waker(None);
        self.end.expect("the program has ended")
    }

    fn run(&mut self, wait_use: WaitUse) -> Stop {
        if self.has_ended() {
            return Stop::Ended;
        }
        if self.store.is_short_of_spare_pages() {
            return Stop::Short;
        }
        let stop_ns = clock::monotonic_ns() - self.stopped_ns;
        self.longest_stop_ns = self.longest_stop_ns.max(stop_ns);
        self.store.data_mut().host.wait_use = wait_use;
        let stop = self.step();
        self.shortages += u64::from(self.store.is_short_of_spare_pages());
        self.stopped_ns = clock::monotonic_ns();
        stop
    }

    fn step(&mut self) -> Stop {
        loop {
            let end = match wasi::step(&mut self.store, &mut self.linker, &self.modules) {
                Ok(Progress::Advanced) => continue,
                Ok(Progress::Suspended) => {
                    return match self.store.suspend_reason() {
                        Some(SuspendReason::Pending) => Stop::Waits,
                        _ => Stop::Asked,
                    };
                }
                Ok(Progress::Ended(_)) => Ok(Ending::Returned),
                Err(error) => ending_of(error),
            };
            self.end = Some(end);
            return Stop::Ended;
        }
    }
}

impl Meanwhile for Runner {
    fn run(&mut self, max_ns: u64, is_over: &dyn Fn() -> bool) -> bool {
        if self.has_ended() {
            return false;
        }
        self.interrupt.cancel();
        self.ends_by_device.store(true, Ordering::Relaxed);
        timer::move_alarm(clock::monotonic_ns().saturating_add(max_ns));
        // An interrupt from here on ends the slice.
        let has_run = is_over() || Self::run(self, WaitUse::Halt) != Stop::Short;
        self.ends_by_device.store(false, Ordering::Relaxed);
        has_run
    }

    fn take_turn(&mut self) {
        if clock::monotonic_ns() - self.stopped_ns >= LONG_STOP_NS {
            self.run_in_turn();
        }
    }
}

/// A program's own way of ending, or why it failed.
fn ending_of(error: ProgramError) -> Result<Ending, Failure> {
    match error {
        ProgramError::Call(CallError::Trap(trap))
        | ProgramError::Instantiate(InstantiateError::Trap(trap)) => Ok(Ending::Trapped(trap)),
        ProgramError::Call(CallError::Host(error)) => match error.downcast::<Exit>() {
            Ok(Exit(status)) => Ok(Ending::Exited(status)),
            Err(error) => Err(ProgramError::Call(CallError::Host(error)).into()),
        },
        ProgramError::Call(CallError::Page(error)) => Err(Failure::Page(error)),
        ProgramError::HasTrapped => Ok(Ending::HadTrapped),
        error => Err(error.into()),
    }
}
