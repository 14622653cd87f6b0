//! Power goes after every write and every flush: what was acknowledged is there.

use super::super::testing::FaultyDevice;
use super::model::{Model, Step, new_history, next_number, random_step};
use super::*;

/// More operations than any test does.
const ENDLESS: u64 = u64::MAX;

fn open_and_acquire<D: BlockDevice>(device: D) -> Result<CheckpointStore<D>, LeaseError> {
    let mut disk = CheckpointStore::open(device, &OpenOptions::default())?;
    disk.acquire(OWNER, 0, None)?;
    Ok(disk)
}

/// Crashes once after every write and flush of a history of random steps, until there were
/// `crashes`; after each, what is on the disk is what the model says, with the step or without.
fn crash_everywhere(seed: u64, crashes: u64) {
    let mut random = Random(seed);
    let (mut device, mut model) = new_history(3 << 20);
    let mut count = 0;
    while count < crashes {
        let step = random_step(&model, &mut random);
        let mut whole = FaultyDevice::new(device.clone(), ENDLESS, 1);
        let mut disk = open_and_acquire(&mut whole).unwrap();
        let number = next_number(&disk, step.guest());
        let result = step.apply(&mut disk, &model);
        drop(disk);
        let operations = ENDLESS - whole.operations_left;
        let mut after = model.clone();
        match result {
            Ok(()) => step.apply_to_model(&mut after, number),
            Err(WriteError::Full { .. }) => {}
            Err(error) => panic!("seed {seed:#x}: {error}"),
        }
        for crash in 0..operations {
            crash_once(&device, &step, &model, &after, crash, random.next());
            count += 1;
        }
        device = whole.after_power_loss();
        let mut disk = CheckpointStore::open(device.clone(), &OpenOptions::default()).unwrap();
        assert!(after.matches(&mut disk), "seed {seed:#x}, {count} crashes");
        model = after;
    }
}

fn crash_once(
    device: &MemoryDevice,
    step: &Step,
    before: &Model,
    after: &Model,
    crash: u64,
    seed: u64,
) {
    let mut faulty = FaultyDevice::new(device.clone(), crash, seed);
    let is_done = match open_and_acquire(&mut faulty) {
        Ok(mut disk) => step.apply(&mut disk, before).is_ok(),
        Err(_) => false,
    };
    let context = std::format!("crash at {crash}, seed {seed:#x}");
    let survivor = faulty.after_power_loss();
    let mut disk = CheckpointStore::open(survivor, &OpenOptions::default()).expect(&context);
    assert!(
        !is_done || after.matches(&mut disk),
        "{context}: acknowledged"
    );
    assert!(
        before.matches(&mut disk) || after.matches(&mut disk),
        "{context}"
    );
    let report = disk.check(&mut |_, _| {}).unwrap();
    assert!(report.is_clean(), "{context}: {report:?}");
}

#[test]
fn a_crash_at_any_operation_leaves_what_was_acknowledged() {
    crash_everywhere(0x5eed_0103, 1500);
}

/// The same for longer: `make test-disk CRASHES=n`.
#[test]
#[ignore = "takes minutes"]
fn a_hundred_thousand_crashes() {
    let crashes = std::env::var("CRASHES").map_or(100_000, |text| text.parse().unwrap());
    let seed = std::env::var("SEED").map_or(0x5eed_0104, |text| text.parse().unwrap());
    std::println!("seed {seed}");
    crash_everywhere(seed, crashes);
}

#[test]
fn lost_and_misdirected_writes_never_pass_for_what_was_written() {
    const SEED: u64 = 0x5eed_0105;
    let mut random = Random(SEED);
    let (mut right, mut damaged) = (0, 0);
    for round in 0..60 {
        let (device, mut model) = new_history(3 << 20);
        let mut faulty = FaultyDevice::new(device, ENDLESS, random.next());
        faulty.lies_one_in = 60;
        let mut every = Vec::new();
        if let Ok(mut disk) = open_and_acquire(&mut faulty) {
            for _ in 0..12 {
                let step = random_step(&model, &mut random);
                let number = next_number(&disk, step.guest());
                if step.apply(&mut disk, &model).is_err() {
                    break;
                }
                if let Step::Write { guest, state, .. } = &step {
                    every.push((*guest, number, state.clone()));
                }
                step.apply_to_model(&mut model, number);
            }
        }
        let device = faulty.after_power_loss();
        let Ok(mut disk) = CheckpointStore::open(device, &OpenOptions::default()) else {
            damaged += 1;
            continue;
        };
        for (guest, number, state) in every {
            match State::read(&mut disk, guest, number) {
                Ok(found) => {
                    assert_eq!(found, state, "seed {SEED:#x}, round {round}");
                    right += 1;
                }
                Err(_) => damaged += 1,
            }
        }
    }
    assert!(right > 50 && damaged > 10, "{right}, {damaged}");
}
