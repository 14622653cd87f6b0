//! What a program that was thawed lazily does not have yet.
//!
//! In its first moments it is left alone: what it needs then is recorded on the disk, to be read
//! first at the next thaw. After that the rest is read between its slices.

use crate::arch::clock;
use crate::guest_disk::GuestDisk;
use crate::info;
use crate::program::Failure;
use crate::runner::{Data, Runner};
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::RefCell;
use woodfrog::checkpoint::{PageRange, WriteError};
use woodfrog::runtime::Store;

/// How long the first moments are.
const FIRST_NS: u64 = 1_000_000_000;
/// How long the program runs between two requests for the rest.
const SLICE_NS: u64 = 5_000_000;
/// Pages of such a request: 1 MiB.
const AT_ONCE: usize = 256;

/// How far a program has come since it was thawed.
pub(crate) struct Loading {
    runner: Rc<RefCell<Runner>>,
    /// What is on the disk of what it needs first.
    recorded: Vec<PageRange>,
    stage: Stage,
}

enum Stage {
    /// It is left alone until then.
    First(u64),
    /// The rest is read.
    Rest,
    /// It has all, or what it has not cannot be read ahead.
    Over,
}

/// Reads what a program is known to need first.
pub(crate) fn read_first(store: &mut Store<Data>, recorded: &[PageRange]) {
    if let Err(error) = store.load_working_set(recorded) {
        // If the program needs it, it will say so.
        info!("{error}");
    }
}

impl Loading {
    pub(crate) fn new(runner: Rc<RefCell<Runner>>, recorded: Vec<PageRange>) -> Self {
        let stage = match runner.borrow_mut().lacks_pages() {
            true => Stage::First(clock::monotonic_ns() + FIRST_NS),
            false => Stage::Over,
        };
        Self {
            runner,
            recorded,
            stage,
        }
    }

    /// When to call [`Self::go_on`].
    pub(crate) fn due_ns(&self) -> Option<u64> {
        match self.stage {
            Stage::First(until_ns) => Some(until_ns),
            Stage::Rest => Some(clock::monotonic_ns() + SLICE_NS),
            Stage::Over => None,
        }
    }

    /// Does what is due.
    ///
    /// # Errors
    ///
    /// [`Failure`]: the program must not go on.
    pub(crate) fn go_on(&mut self, disk: &GuestDisk) -> Result<(), Failure> {
        match self.stage {
            Stage::First(until_ns) if clock::monotonic_ns() < until_ns => Ok(()),
            Stage::First(_) => self.record(disk),
            Stage::Rest => {
                self.read_some();
                Ok(())
            }
            Stage::Over => Ok(()),
        }
    }

    /// Ends the first moments, if they have not ended, and records what was needed in them.
    ///
    /// # Errors
    ///
    /// [`Failure`]: the program must not go on.
    pub(crate) fn record(&mut self, disk: &GuestDisk) -> Result<(), Failure> {
        if !matches!(self.stage, Stage::First(_)) {
            return Ok(());
        }
        self.stage = Stage::Rest;
        let needed = self.runner.borrow_mut().store().working_set(&self.recorded);
        match needed.map(|pages| disk.set_working_set(&pages)) {
            Some(Err(error @ WriteError::Fenced)) => Err(error.into()),
            Some(Err(error)) => {
                info!("what the program needs first is not recorded: {error}");
                Ok(())
            }
            Some(Ok(())) | None => Ok(()),
        }
    }

    fn read_some(&mut self) {
        let mut runner = self.runner.borrow_mut();
        if runner.has_ended() {
            return;
        }
        match runner.store().load_some_pages(AT_ONCE) {
            Ok(1..) => return,
            Ok(0) => {
                let counts = runner.store().page_counts();
                info!(
                    "all {} pages read, in {} reads",
                    counts.loaded, counts.reads
                );
            }
            Err(error) => info!("the rest of the pages is read when it is needed: {error}"),
        }
        self.stage = Stage::Over;
    }
}
