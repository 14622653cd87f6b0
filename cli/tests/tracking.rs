//! Memory on Linux that is checkpointed while it is written to.
#![expect(
    unsafe_code,
    reason = "commits pages and writes to them, and asks for a thread's signal stack"
)]

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::Duration;
use woodfrog::platform::tracking::{CutEnd, TrackError, Tracker};
use woodfrog::platform::{PAGE_SIZE, Platform};
use woodfrog::wasi::{FileId, FileSystem, OpenOptions, Place, WasiHost};
use woodfrog_cli::LinuxPlatform;
use woodfrog_cli::directories::Directories;
use woodfrog_cli::host::LinuxHost;
use woodfrog_suite::tracking;

/// Whether the system lets this process track; root may, on every kernel that can.
fn can_track(platform: &Arc<dyn Platform>) -> bool {
    let start = platform.reserve(PAGE_SIZE).expect("addresses");
    // SAFETY: the range was just reserved, and is this function's alone.
    let can_track = unsafe { platform.track(start, PAGE_SIZE, 0) }.is_some();
    // SAFETY: nothing uses the range any more.
    unsafe { platform.release(start, PAGE_SIZE) };
    // SAFETY: the call has no preconditions.
    let is_root = unsafe { libc::geteuid() } == 0;
    assert!(can_track || !is_root, "root may use userfaultfd");
    if !can_track {
        eprintln!("not tested: the sysctl vm.unprivileged_userfaultfd is 0");
    }
    can_track
}

#[test]
fn cuts_give_what_was_written_to() {
    let platform: Arc<dyn Platform> = Arc::new(LinuxPlatform::new());
    if !can_track(&platform) {
        return;
    }
    assert!(tracking::check(&platform) > 1000);
}

/// Tracked memory, of which as many pages are committed as one likes.
struct Memory {
    platform: LinuxPlatform,
    start: usize,
    pages: usize,
    committed: AtomicUsize,
    tracker: Arc<dyn Tracker>,
}

impl Memory {
    fn new(pages: usize, committed: usize, spares: usize) -> Option<Self> {
        let platform = LinuxPlatform::new();
        if !can_track(&(Arc::new(platform) as Arc<dyn Platform>)) {
            return None;
        }
        let start = platform.reserve(pages * PAGE_SIZE).expect("addresses");
        // SAFETY: the range was just reserved, is this test's alone, and stays so.
        let tracker = unsafe { platform.track(start, pages * PAGE_SIZE, spares) };
        let memory = Self {
            platform,
            start: start.expose_provenance(),
            pages,
            committed: AtomicUsize::new(0),
            tracker: tracker.expect("userfaultfd"),
        };
        memory.grow(committed);
        Some(memory)
    }

    fn committed(&self) -> usize {
        self.committed.load(Ordering::Acquire)
    }

    /// Commits more pages. One thread does.
    fn grow(&self, more: usize) {
        let old = self.committed();
        let end = self.page(old);
        // SAFETY: the pages lie in the reserved range, and were never committed.
        unsafe { self.platform.commit(end.cast(), more * PAGE_SIZE) }.expect("memory");
        self.committed.store(old + more, Ordering::Release);
    }

    fn page(&self, page: usize) -> *mut u64 {
        std::ptr::with_exposed_provenance_mut(self.start + page * PAGE_SIZE)
    }

    /// Writes a number to both ends of a page.
    fn write(&self, page: usize, value: u64) {
        for word in [0, PAGE_SIZE / 8 - 1] {
            // SAFETY: the page is committed, and only one thread writes to it at a time.
            unsafe { self.page(page).wrapping_add(word).write_volatile(value) };
        }
    }

    /// Takes all that is due, and brings what was seen last of each page up to date.
    fn take_due(&self, last_seen: &mut [u64]) {
        let mut buffer = vec![0; 3 * PAGE_SIZE];
        while let Some(run) = self.tracker.take_due(&mut buffer).expect("room") {
            see(run.start, &buffer[..run.len()], last_seen);
            thread::yield_now();
        }
    }

    /// As [`Self::take_due`], in their places, where pages hold the same for as long as they are seen.
    fn visit_due(&self, last_seen: &mut [u64]) {
        let mut visit = |runs: &[(usize, &[u8])]| {
            for (start, bytes) in runs {
                see(*start, bytes, last_seen);
            }
            let before = last_seen.to_vec();
            thread::yield_now();
            for (start, bytes) in runs {
                see(*start, bytes, last_seen);
            }
            assert_eq!(last_seen, before);
        };
        while self.tracker.visit_due(7, &mut visit).expect("room") {}
    }
}

/// Brings what was seen last of adjacent pages up to date.
fn see(start: usize, bytes: &[u8], last_seen: &mut [u64]) {
    for (page, bytes) in (start / PAGE_SIZE..).zip(bytes.chunks(PAGE_SIZE)) {
        let words = bytes.as_chunks::<8>().0;
        let (first, last) = (words[0], words[PAGE_SIZE / 8 - 1]);
        last_seen[page] = u64::from_le_bytes(first);
        assert_eq!(u64::from_le_bytes(last), last_seen[page]);
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        let start = self.page(0).cast();
        // SAFETY: the range is a whole reservation, and is not used again.
        unsafe { self.platform.release(start, self.pages * PAGE_SIZE) };
    }
}

/// Cuts memory again and again while a thread writes to it, and, if that is wanted, commits more,
/// and another one prepares cuts all the time: each cut gives what was written.
fn cut_while_it_is_written_to(memory: &Memory, cuts: usize, grows: bool, prepares: bool) {
    let expected = Mutex::new(vec![0_u64; memory.pages]);
    let has_ended = AtomicBool::new(false);
    let is_over = || has_ended.load(Ordering::Relaxed);
    // The writer would seldom let go of what is expected for long.
    let is_cutting = AtomicBool::new(false);
    thread::scope(|scope| {
        let _end = End(&has_ended);
        scope.spawn(|| {
            for value in 1_u64.. {
                while is_cutting.load(Ordering::Relaxed) {
                    thread::yield_now();
                }
                if is_over() {
                    break;
                }
                let mut expected = expected.lock().unwrap();
                if grows && value.is_multiple_of(50) && memory.committed() + 16 <= memory.pages {
                    memory.grow(16);
                }
                let random = value.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
                let page = random as usize % memory.committed();
                memory.write(page, value);
                expected[page] = value;
            }
        });
        if prepares {
            scope.spawn(|| {
                while !is_over() {
                    memory.tracker.prepare();
                }
            });
        }
        let mut last_seen = vec![0; memory.pages];
        for cut in 0..cuts {
            memory.tracker.prepare();
            let snapshot = {
                is_cutting.store(true, Ordering::Relaxed);
                let expected = expected.lock().unwrap();
                let size = memory.committed() * PAGE_SIZE;
                memory.tracker.cut(size).expect("the range is there");
                is_cutting.store(false, Ordering::Relaxed);
                expected.clone()
            };
            match cut % 2 {
                0 => memory.take_due(&mut last_seen),
                _ => memory.visit_due(&mut last_seen),
            }
            assert_eq!(last_seen, snapshot, "what was not due has not changed");
            memory.tracker.end(CutEnd::Kept);
        }
    });
}

/// Has others end when it is dropped, also by a panic.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_writer_that_finds_no_spare_page_waits_and_changes_nothing_that_is_due() {
    if let Some(memory) = Memory::new(300, 300, 4) {
        cut_while_it_is_written_to(&memory, 60, false, false);
    }
}

#[test]
fn no_write_is_lost_that_comes_while_its_page_is_protected() {
    if let Some(memory) = Memory::new(300, 300, 16) {
        cut_while_it_is_written_to(&memory, 400, false, true);
    }
}

#[test]
fn no_write_is_lost_that_comes_while_its_page_is_protected_for_the_first_time() {
    for _ in 0..12 {
        if let Some(memory) = Memory::new(4000, 100, 16) {
            cut_while_it_is_written_to(&memory, 5, true, true);
        }
    }
}

#[test]
fn only_a_writer_to_a_page_that_is_read_in_its_place_waits() {
    let Some(memory) = Memory::new(8, 8, 4) else {
        return;
    };
    (0..8).for_each(|page| memory.write(page, 1));
    memory.tracker.cut(8 * PAGE_SIZE).unwrap();
    thread::scope(|scope| {
        let (mut waits, mut seen) = (None, vec![0; 8]);
        let visited = memory.tracker.visit_due(2, &mut |runs| {
            waits = Some(scope.spawn(|| memory.write(1, 2)));
            // One that is due, and in another place.
            thread::scope(|scope| drop(scope.spawn(|| memory.write(5, 3))));
            for (start, bytes) in runs {
                see(*start, bytes, &mut seen);
            }
        });
        assert_eq!((visited, &seen[..3]), (Ok(true), &[1, 1, 0][..]));
        waits.expect("it was called").join().unwrap();
        memory.take_due(&mut seen);
        assert_eq!(seen, [1; 8]);
    });
    memory.tracker.end(CutEnd::Kept);
    memory.tracker.cut(8 * PAGE_SIZE).unwrap();
    let mut seen = vec![0; 8];
    memory.visit_due(&mut seen);
    assert_eq!(seen, [0, 2, 0, 0, 0, 3, 0, 0]);
}

#[test]
fn what_one_reads_in_its_place_stays_so_when_another_has_read_kept_pages() {
    let Some(memory) = Memory::new(12, 12, 4) else {
        return;
    };
    (0..12).for_each(|page| memory.write(page, 1));
    memory.tracker.cut(12 * PAGE_SIZE).unwrap();
    // Spare pages are short now, so these are taken first.
    (0..4).for_each(|page| memory.write(page, 2));
    thread::scope(|scope| {
        let (begun, has_begun) = mpsc::channel();
        let (ended, has_ended) = mpsc::channel();
        let mut has_ended = Some(has_ended);
        let kept = memory.tracker.visit_due(4, &mut |runs| {
            let starts: Vec<usize> = runs.iter().map(|run| run.0 / PAGE_SIZE).collect();
            assert_eq!(starts, [0, 1, 2, 3]);
            let (begun, memory) = (begun.clone(), &memory);
            let has_ended = has_ended.take().expect("it is called once");
            scope.spawn(move || {
                let visited = memory.tracker.visit_due(4, &mut |runs| {
                    begun.send(()).unwrap();
                    has_ended.recv().unwrap();
                    scope.spawn(|| memory.write(4, 3));
                    thread::sleep(Duration::from_millis(20));
                    let mut seen = vec![0; 12];
                    for (start, bytes) in runs {
                        see(*start, bytes, &mut seen);
                    }
                    assert_eq!(seen[4..8], [1; 4]);
                });
                assert_eq!(visited, Ok(true));
            });
            has_begun.recv().unwrap();
        });
        assert_eq!(kept, Ok(true));
        ended.send(()).unwrap();
    });
}

#[test]
fn a_range_is_there_for_as_long_as_its_pages_are_read_in_their_place() {
    let Some(memory) = Memory::new(3, 3, 4) else {
        return;
    };
    (0..3).for_each(|page| memory.write(page, 7));
    memory.tracker.cut(3 * PAGE_SIZE).unwrap();
    let tracker = memory.tracker.clone();
    let (mut seen, mut memory) = (vec![0; 3], Some(memory));
    thread::scope(|scope| {
        let mut visit = |runs: &[(usize, &[u8])]| {
            let memory = memory.take();
            let releases = scope.spawn(|| drop(memory));
            // It is on its way, if it is any: most of the time.
            thread::sleep(Duration::from_millis(20));
            assert!(!releases.is_finished());
            for (start, bytes) in runs {
                see(*start, bytes, &mut seen);
            }
        };
        assert_eq!(tracker.visit_due(2, &mut visit), Ok(true));
    });
    assert_eq!(seen, [7, 7, 0]);
    let visited = tracker.visit_due(2, &mut |_| panic!("there is nothing left"));
    assert_eq!(visited, Err(TrackError::Gone));
}

#[test]
fn files_are_read_into_memory_that_another_thread_prepares_all_the_time() {
    const PAGES: usize = 40;
    let Some(memory) = Memory::new(PAGES, PAGES, 0) else {
        return;
    };
    let contents: Vec<u8> = (0..PAGES * PAGE_SIZE + 300)
        .map(|at| (at % 251) as u8)
        .collect();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), &contents).unwrap();
    let (root, file) = (FileId(3), FileId(4));
    let place = Place {
        preopen: "/data".into(),
        path: "".into(),
    };
    let directory = OpenOptions {
        read: true,
        directory: true,
        follow: true,
        ..OpenOptions::default()
    };
    let options = OpenOptions {
        directory: false,
        ..directory
    };
    let mut files = Directories::new();
    files.add(folder.path(), "/data").unwrap();
    files.attach(root, &place, directory).unwrap();
    files.open(file, root, "file", options).unwrap();
    let mut host = LinuxHost::new(woodfrog_cli::load::files(&[], None).unwrap());

    let has_ended = AtomicBool::new(false);
    thread::scope(|scope| {
        let _end = End(&has_ended);
        scope.spawn(|| {
            while !has_ended.load(Ordering::Relaxed) {
                memory.tracker.prepare();
            }
        });
        for round in 0..200 {
            memory.tracker.cut(PAGES * PAGE_SIZE).unwrap();
            // SAFETY: the pages are committed, and only this thread uses them.
            let guest = unsafe {
                std::slice::from_raw_parts_mut(memory.page(0).cast::<u8>(), PAGES * PAGE_SIZE)
            };
            let read = files.read_at(file, round as u64, guest);
            assert_eq!(read, Ok(guest.len()));
            assert!(guest == &contents[round..round + guest.len()]);
            assert_eq!(host.fill_random(guest), Ok(()));
            memory.tracker.end(CutEnd::Kept);
        }
    });
}

#[test]
fn a_thread_that_runs_no_store_writes_to_tracked_memory_with_its_small_signal_stack() {
    const PAGES: usize = 64;
    const UNTOUCHED: u8 = 0xa5;
    let Some(memory) = Memory::new(PAGES, PAGES, 4) else {
        return;
    };
    (0..PAGES).for_each(|page| memory.write(page, page as u64));
    memory.tracker.cut(PAGES * PAGE_SIZE).unwrap();
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let stack = signal_stack();
            // SAFETY: std has made the stack for this thread, and no signal is being handled on it.
            let bytes =
                unsafe { std::slice::from_raw_parts_mut(stack.ss_sp.cast(), stack.ss_size) };
            bytes.fill(UNTOUCHED);
            // What the first pages hold is kept, the others wait for room.
            (0..PAGES).for_each(|page| memory.write(page, 1 << 40));
            // SAFETY: as above.
            let bytes =
                unsafe { std::slice::from_raw_parts::<u8>(stack.ss_sp.cast(), stack.ss_size) };
            (
                stack.ss_size,
                bytes.iter().take_while(|&&byte| byte == UNTOUCHED).count(),
            )
        });
        let mut seen = vec![0; PAGES];
        memory.take_due(&mut seen);
        assert!(seen.into_iter().eq(0..PAGES as u64));
        let (size, left) = writer.join().unwrap();
        assert!(size < 64 << 10, "this is a stack of the platform's");
        assert!(left > 1024, "{left} of {size} bytes have been left");
    });
}

/// The alternate signal stack of this thread.
fn signal_stack() -> libc::stack_t {
    let mut stack = libc::stack_t {
        ss_sp: std::ptr::null_mut(),
        ss_flags: 0,
        ss_size: 0,
    };
    // SAFETY: the call fills in the structure.
    let result = unsafe { libc::sigaltstack(std::ptr::null(), &mut stack) };
    assert_eq!((result, stack.ss_flags & libc::SS_DISABLE), (0, 0));
    stack
}
