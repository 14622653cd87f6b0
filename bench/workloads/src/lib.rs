//! Programs that the bench runs in every engine and natively.
//!
//! Each is a function of a size that returns a checksum of all it computed, so that engines
//! can be held against each other and nothing can be optimised away. The sources are the
//! same for wasm and for the host; the vector kernels use wasm's own instructions there.

pub mod btree;
pub mod calls;
pub mod coremark;
pub mod hashing;
pub mod interpreter;
pub mod json;
pub mod memory;
pub mod numeric;
pub mod polybench;
pub mod random;
pub mod sorting;
pub mod vector;

/// A program of the bench.
#[derive(Clone, Copy, Debug)]
pub struct Workload {
    /// Its name, by which wasm exports it.
    pub name: &'static str,
    /// The program as native code: from a size to a checksum.
    pub run: fn(u32) -> u64,
    /// The size that takes native code some tens of milliseconds.
    pub size: u32,
    /// Whether it needs vector instructions.
    pub is_vector: bool,
}

macro_rules! workloads {
    ($($(#[$attribute:meta])* $name:ident = $module:ident, $size:literal, $is_vector:literal;)*) => {
        /// All programs.
        pub const WORKLOADS: &[Workload] = &[$(
            Workload {
                name: stringify!($name),
                run: $module::$name,
                size: $size,
                is_vector: $is_vector,
            },
        )*];

        /// The programs as wasm exports them.
        #[cfg(target_arch = "wasm32")]
        mod exports {
            $(
                $(#[$attribute])*
                #[expect(unsafe_code, reason = "exported to the host under this name")]
                #[unsafe(no_mangle)]
                extern "C" fn $name(size: u32) -> u64 {
                    crate::$module::$name(size)
                }
            )*
        }
    };
}

workloads! {
    sha256 = hashing, 60_000, false;
    blake2b = hashing, 90_000, false;
    string_hash = hashing, 60_000, false;
    coremark = coremark, 60, false;
    fib = calls, 32, false;
    call_indirect = calls, 4_000_000, false;
    interpreter = interpreter, 12_000, false;
    floyd_warshall = polybench, 360, false;
    gemm = polybench, 380, false;
    two_mm = polybench, 300, false;
    jacobi_2d = polybench, 700, false;
    lu = polybench, 520, false;
    nbody = numeric, 250_000, false;
    mandelbrot = numeric, 300, false;
    quicksort = sorting, 250_000, false;
    sieve = sorting, 4_000_000, false;
    bulk_memory = memory, 6_000, false;
    btree = btree, 80_000, false;
    json = json, 1_500, false;
    #[cfg(target_feature = "simd128")]
    saxpy_f32x4 = vector, 12_000, true;
    #[cfg(target_feature = "simd128")]
    mix_i32x4 = vector, 2_000_000, true;
}

#[cfg(test)]
mod tests {
    use super::WORKLOADS;

    #[test]
    fn checksums_depend_on_the_size_and_on_nothing_else() {
        for workload in WORKLOADS {
            let small = (workload.size / 50).max(4);
            let first = (workload.run)(small);
            assert_eq!(first, (workload.run)(small), "{}", workload.name);
            assert_ne!(first, (workload.run)(small + 1), "{}", workload.name);
        }
    }
}
