//! The WASI state of a program: all of the host that a guest can remember.

use super::WasiHost;
use super::state::StateError;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// The WASI state of one program. Serialised with the store.
///
/// # Clocks
///
/// The realtime clock is the host's. The monotonic clock is the program's own: it
/// begins at zero, runs with the host's while the program is on a host, and
/// stands still while it is frozen, so that it never goes backwards, whichever
/// machine thaws it, and no time-out expires for having been frozen. The
/// CPU-time clocks are the monotonic clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WasiCtx {
    args: Vec<Vec<u8>>,
    env: Vec<Vec<u8>>,
    random: Random,
    /// Whether descriptors 0, 1 and 2 are open.
    open: [bool; 3],
    stdin_position: u64,
    /// The program's monotonic time when `clock_base` was taken, or when it was frozen.
    elapsed_ns: u64,
    /// The host's monotonic time at `elapsed_ns`; None until the clock is first
    /// read on this host.
    #[serde(skip)]
    clock_base: Option<u64>,
}

/// Where `random_get` takes its bytes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Random {
    /// The host's entropy.
    #[default]
    Host,
    /// A generator with this state (SplitMix64): the same seed gives the same
    /// bytes, before and after a thaw. Predictable, so not for secrets.
    Seeded(u64),
}

/// Most bytes of all arguments, and of the whole environment, terminators included.
pub(super) const MAX_STRINGS_SIZE: usize = 1 << 20;

impl Default for WasiCtx {
    /// A program without arguments and environment, all three streams open.
    fn default() -> Self {
        Self {
            args: Vec::new(),
            env: Vec::new(),
            random: Random::Host,
            open: [true; 3],
            stdin_position: 0,
            elapsed_ns: 0,
            clock_base: None,
        }
    }
}

impl WasiCtx {
    /// Makes the state of a program that has not begun. `args` begins with the
    /// program's name; `env` holds `NAME=value` strings.
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

    /// The program's monotonic time in nanoseconds.
    pub(super) fn monotonic_ns(&mut self, host: &mut dyn WasiHost) -> u64 {
        let now = host.monotonic_ns();
        let base = *self.clock_base.get_or_insert(now);
        self.elapsed_ns.saturating_add(now.saturating_sub(base))
    }

    /// Starts the monotonic clock on this host, unless it runs.
    pub(super) fn start_clock(&mut self, host: &mut dyn WasiHost) {
        self.monotonic_ns(host);
    }

    /// Brings `elapsed_ns` up to date, for serialisation.
    pub(super) fn settle_clock(&mut self, host: &mut dyn WasiHost) {
        self.elapsed_ns = self.monotonic_ns(host);
        self.clock_base = Some(host.monotonic_ns());
    }

    pub(super) fn random_mut(&mut self) -> &mut Random {
        &mut self.random
    }

    pub(super) fn is_open(&self, fd: u32) -> bool {
        self.open.get(fd as usize).copied().unwrap_or(false)
    }

    pub(super) fn close(&mut self, fd: u32) {
        if let Some(open) = self.open.get_mut(fd as usize) {
            *open = false;
        }
    }

    pub(super) fn advance_stdin(&mut self, bytes: usize) {
        self.stdin_position = self.stdin_position.saturating_add(bytes as u64);
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
        Ok(())
    }
}

impl Random {
    /// The next eight bytes of the generator with this state (Steele, Lea, Flood:
    /// Fast splittable pseudorandom number generators, 2014).
    pub(super) fn next(state: &mut u64) -> u64 {
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// Bytes that strings take in guest memory, each with its terminator.
pub(super) fn strings_size(strings: &[Vec<u8>]) -> usize {
    strings.iter().map(|string| string.len() + 1).sum()
}
