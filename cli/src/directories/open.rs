//! Opens paths beneath a directory.

use super::Open;
use cap_fs_ext::{
    FollowSymlinks, OpenOptionsFollowExt, OpenOptionsMaybeDirExt, OpenOptionsSyncExt,
};
use cap_std::fs::{Dir, OpenOptions as CapOptions};
use std::io;
use woodfrog::wasi::OpenOptions;

/// Opens what a path names.
///
/// # Errors
///
/// Those of Linux's `openat`, and EPERM for a path that leads out of the directory.
pub(super) fn open(dir: &Dir, path: &str, options: OpenOptions) -> io::Result<Open> {
    if options.directory && (options.create || options.truncate) {
        return Err(rustix::io::Errno::INVAL.into());
    }
    let file = dir.open_with(path, &translate(options))?;
    if file.metadata()?.is_dir() {
        return Ok(Open::Directory(Dir::from_std_file(file.into_std())));
    }
    match options.directory {
        true => Err(rustix::io::Errno::NOTDIR.into()),
        false => Ok(Open::File(file)),
    }
}

/// What cap-std is asked for. That it be a directory is checked afterwards, so that a
/// symbolic link that is not to be followed is ELOOP and not ENOTDIR.
fn translate(options: OpenOptions) -> CapOptions {
    // Linux wants one of the two, and to make or empty a file is to write it.
    let write = options.write || options.create || options.truncate;
    let mut cap_options = CapOptions::new();
    cap_options
        .read(options.read || !write)
        .write(write)
        .create(options.create)
        .create_new(options.create && options.exclusive)
        .truncate(options.truncate)
        // Opening would otherwise wait for someone at the other end of a named pipe.
        .nonblock(true)
        .sync(options.sync)
        .maybe_dir(true)
        .follow(match options.follow {
            true => FollowSymlinks::Yes,
            false => FollowSymlinks::No,
        });
    cap_options
}
