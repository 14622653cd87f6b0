//! What is written is what is read, in every build of the engine.

use super::*;
use crate::limits::MAX_MEMORY64_PAGES;
use crate::module::AddressType;
use proptest::prelude::*;
use std::path::Path;

/// Every field but memory contents, which have two forms.
fn fields(image: &InstanceImage<'_>) -> impl PartialEq + core::fmt::Debug {
    let memories = image.memories.iter();
    (
        (image.modules.clone(), image.instances.clone()),
        (image.functions.clone(), image.tables.clone()),
        (image.globals.clone(), image.execution_state.clone()),
        image.host.clone(),
        memories.map(|m| (m.ty, m.size_pages)).collect::<Vec<_>>(),
    )
}

fn linear_bytes(memory: &MemoryState<'_>) -> Vec<u8> {
    let mut bytes = vec![0; memory.size_pages as usize * 65536];
    for (address, chunk) in memory.contents.chunks() {
        bytes[address as usize..][..chunk.len()].copy_from_slice(chunk);
    }
    bytes
}

#[test]
fn an_image_read_back_equals_the_one_written() {
    let (memory, modules) = (memory_bytes(), modules());
    let image = sample(&memory, &modules);
    let bytes = image.to_bytes();
    let raw = RawImage::parse(&bytes).unwrap();
    assert_eq!(raw.modules(), image.modules);
    assert_eq!(fields(raw.unverified()), fields(&image));
    assert_eq!(linear_bytes(&raw.unverified().memories[0]), memory);
    assert_eq!(raw.unverified().to_bytes(), bytes);
    raw.validate(&[&modules[1], &modules[0]]).unwrap();
}

#[test]
fn the_announced_length_is_the_written_one() {
    let (memory, modules) = (memory_bytes(), modules());
    let image = sample(&memory, &modules);
    let encoded = image.encode();
    let mut bytes = Vec::new();
    encoded.write_to(&mut bytes).unwrap();
    assert_eq!(encoded.len_bytes(), bytes.len() as u64);
}

#[test]
fn the_sizes_of_the_parts_are_that_of_the_whole() {
    let (memory, modules) = (memory_bytes(), modules());
    let image = sample(&memory, &modules);
    let sizes = image.sizes();
    assert_eq!(sizes.total(), image.to_bytes().len() as u64);
    assert_eq!(sizes.pages[0], 3 * IMAGE_PAGE as u64);
    assert!(sizes.frames > 1 && sizes.host > 1, "{sizes:?}");
    let idle = InstanceImage {
        execution_state: None,
        ..image.clone()
    };
    assert_eq!(idle.sizes().frames, 1);
    assert_eq!(idle.sizes().total(), idle.to_bytes().len() as u64);
}

#[test]
fn zero_pages_are_left_out() {
    let (memory, modules) = (memory_bytes(), modules());
    let bytes = sample(&memory, &modules).to_bytes();
    assert_eq!(bytes.len(), (1 + 3) * IMAGE_PAGE + 4);
}

#[test]
fn a_memory_of_zeros_takes_no_room_whatever_its_size() {
    let image = InstanceImage {
        memories: vec![MemoryState {
            ty: MemoryType {
                address: AddressType::I64,
                minimum: 0,
                maximum: None,
            },
            size_pages: MAX_MEMORY64_PAGES,
            contents: MemoryContents::Pages {
                runs: vec![],
                data: &[],
            },
        }],
        ..InstanceImage::default()
    };
    let bytes = image.to_bytes();
    assert!(bytes.len() <= 2 * IMAGE_PAGE);
    let raw = RawImage::parse(&bytes).unwrap();
    assert_eq!(raw.unverified().memories[0].contents.chunks().count(), 0);
}

/// The sample image as format version 4 first had it. Made anew, after an
/// incompatible change that raises the version, with `WOODFROG_BLESS=1`.
#[test]
fn images_of_this_format_version_stay_readable() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/image/tests/sample-v4.image");
    let (memory, modules) = (memory_bytes(), modules());
    let image = sample(&memory, &modules);
    if std::env::var_os("WOODFROG_BLESS").is_some() {
        std::fs::write(&path, image.to_bytes()).unwrap();
    }
    let golden = std::fs::read(&path).unwrap();
    let raw = RawImage::parse(&golden).unwrap();
    assert_eq!(fields(raw.unverified()), fields(&image));
    assert_eq!(linear_bytes(&raw.unverified().memories[0]), memory);
    raw.validate(&[&modules[0], &modules[1]]).unwrap();
    assert_eq!(image.to_bytes(), golden);
}

fn value() -> impl Strategy<Value = Val> {
    prop_oneof![
        any::<i32>().prop_map(Val::I32),
        any::<i64>().prop_map(Val::I64),
        any::<u32>().prop_map(Val::F32),
        any::<u64>().prop_map(Val::F64),
        any::<u128>().prop_map(Val::V128),
        any::<Option<u32>>().prop_map(|addr| Val::FuncRef(addr.map(FuncAddr))),
        any::<Option<u32>>().prop_map(|token| Val::ExternRef(token.map(ExternRef))),
    ]
}

fn values() -> impl Strategy<Value = Vec<Option<Val>>> {
    prop::collection::vec(prop::option::of(value()), 0..5)
}

fn frames() -> impl Strategy<Value = ExecutionStateImage> {
    let frame = (any::<[u32; 2]>(), any::<usize>(), values(), values());
    let frame = frame.prop_map(
        |(ids, wasm_inst_offset, stack, locals)| WasmFunctionStateDump {
            instance: ids[0],
            local_function_id: ids[1],
            wasm_inst_offset,
            stack,
            locals,
        },
    );
    (prop::collection::vec(frame, 0..6), host_call())
        .prop_map(|(frames, host_call)| ExecutionStateImage { frames, host_call })
}

fn host_call() -> impl Strategy<Value = Option<HostCall>> {
    let values = || prop::collection::vec(value(), 0..3);
    let pending = (any::<u32>(), any::<u32>(), values());
    let pending = pending.prop_map(|(function, instance, arguments)| PendingHostCall {
        function: FuncAddr(function),
        instance,
        arguments,
    });
    prop::option::of(prop_oneof![
        values().prop_map(HostCall::Returned),
        pending.prop_map(HostCall::Pending),
    ])
}

/// A memory of up to two wasm pages, with a few bytes set.
fn memory() -> impl Strategy<Value = Vec<u8>> {
    let writes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8);
    (0..3usize, writes).prop_map(|(pages, writes)| {
        let mut bytes = vec![0; pages * 65536];
        for (index, byte) in writes {
            if !bytes.is_empty() {
                let index = index.index(bytes.len());
                bytes[index] = byte;
            }
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_image_survives_the_round_trip(
        frames in prop::option::of(frames()),
        memories in prop::collection::vec(memory(), 0..3),
        host in prop::collection::vec(any::<u8>(), 0..9000),
        version: u32,
        globals in prop::collection::vec(value(), 0..5),
        tables in prop::collection::vec(any::<Vec<Option<u32>>>(), 0..3),
    ) {
        let ty = MemoryType { address: AddressType::I32, minimum: 0, maximum: Some(7) };
        let image = InstanceImage {
            execution_state: frames,
            memories: memories.iter().map(|bytes| MemoryState {
                ty,
                size_pages: bytes.len() as u64 / 65536,
                contents: MemoryContents::Linear(bytes),
            }).collect(),
            host: vec![HostSection { name: "host".to_owned(), version, bytes: host }],
            globals: globals.into_iter().map(|value| GlobalState {
                ty: GlobalType { value: value.ty(), is_mutable: true },
                value,
            }).collect(),
            tables: tables.into_iter().map(|elements| TableState {
                ty: TableType {
                    address: AddressType::I64,
                    element: ValType::ExternRef,
                    minimum: 0,
                    maximum: None,
                },
                elements: TableElements::Extern(
                    elements.into_iter().map(|token| token.map(ExternRef)).collect(),
                ),
            }).collect(),
            ..InstanceImage::default()
        };
        let bytes = image.to_bytes();
        let raw = RawImage::parse(&bytes).unwrap();
        prop_assert_eq!(fields(raw.unverified()), fields(&image));
        for (read, written) in raw.unverified().memories.iter().zip(&memories) {
            prop_assert_eq!(&linear_bytes(read), written);
        }
        prop_assert_eq!(raw.unverified().to_bytes(), bytes);
    }
}
