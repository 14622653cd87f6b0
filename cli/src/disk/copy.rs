//! `woodfrog disk copy`: a program with its checkpoints to another disk.

use super::args::{CopyArgs, DiskPath, WritableDisk};
use super::opened::{Disk, find_guest, open, with_lease};
use super::{DiskError, compression, read_program};
use crate::error::Failure;
use crate::progress::Progress;
use std::path::Path;
use woodfrog::checkpoint::{
    Generation, GenerationInfo, Guest, GuestId, GuestInfo, MemoryPages, PAGE, PageRange, ReadError,
    WriteError,
};

/// Pages that are read and written at once.
const BATCH_PAGES: u64 = 256;

/// Copies a program.
///
/// # Errors
///
/// [`Failure`]. There is no such program on the other disk then, or it lacks its last checkpoints.
pub(super) fn copy(args: &CopyArgs) -> Result<(), Failure> {
    let mut from = open(&args.from)?;
    let path = &args.from.disk;
    let guest = find_guest(&from, path, Some(&args.guest))?;
    let mut program = read_program(&mut from, path, guest.id)?;
    if let Some(name) = &args.name {
        program.name.clone_from(name);
    }
    let count = guest.generations.len();
    let skipped = if args.all { 0 } else { count.saturating_sub(1) };
    let generations = &guest.generations[skipped..];
    let to = WritableDisk {
        path: DiskPath {
            disk: args.to.clone(),
            key: args.to_key.clone(),
            expect_commit: None,
        },
        take_over: args.take_over,
    };
    with_lease(&to, |to| {
        to.set_compression(compression(args.compress));
        let mut copier = Copier {
            guest: guest.id,
            from_path: path,
            to_path: &args.to,
            new_guest: add(to, &args.to, &program)?,
            last: None,
        };
        for &generation in generations {
            copier.copy_generation(&mut from, to, generation)?;
        }
        copier.copy_rest(&mut from, to, &guest)
    })
}

fn add(to: &mut Disk, path: &Path, program: &Guest) -> Result<GuestId, DiskError> {
    to.add_guest(program).map_err(|error| match error {
        WriteError::NameTaken => DiskError::CopyExists {
            path: path.to_owned(),
            name: program.name.clone(),
        },
        error => DiskError::write(path, error),
    })
}

/// A program on its way.
struct Copier<'a> {
    guest: GuestId,
    from_path: &'a Path,
    to_path: &'a Path,
    new_guest: GuestId,
    /// The generation copied last, and its number on the other disk.
    last: Option<(Generation, u64)>,
}

impl Copier<'_> {
    /// Copies a generation: what of it is not as in the one before.
    fn copy_generation(
        &mut self,
        from: &mut Disk,
        to: &mut Disk,
        info: GenerationInfo,
    ) -> Result<(), DiskError> {
        let read_error = |error| DiskError::read(self.from_path, error);
        let write_error = |error| DiskError::write(self.to_path, error);
        let opened = from.open_generation(self.guest, info.number);
        let mut generation = opened.map_err(read_error)?;
        let page_counts = generation.page_counts();
        let mut before = self.last.take();
        // Going back to an older generation, a memory can be smaller again.
        if let Some((last, _)) = &before {
            let mut pairs = last.page_counts().into_iter().zip(&page_counts);
            let is_shorter = last.page_counts().len() > page_counts.len();
            if is_shorter || pairs.any(|(last, now)| last > *now) {
                before = None;
            }
        }
        let base = before.as_ref().map(|(_, number)| *number);
        let begun = to.begin(self.new_guest, base, &page_counts, info.time_ms);
        let mut pending = begun.map_err(write_error)?;
        let mut base = before.map(|(generation, _)| generation);
        let ranges = ranges(from, &mut generation, base.as_mut()).map_err(read_error)?;
        let total = ranges.iter().map(|range| range.count).sum::<u64>() * PAGE as u64;
        let mut progress = Progress::new(format!("copying checkpoint {}", info.number));
        let mut done = 0;
        for PageRange {
            memory,
            first,
            count,
        } in ranges
        {
            let mut bytes = vec![0; count as usize * PAGE];
            from.read_pages(&mut generation, memory, first, &mut bytes)
                .map_err(read_error)?;
            let same = match &mut base {
                Some(base) => read_base(from, base, memory, first, count).map_err(read_error)?,
                None => Vec::new(),
            };
            let pages = changed_runs(&bytes, &same, memory, first);
            to.write_pages(&mut pending, &pages).map_err(write_error)?;
            done += bytes.len() as u64;
            progress.set(done, total);
        }
        let metadata = from.read_metadata(&generation).map_err(read_error)?;
        let number = to.commit(pending, &metadata, usize::MAX);
        self.last = Some((generation, number.map_err(write_error)?));
        Ok(())
    }

    /// Copies what is not of one generation: exit status and working set.
    fn copy_rest(&self, from: &mut Disk, to: &mut Disk, guest: &GuestInfo) -> Result<(), Failure> {
        let working_set = from.working_set(self.guest);
        let working_set = working_set.map_err(|error| DiskError::read(self.from_path, error))?;
        let write_error = |error| DiskError::write(self.to_path, error);
        if let Some(pages) = working_set {
            to.set_working_set(self.new_guest, &pages)
                .map_err(write_error)?;
        }
        if guest.exit_status.is_some() {
            to.set_exit_status(self.new_guest, guest.exit_status)
                .map_err(write_error)?;
        }
        Ok(())
    }
}

/// The pages that are not zero in a generation or its base, in pieces.
fn ranges(
    disk: &mut Disk,
    generation: &mut Generation,
    mut base: Option<&mut Generation>,
) -> Result<Vec<PageRange>, ReadError> {
    let mut pieces = Vec::new();
    for memory in 0..generation.page_counts().len() as u32 {
        let mut starts = std::collections::BTreeSet::new();
        let mut whole = disk.page_ranges(generation, memory)?;
        if let Some(base) = base.as_deref_mut()
            && (memory as usize) < base.page_counts().len()
        {
            whole.extend(disk.page_ranges(base, memory)?);
        }
        for range in whole {
            let last = range.first + range.count - 1;
            starts.extend(range.first / BATCH_PAGES..=last / BATCH_PAGES);
        }
        let page_count = generation.page_counts()[memory as usize];
        pieces.extend(starts.into_iter().map(|start| {
            let first = start * BATCH_PAGES;
            PageRange {
                memory,
                first,
                count: BATCH_PAGES.min(page_count - first),
            }
        }));
    }
    Ok(pieces)
}

/// What the base has at these pages; what it does not have is zeros.
fn read_base(
    disk: &mut Disk,
    base: &mut Generation,
    memory: u32,
    first: u64,
    count: u64,
) -> Result<Vec<u8>, ReadError> {
    let page_count = base.page_counts().get(memory as usize).copied();
    let there = page_count.unwrap_or(0).saturating_sub(first).min(count);
    let mut bytes = vec![0; count as usize * PAGE];
    if there > 0 {
        let part = &mut bytes[..there as usize * PAGE];
        disk.read_pages(base, memory, first, part)?;
    }
    Ok(bytes)
}

/// Runs of pages that are not as in the base; an empty base is all zeros.
fn changed_runs<'b>(bytes: &'b [u8], base: &[u8], memory: u32, first: u64) -> Vec<MemoryPages<'b>> {
    let is_changed = |index: usize| {
        let range = index * PAGE..(index + 1) * PAGE;
        base.is_empty() || bytes[range.clone()] != base[range]
    };
    let count = bytes.len() / PAGE;
    let mut runs = Vec::new();
    let mut index = 0;
    while index < count {
        let len = (index..count).take_while(|&at| is_changed(at)).count();
        if len > 0 {
            runs.push(MemoryPages {
                memory,
                first: first + index as u64,
                bytes: &bytes[index * PAGE..(index + len) * PAGE],
            });
        }
        index += len.max(1);
    }
    runs
}
