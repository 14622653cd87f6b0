//! What is written is read back; what is stale, foreign, cut off or damaged is refused.

use super::*;
use crate::compile::{CompileOptions, CompiledModule, compile};
use alloc::format;
use alloc::string::String;
use std::println;

/// Calls of all kinds, locals of all types, many suspend points.
fn text() -> String {
    let touches = "(i32.store (local.get 0) (i32.load (local.get 1)))".repeat(100);
    format!(
        r#"(module
        (type $step (func (param i32 i32 i64 f64 v128) (result i64)))
        (import "host" "log" (func $log (param i32 i32 i32 i32 i32 i32 i32 i32)))
        (memory 1) (table 3 funcref) (elem (i32.const 0) $work $tail $tail)
        (data "passive") (global (mut i32) (i32.const 7))
        (func $work (type $step) (local f32 funcref externref i64 v128)
            {touches}
            (loop
                (call $log (local.get 0) (i32.const 1) (local.get 1) (i32.const 3)
                    (i32.const 4) (i32.const 5) (i32.const 6) (local.get 0))
                (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
            (memory.init 0 (i32.const 0) (i32.const 1) (i32.const 2))
            (i64.div_s (local.get 2)
                (call_indirect (type $step) (local.get 0) (local.get 1) (local.get 2)
                    (local.get 3) (local.get 4) (i32.const 1))))
        (func (export "plain"))
        (func $tail (type $step)
            (return_call_indirect (type $step) (local.get 0) (local.get 1) (local.get 2)
                (local.get 3) (local.get 4) (i32.const 0)))
        (func (export "near") (param i32) (return_call $leaf (local.get 0)))
        (func $leaf (param i32)))"#
    )
}

const ALLOWED: Allowed = Allowed {
    processor: CpuFeatures::ALL,
    cpu_features: CpuFeatures::ALL,
    wasm_features: WasmFeatures::ALL,
};

fn compiled() -> (Module, CompiledModule) {
    let module = Module::decode(wat::parse_str(text()).expect("valid")).expect("valid");
    let mut compiled = compile(&module, &CompileOptions::default()).expect("compiles");
    compiled.set_signatures(|type_index| 1000 + type_index);
    (module, compiled)
}

fn encoded() -> Vec<u8> {
    let (module, compiled) = compiled();
    encode(&Parts {
        module: &module,
        wasm_features: WasmFeatures::ALL,
        cpu_features: CpuFeatures::BASELINE,
        code: &compiled.code,
        state_map: &compiled.state_map,
        signature_sites: &compiled.signature_sites,
    })
}

fn error(bytes: &[u8]) -> PrecompiledError {
    match decode(bytes, ALLOWED) {
        Ok(_) => panic!("the bytes are accepted"),
        Err(error) => error,
    }
}

/// The bytes with others at an offset, and the checksum made right.
fn patched(bytes: &[u8], at: usize, with: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at..][..with.len()].copy_from_slice(with);
    fix_checksum(&mut bytes);
    bytes
}

fn fix_checksum(bytes: &mut [u8]) {
    let body = bytes.len() - CHECKSUM_LEN;
    let checksum = crc32fast::hash(&bytes[..body]);
    bytes[body..].copy_from_slice(&checksum.to_le_bytes());
}

/// Reads all that can be read of a state map.
fn read_all(map: &ModuleStateMap) -> usize {
    let functions = map.local_functions();
    let states = functions.flat_map(|function| {
        function.resume_points();
        function
            .points()
            .map(move |point| function.state(&point).wasm_stack.len())
    });
    states.count()
}

#[test]
fn what_is_decoded_is_what_was_encoded() {
    let (module, compiled) = compiled();
    let Decoded {
        module: read_module,
        compiled: mut read,
        cpu_features,
        ..
    } = decode(&encoded(), ALLOWED).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(cpu_features, CpuFeatures::BASELINE);
    assert_eq!(read.functions, compiled.functions);
    assert_eq!(read.signature_sites, compiled.signature_sites);
    assert!(!read.signature_sites.is_empty());
    assert_ne!(read.code, compiled.code, "an engine's numbers are left out");
    read.set_signatures(|type_index| 1000 + type_index);
    assert_eq!(read.code, compiled.code);
    assert_eq!(read.state_map.size_bytes(), compiled.state_map.size_bytes());
    for (read, made) in read
        .state_map
        .local_functions()
        .zip(compiled.state_map.local_functions())
    {
        assert_eq!(read.locals(), made.locals());
        assert!(read.points().eq(made.points()));
        for point in made.points() {
            assert_eq!(read.operands(&point), made.operands(&point));
        }
    }
    assert_eq!(read_module.hash, module.hash);
    assert_eq!(read_module.exports, module.exports);
    for (read, made) in read_module.bodies.iter().zip(&module.bodies) {
        assert_eq!((&read.range, &read.locals), (&made.range, &made.locals));
        assert_eq!(read.tail_calls, made.tail_calls);
    }
    let reach = module.bodies.iter().map(|body| body.tail_calls);
    let reach: Vec<_> = reach.collect();
    assert!(reach.contains(&TailCalls::Within) && reach.contains(&TailCalls::Beyond));
}

#[test]
fn what_comes_from_elsewhere_is_refused() {
    let bytes = encoded();
    use PrecompiledError as Error;
    let error = |at, with: &[u8]| error(&patched(&bytes, at, with));
    assert!(matches!(error(0, b"\0asm"), Error::Magic { .. }));
    let found = FORMAT_VERSION + 1;
    assert!(
        matches!(error(8, &found.to_le_bytes()), Error::FormatVersion { found: f } if f == found)
    );
    assert!(matches!(error(15, &[1]), Error::Reserved { offset: 15 }));
    let other = COMPILER_IDENTITY ^ 1;
    assert!(matches!(
        error(16, &other.to_le_bytes()),
        Error::Compiler { found, expected: COMPILER_IDENTITY } if found == other
    ));
    assert!(matches!(
        error(27, &[0x80]),
        Error::UnknownCpuFeatures(0x8000_0000)
    ));
    assert!(matches!(error(31, &[0x80]), Error::UnknownWasmFeatures(_)));
    assert!(matches!(error(32, &[0xff]), Error::Layout { .. }));
}

#[test]
fn features_that_are_not_there_or_not_allowed_are_named() {
    let some = CpuFeatures {
        popcnt: true,
        avx: true,
        ..CpuFeatures::BASELINE
    };
    let bytes = patched(&encoded(), 24, &some.to_bits().to_le_bytes());
    let refused = |allowed| decode(&bytes, allowed).err().expect("refused");
    let old = Allowed {
        processor: CpuFeatures::BASELINE,
        ..ALLOWED
    };
    assert!(matches!(refused(old), PrecompiledError::MissingCpuFeatures(f) if f == some));
    let careful = Allowed {
        cpu_features: CpuFeatures::ALL.without(some),
        ..ALLOWED
    };
    assert!(matches!(refused(careful), PrecompiledError::DisallowedCpuFeatures(f) if f == some));
    let plain = Allowed {
        wasm_features: WasmFeatures::V2,
        ..ALLOWED
    };
    assert!(matches!(
        refused(plain),
        PrecompiledError::DisallowedWasmFeatures(f) if f.tail_call && !f.simd
    ));
}

#[test]
fn every_truncation_is_refused() {
    let bytes = encoded();
    for len in (0..bytes.len()).filter(|len| len % 7 == 0 || *len < 120) {
        let error = error(&bytes[..len]);
        match len < HEADER_LEN + CHECKSUM_LEN {
            true => assert!(matches!(error, PrecompiledError::TooShort { .. })),
            false => assert!(matches!(error, PrecompiledError::Length { .. })),
        }
    }
    let longer = [&bytes[..], &[0]].concat();
    assert!(matches!(error(&longer), PrecompiledError::Length { .. }));
}

#[test]
fn damage_is_found() {
    let bytes = encoded();
    for bit in (0..8 * bytes.len()).step_by(11) {
        let mut damaged = bytes.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert!(decode(&damaged, ALLOWED).is_err(), "bit {bit}");
    }
}

#[test]
fn damage_behind_a_right_checksum_leads_nowhere_out_of_bounds() {
    let bytes = encoded();
    let (module, compiled) = compiled();
    let tables = HEADER_LEN + module.bytes.len() + compiled.code.len();
    let wasm = HEADER_LEN..HEADER_LEN + module.bytes.len();
    let mut random = 0x5eed_u64;
    let mut next = |bound: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % bound as u64) as usize
    };
    let (mut refused, mut accepted) = (0, 0);
    for number in 0..8_000 {
        let mut damaged = bytes.clone();
        for _ in 0..=next(2) {
            // Machine code is not looked at.
            let at = match next(5) {
                0 => next(HEADER_LEN),
                1 => wasm.start + next(wasm.len()),
                _ => tables + next(bytes.len() - CHECKSUM_LEN - tables),
            };
            match next(4) {
                0 => damaged[at] ^= 1 << next(8),
                1 => damaged[at] = next(256) as u8,
                2 => damaged[at] = damaged[at].wrapping_add(1),
                _ => damaged[at] = [0, 0x7f, 0x80, 0xff][next(4)],
            }
        }
        fix_checksum(&mut damaged);
        println!("number {number}");
        match decode(&damaged, ALLOWED) {
            Err(_) => refused += 1,
            Ok(decoded) => {
                accepted += 1;
                read_all(&decoded.compiled.state_map);
            }
        }
    }
    assert!(
        refused > 500 && accepted > 500,
        "{refused} refused, {accepted} not"
    );
}

#[test]
fn the_wasm_can_be_had_of_what_any_build_made() {
    let (module, _) = compiled();
    let bytes = encoded();
    let of_another = patched(&bytes, 16, &[1; 8]);
    assert!(matches!(
        error(&of_another),
        PrecompiledError::Compiler { .. }
    ));
    assert_eq!(wasm(&of_another).unwrap(), &module.bytes[..]);
    assert!(wasm(&bytes[..bytes.len() - 1]).is_err());
    assert!(wasm(&module.bytes).is_err());
}
