//! Open directories.

use crate::wasi::*;
use crate::{Failed, Outcome, check, create, fails, ok, open, open_dir, right, touch};

struct Entry {
    next: u64,
    inode: u64,
    filetype: u8,
    name: String,
}

/// Entries from a cookie on, as many as a buffer holds, and whether those are the last.
fn list(dir: Fd, cookie: u64) -> Result<(Vec<Entry>, bool), Failed> {
    let mut buffer = [0; 256];
    let used = ok!(fd_readdir(dir, &mut buffer, cookie));
    let mut rest = &buffer[..used];
    let mut entries = Vec::new();
    while let Some((header, names)) = rest.split_at_checked(24) {
        let number = |at: usize| u64::from_le_bytes(header[at..at + 8].try_into().unwrap());
        let len = number(16) as u32 as usize;
        let Some((name, following)) = names.split_at_checked(len) else {
            break;
        };
        entries.push(Entry {
            next: number(0),
            inode: number(8),
            filetype: header[20],
            name: String::from_utf8_lossy(name).into_owned(),
        });
        rest = following;
    }
    Ok((entries, used < buffer.len()))
}

pub fn readdir(dir: Fd) -> Outcome {
    let stat = ok!(fd_filestat_get(dir));
    let (mut entries, is_end) = list(dir, 0)?;
    check!(is_end && entries.len() == 2);
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    check!(entries[0].name == "." && entries[0].filetype == DIR);
    check!(entries[0].inode == stat.inode);
    check!(entries[1].name == ".." && entries[1].filetype == DIR);

    let file = ok!(create(dir, "file"));
    let stat = ok!(fd_filestat_get(file));
    ok!(fd_close(file));
    let (mut entries, is_end) = list(dir, 0)?;
    check!(is_end && entries.len() == 3);
    let (cookie, last) = (entries[1].next, entries[2].name.clone());
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    check!(entries[2].name == "file" && entries[2].filetype == REGULAR_FILE);
    check!(entries[2].inode == stat.inode);
    let (entries, is_end) = list(dir, cookie)?;
    check!(is_end && entries.len() == 1 && entries[0].name == last);
    let (entries, is_end) = list(dir, entries[0].next)?;
    check!(is_end && entries.is_empty());
    fails!(fd_readdir(1, &mut [0; 100], 0), NOTDIR | BADF);
    Ok(())
}

/// Removing what was just listed makes nothing be left out.
pub fn readdir_many(dir: Fd) -> Outcome {
    const COUNT: usize = 60;
    let many = {
        ok!(path_create_directory(dir, "many"));
        ok!(open_dir(dir, "many"))
    };
    for number in 0..COUNT {
        ok!(touch(many, &format!("file.{number}")));
    }
    let (mut cookie, mut total) = (0, 0);
    loop {
        let (entries, is_end) = list(many, cookie)?;
        for entry in &entries {
            if entry.filetype == REGULAR_FILE {
                ok!(path_unlink_file(many, &entry.name));
            }
        }
        total += entries.len();
        if is_end {
            break;
        }
        check!(!entries.is_empty());
        cookie = entries[entries.len() - 1].next;
    }
    check!(total == COUNT + 2);
    ok!(path_remove_directory(dir, "many"));
    Ok(())
}

pub fn directory_operations(dir: Fd) -> Outcome {
    check!(ok!(fd_filestat_get(dir)).filetype == DIR);
    fails!(fd_prestat_dir_name(3, &mut []), NAMETOOLONG | INVAL);
    ok!(fd_prestat_dir_name(3, &mut [0; 2]));
    fails!(fd_prestat_get(dir), BADF);
    let mut buffer = [0; 128];
    fails!(fd_read(dir, [&mut buffer]), ISDIR | BADF | NOTCAPABLE);
    fails!(fd_pread(dir, [&mut buffer], 0), ISDIR | BADF | NOTCAPABLE);
    fails!(fd_write(dir, [&buffer]), ISDIR | BADF | NOTCAPABLE);
    fails!(fd_pwrite(dir, [&buffer], 0), ISDIR | BADF | NOTCAPABLE);
    for whence in [CUR, SET, END] {
        fails!(fd_seek(dir, 0, whence), ISDIR | BADF | NOTCAPABLE);
    }
    fails!(fd_tell(dir), ISDIR | BADF | NOTCAPABLE);
    fails!(fd_allocate(dir, 0, 1), ISDIR | BADF | NOTCAPABLE);
    fails!(fd_allocate(dir, 0, 0), ISDIR | BADF | NOTCAPABLE);
    fails!(
        fd_filestat_set_size(dir, 0),
        ISDIR | INVAL | BADF | NOTCAPABLE
    );
    ok!(fd_sync(dir));
    check!(ok!(fd_fdstat_get(dir)).flags == 0);
    Ok(())
}

pub fn directory_seek(dir: Fd) -> Outcome {
    ok!(path_create_directory(dir, "dir"));
    let open = Open {
        oflags: DIRECTORY,
        base: right::FD_SEEK,
        ..Open::default()
    };
    let fd = ok!(path_open(dir, "dir", open));
    fails!(fd_seek(fd, 0, CUR), ISDIR | BADF | NOTCAPABLE);
    let stat = ok!(fd_fdstat_get(fd));
    check!(stat.filetype == DIR && stat.base & right::FD_SEEK == 0);
    ok!(fd_close(fd));
    ok!(path_remove_directory(dir, "dir"));
    Ok(())
}

pub fn close_preopen(dir: Fd) -> Outcome {
    check!(dir > 3);
    ok!(fd_close(3));
    check!(ok!(fd_fdstat_get(dir)).filetype == DIR);
    fails!(fd_fdstat_get(3), BADF);
    ok!(touch(dir, "file"));
    Ok(())
}

pub fn overwrite_preopen(dir: Fd) -> Outcome {
    ok!(path_create_directory(dir, "dir"));
    let inner = ok!(open_dir(dir, "dir"));
    let old = ok!(fd_filestat_get(inner));
    ok!(fd_renumber(inner, 3));
    let new = ok!(fd_filestat_get(3));
    check!((old.device, old.inode) == (new.device, new.inode));
    fails!(fd_fdstat_get(inner), BADF);
    fails!(fd_prestat_get(3), BADF);
    ok!(fd_close(3));
    ok!(path_remove_directory(dir, "dir"));
    Ok(())
}

pub fn preopen_rights(_: Fd) -> Outcome {
    let stat = ok!(fd_fdstat_get(3));
    check!(stat.base & right::DIRECTORY == right::DIRECTORY);
    let inherited = right::DIRECTORY | right::FILE;
    check!(stat.inheriting & inherited == inherited);
    let with = |base, inheriting, oflags| Open {
        base,
        inheriting,
        oflags,
        ..Open::default()
    };
    ok!(path_open(3, ".", with(stat.base, stat.inheriting, 0)));
    ok!(path_open(3, ".", with(0, 0, 0)));
    ok!(path_open(3, ".", with(0, 0, DIRECTORY)));
    ok!(path_open(3, ".", with(right::FD_READ, 0, DIRECTORY)));
    let both = right::FD_READ | right::FD_WRITE;
    fails!(path_open(3, ".", with(both, 0, DIRECTORY)), ISDIR);
    fails!(path_open(3, ".", with(right::FD_WRITE, 0, 0)), ISDIR);
    fails!(path_open(3, ".", with(0, 0, CREAT)), ISDIR);
    fails!(path_open(3, ".", with(0, 0, TRUNC)), ISDIR);
    Ok(())
}

pub fn removed_directory(dir: Fd) -> Outcome {
    ok!(path_create_directory(dir, "dir"));
    let gone = ok!(open_dir(dir, "dir"));
    ok!(path_remove_directory(dir, "dir"));
    ok!(path_create_directory(dir, "dir"));
    check!(ok!(fd_fdstat_get(gone)).filetype == DIR);
    fails!(open(gone, "file", CREAT), NOENT);
    ok!(fd_close(gone));
    ok!(path_remove_directory(dir, "dir"));
    Ok(())
}

/// Device and number tell files apart, and are the same however one asks.
pub fn inodes(dir: Fd) -> Outcome {
    let a = ok!(fd_filestat_get(ok!(create(dir, "a"))));
    let b = ok!(fd_filestat_get(ok!(create(dir, "b"))));
    check!(a.device == b.device && a.inode != b.inode);
    for entry in list(dir, 0)?.0 {
        if !entry.name.starts_with('.') {
            let stat = ok!(path_filestat_get(dir, 0, &entry.name));
            check!(stat.inode == entry.inode);
        }
    }
    Ok(())
}
