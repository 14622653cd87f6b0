//! Tracking writes on Linux, by userfaultfd's write protection.
//!
//! Pages of a tracked range are write-protected between two cuts. The first write to one
//! is a SIGBUS of the thread that writes (`UFFD_FEATURE_SIGBUS`), in which [`resolve`] notes the page,
//! keeps what it held if that is due, and lets the write go on. So at a cut it is known which pages
//! were written to, and only those have to be protected again, most of them before the
//! cut ([`Tracker::prepare`]). Another thread that is told of faults would know no more, and
//! would have to be woken up for each: where that interrupts an idle processor, it takes ten times
//! as long.
//!
//! For the first time pages are protected when they are found to have been touched, many
//! together ([`regions`]), and most of that is done before the cut as well: the cut itself
//! takes the same time for every size of memory.
//!
//! System calls that write to a protected page fail with EFAULT, so none must be given tracked
//! memory to write to. A kernel that does not let this process use userfaultfd
//! (Linux, Documentation/admin-guide/sysctl/vm.rst, `unprivileged_userfaultfd`), or is older than
//! 6.4, cannot track; one older than 6.7 protects pages for the first time in the cut.

#![expect(
    unsafe_code,
    reason = "system calls that act on memory, and reads of guest pages"
)]

mod range;
mod regions;
mod requests;
mod tracker;

use range::{State, TrackedRange, bytes_of};
pub(crate) use requests::NoMemory;
use requests::{Requests, Writes};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tracker::LinuxTracker;
use woodfrog::platform::tracking::Tracker;
use woodfrog::platform::{PAGE_SIZE, is_zero};

/// Begins to track a range. None if this system cannot.
pub(crate) fn track(start: *mut u8, size: usize, spare_pages: usize) -> Option<Arc<dyn Tracker>> {
    let faults = Userfault::get()?;
    let old = faults.ranges().get(&start.addr()).cloned();
    if let Some(old) = &old {
        // Somebody may hold on to a tracker that the range does not belong to any more.
        old.settled_state().is_gone = true;
    }
    let range = Arc::new(TrackedRange::new(start.addr(), size, spare_pages));
    let mut ranges = faults.ranges();
    if faults.requests.register(&range).is_none() {
        if let Some(old) = old {
            // Nobody would let writes go on to what it has protected.
            faults.requests.unregister(&old);
        }
        return None;
    }
    ranges.insert(range.start, range.clone());
    Some(Arc::new(LinuxTracker::new(range, faults)))
}

/// Ends the tracking of a range that is about to be unmapped.
pub(crate) fn released(start: *mut u8) {
    let Some(faults) = Userfault::existing() else {
        return;
    };
    // Others' faults do not wait for whoever reads this one's pages.
    let range = faults.ranges().remove(&start.addr());
    if let Some(range) = range {
        // Nobody begins to read them any more.
        range.state().is_gone = true;
        drop(range.settled_state());
    }
}

/// Lets the write go on that has faulted at an address, as soon as it can. False: the address is in no
/// range that is or was tracked.
///
/// This is for signal handlers. It takes locks and memory, as what it interrupts cannot be in the
/// middle of doing: that is a write to guest memory, and nobody here or in an allocator makes one while
/// it holds a lock.
pub(crate) fn resolve(address: usize) -> bool {
    let Some(faults) = Userfault::existing() else {
        return false;
    };
    let Some((range, page)) = faults.find(address) else {
        return false;
    };
    range.before_write(faults, page);
    true
}

/// Notes that pages have been withheld, if their range is tracked.
pub(crate) fn withheld(start: *mut u8, size: usize) {
    if_tracked(start, |faults, range, state, first| {
        state.withhold(faults, range, first..first + size / PAGE_SIZE);
    });
}

/// Puts bytes into pages that nobody has touched, protected. False: they are of no tracked range.
///
/// # Errors
///
/// There is no memory for the pages.
pub(crate) fn supply(start: *mut u8, bytes: &[u8]) -> Result<bool, NoMemory> {
    let supplied = if_tracked(start, |faults, range, _, first| {
        let pages = bytes.chunks(PAGE_SIZE);
        let pages: Vec<(&[u8], bool)> = pages.map(|page| (page, is_zero(page))).collect();
        let mut page = first;
        for run in pages.chunk_by(|(_, is_zero), (_, next)| is_zero == next) {
            let bytes = bytes_of(&(page..page + run.len()));
            match run[0] {
                (_, true) => faults.requests.protect(range, bytes, Writes::Fault),
                (contents, false) => faults.requests.copy(range, bytes, contents.as_ptr())?,
            }
            page += run.len();
        }
        Ok(())
    });
    supplied.transpose().map(|done| done.is_some())
}

/// Notes that pages that nobody has touched are in use now, as zeros, if their range is tracked.
pub(crate) fn supply_zeros(start: *mut u8, size: usize) {
    if_tracked(start, |faults, range, _, first| {
        let bytes = bytes_of(&(first..first + size / PAGE_SIZE));
        faults.requests.protect(range, bytes, Writes::Fault);
    });
}

/// Does something with the tracked range that an address lies in, whose state is locked meanwhile, and the
/// page there. None: it lies in none.
fn if_tracked<R>(
    start: *mut u8,
    act: impl FnOnce(&Userfault, &TrackedRange, &mut State, usize) -> R,
) -> Option<R> {
    let faults = Userfault::existing()?;
    let (range, first) = faults.find(start.addr())?;
    let mut state = range.state();
    (!state.is_gone).then(|| act(faults, &range, &mut state, first))
}

/// What those that fault, and those that cut, share.
struct Userfault {
    requests: Requests,
    /// By their start.
    ranges: Mutex<BTreeMap<usize, Arc<TrackedRange>>>,
}

static USERFAULT: OnceLock<Option<Userfault>> = OnceLock::new();

impl Userfault {
    /// The process's; None if it cannot have one.
    fn get() -> Option<&'static Self> {
        let open = || {
            Some(Self {
                requests: Requests::open()?,
                ranges: Mutex::default(),
            })
        };
        USERFAULT.get_or_init(open).as_ref()
    }

    fn existing() -> Option<&'static Self> {
        USERFAULT.get()?.as_ref()
    }

    fn ranges(&self) -> MutexGuard<'_, BTreeMap<usize, Arc<TrackedRange>>> {
        // A panic of another thread leaves nothing half-done that would matter more than its message.
        self.ranges.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The tracked range that an address lies in, and its page there.
    fn find(&self, address: usize) -> Option<(Arc<TrackedRange>, usize)> {
        let ranges = self.ranges();
        let (_, range) = ranges.range(..=address).next_back()?;
        let offset = address - range.start;
        (offset < range.size).then(|| (range.clone(), offset / PAGE_SIZE))
    }
}

#[cfg(test)]
mod tests {
    use super::regions::REGION;
    use super::*;
    use crate::LinuxPlatform;
    use std::cell::Cell;
    use std::ops::Range;
    use woodfrog::platform::Platform;
    use woodfrog::platform::tracking::{CutEnd, TrackError};

    thread_local! {
        /// Pages that this thread has protected.
        static PROTECTED: Cell<usize> = const { Cell::new(0) };
    }

    pub(super) fn count_protected(bytes: &Range<usize>, writes: Writes) {
        if writes == Writes::Fault {
            PROTECTED.set(PROTECTED.get() + bytes.len() / PAGE_SIZE);
        }
    }

    /// Committed pages that are tracked.
    struct Memory {
        start: *mut u8,
        pages: usize,
        tracker: Arc<dyn Tracker>,
    }

    impl Memory {
        /// None, where this system cannot track.
        fn new(pages: usize) -> Option<Self> {
            let platform = LinuxPlatform::new();
            let size = pages * PAGE_SIZE;
            let start = platform.reserve(size).unwrap();
            // SAFETY: the range was just reserved, and is this test's alone.
            unsafe { platform.commit(start, size) }.unwrap();
            let Some(tracker) = track(start, size, 0) else {
                eprintln!("not tested: userfaultfd is not allowed");
                return None;
            };
            Some(Self {
                start,
                pages,
                tracker,
            })
        }

        fn write(&self, pages: impl IntoIterator<Item = usize>) {
            for page in pages {
                // SAFETY: the page is committed, and only this test uses it.
                unsafe { self.start.wrapping_add(page * PAGE_SIZE).write_volatile(1) };
            }
        }

        /// Cuts, and returns how many pages were protected for that, and which are due.
        fn cut(&self) -> (usize, Vec<usize>) {
            PROTECTED.set(0);
            self.tracker.cut(self.pages * PAGE_SIZE).unwrap();
            let protected = PROTECTED.get();
            let mut due = Vec::new();
            let mut buffer = vec![0; 64 * PAGE_SIZE];
            while let Some(run) = self.tracker.take_due(&mut buffer).unwrap() {
                due.extend(run.start / PAGE_SIZE..run.end / PAGE_SIZE);
            }
            self.tracker.end(CutEnd::Kept);
            (protected, due)
        }

        fn release(&self) {
            let size = self.pages * PAGE_SIZE;
            // SAFETY: nobody uses the range any more.
            unsafe { LinuxPlatform::new().release(self.start, size) };
        }
    }

    #[test]
    fn a_prepared_cut_protects_no_page_however_large_the_memory_is() {
        for regions in [1, 64] {
            let pages = regions * REGION;
            let all: Vec<usize> = (0..pages).collect();
            let Some(memory) = Memory::new(2 * pages) else {
                return;
            };
            // The other half is never touched.
            memory.write(0..pages);
            if !memory.tracker_prepares() {
                return eprintln!("not tested: this kernel has no PAGEMAP_SCAN");
            }
            let (protected, due) = memory.cut();
            // Where pages are huge, some more have been touched.
            assert_eq!((protected, &due[..pages]), (0, &all[..]));
            assert_eq!(memory.cut(), (0, vec![]));
            // What is touched behind the preparation is left to the cut, and little more than that.
            memory.write([0, 3 * pages / 2]);
            let (protected, due) = memory.cut();
            assert!(due.contains(&0) && due.contains(&(3 * pages / 2)));
            assert!(protected < 3 * REGION, "{protected}");
            memory.release();
        }
    }

    impl Memory {
        /// Whether preparing protects anything.
        fn tracker_prepares(&self) -> bool {
            PROTECTED.set(0);
            self.tracker.prepare();
            PROTECTED.get() > 0
        }
    }

    #[test]
    fn what_is_written_behind_a_preparation_is_due_once() {
        let Some(memory) = Memory::new(3 * REGION + 5) else {
            return;
        };
        memory.write([7, 3 * REGION + 1]);
        memory.tracker.prepare();
        memory.write([8, REGION, 3 * REGION + 4]);
        memory.tracker.prepare();
        // Pages near to those that were touched may be due, too.
        let (_, due) = memory.cut();
        let is_due = |page: &usize| due.binary_search(page).is_ok();
        assert!(
            [7, 8, REGION, 3 * REGION + 1, 3 * REGION + 4]
                .iter()
                .all(is_due)
        );
        assert!(!due.iter().any(|page| page / REGION == 2), "{due:?}");
        assert_eq!(memory.cut().1, Vec::<usize>::new());
        memory.write([8, 9, 2 * REGION]);
        memory.tracker.prepare();
        memory.write([10]);
        let (_, due) = memory.cut();
        assert!(due.starts_with(&[8, 9, 10, 2 * REGION]), "{due:?}");
        memory.release();
    }

    #[test]
    fn pages_that_another_tracker_has_protected_can_be_written_to() {
        let Some(mut memory) = Memory::new(REGION) else {
            return;
        };
        memory.write([1, 2]);
        assert_eq!(memory.cut().1, [1, 2]);
        // Somebody still has the one before.
        let tracker = track(memory.start, memory.pages * PAGE_SIZE, 0).unwrap();
        let before = std::mem::replace(&mut memory.tracker, tracker);
        memory.write([2, 3]);
        assert_eq!(before.cut(PAGE_SIZE), Err(TrackError::Gone));
        before.prepare();
        let (_, due) = memory.cut();
        assert!([1, 2, 3].iter().all(|page| due.contains(page)), "{due:?}");
        memory.release();
    }

    #[test]
    fn a_fault_that_came_before_tracking_ended_is_resolved() {
        let Some(Memory { start, tracker, .. }) = Memory::new(1) else {
            return;
        };
        tracker.cut(PAGE_SIZE).unwrap();
        drop(tracker);
        assert!(resolve(start.addr()));
        let tracker = track(start, PAGE_SIZE, 0).unwrap();
        let memory = Memory {
            start,
            pages: 1,
            tracker,
        };
        memory.write([0]);
        assert_eq!(memory.cut().1, [0]);
        memory.release();
        assert!(!resolve(start.addr()));
        assert_eq!(memory.tracker.cut(PAGE_SIZE), Err(TrackError::Gone));
    }
}
