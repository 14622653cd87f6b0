//! A set of page numbers.

use alloc::vec::Vec;
use core::ops::Range;

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
        Self::next_in(&self.words, from)
    }

    fn next_in(words: &[u64], from: usize) -> Option<usize> {
        let first = from / WORD;
        let rest = words.get(first..)?;
        let above = |index| match index {
            0 => u64::MAX << (from % WORD),
            _ => u64::MAX,
        };
        rest.iter().enumerate().find_map(|(index, word)| {
            let word = word & above(index);
            (word != 0).then(|| (first + index) * WORD + word.trailing_zeros() as usize)
        })
    }

    /// Whether a number of this range is in the set. It looks no further.
    pub fn contains_any(&self, range: Range<usize>) -> bool {
        let end = range.end.div_ceil(WORD).min(self.words.len());
        let within = Self::next_in(&self.words[..end], range.start);
        within.is_some_and(|number| number < range.end)
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

    /// Removes all numbers that are not below `from`.
    pub fn remove_from(&mut self, from: usize) {
        let first = from / WORD;
        if let Some(word) = self.words.get_mut(first) {
            *word &= mask(from) - 1;
            self.words[first + 1..].fill(0);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_removed_from_one_on() {
        for from in 0..400 {
            let mut bits = Bits::default();
            bits.fill(300);
            bits.remove_from(from);
            for number in 0..400 {
                assert_eq!(bits.contains(number), number < from.min(300), "{from}");
            }
        }
    }

    #[test]
    fn a_range_has_what_lies_in_it() {
        let mut bits = Bits::default();
        bits.grow(300);
        for number in [3, 64, 299] {
            bits.insert(number);
        }
        for start in 0..400 {
            for end in start..400 {
                let expected = [3, 64, 299]
                    .iter()
                    .any(|number| (start..end).contains(number));
                assert_eq!(bits.contains_any(start..end), expected, "{start}..{end}");
            }
        }
    }
}
