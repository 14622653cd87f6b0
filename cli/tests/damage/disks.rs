//! Damaged disks, up to the running store.

use crate::host;
use fuzz_common::damage::bytes;
use fuzz_common::disk::{boot, with_images};
use fuzz_common::guest::{Ending, TEXT, Thawed};
use fuzz_common::random::Random;
use std::collections::BTreeMap;
use woodfrog::abi::Val;

#[test]
fn damaged_disks_are_refused_or_thaw_what_was_written() {
    let mut host = host(TEXT);
    let (images, values) = host.images("run", &[Val::I32(4)], 9);
    let module = wat::parse_str(TEXT).expect("a valid program");
    let disk = with_images(module, &images[..2]);
    let right = Ok(Thawed::Ran(Ending::Returned(values)));
    assert_eq!(boot(&host, disk.clone()), right);

    let mut counts = BTreeMap::new();
    for seed in 0..4_000 {
        let mut random = Random(3 << 32 | seed);
        let mut damaged = disk.clone();
        for _ in 0..=random.below(2) {
            // Half of the damage is to the first units, where headers, commit records and first nodes are.
            let len = if random.below(2) == 0 {
                4096 * 50
            } else {
                damaged.0.len()
            };
            bytes::damage(&mut damaged.0, len, true, &mut random);
        }
        let result = boot(&host, damaged);
        println!("seed {seed}: {result:?}");
        // Checksums cover all that a thaw depends on.
        assert!(
            result.is_err() || result == right,
            "seed {seed}: {result:?}"
        );
        *counts.entry(result.err().unwrap_or("thawed")).or_insert(0) += 1;
    }
    assert!(
        counts.contains_key("thawed") && counts.contains_key("open"),
        "{counts:?}"
    );
}
