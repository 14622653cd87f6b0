//! A checkpoint disk in memory, and a program that is checkpointed to it while it runs.

use crate::harness::Program;
use spin::Mutex;
use std::sync::Arc;
use woodfrog::abi::Val;
use woodfrog::checkpoint::{
    BlockDevice, CheckpointStore, DeviceError, FormatOptions, Guest, GuestId, MemoryPages, Owner,
    PAGE, format,
};
use woodfrog::image::StoredImage;
use woodfrog::runtime::{CheckpointError, Func, LiveCheckpoint, Outcome, Store};

/// A disk that a store may read its pages from.
pub type SharedDisk = Arc<Mutex<CheckpointStore<Memory>>>;

/// Writes numbers all over a memory that grows, and sums up what was there.
pub const WRITER: &str = r#"(module
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

pub const ROUNDS: i32 = 1500;

pub struct Memory(Vec<u8>);

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

/// A disk with a guest that has no generation.
pub fn disk() -> (SharedDisk, GuestId) {
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
    (Arc::new(Mutex::new(disk)), guest)
}

/// Writes a checkpoint out, while `between` does what it likes, and keeps so many; returns its
/// number and how many pages it took.
pub fn write(
    disk: &SharedDisk,
    guest: GuestId,
    mut checkpoint: LiveCheckpoint,
    keep: usize,
    mut between: impl FnMut(),
) -> (u64, usize) {
    let counts = checkpoint.page_counts().to_vec();
    let base = checkpoint.base();
    let mut pending = disk.lock().begin(guest, base, &counts, 1).unwrap();
    let mut buffer = vec![0; 3 * PAGE];
    let mut page_count = 0;
    while let Some((memory, range)) = checkpoint.take_pages(&mut buffer).unwrap() {
        let pages = MemoryPages {
            memory,
            first: (range.start / PAGE) as u64,
            bytes: &buffer[..range.len()],
        };
        page_count += range.len() / PAGE;
        disk.lock().write_pages(&mut pending, &[pages]).unwrap();
        between();
    }
    let committed = disk.lock().commit(pending, checkpoint.metadata(), keep);
    let number = committed.unwrap();
    checkpoint.keep(number);
    (number, page_count)
}

/// The store that a generation is of, with all its pages.
pub fn thaw(program: &Program<()>, disk: &SharedDisk, guest: GuestId, number: u64) -> Store<()> {
    let disk = &mut disk.lock();
    let mut generation = disk.open_generation(guest, number).unwrap();
    let stored = StoredImage::read(disk, &mut generation, &mut |_, _| {}).unwrap();
    program
        .engine
        .thaw(stored.image(), &program.linker, ())
        .unwrap()
}

/// A store in which the program has not run, and its function.
pub fn begin(program: &Program<()>) -> (Store<()>, Func) {
    let mut store = Store::new(&program.engine, ());
    let instance = program
        .linker
        .instantiate(&mut store, &program.modules[0])
        .unwrap();
    let run = instance.get_func(&store, "run").unwrap();
    (store, run)
}

/// What the program comes to when nobody stops it.
pub fn outcome_of(program: &Program<()>) -> Outcome {
    let (mut store, run) = begin(program);
    run.call(&mut store, &[Val::I32(ROUNDS)]).unwrap()
}

/// Whether the system lets this process track; what a store says if not.
pub fn can_track(program: &Program<()>) -> bool {
    let (mut store, _) = begin(program);
    !matches!(store.begin_checkpoint(), Err(CheckpointError::CannotTrack))
}
