//! What a program that was thawed lazily does not have yet.
//!
//! In its first second it is left alone: what it needs then is recorded on the disk, to be read
//! first at the next thaw. After that the rest is read between its slices.

use crate::disk::DiskGuest;
use crate::error::Failure;
use crate::session::Data;
use crate::timer::Timer;
use std::time::Duration;
use woodfrog::checkpoint::PageRange;
use woodfrog::runtime::Store;

/// How long the program is left alone.
const FIRST: Duration = Duration::from_secs(1);
/// How long it runs between two requests for the rest.
const SLICE: Duration = Duration::from_millis(5);
/// Pages of such a request: 1 MiB.
const AT_ONCE: usize = 256;

/// How far a program has come since it was thawed.
pub struct Loading<'d> {
    disk: Option<&'d DiskGuest>,
    /// What is on the disk of what it needs first.
    recorded: Vec<PageRange>,
    stage: Stage,
}

enum Stage {
    /// It is left alone.
    First(Timer),
    /// The rest is read.
    Rest(Timer),
    /// It has all, or what it has not cannot be read ahead.
    Over,
}

impl<'d> Loading<'d> {
    /// Reads what a program from this disk is known to need first.
    pub fn begin(store: &mut Store<Data>, disk: Option<&'d DiskGuest>) -> Self {
        let disk = disk.filter(|_| store.page_counts().withheld > 0);
        let recorded = disk.map(DiskGuest::working_set).unwrap_or_default();
        // If the program needs what cannot be read, it will say so.
        let _ = store.load_working_set(&recorded);
        let stage = match disk {
            Some(_) => Stage::First(Timer::start(FIRST, store.interrupt_handle())),
            None => Stage::Over,
        };
        Self {
            disk,
            recorded,
            stage,
        }
    }

    /// Does what is due at a suspension.
    ///
    /// # Errors
    ///
    /// [`Failure`]: the program must not go on.
    pub fn go_on(&mut self, store: &mut Store<Data>) -> Result<(), Failure> {
        match &self.stage {
            Stage::First(timer) if timer.has_expired() => {
                self.end(store)?;
                self.wait(store);
            }
            Stage::Rest(timer) if timer.has_expired() => match store.load_some_pages(AT_ONCE) {
                Ok(1..) => self.wait(store),
                Ok(0) | Err(_) => self.stage = Stage::Over,
            },
            _ => {}
        }
        Ok(())
    }

    fn wait(&mut self, store: &Store<Data>) {
        self.stage = Stage::Rest(Timer::start(SLICE, store.interrupt_handle()));
    }

    /// Stops reading, because the program ends or another store takes its place. Records what was
    /// needed in the first second, if that is not over.
    ///
    /// # Errors
    ///
    /// [`Failure`]: the program must not go on.
    pub fn end(&mut self, store: &Store<Data>) -> Result<(), Failure> {
        let stage = std::mem::replace(&mut self.stage, Stage::Over);
        if let Stage::First(_) = stage
            && let (Some(disk), Some(pages)) = (self.disk, store.working_set(&self.recorded))
        {
            disk.set_working_set(&pages)?;
        }
        Ok(())
    }
}
