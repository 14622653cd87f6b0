//! Where images and generations have their pages, as [`PageSource`]s.

use super::{HostError, PageSource};
use crate::image::ImagePages;

/// An image that is at hand.
impl<B: AsRef<[u8]> + Send> PageSource for ImagePages<B> {
    fn read(&mut self, memory: u32, address: u64, buffer: &mut [u8]) -> Result<(), HostError> {
        ImagePages::read(self, memory, address, buffer);
        Ok(())
    }

    fn zeros(&mut self, memory: u32, address: u64, size: u64) -> Result<u64, HostError> {
        Ok(ImagePages::zeros(self, memory, address, size))
    }
}

#[cfg(feature = "checkpoint")]
mod generation {
    use super::{HostError, PageSource};
    use crate::checkpoint::{BlockDevice, CheckpointStore, Generation, PAGE};
    use alloc::sync::Arc;
    use spin::Mutex;

    /// A generation on a disk, which stays there for as long as this exists, whatever generations
    /// are written and removed meanwhile.
    pub struct GenerationPages<D: BlockDevice> {
        disk: Arc<Mutex<CheckpointStore<D>>>,
        generation: Generation,
    }

    impl<D: BlockDevice> GenerationPages<D> {
        /// The pages of a generation of this disk. Nobody has the disk locked while the store of these
        /// pages runs or is used.
        pub fn new(disk: Arc<Mutex<CheckpointStore<D>>>, generation: Generation) -> Self {
            Self { disk, generation }
        }
    }

    impl<D: BlockDevice + Send> PageSource for GenerationPages<D> {
        fn read(&mut self, memory: u32, address: u64, buffer: &mut [u8]) -> Result<(), HostError> {
            let first = address / PAGE as u64;
            let mut disk = self.disk.lock();
            disk.read_pages(&mut self.generation, memory, first, buffer)
                .map_err(HostError::new)
        }

        fn zeros(&mut self, memory: u32, address: u64, size: u64) -> Result<u64, HostError> {
            let (first, most) = (address / PAGE as u64, size / PAGE as u64);
            let mut disk = self.disk.lock();
            let pages = disk.zero_pages(&mut self.generation, memory, first, most);
            pages
                .map(|pages| pages * PAGE as u64)
                .map_err(HostError::new)
        }
    }
}

#[cfg(feature = "checkpoint")]
pub use generation::GenerationPages;
