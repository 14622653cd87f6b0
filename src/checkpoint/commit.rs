//! Commits: from changed records to one sector.

use super::blob::Blob;
use super::guests::{
    GenerationRecord, GenerationSummary, GuestRecord, MAX_GENERATIONS, MAX_GUESTS, RootRecord,
};
use super::map::{MemoryMap, PageMap};
use super::mark::Marks;
use super::nodes::{Gathered, MAX_NODE, NodeRef, encode};
use super::space::{Bitmap, Extent, Found, Space, Stream, Window};
use super::store::InFlight;
use super::tag::Kind;
use super::tree::{InnerCache, Inners};
use super::{BlockDevice, CheckpointStore, Part, PendingGeneration, ReadError, WriteError};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// Nodes of a commit on their way to the device.
pub(super) struct NodeWriter {
    copies: [Gathered; 2],
    pub token: Arc<()>,
    /// Whether it may use the space that is kept for dropping things.
    is_privileged: bool,
    written_bytes: u64,
}

impl NodeWriter {
    fn new(token: &Arc<()>, is_privileged: bool) -> Self {
        Self {
            copies: Default::default(),
            token: Arc::clone(token),
            is_privileged,
            written_bytes: 0,
        }
    }
}

impl<D: BlockDevice> CheckpointStore<D> {
    /// Commits a generation; returns its number. Of the guest's older ones the newest `keep - 1`
    /// stay, and those that are being read.
    ///
    /// # Errors
    ///
    /// [`WriteError`]; the guest's generations are as they were.
    pub fn commit(
        &mut self,
        pending: PendingGeneration,
        metadata: &[u8],
        keep: usize,
    ) -> Result<u64, WriteError> {
        if self
            .tenure
            .as_ref()
            .is_none_or(|tenure| tenure.fence != pending.fence)
        {
            return Err(WriteError::NoLease);
        }
        let guest = pending.guest;
        let mut record = self.guest_record(guest)?.clone();
        let number = record.next_number;
        let metadata = self.write_blob(metadata, 1, &pending.token)?;
        let dirty_bytes = pending.dirty_bytes + metadata.len_bytes;
        let mut writer = NodeWriter::new(&pending.token, false);
        let (mut map, segments) = match pending.base {
            None => (PageMap::default(), Vec::new()),
            Some(base) => {
                let record = self.generation_record(guest, base)?;
                (PageMap::load(&mut self.media, &record)?, record.segments)
            }
        };
        map.memories
            .resize(pending.page_counts.len(), MemoryMap::default());
        let mut generation = GenerationRecord {
            guest: guest.0,
            number,
            metadata,
            memories: map.memories.clone(),
            segments: Vec::new(),
            recent: Vec::new(),
        };
        for (memory, &count) in generation.memories.iter_mut().zip(&pending.page_counts) {
            memory.page_count = count;
        }
        self.fold(
            &mut map,
            pending.changes,
            &segments,
            dirty_bytes,
            &mut writer,
            &mut generation,
        )?;
        let node = self.write_node(&mut writer, Kind::Generation, &encode(&generation), number)?;
        let newest = record.generations.last().map_or(0, |newest| newest.number);
        if pending.base.is_some_and(|base| base != newest) {
            record.line = next(record.line.into(), u32::MAX.into(), "lines")? as u32;
        }
        record.next_number = next(number, u64::MAX, "generations")?;
        record.exit_status = None;
        record.generations.push(GenerationSummary {
            number,
            base: pending.base.unwrap_or(0),
            line: record.line,
            time_ms: pending.time_ms,
            written_bytes: pending.stored_bytes
                + writer.written_bytes
                + generation.metadata.len_bytes,
            record: node,
        });
        self.retain_newest(&mut record, keep.clamp(1, MAX_GENERATIONS));
        self.commit_records(guest.0, Some(record), writer)?;
        Ok(number)
    }

    /// Commits the change of a guest's record, or its removal.
    pub(super) fn commit_guest(
        &mut self,
        id: u32,
        record: Option<GuestRecord>,
    ) -> Result<(), WriteError> {
        let writer = NodeWriter::new(&Arc::new(()), true);
        self.commit_records(id, record, writer)
    }

    /// Commits a disk without guests.
    pub(super) fn commit_first(&mut self) -> Result<(), WriteError> {
        let mut writer = NodeWriter::new(&Arc::new(()), true);
        self.commit_root(RootRecord::default(), &mut writer)
    }

    fn commit_records(
        &mut self,
        id: u32,
        record: Option<GuestRecord>,
        mut writer: NodeWriter,
    ) -> Result<(), WriteError> {
        let commit = self.next_commit()?;
        let node = match &record {
            Some(record) => self.write_node(&mut writer, Kind::Guest, &encode(record), commit)?,
            None => NodeRef::default(),
        };
        let tree = self.root.guests.clone();
        let mut cache = InnerCache::default();
        let key_count = u64::from(id) + 1;
        let key_count = if tree.height > 0 {
            MAX_GUESTS
        } else {
            key_count
        };
        let cell = core::cell::RefCell::new((&mut *self, &mut writer));
        let guests = tree.update(
            key_count,
            &[(u64::from(id), node)],
            &mut |node| {
                let mut cell = cell.borrow_mut();
                let mut inners = Inners {
                    media: &mut cell.0.media,
                    cache: &mut cache,
                };
                Ok::<_, WriteError>(inners.read(node, Part::GuestTree)?.clone())
            },
            &mut |bytes| {
                let (store, writer) = &mut *cell.borrow_mut();
                store.write_node(writer, Kind::Inner, &bytes, commit)
            },
        )?;
        self.commit_root(RootRecord { guests }, &mut writer)?;
        self.damaged_guests.remove(&id);
        match record {
            Some(record) => drop(self.guests.insert(id, record)),
            None => drop(self.guests.remove(&id)),
        }
        Ok(())
    }

    fn next_commit(&self) -> Result<u64, WriteError> {
        next(self.state.commit, u64::MAX, "commits")
    }

    /// Writes the root, makes everything durable, and then the record that names it.
    fn commit_root(&mut self, root: RootRecord, writer: &mut NodeWriter) -> Result<(), WriteError> {
        self.check_fence()?;
        let commit = self.next_commit()?;
        let node = self.write_node(writer, Kind::Root, &encode(&root), commit)?;
        for copy in &mut writer.copies {
            copy.write(&mut self.media.blocks)?;
        }
        self.media.blocks.flush()?;
        let others = |in_flight: &&InFlight| !Arc::ptr_eq(&in_flight.token, &writer.token);
        let is_idle = self
            .in_flight
            .iter()
            .filter(others)
            .all(|one| Arc::strong_count(&one.token) == 1);
        let space = self.space.as_ref().expect("something has been allocated");
        let windows = space.next_windows(is_idle);
        self.write_state(node, commit, windows)?;
        self.root = root;
        self.in_flight.retain(|one| {
            !Arc::ptr_eq(&one.token, &writer.token) && Arc::strong_count(&one.token) > 1
        });
        if let Some(space) = &mut self.space {
            space.committed(windows);
        }
        Ok(())
    }

    /// Puts a node in the writer, which gives the device what it has as soon as that is much. Nothing
    /// refers to any of it before the commit.
    pub(super) fn write_node(
        &mut self,
        writer: &mut NodeWriter,
        kind: Kind,
        bytes: &[u8],
        born: u64,
    ) -> Result<NodeRef, WriteError> {
        if bytes.len() > MAX_NODE {
            return Err(WriteError::Limit {
                what: "bytes of a record",
                limit: MAX_NODE as u64,
            });
        }
        self.media.blocks.device.yield_now();
        let (unit_bytes, units) = (
            self.media.blocks.unit_bytes,
            self.media.blocks.units(bytes.len() as u64),
        );
        let mut copies = [0; 2];
        for (index, stream) in [Stream::First, Stream::Second].into_iter().enumerate() {
            let token = Arc::clone(&writer.token);
            let extent = self.allocate_for(stream, units, units, &token, writer.is_privileged)?;
            copies[index] = extent.first;
            let gathered = &mut writer.copies[index];
            gathered.add(extent.first, bytes, unit_bytes);
            if gathered.is_large() {
                gathered.write(&mut self.media.blocks)?;
            }
        }
        writer.written_bytes += 2 * units * unit_bytes as u64;
        Ok(NodeRef {
            copies,
            len_bytes: bytes.len() as u32,
            tag: self.media.tagger.tag(kind, bytes),
            born,
        })
    }

    /// Writes a blob, so many times.
    pub(super) fn write_blob(
        &mut self,
        bytes: &[u8],
        copies: usize,
        token: &Arc<()>,
    ) -> Result<Blob, WriteError> {
        let mut blob = Blob {
            len_bytes: bytes.len() as u64,
            tag: self.media.tagger.tag(Kind::Blob, bytes),
            copies: Vec::new(),
        };
        let unit_bytes = self.media.blocks.unit_bytes;
        let streams = [Stream::First, Stream::Second];
        for stream in streams
            .into_iter()
            .take(if bytes.is_empty() { 0 } else { copies })
        {
            let mut extents: Vec<Extent> = Vec::new();
            let mut rest = bytes;
            while !rest.is_empty() {
                let want = self.media.blocks.units(rest.len() as u64);
                let extent = self.allocate(stream, want, 1, token)?;
                let len = rest.len().min(extent.count as usize * unit_bytes);
                let (now, later) = rest.split_at(len);
                let mut gathered = Gathered::default();
                gathered.add(extent.first, now, unit_bytes);
                gathered.write(&mut self.media.blocks)?;
                extents.push(extent);
                rest = later;
            }
            blob.copies.push(extents);
        }
        Ok(blob)
    }

    /// Gives out units that only what the token stands for may use.
    pub(super) fn allocate(
        &mut self,
        stream: Stream,
        want: u64,
        min: u64,
        token: &Arc<()>,
    ) -> Result<Extent, WriteError> {
        self.allocate_for(stream, want, min, token, false)
    }

    fn allocate_for(
        &mut self,
        stream: Stream,
        want: u64,
        min: u64,
        token: &Arc<()>,
        is_privileged: bool,
    ) -> Result<Extent, WriteError> {
        if self.tenure.is_none() {
            return Err(WriteError::NoLease);
        }
        let mut sweeps = 0;
        loop {
            if self.space.is_none() {
                self.sweep(false)?;
            }
            let space = self.space.as_mut().expect("made above");
            let has_room = is_privileged || space.has_room(min);
            let found = match has_room {
                // Never more than there is room for.
                true => space.take(stream, want.min(space.free().max(min)), min),
                false => Found::Nothing,
            };
            match found {
                Found::Extent(extent) => {
                    self.note_in_flight(extent, token);
                    return Ok(extent);
                }
                Found::Window(window) => self.extend_window(stream, window)?,
                Found::Nothing if sweeps < 2 => {
                    sweeps += 1;
                    self.sweep(sweeps == 2)?;
                }
                Found::Nothing => {
                    return Err(WriteError::Full {
                        needed_units: want,
                        free_units: space.free(),
                        quarantined_units: self.quarantined_units(),
                    });
                }
            }
        }
    }

    fn note_in_flight(&mut self, extent: Extent, token: &Arc<()>) {
        let known = self
            .in_flight
            .iter_mut()
            .find(|one| Arc::ptr_eq(&one.token, token));
        match known {
            Some(one) => one.extents.push(extent),
            None => self.in_flight.push(InFlight {
                token: Arc::clone(token),
                extents: Vec::from([extent]),
            }),
        }
    }

    /// Says on the disk that this owner writes there too, before it does.
    fn extend_window(&mut self, stream: Stream, window: Window) -> Result<(), WriteError> {
        let mut windows = self.windows();
        windows[stream as usize] = window;
        // A disk that is being made has no record yet, and nobody else to tell.
        if self.state.commit > 0 {
            self.write_state(self.state.root, self.state.commit, windows)?;
        }
        if let Some(space) = &mut self.space {
            space.set_window(stream, window);
        }
        Ok(())
    }

    /// The windows in force.
    pub(super) fn windows(&self) -> [Window; 2] {
        self.space
            .as_ref()
            .map_or(self.state.windows, Space::windows)
    }

    pub(super) fn quarantined_units(&self) -> u64 {
        let windows = self.tenure.iter().flat_map(|tenure| &tenure.quarantine);
        windows.map(|window| window.count).sum()
    }

    /// Finds out what is free. On the last attempt, everything that is will do, and so will what
    /// only the commit before needs: nobody misses it as long as the newest record is whole.
    fn sweep(&mut self, is_last: bool) -> Result<(), WriteError> {
        if is_last {
            self.previous = None;
        }
        let used = self.used_units()?;
        match &mut self.space {
            Some(space) => space.restart(used, is_last),
            None => self.space = Some(Space::new(&self.media.geometry, used, self.state.windows)),
        }
        Ok(())
    }

    /// The units that are not free: of both newest commits, of what is being written, and where former owners may still write.
    pub(super) fn used_units(&mut self) -> Result<Bitmap, ReadError> {
        let units = self.media.geometry.unit_count;
        let no_memory = ReadError::OutOfMemory {
            len_bytes: units / 4,
        };
        let mut marks = Marks::new(units, &mut self.known_leaves).ok_or(no_memory)?;
        let roots = [self.previous, Some(self.state.root)];
        for root in roots
            .into_iter()
            .flatten()
            .filter(|root| root.len_bytes > 0)
        {
            marks.mark_root(&mut self.media, &root)?;
        }
        self.in_flight
            .retain(|one| Arc::strong_count(&one.token) > 1);
        let in_flight = self
            .in_flight
            .iter()
            .flat_map(|one| one.extents.iter().copied());
        let data = self.media.geometry.data();
        let quarantine = self.tenure.iter().flat_map(|tenure| &tenure.quarantine);
        let quarantine = quarantine.flat_map(|window| window.extents(&data));
        Ok(marks.into_used(in_flight.chain(quarantine)))
    }
}

/// The number after this one, of which a disk may have come to the last.
fn next(number: u64, limit: u64, what: &'static str) -> Result<u64, WriteError> {
    match number < limit {
        true => Ok(number + 1),
        false => Err(WriteError::Limit { what, limit }),
    }
}
