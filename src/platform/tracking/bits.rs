//! A set of page numbers.

use alloc::vec::Vec;

/// A set of numbers below a bound, one bit each.
#[derive(Clone, Debug, Default)]
pub struct Bits {
    words: Vec<u64>,
}

const WORD: usize = u64::BITS as usize;

impl Bits {
    /// Makes room for numbers below `bound`. Never shrinks.
    pub fn grow(&mut self, bound: usize) {
        let words = bound.div_ceil(WORD).max(self.words.len());
        self.words.resize(words, 0);
    }

    /// Makes it the set of all numbers below `bound`, with room for no others.
    pub fn fill(&mut self, bound: usize) {
        self.words.clear();
        self.words.resize(bound / WORD, u64::MAX);
        if !bound.is_multiple_of(WORD) {
            self.words.push(mask(bound) - 1);
        }
    }

    /// Whether the number is in the set. Numbers beyond the bound are not.
    pub fn contains(&self, number: usize) -> bool {
        let word = self.words.get(number / WORD);
        word.is_some_and(|word| word & mask(number) != 0)
    }

    /// Adds a number.
    ///
    /// # Panics
    ///
    /// Panics if it is beyond the bound.
    pub fn insert(&mut self, number: usize) {
        self.words[number / WORD] |= mask(number);
    }

    /// Removes a number and tells whether it was there.
    pub fn remove(&mut self, number: usize) -> bool {
        let was_there = self.contains(number);
        if was_there {
            self.words[number / WORD] &= !mask(number);
        }
        was_there
    }

    /// The least number in the set that is not below `from`.
    pub fn next(&self, from: usize) -> Option<usize> {
        let first = from / WORD;
        let rest = self.words.get(first..)?;
        let above = |index| match index {
            0 => u64::MAX << (from % WORD),
            _ => u64::MAX,
        };
        rest.iter().enumerate().find_map(|(index, word)| {
            let word = word & above(index);
            (word != 0).then(|| (first + index) * WORD + word.trailing_zeros() as usize)
        })
    }

    /// Adds all numbers of another set, whose bound is not above this one's.
    ///
    /// # Panics
    ///
    /// Panics if it is.
    pub fn add_all(&mut self, other: &Self) {
        let words = &mut self.words[..other.words.len()];
        for (word, other) in words.iter_mut().zip(&other.words) {
            *word |= other;
        }
    }

    /// Removes all numbers.
    pub fn clear(&mut self) {
        self.words.fill(0);
    }
}

fn mask(number: usize) -> u64 {
    1 << (number % WORD)
}
