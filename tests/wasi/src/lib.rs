//! Checks of what WASI preview 1 promises, each an export that returns 0, or the line of the
//! check that failed, which is also told on standard error.
//!
//! They check what the public test suite of preview 1 checks, and some more. Each has an empty
//! directory, `/`, for itself. What is left open at the end of one, or removed while it is
//! open, is so on purpose: the program may be frozen at any point.

mod directories;
mod files;
mod links;
mod paths;
mod rights;
mod streams;
#[allow(
    missing_docs,
    dead_code,
    reason = "a list of what the specification has"
)]
mod wasi;

use wasi::{Errno, Fd, Open, rights as right};

/// Where a check failed.
type Failed = (&'static str, u32);
type Outcome = Result<(), Failed>;

/// Fails unless the condition holds.
macro_rules! check {
    ($condition:expr) => {
        if !$condition {
            return Err((file!(), line!()));
        }
    };
}

/// Fails unless a call succeeds, and is what it returns.
macro_rules! ok {
    ($call:expr) => {
        match $call {
            Ok(value) => value,
            Err(errno) => {
                $crate::tell(&format!("errno {errno} "));
                return Err((file!(), line!()));
            }
        }
    };
}

/// Fails unless a call fails with one of these error numbers.
macro_rules! fails {
    ($call:expr, $($errno:ident)|+) => {
        match $call {
            Err(errno) if [$($crate::wasi::$errno),+].contains(&errno) => {}
            other => {
                $crate::tell(&format!("{other:?} "));
                return Err((file!(), line!()));
            }
        }
    };
}

pub(crate) use {check, fails, ok};

/// Exports checks, which get a descriptor of the directory.
macro_rules! export {
    ($($module:ident: $($name:ident)*;)*) => {$($(
        #[unsafe(export_name = stringify!($name))]
        extern "C" fn $name() -> u32 {
            report(root().and_then($module::$name))
        }
    )*)*
        /// All checks.
        const CHECKS: &[(&str, fn(Fd) -> Outcome)] = &[$($((stringify!($name), $module::$name)),*),*];
    };
}

export! {
    directories: readdir readdir_many directory_operations directory_seek close_preopen
        overwrite_preopen preopen_rights removed_directory inodes;
    files: seek_tell pread_pwrite truncation allocate_and_advise set_size_and_times
        times_that_contradict rights_of_files times_by_path append_flags pwrite_appending unbuffered_write read_write
        removed_while_open renumber descriptors_end not_a_terminal;
    links: dangling nofollow loops create_symlinks symlink_times symlink_trailing_slashes
        read_link hard_links;
    paths: interesting_paths exists open_missing open_existing not_a_directory nonblocking
        rename_files rename_trailing_slashes remove_directory remove_nonempty unlink_trailing_slashes;
    rights: set_rights truncation_rights read_without_rights;
    streams: poll_streams sleeping sleeping_with_a_file clocks random_bytes
        renumber_streams sockets arguments signals
        bad_descriptors yields;
}

/// Checks that want descriptors as a program has them at its beginning, or leave none for others,
/// or a certain environment, or streams that are no terminal, as a kernel's are.
const ALONE: [&str; 9] = [
    "close_preopen",
    "overwrite_preopen",
    "preopen_rights",
    "descriptors_end",
    "renumber_streams",
    "bad_descriptors",
    "arguments",
    "not_a_terminal",
    "sleeping_with_a_file",
];

/// Runs all checks that can share a program, each in a directory of its own, and prints of each
/// whether it holds. Returns whether all do.
pub fn run_all() -> bool {
    let mut failed = 0;
    for (name, check) in CHECKS {
        if ALONE.contains(name) {
            continue;
        }
        let result = match in_directory(name, *check) {
            Ok(()) => "holds".to_owned(),
            Err((file, line)) => format!("fails at {file}:{line}"),
        };
        failed += u32::from(result != "holds");
        println!("{name} {result}");
    }
    println!("{failed} of {} fail", CHECKS.len() - ALONE.len());
    failed == 0
}

fn in_directory(name: &str, check: fn(Fd) -> Outcome) -> Outcome {
    let root = root()?;
    ok!(wasi::path_create_directory(root, name));
    check(open_as(root, name, root)?)
}

fn report(outcome: Outcome) -> u32 {
    match outcome {
        Ok(()) => 0,
        Err((file, line)) => {
            tell(&format!("{file}:{line}\n"));
            line
        }
    }
}

/// Writes to standard error.
fn tell(text: &str) {
    // There is nobody to tell that this did not work.
    let _ = wasi::fd_write(2, [text.as_bytes()]);
}

/// Opens the directory that the program was given, with all that it may do.
fn root() -> Result<Fd, Failed> {
    let given = ok!(wasi::fd_prestat_get(3));
    check!(given == [0, 1]);
    let mut name = [0];
    ok!(wasi::fd_prestat_dir_name(3, &mut name));
    check!(name == *b"/");
    open_as(3, ".", 3)
}

/// Opens a directory in `dir` with the rights of `like`.
fn open_as(dir: Fd, path: &str, like: Fd) -> Result<Fd, Failed> {
    let stat = ok!(wasi::fd_fdstat_get(like));
    let open = Open {
        oflags: wasi::DIRECTORY,
        base: stat.base,
        inheriting: stat.inheriting,
        ..Open::default()
    };
    Ok(ok!(wasi::path_open(dir, path, open)))
}

/// Opens a file for reading and writing, and makes it if need be.
fn create(dir: Fd, path: &str) -> Result<Fd, Errno> {
    let open = Open {
        oflags: wasi::CREAT,
        base: right::FILE,
        ..Open::default()
    };
    wasi::path_open(dir, path, open)
}

/// Makes an empty file.
fn touch(dir: Fd, path: &str) -> Result<(), Errno> {
    wasi::fd_close(create(dir, path)?)
}

/// Opens a directory, with all that may be done with one.
fn open_dir(dir: Fd, path: &str) -> Result<Fd, Errno> {
    let open = Open {
        oflags: wasi::DIRECTORY,
        base: right::DIRECTORY,
        inheriting: right::DIRECTORY | right::FILE,
        ..Open::default()
    };
    wasi::path_open(dir, path, open)
}

/// Opens a path with no rights at all.
fn open(dir: Fd, path: &str, oflags: u32) -> Result<Fd, Errno> {
    let open = Open {
        oflags,
        ..Open::default()
    };
    wasi::path_open(dir, path, open)
}

/// As [`open`], and follows a symbolic link.
fn open_following(dir: Fd, path: &str, oflags: u32) -> Result<Fd, Errno> {
    let open = Open {
        oflags,
        lookup: wasi::FOLLOW,
        ..Open::default()
    };
    wasi::path_open(dir, path, open)
}
