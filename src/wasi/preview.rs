//! The previews of WASI that there have been, and in what the older one differs.
//!
//! Programs that were built before 2020 import preview 0, `wasi_unstable`. It has the calls of
//! preview 1 but for `sock_accept`, with the same types, numbers and errors; what differs is how
//! `fd_seek` counts, and where the parts of a `filestat` and of a clock's subscription lie.

use super::files::FileStat;

/// Which preview a call is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Preview {
    /// `wasi_unstable`.
    Zero,
    /// `wasi_snapshot_preview1`.
    One,
}

/// What `fd_seek` counts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whence {
    Start,
    Current,
    End,
}

/// Where the parts of a `subscription` to a clock lie that are not alike in both previews.
#[derive(Clone, Copy, Debug)]
pub(super) struct SubscriptionLayout {
    /// Bytes of all of it.
    pub(super) size: u32,
    pub(super) clock: usize,
    pub(super) timeout: usize,
    pub(super) flags: usize,
}

/// A `filestat` as bytes.
pub(super) struct StatBytes {
    bytes: [u8; Preview::One.stat_size() as usize],
    len: usize,
}

impl Preview {
    /// The import module name.
    pub(super) const fn module_name(self) -> &'static str {
        match self {
            Self::Zero => "wasi_unstable",
            Self::One => "wasi_snapshot_preview1",
        }
    }

    /// What a guest's number means; None for one that means nothing.
    pub(super) fn whence(self, number: u32) -> Option<Whence> {
        let order = match self {
            Self::Zero => [Whence::Current, Whence::End, Whence::Start],
            Self::One => [Whence::Start, Whence::Current, Whence::End],
        };
        order.get(number as usize).copied()
    }

    /// Bytes of a `filestat`.
    pub(super) const fn stat_size(self) -> u32 {
        match self {
            Self::Zero => 56,
            Self::One => 64,
        }
    }

    /// A `filestat`. Preview 0 has 32 bits for the number of links, which end there.
    pub(super) fn stat(self, stat: &FileStat) -> StatBytes {
        let mut bytes = [0; Self::One.stat_size() as usize];
        let mut put = |offset: usize, number: &[u8]| {
            bytes[offset..offset + number.len()].copy_from_slice(number);
        };
        put(0, &stat.device.to_le_bytes());
        put(8, &stat.inode.to_le_bytes());
        put(16, &[stat.kind as u8]);
        let rest = match self {
            Self::Zero => {
                let links = u32::try_from(stat.links).unwrap_or(u32::MAX);
                put(20, &links.to_le_bytes());
                24
            }
            Self::One => {
                put(24, &stat.links.to_le_bytes());
                32
            }
        };
        let numbers = [
            stat.size,
            stat.accessed_ns,
            stat.modified_ns,
            stat.changed_ns,
        ];
        for (index, number) in numbers.iter().enumerate() {
            put(rest + 8 * index, &number.to_le_bytes());
        }
        let len = self.stat_size() as usize;
        StatBytes { bytes, len }
    }

    /// Where the parts of a subscription lie. Preview 0 has one more in front of the clock.
    pub(super) const fn subscription(self) -> SubscriptionLayout {
        let (size, clock) = match self {
            Self::Zero => (56, 24),
            Self::One => (48, 16),
        };
        SubscriptionLayout {
            size,
            clock,
            timeout: clock + 8,
            flags: clock + 24,
        }
    }
}

impl core::ops::Deref for StatBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}
