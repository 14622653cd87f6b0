//! Two machines and one disk.

use super::*;

const OTHER: Owner = Owner([8; 32]);

/// A device that two machines have.
#[derive(Clone)]
struct Shared(std::rc::Rc<core::cell::RefCell<MemoryDevice>>);

impl BlockDevice for Shared {
    fn block_size(&self) -> usize {
        self.0.borrow().block_size()
    }

    fn block_count(&self) -> u64 {
        self.0.borrow().block_count()
    }

    fn has_flush(&self) -> bool {
        true
    }

    fn read_blocks(&mut self, first: u64, buffer: &mut [u8]) -> Result<(), DeviceError> {
        self.0.borrow_mut().read_blocks(first, buffer)
    }

    fn write_blocks(&mut self, first: u64, data: &[u8]) -> Result<(), DeviceError> {
        self.0.borrow_mut().write_blocks(first, data)
    }

    fn flush(&mut self) -> Result<(), DeviceError> {
        Ok(())
    }
}

fn machines() -> (CheckpointStore<Shared>, CheckpointStore<Shared>, GuestId) {
    let mut disk = new_disk(8 << 20);
    let guest = disk.add_guest(&program("one")).unwrap();
    disk.release().unwrap();
    let shared = Shared(std::rc::Rc::new(core::cell::RefCell::new(
        disk.into_device(),
    )));
    let open = || CheckpointStore::open(shared.clone(), &OpenOptions::default()).unwrap();
    (open(), open(), guest)
}

#[test]
fn a_lease_is_held_until_it_ends_or_is_released() {
    let (mut a, mut b, _) = machines();
    a.acquire(OWNER, 1000, Some(500)).unwrap();
    assert_eq!(
        b.acquire(OTHER, 1400, Some(500)),
        Err(LeaseError::Held {
            owner: OWNER,
            expires_ms: Some(1500)
        })
    );
    b.acquire(OTHER, 1500, None).unwrap();
    assert!(matches!(
        a.acquire(OWNER, u64::MAX - 1, None),
        Err(LeaseError::Held { .. })
    ));
    b.release().unwrap();
    assert!(a.lease().unwrap().is_released);
    a.acquire(OWNER, 1, None).unwrap();
}

#[test]
fn a_guest_goes_to_and_fro_and_the_stale_machine_is_fenced() {
    let (mut a, mut b, guest) = machines();
    a.take_over(OWNER, 0, None).unwrap();
    let mut state = State {
        page_counts: vec![50],
        ..State::default()
    };
    let mut base: Option<(u64, State)> = None;
    for round in 0..50u64 {
        let (owner, name) = [(OTHER, &mut b), (OWNER, &mut a)]
            .into_iter()
            .nth(round as usize % 2)
            .unwrap();
        let newer = name;
        newer.take_over(owner, 0, None).unwrap();
        if let Some((number, state)) = &base {
            assert_eq!(State::read(newer, guest, *number).unwrap(), *state);
        }
        state.pages.insert((0, round % 50), round + 1);
        let old = base.as_ref().map(|(number, state)| (*number, state));
        let number = state.write(newer, guest, old, 3).unwrap();
        base = Some((number, state.clone()));
        let stale = if round % 2 == 0 { &mut a } else { &mut b };
        let refused = stale.set_exit_status(guest, Some(3));
        assert_eq!(refused, Err(WriteError::Fenced), "round {round}");
    }
    assert!(
        b.check(&mut |_, _| {}).unwrap().is_clean() || a.check(&mut |_, _| {}).unwrap().is_clean()
    );
}

/// The former owner had written pages, and goes on only after its successor has committed:
/// whatever it still writes harms nothing.
#[test]
fn late_writes_of_a_former_owner_harm_nothing() {
    for late_pages in [1, 30, 200] {
        let (mut a, mut b, guest) = machines();
        a.take_over(OWNER, 0, None).unwrap();
        let mut pending = a.begin(guest, None, &[400], 0).unwrap();
        let bytes = page(77);
        let mut write = |a: &mut CheckpointStore<Shared>, first| {
            a.write_pages(
                &mut pending,
                &[MemoryPages {
                    memory: 0,
                    first,
                    bytes: &bytes,
                }],
            )
        };
        write(&mut a, 0).unwrap();
        b.take_over(OTHER, 0, None).unwrap();
        let mut state = State {
            page_counts: vec![400],
            ..State::default()
        };
        for page in 0..400 {
            state.pages.insert((0, page), page + 1);
        }
        let number = state.write(&mut b, guest, None, 3).unwrap();
        let refused = (1..=late_pages).find_map(|first| write(&mut a, first).err());
        assert!(refused.is_none_or(|error| error == WriteError::Fenced));
        assert_eq!(State::read(&mut b, guest, number).unwrap(), state);
    }
}

/// Owners take turns on a small disk, so that what one has left is written over by the others.
#[test]
fn what_owners_write_in_turns_stays_whole() {
    for seed in 0..60 {
        let mut random = Random(seed);
        let mut disk = new_disk(2 << 20);
        let guest = disk.add_guest(&program("one")).unwrap();
        disk.release().unwrap();
        let mut device = disk.into_device();
        let mut newest = None;
        for turn in 0..40 {
            let mut disk = CheckpointStore::open(device, &OpenOptions::default()).unwrap();
            let owner = Owner([1 + random.below(5) as u8; 32]);
            disk.acquire(owner, turn, Some(1)).unwrap();
            for _ in 0..1 + random.below(12) {
                let pages = random.below(40) as u64;
                let number = random.next() >> 16;
                let state = state_of((0..pages).map(|page| ((0, page), page + number)).collect());
                let number = state.write(&mut disk, guest, None, 4).unwrap();
                newest = Some((number, state));
            }
            let what = format_args!("seed {seed}, turn {turn}");
            assert!(disk.check(&mut |_, _| {}).unwrap().is_clean(), "{what}");
            let (number, state) = newest.as_ref().unwrap();
            let read = State::read(&mut disk, guest, *number);
            assert_eq!(read.as_ref(), Ok(state), "{what}");
            disk.release().unwrap();
            device = disk.into_device();
        }
    }
}

/// A device of which some writes fail once.
struct Flaky {
    disk: Shared,
    failures_left: usize,
}

impl BlockDevice for Flaky {
    fn block_size(&self) -> usize {
        self.disk.block_size()
    }

    fn block_count(&self) -> u64 {
        self.disk.block_count()
    }

    fn has_flush(&self) -> bool {
        true
    }

    fn read_blocks(&mut self, first: u64, buffer: &mut [u8]) -> Result<(), DeviceError> {
        self.disk.read_blocks(first, buffer)
    }

    fn write_blocks(&mut self, first: u64, data: &[u8]) -> Result<(), DeviceError> {
        if self.failures_left > 0 {
            self.failures_left -= 1;
            return Err(DeviceError::Transient { code: 5 });
        }
        self.disk.write_blocks(first, data)
    }

    fn flush(&mut self) -> Result<(), DeviceError> {
        Ok(())
    }
}

/// 300 pages, each of which has a number.
fn filled(number: u64) -> State {
    state_of((0..300).map(|page| ((0, page), page + number)).collect())
}

#[test]
fn windows_are_set_aside_unless_their_owner_has_released_them() {
    let quarantine_after = |failures_left: usize, is_released: bool| {
        let (a, mut b, guest) = machines();
        let disk = Flaky {
            disk: a.into_device(),
            failures_left: 0,
        };
        let mut a = CheckpointStore::open(disk, &OpenOptions::default()).unwrap();
        // Nobody has released the lease under which the disk was made, which is one of two that count.
        a.acquire(OWNER, 0, None).unwrap();
        a.release().unwrap();
        a.acquire(OWNER, 0, None).unwrap();
        a.media.blocks.device.failures_left = failures_left;
        filled(1).write(&mut a, guest, None, 1).unwrap();
        let mut pending = a.begin(guest, None, &[1], 0).unwrap();
        let pages = MemoryPages {
            memory: 0,
            first: 0,
            bytes: &page(7),
        };
        a.write_pages(&mut pending, &[pages]).unwrap();
        if is_released {
            a.release().unwrap();
        }
        b.take_over(OTHER, 0, None).unwrap();
        let quarantine = b.quarantined_units();
        let number = filled(2).write(&mut b, guest, None, 1).unwrap();
        assert_eq!(State::read(&mut b, guest, number).unwrap(), filled(2));
        b.release().unwrap();
        // A lease that was released does not end that of the one before.
        let mut c = CheckpointStore::open(b.into_device(), &OpenOptions::default()).unwrap();
        c.acquire(Owner([9; 32]), 0, None).unwrap();
        assert_eq!(c.quarantined_units(), quarantine);
        quarantine
    };
    assert_eq!(quarantine_after(0, true), 0);
    assert!(quarantine_after(0, false) > 0);
    assert!(quarantine_after(1, true) > 0);
}

#[test]
fn a_guest_that_fills_half_a_disk_goes_to_and_fro() {
    let mut disk = new_disk(3 << 20);
    let guest = disk.add_guest(&program("one")).unwrap();
    disk.release().unwrap();
    let shared = Shared(std::rc::Rc::new(core::cell::RefCell::new(
        disk.into_device(),
    )));
    for round in 0..20 {
        let mut machine = CheckpointStore::open(shared.clone(), &OpenOptions::default()).unwrap();
        let owner = [OWNER, OTHER][round % 2];
        machine.acquire(owner, 0, None).unwrap();
        let written = filled(round as u64).write(&mut machine, guest, None, 1);
        assert!(written.is_ok(), "round {round}: {written:?}");
        machine.release().unwrap();
    }
}

/// A machine's way to the disk, on which it is held up before one of its requests while others
/// do what they like.
struct HeldUp<'a> {
    disk: Shared,
    requests_left: core::cell::Cell<u64>,
    meanwhile: core::cell::RefCell<Option<alloc::boxed::Box<dyn FnOnce() + 'a>>>,
}

impl<'a> HeldUp<'a> {
    /// Holds the machine up when it has made so many more requests.
    fn hold_up_at(&self, requests: u64, meanwhile: impl FnOnce() + 'a) {
        self.requests_left.set(requests);
        *self.meanwhile.borrow_mut() = Some(alloc::boxed::Box::new(meanwhile));
    }

    fn request(&self) -> Shared {
        match self.requests_left.get().checked_sub(1) {
            Some(left) => self.requests_left.set(left),
            None => {
                if let Some(meanwhile) = self.meanwhile.borrow_mut().take() {
                    meanwhile();
                }
            }
        }
        self.disk.clone()
    }
}

impl BlockDevice for HeldUp<'_> {
    fn block_size(&self) -> usize {
        self.disk.block_size()
    }

    fn block_count(&self) -> u64 {
        self.disk.block_count()
    }

    fn has_flush(&self) -> bool {
        true
    }

    fn read_blocks(&mut self, first: u64, buffer: &mut [u8]) -> Result<(), DeviceError> {
        self.request().read_blocks(first, buffer)
    }

    fn write_blocks(&mut self, first: u64, data: &[u8]) -> Result<(), DeviceError> {
        self.request().write_blocks(first, data)
    }

    fn flush(&mut self) -> Result<(), DeviceError> {
        self.request().flush()
    }
}

/// A machine that commits while another one takes over.
struct Crossing {
    shared: Shared,
    guest: GuestId,
    /// A generation that is there from before, and its number.
    before: State,
    base: u64,
    /// What the first machine commits, and then the second.
    of_first: State,
    of_second: [State; 3],
}

/// What the second machine found, and what it wrote.
struct Taken {
    found: u64,
    numbers: Vec<u64>,
}

fn state_of(pages: BTreeMap<(u32, u64), u64>) -> State {
    State {
        page_counts: vec![300],
        pages,
        ..State::default()
    }
}

impl Crossing {
    fn new(random: &mut Random) -> Self {
        let (mut first, _, guest) = machines();
        first.take_over(OWNER, 0, None).unwrap();
        let mut pages = |count: usize| {
            let pages = (0..1 + random.below(count)).map(|_| (0, random.below(300) as u64));
            let pages: Vec<(u32, u64)> = pages.collect();
            let pages = pages.into_iter().map(|page| (page, random.next() >> 1));
            pages.collect::<BTreeMap<_, _>>()
        };
        let before = state_of(pages(200));
        let base = before.write(&mut first, guest, None, 100).unwrap();
        let mut of_first = before.clone();
        of_first.pages.extend(pages(80));
        Self {
            shared: first.into_device(),
            guest,
            before,
            base,
            of_first,
            of_second: [(); 3].map(|()| state_of(pages(200))),
        }
    }

    fn held_up<'a>(&self) -> CheckpointStore<HeldUp<'a>> {
        let device = HeldUp {
            disk: self.shared.clone(),
            requests_left: core::cell::Cell::new(u64::MAX),
            meanwhile: core::cell::RefCell::new(None),
        };
        CheckpointStore::open(device, &OpenOptions::default()).unwrap()
    }

    fn open(&self) -> CheckpointStore<Shared> {
        CheckpointStore::open(self.shared.clone(), &OpenOptions::default()).unwrap()
    }

    fn commit<D: BlockDevice>(&self, first: &mut CheckpointStore<D>) -> Result<u64, WriteError> {
        let base = Some((self.base, &self.before));
        self.of_first.write(first, self.guest, base, 100)
    }

    fn take_over<D: BlockDevice>(&self, second: &mut CheckpointStore<D>) -> Taken {
        second.take_over(OTHER, 0, None).unwrap();
        let found = second.guests()[0].generations.last().unwrap().number;
        let states = self.of_second.iter();
        let numbers = states.map(|state| state.write(second, self.guest, None, 100).unwrap());
        let numbers = numbers.collect();
        Taken { found, numbers }
    }

    /// The first machine commits, and is held up before one of its requests until the other has taken
    /// over. Whether the commit was acknowledged; None if it was over before.
    fn hold_up_the_commit(&self, pause: u64, context: &str) -> Option<bool> {
        let taken = core::cell::RefCell::new(None);
        let mut first = self.held_up();
        first.acquire(OWNER, 0, None).unwrap();
        let meanwhile = || *taken.borrow_mut() = Some(self.take_over(&mut self.open()));
        first.media.blocks.device.hold_up_at(pause, meanwhile);
        let result = self.commit(&mut first);
        drop(first);
        let taken = taken.borrow_mut().take()?;
        Some(self.check(result, &taken, context))
    }

    /// The other machine takes over, and is held up before one of its requests until the first has
    /// committed.
    fn hold_up_the_take_over(&self, pause: u64, context: &str) -> Option<bool> {
        let result = core::cell::RefCell::new(None);
        let mut first = self.open();
        first.acquire(OWNER, 0, None).unwrap();
        let mut second = self.held_up();
        let meanwhile = || *result.borrow_mut() = Some(self.commit(&mut first));
        second.media.blocks.device.hold_up_at(pause, meanwhile);
        let taken = self.take_over(&mut second);
        drop(second);
        let result = result.borrow_mut().take()?;
        Some(self.check(result, &taken, context))
    }

    /// Checks that nothing is lost: neither what the first machine's commit was acknowledged as, nor
    /// what the other one wrote. Returns whether the first one's was acknowledged.
    fn check(&self, result: Result<u64, WriteError>, taken: &Taken, context: &str) -> bool {
        match result {
            Ok(number) => assert_eq!(number, taken.found, "{context}: lost"),
            Err(error) => assert_eq!(error, WriteError::Fenced, "{context}"),
        }
        let mut disk = self.open();
        disk.acquire(OTHER, 0, None).unwrap();
        let whole = state_of(BTreeMap::from([((0, 7), 7)]));
        let last = whole.write(&mut disk, self.guest, None, 100).unwrap();
        let mut disk = self.open();
        let of_second = taken.numbers.iter().copied().zip(&self.of_second);
        let mut seen = vec![(self.base, &self.before), (last, &whole)];
        seen.extend(of_second);
        if taken.found != self.base {
            seen.push((taken.found, &self.of_first));
        }
        for (number, state) in seen {
            let read = State::read(&mut disk, self.guest, number).unwrap();
            assert_eq!(read, *state, "{context}");
        }
        assert!(disk.check(&mut |_, _| {}).unwrap().is_clean(), "{context}");
        result.is_ok()
    }
}

/// How many crossings ended with an acknowledged commit, and how many with a refused one, over all
/// requests that one machine can be held up before.
fn cross(seed: u64, hold_up: impl Fn(&Crossing, u64, &str) -> Option<bool>) -> (u32, u32) {
    let mut random = Random(seed);
    let (mut acknowledged, mut refused) = (0, 0);
    for round in 0..6 {
        for pause in 0.. {
            let context = std::format!("seed {seed:#x}, round {round}, request {pause}");
            match hold_up(&Crossing::new(&mut random), pause, &context) {
                Some(true) => acknowledged += 1,
                Some(false) => refused += 1,
                None => break,
            }
        }
    }
    (acknowledged, refused)
}

#[test]
fn a_commit_during_which_another_machine_takes_over_is_never_acknowledged() {
    let (acknowledged, refused) = cross(0x5eed_0109, Crossing::hold_up_the_commit);
    assert_eq!(acknowledged, 0);
    assert!(refused > 50, "{refused}");
}

#[test]
fn a_take_over_loses_nothing_that_is_acknowledged_meanwhile() {
    let (acknowledged, refused) = cross(0x5eed_010a, Crossing::hold_up_the_take_over);
    assert!(acknowledged > 5 && refused > 5, "{acknowledged}, {refused}");
}
