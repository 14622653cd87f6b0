//! WASI preview 1 as a guest calls it: nothing in between, so that every argument counts. With
//! the feature `preview-0` it is that preview, from what has another layout there to the names.

/// A descriptor.
pub type Fd = u32;
/// An error number.
pub type Errno = u32;

pub const ACCES: Errno = 2;
pub const BADF: Errno = 8;
pub const EXIST: Errno = 20;
pub const ILSEQ: Errno = 25;
pub const INVAL: Errno = 28;
pub const ISDIR: Errno = 31;
pub const LOOP: Errno = 32;
pub const MFILE: Errno = 33;
pub const NAMETOOLONG: Errno = 37;
pub const NOENT: Errno = 44;
pub const NOTDIR: Errno = 54;
pub const NOTEMPTY: Errno = 55;
pub const NOTSOCK: Errno = 57;
pub const NOTSUP: Errno = 58;
pub const PERM: Errno = 63;
pub const SPIPE: Errno = 70;
pub const NOTCAPABLE: Errno = 76;

pub const CREAT: u32 = 1;
pub const DIRECTORY: u32 = 2;
pub const EXCL: u32 = 4;
pub const TRUNC: u32 = 8;

pub const APPEND: u32 = 1;
pub const NONBLOCK: u32 = 4;
pub const SYNC: u32 = 16;

pub const FOLLOW: u32 = 1;

pub const IS_PREVIEW_0: bool = cfg!(feature = "preview-0");

pub const SET: u32 = if IS_PREVIEW_0 { 2 } else { 0 };
pub const CUR: u32 = if IS_PREVIEW_0 { 0 } else { 1 };
pub const END: u32 = if IS_PREVIEW_0 { 1 } else { 2 };

pub const CHARACTER_DEVICE: u8 = 2;
pub const DIR: u8 = 3;
pub const REGULAR_FILE: u8 = 4;
pub const SYMBOLIC_LINK: u8 = 7;

/// Rights, by their bits.
pub mod rights {
    pub const FD_DATASYNC: u64 = 1 << 0;
    pub const FD_READ: u64 = 1 << 1;
    pub const FD_SEEK: u64 = 1 << 2;
    pub const FD_FDSTAT_SET_FLAGS: u64 = 1 << 3;
    pub const FD_SYNC: u64 = 1 << 4;
    pub const FD_TELL: u64 = 1 << 5;
    pub const FD_WRITE: u64 = 1 << 6;
    pub const FD_ADVISE: u64 = 1 << 7;
    pub const FD_ALLOCATE: u64 = 1 << 8;
    pub const PATH_FILESTAT_SET_SIZE: u64 = 1 << 19;
    pub const FD_FILESTAT_GET: u64 = 1 << 21;
    pub const FD_FILESTAT_SET_SIZE: u64 = 1 << 22;
    pub const FD_FILESTAT_SET_TIMES: u64 = 1 << 23;
    pub const POLL_FD_READWRITE: u64 = 1 << 27;
    /// All that a directory is given when a program begins: 9 to 21, 23 to 26.
    pub const DIRECTORY: u64 = 0x3f_fe00 | (0xf << 23);
    /// All that a file can have.
    pub const FILE: u64 = 0x1ff | (7 << 21) | POLL_FD_READWRITE;
}

/// What is known of a descriptor.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FdStat {
    pub filetype: u8,
    pub flags: u16,
    pub base: u64,
    pub inheriting: u64,
}

/// A number of links.
#[cfg(not(feature = "preview-0"))]
pub type Links = u64;
/// A number of links.
#[cfg(feature = "preview-0")]
pub type Links = u32;

/// What is known of a file.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileStat {
    pub device: u64,
    pub inode: u64,
    pub filetype: u8,
    pub links: Links,
    pub size: u64,
    pub accessed: u64,
    pub modified: u64,
    pub changed: u64,
}

#[repr(C)]
struct IoVec(*mut u8, usize);

/// A subscription to a clock or, by its tag, a descriptor.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Subscription {
    pub userdata: u64,
    /// One byte, and room up to what follows.
    pub tag: u64,
    /// The descriptor; a name that nobody asks for, if it is a clock.
    #[cfg(feature = "preview-0")]
    pub descriptor: u64,
    /// Clock or descriptor; in preview 0 only a clock.
    pub subject: u32,
    pub timeout: u64,
    pub precision: u64,
    pub flags: u16,
}

/// What has happened.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Event {
    pub userdata: u64,
    pub error: u16,
    pub tag: u8,
    pub bytes: u64,
    pub flags: u16,
}

/// The calls themselves.
mod raw {
    use super::{Event, FdStat, FileStat, IoVec, Subscription};

    #[cfg_attr(
        not(feature = "preview-0"),
        link(wasm_import_module = "wasi_snapshot_preview1")
    )]
    #[cfg_attr(feature = "preview-0", link(wasm_import_module = "wasi_unstable"))]
    unsafe extern "C" {
        pub fn args_get(list: *mut *const u8, buffer: *mut u8) -> u32;
        pub safe fn args_sizes_get(count: &mut usize, size: &mut usize) -> u32;
        pub fn environ_get(list: *mut *const u8, buffer: *mut u8) -> u32;
        pub safe fn environ_sizes_get(count: &mut usize, size: &mut usize) -> u32;
        pub safe fn clock_res_get(id: u32, result: &mut u64) -> u32;
        pub safe fn clock_time_get(id: u32, precision: u64, result: &mut u64) -> u32;
        pub safe fn fd_advise(fd: u32, offset: u64, len: u64, advice: u32) -> u32;
        pub safe fn fd_allocate(fd: u32, offset: u64, len: u64) -> u32;
        pub safe fn fd_close(fd: u32) -> u32;
        pub safe fn fd_datasync(fd: u32) -> u32;
        pub safe fn fd_fdstat_get(fd: u32, result: &mut FdStat) -> u32;
        pub safe fn fd_fdstat_set_flags(fd: u32, flags: u32) -> u32;
        pub safe fn fd_fdstat_set_rights(fd: u32, base: u64, inheriting: u64) -> u32;
        pub safe fn fd_filestat_get(fd: u32, result: &mut FileStat) -> u32;
        pub safe fn fd_filestat_set_size(fd: u32, size: u64) -> u32;
        pub safe fn fd_filestat_set_times(fd: u32, atim: u64, mtim: u64, flags: u32) -> u32;
        pub fn fd_pread(fd: u32, list: *const IoVec, n: usize, at: u64, result: &mut usize) -> u32;
        pub safe fn fd_prestat_get(fd: u32, result: &mut [u32; 2]) -> u32;
        pub fn fd_prestat_dir_name(fd: u32, buffer: *mut u8, len: usize) -> u32;
        pub fn fd_pwrite(fd: u32, list: *const IoVec, n: usize, at: u64, result: &mut usize)
        -> u32;
        pub fn fd_read(fd: u32, list: *const IoVec, n: usize, result: &mut usize) -> u32;
        pub fn fd_readdir(
            fd: u32,
            buffer: *mut u8,
            len: usize,
            cookie: u64,
            result: &mut usize,
        ) -> u32;
        pub safe fn fd_renumber(from: u32, to: u32) -> u32;
        pub safe fn fd_seek(fd: u32, offset: i64, whence: u32, result: &mut u64) -> u32;
        pub safe fn fd_sync(fd: u32) -> u32;
        pub safe fn fd_tell(fd: u32, result: &mut u64) -> u32;
        pub fn fd_write(fd: u32, list: *const IoVec, n: usize, result: &mut usize) -> u32;
        pub fn path_create_directory(fd: u32, path: *const u8, len: usize) -> u32;
        pub fn path_filestat_get(
            fd: u32,
            lookup: u32,
            path: *const u8,
            len: usize,
            result: &mut FileStat,
        ) -> u32;
        pub fn path_filestat_set_times(
            fd: u32,
            lookup: u32,
            path: *const u8,
            len: usize,
            atim: u64,
            mtim: u64,
            flags: u32,
        ) -> u32;
        pub fn path_link(
            fd: u32,
            lookup: u32,
            path: *const u8,
            len: usize,
            new_fd: u32,
            new: *const u8,
            new_len: usize,
        ) -> u32;
        pub fn path_open(
            fd: u32,
            lookup: u32,
            path: *const u8,
            len: usize,
            oflags: u32,
            base: u64,
            inheriting: u64,
            fdflags: u32,
            result: &mut u32,
        ) -> u32;
        pub fn path_readlink(
            fd: u32,
            path: *const u8,
            len: usize,
            buffer: *mut u8,
            buffer_len: usize,
            result: &mut usize,
        ) -> u32;
        pub fn path_remove_directory(fd: u32, path: *const u8, len: usize) -> u32;
        pub fn path_rename(
            fd: u32,
            path: *const u8,
            len: usize,
            new_fd: u32,
            new: *const u8,
            new_len: usize,
        ) -> u32;
        pub fn path_symlink(
            target: *const u8,
            target_len: usize,
            fd: u32,
            path: *const u8,
            len: usize,
        ) -> u32;
        pub fn path_unlink_file(fd: u32, path: *const u8, len: usize) -> u32;
        pub fn poll_oneoff(
            subscriptions: *const Subscription,
            events: *mut Event,
            n: usize,
            result: &mut usize,
        ) -> u32;
        pub safe fn proc_raise(signal: u32) -> u32;
        pub fn random_get(buffer: *mut u8, len: usize) -> u32;
        pub safe fn sched_yield() -> u32;
        pub fn sock_recv(
            fd: u32,
            list: *const IoVec,
            n: usize,
            flags: u32,
            len: &mut usize,
            result_flags: &mut u32,
        ) -> u32;
        pub fn sock_send(fd: u32, list: *const IoVec, n: usize, flags: u32, len: &mut usize)
        -> u32;
        pub safe fn sock_shutdown(fd: u32, how: u32) -> u32;
    }

    #[cfg(not(feature = "preview-0"))]
    #[link(wasm_import_module = "wasi_snapshot_preview1")]
    unsafe extern "C" {
        pub safe fn sock_accept(fd: u32, flags: u32, result: &mut u32) -> u32;
    }
}

fn result<T>(errno: Errno, value: T) -> Result<T, Errno> {
    match errno {
        0 => Ok(value),
        errno => Err(errno),
    }
}

/// Defines calls that take numbers and return nothing.
macro_rules! plain {
    ($($name:ident($($arg:ident: $ty:ty),*);)*) => {$(
        pub fn $name($($arg: $ty),*) -> Result<(), Errno> {
            result(raw::$name($($arg),*), ())
        }
    )*};
}

plain! {
    fd_advise(fd: Fd, offset: u64, len: u64, advice: u32);
    fd_allocate(fd: Fd, offset: u64, len: u64);
    fd_close(fd: Fd);
    fd_datasync(fd: Fd);
    fd_fdstat_set_flags(fd: Fd, flags: u32);
    fd_fdstat_set_rights(fd: Fd, base: u64, inheriting: u64);
    fd_filestat_set_size(fd: Fd, size: u64);
    fd_filestat_set_times(fd: Fd, atim: u64, mtim: u64, flags: u32);
    fd_renumber(from: Fd, to: Fd);
    fd_sync(fd: Fd);
    proc_raise(signal: u32);
    sched_yield();
    sock_shutdown(fd: Fd, how: u32);
}

/// Defines calls that take numbers and return one thing.
macro_rules! getting {
    ($($name:ident($($arg:ident: $ty:ty),*) -> $result:ty;)*) => {$(
        pub fn $name($($arg: $ty),*) -> Result<$result, Errno> {
            let mut value = <$result>::default();
            result(raw::$name($($arg,)* &mut value), value)
        }
    )*};
}

getting! {
    clock_res_get(id: u32) -> u64;
    clock_time_get(id: u32, precision: u64) -> u64;
    fd_fdstat_get(fd: Fd) -> FdStat;
    fd_filestat_get(fd: Fd) -> FileStat;
    fd_prestat_get(fd: Fd) -> [u32; 2];
    fd_seek(fd: Fd, offset: i64, whence: u32) -> u64;
    fd_tell(fd: Fd) -> u64;
}

#[cfg(not(feature = "preview-0"))]
getting! {
    sock_accept(fd: Fd, flags: u32) -> u32;
}

/// The program's arguments.
pub fn args() -> Result<Vec<String>, Errno> {
    strings(raw::args_sizes_get, raw::args_get)
}

/// The program's environment, each variable as `NAME=value`.
pub fn environ() -> Result<Vec<String>, Errno> {
    strings(raw::environ_sizes_get, raw::environ_get)
}

fn strings(
    sizes: extern "C" fn(&mut usize, &mut usize) -> u32,
    get: unsafe extern "C" fn(*mut *const u8, *mut u8) -> u32,
) -> Result<Vec<String>, Errno> {
    let (mut count, mut size) = (0, 0);
    result(sizes(&mut count, &mut size), ())?;
    let mut list = vec![std::ptr::null(); count];
    let mut buffer = vec![0xff; size];
    // SAFETY: both are as long as the call itself has said.
    result(unsafe { get(list.as_mut_ptr(), buffer.as_mut_ptr()) }, ())?;
    let start = buffer.as_ptr();
    let string = |&at: &*const u8| {
        let rest = &buffer[at as usize - start as usize..];
        let len = rest.iter().position(|&byte| byte == 0);
        let string = &rest[..len.expect("a zero behind each")];
        String::from_utf8(string.to_vec()).expect("UTF-8")
    };
    Ok(list.iter().map(string).collect())
}

pub fn sock_recv<const N: usize>(fd: Fd, buffers: [&mut [u8]; N]) -> Result<usize, Errno> {
    let (list, mut len, mut flags) = (vecs(buffers), 0, 0);
    // SAFETY: the list is of buffers that are as long as is said.
    let errno = unsafe { raw::sock_recv(fd, list.as_ptr(), N, 0, &mut len, &mut flags) };
    result(errno, len)
}

pub fn sock_send<const N: usize>(fd: Fd, buffers: [&[u8]; N]) -> Result<usize, Errno> {
    let (list, mut len) = (const_vecs(buffers), 0);
    // SAFETY: as above; they are only read.
    let errno = unsafe { raw::sock_send(fd, list.as_ptr(), N, 0, &mut len) };
    result(errno, len)
}

pub fn fd_prestat_dir_name(fd: Fd, buffer: &mut [u8]) -> Result<(), Errno> {
    // SAFETY: the buffer is as long as is said.
    result(
        unsafe { raw::fd_prestat_dir_name(fd, buffer.as_mut_ptr(), buffer.len()) },
        (),
    )
}

fn vecs<const N: usize>(buffers: [&mut [u8]; N]) -> [IoVec; N] {
    buffers.map(|buffer| IoVec(buffer.as_mut_ptr(), buffer.len()))
}

fn const_vecs<const N: usize>(buffers: [&[u8]; N]) -> [IoVec; N] {
    buffers.map(|buffer| IoVec(buffer.as_ptr().cast_mut(), buffer.len()))
}

pub fn fd_read<const N: usize>(fd: Fd, buffers: [&mut [u8]; N]) -> Result<usize, Errno> {
    let (list, mut len) = (vecs(buffers), 0);
    // SAFETY: the list is of buffers that are as long as is said.
    result(unsafe { raw::fd_read(fd, list.as_ptr(), N, &mut len) }, len)
}

pub fn fd_pread<const N: usize>(fd: Fd, buffers: [&mut [u8]; N], at: u64) -> Result<usize, Errno> {
    let (list, mut len) = (vecs(buffers), 0);
    // SAFETY: as above.
    result(
        unsafe { raw::fd_pread(fd, list.as_ptr(), N, at, &mut len) },
        len,
    )
}

pub fn fd_write<const N: usize>(fd: Fd, buffers: [&[u8]; N]) -> Result<usize, Errno> {
    let (list, mut len) = (const_vecs(buffers), 0);
    // SAFETY: as above; they are only read.
    result(
        unsafe { raw::fd_write(fd, list.as_ptr(), N, &mut len) },
        len,
    )
}

pub fn fd_pwrite<const N: usize>(fd: Fd, buffers: [&[u8]; N], at: u64) -> Result<usize, Errno> {
    let (list, mut len) = (const_vecs(buffers), 0);
    // SAFETY: as above.
    result(
        unsafe { raw::fd_pwrite(fd, list.as_ptr(), N, at, &mut len) },
        len,
    )
}

pub fn fd_readdir(fd: Fd, buffer: &mut [u8], cookie: u64) -> Result<usize, Errno> {
    let mut len = 0;
    let (start, size) = (buffer.as_mut_ptr(), buffer.len());
    // SAFETY: the buffer is as long as is said.
    result(
        unsafe { raw::fd_readdir(fd, start, size, cookie, &mut len) },
        len,
    )
}

pub fn path_create_directory(fd: Fd, path: &str) -> Result<(), Errno> {
    // SAFETY: a string is as long as it says. So below.
    result(
        unsafe { raw::path_create_directory(fd, path.as_ptr(), path.len()) },
        (),
    )
}

pub fn path_filestat_get(fd: Fd, lookup: u32, path: &str) -> Result<FileStat, Errno> {
    let mut stat = FileStat::default();
    // SAFETY: as above.
    let errno = unsafe { raw::path_filestat_get(fd, lookup, path.as_ptr(), path.len(), &mut stat) };
    result(errno, stat)
}

pub fn path_filestat_set_times(
    fd: Fd,
    lookup: u32,
    path: &str,
    atim: u64,
    mtim: u64,
    flags: u32,
) -> Result<(), Errno> {
    let (start, len) = (path.as_ptr(), path.len());
    // SAFETY: as above.
    let errno = unsafe { raw::path_filestat_set_times(fd, lookup, start, len, atim, mtim, flags) };
    result(errno, ())
}

pub fn path_link(fd: Fd, lookup: u32, path: &str, new_fd: Fd, new: &str) -> Result<(), Errno> {
    let (start, len) = (path.as_ptr(), path.len());
    // SAFETY: as above.
    let errno = unsafe { raw::path_link(fd, lookup, start, len, new_fd, new.as_ptr(), new.len()) };
    result(errno, ())
}

/// How to open a path; without any, nothing may be done with it.
#[derive(Clone, Copy, Default)]
pub struct Open {
    pub lookup: u32,
    pub oflags: u32,
    pub base: u64,
    pub inheriting: u64,
    pub fdflags: u32,
}

pub fn path_open(fd: Fd, path: impl AsRef<[u8]>, open: Open) -> Result<Fd, Errno> {
    let (path, mut opened) = (path.as_ref(), 0);
    // SAFETY: as above.
    let errno = unsafe {
        raw::path_open(
            fd,
            open.lookup,
            path.as_ptr(),
            path.len(),
            open.oflags,
            open.base,
            open.inheriting,
            open.fdflags,
            &mut opened,
        )
    };
    result(errno, opened)
}

pub fn path_readlink(fd: Fd, path: &str, buffer: &mut [u8]) -> Result<usize, Errno> {
    let mut len = 0;
    let (start, size) = (buffer.as_mut_ptr(), buffer.len());
    // SAFETY: as above.
    let errno = unsafe { raw::path_readlink(fd, path.as_ptr(), path.len(), start, size, &mut len) };
    result(errno, len)
}

pub fn path_remove_directory(fd: Fd, path: &str) -> Result<(), Errno> {
    // SAFETY: as above.
    result(
        unsafe { raw::path_remove_directory(fd, path.as_ptr(), path.len()) },
        (),
    )
}

pub fn path_rename(fd: Fd, path: &str, new_fd: Fd, new: &str) -> Result<(), Errno> {
    let (start, len) = (path.as_ptr(), path.len());
    // SAFETY: as above.
    result(
        unsafe { raw::path_rename(fd, start, len, new_fd, new.as_ptr(), new.len()) },
        (),
    )
}

pub fn path_symlink(target: &str, fd: Fd, path: &str) -> Result<(), Errno> {
    let (start, len) = (target.as_ptr(), target.len());
    // SAFETY: as above.
    result(
        unsafe { raw::path_symlink(start, len, fd, path.as_ptr(), path.len()) },
        (),
    )
}

pub fn path_unlink_file(fd: Fd, path: &str) -> Result<(), Errno> {
    // SAFETY: as above.
    result(
        unsafe { raw::path_unlink_file(fd, path.as_ptr(), path.len()) },
        (),
    )
}

pub fn poll_oneoff(subscriptions: &[Subscription]) -> Result<Vec<Event>, Errno> {
    let mut events = vec![Event::default(); subscriptions.len()];
    let (start, len) = (subscriptions.as_ptr(), subscriptions.len());
    let mut count = 0;
    // SAFETY: there is an event for each subscription.
    let errno = unsafe { raw::poll_oneoff(start, events.as_mut_ptr(), len, &mut count) };
    events.truncate(count);
    result(errno, events)
}

pub fn random_get(buffer: &mut [u8]) -> Result<(), Errno> {
    // SAFETY: the buffer is as long as is said.
    result(
        unsafe { raw::random_get(buffer.as_mut_ptr(), buffer.len()) },
        (),
    )
}
