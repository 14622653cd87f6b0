//! Ordered maps that allocate: inserts, look-ups, removals.

use crate::random::{Random, mix};
use std::collections::BTreeMap;

/// `size` operations on a B-tree from numbers to strings.
pub fn btree(size: u32) -> u64 {
    let mut random = Random::new(23);
    let mut map = BTreeMap::new();
    let mut sum = u64::from(size);
    for count in 0..size {
        let key = random.below(size);
        match random.below(4) {
            0 | 1 => {
                let text = format!("{key:x}-{count}");
                map.insert(key, text);
            }
            2 => {
                let found = map.range(key..).next();
                sum = mix(
                    sum,
                    found.map_or(0, |(key, text)| u64::from(*key) + text.len() as u64),
                );
            }
            _ => sum = mix(sum, map.remove(&key).map_or(1, |text| text.len() as u64)),
        }
    }
    map.iter().fold(sum, |sum, (key, text)| {
        mix(sum, u64::from(*key) ^ text.len() as u64)
    })
}
