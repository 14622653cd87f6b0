//! 128-bit vector kernels: wasm's instructions where they are enabled, else plain lanes.

use crate::random::{Random, mix};

#[cfg(target_feature = "simd128")]
mod lanes {
    use core::arch::wasm32::*;

    #[derive(Clone, Copy)]
    pub struct F32x4(v128);
    #[derive(Clone, Copy)]
    pub struct U32x4(v128);

    impl F32x4 {
        pub fn new([a, b, c, d]: [f32; 4]) -> Self {
            Self(f32x4(a, b, c, d))
        }
        pub fn multiply_add(self, factor: Self, add: Self) -> Self {
            Self(f32x4_add(f32x4_mul(self.0, factor.0), add.0))
        }
        pub fn max(self, other: Self) -> Self {
            Self(f32x4_pmax(self.0, other.0))
        }
        pub fn lanes(self) -> [f32; 4] {
            let v = self.0;
            [
                f32x4_extract_lane::<0>(v),
                f32x4_extract_lane::<1>(v),
                f32x4_extract_lane::<2>(v),
                f32x4_extract_lane::<3>(v),
            ]
        }
    }

    impl U32x4 {
        pub fn new([a, b, c, d]: [u32; 4]) -> Self {
            Self(u32x4(a, b, c, d))
        }
        pub fn add(self, other: Self) -> Self {
            Self(u32x4_add(self.0, other.0))
        }
        pub fn xor(self, other: Self) -> Self {
            Self(v128_xor(self.0, other.0))
        }
        pub fn rotate_left(self, count: u32) -> Self {
            Self(v128_or(
                u32x4_shl(self.0, count),
                u32x4_shr(self.0, 32 - count),
            ))
        }
        /// Lane n becomes lane n + 1, the last the first.
        pub fn rotate_lanes(self) -> Self {
            Self(u32x4_shuffle::<3, 0, 1, 2>(self.0, self.0))
        }
        pub fn lanes(self) -> [u32; 4] {
            let v = self.0;
            [
                u32x4_extract_lane::<0>(v),
                u32x4_extract_lane::<1>(v),
                u32x4_extract_lane::<2>(v),
                u32x4_extract_lane::<3>(v),
            ]
        }
    }
}

#[cfg(not(target_feature = "simd128"))]
mod lanes {
    #[derive(Clone, Copy)]
    pub struct F32x4([f32; 4]);
    #[derive(Clone, Copy)]
    pub struct U32x4([u32; 4]);

    impl F32x4 {
        pub fn new(lanes: [f32; 4]) -> Self {
            Self(lanes)
        }
        pub fn multiply_add(self, factor: Self, add: Self) -> Self {
            Self(core::array::from_fn(|n| self.0[n] * factor.0[n] + add.0[n]))
        }
        pub fn max(self, other: Self) -> Self {
            let max = |n: usize| {
                if self.0[n] < other.0[n] {
                    other.0[n]
                } else {
                    self.0[n]
                }
            };
            Self(core::array::from_fn(max))
        }
        pub fn lanes(self) -> [f32; 4] {
            self.0
        }
    }

    impl U32x4 {
        pub fn new(lanes: [u32; 4]) -> Self {
            Self(lanes)
        }
        pub fn add(self, other: Self) -> Self {
            Self(core::array::from_fn(|n| self.0[n].wrapping_add(other.0[n])))
        }
        pub fn xor(self, other: Self) -> Self {
            Self(core::array::from_fn(|n| self.0[n] ^ other.0[n]))
        }
        pub fn rotate_left(self, count: u32) -> Self {
            Self(self.0.map(|lane| lane.rotate_left(count)))
        }
        /// Lane n becomes lane n + 1, the last the first.
        pub fn rotate_lanes(self) -> Self {
            let [a, b, c, d] = self.0;
            Self([d, a, b, c])
        }
        pub fn lanes(self) -> [u32; 4] {
            self.0
        }
    }
}

use lanes::{F32x4, U32x4};

/// `y = max(a * x + y, 0.1)` on 1,024 vectors of floats, `size` times. They fit into the
/// first-level cache, so where pages lie does not matter.
pub fn saxpy_f32x4(size: u32) -> u64 {
    let mut random = Random::new(31);
    let mut vectors = |_| F32x4::new(core::array::from_fn(|_| random.unit() as f32));
    let x: Vec<F32x4> = (0..1024).map(&mut vectors).collect();
    let mut y: Vec<F32x4> = (0..1024).map(&mut vectors).collect();
    let floor = F32x4::new([0.1; 4]);
    for round in 0..size {
        let a = F32x4::new([1.0 / (round as f32 + 2.0) - 0.25; 4]);
        for (y, x) in y.iter_mut().zip(&x) {
            *y = x.multiply_add(a, *y).max(floor);
        }
    }
    let lanes = y.iter().flat_map(|vector| vector.lanes());
    lanes.fold(size.into(), |sum, lane| mix(sum, lane.to_bits().into()))
}

/// `size` ChaCha-like double rounds on four vectors of integers.
pub fn mix_i32x4(size: u32) -> u64 {
    let mut random = Random::new(37);
    let mut state: [U32x4; 4] =
        core::array::from_fn(|_| U32x4::new(core::array::from_fn(|_| random.bits() as u32)));
    for _ in 0..size {
        for _ in 0..2 {
            let [a, b, c, d] = state;
            let a = a.add(b);
            let d = d.xor(a).rotate_left(16);
            let c = c.add(d);
            let b = b.xor(c).rotate_left(12);
            let a = a.add(b);
            let d = d.xor(a).rotate_left(8);
            let c = c.add(d);
            let b = b.xor(c).rotate_left(7);
            state = [
                a,
                b.rotate_lanes(),
                c.rotate_lanes().rotate_lanes(),
                d.rotate_lanes(),
            ];
        }
    }
    let lanes = state.iter().flat_map(|vector| vector.lanes());
    lanes.fold(size.into(), |sum, lane| mix(sum, lane.into()))
}
