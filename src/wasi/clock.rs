//! Time as a program sees it, and the calls that tell it.

use super::guest::Call;
use super::{Errno, WasiHost};
use serde::{Deserialize, Serialize};

/// A program's monotonic time, and how much of it was spent waiting.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct GuestClock {
    /// The program's monotonic time when `base` was taken, or when it was frozen.
    elapsed_ns: u64,
    waited_ns: u64,
    /// The host's monotonic time at `elapsed_ns`; None until the clock is started
    /// on this host.
    #[serde(skip)]
    base: Option<u64>,
}

impl GuestClock {
    /// The program's monotonic time.
    pub(super) fn now_ns(&mut self, host: &mut dyn WasiHost) -> u64 {
        let now = host.monotonic_ns();
        let base = *self.base.get_or_insert(now);
        self.elapsed_ns.saturating_add(now.saturating_sub(base))
    }

    /// The program's time without what it has spent waiting.
    fn cpu_ns(&mut self, host: &mut dyn WasiHost) -> u64 {
        self.now_ns(host).saturating_sub(self.waited_ns)
    }

    /// Starts the clock on this host, unless it runs.
    pub(super) fn start(&mut self, host: &mut dyn WasiHost) {
        self.now_ns(host);
    }

    /// Brings `elapsed_ns` up to date, for serialisation.
    pub(super) fn settle(&mut self, host: &mut dyn WasiHost) {
        self.elapsed_ns = self.now_ns(host);
        self.base = Some(host.monotonic_ns());
    }

    /// Counts time that was spent waiting.
    pub(super) fn add_waited(&mut self, duration_ns: u64) {
        self.waited_ns = self.waited_ns.saturating_add(duration_ns);
    }
}

/// A clock (`witx` type `clockid`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClockId {
    Realtime,
    Monotonic,
    /// Of the process or of its only thread.
    CpuTime,
}

impl ClockId {
    pub(super) fn from_guest(id: u32) -> Result<Self, Errno> {
        match id {
            0 => Ok(Self::Realtime),
            1 => Ok(Self::Monotonic),
            2 | 3 => Ok(Self::CpuTime),
            _ => Err(Errno::Invalid),
        }
    }
}

/// `clock_res_get(id, resolution)`
pub(super) fn res_get(call: &mut Call<'_>, id: u32, resolution: u32) -> Result<(), Errno> {
    ClockId::from_guest(id)?;
    let resolution_ns = call.host.clock_resolution_ns();
    call.guest.write_u64(resolution, resolution_ns)
}

/// `clock_time_get(id, precision, time)`
pub(super) fn time_get(call: &mut Call<'_>, id: u32, time: u32) -> Result<(), Errno> {
    let clock = &mut call.ctx.clock;
    let time_ns = match ClockId::from_guest(id)? {
        ClockId::Realtime => call.host.realtime_ns(),
        ClockId::Monotonic => clock.now_ns(call.host),
        ClockId::CpuTime => clock.cpu_ns(call.host),
    };
    call.guest.write_u64(time, time_ns)
}
