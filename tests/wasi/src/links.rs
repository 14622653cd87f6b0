//! Symbolic and hard links.

use crate::wasi::*;
use crate::{Outcome, check, create, fails, ok, open, open_dir, open_following, touch};

pub fn dangling(dir: Fd) -> Outcome {
    ok!(path_symlink("target", dir, "link"));
    fails!(open(dir, "link", DIRECTORY), NOTDIR | LOOP);
    fails!(open(dir, "link", 0), LOOP);
    fails!(open_following(dir, "link", 0), NOENT);
    ok!(fd_close(ok!(open_following(dir, "link", CREAT))));
    check!(ok!(path_filestat_get(dir, 0, "target")).filetype == REGULAR_FILE);
    ok!(path_unlink_file(dir, "link"));
    Ok(())
}

pub fn nofollow(dir: Fd) -> Outcome {
    ok!(path_create_directory(dir, "target"));
    ok!(path_symlink("target", dir, "link"));
    fails!(open(dir, "link", DIRECTORY), LOOP | NOTDIR);
    fails!(open(dir, "link", 0), LOOP);
    ok!(fd_close(ok!(open_following(dir, "link", DIRECTORY))));
    ok!(path_unlink_file(dir, "link"));
    ok!(path_remove_directory(dir, "target"));
    ok!(touch(dir, "target"));
    ok!(path_symlink("target", dir, "link"));
    fails!(open(dir, "link", DIRECTORY), LOOP | NOTDIR);
    fails!(open(dir, "link", 0), LOOP);
    fails!(open_following(dir, "link", DIRECTORY), NOTDIR);
    ok!(path_unlink_file(dir, "target"));
    ok!(path_unlink_file(dir, "link"));
    Ok(())
}

pub fn loops(dir: Fd) -> Outcome {
    ok!(path_symlink("link", dir, "link"));
    fails!(open(dir, "link", 0), LOOP);
    fails!(open_following(dir, "link", 0), LOOP);
    fails!(path_filestat_get(dir, FOLLOW, "link"), LOOP);
    fails!(open(dir, "link/x", 0), LOOP);
    ok!(path_unlink_file(dir, "link"));
    Ok(())
}

pub fn create_symlinks(dir: Fd) -> Outcome {
    ok!(touch(dir, "file"));
    ok!(path_symlink("file", dir, "link"));
    ok!(fd_close(ok!(open_following(dir, "link", 0))));
    ok!(path_create_directory(dir, "dir"));
    ok!(path_symlink("dir", dir, "link2"));
    ok!(fd_close(ok!(open_following(dir, "link2", DIRECTORY))));
    fails!(path_symlink("/", dir, "absolute"), PERM);
    fails!(path_symlink("", dir, "empty"), NOENT);
    ok!(path_symlink("../..", dir, "up"));
    fails!(open_following(dir, "up", DIRECTORY), PERM);
    fails!(open(dir, "up/x", 0), PERM);
    // A file that was opened by way of a link is found without it.
    let file = ok!(open_following(dir, "link", 0));
    ok!(path_unlink_file(dir, "link"));
    check!(ok!(fd_fdstat_get(file)).filetype == REGULAR_FILE);
    Ok(())
}

pub fn symlink_times(dir: Fd) -> Outcome {
    const MTIM: u32 = 4;
    ok!(touch(dir, "file"));
    let file = ok!(path_filestat_get(dir, 0, "file"));
    ok!(path_symlink("file", dir, "link"));
    let link = ok!(path_filestat_get(dir, 0, "link"));
    check!(link.filetype == SYMBOLIC_LINK && link.size == 4);
    ok!(path_filestat_set_times(
        dir,
        0,
        "link",
        0,
        link.modified - 200,
        MTIM
    ));
    check!(ok!(path_filestat_get(dir, 0, "link")).modified == link.modified - 200);
    check!(ok!(path_filestat_get(dir, 0, "file")).modified == file.modified);
    check!(ok!(path_filestat_get(dir, FOLLOW, "link")).modified == file.modified);
    ok!(path_filestat_set_times(dir, FOLLOW, "link", 0, 12345, MTIM));
    check!(ok!(path_filestat_get(dir, 0, "file")).modified == 12345);
    fails!(path_filestat_set_times(dir, 0, "file", 0, 0, 12), INVAL);
    fails!(path_filestat_set_times(dir, 0, "file", 0, 0, 3), INVAL);
    check!(ok!(path_filestat_get(dir, 0, "file")).modified == 12345);
    Ok(())
}

pub fn symlink_trailing_slashes(dir: Fd) -> Outcome {
    fails!(path_symlink("source", dir, "target/"), NOENT);
    ok!(path_symlink("source", dir, "target"));
    ok!(path_unlink_file(dir, "target"));
    ok!(path_create_directory(dir, "target"));
    fails!(path_symlink("source", dir, "target/"), EXIST);
    fails!(path_symlink("source", dir, "target"), EXIST);
    ok!(path_remove_directory(dir, "target"));
    ok!(touch(dir, "target"));
    fails!(path_symlink("source", dir, "target/"), NOTDIR | EXIST);
    fails!(path_symlink("source", dir, "target"), EXIST);
    Ok(())
}

pub fn read_link(dir: Fd) -> Outcome {
    ok!(touch(dir, "target"));
    ok!(path_symlink("target", dir, "link"));
    let mut buffer = [0; 10];
    check!(ok!(path_readlink(dir, "link", &mut buffer)) == 6);
    check!(buffer == *b"target\0\0\0\0");
    let mut buffer = [0; 4];
    check!(ok!(path_readlink(dir, "link", &mut buffer)) == 4);
    check!(buffer == *b"targ");
    fails!(path_readlink(dir, "target", &mut buffer), INVAL);
    fails!(path_readlink(dir, "nothing", &mut buffer), NOENT);
    Ok(())
}

pub fn hard_links(dir: Fd) -> Outcome {
    let file = ok!(create(dir, "file"));
    ok!(path_link(dir, 0, "file", dir, "link"));
    let link = ok!(create(dir, "link"));
    check!(ok!(fd_filestat_get(file)) == ok!(fd_filestat_get(link)));
    check!(ok!(fd_filestat_get(file)).links == 2);
    check!(ok!(fd_fdstat_get(file)) == ok!(fd_fdstat_get(link)));
    ok!(fd_close(link));
    ok!(path_unlink_file(dir, "link"));

    ok!(path_create_directory(dir, "subdir"));
    let subdir = ok!(open_dir(dir, "subdir"));
    ok!(path_link(dir, 0, "file", subdir, "link"));
    let link = ok!(create(subdir, "link"));
    check!(ok!(fd_filestat_get(file)) == ok!(fd_filestat_get(link)));
    fails!(path_link(dir, 0, "file", subdir, "link"), EXIST);
    fails!(path_link(dir, 0, "file", dir, "file"), EXIST);
    fails!(path_link(dir, 0, "file", dir, "subdir"), EXIST);
    fails!(path_link(dir, 0, "subdir", dir, "link"), PERM | ACCES);
    fails!(path_link(dir, 0, "file", dir, "link/"), NOENT);
    fails!(path_link(dir, 0, "nothing", dir, "link"), NOENT);
    // The file stays under the name that is left.
    ok!(path_unlink_file(dir, "file"));
    check!(ok!(fd_write(file, [b"x"])) == 1);
    check!(ok!(fd_filestat_get(link)).size == 1);

    ok!(path_symlink("target", dir, "symlink"));
    ok!(path_link(dir, 0, "symlink", dir, "link"));
    ok!(path_unlink_file(dir, "symlink"));
    check!(ok!(path_filestat_get(dir, 0, "link")).filetype == SYMBOLIC_LINK);
    fails!(path_link(subdir, 0, "link", dir, "link"), EXIST);
    fails!(path_link(dir, FOLLOW, "link", dir, "other"), INVAL | NOENT);
    // Also of a link that leads to itself, and in place of none that leads nowhere.
    ok!(path_symlink("loop", dir, "loop"));
    ok!(path_link(dir, 0, "loop", dir, "loop too"));
    fails!(path_link(subdir, 0, "link", dir, "loop"), EXIST);
    Ok(())
}
