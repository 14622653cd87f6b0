//! Arguments and environment.

use super::Errno;
use super::ctx::strings_size;
use super::guest::{Call, Guest};
use alloc::vec::Vec;

/// `args_get(argv, argv_buf)`
pub(super) fn args_get(call: &mut Call<'_>, pointers: u32, buffer: u32) -> Result<(), Errno> {
    write_strings(&mut call.guest, pointers, buffer, call.ctx.args())
}

/// `args_sizes_get(argc, argv_buf_size)`
pub(super) fn args_sizes_get(call: &mut Call<'_>, count: u32, size: u32) -> Result<(), Errno> {
    write_sizes(&mut call.guest, count, size, call.ctx.args())
}

/// `environ_get(environ, environ_buf)`
pub(super) fn environ_get(call: &mut Call<'_>, pointers: u32, buffer: u32) -> Result<(), Errno> {
    write_strings(&mut call.guest, pointers, buffer, call.ctx.env())
}

/// `environ_sizes_get(count, environ_buf_size)`
pub(super) fn environ_sizes_get(call: &mut Call<'_>, count: u32, size: u32) -> Result<(), Errno> {
    write_sizes(&mut call.guest, count, size, call.ctx.env())
}

fn write_strings(
    guest: &mut Guest<'_>,
    pointers: u32,
    buffer: u32,
    strings: &[Vec<u8>],
) -> Result<(), Errno> {
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

fn write_sizes(
    guest: &mut Guest<'_>,
    count: u32,
    size: u32,
    strings: &[Vec<u8>],
) -> Result<(), Errno> {
    guest.bytes(size, 4)?;
    guest.write_u32(count, strings.len() as u32)?;
    guest.write_u32(size, strings_size(strings) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wasi::tests::Fixture;
    use alloc::vec;

    fn fixture() -> Fixture {
        Fixture::with_args(&["prog", "x y"])
    }

    #[test]
    fn arguments_are_c_strings_with_pointers_to_them() {
        let mut f = fixture();
        assert_eq!(args_sizes_get(&mut f.call(), 0, 4), Ok(()));
        assert_eq!((f.word(0), f.word(4)), (2, 9));
        assert_eq!(args_get(&mut f.call(), 16, 32), Ok(()));
        assert_eq!((f.word(16), f.word(20)), (32, 37));
        assert_eq!(&f.memory[32..41], b"prog\0x y\0");
    }

    #[test]
    fn arguments_may_end_where_the_address_space_does() {
        let mut f = fixture();
        f.memory = vec![0; 1 << 32];
        assert_eq!(args_get(&mut f.call(), 0, u32::MAX - 8), Ok(()));
        assert_eq!(&f.memory[(1 << 32) - 9..], b"prog\0x y\0");
    }

    #[test]
    fn pointers_out_of_bounds_are_efault_and_change_nothing() {
        let mut f = fixture();
        let before = f.memory.clone();
        assert_eq!(args_get(&mut f.call(), 0, 65536 - 8), Err(Errno::Fault));
        assert_eq!(args_get(&mut f.call(), u32::MAX, 0), Err(Errno::Fault));
        assert_eq!(
            args_sizes_get(&mut f.call(), 0, u32::MAX - 1),
            Err(Errno::Fault)
        );
        assert_eq!(f.memory, before);
    }
}
