//! Page maps: where the pages of a generation's memories are.
//!
//! A memory's map is a tree whose leaves have 256 pages each. Scattered changes would rewrite
//! most leaves, which costs far more than the pages themselves; so what changed is first listed in
//! *segments*, and leaves take it over little by little ([`super::fold`]). An entry of a segment
//! counts if it is younger than its leaf.

use super::guests::GenerationRecord;
use super::leaf::{LEAF_PAGES, Leaf};
use super::nodes::{Media, NodeRef};
use super::place::Place;
use super::tag::{Kind, Tag};
use super::tree::{InnerCache, Inners, Tree};
use super::{BlockDevice, Damage, Fault, GuestId, Part, ReadError};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Most pages of a memory: 1 TiB.
pub(super) const MAX_PAGES: u64 = 1 << 28;

/// Most memories of a generation.
pub(super) const MAX_MEMORIES: usize = 4096;

/// Where a page is, and its tag.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PageEntry {
    pub place: Place,
    pub tag: Tag,
}

impl PageEntry {
    pub fn is_zero(&self) -> bool {
        self.place.is_nowhere()
    }
}

/// The map of a memory, without what segments say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct MemoryMap {
    pub page_count: u64,
    /// References to leaves, by number.
    pub leaves: Tree,
}

impl MemoryMap {
    pub fn leaf_count(&self) -> u64 {
        self.page_count.div_ceil(LEAF_PAGES)
    }
}

/// A page that has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Delta {
    pub memory: u32,
    pub page: u64,
    pub entry: PageEntry,
}

/// A page that its leaf does not know yet, and how old the segment is that does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pending {
    pub entry: PageEntry,
    pub born: u64,
}

/// Memory and number of a leaf.
pub(super) type LeafKey = (u32, u64);

/// A generation's page map in memory: trees by reference, segments whole.
#[derive(Debug, Default)]
pub(super) struct PageMap {
    pub guest: GuestId,
    pub number: u64,
    pub memories: Vec<MemoryMap>,
    pub pending: BTreeMap<LeafKey, Leaf<Pending>>,
    pub inners: InnerCache,
}

impl PageMap {
    /// Reads a generation's segments.
    pub fn load<D: BlockDevice>(
        media: &mut Media<D>,
        record: &GenerationRecord,
    ) -> Result<Self, ReadError> {
        let mut map = Self {
            guest: GuestId(record.guest),
            number: record.number,
            memories: record.memories.clone(),
            ..Self::default()
        };
        let part = map.segment_part();
        let malformed = Damage {
            part,
            fault: Fault::Malformed,
        };
        for (memory, of_memory) in (0..).zip(&map.memories) {
            if of_memory.page_count > MAX_PAGES || map.memories.len() > MAX_MEMORIES {
                return Err(malformed.into());
            }
            of_memory
                .leaves
                .check(of_memory.leaf_count(), map.part(memory, 0))?;
        }
        for segment in &record.segments {
            let deltas: Vec<Delta> = media.decode_node(Kind::Segment, segment, part)?;
            map.add(media, &deltas, segment.born)?;
        }
        map.add(media, &record.recent, record.number)?;
        Ok(map)
    }

    fn add<D: BlockDevice>(
        &mut self,
        media: &mut Media<D>,
        deltas: &[Delta],
        born: u64,
    ) -> Result<(), ReadError> {
        for delta in deltas {
            let memory = self.memories.get(delta.memory as usize);
            if memory.is_none_or(|memory| delta.page >= memory.page_count) {
                return Err(Damage {
                    part: self.segment_part(),
                    fault: Fault::Malformed,
                }
                .into());
            }
            let leaf = delta.page / LEAF_PAGES;
            let leaf_born = self
                .leaf_ref(media, delta.memory, leaf)?
                .map_or(0, |node| node.born);
            if born > leaf_born {
                let pages = self.pending.entry((delta.memory, leaf)).or_default();
                let entry = delta.entry;
                pages.insert((delta.page % LEAF_PAGES) as u8, Pending { entry, born });
            }
        }
        Ok(())
    }

    fn segment_part(&self) -> Part {
        Part::Segment {
            guest: self.guest,
            generation: self.number,
        }
    }

    pub fn part(&self, memory: u32, leaf: u64) -> Part {
        Part::PageMap {
            guest: self.guest,
            generation: self.number,
            memory,
            first_page: leaf * LEAF_PAGES,
        }
    }

    fn leaf_ref<D: BlockDevice>(
        &mut self,
        media: &mut Media<D>,
        memory: u32,
        leaf: u64,
    ) -> Result<Option<NodeRef>, ReadError> {
        let part = self.part(memory, leaf);
        let mut inners = Inners {
            media,
            cache: &mut self.inners,
        };
        self.memories[memory as usize]
            .leaves
            .get(leaf, &mut inners, part)
    }

    /// The pages of a leaf as the tree has them.
    pub fn read_leaf<D: BlockDevice>(
        &mut self,
        media: &mut Media<D>,
        memory: u32,
        leaf: u64,
    ) -> Result<Leaf<PageEntry>, ReadError> {
        let part = self.part(memory, leaf);
        let node = self.leaf_ref(media, memory, leaf)?;
        let Some(node) = node.filter(|node| node.len_bytes > 0) else {
            return Ok(Leaf::default());
        };
        let pages = read_leaf(media, &node, part)?;
        let page_count = self.memories[memory as usize].page_count;
        let is_within = |slot: u8| leaf * LEAF_PAGES + u64::from(slot) < page_count;
        if pages.slots().all(is_within) {
            return Ok(pages);
        }
        let fault = Fault::Malformed;
        Err(Damage { part, fault }.into())
    }

    /// The pages of a leaf as the generation has them, zero ones left out.
    pub fn pages<D: BlockDevice>(
        &mut self,
        media: &mut Media<D>,
        memory: u32,
        leaf: u64,
    ) -> Result<Leaf<PageEntry>, ReadError> {
        let is_replaced = |pending: &Leaf<Pending>| pending.len() as u64 == LEAF_PAGES;
        // What the tree has need not be read then.
        let mut pages = match self.pending.get(&(memory, leaf)).is_some_and(is_replaced) {
            true => Leaf::default(),
            false => self.read_leaf(media, memory, leaf)?,
        };
        if let Some(pending) = self.pending.get(&(memory, leaf)) {
            pages.add_all(pending, |new| new.entry);
        }
        pages.retain(|entry| !entry.is_zero());
        Ok(pages)
    }

    /// All leaves of a memory that have a node.
    pub fn leaf_nodes<D: BlockDevice>(
        &mut self,
        media: &mut Media<D>,
        memory: u32,
    ) -> Result<Vec<(u64, NodeRef)>, ReadError> {
        let part = self.part(memory, 0);
        let cache = &mut self.inners;
        let mut inners = Inners { media, cache };
        let leaves = &self.memories[memory as usize].leaves;
        let mut entries = leaves.entries(&mut inners, part)?;
        entries.retain(|(_, node)| {
            let units = media.blocks.units(u64::from(node.len_bytes));
            node.len_bytes > 0 && node.copies.iter().all(|&unit| media.is_data(unit, units))
        });
        Ok(entries)
    }

    /// The numbers of all leaves of a memory in which a page may not be zero, ascending.
    pub fn leaves<D: BlockDevice>(
        &mut self,
        media: &mut Media<D>,
        memory: u32,
    ) -> Result<Vec<u64>, ReadError> {
        let entries = self.leaf_nodes(media, memory)?;
        let of_memory = &self.memories[memory as usize];
        let mut leaves: Vec<u64> = entries.iter().map(|entry| entry.0).collect();
        leaves.extend(
            self.pending
                .range((memory, 0)..(memory + 1, 0))
                .map(|(key, _)| key.1),
        );
        leaves.sort_unstable();
        leaves.dedup();
        leaves.retain(|&leaf| leaf < of_memory.leaf_count());
        Ok(leaves)
    }
}

/// Reads a leaf's node.
pub(super) fn read_leaf<D: BlockDevice>(
    media: &mut Media<D>,
    node: &NodeRef,
    part: Part,
) -> Result<Leaf<PageEntry>, ReadError> {
    let leaf: Leaf<PageEntry> = media.decode_node(Kind::Leaf, node, part)?;
    let fault = Fault::Malformed;
    let is_sound = leaf.is_sound();
    is_sound
        .then_some(leaf)
        .ok_or_else(|| Damage { part, fault }.into())
}
