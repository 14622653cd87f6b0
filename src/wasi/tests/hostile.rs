//! Calls with arguments and memories that mean nothing, or almost something.

use super::{Fixture, RESULT};
use crate::wasi::guest::Stop;
use crate::wasi::io::{self, Buffers};
use crate::wasi::path::{self, OpenArgs, PathAt};
use crate::wasi::{Errno, Sync, args, clock, fd, poll, process, random, readdir};

/// xorshift64*.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// A descriptor, likely open.
    fn fd(&mut self) -> u32 {
        match self.below(20) {
            0 => self.next() as u32,
            _ => self.below(12) as u32,
        }
    }

    /// An address or length, likely of something.
    fn word(&mut self) -> u32 {
        match self.below(20) {
            0 => self.next() as u32,
            1 => 65536 - self.below(80) as u32,
            2 => u32::MAX - self.below(80) as u32,
            _ => self.below(256) as u32,
        }
    }

    fn small(&mut self) -> u32 {
        match self.below(20) {
            0 => self.word(),
            _ => self.below(6) as u32,
        }
    }

    fn long(&mut self) -> u64 {
        match self.below(4) {
            0 => self.next(),
            1 => (i64::MAX as u64)
                .wrapping_add(self.below(5))
                .wrapping_sub(2),
            _ => self.below(300),
        }
    }

    fn at(&mut self) -> PathAt {
        PathAt(self.fd(), self.word(), self.small())
    }

    fn buffers(&mut self) -> Buffers {
        Buffers {
            list: self.word(),
            count: self.small(),
            result: self.word(),
        }
    }
}

fn random_call(f: &mut Fixture, r: &mut Random) -> Result<(), Stop> {
    let c = &mut f.call();
    let errno = |result: Result<(), Errno>| result.map_err(Stop::from);
    match r.below(42) {
        0 => errno(args::args_get(c, r.word(), r.word())),
        1 => errno(args::environ_sizes_get(c, r.word(), r.word())),
        2 => errno(clock::res_get(c, r.small(), r.word())),
        3 => errno(clock::time_get(c, r.small(), r.word())),
        4 => errno(fd::advise(c, r.fd(), r.long(), r.long(), r.small())),
        5 => errno(fd::allocate(c, r.fd(), r.long(), r.long())),
        6 => errno(fd::close(c, r.fd() | 4)),
        7 => errno(fd::sync(c, r.fd(), Sync::Data)),
        8 => errno(fd::fdstat_get(c, r.fd(), r.word())),
        9 => errno(fd::fdstat_set_flags(c, r.fd(), r.small())),
        10 => errno(fd::fdstat_set_rights(c, r.fd() | 8, r.next(), r.next())),
        11 => errno(fd::filestat_get(c, r.fd(), r.word())),
        12 => errno(fd::filestat_set_size(c, r.fd(), r.long())),
        13 => errno(fd::filestat_set_times(
            c,
            r.fd(),
            r.long(),
            r.long(),
            r.small(),
        )),
        14 => errno(io::pread(c, r.fd(), r.buffers(), r.long())),
        15 => errno(fd::prestat_get(c, r.fd(), r.word())),
        16 => errno(fd::prestat_dir_name(c, r.fd(), r.word(), r.word())),
        17 => errno(io::pwrite(c, r.fd(), r.buffers(), r.long())),
        18..=20 => io::read(c, r.fd(), r.buffers()),
        21 => errno(readdir::readdir(
            c,
            r.fd(),
            (r.word(), r.word()),
            r.long(),
            r.word(),
        )),
        22 => errno(fd::renumber(c, r.fd(), r.fd() | 4)),
        23 => errno(fd::seek(c, r.fd(), r.long() as i64, r.small(), r.word())),
        24 => errno(fd::tell(c, r.fd(), r.word())),
        25 => errno(io::write(c, r.fd(), r.buffers())),
        26 => errno(path::create_directory(c, r.at())),
        27 => errno(path::filestat_get(c, r.at(), r.small(), r.word())),
        28 => errno(path::filestat_set_times(
            c,
            r.at(),
            r.small(),
            (r.long(), r.long()),
            r.small(),
        )),
        29 => errno(path::link(c, r.at(), r.small(), r.at())),
        30..=33 => {
            let all = r.below(2) == 0;
            let args = OpenArgs {
                lookup: r.small() & 3,
                oflags: r.small(),
                rights: if all { !64 } else { r.next() },
                inheriting: if all { u64::MAX } else { r.next() },
                fdflags: r.small(),
            };
            errno(path::open(c, r.at(), args, r.word()))
        }
        34 => errno(path::readlink(c, r.at(), (r.word(), r.word()), r.word())),
        35 => errno(path::remove_directory(c, r.at())),
        36 => errno(path::rename(c, r.at(), r.at())),
        37 => errno(path::symlink(c, (r.word(), r.small()), r.at())),
        38 => errno(path::unlink_file(c, r.at())),
        39 => poll::oneoff(c, r.word(), r.word(), r.small(), r.word()),
        40 => errno(random::get(c, r.word(), r.word())),
        _ => errno(process::socket(c, r.fd())),
    }
}

#[test]
fn calls_without_sense_never_panic_and_leave_a_program_that_can_be_frozen() {
    for seed in 1..=20 {
        let mut r = Random(seed);
        let mut f = Fixture::with_files();
        let mut succeeded = 0;
        for call in 0..1500 {
            for address in 0..512 {
                f.memory[address] = match r.below(5) {
                    0 => r.next() as u8,
                    1 => b"./"[r.below(2) as usize],
                    _ => b"\0\x01abc"[r.below(5) as usize],
                };
            }
            f.put(RESULT, &[r.word(), r.small()]);
            succeeded += u32::from(random_call(&mut f, &mut r).is_ok());
            if call % 50 == 49 {
                f.thaw();
            }
        }
        assert!(
            succeeded > 100,
            "seed {seed}: {succeeded} calls did something"
        );
    }
}
