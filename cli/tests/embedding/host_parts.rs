//! The host's own state in images, and `Engine::thaw`, which finds everything itself.

use crate::harness::{call, engine, module, returned};
use std::error::Error;
use woodfrog::abi::{FuncType, Val, ValType};
use woodfrog::image::{HostSection, RawImage};
use woodfrog::runtime::{
    Caller, Engine, FreezeError, Func, HostError, HostPart, HostParts, HostStateError, Instance,
    Linker, Module, Outcome, Pending, RestoreError, Store, ThawError, UnsupportedVersion,
};

/// A counter that reads the states of its first version, too: a byte instead of four.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counter {
    name: &'static str,
    count: u32,
    refuses: bool,
}

impl HostPart for Counter {
    fn name(&self) -> &str {
        self.name
    }

    fn version(&self) -> u32 {
        2
    }

    fn save(&mut self) -> Result<Vec<u8>, HostError> {
        match self.refuses {
            true => Err(HostError::new(std::fmt::Error)),
            false => Ok(self.count.to_le_bytes().to_vec()),
        }
    }

    fn restore(&mut self, version: u32, bytes: &[u8]) -> Result<(), HostError> {
        self.count = match version {
            1 => u32::from(
                *bytes
                    .first()
                    .ok_or_else(|| HostError::new(std::fmt::Error))?,
            ),
            2 => u32::from_le_bytes(bytes.try_into().map_err(HostError::new)?),
            _ => return Err(UnsupportedVersion.into()),
        };
        Ok(())
    }
}

/// Two parts, and what is not frozen.
#[derive(Debug, Default)]
struct Data {
    calls: Counter,
    other: Counter,
    fresh: bool,
}

impl Data {
    fn new() -> Self {
        let counter = |name| Counter {
            name,
            ..Counter::default()
        };
        Self {
            calls: counter("calls"),
            other: counter("other"),
            fresh: true,
        }
    }
}

impl HostParts for Data {
    fn parts(&mut self) -> Vec<&mut dyn HostPart> {
        vec![&mut self.calls, &mut self.other]
    }
}

/// Adds what the host says to a number, twice.
const WAT: &str = r#"(module (import "host" "next" (func $next (param i32) (result i32)))
    (func (export "run") (param i32) (result i32)
        (call $next (call $next (local.get 0)))))"#;

/// Counts calls; each is pending once.
fn next(mut caller: Caller<'_, Data>, number: i32) -> Result<i32, Pending> {
    let data = caller.data_mut();
    data.calls.count += 1;
    match data.calls.count % 2 {
        0 => Ok(number + data.calls.count as i32),
        _ => Err(Pending),
    }
}

struct Frozen {
    engine: Engine,
    linker: Linker<Data>,
    module: Module,
    bytes: Vec<u8>,
}

/// A store that was frozen at its first call of the host.
fn frozen() -> Frozen {
    let engine = engine();
    let module = module(&engine, WAT);
    let mut linker = Linker::new();
    linker.func_wrap("host", "next", next);
    let mut store = Store::new(&engine, Data::new());
    store.data_mut().other.count = 77;
    store.data_mut().fresh = false;
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let outcome = call(&mut store, instance, "run", &[Val::I32(10)]).unwrap();
    assert_eq!(outcome, Outcome::Suspended);
    let bytes = store.freeze().unwrap().to_bytes();
    Frozen {
        engine,
        linker,
        module,
        bytes,
    }
}

impl Frozen {
    fn thaw(&self, data: Data) -> Result<Store<Data>, ThawError> {
        self.thaw_changed(data, |_| {})
    }

    /// Thaws the image with other sections of the host's state.
    fn thaw_changed(
        &self,
        data: Data,
        change: impl FnOnce(&mut Vec<HostSection>),
    ) -> Result<Store<Data>, ThawError> {
        let raw = RawImage::parse(&self.bytes).unwrap();
        let mut image = raw.unverified().clone();
        change(&mut image.host);
        let bytes = image.to_bytes();
        let image = RawImage::parse(&bytes).unwrap();
        self.engine.thaw(image, &self.linker, data)
    }

    fn refused(&self, data: Data, change: impl FnOnce(&mut Vec<HostSection>)) -> HostStateError {
        match self.thaw_changed(data, change) {
            Err(ThawError::Host(error)) => error,
            Err(error) => panic!("{error}"),
            Ok(_) => panic!("thawed"),
        }
    }
}

#[test]
fn a_store_is_thawed_with_its_hosts_state() {
    let frozen = frozen();
    let mut store = frozen.thaw(Data::new()).unwrap();
    let data = store.data();
    assert_eq!((data.calls.count, data.other.count), (1, 77));
    assert!(data.fresh, "what is no part is the embedder's");
    assert_eq!(store.resume().unwrap(), Outcome::Suspended);
    // Frozen and thawed again, and completed: 10 + 2 + 4.
    let bytes = store.freeze().unwrap().to_bytes();
    drop(store);
    let image = RawImage::parse(&bytes).unwrap();
    let thawed = frozen.engine.thaw(image, &frozen.linker, Data::new());
    let mut store = thawed.unwrap();
    assert_eq!(store.resume().unwrap(), returned(&[Val::I32(16)]));
    assert_eq!(store.data().calls.count, 4);
    // Between two calls, a store can be frozen as well.
    let bytes = store.freeze().unwrap().to_bytes();
    let image = RawImage::parse(&bytes).unwrap();
    let mut store = frozen
        .engine
        .thaw(image, &frozen.linker, Data::new())
        .unwrap();
    let instance: Instance = store.instances().next().unwrap();
    let outcome = call(&mut store, instance, "run", &[Val::I32(0)]).unwrap();
    assert_eq!(outcome, Outcome::Suspended);
}

#[test]
fn parts_read_older_versions_and_refuse_others() {
    let frozen = frozen();
    let older = |sections: &mut Vec<HostSection>| {
        sections[0].version = 1;
        sections[0].bytes = vec![9];
    };
    let store = frozen.thaw_changed(Data::new(), older).unwrap();
    assert_eq!(store.data().calls.count, 9);

    let error = frozen.refused(Data::new(), |sections| sections[1].version = 3);
    let told = "the host state \"other\" is of version 3, which this host cannot read; it writes 2";
    assert_eq!(error.to_string(), told);
    let error = frozen.refused(Data::new(), |sections| sections[1].bytes.clear());
    assert!(
        matches!(&error, HostStateError::Part { name, .. } if name == "other"),
        "{error}"
    );
}

#[test]
fn sections_and_parts_must_be_the_same() {
    let frozen = frozen();
    let error = frozen.refused(Data::new(), |sections| {
        sections.remove(0);
    });
    assert!(
        matches!(&error, HostStateError::MissingSection(name) if name == "calls"),
        "{error}"
    );
    let error = frozen.refused(Data::new(), |sections| {
        sections.push(HostSection {
            name: "wasi".to_owned(),
            version: 1,
            bytes: vec![],
        });
    });
    assert!(
        matches!(&error, HostStateError::UnknownSection(name) if name == "wasi"),
        "{error}"
    );
    let mut data = Data::new();
    data.other.name = "calls";
    let error = frozen.refused(data, |_| {});
    assert!(
        matches!(&error, HostStateError::DuplicatePart(name) if name == "calls"),
        "{error}"
    );
}

#[test]
fn a_part_that_cannot_be_saved_leaves_the_store_as_it_is() {
    let frozen = frozen();
    let mut store = frozen.thaw(Data::new()).unwrap();
    store.data_mut().other.refuses = true;
    match store.freeze() {
        Err(FreezeError::Host(HostStateError::Part { name, source })) => {
            assert_eq!(name, "other");
            assert!(source.downcast_ref::<std::fmt::Error>().is_some());
        }
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("frozen"),
    }
    store.data_mut().other.name = "calls";
    store.data_mut().other.refuses = false;
    let error = store.freeze().map(|_| ()).unwrap_err();
    assert!(error.source().is_none() && error.to_string().contains("two parts"));
    store.resume().unwrap();
    assert_eq!(store.resume().unwrap(), returned(&[Val::I32(16)]));
}

#[test]
fn modules_are_found_while_they_exist() {
    let mut frozen = frozen();
    let hash = frozen.module.hash();
    assert!(frozen.engine.module(hash).is_some());
    // A second compilation takes the place of the first.
    frozen.module = module(&frozen.engine, WAT);
    assert!(frozen.thaw(Data::new()).is_ok());
    // Stores keep their modules.
    let store = frozen.thaw(Data::new()).unwrap();
    frozen.module = module(&frozen.engine, "(module)");
    assert!(frozen.thaw(Data::new()).is_ok());
    drop(store);
    assert!(frozen.engine.module(hash).is_none());
    let error = frozen.thaw(Data::new()).map(|_| ()).unwrap_err();
    assert!(matches!(error, ThawError::UnknownModule(unknown) if unknown == hash));
    assert!(error.to_string().contains(&hash.to_string()), "{error}");
    // Another engine never had it.
    let image = RawImage::parse(&frozen.bytes).unwrap();
    let thawed = engine().thaw(image, &frozen.linker, Data::new());
    assert!(matches!(thawed, Err(ThawError::UnknownModule(_))));
}

#[test]
fn host_functions_are_found_by_name_and_type() {
    let mut frozen = frozen();
    frozen.linker = Linker::new();
    let error = frozen.thaw(Data::new()).map(|_| ()).unwrap_err();
    assert!(
        matches!(
            &error,
            ThawError::Restore(RestoreError::UnknownHostFunction { module, name })
                if module == "host" && name == "next"
        ),
        "{error}"
    );
    let ty = FuncType::new([ValType::I32], [ValType::I64]);
    frozen
        .linker
        .func_new("host", "next", ty, |_, _, _| unreachable!("nothing runs"));
    let error = frozen.thaw(Data::new()).map(|_| ()).unwrap_err();
    assert!(
        matches!(
            &error,
            ThawError::Restore(RestoreError::HostFunctionType { module, name })
                if module == "host" && name == "next"
        ),
        "{error}"
    );
}

#[test]
fn data_of_no_parts_is_frozen_too() {
    let engine = engine();
    let module = module(
        &engine,
        r#"(module (func (export "f") (result i32) i32.const 4))"#,
    );
    let mut store = Store::new(&engine, ());
    Linker::new().instantiate(&mut store, &module).unwrap();
    let bytes = store.freeze().unwrap().to_bytes();
    let image = RawImage::parse(&bytes).unwrap();
    let mut store = engine.thaw(image, &Linker::new(), ()).unwrap();
    let instance = store.instances().next().unwrap();
    let outcome = call(&mut store, instance, "f", &[]).unwrap();
    assert_eq!(outcome, returned(&[Val::I32(4)]));
    // A host function that no linker knows could not be found again.
    Func::wrap(&mut store, || {}).unwrap();
    let error = store.freeze().map(|_| ()).unwrap_err();
    assert!(matches!(error, FreezeError::Capture(_)), "{error}");
}
