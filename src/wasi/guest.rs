//! One call of a guest, and its memory: addresses are allegations until checked.

use super::files::{FileStat, FileSystem};
use super::preview::Preview;
use super::{Errno, Wait, WasiCtx, WasiHost};
use crate::runtime::{MemoryAccessError, MemoryRanges, PageError};
use core::cell::Cell;

/// What a call acts on.
pub(super) struct Call<'a> {
    /// The program's own state.
    pub(super) ctx: &'a mut WasiCtx,
    /// The outside world.
    pub(super) host: &'a mut dyn WasiHost,
    /// Which preview the call is of.
    pub(super) preview: Preview,
    /// The calling instance's memory.
    pub(super) guest: Guest<'a>,
}

/// Why a call does not return zero, now or at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// It returns this.
    Errno(Errno),
    /// It cannot be answered yet. Nothing has been changed; it is to be made again.
    Wait(Wait),
    /// The program ends.
    Exit(u32),
}

impl From<Errno> for Stop {
    fn from(errno: Errno) -> Self {
        Self::Errno(errno)
    }
}

impl Call<'_> {
    /// Writes what is known about a file (`witx` type `filestat`).
    pub(super) fn write_stat(&mut self, address: u32, stat: &FileStat) -> Result<(), Errno> {
        self.guest.write(address, &self.preview.stat(stat))
    }
}

/// The host's directories. Whoever has one of them open has them.
pub(super) fn files(host: &mut dyn WasiHost) -> Result<&mut dyn FileSystem, Errno> {
    host.files().ok_or(Errno::BadFd)
}

/// The calling instance's memory.
pub(super) struct Guest<'a> {
    memory: GuestMemory<'a>,
    /// The page for want of which an access has failed: the call has failed then, whatever it returns.
    missing: Cell<Option<PageError>>,
}

/// Where a guest's bytes are.
pub(super) enum GuestMemory<'a> {
    /// In a store.
    Store(MemoryRanges<'a>),
    /// Here.
    #[cfg(test)]
    Bytes(&'a mut [u8]),
}

/// One element of a scatter or gather list (`witx` types `iovec` and `ciovec`).
#[derive(Clone, Copy)]
pub(super) struct IoVec {
    pub(super) address: u32,
    pub(super) len: u32,
}

/// Most elements of a scatter or gather list, as Linux has it (`IOV_MAX`).
const MAX_IO_VECS: u32 = 1024;

const IO_VEC_SIZE: u32 = 8;

/// Most bytes of a path, as Linux has it (`PATH_MAX`, which counts a terminator).
const MAX_PATH: u32 = 4095;

/// The error number of an access that has failed, and the page for want of which it has.
fn failed(missing: &Cell<Option<PageError>>, error: MemoryAccessError) -> Errno {
    match error {
        MemoryAccessError::Page(error) => {
            missing.set(Some(error));
            Errno::Io
        }
        _ => Errno::Fault,
    }
}

impl<'a> Guest<'a> {
    pub(super) fn new(memory: GuestMemory<'a>) -> Self {
        Self {
            memory,
            missing: Cell::new(None),
        }
    }

    /// The page for want of which the call has failed.
    pub(super) fn into_missing(self) -> Option<PageError> {
        self.missing.into_inner()
    }

    /// The `len` bytes at `address`.
    pub(super) fn bytes(&self, address: u32, len: u32) -> Result<&[u8], Errno> {
        match &self.memory {
            GuestMemory::Store(memory) => memory
                .get(address.into(), len.into())
                .map_err(|error| failed(&self.missing, error)),
            #[cfg(test)]
            GuestMemory::Bytes(bytes) => {
                let start = address as usize;
                bytes.get(start..start + len as usize).ok_or(Errno::Fault)
            }
        }
    }

    /// The `len` bytes at `address`, to change.
    pub(super) fn bytes_mut(&mut self, address: u32, len: u32) -> Result<&mut [u8], Errno> {
        match &mut self.memory {
            GuestMemory::Store(memory) => memory
                .get_mut(address.into(), len.into())
                .map_err(|error| failed(&self.missing, error)),
            #[cfg(test)]
            GuestMemory::Bytes(bytes) => {
                let start = address as usize;
                let bytes = bytes.get_mut(start..start + len as usize);
                bytes.ok_or(Errno::Fault)
            }
        }
    }

    /// Writes bytes at `address`, all or none.
    pub(super) fn write(&mut self, address: u32, bytes: &[u8]) -> Result<(), Errno> {
        let len = u32::try_from(bytes.len()).map_err(|_| Errno::Fault)?;
        self.bytes_mut(address, len)?.copy_from_slice(bytes);
        Ok(())
    }

    /// Writes a little-endian word.
    pub(super) fn write_u32(&mut self, address: u32, value: u32) -> Result<(), Errno> {
        self.write(address, &value.to_le_bytes())
    }

    /// Writes a little-endian double word.
    pub(super) fn write_u64(&mut self, address: u32, value: u64) -> Result<(), Errno> {
        self.write(address, &value.to_le_bytes())
    }

    /// A path, or the text of a symbolic link: not empty, not absolute, without a zero byte.
    pub(super) fn path(&self, address: u32, len: u32) -> Result<&str, Errno> {
        if len > MAX_PATH {
            return Err(Errno::NameTooLong);
        }
        let bytes = self.bytes(address, len)?;
        let path = core::str::from_utf8(bytes).map_err(|_| Errno::IllegalSequence)?;
        match path.as_bytes() {
            [] => Err(Errno::NoEntry),
            // Nothing is open that a root could be.
            [b'/', ..] => Err(Errno::NotPermitted),
            bytes if bytes.contains(&0) => Err(Errno::Invalid),
            _ => Ok(path),
        }
    }

    /// The list of `count` elements at `address`, the list itself checked to lie in memory
    /// and its lengths to have a sum below 2^32. What the elements point to is not checked.
    pub(super) fn io_vecs(&self, address: u32, count: u32) -> Result<IoVecs<'_>, Errno> {
        if count > MAX_IO_VECS {
            return Err(Errno::Invalid);
        }
        let list = IoVecs(self.bytes(address, count * IO_VEC_SIZE)?);
        let mut total = 0u32;
        for index in 0..count {
            total = total
                .checked_add(list.get(index).len)
                .ok_or(Errno::Invalid)?;
        }
        Ok(list)
    }

    /// One element of a list that [`Self::io_vecs`] has checked.
    pub(super) fn io_vec(&self, list: u32, index: u32) -> Result<IoVec, Errno> {
        let bytes = self.bytes(list + index * IO_VEC_SIZE, IO_VEC_SIZE)?;
        Ok(IoVecs(bytes).get(0))
    }
}

/// A checked list of [`IoVec`]s in guest memory.
pub(super) struct IoVecs<'a>(&'a [u8]);

impl IoVecs<'_> {
    fn get(&self, index: u32) -> IoVec {
        let word = |offset: usize| {
            let start = (index * IO_VEC_SIZE) as usize + offset;
            let bytes = &self.0[start..start + 4];
            u32::from_le_bytes(bytes.try_into().expect("four bytes"))
        };
        IoVec {
            address: word(0),
            len: word(4),
        }
    }
}
