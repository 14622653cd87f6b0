//! One guest's turn: it is thawed if it has to be, runs for a slice, and is put where it belongs.

use super::{Body, Event, Guest, GuestId, Host, Scheduler, SchedulerError, Slice, State, Wait};
use crate::runtime::{Outcome, Store, SuspendReason};

impl<H: Host> Scheduler<H> {
    /// Runs the guest whose turn it is for a slice.
    ///
    /// # Errors
    ///
    /// [`SchedulerError`]: no guest has run. The next call does not try the same again.
    pub fn run_next(&mut self) -> Result<Event<H>, SchedulerError<H::Error>> {
        let now_ns = self.host.now_ns();
        while let Some(guest) = self.waiting.due(now_ns) {
            self.wake(guest);
        }
        let Some(guest) = self.ready.pop() else {
            let until_ns = self.waiting.next_time_ns();
            return Ok(Event::Idle { until_ns });
        };
        self.enliven(guest)?;
        let entry = &self.guests[&guest];
        if let Body::Live(store) = &entry.body
            && store.is_short_of_spare_pages()
        {
            self.ready.push(entry.priority, guest);
            return Ok(Event::Short(guest));
        }
        Ok(self.run(guest))
    }

    /// Gives a guest that was taken from the queue a store, if it has none.
    fn enliven(&mut self, guest: GuestId) -> Result<(), SchedulerError<H::Error>> {
        let is_parked = matches!(self.guests[&guest].body, Body::Parked(_));
        if let Err(error) = self.make_room(usize::from(is_parked)) {
            self.ready.push_front(self.guests[&guest].priority, guest);
            return Err(error);
        }
        let entry = self.guests.get_mut(&guest).expect("it was in a queue");
        let Body::Parked(parked) = &entry.body else {
            return Ok(());
        };
        match self.host.thaw(guest, parked) {
            Ok(store) => {
                entry.body = Body::Live(store);
                self.live_count += 1;
                Ok(())
            }
            Err(error) => {
                entry.state = State::Waiting(self.waiting.insert(guest, None));
                Err(SchedulerError::Thaw { guest, error })
            }
        }
    }

    /// Runs a guest that is in no queue and has a store.
    fn run(&mut self, guest: GuestId) -> Event<H> {
        let mut entry = self.guests.remove(&guest).expect("it was in a queue");
        let Body::Live(mut store) = entry.body else {
            unreachable!("it was given a store")
        };
        if let Outcome::Returned(end) = self.run_slice(guest, &mut store) {
            self.live_count -= 1;
            return Event::Ended { guest, store, end };
        }
        let is_pending = store.suspend_reason() == Some(SuspendReason::Pending);
        if is_pending {
            let until_ns = match self.host.wait(guest, &mut store) {
                Wait::Until(until_ns) => Some(until_ns),
                Wait::Event => None,
            };
            entry.state = State::Waiting(self.waiting.insert(guest, until_ns));
        } else {
            self.ready.push(entry.priority, guest);
        }
        let body = Body::Live(store);
        self.guests.insert(guest, Guest { body, ..entry });
        match is_pending {
            true => Event::Waits(guest),
            false => Event::Ran(guest),
        }
    }

    fn run_slice(&mut self, guest: GuestId, store: &mut Store<H::Data>) -> Outcome<H::End> {
        match self.slice {
            Slice::Time(ns) => {
                let end_ns = self.host.now_ns().saturating_add(ns);
                store.set_deadline(Some(end_ns));
                self.host.slice_begins(store.interrupt_handle(), end_ns);
                let outcome = self.host.step(guest, store);
                self.host.slice_ends();
                store.set_deadline(None);
                outcome
            }
            Slice::Points(points) => {
                store.set_budget(Some(points.get()));
                let outcome = self.host.step(guest, store);
                store.set_budget(None);
                outcome
            }
        }
    }
}
