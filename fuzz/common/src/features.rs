//! What random programs may use beyond WebAssembly 2.0 without SIMD.

/// A choice of proposals.
#[derive(Clone, Copy, Debug)]
pub struct Features {
    /// Vectors.
    pub simd: bool,
    /// Relaxed vectors, with the deterministic choices.
    pub relaxed_simd: bool,
    /// `return_call` and `return_call_indirect`.
    pub tail_call: bool,
    /// Arithmetic in constant expressions.
    pub extended_const: bool,
    /// Several memories of a module.
    pub multi_memory: bool,
    /// Memories and tables with 64-bit addresses.
    pub memory64: bool,
}

/// The one place to switch a feature on; remake the expected results afterwards.
pub const FEATURES: Features = Features {
    simd: true,
    relaxed_simd: true,
    tail_call: true,
    extended_const: true,
    multi_memory: true,
    memory64: true,
};
