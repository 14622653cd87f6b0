//! The lease: which machine may write.
//!
//! Nothing here depends on clocks or on how long a request takes. A machine that wants the
//! lease writes a claim with a higher fencing number, and only then reads what its predecessor has
//! committed; a machine that commits writes its record, and only then looks for higher
//! numbers, before it calls the commit done. So of a commit and a claim that cross, either the
//! claimer sees the commit and goes on from it, or the committer sees the claim and does not
//! acknowledge. What a predecessor that was paused may still write goes to its own slots and to the
//! windows that its records name; the next two owners keep out of these, unless it has released the
//! lease and said that nothing of it is on its way any more.

use super::slots::{self, CommitRecord, RecordKind, newest_state};
use super::space::{Window, emptied};
use super::{BlockDevice, CheckpointStore, DeviceError, LeaseError, OpenError, WriteError};
use alloc::vec::Vec;
use core::fmt;

/// Tells the machines apart that share a disk: up to 32 bytes. Two that run at the same time must
/// not have the same.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owner(pub [u8; 32]);

impl Owner {
    /// The owner of this name, of which the first 32 bytes count.
    pub fn new(name: &str) -> Self {
        let mut bytes = [0; 32];
        let len = name.len().min(32);
        bytes[..len].copy_from_slice(&name.as_bytes()[..len]);
        Self(bytes)
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let len = self
            .0
            .iter()
            .rposition(|&byte| byte != 0)
            .map_or(0, |last| last + 1);
        write!(f, "{}", self.0[..len].escape_ascii())
    }
}

impl fmt::Debug for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Owner({self})")
    }
}

/// Who has a disk's lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Who.
    pub owner: Owner,
    /// The fencing number: higher with every lease.
    pub fence: u64,
    /// Until when, in milliseconds of the embedder's clock; None: until it is released.
    pub expires_ms: Option<u64>,
    /// Whether it has been released.
    pub is_released: bool,
}

/// A record's mark that the lease does not end by itself.
const ENDLESS: u64 = u64::MAX;

/// How often an attempt is repeated that another machine's crossed.
const ATTEMPTS: usize = 8;

/// The lease that this store has.
#[derive(Clone, Debug)]
pub(super) struct Tenure {
    pub owner: Owner,
    pub fence: u64,
    /// Number of the next record.
    pub next_sequence: u64,
    pub expires_ms: u64,
    pub ttl_ms: Option<u64>,
    /// Where former owners may still write.
    pub quarantine: Vec<Window>,
}

impl Tenure {
    /// That of whoever makes a disk.
    pub fn first(owner: Owner) -> Self {
        Self {
            owner,
            fence: 1,
            next_sequence: 0,
            expires_ms: ENDLESS,
            ttl_ms: None,
            quarantine: Vec::new(),
        }
    }

    fn expiry(&self, now_ms: u64) -> u64 {
        self.ttl_ms
            .map_or(ENDLESS, |ttl_ms| now_ms.saturating_add(ttl_ms).max(1))
    }
}

/// The newest lease that any record speaks of.
fn newest_lease<'r>(
    records: impl IntoIterator<Item = &'r CommitRecord>,
) -> Option<&'r CommitRecord> {
    records.into_iter().max_by_key(|record| record.rank())
}

impl<D: BlockDevice> CheckpointStore<D> {
    /// Who has the lease, as the disk says.
    ///
    /// # Errors
    ///
    /// [`OpenError`], if no record is whole or the device fails.
    pub fn lease(&mut self) -> Result<Lease, OpenError> {
        let records = self.read_records()?;
        let newest = newest_lease(&records).ok_or(OpenError::NoCommit)?;
        Ok(Lease {
            owner: newest.owner,
            fence: newest.fence,
            expires_ms: (newest.expires_ms != ENDLESS).then_some(newest.expires_ms),
            is_released: newest.expires_ms == 0,
        })
    }

    /// Takes the lease if it is free: released, expired, or this owner's own from before a
    /// restart. It lasts `ttl_ms` from `now_ms` on, and from every commit on; without `ttl_ms`,
    /// until it is released. Then goes on from what is on the disk now, whatever it was at opening.
    ///
    /// # Errors
    ///
    /// [`LeaseError`].
    pub fn acquire(
        &mut self,
        owner: Owner,
        now_ms: u64,
        ttl_ms: Option<u64>,
    ) -> Result<(), LeaseError> {
        self.claim(owner, now_ms, ttl_ms, false)
    }

    /// Takes the lease whoever has it. The former owner's next commit is refused.
    ///
    /// # Errors
    ///
    /// [`LeaseError`].
    pub fn take_over(
        &mut self,
        owner: Owner,
        now_ms: u64,
        ttl_ms: Option<u64>,
    ) -> Result<(), LeaseError> {
        self.claim(owner, now_ms, ttl_ms, true)
    }

    /// Says that the machines which had the lease before have stopped, so that no write of
    /// theirs is still on its way: what they had set aside becomes free.
    pub fn assume_others_stopped(&mut self) {
        if let Some(tenure) = &mut self.tenure {
            tenure.quarantine.clear();
        }
        self.space = None;
    }

    /// Gives the lease back. If all that was written is on the device, the next owner may write
    /// anywhere.
    ///
    /// # Errors
    ///
    /// [`WriteError`]; the lease is lost all the same.
    pub fn release(&mut self) -> Result<(), WriteError> {
        let tenure = self.tenure.as_mut().ok_or(WriteError::NoLease)?;
        tenure.expires_ms = 0;
        let mut windows = self.windows();
        // What a device only has in its cache it could write after what the next owner does.
        if self.media.blocks.flush().is_ok() && !self.media.blocks.has_failed {
            windows = emptied(windows, &self.media.geometry.data());
        }
        let result = self.write_state(self.state.root, self.state.commit, windows);
        self.tenure = None;
        result
    }

    fn claim(
        &mut self,
        owner: Owner,
        now_ms: u64,
        ttl_ms: Option<u64>,
        is_forced: bool,
    ) -> Result<(), LeaseError> {
        self.tenure = None;
        // What has failed before was in windows of another lease.
        self.media.blocks.has_failed = false;
        for _ in 0..ATTEMPTS {
            let records = self.read_records()?;
            let newest = newest_state(&records).ok_or(OpenError::NoCommit)?.clone();
            let holder = newest_lease(&records).ok_or(OpenError::NoCommit)?;
            if !is_forced && holder.owner != owner && holder.expires_ms > now_ms {
                return Err(LeaseError::Held {
                    owner: holder.owner,
                    expires_ms: (holder.expires_ms != ENDLESS).then_some(holder.expires_ms),
                });
            }
            let tenure = Tenure {
                ttl_ms,
                ..Tenure::first(owner)
            };
            let mut claim = CommitRecord {
                kind: RecordKind::Claim,
                fence: holder.fence,
                sequence: 0,
                owner,
                expires_ms: tenure.expiry(now_ms),
                windows: emptied(newest.windows, &self.media.geometry.data()),
                ..newest.clone()
            };
            // Not to the slots of whoever may still be writing, nor of what counts.
            let groups = [&newest, holder].map(|record| slots::group(&record.owner, record.fence));
            loop {
                claim.fence = claim.fence.checked_add(1).ok_or(LeaseError::Exhausted)?;
                if !groups.contains(&slots::group(&owner, claim.fence)) {
                    break;
                }
            }
            self.put_record(&claim)?;
            let records = self.read_records()?;
            let is_ours =
                |record: &&CommitRecord| record.fence == claim.fence && record.owner == owner;
            let is_alone = !records
                .iter()
                .any(|record| record.fence >= claim.fence && !is_ours(&record));
            if !is_alone || !records.contains(&claim) {
                continue;
            }
            let newest = newest_state(&records).ok_or(OpenError::NoCommit)?.clone();
            self.load(&newest, &records)?;
            self.tenure = Some(Tenure {
                owner,
                fence: claim.fence,
                next_sequence: 1,
                expires_ms: claim.expires_ms,
                ttl_ms,
                quarantine: quarantine(&records, &claim),
            });
            self.write_state(newest.root, newest.commit, claim.windows)?;
            return Ok(());
        }
        Err(LeaseError::Contended)
    }

    fn read_records(&mut self) -> Result<Vec<CommitRecord>, DeviceError> {
        let media = &mut self.media;
        slots::read_all(&mut media.blocks, &media.geometry, &media.tagger)
    }

    /// Writes a record to both its slots, and flushes.
    fn put_record(&mut self, record: &CommitRecord) -> Result<(), DeviceError> {
        let media = &mut self.media;
        let mut block = record.to_sector(&media.geometry, &media.tagger).to_vec();
        block.resize(media.blocks.block_size(), 0);
        let units = media.geometry.slot_areas().map(|area| area + record.slot());
        media
            .blocks
            .write_batch(&units.map(|unit| (unit, block.as_slice())))?;
        media.blocks.flush()
    }

    /// Refuses to go on if another machine has a higher number.
    pub(super) fn check_fence(&mut self) -> Result<(), WriteError> {
        self.check_records(None)
    }

    /// Looks for higher numbers, and whether `own` is there.
    fn check_records(&mut self, own: Option<&CommitRecord>) -> Result<(), WriteError> {
        let tenure = self.tenure.as_ref().ok_or(WriteError::NoLease)?;
        let (owner, fence) = (tenure.owner, tenure.fence);
        let media = &mut self.media;
        let records = slots::read_area(&mut media.blocks, &media.geometry, &media.tagger, 0);
        let records = match (records, own) {
            (Ok(records), _) => records,
            (Err(error), None) => return Err(WriteError::Device(error)),
            (Err(error), Some(_)) => {
                self.tenure = None;
                return Err(WriteError::Commit(error));
            }
        };
        let mut others = records.iter().flatten();
        if others.any(|other| {
            (other.fence, other.owner) > (fence, owner)
                || other.fence == fence && other.owner != owner
        }) {
            self.tenure = None;
            return Err(WriteError::Fenced);
        }
        let is_there = |own: &CommitRecord| records[own.slot() as usize].as_ref() == Some(own);
        if own.is_some_and(|own| !is_there(own)) {
            self.tenure = None;
            return Err(WriteError::CommitLost);
        }
        Ok(())
    }

    /// Writes the record of a state all of which is durable, and makes it the store's.
    ///
    /// # Errors
    ///
    /// [`WriteError`]; the lease is lost then, because nobody knows whether the record is there.
    pub(super) fn write_state(
        &mut self,
        root: super::nodes::NodeRef,
        commit: u64,
        windows: [Window; 2],
    ) -> Result<(), WriteError> {
        self.check_fence()?;
        let tenure = self.tenure.as_mut().ok_or(WriteError::NoLease)?;
        let record = CommitRecord {
            kind: RecordKind::State,
            fence: tenure.fence,
            sequence: tenure.next_sequence,
            commit,
            root,
            owner: tenure.owner,
            expires_ms: tenure.expires_ms,
            windows,
        };
        tenure.next_sequence += 1;
        if let Err(error) = self.put_record(&record) {
            self.tenure = None;
            return Err(WriteError::Commit(error));
        }
        self.check_records(Some(&record))?;
        if self.state.root != record.root {
            self.previous = Some(self.state.root);
        }
        self.state = record;
        Ok(())
    }

    /// Notes the time, from which on the lease lasts.
    pub(super) fn note_time(&mut self, now_ms: u64) {
        if let Some(tenure) = &mut self.tenure {
            tenure.expires_ms = tenure.expiry(now_ms);
        }
    }
}

/// The windows of the two leases before, unless they were the same owner's, or nothing is on its way
/// any more that was written under them.
fn quarantine(records: &[CommitRecord], claim: &CommitRecord) -> Vec<Window> {
    let others = records.iter().filter(|record| record.owner != claim.owner);
    let mut fences: Vec<u64> = others.clone().map(|record| record.fence).collect();
    fences.sort_unstable();
    fences.dedup();
    let recent = fences.iter().rev().take(2).copied().collect::<Vec<_>>();
    let lease = |record: &CommitRecord| (record.fence, record.owner);
    let has_ended = |record: &CommitRecord| {
        let others = records.iter().filter(|other| lease(other) == lease(record));
        newest_lease(others).is_some_and(|newest| newest.expires_ms == 0 && newest.is_windowless())
    };
    let recent = others.filter(|record| recent.contains(&record.fence) && !has_ended(record));
    recent
        .flat_map(|record| record.windows)
        .filter(|window| window.count > 0)
        .collect()
}
