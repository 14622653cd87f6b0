//! What is open, from one host to the next.

use super::{BUFFER, Fixture, RESULT};
use crate::wasi::io::Buffers;
use crate::wasi::{AttachError, Errno, FileId, FileKind, StateError, fd, io, readdir};
use alloc::string::String;
use alloc::vec::Vec;

impl Fixture {
    fn write(&mut self, fd: u32, text: &str) {
        self.put_bytes(BUFFER, text.as_bytes());
        self.put(0, &[BUFFER, text.len() as u32]);
        assert_eq!(io::write(&mut self.call(), fd, LIST), Ok(()));
    }

    fn read(&mut self, fd: u32) -> Result<String, Errno> {
        self.put(0, &[BUFFER, 100]);
        io::pread(&mut self.call(), fd, LIST, 0)?;
        let len = self.word(RESULT) as usize;
        let bytes = self.memory[BUFFER as usize..][..len].to_vec();
        Ok(String::from_utf8(bytes).unwrap())
    }

    /// Names and cookies that a listing gives from a cookie on, in a buffer of some size.
    fn list(&mut self, fd: u32, cookie: u64, len: u32) -> Vec<(String, u64)> {
        let result = readdir::readdir(&mut self.call(), fd, (BUFFER, len), cookie, RESULT);
        assert_eq!(result, Ok(()));
        let (mut at, end) = (BUFFER, BUFFER + self.word(RESULT));
        let mut entries = Vec::new();
        while at + 24 <= end && at + 24 + self.word(at + 16) <= end {
            let name = &self.memory[at as usize + 24..][..self.word(at + 16) as usize];
            let name = String::from_utf8(name.to_vec()).unwrap();
            entries.push((name, self.long(at)));
            at += 24 + self.word(at + 16);
        }
        entries
    }
}

const NOTHING: [&str; 0] = [];

const LIST: Buffers = Buffers {
    list: 0,
    count: 1,
    result: RESULT,
};

#[test]
fn files_are_found_again_under_the_names_that_they_have_by_then() {
    let mut f = Fixture::with_files();
    let file = f.create("file");
    f.write(file, "text");
    f.make_dir("dir");
    f.rename("file", "dir/renamed");
    f.thaw();
    f.thaw();
    assert_eq!(f.read(file).unwrap(), "text");
    f.write(file, "more");
    assert_eq!(f.read(file).unwrap(), "textmore");
    assert_eq!(f.files().open_count(), 2);
}

#[test]
fn a_file_that_is_gone_is_named_before_anything_runs() {
    let mut f = Fixture::with_files();
    f.make_dir("dir");
    f.create("dir/file");
    f.freeze();
    f.files_of_someone_else(|files, dir| {
        files.rename(dir, "dir/file", dir, "dir/elsewhere").unwrap();
    });
    let error = f.ctx.attach(&mut f.host).unwrap_err();
    assert!(
        matches!(&error, AttachError::Open { place, errno: Errno::NoEntry }
        if place.preopen == "/" && place.path == "dir/file")
    );
    let message = alloc::format!("{error}");
    assert!(
        message.contains("\"dir/file\"") && message.contains("\"/\""),
        "{message}"
    );
    f.files_of_someone_else(|files, dir| {
        files.rename(dir, "dir/elsewhere", dir, "dir/file").unwrap();
    });
    f.ctx.attach(&mut f.host).unwrap();
}

#[test]
fn a_file_in_place_of_a_directory_is_refused() {
    let mut f = Fixture::with_files();
    f.make_dir("dir");
    f.open_dir("dir");
    f.freeze();
    f.files_of_someone_else(|files, dir| {
        files.remove_dir(dir, "dir").unwrap();
        files.symlink("x", dir, "dir").unwrap();
    });
    let error = f.ctx.attach(&mut f.host).unwrap_err();
    assert!(matches!(
        error,
        AttachError::Open {
            errno: Errno::NotDirectory,
            ..
        }
    ));
}

#[test]
fn a_directory_that_is_not_offered_is_named() {
    let mut f = Fixture::with_files();
    f.freeze();
    f.host.files = None;
    let error = f.ctx.attach(&mut f.host).unwrap_err();
    assert!(matches!(error, AttachError::Directory { ref name, .. } if name == "/"));
    f.host.files = Some(super::FakeFiles::new(&["elsewhere"]));
    let error = f.ctx.attach(&mut f.host).unwrap_err();
    assert!(matches!(error, AttachError::Directory { ref name, .. } if name == "/"));
}

#[test]
fn files_without_a_name_are_kept_and_stay_one_file() {
    let mut f = Fixture::with_files();
    let first = f.create("file");
    let second = f.create("file");
    f.write(first, "kept");
    f.unlink("file");
    for _ in 0..2 {
        f.thaw();
        assert_eq!(f.read(second).unwrap(), "kept");
    }
    f.write(first, "!");
    assert_eq!(f.read(second).unwrap(), "kept!");
    assert_eq!(f.list(3, 0, 1000).len(), 2, "it has no name still");
    assert_eq!(fd::filestat_get(&mut f.call(), first, RESULT), Ok(()));
    assert_eq!(f.long(RESULT + 48), 1000, "when it was modified");
    assert_eq!(fd::close(&mut f.call(), first), Ok(()));
    assert_eq!(fd::close(&mut f.call(), second), Ok(()));
    assert_eq!(f.files().open_count(), 1);
}

#[test]
fn a_removed_directory_can_be_open() {
    let mut f = Fixture::with_files();
    f.make_dir("dir");
    let dir = f.open_dir("dir");
    f.remove_dir("dir");
    f.thaw();
    assert_eq!(fd::filestat_get(&mut f.call(), dir, RESULT), Ok(()));
    assert_eq!(f.memory[RESULT as usize + 16], FileKind::Directory as u8);
    assert_eq!(fd::close(&mut f.call(), dir), Ok(()));
}

#[test]
fn files_without_a_name_have_a_largest_size() {
    let mut f = Fixture::with_files();
    for number in 0..17 {
        let name = alloc::format!("file{number}");
        let file = f.create(&name);
        assert_eq!(fd::filestat_set_size(&mut f.call(), file, 1 << 20), Ok(()));
        f.unlink(&name);
    }
    let error = f.ctx.settle(&mut f.host).unwrap_err();
    assert_eq!(error, StateError::UnnamedTooLarge(17 << 20));
}

#[test]
fn listings_go_on_as_they_were_while_names_come_and_go() {
    let mut f = Fixture::with_files();
    for name in ["a", "bb", "ccc", "dddd"] {
        let fd = f.create(name);
        assert_eq!(fd::close(&mut f.call(), fd), Ok(()));
    }
    let names = |entries: Vec<(String, u64)>| -> Vec<String> {
        entries.into_iter().map(|entry| entry.0).collect()
    };
    let first = f.list(3, 0, 80);
    assert_eq!(f.word(RESULT), 80, "full, the last entry in part");
    let cookie = first.last().unwrap().1;
    assert_eq!(names(first), [".", "..", "a"]);
    f.unlink("a");
    f.create("aa");
    f.thaw();
    assert_eq!(names(f.list(3, cookie, 1000)), ["bb", "ccc", "dddd"]);
    assert_eq!(names(f.list(3, cookie + 3, 1000)), NOTHING);
    assert_eq!(names(f.list(3, u64::MAX, 1000)), NOTHING);
    assert_eq!(
        names(f.list(3, 0, 1000)),
        [".", "..", "aa", "bb", "ccc", "dddd"]
    );
    assert_eq!(names(f.list(3, 0, 23)), NOTHING);
    assert_eq!(f.word(RESULT), 23);
}

#[test]
fn clocks_never_go_back_and_stand_still_while_frozen() {
    let mut f = Fixture::with_files();
    let cpu = |f: &mut Fixture| {
        crate::wasi::clock::time_get(&mut f.call(), 2, RESULT).unwrap();
        f.long(RESULT)
    };
    let now = |f: &mut Fixture| {
        crate::wasi::clock::time_get(&mut f.call(), 1, RESULT).unwrap();
        f.long(RESULT)
    };
    f.host.now_ns = 1_700;
    assert_eq!(now(&mut f), 1_700);
    f.thaw();
    assert_eq!(now(&mut f), 1_700);
    f.host.now_ns += 30;
    assert_eq!(now(&mut f), 1_730);
    let wait = super::Wait {
        duration_ns: Some(10),
        stdin: false,
    };
    f.ctx.wait(&mut f.host, wait);
    f.thaw();
    assert_eq!((now(&mut f), cpu(&mut f)), (1_740, 1_730));
    let invalid = crate::wasi::clock::res_get(&mut f.call(), 4, RESULT);
    assert_eq!(invalid, Err(Errno::Invalid));
}

#[test]
fn descriptors_that_do_not_hold_together_are_refused() {
    use crate::wasi::descriptors::Object;
    let refused = |change: fn(&mut Fixture)| {
        let mut f = Fixture::with_files();
        f.create("file");
        f.ctx.settle(&mut f.host).unwrap();
        f.ctx.validate().unwrap();
        change(&mut f);
        f.ctx.validate().unwrap_err()
    };
    fn object(f: &mut Fixture, fd: u32) -> &mut Object {
        &mut f.ctx.descriptors.get_mut(fd).unwrap().object
    }
    let cases: [fn(&mut Fixture); 6] = [
        |f| object(f, 4).source_mut().unwrap().anchor = None,
        |f| object(f, 4).source_mut().unwrap().id = FileId(0),
        |f| object(f, 4).source_mut().unwrap().id = FileId(2),
        |f| {
            use crate::wasi::attach::Anchor;
            object(f, 4).source_mut().unwrap().anchor = Some(Anchor::Unnamed(0));
        },
        |f| {
            let Object::File(file) = object(f, 4) else {
                panic!("a file");
            };
            file.offset = 1 << 63;
        },
        |f| {
            use crate::wasi::attach::Anchor;
            let anchor = &mut object(f, 4).source_mut().unwrap().anchor;
            let Some(Anchor::Place(place)) = anchor else {
                panic!("a place");
            };
            place.path = "/etc/passwd".into();
        },
    ];
    for case in cases {
        assert_eq!(refused(case), StateError::Descriptors);
    }
}
