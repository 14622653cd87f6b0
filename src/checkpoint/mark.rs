//! What is in use: a walk over all that a root reaches.

use super::blob::Blob;
use super::guests::{GenerationRecord, GenerationSummary, GuestRecord, RootRecord};
use super::leaf::Leaf;
use super::map::{PageEntry, PageMap, read_leaf};
use super::nodes::{Media, NodeRef};
use super::open::load_guests;
use super::place::Where;
use super::space::{Bitmap, Extent};
use super::tag::Kind;
use super::tree::{Children, Tree, check_children};
use super::{BlockDevice, Fault, GuestId, PAGE, Part, ReadError};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// Where the pages of leaves are that have been written or read, for leaves whose pages are in few runs: a walk
/// need not read these again.
#[derive(Debug, Default)]
pub(super) struct KnownLeaves(BTreeMap<u64, KnownLeaf>);

#[derive(Debug)]
struct KnownLeaf {
    /// What tells it from others in the same place.
    node: NodeRef,
    units: Vec<Extent>,
}

/// Most runs of units of a known leaf.
const MAX_RUNS: usize = 8;

/// Most known leaves: with their runs some 4 MiB at most, and those of 16 GiB of memory.
const MAX_KNOWN: usize = 16 * 1024;

impl KnownLeaves {
    /// Notes where a leaf's pages are.
    pub fn add<D: BlockDevice>(
        &mut self,
        media: &Media<D>,
        node: &NodeRef,
        leaf: &Leaf<PageEntry>,
    ) {
        let mut units: Vec<Extent> = Vec::new();
        for extent in leaf
            .values()
            .iter()
            .filter_map(|page| units_of(media, page))
        {
            let is_full = units.len() == MAX_RUNS;
            match units.last_mut() {
                Some(last) if last.first <= extent.first && extent.end() <= last.end() => {}
                Some(last) if last.end() == extent.first => last.count += extent.count,
                _ if is_full => return,
                _ => units.push(extent),
            }
        }
        if self.0.len() < MAX_KNOWN {
            let node = *node;
            self.0.insert(node.copies[0], KnownLeaf { node, units });
        }
    }

    /// Where a leaf's pages are; None: its node has to be read.
    fn get(&self, node: &NodeRef) -> Option<&[Extent]> {
        let known = self.0.get(&node.copies[0])?;
        (known.node == *node).then_some(&known.units)
    }
}

/// The units that a page is in; None: there are none, or none that can be.
fn units_of<D: BlockDevice>(media: &Media<D>, entry: &PageEntry) -> Option<Extent> {
    let (address, count) = match entry.place.get() {
        Where::Nowhere => return None,
        Where::Alone(address) => (address, 1),
        Where::Packed { pack, .. } => (pack.address, pack.units),
    };
    let first = address / (media.blocks.unit_bytes / PAGE) as u64;
    media
        .is_data(first, count)
        .then_some(Extent { first, count })
}

/// Units that are in use. Trees share most of their nodes, so what was visited is not again.
///
/// Damage is passed over: what is below a node of which both copies are lost, nobody can reach
/// any more. What cannot be read is an error, for it may be readable again later: a server that was
/// restarted, a cable that was plugged in again.
pub(super) struct Marks<'k> {
    used: Bitmap,
    visited: Bitmap,
    known: &'k mut KnownLeaves,
}

impl<'k> Marks<'k> {
    pub fn new(units: u64, known: &'k mut KnownLeaves) -> Option<Self> {
        Some(Self {
            used: Bitmap::new(units)?,
            visited: Bitmap::new(units)?,
            known,
        })
    }

    /// The units marked, and some more. Of leaves that were not among them nothing is known any more.
    pub fn into_used(mut self, others: impl Iterator<Item = Extent>) -> Bitmap {
        self.mark(others);
        let visited = |_: &u64, leaf: &mut KnownLeaf| self.visited.is_set(leaf.node.copies[1]);
        self.known.0.retain(visited);
        self.used
    }

    fn mark(&mut self, extents: impl Iterator<Item = Extent>) {
        for unit in extents.flat_map(Extent::units) {
            self.used.set(unit);
        }
    }

    /// Marks a node; false if it has been visited, or lies where nothing can be.
    fn visit<D: BlockDevice>(&mut self, media: &Media<D>, node: &NodeRef) -> bool {
        let units = media.blocks.units(u64::from(node.len_bytes));
        if node.len_bytes == 0 || node.copies.iter().any(|&unit| !media.is_data(unit, units)) {
            return false;
        }
        let count = units;
        self.mark(node.copies.into_iter().map(|first| Extent { first, count }));
        !self.visited.set(node.copies[0])
    }

    fn mark_blob<D: BlockDevice>(&mut self, media: &Media<D>, blob: &Blob) {
        let extents = blob.copies.iter().flatten().copied();
        self.mark(extents.filter(|extent| media.is_data(extent.first, extent.count)));
    }

    /// Marks all that a root reaches.
    pub fn mark_root<D: BlockDevice>(
        &mut self,
        media: &mut Media<D>,
        root: &NodeRef,
    ) -> Result<(), ReadError> {
        self.visit(media, root);
        let Some(record) = ok(media.decode_node::<RootRecord>(Kind::Root, root, Part::Root))?
        else {
            return Ok(());
        };
        self.mark_tree(media, &record.guests, Part::GuestTree)?;
        let Some(guests) = ok(load_guests(media, &record))? else {
            return Ok(());
        };
        for damage in guests.damaged.into_values() {
            ok::<()>(Err(damage.into()))?;
        }
        for guest in guests.whole.values() {
            self.mark_guest(media, guest)?;
        }
        Ok(())
    }

    fn mark_guest<D: BlockDevice>(
        &mut self,
        media: &mut Media<D>,
        guest: &GuestRecord,
    ) -> Result<(), ReadError> {
        let blobs = [&guest.settings, &guest.module, &guest.files].into_iter();
        for blob in blobs.chain(&guest.working_set) {
            self.mark_blob(media, blob);
        }
        // What a list has replaced since is in use only if another line needs it.
        let is_exact = guest.is_one_line();
        for generation in &guest.generations {
            self.mark_generation(media, guest.guest_id(), generation, is_exact)?;
        }
        Ok(())
    }

    fn mark_generation<D: BlockDevice>(
        &mut self,
        media: &mut Media<D>,
        guest: GuestId,
        summary: &GenerationSummary,
        is_exact: bool,
    ) -> Result<(), ReadError> {
        let part = Part::Generation {
            guest,
            generation: summary.number,
        };
        if !self.visit(media, &summary.record) {
            return Ok(());
        }
        let record = media.decode_node::<GenerationRecord>(Kind::Generation, &summary.record, part);
        let Some(record) = ok(record)? else {
            return Ok(());
        };
        self.mark_blob(media, &record.metadata);
        for segment in &record.segments {
            self.visit(media, segment);
        }
        let Some(map) = ok(PageMap::load(media, &record))? else {
            return Ok(());
        };
        let listed = map.pending.values().flat_map(Leaf::values);
        self.mark(listed.filter_map(|page| units_of(media, &page.entry)));
        for (memory, of_memory) in (0..).zip(&map.memories) {
            let part = map.part(memory, 0);
            self.mark_tree(media, &of_memory.leaves, part)?;
        }
        let mut map = map;
        for memory in 0..map.memories.len() as u32 {
            let Some(leaves) = ok(map.leaf_nodes(media, memory))? else {
                continue;
            };
            for (leaf, node) in leaves {
                if !self.visit_leaf(&node) {
                    continue;
                }
                let listed = map.pending.get(&(memory, leaf)).filter(|_| is_exact);
                if let Some(units) = self.known.get(&node).filter(|_| listed.is_none()) {
                    media.blocks.device.yield_now();
                    let units = units.to_vec();
                    self.mark(units.into_iter());
                    continue;
                }
                let part = map.part(memory, leaf);
                let Some(mut pages) = ok(read_leaf(media, &node, part))? else {
                    continue;
                };
                self.known.add(media, &node, &pages);
                if let Some(listed) = listed {
                    pages = pages.without(listed);
                }
                let pages = pages.values().iter();
                self.mark(pages.filter_map(|page| units_of(media, page)));
            }
        }
        Ok(())
    }

    /// Whether a leaf's pages have yet to be marked. Its second copy's unit says so.
    fn visit_leaf(&mut self, node: &NodeRef) -> bool {
        !self.visited.set(node.copies[1])
    }

    /// Marks the nodes of a tree, its leaves included.
    fn mark_tree<D: BlockDevice>(
        &mut self,
        media: &mut Media<D>,
        tree: &Tree,
        part: Part,
    ) -> Result<(), ReadError> {
        self.mark_children(media, &tree.children, tree.height, part)
    }

    fn mark_children<D: BlockDevice>(
        &mut self,
        media: &mut Media<D>,
        children: &Children,
        height: u8,
        part: Part,
    ) -> Result<(), ReadError> {
        for (_, node) in children {
            if !self.visit(media, node) || height == 0 {
                continue;
            }
            let below = ok(media.decode_node::<Children>(Kind::Inner, node, part))?;
            if let Some(below) = below.filter(|below| check_children(below, part).is_ok()) {
                self.mark_children(media, &below, height - 1, part)?;
            }
        }
        Ok(())
    }
}

/// What was read, None if it is damaged.
fn ok<T>(result: Result<T, ReadError>) -> Result<Option<T>, ReadError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(ReadError::Damaged(damage)) if !matches!(damage.fault, Fault::Unreadable(_)) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
