//! Disks that nobody made: typed errors only, and no memory for mere claims.

use super::super::blocks::SECTOR;
use super::super::testing::Random;
use super::*;

const SIZE: usize = 128 * 1024;

/// A small disk with checkpoints 1 and 2, and a result.
fn small_disk() -> MemoryDevice {
    let mut disk = format(MemoryDevice::new(512, SIZE), &guest()).unwrap();
    disk.write_bytes(&contents(1, 9000)).unwrap();
    disk.write_bytes(&contents(2, 5000)).unwrap();
    disk.write_result(1).unwrap();
    disk.into_device()
}

/// Makes a record's checksum right again.
fn reseal(record: &mut [u8]) {
    let checksum = crc32fast::hash(&record[..SECTOR - 4]);
    record[SECTOR - 4..SECTOR].copy_from_slice(&checksum.to_le_bytes());
}

/// Uses a disk in every way; returns whether all that it had is unchanged.
fn use_all(device: MemoryDevice) -> bool {
    let Ok(mut disk) = CheckpointStore::open(device) else {
        return false;
    };
    let is_guest_good = disk.guest().is_ok_and(|found| found == guest());
    let states = Slot::ALL.map(|slot| disk.slot_state(slot).unwrap());
    let latest = disk.latest().unwrap();
    let is_latest_good = latest.is_some_and(|latest| latest.bytes == contents(2, 5000));
    let is_result_good = disk.result().unwrap() == Some(1);
    match disk.write_bytes(&contents(3, 600)) {
        Ok(sequence) => {
            let latest = disk.latest().unwrap().unwrap();
            assert_eq!(
                (latest.sequence, latest.bytes),
                (sequence, contents(3, 600))
            );
        }
        Err(error) => assert!(
            matches!(
                error,
                WriteError::NumbersExhausted | WriteError::TooLarge { .. }
            ),
            "{error}"
        ),
    }
    disk.clear().unwrap();
    assert_eq!(disk.latest().unwrap(), None);
    let are_slots_good = states
        .iter()
        .all(|state| matches!(state, SlotState::Valid { .. }));
    is_guest_good && is_latest_good && is_result_good && are_slots_good
}

#[test]
fn every_bit_flip_in_what_is_used_is_noticed() {
    let disk = small_disk();
    assert!(use_all(disk.clone()));
    let superblock = CheckpointStore::open(disk.clone()).unwrap().superblock;
    let records = [0, 1, superblock.slots[0].first, superblock.slots[1].first];
    let mut places: Vec<(usize, usize)> =
        records.map(|unit| (unit as usize * 4096, SECTOR)).to_vec();
    let guest_len = superblock.guest_len().unwrap() as usize;
    places.push((superblock.guest.first as usize * 4096, guest_len));
    places.push(((superblock.slots[0].first as usize + 1) * 4096, 9000));
    places.push(((superblock.slots[1].first as usize + 1) * 4096, 5000));
    for (start, len) in places {
        for offset in (start..start + len).step_by(if len == SECTOR { 1 } else { 37 }) {
            let mut damaged = disk.clone();
            damaged.bytes[offset] ^= 1 << (offset % 8);
            assert!(!use_all(damaged), "byte {offset}");
        }
    }
}

#[test]
fn random_damage_never_panics() {
    const SEED: u64 = 0x5eed_0005;
    let mut random = Random(SEED);
    let disk = small_disk();
    for _ in 0..3000 {
        let mut damaged = disk.clone();
        for _ in 0..=random.below(3) {
            // Half of the damage goes to the records, which are few.
            let unit = [0, 1, 2, 5, 6, 18, 19][random.below(7)] * 4096;
            let start = match random.is_one_in(2) {
                true => unit + random.below(SECTOR),
                false => random.below(SIZE),
            };
            let len = (1 + random.below(2000)).min(SIZE - start);
            match random.below(3) {
                0 => damaged.bytes[start..start + len].fill(0),
                1 => damaged.bytes[start..start + len].fill_with(|| random.next() as u8),
                _ => damaged
                    .bytes
                    .copy_within(start..start + len, random.below(SIZE - len)),
            }
        }
        use_all(damaged);
    }
}

#[test]
fn truncated_disks_are_refused() {
    let disk = small_disk();
    for len in (0..SIZE).step_by(512) {
        let mut truncated = disk.clone();
        truncated.bytes.truncate(len);
        let error = CheckpointStore::open(truncated).err();
        let expected = match len {
            0 => matches!(error, Some(OpenError::Empty)),
            _ => matches!(error, Some(OpenError::Truncated { .. })),
        };
        assert!(expected, "{len}: {error:?}");
    }
}

#[test]
fn records_with_wild_fields_never_panic() {
    const SEED: u64 = 0x5eed_0006;
    let mut random = Random(SEED);
    let disk = small_disk();
    let slots = CheckpointStore::open(disk.clone())
        .unwrap()
        .superblock
        .slots;
    let records = [0, 1, slots[0].first as usize, slots[1].first as usize];
    for _ in 0..12_000 {
        let mut damaged = disk.clone();
        let start = records[random.below(4)] * 4096;
        let record = &mut damaged.bytes[start..][..SECTOR];
        for _ in 0..=random.below(3) {
            let field = 8 + 4 * random.below(25);
            let wild = match random.below(6) {
                0 => 0,
                1 => u64::MAX,
                2 => u64::MAX - random.below(5000) as u64,
                3 => 1 << random.below(64),
                4 => random.below(64) as u64,
                _ => random.next(),
            };
            let width = 4 << random.below(2);
            record[field..][..width].copy_from_slice(&wild.to_le_bytes()[..width]);
        }
        reseal(record);
        use_all(damaged);
    }
}

#[test]
fn a_record_moved_to_the_other_slot_does_not_count() {
    let mut disk = small_disk();
    let slots = CheckpointStore::open(disk.clone())
        .unwrap()
        .superblock
        .slots;
    let [a, b] = slots.map(|slot| slot.first as usize * 4096);
    disk.bytes.copy_within(b..b + 4096 * 4, a);
    let mut disk = CheckpointStore::open(disk).unwrap();
    assert_eq!(
        disk.slot_state(Slot::A),
        Ok(SlotState::Damaged(SlotDamage::Misplaced {
            expected_unit: slots[1].first
        }))
    );
}

#[test]
fn a_checkpoint_of_another_guest_does_not_count() {
    let mut disk = small_disk();
    let slots = CheckpointStore::open(disk.clone())
        .unwrap()
        .superblock
        .slots;
    let start = slots[1].first as usize * 4096;
    let record = &mut disk.bytes[start..][..SECTOR];
    record[36] ^= 1;
    reseal(record);
    let mut disk = CheckpointStore::open(disk).unwrap();
    assert_eq!(
        disk.slot_state(Slot::B),
        Ok(SlotState::Damaged(SlotDamage::OtherGuest))
    );
    assert_eq!(disk.latest().unwrap().unwrap().sequence, 1);
}

/// A device as large as numbers can say, of which only the superblock is not zero.
struct VastDevice([u8; SECTOR]);

impl BlockDevice for VastDevice {
    fn block_size(&self) -> usize {
        4096
    }

    fn block_count(&self) -> u64 {
        u64::MAX / 4096
    }

    fn has_flush(&self) -> bool {
        true
    }

    fn read_blocks(&mut self, first: u64, buffer: &mut [u8]) -> Result<(), DeviceError> {
        buffer.fill(0);
        if first == 0 {
            buffer[..SECTOR].copy_from_slice(&self.0);
        }
        Ok(())
    }

    fn write_blocks(&mut self, _first: u64, _data: &[u8]) -> Result<(), DeviceError> {
        Ok(())
    }

    fn flush(&mut self) -> Result<(), DeviceError> {
        Ok(())
    }
}

#[test]
fn a_guest_larger_than_memory_is_an_error() {
    let mut superblock = small_disk().bytes[..SECTOR].to_vec();
    let units = u64::MAX / 4096;
    let mut put = |offset: usize, value: u64| {
        superblock[offset..][..8].copy_from_slice(&value.to_le_bytes());
    };
    put(16, units);
    put(32, units - 8);
    put(40, 1 << 62);
    put(64, units - 6);
    put(72, 2);
    put(80, units - 4);
    put(88, 2);
    reseal(&mut superblock);
    let mut disk = CheckpointStore::open(VastDevice(superblock.try_into().unwrap())).unwrap();
    assert!(matches!(
        disk.guest(),
        Err(ReadError::OutOfMemory { len_bytes }) if len_bytes >= 1 << 62
    ));
}
