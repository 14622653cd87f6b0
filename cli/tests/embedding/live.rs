//! Stores that are checkpointed to a disk while they run, and thawed from there.

use crate::disk::{ROUNDS, WRITER, begin, can_track, disk, thaw, write};
use crate::harness::{Program, returned};
use std::num::NonZeroU64;
use std::thread;
use std::time::Duration;
use woodfrog::abi::Val;
use woodfrog::checkpoint::{
    BlockDevice, DeviceError, FormatOptions, Guest, Owner, PAGE, WriteError, format,
};
use woodfrog::platform::tracking::TrackError;
use woodfrog::runtime::{CheckpointError, Outcome};
use woodfrog_cli::disk::{LiveError, write_checkpoint};
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

/// A disk that fails after some large writes, long after more is there to be written.
struct Failing {
    bytes: Vec<u8>,
    large_writes: usize,
}

impl BlockDevice for Failing {
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
            if self.large_writes == 0 {
                thread::sleep(Duration::from_millis(300));
                return Err(DeviceError::Failed { code: 5 });
            }
            self.large_writes -= 1;
        }
        self.bytes[first as usize * 512..][..data.len()].copy_from_slice(data);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), DeviceError> {
        Ok(())
    }
}

#[test]
fn a_write_that_fails_ends_the_checkpoint_and_not_the_store() {
    let program = Program::new(
        r#"(module (memory 640) (func (export "run")
             (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x2800000))))"#,
    );
    if !can_track(&program) {
        return eprintln!("not tested: userfaultfd is not allowed");
    }
    let options = FormatOptions {
        disk_id: [1; 16],
        owner: Owner([2; 32]),
        key: None,
    };
    let device = Failing {
        bytes: vec![0; 64 << 20],
        large_writes: 4,
    };
    let mut disk = format(device, &options).unwrap();
    let guest = Guest {
        name: "filler".into(),
        ..Guest::default()
    };
    let guest = disk.add_guest(&guest).unwrap();
    let (mut store, run) = begin(&program);
    run.call(&mut store, &[]).unwrap();
    let checkpoint = store.begin_checkpoint().unwrap();
    let failed = write_checkpoint(&mut disk, guest, checkpoint, 1, 1);
    assert!(matches!(
        failed,
        Err(LiveError::Write(WriteError::Device(_)))
    ));
    assert_eq!(disk.guest(guest).unwrap().generations.len(), 0);
    disk.device_mut().large_writes = usize::MAX;
    let checkpoint = store.begin_checkpoint().unwrap();
    let written = write_checkpoint(&mut disk, guest, checkpoint, 1, 1).unwrap();
    assert_eq!(written.pages, 10 << 10);
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
