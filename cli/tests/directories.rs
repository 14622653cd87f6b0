//! Directories of Linux, as a program sees them: what works, the error numbers, and that no
//! path leads out.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use woodfrog::wasi::{Errno, FileId, FileKind, FileSystem, OpenOptions, Place, SetTimes, Sync};
use woodfrog_cli::directories::Directories;

const ROOT: FileId = FileId(3);
const FILE: FileId = FileId(4);
const OTHER: FileId = FileId(5);

const READ: OpenOptions = OpenOptions {
    read: true,
    write: false,
    create: false,
    exclusive: false,
    truncate: false,
    directory: false,
    follow: true,
    sync: false,
};
const CREATE: OpenOptions = OpenOptions {
    write: true,
    create: true,
    ..READ
};
const DIRECTORY: OpenOptions = OpenOptions {
    directory: true,
    ..READ
};
const NO_FOLLOW: OpenOptions = OpenOptions {
    follow: false,
    ..READ
};

/// A directory `inside` that was given to the program as `/data`, and another beside it.
struct World {
    outer: TempDir,
    files: Directories,
}

impl World {
    fn new() -> Self {
        let outer = TempDir::new().expect("a temporary directory");
        fs::create_dir(outer.path().join("inside")).unwrap();
        fs::create_dir(outer.path().join("outside")).unwrap();
        fs::write(outer.path().join("outside/secret"), "secret").unwrap();
        let files = attached(&outer.path().join("inside"));
        Self { outer, files }
    }

    fn inside(&self, path: &str) -> PathBuf {
        self.outer.path().join("inside").join(path)
    }

    fn open(&mut self, path: &str, options: OpenOptions) -> Result<FileKind, Errno> {
        self.files.close(FILE);
        self.files.open(FILE, ROOT, path, options)
    }

    /// The directories as after a thaw: nothing is open yet.
    fn thaw(&mut self) {
        self.files = attached(&self.inside(""));
    }
}

fn attached(inside: &Path) -> Directories {
    let mut files = Directories::new();
    files.add(inside, "/data").unwrap();
    let kind = files.attach(ROOT, &place(""), DIRECTORY);
    assert_eq!(kind, Ok(FileKind::Directory));
    files
}

fn place(path: &str) -> Place {
    Place {
        preopen: "/data".into(),
        path: path.into(),
    }
}

#[test]
fn no_path_leads_out() {
    let mut world = World::new();
    let outside = world.outer.path().join("outside");
    symlink(&outside, world.inside("absolute")).unwrap();
    symlink("../outside", world.inside("relative")).unwrap();
    symlink("/", world.inside("root")).unwrap();
    symlink("chain2", world.inside("chain1")).unwrap();
    symlink("dir/../relative", world.inside("chain2")).unwrap();
    fs::create_dir(world.inside("dir")).unwrap();
    symlink("../..", world.inside("dir/up")).unwrap();
    symlink("../outside/secret", world.inside("file")).unwrap();
    fs::write(world.inside("own"), "own").unwrap();
    let absolute = format!("{}/secret", outside.display());
    let paths = [
        "..",
        "../outside/secret",
        "dir/../../outside/secret",
        "absolute/secret",
        "relative/secret",
        "root/etc/passwd",
        "chain1/secret",
        "dir/up/outside/secret",
        &absolute,
    ];
    let denied = Err(Errno::NotPermitted);
    for path in paths {
        let files = &mut world.files;
        assert_eq!(
            files.open(FILE, ROOT, path, READ),
            denied.map(|()| FileKind::Unknown),
            "{path}"
        );
        assert_eq!(
            files.open(FILE, ROOT, path, CREATE),
            denied.map(|()| FileKind::Unknown),
            "{path}"
        );
        for follow in [false, true] {
            assert_eq!(
                files.stat_at(ROOT, path, follow).map(|_| ()),
                denied,
                "{path}"
            );
            let times = SetTimes {
                accessed_ns: Some(0),
                modified_ns: Some(0),
            };
            assert_eq!(
                files.set_times_at(ROOT, path, follow, times),
                denied,
                "{path}"
            );
        }
        assert_eq!(files.read_link(ROOT, path).map(|_| ()), denied, "{path}");
        if path == ".." {
            continue;
        }
        assert_eq!(files.create_dir(ROOT, path), denied, "{path}");
        assert_eq!(files.remove_dir(ROOT, path), denied, "{path}");
        assert_eq!(files.unlink(ROOT, path), denied, "{path}");
        assert_eq!(files.symlink("x", ROOT, path), denied, "{path}");
        assert_eq!(files.rename(ROOT, "own", ROOT, path), denied, "{path}");
        assert_eq!(files.rename(ROOT, path, ROOT, "stolen"), denied, "{path}");
        assert_eq!(files.link(ROOT, "own", ROOT, path), denied, "{path}");
        assert_eq!(files.link(ROOT, path, ROOT, "stolen"), denied, "{path}");
    }
    // What a link itself is may be known, and where it leads as long as that is relative.
    let files = &mut world.files;
    assert_eq!(
        files.open(FILE, ROOT, "file", READ),
        Err(Errno::NotPermitted)
    );
    assert_eq!(files.stat_at(ROOT, "file", true).map(|_| ()), denied);
    assert_eq!(
        files.stat_at(ROOT, "file", false).unwrap().kind,
        FileKind::SymbolicLink
    );
    assert_eq!(
        files.read_link(ROOT, "relative").as_deref(),
        Ok("../outside")
    );
    assert_eq!(files.read_link(ROOT, "absolute").map(|_| ()), denied);
    assert_eq!(files.symlink("/etc/passwd", ROOT, "new"), denied);
    let secret = fs::read_to_string(outside.join("secret")).unwrap();
    assert_eq!(
        (secret.as_str(), fs::read_dir(outside).unwrap().count()),
        ("secret", 1)
    );
}

#[test]
fn a_link_that_takes_a_file_s_place_while_it_is_frozen_is_not_followed() {
    let mut world = World::new();
    fs::create_dir(world.inside("dir")).unwrap();
    fs::write(world.inside("dir/file"), "own").unwrap();
    world.open("dir/file", READ).unwrap();
    let found = world.files.place(FILE).unwrap();
    assert_eq!(found, place("dir/file"));

    fs::remove_file(world.inside("dir/file")).unwrap();
    world.thaw();
    assert_eq!(world.files.attach(FILE, &found, READ), Err(Errno::NoEntry));
    symlink("../../outside/secret", world.inside("dir/file")).unwrap();
    assert_eq!(world.files.attach(FILE, &found, READ), Err(Errno::Loop));
    fs::remove_dir_all(world.inside("dir")).unwrap();
    symlink("../outside", world.inside("dir")).unwrap();
    let secret = place("dir/secret");
    assert_eq!(
        world.files.attach(FILE, &secret, READ),
        Err(Errno::NotPermitted)
    );
}

#[test]
fn a_file_is_found_again_under_the_name_that_it_has_then() {
    let mut world = World::new();
    fs::create_dir(world.inside("dir")).unwrap();
    symlink("dir/file", world.inside("link")).unwrap();
    world.open("link", CREATE).unwrap();
    assert_eq!(world.files.place(FILE), Some(place("dir/file")));
    world.files.rename(ROOT, "dir", ROOT, "moved").unwrap();
    let found = world.files.place(FILE).unwrap();
    assert_eq!(found, place("moved/file"));
    world.files.write_at(FILE, 0, b"first").unwrap();

    world.thaw();
    let truncating = OpenOptions {
        truncate: true,
        exclusive: true,
        ..CREATE
    };
    assert_eq!(
        world.files.attach(FILE, &found, truncating),
        Ok(FileKind::RegularFile)
    );
    let mut buffer = [0; 10];
    assert_eq!(world.files.read_at(FILE, 0, &mut buffer), Ok(5));
    assert_eq!(&buffer[..5], b"first");

    world.files.unlink(ROOT, "moved/file").unwrap();
    assert_eq!(world.files.place(FILE), None);
    assert_eq!(world.files.read_at(FILE, 0, &mut buffer), Ok(5));
    assert_eq!(world.files.place(ROOT), Some(place("")));
    let elsewhere = Place {
        preopen: "/other".into(),
        ..place("")
    };
    assert_eq!(
        world.files.attach(OTHER, &elsewhere, DIRECTORY),
        Err(Errno::NoEntry)
    );
}

#[test]
fn what_has_no_name_is_made_anew_without_one() {
    let mut world = World::new();
    let files = [(FILE, CREATE), (OTHER, CREATE)];
    let kind = FileKind::RegularFile;
    let made = world.files.attach_unnamed(&files, kind, b"contents");
    assert_eq!(made, Ok(()));
    assert_eq!(world.files.append(OTHER, b"!"), Ok((1, 9)));
    let mut buffer = [0; 9];
    assert_eq!(world.files.read_at(FILE, 0, &mut buffer), Ok(9));
    assert_eq!(&buffer, b"contents!");
    assert_eq!(world.files.stat(FILE).unwrap().links, 0);
    assert_eq!(world.files.place(FILE), None);

    let files = [(FILE, DIRECTORY)];
    let made = world.files.attach_unnamed(&files, FileKind::Directory, b"");
    assert_eq!(made, Ok(()));
    assert_eq!(world.files.list(FILE), Ok(vec![]));
    let made = world.files.open(FileId(9), FILE, "x", CREATE);
    assert_eq!(made, Err(Errno::NoEntry));
    assert_eq!(world.files.place(FILE), None);
}

#[test]
fn opening_tells_apart_what_is_there() {
    let mut world = World::new();
    fs::create_dir(world.inside("dir")).unwrap();
    fs::write(world.inside("file"), "0123456789").unwrap();
    symlink("file", world.inside("link")).unwrap();
    symlink("dir", world.inside("dirlink")).unwrap();
    symlink("loop", world.inside("loop")).unwrap();
    symlink("made", world.inside("dangling")).unwrap();
    let exclusive = OpenOptions {
        exclusive: true,
        ..CREATE
    };
    let write = OpenOptions {
        write: true,
        ..READ
    };
    let long = "n".repeat(256);
    let expected = [
        ("file", READ, Ok(FileKind::RegularFile)),
        ("dir", READ, Ok(FileKind::Directory)),
        ("dir/", READ, Ok(FileKind::Directory)),
        (".", DIRECTORY, Ok(FileKind::Directory)),
        ("dir/..", DIRECTORY, Ok(FileKind::Directory)),
        (".//dir/./", DIRECTORY, Ok(FileKind::Directory)),
        ("file", DIRECTORY, Err(Errno::NotDirectory)),
        ("file/", READ, Err(Errno::NotDirectory)),
        ("file/x", READ, Err(Errno::NotDirectory)),
        ("none", READ, Err(Errno::NoEntry)),
        ("none/x", CREATE, Err(Errno::NoEntry)),
        ("none/", CREATE, Err(Errno::IsDirectory)),
        ("dir", write, Err(Errno::IsDirectory)),
        ("dir", CREATE, Err(Errno::IsDirectory)),
        (
            "dir",
            OpenOptions {
                truncate: true,
                ..READ
            },
            Err(Errno::IsDirectory),
        ),
        ("file", exclusive, Err(Errno::Exists)),
        ("dir", exclusive, Err(Errno::Exists)),
        ("dangling", exclusive, Err(Errno::Exists)),
        (
            "none",
            OpenOptions {
                create: true,
                ..DIRECTORY
            },
            Err(Errno::Invalid),
        ),
        ("link", READ, Ok(FileKind::RegularFile)),
        ("link", NO_FOLLOW, Err(Errno::Loop)),
        (
            "dirlink",
            OpenOptions {
                follow: false,
                ..DIRECTORY
            },
            Err(Errno::Loop),
        ),
        (
            "dirlink/",
            OpenOptions {
                follow: false,
                ..DIRECTORY
            },
            Ok(FileKind::Directory),
        ),
        ("dirlink/../file", NO_FOLLOW, Ok(FileKind::RegularFile)),
        ("loop", READ, Err(Errno::Loop)),
        ("dangling", READ, Err(Errno::NoEntry)),
        ("dangling", CREATE, Ok(FileKind::RegularFile)),
        (&long, CREATE, Err(Errno::NameTooLong)),
    ];
    for (path, options, result) in expected {
        assert_eq!(world.open(path, options), result, "{path} {options:?}");
    }
    assert!(world.inside("made").exists());
    assert!(!world.inside("none").exists());
    world
        .open(
            "file",
            OpenOptions {
                truncate: true,
                ..write
            },
        )
        .unwrap();
    assert_eq!(world.files.stat(FILE).unwrap().size, 0);
    assert_eq!(
        world.files.open(OTHER, FILE, "x", READ),
        Err(Errno::NotDirectory)
    );
    assert_eq!(
        world.files.open(OTHER, FileId(9), "x", READ),
        Err(Errno::BadFd)
    );
}

#[test]
fn names_are_changed_as_on_linux() {
    let mut world = World::new();
    for dir in ["empty", "empty2", "full"] {
        world.files.create_dir(ROOT, dir).unwrap();
    }
    for file in ["file", "full/file"] {
        fs::write(world.inside(file), file).unwrap();
    }
    let files = &mut world.files;
    assert_eq!(files.create_dir(ROOT, "file"), Err(Errno::Exists));
    assert_eq!(files.create_dir(ROOT, "slash/"), Ok(()));
    assert_eq!(files.remove_dir(ROOT, "slash/"), Ok(()));
    assert_eq!(files.remove_dir(ROOT, "full"), Err(Errno::NotEmpty));
    assert_eq!(files.remove_dir(ROOT, "file"), Err(Errno::NotDirectory));
    assert_eq!(files.remove_dir(ROOT, "none"), Err(Errno::NoEntry));
    assert_eq!(files.remove_dir(ROOT, "."), Err(Errno::Invalid));
    assert_eq!(files.unlink(ROOT, "empty"), Err(Errno::IsDirectory));
    assert_eq!(files.unlink(ROOT, "file/"), Err(Errno::NotDirectory));
    assert_eq!(files.unlink(ROOT, "none"), Err(Errno::NoEntry));
    assert_eq!(
        files.rename(ROOT, "file", ROOT, "empty"),
        Err(Errno::IsDirectory)
    );
    assert_eq!(
        files.rename(ROOT, "empty", ROOT, "file"),
        Err(Errno::NotDirectory)
    );
    assert_eq!(
        files.rename(ROOT, "empty", ROOT, "full"),
        Err(Errno::NotEmpty)
    );
    assert_eq!(
        files.rename(ROOT, "full", ROOT, "full/in"),
        Err(Errno::Invalid)
    );
    assert_eq!(files.rename(ROOT, "empty", ROOT, "empty2/"), Ok(()));
    assert_eq!(files.rename(ROOT, "none", ROOT, "x"), Err(Errno::NoEntry));
    assert_eq!(files.rename(ROOT, "file", ROOT, "full/file"), Ok(()));
    assert_eq!(files.link(ROOT, "full/file", ROOT, "again"), Ok(()));
    assert_eq!(
        files.link(ROOT, "full/file", ROOT, "again"),
        Err(Errno::Exists)
    );
    assert_eq!(
        files.link(ROOT, "full", ROOT, "x"),
        Err(Errno::NotPermitted)
    );
    assert_eq!(files.stat_at(ROOT, "again", false).unwrap().links, 2);
    assert_eq!(files.symlink("again", ROOT, "link"), Ok(()));
    assert_eq!(files.symlink("again", ROOT, "link"), Err(Errno::Exists));
    assert_eq!(files.read_link(ROOT, "link").as_deref(), Ok("again"));
    assert_eq!(files.read_link(ROOT, "again"), Err(Errno::Invalid));
    let mut entries = files.list(ROOT).unwrap();
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    let entries: Vec<_> = entries
        .iter()
        .map(|entry| (entry.name.as_str(), entry.kind))
        .collect();
    let expected = [
        ("again", FileKind::RegularFile),
        ("empty2", FileKind::Directory),
        ("full", FileKind::Directory),
        ("link", FileKind::SymbolicLink),
    ];
    assert_eq!(entries, expected);
    assert_eq!(fs::read(world.inside("again")).unwrap(), b"file");
}

#[test]
fn contents_sizes_and_times_are_changed() {
    let mut world = World::new();
    world
        .open(
            "file",
            OpenOptions {
                sync: true,
                ..CREATE
            },
        )
        .unwrap();
    let files = &mut world.files;
    assert_eq!(files.write_at(FILE, 2, b"abc"), Ok(3));
    assert_eq!(files.append(FILE, b"de"), Ok((2, 7)));
    assert_eq!(files.append(FILE, b"f"), Ok((1, 8)));
    let mut buffer = [9; 10];
    assert_eq!(files.read_at(FILE, 1, &mut buffer), Ok(7));
    assert_eq!(&buffer, b"\0abcdef\x09\x09\x09");
    assert_eq!(files.read_at(FILE, 8, &mut buffer), Ok(0));
    assert_eq!(files.set_size(FILE, 4), Ok(()));
    assert_eq!(files.allocate(FILE, 2, 10), Ok(()));
    assert_eq!(files.allocate(FILE, 0, 3), Ok(()));
    assert_eq!(files.stat(FILE).unwrap().size, 12);
    assert_eq!(files.allocate(FILE, 0, 0), Err(Errno::Invalid));
    assert_eq!(files.allocate(FILE, u64::MAX, 2), Err(Errno::FileTooLarge));
    assert_eq!(files.set_size(FILE, u64::MAX), Err(Errno::Invalid));
    assert_eq!(files.sync(FILE, Sync::Data), Ok(()));
    assert_eq!(files.sync(ROOT, Sync::All), Ok(()));
    let times = SetTimes {
        accessed_ns: Some(1_500_000_000_123_456_789),
        modified_ns: None,
    };
    let before = files.stat(FILE).unwrap();
    assert_eq!(files.set_times(FILE, times), Ok(()));
    let after = files.stat(FILE).unwrap();
    assert_eq!(after.accessed_ns, 1_500_000_000_123_456_789);
    assert_eq!(after.modified_ns, before.modified_ns);
    let times = SetTimes {
        accessed_ns: None,
        modified_ns: Some(7),
    };
    assert_eq!(files.set_times_at(ROOT, "file", true, times), Ok(()));
    assert_eq!(files.stat_at(ROOT, "file", true).unwrap().modified_ns, 7);
    assert_eq!(files.read_at(ROOT, 0, &mut buffer), Err(Errno::IsDirectory));
    assert_eq!(files.list(FILE), Err(Errno::NotDirectory));
}

#[test]
fn a_directory_that_is_not_there_is_an_error() {
    let world = World::new();
    let mut files = Directories::new();
    let error = files.add(&world.inside("none"), "/none").unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
    fs::write(world.inside("file"), "").unwrap();
    let error = files.add(&world.inside("file"), "/file").unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::NotADirectory);
}
