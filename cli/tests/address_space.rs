//! Modules that ask for more address space than there is are refused with the reason,
//! and the store goes on. A process of its own, since it uses its address space up.

use std::sync::Arc;
use woodfrog::abi::Val;
use woodfrog::platform::PlatformError;
use woodfrog::runtime::{
    Config, Engine, Instance, InstantiateError, Linker, MemoryError, Module, Outcome, Store,
};
use woodfrog_cli::LinuxPlatform;

/// Memories of one module, as many as the decoder lets it have.
const MEMORIES: usize = 100;

fn instantiate(store: &mut Store<()>, text: &str) -> Result<Instance, InstantiateError> {
    let module = Module::new(store.engine(), &wat::parse_str(text).unwrap()).unwrap();
    Linker::new().instantiate(store, &module)
}

#[test]
fn memories_beyond_the_address_space_are_refused_and_leave_nothing() {
    let engine = Engine::new(Arc::new(LinuxPlatform::new()), Config::default());
    let mut store = Store::new(&engine, ());
    let small = instantiate(
        &mut store,
        "(module (memory i64 1)
           (func (export \"answer\") (result i32) (i32.store (i64.const 8) (i32.const 42)) (i32.load (i64.const 8))))",
    )
    .unwrap();
    let many = format!("(module {})", "(memory i64 0)".repeat(MEMORIES));
    let error = (0..1000)
        .find_map(|_| instantiate(&mut store, &many).err())
        .expect("47 bits of address space end somewhere");
    assert!(
        matches!(
            error,
            InstantiateError::Memory(MemoryError::Platform(PlatformError::OutOfAddressSpace(_)))
        ),
        "{error}"
    );
    // What the refused module had reserved is free again.
    instantiate(&mut store, "(module (memory i64 1) (memory 1))").expect("room for two");
    let answer = small.get_func(&store, "answer").unwrap();
    let outcome = answer.call(&mut store, &[]).unwrap();
    assert_eq!(outcome, Outcome::Returned(vec![Val::I32(42)]));
}
