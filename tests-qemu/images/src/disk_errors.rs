//! What a disk cannot do is a typed error of the request that it was part of, and of no other.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod image {
    extern crate alloc;

    use alloc::vec;
    use alloc::vec::Vec;
    use woodfrog::checkpoint::{BlockDevice, DeviceError, ReadRequest, WriteRequest};
    use woodfrog_boot::drivers::{RequestError, VirtioDisk};
    use woodfrog_boot::{Machine, Status, info};

    woodfrog_boot::entry!(main);

    /// Sectors at which the test has writes fail, and reads.
    const BAD_WRITE: u64 = 20_000;
    const BAD_READ: u64 = 30_000;

    fn main(machine: Machine) -> Status {
        let mut disk = VirtioDisk::find().expect("a disk");
        match machine.command_line.trim() {
            "bad_sectors" => bad_sectors(&mut disk),
            "read_only" => read_only(&mut disk),
            other => panic!("no scenario {other:?}"),
        }
        Status::Finished
    }

    fn failed(error: RequestError) -> DeviceError {
        error.into()
    }

    fn bad_sectors(disk: &mut VirtioDisk) {
        let io = Err(failed(RequestError::Io));
        let block = [7; 512];
        assert_eq!(disk.write_blocks(BAD_WRITE, &block), io);
        assert_eq!(disk.write_blocks(BAD_WRITE - 1, &block), Ok(()));
        assert_eq!(disk.write_blocks(BAD_WRITE + 1, &block), Ok(()));

        // One of many requests that the device has at once, and others that wait.
        let data = vec![9; 64 << 10];
        let write = |index: u64| WriteRequest {
            first: BAD_WRITE - 100 * 200 + 200 * index,
            data: &data,
        };
        let writes: Vec<_> = (0..200).map(write).collect();
        assert_eq!(disk.write_batch(&writes), io);
        assert_eq!(disk.write_batch(&writes[..100]), Ok(()));
        let started = Vec::from([(BAD_WRITE - 64, data.clone())]);
        let started = disk.start_writes(started).expect("begun");
        let good = Vec::from([(0, data.clone())]);
        let good = disk.start_writes(good).expect("begun");
        assert_eq!(disk.finish_writes(good), Ok(()));
        assert_eq!(disk.finish_writes(started), io);

        let mut buffers = [vec![0; 4096], vec![0; 4096]];
        let [first, second] = &mut buffers;
        assert_eq!(disk.read_blocks(BAD_READ, first), io);
        assert_eq!(disk.read_blocks(0, first), Ok(()));
        assert!(first.iter().all(|&byte| byte == 9));
        let reads = &mut [
            ReadRequest {
                first: 0,
                buffer: first,
            },
            ReadRequest {
                first: BAD_READ - 2,
                buffer: second,
            },
        ];
        assert_eq!(disk.read_batch(reads), io);

        assert_eq!(disk.flush(), io, "the first flush fails");
        assert_eq!(disk.flush(), Ok(()));
        info!("errors were those of the requests at fault");
    }

    fn read_only(disk: &mut VirtioDisk) {
        let refused = failed(RequestError::ReadOnly);
        assert_eq!(disk.write_blocks(0, &[0; 512]), Err(refused));
        let write = Vec::from([(0, vec![0; 512])]);
        assert_eq!(disk.start_writes(write), Err(refused));
        let mut block = [0; 512];
        assert_eq!(disk.read_blocks(0, &mut block), Ok(()));
        assert_eq!(block, [1; 512]);
        info!("a read-only disk is read");
    }
}

#[cfg(not(target_os = "none"))]
include!("hosted.rs");
