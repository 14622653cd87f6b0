//! The records of a disk: superblock, commit record, result. Each is one sector
//! of 512 bytes, little-endian, with a magic number in front and its CRC-32 in
//! the last four bytes.

use super::OpenError;
use super::blocks::SECTOR;

/// The disk format's version; raised by every incompatible change.
pub(super) const VERSION: u32 = 1;

/// First unit of the superblock.
pub(super) const SUPERBLOCK_UNIT: u64 = 0;

/// Unit of the result record.
pub(super) const RESULT_UNIT: u64 = 1;

/// First unit behind the fixed records.
pub(super) const FIRST_FREE_UNIT: u64 = 2;

/// Fewest units of a slot: the record and one of data.
pub(super) const MIN_SLOT_UNITS: u64 = 2;

const CHECKSUM_OFFSET: usize = SECTOR - 4;

const SUPERBLOCK_MAGIC: [u8; 8] = *b"\x89WFDSK\r\n";
const COMMIT_MAGIC: [u8; 8] = *b"\x89WFCKP\r\n";
const RESULT_MAGIC: [u8; 8] = *b"\x89WFRES\r\n";

/// A range of units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Region {
    pub first: u64,
    pub count: u64,
}

impl Region {
    fn end(self) -> Option<u64> {
        self.first.checked_add(self.count)
    }

    fn error(self) -> OpenError {
        OpenError::Region {
            first: self.first,
            count: self.count,
        }
    }
}

/// Where everything is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Superblock {
    pub unit_bytes: u32,
    pub unit_count: u64,
    pub guest: Region,
    pub module_len: u64,
    pub settings_len: u64,
    pub guest_checksum: u32,
    pub slots: [Region; 2],
}

/// What makes the data of a slot a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CommitRecord {
    /// The unit this record belongs to, so that a misdirected one is noticed.
    pub unit: u64,
    pub sequence: u64,
    pub len_bytes: u64,
    pub checksum: u32,
    /// Checksum of the guest it is of.
    pub guest_checksum: u32,
}

/// What a sector holds where a record is expected.
pub(super) enum Sector<T> {
    /// Zeros: no record has been written.
    Empty,
    /// No record, or a torn one.
    Damaged,
    /// The record.
    Valid(T),
}

impl Superblock {
    pub fn to_sector(self) -> [u8; SECTOR] {
        let mut fields = Fields::new(SUPERBLOCK_MAGIC);
        fields.put_u32(VERSION);
        fields.put_u32(self.unit_bytes);
        fields.put_u64(self.unit_count);
        fields.put_region(self.guest);
        fields.put_u64(self.module_len);
        fields.put_u64(self.settings_len);
        fields.put_u32(self.guest_checksum);
        fields.put_u32(0);
        fields.put_region(self.slots[0]);
        fields.put_region(self.slots[1]);
        fields.seal()
    }

    /// Reads a superblock and checks it by itself.
    pub fn from_sector(sector: &[u8; SECTOR]) -> Result<Self, OpenError> {
        let found: [u8; 8] = sector[..8].try_into().expect("8 bytes");
        if found != SUPERBLOCK_MAGIC {
            return Err(OpenError::Magic { found });
        }
        let (found, computed) = checksums(sector);
        if found != computed {
            return Err(OpenError::Checksum { found, computed });
        }
        let mut fields = Fields::of(*sector);
        let found = fields.take_u32();
        if found != VERSION {
            return Err(OpenError::Version {
                found,
                supported: VERSION,
            });
        }
        let superblock = Self {
            unit_bytes: fields.take_u32(),
            unit_count: fields.take_u64(),
            guest: fields.take_region(),
            module_len: fields.take_u64(),
            settings_len: fields.take_u64(),
            guest_checksum: fields.take_u32(),
            slots: {
                fields.take_u32();
                [fields.take_region(), fields.take_region()]
            },
        };
        superblock.check()?;
        Ok(superblock)
    }

    /// Checks that the regions follow one another within the disk, and that the guest fits
    /// its own.
    fn check(&self) -> Result<(), OpenError> {
        let mut free = FIRST_FREE_UNIT;
        for region in [self.guest, self.slots[0], self.slots[1]] {
            let end = region.end().filter(|&end| end <= self.unit_count);
            if region.first < free {
                return Err(region.error());
            }
            free = end.ok_or(region.error())?;
        }
        for slot in self.slots {
            if slot.count < MIN_SLOT_UNITS {
                return Err(slot.error());
            }
        }
        let capacity = self.guest.count.checked_mul(u64::from(self.unit_bytes));
        match (self.guest_len(), capacity) {
            (Some(len), Some(capacity)) if len <= capacity => Ok(()),
            _ => Err(OpenError::GuestLength {
                module_len: self.module_len,
                settings_len: self.settings_len,
            }),
        }
    }

    /// Bytes of module and settings; None if that is no number.
    pub fn guest_len(&self) -> Option<u64> {
        self.module_len.checked_add(self.settings_len)
    }
}

impl CommitRecord {
    pub fn to_sector(self) -> [u8; SECTOR] {
        let mut fields = Fields::new(COMMIT_MAGIC);
        fields.put_u64(self.unit);
        fields.put_u64(self.sequence);
        fields.put_u64(self.len_bytes);
        fields.put_u32(self.checksum);
        fields.put_u32(self.guest_checksum);
        fields.seal()
    }

    pub fn from_sector(sector: &[u8; SECTOR]) -> Sector<Self> {
        open(sector, COMMIT_MAGIC, |fields| Self {
            unit: fields.take_u64(),
            sequence: fields.take_u64(),
            len_bytes: fields.take_u64(),
            checksum: fields.take_u32(),
            guest_checksum: fields.take_u32(),
        })
    }
}

/// The sector that records the guest's exit status.
pub(super) fn result_to_sector(status: i32, guest_checksum: u32) -> [u8; SECTOR] {
    let mut fields = Fields::new(RESULT_MAGIC);
    fields.put_u32(status.cast_unsigned());
    fields.put_u32(guest_checksum);
    fields.seal()
}

/// The exit status in a sector, and the checksum of the guest whose it is.
pub(super) fn result_from_sector(sector: &[u8; SECTOR]) -> Sector<(i32, u32)> {
    open(sector, RESULT_MAGIC, |fields| {
        (fields.take_u32().cast_signed(), fields.take_u32())
    })
}

/// Reads a record that may be missing.
fn open<T>(
    sector: &[u8; SECTOR],
    magic: [u8; 8],
    read: impl FnOnce(&mut Fields) -> T,
) -> Sector<T> {
    if sector.iter().all(|&byte| byte == 0) {
        return Sector::Empty;
    }
    let (found, computed) = checksums(sector);
    if found != computed || sector[..8] != magic {
        return Sector::Damaged;
    }
    Sector::Valid(read(&mut Fields::of(*sector)))
}

/// The checksum a sector has in it, and the one it should have.
fn checksums(sector: &[u8; SECTOR]) -> (u32, u32) {
    let (body, stored) = sector.split_at(CHECKSUM_OFFSET);
    let stored = u32::from_le_bytes(stored.try_into().expect("4 bytes"));
    (stored, crc32fast::hash(body))
}

/// A sector whose fields are written or read one after the other.
struct Fields {
    sector: [u8; SECTOR],
    offset: usize,
}

impl Fields {
    fn new(magic: [u8; 8]) -> Self {
        let mut sector = [0; SECTOR];
        sector[..8].copy_from_slice(&magic);
        Self::of(sector)
    }

    /// The fields behind a sector's magic number.
    fn of(sector: [u8; SECTOR]) -> Self {
        Self { sector, offset: 8 }
    }

    fn put(&mut self, bytes: &[u8]) {
        self.sector[self.offset..][..bytes.len()].copy_from_slice(bytes);
        self.offset += bytes.len();
    }

    fn put_u32(&mut self, value: u32) {
        self.put(&value.to_le_bytes());
    }

    fn put_u64(&mut self, value: u64) {
        self.put(&value.to_le_bytes());
    }

    fn put_region(&mut self, region: Region) {
        self.put_u64(region.first);
        self.put_u64(region.count);
    }

    /// The finished sector.
    fn seal(mut self) -> [u8; SECTOR] {
        let checksum = crc32fast::hash(&self.sector[..CHECKSUM_OFFSET]);
        self.sector[CHECKSUM_OFFSET..].copy_from_slice(&checksum.to_le_bytes());
        self.sector
    }

    fn take<const N: usize>(&mut self) -> [u8; N] {
        let bytes = self.sector[self.offset..][..N].try_into();
        self.offset += N;
        bytes.expect("N bytes")
    }

    fn take_u32(&mut self) -> u32 {
        u32::from_le_bytes(self.take())
    }

    fn take_u64(&mut self) -> u64 {
        u64::from_le_bytes(self.take())
    }

    fn take_region(&mut self) -> Region {
        Region {
            first: self.take_u64(),
            count: self.take_u64(),
        }
    }
}
