//! Damaged and hostile images yield typed errors, never a panic.

use super::super::wire::{CHECKSUM_LEN, HEADER_LEN};
use super::*;

/// A small deterministic generator (xorshift64*).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}

fn sample_bytes() -> (Vec<u8>, [Module; 2]) {
    let (memory, modules) = (memory_bytes(), modules());
    (sample(&memory, &modules).to_bytes(), modules)
}

/// Makes the checksum right again, so that what is behind it is reached.
fn fix_checksum(bytes: &mut [u8]) {
    let body = bytes.len() - CHECKSUM_LEN;
    let checksum = crc32fast::hash(&bytes[..body]);
    bytes[body..].copy_from_slice(&checksum.to_le_bytes());
}

#[test]
fn every_single_bit_flip_is_detected() {
    let (mut bytes, _) = sample_bytes();
    for bit in 0..bytes.len() * 8 {
        // Flips within pages are alike: a sample of them will do.
        if bit > 8 * 700 && bit % 61 != 0 {
            continue;
        }
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(RawImage::parse(&bytes).is_err(), "bit {bit}");
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
    RawImage::parse(&bytes).unwrap();
}

#[test]
fn every_truncation_is_detected() {
    let (bytes, _) = sample_bytes();
    for len in 0..bytes.len() {
        let error = RawImage::parse(&bytes[..len]).unwrap_err();
        if len < HEADER_LEN {
            assert_eq!(error, ImageError::TooShort { len });
        } else {
            let expected = bytes.len() as u64;
            let found = len as u64;
            assert_eq!(error, ImageError::Length { expected, found });
        }
    }
}

#[test]
fn appended_bytes_are_detected() {
    let (mut bytes, _) = sample_bytes();
    bytes.push(0);
    let error = RawImage::parse(&bytes).unwrap_err();
    assert!(matches!(error, ImageError::Length { .. }), "{error}");
}

#[test]
fn magic_version_and_reserved_bytes_are_told_apart() {
    let (bytes, _) = sample_bytes();
    let error_with = |offset: usize| {
        let mut bytes = bytes.clone();
        bytes[offset] ^= 0x10;
        fix_checksum(&mut bytes);
        RawImage::parse(&bytes).unwrap_err()
    };
    assert!(matches!(error_with(0), ImageError::Magic { .. }));
    assert!(matches!(
        error_with(8),
        ImageError::Version {
            found: 0x14,
            supported: 4
        }
    ));
    assert_eq!(error_with(13), ImageError::Reserved { offset: 13 });
    assert!(matches!(error_with(25), ImageError::Layout { .. }));
    let padding = IMAGE_PAGE - 1;
    assert_eq!(
        error_with(padding),
        ImageError::Reserved { offset: padding }
    );
}

#[test]
fn huge_numbers_in_the_header_are_refused() {
    let (bytes, _) = sample_bytes();
    for offset in [24, 32] {
        for number in [u64::MAX, u64::MAX / 4096, 1 << 63, u64::MAX - 4095] {
            let mut bytes = bytes.clone();
            bytes[offset..][..8].copy_from_slice(&number.to_le_bytes());
            fix_checksum(&mut bytes);
            let error = RawImage::parse(&bytes).unwrap_err();
            assert!(matches!(error, ImageError::Layout { .. }), "{error}");
        }
    }
}

#[test]
fn two_sections_of_one_name_are_refused() {
    let (memory, modules) = (memory_bytes(), modules());
    let mut image = sample(&memory, &modules);
    image.host[1].name = image.host[0].name.clone();
    assert_eq!(
        RawImage::parse(&image.to_bytes()).unwrap_err(),
        ImageError::DuplicateHostSection { section: 1 }
    );
}

/// Changes metadata, keeping lengths and checksum right.
fn mutate_metadata(bytes: &mut [u8], random: &mut Random) {
    let len = u64::from_le_bytes(bytes[24..32].try_into().unwrap()) as usize;
    let mut metadata = bytes[HEADER_LEN..HEADER_LEN + len].to_vec();
    for _ in 0..=random.below(3) {
        let at = random.below(metadata.len());
        match random.below(5) {
            0 => metadata[at] ^= 1 << random.below(8),
            1 => metadata[at] = random.next() as u8,
            2 => metadata[at] = [0, 1, 2, 0x7f, 0x80, 0xff][random.below(6)],
            3 => metadata.insert(at, random.next() as u8),
            _ => {
                metadata.remove(at);
            }
        }
    }
    metadata.truncate(IMAGE_PAGE - HEADER_LEN);
    bytes[24..32].copy_from_slice(&(metadata.len() as u64).to_le_bytes());
    bytes[HEADER_LEN..IMAGE_PAGE].fill(0);
    bytes[HEADER_LEN..][..metadata.len()].copy_from_slice(&metadata);
    fix_checksum(bytes);
}

#[test]
fn mutated_metadata_never_panics() {
    const SEED: u64 = 0x5eed_0001;
    let (original, modules) = sample_bytes();
    let modules = [&modules[0], &modules[1]];
    let mut random = Random(SEED);
    let (mut malformed, mut invalid, mut accepted) = (0, 0, 0);
    for _ in 0..30_000 {
        let mut bytes = original.clone();
        mutate_metadata(&mut bytes, &mut random);
        match RawImage::parse(&bytes).map(|raw| raw.validate(&modules)) {
            Err(_) => malformed += 1,
            Ok(Err(_)) => invalid += 1,
            Ok(Ok(image)) => {
                // Another value of a global, say: it must still be good for writing.
                image.to_bytes();
                accepted += 1;
            }
        }
    }
    let counts = std::format!("seed {SEED:#x}: {malformed}, {invalid}, {accepted}");
    assert!(
        malformed > 3000 && invalid > 3000 && accepted > 300,
        "{counts}"
    );
}

#[test]
fn random_damage_anywhere_is_detected() {
    const SEED: u64 = 0x5eed_0002;
    let (original, _) = sample_bytes();
    let mut random = Random(SEED);
    for round in 0..10_000 {
        let mut bytes = original.clone();
        let start = random.below(bytes.len());
        let len = 1 + random.below(600.min(bytes.len() - start));
        match random.below(3) {
            0 => bytes[start..start + len].fill(0),
            1 => bytes[start..start + len].fill_with(|| random.next() as u8),
            _ => bytes.truncate(start),
        }
        if bytes != original {
            let result = RawImage::parse(&bytes);
            assert!(result.is_err(), "seed {SEED:#x}, round {round}");
        }
    }
}
