//! A panic below a guest shows the guest's frames too.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod image {
    use woodfrog::abi::{FuncType, ValType};
    use woodfrog::runtime::{Config, Engine, Linker, Module, Store};
    use woodfrog_boot::{Machine, Status};

    woodfrog_boot::entry!(main);

    /// `run` calls `inner` with 41, which calls `host.panic` with 42:
    ///
    /// ```wat
    /// (module (import "host" "panic" (func $panic (param i32)))
    ///   (func $inner (param i32) (call $panic (i32.add (local.get 0) (i32.const 1))))
    ///   (func (export "run") (call $inner (i32.const 41))))
    /// ```
    const MODULE: &[u8] = include_bytes!("panic.wasm");

    fn main(machine: Machine) -> Status {
        let engine = Engine::new(machine.platform, Config::default());
        let module = Module::new(&engine, MODULE).expect("a valid module");
        let mut linker = Linker::new();
        let ty = FuncType::new([ValType::I32], []);
        linker.func_new("host", "panic", ty, |_caller, args, _results| {
            panic!("called with {:?}", args[0]);
        });
        let mut store = Store::new(&engine, ());
        let instance = linker
            .instantiate(&mut store, &module)
            .expect("an instance");
        let run = instance.get_func(&store, "run").expect("the export");
        match run.call(&mut store, &[]) {
            Ok(_) => Status::Finished,
            Err(_) => Status::Failed,
        }
    }
}

#[cfg(not(target_os = "none"))]
include!("hosted.rs");
