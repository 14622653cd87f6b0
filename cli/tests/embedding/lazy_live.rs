//! Stores that are thawed lazily from a disk, and checkpointed to it while they read from it.

use crate::disk::{ROUNDS, SharedDisk, WRITER, begin, can_track, disk, outcome_of, thaw, write};
use crate::harness::Program;
use std::num::NonZeroU64;
use woodfrog::abi::Val;
use woodfrog::checkpoint::{GuestId, WriteError};
use woodfrog::image::RawImage;
use woodfrog::runtime::{GenerationPages, LazyMemory, Outcome, Store};
use woodfrog_suite::freezing::Random;

/// The store that a generation is of, with none of its pages, and based on it.
fn thaw_lazily(program: &Program<()>, disk: &SharedDisk, guest: GuestId, number: u64) -> Store<()> {
    thaw_lazily_on(program, disk, guest, number, Some(number))
}

fn thaw_lazily_on(
    program: &Program<()>,
    disk: &SharedDisk,
    guest: GuestId,
    number: u64,
    base: Option<u64>,
) -> Store<()> {
    let mut locked = disk.lock();
    let generation = locked.open_generation(guest, number).unwrap();
    let image = RawImage::read_metadata_of(&mut locked, &generation).unwrap();
    drop(locked);
    let memory = LazyMemory {
        source: Box::new(GenerationPages::new(disk.clone(), generation)),
        base,
    };
    let thawed = program
        .engine
        .thaw_lazily(image, &program.linker, (), memory);
    thawed.unwrap()
}

fn numbers(disk: &SharedDisk, guest: GuestId) -> Vec<u64> {
    let generations = disk.lock().guest(guest).unwrap().generations;
    generations.iter().map(|one| one.number).collect()
}

/// Runs a store to its end.
fn finish(mut store: Store<()>) -> Outcome {
    loop {
        match store.resume().unwrap() {
            Outcome::Suspended => {}
            outcome => return outcome,
        }
    }
}

#[test]
fn a_store_that_reads_from_a_generation_is_checkpointed_on_its_base() {
    let program = Program::new(WRITER);
    if !can_track(&program) {
        return eprintln!("not tested: userfaultfd is not allowed");
    }
    let (disk, guest) = disk();
    let expected = outcome_of(&program);
    let (mut store, run) = begin(&program);
    let mut random = Random::new(7);
    store.set_freeze_every(Some(random.up_to(60)));
    let mut outcome = run.call(&mut store, &[Val::I32(ROUNDS)]).unwrap();
    let (mut thaws, mut small, mut with_gaps, mut pinned) = (0, 0, 0, 0);
    // What the store reads from, once it was thawed.
    let mut source = None;
    while outcome == Outcome::Suspended {
        let withheld = store.page_counts().withheld;
        let checkpoint = store.begin_checkpoint().unwrap();
        store.set_freeze_every(NonZeroU64::new(1));
        // Only the newest is kept, and what is being read.
        let (number, page_count) = write(&disk, guest, checkpoint, 1, || {
            if outcome == Outcome::Suspended {
                outcome = store.resume().unwrap();
            }
        });
        small += usize::from(page_count < 20);
        with_gaps += usize::from(withheld > 0);
        let is_read = store.page_counts().withheld > 0;
        match source {
            Some(source) if is_read => {
                assert_eq!(numbers(&disk, guest), [source, number]);
                let dropped = disk.lock().drop_generation(guest, source);
                assert!(matches!(dropped, Err(WriteError::InUse { .. })));
                pinned += 1;
            }
            _ => assert_eq!(numbers(&disk, guest).last(), Some(&number)),
        }
        // A copy comes to the same end, however it is thawed.
        assert_eq!(finish(thaw(&program, &disk, guest, number)), expected);
        assert_eq!(
            finish(thaw_lazily(&program, &disk, guest, number)),
            expected
        );
        if random.up_to(2).get() == 1 {
            store = thaw_lazily(&program, &disk, guest, number);
            source = Some(number);
            outcome = Outcome::Suspended;
            thaws += 1;
        }
        if outcome == Outcome::Suspended {
            store.set_freeze_every(Some(random.up_to(60)));
            outcome = store.resume().unwrap();
        }
    }
    assert_eq!(outcome, expected);
    let counts = [thaws, small, with_gaps, pinned];
    assert!(counts.iter().all(|&count| count > 3), "{counts:?}");
    drop(store);
    // Nobody reads from the older one any more.
    disk.lock().keep_newest(guest, 1).unwrap();
    assert_eq!(numbers(&disk, guest).len(), 1);
}

#[test]
fn a_base_can_be_set_after_a_lazy_thaw_without_one() {
    let program = Program::new(WRITER);
    if !can_track(&program) {
        return eprintln!("not tested: userfaultfd is not allowed");
    }
    let (disk, guest) = disk();
    let expected = outcome_of(&program);
    let (mut store, run) = begin(&program);
    store.set_freeze_every(NonZeroU64::new(1000));
    run.call(&mut store, &[Val::I32(ROUNDS)]).unwrap();
    let checkpoint = store.begin_checkpoint().unwrap();
    let (number, _) = write(&disk, guest, checkpoint, 1, || {});

    let mut store = thaw_lazily_on(&program, &disk, guest, number, None);
    // Trackers that do not know what was withheld before.
    let preparer = store.checkpoint_preparer().unwrap();
    store.set_checkpoint_base(number).unwrap();
    store.set_freeze_every(NonZeroU64::new(12));
    assert_eq!(store.resume().unwrap(), Outcome::Suspended);
    preparer.prepare();
    store.checkpoint_preparer().unwrap().prepare();
    let checkpoint = store.begin_checkpoint().unwrap();
    let (number, page_count) = write(&disk, guest, checkpoint, 1, || {});
    assert!((1..40).contains(&page_count), "{page_count}");
    assert_eq!(finish(thaw(&program, &disk, guest, number)), expected);
}

#[test]
fn what_a_store_needed_first_is_read_first_at_the_next_thaw() {
    let program = Program::new(WRITER);
    if !can_track(&program) {
        return eprintln!("not tested: userfaultfd is not allowed");
    }
    let (disk, guest) = disk();
    let (mut store, run) = begin(&program);
    store.set_freeze_every(NonZeroU64::new(1000));
    let outcome = run.call(&mut store, &[Val::I32(ROUNDS)]).unwrap();
    assert_eq!(outcome, Outcome::Suspended);
    let checkpoint = store.begin_checkpoint().unwrap();
    let (number, _) = write(&disk, guest, checkpoint, 1, || {});

    let steps = |store: &mut Store<()>| {
        store.set_freeze_every(NonZeroU64::new(12));
        assert_eq!(store.resume().unwrap(), Outcome::Suspended);
    };
    let mut store = thaw_lazily(&program, &disk, guest, number);
    assert_eq!(store.working_set(&[]), None);
    steps(&mut store);
    let needed = store.working_set(&[]).unwrap();
    disk.lock().set_working_set(guest, &needed).unwrap();

    let recorded = disk.lock().working_set(guest).unwrap().unwrap();
    assert_eq!(recorded, needed);
    let mut store = thaw_lazily(&program, &disk, guest, number);
    store.load_working_set(&recorded).unwrap();
    let loaded = store.page_counts().loaded;
    assert_eq!(loaded, needed.iter().map(|range| range.count).sum::<u64>());
    assert!(loaded > 0 && store.page_counts().withheld > 0);
    steps(&mut store);
    // It found all that it needed.
    assert_eq!(store.page_counts().loaded, loaded);
    assert_eq!(store.working_set(&recorded), None);
}
