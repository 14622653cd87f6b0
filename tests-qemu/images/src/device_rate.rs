//! What the disk does at best: writes of 1 MiB from one buffer, all of them given to the device at
//! once, and made durable. Says how long they take.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod image {
    extern crate alloc;

    use alloc::vec;
    use alloc::vec::Vec;
    use woodfrog::checkpoint::{BlockDevice, WriteRequest};
    use woodfrog_boot::arch::clock;
    use woodfrog_boot::drivers::VirtioDisk;
    use woodfrog_boot::{Machine, Status, status};

    woodfrog_boot::entry!(main);

    const REQUEST_BYTES: usize = 1 << 20;
    /// Bytes that are written each time.
    const BYTES: usize = 128 << 20;
    /// The first time the host may have to find room for them.
    const ROUNDS: usize = 3;

    fn main(_: Machine) -> Status {
        let mut disk = VirtioDisk::find().expect("a disk");
        let data = vec![0xa5; REQUEST_BYTES];
        let blocks = (REQUEST_BYTES / disk.block_size()) as u64;
        let data = &data[..];
        let requests = (0..(BYTES / REQUEST_BYTES) as u64).map(|index| {
            let first = index * blocks;
            WriteRequest { first, data }
        });
        let requests: Vec<_> = requests.collect();
        for _ in 0..ROUNDS {
            let start = clock::monotonic_ns();
            disk.write_batch(&requests).expect("writes");
            disk.flush().expect("a flush");
            let us = (clock::monotonic_ns() - start) / 1000;
            status!("status written bytes={BYTES} us={us}");
        }
        Status::Finished
    }
}

#[cfg(not(target_os = "none"))]
include!("hosted.rs");
