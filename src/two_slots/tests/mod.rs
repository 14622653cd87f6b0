//! What a checkpoint disk promises.

mod crash;
mod failure;
mod hostile;

use super::testing::MemoryDevice;
use super::*;
use crate::image::{HostSection, InstanceImage, MemoryContents, MemoryState};
use crate::module::{AddressType, MemoryType};
use alloc::vec;

fn guest() -> Guest {
    Guest {
        module: (0..9000u32).map(|i| i as u8).collect(),
        args: vec![b"program".to_vec(), b"-x".to_vec()],
        envs: vec![b"HOME=/\xff".to_vec()],
    }
}

/// Contents of a checkpoint: not the same for any two numbers.
fn contents(number: u64, len: usize) -> Vec<u8> {
    (0..len as u64)
        .map(|i| (i.wrapping_mul(31) ^ (number * 0x9e37)) as u8)
        .collect()
}

fn new_disk(block_size: usize) -> CheckpointStore<MemoryDevice> {
    format(MemoryDevice::new(block_size, 1 << 20), &guest()).unwrap()
}

#[test]
fn a_new_disk_has_the_guest_and_no_checkpoint() {
    for block_size in [512, 1024, 4096, 65536] {
        let device = new_disk(block_size).into_device();
        let mut disk = CheckpointStore::open(device).unwrap();
        assert_eq!(disk.guest().unwrap(), guest());
        assert_eq!(disk.latest().unwrap(), None);
        assert_eq!(disk.slot_state(Slot::A), Ok(SlotState::Empty));
        assert_eq!(disk.slot_state(Slot::B), Ok(SlotState::Empty));
    }
}

#[test]
fn checkpoints_take_turns_and_the_newest_comes_back() {
    let mut disk = new_disk(512);
    for number in 1..=5 {
        let bytes = contents(number, 1000 * number as usize);
        assert_eq!(disk.write_bytes(&bytes).unwrap(), number);
        let mut reopened = CheckpointStore::open(disk.into_device()).unwrap();
        let latest = reopened.latest().unwrap().unwrap();
        assert_eq!((latest.sequence, latest.bytes), (number, bytes));
        let slot = [Slot::B, Slot::A][number as usize % 2];
        assert!(matches!(
            reopened.slot_state(slot),
            Ok(SlotState::Valid { sequence, .. }) if sequence == number
        ));
        disk = reopened;
    }
}

#[test]
fn an_image_goes_to_the_disk_as_its_bytes_whatever_the_block_size() {
    let mut memory = vec![0; 4 * 65536];
    memory[70_000..150_000].fill(0x5a);
    memory[200_000] = 1;
    let image = InstanceImage {
        memories: vec![MemoryState {
            ty: MemoryType {
                address: AddressType::I32,
                minimum: 1,
                maximum: None,
            },
            size_pages: 4,
            contents: MemoryContents::Linear(&memory),
        }],
        host: vec![HostSection {
            name: "host".into(),
            version: 1,
            bytes: vec![7; 5000],
        }],
        ..InstanceImage::default()
    };
    for block_size in [512, 2048, 4096, 8192, 65536] {
        let mut disk = new_disk(block_size);
        disk.write_checkpoint(&image).unwrap();
        disk.write_checkpoint(&image).unwrap();
        let latest = disk.latest().unwrap().unwrap();
        assert_eq!(latest.sequence, 2);
        assert_eq!(latest.bytes, image.to_bytes());
    }
}

#[test]
fn a_disk_of_small_blocks_works_with_larger_ones() {
    let mut disk = new_disk(512);
    disk.write_bytes(&contents(1, 5000)).unwrap();
    let mut device = disk.into_device();
    device.block_size = 4096;
    let mut disk = CheckpointStore::open(device).unwrap();
    assert_eq!(disk.latest().unwrap().unwrap().bytes, contents(1, 5000));
    disk.write_bytes(&contents(2, 6000)).unwrap();
    assert_eq!(disk.latest().unwrap().unwrap().bytes, contents(2, 6000));
    let mut device = disk.into_device();
    device.block_size = 8192;
    assert_eq!(
        CheckpointStore::open(device).err(),
        Some(OpenError::Unit {
            unit_bytes: 4096,
            block_size: 8192
        })
    );
}

#[test]
fn a_checkpoint_that_does_not_fit_leaves_everything_as_it_was() {
    let mut disk = new_disk(512);
    let capacity_bytes = disk.capacity_bytes();
    let fitting = contents(1, capacity_bytes as usize);
    disk.write_bytes(&fitting).unwrap();
    disk.write_bytes(&fitting).unwrap();
    let before = disk.blocks.device.bytes.clone();
    let too_large = vec![0; fitting.len() + 1];
    assert_eq!(
        disk.write_bytes(&too_large),
        Err(WriteError::TooLarge {
            len_bytes: capacity_bytes + 1,
            capacity_bytes
        })
    );
    assert_eq!(disk.blocks.device.bytes, before);
}

#[test]
fn the_required_size_is_exactly_enough() {
    for block_size in [512, 16384] {
        for len in [0, 1, 4096, 100_000] {
            let size = required_size(block_size, &guest(), len) as usize;
            let mut disk = format(MemoryDevice::new(block_size, size), &guest()).unwrap();
            disk.write_bytes(&contents(1, len as usize)).unwrap();
            let smaller = MemoryDevice::new(block_size, size - 2 * block_size.max(4096));
            let refused = match format(smaller, &guest()) {
                Ok(disk) => disk.capacity_bytes() < len,
                Err(error) => matches!(error, FormatError::TooSmall { .. }),
            };
            assert!(refused, "{block_size} {len}");
        }
    }
}

#[test]
fn clear_removes_checkpoints_and_result() {
    let mut disk = new_disk(512);
    disk.write_bytes(&contents(1, 100)).unwrap();
    disk.write_bytes(&contents(2, 100)).unwrap();
    disk.write_result(-3).unwrap();
    assert_eq!(disk.result(), Ok(Some(-3)));
    disk.clear().unwrap();
    let mut disk = CheckpointStore::open(disk.into_device()).unwrap();
    assert_eq!(disk.latest().unwrap(), None);
    assert_eq!(disk.result(), Ok(None));
    assert_eq!(disk.guest().unwrap(), guest());
}

#[test]
fn devices_without_flush_are_refused() {
    let mut device = new_disk(512).into_device();
    device.has_flush = false;
    assert_eq!(
        CheckpointStore::open(device.clone()).err(),
        Some(OpenError::NoFlush)
    );
    assert_eq!(format(device, &guest()).err(), Some(FormatError::NoFlush));
}

#[test]
fn unusual_block_sizes_are_refused() {
    for block_size in [0, 256, 1000, 131_072] {
        let mut device = MemoryDevice::new(512, 1 << 20);
        device.block_size = block_size;
        assert_eq!(
            CheckpointStore::open(device.clone()).err(),
            Some(OpenError::BlockSize(block_size))
        );
        assert_eq!(
            format(device, &guest()).err(),
            Some(FormatError::BlockSize(block_size))
        );
    }
}
