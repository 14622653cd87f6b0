//! What an embedder's block device must do.

use alloc::boxed::Box;

/// How often a read or write that failed with [`DeviceError::Transient`] is
/// repeated before the error is passed on. A flush is never repeated: after a
/// failed one, nobody knows which of the writes before it the device still has.
pub const RETRIES: u32 = 3;

/// Why a device did not do what it was asked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// A failure that may go away when the request is repeated, such as a
    /// full queue or a time-out.
    #[error("transient device error {code}")]
    Transient {
        /// The driver's own code.
        code: i32,
    },
    /// A failure that will not go away.
    #[error("device error {code}")]
    Failed {
        /// The driver's own code.
        code: i32,
    },
    /// The device does not have these blocks.
    #[error("{count} blocks at {first} are beyond the end of the device")]
    OutOfRange {
        /// First block of the request.
        first: u64,
        /// How many blocks.
        count: u64,
    },
}

/// Data that goes to the blocks from `first` on.
#[derive(Clone, Copy, Debug)]
pub struct WriteRequest<'a> {
    /// The first block.
    pub first: u64,
    /// What goes there: a multiple of the block size.
    pub data: &'a [u8],
}

/// Where the blocks from `first` on are to go.
#[derive(Debug)]
pub struct ReadRequest<'a> {
    /// The first block.
    pub first: u64,
    /// Where they go: a multiple of the block size.
    pub buffer: &'a mut [u8],
}

/// A device of numbered blocks of equal size.
///
/// A write may be held back in a cache, and writes that are may reach the
/// medium in any order, until a flush. Of an interrupted write each sector of 512 bytes
/// is either old or new. A read returns what was written last, flushed or not, by whichever
/// machine: a network block device that caches on the machine's own side has to be told not to.
pub trait BlockDevice {
    /// Bytes of a block: a power of two from 512 to 65536.
    fn block_size(&self) -> usize;

    /// How many blocks there are.
    fn block_count(&self) -> u64;

    /// Whether [`Self::flush`] makes writes durable. Devices for which it does not are refused.
    fn has_flush(&self) -> bool;

    /// Reads the blocks from `first` on that fill `buffer`, whose length is a multiple of
    /// the block size.
    ///
    /// # Errors
    ///
    /// [`DeviceError`]; the buffer's contents are then meaningless.
    fn read_blocks(&mut self, first: u64, buffer: &mut [u8]) -> Result<(), DeviceError>;

    /// Writes `data`, whose length is a multiple of the block size, to the blocks from
    /// `first` on.
    ///
    /// # Errors
    ///
    /// [`DeviceError`]; any of the sectors may then have been written.
    fn write_blocks(&mut self, first: u64, data: &[u8]) -> Result<(), DeviceError>;

    /// Does several writes, in any order and as many at once as the device can; returns when
    /// all are done. Requests whose blocks adjoin may be given to the device as one: the store
    /// lays out scattered pages side by side and hands them over in one such batch, so that
    /// they can go from guest memory to the device as one transfer with a list of addresses.
    ///
    /// The default does one after the other.
    ///
    /// # Errors
    ///
    /// [`DeviceError`]; any of the sectors may then have been written.
    fn write_batch(&mut self, requests: &[WriteRequest<'_>]) -> Result<(), DeviceError> {
        for request in requests {
            self.write_blocks(request.first, request.data)?;
        }
        Ok(())
    }

    /// Does several reads, in any order and as many at once as the device can; returns when all
    /// are done. The default does one after the other.
    ///
    /// # Errors
    ///
    /// [`DeviceError`]; the contents of all buffers are then meaningless.
    fn read_batch(&mut self, requests: &mut [ReadRequest<'_>]) -> Result<(), DeviceError> {
        for request in requests {
            self.read_blocks(request.first, request.buffer)?;
        }
        Ok(())
    }

    /// Makes all writes so far durable.
    ///
    /// # Errors
    ///
    /// [`DeviceError`]; any of the writes since the last flush may then be lost.
    fn flush(&mut self) -> Result<(), DeviceError>;

    /// Called by the store between two pieces of a long computation, each of which takes no longer
    /// than 256 pages need: the page map of a large memory has many such. A host that has one processor
    /// for this and for the guest may let the guest run. The default does nothing.
    fn yield_now(&mut self) {}
}

/// Implements [`BlockDevice`] for a type that dereferences to one.
macro_rules! impl_by_deref {
    ($type:ty) => {
        impl<D: BlockDevice + ?Sized> BlockDevice for $type {
            fn block_size(&self) -> usize {
                (**self).block_size()
            }

            fn block_count(&self) -> u64 {
                (**self).block_count()
            }

            fn has_flush(&self) -> bool {
                (**self).has_flush()
            }

            fn read_blocks(&mut self, first: u64, buffer: &mut [u8]) -> Result<(), DeviceError> {
                (**self).read_blocks(first, buffer)
            }

            fn write_blocks(&mut self, first: u64, data: &[u8]) -> Result<(), DeviceError> {
                (**self).write_blocks(first, data)
            }

            fn write_batch(&mut self, requests: &[WriteRequest<'_>]) -> Result<(), DeviceError> {
                (**self).write_batch(requests)
            }

            fn read_batch(&mut self, requests: &mut [ReadRequest<'_>]) -> Result<(), DeviceError> {
                (**self).read_batch(requests)
            }

            fn flush(&mut self) -> Result<(), DeviceError> {
                (**self).flush()
            }

            fn yield_now(&mut self) {
                (**self).yield_now();
            }
        }
    };
}

impl_by_deref!(&mut D);
impl_by_deref!(Box<D>);
