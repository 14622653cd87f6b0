//! The WASI state of a program: all of the host that a guest can remember.

use super::attach::Unnamed;
use super::clock::GuestClock;
use super::descriptors::Descriptors;
use super::state::StateError;
use super::{Wait, Waited, WasiHost};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// The WASI state of one program. Serialised with the store.
///
/// # Time
///
/// The realtime clock is the host's. The monotonic clock is the program's own: it
/// begins at zero, runs with the host's while the program is on a host, and
/// stands still while it is frozen, so that it never goes backwards, whichever
/// machine thaws it, and no time-out expires for having been frozen: a program that was
/// frozen while it slept sleeps for the rest of the time. Only a time-out that names a moment
/// of the realtime clock may be over when it is thawed. The CPU-time clocks are the monotonic
/// clock without the time that was spent waiting.
///
/// # Files
///
/// A file or directory that is open when the program is frozen is found again by its path
/// in the directory that the program was given, wherever that is on the host that thaws it,
/// and whatever is in it by then. If it is gone, the program cannot be thawed, and
/// [`AttachError`](super::AttachError) names it. A file that had no name any more when the
/// program was frozen is in the image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WasiCtx {
    args: Vec<Vec<u8>>,
    env: Vec<Vec<u8>>,
    pub(super) random: Random,
    pub(super) descriptors: Descriptors,
    /// What is open and has no name, while the program is frozen.
    pub(super) unnamed: Vec<Unnamed>,
    pub(super) stdin_position: u64,
    pub(super) clock: GuestClock,
    pub(super) waiting: Option<Waiting>,
    /// Whether the program is together with a host.
    #[serde(skip)]
    pub(super) is_attached: bool,
}

/// A call that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Waiting {
    /// The program's monotonic time when the call was made.
    pub(super) began_ns: u64,
    /// That at which the wait ends by itself.
    until_ns: Option<u64>,
    stdin: bool,
}

/// Where `random_get` takes its bytes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Random {
    /// The host's entropy. Programs that are thawed from one image get other bytes each.
    #[default]
    Host,
    /// A generator with this state (SplitMix64): the same seed gives the same
    /// bytes, before and after a thaw. Predictable, so not for secrets.
    Seeded(u64),
}

/// Most bytes of all arguments, and of the whole environment, terminators included.
pub(super) const MAX_STRINGS_SIZE: usize = 1 << 20;

impl WasiCtx {
    /// Makes the state of a program that has not begun, all three streams open. `args` begins
    /// with the program's name; `env` holds `NAME=value` strings.
    ///
    /// # Errors
    ///
    /// [`StateError::NulInString`], [`StateError::StringsTooLarge`].
    pub fn new(args: Vec<Vec<u8>>, env: Vec<Vec<u8>>, random: Random) -> Result<Self, StateError> {
        let ctx = Self {
            args,
            env,
            random,
            ..Self::default()
        };
        ctx.validate()?;
        Ok(ctx)
    }

    /// The arguments, the program's name first.
    pub fn args(&self) -> &[Vec<u8>] {
        &self.args
    }

    /// The environment, as `NAME=value`.
    pub fn env(&self) -> &[Vec<u8>] {
        &self.env
    }

    /// How many bytes the guest has read from standard input.
    pub fn stdin_position(&self) -> u64 {
        self.stdin_position
    }

    /// What the call waits for with which the program was suspended; None if it does not wait.
    ///
    /// A wait for a moment of the realtime clock is told as that clock was when the
    /// call was last made, so it may be over sooner if the program has been frozen since.
    pub fn pending_wait(&mut self, host: &mut dyn WasiHost) -> Option<Wait> {
        let now_ns = self.clock.now_ns(host);
        let waiting = self.waiting.as_ref()?;
        let duration = |until_ns: u64| until_ns.saturating_sub(now_ns);
        Some(Wait {
            duration_ns: waiting.until_ns.map(duration),
            stdin: waiting.stdin,
        })
    }

    /// Remembers what the call that is being made waits for.
    pub(super) fn note_wait(&mut self, host: &mut dyn WasiHost, wait: Wait) {
        let now_ns = self.clock.now_ns(host);
        let began_ns = self.waiting.as_ref().map_or(now_ns, |known| known.began_ns);
        let until = |duration_ns| now_ns.saturating_add(duration_ns);
        self.waiting = Some(Waiting {
            began_ns,
            until_ns: wait.duration_ns.map(until),
            stdin: wait.stdin,
        });
    }

    /// Waits for a while.
    pub(super) fn wait(&mut self, host: &mut dyn WasiHost, wait: Wait) -> Waited {
        let now_ns = self.clock.now_ns(host);
        let waited = host.wait(wait);
        let waited_ns = self.clock.now_ns(host) - now_ns;
        self.clock.add_waited(waited_ns);
        waited
    }

    /// Forgets what a pending call waits for: whoever completes such a call in its place
    /// ([`Store::complete_pending_call`](crate::runtime::Store::complete_pending_call)) says so.
    pub fn forget_wait(&mut self) {
        self.waiting = None;
    }

    /// Brings everything up to date, for serialisation. The monotonic clock stands still from
    /// here.
    pub(super) fn settle(&mut self, host: &mut dyn WasiHost) -> Result<(), StateError> {
        self.clock.settle(host);
        self.settle_files(host)
    }

    /// Checks what the guest-visible calls rely on.
    pub(super) fn validate(&self) -> Result<(), StateError> {
        for strings in [&self.args, &self.env] {
            let size = strings_size(strings);
            if size > MAX_STRINGS_SIZE {
                return Err(StateError::StringsTooLarge {
                    size,
                    limit: MAX_STRINGS_SIZE,
                });
            }
            if strings.iter().any(|string| string.contains(&0)) {
                return Err(StateError::NulInString);
            }
        }
        match self.descriptors.is_valid(self.unnamed.len()) {
            true => Ok(()),
            false => Err(StateError::Descriptors),
        }
    }
}

/// Bytes that strings take in guest memory, each with its terminator.
pub(super) fn strings_size(strings: &[Vec<u8>]) -> usize {
    strings.iter().map(|string| string.len() + 1).sum()
}
