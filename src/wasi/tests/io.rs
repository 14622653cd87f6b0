//! Reading, writing and waiting, on streams and on files.

use super::{BUFFER, Fixture, RESULT};
use crate::wasi::guest::Stop;
use crate::wasi::io::{self, Buffers};
use crate::wasi::{Errno, FileKind, Random, Sync, Wait, fd, poll, process, random};
use alloc::vec;
use alloc::vec::Vec;

/// A list of buffers at address 0.
fn buffers(count: u32) -> Buffers {
    Buffers {
        list: 0,
        count,
        result: RESULT,
    }
}

const STDIN_WAIT: Stop = Stop::Wait(Wait {
    duration_ns: None,
    stdin: true,
});

#[test]
fn a_write_gathers_its_buffers_in_order() {
    let mut f = Fixture::new();
    f.put(0, &[100, 3, 200, 0, 300, 2]);
    f.put_bytes(100, b"abc");
    f.put_bytes(300, b"de");
    assert_eq!(io::write(&mut f.call(), 1, buffers(3)), Ok(()));
    assert_eq!(f.host.written, b"abcde");
    assert_eq!(f.word(RESULT), 5);
}

#[test]
fn a_write_that_fails_later_reports_what_went_before() {
    let mut f = Fixture::new();
    f.put(0, &[100, 3, 1 << 20, 4]);
    assert_eq!(io::write(&mut f.call(), 1, buffers(2)), Ok(()));
    assert_eq!(f.word(RESULT), 3);
    f.host.room = Some(5);
    f.put(0, &[100, 8]);
    assert_eq!(io::write(&mut f.call(), 1, buffers(1)), Ok(()));
    assert_eq!(f.word(RESULT), 2);
    let full = io::write(&mut f.call(), 1, buffers(1));
    assert_eq!(full, Err(Errno::Pipe));
}

#[test]
fn lists_that_no_file_could_take_are_refused() {
    let mut f = Fixture::new();
    f.put(0, &[0, u32::MAX, 0, 1]);
    for count in [2, 1025, u32::MAX] {
        let result = io::write(&mut f.call(), 1, buffers(count));
        assert_eq!(result, Err(Errno::Invalid), "{count}");
    }
    f.put(65536 - 8, &[0, 0]);
    let outside = Buffers {
        list: 65536 - 8,
        ..buffers(2)
    };
    assert_eq!(io::write(&mut f.call(), 1, outside), Err(Errno::Fault));
}

#[test]
fn reads_of_standard_input_go_on_where_the_last_one_ended_also_after_a_thaw() {
    let mut f = Fixture::new();
    f.host.stdin = b"hello".to_vec();
    f.put(0, &[100, 3]);
    for (expected, text) in [(3, &b"hel"[..]), (2, b"lo"), (0, b"")] {
        assert_eq!(io::read(&mut f.call(), 0, buffers(1)), Ok(()));
        assert_eq!(f.word(RESULT), expected);
        assert_eq!(&f.memory[100..100 + text.len()], text);
        f.thaw();
    }
}

#[test]
fn reading_standard_input_waits_unless_told_not_to() {
    let mut f = Fixture::new();
    f.host.is_stdin_open = true;
    f.put(0, &[100, 3, 200, 3]);
    assert_eq!(io::read(&mut f.call(), 0, buffers(0)), Ok(()));
    assert_eq!(io::read(&mut f.call(), 0, buffers(2)), Err(STDIN_WAIT));
    f.host.stdin = b"abc".to_vec();
    assert_eq!(io::read(&mut f.call(), 0, buffers(2)), Ok(()));
    assert_eq!(f.word(RESULT), 3, "what is there, without waiting for more");
    assert_eq!(fd::fdstat_set_flags(&mut f.call(), 0, 4), Ok(()));
    let result = io::read(&mut f.call(), 0, buffers(2));
    assert_eq!(result, Err(Errno::Again.into()));
}

#[test]
fn only_open_streams_of_the_right_direction_are_descriptors() {
    let mut f = Fixture::new();
    assert_eq!(io::write(&mut f.call(), 0, buffers(0)), Err(Errno::BadFd));
    let result = io::read(&mut f.call(), 1, buffers(0));
    assert_eq!(result, Err(Errno::BadFd.into()));
    assert_eq!(io::write(&mut f.call(), 3, buffers(0)), Err(Errno::BadFd));
    let invalid = -31337i32 as u32;
    assert_eq!(
        io::write(&mut f.call(), invalid, buffers(0)),
        Err(Errno::BadFd)
    );
    assert_eq!(fd::seek(&mut f.call(), 1, 0, 0, RESULT), Err(Errno::NoSeek));
    assert_eq!(fd::close(&mut f.call(), 1), Ok(()));
    assert_eq!(io::write(&mut f.call(), 1, buffers(0)), Err(Errno::BadFd));
    assert_eq!(fd::close(&mut f.call(), 1), Err(Errno::BadFd));
    assert_eq!(fd::prestat_get(&mut f.call(), 0, RESULT), Err(Errno::BadFd));
    assert_eq!(fd::prestat_get(&mut f.call(), 3, RESULT), Err(Errno::BadFd));
    assert_eq!(process::socket(&mut f.call(), 2), Err(Errno::NotSocket));
    assert_eq!(process::socket(&mut f.call(), 3), Err(Errno::BadFd));
}

#[test]
fn a_terminal_is_a_character_device_that_cannot_seek() {
    const SEEK_AND_TELL: u64 = 0x24;
    let mut f = Fixture::new();
    for fd in [1, 2] {
        assert_eq!(fd::fdstat_get(&mut f.call(), fd, RESULT), Ok(()));
        assert_eq!(f.memory[RESULT as usize], FileKind::CharacterDevice as u8);
        assert_eq!(f.long(RESULT + 8) & SEEK_AND_TELL, 0);
    }
    assert_eq!(fd::fdstat_get(&mut f.call(), 0, RESULT), Ok(()));
    assert_eq!(f.memory[RESULT as usize], FileKind::Unknown as u8);
    let end = 65536 - 23;
    assert_eq!(fd::fdstat_get(&mut f.call(), 1, end), Err(Errno::Fault));
}

#[test]
fn files_are_written_and_read_at_the_descriptors_offset_or_at_one_given() {
    let mut f = Fixture::with_files();
    let file = f.create("file");
    f.put(0, &[100, 2, 102, 3]);
    f.put_bytes(100, b"abcde");
    assert_eq!(io::write(&mut f.call(), file, buffers(2)), Ok(()));
    assert_eq!(f.word(RESULT), 5);
    assert_eq!(io::pwrite(&mut f.call(), file, buffers(1), 4), Ok(()));
    assert_eq!(fd::tell(&mut f.call(), file, RESULT), Ok(()));
    assert_eq!(f.long(RESULT), 5);
    f.put(0, &[BUFFER, 4, BUFFER + 4, 4]);
    assert_eq!(io::pread(&mut f.call(), file, buffers(2), 1), Ok(()));
    assert_eq!(f.word(RESULT), 5);
    assert_eq!(&f.memory[BUFFER as usize..][..5], b"bcdab");
    assert_eq!(io::read(&mut f.call(), file, buffers(2)), Ok(()));
    assert_eq!(f.word(RESULT), 1, "from 5 to the end at 6");
}

#[test]
fn appending_finds_the_end_whatever_the_offset() {
    let mut f = Fixture::with_files();
    let file = f.create("file");
    f.put(0, &[100, 3]);
    f.put_bytes(100, b"abc");
    assert_eq!(io::write(&mut f.call(), file, buffers(1)), Ok(()));
    assert_eq!(fd::fdstat_set_flags(&mut f.call(), file, 1), Ok(()));
    assert_eq!(fd::seek(&mut f.call(), file, 0, 0, RESULT), Ok(()));
    f.thaw();
    assert_eq!(io::write(&mut f.call(), file, buffers(1)), Ok(()));
    assert_eq!(fd::tell(&mut f.call(), file, RESULT), Ok(()));
    assert_eq!(f.long(RESULT), 6);
    assert_eq!(
        fd::fdstat_set_flags(&mut f.call(), file, 32),
        Err(Errno::Invalid)
    );
}

#[test]
fn a_descriptor_that_is_to_sync_does_so_with_each_write() {
    let mut f = Fixture::with_files();
    let file = f.create("file");
    f.put(0, &[100, 1]);
    for (flags, expected) in [(2, Sync::Data), (16, Sync::All)] {
        assert_eq!(fd::fdstat_set_flags(&mut f.call(), file, flags), Ok(()));
        assert_eq!(io::write(&mut f.call(), file, buffers(1)), Ok(()));
        assert_eq!(f.files().synced.pop(), Some(expected));
    }
    assert_eq!(fd::sync(&mut f.call(), 1, Sync::All), Err(Errno::Invalid));
}

#[test]
fn offsets_that_no_file_has_are_refused() {
    let mut f = Fixture::with_files();
    let file = f.create("file");
    let mut seek = |offset, whence| fd::seek(&mut f.call(), file, offset, whence, RESULT);
    assert_eq!(seek(-1, 0), Err(Errno::Invalid));
    assert_eq!(seek(i64::MAX, 0), Ok(()));
    assert_eq!(seek(1, 1), Err(Errno::Invalid));
    assert_eq!(seek(0, 3), Err(Errno::Invalid));
    f.put(0, &[100, 3]);
    assert_eq!(
        io::write(&mut f.call(), file, buffers(1)),
        Err(Errno::FileTooLarge)
    );
    assert_eq!(io::read(&mut f.call(), file, buffers(1)), Ok(()));
    assert_eq!(f.word(RESULT), 0);
    let far = 1 << 63;
    let c = &mut f.call();
    assert_eq!(io::pread(c, file, buffers(1), far), Err(Errno::Invalid));
    assert_eq!(io::pwrite(c, file, buffers(1), far), Err(Errno::Invalid));
    assert_eq!(fd::filestat_set_size(c, file, far), Err(Errno::Invalid));
    assert_eq!(fd::allocate(c, file, 0, 0), Err(Errno::Invalid));
    assert_eq!(fd::allocate(c, file, far, 1), Err(Errno::Invalid));
    assert_eq!(fd::allocate(c, file, far - 1, 1), Err(Errno::FileTooLarge));
    assert_eq!(fd::advise(c, file, far, 1, 0), Err(Errno::Invalid));
    assert_eq!(fd::advise(c, file, 0, 1, 6), Err(Errno::Invalid));
    assert_eq!(fd::advise(c, file, 0, 1, 5), Ok(()));
}

#[test]
fn seeded_random_bytes_repeat_and_others_are_the_hosts() {
    let mut f = Fixture::new();
    let mut bytes = |random: Option<Random>, host: u8| {
        if let Some(random) = random {
            f.ctx.random = random;
        }
        f.host.random = host;
        assert_eq!(random::get(&mut f.call(), BUFFER, 13), Ok(()));
        f.thaw();
        f.memory[BUFFER as usize..][..13].to_vec()
    };
    let first = bytes(Some(Random::Seeded(42)), 1);
    let second = bytes(None, 2);
    assert_ne!(first, second);
    assert_eq!(bytes(Some(Random::Seeded(42)), 3), first);
    assert_eq!(bytes(None, 4), second, "also after a thaw");
    assert_eq!(bytes(Some(Random::Host), 5), [5; 13]);
    assert_eq!(bytes(None, 6), [6; 13], "fresh after a thaw");
}

#[test]
fn signals_that_end_a_process_end_the_program() {
    assert_eq!(process::raise(6), Err(Stop::Exit(134)));
    assert_eq!(process::raise(0), Ok(()));
    assert_eq!(process::raise(18), Err(Errno::NotSupported.into()));
    assert_eq!(process::raise(31), Err(Errno::Invalid.into()));
}

/// A subscription to a clock, as a guest writes it.
fn clock(userdata: u64, id: u32, timeout_ns: u64, flags: u16) -> [u8; 48] {
    let mut bytes = [0; 48];
    bytes[..8].copy_from_slice(&userdata.to_le_bytes());
    bytes[16..20].copy_from_slice(&id.to_le_bytes());
    bytes[24..32].copy_from_slice(&timeout_ns.to_le_bytes());
    bytes[40..42].copy_from_slice(&flags.to_le_bytes());
    bytes
}

/// A subscription to a descriptor: 1 for reading, 2 for writing.
fn descriptor(userdata: u64, tag: u8, fd: u32) -> [u8; 48] {
    let mut bytes = clock(userdata, fd, 0, 0);
    bytes[8] = tag;
    bytes
}

/// User data, error and type of an event.
type Event = (u64, u16, u8);

impl Fixture {
    fn poll(&mut self, subscriptions: &[[u8; 48]]) -> Result<Vec<Event>, Stop> {
        self.put_bytes(BUFFER, &subscriptions.concat());
        let events = 2 * BUFFER;
        let count = subscriptions.len() as u32;
        poll::oneoff(&mut self.call(), BUFFER, events, count, RESULT)?;
        let event = |index| {
            let address = events + 32 * index;
            let error = self.word(address + 8);
            (self.long(address), error as u16, (error >> 16) as u8)
        };
        Ok((0..self.word(RESULT)).map(event).collect())
    }

    /// Polls as the guest's call does, which waits.
    fn poll_to_the_end(&mut self, subscriptions: &[[u8; 48]]) -> Vec<Event> {
        loop {
            match self.poll(subscriptions) {
                Err(Stop::Wait(wait)) => {
                    self.ctx.note_wait(&mut self.host, wait);
                    self.ctx.wait(&mut self.host, wait);
                }
                result => {
                    self.ctx.forget_wait();
                    return result.unwrap();
                }
            };
        }
    }
}

fn wait_of(duration_ns: u64) -> Stop {
    Stop::Wait(Wait {
        duration_ns: Some(duration_ns),
        stdin: false,
    })
}

#[test]
fn sleeping_takes_as_long_as_asked_also_with_a_freeze_in_the_middle() {
    let mut f = Fixture::new();
    let sleep = [clock(5, 1, 35, 0)];
    assert_eq!(f.poll_to_the_end(&sleep), [(5, 0, 0)]);
    assert_eq!(f.host.now_ns, 35);

    assert_eq!(f.poll(&sleep), Err(wait_of(35)));
    let Err(Stop::Wait(wait)) = f.poll(&sleep) else {
        panic!("waits");
    };
    f.ctx.note_wait(&mut f.host, wait);
    f.ctx.wait(&mut f.host, wait);
    f.ctx.wait(&mut f.host, wait);
    f.thaw();
    let pending = f.ctx.pending_wait(&mut f.host);
    assert_eq!(pending.map(Stop::Wait), Some(wait_of(15)));
    assert_eq!(f.poll(&sleep), Err(wait_of(15)));
    let thawed_at = f.host.now_ns;
    f.poll_to_the_end(&sleep);
    assert_eq!(f.host.now_ns - thawed_at, 15);
}

#[test]
fn a_moment_of_a_clock_is_not_measured_from_the_call() {
    let mut f = Fixture::new();
    f.host.now_ns = 100;
    f.poll_to_the_end(&[clock(0, 1, 130, 1)]);
    assert_eq!(f.host.now_ns, 130);
    f.poll_to_the_end(&[clock(0, 0, 1_000_150, 1)]);
    assert_eq!(f.host.now_ns, 150);
    f.poll_to_the_end(&[clock(0, 0, 1_000_000, 1)]);
    assert_eq!(f.host.now_ns, 150, "it is over");
    f.poll_to_the_end(&[clock(0, 0, 20, 0)]);
    assert_eq!(f.host.now_ns, 170);
}

#[test]
fn all_that_has_happened_is_told_in_the_order_asked() {
    let mut f = Fixture::with_files();
    let file = f.create("file");
    f.host.is_stdin_open = true;
    let subscriptions = [
        clock(1, 1, 20, 0),
        descriptor(2, 1, 0),
        clock(3, 1, 0, 0),
        descriptor(4, 2, 1),
        descriptor(5, 1, 77),
        descriptor(6, 1, file),
        clock(7, 2, 0, 0),
        descriptor(8, 2, 0),
    ];
    let expected = [
        (3, 0, 0),
        (4, 0, 2),
        (5, Errno::BadFd as u16, 1),
        (6, 0, 1),
        (7, Errno::NotSupported as u16, 0),
        (8, Errno::NotCapable as u16, 2),
    ];
    assert_eq!(f.poll(&subscriptions).unwrap(), expected);
    let waits = f.poll(&subscriptions[..2]);
    let wait = Wait {
        duration_ns: Some(20),
        stdin: true,
    };
    assert_eq!(waits, Err(Stop::Wait(wait)));
    f.host.stdin.push(1);
    assert_eq!(f.poll(&subscriptions[..2]), Ok(vec![(2, 0, 1)]));
}

#[test]
fn polls_that_make_no_sense_are_refused() {
    let mut f = Fixture::new();
    let invalid = Err(Errno::Invalid.into());
    assert_eq!(f.poll(&[]), invalid);
    assert_eq!(f.poll(&[clock(0, 4, 0, 0)]), invalid);
    assert_eq!(f.poll(&[clock(0, 0, 0, 2)]), invalid);
    assert_eq!(f.poll(&[descriptor(0, 3, 0)]), invalid);
    let many = poll::oneoff(&mut f.call(), 0, 0, poll::MAX_SUBSCRIPTIONS + 1, 0);
    assert_eq!(many, Err(Errno::Invalid.into()));
    let outside = poll::oneoff(&mut f.call(), 0, 65536 - 31, 1, 0);
    assert_eq!(outside, Err(Errno::Fault.into()));
}
