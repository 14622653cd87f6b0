//! The tracker of a range.
//!
//! [`LinuxTracker::prepare`] protects pages while they may be written to. What it is going to protect
//! it takes for dirty first, and it does not hold the state's lock meanwhile, so that writers which
//! fault do not wait; a cut does, and it gives way to one. Whatever is written before a page is
//! protected belongs to the next cut, for which the page is due already; a write behind that faults.

use super::Userfault;
use super::range::{State, Taken, TrackedRange, bytes_of, protect_near, this_thread};
use super::regions::REGION;
use super::requests::Writes;
use std::ops::Range;
use std::sync::{Arc, MutexGuard};
use woodfrog::platform::PAGE_SIZE;
use woodfrog::platform::tracking::{CutEnd, TrackError, Tracker, Visit};

/// A tracker, of which there is one for each range.
pub struct LinuxTracker {
    range: Arc<TrackedRange>,
    faults: &'static Userfault,
}

impl LinuxTracker {
    /// Tracks a range, which is registered.
    pub fn new(range: Arc<TrackedRange>, faults: &'static Userfault) -> Self {
        Self { range, faults }
    }

    fn state(&self) -> Result<MutexGuard<'_, State>, TrackError> {
        check(self.range.state())
    }

    fn settled_state(&self) -> Result<MutexGuard<'_, State>, TrackError> {
        check(self.range.settled_state())
    }

    /// Protects the regions that have been touched since they were last looked at. Returns how many pages
    /// these have; None: others have to go first.
    fn prepare_new(&self) -> Option<usize> {
        let all = self.range.size / PAGE_SIZE;
        let runs = self.state().ok()?.regions.new_runs(all);
        let mut count = 0;
        for run in runs {
            // A kernel that cannot leaves it to the cut, which knows how much of the range there is.
            let Some(touched) = self.range.touched_quickly(&run) else {
                break;
            };
            for pages in pieces(&touched) {
                let preparing = self.begin_preparing()?;
                let mut state = self.range.state();
                // A cut may have been there before.
                let regions = state.regions.new_around(&[pages]);
                for pages in &regions {
                    state.add_regions(pages, pages.clone());
                }
                drop(state);
                for pages in regions {
                    count += pages.len();
                    self.protect(&pages);
                }
                drop(preparing);
            }
        }
        Some(count)
    }

    /// Protects all pages that are exposed when it begins. Returns how many are when it ends; None:
    /// others have to go first.
    fn prepare_exposed(&self) -> Option<usize> {
        let mut rest = {
            let mut state = self.state().ok()?;
            // Neighbours are protected together.
            state.exposed.sort_unstable();
            state.exposed.len()
        };
        while rest > 0 {
            let preparing = self.begin_preparing()?;
            let mut state = self.range.state();
            // A cut may have been there before.
            let count = rest.min(EXPOSED_AT_ONCE).min(state.exposed.len());
            let pages = state.exposed.drain(..count).collect();
            drop(state);
            protect_near(self.faults, &self.range, pages);
            drop(preparing);
            rest -= rest.min(EXPOSED_AT_ONCE);
        }
        Some(self.state().ok()?.exposed.len())
    }

    /// Announces that pages are going to be protected; None: the range is gone, or others wait, or do it.
    fn begin_preparing(&self) -> Option<Preparing<'_>> {
        let mut state = self.state().ok()?;
        let is_free = state.waiting == 0 && !state.is_preparing;
        state.is_preparing |= is_free;
        is_free.then(|| Preparing(&self.range))
    }

    fn protect(&self, pages: &Range<usize>) {
        let bytes = bytes_of(pages);
        self.faults
            .requests
            .protect(&self.range, bytes, Writes::Fault);
    }
}

/// That pages are being protected, which ends when it is dropped.
struct Preparing<'r>(&'r TrackedRange);

impl Drop for Preparing<'_> {
    fn drop(&mut self) {
        self.0.state().is_preparing = false;
        self.0.notify();
    }
}

/// Due pages that are being read, which ends when it is dropped.
struct Reading<'r> {
    range: &'r TrackedRange,
    taken: Vec<Taken>,
}

impl Reading<'_> {
    /// Where adjacent pages begin, and their bytes.
    fn runs(&self) -> Vec<(usize, &[u8])> {
        let runs = self.taken.iter().map(|taken| match taken {
            Taken::Kept(page, contents) => (page * PAGE_SIZE, &contents[..]),
            Taken::InPlace(pages) => {
                // SAFETY: due pages are mapped, and whoever writes to these, or unmaps them, waits
                // until they are given back.
                let bytes = unsafe { self.range.contents(pages) };
                (pages.start * PAGE_SIZE, bytes)
            }
        });
        runs.collect()
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        let taken = std::mem::take(&mut self.taken);
        self.range.state().give_back(taken);
        self.range.notify();
    }
}

/// Pages of regions that [`LinuxTracker::prepare`] protects in one request: a cut that comes meanwhile
/// waits for it, some 0.2 ms.
const NEW_AT_ONCE: usize = 4 * REGION;

/// Exposed pages that it protects before it gives way.
const EXPOSED_AT_ONCE: usize = 64;

/// So few exposed pages are left to the cut, which protects them in no time.
const LEFT_TO_CUT: usize = 4;

/// How often it goes through all pages: each time takes a small part of the time before, but for
/// programs that write to other pages all the time.
const MOST_PASSES: usize = 6;

/// Cuts runs into pieces that are protected in one request each.
fn pieces(runs: &[Range<usize>]) -> impl Iterator<Item = Range<usize>> {
    runs.iter().flat_map(|run| {
        let starts = run.clone().step_by(NEW_AT_ONCE);
        starts.map(|start| start..run.end.min(start + NEW_AT_ONCE))
    })
}

fn check(state: MutexGuard<'_, State>) -> Result<MutexGuard<'_, State>, TrackError> {
    match state.is_gone {
        true => Err(TrackError::Gone),
        false => Ok(state),
    }
}

impl Tracker for LinuxTracker {
    fn prepare(&self) {
        // What is written to during one pass is for the next.
        for _ in 0..MOST_PASSES {
            let new = self.prepare_new();
            match (new, self.prepare_exposed()) {
                (Some(new), Some(exposed)) if new > 0 || exposed > LEFT_TO_CUT => {}
                _ => return,
            }
        }
    }

    fn cut(&self, size: usize) -> Result<(), TrackError> {
        let mut state = self.settled_state()?;
        state.cut(self.faults, &self.range, size);
        Ok(())
    }

    fn forget(&self, size: usize) -> Result<(), TrackError> {
        let mut state = self.settled_state()?;
        state.cut(self.faults, &self.range, size);
        state.close(&self.range, CutEnd::Kept);
        Ok(())
    }

    fn take_due(&self, buffer: &mut [u8]) -> Result<Option<Range<usize>>, TrackError> {
        let mut state = self.state()?;
        state.taker = this_thread();
        let taken = state.ledger.copy_run(buffer, |page, buffer| {
            // SAFETY: a due page is mapped, and protected until the state is unlocked.
            buffer.copy_from_slice(unsafe { self.range.contents(&(page..page + 1)) });
        })?;
        self.range.notify();
        Ok(taken)
    }

    fn visit_due(&self, most: usize, visit: &mut Visit<'_>) -> Result<bool, TrackError> {
        assert!(most > 0, "no room for a page");
        let Some(taken) = check(self.range.unused_state())?.take_due(most)? else {
            return Ok(false);
        };
        let reading = Reading {
            range: &self.range,
            taken,
        };
        visit(&reading.runs());
        Ok(true)
    }

    fn end(&self, end: CutEnd) {
        if let Ok(mut state) = self.state() {
            state.close(&self.range, end);
        }
    }
}

impl Drop for LinuxTracker {
    fn drop(&mut self) {
        // The range stays known until it is released: somebody may be about to ask for a fault that
        // came before.
        let mut state = self.range.settled_state();
        if !state.is_gone {
            state.forget();
            self.faults.requests.unregister(&self.range);
            self.range.notify();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LinuxPlatform;
    use std::thread;
    use woodfrog::platform::Platform;

    #[test]
    fn a_cut_waits_until_pages_are_protected_and_goes_before_others() {
        let platform = LinuxPlatform::new();
        let start = platform.reserve(PAGE_SIZE).unwrap();
        let Some(faults) = Userfault::get() else {
            return eprintln!("not tested: userfaultfd is not allowed");
        };
        let range = Arc::new(TrackedRange::new(start.addr(), PAGE_SIZE, 0));
        faults.requests.register(&range).unwrap();
        let tracker = LinuxTracker::new(range.clone(), faults);
        let preparing = tracker.begin_preparing();
        assert!(preparing.is_some());
        assert!(tracker.begin_preparing().is_none());
        thread::scope(|scope| {
            let cut = scope.spawn(|| tracker.cut(PAGE_SIZE));
            while range.state().waiting == 0 {
                assert!(!cut.is_finished(), "it did not wait");
                thread::yield_now();
            }
            drop(preparing);
            assert_eq!(cut.join().unwrap(), Ok(()));
        });
        range.state().waiting += 1;
        assert!(tracker.begin_preparing().is_none(), "it did not give way");
        range.state().waiting -= 1;
        assert!(tracker.begin_preparing().is_some());
        drop(tracker);
        // SAFETY: nobody uses the range any more.
        unsafe { platform.release(start, PAGE_SIZE) };
    }
}
