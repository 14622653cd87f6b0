//! Stores that are checkpointed to a disk while they run, and thawed from there.

use crate::disk::{ROUNDS, WRITER, begin, can_track, disk, outcome_of, thaw, write};
use crate::harness::{Program, returned};
use spin::Mutex;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use woodfrog::abi::Val;
use woodfrog::checkpoint::{
    BlockDevice, CheckpointStore, DeviceError, FormatOptions, Guest, GuestId, Owner, PAGE,
    WriteError, format,
};
use woodfrog::platform::tracking::TrackError;
use woodfrog::runtime::{CheckpointError, Outcome, Store};
use woodfrog_cli::disk::{LiveError, write_checkpoint};
use woodfrog_suite::freezing::Random;

#[test]
fn a_store_that_ran_on_is_thawed_as_it_was_when_the_checkpoint_began() {
    let program = Program::new(WRITER);
    if !can_track(&program) {
        return eprintln!("not tested: userfaultfd is not allowed");
    }
    let (disk, guest) = disk();
    let expected = outcome_of(&program);
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

/// What a disk does when it is given a MiB.
type OnLargeWrite = Box<dyn FnMut(&[u8]) -> Result<(), DeviceError>>;

/// A disk that looks at large writes first.
struct Watching {
    bytes: Vec<u8>,
    on_large_write: OnLargeWrite,
}

impl BlockDevice for Watching {
    fn block_size(&self) -> usize {
        512
    }

    fn block_count(&self) -> u64 {
        self.bytes.len() as u64 / 512
    }

    fn has_flush(&self) -> bool {
        true
    }

    fn read_blocks(&mut self, first: u64, buffer: &mut [u8]) -> Result<(), DeviceError> {
        buffer.copy_from_slice(&self.bytes[first as usize * 512..][..buffer.len()]);
        Ok(())
    }

    fn write_blocks(&mut self, first: u64, data: &[u8]) -> Result<(), DeviceError> {
        if data.len() >= 1 << 20 {
            (self.on_large_write)(data)?;
        }
        self.bytes[first as usize * 512..][..data.len()].copy_from_slice(data);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), DeviceError> {
        Ok(())
    }
}

/// Fills 40 MiB.
const FILLER: &str = r#"(module (memory (export "memory") 640) (func (export "run")
  (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x2800000))))"#;

/// A disk that does something when it is given a MiB, with a guest.
fn watching_disk(on_large_write: OnLargeWrite) -> (CheckpointStore<Watching>, GuestId) {
    let options = FormatOptions {
        disk_id: [1; 16],
        owner: Owner([2; 32]),
        key: None,
    };
    let device = Watching {
        bytes: vec![0; 64 << 20],
        on_large_write,
    };
    let mut disk = format(device, &options).unwrap();
    let guest = Guest {
        name: "filler".into(),
        ..Guest::default()
    };
    let guest = disk.add_guest(&guest).unwrap();
    (disk, guest)
}

#[test]
fn a_write_that_fails_ends_the_checkpoint_and_not_the_store() {
    let program = Program::new(FILLER);
    if !can_track(&program) {
        return eprintln!("not tested: userfaultfd is not allowed");
    }
    let mut left = 4_usize;
    let (mut disk, guest) = watching_disk(Box::new(move |_| {
        left = left.checked_sub(1).ok_or(DeviceError::Failed { code: 5 })?;
        Ok(())
    }));
    let (mut store, run) = begin(&program);
    run.call(&mut store, &[]).unwrap();
    let checkpoint = store.begin_checkpoint().unwrap();
    let failed = write_checkpoint(&mut disk, guest, checkpoint, 1, 1);
    assert!(matches!(
        failed,
        Err(LiveError::Write(WriteError::Device(_)))
    ));
    assert_eq!(disk.guest(guest).unwrap().generations.len(), 0);
    disk.device_mut().on_large_write = Box::new(|_| Ok(()));
    let checkpoint = store.begin_checkpoint().unwrap();
    let written = write_checkpoint(&mut disk, guest, checkpoint, 1, 1).unwrap();
    assert_eq!(written.pages, 10 << 10);
}

#[test]
fn pages_are_written_from_their_place_unless_that_takes_long() {
    let program = Program::new(FILLER);
    if !can_track(&program) {
        return eprintln!("not tested: userfaultfd is not allowed");
    }
    let mut store = Store::new(&program.engine, ());
    let instance = program.linker.instantiate(&mut store, &program.modules[0]);
    let instance = instance.unwrap();
    let run = instance.get_func(&store, "run").unwrap();
    run.call(&mut store, &[]).unwrap();
    let memory = instance.get_memory(&store, "memory").unwrap();
    let memory = memory.data(&store).as_ptr_range();
    let memory = memory.start.addr()..memory.end.addr();
    let is_in_place = Arc::new(Mutex::new(Vec::new()));
    let noted = is_in_place.clone();
    let (mut disk, guest) = watching_disk(Box::new(move |data| {
        let mut noted = noted.lock();
        noted.push(memory.contains(&data.as_ptr().addr()));
        if noted.len() == 3 {
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }));
    let checkpoint = store.begin_checkpoint().unwrap();
    write_checkpoint(&mut disk, guest, checkpoint, 1, 1).unwrap();
    let is_in_place = is_in_place.lock();
    // Others may take long as well, on a busy machine.
    assert_eq!((is_in_place[0], is_in_place[3]), (true, false));
    assert!(is_in_place[4..].contains(&true), "{is_in_place:?}");
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
