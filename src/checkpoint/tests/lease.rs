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
