//! `i8x16.swizzle` and `i8x16.shuffle`.
//!
//! PSHUFB does anything to one vector; a shuffle of two takes three of such instructions
//! and two constants. What one instruction does is recognised first ([`Plan`]).

use super::FunctionCompiler;
use super::operands::FloatSrc;
use super::registers::XMM_SCRATCH;
use super::simd_lanes::Lanes;
use super::simd_operands::{Target, in_same_register};
use crate::compile::masm::{VectorOp as V, VectorShuffle as Shuffle, XmmSize};

/// Where each byte of a result comes from: 0-15 are the first operand's, 16-31 the second's.
type Bytes = [u8; 16];

/// A byte that PSHUFB sets to zero.
const ZERO: u8 = 0x80;

/// How a shuffle of one vector is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum One {
    /// Nothing moves.
    Identity,
    /// `dst = op src, control`
    Moved(Shuffle, u8),
    /// `dst = op dst, dst, control`
    InPlace(Shuffle, u8),
    /// PSHUFB
    Bytes,
}

/// How a shuffle of two vectors is done that one instruction does: `dst = dst op src`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Two {
    Interleave(V),
    Control(Shuffle, u8),
}

/// How a shuffle is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plan {
    /// Of the first operand only, or of the second only.
    First(One),
    Second(One),
    /// The first operand is overwritten, or the second.
    OverFirst(Two),
    OverSecond(Two),
    /// PSHUFB of both, joined.
    Join,
}

impl Plan {
    fn of(bytes: Bytes) -> Self {
        let swapped = bytes.map(|byte| byte ^ 16);
        if bytes.iter().all(|&byte| byte < 16) {
            Self::First(One::of(bytes))
        } else if swapped.iter().all(|&byte| byte < 16) {
            Self::Second(One::of(swapped))
        } else if let Some(two) = Two::of(bytes) {
            Self::OverFirst(two)
        } else if let Some(two) = Two::of(swapped) {
            Self::OverSecond(two)
        } else {
            Self::Join
        }
    }
}

impl One {
    fn of(bytes: Bytes) -> Self {
        let rotation = bytes[0];
        if (0..16).all(|i| bytes[i] == i as u8) {
            return Self::Identity;
        }
        if let Some(dwords) = wider::<4>(bytes) {
            return Self::Moved(Shuffle::Pshufd, control(dwords));
        }
        if (0..16).all(|i| bytes[i] == (rotation + i as u8) % 16) {
            return Self::InPlace(Shuffle::Palignr, rotation);
        }
        match wider::<8>(bytes) {
            Some([a, b, c, d, 4, 5, 6, 7]) if a.max(b).max(c).max(d) < 4 => {
                Self::Moved(Shuffle::Pshuflw, control([a, b, c, d]))
            }
            Some([0, 1, 2, 3, a, b, c, d]) if a.min(b).min(c).min(d) >= 4 => {
                Self::Moved(Shuffle::Pshufhw, control([a, b, c, d]))
            }
            _ => Self::Bytes,
        }
    }
}

impl Two {
    /// `bytes` are of `dst`, then `src`.
    fn of(bytes: Bytes) -> Option<Self> {
        let interleaves = [
            (V::Punpcklbw, 1, 0),
            (V::Punpcklwd, 2, 0),
            (V::Punpckldq, 4, 0),
            (V::Punpcklqdq, 8, 0),
            (V::Punpckhbw, 1, 8),
            (V::Punpckhwd, 2, 8),
            (V::Punpckhdq, 4, 8),
            (V::Punpckhqdq, 8, 8),
        ];
        for (op, size, first) in interleaves {
            if bytes == interleaved(size, first) {
                return Some(Self::Interleave(op));
            }
        }
        // PALIGNR takes its first operand for the upper half.
        let start = bytes[0];
        if start > 16 && (0..16).all(|i| bytes[i] == (start + i as u8) % 32) {
            return Some(Self::Control(Shuffle::Palignr, start - 16));
        }
        if let Some(words) = wider::<8>(bytes)
            && (0..8).all(|i| usize::from(words[i] % 8) == i)
        {
            let from_src = (0..8).map(|i| (words[i] / 8) << i).sum();
            return Some(Self::Control(Shuffle::Pblendw, from_src));
        }
        match wider::<4>(bytes) {
            Some([a, b, c, d]) if a.max(b) < 4 && c.min(d) >= 4 => {
                Some(Self::Control(Shuffle::Shufps, control([a, b, c, d])))
            }
            _ => None,
        }
    }
}

/// What the bytes move, if it is whole lanes: `N` of 16 / `N` bytes.
fn wider<const N: usize>(bytes: Bytes) -> Option<[u8; N]> {
    let size = 16 / N;
    let mut lanes = [0; N];
    for (lane, group) in lanes.iter_mut().zip(bytes.chunks_exact(size)) {
        let first = group[0];
        if !usize::from(first).is_multiple_of(size)
            || (0..size).any(|k| group[k] != first + k as u8)
        {
            return None;
        }
        *lane = first / size as u8;
    }
    Some(lanes)
}

/// The immediate that selects four lanes, each among four.
fn control(lanes: [u8; 4]) -> u8 {
    (0..4).map(|i| (lanes[i] & 3) << (2 * i)).sum()
}

/// Lanes of `size` bytes from both in turn, from byte `first` on.
fn interleaved(size: u8, first: u8) -> Bytes {
    core::array::from_fn(|i| {
        let i = i as u8;
        let (lane, byte) = (i / size, i % size);
        first + lane / 2 * size + byte + lane % 2 * 16
    })
}

/// A selection of PSHUFB: zero where the byte is not of this operand.
fn selection(bytes: Bytes) -> u128 {
    u128::from_le_bytes(bytes.map(|byte| if byte < 16 { byte } else { ZERO }))
}

impl FunctionCompiler<'_> {
    /// Lanes beyond the last are zero: the sum with 0x70 then has the top bit, for PSHUFB.
    pub(super) fn swizzle(&mut self) {
        let indices = self.pop_float();
        if let FloatSrc::Const(bits) = indices {
            return self.swizzle_by_constant(bits.to_le_bytes());
        }
        let indices = self.vector_in_reg(indices);
        let src = self.pop_float();
        let target = self.target_from(src, &[indices.into()]);
        self.vector_constant(XMM_SCRATCH, Lanes::I8x16.splat(0x70));
        self.masm.vector(V::Paddusb, XMM_SCRATCH, indices.reg);
        self.masm.vector(V::Pshufb, target.reg, XMM_SCRATCH);
        self.release_vector(indices);
        self.push_vector(target);
    }

    fn swizzle_by_constant(&mut self, indices: Bytes) {
        let one = match indices.iter().all(|&index| index < 16) {
            true => One::of(indices),
            false => One::Bytes,
        };
        let src = self.pop_float();
        let target = self.shuffle_one(one, indices, src);
        self.push_vector(target);
    }

    pub(super) fn shuffle(&mut self, bytes: Bytes) {
        let b = self.pop_float();
        let a = self.pop_float();
        let bytes = match in_same_register(a, b) {
            true => bytes.map(|byte| byte % 16),
            false => bytes,
        };
        let target = match Plan::of(bytes) {
            Plan::First(one) => {
                self.release_float(b);
                self.shuffle_one(one, bytes, a)
            }
            Plan::Second(one) => {
                self.release_float(a);
                self.shuffle_one(one, bytes.map(|byte| byte ^ 16), b)
            }
            Plan::OverFirst(two) => self.shuffle_two(two, a, b),
            Plan::OverSecond(two) => self.shuffle_two(two, b, a),
            Plan::Join => match b {
                FloatSrc::Const(b) => self.shuffle_in_constant(bytes, a, b.to_le_bytes()),
                _ => self.shuffle_join(bytes, a, b),
            },
        };
        self.push_vector(target);
    }

    fn shuffle_one(&mut self, one: One, bytes: Bytes, src: FloatSrc) -> Target {
        match one {
            One::Identity => self.target_from(src, &[]),
            One::Moved(shuffle, control) => {
                let src = self.vector_in_reg(src);
                let target = self.target_over(src);
                self.masm
                    .vector_shuffle(shuffle, target.reg, src.reg, control);
                target
            }
            One::InPlace(shuffle, control) => {
                let target = self.target_from(src, &[]);
                self.masm
                    .vector_shuffle(shuffle, target.reg, target.reg, control);
                target
            }
            One::Bytes => {
                let target = self.target_from(src, &[]);
                let selection = self.masm.constant(selection(bytes));
                self.masm.vector(V::Pshufb, target.reg, selection);
                target
            }
        }
    }

    fn shuffle_two(&mut self, two: Two, base: FloatSrc, other: FloatSrc) -> Target {
        match two {
            Two::Interleave(op) => self.vector_op(op, base, other),
            Two::Control(shuffle, control) => {
                let target = self.target_from(base, &[other]);
                let other = self.vector_operand(other);
                self.masm
                    .vector_shuffle(shuffle, target.reg, other, control);
                target
            }
        }
    }

    /// What is of a constant is in its place beforehand, and often zero.
    fn shuffle_in_constant(&mut self, bytes: Bytes, src: FloatSrc, constant: Bytes) -> Target {
        let target = self.shuffle_one(One::Bytes, bytes, src);
        let of_constant = bytes.map(|byte| match byte {
            0..16 => 0,
            _ => constant[usize::from(byte - 16)],
        });
        if of_constant != [0; 16] {
            let of_constant = self.masm.constant(u128::from_le_bytes(of_constant));
            self.masm.vector(V::Por, target.reg, of_constant);
        }
        target
    }

    fn shuffle_join(&mut self, bytes: Bytes, a: FloatSrc, b: FloatSrc) -> Target {
        let target = self.target_from(a, &[b]);
        let of_a = self.masm.constant(selection(bytes));
        let of_b = self.masm.constant(selection(bytes.map(|byte| byte ^ 16)));
        self.load_float(XmmSize::S128, XMM_SCRATCH, b);
        self.release_float(b);
        self.masm.vector(V::Pshufb, target.reg, of_a);
        self.masm.vector(V::Pshufb, XMM_SCRATCH, of_b);
        self.masm.vector(V::Por, target.reg, XMM_SCRATCH);
        target
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDENTITY: Bytes = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

    /// What PSHUFD and SHUFPS, the other two by words, and PALIGNR and PBLENDW do to the
    /// bytes of `dst` and `src`.
    fn shuffled(shuffle: Shuffle, control: u8, dst: Bytes, src: Bytes) -> Bytes {
        let dword = |i: usize| usize::from(control >> (2 * i) & 3);
        core::array::from_fn(|i| match shuffle {
            Shuffle::Pshufd => src[4 * dword(i / 4) + i % 4],
            Shuffle::Shufps if i < 8 => dst[4 * dword(i / 4) + i % 4],
            Shuffle::Shufps => src[4 * dword(i / 4) + i % 4],
            Shuffle::Pshuflw if i < 8 => src[2 * dword(i / 2) + i % 2],
            Shuffle::Pshufhw if i >= 8 => src[8 + 2 * dword(i / 2 - 4) + i % 2],
            Shuffle::Pshuflw | Shuffle::Pshufhw => src[i],
            Shuffle::Palignr => match i + usize::from(control) {
                k @ 0..16 => src[k],
                k => dst[k - 16],
            },
            Shuffle::Pblendw if control >> (i / 2) & 1 == 1 => src[i],
            Shuffle::Pblendw => dst[i],
        })
    }

    fn one_result(one: One, bytes: Bytes, src: Bytes) -> Bytes {
        match one {
            One::Identity => src,
            One::Moved(shuffle, control) => shuffled(shuffle, control, [0xff; 16], src),
            One::InPlace(shuffle, control) => shuffled(shuffle, control, src, src),
            One::Bytes => bytes.map(|byte| src[usize::from(byte % 16)]),
        }
    }

    fn two_result(two: Two, dst: Bytes, src: Bytes) -> Bytes {
        match two {
            Two::Control(shuffle, control) => shuffled(shuffle, control, dst, src),
            Two::Interleave(op) => {
                let (size, first) = match op {
                    V::Punpcklbw => (1, 0),
                    V::Punpcklwd => (2, 0),
                    V::Punpckldq => (4, 0),
                    V::Punpcklqdq => (8, 0),
                    V::Punpckhbw => (1, 8),
                    V::Punpckhwd => (2, 8),
                    V::Punpckhdq => (4, 8),
                    V::Punpckhqdq => (8, 8),
                    _ => panic!("{op:?} interleaves nothing"),
                };
                let from =
                    |source: Bytes, at: usize| source[first + at / (2 * size) * size + at % size];
                core::array::from_fn(|i| match i / size % 2 {
                    0 => from(dst, i),
                    _ => from(src, i),
                })
            }
        }
    }

    /// The bytes that a plan gives, which are to be those asked for.
    fn result(plan: Plan, bytes: Bytes) -> Bytes {
        let (a, b) = (IDENTITY, IDENTITY.map(|byte| byte + 16));
        match plan {
            Plan::First(one) => one_result(one, bytes, a),
            Plan::Second(one) => one_result(one, bytes, b),
            Plan::OverFirst(two) => two_result(two, a, b),
            Plan::OverSecond(two) => two_result(two, b, a),
            Plan::Join => bytes,
        }
    }

    /// A reproducible stream of numbers (xorshift64*).
    fn numbers() -> impl FnMut() -> u64 {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        move || {
            state ^= state >> 12;
            state ^= state << 25;
            state ^= state >> 27;
            state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32
        }
    }

    #[test]
    fn every_plan_moves_the_bytes_asked_for() {
        let mut next = numbers();
        let mut single = 0;
        for _ in 0..200_000 {
            // Whole lanes of one size, of both operands or one; now and then, all in order.
            let size = 1 << (next() % 4) as u8;
            let range = [16, 32][next() as usize % 2] / size;
            let (start, is_run) = ((next() % 32) as u8, next().is_multiple_of(4));
            let mut bytes: Bytes = [0; 16];
            for lane in 0..16 / size {
                let from = match is_run {
                    true => (start + lane) % range,
                    false => next() as u8 % range,
                };
                for byte in 0..size {
                    bytes[usize::from(lane * size + byte)] = from * size + byte;
                }
            }
            let plan = Plan::of(bytes);
            single += u32::from(plan != Plan::Join);
            assert_eq!(result(plan, bytes), bytes, "{plan:?}");
        }
        assert!(single > 100_000, "{single}");
    }

    #[test]
    fn shuffles_of_one_instruction_are_recognised() {
        let b = IDENTITY.map(|byte| byte + 16);
        let shuffles = [
            Shuffle::Pshufd,
            Shuffle::Pshuflw,
            Shuffle::Pshufhw,
            Shuffle::Palignr,
            Shuffle::Pblendw,
            Shuffle::Shufps,
        ];
        for shuffle in shuffles {
            for control in 0..=if shuffle == Shuffle::Palignr { 16 } else { 255 } {
                for (dst, src) in [(IDENTITY, b), (b, IDENTITY), (IDENTITY, IDENTITY)] {
                    let bytes = shuffled(shuffle, control, dst, src);
                    let plan = Plan::of(bytes);
                    assert_eq!(
                        result(plan, bytes),
                        bytes,
                        "{shuffle:?} {control}: {plan:?}"
                    );
                    assert!(plan != Plan::Join, "{shuffle:?} {control}");
                }
            }
        }
        for size in [1, 2, 4, 8] {
            for first in [0, 8] {
                let plan = Plan::of(interleaved(size, first));
                assert!(
                    matches!(plan, Plan::OverFirst(Two::Interleave(_))),
                    "{plan:?}"
                );
            }
        }
    }
}
