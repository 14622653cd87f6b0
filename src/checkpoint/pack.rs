//! Pages compressed together.
//!
//! A pack is the length of its compressed bytes (u32), these, and zeros up to the end of a unit.
//! They are an LZ4 block of one to [`PACK_PAGES`] whole pages. Nothing vouches for a pack as such:
//! whoever unpacks one looks at the tags of its pages.

#[cfg(feature = "lz4")]
use super::{PAGE, place::PACK_PAGES};
#[cfg(feature = "lz4")]
use alloc::vec;
use alloc::vec::Vec;

/// Bytes of the length at a pack's start.
#[cfg(feature = "lz4")]
const HEADER: usize = 4;

/// Packs pages; None if that saves less than a unit.
#[cfg(feature = "lz4")]
pub(super) fn pack(pages: &[u8], unit_bytes: usize) -> Option<Vec<u8>> {
    debug_assert!(pages.len().is_multiple_of(PAGE) && pages.len() <= PACK_PAGES * PAGE);
    let room = HEADER + lz4_flex::block::get_maximum_output_size(pages.len());
    let mut packed = vec![0; room];
    let compressed = lz4_flex::block::compress_into(pages, &mut packed[HEADER..]);
    let len = compressed.expect("the buffer is large enough for whatever comes of it");
    let padded = (HEADER + len).next_multiple_of(unit_bytes);
    if padded >= pages.len().next_multiple_of(unit_bytes) {
        return None;
    }
    packed[..HEADER].copy_from_slice(&(len as u32).to_le_bytes());
    packed.resize(HEADER + len, 0);
    packed.resize(padded, 0);
    Some(packed)
}

/// The pages of a pack; None if it is none.
#[cfg(feature = "lz4")]
pub(super) fn unpack(pack: &[u8]) -> Option<Vec<u8>> {
    let (len, rest) = pack.split_first_chunk::<HEADER>()?;
    let compressed = rest.get(..u32::from_le_bytes(*len) as usize)?;
    let mut pages = vec![0; PACK_PAGES * PAGE];
    let len = lz4_flex::block::decompress_into(compressed, &mut pages).ok()?;
    pages.truncate(len);
    len.is_multiple_of(PAGE).then_some(pages)
}

/// Without the crate's feature nothing is packed,
#[cfg(not(feature = "lz4"))]
pub(super) fn pack(_: &[u8], _: usize) -> Option<Vec<u8>> {
    None
}

/// and nothing is a pack.
#[cfg(not(feature = "lz4"))]
pub(super) fn unpack(_: &[u8]) -> Option<Vec<u8>> {
    None
}

#[cfg(all(test, feature = "lz4"))]
mod tests {
    use super::*;

    #[test]
    fn pages_come_out_of_a_pack_as_they_went_in() {
        for count in 1..=PACK_PAGES {
            let pages: Vec<u8> = (0..count * PAGE).map(|at| (at / 100) as u8).collect();
            let Some(packed) = pack(&pages, 4096) else {
                assert_eq!(count, 1);
                continue;
            };
            assert!(packed.len() < pages.len() && packed.len().is_multiple_of(4096));
            assert_eq!(unpack(&packed).unwrap(), pages);
        }
    }

    #[test]
    fn what_does_not_shrink_is_not_packed() {
        let mut random = super::super::testing::Random(1);
        let pages: Vec<u8> = (0..4 * PAGE).map(|_| random.next() as u8).collect();
        assert_eq!(pack(&pages, 4096), None);
        assert_eq!(pack(&vec![7; 2 * PAGE], 65536), None);
    }

    #[test]
    fn hostile_packs_are_refused_or_are_pages() {
        let pages: Vec<u8> = (0..8 * PAGE).map(|at| (at / 90) as u8).collect();
        let good = pack(&pages, 4096).unwrap();
        let mut random = super::super::testing::Random(2);
        for _ in 0..2000 {
            let mut bad = good.clone();
            for _ in 0..=random.below(3) {
                let at = random.below(bad.len());
                bad[at] = random.next() as u8;
            }
            bad.truncate(random.below(bad.len() + 1));
            if let Some(pages) = unpack(&bad) {
                assert!(pages.len() <= PACK_PAGES * PAGE && pages.len().is_multiple_of(PAGE));
            }
        }
        assert_eq!(unpack(&u32::MAX.to_le_bytes()), None);
        assert_eq!(unpack(&[]), None);
    }
}
