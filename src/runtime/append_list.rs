//! A list that only grows, and can be read by whoever interrupts its growing.

use alloc::boxed::Box;
use spin::Once;

/// An append-only list. Reading it is lock-free: a trap handler may do so while the code
/// that it has interrupted is adding to it, and finds all that was there before.
pub(super) struct AppendList<T> {
    head: Once<Box<Node<T>>>,
}

struct Node<T> {
    item: T,
    next: Once<Box<Node<T>>>,
}

impl<T> AppendList<T> {
    /// An empty list.
    pub(super) const fn new() -> Self {
        Self { head: Once::new() }
    }

    /// Adds an item at the end. Whoever shares the list takes care that only one adds at
    /// a time.
    ///
    /// # Panics
    ///
    /// Panics if two add at once.
    pub(super) fn push(&self, item: T) {
        let mut link = &self.head;
        while let Some(node) = link.get() {
            link = &node.next;
        }
        let mut item = Some(item);
        link.call_once(|| {
            Box::new(Node {
                item: item.take().expect("called once"),
                next: Once::new(),
            })
        });
        assert!(item.is_none(), "two have added to a list at once");
    }

    /// All items, in the order of adding. Lock-free.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        let first = self.head.get();
        core::iter::successors(first, |node| node.next.get()).map(|node| &node.item)
    }
}

impl<T> Drop for AppendList<T> {
    /// One node after the other: the nodes' own way would recur as deep as the list is long.
    fn drop(&mut self) {
        let mut next = core::mem::take(&mut self.head).try_into_inner();
        while let Some(mut node) = next {
            next = core::mem::take(&mut node.next).try_into_inner();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn items_stay_in_order_and_a_long_list_can_be_dropped() {
        let list = AppendList::new();
        assert!(list.iter().next().is_none());
        for item in 0..3000 {
            list.push(item);
        }
        assert!(list.iter().copied().eq(0..3000));
        let firsts: Vec<_> = list.iter().take(2).collect();
        assert_eq!(firsts, [&0, &1]);
    }
}
