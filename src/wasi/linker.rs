//! WASI preview 1 as imports: every call of the module, with its type.

use super::calls::{self, Args, Call};
use super::guest::Guest;
use super::{Exit, Wasi};
use crate::abi::{FuncType, ValType, Value};
use crate::runtime::{Caller, HostError, Linker};
use ValType::{I32, I64};

/// The import module name of WASI preview 1.
pub const MODULE_NAME: &str = "wasi_snapshot_preview1";

/// The name under which a guest must export the memory that its pointers mean.
const MEMORY_NAME: &str = "memory";

/// Defines every function of WASI preview 1. `wasi` finds the program's state
/// and outside world in the store's data.
///
/// A call from an instance that exports no memory named `memory` is a host error.
pub fn add_to_linker<T: 'static>(
    linker: &mut Linker<T>,
    wasi: impl for<'a> Fn(&'a mut T) -> Wasi<'a> + Copy + Send + Sync + 'static,
) {
    for &(name, params, call) in CALLS {
        let ty = FuncType::new(params, [I32]);
        linker.func(MODULE_NAME, name, ty, move |mut caller, args, results| {
            results[0] = Value::I32(run(&mut caller, &wasi, call, args)?);
            Ok(())
        });
    }
    let ty = FuncType::new([I32], []);
    linker.func(MODULE_NAME, "proc_exit", ty, |_, args, _| {
        Err(HostError::new(Exit(Args(args).u32(0))))
    });
}

fn run<T: 'static>(
    caller: &mut Caller<'_, T>,
    wasi: &impl for<'a> Fn(&'a mut T) -> Wasi<'a>,
    call: Call,
    args: &[Value],
) -> Result<i32, HostError> {
    let (memory, data) = caller
        .memory_and_data(MEMORY_NAME)
        .map_err(HostError::new)?;
    Ok(
        match call(&mut wasi(data), &mut Guest(memory), &Args(args)) {
            Ok(()) => 0,
            Err(errno) => i32::from(errno as u16),
        },
    )
}

/// Name, parameters and implementation of every call that returns an error
/// number, which is all but `proc_exit`.
const CALLS: &[(&str, &[ValType], Call)] = &[
    ("args_get", &[I32, I32], calls::args_get),
    ("args_sizes_get", &[I32, I32], calls::args_sizes_get),
    ("environ_get", &[I32, I32], calls::environ_get),
    ("environ_sizes_get", &[I32, I32], calls::environ_sizes_get),
    ("clock_res_get", &[I32, I32], calls::clock_res_get),
    ("clock_time_get", &[I32, I64, I32], calls::clock_time_get),
    ("fd_advise", &[I32, I64, I64, I32], calls::not_implemented),
    ("fd_allocate", &[I32, I64, I64], calls::not_implemented),
    ("fd_close", &[I32], calls::fd_close),
    ("fd_datasync", &[I32], calls::not_implemented),
    ("fd_fdstat_get", &[I32, I32], calls::fd_fdstat_get),
    ("fd_fdstat_set_flags", &[I32, I32], calls::not_implemented),
    (
        "fd_fdstat_set_rights",
        &[I32, I64, I64],
        calls::not_implemented,
    ),
    ("fd_filestat_get", &[I32, I32], calls::not_implemented),
    ("fd_filestat_set_size", &[I32, I64], calls::not_implemented),
    (
        "fd_filestat_set_times",
        &[I32, I64, I64, I32],
        calls::not_implemented,
    ),
    (
        "fd_pread",
        &[I32, I32, I32, I64, I32],
        calls::not_implemented,
    ),
    ("fd_prestat_get", &[I32, I32], calls::fd_prestat),
    ("fd_prestat_dir_name", &[I32, I32, I32], calls::fd_prestat),
    (
        "fd_pwrite",
        &[I32, I32, I32, I64, I32],
        calls::not_implemented,
    ),
    ("fd_read", &[I32, I32, I32, I32], calls::fd_read),
    (
        "fd_readdir",
        &[I32, I32, I32, I64, I32],
        calls::not_implemented,
    ),
    ("fd_renumber", &[I32, I32], calls::not_implemented),
    ("fd_seek", &[I32, I64, I32, I32], calls::fd_seek),
    ("fd_sync", &[I32], calls::not_implemented),
    ("fd_tell", &[I32, I32], calls::not_implemented),
    ("fd_write", &[I32, I32, I32, I32], calls::fd_write),
    (
        "path_create_directory",
        &[I32, I32, I32],
        calls::not_implemented,
    ),
    ("path_filestat_get", &[I32; 5], calls::not_implemented),
    (
        "path_filestat_set_times",
        &[I32, I32, I32, I32, I64, I64, I32],
        calls::not_implemented,
    ),
    ("path_link", &[I32; 7], calls::not_implemented),
    (
        "path_open",
        &[I32, I32, I32, I32, I32, I64, I64, I32, I32],
        calls::not_implemented,
    ),
    ("path_readlink", &[I32; 6], calls::not_implemented),
    ("path_remove_directory", &[I32; 3], calls::not_implemented),
    ("path_rename", &[I32; 6], calls::not_implemented),
    ("path_symlink", &[I32; 5], calls::not_implemented),
    ("path_unlink_file", &[I32; 3], calls::not_implemented),
    ("poll_oneoff", &[I32; 4], calls::not_implemented),
    ("proc_raise", &[I32], calls::not_implemented),
    ("random_get", &[I32, I32], calls::random_get),
    ("sched_yield", &[], calls::sched_yield),
    ("sock_accept", &[I32; 3], calls::not_implemented),
    ("sock_recv", &[I32; 6], calls::not_implemented),
    ("sock_send", &[I32; 5], calls::not_implemented),
    ("sock_shutdown", &[I32, I32], calls::not_implemented),
];
