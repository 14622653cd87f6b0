//! Reads into guest memory, which system calls must not write to
//! ([`LinuxPlatform`](crate::LinuxPlatform)).

/// Bytes that go through a buffer of ours at once.
const PART: usize = 64 << 10;

/// Fills a guest's buffer with what `read` puts into ours, which it is given with the number of bytes
/// read before, until that is less than was asked for. Returns how much it was.
///
/// # Errors
///
/// That of the first part; what has been read before another one is there.
pub(crate) fn read_all<E>(
    guest: &mut [u8],
    mut read: impl FnMut(&mut [u8], usize) -> Result<usize, E>,
) -> Result<usize, E> {
    let mut buffer = vec![0; guest.len().min(PART)];
    let mut done = 0;
    for part in guest.chunks_mut(PART) {
        let buffer = &mut buffer[..part.len()];
        let len = match read(buffer, done) {
            Ok(len) => len,
            Err(error) if done == 0 => return Err(error),
            Err(_) => break,
        };
        part[..len].copy_from_slice(&buffer[..len]);
        done += len;
        if len < part.len() {
            break;
        }
    }
    Ok(done)
}

/// As [`read_all`], but at most one part, for what may have to be waited for.
///
/// # Errors
///
/// Those of `read`.
pub(crate) fn read_some<E>(
    guest: &mut [u8],
    mut read: impl FnMut(&mut [u8]) -> Result<usize, E>,
) -> Result<usize, E> {
    let len = guest.len().min(PART);
    read_all(&mut guest[..len], |buffer, _| read(buffer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_parts_are_read_until_one_is_short() {
        let file: Vec<u8> = (0..PART + 1000).map(|index| index as u8).collect();
        let read = |buffer: &mut [u8], done: usize| {
            let rest = &file[done.min(file.len())..];
            let len = rest.len().min(buffer.len());
            buffer[..len].copy_from_slice(&rest[..len]);
            Ok::<_, ()>(len)
        };
        for len in [0, 1, PART, file.len() - 1, file.len(), 3 * PART] {
            let mut guest = vec![0; len];
            let expected = len.min(file.len());
            assert_eq!(read_all(&mut guest, read), Ok(expected));
            assert_eq!(guest[..expected], file[..expected]);
        }
        let mut guest = vec![0; file.len()];
        assert_eq!(read_some(&mut guest, |buffer| read(buffer, 0)), Ok(PART));
    }

    #[test]
    fn an_error_behind_what_has_been_read_is_for_the_next_call() {
        let fail_after = |parts: usize| {
            let read = move |buffer: &mut [u8], done| match done < parts * PART {
                true => Ok(buffer.len()),
                false => Err("failed"),
            };
            read_all(&mut vec![0; 2 * PART], read)
        };
        assert_eq!(fail_after(0), Err("failed"));
        assert_eq!(fail_after(1), Ok(PART));
    }
}
