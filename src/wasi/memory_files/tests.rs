//! The tree as a program sees it, as bytes, and from archives.

use super::{ArchiveError, EntryContents, FilesError, MemoryFiles, MemoryLimits};
use crate::runtime::{HostPart, UnsupportedVersion};
use crate::wasi::{Errno, FileId, FileKind, FileSystem, OpenOptions, Place, SetTimes};
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, Ordering};
use proptest::prelude::*;
use tar_core::EntryBuilder;

const ROOT: FileId = FileId(3);
const FILE: FileId = FileId(4);
const OTHER: FileId = FileId(5);

const LIMITS: MemoryLimits = MemoryLimits {
    bytes: 1 << 20,
    inodes: 100,
};

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

/// A clock that moves on whenever it is looked at.
fn clock() -> u64 {
    static NOW: AtomicU64 = AtomicU64::new(1);
    NOW.fetch_add(1, Ordering::Relaxed)
}

fn files_with(limits: MemoryLimits) -> MemoryFiles {
    let mut files = MemoryFiles::new(limits, clock);
    files.preopen("/", "").unwrap();
    attach_root(&mut files);
    files
}

fn files() -> MemoryFiles {
    files_with(LIMITS)
}

fn attach_root(files: &mut MemoryFiles) {
    let place = Place {
        preopen: "/".into(),
        path: String::new(),
    };
    let kind = files.attach(ROOT, &place, READ);
    assert_eq!(kind, Ok(FileKind::Directory));
}

fn thawed(files: &MemoryFiles) -> MemoryFiles {
    MemoryFiles::from_bytes(&files.to_bytes(), LIMITS, clock).unwrap()
}

fn write(files: &mut MemoryFiles, path: &str, bytes: &[u8]) {
    files.open(OTHER, ROOT, path, CREATE).unwrap();
    assert_eq!(files.write_at(OTHER, 0, bytes), Ok(bytes.len()));
    files.close(OTHER);
}

fn read(files: &mut MemoryFiles, path: &str) -> Result<Vec<u8>, Errno> {
    files.open(OTHER, ROOT, path, READ)?;
    let size = files.stat(OTHER)?.size as usize;
    let mut buffer = vec![1; size + 1];
    assert_eq!(files.read_at(OTHER, 0, &mut buffer), Ok(size));
    buffer.truncate(size);
    files.close(OTHER);
    Ok(buffer)
}

#[test]
fn what_is_open_without_a_name_is_the_same_after_a_thaw() {
    let mut files = files();
    files.open(FILE, ROOT, "file", CREATE).unwrap();
    files.write_at(FILE, 5000, b"contents").unwrap();
    files.unlink(ROOT, "file").unwrap();
    let stat = files.stat(FILE).unwrap();
    assert_eq!((stat.links, stat.size), (0, 5008));
    let place = files.place(FILE).unwrap();

    let mut files = thawed(&files);
    assert_eq!(files.attach(FILE, &place, READ), Ok(FileKind::RegularFile));
    assert_eq!(files.stat(FILE), Ok(stat));
    let mut buffer = [0; 8];
    assert_eq!(files.read_at(FILE, 5000, &mut buffer), Ok(8));
    assert_eq!(&buffer, b"contents");
    let used = files.used_bytes();
    files.close(FILE);
    assert!(files.used_bytes() < used);
    assert_eq!(files.used_bytes(), 0);
    assert_eq!(files.attach(FILE, &place, READ), Err(Errno::NoEntry));
}

#[test]
fn a_file_is_found_by_the_name_that_it_has_now() {
    let mut files = files();
    files.create_dir(ROOT, "a").unwrap();
    files.symlink("a/file", ROOT, "link").unwrap();
    files.open(FILE, ROOT, "link", CREATE).unwrap();
    files.rename(ROOT, "a", ROOT, "b").unwrap();
    let place = files.place(FILE).unwrap();
    assert_eq!(
        (place.preopen.as_str(), place.path.as_str()),
        ("/", "b/file")
    );
    files.close(FILE);
    assert_eq!(files.attach(FILE, &place, READ), Ok(FileKind::RegularFile));
}

#[test]
fn no_path_leads_out() {
    let mut files = files();
    files.create_dir(ROOT, "dir").unwrap();
    files.open(FILE, ROOT, "dir", READ).unwrap();
    write(&mut files, "secret", b"secret");
    for path in ["../secret", "..", "x/../../secret", "/secret", "./../dir"] {
        let expected = if path.starts_with('x') {
            Errno::NoEntry
        } else {
            Errno::NotPermitted
        };
        assert_eq!(files.open(OTHER, FILE, path, READ), Err(expected), "{path}");
        assert_eq!(files.unlink(FILE, path), Err(expected), "{path}");
    }
    files.symlink("../secret", FILE, "link").unwrap();
    assert_eq!(
        files.open(OTHER, FILE, "link", READ),
        Err(Errno::NotPermitted)
    );
    assert_eq!(
        files.open(OTHER, ROOT, "dir/link", READ),
        Ok(FileKind::RegularFile)
    );
    assert_eq!(
        files.symlink("/secret", FILE, "x"),
        Err(Errno::NotPermitted)
    );
}

#[test]
fn what_exceeds_the_limits_is_no_space() {
    let mut files = files_with(MemoryLimits {
        bytes: 20_000,
        inodes: 4,
    });
    files.open(FILE, ROOT, "file", CREATE).unwrap();
    assert_eq!(files.set_size(FILE, 1 << 40), Ok(()));
    let written = files.write_at(FILE, 0, &[7; 30_000]).unwrap();
    assert_eq!(written, 4 * 4096);
    assert_eq!(files.write_at(FILE, 1 << 30, b"x"), Err(Errno::NoSpace));
    assert_eq!(files.write_at(FILE, 1 << 30, &[0; 9000]), Ok(9000));
    assert_eq!(files.allocate(FILE, 0, 20_000), Err(Errno::NoSpace));
    files.set_size(FILE, 10).unwrap();
    assert_eq!(files.allocate(FILE, 0, 8000), Ok(()));
    files.create_dir(ROOT, "a").unwrap();
    files.create_dir(ROOT, "b").unwrap();
    assert_eq!(files.create_dir(ROOT, "c"), Err(Errno::NoSpace));
    files.remove_dir(ROOT, "b").unwrap();
    assert_eq!(files.create_dir(ROOT, "c"), Ok(()));
    let names = (0..1000).map(|n| alloc::format!("link {n} {}", "n".repeat(200)));
    let linked = names.map(|name| files.link(ROOT, "file", ROOT, &name));
    assert_eq!(linked.collect::<Result<(), _>>(), Err(Errno::NoSpace));
}

#[test]
fn what_was_cut_off_is_zero_when_it_comes_back() {
    let mut files = files();
    write(&mut files, "file", &[9; 10_000]);
    files.open(FILE, ROOT, "file", CREATE).unwrap();
    files.set_size(FILE, 5000).unwrap();
    files.set_size(FILE, 10_000).unwrap();
    let bytes = read(&mut files, "file").unwrap();
    assert!(bytes[..5000].iter().all(|&byte| byte == 9));
    assert!(bytes[5000..].iter().all(|&byte| byte == 0));
}

fn block_padded(bytes: &[u8]) -> Vec<u8> {
    let mut padded = bytes.to_vec();
    padded.resize(bytes.len().next_multiple_of(512), 0);
    padded
}

fn entry(builder: &mut EntryBuilder, contents: &[u8]) -> Vec<u8> {
    let mut bytes = builder.finish_bytes();
    bytes.extend(block_padded(contents));
    bytes
}

fn file_entry(path: &str, contents: &[u8]) -> Vec<u8> {
    let mut builder = EntryBuilder::new_ustar();
    builder.path(path.as_bytes());
    builder.size(contents.len() as u64).unwrap();
    builder.mode(0o644).unwrap().mtime(7).unwrap();
    entry(&mut builder, contents)
}

fn link_entry(path: &str, target: &str, kind: tar_core::EntryType) -> Vec<u8> {
    let mut builder = EntryBuilder::new_gnu();
    builder.path(path.as_bytes()).entry_type(kind);
    builder.link_name(target.as_bytes());
    builder
        .size(0)
        .unwrap()
        .mode(0o644)
        .unwrap()
        .mtime(7)
        .unwrap();
    entry(&mut builder, b"")
}

#[test]
fn an_archive_becomes_files() {
    use tar_core::EntryType::{Directory, Link, Symlink};
    let long = alloc::format!("{}/{}", "d".repeat(150), "f".repeat(120));
    let archive = [
        link_entry("./", "", Directory),
        link_entry("empty/", "", Directory),
        file_entry("./a/b/file", &[5; 6000]),
        file_entry("/absolute", b"x"),
        file_entry(&long, b"long"),
        link_entry(&alloc::format!("gnu{long}"), "a", Symlink),
        link_entry("hard", "a/b/file", Link),
        file_entry("absolute", b"replaced"),
        vec![0; 1024],
        b"rubbish behind the end".to_vec(),
    ]
    .concat();
    let mut files = files();
    files.unpack("", &archive).unwrap();
    assert_eq!(read(&mut files, "a/b/file"), Ok(vec![5; 6000]));
    assert_eq!(read(&mut files, "absolute"), Ok(b"replaced".to_vec()));
    assert_eq!(read(&mut files, &long), Ok(b"long".to_vec()));
    let stat = files.stat_at(ROOT, "hard", false).unwrap();
    assert_eq!((stat.links, stat.modified_ns), (2, 7_000_000_000));
    assert_eq!(
        files.stat_at(ROOT, "empty", true).unwrap().kind,
        FileKind::Directory
    );
    let link = files.read_link(ROOT, &alloc::format!("gnu{long}"));
    assert_eq!(link.as_deref(), Ok("a"));
    let entries = files.entries();
    assert_eq!(entries.len(), 10);
    let hard = entries.iter().find(|entry| entry.path == "hard").unwrap();
    assert_eq!(hard.contents, EntryContents::HardLink("a/b/file".into()));
}

#[test]
fn files_become_an_archive_and_files_again() {
    let mut files = files();
    files.create_dir(ROOT, "dir").unwrap();
    write(&mut files, "dir/file", &[7; 5000]);
    let long = alloc::format!("dir/{}", "n".repeat(200));
    write(&mut files, &long, b"");
    files.link(ROOT, "dir/file", ROOT, "hard").unwrap();
    files.symlink("dir/none", ROOT, "soft").unwrap();
    for (path, ns) in [
        ("dir", 5),
        ("dir/file", 1_700_000_000_123_456_789),
        ("soft", u64::MAX),
    ] {
        let times = SetTimes {
            accessed_ns: None,
            modified_ns: Some(ns),
        };
        files.set_times_at(ROOT, path, false, times).unwrap();
    }
    let archive = files.pack().unwrap();
    let mut again = files_with(LIMITS);
    again.unpack("", &archive).unwrap();
    // Inode numbers and the times that archives have not may differ.
    let seen = |files: &MemoryFiles| {
        let entries = files.entries().into_iter();
        let seen = entries.map(|entry| {
            let stat = entry.stat;
            let mut contents = vec![0; stat.size as usize];
            files.read(stat.inode, 0, &mut contents);
            let stat = (stat.kind, stat.links, stat.size, stat.modified_ns);
            (entry.path, stat, entry.contents, contents)
        });
        seen.collect::<Vec<_>>()
    };
    assert_eq!(seen(&again), seen(&files));
    assert_eq!(again.pack().unwrap(), archive);
}

#[test]
fn a_file_with_holes_is_as_large_in_an_archive_as_what_it_holds() {
    const BIG: u64 = 1 << 62;
    let mut files = files();
    let long = ["n".repeat(100), "m".repeat(100)].join("/");
    files.create_dir(ROOT, &long[..100]).unwrap();
    let holes = [
        ("dense", 1_000_000),
        ("begin", BIG),
        (&long[..], 2 * BIG - 1),
    ];
    for (path, size) in holes {
        files.open(FILE, ROOT, path, CREATE).unwrap();
        files.set_size(FILE, size).unwrap();
        for offset in [0, 5000, 500_000] {
            files.write_at(FILE, offset, path.as_bytes()).unwrap();
        }
        files.close(FILE);
    }
    files.open(FILE, ROOT, "end", CREATE).unwrap();
    files.write_at(FILE, BIG, b"end").unwrap();
    files.close(FILE);

    let archive = files.pack().unwrap();
    assert!(archive.len() < 1_100_000, "{}", archive.len());
    let mut again = files_with(LIMITS);
    again.unpack("", &archive).unwrap();
    for (path, size) in holes {
        assert_eq!(again.stat_at(ROOT, path, true).unwrap().size, size);
        again.open(FILE, ROOT, path, READ).unwrap();
        for offset in [0, 5000, 500_000] {
            let mut bytes = vec![0; path.len() + 1];
            again.read_at(FILE, offset, &mut bytes).unwrap();
            assert_eq!(bytes, [path.as_bytes(), &[0]].concat());
        }
        again.close(FILE);
    }
    again.open(FILE, ROOT, "end", READ).unwrap();
    let mut bytes = [0; 4];
    assert_eq!(again.read_at(FILE, BIG - 1, &mut bytes), Ok(4));
    assert_eq!(&bytes, b"\0end");
    again.close(FILE);
    assert_eq!(again.pack().unwrap(), archive);
}

#[test]
fn as_many_pieces_of_a_file_are_read_as_there_can_be() {
    let limits = MemoryLimits {
        bytes: 64 << 20,
        inodes: 10,
    };
    let mut files = files_with(limits);
    files.open(FILE, ROOT, "file", CREATE).unwrap();
    for piece in 0..12_000 {
        files.write_at(FILE, piece * 8192, b"x").unwrap();
    }
    let archive = files.pack().unwrap();
    let mut again = files_with(limits);
    again.unpack("", &archive).unwrap();
    assert_eq!(again.pack().unwrap(), archive);
}

#[test]
fn archives_can_go_beneath_a_directory() {
    let mut files = files();
    files.unpack("a/b", &file_entry("file", b"x")).unwrap();
    files.unpack("a", &file_entry("/b/other", b"y")).unwrap();
    assert_eq!(read(&mut files, "a/b/file"), Ok(b"x".to_vec()));
    assert_eq!(read(&mut files, "a/b/other"), Ok(b"y".to_vec()));
    let refused = files.unpack("a/b/file", &[]).unwrap_err();
    assert!(matches!(refused, ArchiveError::Conflict { .. }));
}

#[test]
fn files_are_a_part_of_images() {
    let mut files = files();
    write(&mut files, "file", b"x");
    let mut thawed = MemoryFiles::new(LIMITS, clock);
    let (version, bytes) = (files.version(), files.save().unwrap());
    thawed.restore(version, &bytes).unwrap();
    assert_eq!(thawed.save().unwrap(), bytes);
    let refused = thawed.restore(version + 1, &bytes).unwrap_err();
    assert!(refused.downcast::<UnsupportedVersion>().is_ok());
    assert!(thawed.restore(version, &bytes[1..]).is_err());
    assert_eq!(thawed.save().unwrap(), bytes);
}

#[test]
fn bad_archives_are_refused() {
    use tar_core::EntryType::{Char, Link, Symlink};
    let refused = |archive: Vec<u8>| files().unpack("", &archive).unwrap_err();
    let whole = file_entry("file", &[1; 3000]);
    assert!(matches!(
        refused(whole[..2000].to_vec()),
        ArchiveError::Truncated { offset: 0 }
    ));
    assert!(matches!(
        refused(whole[..100].to_vec()),
        ArchiveError::Truncated { offset: 0 }
    ));
    let mut damaged = whole.clone();
    damaged[3] ^= 1;
    assert!(matches!(
        refused(damaged),
        ArchiveError::Format { offset: 0, .. }
    ));
    assert!(matches!(
        refused(file_entry("a/../../b", b"")),
        ArchiveError::Path { .. }
    ));
    assert!(matches!(
        refused(link_entry("x", "../y", Link)),
        ArchiveError::Path { .. }
    ));
    assert!(matches!(
        refused(link_entry("x", "none", Link)),
        ArchiveError::LinkTarget { .. }
    ));
    assert!(matches!(
        refused(link_entry("x", "", Char)),
        ArchiveError::Kind { .. }
    ));
    let through_link = [
        link_entry("x", "/etc", Symlink),
        file_entry("x/passwd", b""),
    ]
    .concat();
    assert!(matches!(
        refused(through_link),
        ArchiveError::Conflict { .. }
    ));
    let large = file_entry("large", &vec![1; 2 << 20]);
    assert!(matches!(refused(large), ArchiveError::NoSpace { .. }));
    assert!(files().unpack("", b"").is_ok());
    assert!(files().unpack("", &[0; 512]).is_ok());
    assert!(matches!(
        refused(b"not a tar".to_vec()),
        ArchiveError::Truncated { .. }
    ));
}

#[test]
fn bytes_that_are_no_tree_are_refused() {
    let mut files = files();
    files.create_dir(ROOT, "dir").unwrap();
    write(&mut files, "dir/file", &[1; 5000]);
    let bytes = files.to_bytes();
    let parse = |bytes: &[u8]| MemoryFiles::from_bytes(bytes, LIMITS, clock).map(|_| ());
    assert_eq!(parse(&[]), Err(FilesError::Malformed));
    let expected = 2 * 4096;
    let cut = parse(&bytes[..bytes.len() - 1]);
    assert_eq!(
        cut,
        Err(FilesError::ContentsLength {
            expected,
            found: expected - 1
        })
    );
    let small = MemoryLimits {
        bytes: 5000,
        ..LIMITS
    };
    let refused = MemoryFiles::from_bytes(&bytes, small, clock);
    assert!(matches!(refused, Err(FilesError::TooLarge { .. })));
    // Its only name gone, a file that is not open is nowhere.
    files.open(FILE, ROOT, "dir/file", READ).unwrap();
    files.unlink(ROOT, "dir/file").unwrap();
    files.open.remove(&FILE);
    assert_eq!(parse(&files.to_bytes()), Err(FilesError::Unreachable(3)));
}

#[test]
fn a_directory_within_itself_is_refused() {
    let mut files = files();
    files.create_dir(ROOT, "a").unwrap();
    files.create_dir(ROOT, "a/b").unwrap();
    let (a, b) = (2, 3);
    files.directory_mut(super::ROOT).unwrap().entries.clear();
    files
        .directory_mut(b)
        .unwrap()
        .entries
        .insert("a".into(), a);
    let refused = MemoryFiles::from_bytes(&files.to_bytes(), LIMITS, clock);
    assert_eq!(refused.map(|_| ()), Err(FilesError::Tangled(super::ROOT)));
}

/// One thing that a program does.
#[derive(Clone, Debug)]
enum Action {
    Open(u64, String, OpenOptions),
    Close(u64),
    Write(u64, u64, Vec<u8>),
    SetSize(u64, u64),
    CreateDir(String),
    RemoveDir(String),
    Unlink(String),
    Rename(String, String),
    Link(String, String),
    Symlink(String, String),
}

fn a_path() -> impl Strategy<Value = String> {
    let component = prop::sample::select(vec!["a", "b", "c", "..", "."]);
    prop::collection::vec(component, 1..4).prop_map(|components| components.join("/"))
}

fn an_action() -> impl Strategy<Value = Action> {
    let options = any::<(bool, bool, bool)>().prop_map(|(create, truncate, follow)| OpenOptions {
        create,
        truncate,
        follow,
        write: create,
        ..READ
    });
    let id = 10u64..14;
    prop_oneof![
        (id.clone(), a_path(), options)
            .prop_map(|(id, path, options)| Action::Open(id, path, options)),
        id.clone().prop_map(Action::Close),
        (
            id.clone(),
            0u64..20_000,
            prop::collection::vec(0u8..3, 1..5000)
        )
            .prop_map(|(id, offset, bytes)| Action::Write(id, offset, bytes)),
        (id, 0u64..20_000).prop_map(|(id, size)| Action::SetSize(id, size)),
        a_path().prop_map(Action::CreateDir),
        a_path().prop_map(Action::RemoveDir),
        a_path().prop_map(Action::Unlink),
        (a_path(), a_path()).prop_map(|(old, new)| Action::Rename(old, new)),
        (a_path(), a_path()).prop_map(|(old, new)| Action::Link(old, new)),
        (a_path(), a_path()).prop_map(|(target, path)| Action::Symlink(target, path)),
    ]
}

fn act(files: &mut MemoryFiles, action: &Action) -> Result<u64, Errno> {
    match action {
        Action::Open(id, path, options) => files
            .open(FileId(*id), ROOT, path, *options)
            .map(|kind| kind as u64),
        Action::Close(id) => {
            files.close(FileId(*id));
            Ok(0)
        }
        Action::Write(id, offset, bytes) => files
            .write_at(FileId(*id), *offset, bytes)
            .map(|len| len as u64),
        Action::SetSize(id, size) => files.set_size(FileId(*id), *size).map(|()| 0),
        Action::CreateDir(path) => files.create_dir(ROOT, path).map(|()| 0),
        Action::RemoveDir(path) => files.remove_dir(ROOT, path).map(|()| 0),
        Action::Unlink(path) => files.unlink(ROOT, path).map(|()| 0),
        Action::Rename(old, new) => files.rename(ROOT, old, ROOT, new).map(|()| 0),
        Action::Link(old, new) => files.link(ROOT, old, ROOT, new).map(|()| 0),
        Action::Symlink(target, path) => files.symlink(target, ROOT, path).map(|()| 0),
    }
}

/// All that can be seen but times, which are those of a clock that never stands still.
fn seen(files: &mut MemoryFiles) -> Vec<(String, u64, u64, u64, EntryContents, Vec<u8>)> {
    let entries = files.entries().into_iter();
    entries
        .map(|entry| {
            let mut bytes = vec![0; entry.stat.size as usize];
            let len = files.read(entry.stat.inode, 0, &mut bytes);
            bytes.truncate(len);
            let stat = entry.stat;
            (
                entry.path,
                stat.inode,
                stat.links,
                stat.size,
                entry.contents,
                bytes,
            )
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// A tree that is thawed between any two actions is the one that never was, and none is
    /// left with more used than what there is.
    #[test]
    fn a_tree_that_is_frozen_between_actions_is_the_same(
        actions in prop::collection::vec(an_action(), 1..40),
    ) {
        let mut straight = files();
        let mut frozen = files();
        for action in &actions {
            let result = act(&mut straight, action);
            prop_assert_eq!(act(&mut frozen, action), result, "{:?}", action);
            frozen = thawed(&frozen);
            attach_root(&mut frozen);
        }
        prop_assert_eq!(seen(&mut frozen), seen(&mut straight));
        for id in 10..14 {
            straight.close(FileId(id));
        }
        // Zeros that were written over something take room until they are frozen.
        let mut thawed = thawed(&straight);
        prop_assert!(thawed.used_bytes() <= straight.used_bytes());
        for entry in thawed.entries().into_iter().rev() {
            match entry.contents {
                EntryContents::Directory => thawed.remove_dir(ROOT, &entry.path).unwrap(),
                _ => thawed.unlink(ROOT, &entry.path).unwrap(),
            }
        }
        prop_assert_eq!(thawed.used_bytes(), 0);
    }

    #[test]
    fn damaged_bytes_never_panic(position in 0usize..2000, value: u8, len in 0usize..20_000) {
        let mut files = files();
        files.create_dir(ROOT, "dir").unwrap();
        write(&mut files, "dir/file", &[1; 5000]);
        files.symlink("dir", ROOT, "link").unwrap();
        files.open(FILE, ROOT, "dir", READ).unwrap();
        files.set_times_at(ROOT, "link", false, SetTimes::default()).unwrap();
        let mut bytes = files.to_bytes();
        let position = position % bytes.len().min(200);
        bytes[position] = value;
        bytes.truncate(len.max(1));
        if let Ok(mut files) = MemoryFiles::from_bytes(&bytes, LIMITS, clock) {
            let _ = seen(&mut files);
            files.close(FILE);
            for entry in files.entries().into_iter().rev() {
                attach_root(&mut files);
                let _ = files.unlink(ROOT, &entry.path);
                let _ = files.remove_dir(ROOT, &entry.path);
            }
        }
    }

    #[test]
    fn damaged_archives_never_panic(position in 0usize..3000, value: u8, len in 0usize..4000) {
        let archive = [file_entry("a/b", &[1; 600]), file_entry("c", b"c"), vec![0; 1024]];
        let mut archive = archive.concat();
        let position = position % archive.len();
        archive[position] = value;
        archive.truncate(len);
        let _ = files().unpack("", &archive);
    }
}

#[test]
fn changes_are_counted_and_looks_are_not() {
    let mut files = files();
    let mut count = files.changes();
    let mut has_changed = |files: &MemoryFiles| {
        let before = core::mem::replace(&mut count, files.changes());
        before != count
    };
    write(&mut files, "a", b"text");
    assert!(has_changed(&files));
    assert_eq!(read(&mut files, "a").unwrap(), b"text");
    files.list(ROOT).unwrap();
    assert!(!has_changed(&files));
    files.rename(ROOT, "a", ROOT, "b").unwrap();
    assert!(has_changed(&files));
    files
        .set_times_at(
            ROOT,
            "b",
            true,
            SetTimes {
                accessed_ns: Some(1),
                modified_ns: None,
            },
        )
        .unwrap();
    assert!(has_changed(&files));
    files.unlink(ROOT, "b").unwrap();
    assert!(has_changed(&files));
    assert_eq!(thawed(&files).changes(), 0);
}
