//! Nodes: the pieces of metadata that parents point to, each there twice.

use super::blocks::{Blocks, MAX_REQUEST};
use super::format::Geometry;
use super::tag::{Kind, Tag, Tagger};
use super::{BlockDevice, Damage, DeviceError, Fault, Part, ReadError};
use alloc::vec;
use alloc::vec::Vec;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Most bytes of a node. What a hostile disk can make a reader allocate at once is bounded by it.
pub(super) const MAX_NODE: usize = 256 << 10;

/// Where a node is, and what its bytes have to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct NodeRef {
    /// The first unit of each copy.
    pub copies: [u64; 2],
    /// Its length; 0: there is no node, and nothing below.
    pub len_bytes: u32,
    pub tag: Tag,
    /// Number of the generation that wrote it; of guests and the root, that of the commit.
    pub born: u64,
}

/// The device, where things are on it, and how they are vouched for.
pub(super) struct Media<D> {
    pub blocks: Blocks<D>,
    pub tagger: Tagger,
    pub geometry: Geometry,
}

impl<D: BlockDevice> Media<D> {
    /// Whether these units can hold data or metadata.
    pub fn is_data(&self, first: u64, count: u64) -> bool {
        let data = self.geometry.data();
        data.contains(&first) && count <= data.end - first
    }

    /// Whether a node is where nodes can be.
    fn check_place(&self, node: &NodeRef, part: Part) -> Result<(), Damage> {
        let units = self.blocks.units(u64::from(node.len_bytes));
        let is_sound = node.len_bytes > 0 && node.len_bytes as usize <= MAX_NODE;
        for unit in node.copies {
            if !is_sound || !self.is_data(unit, units) {
                let fault = Fault::Place { unit };
                return Err(Damage { part, fault });
            }
        }
        Ok(())
    }

    /// Reads one copy of a node whose place has been checked.
    fn read_copy(
        &mut self,
        kind: Kind,
        node: &NodeRef,
        unit: u64,
    ) -> Result<Result<Vec<u8>, Fault>, DeviceError> {
        let len = node.len_bytes as usize;
        let mut bytes = vec![0; len.next_multiple_of(self.blocks.block_size())];
        match self.blocks.read(unit, &mut bytes) {
            Ok(()) => {}
            Err(error @ DeviceError::Transient { .. }) => return Err(error),
            Err(error) => return Ok(Err(Fault::Unreadable(error))),
        }
        bytes.truncate(len);
        let is_right = self.tagger.is_right(kind, &bytes, node.tag);
        Ok(is_right.then_some(bytes).ok_or(Fault::Tag))
    }

    /// Reads a node's bytes, from whichever copy is whole.
    ///
    /// # Errors
    ///
    /// If both copies are damaged, that one cannot be read, or else what is wrong with the first.
    pub fn read_node(
        &mut self,
        kind: Kind,
        node: &NodeRef,
        part: Part,
    ) -> Result<Vec<u8>, ReadError> {
        self.blocks.device.yield_now();
        self.check_place(node, part)?;
        let mut found = None;
        for unit in node.copies {
            match self.read_copy(kind, node, unit)? {
                Ok(bytes) => return Ok(bytes),
                Err(fault @ Fault::Unreadable(_)) => {
                    found = Some(fault);
                }
                Err(fault) => found = found.or(Some(fault)),
            }
        }
        let fault = found.expect("a node has copies");
        Err(Damage { part, fault }.into())
    }

    /// Reads a node that is in postcard from end to end.
    ///
    /// # Errors
    ///
    /// As for [`Self::read_node`]; and if it does not decode.
    pub fn decode_node<T: DeserializeOwned>(
        &mut self,
        kind: Kind,
        node: &NodeRef,
        part: Part,
    ) -> Result<T, ReadError> {
        let bytes = self.read_node(kind, node, part)?;
        decode(&bytes).ok_or_else(|| {
            let fault = Fault::Malformed;
            Damage { part, fault }.into()
        })
    }

    /// Which copies of a node are damaged, and how.
    ///
    /// # Errors
    ///
    /// The device's, if they may go away.
    pub fn check_copies(
        &mut self,
        kind: Kind,
        node: &NodeRef,
    ) -> Result<Vec<(u64, Fault)>, DeviceError> {
        let mut faults = Vec::new();
        for unit in node.copies {
            if let Err(fault) = self.read_copy(kind, node, unit)? {
                faults.push((unit, fault));
            }
        }
        Ok(faults)
    }
}

/// Reads a value that takes all of these bytes.
pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Some(value),
        _ => None,
    }
}

/// A value as a node's bytes.
pub(super) fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    postcard::to_allocvec(value).expect("all of these types can be serialized")
}

/// Units that adjoin, to be written at once.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pieces: Vec<(u64, Vec<u8>)>,
    len_bytes: usize,
}

impl Gathered {
    /// Adds bytes at the start of a unit.
    pub fn add(&mut self, unit: u64, bytes: &[u8], unit_bytes: usize) {
        let padded = bytes.len().next_multiple_of(unit_bytes);
        let is_next = self
            .pieces
            .last()
            .is_some_and(|(first, piece)| first + (piece.len() / unit_bytes) as u64 == unit);
        if !is_next {
            self.pieces.push((unit, Vec::new()));
        }
        let (_, piece) = self.pieces.last_mut().expect("there is one now");
        let start = piece.len();
        piece.extend_from_slice(bytes);
        piece.resize(start + padded, 0);
        self.len_bytes += padded;
    }

    /// How much it is.
    pub fn len_bytes(&self) -> usize {
        self.len_bytes
    }

    /// Whether it is as much as a device gets at once.
    pub fn is_large(&self) -> bool {
        self.len_bytes >= MAX_REQUEST
    }

    /// Writes all of it.
    pub fn write<D: BlockDevice>(&mut self, blocks: &mut Blocks<D>) -> Result<(), DeviceError> {
        let Self { mut pieces, .. } = core::mem::take(self);
        // Second copies come back to front.
        pieces.sort_unstable_by_key(|(unit, _)| *unit);
        let borrowed: Vec<(u64, &[u8])> = pieces
            .iter()
            .map(|(unit, bytes)| (*unit, bytes.as_slice()))
            .collect();
        blocks.write_batch(&borrowed)
    }
}
