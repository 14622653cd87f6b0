//! A checkpoint disk in memory, and the way from it to a running store.

use crate::guest::{Host, Thawed};
use woodfrog::checkpoint::{
    BlockDevice, CheckpointStore, Compression, DeviceError, FormatOptions, Guest, OpenOptions,
    Owner, format,
};
use woodfrog::image::{RawImage, StoredImage};

/// Its block size in bytes.
pub const BLOCK: usize = 512;

/// Bytes of a disk's header or of a commit record before its seal, which is a checksum.
const SEAL_OFFSET: usize = BLOCK - 32;

/// The one that has the lease of the disks here.
const OWNER: Owner = Owner([b'f'; 32]);

/// A disk in memory.
#[derive(Clone)]
pub struct Disk(pub Vec<u8>);

impl BlockDevice for Disk {
    fn block_size(&self) -> usize {
        BLOCK
    }

    fn block_count(&self) -> u64 {
        (self.0.len() / BLOCK) as u64
    }

    fn has_flush(&self) -> bool {
        true
    }

    fn read_blocks(&mut self, first: u64, buffer: &mut [u8]) -> Result<(), DeviceError> {
        let start = first as usize * BLOCK;
        buffer.copy_from_slice(&self.0[start..start + buffer.len()]);
        Ok(())
    }

    fn write_blocks(&mut self, first: u64, data: &[u8]) -> Result<(), DeviceError> {
        let start = first as usize * BLOCK;
        self.0[start..start + data.len()].copy_from_slice(data);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), DeviceError> {
        Ok(())
    }
}

/// A disk with a guest whose generations are these images, none of which is so large that a
/// disk of 1 MiB has no room for it. Every other one is compressed.
///
/// # Panics
///
/// Panics if one is no image.
pub fn with_images(module: Vec<u8>, images: &[Vec<u8>]) -> Disk {
    let options = FormatOptions {
        disk_id: [1; 16],
        owner: OWNER,
        key: None,
    };
    let mut store = format(Disk(vec![0; 1 << 20]), &options).expect("large enough");
    let guest = Guest {
        name: "guest".into(),
        module,
        args: vec![b"guest".to_vec()],
        ..Guest::default()
    };
    let guest = store.add_guest(&guest).expect("large enough");
    for (index, bytes) in images.iter().enumerate() {
        store.set_compression(match index % 2 {
            0 => Compression::None,
            _ => Compression::Lz4,
        });
        let image = RawImage::parse(bytes).expect("an image");
        let image = image.unverified();
        let written = image.write_generation(&mut store, guest, 0, images.len(), &mut |_| {});
        written.expect("large enough");
    }
    store.into_device()
}

/// Sets the checksum of a header or commit record right.
pub fn seal(sector: &mut [u8]) {
    let (body, seal) = sector.split_at_mut(SEAL_OFFSET);
    seal.fill(0);
    let checksum = xxhash_rust::xxh3::xxh3_128(body);
    seal[..16].copy_from_slice(&checksum.to_le_bytes());
}

/// What a machine that boots from a disk comes to: it takes the lease, and goes on from the newest
/// generation. Whatever the disk is, all of it can be checked, and generations written to it,
/// without a panic.
///
/// # Errors
///
/// At which stage the disk was refused.
pub fn boot(host: &Host, disk: Disk) -> Result<Thawed, &'static str> {
    let options = OpenOptions::default();
    let mut store = CheckpointStore::open(disk, &options).map_err(|_| "open")?;
    let _ = store.check(&mut |_, _| {});
    store.acquire(OWNER, 0, None).map_err(|_| "lease")?;
    let guest = store.guests().pop().ok_or("no guest")?;
    let program = store.read_guest(guest.id).map_err(|_| "guest")?;
    let module = woodfrog::module::Module::decode(program.module).map_err(|_| "module")?;
    if module.hash != host.modules[0].inner().hash {
        return Err("another module");
    }
    let newest = guest.generations.last().ok_or("no checkpoint")?;
    let generation = store.open_generation(guest.id, newest.number);
    let mut generation = generation.map_err(|_| "generation")?;
    let stored = StoredImage::read(&mut store, &mut generation, &mut |_, _| {});
    drop(generation);
    let stored = stored.map_err(|_| "image")?;
    let image = stored.image();
    let image = image.unverified();
    let bytes = image.to_bytes();
    let _ = image.write_generation(&mut store, guest.id, 1, 2, &mut |_| {});
    Ok(host.thaw(&bytes))
}
