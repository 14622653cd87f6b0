//! Stores that are checkpointed to a disk while they run, and thawed from there.

use crate::harness::{Program, returned};
use std::num::NonZeroU64;
use woodfrog::abi::Val;
use woodfrog::checkpoint::{
    BlockDevice, CheckpointStore, DeviceError, FormatOptions, Guest, GuestId, MemoryPages, Owner,
    PAGE, format,
};
use woodfrog::image::StoredImage;
use woodfrog::platform::tracking::TrackError;
use woodfrog::runtime::{CheckpointError, Func, LiveCheckpoint, Outcome, Store};
use woodfrog_suite::freezing::Random;

/// Writes numbers all over a memory that grows, and sums up what was there.
const WRITER: &str = r#"(module
  (memory 2 12)
  (func (export "run") (param $rounds i32) (result i64)
    (local $x i64) (local $at i32) (local $sum i64)
    (local.set $x (i64.const 12345))
    (loop $again
      (local.set $x (i64.add (i64.mul (local.get $x) (i64.const 6364136223846793005))
                             (i64.const 1442695040888963407)))
      (local.set $at (i32.rem_u (i32.wrap_i64 (i64.shr_u (local.get $x) (i64.const 33)))
                                (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 8))))
      (local.set $sum (i64.add (i64.mul (local.get $sum) (i64.const 31))
                               (i64.load (local.get $at))))
      (i64.store (local.get $at) (local.get $x))
      (if (i32.eqz (i32.rem_u (local.get $rounds) (i32.const 97)))
        (then (drop (memory.grow (i32.const 1)))))
      (local.set $rounds (i32.sub (local.get $rounds) (i32.const 1)))
      (br_if $again (local.get $rounds)))
    (local.get $sum)))"#;

const ROUNDS: i32 = 1500;

struct Memory(Vec<u8>);

impl BlockDevice for Memory {
    fn block_size(&self) -> usize {
        512
    }

    fn block_count(&self) -> u64 {
        self.0.len() as u64 / 512
    }

    fn has_flush(&self) -> bool {
        true
    }

    fn read_blocks(&mut self, first: u64, buffer: &mut [u8]) -> Result<(), DeviceError> {
        buffer.copy_from_slice(&self.0[first as usize * 512..][..buffer.len()]);
        Ok(())
    }

    fn write_blocks(&mut self, first: u64, data: &[u8]) -> Result<(), DeviceError> {
        self.0[first as usize * 512..][..data.len()].copy_from_slice(data);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), DeviceError> {
        Ok(())
    }
}

fn disk() -> (CheckpointStore<Memory>, GuestId) {
    let options = FormatOptions {
        disk_id: [1; 16],
        owner: Owner([2; 32]),
        key: None,
    };
    let mut disk = format(Memory(vec![0; 16 << 20]), &options).unwrap();
    let guest = Guest {
        name: "writer".into(),
        ..Guest::default()
    };
    let guest = disk.add_guest(&guest).unwrap();
    (disk, guest)
}

/// Writes a checkpoint out, while `between` does what it likes; returns how many pages it took.
fn write(
    disk: &mut CheckpointStore<Memory>,
    guest: GuestId,
    mut checkpoint: LiveCheckpoint,
    mut between: impl FnMut(),
) -> (u64, usize) {
    let counts = checkpoint.page_counts().to_vec();
    let mut pending = disk.begin(guest, checkpoint.base(), &counts, 1).unwrap();
    let mut buffer = vec![0; 3 * PAGE];
    let mut page_count = 0;
    while let Some((memory, range)) = checkpoint.take_pages(&mut buffer).unwrap() {
        let pages = MemoryPages {
            memory,
            first: (range.start / PAGE) as u64,
            bytes: &buffer[..range.len()],
        };
        page_count += range.len() / PAGE;
        disk.write_pages(&mut pending, &[pages]).unwrap();
        between();
    }
    let number = disk.commit(pending, checkpoint.metadata(), 3).unwrap();
    checkpoint.keep(number);
    (number, page_count)
}

fn thaw(
    program: &Program<()>,
    disk: &mut CheckpointStore<Memory>,
    guest: GuestId,
    number: u64,
) -> Store<()> {
    let mut generation = disk.open_generation(guest, number).unwrap();
    let stored = StoredImage::read(disk, &mut generation, &mut |_, _| {}).unwrap();
    program
        .engine
        .thaw(stored.image(), &program.linker, ())
        .unwrap()
}

/// A store in which the program has not run, and its function.
fn begin(program: &Program<()>) -> (Store<()>, Func) {
    let mut store = Store::new(&program.engine, ());
    let instance = program
        .linker
        .instantiate(&mut store, &program.modules[0])
        .unwrap();
    let run = instance.get_func(&store, "run").unwrap();
    (store, run)
}

/// Whether the system lets this process track; what a store says if not.
fn can_track(program: &Program<()>) -> bool {
    let (mut store, _) = begin(program);
    !matches!(store.begin_checkpoint(), Err(CheckpointError::CannotTrack))
}

#[test]
fn a_store_that_ran_on_is_thawed_as_it_was_when_the_checkpoint_began() {
    let program = Program::new(WRITER);
    if !can_track(&program) {
        return eprintln!("not tested: userfaultfd is not allowed");
    }
    let (mut disk, guest) = disk();
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
        let (number, page_count) = write(&mut disk, guest, checkpoint, || {
            if outcome == Outcome::Suspended {
                outcome = store.resume().unwrap();
            }
        });
        partial += usize::from(page_count < 30);
        whole += usize::from(page_count >= 100);
        // The thawed one comes to the same end, and one in three takes the other's place.
        let mut thawed = thaw(&program, &mut disk, guest, number);
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
