//! Devices: one virtio block device, over PCI or memory-mapped.

mod dma;
mod messages;
mod pci;
mod virtio_block;
mod virtio_mmio;

pub use virtio_block::{DiskError, Meanwhile, RequestError, Started, VirtioDisk};
