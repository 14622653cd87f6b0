//! Commit records, and the slots that they are written to.
//!
//! Every lease has a group of two slots of its own, used in turn, so that a machine that was
//! taken over and does not know it yet cannot overwrite what its successor has committed: its late
//! record lands in its own group and has the lower fencing number. Groups are found by lease
//! number and owner, so that two machines which try for the same number do not meet either.
//! Every slot is there twice, at the start of the disk and at its end.

use super::blocks::{Blocks, SECTOR};
use super::format::Geometry;
use super::nodes::NodeRef;
use super::space::Window;
use super::tag::{SEAL_LEN, Tag, Tagger};
use super::{BlockDevice, DeviceError, Owner};
use alloc::vec;
use alloc::vec::Vec;
use xxhash_rust::xxh3::xxh3_64;

/// Groups of slots: a record that is still on its way after so many more leases can do harm.
const GROUPS: u64 = 16;

/// How many slots there are in each of the two areas.
pub(super) const SLOTS: u64 = 2 * GROUPS;

/// The first bytes of a commit record.
const MAGIC: [u8; 8] = *b"\x89WFCMT\r\n";

/// What a record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RecordKind {
    /// Somebody wants the lease. Its root does not count: the former owner may have gone on.
    Claim,
    /// The state of the disk.
    State,
}

/// One sector that says where the root is, and who has the lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CommitRecord {
    pub kind: RecordKind,
    /// The lease's number, which fences off those before.
    pub fence: u64,
    /// Number of the record within its lease.
    pub sequence: u64,
    /// How often the root has changed.
    pub commit: u64,
    /// Where the root is.
    pub root: NodeRef,
    /// Who has the lease.
    pub owner: Owner,
    /// Until when; 0: not any more; `u64::MAX`: until it is released.
    pub expires_ms: u64,
    /// Where, until the next record, this owner may write.
    pub windows: [Window; 2],
}

impl CommitRecord {
    /// The order in which records supersede one another.
    pub fn rank(&self) -> (u64, u64, Owner) {
        (self.fence, self.sequence, self.owner)
    }

    /// Whether its owner has nothing to write until the next record.
    pub fn is_windowless(&self) -> bool {
        self.windows.iter().all(|window| window.count == 0)
    }

    /// The slot that it goes to.
    pub fn slot(&self) -> u64 {
        2 * group(&self.owner, self.fence) + self.sequence % 2
    }

    pub fn to_sector(&self, geometry: &Geometry, tagger: &Tagger) -> [u8; SECTOR] {
        let mut sector = [0; SECTOR];
        let mut at = 0;
        let mut put = |bytes: &[u8]| {
            sector[at..at + bytes.len()].copy_from_slice(bytes);
            at += bytes.len();
        };
        put(&MAGIC);
        put(&geometry.disk_id);
        put(&(self.slot() as u32).to_le_bytes());
        put(&(self.kind as u32).to_le_bytes());
        for number in [self.fence, self.sequence, self.commit] {
            put(&number.to_le_bytes());
        }
        for copy in self.root.copies {
            put(&copy.to_le_bytes());
        }
        put(&u64::from(self.root.len_bytes).to_le_bytes());
        put(&self.root.tag.0);
        put(&self.owner.0);
        put(&self.expires_ms.to_le_bytes());
        for window in self.windows {
            put(&window.first.to_le_bytes());
            put(&window.count.to_le_bytes());
        }
        let seal = tagger.seal(&sector[..SECTOR - SEAL_LEN]);
        sector[SECTOR - SEAL_LEN..].copy_from_slice(&seal);
        sector
    }

    /// Reads the record in a slot; None if there is no whole one of this disk and slot.
    fn from_sector(
        sector: &[u8; SECTOR],
        slot: u64,
        geometry: &Geometry,
        tagger: &Tagger,
    ) -> Option<Self> {
        let (body, seal) = sector.split_at(SECTOR - SEAL_LEN);
        let mut rest = body;
        let mut take = |len: usize| {
            let (taken, left) = rest.split_at(len);
            rest = left;
            taken
        };
        let number = |bytes: &[u8]| u64::from_le_bytes(*bytes.first_chunk().expect("8 bytes"));
        let is_of_disk = take(8) == MAGIC
            && seal == tagger.seal(body)
            && take(16) == geometry.disk_id
            && take(4) == (slot as u32).to_le_bytes();
        if !is_of_disk {
            return None;
        }
        let kind = match take(4) {
            [0, 0, 0, 0] => RecordKind::Claim,
            [1, 0, 0, 0] => RecordKind::State,
            _ => return None,
        };
        let [fence, sequence, commit] = [(); 3].map(|()| number(take(8)));
        let copies = [(); 2].map(|()| number(take(8)));
        let len_bytes = u32::try_from(number(take(8))).ok()?;
        let tag = Tag(*take(8).first_chunk()?);
        let owner = Owner(*take(32).first_chunk()?);
        let expires_ms = number(take(8));
        let windows = [(); 2].map(|()| Window {
            first: number(take(8)),
            count: number(take(8)),
        });
        let is_sound = windows.iter().all(|window| window.is_within(geometry));
        let record = Self {
            kind,
            fence,
            sequence,
            commit,
            root: NodeRef {
                copies,
                len_bytes,
                tag,
                born: commit,
            },
            owner,
            expires_ms,
            windows,
        };
        (is_sound && record.slot() == slot).then_some(record)
    }
}

/// The group of slots of a lease.
pub(super) fn group(owner: &Owner, fence: u64) -> u64 {
    xxh3_64(&owner.0).wrapping_add(fence) % GROUPS
}

/// Reads one area of slots: the record in each, if there is a whole one.
pub(super) fn read_area<D: BlockDevice>(
    blocks: &mut Blocks<D>,
    geometry: &Geometry,
    tagger: &Tagger,
    area: usize,
) -> Result<Vec<Option<CommitRecord>>, DeviceError> {
    let first = geometry.slot_areas()[area];
    let unit_bytes = blocks.unit_bytes;
    let mut bytes = vec![0; SLOTS as usize * unit_bytes];
    match blocks.read(first, &mut bytes) {
        Ok(()) => {}
        Err(error @ DeviceError::Transient { .. }) => return Err(error),
        // One bad sector must not hide the others.
        Err(_) => {
            for (unit, bytes) in (first..).zip(bytes.chunks_mut(unit_bytes)) {
                match blocks.read_record(unit) {
                    Ok(sector) => bytes[..SECTOR].copy_from_slice(&sector),
                    Err(error @ DeviceError::Transient { .. }) => return Err(error),
                    Err(_) => bytes.fill(0),
                }
            }
        }
    }
    let units = bytes.chunks_exact(unit_bytes);
    let records = units.zip(0..).map(|(unit, slot)| {
        let sector = unit.first_chunk().expect("a unit has a sector");
        CommitRecord::from_sector(sector, slot, geometry, tagger)
    });
    Ok(records.collect())
}

/// All whole records of both areas.
pub(super) fn read_all<D: BlockDevice>(
    blocks: &mut Blocks<D>,
    geometry: &Geometry,
    tagger: &Tagger,
) -> Result<Vec<CommitRecord>, DeviceError> {
    let mut records = Vec::new();
    for area in 0..2 {
        let found = read_area(blocks, geometry, tagger, area)?;
        records.extend(found.into_iter().flatten());
    }
    Ok(records)
}

/// The record that says what is on the disk.
pub(super) fn newest_state(records: &[CommitRecord]) -> Option<&CommitRecord> {
    let states = records
        .iter()
        .filter(|record| record.kind == RecordKind::State);
    states.max_by_key(|record| record.rank())
}

/// The state that would be the disk's if the newest were not there, and is the one before. An older one is nobody's
/// any more: what it refers to may have been written over.
pub(super) fn state_before<'r>(
    records: &'r [CommitRecord],
    newest: &CommitRecord,
) -> Option<&'r CommitRecord> {
    let states = records
        .iter()
        .filter(|record| record.kind == RecordKind::State);
    let older = states.filter(|record| record.rank() < newest.rank() && record.root != newest.root);
    let last = older.max_by_key(|record| record.rank());
    last.filter(|last| last.commit + 1 == newest.commit)
}

impl Window {
    fn is_within(&self, geometry: &Geometry) -> bool {
        let data = geometry.data();
        let is_empty = self.count == 0;
        is_empty || (data.contains(&self.first) && self.count <= data.end - data.start)
    }
}
