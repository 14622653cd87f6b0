//! One of the two programs: a module that passes calls on, so that a test can make them.

use super::calls::{Answer, Call, IMPORTS};
use std::fmt::Write;
use std::sync::Arc;
use woodfrog::abi::Val;
use woodfrog::image::RawImage;
use woodfrog::runtime::{Config, Engine, Instance, Linker, Memory, Module, Outcome, Store};
use woodfrog::wasi::memory_files::MemoryFiles;
use woodfrog::wasi::{
    self, Entry, HostData, HostState, MODULE_NAME, PlannedModule, Random, WasiCtx,
};
use woodfrog_cli::LinuxPlatform;
use woodfrog_cli::files::{Files, memory_files_of};
use woodfrog_cli::freeze::freeze_and_thaw;
use woodfrog_cli::host::LinuxHost;
use woodfrog_cli::session::Data;

/// What all programs have in common.
pub struct Shared {
    engine: Engine,
    linker: Linker<Data>,
    modules: [Module; 1],
}

/// A program.
pub struct Side {
    store: Store<Data>,
    instance: Instance,
}

impl Shared {
    pub fn new() -> Self {
        let engine = Engine::new(Arc::new(LinuxPlatform::new()), Config::default());
        let wasm = wat::parse_str(module_text()).expect("valid text");
        let module = Module::new(&engine, &wasm).expect("a valid module");
        let mut linker = Linker::new();
        wasi::add_to_linker(&mut linker, Data::wasi);
        Self {
            engine,
            linker,
            modules: [module],
        }
    }

    pub fn side(&self, files: Files) -> Side {
        let planned = PlannedModule {
            name: String::new(),
            hash: self.modules[0].hash(),
        };
        let mut ctx = WasiCtx::new(Vec::new(), Vec::new(), Random::Seeded(0)).expect("no strings");
        ctx.preopen("/").expect("the only directory");
        let data = HostData {
            state: HostState::new(vec![planned], Entry::Default, ctx),
            host: LinuxHost::new(files),
        };
        let mut store = Store::new(&self.engine, data);
        let instance = self.linker.instantiate(&mut store, &self.modules[0]);
        Side {
            instance: instance.expect("all imports are there"),
            store,
        }
    }
}

impl Side {
    /// The program after it was frozen and thawed.
    pub fn thawed(self, shared: &Shared) -> Self {
        let Shared {
            linker, modules, ..
        } = shared;
        let store = freeze_and_thaw(self.store, linker, modules, &[], &mut Vec::new())
            .expect("it can be thawed");
        let instance = store.instances().next().expect("the only one");
        Self { store, instance }
    }

    /// Makes a call.
    pub fn make(&mut self, call: &Call) -> Answer {
        let memory = self.memory();
        memory.data_mut(&mut self.store).fill(0xee);
        for (address, bytes) in &call.inputs {
            let written = memory.write(&mut self.store, u64::from(*address), bytes);
            written.expect("inputs lie in the memory");
        }
        let func = self.instance.get_func(&self.store, call.name);
        let outcome = func
            .expect("all are exported")
            .call(&mut self.store, &call.args);
        let errno = match outcome {
            Ok(Outcome::Returned(values)) => match values[..] {
                [Val::I32(errno)] => errno as u16,
                _ => panic!("{call} returned {values:?}"),
            },
            outcome => panic!("{call} came to {outcome:?}"),
        };
        call.answer(errno, memory.data(&self.store))
    }

    /// The program's files, which are in memory.
    pub fn into_memory_files(mut self) -> MemoryFiles {
        let bytes = self.store.freeze().expect("it is idle").to_bytes();
        let image = RawImage::parse(&bytes).expect("it was just made");
        let files = memory_files_of(image.unverified()).expect("they were just written");
        files.expect("it has files")
    }

    fn memory(&self) -> Memory {
        let memory = self.instance.get_memory(&self.store, "memory");
        memory.expect("it is exported")
    }
}

/// A module that exports a function for each call, which makes it.
fn module_text() -> String {
    let mut imports = String::new();
    let mut exports = String::new();
    for (name, params) in IMPORTS {
        let types: Vec<_> = params
            .chars()
            .map(|param| if param == 'i' { "i32" } else { "i64" })
            .collect();
        let types = types.join(" ");
        let locals: String = (0..params.len())
            .map(|index| format!("(local.get {index})"))
            .collect();
        let signature = format!("(param {types}) (result i32)");
        let import = writeln!(
            imports,
            "(import \"{MODULE_NAME}\" \"{name}\" (func ${name} {signature}))"
        );
        let export = writeln!(
            exports,
            "(func (export \"{name}\") {signature} (call ${name} {locals}))"
        );
        import.and(export).expect("strings grow");
    }
    format!("(module {imports} (memory (export \"memory\") 1) {exports})")
}
