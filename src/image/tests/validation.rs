//! Every way in which an image contradicts its modules is a specific error.

use super::*;
use crate::module::AddressType;

/// Makes an image wrong.
type ImageChange = fn(&mut InstanceImage<'_>);
/// Makes an instance wrong.
type InstanceChange = fn(&mut InstanceState);

/// The error of the sample after a change.
fn error_after(change: impl FnOnce(&mut InstanceImage<'_>)) -> ValidateError {
    let (memory, modules) = (memory_bytes(), modules());
    let mut image = sample(&memory, &modules);
    change(&mut image);
    let bytes = image.to_bytes();
    let raw = RawImage::parse(&bytes).unwrap();
    raw.validate(&[&modules[0], &modules[1]]).unwrap_err()
}

#[test]
fn modules_must_be_given_and_distinct() {
    let (memory, modules) = (memory_bytes(), modules());
    let hash = modules[1].hash;
    let bytes = sample(&memory, &modules).to_bytes();
    let raw = RawImage::parse(&bytes).unwrap();
    assert_eq!(
        raw.validate(&[&modules[0]]).unwrap_err(),
        ValidateError::UnknownModule { hash }
    );
    assert_eq!(
        error_after(|image| image.modules[0] = hash),
        ValidateError::DuplicateModule { hash }
    );
    assert_eq!(
        error_after(|image| image.instances[1].module = 2),
        ValidateError::InstanceModule {
            instance: 1,
            module: 2
        }
    );
}

#[test]
fn lists_must_be_as_long_as_the_module_says() {
    let error = error_after(|image| image.instances[0].dropped_data.clear());
    assert_eq!(
        error,
        ValidateError::Count {
            instance: 0,
            section: Section::Data,
            expected: 1,
            found: 0
        }
    );
    let error = error_after(|image| image.instances[1].globals.push(0));
    assert_eq!(
        error,
        ValidateError::Count {
            instance: 1,
            section: Section::Globals,
            expected: 2,
            found: 3
        }
    );
}

#[test]
fn addresses_must_exist() {
    let cases: [(Section, InstanceChange); 4] = [
        (Section::Functions, |state| state.functions[0] = FuncAddr(3)),
        (Section::Tables, |state| state.tables[0] = 3),
        (Section::Memories, |state| state.memories[0] = 3),
        (Section::Globals, |state| state.globals[0] = 3),
    ];
    for (section, change) in cases {
        assert_eq!(
            error_after(|image| change(&mut image.instances[1])),
            ValidateError::Address {
                instance: 1,
                section,
                index: 0,
                address: 3
            }
        );
    }
}

#[test]
fn types_must_be_the_declared_ones() {
    let cases: [(Section, ImageChange); 7] = [
        (Section::Functions, |image| {
            image.instances[1].functions[0] = FuncAddr(2)
        }),
        (Section::Tables, |image| image.instances[1].tables[0] = 1),
        (Section::Globals, |image| image.instances[1].globals[0] = 1),
        (Section::Tables, |image| image.tables[0].ty.maximum = None),
        (Section::Memories, |image| {
            image.memories[0].ty.maximum = Some(5)
        }),
        (Section::Tables, |image| {
            image.tables[0].ty.address = AddressType::I64
        }),
        (Section::Memories, |image| {
            image.memories[0].ty.address = AddressType::I64
        }),
    ];
    for (expected, change) in cases {
        let error = error_after(change);
        assert!(
            matches!(error, ValidateError::Type { section, .. } if section == expected),
            "{error}"
        );
    }
}

#[test]
fn a_definition_belongs_to_one_instance() {
    let (memory, modules) = (memory_bytes(), modules());
    let mut image = sample(&memory, &modules);
    image.instances.push(image.instances[0].clone());
    let error = image
        .clone()
        .validate(&[&modules[0], &modules[1]])
        .unwrap_err();
    assert_eq!(
        error,
        ValidateError::SharedDefinition {
            instance: 2,
            section: Section::Functions,
            index: 1
        }
    );
    image.functions.push(FunctionState::Defined {
        instance: 2,
        index: 1,
    });
    image.instances[2].functions[1] = FuncAddr(3);
    let error = image
        .clone()
        .validate(&[&modules[0], &modules[1]])
        .unwrap_err();
    assert_eq!(
        error,
        ValidateError::SharedDefinition {
            instance: 2,
            section: Section::Tables,
            index: 0
        }
    );
}

#[test]
fn wasm_functions_must_be_their_instances_own() {
    for (instance, index) in [(0, 0), (0, 1), (2, 1), (1, 9)] {
        let stray = FunctionState::Defined { instance, index };
        let error = error_after(|image| image.functions.push(stray));
        assert_eq!(
            error,
            ValidateError::Function {
                function: 3,
                instance,
                index
            }
        );
    }
}

#[test]
fn sizes_must_be_within_limits() {
    let error = error_after(|image| {
        image.tables[1].elements = TableElements::Extern(vec![None; 2]);
    });
    assert_eq!(error, ValidateError::TableSize { table: 1, size: 2 });
    let error = error_after(|image| image.memories[0].ty.maximum = Some(1));
    assert_eq!(
        error,
        ValidateError::MemorySize {
            memory: 0,
            size_pages: 2
        }
    );
}

#[test]
fn values_must_be_of_the_declared_type() {
    assert_eq!(
        error_after(|image| image.globals[0].value = Val::I32(1)),
        ValidateError::GlobalType {
            global: 0,
            expected: ValType::I64,
            found: ValType::I32
        }
    );
    assert_eq!(
        error_after(|image| image.tables[0].elements = TableElements::Extern(vec![None; 4])),
        ValidateError::TableElements {
            table: 0,
            expected: ValType::FuncRef
        }
    );
}

#[test]
fn references_must_be_to_functions_of_the_store() {
    let missing = Val::FuncRef(Some(FuncAddr(3)));
    assert_eq!(
        error_after(|image| image.globals[1].value = missing),
        ValidateError::GlobalFunction {
            global: 1,
            function: 3
        }
    );
    let elements = TableElements::Func(vec![None, None, None, Some(FuncAddr(u32::MAX))]);
    assert_eq!(
        error_after(|image| image.tables[0].elements = elements),
        ValidateError::TableFunction {
            table: 0,
            element: 3,
            function: u32::MAX
        }
    );
    let error = error_after(|image| {
        image.execution_state.as_mut().unwrap().frames[1].stack[1] = Some(missing);
    });
    assert_eq!(
        error,
        ValidateError::FrameFunction {
            frame: 1,
            function: 3
        }
    );
}

#[test]
fn a_pending_call_must_be_of_things_of_the_store() {
    let error_of = |change: fn(&mut PendingHostCall)| {
        error_after(|image| {
            let state = image.execution_state.as_mut().unwrap();
            match &mut state.host_call {
                Some(HostCall::Pending(call)) => change(call),
                other => panic!("{other:?}"),
            }
        })
    };
    assert_eq!(
        error_of(|call| call.function = FuncAddr(3)),
        ValidateError::FrameFunction {
            frame: 0,
            function: 3
        }
    );
    assert_eq!(
        error_of(|call| call.arguments.push(Val::FuncRef(Some(FuncAddr(4))))),
        ValidateError::FrameFunction {
            frame: 0,
            function: 4
        }
    );
    assert_eq!(
        error_of(|call| call.instance = 2),
        ValidateError::FrameInstance {
            frame: 0,
            instance: 2
        }
    );
}

#[test]
fn frames_must_be_of_instances_of_the_store() {
    let error = error_after(|image| {
        image.execution_state.as_mut().unwrap().frames[1].instance = 2;
    });
    assert_eq!(
        error,
        ValidateError::FrameInstance {
            frame: 1,
            instance: 2
        }
    );
}

#[test]
fn page_runs_must_be_ascending_and_within_the_memory() {
    let data = [1; 4 * IMAGE_PAGE];
    let run = |first, count| PageRun { first, count };
    let cases = [
        vec![run(0, 0)],
        vec![run(0, 2), run(1, 1)],
        vec![run(4, 1), run(2, 1)],
        vec![run(15, 2)],
        vec![run(u32::MAX, 1)],
    ];
    for runs in cases {
        let pages: u32 = runs.iter().map(|run| run.count).sum();
        let image = InstanceImage {
            memories: vec![MemoryState {
                ty: MemoryType {
                    address: AddressType::I32,
                    minimum: 1,
                    maximum: None,
                },
                size_pages: 1,
                contents: MemoryContents::Pages {
                    runs,
                    data: &data[..pages as usize * IMAGE_PAGE],
                },
            }],
            ..InstanceImage::default()
        };
        let bytes = image.to_bytes();
        let error = RawImage::parse(&bytes).unwrap_err();
        assert!(matches!(error, ImageError::PageRun { .. }), "{error}");
    }
}
