//! Trees with numbers as keys: of guests, and of the leaves of a page map.
//!
//! A tree is never changed: [`update`] writes the nodes on the way to what is new, and
//! shares all others with the tree it began with. Its top level is part of whatever owns it,
//! so that small trees have no inner nodes at all.

use super::nodes::{Media, NodeRef, encode};
use super::tag::Kind;
use super::{BlockDevice, Damage, Fault, Part, ReadError};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Children of an inner node.
pub(super) const FANOUT: u64 = 128;

/// Most levels of inner nodes: keys have fewer than 35 bits.
const MAX_HEIGHT: u8 = 4;

/// The children of a node that are there: position and reference, ascending.
pub(super) type Children = Vec<(u8, NodeRef)>;

/// The top of a tree.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tree {
    /// Levels of inner nodes below the top.
    pub height: u8,
    pub children: Children,
}

/// Inner nodes that have been read: they are few, and every look-up needs them.
#[derive(Debug, Default)]
pub(super) struct InnerCache {
    nodes: BTreeMap<u64, Children>,
}

/// Most nodes in a cache: 2 MiB, and the inner nodes of a memory of 64 GiB.
const MAX_CACHED: usize = 512;

/// Reads inner nodes.
pub(super) struct Inners<'m, D> {
    pub media: &'m mut Media<D>,
    pub cache: &'m mut InnerCache,
}

impl<D: BlockDevice> Inners<'_, D> {
    /// The children of an inner node.
    pub fn read(&mut self, node: &NodeRef, part: Part) -> Result<&Children, ReadError> {
        let unit = node.copies[0];
        if !self.cache.nodes.contains_key(&unit) {
            let children: Children = self.media.decode_node(Kind::Inner, node, part)?;
            check_children(&children, part)?;
            if self.cache.nodes.len() >= MAX_CACHED {
                self.cache.nodes.clear();
            }
            self.cache.nodes.insert(unit, children);
        }
        Ok(&self.cache.nodes[&unit])
    }
}

/// Checks that children ascend and are not too many.
pub(super) fn check_children(children: &Children, part: Part) -> Result<(), Damage> {
    let do_ascend = children.windows(2).all(|pair| pair[0].0 < pair[1].0);
    let is_last_in_range = children
        .last()
        .is_none_or(|last| u64::from(last.0) < FANOUT);
    if do_ascend && is_last_in_range {
        return Ok(());
    }
    let fault = Fault::Malformed;
    Err(Damage { part, fault })
}

/// How many keys a tree of this height has.
pub(super) fn capacity(height: u8) -> u64 {
    FANOUT.pow(u32::from(height) + 1)
}

/// The height of a tree for keys below `count`.
pub(super) fn height_for(count: u64) -> u8 {
    let fitting = (0..=MAX_HEIGHT).find(|&height| count <= capacity(height));
    fitting.expect("no more keys than the limits allow")
}

/// The position of a key among the children of a node this high.
fn position(key: u64, height: u8) -> u8 {
    (key / FANOUT.pow(u32::from(height)) % FANOUT) as u8
}

fn child(children: &Children, position: u8) -> Option<NodeRef> {
    let index = children
        .binary_search_by_key(&position, |child| child.0)
        .ok()?;
    Some(children[index].1)
}

impl Tree {
    /// Checks what the top alone can tell.
    pub fn check(&self, count: u64, part: Part) -> Result<(), Damage> {
        check_children(&self.children, part)?;
        if self.height != height_for(count) {
            let fault = Fault::Malformed;
            return Err(Damage { part, fault });
        }
        Ok(())
    }

    /// The reference at a key.
    pub fn get<D: BlockDevice>(
        &self,
        key: u64,
        inners: &mut Inners<'_, D>,
        part: Part,
    ) -> Result<Option<NodeRef>, ReadError> {
        let mut found = child(&self.children, position(key, self.height));
        for height in (0..self.height).rev() {
            let Some(node) = found else { return Ok(None) };
            found = child(inners.read(&node, part)?, position(key, height));
        }
        Ok(found)
    }

    /// All keys that are there, with their references, ascending.
    pub fn entries<D: BlockDevice>(
        &self,
        inners: &mut Inners<'_, D>,
        part: Part,
    ) -> Result<Vec<(u64, NodeRef)>, ReadError> {
        let mut level: Vec<(u64, NodeRef)> = self
            .children
            .iter()
            .map(|child| (u64::from(child.0), child.1))
            .collect();
        for _ in 0..self.height {
            let mut below = Vec::new();
            for (key, node) in level {
                let children = inners.read(&node, part)?;
                below.extend(
                    children
                        .iter()
                        .map(|child| (key * FANOUT + u64::from(child.0), child.1)),
                );
            }
            level = below;
        }
        Ok(level)
    }

    /// The tree with other references at some keys, which ascend; a reference of no length
    /// that was born at 0 removes the key. `write` writes an inner node.
    pub fn update<E: From<ReadError>>(
        &self,
        key_count: u64,
        changes: &[(u64, NodeRef)],
        read: &mut impl FnMut(&NodeRef) -> Result<Children, E>,
        write: &mut impl FnMut(Vec<u8>) -> Result<NodeRef, E>,
    ) -> Result<Self, E> {
        let mut tree = self.clone();
        while tree.height < height_for(key_count) {
            if !tree.children.is_empty() {
                let node = write(encode(&tree.children))?;
                tree.children = Vec::from([(0, node)]);
            }
            tree.height += 1;
        }
        update(&mut tree.children, tree.height, changes, read, write)?;
        Ok(tree)
    }
}

/// Applies changes below a node this high.
fn update<E: From<ReadError>>(
    children: &mut Children,
    height: u8,
    mut changes: &[(u64, NodeRef)],
    read: &mut impl FnMut(&NodeRef) -> Result<Children, E>,
    write: &mut impl FnMut(Vec<u8>) -> Result<NodeRef, E>,
) -> Result<(), E> {
    while let Some(&(key, node)) = changes.first() {
        let at = position(key, height);
        let span = FANOUT.pow(u32::from(height));
        let same = changes
            .iter()
            .take_while(|change| change.0 / span == key / span)
            .count();
        let (below, rest) = changes.split_at(same);
        changes = rest;
        let node = if height == 0 {
            node
        } else {
            let mut grandchildren = match child(children, at) {
                Some(node) => read(&node)?,
                None => Vec::new(),
            };
            update(&mut grandchildren, height - 1, below, read, write)?;
            match grandchildren.is_empty() {
                true => NodeRef::default(),
                false => write(encode(&grandchildren))?,
            }
        };
        let is_removed = node == NodeRef::default();
        match children.binary_search_by_key(&at, |child| child.0) {
            Ok(index) if is_removed => drop(children.remove(index)),
            Ok(index) => children[index].1 = node,
            Err(_) if is_removed => {}
            Err(index) => children.insert(index, (at, node)),
        }
    }
    Ok(())
}
