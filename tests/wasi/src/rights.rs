//! Rights of descriptors.

use crate::wasi::*;
use crate::{Outcome, check, fails, ok, open, open_dir, right, touch};

pub fn set_rights(dir: Fd) -> Outcome {
    let base = right::FD_READ | right::FD_WRITE | right::FD_SEEK | right::FD_TELL;
    let open = Open {
        oflags: CREAT,
        base,
        ..Open::default()
    };
    let file = ok!(path_open(dir, "file", open));
    check!(ok!(fd_write(file, [b"abcd"])) == 4);
    check!(ok!(fd_seek(file, 0, SET)) == 0);
    let mut buffer = [0; 4];
    check!(ok!(fd_read(file, [&mut buffer])) == 4 && buffer == *b"abcd");
    ok!(fd_fdstat_set_rights(
        file,
        right::FD_SEEK | right::FD_TELL,
        0
    ));
    let stat = ok!(fd_fdstat_get(file));
    check!(stat.base == right::FD_SEEK | right::FD_TELL);
    fails!(fd_read(file, [&mut buffer]), BADF | NOTCAPABLE);
    fails!(fd_write(file, [b"abcd"]), BADF | NOTCAPABLE);
    fails!(fd_fdstat_set_rights(file, base, 0), NOTCAPABLE);
    fails!(fd_fdstat_set_rights(file, stat.base, base), NOTCAPABLE);
    check!(ok!(fd_seek(file, 1, SET)) == 1);
    Ok(())
}

pub fn truncation_rights(root: Fd) -> Outcome {
    ok!(path_create_directory(root, "dir"));
    let dir = ok!(open_dir(root, "dir"));
    ok!(touch(dir, "file"));
    let stat = ok!(fd_fdstat_get(dir));
    check!(stat.filetype == DIR && stat.flags == 0);
    check!(stat.base & right::FD_FILESTAT_SET_SIZE == 0);
    check!(stat.base & right::PATH_FILESTAT_SET_SIZE != 0);
    ok!(fd_close(ok!(open(dir, "file", TRUNC))));
    let inheriting = stat.inheriting & !right::FD_FILESTAT_SET_SIZE;
    ok!(fd_fdstat_set_rights(dir, stat.base, inheriting));
    ok!(fd_close(ok!(open(dir, "file", TRUNC))));
    let base = stat.base & !right::PATH_FILESTAT_SET_SIZE;
    ok!(fd_fdstat_set_rights(dir, base, inheriting));
    check!(ok!(fd_fdstat_get(dir)).base == base);
    fails!(open(dir, "file", TRUNC), PERM | NOTCAPABLE);
    Ok(())
}

pub fn read_without_rights(root: Fd) -> Outcome {
    ok!(path_create_directory(root, "dir"));
    let dir = ok!(open_dir(root, "dir"));
    ok!(touch(dir, "file"));
    let stat = ok!(fd_fdstat_get(dir));
    let inheriting = stat.inheriting & !right::FD_READ;
    ok!(fd_fdstat_set_rights(dir, stat.base, inheriting));
    let file = ok!(open(dir, "file", 0));
    let stat = ok!(fd_fdstat_get(file));
    check!((stat.base | stat.inheriting) & right::FD_READ == 0);
    fails!(fd_read(file, [&mut [0]]), BADF);
    let reading = Open {
        base: right::FD_READ,
        ..Open::default()
    };
    fails!(path_open(dir, "file", reading), NOTCAPABLE);
    Ok(())
}
