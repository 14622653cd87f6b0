//! Memory on Linux that is checkpointed while it is written to.
#![expect(unsafe_code, reason = "commits pages and writes to them")]

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use woodfrog::platform::tracking::CutEnd;
use woodfrog::platform::{PAGE_SIZE, Platform};
use woodfrog_cli::LinuxPlatform;
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

#[test]
fn a_writer_that_finds_no_spare_page_waits_and_changes_nothing_that_is_due() {
    const PAGES: usize = 300;
    const SIZE: usize = PAGES * PAGE_SIZE;
    const SPARES: usize = 4;
    const CUTS: usize = 60;

    let platform: Arc<dyn Platform> = Arc::new(LinuxPlatform::new());
    if !can_track(&platform) {
        return;
    }
    let start = platform.reserve(SIZE).expect("addresses");
    // SAFETY: the range was just reserved, is this test's alone, and stays so.
    unsafe { platform.commit(start, SIZE) }.expect("memory");
    // SAFETY: as above.
    let tracker = unsafe { platform.track(start, SIZE, SPARES) }.expect("userfaultfd");
    let address = start.expose_provenance();
    let expected = Mutex::new(vec![0_u64; PAGES]);
    let has_ended = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for value in 1_u64.. {
                if has_ended.load(Ordering::Relaxed) {
                    break;
                }
                let page = (value.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as usize % PAGES;
                let mut expected = expected.lock().unwrap();
                for offset in [0, PAGE_SIZE - 8] {
                    let word: *mut u64 =
                        std::ptr::with_exposed_provenance_mut(address + page * PAGE_SIZE + offset);
                    // SAFETY: the page is committed, and only this thread writes to it.
                    unsafe { word.write_volatile(value) };
                }
                expected[page] = value;
            }
        });
        let mut last_seen = vec![0; PAGES];
        for _ in 0..CUTS {
            tracker.prepare();
            let snapshot = {
                let expected = expected.lock().unwrap();
                tracker.cut(SIZE).expect("the range is there");
                expected.clone()
            };
            let mut buffer = vec![0; 3 * PAGE_SIZE];
            while let Some(run) = tracker.take_due(&mut buffer).expect("room") {
                for (page, bytes) in (run.start / PAGE_SIZE..).zip(buffer.chunks(PAGE_SIZE)) {
                    if page < run.end / PAGE_SIZE {
                        let words = bytes.as_chunks::<8>().0;
                        let (first, last) = (words[0], words[PAGE_SIZE / 8 - 1]);
                        last_seen[page] = u64::from_le_bytes(first);
                        assert_eq!(u64::from_le_bytes(last), last_seen[page]);
                    }
                }
                thread::yield_now();
            }
            assert_eq!(last_seen, snapshot, "what was not due has not changed");
            tracker.end(CutEnd::Kept);
        }
        has_ended.store(true, Ordering::Relaxed);
    });
    drop(tracker);
    // SAFETY: the range is a whole reservation, and is not used again.
    unsafe { platform.release(start, SIZE) };
}
