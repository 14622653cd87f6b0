//! Generations to be read, page by page.

use super::guests::GenerationRecord;
use super::leaf::{LEAF_PAGES, Leaf};
use super::map::{PageEntry, PageMap};
use super::pack::unpack;
use super::place::{Pack, Where};
use super::space::Extent;
use super::store::Pin;
use super::tag::Kind;
use super::{
    BlockDevice, CheckpointStore, Damage, DeviceError, Fault, GuestId, PAGE, PageRange, Part,
    ReadError,
};
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

/// A generation that is being read. As long as it lives, its generation is not dropped.
pub struct Generation {
    guest: GuestId,
    number: u64,
    record: GenerationRecord,
    map: PageMap,
    /// Leaves that have been read.
    leaves: BTreeMap<(u32, u64), Leaf<PageEntry>>,
    _pin: Arc<()>,
}

/// Most leaves that are kept: with their pages, 2 MiB.
const MAX_LEAVES: usize = 128;

/// Most pages that are read at once.
const MAX_RUN: u64 = 256;

impl Generation {
    /// The guest.
    pub fn guest(&self) -> GuestId {
        self.guest
    }

    /// The generation's number.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The length of each memory in pages.
    pub fn page_counts(&self) -> Vec<u64> {
        self.record
            .memories
            .iter()
            .map(|memory| memory.page_count)
            .collect()
    }
}

impl<D: BlockDevice> CheckpointStore<D> {
    pub(super) fn generation_record(
        &mut self,
        guest: GuestId,
        number: u64,
    ) -> Result<GenerationRecord, ReadError> {
        let generation = number;
        let missing = ReadError::NoGeneration { guest, generation };
        let summary = *self
            .guest_record(guest)?
            .generation(number)
            .ok_or(missing)?;
        let part = Part::Generation { guest, generation };
        let record: GenerationRecord =
            self.media
                .decode_node(Kind::Generation, &summary.record, part)?;
        if (record.guest, record.number) != (guest.0, number) {
            let fault = Fault::Malformed;
            return Err(Damage { part, fault }.into());
        }
        Ok(record)
    }

    /// Opens a generation. Reads its record and the lists of its late changes, no pages.
    ///
    /// # Errors
    ///
    /// [`ReadError`].
    pub fn open_generation(
        &mut self,
        guest: GuestId,
        number: u64,
    ) -> Result<Generation, ReadError> {
        let record = self.generation_record(guest, number)?;
        let map = PageMap::load(&mut self.media, &record)?;
        let token = Arc::new(());
        self.pins.retain(|pin| Arc::strong_count(&pin.token) > 1);
        self.pins.push(Pin {
            token: Arc::clone(&token),
            guest,
            number,
        });
        Ok(Generation {
            guest,
            number,
            record,
            map,
            leaves: BTreeMap::new(),
            _pin: token,
        })
    }

    /// A generation's metadata.
    ///
    /// # Errors
    ///
    /// [`ReadError`].
    pub fn read_metadata(&mut self, generation: &Generation) -> Result<Vec<u8>, ReadError> {
        let part = Part::Metadata {
            guest: generation.guest,
            generation: generation.number,
        };
        self.media.read_blob(&generation.record.metadata, part)
    }

    /// The pages of a memory that are not zero, ascending.
    ///
    /// # Errors
    ///
    /// [`ReadError`].
    pub fn page_ranges(
        &mut self,
        generation: &mut Generation,
        memory: u32,
    ) -> Result<Vec<PageRange>, ReadError> {
        let mut ranges: Vec<PageRange> = Vec::new();
        for leaf in self.leaves(generation, memory)? {
            for slot in self.leaf_pages(generation, memory, leaf)?.slots() {
                let page = leaf * LEAF_PAGES + u64::from(slot);
                match ranges.last_mut() {
                    Some(range) if range.first + range.count == page => range.count += 1,
                    _ => ranges.push(PageRange {
                        memory,
                        first: page,
                        count: 1,
                    }),
                }
            }
        }
        Ok(ranges)
    }

    /// The numbers of all leaves of a memory in which a page may not be zero, ascending.
    pub(super) fn leaves(
        &mut self,
        generation: &mut Generation,
        memory: u32,
    ) -> Result<Vec<u64>, ReadError> {
        check_page(generation, memory, 0, 0)?;
        generation.map.leaves(&mut self.media, memory)
    }

    /// The pages of a leaf that are not zero.
    pub(super) fn leaf_pages(
        &mut self,
        generation: &mut Generation,
        memory: u32,
        leaf: u64,
    ) -> Result<Leaf<PageEntry>, ReadError> {
        generation.map.pages(&mut self.media, memory, leaf)
    }

    /// How many pages of a memory from `first` on are zeros, as far as one look at the page map tells, and
    /// at most `most`.
    ///
    /// # Errors
    ///
    /// [`ReadError`].
    pub fn zero_pages(
        &mut self,
        generation: &mut Generation,
        memory: u32,
        first: u64,
        most: u64,
    ) -> Result<u64, ReadError> {
        check_page(generation, memory, first, most)?;
        let slot = first % LEAF_PAGES;
        let pages = self.leaf_pages(generation, memory, first / LEAF_PAGES)?;
        let next = pages.slots().find(|&next| u64::from(next) >= slot);
        let end = next.map_or(LEAF_PAGES, u64::from);
        Ok((end - slot).min(most))
    }

    /// Reads the pages from `first` on that fill `buffer`; zero pages cost nothing, and what
    /// lies side by side on the disk is read at once.
    ///
    /// # Errors
    ///
    /// [`ReadError`]; the buffer's contents are then meaningless.
    ///
    /// # Panics
    ///
    /// Panics if the buffer is not a whole number of pages.
    pub fn read_pages(
        &mut self,
        generation: &mut Generation,
        memory: u32,
        first: u64,
        buffer: &mut [u8],
    ) -> Result<(), ReadError> {
        assert!(buffer.len().is_multiple_of(PAGE), "part of a page");
        let count = (buffer.len() / PAGE) as u64;
        check_page(generation, memory, first, count)?;
        buffer.fill(0);
        let mut done = 0;
        while done < count {
            let entry = self.page_entry(generation, memory, first + done)?;
            if entry.is_zero() {
                done += 1;
                continue;
            }
            let mut run = vec![entry];
            while done + (run.len() as u64) < count && (run.len() as u64) < MAX_RUN {
                let next = self.page_entry(generation, memory, first + done + run.len() as u64)?;
                if !goes_on(&run, &next) {
                    break;
                }
                run.push(next);
            }
            let start = done as usize * PAGE;
            let bytes = &mut buffer[start..start + run.len() * PAGE];
            let part = |page| Part::Page {
                guest: generation.guest,
                generation: generation.number,
                memory,
                page,
            };
            match entry.place.get() {
                Where::Nowhere => unreachable!("not zero"),
                Where::Alone(address) => self.read_run(address, bytes, part(first + done))?,
                Where::Packed { pack, .. } => {
                    self.read_pack(pack, &run, bytes, part(first + done))?;
                }
            }
            for ((page, bytes), entry) in (first + done..).zip(bytes.chunks_exact(PAGE)).zip(&run) {
                if !self.media.tagger.is_right(Kind::Page, bytes, entry.tag) {
                    let (part, fault) = (part(page), Fault::Tag);
                    return Err(Damage { part, fault }.into());
                }
            }
            done += run.len() as u64;
        }
        Ok(())
    }

    /// Reads those pages of a pack that the run's places name.
    fn read_pack(
        &mut self,
        pack: Pack,
        run: &[PageEntry],
        bytes: &mut [u8],
        part: Part,
    ) -> Result<(), ReadError> {
        if !cfg!(feature = "lz4") {
            return Err(ReadError::Compressed);
        }
        let mut packed = vec![0; pack.units as usize * self.media.blocks.unit_bytes];
        self.read_run(pack.address, &mut packed, part)?;
        let damage = |fault| Damage { part, fault };
        let pages = unpack(&packed).ok_or(damage(Fault::Tag))?;
        for (entry, bytes) in run.iter().zip(bytes.chunks_exact_mut(PAGE)) {
            let Where::Packed { index, .. } = entry.place.get() else {
                unreachable!("the run goes on in the pack");
            };
            let page = pages.chunks_exact(PAGE).nth(index);
            bytes.copy_from_slice(page.ok_or(damage(Fault::Malformed))?);
        }
        Ok(())
    }

    fn read_run(&mut self, address: u64, bytes: &mut [u8], part: Part) -> Result<(), ReadError> {
        let per_unit = (self.media.blocks.unit_bytes / PAGE) as u64;
        let extent = Extent {
            first: address / per_unit,
            count: (address % per_unit + (bytes.len() / PAGE) as u64).div_ceil(per_unit),
        };
        if !self.media.is_data(extent.first, extent.count) {
            let fault = Fault::Place { unit: extent.first };
            return Err(Damage { part, fault }.into());
        }
        let blocks = &mut self.media.blocks;
        let result = if per_unit == 1 {
            blocks.read(extent.first, bytes)
        } else {
            let offset = address % per_unit * PAGE as u64;
            blocks
                .read_bytes(extent.first, offset, bytes.len())
                .map(|read| bytes.copy_from_slice(&read))
        };
        match result {
            Ok(()) => Ok(()),
            Err(error @ DeviceError::Transient { .. }) => Err(error.into()),
            Err(error) => {
                let fault = Fault::Unreadable(error);
                Err(Damage { part, fault }.into())
            }
        }
    }

    fn page_entry(
        &mut self,
        generation: &mut Generation,
        memory: u32,
        page: u64,
    ) -> Result<PageEntry, ReadError> {
        let key = (memory, page / LEAF_PAGES);
        if !generation.leaves.contains_key(&key) {
            let pages = generation.map.pages(&mut self.media, memory, key.1)?;
            if generation.leaves.len() >= MAX_LEAVES {
                generation.leaves.clear();
            }
            generation.leaves.insert(key, pages);
        }
        let slot = (page % LEAF_PAGES) as u8;
        Ok(generation.leaves[&key]
            .get(slot)
            .copied()
            .unwrap_or_default())
    }
}

/// Whether a page lies right behind those of a run, or in the same pack.
fn goes_on(run: &[PageEntry], next: &PageEntry) -> bool {
    match (run[0].place.get(), next.place.get()) {
        (Where::Alone(first), Where::Alone(next)) => next == first + run.len() as u64,
        (Where::Packed { pack, .. }, Where::Packed { pack: other, .. }) => pack == other,
        _ => false,
    }
}

fn check_page(
    generation: &Generation,
    memory: u32,
    first: u64,
    count: u64,
) -> Result<(), ReadError> {
    let pages = generation
        .record
        .memories
        .get(memory as usize)
        .map(|memory| memory.page_count);
    match first.checked_add(count) {
        Some(end) if pages.is_some_and(|pages| end <= pages) => Ok(()),
        _ => Err(ReadError::NoPage {
            memory,
            page: first,
        }),
    }
}
