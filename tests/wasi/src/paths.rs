//! Paths, and calls that take one.

use crate::wasi::*;
use crate::{Outcome, check, create, fails, ok, open, open_dir, touch};

pub fn interesting_paths(dir: Fd) -> Outcome {
    ok!(path_create_directory(dir, "dir"));
    ok!(path_create_directory(dir, "dir/nested"));
    ok!(touch(dir, "dir/nested/file"));
    fails!(open(dir, "/dir/nested/file", 0), PERM | NOTCAPABLE);
    let winding = "dir/.//nested/../../dir/nested/../nested///./file";
    ok!(fd_close(ok!(open(dir, winding, 0))));
    fails!(open(dir, "dir/nested/file\0", 0), INVAL);
    fails!(path_open(dir, b"dir/\xff", Open::default()), ILSEQ);
    fails!(open(dir, "", 0), NOENT);
    fails!(open(dir, &"x".repeat(5000), 0), NAMETOOLONG);
    fails!(open(dir, &"x".repeat(300), 0), NAMETOOLONG);
    fails!(open(dir, "dir/nested/file/", 0), NOTDIR);
    fails!(open(dir, "dir/nested/file///", 0), NOTDIR);
    ok!(fd_close(ok!(open(dir, "dir/nested/", 0))));
    ok!(fd_close(ok!(open(dir, "dir/nested///", 0))));
    fails!(open(dir, "dir/nested/../../../x/dir/nested/file", 0), PERM);
    fails!(open(dir, "..", 0), PERM);
    ok!(path_unlink_file(dir, "dir/nested/file"));
    ok!(path_remove_directory(dir, "dir/nested"));
    ok!(path_remove_directory(dir, "dir"));
    Ok(())
}

pub fn exists(dir: Fd) -> Outcome {
    ok!(path_create_directory(dir, "subdir"));
    ok!(touch(dir, "subdir/file"));
    ok!(path_symlink("subdir/file", dir, "link1"));
    ok!(path_symlink("subdir", dir, "link2"));
    for (path, itself, followed) in [
        ("subdir", DIR, DIR),
        ("subdir/file", REGULAR_FILE, REGULAR_FILE),
        ("link1", SYMBOLIC_LINK, REGULAR_FILE),
        ("link2", SYMBOLIC_LINK, DIR),
        ("link2/file", REGULAR_FILE, REGULAR_FILE),
    ] {
        check!(ok!(path_filestat_get(dir, 0, path)).filetype == itself);
        check!(ok!(path_filestat_get(dir, FOLLOW, path)).filetype == followed);
    }
    fails!(path_filestat_get(dir, 0, "nothing"), NOENT);
    fails!(path_filestat_get(dir, 2, "subdir"), INVAL);
    Ok(())
}

pub fn open_missing(dir: Fd) -> Outcome {
    fails!(open(dir, "file", 0), NOENT);
    fails!(open(dir, "file", DIRECTORY), NOENT);
    fails!(open(dir, "dir/file", CREAT), NOENT);
    fails!(open(dir, "file/", CREAT), ISDIR | NOENT | NOTDIR);
    fails!(open(dir, "file", DIRECTORY | CREAT), INVAL);
    Ok(())
}

pub fn open_existing(dir: Fd) -> Outcome {
    ok!(touch(dir, "file"));
    fails!(open(dir, "file", CREAT | EXCL), EXIST);
    fails!(open(dir, "file", DIRECTORY), NOTDIR);
    ok!(fd_close(ok!(open(dir, "file", CREAT))));
    ok!(path_symlink("nowhere", dir, "link"));
    fails!(open(dir, "link", CREAT | EXCL), EXIST);
    Ok(())
}

pub fn not_a_directory(dir: Fd) -> Outcome {
    let file = ok!(create(dir, "file"));
    fails!(open(file, "foo", CREAT), NOTDIR | NOTCAPABLE);
    fails!(path_filestat_get(file, 0, "foo"), NOTDIR | NOTCAPABLE);
    fails!(open(dir, "file/foo", CREAT), NOTDIR);
    fails!(open(1, "foo", CREAT), NOTDIR | BADF);
    fails!(open(99, "foo", CREAT), BADF);
    Ok(())
}

pub fn nonblocking(dir: Fd) -> Outcome {
    let open = Open {
        fdflags: NONBLOCK,
        ..Open::default()
    };
    ok!(path_open(dir, ".", open));
    let open = Open {
        fdflags: 32,
        ..open
    };
    fails!(path_open(dir, ".", open), INVAL);
    Ok(())
}

pub fn rename_files(dir: Fd) -> Outcome {
    ok!(path_create_directory(dir, "source"));
    ok!(path_rename(dir, "source", dir, "target"));
    fails!(open(dir, "source", DIRECTORY), NOENT);
    ok!(fd_close(ok!(open(dir, "target", DIRECTORY))));

    // In place of an empty directory, but not of one that is not, or of a file.
    ok!(path_create_directory(dir, "source"));
    ok!(path_rename(dir, "source", dir, "target"));
    fails!(open(dir, "source", DIRECTORY), NOENT);
    ok!(path_create_directory(dir, "source"));
    ok!(touch(dir, "target/file"));
    fails!(path_rename(dir, "source", dir, "target"), NOTEMPTY);
    fails!(path_rename(dir, "source", dir, "target/file"), NOTDIR);
    fails!(path_rename(dir, "target", dir, "target/inside"), INVAL);
    ok!(path_unlink_file(dir, "target/file"));
    ok!(path_remove_directory(dir, "source"));
    ok!(path_remove_directory(dir, "target"));

    ok!(touch(dir, "source"));
    ok!(path_rename(dir, "source", dir, "target"));
    fails!(open(dir, "source", 0), NOENT);
    ok!(fd_close(ok!(open(dir, "target", 0))));
    ok!(touch(dir, "source"));
    ok!(path_rename(dir, "source", dir, "target"));
    fails!(open(dir, "source", 0), NOENT);
    ok!(path_unlink_file(dir, "target"));

    ok!(touch(dir, "source"));
    ok!(path_create_directory(dir, "target"));
    fails!(path_rename(dir, "source", dir, "target"), ISDIR);
    fails!(path_rename(dir, "nothing", dir, "target"), NOENT);

    // An open file keeps its contents under its new name, in another directory.
    let file = ok!(create(dir, "source"));
    check!(ok!(fd_write(file, [b"moved"])) == 5);
    let target = ok!(open_dir(dir, "target"));
    ok!(path_rename(dir, "source", target, "file"));
    ok!(path_rename(dir, "target", dir, "elsewhere"));
    let mut text = [0; 5];
    check!(ok!(fd_pread(file, [&mut text], 0)) == 5 && text == *b"moved");
    check!(ok!(path_filestat_get(target, 0, "file")).size == 5);
    Ok(())
}

pub fn rename_trailing_slashes(dir: Fd) -> Outcome {
    ok!(path_create_directory(dir, "source"));
    ok!(path_rename(dir, "source/", dir, "target"));
    ok!(path_rename(dir, "target", dir, "source/"));
    ok!(path_rename(dir, "source/", dir, "target/"));
    ok!(path_rename(dir, "target", dir, "source"));
    let open = ok!(open_dir(dir, "source"));
    ok!(path_remove_directory(dir, "source"));
    ok!(touch(dir, "file"));
    fails!(path_rename(dir, "file/", dir, "target"), NOTDIR);
    fails!(path_rename(dir, "file", dir, "target/"), NOTDIR);
    fails!(crate::open(open, "x", CREAT), NOENT);
    Ok(())
}

pub fn remove_directory(dir: Fd) -> Outcome {
    ok!(path_create_directory(dir, "dir"));
    fails!(path_create_directory(dir, "dir"), EXIST);
    ok!(path_remove_directory(dir, "dir"));
    ok!(path_create_directory(dir, "dir/"));
    ok!(path_remove_directory(dir, "dir/"));
    ok!(touch(dir, "file"));
    fails!(path_remove_directory(dir, "file"), NOTDIR);
    fails!(path_remove_directory(dir, "file/"), NOTDIR);
    fails!(path_remove_directory(dir, "nothing"), NOENT);
    Ok(())
}

pub fn remove_nonempty(dir: Fd) -> Outcome {
    ok!(path_create_directory(dir, "dir"));
    ok!(path_create_directory(dir, "dir/nested"));
    fails!(path_remove_directory(dir, "dir"), NOTEMPTY);
    ok!(path_remove_directory(dir, "dir/nested"));
    ok!(path_remove_directory(dir, "dir"));
    Ok(())
}

pub fn unlink_trailing_slashes(dir: Fd) -> Outcome {
    ok!(path_create_directory(dir, "dir"));
    fails!(path_unlink_file(dir, "dir"), ISDIR);
    fails!(path_unlink_file(dir, "dir/"), ISDIR);
    ok!(path_remove_directory(dir, "dir"));
    ok!(touch(dir, "file"));
    fails!(path_unlink_file(dir, "file/"), NOTDIR);
    ok!(path_unlink_file(dir, "file"));
    fails!(path_unlink_file(dir, "file"), NOENT);
    Ok(())
}
