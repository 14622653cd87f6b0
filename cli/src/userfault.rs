//! Tracking writes on Linux, by userfaultfd's write protection.
//!
//! All pages of a tracked range are write-protected between two cuts. The first write to one
//! is a SIGBUS of the thread that writes (`UFFD_FEATURE_SIGBUS`), in which [`resolve`] notes the page,
//! keeps what it held if that is due, and lets the write go on. So at a cut it is known which pages
//! were written to, and only those have to be protected again, most of them before the
//! cut ([`Tracker::prepare`]): the cut itself takes the same time for every size of memory. Another
//! thread that is told of faults would know no more, and would have to be woken up for each: where
//! that interrupts an idle processor, it takes ten times as long.
//!
//! System calls that write to a protected page fail with EFAULT, so none must be given tracked
//! memory to write to. A kernel that does not let this process use userfaultfd
//! (Linux, Documentation/admin-guide/sysctl/vm.rst, `unprivileged_userfaultfd`), or is older than
//! 6.4, cannot track.

#![expect(
    unsafe_code,
    reason = "system calls that act on memory, and reads of guest pages"
)]

use linux_raw_sys::general as raw;
use linux_raw_sys::ioctl;
use std::collections::BTreeMap;
use std::fs::File;
use std::ops::Range;
use std::os::fd::{AsRawFd, FromRawFd};
use std::ptr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use woodfrog::platform::tracking::{Bits, CutEnd, Ledger, NoRoom, Room, TrackError, Tracker};
use woodfrog::platform::{PAGE_SIZE, Platform};

use crate::platform::LinuxPlatform;

/// Begins to track a range. None if this system cannot.
pub(crate) fn track(start: *mut u8, size: usize, spare_pages: usize) -> Option<Arc<dyn Tracker>> {
    let faults = Userfault::get()?;
    let range = Arc::new(TrackedRange {
        start: start.addr(),
        size,
        state: Mutex::new(State::new(spare_pages)),
        has_room: Condvar::new(),
    });
    let mut ranges = lock(&faults.ranges);
    faults.register(&range)?;
    if let Some(old) = ranges.insert(range.start, range.clone()) {
        // Somebody holds on to a tracker that the range does not belong to any more.
        lock(&old.state).is_gone = true;
    }
    Some(Arc::new(LinuxTracker { range }))
}

/// Ends the tracking of a range that is about to be unmapped.
pub(crate) fn released(start: *mut u8) {
    let Some(faults) = Userfault::existing() else {
        return;
    };
    if let Some(range) = lock(&faults.ranges).remove(&start.addr()) {
        lock(&range.state).is_gone = true;
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
    if let Some((range, first)) = Userfault::existing().and_then(|faults| faults.find(start.addr()))
    {
        let mut state = lock(&range.state);
        if state.is_gone {
            return;
        }
        assert!(first <= state.known_pages, "pages before are not tracked");
        let end = first + size / PAGE_SIZE;
        state.known_pages = state.known_pages.max(end);
        state.dirty.grow(end);
    }
}

/// Puts bytes into pages that nobody has touched, protected. False: they are of no tracked range.
///
/// # Errors
///
/// There is no memory for the pages.
pub(crate) fn supply(start: *mut u8, bytes: &[u8]) -> Result<bool, NoMemory> {
    let Some(faults) = Userfault::existing() else {
        return Ok(false);
    };
    let Some((range, first)) = faults.find(start.addr()) else {
        return Ok(false);
    };
    let state = lock(&range.state);
    if state.is_gone {
        return Ok(false);
    }
    let pages: Vec<&[u8]> = bytes.chunks(PAGE_SIZE).collect();
    let is_zero = |page: &&[u8]| page.iter().all(|&byte| byte == 0);
    let mut page = first;
    for run in pages.chunk_by(|page, next| is_zero(page) == is_zero(next)) {
        let bytes = bytes_of(page..page + run.len());
        match is_zero(&run[0]) {
            true => faults.protect(&range, bytes, WRITE_PROTECT),
            false => faults.copy(&range, bytes, run[0].as_ptr())?,
        }
        page += run.len();
    }
    Ok(true)
}

/// The system has no memory for pages.
pub(crate) struct NoMemory;

/// What those that fault, and those that cut, share.
struct Userfault {
    file: File,
    /// By their start.
    ranges: Mutex<BTreeMap<usize, Arc<TrackedRange>>>,
}

static USERFAULT: OnceLock<Option<Userfault>> = OnceLock::new();

/// What is asked of userfaultfd: signals, and faults of pages never touched before.
const FEATURES: u32 = raw::UFFD_FEATURE_PAGEFAULT_FLAG_WP
    | raw::UFFD_FEATURE_WP_UNPOPULATED
    | raw::UFFD_FEATURE_SIGBUS;

/// `UFFDIO_WRITEPROTECT_MODE_WP` (Linux, include/uapi/linux/userfaultfd.h).
const WRITE_PROTECT: u64 = 1;

/// `UFFDIO_COPY_MODE_WP` (as there).
const COPY_PROTECTED: u64 = 2;

impl Userfault {
    /// The process's; None if it cannot have one.
    fn get() -> Option<&'static Self> {
        USERFAULT.get_or_init(Self::open).as_ref()
    }

    fn existing() -> Option<&'static Self> {
        USERFAULT.get()?.as_ref()
    }

    fn open() -> Option<Self> {
        // SAFETY: the call makes a file descriptor, and touches no memory.
        let descriptor = unsafe { libc::syscall(libc::SYS_userfaultfd, libc::O_CLOEXEC) };
        let descriptor = i32::try_from(descriptor).ok().filter(|&fd| fd >= 0)?;
        // SAFETY: the descriptor is new, and nobody else's.
        let file = unsafe { File::from_raw_fd(descriptor) };
        let mut api = raw::uffdio_api {
            api: u64::from(raw::UFFD_API),
            features: u64::from(FEATURES),
            ioctls: 0,
        };
        request(&file, ioctl::UFFDIO_API, &mut api).then(|| Self {
            file,
            ranges: Mutex::default(),
        })
    }

    fn register(&self, range: &TrackedRange) -> Option<()> {
        let mut register = raw::uffdio_register {
            range: range.bytes(0..range.size),
            mode: u64::from(raw::UFFDIO_REGISTER_MODE_WP),
            ioctls: 0,
        };
        request(&self.file, ioctl::UFFDIO_REGISTER, &mut register).then_some(())
    }

    fn unregister(&self, range: &TrackedRange) {
        let mut bytes = range.bytes(0..range.size);
        let is_done = request(&self.file, ioctl::UFFDIO_UNREGISTER, &mut bytes);
        assert!(is_done, "a tracked range is registered");
    }

    /// Lets pages of a range be written to, or not.
    fn protect(&self, range: &TrackedRange, bytes: Range<usize>, mode: u64) {
        let mut protect = raw::uffdio_writeprotect {
            range: range.bytes(bytes),
            mode,
        };
        while !request(&self.file, ioctl::UFFDIO_WRITEPROTECT, &mut protect) {
            let error = std::io::Error::last_os_error();
            // The address space was changing (userfaultfd(2)).
            let is_passing = error.raw_os_error() == Some(libc::EAGAIN);
            assert!(is_passing, "cannot protect tracked pages: {error}");
        }
    }

    /// Makes protected pages that hold what is at `source`.
    fn copy(
        &self,
        range: &TrackedRange,
        bytes: Range<usize>,
        source: *const u8,
    ) -> Result<(), NoMemory> {
        let mut done = 0;
        while done < bytes.len() {
            let mut copy = raw::uffdio_copy {
                dst: (range.start + bytes.start + done) as u64,
                src: source.addr() as u64 + done as u64,
                len: (bytes.len() - done) as u64,
                mode: COPY_PROTECTED,
                copy: 0,
            };
            let is_done = request(&self.file, ioctl::UFFDIO_COPY, &mut copy);
            let error = std::io::Error::last_os_error();
            // Of a copy that was interrupted, it says how far it came.
            done += usize::try_from(copy.copy).unwrap_or(0);
            match error.raw_os_error() {
                _ if is_done => {}
                Some(libc::EAGAIN) => {}
                Some(libc::ENOMEM) => return Err(NoMemory),
                _ => panic!("cannot supply tracked pages: {error}"),
            }
        }
        Ok(())
    }

    /// The tracked range that an address lies in, and its page there.
    fn find(&self, address: usize) -> Option<(Arc<TrackedRange>, usize)> {
        let ranges = lock(&self.ranges);
        let (_, range) = ranges.range(..=address).next_back()?;
        let offset = address - range.start;
        (offset < range.size).then(|| (range.clone(), offset / PAGE_SIZE))
    }
}

struct TrackedRange {
    start: usize,
    size: usize,
    state: Mutex<State>,
    /// For those who wait for spare pages.
    has_room: Condvar,
}

impl TrackedRange {
    fn bytes(&self, range: Range<usize>) -> raw::uffdio_range {
        raw::uffdio_range {
            start: (self.start + range.start) as u64,
            len: range.len() as u64,
        }
    }

    fn page_bytes(&self, page: usize) -> *const u8 {
        ptr::with_exposed_provenance(self.start + page * PAGE_SIZE)
    }

    /// Lets a protected page be written to. Waits until there is a spare page, if one is needed.
    fn before_write(&self, faults: &Userfault, page: usize) {
        let mut state = lock(&self.state);
        while state.try_before_write(faults, self, page).is_err() {
            state = self
                .has_room
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// What a page holds.
    ///
    /// # Safety
    ///
    /// It is mapped, and nothing writes to it while the slice is used.
    unsafe fn page_contents(&self, page: usize) -> &[u8] {
        // SAFETY: the caller's.
        unsafe { std::slice::from_raw_parts(self.page_bytes(page), PAGE_SIZE) }
    }
}

/// What is known of a range.
struct State {
    ledger: Ledger,
    /// Pages in front of this one are tracked; those behind have not been part of a cut yet.
    known_pages: usize,
    /// Written to since the last cut.
    dirty: Bits,
    /// Those of them that can be written to without a fault.
    exposed: Vec<usize>,
    /// The thread that takes due pages. It must not wait for itself.
    taker: u32,
    is_gone: bool,
}

impl State {
    fn new(spare_pages: usize) -> Self {
        Self {
            ledger: Ledger::new(spare_pages),
            known_pages: 0,
            dirty: Bits::default(),
            exposed: Vec::new(),
            taker: 0,
            is_gone: false,
        }
    }

    /// Lets a protected page be written to, unless it is due and there is no spare page.
    fn try_before_write(
        &mut self,
        faults: &Userfault,
        range: &TrackedRange,
        page: usize,
    ) -> Result<(), NoRoom> {
        if self.is_gone {
            return Ok(());
        }
        if self.ledger.is_in_place(page) {
            let room = match this_thread() == self.taker {
                true => Room::Any,
                false => Room::Spare,
            };
            // SAFETY: a due page is mapped, and protected while its contents are kept.
            let contents = unsafe { range.page_contents(page) };
            self.ledger.keep(page, contents, room)?;
        }
        self.dirty.insert(page);
        self.exposed.push(page);
        faults.protect(range, bytes_of(page..page + 1), 0);
        Ok(())
    }

    /// Protects pages that came to the range since the last cut; what was touched of them is
    /// dirty. Nobody may write to them meanwhile.
    fn protect_new_pages(&mut self, faults: &Userfault, range: &TrackedRange, pages: usize) {
        let new = self.known_pages..pages.max(self.known_pages);
        if new.is_empty() {
            return;
        }
        self.dirty.grow(new.end);
        self.known_pages = new.end;
        let first = range.page_bytes(new.start).cast_mut();
        // First, for a protected page looks like a touched one.
        LinuxPlatform::new().visit_touched(first, new.len() * PAGE_SIZE, &mut |touched| {
            let first = new.start + touched.start / PAGE_SIZE;
            for page in first..first + touched.len() / PAGE_SIZE {
                self.dirty.insert(page);
            }
        });
        faults.protect(range, bytes_of(new), WRITE_PROTECT);
    }

    /// Protects pages that were written to: the first `count` of those that are exposed.
    fn protect_exposed(&mut self, faults: &Userfault, range: &TrackedRange, count: usize) {
        let mut pages: Vec<usize> = self.exposed.drain(..count).collect();
        pages.sort_unstable();
        // All pages in between are protected already, or will be soon.
        for run in pages.chunk_by(|page, next| next - page <= NEAR) {
            let run = run[0]..run[run.len() - 1] + 1;
            faults.protect(range, bytes_of(run), WRITE_PROTECT);
        }
    }

    fn cut(&mut self, faults: &Userfault, range: &TrackedRange, size: usize) {
        self.close(range, CutEnd::Abandoned);
        let pages = size / PAGE_SIZE;
        self.protect_new_pages(faults, range, pages);
        self.protect_exposed(faults, range, self.exposed.len());
        self.taker = this_thread();
        self.ledger.open(self.known_pages);
        self.ledger.mark_all(&self.dirty);
        let carried = self.ledger.carried().clone();
        self.ledger.mark_all(&carried);
        self.dirty.clear();
    }

    fn close(&mut self, range: &TrackedRange, end: CutEnd) {
        self.ledger.close(end);
        range.has_room.notify_all();
    }
}

struct LinuxTracker {
    range: Arc<TrackedRange>,
}

impl LinuxTracker {
    fn state(&self) -> Result<(MutexGuard<'_, State>, &'static Userfault), TrackError> {
        let state = lock(&self.range.state);
        let faults = Userfault::existing().expect("the range was registered");
        match state.is_gone {
            true => Err(TrackError::Gone),
            false => Ok((state, faults)),
        }
    }

    /// Protects all pages that are exposed when it begins. Returns how many are when it ends.
    fn prepare_pass(&self) -> Result<usize, TrackError> {
        let (mut state, faults) = self.state()?;
        // Neighbours are protected together.
        state.exposed.sort_unstable();
        let mut rest = state.exposed.len();
        while rest > 0 {
            // A cut may have been there before.
            let count = rest.min(PREPARED_AT_ONCE).min(state.exposed.len());
            state.protect_exposed(faults, &self.range, count);
            rest -= rest.min(PREPARED_AT_ONCE);
            drop(state);
            (state, _) = self.state()?;
        }
        Ok(state.exposed.len())
    }
}

/// Pages that [`Tracker::prepare`] protects before it lets faults be handled again.
const PREPARED_AT_ONCE: usize = 64;

/// So few exposed pages are left to the cut, which protects them in no time.
const LEFT_TO_CUT: usize = 4;

/// How often [`Tracker::prepare`] goes through the exposed pages: each time takes a small part of the
/// time before, but for programs that write to other pages all the time.
const MOST_PASSES: usize = 6;

/// Pages so near to each other are protected in one request, with all that lies between. A
/// request interrupts all processors that the process runs on, and takes as long as some
/// thousand page table entries do.
const NEAR: usize = 512;

impl Tracker for LinuxTracker {
    fn prepare(&self) {
        // What is written to during one pass comes behind what is exposed, and is for the next.
        for _ in 0..MOST_PASSES {
            match self.prepare_pass() {
                Ok(exposed) if exposed > LEFT_TO_CUT => {}
                _ => return,
            }
        }
    }

    fn cut(&self, size: usize) -> Result<(), TrackError> {
        let (mut state, faults) = self.state()?;
        state.cut(faults, &self.range, size);
        Ok(())
    }

    fn forget(&self, size: usize) -> Result<(), TrackError> {
        let (mut state, faults) = self.state()?;
        state.cut(faults, &self.range, size);
        state.close(&self.range, CutEnd::Kept);
        Ok(())
    }

    fn take_due(&self, buffer: &mut [u8]) -> Result<Option<Range<usize>>, TrackError> {
        let (mut state, _) = self.state()?;
        state.taker = this_thread();
        let taken = state.ledger.copy_run(buffer, |page, buffer| {
            // SAFETY: a due page is mapped, and protected until the state is unlocked.
            buffer.copy_from_slice(unsafe { self.range.page_contents(page) });
        })?;
        self.range.has_room.notify_all();
        Ok(taken)
    }

    fn end(&self, end: CutEnd) {
        if let Ok((mut state, _)) = self.state() {
            state.close(&self.range, end);
        }
    }
}

impl Drop for LinuxTracker {
    fn drop(&mut self) {
        let faults = Userfault::existing().expect("the range was registered");
        // The range stays known until it is released: somebody may be about to ask for a fault that
        // came before.
        let _ranges = lock(&faults.ranges);
        let mut state = lock(&self.range.state);
        if !state.is_gone {
            *state = State {
                is_gone: true,
                ..State::new(0)
            };
            faults.unregister(&self.range);
            self.range.has_room.notify_all();
        }
    }
}

fn bytes_of(pages: Range<usize>) -> Range<usize> {
    pages.start * PAGE_SIZE..pages.end * PAGE_SIZE
}

fn this_thread() -> u32 {
    // SAFETY: the call has no preconditions.
    unsafe { libc::gettid() as u32 }
}

/// Makes a request of userfaultfd. False: it failed.
fn request<T>(file: &File, request: u32, argument: &mut T) -> bool {
    // SAFETY: each request is made with its own structure, which lives as long as the call; those
    // that change protections do so in ranges that are registered.
    unsafe { libc::ioctl(file.as_raw_fd(), libc::c_ulong::from(request), argument) == 0 }
}

/// A panic of another thread leaves nothing half-done that would matter more than its message.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_that_came_before_tracking_ended_is_resolved() {
        let platform = LinuxPlatform::new();
        let start = platform.reserve(PAGE_SIZE).unwrap();
        // SAFETY: the range was just reserved, and is this test's alone.
        unsafe { platform.commit(start, PAGE_SIZE) }.unwrap();
        let Some(tracker) = track(start, PAGE_SIZE, 0) else {
            return eprintln!("not tested: userfaultfd is not allowed");
        };
        tracker.cut(PAGE_SIZE).unwrap();
        drop(tracker);
        assert!(resolve(start.addr()));
        // SAFETY: the page is committed, and only this test uses it.
        unsafe { start.write_volatile(1) };
        let tracker = track(start, PAGE_SIZE, 0).unwrap();
        tracker.cut(PAGE_SIZE).unwrap();
        let due = tracker.take_due(&mut [0; PAGE_SIZE]);
        assert_eq!(due, Ok(Some(0..PAGE_SIZE)));
        // SAFETY: nobody uses the range any more.
        unsafe { platform.release(start, PAGE_SIZE) };
        assert!(!resolve(start.addr()));
        assert_eq!(tracker.cut(PAGE_SIZE), Err(TrackError::Gone));
    }
}
