//! Leaves: 256 adjacent pages of a memory.

use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Pages of a leaf.
pub(super) const LEAF_PAGES: u64 = 256;

/// Something for each of some pages of a leaf, by their position in it. Adding them in ascending order
/// takes no search.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Leaf<T> {
    /// A bit per page.
    present: [u8; 32],
    values: Vec<T>,
}

impl<T> Default for Leaf<T> {
    fn default() -> Self {
        Self {
            present: [0; 32],
            values: Vec::new(),
        }
    }
}

impl<T> Leaf<T> {
    /// Whether there is a value for each page that is said to be there, as in all that were not read
    /// from a disk.
    pub fn is_sound(&self) -> bool {
        self.slots().count() == self.values.len()
    }

    pub fn len(&self) -> usize {
        self.values.len()
    }

    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    pub fn contains(&self, slot: u8) -> bool {
        self.present[usize::from(slot / 8)] & 1 << (slot % 8) != 0
    }

    pub fn get(&self, slot: u8) -> Option<&T> {
        self.contains(slot).then(|| &self.values[self.rank(slot)])
    }

    /// Adds a page, or replaces what it has.
    pub fn insert(&mut self, slot: u8, value: T) {
        let rank = self.rank(slot);
        if self.contains(slot) {
            self.values[rank] = value;
            return;
        }
        self.present[usize::from(slot / 8)] |= 1 << (slot % 8);
        match rank == self.values.len() {
            true => self.values.push(value),
            false => self.values.insert(rank, value),
        }
    }

    /// Adds all pages of another leaf, with values made of theirs.
    pub fn add_all<U>(&mut self, others: &Leaf<U>, value: impl Fn(&U) -> T) {
        match self.is_empty() {
            true => {
                self.present = others.present;
                self.values = others.values.iter().map(value).collect();
            }
            false => self.extend(others.iter().map(|(slot, other)| (slot, value(other)))),
        }
    }

    /// The pages that another leaf does not have.
    pub fn without<U>(self, others: &Leaf<U>) -> Self {
        let all = self.into_iter();
        all.filter(|&(slot, _)| !others.contains(slot)).collect()
    }

    /// Leaves out the pages whose values are not to be kept.
    pub fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        if !self.values.iter().all(&keep) {
            let all = core::mem::take(self).into_iter();
            *self = all.filter(|(_, value)| keep(value)).collect();
        }
    }

    /// The positions of its pages, ascending.
    pub fn slots(&self) -> impl Iterator<Item = u8> + use<T> {
        let words = (0..4).zip(self.words());
        words.flat_map(|(index, mut word)| {
            core::iter::from_fn(move || {
                let bit = word.trailing_zeros() as u8;
                word &= word.checked_sub(1)?;
                Some(64 * index + bit)
            })
        })
    }

    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// Its pages in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = (u8, &T)> {
        self.slots().zip(&self.values)
    }

    /// As [`Self::iter`].
    pub fn into_iter(self) -> impl Iterator<Item = (u8, T)> {
        self.slots().zip(self.values)
    }

    /// How many pages are in front of a position.
    fn rank(&self, slot: u8) -> usize {
        let (words, word) = (self.words(), usize::from(slot / 64));
        let behind = words[word] >> (slot % 64) | words[word + 1..].iter().fold(0, |a, b| a | b);
        if behind == 0 {
            return self.values.len();
        }
        let before = words[..word].iter().map(|word| word.count_ones());
        let here = words[word] & ((1 << (slot % 64)) - 1);
        (before.sum::<u32>() + here.count_ones()) as usize
    }

    fn words(&self) -> [u64; 4] {
        let (bytes, _) = self.present.as_chunks::<8>();
        core::array::from_fn(|word| u64::from_le_bytes(bytes[word]))
    }
}

impl<T> Extend<(u8, T)> for Leaf<T> {
    fn extend<I: IntoIterator<Item = (u8, T)>>(&mut self, pages: I) {
        let pages = pages.into_iter();
        self.values.reserve(pages.size_hint().0);
        pages.for_each(|(slot, value)| self.insert(slot, value));
    }
}

impl<T> FromIterator<(u8, T)> for Leaf<T> {
    fn from_iter<I: IntoIterator<Item = (u8, T)>>(pages: I) -> Self {
        let mut leaf = Self::default();
        leaf.extend(pages);
        leaf
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_leaf_is_a_map(
            pages in prop::collection::vec((any::<u8>(), 0..100_u32), 0..600),
            is_ascending in any::<bool>(),
            others in prop::collection::btree_map(any::<u8>(), 0..100_u32, 0..200),
            least in 0..100_u32,
        ) {
            let mut pages = pages;
            if is_ascending {
                pages.sort_unstable();
            }
            let mut leaf: Leaf<u32> = pages.iter().copied().collect();
            let mut map: BTreeMap<u8, u32> = pages.into_iter().collect();
            for _ in 0..2 {
                prop_assert!(leaf.is_sound());
                prop_assert_eq!((leaf.len(), leaf.is_empty()), (map.len(), map.is_empty()));
                for slot in 0..=u8::MAX {
                    prop_assert_eq!(leaf.get(slot), map.get(&slot));
                    prop_assert_eq!(leaf.contains(slot), map.contains_key(&slot));
                }
                prop_assert!(leaf.iter().eq(map.iter().map(|(&slot, value)| (slot, value))));
                prop_assert!(leaf.values().iter().eq(map.values()));
                prop_assert!(leaf.clone().into_iter().eq(map.clone()));
                leaf.retain(|&value| value >= least);
                map.retain(|_, &mut value| value >= least);
            }
            let others: Leaf<u32> = others.into_iter().collect();
            let rest = leaf.clone().without(&others);
            prop_assert!(rest.iter().eq(leaf.iter().filter(|&(slot, _)| !others.contains(slot))));
            for _ in 0..2 {
                leaf.add_all(&others, |value| value + 1);
                map.extend(others.iter().map(|(slot, value)| (slot, value + 1)));
                prop_assert!(leaf.clone().into_iter().eq(map.clone()));
                leaf = Leaf::default();
                map = BTreeMap::new();
            }
        }
    }

    #[test]
    fn a_leaf_with_too_few_or_too_many_values_is_not_sound() {
        for (bits, values) in [(3, 1), (3, 3), (0, 1)] {
            let mut leaf = Leaf {
                values: alloc::vec![7; values],
                ..Leaf::default()
            };
            leaf.present[31] = bits;
            assert!(!leaf.is_sound());
        }
    }
}
