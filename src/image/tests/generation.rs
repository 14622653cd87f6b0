//! Images to generations of a checkpoint disk, and back.

use super::*;
use crate::checkpoint::testing::MemoryDevice;
use crate::checkpoint::{CheckpointStore, FormatOptions, Guest, GuestId, Owner, format};

fn new_disk() -> (CheckpointStore<MemoryDevice>, GuestId) {
    let options = FormatOptions {
        disk_id: [1; 16],
        owner: Owner::new("test"),
        key: None,
    };
    let mut disk = format(MemoryDevice::new(512, 4 << 20), &options).unwrap();
    let guest = Guest {
        name: "guest".into(),
        ..Guest::default()
    };
    let guest = disk.add_guest(&guest).unwrap();
    (disk, guest)
}

#[test]
fn an_image_comes_back_from_a_generation() {
    let (mut disk, guest) = new_disk();
    let memory = memory_bytes();
    let image = sample(&memory, &modules());
    let mut written = 0;
    let number = image
        .write_generation(&mut disk, guest, 5, 1, &mut |done| written = done)
        .unwrap();
    assert_eq!(written, 3 * IMAGE_PAGE as u64);
    let mut generation = disk.open_generation(guest, number).unwrap();
    let mut last = (0, 0);
    let stored = StoredImage::read(&mut disk, &mut generation, &mut |done, total| {
        last = (done, total);
    });
    assert_eq!(last, (written, written));
    let stored = stored.unwrap();
    assert_eq!(stored.image().unverified().to_bytes(), image.to_bytes());
    let [library, program] = modules();
    stored.image().validate(&[&library, &program]).unwrap();
}

#[test]
fn metadata_alone_are_an_image_whose_memories_are_elsewhere() {
    let memory = memory_bytes();
    let image = sample(&memory, &modules());
    let bytes = image.metadata_bytes();
    let read = RawImage::parse_metadata(&bytes).unwrap();
    let [library, program] = modules();
    let read = read.validate(&[&library, &program]).unwrap();
    assert_eq!(read.page_counts(), image.page_counts());
    assert!(matches!(
        read.memories[0].contents,
        MemoryContents::Elsewhere
    ));
    let mut filled = read.into_inner();
    filled.memories[0].contents = MemoryContents::Linear(&memory);
    assert_eq!(filled.to_bytes(), image.to_bytes());
}

#[test]
#[should_panic(expected = "contents of a memory are missing")]
fn an_image_whose_memories_are_elsewhere_is_not_written_without_them() {
    let memory = memory_bytes();
    let bytes = sample(&memory, &modules()).metadata_bytes();
    let image = RawImage::parse_metadata(&bytes).unwrap();
    let _ = image.unverified().to_bytes();
}

#[test]
fn damaged_metadata_are_refused() {
    let memory = memory_bytes();
    let bytes = sample(&memory, &modules()).metadata_bytes();
    for len in 0..bytes.len() {
        RawImage::parse_metadata(&bytes[..len]).unwrap_err();
    }
    let with = |at: usize, value: u8| {
        let mut bytes = bytes.clone();
        bytes[at] = value;
        RawImage::parse_metadata(&bytes).unwrap_err()
    };
    assert!(matches!(with(3, b'I'), ImageError::Magic { .. }));
    assert!(matches!(with(8, 3), ImageError::Version { found: 3, .. }));
    assert_eq!(with(14, 1), ImageError::Reserved { offset: 14 });
    let longer = [bytes.as_slice(), &[0]].concat();
    assert!(matches!(
        RawImage::parse_metadata(&longer),
        Err(ImageError::TrailingMetadata { .. })
    ));
    let whole = sample(&memory, &modules()).to_bytes();
    assert!(matches!(
        RawImage::parse_metadata(&whole),
        Err(ImageError::Magic { .. })
    ));
}

#[test]
fn a_generation_of_other_memories_is_no_image() {
    let (mut disk, guest) = new_disk();
    let memory = memory_bytes();
    let metadata = sample(&memory, &modules()).metadata_bytes();
    for (metadata, page_counts) in [
        (metadata.as_slice(), &[31][..]),
        (&metadata, &[32, 0]),
        (&metadata, &[]),
        (&metadata[1..], &[32]),
    ] {
        let pending = disk.begin(guest, None, page_counts, 0).unwrap();
        let number = disk.commit(pending, metadata, 1).unwrap();
        let mut generation = disk.open_generation(guest, number).unwrap();
        let read = StoredImage::read(&mut disk, &mut generation, &mut |_, _| {});
        assert!(matches!(
            read,
            Err(GenerationError::Memories | GenerationError::Image(_))
        ));
    }
}
