//! Histories of several guests, and a model that knows what every read has to give.

use super::*;

/// What a disk should hold.
#[derive(Clone, Default)]
pub(super) struct Model {
    pub guests: BTreeMap<GuestId, BTreeMap<u64, State>>,
}

/// A step that a disk and its model take alike.
#[derive(Clone)]
pub(super) enum Step {
    Write {
        guest: GuestId,
        base: Option<u64>,
        state: State,
        keep: usize,
    },
    Drop {
        guest: GuestId,
        number: u64,
    },
    Record {
        guest: GuestId,
    },
}

/// Numbers of pages: none is used twice.
pub(super) fn random_step(model: &Model, random: &mut Random) -> Step {
    let ids: Vec<GuestId> = model.guests.keys().copied().collect();
    let guest = ids[random.below(ids.len())];
    let generations = &model.guests[&guest];
    let numbers: Vec<u64> = generations.keys().copied().collect();
    if numbers.len() > 1 && random.is_one_in(8) {
        let number = numbers[random.below(numbers.len())];
        return Step::Drop { guest, number };
    }
    if random.is_one_in(12) {
        return Step::Record { guest };
    }
    let base = match (numbers.last(), random.below(10)) {
        (None, _) | (_, 0) => None,
        (_, 1) => Some(numbers[random.below(numbers.len())]),
        (Some(newest), _) => Some(*newest),
    };
    let mut state = base.map_or(State::default(), |base| generations[&base].clone());
    if state.page_counts.is_empty() {
        state.page_counts = vec![600, 3];
    }
    state.page_counts[0] += random.below(3) as u64;
    state.metadata = vec![random.next() as u8; random.below(6000)];
    let most = [2, 12, 70][random.below(3)];
    for _ in 0..random.below(most) {
        let memory = random.below(2) as u32;
        let page = random.below(state.page_counts[memory as usize] as usize) as u64;
        match random.is_one_in(6) {
            true => drop(state.pages.remove(&(memory, page))),
            false => drop(state.pages.insert((memory, page), random.next())),
        }
    }
    let keep = 1 + random.below(4);
    Step::Write {
        guest,
        base,
        state,
        keep,
    }
}

impl Step {
    pub fn apply<D: BlockDevice>(
        &self,
        disk: &mut CheckpointStore<D>,
        model: &Model,
    ) -> Result<(), WriteError> {
        match self {
            Self::Write {
                guest,
                base,
                state,
                keep,
            } => {
                let base = base.map(|base| (base, &model.guests[guest][&base]));
                state.write(disk, *guest, base, *keep).map(|_| ())
            }
            Self::Drop { guest, number } => disk.drop_generation(*guest, *number),
            Self::Record { guest } => disk.set_exit_status(*guest, Some(1)),
        }
    }

    pub fn apply_to_model(&self, model: &mut Model, next_number: u64) {
        match self {
            Self::Write {
                guest, state, keep, ..
            } => {
                let generations = model.guests.get_mut(guest).unwrap();
                generations.insert(next_number, state.clone());
                while generations.len() > *keep {
                    generations.pop_first();
                }
            }
            Self::Drop { guest, number } => {
                drop(model.guests.get_mut(guest).unwrap().remove(number))
            }
            Self::Record { .. } => {}
        }
    }

    pub fn guest(&self) -> GuestId {
        match self {
            Self::Write { guest, .. } | Self::Drop { guest, .. } | Self::Record { guest } => *guest,
        }
    }
}

impl Model {
    /// Whether a disk holds just this.
    pub fn matches<D: BlockDevice>(&self, disk: &mut CheckpointStore<D>) -> bool {
        disk.guests().len() == self.guests.len()
            && disk.guests().iter().all(|info| {
                let numbers = info.generations.iter().map(|one| one.number);
                numbers.eq(self.guests[&info.id].keys().copied())
            })
            && self.guests.iter().all(|(guest, generations)| {
                generations
                    .iter()
                    .all(|(number, state)| State::read(disk, *guest, *number).as_ref() == Ok(state))
            })
    }
}

/// A disk with two guests, and its model.
pub(super) fn new_history(size_bytes: usize) -> (MemoryDevice, Model) {
    let mut disk = new_disk(size_bytes);
    let mut model = Model::default();
    for name in ["one", "two"] {
        let guest = disk.add_guest(&program(name)).unwrap();
        model.guests.insert(guest, BTreeMap::new());
    }
    (disk.into_device(), model)
}

/// The number that a guest's next generation gets.
pub(super) fn next_number<D: BlockDevice>(disk: &CheckpointStore<D>, guest: GuestId) -> u64 {
    disk.guests[&guest.0].next_number
}

#[test]
fn every_read_is_what_the_model_says() {
    const SEED: u64 = 0x5eed_0102;
    let mut random = Random(SEED);
    for block_size in [512, 4096, 16384] {
        let size = 8 << 20;
        let made = format(
            MemoryDevice::new(block_size, size * if block_size > 4096 { 4 } else { 1 }),
            &options(),
        );
        let mut disk = made.unwrap();
        let mut model = Model::default();
        for name in ["one", "two", "three"] {
            model
                .guests
                .insert(disk.add_guest(&program(name)).unwrap(), BTreeMap::new());
        }
        for round in 0..150 {
            let step = random_step(&model, &mut random);
            let number = next_number(&disk, step.guest());
            match step.apply(&mut disk, &model) {
                Ok(()) => step.apply_to_model(&mut model, number),
                Err(WriteError::Full { .. }) => {}
                Err(error) => panic!("seed {SEED:#x}, round {round}: {error}"),
            }
            if random.is_one_in(10) {
                disk = CheckpointStore::open(disk.into_device(), &OpenOptions::default()).unwrap();
                disk.acquire(OWNER, 0, None).unwrap();
            }
            assert!(
                model.matches(&mut disk),
                "seed {SEED:#x}, block {block_size}, round {round}"
            );
        }
        assert!(disk.check(&mut |_, _| {}).unwrap().is_clean());
    }
}
