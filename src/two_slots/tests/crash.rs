//! Power goes after every write and every flush: some complete checkpoint is there.

use super::super::testing::{FaultyDevice, MemoryDevice, Random};
use super::*;

/// More operations than any test does.
const ENDLESS: u64 = u64::MAX;

/// Length of a checkpoint: several requests for some.
fn len_of(number: u64) -> usize {
    [700, 300_000, 4096, 60_000, 0][number as usize % 5]
}

fn new_device() -> MemoryDevice {
    new_disk(512).into_device()
}

/// Writes checkpoints from `first` on until the power goes or there are `count`;
/// returns the number of the last that was reported to be written.
fn write_until_crash(device: &mut FaultyDevice, first: u64, count: u64) -> u64 {
    let mut written = first - 1;
    let Ok(mut disk) = CheckpointStore::open(device) else {
        return written;
    };
    for number in first..first + count {
        match disk.write_bytes(&contents(number, len_of(number))) {
            Ok(sequence) => assert_eq!(sequence, number),
            Err(_) => break,
        }
        written = number;
    }
    written
}

/// Asserts that the newest checkpoint is complete and number `written` or the one
/// after it; returns its number, 0 for none.
#[track_caller]
fn assert_recovers(device: MemoryDevice, written: u64, context: &str) -> u64 {
    let mut disk = CheckpointStore::open(device).expect("the superblock is never touched");
    assert_eq!(disk.guest().unwrap(), guest(), "{context}");
    let latest = disk.latest().unwrap();
    let number = latest.as_ref().map_or(0, |latest| latest.sequence);
    assert!(
        (written..=written + 1).contains(&number),
        "{context}: {number} of {written}"
    );
    if let Some(latest) = latest {
        assert!(
            latest.bytes == contents(number, len_of(number)),
            "{context}"
        );
    }
    number
}

#[test]
fn a_crash_at_any_operation_leaves_the_newest_committed_checkpoint() {
    const CHECKPOINTS: u64 = 6;
    let fresh = new_device();
    let mut counter = FaultyDevice::new(fresh.clone(), ENDLESS, 1);
    assert_eq!(write_until_crash(&mut counter, 1, CHECKPOINTS), CHECKPOINTS);
    let operations = ENDLESS - counter.operations_left;
    assert!(operations > 20, "{operations}");
    for crash in 0..=operations {
        for seed in 1..=20 {
            let mut device = FaultyDevice::new(fresh.clone(), crash, seed);
            let written = write_until_crash(&mut device, 1, CHECKPOINTS);
            let context = std::format!("crash at {crash}, seed {seed}");
            assert_recovers(device.after_power_loss(), written, &context);
        }
    }
}

#[test]
fn crash_after_crash_never_loses_what_was_committed() {
    const SEED: u64 = 0x5eed_0003;
    let mut random = Random(SEED);
    let mut survivor = new_device();
    let mut newest = 0;
    for round in 0..2000 {
        let crash = random.below(40) as u64;
        let mut device = FaultyDevice::new(survivor, crash, random.next());
        let written = write_until_crash(&mut device, newest + 1, 8);
        survivor = device.after_power_loss();
        let context = std::format!("seed {SEED:#x}, round {round}");
        newest = assert_recovers(survivor.clone(), written, &context);
    }
    assert!(newest > 1000, "{newest}");
}

#[test]
fn a_restart_without_power_loss_does_not_trust_the_cache() {
    // The commit of number 2 is in the device's cache only when the host restarts; the
    // next checkpoint must not overwrite number 1 before number 2 is durable.
    for crash in 1..60 {
        for seed in 1..=10 {
            let mut device = FaultyDevice::new(new_device(), ENDLESS, seed);
            assert_eq!(write_until_crash(&mut device, 1, 1), 1);
            device.operations_left = crash;
            let written = write_until_crash(&mut device, 2, 1);
            device.operations_left = crash;
            let mut disk = CheckpointStore::open(&mut device).unwrap();
            let seen = disk.latest().unwrap().unwrap().sequence;
            let rewritten = write_until_crash(&mut device, seen + 1, 1);
            let at_least = if rewritten > seen { rewritten } else { written };
            let mut disk = CheckpointStore::open(device.after_power_loss()).unwrap();
            let latest = disk.latest().unwrap().expect("number 1 was committed");
            assert!(latest.sequence >= at_least, "crash {crash}, seed {seed}");
            let expected = contents(latest.sequence, len_of(latest.sequence));
            assert!(latest.bytes == expected, "crash {crash}, seed {seed}");
        }
    }
}

#[test]
fn a_crash_while_a_disk_is_made_leaves_no_disk_or_a_whole_one() {
    let mut old = new_disk(512);
    old.write_bytes(&contents(1, 700)).unwrap();
    let old = old.into_device();
    let other = Guest {
        module: vec![9; 50_000],
        ..Guest::default()
    };
    for crash in 0..20 {
        for seed in 1..=50 {
            let mut device = FaultyDevice::new(old.clone(), crash, seed);
            let is_made = format(&mut device, &other).is_ok();
            match CheckpointStore::open(device.after_power_loss()) {
                Err(error) => {
                    assert!(matches!(error, OpenError::Magic { .. }), "{error}");
                    assert!(!is_made, "crash {crash}, seed {seed}");
                }
                Ok(mut disk) => match disk.guest().unwrap() {
                    found if found == other => assert_eq!(disk.latest().unwrap(), None),
                    found => {
                        assert!(found == guest() && !is_made);
                        assert_eq!(disk.latest().unwrap().unwrap().sequence, 1);
                    }
                },
            }
        }
    }
}

#[test]
fn lost_and_misdirected_writes_never_pass_for_a_checkpoint() {
    const SEED: u64 = 0x5eed_0004;
    let mut random = Random(SEED);
    let (mut found, mut missing) = (0, 0);
    for round in 0..1000 {
        let crash = random.below(60) as u64;
        let mut device = FaultyDevice::new(new_device(), crash, random.next());
        device.lies_one_in = 8;
        write_until_crash(&mut device, 1, 8);
        let Ok(mut disk) = CheckpointStore::open(device.after_power_loss()) else {
            // A write went astray to the superblock.
            continue;
        };
        match disk.latest().unwrap() {
            None => missing += 1,
            Some(latest) => {
                let expected = contents(latest.sequence, len_of(latest.sequence));
                assert!(latest.bytes == expected, "seed {SEED:#x}, round {round}");
                found += 1;
            }
        }
    }
    assert!(found > 200 && missing > 50, "{found}, {missing}");
}
