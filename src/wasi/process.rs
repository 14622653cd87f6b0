//! Calls that concern the process, and sockets, which there are none of.

use super::Errno;
use super::guest::{Call, Stop};

/// `proc_raise(signal)`: does what Linux does with a signal that a process has not asked to
/// handle. Those that end it do so with the status that a shell gives, 128 and the signal's
/// number; those that would stop it are ENOTSUP, because nobody could let it go on.
pub(super) fn raise(signal: u32) -> Result<(), Stop> {
    const CHLD: u32 = 16;
    const CONT: u32 = 17;
    const STOP: u32 = 18;
    const TTOU: u32 = 21;
    const URG: u32 = 22;
    const WINCH: u32 = 27;
    const SYS: u32 = 30;
    match signal {
        0 | CHLD | CONT | URG | WINCH => Ok(()),
        STOP..=TTOU => Err(Errno::NotSupported.into()),
        1..=SYS => Err(Stop::Exit(128 + signal)),
        _ => Err(Errno::Invalid.into()),
    }
}

/// `sched_yield()`: there is only one thread.
pub(super) fn sched_yield() -> Result<(), Errno> {
    Ok(())
}

/// `sock_accept`, `sock_recv`, `sock_send` and `sock_shutdown`, by their descriptor: nothing
/// that can be open is a socket.
pub(super) fn socket(call: &mut Call<'_>, fd: u32) -> Result<(), Errno> {
    call.ctx.descriptors.get(fd)?;
    Err(Errno::NotSocket)
}
