//! Where a page is: by itself, or packed together with others.

use serde::{Deserialize, Serialize};

/// Most pages that are packed together: what has to be read for any one of them, and what stays in
/// use as long as one of them does.
pub(super) const PACK_PAGES: usize = 16;

/// A place on the disk in one number, small if it is at the start of the disk; 0: the page is all
/// zeros and is nowhere.
///
/// Even: the page by itself, twice its address. Odd, from the lowest bit on: 1, the page's index
/// within its pack (4 bits), the pack's units less 1 (4 bits), the pack's address.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub(super) struct Place(u64);

/// What a [`Place`] says. Addresses are in pieces of [`super::PAGE`] from the start of the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Where {
    /// The page is all zeros.
    Nowhere,
    /// By itself.
    Alone(u64),
    /// In a pack.
    Packed { pack: Pack, index: usize },
}

/// Pages that are compressed together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pack {
    pub address: u64,
    pub units: u64,
}

/// Bits of a packed place below its address.
const PACKED_BITS: u32 = 9;

impl Place {
    pub fn alone(address: u64) -> Self {
        Self(address << 1)
    }

    pub fn packed(pack: Pack, index: usize) -> Self {
        let fits = (1..=PACK_PAGES as u64).contains(&pack.units) && index < PACK_PAGES;
        assert!(fits, "a pack of {} units", pack.units);
        Self(pack.address << PACKED_BITS | (pack.units - 1) << 5 | (index as u64) << 1 | 1)
    }

    pub fn is_nowhere(self) -> bool {
        self.0 == 0
    }

    pub fn get(self) -> Where {
        match self.0 {
            0 => Where::Nowhere,
            even if even & 1 == 0 => Where::Alone(even >> 1),
            odd => Where::Packed {
                pack: Pack {
                    address: odd >> PACKED_BITS,
                    units: (odd >> 5 & 15) + 1,
                },
                index: (odd >> 1 & 15) as usize,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_what_they_were_made_of() {
        assert_eq!(Place::default().get(), Where::Nowhere);
        assert_eq!(Place::alone(77).get(), Where::Alone(77));
        for (units, index) in [(1, 0), (1, 15), (16, 3)] {
            let pack = Pack {
                address: 1 << 48,
                units,
            };
            let place = Place::packed(pack, index);
            assert_eq!(place.get(), Where::Packed { pack, index });
        }
    }
}
