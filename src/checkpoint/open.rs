//! Opening a disk.

use super::format::read_header;
use super::guests::{GuestRecord, MAX_GUESTS, RootRecord};
use super::nodes::{Media, NodeRef};
use super::slots::{self, CommitRecord, newest_state, state_before};
use super::tag::{Key, Kind, Tagger};
use super::tree::{InnerCache, Inners};
use super::{BlockDevice, CheckpointStore, Damage, Fault, GuestId, OpenError, Part, ReadError};
use alloc::collections::BTreeMap;

/// What a disk has to be to be opened.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenOptions {
    /// The key that it was made with.
    pub key: Option<Key>,
    /// The least [`CheckpointStore::commit_number`] that it must have: what the embedder remembers
    /// elsewhere, so that an old copy of the disk is found out.
    pub expect_commit: Option<u64>,
}

impl<D: BlockDevice> CheckpointStore<D> {
    /// Opens a disk for reading; [`Self::acquire`] makes it writable.
    ///
    /// # Errors
    ///
    /// [`OpenError`].
    pub fn open(device: D, options: &OpenOptions) -> Result<Self, OpenError> {
        let (mut blocks, geometry) = read_header(device, options.key)?;
        let tagger = Tagger::new(options.key);
        let records = slots::read_all(&mut blocks, &geometry, &tagger)?;
        let newest = newest_state(&records).ok_or(OpenError::NoCommit)?.clone();
        if let Some(expected) = options
            .expect_commit
            .filter(|&expected| expected > newest.commit)
        {
            return Err(OpenError::RolledBack {
                found: newest.commit,
                expected,
            });
        }
        let media = Media {
            blocks,
            tagger,
            geometry,
        };
        let mut store = Self::empty(media, newest.clone());
        store.load(&newest, &records)?;
        Ok(store)
    }

    /// Goes on from a record's state.
    pub(super) fn load(
        &mut self,
        record: &CommitRecord,
        records: &[CommitRecord],
    ) -> Result<(), ReadError> {
        let root: RootRecord = self
            .media
            .decode_node(Kind::Root, &record.root, Part::Root)?;
        let guests = load_guests(&mut self.media, &root)?;
        self.previous = state_before(records, record).map(|before| before.root);
        self.state = record.clone();
        self.root = root;
        self.guests = guests.whole;
        self.damaged_guests = guests.damaged;
        self.space = None;
        self.in_flight.clear();
        Ok(())
    }
}

/// The guests of a disk.
#[derive(Default)]
pub(super) struct Guests {
    /// The records of those that have one.
    pub whole: BTreeMap<u32, GuestRecord>,
    /// What is wrong with those of which both copies are damaged. They take nobody else with them.
    pub damaged: BTreeMap<u32, Damage>,
}

/// Reads all guests' records.
pub(super) fn load_guests<D: BlockDevice>(
    media: &mut Media<D>,
    root: &RootRecord,
) -> Result<Guests, ReadError> {
    root.guests.check(
        MAX_GUESTS_OF_HEIGHT[usize::from(root.guests.height != 0)],
        Part::GuestTree,
    )?;
    let mut cache = InnerCache::default();
    let mut inners = Inners {
        media,
        cache: &mut cache,
    };
    let entries = root.guests.entries(&mut inners, Part::GuestTree)?;
    let mut guests = Guests::default();
    for (id, node) in entries {
        let id = id as u32;
        match load_guest(media, id, &node) {
            Ok(record) => drop(guests.whole.insert(id, record)),
            Err(ReadError::Damaged(damage)) => drop(guests.damaged.insert(id, damage)),
            Err(error) => return Err(error),
        }
    }
    Ok(guests)
}

fn load_guest<D: BlockDevice>(
    media: &mut Media<D>,
    id: u32,
    node: &NodeRef,
) -> Result<GuestRecord, ReadError> {
    let part = Part::Guest { guest: GuestId(id) };
    let record: GuestRecord = media.decode_node(Kind::Guest, node, part)?;
    if record.id == id && record.is_sound() {
        return Ok(record);
    }
    let fault = Fault::Malformed;
    Err(Damage { part, fault }.into())
}

/// Guest numbers that a tree of height 0 or 1 has.
const MAX_GUESTS_OF_HEIGHT: [u64; 2] = [128, MAX_GUESTS];
