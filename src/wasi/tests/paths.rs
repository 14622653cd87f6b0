//! Paths, and the rights of descriptors.

use super::{Fixture, PATHS, RESULT};
use crate::wasi::path::{self, OpenArgs, PathAt};
use crate::wasi::rights::Rights;
use crate::wasi::{Errno, FileId, FileSystem, MAX_DESCRIPTORS, fd};
use alloc::string::String;

const CREAT: u32 = 1;
const DIRECTORY: u32 = 2;
const EXCL: u32 = 4;
const TRUNC: u32 = 8;

/// All rights and no flags.
const OPEN: OpenArgs = OpenArgs {
    lookup: 0,
    oflags: 0,
    rights: u64::MAX,
    inheriting: u64::MAX,
    fdflags: 0,
};

impl Fixture {
    fn path_at(&mut self, fd: u32, path: &[u8]) -> PathAt {
        self.put_bytes(PATHS, path);
        PathAt(fd, PATHS, path.len() as u32)
    }

    fn open(&mut self, fd: u32, path: &str, args: OpenArgs) -> Result<u32, Errno> {
        let at = self.path_at(fd, path.as_bytes());
        path::open(&mut self.call(), at, args, RESULT)?;
        Ok(self.word(RESULT))
    }

    /// Opens a file that may be new for reading and writing.
    pub(super) fn create(&mut self, path: &str) -> u32 {
        let rights = Rights::FILE.0;
        let args = OpenArgs {
            rights,
            oflags: CREAT,
            ..OPEN
        };
        self.open(3, path, args).unwrap()
    }

    pub(super) fn open_dir(&mut self, path: &str) -> u32 {
        let args = OpenArgs {
            rights: Rights::DIRECTORY.0,
            oflags: DIRECTORY,
            ..OPEN
        };
        self.open(3, path, args).unwrap()
    }

    pub(super) fn make_dir(&mut self, path: &str) {
        let at = self.path_at(3, path.as_bytes());
        path::create_directory(&mut self.call(), at).unwrap();
    }

    pub(super) fn remove_dir(&mut self, path: &str) {
        let at = self.path_at(3, path.as_bytes());
        path::remove_directory(&mut self.call(), at).unwrap();
    }

    pub(super) fn unlink(&mut self, path: &str) {
        let at = self.path_at(3, path.as_bytes());
        path::unlink_file(&mut self.call(), at).unwrap();
    }

    pub(super) fn rename(&mut self, old: &str, new: &str) {
        let new = self.path_at(3, new.as_bytes());
        self.put_bytes(2 * PATHS, old.as_bytes());
        let old = PathAt(3, 2 * PATHS, old.len() as u32);
        path::rename(&mut self.call(), old, new).unwrap();
    }

    /// Changes files behind the program's back, in its directory.
    pub(super) fn files_of_someone_else(
        &mut self,
        change: impl FnOnce(&mut dyn FileSystem, FileId),
    ) {
        use crate::wasi::{OpenOptions, Place};
        const SOMEONE: FileId = FileId(u64::MAX);
        let place = Place {
            preopen: "/".into(),
            path: String::new(),
        };
        let files = self.files();
        files
            .attach(SOMEONE, &place, OpenOptions::default())
            .unwrap();
        change(files, SOMEONE);
        files.close(SOMEONE);
    }
}

#[test]
fn paths_that_cannot_be_are_refused_each_with_its_error() {
    let mut f = Fixture::with_files();
    let cases: [(&[u8], Errno); 5] = [
        (b"", Errno::NoEntry),
        (b"/file", Errno::NotPermitted),
        (b"file\0", Errno::Invalid),
        (b"\xff", Errno::IllegalSequence),
        (&[b'x'; 4096], Errno::NameTooLong),
    ];
    for (path, expected) in cases {
        let at = f.path_at(3, path);
        let result = path::create_directory(&mut f.call(), at);
        assert_eq!(result, Err(expected), "{path:?}");
    }
    let outside = PathAt(3, 65535, 2);
    let result = path::unlink_file(&mut f.call(), outside);
    assert_eq!(result, Err(Errno::Fault));
    let file = f.create("file");
    for (fd, expected) in [
        (0, Errno::NotDirectory),
        (file, Errno::NotDirectory),
        (9, Errno::BadFd),
    ] {
        assert_eq!(f.open(fd, "x", OPEN), Err(expected));
    }
}

#[test]
fn symbolic_links_are_relative_and_read_in_part() {
    let mut f = Fixture::with_files();
    let at = f.path_at(3, b"link");
    f.put_bytes(2000, b"/target");
    let absolute = path::symlink(&mut f.call(), (2000, 7), at);
    assert_eq!(absolute, Err(Errno::NotPermitted));
    assert_eq!(path::symlink(&mut f.call(), (2001, 6), at), Ok(()));
    assert_eq!(
        path::readlink(&mut f.call(), at, (3000, 10), RESULT),
        Ok(())
    );
    assert_eq!(
        (f.word(RESULT), &f.memory[3000..3010]),
        (6, &b"target\0\0\0\0"[..])
    );
    assert_eq!(path::readlink(&mut f.call(), at, (3100, 4), RESULT), Ok(()));
    assert_eq!((f.word(RESULT), &f.memory[3100..3105]), (4, &b"targ\0"[..]));
    let follows = path::link(&mut f.call(), at, 1, at);
    assert_eq!(follows, Err(Errno::Invalid));
}

#[test]
fn flags_that_do_not_go_together_are_refused() {
    let mut f = Fixture::with_files();
    for oflags in [
        DIRECTORY | CREAT,
        DIRECTORY | TRUNC,
        DIRECTORY | CREAT | EXCL,
        16,
    ] {
        let args = OpenArgs { oflags, ..OPEN };
        assert_eq!(f.open(3, "x", args), Err(Errno::Invalid), "{oflags}");
    }
    let args = OpenArgs {
        fdflags: 32,
        ..OPEN
    };
    assert_eq!(f.open(3, "x", args), Err(Errno::Invalid));
    let args = OpenArgs { lookup: 2, ..OPEN };
    assert_eq!(f.open(3, "x", args), Err(Errno::Invalid));
    let exclusive = OpenArgs {
        oflags: CREAT | EXCL,
        ..OPEN
    };
    f.create("x");
    assert_eq!(f.open(3, "x", exclusive), Err(Errno::Exists));
}

#[test]
fn a_directory_is_not_opened_for_writing() {
    let mut f = Fixture::with_files();
    let args = OpenArgs {
        rights: (Rights::FD_READ | Rights::FD_WRITE).0,
        ..OPEN
    };
    let open = f.files().open_count();
    assert_eq!(f.open(3, ".", args), Err(Errno::IsDirectory));
    assert_eq!(f.files().open_count(), open);
    let args = OpenArgs {
        rights: Rights::FD_READ.0,
        oflags: DIRECTORY,
        ..OPEN
    };
    let dir = f.open(3, ".", args).unwrap();
    assert_eq!(f.ctx.descriptors.get(dir).unwrap().rights, Rights::NONE);
}

#[test]
fn rights_come_from_the_directory_and_mean_something_for_the_file() {
    let mut f = Fixture::with_files();
    let file = f
        .open(
            3,
            "file",
            OpenArgs {
                oflags: CREAT,
                ..OPEN
            },
        )
        .unwrap();
    assert_eq!(f.ctx.descriptors.get(file).unwrap().rights, Rights::FILE);
    let passed_on = Rights::FD_READ | Rights::FD_SYNC;
    let narrow = OpenArgs {
        rights: Rights::PATH_OPEN.0,
        inheriting: passed_on.0,
        oflags: DIRECTORY,
        ..OPEN
    };
    let dir = f.open(3, ".", narrow).unwrap();
    assert_eq!(f.ctx.descriptors.get(dir).unwrap().inheriting, passed_on);
    let with = |rights: Rights, fdflags, oflags| OpenArgs {
        rights: rights.0,
        inheriting: 0,
        fdflags,
        oflags,
        lookup: 0,
    };
    let denied = Err(Errno::NotCapable);
    assert_eq!(f.open(dir, "file", with(Rights::FD_WRITE, 0, 0)), denied);
    assert_eq!(f.open(dir, "file", with(Rights::NONE, 0, CREAT)), denied);
    assert_eq!(f.open(dir, "file", with(Rights::NONE, 0, TRUNC)), denied);
    assert!(f.open(dir, "file", with(Rights::FD_READ, 16, 0)).is_ok());
    let at = f.path_at(dir, b"file");
    assert_eq!(
        path::unlink_file(&mut f.call(), at),
        denied.map(|_: u32| ())
    );
    let fewer = fd::fdstat_set_rights(&mut f.call(), dir, Rights::PATH_OPEN.0, Rights::FD_READ.0);
    assert_eq!(fewer, Ok(()));
    assert_eq!(f.open(dir, "file", with(Rights::FD_READ, 16, 0)), denied);
    let more = fd::fdstat_set_rights(&mut f.call(), dir, 0, passed_on.0);
    assert_eq!(more, Err(Errno::NotCapable));
}

#[test]
fn operations_without_the_right_are_refused() {
    let mut f = Fixture::with_files();
    let none = OpenArgs {
        rights: 0,
        inheriting: 0,
        oflags: CREAT,
        ..OPEN
    };
    let file = f.open(3, "file", none).unwrap();
    let c = &mut f.call();
    let denied = Err(Errno::NotCapable);
    assert_eq!(fd::seek(c, file, 0, 0, RESULT), denied);
    assert_eq!(fd::tell(c, file, RESULT), denied);
    assert_eq!(fd::allocate(c, file, 0, 1), denied);
    assert_eq!(fd::filestat_get(c, file, RESULT), denied);
    assert_eq!(fd::filestat_set_size(c, file, 1), denied);
    assert_eq!(fd::filestat_set_times(c, file, 0, 0, 0), denied);
    assert_eq!(fd::fdstat_set_flags(c, file, 0), denied);
    assert_eq!(fd::advise(c, file, 0, 0, 0), denied);
    assert_eq!(fd::fdstat_get(c, file, RESULT), Ok(()));
}

#[test]
fn times_cannot_be_given_and_now_at_once() {
    let mut f = Fixture::with_files();
    let file = f.create("file");
    for flags in [3, 12, 16] {
        let result = fd::filestat_set_times(&mut f.call(), file, 1, 2, flags);
        assert_eq!(result, Err(Errno::Invalid));
    }
    let modified = |f: &mut Fixture| {
        fd::filestat_get(&mut f.call(), file, RESULT).unwrap();
        f.long(RESULT + 48)
    };
    assert_eq!(fd::filestat_set_times(&mut f.call(), file, 1, 2, 4), Ok(()));
    assert_eq!(modified(&mut f), 2);
    assert_eq!(fd::filestat_set_times(&mut f.call(), file, 1, 5, 8), Ok(()));
    assert_eq!(modified(&mut f), 1_000_000);
}

#[test]
fn preopened_directories_tell_their_names_until_they_are_closed_or_replaced() {
    let mut f = Fixture::with_files();
    assert_eq!(fd::prestat_get(&mut f.call(), 3, RESULT), Ok(()));
    assert_eq!((f.word(RESULT), f.word(RESULT + 4)), (0, 1));
    let short = fd::prestat_dir_name(&mut f.call(), 3, 0, 0);
    assert_eq!(short, Err(Errno::NameTooLong));
    assert_eq!(fd::prestat_dir_name(&mut f.call(), 3, 0, 2), Ok(()));
    assert_eq!(f.memory[0], b'/');
    f.make_dir("dir");
    let dir = f.open_dir("dir");
    assert_eq!(fd::renumber(&mut f.call(), dir, 3), Ok(()));
    let gone = fd::prestat_get(&mut f.call(), 3, RESULT);
    assert_eq!(gone, Err(Errno::BadFd));
    assert_eq!(f.files().open_count(), 1);
    f.thaw();
    f.create("in-dir");
    assert_eq!(fd::close(&mut f.call(), 3), Ok(()));
}

#[test]
fn there_is_an_end_to_descriptors() {
    let mut f = Fixture::with_files();
    for _ in 4..MAX_DESCRIPTORS {
        f.create("file");
    }
    let args = OpenArgs {
        oflags: CREAT,
        ..OPEN
    };
    assert_eq!(f.open(3, "new", args), Err(Errno::TooManyFiles));
    let at = f.path_at(3, b"new");
    let missing = path::unlink_file(&mut f.call(), at);
    assert_eq!(missing, Err(Errno::NoEntry), "nothing was created");
}
