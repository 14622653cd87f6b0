//! Devices that fail: what is repeated, what is passed on, what is passed over.

use super::super::testing::ScriptedDevice;
use super::*;

const TRANSIENT: DeviceError = DeviceError::Transient { code: 4 };
const FAILED: DeviceError = DeviceError::Failed { code: 5 };

/// A disk with checkpoints 1 and 2, on a device that does as it is told.
fn scripted() -> CheckpointStore<ScriptedDevice> {
    let mut disk = new_disk(512);
    disk.write_bytes(&contents(1, 3000)).unwrap();
    disk.write_bytes(&contents(2, 3000)).unwrap();
    CheckpointStore::open(ScriptedDevice {
        inner: disk.into_device(),
        write_errors: vec![],
        flush_results: vec![],
        bad_block: None,
    })
    .unwrap()
}

#[test]
fn transient_errors_are_retried_a_few_times() {
    let mut disk = scripted();
    disk.blocks.device.write_errors = vec![TRANSIENT; RETRIES as usize];
    assert_eq!(disk.write_bytes(&contents(3, 3000)), Ok(3));
    disk.blocks.device.write_errors = vec![TRANSIENT; RETRIES as usize + 1];
    assert_eq!(
        disk.write_bytes(&contents(4, 3000)),
        Err(WriteError::Device(TRANSIENT))
    );
    assert_eq!(disk.latest().unwrap().unwrap().sequence, 3);
}

#[test]
fn other_errors_are_not_retried() {
    let mut disk = scripted();
    disk.blocks.device.write_errors = vec![FAILED];
    assert_eq!(
        disk.write_bytes(&contents(3, 3000)),
        Err(WriteError::Device(FAILED))
    );
    assert_eq!(disk.latest().unwrap().unwrap().sequence, 2);
    assert_eq!(disk.write_bytes(&contents(3, 3000)), Ok(3));
}

#[test]
fn a_failed_flush_is_not_repeated() {
    let mut disk = scripted();
    disk.blocks.device.flush_results = vec![Err(TRANSIENT)];
    assert_eq!(
        disk.write_bytes(&contents(3, 3000)),
        Err(WriteError::Device(TRANSIENT))
    );
}

#[test]
fn after_a_failed_commit_the_same_slot_is_written_again() {
    let mut disk = scripted();
    // Before anything, after the data, after the commit record.
    disk.blocks.device.flush_results = vec![Err(FAILED), Ok(()), Ok(())];
    assert_eq!(
        disk.write_bytes(&contents(3, 3000)),
        Err(WriteError::Commit(FAILED))
    );
    let before = disk.slot_state(Slot::B);
    assert_eq!(disk.write_bytes(&contents(4, 3000)), Ok(4));
    assert_eq!(disk.slot_state(Slot::B), before);
    assert_eq!(disk.latest().unwrap().unwrap().sequence, 4);
}

#[test]
fn an_unreadable_checkpoint_gives_way_to_the_one_before() {
    let mut disk = scripted();
    let data = disk.data_unit(Slot::B) * 8;
    for block in [data - 8, data, data + 5] {
        disk.blocks.device.bad_block = Some((block, FAILED));
        assert_eq!(disk.latest().unwrap().unwrap().sequence, 1);
        assert_eq!(
            disk.slot_state(Slot::B),
            Ok(SlotState::Damaged(SlotDamage::Unreadable(FAILED)))
        );
    }
}

#[test]
fn a_read_error_that_may_go_away_does_not() {
    let mut disk = scripted();
    let data = disk.data_unit(Slot::B) * 8;
    for block in [data - 8, data] {
        disk.blocks.device.bad_block = Some((block, TRANSIENT));
        assert_eq!(disk.latest(), Err(ReadError::Device(TRANSIENT)));
        assert_eq!(disk.slot_state(Slot::B), Err(TRANSIENT));
    }
    disk.blocks.device.bad_block = None;
    assert_eq!(disk.latest().unwrap().unwrap().sequence, 2);
}
