//! A checkpoint disk in use: its guests.

use super::guests::{GuestRecord, MAX_GUESTS, MAX_NAME, RootRecord, Settings, WorkingSet};
use super::lease::Tenure;
use super::mark::KnownLeaves;
use super::nodes::{Media, NodeRef, decode, encode};
use super::slots::{CommitRecord, RecordKind};
use super::space::{Extent, Space, Window};
use super::{
    BlockDevice, Damage, Fault, Guest, GuestId, GuestInfo, PageRange, Part, ReadError, WriteError,
};
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// A checkpoint disk.
pub struct CheckpointStore<D> {
    pub(super) media: Media<D>,
    /// The record that says what is on the disk.
    pub(super) state: CommitRecord,
    /// The root before, which the disk falls back to if the newest record is damaged.
    pub(super) previous: Option<NodeRef>,
    pub(super) root: RootRecord,
    pub(super) guests: BTreeMap<u32, GuestRecord>,
    /// Those whose records are damaged.
    pub(super) damaged_guests: BTreeMap<u32, Damage>,
    pub(super) compression: Compression,
    /// The lease; None: this store only reads.
    pub(super) tenure: Option<Tenure>,
    /// The account of free space; None: not made yet.
    pub(super) space: Option<Space>,
    pub(super) known_leaves: KnownLeaves,
    /// Units that are given out, and on no tree yet.
    pub(super) in_flight: Vec<InFlight>,
    /// Generations that are being read.
    pub(super) pins: Vec<Pin>,
}

/// Units that a generation in the making has.
pub(super) struct InFlight {
    pub token: Arc<()>,
    pub extents: Vec<Extent>,
}

/// A generation that somebody reads.
pub(super) struct Pin {
    pub token: Arc<()>,
    pub guest: GuestId,
    pub number: u64,
}

/// How the pages are stored that a store writes. What is on a disk can be read in either case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// As they are: straight from where they lie, and back.
    #[default]
    None,
    /// By LZ4, up to 16 pages together if that saves a unit. It pays where the device is slower than
    /// some 400 MB/s, and where pages that are written together change together: a pack stays in
    /// use until none of its pages is needed. Without the crate's feature `lz4`, as for `None`.
    Lz4,
}

/// How full a disk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Bytes of the smallest piece of space.
    pub unit_bytes: usize,
    /// How many there are, for data and metadata.
    pub units: u64,
    /// How many of them are in use, by everything that is or may become part of a generation.
    pub used_units: u64,
}

impl<D: BlockDevice> CheckpointStore<D> {
    /// The store on a disk that has no record yet.
    pub(super) fn new(media: Media<D>, root: RootRecord, tenure: Tenure) -> Self {
        let state = CommitRecord {
            kind: RecordKind::State,
            fence: tenure.fence,
            sequence: 0,
            commit: 0,
            root: NodeRef::default(),
            owner: tenure.owner,
            expires_ms: tenure.expires_ms,
            windows: [Window::default(); 2],
        };
        let mut store = Self::empty(media, state);
        store.root = root;
        store.tenure = Some(tenure);
        store
    }

    /// A store that has read nothing yet.
    pub(super) fn empty(media: Media<D>, state: CommitRecord) -> Self {
        Self {
            media,
            state,
            previous: None,
            root: RootRecord::default(),
            guests: BTreeMap::new(),
            damaged_guests: BTreeMap::new(),
            compression: Compression::default(),
            tenure: None,
            space: None,
            known_leaves: KnownLeaves::default(),
            in_flight: Vec::new(),
            pins: Vec::new(),
        }
    }

    /// The device. Whatever was not committed is lost.
    pub fn into_device(self) -> D {
        self.media.blocks.device
    }

    /// The device: to tell it how to do what the store asks for. Whoever writes to it
    /// destroys what is on the disk.
    pub fn device_mut(&mut self) -> &mut D {
        &mut self.media.blocks.device
    }

    /// Chooses how pages are stored that are written from now on.
    pub fn set_compression(&mut self, compression: Compression) {
        self.compression = compression;
    }

    /// How often the disk has changed. It only rises; an embedder that keeps it elsewhere finds
    /// out with [`super::OpenOptions::expect_commit`] whether somebody put an old copy in place.
    pub fn commit_number(&self) -> u64 {
        self.state.commit
    }

    /// The tag of the root, which with [`Self::commit_number`] says what is on the disk.
    pub fn root_tag(&self) -> [u8; 8] {
        self.state.root.tag.0
    }

    /// The disk's guests, by number, but for those whose records are damaged.
    pub fn guests(&self) -> Vec<GuestInfo> {
        self.guests.values().map(GuestRecord::info).collect()
    }

    /// How full the disk is. Walks through all that is on it, but for pages themselves.
    ///
    /// # Errors
    ///
    /// [`ReadError`]. What is damaged is passed over.
    pub fn usage(&mut self) -> Result<Usage, ReadError> {
        let used = self.used_units()?;
        let data = self.media.geometry.data();
        Ok(Usage {
            unit_bytes: self.media.blocks.unit_bytes,
            units: data.end - data.start,
            used_units: used.count(),
        })
    }

    /// The guest of this number, unless its record is damaged.
    pub fn guest(&self, guest: GuestId) -> Option<GuestInfo> {
        self.guests.get(&guest.0).map(GuestRecord::info)
    }

    /// The guest of this name.
    pub fn guest_named(&self, name: &str) -> Option<GuestInfo> {
        let mut guests = self.guests.values();
        guests
            .find(|guest| guest.name == name)
            .map(GuestRecord::info)
    }

    pub(super) fn guest_record(&self, guest: GuestId) -> Result<&GuestRecord, ReadError> {
        match self.damaged_guests.get(&guest.0) {
            Some(damage) => Err((*damage).into()),
            None => self.guests.get(&guest.0).ok_or(ReadError::NoGuest(guest)),
        }
    }

    /// A guest's program.
    ///
    /// # Errors
    ///
    /// [`ReadError`].
    pub fn read_guest(&mut self, guest: GuestId) -> Result<Guest, ReadError> {
        let record = self.guest_record(guest)?.clone();
        let part = |part| Part::Program { guest, part };
        let settings = self.media.read_blob(&record.settings, part("settings"))?;
        let malformed = Damage {
            part: part("settings"),
            fault: Fault::Malformed,
        };
        let settings: Settings = decode(&settings).ok_or(malformed)?;
        Ok(Guest {
            name: record.name,
            module: self.media.read_blob(&record.module, part("module"))?,
            args: settings.args,
            envs: settings.envs,
            files: self.media.read_blob(&record.files, part("files"))?,
        })
    }

    /// Adds a guest; its program is written once, and shared by all its generations.
    ///
    /// # Errors
    ///
    /// [`WriteError`]; there is no such guest then.
    pub fn add_guest(&mut self, guest: &Guest) -> Result<GuestId, WriteError> {
        let is_taken =
            |id: &u32| self.guests.contains_key(id) || self.damaged_guests.contains_key(id);
        let mut ids = (0..MAX_GUESTS as u32).filter(|id| !is_taken(id));
        let id = ids.next().ok_or(WriteError::Limit {
            what: "guests",
            limit: MAX_GUESTS,
        })?;
        let id = GuestId(id);
        self.write_guest(id, guest, 1)?;
        Ok(id)
    }

    /// Puts another program in a guest's place. The generations of the old one are gone, all in
    /// one commit; their numbers are not used again.
    ///
    /// # Errors
    ///
    /// [`WriteError`]; the guest is as it was then.
    pub fn replace_guest(&mut self, id: GuestId, guest: &Guest) -> Result<(), WriteError> {
        self.check_unpinned(id)?;
        let next_number = self.guest_record(id)?.next_number;
        self.write_guest(id, guest, next_number)
    }

    fn write_guest(
        &mut self,
        id: GuestId,
        guest: &Guest,
        next_number: u64,
    ) -> Result<(), WriteError> {
        if guest.name.is_empty() || guest.name.len() > MAX_NAME {
            return Err(WriteError::Name);
        }
        if self
            .guest_named(&guest.name)
            .is_some_and(|other| other.id != id)
        {
            return Err(WriteError::NameTaken);
        }
        let settings = encode(&Settings {
            args: guest.args.clone(),
            envs: guest.envs.clone(),
        });
        let token = Arc::new(());
        let record = GuestRecord {
            id: id.0,
            name: guest.name.clone(),
            settings: self.write_blob(&settings, 2, &token)?,
            module: self.write_blob(&guest.module, 2, &token)?,
            files: self.write_blob(&guest.files, 2, &token)?,
            next_number,
            line: 0,
            exit_status: None,
            working_set: None,
            generations: Vec::new(),
        };
        self.commit_guest(id.0, Some(record))
    }

    /// Takes a guest back to where it had not begun: its generations, exit status and working set
    /// are gone, all in one commit.
    ///
    /// # Errors
    ///
    /// [`WriteError`]; the guest is as it was then.
    pub fn reset_guest(&mut self, guest: GuestId) -> Result<(), WriteError> {
        self.check_unpinned(guest)?;
        let record = self.guest_record(guest)?.clone();
        let record = GuestRecord {
            generations: Vec::new(),
            exit_status: None,
            working_set: None,
            ..record
        };
        self.commit_guest(guest.0, Some(record))
    }

    /// Removes a guest with all its generations, also one whose record is damaged.
    ///
    /// # Errors
    ///
    /// [`WriteError`].
    pub fn remove_guest(&mut self, guest: GuestId) -> Result<(), WriteError> {
        if !self.damaged_guests.contains_key(&guest.0) {
            self.check_unpinned(guest)?;
        }
        self.commit_guest(guest.0, None)
    }

    fn check_unpinned(&self, guest: GuestId) -> Result<(), WriteError> {
        let record = self.guest_record(guest)?;
        let mut numbers = record.generations.iter().map(|one| one.number);
        match numbers.find(|&number| self.is_pinned(guest, number)) {
            Some(generation) => Err(WriteError::InUse { guest, generation }),
            None => Ok(()),
        }
    }

    /// Records a guest's exit status, or that it has none.
    ///
    /// # Errors
    ///
    /// [`WriteError`].
    pub fn set_exit_status(
        &mut self,
        guest: GuestId,
        status: Option<i32>,
    ) -> Result<(), WriteError> {
        let mut record = self.guest_record(guest)?.clone();
        record.exit_status = status;
        self.commit_guest(guest.0, Some(record))
    }

    /// Drops a generation. Its space is free for what comes after the next commit.
    ///
    /// # Errors
    ///
    /// [`WriteError`]. That the disk is full is none: some space is kept for this.
    pub fn drop_generation(&mut self, guest: GuestId, generation: u64) -> Result<(), WriteError> {
        let mut record = self.guest_record(guest)?.clone();
        if record.generation(generation).is_none() {
            return Err(WriteError::NoGeneration { guest, generation });
        }
        if self.is_pinned(guest, generation) {
            return Err(WriteError::InUse { guest, generation });
        }
        record.generations.retain(|one| one.number != generation);
        self.commit_guest(guest.0, Some(record))
    }

    /// Drops a guest's oldest generations but `keep`; those that are being read stay.
    ///
    /// # Errors
    ///
    /// As for [`Self::drop_generation`].
    pub fn keep_newest(&mut self, guest: GuestId, keep: usize) -> Result<(), WriteError> {
        let mut record = self.guest_record(guest)?.clone();
        let before = record.generations.len();
        self.retain_newest(&mut record, keep);
        if record.generations.len() == before {
            return Ok(());
        }
        self.commit_guest(guest.0, Some(record))
    }

    /// Takes the oldest generations but `keep` from a guest's record.
    pub(super) fn retain_newest(&self, record: &mut GuestRecord, keep: usize) {
        let (guest, count) = (record.guest_id(), record.generations.len());
        let mut index = 0;
        record.generations.retain(|generation| {
            index += 1;
            index + keep > count || self.is_pinned(guest, generation.number)
        });
    }

    /// Whether somebody reads a generation.
    pub(super) fn is_pinned(&self, guest: GuestId, number: u64) -> bool {
        let is_it = |pin: &&Pin| pin.guest == guest && pin.number == number;
        self.pins
            .iter()
            .filter(is_it)
            .any(|pin| Arc::strong_count(&pin.token) > 1)
    }

    /// Records which pages a guest touches first after a thaw.
    ///
    /// # Errors
    ///
    /// [`WriteError`].
    pub fn set_working_set(
        &mut self,
        guest: GuestId,
        pages: &[PageRange],
    ) -> Result<(), WriteError> {
        let mut record = self.guest_record(guest)?.clone();
        let token = Arc::new(());
        let bytes = encode(&WorkingSet::from(pages));
        record.working_set = Some(self.write_blob(&bytes, 1, &token)?);
        self.commit_guest(guest.0, Some(record))
    }

    /// The pages that a guest touched first after its last thaw, if they were recorded.
    ///
    /// # Errors
    ///
    /// [`ReadError`].
    pub fn working_set(&mut self, guest: GuestId) -> Result<Option<Vec<PageRange>>, ReadError> {
        let Some(blob) = self.guest_record(guest)?.working_set.clone() else {
            return Ok(None);
        };
        let part = Part::WorkingSet { guest };
        let bytes = self.media.read_blob(&blob, part)?;
        let fault = Fault::Malformed;
        Ok(Some(decode(&bytes).ok_or(Damage { part, fault })?))
    }
}
