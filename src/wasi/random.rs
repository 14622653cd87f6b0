//! Random numbers.

use super::guest::Call;
use super::{Errno, Random};

/// `random_get(buf, buf_len)`
pub(super) fn get(call: &mut Call<'_>, buffer: u32, len: u32) -> Result<(), Errno> {
    let buffer = call.guest.bytes_mut(buffer, len)?;
    match &mut call.ctx.random {
        Random::Host => call.host.fill_random(buffer),
        Random::Seeded(state) => {
            for chunk in buffer.chunks_mut(8) {
                let bytes = Random::next(state).to_le_bytes();
                chunk.copy_from_slice(&bytes[..chunk.len()]);
            }
            Ok(())
        }
    }
}

impl Random {
    /// The next eight bytes of the generator with this state (Steele, Lea, Flood:
    /// Fast splittable pseudorandom number generators, 2014).
    fn next(state: &mut u64) -> u64 {
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
