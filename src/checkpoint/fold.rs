//! The page map of a new generation, for little more than the price of what changed.
//!
//! A commit may write 1.05 times the changed pages and 64 KiB. Scattered changes touch nearly every
//! leaf, so at first they are only listed: some 16 bytes a page, written twice. What the
//! allowance leaves is used to fold what is listed into leaves, those of the oldest list first, so
//! that every list is used up after a number of commits that does not depend on their number.

use super::commit::NodeWriter;
use super::guests::GenerationRecord;
use super::leaf::{LEAF_PAGES, Leaf};
use super::map::{Delta, LeafKey, MemoryMap, PageEntry, PageMap, Pending};
use super::nodes::{NodeRef, encode};
use super::tag::Kind;
use super::tree::{FANOUT, Inners};
use super::{BlockDevice, CheckpointStore, PAGE, WriteError};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

/// Changed pages, by leaf.
pub(super) type Changes = BTreeMap<LeafKey, Leaf<PageEntry>>;

/// What a commit may cost whatever it changes: 64 KiB, less what is written at any rate
/// (records of generation and guest, tree of guests, root, two commit records).
const ALLOWANCE: u64 = 20 << 10;

/// Bytes of an entry in a list.
const DELTA_BYTES: u64 = 20;

/// So many changed pages of a leaf are cheaper in the leaf than in a list.
const DENSE: usize = 128;

/// Most entries that a generation's own record lists.
const MAX_RECENT: usize = 64;

/// Most entries of a segment.
const MAX_SEGMENT: usize = 8192;

impl<D: BlockDevice> CheckpointStore<D> {
    /// Makes memories, segments and recent entries of the record of a generation that is `map`
    /// with these changes.
    pub(super) fn fold(
        &mut self,
        map: &mut PageMap,
        changes: Changes,
        base_segments: &[NodeRef],
        dirty_bytes: u64,
        writer: &mut NodeWriter,
        record: &mut GenerationRecord,
    ) -> Result<(), WriteError> {
        let number = record.number;
        let mut dense = BTreeSet::new();
        for (key, pages) in changes {
            self.media.blocks.device.yield_now();
            if pages.len() >= DENSE {
                dense.insert(key);
            }
            let pending = map.pending.entry(key).or_default();
            pending.add_all(&pages, |&entry| Pending {
                entry,
                born: number,
            });
        }
        let folded = self.choose(map, dense, number, dirty_bytes);
        let mut updates: BTreeMap<u32, Vec<(u64, NodeRef)>> = BTreeMap::new();
        for (memory, leaf) in folded {
            let pages = map.pages(&mut self.media, memory, leaf)?;
            map.pending.remove(&(memory, leaf));
            let node = match pages.is_empty() {
                true => NodeRef {
                    born: number,
                    ..NodeRef::default()
                },
                false => {
                    let node = self.write_node(writer, Kind::Leaf, &encode(&pages), number)?;
                    self.known_leaves.add(&self.media, &node, &pages);
                    node
                }
            };
            updates.entry(memory).or_default().push((leaf, node));
        }
        let page_counts: Vec<u64> = record
            .memories
            .iter()
            .map(|memory| memory.page_count)
            .collect();
        for (memory, page_count) in (0..).zip(page_counts) {
            let changes = updates.remove(&memory).unwrap_or_default();
            let old = core::mem::take(&mut map.memories[memory as usize]);
            let leaf_count = page_count.div_ceil(LEAF_PAGES);
            let part = map.part(memory, 0);
            let mut cache = core::mem::take(&mut map.inners);
            // Inner nodes are read while others are written: their bytes are kept until then.
            let store = core::cell::RefCell::new((&mut *self, &mut *writer));
            let leaves = old.leaves.update(
                leaf_count,
                &changes,
                &mut |node| {
                    let mut store = store.borrow_mut();
                    let mut inners = Inners {
                        media: &mut store.0.media,
                        cache: &mut cache,
                    };
                    Ok::<_, WriteError>(inners.read(node, part)?.clone())
                },
                &mut |bytes| {
                    let (store, writer) = &mut *store.borrow_mut();
                    store.write_node(writer, Kind::Inner, &bytes, number)
                },
            )?;
            record.memories[memory as usize] = MemoryMap { page_count, leaves };
        }
        self.list_rest(map, base_segments, writer, record)
    }

    /// Which leaves are folded.
    fn choose(
        &self,
        map: &PageMap,
        mut folded: BTreeSet<LeafKey>,
        number: u64,
        dirty_bytes: u64,
    ) -> BTreeSet<LeafKey> {
        let node_bytes = 2 * self.media.blocks.unit_bytes as u64;
        let mut inners = BTreeSet::new();
        let mut cost = |key: &LeafKey| {
            let leaf_count = map
                .memories
                .get(key.0 as usize)
                .map_or(0, MemoryMap::leaf_count);
            let has_inner = leaf_count > FANOUT && inners.insert((key.0, key.1 / FANOUT));
            node_bytes * (1 + u64::from(has_inner))
        };
        let dense_cost: u64 = folded.iter().map(&mut cost).sum();
        let listed = map.pending.iter().filter(|(key, _)| !folded.contains(key));
        let new = listed
            .flat_map(|(_, pages)| pages.values())
            .filter(|page| page.born == number);
        let spent = dense_cost + 2 * DELTA_BYTES * new.count() as u64;
        let mut left = (ALLOWANCE + dirty_bytes / 20).saturating_sub(spent);
        let oldest = |pages: &Leaf<Pending>| pages.values().iter().map(|page| page.born).min();
        let mut rest: Vec<(u64, LeafKey)> = map
            .pending
            .iter()
            .filter(|(key, _)| !folded.contains(key))
            .map(|(key, pages)| (oldest(pages).unwrap_or(number), *key))
            .collect();
        rest.sort_unstable();
        for (_, key) in rest {
            let price = cost(&key);
            match left.checked_sub(price) {
                Some(rest) => left = rest,
                None => break,
            }
            folded.insert(key);
        }
        folded
    }

    /// Lists what no leaf knows yet: what is old stays in its segments, of which the newest may
    /// be written anew together with what has changed now.
    fn list_rest(
        &mut self,
        map: &PageMap,
        base_segments: &[NodeRef],
        writer: &mut NodeWriter,
        record: &mut GenerationRecord,
    ) -> Result<(), WriteError> {
        let number = record.number;
        let mut by_birth: BTreeMap<u64, Vec<Delta>> = BTreeMap::new();
        for (&(memory, leaf), pages) in &map.pending {
            for (slot, pending) in pages.iter() {
                let page = leaf * LEAF_PAGES + u64::from(slot);
                let entry = pending.entry;
                by_birth.entry(pending.born).or_default().push(Delta {
                    memory,
                    page,
                    entry,
                });
            }
        }
        let mut kept: Vec<NodeRef> = base_segments.to_vec();
        kept.retain(|segment| by_birth.contains_key(&segment.born));
        // What is in no segment yet: the changes, and what the base's own record listed.
        let mut deltas = Vec::new();
        for (born, listed) in &by_birth {
            if !kept.iter().any(|segment| segment.born == *born) {
                deltas.extend_from_slice(listed);
            }
        }
        // Small segments are merged as long as they are no larger than what is written anyway.
        while let Some(last) = kept.last().copied() {
            let listed = &by_birth[&last.born];
            let is_small = deltas.len() > MAX_RECENT
                && listed.len() <= deltas.len()
                && listed.len() + deltas.len()
                    <= self.media.blocks.unit_bytes / DELTA_BYTES as usize;
            if !is_small {
                break;
            }
            deltas.extend_from_slice(listed);
            kept.retain(|segment| segment.born != last.born);
        }
        record.segments = kept;
        if deltas.len() <= MAX_RECENT {
            record.recent = deltas;
            return Ok(());
        }
        for deltas in deltas.chunks(MAX_SEGMENT) {
            let bytes = encode(&deltas);
            record
                .segments
                .push(self.write_node(writer, Kind::Segment, &bytes, number)?);
        }
        Ok(())
    }
}

const _: () = assert!(
    PAGE as u64 / 20 > 2 * DELTA_BYTES,
    "a page pays for its entry"
);
