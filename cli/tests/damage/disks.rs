//! Damaged disks, up to the running store.

use crate::bytes;
use crate::guest::{Ending, Host, TEXT, Thawed};
use crate::random::Random;
use std::collections::BTreeMap;
use woodfrog::abi::Value;
use woodfrog::checkpoint::{
    BlockDevice, CheckpointStore, DeviceError, Guest, format, required_size,
};

const BLOCK: usize = 512;

/// A disk in memory.
#[derive(Clone)]
struct Disk(Vec<u8>);

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

/// What a machine that boots from a disk comes to.
fn boot(host: &Host, disk: Disk) -> Result<Thawed, &'static str> {
    let mut store = CheckpointStore::open(disk).map_err(|_| "open")?;
    let guest = store.guest().map_err(|_| "guest")?;
    let module = woodfrog::module::Module::decode(guest.module).map_err(|_| "module")?;
    if module.hash != host.modules[0].inner().hash {
        return Err("another module");
    }
    let latest = store
        .latest()
        .map_err(|_| "latest")?
        .ok_or("no checkpoint")?;
    Ok(host.thaw(&latest.bytes))
}

#[test]
fn damaged_disks_are_refused_or_thaw_what_was_written() {
    let mut host = Host::new(TEXT);
    let (images, values) = host.images("run", &[Value::I32(4)], 9);
    let guest = Guest {
        module: wat::parse_str(TEXT).expect("a valid program"),
        args: vec![b"guest".to_vec()],
        envs: Vec::new(),
    };
    let longest = images.iter().map(Vec::len).max().expect("some images");
    let len = required_size(BLOCK, &guest, longest as u64) as usize;
    let mut store = format(Disk(vec![0; len]), &guest).expect("large enough");
    for image in &images[..2] {
        store.write_bytes(image).expect("large enough");
    }
    let disk = store.into_device();
    let right = Ok(Thawed::Ran(Ending::Returned(values)));
    assert_eq!(boot(&host, disk.clone()), right);

    let mut counts = BTreeMap::new();
    for seed in 0..10_000 {
        let mut random = Random(3 << 32 | seed);
        let mut damaged = disk.clone();
        for _ in 0..=random.below(2) {
            // Half of the damage is to the first sectors, where the disk's own records are.
            let len = if random.below(2) == 0 {
                4096 * 2
            } else {
                damaged.0.len()
            };
            bytes::damage(&mut damaged.0, len, true, &mut random);
        }
        let result = boot(&host, damaged);
        println!("seed {seed}: {result:?}");
        // Checksums cover all that a thaw depends on.
        assert!(
            result.is_err() || result == right,
            "seed {seed}: {result:?}"
        );
        *counts.entry(result.err().unwrap_or("thawed")).or_insert(0) += 1;
    }
    assert!(
        counts.contains_key("thawed") && counts.contains_key("open"),
        "{counts:?}"
    );
}
