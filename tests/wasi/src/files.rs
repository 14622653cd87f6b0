//! Open files.

use crate::wasi::*;
use crate::{Outcome, check, create, fails, ok, open, right, touch};

pub fn seek_tell(dir: Fd) -> Outcome {
    let file = ok!(create(dir, "file"));
    check!(ok!(fd_tell(file)) == 0);
    check!(ok!(fd_write(file, [&[7; 100]])) == 100);
    check!(ok!(fd_tell(file)) == 100);
    check!(ok!(fd_seek(file, -50, CUR)) == 50);
    check!(ok!(fd_seek(file, 0, SET)) == 0);
    check!(ok!(fd_seek(file, 1000, CUR)) == 1000);
    check!(ok!(fd_seek(file, -10, END)) == 90);
    fails!(fd_seek(file, -2000, CUR), INVAL);
    fails!(fd_seek(file, -1, SET), INVAL);
    fails!(fd_seek(file, 0, 3), INVAL);
    check!(ok!(fd_tell(file)) == 90);
    check!(ok!(fd_seek(file, 0, SET)) == 0);
    let mut buffer = [0; 100];
    check!(ok!(fd_read(file, [&mut buffer])) == 100 && buffer == [7; 100]);
    check!(ok!(fd_tell(file)) == 100);
    check!(ok!(fd_read(file, [&mut buffer])) == 0);
    fails!(fd_seek(1, 0, CUR), SPIPE);
    fails!(fd_tell(99), BADF);
    // A gap reads as zeros.
    check!(ok!(fd_seek(file, 110, SET)) == 110);
    check!(ok!(fd_write(file, [b"x"])) == 1);
    check!(ok!(fd_pread(file, [&mut buffer], 100)) == 11);
    check!(buffer[..11] == *b"\0\0\0\0\0\0\0\0\0\0x");
    Ok(())
}

pub fn pread_pwrite(dir: Fd) -> Outcome {
    let open = Open {
        oflags: CREAT,
        base: right::FD_READ | right::FD_SEEK | right::FD_WRITE,
        ..Open::default()
    };
    let file = ok!(path_open(dir, "file", open));
    check!(ok!(fd_pwrite(file, [&[0, 1, 2, 3]], 0)) == 4);
    let mut four = [9; 4];
    check!(ok!(fd_pread(file, [&mut four], 0)) == 4 && four == [0, 1, 2, 3]);
    check!(ok!(fd_pwrite(file, [&[0, 1], &[], &[2, 3]], 0)) == 4);
    let (mut first, mut second) = ([9; 2], [9; 2]);
    check!(ok!(fd_pread(file, [&mut first, &mut second], 0)) == 4);
    check!((first, second) == ([0, 1], [2, 3]));
    let mut four = [0; 4];
    check!(ok!(fd_pread(file, [&mut four], 2)) == 2 && four == [2, 3, 0, 0]);
    check!(ok!(fd_pwrite(file, [&[1, 0]], 2)) == 2);
    check!(ok!(fd_pread(file, [&mut four], 0)) == 4 && four == [0, 1, 1, 0]);
    check!(ok!(fd_read(file, [&mut four])) == 4);
    fails!(fd_pread(file, [&mut four], u64::MAX), INVAL);
    fails!(fd_pwrite(file, [&[1]], 1 << 63), INVAL);
    fails!(fd_pread(0, [&mut four], 0), SPIPE);
    Ok(())
}

pub fn truncation(dir: Fd) -> Outcome {
    let open = Open {
        oflags: CREAT,
        base: right::FD_WRITE,
        ..Open::default()
    };
    let file = ok!(path_open(dir, "file", open));
    check!(ok!(fd_write(file, [b"this is to go"])) == 13);
    ok!(fd_close(file));
    let open = Open {
        oflags: CREAT | TRUNC,
        base: right::FD_WRITE | right::FD_READ,
        ..Open::default()
    };
    let file = ok!(path_open(dir, "file", open));
    let mut buffer = [0; 100];
    check!(ok!(fd_read(file, [&mut buffer])) == 0);
    // What is open stays so after the file was cut under it, and is not cut again by a thaw.
    check!(ok!(fd_write(file, [b"kept"])) == 4);
    check!(ok!(path_filestat_get(dir, 0, "file")).size == 4);
    Ok(())
}

pub fn allocate_and_advise(dir: Fd) -> Outcome {
    let file = ok!(create(dir, "file"));
    let size = |file| fd_filestat_get(file).map(|stat| stat.size);
    check!(ok!(size(file)) == 0);
    ok!(fd_allocate(file, 0, 100));
    check!(ok!(size(file)) == 100);
    ok!(fd_allocate(file, 10, 10));
    check!(ok!(size(file)) == 100);
    ok!(fd_allocate(file, 90, 20));
    check!(ok!(size(file)) == 110);
    fails!(fd_allocate(file, 0, 0), INVAL);
    ok!(fd_advise(file, 10, 50, 0));
    fails!(fd_advise(file, 10, 50, 6), INVAL);
    check!(ok!(size(file)) == 110);
    fails!(fd_advise(0, 0, 0, 0), SPIPE | BADF);
    Ok(())
}

pub fn set_size_and_times(dir: Fd) -> Outcome {
    const MTIM: u32 = 4;
    const MTIM_NOW: u32 = 8;
    let file = ok!(create(dir, "file"));
    check!(ok!(fd_filestat_get(file)).size == 0);
    ok!(fd_filestat_set_size(file, 100));
    let before = ok!(fd_filestat_get(file));
    check!(before.size == 100 && before.filetype == REGULAR_FILE);
    let modified = before.modified - 100;
    ok!(fd_filestat_set_times(file, modified, modified, MTIM));
    let after = ok!(fd_filestat_get(file));
    check!(after.size == 100);
    check!(after.modified == modified);
    check!(after.accessed == before.accessed);
    ok!(fd_filestat_set_times(file, 0, 0, MTIM_NOW));
    check!(ok!(fd_filestat_get(file)).modified > modified);
    ok!(fd_filestat_set_size(file, 10));
    check!(ok!(fd_filestat_get(file)).size == 10);
    ok!(fd_sync(file));
    ok!(fd_datasync(file));
    Ok(())
}

pub fn times_that_contradict(dir: Fd) -> Outcome {
    let open = Open {
        oflags: CREAT,
        base: right::FD_READ | right::FD_FILESTAT_SET_TIMES,
        ..Open::default()
    };
    let file = ok!(path_open(dir, "file", open));
    fails!(fd_filestat_set_times(file, 100, 200, 4 | 8), INVAL);
    fails!(fd_filestat_set_times(file, 100, 200, 1 | 2), INVAL);
    fails!(fd_filestat_set_times(file, 100, 200, 16), INVAL);
    Ok(())
}

/// A file has no rights that mean something for directories only, whoever asks for them.
pub fn rights_of_files(dir: Fd) -> Outcome {
    let open = Open {
        oflags: CREAT,
        base: right::FD_READ | right::FD_WRITE | right::DIRECTORY,
        inheriting: right::DIRECTORY,
        fdflags: APPEND | SYNC,
        ..Open::default()
    };
    let stat = ok!(fd_fdstat_get(ok!(path_open(dir, "file", open))));
    check!(stat.base & right::FD_WRITE != 0);
    check!(stat.base & !right::FILE == 0);
    check!(stat.inheriting == 0);
    check!(stat.flags == (APPEND | SYNC) as u16);
    Ok(())
}

/// Times by a path: what is refused changes nothing.
pub fn times_by_path(dir: Fd) -> Outcome {
    const ATIM: u32 = 1;
    const ATIM_NOW: u32 = 2;
    const MTIM: u32 = 4;
    const MTIM_NOW: u32 = 8;
    ok!(touch(dir, "file"));
    let modified = ok!(path_filestat_get(dir, 0, "file")).modified - 100;
    ok!(path_filestat_set_times(dir, 0, "file", 0, modified, MTIM));
    check!(ok!(path_filestat_get(dir, 0, "file")).modified == modified);
    let both = MTIM | MTIM_NOW;
    fails!(path_filestat_set_times(dir, 0, "file", 0, 7, both), INVAL);
    let both = ATIM | ATIM_NOW | MTIM;
    fails!(path_filestat_set_times(dir, 0, "file", 7, 7, both), INVAL);
    fails!(path_filestat_set_times(dir, 0, "file", 7, 7, 16), INVAL);
    fails!(path_filestat_set_times(dir, 0, "none", 7, 7, MTIM), NOENT);
    check!(ok!(path_filestat_get(dir, 0, "file")).modified == modified);
    ok!(path_filestat_set_times(dir, 0, "file", 0, 0, MTIM_NOW));
    check!(ok!(path_filestat_get(dir, 0, "file")).modified > modified);
    Ok(())
}

pub fn append_flags(dir: Fd) -> Outcome {
    let open = Open {
        oflags: CREAT,
        base: right::FILE,
        fdflags: APPEND | SYNC,
        ..Open::default()
    };
    let file = ok!(path_open(dir, "file", open));
    check!(ok!(fd_fdstat_get(file)).flags == (APPEND | SYNC) as u16);
    check!(ok!(fd_write(file, [&[0; 100]])) == 100);
    check!(ok!(fd_seek(file, 0, SET)) == 0);
    let mut buffer = [9; 100];
    check!(ok!(fd_read(file, [&mut buffer])) == 100 && buffer == [0; 100]);
    check!(ok!(fd_seek(file, 0, SET)) == 0);
    check!(ok!(fd_write(file, [&[1; 100]])) == 100);
    check!(ok!(fd_tell(file)) == 200);
    check!(ok!(fd_seek(file, 100, SET)) == 100);
    check!(ok!(fd_read(file, [&mut buffer])) == 100 && buffer == [1; 100]);
    ok!(fd_fdstat_set_flags(file, 0));
    check!(ok!(fd_fdstat_get(file)).flags == 0);
    check!(ok!(fd_seek(file, 0, SET)) == 0);
    check!(ok!(fd_write(file, [&[2; 100]])) == 100);
    check!(ok!(fd_seek(file, 0, SET)) == 0);
    check!(ok!(fd_read(file, [&mut buffer])) == 100 && buffer == [2; 100]);
    ok!(fd_close(file));
    check!(ok!(path_filestat_get(dir, 0, "file")).size == 200);
    Ok(())
}

pub fn pwrite_appending(dir: Fd) -> Outcome {
    let open = Open {
        oflags: CREAT | TRUNC,
        base: right::FILE & !right::FD_READ,
        fdflags: APPEND,
        ..Open::default()
    };
    let file = ok!(path_open(dir, "file", open));
    check!(ok!(fd_write(file, [b"ab"])) == 2);
    check!(ok!(fd_seek(file, 0, SET)) == 0);
    check!(ok!(fd_write(file, [b"cd"])) == 2);
    check!(ok!(fd_tell(file)) == 4);
    check!(ok!(fd_pwrite(file, [b"xyz"], 0)) == 3);
    check!(ok!(fd_tell(file)) == 4);
    check!(ok!(fd_seek(file, 0, END)) == 4);
    Ok(())
}

pub fn unbuffered_write(dir: Fd) -> Outcome {
    let only = |base, oflags| Open {
        oflags,
        base,
        ..Open::default()
    };
    let reader = ok!(path_open(dir, "file", only(right::FD_READ, CREAT)));
    let writer = ok!(path_open(dir, "file", only(right::FD_WRITE, 0)));
    check!(ok!(fd_write(writer, [&[1]])) == 1);
    let mut byte = [0];
    check!(ok!(fd_read(reader, [&mut byte])) == 1 && byte == [1]);
    ok!(fd_close(writer));
    ok!(fd_close(reader));
    Ok(())
}

pub fn read_write(dir: Fd) -> Outcome {
    ok!(touch(dir, "file"));
    let only = |base| Open {
        base,
        ..Open::default()
    };
    let mut buffer = [0; 100];
    let file = ok!(path_open(dir, "file", only(right::FD_READ)));
    check!(ok!(fd_fdstat_get(file)).base == right::FD_READ);
    check!(ok!(fd_read(file, [&mut buffer])) == 0);
    fails!(fd_write(file, [&[1; 50]]), BADF | NOTCAPABLE);
    ok!(fd_close(file));

    let file = ok!(path_open(dir, "file", only(right::FD_WRITE)));
    check!(ok!(fd_fdstat_get(file)).base == right::FD_WRITE);
    fails!(fd_read(file, [&mut buffer]), BADF | NOTCAPABLE);
    check!(ok!(fd_write(file, [&[1; 50]])) == 50);
    ok!(fd_close(file));

    let base = right::FD_READ | right::FD_WRITE | right::FD_FILESTAT_GET;
    let file = ok!(path_open(dir, "file", only(base)));
    check!(ok!(fd_fdstat_get(file)).base == base);
    check!(ok!(fd_read(file, [&mut buffer])) == 50 && buffer[..50] == [1; 50]);
    check!(ok!(fd_write(file, [&[2; 25]])) == 25);
    check!(ok!(fd_filestat_get(file)).size == 75);
    Ok(())
}

pub fn removed_while_open(dir: Fd) -> Outcome {
    let unreadable = ok!(open(dir, "unreadable", CREAT));
    ok!(path_unlink_file(dir, "unreadable"));
    check!(ok!(fd_fdstat_get(unreadable)).base == 0);
    let file = ok!(create(dir, "file"));
    let same = ok!(create(dir, "file"));
    check!(ok!(fd_write(file, [b"here"])) == 4);
    ok!(path_unlink_file(dir, "file"));
    let other = ok!(create(dir, "file"));
    check!(ok!(fd_write(other, [b"other"])) == 5);
    let mut buffer = [0; 10];
    check!(ok!(fd_read(same, [&mut buffer])) == 4 && buffer[..4] == *b"here");
    check!(ok!(fd_write(same, [b"!"])) == 1);
    let stat = ok!(fd_filestat_get(file));
    check!((stat.size, stat.links) == (5, 0));
    check!(ok!(fd_pread(file, [&mut buffer], 0)) == 5 && buffer[..5] == *b"here!");
    check!(ok!(fd_pread(other, [&mut buffer], 0)) == 5 && buffer[..5] == *b"other");
    Ok(())
}

pub fn renumber(dir: Fd) -> Outcome {
    let first = ok!(create(dir, "file1"));
    check!(ok!(fd_write(first, [b"first"])) == 5);
    let stat = ok!(fd_fdstat_get(first));
    let second = ok!(create(dir, "file2"));
    ok!(fd_renumber(first, second));
    fails!(fd_close(first), BADF);
    check!(ok!(fd_fdstat_get(second)) == stat);
    check!(ok!(fd_tell(second)) == 5);
    fails!(fd_renumber(second, first), BADF);
    fails!(fd_renumber(first, second), BADF);
    ok!(fd_renumber(second, second));
    // The lowest number is taken.
    check!(ok!(create(dir, "file3")) == first);
    ok!(fd_close(second));
    Ok(())
}

pub fn descriptors_end(dir: Fd) -> Outcome {
    let mut last = dir;
    let errno = loop {
        match open(dir, ".", 0) {
            Ok(fd) if fd == last + 1 => last = fd,
            Ok(_) => check!(false),
            Err(errno) => break errno,
        }
    };
    check!(errno == MFILE);
    fails!(open(dir, "file", CREAT), MFILE);
    fails!(path_filestat_get(dir, 0, "file"), NOENT);
    ok!(fd_close(dir + 1));
    check!(ok!(open(dir, "file", CREAT)) == dir + 1);
    for fd in dir + 1..=last {
        ok!(fd_close(fd));
    }
    Ok(())
}

pub fn not_a_terminal(dir: Fd) -> Outcome {
    let file = ok!(open(dir, "file", CREAT));
    check!(ok!(fd_fdstat_get(file)).filetype == REGULAR_FILE);
    // The checks run without a terminal.
    check!(ok!(fd_fdstat_get(1)).filetype != CHARACTER_DEVICE);
    Ok(())
}
