//! Who runs next, and who is woken when.

use super::GuestId;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};

/// Guests that can run: a queue for each priority.
#[derive(Default)]
pub(super) struct ReadyQueue {
    /// None of them empty.
    queues: BTreeMap<u8, VecDeque<GuestId>>,
}

impl ReadyQueue {
    /// Adds a guest behind those of its priority.
    pub(super) fn push(&mut self, priority: u8, guest: GuestId) {
        self.queues.entry(priority).or_default().push_back(guest);
    }

    /// Puts a guest back that was taken just now.
    pub(super) fn push_front(&mut self, priority: u8, guest: GuestId) {
        self.queues.entry(priority).or_default().push_front(guest);
    }

    /// Takes the first guest of the highest priority.
    pub(super) fn pop(&mut self) -> Option<GuestId> {
        let mut queue = self.queues.last_entry()?;
        let guest = queue.get_mut().pop_front();
        if queue.get().is_empty() {
            queue.remove();
        }
        guest
    }

    /// Takes a guest out, wherever it is.
    pub(super) fn remove(&mut self, priority: u8, guest: GuestId) {
        if let Some(queue) = self.queues.get_mut(&priority) {
            queue.retain(|&other| other != guest);
            if queue.is_empty() {
                self.queues.remove(&priority);
            }
        }
    }

    /// All guests, the one whose turn is last first.
    pub(super) fn last_first(&self) -> impl Iterator<Item = GuestId> + '_ {
        let queues = self.queues.values();
        queues.flat_map(|queue| queue.iter().rev().copied())
    }
}

/// Guests that wait: when they are woken, and in which order they began to wait.
#[derive(Default)]
pub(super) struct Waiting {
    by_time: BTreeSet<(u64, GuestId)>,
    by_turn: BTreeMap<u64, GuestId>,
    next_turn: u64,
}

/// Where a guest stands among those that wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct WaitKey {
    until_ns: Option<u64>,
    turn: u64,
}

impl Waiting {
    /// Adds a guest; to be woken at a time, or only by somebody.
    pub(super) fn insert(&mut self, guest: GuestId, until_ns: Option<u64>) -> WaitKey {
        let turn = self.next_turn;
        self.next_turn += 1;
        self.by_turn.insert(turn, guest);
        if let Some(until_ns) = until_ns {
            self.by_time.insert((until_ns, guest));
        }
        WaitKey { until_ns, turn }
    }

    /// Takes a guest out.
    pub(super) fn remove(&mut self, guest: GuestId, key: WaitKey) {
        self.by_turn.remove(&key.turn);
        if let Some(until_ns) = key.until_ns {
            self.by_time.remove(&(until_ns, guest));
        }
    }

    /// A guest whose time has come, the earliest first.
    pub(super) fn due(&self, now_ns: u64) -> Option<GuestId> {
        let &(until_ns, guest) = self.by_time.first()?;
        (until_ns <= now_ns).then_some(guest)
    }

    /// When the next guest is to be woken.
    pub(super) fn next_time_ns(&self) -> Option<u64> {
        self.by_time.first().map(|&(until_ns, _)| until_ns)
    }

    /// All guests, the one that has waited longest first.
    pub(super) fn longest_first(&self) -> impl Iterator<Item = GuestId> + '_ {
        self.by_turn.values().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    const GUESTS: [GuestId; 4] = [GuestId(0), GuestId(1), GuestId(2), GuestId(3)];

    #[test]
    fn priorities_come_first_and_turns_within_them() {
        let [a, b, c, d] = GUESTS;
        let mut queue = ReadyQueue::default();
        for (priority, guest) in [(1, a), (2, b), (1, c), (2, d)] {
            queue.push(priority, guest);
        }
        let order: Vec<GuestId> = queue.last_first().collect();
        assert_eq!(order, [c, a, d, b]);
        assert_eq!(queue.pop(), Some(b));
        queue.push(2, b);
        assert_eq!(queue.pop(), Some(d));
        queue.push_front(2, d);
        assert_eq!((queue.pop(), queue.pop()), (Some(d), Some(b)));
        queue.remove(1, a);
        assert_eq!((queue.pop(), queue.pop()), (Some(c), None));
        queue.push(3, a);
        queue.remove(3, a);
        assert_eq!(queue.pop(), None);
    }

    #[test]
    fn the_earliest_is_due_first_and_others_wait_for_ever() {
        let [a, b, c, _] = GUESTS;
        let mut waiting = Waiting::default();
        let a_key = waiting.insert(a, Some(20));
        waiting.insert(b, None);
        let c_key = waiting.insert(c, Some(10));
        assert_eq!(waiting.next_time_ns(), Some(10));
        assert_eq!((waiting.due(9), waiting.due(30)), (None, Some(c)));
        waiting.remove(c, c_key);
        assert_eq!((waiting.due(19), waiting.due(20)), (None, Some(a)));
        let order: Vec<GuestId> = waiting.longest_first().collect();
        assert_eq!(order, [a, b]);
        waiting.remove(a, a_key);
        assert_eq!(
            (waiting.next_time_ns(), waiting.due(u64::MAX)),
            (None, None)
        );
    }
}
