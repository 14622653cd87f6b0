//! Generations in the making.

use super::fold::Changes;
use super::leaf::LEAF_PAGES;
use super::map::{MAX_MEMORIES, MAX_PAGES, PageEntry, PageMap};
use super::nodes::Gathered;
use super::pack::pack;
use super::place::Place;
use super::place::{PACK_PAGES, Pack};
use super::space::{Extent, Stream};
use super::store::Compression;
use super::tag::{Kind, Tagger};
use super::{BlockDevice, CheckpointStore, GuestId, PAGE, ReadError, WriteError};
use crate::platform::is_zero;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// Pages of a memory, where they lie.
#[derive(Clone, Copy, Debug)]
pub struct MemoryPages<'a> {
    /// Which memory.
    pub memory: u32,
    /// Index of the first page.
    pub first: u64,
    /// Their bytes: a multiple of [`PAGE`].
    pub bytes: &'a [u8],
}

impl<'a> MemoryPages<'a> {
    /// Runs of pages, each with its memory and where in that it begins, in bytes, as `LentBatch::runs` and
    /// `LiveCheckpoint::visit_pages` tell.
    pub fn lent(runs: &[(u32, usize, &'a [u8])]) -> Vec<Self> {
        let pages = runs.iter().map(|&(memory, start, bytes)| Self {
            memory,
            first: (start / PAGE) as u64,
            bytes,
        });
        pages.collect()
    }
}

/// A page that is not zero.
#[derive(Clone, Copy)]
struct Present<'a> {
    memory: u32,
    /// Its index there.
    page: u64,
    /// Its bytes, and what follows where they lie.
    bytes: &'a [u8],
}

impl Present<'_> {
    /// What the page map has of it, where it is.
    fn entry(&self, place: Place, tagger: &Tagger) -> (u32, u64, PageEntry) {
        let tag = tagger.tag(Kind::Page, &self.bytes[..PAGE]);
        (self.memory, self.page, PageEntry { place, tag })
    }

    /// Whether another page is the next of the same memory, and lies behind it.
    fn adjoins(&self, next: &Self) -> bool {
        let is_next = self.memory == next.memory && self.page + 1 == next.page;
        is_next && core::ptr::eq(&self.bytes[PAGE..], next.bytes)
    }
}

/// The bytes of pages, one after the other.
fn bytes_of(pages: &[Present<'_>]) -> Vec<u8> {
    let bytes = pages.iter().flat_map(|page| &page.bytes[..PAGE]);
    bytes.copied().collect()
}

/// Packs that are to be written at once, and the pages in them.
#[derive(Default)]
struct Packs {
    gathered: Gathered,
    entries: Vec<(u32, u64, PageEntry)>,
}

/// A generation that is being written: begun, given pages in as many steps as its maker likes, and
/// committed. Until then the disk is as it was; dropping it instead gives its space back.
pub struct PendingGeneration {
    pub(super) guest: GuestId,
    pub(super) base: Option<u64>,
    pub(super) time_ms: u64,
    pub(super) page_counts: Vec<u64>,
    pub(super) changes: Changes,
    pub(super) dirty_bytes: u64,
    /// Bytes that its pages take on the disk.
    pub(super) stored_bytes: u64,
    /// The lease that it was begun under.
    pub(super) fence: u64,
    pub(super) token: Arc<()>,
}

impl PendingGeneration {
    /// The guest that it is of.
    pub fn guest(&self) -> GuestId {
        self.guest
    }

    /// Bytes of pages written so far.
    pub fn dirty_bytes(&self) -> u64 {
        self.dirty_bytes
    }
}

impl<D: BlockDevice> CheckpointStore<D> {
    /// Begins a generation. With a base it is what that generation is, but for what is written;
    /// without one, all zeros. `page_counts` has the length of each memory in pages; memories may
    /// have grown, and there may be more.
    ///
    /// # Errors
    ///
    /// [`WriteError`].
    pub fn begin(
        &mut self,
        guest: GuestId,
        base: Option<u64>,
        page_counts: &[u64],
        time_ms: u64,
    ) -> Result<PendingGeneration, WriteError> {
        let fence = self.tenure.as_ref().ok_or(WriteError::NoLease)?.fence;
        self.note_time(time_ms);
        if !self.guests.contains_key(&guest.0) {
            return Err(WriteError::NoGuest(guest));
        }
        if page_counts.len() > MAX_MEMORIES || page_counts.iter().any(|&count| count > MAX_PAGES) {
            return Err(WriteError::Limit {
                what: "pages of a memory",
                limit: MAX_PAGES,
            });
        }
        if let Some(base) = base {
            let map = self.load_map(guest, base)?;
            for (memory, of_base) in (0..).zip(&map.memories) {
                let count = page_counts.get(memory as usize).copied().unwrap_or(0);
                if count < of_base.page_count {
                    return Err(WriteError::Shrunk { memory });
                }
            }
        }
        Ok(PendingGeneration {
            guest,
            base,
            time_ms,
            page_counts: page_counts.to_vec(),
            changes: BTreeMap::new(),
            dirty_bytes: 0,
            stored_bytes: 0,
            fence,
            token: Arc::new(()),
        })
    }

    /// The page map of a generation.
    pub(super) fn load_map(&mut self, guest: GuestId, number: u64) -> Result<PageMap, WriteError> {
        let record = self
            .generation_record(guest, number)
            .map_err(|error| match error {
                ReadError::NoGuest(guest) => WriteError::NoGuest(guest),
                ReadError::NoGeneration { guest, generation } => {
                    WriteError::NoGeneration { guest, generation }
                }
                error => error.into(),
            })?;
        Ok(PageMap::load(&mut self.media, &record)?)
    }

    /// Writes pages of a generation, straight from where they lie. Zero pages take no space. The
    /// more pages come at once, the larger are the device's requests.
    ///
    /// # Errors
    ///
    /// [`WriteError`].
    ///
    /// # Panics
    ///
    /// Panics if there are parts of pages.
    pub fn write_pages(
        &mut self,
        pending: &mut PendingGeneration,
        pages: &[MemoryPages<'_>],
    ) -> Result<(), WriteError> {
        if self
            .tenure
            .as_ref()
            .is_none_or(|tenure| tenure.fence != pending.fence)
        {
            return Err(WriteError::NoLease);
        }
        let mut present: Vec<Present<'_>> = Vec::new();
        for run in pages {
            let (whole, rest) = run.bytes.as_chunks::<PAGE>();
            assert!(rest.is_empty(), "part of a page");
            let end = run.first.saturating_add(whole.len() as u64);
            let count = pending.page_counts.get(run.memory as usize).copied();
            if count.is_none_or(|count| end > count) {
                return Err(WriteError::NoPage {
                    memory: run.memory,
                    page: end - 1,
                });
            }
            let (memory, mut behind) = (run.memory, run.bytes);
            for page in run.first..end {
                let bytes = behind;
                behind = &bytes[PAGE..];
                match is_zero(&bytes[..PAGE]) {
                    true => pending.insert(memory, page, PageEntry::default()),
                    false => present.push(Present {
                        memory,
                        page,
                        bytes,
                    }),
                }
            }
        }
        self.write_present(pending, &present)
    }

    /// Writes pages that are not zero, side by side as far as free space allows.
    fn write_present(
        &mut self,
        pending: &mut PendingGeneration,
        present: &[Present<'_>],
    ) -> Result<(), WriteError> {
        pending.dirty_bytes += (present.len() * PAGE) as u64;
        if self.compression == Compression::Lz4 && cfg!(feature = "lz4") {
            return self.write_packed(pending, present);
        }
        self.write_alone(pending, present)
    }

    /// Writes pages as they are.
    fn write_alone(
        &mut self,
        pending: &mut PendingGeneration,
        mut present: &[Present<'_>],
    ) -> Result<(), WriteError> {
        let per_unit = (self.media.blocks.unit_bytes / PAGE) as u64;
        while !present.is_empty() {
            let want = (present.len() as u64).div_ceil(per_unit);
            let extent = self.allocate(Stream::First, want, 1, &pending.token)?;
            let count = present.len().min((extent.count * per_unit) as usize);
            let (now, later) = present.split_at(count);
            present = later;
            self.write_extent(extent, now)?;
            let (first, tagger) = (extent.first * per_unit, &self.media.tagger);
            // Now that they have been written, a processor has them in its cache.
            let entries = (first..).zip(now);
            let entries = entries.map(|(address, one)| one.entry(Place::alone(address), tagger));
            pending.insert_all(&entries.collect::<Vec<_>>());
            pending.stored_bytes += (count * PAGE) as u64;
        }
        Ok(())
    }

    /// Writes pages in packs, and as they are where that saves nothing or there is no room for a
    /// pack in one piece.
    fn write_packed(
        &mut self,
        pending: &mut PendingGeneration,
        present: &[Present<'_>],
    ) -> Result<(), WriteError> {
        let mut packs = Packs::default();
        for pages in present.chunks(PACK_PAGES) {
            let bytes = bytes_of(pages);
            let unit_bytes = self.media.blocks.unit_bytes;
            let packed = pack(&bytes, unit_bytes);
            let extent = packed.as_ref().map(|packed| {
                let units = (packed.len() / unit_bytes) as u64;
                self.allocate(Stream::First, units, units, &pending.token)
            });
            let (packed, extent) = match (packed, extent.transpose()) {
                (Some(packed), Ok(Some(extent))) => (packed, extent),
                (_, Ok(_) | Err(WriteError::Full { .. })) => {
                    self.write_packs(pending, &mut packs)?;
                    self.write_alone(pending, pages)?;
                    continue;
                }
                (_, Err(error)) => return Err(error),
            };
            let pack = Pack {
                address: extent.first * (unit_bytes / PAGE) as u64,
                units: extent.count,
            };
            for (index, one) in pages.iter().enumerate() {
                let place = Place::packed(pack, index);
                packs.entries.push(one.entry(place, &self.media.tagger));
            }
            packs.gathered.add(extent.first, &packed, unit_bytes);
            if packs.gathered.is_large() {
                self.write_packs(pending, &mut packs)?;
            }
        }
        self.write_packs(pending, &mut packs)
    }

    /// Writes packs, after which their pages are in the generation.
    fn write_packs(
        &mut self,
        pending: &mut PendingGeneration,
        packs: &mut Packs,
    ) -> Result<(), WriteError> {
        let stored_bytes = packs.gathered.len_bytes();
        packs.gathered.write(&mut self.media.blocks)?;
        pending.insert_all(&core::mem::take(&mut packs.entries));
        pending.stored_bytes += stored_bytes as u64;
        Ok(())
    }

    /// Writes pages to units; pages that adjoin in memory as one piece.
    fn write_extent(&mut self, extent: Extent, pages: &[Present<'_>]) -> Result<(), WriteError> {
        let unit_bytes = self.media.blocks.unit_bytes;
        if unit_bytes == PAGE {
            let mut unit = extent.first;
            let pieces = pages.chunk_by(Present::adjoins).map(|run| {
                let first = unit;
                unit += run.len() as u64;
                (first, &run[0].bytes[..run.len() * PAGE])
            });
            let pieces: Vec<(u64, &[u8])> = pieces.collect();
            return Ok(self.media.blocks.write_batch(&pieces)?);
        }
        let mut bytes = bytes_of(pages);
        bytes.resize(bytes.len().next_multiple_of(unit_bytes), 0);
        Ok(self.media.blocks.write(extent.first, &bytes)?)
    }
}

impl PendingGeneration {
    fn insert(&mut self, memory: u32, page: u64, entry: PageEntry) {
        self.insert_all(&[(memory, page, entry)]);
    }

    /// Adds entries of pages.
    fn insert_all(&mut self, entries: &[(u32, u64, PageEntry)]) {
        let key = |&(memory, page, _): &(u32, u64, PageEntry)| (memory, page / LEAF_PAGES);
        for of_leaf in entries.chunk_by(|one, next| key(one) == key(next)) {
            let slots = of_leaf.iter();
            let slots = slots.map(|&(_, page, entry)| ((page % LEAF_PAGES) as u8, entry));
            let leaf = self.changes.entry(key(&of_leaf[0])).or_default();
            leaf.extend(slots);
        }
    }
}
