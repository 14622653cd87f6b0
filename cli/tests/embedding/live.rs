//! Stores that are checkpointed to a disk while they run, and thawed from there.

use crate::disk::{ROUNDS, WRITER, begin, can_track, disk, thaw, write};
use crate::harness::{Program, returned};
use std::num::NonZeroU64;
use woodfrog::abi::Val;
use woodfrog::checkpoint::PAGE;
use woodfrog::platform::tracking::TrackError;
use woodfrog::runtime::{CheckpointError, Outcome};
use woodfrog_suite::freezing::Random;

#[test]
fn a_store_that_ran_on_is_thawed_as_it_was_when_the_checkpoint_began() {
    let program = Program::new(WRITER);
    if !can_track(&program) {
        return eprintln!("not tested: userfaultfd is not allowed");
    }
    let (disk, guest) = disk();
    let (mut store, run) = begin(&program);
    let expected = run.call(&mut store, &[Val::I32(ROUNDS)]).unwrap();

    let (mut store, run) = begin(&program);
    let mut random = Random::new(3);
    store.set_freeze_every(Some(random.up_to(60)));
    let mut outcome = run.call(&mut store, &[Val::I32(ROUNDS)]).unwrap();
    let (mut partial, mut whole) = (0, 0);
    for round in 0.. {
        if outcome != Outcome::Suspended {
            break;
        }
        let checkpoint = store.begin_checkpoint().unwrap();
        let is_refused = matches!(store.begin_checkpoint(), Err(CheckpointError::InProgress));
        assert!(is_refused);
        if round % 4 == 3 {
            // What it had to take is due in the next one.
            store.set_freeze_every(Some(random.up_to(60)));
            outcome = store.resume().unwrap();
            drop(checkpoint);
            continue;
        }
        store.set_freeze_every(NonZeroU64::new(1));
        let (number, page_count) = write(&disk, guest, checkpoint, 3, || {
            if outcome == Outcome::Suspended {
                outcome = store.resume().unwrap();
            }
        });
        partial += usize::from(page_count < 30);
        whole += usize::from(page_count >= 100);
        // The thawed one comes to the same end, and one in three takes the other's place.
        let mut thawed = thaw(&program, &disk, guest, number);
        if round % 3 == 0 {
            thawed.set_checkpoint_base(number).unwrap();
            store = thawed;
            store.set_freeze_every(Some(random.up_to(60)));
            outcome = store.resume().unwrap();
        } else {
            assert_eq!(thawed.resume().unwrap(), expected);
            store.set_freeze_every(Some(random.up_to(60)));
            if outcome == Outcome::Suspended {
                outcome = store.resume().unwrap();
            }
        }
    }
    assert_eq!(outcome, expected);
    assert!(
        partial > 5,
        "{partial} checkpoints were of few pages, {whole} of many"
    );
    assert_ne!(expected, returned(&[Val::I64(0)]));
}

#[test]
#[should_panic(expected = "pages are missing")]
fn a_checkpoint_of_which_pages_are_missing_is_not_kept() {
    let program = Program::new(WRITER);
    if !can_track(&program) {
        panic!("not tested: pages are missing, for userfaultfd is not allowed");
    }
    let (mut store, _) = begin(&program);
    store.begin_checkpoint().unwrap().keep(1);
}

#[test]
fn a_checkpoint_outlives_its_store() {
    let program = Program::new(WRITER);
    if !can_track(&program) {
        return;
    }
    let (mut store, _) = begin(&program);
    let mut checkpoint = store.begin_checkpoint().unwrap();
    drop(store);
    let taken = checkpoint.take_pages(&mut [0; PAGE]);
    assert_eq!(taken, Err(TrackError::Gone));
}
