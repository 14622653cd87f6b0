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
fn disks_of_the_former_version_are_refused_by_number() {
    let mut device = MemoryDevice::new(512, 1 << 20);
    device.bytes[..8].copy_from_slice(b"\x89WFDSK\r\n");
    device.bytes[8] = 1;
    assert_eq!(
        CheckpointStore::open(device, &OpenOptions::default()).err(),
        Some(OpenError::Version {
            found: 1,
            supported: 2
        })
    );
}
