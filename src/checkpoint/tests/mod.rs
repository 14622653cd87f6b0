//! What a checkpoint disk promises.

mod crash;
mod hostile;
mod lease;
mod model;

use super::testing::{FaultyDevice, MemoryDevice, Random};
use super::*;
use alloc::collections::BTreeMap;
use alloc::vec;
use core::ops::Range;

const OWNER: Owner = Owner([7; 32]);

fn options() -> FormatOptions {
    FormatOptions {
        disk_id: [9; 16],
        owner: OWNER,
        key: None,
    }
}

fn program(name: &str) -> Guest {
    Guest {
        name: name.into(),
        module: (0..9000u32).map(|i| i as u8).collect(),
        args: vec![b"program".to_vec(), b"-x".to_vec()],
        envs: vec![b"HOME=/\xff".to_vec()],
        files: vec![5; 700],
    }
}

fn new_disk(size_bytes: usize) -> CheckpointStore<MemoryDevice> {
    format(MemoryDevice::new(512, size_bytes), &options()).unwrap()
}

/// A page that no other number has.
fn page(number: u64) -> Vec<u8> {
    let words =
        (0..PAGE as u64 / 8).flat_map(|i| (i ^ number.wrapping_mul(0x9e37_79b9)).to_le_bytes());
    words.collect()
}

/// What a generation holds: metadata, and the number of each page that is not zero.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct State {
    pub metadata: Vec<u8>,
    pub page_counts: Vec<u64>,
    pub pages: BTreeMap<(u32, u64), u64>,
}

impl State {
    /// Writes what is in `self` and not in `base` as a generation.
    fn write<D: BlockDevice>(
        &self,
        disk: &mut CheckpointStore<D>,
        guest: GuestId,
        base: Option<(u64, &State)>,
        keep: usize,
    ) -> Result<u64, WriteError> {
        // Some pages in packs, whatever is tested.
        disk.set_compression(match self.metadata.len() % 2 {
            0 => Compression::None,
            _ => Compression::Lz4,
        });
        let empty = State::default();
        let old = base.map_or(&empty, |base| base.1);
        let mut pending = disk.begin(guest, base.map(|base| base.0), &self.page_counts, 5)?;
        let keys = self.pages.keys().chain(old.pages.keys());
        let mut changed: Vec<((u32, u64), Vec<u8>)> = keys
            .filter(|key| self.pages.get(key) != old.pages.get(key))
            .map(|key| {
                (
                    *key,
                    self.pages
                        .get(key)
                        .map_or(vec![0; PAGE], |number| page(*number)),
                )
            })
            .collect();
        changed.sort();
        changed.dedup();
        let runs: Vec<MemoryPages<'_>> = changed
            .iter()
            .map(|((memory, first), bytes)| MemoryPages {
                memory: *memory,
                first: *first,
                bytes,
            })
            .collect();
        for some in runs.chunks(100) {
            disk.write_pages(&mut pending, some)?;
        }
        disk.commit(pending, &self.metadata, keep)
    }

    /// Reads a generation whole.
    fn read<D: BlockDevice>(
        disk: &mut CheckpointStore<D>,
        guest: GuestId,
        number: u64,
    ) -> Result<Self, ReadError> {
        let mut generation = disk.open_generation(guest, number)?;
        let mut state = Self {
            metadata: disk.read_metadata(&generation)?,
            page_counts: generation.page_counts(),
            pages: BTreeMap::new(),
        };
        for memory in 0..state.page_counts.len() as u32 {
            let (mut from, page_count) = (0, state.page_counts[memory as usize]);
            for range in disk.page_ranges(&mut generation, memory)? {
                assert_zeros(disk, &mut generation, memory, from..range.first)?;
                from = range.first + range.count;
                let mut bytes = vec![0; range.count as usize * PAGE];
                disk.read_pages(&mut generation, memory, range.first, &mut bytes)?;
                for (index, bytes) in (range.first..).zip(bytes.chunks(PAGE)) {
                    let first = u64::from_le_bytes(bytes[..8].try_into().unwrap());
                    let number = first.wrapping_mul(INVERSE);
                    assert!(page(number) == bytes, "page {index} is of no number");
                    state.pages.insert((memory, index), number);
                }
            }
            assert_zeros(disk, &mut generation, memory, from..page_count)?;
        }
        Ok(state)
    }
}

/// Asserts that pages are told to be zeros, and no others behind them.
fn assert_zeros<D: BlockDevice>(
    disk: &mut CheckpointStore<D>,
    generation: &mut Generation,
    memory: u32,
    zeros: Range<u64>,
) -> Result<(), ReadError> {
    let page_count = generation.page_counts()[memory as usize];
    let mut page = zeros.start;
    while page < zeros.end {
        let count = disk.zero_pages(generation, memory, page, page_count - page)?;
        assert!((1..=zeros.end - page).contains(&count), "{count} of {page}");
        page += count;
    }
    if page < page_count {
        assert_eq!(disk.zero_pages(generation, memory, page, 1)?, 0);
    }
    Ok(())
}

/// Of the factor in [`page`], modulo 2^64.
const INVERSE: u64 = inverse(0x9e37_79b9);

const fn inverse(factor: u64) -> u64 {
    let (mut result, mut step) = (factor, 0);
    while step < 6 {
        result = result.wrapping_mul(2u64.wrapping_sub(factor.wrapping_mul(result)));
        step += 1;
    }
    result
}

#[test]
fn a_guest_comes_back_as_it_was_added() {
    let mut disk = new_disk(4 << 20);
    let guest = disk.add_guest(&program("one")).unwrap();
    assert_eq!(disk.add_guest(&program("one")), Err(WriteError::NameTaken));
    let mut disk = CheckpointStore::open(disk.into_device(), &OpenOptions::default()).unwrap();
    assert_eq!(disk.read_guest(guest).unwrap(), program("one"));
    assert_eq!(disk.add_guest(&program("two")), Err(WriteError::NoLease));
    assert!(disk.check(&mut |_, _| {}).unwrap().is_clean());
}

#[test]
fn many_guests_fit_and_go() {
    let mut disk = new_disk(16 << 20);
    let small = Guest {
        name: String::new(),
        ..Guest::default()
    };
    for index in 0..300 {
        let name = alloc::format!("guest {index}");
        disk.add_guest(&Guest {
            name,
            ..small.clone()
        })
        .unwrap();
    }
    for index in (0..300).step_by(3) {
        disk.remove_guest(GuestId(index)).unwrap();
    }
    let disk = CheckpointStore::open(disk.into_device(), &OpenOptions::default()).unwrap();
    assert_eq!(disk.guests().len(), 200);
    assert!(disk.guest_named("guest 4").is_some() && disk.guest_named("guest 3").is_none());
}

/// Scattered changes of a large memory cost little more than they are.
#[test]
fn what_is_written_is_bounded_by_what_changed() {
    const SEED: u64 = 0x5eed_0101;
    let mut random = Random(SEED);
    let mut disk = new_disk(160 << 20);
    let guest = disk.add_guest(&program("one")).unwrap();
    let page_count = 16 * 1024;
    let mut state = State {
        page_counts: vec![page_count],
        ..State::default()
    };
    for page in (0..page_count).step_by(2) {
        state.pages.insert((0, page), page + 1);
    }
    let mut number = state.write(&mut disk, guest, None, 2).unwrap();
    for round in 0..60 {
        let old = state.clone();
        let dirty = [164, 1, 20, 164, 700, 3][round % 6];
        for _ in 0..dirty {
            state.pages.insert(
                (0, random.below(page_count as usize) as u64),
                random.next() >> 8,
            );
        }
        let changed = state
            .pages
            .iter()
            .filter(|(key, number)| old.pages.get(key) != Some(number));
        let dirty_bytes = (changed.count() * PAGE) as u64;
        let before = disk.media.blocks.device.written_bytes;
        number = state
            .write(&mut disk, guest, Some((number, &old)), 2)
            .unwrap();
        let written = disk.media.blocks.device.written_bytes - before;
        let bound = dirty_bytes * 105 / 100 + (64 << 10);
        assert!(
            written <= bound,
            "seed {SEED:#x}, round {round}: {written} of {bound}"
        );
        assert_eq!(
            State::read(&mut disk, guest, number).unwrap(),
            state,
            "round {round}"
        );
    }
    assert!(disk.check(&mut |_, _| {}).unwrap().is_clean());
}

/// Generations of which each takes a third of the disk.
#[test]
fn large_generations_flush_little_and_have_their_map_in_two_places() {
    const PAGES: u64 = 2048;
    let mut disk = new_disk(24 << 20);
    let guest = disk.add_guest(&program("one")).unwrap();
    let (mut near, mut base) = (0, None);
    for round in 0..30 {
        let state = State {
            page_counts: vec![PAGES],
            pages: (0..PAGES)
                .map(|page| ((0, page), page + 1 + round * PAGES))
                .collect(),
            ..State::default()
        };
        let before = disk.media.blocks.device.flushes;
        let old = base.as_ref().map(|(number, state)| (*number, state));
        let number = state.write(&mut disk, guest, old, 1).unwrap();
        base = Some((number, state));
        // Two for the commit, and some for windows.
        let flushes = disk.media.blocks.device.flushes - before;
        assert!(flushes <= 7, "round {round}: {flushes}");
        let record = disk.generation_record(guest, number).unwrap();
        let mut map = map::PageMap::load(&mut disk.media, &record).unwrap();
        for (_, node) in map.leaf_nodes(&mut disk.media, 0).unwrap() {
            near += u64::from(node.copies[0].abs_diff(node.copies[1]) < 64);
        }
    }
    assert!(near < PAGES / 256 * 30 / 10, "{near}");
}

#[test]
fn long_commits_and_searches_for_space_let_others_run() {
    const LEAVES: u64 = 64;
    let mut disk = new_disk(160 << 20);
    let guest = disk.add_guest(&program("one")).unwrap();
    let mut state = State::default();
    let yields = |state: &State, disk: &mut CheckpointStore<MemoryDevice>| {
        let before = disk.media.blocks.device.yields;
        state.write(disk, guest, None, 2).unwrap();
        disk.media.blocks.device.yields - before
    };
    let few = yields(&state, &mut disk);
    state.page_counts = vec![256 * LEAVES];
    state.pages = (0..256 * LEAVES)
        .map(|page| ((0, page), page + 1))
        .collect();
    // At every leaf that is made of what has changed, and again at every one that is written.
    assert!(yields(&state, &mut disk) >= few + 2 * LEAVES);
    disk.space = None;
    // At every leaf of the only generation, too.
    let searched = yields(&State::default(), &mut disk);
    assert!(searched >= few + LEAVES, "{searched}");
}

#[test]
fn a_full_disk_loses_nothing_and_can_be_emptied() {
    let mut disk = new_disk(2 << 20);
    let guest = disk.add_guest(&program("one")).unwrap();
    let mut states = BTreeMap::new();
    let mut state = State {
        page_counts: vec![64],
        ..State::default()
    };
    let mut base = None;
    let error = loop {
        for page in 0..20 {
            state
                .pages
                .insert((0, page), states.len() as u64 * 100 + page + 1);
        }
        let old = base.and_then(|base| states.get(&base)).cloned();
        let result = state.write(&mut disk, guest, base.zip(old.as_ref()), 100);
        match result {
            Ok(number) => drop((states.insert(number, state.clone()), base = Some(number))),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, WriteError::Full { .. }), "{error}");
    assert!(states.len() > 3);
    for (number, state) in &states {
        assert_eq!(State::read(&mut disk, guest, *number).unwrap(), *state);
    }
    for number in states.keys() {
        disk.drop_generation(guest, *number).unwrap();
    }
    for _ in 0..20 {
        state.write(&mut disk, guest, None, 1).unwrap();
    }
    assert!(disk.check(&mut |_, _| {}).unwrap().is_clean());
}

#[test]
fn generations_that_are_given_up_take_their_turn_round_the_disk() {
    const ROUNDS: usize = 1000;
    // A store that gets no further goes on writing until the power goes.
    let device = FaultyDevice::new(MemoryDevice::new(512, 2 << 20), 100 * ROUNDS as u64, 1);
    let mut disk = format(device, &options()).unwrap();
    let guest = disk.add_guest(&program("one")).unwrap();
    let mut random = Random(1);
    for round in 0..ROUNDS {
        let mut pending = disk.begin(guest, None, &[1 << 20], 5).unwrap();
        if round % 20 == 0 {
            // Commits in the course of a generation: free space begins elsewhere after them.
            for status in 0..3 {
                disk.set_exit_status(guest, Some(status)).unwrap();
            }
        }
        for first in (0..).step_by(64).take(1 + random.below(12)) {
            let pages: Vec<u8> = (0..1 + random.below(40) as u64).flat_map(page).collect();
            let pages = MemoryPages {
                memory: 0,
                first,
                bytes: &pages,
            };
            match disk.write_pages(&mut pending, &[pages]) {
                Ok(()) => {}
                Err(WriteError::Full { .. }) => break,
                Err(error) => panic!("in round {round}: {error}"),
            }
            if round % 20 == 10 {
                disk.set_exit_status(guest, None).unwrap();
            }
        }
    }
    assert!(disk.check(&mut |_, _| {}).unwrap().is_clean());
}

#[test]
fn a_generation_that_is_read_is_not_dropped() {
    let mut disk = new_disk(4 << 20);
    let guest = disk.add_guest(&program("one")).unwrap();
    let state = State {
        page_counts: vec![1],
        ..State::default()
    };
    let first = state.write(&mut disk, guest, None, 1).unwrap();
    let generation = disk.open_generation(guest, first).unwrap();
    assert_eq!(
        disk.drop_generation(guest, first),
        Err(WriteError::InUse {
            guest,
            generation: first
        })
    );
    state.write(&mut disk, guest, None, 1).unwrap();
    assert_eq!(disk.guests()[0].generations.len(), 2);
    drop(generation);
    disk.drop_generation(guest, first).unwrap();
}

#[test]
fn a_keyed_disk_opens_with_its_key_only() {
    let key = Some(Key([3; 32]));
    let made = format(
        MemoryDevice::new(512, 2 << 20),
        &FormatOptions { key, ..options() },
    );
    let mut disk = made.unwrap();
    disk.add_guest(&program("one")).unwrap();
    let commit = disk.commit_number();
    let device = disk.into_device();
    let open = |key, expect_commit| {
        let options = OpenOptions { key, expect_commit };
        CheckpointStore::open(device.clone(), &options).map(|_| ())
    };
    assert_eq!(open(key, Some(commit)), Ok(()));
    assert_eq!(open(None, None), Err(OpenError::KeyNeeded));
    assert_eq!(open(Some(Key([4; 32])), None), Err(OpenError::WrongKey));
    let rolled_back = OpenError::RolledBack {
        found: commit,
        expected: commit + 1,
    };
    assert_eq!(open(key, Some(commit + 1)), Err(rolled_back));
    let plain = new_disk(2 << 20).into_device();
    let options = OpenOptions {
        key,
        expect_commit: None,
    };
    assert_eq!(
        CheckpointStore::open(plain, &options).err(),
        Some(OpenError::NotKeyed)
    );
}

#[cfg(feature = "lz4")]
#[test]
fn compressed_pages_take_less_room_and_are_read_one_by_one() {
    let mut disk = new_disk(4 << 20);
    let guest = disk.add_guest(&program("one")).unwrap();
    let mut state = State {
        metadata: vec![1],
        page_counts: vec![300],
        pages: (0..200).map(|page| ((0, page), page + 1)).collect(),
    };
    let first = state.write(&mut disk, guest, None, 100).unwrap();
    let written = disk.guests()[0].generations[0].written_bytes;
    assert!(written < 150 * PAGE as u64, "{written}");
    let mut generation = disk.open_generation(guest, first).unwrap();
    let mut bytes = vec![0; PAGE];
    for index in [0, 7, 15, 16, 199, 200] {
        disk.read_pages(&mut generation, 0, index, &mut bytes)
            .unwrap();
        let expected = if index < 200 {
            page(index + 1)
        } else {
            vec![0; PAGE]
        };
        assert!(bytes == expected, "{index}");
    }
    drop(generation);
    // Most of a pack is replaced: what is left of it stays.
    let before = state.clone();
    state
        .pages
        .extend((1..200).map(|page| ((0, page), page + 1000)));
    let second = state
        .write(&mut disk, guest, Some((first, &before)), 1)
        .unwrap();
    for _ in 0..20 {
        let number = state.write(&mut disk, guest, None, 2).unwrap();
        disk.drop_generation(guest, number).unwrap();
    }
    assert_eq!(State::read(&mut disk, guest, second).unwrap(), state);
    assert!(disk.check(&mut |_, _| {}).unwrap().is_clean());
}

#[cfg(feature = "lz4")]
#[test]
fn a_flipped_bit_in_a_pack_is_found_and_named() {
    let mut disk = new_disk(4 << 20);
    let guest = disk.add_guest(&program("one")).unwrap();
    let state = State {
        metadata: vec![1],
        page_counts: vec![16],
        pages: (0..16).map(|page| ((0, page), page + 1)).collect(),
    };
    let number = state.write(&mut disk, guest, None, 100).unwrap();
    let mut generation = disk.open_generation(guest, number).unwrap();
    let place = disk
        .leaf_pages(&mut generation, 0, 0)
        .unwrap()
        .get(3)
        .unwrap()
        .place;
    drop(generation);
    let place::Where::Packed { pack, index: 3 } = place.get() else {
        panic!("{place:?}");
    };
    let good = disk.into_device();
    let (mut lost, end) = (0, pack.units as usize * PAGE);
    for at in (0..end).step_by(61) {
        let mut device = good.clone();
        device.bytes[pack.address as usize * PAGE + at] ^= 1 << (at % 8);
        let mut disk = CheckpointStore::open(device, &OpenOptions::default()).unwrap();
        let findings = disk.check(&mut |_, _| {}).unwrap().findings;
        let is_page = |finding: &Finding| matches!(finding.damage.part, Part::Page { .. });
        assert!(findings.iter().all(is_page), "{findings:?}");
        match State::read(&mut disk, guest, number) {
            // In the zeros behind the compressed bytes.
            Ok(read) => assert!(read == state && findings.is_empty()),
            Err(_) => {
                assert!(!findings.is_empty());
                lost += 1;
            }
        }
    }
    assert!(lost > 100, "{lost}");
}
