//! Disks that nobody made, and damage: typed errors, named places, older generations intact.

use super::model::{new_history, random_step};
use super::*;

/// A disk with some generations, and what they are.
fn some_disk() -> (MemoryDevice, model::Model) {
    let mut random = Random(0x5eed_0106);
    let (device, mut model) = new_history(2 << 20);
    let mut disk = CheckpointStore::open(device, &OpenOptions::default()).unwrap();
    disk.acquire(OWNER, 0, None).unwrap();
    for _ in 0..12 {
        let step = random_step(&model, &mut random);
        let number = model::next_number(&disk, step.guest());
        if step.apply(&mut disk, &model).is_ok() {
            step.apply_to_model(&mut model, number);
        }
    }
    (disk.into_device(), model)
}

/// Reads all that there is, and writes; what can be read has to be right.
fn use_all(device: MemoryDevice, model: &model::Model) {
    let Ok(mut disk) = CheckpointStore::open(device, &OpenOptions::default()) else {
        return;
    };
    let _ = disk.check(&mut |_, _| {});
    for (guest, generations) in &model.guests {
        for (number, state) in generations {
            if let Ok(found) = State::read(&mut disk, *guest, *number) {
                assert_eq!(found, *state);
            }
        }
        let _ = disk.read_guest(*guest);
        let _ = disk.acquire(OWNER, 0, None);
        let state = State {
            page_counts: vec![700, 7],
            ..State::default()
        };
        let _ = state.write(&mut disk, *guest, None, 2);
    }
}

#[test]
fn a_flipped_bit_anywhere_takes_at_most_what_it_is_in() {
    let (device, model) = some_disk();
    let mut random = Random(0x5eed_0107);
    let mut found = 0;
    for _ in 0..600 {
        let mut damaged = device.clone();
        let at = random.below(damaged.bytes.len());
        damaged.bytes[at] ^= 1 << random.below(8);
        let mut disk = CheckpointStore::open(damaged, &OpenOptions::default()).unwrap();
        let report = disk.check(&mut |_, _| {}).unwrap();
        found += usize::from(!report.is_clean());
        for finding in report
            .findings
            .iter()
            .filter(|finding| !finding.is_harmless)
        {
            let is_single = matches!(
                finding.damage.part,
                Part::Page { .. } | Part::Metadata { .. }
            );
            assert!(is_single, "byte {at}: {:?}", finding.damage);
        }
        for (guest, generations) in &model.guests {
            assert_eq!(disk.read_guest(*guest).unwrap().args, program("").args);
            for (number, state) in generations {
                match State::read(&mut disk, *guest, *number) {
                    Ok(read) => assert_eq!(read, *state),
                    Err(ReadError::Damaged(damage)) => {
                        assert!(
                            report
                                .findings
                                .iter()
                                .any(|finding| finding.damage == damage)
                        );
                    }
                    Err(error) => panic!("{error}"),
                }
            }
        }
    }
    assert!(found > 20, "{found}");
}

/// Where both copies of a guest's record are, in bytes.
fn guest_record_places(disk: &mut CheckpointStore<MemoryDevice>, guest: GuestId) -> [usize; 2] {
    let tree = disk.root.guests.clone();
    let node = tree.children[guest.0 as usize].1;
    node.copies
        .map(|unit| unit as usize * disk.media.blocks.unit_bytes)
}

#[test]
fn a_guest_whose_record_is_lost_takes_no_other_with_it() {
    let (device, model) = some_disk();
    let (lost, other) = (GuestId(0), GuestId(1));
    let mut disk = CheckpointStore::open(device, &OpenOptions::default()).unwrap();
    let places = guest_record_places(&mut disk, lost);
    let mut device = disk.into_device();
    for place in places {
        device.bytes[place] ^= 1;
    }
    let mut disk = CheckpointStore::open(device, &OpenOptions::default()).unwrap();
    let damage = Damage {
        part: Part::Guest { guest: lost },
        fault: Fault::Tag,
    };
    assert_eq!(disk.read_guest(lost), Err(ReadError::Damaged(damage)));
    let report = disk.check(&mut |_, _| {}).unwrap();
    let is_found = |finding: &Finding| finding.damage == damage && !finding.is_harmless;
    assert!(report.findings.iter().any(is_found), "{report:?}");

    disk.acquire(OWNER, 0, None).unwrap();
    let state = State {
        page_counts: vec![40],
        pages: (0..40).map(|page| ((0, page), page + 1)).collect(),
        ..State::default()
    };
    for _ in 0..30 {
        state.write(&mut disk, other, None, 100).ok();
    }
    for (number, state) in &model.guests[&other] {
        assert_eq!(State::read(&mut disk, other, *number).unwrap(), *state);
    }
    disk.remove_guest(lost).unwrap();
    let mut disk = CheckpointStore::open(disk.into_device(), &OpenOptions::default()).unwrap();
    assert_eq!(disk.read_guest(lost), Err(ReadError::NoGuest(lost)));
    assert!(disk.check(&mut |_, _| {}).unwrap().is_clean());
}

/// A device some of whose bytes cannot be read for a while.
struct OutOfReach {
    device: MemoryDevice,
    places: Vec<usize>,
}

impl BlockDevice for OutOfReach {
    fn block_size(&self) -> usize {
        self.device.block_size()
    }

    fn block_count(&self) -> u64 {
        self.device.block_count()
    }

    fn has_flush(&self) -> bool {
        true
    }

    fn read_blocks(&mut self, first: u64, buffer: &mut [u8]) -> Result<(), DeviceError> {
        let start = first as usize * self.block_size();
        let is_within = |place: &usize| (start..start + buffer.len()).contains(place);
        if self.places.iter().any(is_within) {
            return Err(DeviceError::Failed { code: 5 });
        }
        self.device.read_blocks(first, buffer)
    }

    fn write_blocks(&mut self, first: u64, data: &[u8]) -> Result<(), DeviceError> {
        self.device.write_blocks(first, data)
    }

    fn flush(&mut self) -> Result<(), DeviceError> {
        Ok(())
    }
}

#[test]
fn what_is_out_of_reach_for_a_while_is_not_overwritten_meanwhile() {
    let (device, model) = some_disk();
    let guest = GuestId(0);
    let mut disk = CheckpointStore::open(device, &OpenOptions::default()).unwrap();
    let places = Vec::from(guest_record_places(&mut disk, guest));
    let device = disk.into_device();
    let device = OutOfReach { device, places };
    let mut disk = CheckpointStore::open(device, &OpenOptions::default()).unwrap();
    disk.acquire(OWNER, 0, None).unwrap();
    let state = State {
        page_counts: vec![40],
        pages: (0..40).map(|page| ((0, page), page + 1)).collect(),
        ..State::default()
    };
    for _ in 0..10 {
        let result = state.write(&mut disk, GuestId(1), None, 3);
        assert!(matches!(result, Err(WriteError::Read(_))), "{result:?}");
    }
    let device = disk.into_device().device;
    let mut disk = CheckpointStore::open(device, &OpenOptions::default()).unwrap();
    assert!(model.matches(&mut disk));
    assert!(disk.check(&mut |_, _| {}).unwrap().is_clean());
}

#[test]
fn random_damage_never_panics_and_never_reads_wrong() {
    let (device, model) = some_disk();
    let mut random = Random(0x5eed_0108);
    for _ in 0..600 {
        let mut damaged = device.clone();
        let size = damaged.bytes.len();
        for _ in 0..=random.below(3) {
            let start = random.below(size);
            let len = (1 + random.below(20_000)).min(size - start);
            match random.below(3) {
                0 => damaged.bytes[start..start + len].fill(0),
                1 => damaged.bytes[start..start + len].fill_with(|| random.next() as u8),
                _ => damaged
                    .bytes
                    .copy_within(start..start + len, random.below(size - len)),
            }
        }
        use_all(damaged, &model);
    }
}

#[test]
fn disks_of_former_versions_are_refused_by_number() {
    for found in [1, 2] {
        let mut device = MemoryDevice::new(512, 1 << 20);
        device.bytes[..8].copy_from_slice(b"\x89WFDSK\r\n");
        device.bytes[8] = found as u8;
        let supported = 3;
        assert_eq!(
            CheckpointStore::open(device, &OpenOptions::default()).err(),
            Some(OpenError::Version { found, supported })
        );
    }
}

#[test]
fn numbers_that_a_forger_brought_to_their_end_are_an_error_and_no_overflow() {
    let forge = |change: &dyn Fn(&mut CheckpointStore<MemoryDevice>)| {
        let mut disk = new_disk(2 << 20);
        let guest = disk.add_guest(&program("one")).unwrap();
        change(&mut disk);
        let mut disk = CheckpointStore::open(disk.into_device(), &OpenOptions::default()).unwrap();
        disk.acquire(OWNER, 0, None).unwrap();
        State::default().write(&mut disk, guest, None, 2)
    };
    let last_number = |disk: &mut CheckpointStore<MemoryDevice>| {
        let mut record = disk.guests[&0].clone();
        record.next_number = u64::MAX;
        disk.commit_guest(0, Some(record)).unwrap();
    };
    let last_commit = |disk: &mut CheckpointStore<MemoryDevice>| {
        disk.state.commit = u64::MAX - 1;
        disk.set_exit_status(GuestId(0), None).unwrap();
    };
    for (change, what) in [
        (&last_number as &dyn Fn(&mut _), "generations"),
        (&last_commit, "commits"),
    ] {
        let limit = u64::MAX;
        assert_eq!(forge(change), Err(WriteError::Limit { what, limit }));
    }
}

#[test]
fn a_leaf_with_pages_behind_its_memory_is_malformed() {
    let mut disk = new_disk(2 << 20);
    let guest = disk.add_guest(&program("one")).unwrap();
    let state = State {
        page_counts: vec![200],
        pages: (0..200).map(|page| ((0, page), page + 1)).collect(),
        ..State::default()
    };
    let number = state.write(&mut disk, guest, None, 2).unwrap();
    let mut generation = disk.generation_record(guest, number).unwrap();
    generation.memories[0].page_count = 100;
    let mut map = map::PageMap::load(&mut disk.media, &generation).unwrap();
    let part = map.part(0, 0);
    let fault = Fault::Malformed;
    assert_eq!(
        map.pages(&mut disk.media, 0, 0),
        Err(Damage { part, fault }.into())
    );
}
