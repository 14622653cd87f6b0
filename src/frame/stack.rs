//! A machine stack as words at addresses.
//!
//! Reading and rebuilding frames goes through these views, bounds-checked, so
//! that neither needs unsafe code and both work on made-up stacks.

/// A stack to read.
#[derive(Clone, Copy, Debug)]
pub struct StackView<'a> {
    base: u64,
    words: &'a [u64],
}

/// A stack to write.
#[derive(Debug)]
pub struct StackViewMut<'a> {
    base: u64,
    words: &'a mut [u64],
}

fn index_of(base: u64, address: u64) -> Option<usize> {
    let offset = address.checked_sub(base)?;
    let index = usize::try_from(offset / 8).ok()?;
    (offset % 8 == 0).then_some(index)
}

impl<'a> StackView<'a> {
    /// A stack whose lowest word is at address `base`, a multiple of 8.
    pub fn new(base: u64, words: &'a [u64]) -> Self {
        Self { base, words }
    }

    /// The word at an address; None outside of the stack, and for an address that is not a
    /// multiple of 8 from its base.
    pub fn word(&self, address: u64) -> Option<u64> {
        self.words.get(index_of(self.base, address)?).copied()
    }
}

impl<'a> StackViewMut<'a> {
    /// A stack whose lowest word is at address `base`, a multiple of 8.
    pub fn new(base: u64, words: &'a mut [u64]) -> Self {
        Self { base, words }
    }

    /// Address of its lowest word.
    pub fn base(&self) -> u64 {
        self.base
    }

    /// Address behind its highest word.
    pub fn end(&self) -> u64 {
        self.base + 8 * self.words.len() as u64
    }

    /// The word at an address; None outside of the stack.
    pub fn word(&self, address: u64) -> Option<u64> {
        self.words.get(index_of(self.base, address)?).copied()
    }

    /// The place of the word at an address; None outside of the stack.
    pub fn word_mut(&mut self, address: u64) -> Option<&mut u64> {
        self.words.get_mut(index_of(self.base, address)?)
    }
}
