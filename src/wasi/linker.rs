//! WASI as imports: every call of preview 1, and of preview 0, with its type.

use super::files::Sync;
use super::guest::{Call, Guest, GuestMemory, Stop};
use super::io::Buffers;
use super::path::{OpenArgs, PathAt};
use super::preview::Preview;
use super::{Exit, Waited, Wasi};
use super::{args, clock, fd, io, path, poll, process, random, readdir};
use crate::runtime::{CallError, Caller, HostError, Linker, MemoryAccessError, Pending};

/// The import module name of WASI preview 1.
pub const MODULE_NAME: &str = Preview::One.module_name();

/// The import module name of preview 0, which older programs import.
pub const PREVIEW_0_MODULE_NAME: &str = Preview::Zero.module_name();

/// The name under which a guest must export the memory that its pointers mean.
const MEMORY_NAME: &str = "memory";

/// Defines functions, each with its parameters as `witx` has them and what it does with them.
macro_rules! define {
    ($linker:ident, $wasi:ident, $preview:expr;
        $($name:ident($call:ident $(, $arg:ident: $ty:ty)*) => $body:expr;)*) => {$(
        $linker.func_wrap(
            $preview.module_name(),
            stringify!($name),
            move |mut caller: Caller<'_, T> $(, $arg: $ty)*| {
                run(&mut caller, &$wasi, $preview, |$call| $body.map_err(Stop::from))
            },
        );
    )*};
}

/// Defines every function of WASI preview 1, and of preview 0. `wasi` finds the program's state
/// and outside world in the store's data.
///
/// A call from an instance that exports no memory named `memory` is a host error.
pub fn add_to_linker<T: 'static>(
    linker: &mut Linker<T>,
    wasi: impl for<'a> Fn(&'a mut T) -> Wasi<'a> + Copy + Send + core::marker::Sync + 'static,
) {
    for preview in [Preview::Zero, Preview::One] {
        add_preview(linker, wasi, preview);
    }
    define! { linker, wasi, Preview::One;
        sock_accept(c, fd: u32, _flags: u32, _result: u32) => process::socket(c, fd);
    }
}

/// Defines the functions that both previews have.
fn add_preview<T: 'static>(
    linker: &mut Linker<T>,
    wasi: impl for<'a> Fn(&'a mut T) -> Wasi<'a> + Copy + Send + core::marker::Sync + 'static,
    preview: Preview,
) {
    define! { linker, wasi, preview;
        args_get(c, argv: u32, buf: u32) => args::args_get(c, argv, buf);
        args_sizes_get(c, argc: u32, size: u32) => args::args_sizes_get(c, argc, size);
        environ_get(c, environ: u32, buf: u32) => args::environ_get(c, environ, buf);
        environ_sizes_get(c, count: u32, size: u32) => args::environ_sizes_get(c, count, size);
        clock_res_get(c, id: u32, res: u32) => clock::res_get(c, id, res);
        clock_time_get(c, id: u32, _precision: u64, time: u32) => clock::time_get(c, id, time);
        fd_advise(c, fd: u32, offset: u64, len: u64, advice: u32) =>
            fd::advise(c, fd, offset, len, advice);
        fd_allocate(c, fd: u32, offset: u64, len: u64) => fd::allocate(c, fd, offset, len);
        fd_close(c, fd: u32) => fd::close(c, fd);
        fd_datasync(c, fd: u32) => fd::sync(c, fd, Sync::Data);
        fd_fdstat_get(c, fd: u32, stat: u32) => fd::fdstat_get(c, fd, stat);
        fd_fdstat_set_flags(c, fd: u32, flags: u32) => fd::fdstat_set_flags(c, fd, flags);
        fd_fdstat_set_rights(c, fd: u32, base: u64, inheriting: u64) =>
            fd::fdstat_set_rights(c, fd, base, inheriting);
        fd_filestat_get(c, fd: u32, stat: u32) => fd::filestat_get(c, fd, stat);
        fd_filestat_set_size(c, fd: u32, size: u64) => fd::filestat_set_size(c, fd, size);
        fd_filestat_set_times(c, fd: u32, atim: u64, mtim: u64, flags: u32) =>
            fd::filestat_set_times(c, fd, atim, mtim, flags);
        fd_pread(c, fd: u32, list: u32, count: u32, offset: u64, result: u32) =>
            io::pread(c, fd, Buffers { list, count, result }, offset);
        fd_prestat_get(c, fd: u32, stat: u32) => fd::prestat_get(c, fd, stat);
        fd_prestat_dir_name(c, fd: u32, path: u32, len: u32) =>
            fd::prestat_dir_name(c, fd, path, len);
        fd_pwrite(c, fd: u32, list: u32, count: u32, offset: u64, result: u32) =>
            io::pwrite(c, fd, Buffers { list, count, result }, offset);
        fd_read(c, fd: u32, list: u32, count: u32, result: u32) =>
            io::read(c, fd, Buffers { list, count, result });
        fd_readdir(c, fd: u32, buf: u32, len: u32, cookie: u64, used: u32) =>
            readdir::readdir(c, fd, (buf, len), cookie, used);
        fd_renumber(c, from: u32, to: u32) => fd::renumber(c, from, to);
        fd_seek(c, fd: u32, offset: i64, whence: u32, result: u32) =>
            fd::seek(c, fd, offset, whence, result);
        fd_sync(c, fd: u32) => fd::sync(c, fd, Sync::All);
        fd_tell(c, fd: u32, result: u32) => fd::tell(c, fd, result);
        fd_write(c, fd: u32, list: u32, count: u32, result: u32) =>
            io::write(c, fd, Buffers { list, count, result });
        path_create_directory(c, fd: u32, path: u32, len: u32) =>
            path::create_directory(c, PathAt(fd, path, len));
        path_filestat_get(c, fd: u32, lookup: u32, path: u32, len: u32, stat: u32) =>
            path::filestat_get(c, PathAt(fd, path, len), lookup, stat);
        path_filestat_set_times(
            c, fd: u32, lookup: u32, path: u32, len: u32, atim: u64, mtim: u64, flags: u32
        ) => path::filestat_set_times(c, PathAt(fd, path, len), lookup, (atim, mtim), flags);
        path_link(c, fd: u32, lookup: u32, path: u32, len: u32, new_fd: u32, new: u32, new_len: u32)
            => path::link(c, PathAt(fd, path, len), lookup, PathAt(new_fd, new, new_len));
        path_open(
            c, fd: u32, lookup: u32, path: u32, len: u32, oflags: u32,
            rights: u64, inheriting: u64, fdflags: u32, result: u32
        ) => path::open(
            c,
            PathAt(fd, path, len),
            OpenArgs { lookup, oflags, rights, inheriting, fdflags },
            result,
        );
        path_readlink(c, fd: u32, path: u32, len: u32, buf: u32, buf_len: u32, used: u32) =>
            path::readlink(c, PathAt(fd, path, len), (buf, buf_len), used);
        path_remove_directory(c, fd: u32, path: u32, len: u32) =>
            path::remove_directory(c, PathAt(fd, path, len));
        path_rename(c, fd: u32, path: u32, len: u32, new_fd: u32, new: u32, new_len: u32) =>
            path::rename(c, PathAt(fd, path, len), PathAt(new_fd, new, new_len));
        path_symlink(c, target: u32, target_len: u32, fd: u32, path: u32, len: u32) =>
            path::symlink(c, (target, target_len), PathAt(fd, path, len));
        path_unlink_file(c, fd: u32, path: u32, len: u32) =>
            path::unlink_file(c, PathAt(fd, path, len));
        poll_oneoff(c, subscriptions: u32, events: u32, count: u32, result: u32) =>
            poll::oneoff(c, subscriptions, events, count, result);
        proc_raise(_c, signal: u32) => process::raise(signal);
        random_get(c, buf: u32, len: u32) => random::get(c, buf, len);
        sched_yield(_c) => process::sched_yield();
        sock_recv(
            c, fd: u32, _list: u32, _count: u32, _flags: u32, _result: u32, _result_flags: u32
        ) => process::socket(c, fd);
        sock_send(c, fd: u32, _list: u32, _count: u32, _flags: u32, _result: u32) =>
            process::socket(c, fd);
        sock_shutdown(c, fd: u32, _how: u32) => process::socket(c, fd);
    }
    linker.func_wrap(preview.module_name(), "proc_exit", |status: u32| {
        Err::<(), _>(HostError::new(Exit(status)))
    });
}

/// Makes a call, again and again while it has to wait, and returns the error number for the
/// guest, or 0. A call that waits leaves the store if somebody wants it suspended, and is made
/// once more when it is resumed.
fn run<T: 'static>(
    caller: &mut Caller<'_, T>,
    wasi: &impl for<'a> Fn(&'a mut T) -> Wasi<'a>,
    preview: Preview,
    act: impl Fn(&mut Call<'_>) -> Result<(), Stop>,
) -> Result<u32, HostError> {
    let memory = caller.get_memory(MEMORY_NAME);
    let memory = memory.ok_or(MemoryAccessError::NoMemory)?;
    loop {
        let (memory, data) = memory.ranges_and_store_mut(caller);
        let Wasi { ctx, host } = wasi(data);
        ctx.attach(host).map_err(HostError::new)?;
        let mut call = Call {
            ctx,
            host,
            preview,
            guest: Guest::new(GuestMemory::Store(memory)),
        };
        let result = act(&mut call);
        let Call {
            ctx, host, guest, ..
        } = call;
        if let Some(error) = guest.into_missing() {
            return Err(CallError::Page(error).into());
        }
        let wait = match result {
            Err(Stop::Wait(wait)) => wait,
            result => {
                ctx.waiting = None;
                return match result {
                    Ok(()) => Ok(0),
                    Err(Stop::Errno(errno)) => Ok(u32::from(errno as u16)),
                    Err(Stop::Exit(status)) => Err(HostError::new(Exit(status))),
                    Err(Stop::Wait(_)) => unreachable!("taken above"),
                };
            }
        };
        ctx.note_wait(host, wait);
        if caller.is_suspend_requested() {
            return Err(Pending.into());
        }
        let Wasi { ctx, host } = wasi(caller.data_mut());
        match ctx.wait(host, wait) {
            Waited::Awhile => {}
            Waited::Suspend => return Err(Pending.into()),
        }
    }
}
