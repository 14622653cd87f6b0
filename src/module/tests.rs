//! Tests of decoding.

use super::*;
use crate::limits;
use alloc::string::ToString;
use alloc::{format, vec};
use proptest::prelude::*;

fn decode(wat: &str) -> Result<Module, DecodeError> {
    Module::decode(wat::parse_str(wat).expect("test module"))
}

fn valid(wat: &str) -> Module {
    decode(wat).expect("valid module")
}

fn expr(op: ConstOp) -> ConstExpr {
    ConstExpr::One(op)
}

/// A module that has something in every section.
const EVERYTHING: &str = r#"(module
    (type $t (func (param i32 f64) (result i64)))
    (import "env" "f" (func $imported (type $t)))
    (import "env" "t" (table 1 2 externref))
    (import "env" "m" (memory 1 3))
    (import "env" "g" (global i32))
    (func $start)
    (func $callee (type $t) (local i32 i32 funcref) (i64.const 7))
    (func $caller (export "caller") (result i64)
        (call $callee (i32.const 1) (f64.const 2))
        (drop)
        (call_indirect $table (type $t) (i32.const 1) (f64.const 2) (i32.const 0)))
    (table $table 4 funcref)
    (global (export "counter") (mut i64) (i64.const -1))
    (global funcref (ref.func $callee))
    (global externref (ref.null extern))
    (global f32 (f32.const nan:0x200000))
    (global i32 (global.get 0))
    (start $start)
    (elem (table $table) (i32.const 1) func $callee $imported)
    (elem funcref (ref.null func))
    (elem declare func $caller)
    (data (i32.const 16) "hello")
    (data "passive"))"#;

#[test]
fn every_section_is_kept() {
    let module = valid(EVERYTHING);
    let ty = FuncType::new([ValType::I32, ValType::F64], [ValType::I64]);
    assert_eq!(module.types[0], ty);
    assert_eq!(module.imports[0].module, "env");
    assert_eq!(module.imports[0].ty, ExternType::Func(ty.clone()));
    assert_eq!(
        (
            module.imported_functions,
            module.imported_tables,
            module.imported_memories,
            module.imported_globals
        ),
        (1, 1, 1, 1)
    );
    assert_eq!(module.functions.len(), 4);
    assert_eq!(module.function_type(2), &ty);
    assert_eq!(
        module.tables[0],
        TableType {
            address: AddressType::I32,
            element: ValType::ExternRef,
            minimum: 1,
            maximum: Some(2)
        }
    );
    assert_eq!(module.tables[1].element, ValType::FuncRef);
    assert_eq!(
        module.memories[0],
        MemoryType {
            address: AddressType::I32,
            minimum: 1,
            maximum: Some(3)
        }
    );
    assert_eq!(module.start, Some(1));
    assert_eq!(module.export("caller").map(|e| e.index), Some(3));
    assert_eq!(
        module.export("counter").map(|e| e.kind),
        Some(ExternKind::Global)
    );
}

#[test]
fn constant_expressions_keep_their_bits() {
    let module = valid(EVERYTHING);
    assert!(module.globals[1].is_mutable);
    assert!(!module.globals[2].is_mutable);
    assert_eq!(
        module.global_initializers,
        vec![
            expr(ConstOp::I64(-1)),
            expr(ConstOp::RefFunc(2)),
            expr(ConstOp::NullExtern),
            expr(ConstOp::F32(0x7fa0_0000)),
            expr(ConstOp::GlobalGet(0)),
        ]
    );
}

#[test]
fn segments_keep_items_modes_and_ranges() {
    let module = valid(EVERYTHING);
    assert_eq!(
        module.elements[0],
        ElementSegment {
            element: ValType::FuncRef,
            items: vec![expr(ConstOp::RefFunc(2)), expr(ConstOp::RefFunc(0))],
            mode: SegmentMode::Active {
                index: 1,
                offset: expr(ConstOp::I32(1))
            },
        }
    );
    assert_eq!(module.elements[1].items, vec![expr(ConstOp::NullFunc)]);
    assert_eq!(module.elements[1].mode, SegmentMode::Passive);
    assert_eq!(module.elements[2].mode, SegmentMode::Declared);
    assert_eq!(&module.bytes[module.data[0].range.clone()], b"hello");
    assert_eq!(&module.bytes[module.data[1].range.clone()], b"passive");
    assert_eq!(module.data[1].mode, SegmentMode::Passive);
}

#[test]
fn bodies_have_parameters_then_declared_locals() {
    let module = valid(EVERYTHING);
    let body = module.body(2).expect("defined");
    assert_eq!(
        &*body.locals,
        [
            ValType::I32,
            ValType::F64,
            ValType::I32,
            ValType::I32,
            ValType::FuncRef
        ]
    );
    // i64.const 7, end
    assert_eq!(
        module.bytes[body.first_operator..body.range.end],
        [0x42, 7, 0x0b]
    );
    assert_eq!(module.body(0), None);
    assert_eq!(module.body(4), None);
}

#[test]
fn functions_are_named_by_the_name_section_then_by_export() {
    let module = valid(EVERYTHING);
    assert_eq!(module.function_name(2), Some("callee"));
    let module = valid(r#"(module (func (export "x")) (func))"#);
    assert_eq!(module.function_name(0), Some("x"));
    assert_eq!(module.function_name(1), None);
}

#[test]
fn malformed_name_section_is_ignored() {
    let mut bytes = wat::parse_str("(module (func))").expect("test module");
    // Custom section "name" whose function subsection claims 255 bytes.
    bytes.extend_from_slice(b"\x00\x08\x04name\x01\xff\x01");
    let module = Module::decode(bytes).expect("names do not matter");
    assert!(module.function_names.is_empty());
}

#[test]
fn names_of_functions_that_do_not_exist_are_left_out() {
    let mut bytes = wat::parse_str("(module (func))").expect("test module");
    // Function subsection: 0 is "a", 9 is "b".
    bytes.extend_from_slice(b"\x00\x0e\x04name\x01\x07\x02\x00\x01a\x09\x01b");
    let module = Module::decode(bytes).expect("names do not matter");
    assert_eq!(module.function_name(0), Some("a"));
    assert_eq!(module.function_names.len(), 1);
}

#[test]
fn calls_are_found_at_their_offsets_only() {
    let module = valid(EVERYTHING);
    let body = module.body(3).expect("defined").range.clone();
    let calls: Vec<CallTarget> = (0..module.bytes.len() as u32 + 2)
        .filter_map(|offset| {
            let call = module.call_at(3, offset);
            assert!(call.is_none() || body.contains(&(offset as usize)));
            call
        })
        .collect();
    let indirect = CallTarget::Indirect {
        type_index: 0,
        table_index: 1,
    };
    assert_eq!(calls, [CallTarget::Direct(2), indirect]);
    assert_eq!(module.call_at(0, body.start as u32), None);
    assert_eq!(module.call_at(u32::MAX, u32::MAX), None);
}

#[test]
fn truncation_never_panics_and_is_refused_among_the_functions() {
    let module = valid(EVERYTHING);
    let code = module.bodies[0].range.start..module.bodies[2].range.end;
    for end in 0..module.bytes.len() {
        // A cut between other sections can leave a valid module.
        let result = Module::decode(&module.bytes[..end]);
        assert!(result.is_err() || !code.contains(&end), "{end}");
    }
}

#[test]
fn what_is_no_binary_module_is_said_in_one_line() {
    for (bytes, message) in [
        (&b"garbage"[..], "it does not begin with \\0asm"),
        (b"\0as", "unexpected end"),
        (b"", "unexpected end"),
        (b" (module)", "it is text"),
        (b";; a comment\n(module)", "it is text"),
    ] {
        let error = Module::decode(bytes).unwrap_err().to_string();
        assert!(error.contains(message) && !error.contains('\n'), "{error}");
    }
}

#[test]
fn malformed_and_invalid_are_told_apart() {
    assert!(matches!(
        Module::decode(&b"\0asm\x02\0\0\0"[..]),
        Err(DecodeError::Malformed { offset: 4, .. })
    ));
    assert!(matches!(
        decode("(module (func (result i32)))"),
        Err(DecodeError::Invalid { .. })
    ));
    assert!(matches!(
        decode("(module (func (call 1)))"),
        Err(DecodeError::Invalid { .. })
    ));
    // One function whose body holds the unassigned opcode 0xff.
    let bytes = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a\x05\x01\x03\0\xff\x0b";
    assert!(matches!(
        Module::decode(&bytes[..]),
        Err(DecodeError::Malformed { offset: 23, .. })
    ));
    // A function without a body.
    let bytes = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0";
    assert!(matches!(
        Module::decode(&bytes[..]),
        Err(DecodeError::Malformed { .. })
    ));
}

#[test]
fn features_that_are_not_enabled_are_refused() {
    for wat in [
        "(module (memory 1 1 shared))",
        "(module (tag))",
        "(module (func (param (ref func))))",
        "(module (type (struct)))",
        "(module (table 1 (ref func) (ref.func 0)) (func))",
        "(module (global i32 (i32.const 1)) (global i32 (global.get 0)))",
    ] {
        assert!(decode(wat).is_err(), "{wat}");
    }
    let tail_call = wat::parse_str("(module (func (return_call 0)))").expect("test module");
    let error = Module::decode_with(tail_call, WasmFeatures::V2).expect_err("tail call");
    assert!(
        matches!(error, DecodeError::UnsupportedFeature { .. }),
        "{error}"
    );
}

#[test]
fn components_are_refused() {
    let component = wat::parse_str("(component)").expect("test component");
    let error = Module::decode(component).expect_err("a component");
    assert_eq!(error, DecodeError::Component);
}

#[test]
fn large_tables_decode() {
    let wat = format!(
        "(module (table {} funcref))",
        limits::MAX_TABLE_ELEMENTS * 2
    );
    assert_eq!(
        valid(&wat).tables[0].minimum,
        limits::MAX_TABLE_ELEMENTS * 2
    );
}

/// A module with `functions` functions of `locals` i64 locals each.
fn module_with_locals(functions: u32, locals: u32) -> Vec<u8> {
    fn leb(mut value: u32, out: &mut Vec<u8>) {
        while value >= 0x80 {
            out.push(value as u8 | 0x80);
            value >>= 7;
        }
        out.push(value as u8);
    }
    fn section(id: u8, body: &[u8], out: &mut Vec<u8>) {
        out.push(id);
        leb(body.len() as u32, out);
        out.extend_from_slice(body);
    }
    let mut body = vec![1];
    leb(locals, &mut body);
    body.extend_from_slice(&[0x7e, 0x0b]);
    let (mut types, mut code) = (Vec::new(), Vec::new());
    leb(functions, &mut types);
    leb(functions, &mut code);
    types.extend(core::iter::repeat_n(0, functions as usize));
    for _ in 0..functions {
        leb(body.len() as u32, &mut code);
        code.extend_from_slice(&body);
    }
    let mut out = b"\0asm\x01\0\0\0".to_vec();
    section(1, &[1, 0x60, 0, 0], &mut out);
    section(3, &types, &mut out);
    section(10, &code, &mut out);
    out
}

#[test]
fn locals_are_limited_per_function() {
    let max = limits::MAX_LOCALS;
    let module = Module::decode(module_with_locals(1, max)).expect("at the limit");
    assert_eq!(module.bodies[0].locals.len(), max as usize);
    for count in [max + 1, u32::MAX] {
        assert_eq!(
            Module::decode(module_with_locals(1, count)).map(|_| ()),
            Err(DecodeError::TooManyLocals {
                func: 0,
                total: u64::from(count)
            })
        );
    }
}

#[test]
fn locals_are_limited_per_module() {
    let functions = (limits::MAX_MODULE_VALUE_TYPES / u64::from(limits::MAX_LOCALS)) as u32 + 1;
    assert_eq!(
        Module::decode(module_with_locals(functions, limits::MAX_LOCALS)).map(|_| ()),
        Err(DecodeError::TooManyValueTypes)
    );
}

#[test]
fn identity_is_the_sha256_of_the_bytes() {
    let module = Module::decode(&b"\0asm\x01\0\0\0"[..]).expect("the empty module");
    assert_eq!(
        module.hash.to_string(),
        "93a44bbb96c751218e4c00d479e4c14358122a389acca16205b1e4d0dc5f9476"
    );
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(tail in proptest::collection::vec(any::<u8>(), 0..512)) {
        let mut bytes = b"\0asm\x01\0\0\0".to_vec();
        bytes.extend_from_slice(&tail);
        let _ = Module::decode(tail);
        let _ = Module::decode(bytes);
    }

    #[test]
    fn damaged_modules_never_panic(
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        offset in any::<u32>(),
    ) {
        let mut bytes = wat::parse_str(EVERYTHING).expect("test module");
        for (index, byte) in edits {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        let size = bytes.len() as u32;
        if let Ok(module) = Module::decode(bytes) {
            for func in 0..module.functions.len() as u32 {
                let _ = module.call_at(func, offset);
                let _ = module.call_at(func, offset % size);
            }
        }
    }
}
