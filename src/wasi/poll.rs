//! `poll_oneoff`: waiting for time to go by, and for descriptors.

use super::clock::ClockId;
use super::descriptors::{Object, StreamEnd};
use super::guest::{Call, Guest, Stop, files};
use super::preview::SubscriptionLayout;
use super::rights::{Rights, SubClockFlags};
use super::{Errno, Wait};
use alloc::vec::Vec;

/// Most subscriptions of one call: as many as there can be descriptors, each for reading and
/// writing, and some time-outs.
pub const MAX_SUBSCRIPTIONS: u32 = 4096;

const EVENT_SIZE: u32 = 32;

// Tags of what is subscribed to (`witx` type `eventtype`).
const CLOCK: u8 = 0;
const FD_READ: u8 = 1;
const FD_WRITE: u8 = 2;

#[derive(Clone, Copy)]
struct Subscription {
    userdata: u64,
    subject: Subject,
}

/// What is subscribed to (`witx` type `subscription_u`).
#[derive(Clone, Copy)]
enum Subject {
    Clock(Timeout),
    Read(u32),
    Write(u32),
}

#[derive(Clone, Copy)]
struct Timeout {
    clock: ClockId,
    ns: u64,
    is_absolute: bool,
}

/// Something that has happened (`witx` type `event`).
struct Event {
    userdata: u64,
    subject: Subject,
    /// How many bytes can be read or written.
    result: Result<u64, Errno>,
}

/// How it stands with a subscription that is no error.
enum State {
    Happened(u64),
    After(u64),
    WithStdin,
}

/// `poll_oneoff(in, out, nsubscriptions, nevents)`
pub(super) fn oneoff(
    call: &mut Call<'_>,
    subscriptions: u32,
    events: u32,
    count: u32,
    result: u32,
) -> Result<(), Stop> {
    if !(1..=MAX_SUBSCRIPTIONS).contains(&count) {
        return Err(Errno::Invalid.into());
    }
    call.guest.bytes(result, 4)?;
    call.guest.bytes(events, count * EVENT_SIZE)?;
    let layout = call.preview.subscription();
    let subscriptions = call.guest.subscriptions(subscriptions, count, layout)?;
    let happened = happened(call, &subscriptions)?;
    for (index, event) in happened.iter().enumerate() {
        let address = events + index as u32 * EVENT_SIZE;
        call.guest.write(address, &event.to_bytes())?;
    }
    Ok(call.guest.write_u32(result, happened.len() as u32)?)
}

/// The events of what has happened, at least one; or what to wait for.
fn happened(call: &mut Call<'_>, subscriptions: &[Subscription]) -> Result<Vec<Event>, Stop> {
    let now_ns = call.ctx.clock.now_ns(call.host);
    let waiting = call.ctx.waiting.as_ref();
    let began_ns = waiting.map_or(now_ns, |waiting| waiting.began_ns);
    let mut events = Vec::new();
    let mut wait = Wait {
        duration_ns: None,
        stdin: false,
    };
    for &Subscription { userdata, subject } in subscriptions {
        let state = match subject {
            Subject::Clock(timeout) => timeout.state(call, began_ns, now_ns),
            Subject::Read(fd) => readable(call, fd),
            Subject::Write(fd) => writable(call, fd),
        };
        let result = match state {
            Ok(State::After(left_ns)) => {
                wait.duration_ns = Some(wait.duration_ns.unwrap_or(u64::MAX).min(left_ns));
                continue;
            }
            Ok(State::WithStdin) => {
                wait.stdin = true;
                continue;
            }
            Ok(State::Happened(bytes)) => Ok(bytes),
            Err(errno) => Err(errno),
        };
        events.push(Event {
            userdata,
            subject,
            result,
        });
    }
    match events.is_empty() {
        true => Err(Stop::Wait(wait)),
        false => Ok(events),
    }
}

impl Timeout {
    /// `began_ns` is when the call was made, of which relative time-outs are.
    fn state(self, call: &mut Call<'_>, began_ns: u64, now_ns: u64) -> Result<State, Errno> {
        let left_ns = match (self.clock, self.is_absolute) {
            (ClockId::CpuTime, _) => return Err(Errno::NotSupported),
            // As on Linux, setting the realtime clock does not change how long this takes.
            (_, false) => began_ns.saturating_add(self.ns).saturating_sub(now_ns),
            (ClockId::Monotonic, true) => self.ns.saturating_sub(now_ns),
            (ClockId::Realtime, true) => self.ns.saturating_sub(call.host.realtime_ns()),
        };
        Ok(match left_ns {
            0 => State::Happened(0),
            _ => State::After(left_ns),
        })
    }
}

fn readable(call: &mut Call<'_>, fd: u32) -> Result<State, Errno> {
    let descriptor = call.ctx.descriptors.get(fd)?;
    descriptor.check(Rights::POLL_FD_READWRITE | Rights::FD_READ)?;
    match &descriptor.object {
        Object::Stream(stream) if stream.end == StreamEnd::Stdin => {
            // How many bytes there are is not known.
            Ok(match call.host.is_stdin_ready(call.ctx.stdin_position) {
                true => State::Happened(1),
                false => State::WithStdin,
            })
        }
        Object::File(file) => {
            let size = files(call.host)?.stat(file.source.id)?.size;
            Ok(State::Happened(size.saturating_sub(file.offset)))
        }
        Object::Stream(_) | Object::Directory(_) => Err(Errno::BadFd),
    }
}

/// Writing never waits, but for the write itself.
fn writable(call: &mut Call<'_>, fd: u32) -> Result<State, Errno> {
    const SOME: u64 = 65536;
    let descriptor = call.ctx.descriptors.get(fd)?;
    descriptor.check(Rights::POLL_FD_READWRITE | Rights::FD_WRITE)?;
    Ok(State::Happened(SOME))
}

impl Guest<'_> {
    fn subscriptions(
        &self,
        address: u32,
        count: u32,
        layout: SubscriptionLayout,
    ) -> Result<Vec<Subscription>, Errno> {
        let bytes = self.bytes(address, count * layout.size)?;
        let subscriptions = bytes.chunks_exact(layout.size as usize);
        let subscription = |bytes| Subscription::from_bytes(bytes, layout);
        subscriptions.map(subscription).collect()
    }
}

impl Subscription {
    fn from_bytes(bytes: &[u8], layout: SubscriptionLayout) -> Result<Self, Errno> {
        let number = |offset: usize| {
            let bytes = &bytes[offset..offset + 8];
            u64::from_le_bytes(bytes.try_into().expect("eight bytes"))
        };
        let word = |offset| number(offset) as u32;
        let subject = match bytes[8] {
            CLOCK => {
                let flags = SubClockFlags::from_guest(word(layout.flags) & 0xffff)?;
                Subject::Clock(Timeout {
                    clock: ClockId::from_guest(word(layout.clock))?,
                    ns: number(layout.timeout),
                    is_absolute: flags.intersects(SubClockFlags::ABSTIME),
                })
            }
            FD_READ => Subject::Read(word(16)),
            FD_WRITE => Subject::Write(word(16)),
            _ => return Err(Errno::Invalid),
        };
        Ok(Self {
            userdata: number(0),
            subject,
        })
    }
}

impl Event {
    fn to_bytes(&self) -> [u8; EVENT_SIZE as usize] {
        let mut bytes = [0; EVENT_SIZE as usize];
        let error = self.result.err().map_or(0, |errno| errno as u16);
        bytes[..8].copy_from_slice(&self.userdata.to_le_bytes());
        bytes[8..10].copy_from_slice(&error.to_le_bytes());
        bytes[10] = match self.subject {
            Subject::Clock(_) => CLOCK,
            Subject::Read(_) => FD_READ,
            Subject::Write(_) => FD_WRITE,
        };
        bytes[16..24].copy_from_slice(&self.result.unwrap_or(0).to_le_bytes());
        bytes
    }
}
