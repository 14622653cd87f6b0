//! Streams, clocks and what else a program has without files.

use crate::wasi::*;
use crate::{Outcome, check, create, fails, ok, open};

const CLOCK: u8 = 0;
const READ: u8 = 1;
const WRITE: u8 = 2;

const REALTIME: u32 = 0;
const MONOTONIC: u32 = 1;

const MS: u64 = 1_000_000;

fn clock(userdata: u64, subject: u32, timeout: u64, flags: u16) -> Subscription {
    Subscription {
        userdata,
        tag: CLOCK.into(),
        #[cfg(feature = "preview-0")]
        descriptor: 0x1234_5678_9abc,
        subject,
        timeout,
        precision: 0,
        flags,
    }
}

fn descriptor(userdata: u64, tag: u8, subject: u32) -> Subscription {
    Subscription {
        tag: tag.into(),
        #[cfg(feature = "preview-0")]
        descriptor: subject.into(),
        ..clock(userdata, subject, 0, 0)
    }
}

pub fn poll_streams(_: Fd) -> Outcome {
    let either = [clock(1, MONOTONIC, 200 * MS, 0), descriptor(2, READ, 0)];
    let events = ok!(poll_oneoff(&either));
    check!(!events.is_empty());
    for event in &events {
        check!(event.error == 0);
        check!(
            (event.userdata, event.tag) == (1, CLOCK) || (event.userdata, event.tag) == (2, READ)
        );
    }
    let writable = [
        descriptor(1, WRITE, 1),
        descriptor(2, WRITE, 2),
        clock(3, MONOTONIC, 200 * MS, 0),
    ];
    let events = ok!(poll_oneoff(&writable));
    check!(events.iter().map(|event| event.userdata).eq([1, 2]));
    check!(
        events
            .iter()
            .all(|event| event.error == 0 && event.tag == WRITE)
    );
    let events = ok!(poll_oneoff(&[descriptor(7, READ, 9999)]));
    check!(events.len() == 1 && events[0].error == BADF as u16 && events[0].tag == READ);
    fails!(poll_oneoff(&[]), INVAL);
    fails!(poll_oneoff(&[clock(0, 9, 0, 0)]), INVAL);
    fails!(poll_oneoff(&[descriptor(0, 9, 0)]), INVAL);
    Ok(())
}

/// A sleep takes its time, no less, whatever happens meanwhile, and not much more.
pub fn sleeping(_: Fd) -> Outcome {
    let begin = ok!(clock_time_get(MONOTONIC, 0));
    let events = ok!(poll_oneoff(&[
        clock(4, MONOTONIC, 60 * MS, 0),
        clock(5, REALTIME, 90_000 * MS, 0)
    ]));
    check!(events.len() == 1 && events[0].userdata == 4 && events[0].error == 0);
    let slept = ok!(clock_time_get(MONOTONIC, 0)) - begin;
    check!(slept >= 60 * MS);
    check!(slept < 5_000 * MS);
    let until = ok!(clock_time_get(MONOTONIC, 0)) + 20 * MS;
    ok!(poll_oneoff(&[clock(4, MONOTONIC, until, 1)]));
    check!(ok!(clock_time_get(MONOTONIC, 0)) >= until);
    let until = ok!(clock_time_get(REALTIME, 0)) + 20 * MS;
    ok!(poll_oneoff(&[clock(4, REALTIME, until, 1)]));
    check!(ok!(clock_time_get(REALTIME, 0)) >= until);
    ok!(poll_oneoff(&[clock(4, REALTIME, 1, 1)]));
    Ok(())
}

/// Goes on with its file after a sleep.
pub fn sleeping_with_a_file(dir: Fd) -> Outcome {
    ok!(path_create_directory(dir, "dir"));
    let file = ok!(create(dir, "dir/file"));
    check!(ok!(fd_write(file, [b"before"])) == 6);
    ok!(poll_oneoff(&[clock(0, MONOTONIC, 300 * MS, 0)]));
    check!(ok!(fd_write(file, [b" after"])) == 6);
    let mut text = [0; 20];
    check!(ok!(fd_pread(file, [&mut text], 0)) == 12 && text[..12] == *b"before after");
    Ok(())
}

pub fn clocks(_: Fd) -> Outcome {
    for id in 0..4 {
        check!(ok!(clock_res_get(id)) > 0);
        let first = ok!(clock_time_get(id, 1));
        let second = ok!(clock_time_get(id, 0));
        check!(first <= second);
        check!(id != MONOTONIC || first < second);
    }
    fails!(clock_time_get(4, 0), INVAL);
    fails!(clock_res_get(4), INVAL);
    const YEAR_2020: u64 = 1_577_836_800_000 * MS;
    check!(ok!(clock_time_get(REALTIME, 0)) > YEAR_2020);
    Ok(())
}

pub fn random_bytes(_: Fd) -> Outcome {
    let (mut first, mut second) = ([0; 1024], [0; 1024]);
    ok!(random_get(&mut first));
    ok!(random_get(&mut second));
    check!(first != [0; 1024] && first != second);
    ok!(random_get(&mut []));
    Ok(())
}

/// Each stream goes to the number of a file, whose own number the next file gets.
pub fn renumber_streams(dir: Fd) -> Outcome {
    for from in [0, 1] {
        let to = ok!(open(dir, "file", CREAT));
        ok!(fd_renumber(from, to));
        ok!(fd_fdstat_get(to));
        fails!(fd_fdstat_get(from), BADF);
        ok!(path_unlink_file(dir, "file"));
    }
    Ok(())
}

pub fn sockets(dir: Fd) -> Outcome {
    fails!(sock_shutdown(9999, 1), BADF);
    fails!(sock_recv(9999, [&mut [0]]), BADF);
    fails!(sock_send(9999, [b"x"]), BADF);
    for fd in [1, dir] {
        fails!(sock_shutdown(fd, 1), NOTSOCK);
        fails!(sock_recv(fd, [&mut [0]]), NOTSOCK);
        fails!(sock_send(fd, [b"x"]), NOTSOCK);
    }
    #[cfg(not(feature = "preview-0"))]
    {
        fails!(sock_accept(9999, 0), BADF);
        fails!(sock_accept(1, 0), NOTSOCK);
        fails!(sock_accept(dir, 0), NOTSOCK);
    }
    Ok(())
}

/// Whoever runs the checks gives them this environment.
pub fn arguments(_: Fd) -> Outcome {
    let args = ok!(args());
    check!(args.len() == 1 && args[0].ends_with(".wasm"));
    check!(ok!(environ()) == ["KEY=a value", "EMPTY="]);
    Ok(())
}

pub fn signals(_: Fd) -> Outcome {
    const CHILD: u32 = 16;
    const CONTINUE: u32 = 17;
    const STOP: u32 = 18;
    ok!(proc_raise(CHILD));
    ok!(proc_raise(CONTINUE));
    fails!(proc_raise(STOP), NOTSUP);
    fails!(proc_raise(99), INVAL);
    Ok(())
}

pub fn bad_descriptors(_: Fd) -> Outcome {
    let bad = -31337_i32 as u32;
    fails!(fd_write(bad, [b"x"]), BADF);
    fails!(fd_close(bad), BADF);
    fails!(fd_read(1, [&mut [0]]), BADF);
    fails!(fd_write(0, [b"x"]), BADF);
    ok!(fd_close(0));
    fails!(fd_read(0, [&mut [0]]), BADF);
    Ok(())
}

pub fn yields(_: Fd) -> Outcome {
    ok!(sched_yield());
    Ok(())
}
