//! What is written to the disk can be read back, and requests beyond its end are refused.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod image {
    extern crate alloc;

    use alloc::vec;
    use alloc::vec::Vec;
    use woodfrog::two_slots::{BlockDevice, DeviceError};
    use woodfrog_boot::drivers::VirtioDisk;
    use woodfrog_boot::{Machine, Status, info};

    woodfrog_boot::entry!(main);

    /// More than one request, and no multiple of one.
    const LENGTH: usize = (2 << 20) + 3 * 512;

    fn main(_machine: Machine) -> Status {
        let mut disk = VirtioDisk::find().expect("a disk");
        assert!(disk.has_flush());
        let count = disk.block_count();
        let data: Vec<u8> = (0..LENGTH).map(|index| (index * 7 / 512) as u8).collect();
        disk.write_blocks(1, &data).expect("a write");
        disk.flush().expect("a flush");
        let mut back = vec![0; LENGTH];
        disk.read_blocks(1, &mut back).expect("a read");
        assert!(data == back, "what was read is not what was written");
        disk.write_blocks(count - 1, &data[..512])
            .expect("a write to the end");
        let beyond = DeviceError::OutOfRange {
            first: count - 1,
            count: 2,
        };
        assert_eq!(disk.read_blocks(count - 1, &mut back[..1024]), Err(beyond));
        info!("{count} blocks");
        Status::Finished
    }
}

#[cfg(not(target_os = "none"))]
include!("hosted.rs");
