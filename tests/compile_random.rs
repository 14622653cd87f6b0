//! Random valid modules compile: the compiler's own assertions hold on each.

use arbitrary::Unstructured;
use wasm_smith::{Config, Module as SmithModule};
use woodfrog::compile::{CompileOptions, CpuFeatures, RegisterCache, compile};
use woodfrog::module::Module;

/// The features that the decoder enables.
fn config() -> Config {
    Config {
        bulk_memory_enabled: true,
        exceptions_enabled: false,
        extended_const_enabled: false,
        gc_enabled: false,
        max_funcs: 8,
        min_funcs: 3,
        allow_start_export: true,
        max_instructions: 1000,
        max_memories: 1,
        max_tables: 4,
        memory64_enabled: false,
        multi_value_enabled: true,
        reference_types_enabled: true,
        relaxed_simd_enabled: true,
        saturating_float_to_int_enabled: true,
        shared_everything_threads_enabled: false,
        sign_extension_ops_enabled: true,
        simd_enabled: true,
        tail_call_enabled: false,
        threads_enabled: false,
        wide_arithmetic_enabled: false,
        custom_page_sizes_enabled: false,
        compact_imports_enabled: false,
        ..Config::default()
    }
}

/// A reproducible stream of bytes (xorshift64*).
fn bytes(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    };
    (0..len).map(|_| (next() >> 56) as u8).collect()
}

#[test]
fn random_valid_modules_compile() {
    let mut compiled = 0;
    for seed in 0..1000 {
        let data = bytes(seed, 60_000);
        let mut source = Unstructured::new(&data);
        let wasm = SmithModule::new(config(), &mut source)
            .expect("enough bytes")
            .to_bytes();
        let module = Module::decode(wasm).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        let sets = [
            (CpuFeatures::BASELINE, RegisterCache::Full),
            (CpuFeatures::ALL, RegisterCache::Full),
            (CpuFeatures::BASELINE, RegisterCache::Operands),
            (CpuFeatures::ALL, RegisterCache::Nothing),
        ];
        for (features, cache) in sets {
            let outcome = std::panic::catch_unwind(|| {
                let options = CompileOptions {
                    features,
                    cache,
                    ..CompileOptions::default()
                };
                compile(&module, &options)
            });
            let result = outcome.unwrap_or_else(|_| panic!("seed {seed}: the compiler panicked"));
            result.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        }
        compiled += module.bodies.len();
    }
    assert!(
        compiled > 400,
        "the generator made only {compiled} functions"
    );
}
