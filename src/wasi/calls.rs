//! The preview 1 calls that this host implements.
//!
//! Each takes the program, the guest's memory and the raw arguments, and
//! returns the error number for the guest, if any. An erroneous call changes
//! nothing, but for what a stream has already taken.

use super::ctx::{Random, strings_size};
use super::guest::{Guest, IoVec};
use super::{Errno, OutputStream, Wasi};
use crate::abi::Value;
use alloc::vec::Vec;

/// The arguments of a call, whose number and types the linker has checked.
pub(super) struct Args<'a>(pub(super) &'a [Value]);

impl Args<'_> {
    pub(super) fn u32(&self, index: usize) -> u32 {
        match self.0[index] {
            Value::I32(value) => value as u32,
            other => unreachable!("argument {index} is an i32, not {other:?}"),
        }
    }
}

/// An implementation of one call.
pub(super) type Call = fn(&mut Wasi<'_>, &mut Guest<'_>, &Args<'_>) -> Result<(), Errno>;

/// `args_get(argv, argv_buf)`
pub(super) fn args_get(
    wasi: &mut Wasi<'_>,
    guest: &mut Guest<'_>,
    args: &Args<'_>,
) -> Result<(), Errno> {
    write_strings(guest, args, wasi.ctx.args())
}

/// `args_sizes_get(argc, argv_buf_size)`
pub(super) fn args_sizes_get(
    wasi: &mut Wasi<'_>,
    guest: &mut Guest<'_>,
    args: &Args<'_>,
) -> Result<(), Errno> {
    write_strings_sizes(guest, args, wasi.ctx.args())
}

/// `environ_get(environ, environ_buf)`
pub(super) fn environ_get(
    wasi: &mut Wasi<'_>,
    guest: &mut Guest<'_>,
    args: &Args<'_>,
) -> Result<(), Errno> {
    write_strings(guest, args, wasi.ctx.env())
}

/// `environ_sizes_get(count, environ_buf_size)`
pub(super) fn environ_sizes_get(
    wasi: &mut Wasi<'_>,
    guest: &mut Guest<'_>,
    args: &Args<'_>,
) -> Result<(), Errno> {
    write_strings_sizes(guest, args, wasi.ctx.env())
}

fn write_strings(guest: &mut Guest<'_>, args: &Args<'_>, strings: &[Vec<u8>]) -> Result<(), Errno> {
    let (pointers, buffer) = (args.u32(0), args.u32(1));
    guest.bytes(pointers, strings.len() as u32 * 4)?;
    guest.bytes(buffer, strings_size(strings) as u32)?;
    let mut address = buffer;
    for (index, string) in strings.iter().enumerate() {
        guest.write_u32(pointers + index as u32 * 4, address)?;
        guest.write(address, string)?;
        address += string.len() as u32;
        guest.write(address, &[0])?;
        // The last string may end where the address space does.
        address = address.wrapping_add(1);
    }
    Ok(())
}

fn write_strings_sizes(
    guest: &mut Guest<'_>,
    args: &Args<'_>,
    strings: &[Vec<u8>],
) -> Result<(), Errno> {
    guest.bytes(args.u32(1), 4)?;
    guest.write_u32(args.u32(0), strings.len() as u32)?;
    guest.write_u32(args.u32(1), strings_size(strings) as u32)
}

/// The clocks of preview 1 (`witx` type `clockid`).
mod clock {
    pub(super) const REALTIME: u32 = 0;
    pub(super) const MONOTONIC: u32 = 1;
    pub(super) const THREAD_CPU_TIME: u32 = 3;
}

/// `clock_time_get(id, precision, time)`
pub(super) fn clock_time_get(
    wasi: &mut Wasi<'_>,
    guest: &mut Guest<'_>,
    args: &Args<'_>,
) -> Result<(), Errno> {
    let time_ns = match args.u32(0) {
        clock::REALTIME => wasi.host.realtime_ns(),
        clock::MONOTONIC..=clock::THREAD_CPU_TIME => wasi.ctx.monotonic_ns(wasi.host),
        _ => return Err(Errno::Invalid),
    };
    guest.write_u64(args.u32(2), time_ns)
}

/// `clock_res_get(id, resolution)`
pub(super) fn clock_res_get(
    _: &mut Wasi<'_>,
    guest: &mut Guest<'_>,
    args: &Args<'_>,
) -> Result<(), Errno> {
    if args.u32(0) > clock::THREAD_CPU_TIME {
        return Err(Errno::Invalid);
    }
    guest.write_u64(args.u32(1), 1)
}

/// `random_get(buf, buf_len)`
pub(super) fn random_get(
    wasi: &mut Wasi<'_>,
    guest: &mut Guest<'_>,
    args: &Args<'_>,
) -> Result<(), Errno> {
    let buffer = guest.bytes_mut(args.u32(0), args.u32(1))?;
    match wasi.ctx.random_mut() {
        Random::Host => wasi.host.fill_random(buffer),
        Random::Seeded(state) => {
            for chunk in buffer.chunks_mut(8) {
                let bytes = Random::next(state).to_le_bytes();
                chunk.copy_from_slice(&bytes[..chunk.len()]);
            }
            Ok(())
        }
    }
}

/// `fd_write(fd, iovs, iovs_len, nwritten)`
pub(super) fn fd_write(
    wasi: &mut Wasi<'_>,
    guest: &mut Guest<'_>,
    args: &Args<'_>,
) -> Result<(), Errno> {
    let stream = match args.u32(0) {
        fd if !wasi.ctx.is_open(fd) => return Err(Errno::BadFd),
        1 => OutputStream::Stdout,
        2 => OutputStream::Stderr,
        _ => return Err(Errno::BadFd),
    };
    transfer(guest, args, |guest, vec| {
        let bytes = guest.bytes(vec.address, vec.len)?;
        let written = wasi.host.write(stream, bytes)?;
        assert!(written <= bytes.len(), "the host wrote more than it got");
        Ok(written)
    })
}

/// `fd_read(fd, iovs, iovs_len, nread)`
pub(super) fn fd_read(
    wasi: &mut Wasi<'_>,
    guest: &mut Guest<'_>,
    args: &Args<'_>,
) -> Result<(), Errno> {
    if args.u32(0) != 0 || !wasi.ctx.is_open(0) {
        return Err(Errno::BadFd);
    }
    transfer(guest, args, |guest, vec| {
        let buffer = guest.bytes_mut(vec.address, vec.len)?;
        let read = wasi.host.read_stdin(wasi.ctx.stdin_position(), buffer)?;
        assert!(read <= buffer.len(), "the host read more than was asked");
        wasi.ctx.advance_stdin(read);
        Ok(read)
    })
}

/// Moves the bytes of a list of buffers, up to the first short transfer or error,
/// and stores their number. An error counts only if nothing has been moved before it.
fn transfer(
    guest: &mut Guest<'_>,
    args: &Args<'_>,
    mut move_one: impl FnMut(&mut Guest<'_>, IoVec) -> Result<usize, Errno>,
) -> Result<(), Errno> {
    let (list, count, result) = (args.u32(1), args.u32(2), args.u32(3));
    guest.io_vecs(list, count)?;
    guest.bytes(result, 4)?;
    let mut total = 0u32;
    for index in 0..count {
        let vec = guest.io_vec(list, index)?;
        if vec.len == 0 {
            continue;
        }
        match move_one(guest, vec) {
            Ok(moved) => {
                // A list that the guest has changed meanwhile may count more than there is.
                total = total.wrapping_add(moved as u32);
                if moved < vec.len as usize {
                    break;
                }
            }
            Err(errno) if total == 0 => return Err(errno),
            Err(_) => break,
        }
    }
    guest.write_u32(result, total)
}

/// `fd_close(fd)`
pub(super) fn fd_close(
    wasi: &mut Wasi<'_>,
    _: &mut Guest<'_>,
    args: &Args<'_>,
) -> Result<(), Errno> {
    check_open(wasi, args)?;
    wasi.ctx.close(args.u32(0));
    Ok(())
}

/// `fd_seek(fd, offset, whence, newoffset)`: streams cannot.
pub(super) fn fd_seek(
    wasi: &mut Wasi<'_>,
    _: &mut Guest<'_>,
    args: &Args<'_>,
) -> Result<(), Errno> {
    check_open(wasi, args)?;
    Err(Errno::NoSeek)
}

/// `fd_fdstat_get(fd, stat)`
pub(super) fn fd_fdstat_get(
    wasi: &mut Wasi<'_>,
    guest: &mut Guest<'_>,
    args: &Args<'_>,
) -> Result<(), Errno> {
    const CHARACTER_DEVICE: u8 = 2;
    const RIGHT_READ: u64 = 1 << 1;
    const RIGHT_WRITE: u64 = 1 << 6;
    check_open(wasi, args)?;
    let rights = match args.u32(0) {
        0 => RIGHT_READ,
        _ => RIGHT_WRITE,
    };
    let mut stat = [0; 24];
    stat[0] = CHARACTER_DEVICE;
    stat[8..16].copy_from_slice(&rights.to_le_bytes());
    guest.write(args.u32(1), &stat)
}

/// `fd_prestat_get(fd, prestat)` and `fd_prestat_dir_name(fd, path, path_len)`:
/// there are no preopened directories.
pub(super) fn fd_prestat(_: &mut Wasi<'_>, _: &mut Guest<'_>, _: &Args<'_>) -> Result<(), Errno> {
    Err(Errno::BadFd)
}

/// `sched_yield()`
pub(super) fn sched_yield(_: &mut Wasi<'_>, _: &mut Guest<'_>, _: &Args<'_>) -> Result<(), Errno> {
    Ok(())
}

/// Every call that is not implemented.
pub(super) fn not_implemented(
    _: &mut Wasi<'_>,
    _: &mut Guest<'_>,
    _: &Args<'_>,
) -> Result<(), Errno> {
    Err(Errno::NotImplemented)
}

fn check_open(wasi: &Wasi<'_>, args: &Args<'_>) -> Result<(), Errno> {
    match wasi.ctx.is_open(args.u32(0)) {
        true => Ok(()),
        false => Err(Errno::BadFd),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wasi::{WasiCtx, WasiHost};
    use alloc::vec;

    #[derive(Default)]
    struct FakeHost {
        written: Vec<u8>,
        /// Most bytes that one write takes, and then EPIPE.
        room: Option<usize>,
        stdin: Vec<u8>,
        now_ns: u64,
    }

    impl WasiHost for FakeHost {
        fn write(&mut self, _: OutputStream, bytes: &[u8]) -> Result<usize, Errno> {
            let room = self
                .room
                .map_or(bytes.len(), |room| room - self.written.len());
            match bytes.len().min(room) {
                0 => Err(Errno::Pipe),
                len => {
                    self.written.extend(&bytes[..len]);
                    Ok(len)
                }
            }
        }

        fn read_stdin(&mut self, position: u64, buffer: &mut [u8]) -> Result<usize, Errno> {
            let rest = &self.stdin[position as usize..];
            let len = rest.len().min(buffer.len());
            buffer[..len].copy_from_slice(&rest[..len]);
            Ok(len)
        }

        fn realtime_ns(&mut self) -> u64 {
            1_000_000 + self.now_ns
        }

        fn monotonic_ns(&mut self) -> u64 {
            self.now_ns
        }

        fn fill_random(&mut self, buffer: &mut [u8]) -> Result<(), Errno> {
            buffer.fill(4);
            Ok(())
        }
    }

    struct Fixture {
        ctx: WasiCtx,
        host: FakeHost,
        memory: Vec<u8>,
    }

    impl Fixture {
        fn new() -> Self {
            let args = vec![b"prog".to_vec(), b"x y".to_vec()];
            Self {
                ctx: WasiCtx::new(args, Vec::new(), Random::Host).unwrap(),
                host: FakeHost::default(),
                memory: vec![0; 1 << 16],
            }
        }

        fn call(&mut self, call: Call, args: &[u32]) -> Result<(), Errno> {
            let args: Vec<_> = args.iter().map(|&arg| Value::I32(arg as i32)).collect();
            let mut wasi = Wasi {
                ctx: &mut self.ctx,
                host: &mut self.host,
            };
            call(&mut wasi, &mut Guest(&mut self.memory), &Args(&args))
        }

        fn put(&mut self, address: usize, words: &[u32]) {
            for (index, word) in words.iter().enumerate() {
                let start = address + 4 * index;
                self.memory[start..start + 4].copy_from_slice(&word.to_le_bytes());
            }
        }

        fn word(&self, address: usize) -> u32 {
            u32::from_le_bytes(self.memory[address..address + 4].try_into().unwrap())
        }
    }

    #[test]
    fn arguments_are_c_strings_with_pointers_to_them() {
        let mut f = Fixture::new();
        assert_eq!(f.call(args_sizes_get, &[0, 4]), Ok(()));
        assert_eq!((f.word(0), f.word(4)), (2, 9));
        assert_eq!(f.call(args_get, &[16, 32]), Ok(()));
        assert_eq!((f.word(16), f.word(20)), (32, 37));
        assert_eq!(&f.memory[32..41], b"prog\0x y\0");
    }

    #[test]
    fn arguments_may_end_where_the_address_space_does() {
        let mut f = Fixture::new();
        f.memory = vec![0; 1 << 32];
        assert_eq!(f.call(args_get, &[0, u32::MAX - 8]), Ok(()));
        assert_eq!(&f.memory[(1 << 32) - 9..], b"prog\0x y\0");
    }

    #[test]
    fn pointers_out_of_bounds_are_efault_and_change_nothing() {
        let mut f = Fixture::new();
        let before = f.memory.clone();
        assert_eq!(f.call(args_get, &[0, 65536 - 8]), Err(Errno::Fault));
        assert_eq!(f.call(args_get, &[u32::MAX, 0]), Err(Errno::Fault));
        assert_eq!(
            f.call(args_sizes_get, &[0, u32::MAX - 1]),
            Err(Errno::Fault)
        );
        assert_eq!(f.call(random_get, &[8, u32::MAX]), Err(Errno::Fault));
        assert_eq!(f.call(fd_fdstat_get, &[1, 65536 - 23]), Err(Errno::Fault));
        assert_eq!(f.call(fd_write, &[1, 65536 - 15, 2, 0]), Err(Errno::Fault));
        assert_eq!(f.memory, before);
    }

    #[test]
    fn a_write_gathers_its_buffers_in_order() {
        let mut f = Fixture::new();
        f.put(0, &[100, 3, 200, 0, 300, 2]);
        f.memory[100..103].copy_from_slice(b"abc");
        f.memory[300..302].copy_from_slice(b"de");
        assert_eq!(f.call(fd_write, &[1, 0, 3, 64]), Ok(()));
        assert_eq!(f.host.written, b"abcde");
        assert_eq!(f.word(64), 5);
    }

    #[test]
    fn a_write_that_fails_later_reports_what_went_before() {
        let mut f = Fixture::new();
        f.put(0, &[100, 3, 1 << 20, 4]);
        assert_eq!(f.call(fd_write, &[1, 0, 2, 64]), Ok(()));
        assert_eq!(f.word(64), 3);
        f.host.room = Some(5);
        f.put(0, &[100, 8]);
        assert_eq!(f.call(fd_write, &[1, 0, 1, 64]), Ok(()));
        assert_eq!(f.word(64), 2);
        assert_eq!(f.call(fd_write, &[1, 0, 1, 64]), Err(Errno::Pipe));
    }

    #[test]
    fn lists_that_no_file_could_take_are_refused() {
        let mut f = Fixture::new();
        f.put(0, &[0, u32::MAX, 0, 1]);
        assert_eq!(f.call(fd_write, &[1, 0, 2, 64]), Err(Errno::Invalid));
        assert_eq!(f.call(fd_write, &[1, 0, 1025, 64]), Err(Errno::Invalid));
        assert_eq!(f.call(fd_write, &[1, 0, u32::MAX, 64]), Err(Errno::Invalid));
    }

    #[test]
    fn reads_go_on_where_the_last_one_ended() {
        let mut f = Fixture::new();
        f.host.stdin = b"hello".to_vec();
        f.put(0, &[100, 3]);
        for (expected, text) in [(3, &b"hel"[..]), (2, b"lo"), (0, b"")] {
            assert_eq!(f.call(fd_read, &[0, 0, 1, 64]), Ok(()));
            assert_eq!(f.word(64), expected);
            assert_eq!(&f.memory[100..100 + text.len()], text);
        }
        assert_eq!(f.ctx.stdin_position(), 5);
    }

    #[test]
    fn only_open_streams_of_the_right_direction_are_descriptors() {
        let mut f = Fixture::new();
        assert_eq!(f.call(fd_write, &[0, 0, 0, 64]), Err(Errno::BadFd));
        assert_eq!(f.call(fd_read, &[1, 0, 0, 64]), Err(Errno::BadFd));
        assert_eq!(f.call(fd_write, &[3, 0, 0, 64]), Err(Errno::BadFd));
        assert_eq!(f.call(fd_seek, &[1, 0, 0, 64]), Err(Errno::NoSeek));
        assert_eq!(f.call(fd_close, &[1]), Ok(()));
        assert_eq!(f.call(fd_write, &[1, 0, 0, 64]), Err(Errno::BadFd));
        assert_eq!(f.call(fd_close, &[1]), Err(Errno::BadFd));
        assert_eq!(f.call(fd_prestat, &[3, 0]), Err(Errno::BadFd));
    }

    #[test]
    fn seeded_random_bytes_repeat() {
        let mut f = Fixture::new();
        *f.ctx.random_mut() = Random::Seeded(42);
        assert_eq!(f.call(random_get, &[0, 13]), Ok(()));
        *f.ctx.random_mut() = Random::Seeded(42);
        assert_eq!(f.call(random_get, &[16, 13]), Ok(()));
        assert_eq!(f.memory[..13], f.memory[16..29]);
        assert_ne!(f.memory[..13], [0; 13]);
    }

    #[test]
    fn the_monotonic_clock_stands_still_while_frozen_and_never_goes_back() {
        let mut f = Fixture::new();
        f.host.now_ns = 1_000;
        f.ctx.start_clock(&mut f.host);
        f.host.now_ns = 1_700;
        f.ctx.settle_clock(&mut f.host);
        let bytes = postcard::to_allocvec(&f.ctx).unwrap();
        f.ctx = postcard::from_bytes(&bytes).unwrap();
        f.host.now_ns = 5;
        f.ctx.start_clock(&mut f.host);
        f.host.now_ns = 35;
        assert_eq!(f.ctx.monotonic_ns(&mut f.host), 730);
    }
}
