//! The disk: what is written can be read back, wherever in memory it is; several writes go on
//! while a guest runs; and what cannot be done is refused.
#![cfg_attr(target_os = "none", no_std, no_main)]
#![cfg_attr(
    target_os = "none",
    expect(unsafe_code, reason = "uses pages of the platform as a guest's memory")
)]

#[cfg(target_os = "none")]
mod image {
    extern crate alloc;

    use alloc::boxed::Box;
    use alloc::vec;
    use alloc::vec::Vec;
    use woodfrog::checkpoint::{BlockDevice, DeviceError, ReadRequest, WriteRequest};
    use woodfrog::platform::{PAGE_SIZE, Platform};
    use woodfrog::runtime::{Config, Engine, Linker, Module, Outcome, Store};
    use woodfrog_boot::arch::{clock, device_interrupts};
    use woodfrog_boot::drivers::VirtioDisk;
    use woodfrog_boot::{Machine, Status, info};

    woodfrog_boot::entry!(main);

    /// More than one request, and no multiple of one.
    const LENGTH: usize = (2 << 20) + 3 * 512;
    /// What is written from a guest's memory, and to measure.
    const MANY: usize = 8 << 20;
    /// What is written while a guest runs.
    const WRITES: usize = 200;
    const LENGTH_OF_ONE: usize = 32 << 10;

    /// `(func (export "run") (loop (br 0)))`.
    const ENDLESS: &[u8] = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\
        \x07\x07\x01\x03run\0\0\x0a\x09\x01\x07\0\x03\x40\x0c\0\x0b\x0b";

    fn main(machine: Machine) -> Status {
        let mut disk = VirtioDisk::find().expect("a disk");
        assert!(disk.has_flush());
        what_is_written_is_read_back(&mut disk);
        requests_beyond_the_end_are_refused(&mut disk);
        assert!(
            disk.interrupt_count() > Some(0),
            "the disk does not interrupt"
        );
        let memory = guest_memory(&machine);
        pages_of_a_guest_go_straight_to_the_disk(&mut disk, memory);
        batches_are_written_and_read(&mut disk, memory);
        writes_go_on_while_a_guest_runs(&mut disk, &machine);
        throughput_is_that_of_the_device(&mut disk, memory);
        Status::Finished
    }

    fn pattern(length: usize, seed: usize) -> Vec<u8> {
        (0..length)
            .map(|index| (index * 7 / 512 + seed) as u8)
            .collect()
    }

    fn what_is_written_is_read_back(disk: &mut VirtioDisk) {
        let data = pattern(LENGTH, 0);
        disk.write_blocks(1, &data).expect("a write");
        disk.flush().expect("a flush");
        let mut back = vec![0; LENGTH];
        disk.read_blocks(1, &mut back).expect("a read");
        assert!(data == back, "what was read is not what was written");
        // At an odd address, so that pieces of memory end within blocks.
        let mut back = vec![0; LENGTH + 1];
        disk.read_blocks(1, &mut back[1..]).expect("a read");
        assert!(data == back[1..], "what was read is not what was written");
    }

    fn requests_beyond_the_end_are_refused(disk: &mut VirtioDisk) {
        let count = disk.block_count();
        let mut buffer = [0x5a; 1024];
        disk.write_blocks(count - 1, &buffer[..512])
            .expect("a write to the end");
        for first in [count - 1, count, u64::MAX] {
            let beyond = DeviceError::OutOfRange { first, count: 2 };
            assert_eq!(disk.read_blocks(first, &mut buffer), Err(beyond));
            assert_eq!(disk.write_blocks(first, &buffer), Err(beyond));
            let write = Vec::from([(first, buffer.to_vec())]);
            assert_eq!(disk.start_writes(write), Err(beyond));
        }
        info!("{count} blocks");
    }

    /// Memory as a guest has it: mapped page by page, when it is touched; here from both
    /// ends, so that few pages that adjoin are in frames that do.
    fn guest_memory(machine: &Machine) -> &'static mut [u8] {
        let platform = &*machine.platform;
        let start = platform.reserve(MANY).expect("addresses");
        // SAFETY: the range is within the reservation.
        unsafe { platform.commit(start, MANY) }.expect("memory");
        // SAFETY: the pages are committed, and used here only.
        let memory = unsafe { core::slice::from_raw_parts_mut(start, MANY) };
        let pages = MANY / PAGE_SIZE;
        for index in 0..pages / 2 {
            memory[index * PAGE_SIZE] = 1;
            memory[(pages - 1 - index) * PAGE_SIZE] = 1;
        }
        memory
    }

    fn pages_of_a_guest_go_straight_to_the_disk(disk: &mut VirtioDisk, memory: &mut [u8]) {
        let data = pattern(MANY / 2, 3);
        let (from, to) = memory.split_at_mut(MANY / 2);
        from.copy_from_slice(&data);
        disk.write_blocks(0, from).expect("a write");
        disk.read_blocks(0, to).expect("a read");
        assert!(to == data, "what was read is not what was written");
        // Pages that were never touched: zeros to write, frames to read into.
        let mut zeros = vec![1; PAGE_SIZE];
        disk.write_blocks(0, &data[..2 * PAGE_SIZE])
            .expect("a write");
        let untouched = untouched_pages();
        disk.write_blocks(0, &untouched[..PAGE_SIZE])
            .expect("a write");
        disk.read_blocks(0, &mut zeros).expect("a read");
        assert!(zeros.iter().all(|&byte| byte == 0));
        disk.read_blocks(8, &mut untouched[..PAGE_SIZE])
            .expect("a read");
        assert!(untouched[..PAGE_SIZE] == data[PAGE_SIZE..2 * PAGE_SIZE]);
        assert!(untouched[PAGE_SIZE..].iter().all(|&byte| byte == 0));
        disk.write_blocks(1, &pattern(LENGTH, 0)).expect("a write");
        info!("guests' pages went straight to the disk and back");
    }

    /// Scattered pages to adjoining blocks, and the reverse.
    fn batches_are_written_and_read(disk: &mut VirtioDisk, memory: &mut [u8]) {
        const PAGES: usize = 600;
        let (pages, _) = memory.as_chunks_mut::<PAGE_SIZE>();
        for (index, page) in pages.iter_mut().enumerate() {
            page.fill(index as u8);
        }
        let source = |index: usize| index * 7 % PAGES;
        let write = |index: usize| WriteRequest {
            first: 8 * index as u64,
            data: &pages[source(index)],
        };
        let writes: Vec<_> = (0..PAGES).map(write).collect();
        disk.write_batch(&writes).expect("writes");
        let mut back = vec![[0; PAGE_SIZE]; PAGES];
        let mut reads = Vec::new();
        for (index, buffer) in back.iter_mut().enumerate().rev() {
            let first = 8 * index as u64;
            reads.push(ReadRequest { first, buffer });
        }
        disk.read_batch(&mut reads).expect("reads");
        for (index, page) in back.iter().enumerate() {
            assert!(page == &pages[source(index)], "page {index}");
        }
        let beyond = WriteRequest {
            first: disk.block_count(),
            data: &back[0],
        };
        let refused = [writes[0], beyond];
        assert!(disk.write_batch(&refused).is_err());
    }

    fn untouched_pages() -> &'static mut [u8] {
        let platform = woodfrog_boot::arch::interrupts::platform().expect("the platform");
        let size = 2 * PAGE_SIZE;
        let start = platform.reserve(size).expect("addresses");
        // SAFETY: the range is within the reservation.
        unsafe { platform.commit(start, size) }.expect("memory");
        // SAFETY: the pages are committed, and used here only.
        unsafe { core::slice::from_raw_parts_mut(start, size) }
    }

    fn writes_go_on_while_a_guest_runs(disk: &mut VirtioDisk, machine: &Machine) {
        let engine = Engine::new(machine.platform.clone(), Config::default());
        let module = Module::new(&engine, ENDLESS).expect("a module");
        let mut store = Store::new(&engine, ());
        let instance = Linker::new()
            .instantiate(&mut store, &module)
            .expect("an instance");
        let run = instance
            .get_typed_func::<(), ()>(&store, "run")
            .expect("run");
        let guest = store.interrupt_handle();
        let wake = move || guest.request_suspend();
        device_interrupts::set_waker(Some(Box::new(wake)));
        let before = disk.interrupt_count();
        let base = 16384_u64;
        // With gaps between them, so that they are more requests than the device has at once.
        let place = |index: usize| base + (index * (LENGTH_OF_ONE / 512 + 1)) as u64;
        let writes = (0..WRITES).map(|index| (place(index), pattern(LENGTH_OF_ONE, index)));
        let writes = disk.start_writes(writes.collect()).expect("writes");
        let mut outcome = run.call(&mut store, ()).expect("no trap");
        let mut slices = 1;
        while !disk.are_finished(&writes) {
            assert_eq!(outcome, Outcome::Suspended);
            disk.advance();
            if !disk.are_finished(&writes) {
                outcome = run.resume(&mut store).expect("no trap");
                slices += 1;
            }
        }
        device_interrupts::set_waker(None);
        disk.finish_writes(writes).expect("written");
        disk.flush().expect("a flush");
        let mut back = vec![0; LENGTH_OF_ONE];
        for index in 0..WRITES {
            disk.read_blocks(place(index), &mut back).expect("a read");
            assert!(back == pattern(LENGTH_OF_ONE, index), "write {index}");
        }
        assert!(disk.interrupt_count() > before);
        info!("a guest ran {slices} times while the disk wrote");
    }

    /// Scattered pages are to be written about as fast as memory that is in one piece.
    fn throughput_is_that_of_the_device(disk: &mut VirtioDisk, memory: &[u8]) {
        let heap = pattern(MANY, 0);
        let mut best = [u64::MAX; 3];
        for _ in 0..5 {
            let times = [
                time(|| {
                    for (first, part) in (0..).step_by(2048).zip(heap.chunks(1 << 20)) {
                        disk.write_blocks(first, part).expect("a write");
                    }
                }),
                time(|| disk.write_blocks(0, memory).expect("a write")),
                time(|| {
                    for (first, page) in (0..).step_by(8).zip(heap[..MANY / 8].chunks(PAGE_SIZE)) {
                        disk.write_blocks(first, page).expect("a write");
                    }
                }) * 8,
            ];
            best = core::array::from_fn(|index| best[index].min(times[index]));
        }
        let [floor, scattered, single] = best.map(|ns| (MANY as u64 * 1000) / ns.max(1));
        info!(
            "MB/s written: {floor} MiB by MiB, {scattered} from scattered pages at once, \
             {single} page by page"
        );
        assert!(
            scattered * 10 >= floor * 5,
            "scattered pages are written slowly"
        );
        disk.write_blocks(1, &heap[..LENGTH]).expect("a write");
    }

    fn time(work: impl FnOnce()) -> u64 {
        let start = clock::monotonic_ns();
        work();
        clock::monotonic_ns() - start
    }
}

#[cfg(not(target_os = "none"))]
include!("hosted.rs");
