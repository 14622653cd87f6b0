//! Which pages of this process's memory have been touched, as the kernel tells.

#![expect(unsafe_code, reason = "a system call that fills a structure")]

use linux_raw_sys::general as raw;
use std::fs::File;
use std::ops::Range;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::sync::OnceLock;
use woodfrog::platform::PAGE_SIZE;

/// Calls `visit` with the runs of pages in a range of addresses that are in memory or swapped
/// out, in ascending order; with all of it, if the kernel does not tell.
pub(crate) fn visit_touched(addresses: Range<usize>, visit: &mut dyn FnMut(Range<usize>)) {
    let rest = match pagemap() {
        None => addresses,
        Some(file) => match scan(file, addresses, visit) {
            Ok(()) => return,
            Err(rest) => match read(file, rest, visit) {
                Ok(()) => return,
                Err(rest) => rest,
            },
        },
    };
    visit(rest);
}

/// As [`visit_touched`], in a time that does not grow with what nobody has touched. False: this
/// kernel cannot, or not all of it.
pub(crate) fn visit_touched_quickly(
    addresses: Range<usize>,
    visit: &mut dyn FnMut(Range<usize>),
) -> bool {
    pagemap().is_some_and(|file| scan(file, addresses, visit).is_ok())
}

fn pagemap() -> Option<&'static File> {
    static PAGEMAP: OnceLock<Option<File>> = OnceLock::new();
    let file = PAGEMAP.get_or_init(|| File::open("/proc/self/pagemap").ok());
    file.as_ref()
}

/// `PAGEMAP_SCAN` (Linux 6.7, include/uapi/linux/fs.h): `_IOWR('f', 16, struct pm_scan_arg)`.
const PAGEMAP_SCAN: libc::c_ulong = 3 << 30 | (size_of::<raw::pm_scan_arg>() << 16 | 0x6610) as u64;

/// Runs that are asked for at once.
const RUNS: usize = 64;

/// Asks for runs of pages. Where that fails, the rest is the error.
fn scan(
    file: &File,
    addresses: Range<usize>,
    visit: &mut dyn FnMut(Range<usize>),
) -> Result<(), Range<usize>> {
    const NO_RUN: raw::page_region = raw::page_region {
        start: 0,
        end: 0,
        categories: 0,
    };
    let mut runs = [NO_RUN; RUNS];
    let mut rest = addresses;
    while !rest.is_empty() {
        let mut argument = raw::pm_scan_arg {
            size: size_of::<raw::pm_scan_arg>() as u64,
            flags: 0,
            start: rest.start as u64,
            end: rest.end as u64,
            walk_end: 0,
            vec: (&raw mut runs).expose_provenance() as u64,
            vec_len: RUNS as u64,
            max_pages: 0,
            category_inverted: 0,
            category_mask: 0,
            category_anyof_mask: u64::from(raw::PAGE_IS_PRESENT | raw::PAGE_IS_SWAPPED),
            return_mask: 0,
        };
        // SAFETY: the structure lives as long as the call, and says how many runs there is room for.
        let found = unsafe { libc::ioctl(file.as_raw_fd(), PAGEMAP_SCAN, &mut argument) };
        let Ok(found) = usize::try_from(found) else {
            return Err(rest);
        };
        for run in &runs[..found] {
            visit(run.start as usize..run.end as usize);
        }
        rest.start = argument.walk_end as usize;
    }
    Ok(())
}

/// Pages whose entries in the page map are read at once.
const ENTRIES: usize = 512;

/// Bits of an entry of the page map: the page is in memory, or swapped out (Linux,
/// Documentation/admin-guide/mm/pagemap.rst).
const ENTRY_IS_BACKED: u64 = 1 << 63 | 1 << 62;

/// Reads the page map, 8 bytes for each page. Where that fails, the rest is the error.
fn read(
    file: &File,
    addresses: Range<usize>,
    visit: &mut dyn FnMut(Range<usize>),
) -> Result<(), Range<usize>> {
    let mut entries = [0; 8 * ENTRIES];
    let mut page = addresses.start;
    while page < addresses.end {
        let count = ENTRIES.min((addresses.end - page) / PAGE_SIZE);
        let entries = &mut entries[..8 * count];
        let position = (page / PAGE_SIZE * 8) as u64;
        if file.read_exact_at(entries, position).is_err() {
            return Err(page..addresses.end);
        }
        for entry in entries.as_chunks().0 {
            if u64::from_ne_bytes(*entry) & ENTRY_IS_BACKED != 0 {
                visit(page..page + PAGE_SIZE);
            }
            page += PAGE_SIZE;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LinuxPlatform;
    use woodfrog::platform::Platform;

    /// Page numbers of a range that `visit` says were touched.
    fn pages(
        start: usize,
        visit: impl FnOnce(&mut dyn FnMut(Range<usize>)) -> bool,
    ) -> Option<Vec<usize>> {
        let mut pages = Vec::new();
        let is_done = visit(&mut |run| {
            pages.extend((run.start - start) / PAGE_SIZE..(run.end - start) / PAGE_SIZE);
        });
        is_done.then_some(pages)
    }

    #[test]
    fn both_ways_find_the_pages_that_were_touched() {
        let platform = LinuxPlatform::new();
        // More runs, and more entries, than are asked for at once.
        let count = 3 * ENTRIES + 1;
        let start = platform.reserve(count * PAGE_SIZE).unwrap();
        // SAFETY: the range is the whole reservation.
        unsafe { platform.commit(start, count * PAGE_SIZE) }.unwrap();
        let mut touched = vec![0, 1, ENTRIES, ENTRIES + 1, ENTRIES + 2];
        touched.extend((ENTRIES + 4..2 * ENTRIES).step_by(3));
        touched.push(count - 1);
        for page in &touched {
            // SAFETY: the page is committed and only used here.
            unsafe { start.wrapping_add(page * PAGE_SIZE).write_volatile(1) };
        }
        let addresses = start.addr()..start.addr() + count * PAGE_SIZE;
        let file = pagemap().expect("/proc is there");
        let range = addresses.clone();
        let found = pages(range.start, |visit| {
            read(file, range.clone(), visit).is_ok()
        });
        assert_eq!(found.as_ref(), Some(&touched));
        let scanned = pages(range.start, |visit| {
            visit_touched_quickly(range.clone(), visit)
        });
        match scanned {
            Some(found) => assert_eq!(found, touched),
            None => eprintln!("not tested: this kernel has no PAGEMAP_SCAN"),
        }
        let found = pages(range.start, |visit| {
            visit_touched(range.clone(), visit);
            true
        });
        assert_eq!(found, Some(touched));
        // SAFETY: the reservation is whole and no longer used.
        unsafe { platform.release(start, count * PAGE_SIZE) };
    }
}
