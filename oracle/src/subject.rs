//! Wasmtime as the subject of a comparison.

use crate::message::{is_indirect_call, message};
use fuzz_common::Subject;
use fuzz_common::host::{self, HostLog};
use fuzz_common::program::{Call, FUEL, FUEL_PER_CALL, Program};
use wasmtime::{
    AsContext, AsContextMut, Config, Engine, Error, ExternRef, Func, FuncType, Instance, Linker,
    Module, OptLevel, Ref, Result, Store, Trap, Val, ValType, WasmBacktrace,
};
use woodfrog::abi::{self, FuncAddr};

/// The most there can be, and more than the fuel of a call can use up.
const STACK_BYTES: usize = 2 << 20;

/// What a thread must have to run programs.
pub const THREAD_STACK_BYTES: usize = 8 * STACK_BYTES;

/// An engine for many programs.
///
/// # Panics
///
/// Panics if Wasmtime does not support this host.
pub fn engine() -> Engine {
    let mut config = Config::new();
    config.cranelift_opt_level(OptLevel::None);
    config.max_wasm_stack(STACK_BYTES);
    config.relaxed_simd_deterministic(true);
    Engine::new(&config).expect("a supported host")
}

/// One program in Wasmtime.
pub struct Wasmtime<'p> {
    program: &'p Program,
    module: Module,
    store: Store<HostLog>,
    instance: Option<Instance>,
}

impl<'p> Wasmtime<'p> {
    /// Compiles a program.
    ///
    /// # Panics
    ///
    /// Panics if it does not compile.
    pub fn new(engine: &Engine, program: &'p Program) -> Self {
        Self {
            program,
            module: Module::new(engine, &program.wasm).expect("a valid module"),
            store: Store::new(engine, HostLog::default()),
            instance: None,
        }
    }

    fn linker(&self) -> Linker<HostLog> {
        let engine = self.store.engine();
        let mut linker = Linker::new(engine);
        for (index, ty) in host::functions().into_iter().enumerate() {
            let types = |types: &[abi::ValType]| -> Vec<_> {
                types.iter().map(|&ty| val_type(ty)).collect()
            };
            let ty = FuncType::new(engine, types(&ty.params), types(&ty.results));
            let result_types: Vec<_> = ty.results().collect();
            let answer = move |mut caller: wasmtime::Caller<'_, HostLog>,
                               args: &[Val],
                               results: &mut [Val]| {
                let given: Vec<_> = args.iter().map(|arg| to_value(&caller, arg)).collect();
                let mut answers: Vec<_> = result_types.iter().map(default_value).collect();
                caller.data_mut().answer(index, &given, &mut answers);
                for (result, answer) in results.iter_mut().zip(answers) {
                    *result = match answer {
                        // The only function that the host knows of is the one it was given.
                        abi::Val::FuncRef(Some(_)) => {
                            let is_func = |arg: &&Val| matches!(arg, Val::FuncRef(_));
                            *args.iter().find(is_func).expect("one was given")
                        }
                        answer => to_val(&mut caller, answer),
                    };
                }
                Ok(())
            };
            linker
                .func_new(host::MODULE, &index.to_string(), ty, answer)
                .expect("names differ");
        }
        linker
    }

    fn instance(&self) -> Instance {
        self.instance.expect("it was instantiated")
    }

    /// The message of a trap.
    fn trapped(&self, error: &Error) -> String {
        let trap = *error
            .downcast_ref::<Trap>()
            .unwrap_or_else(|| panic!("{error:?}"));
        if trap == Trap::StackOverflow {
            return "call stack exhausted".to_owned();
        }
        let frames = error
            .downcast_ref::<WasmBacktrace>()
            .map(WasmBacktrace::frames);
        let offset = frames.and_then(|frames| frames.first()?.module_offset());
        let opcode = offset.and_then(|offset| self.program.wasm.get(offset).copied());
        let message = message(trap, opcode.is_some_and(is_indirect_call));
        message.unwrap_or_else(|| panic!("{trap}")).to_owned()
    }
}

impl Subject for Wasmtime<'_> {
    fn instantiate(&mut self) -> Result<(), String> {
        let linker = self.linker();
        match linker.instantiate(&mut self.store, &self.module) {
            Ok(instance) => {
                self.instance = Some(instance);
                Ok(())
            }
            Err(error) => Err(self.trapped(&error)),
        }
    }

    fn call(&mut self, call: &Call) -> Result<Vec<abi::Val>, String> {
        let instance = self.instance();
        let store = &mut self.store;
        let fuel = instance
            .get_global(&mut *store, FUEL)
            .expect("it is exported");
        fuel.set(&mut *store, Val::I32(FUEL_PER_CALL as i32))
            .expect("a mutable i32");
        let function = instance.get_func(&mut *store, &call.function);
        let function: Func = function.expect("it is exported");
        let args: Vec<_> = call
            .args
            .iter()
            .map(|&arg| to_val(&mut *store, arg))
            .collect();
        let mut results = vec![Val::I32(0); function.ty(&*store).results().len()];
        match function.call(&mut *store, &args, &mut results) {
            Ok(()) => Ok(results.iter().map(|val| to_value(&*store, val)).collect()),
            Err(error) => Err(self.trapped(&error)),
        }
    }

    fn host_log(&self) -> HostLog {
        *self.store.data()
    }

    fn global(&mut self, name: &str) -> abi::Val {
        let global = self.instance().get_global(&mut self.store, name);
        let value = global.expect("it is exported").get(&mut self.store);
        to_value(&self.store, &value)
    }

    fn memory<R>(&mut self, name: &str, look: impl FnOnce(&[u8]) -> R) -> R {
        let memory = self.instance().get_memory(&mut self.store, name);
        look(memory.expect("it is exported").data(&self.store))
    }

    fn table(&mut self, name: &str) -> Vec<abi::Val> {
        let table = self.instance().get_table(&mut self.store, name);
        let table = table.expect("it is exported");
        let len = table.size(&self.store);
        let element = |index| {
            let element = table.get(&mut self.store, index).expect("below its size");
            match element {
                Ref::Func(func) => to_value(&self.store, &Val::FuncRef(func)),
                Ref::Extern(token) => to_value(&self.store, &Val::ExternRef(token)),
                other => unreachable!("an element {other:?}"),
            }
        };
        (0..len).map(element).collect()
    }
}

fn val_type(ty: abi::ValType) -> ValType {
    match ty {
        abi::ValType::I32 => ValType::I32,
        abi::ValType::I64 => ValType::I64,
        abi::ValType::F32 => ValType::F32,
        abi::ValType::F64 => ValType::F64,
        abi::ValType::V128 => ValType::V128,
        abi::ValType::FuncRef => ValType::FUNCREF,
        abi::ValType::ExternRef => ValType::EXTERNREF,
    }
}

fn default_value(ty: &ValType) -> abi::Val {
    abi::Val::default_for_ty(match ty {
        ValType::I32 => abi::ValType::I32,
        ValType::I64 => abi::ValType::I64,
        ValType::F32 => abi::ValType::F32,
        ValType::F64 => abi::ValType::F64,
        ValType::V128 => abi::ValType::V128,
        ValType::Ref(ty) if ty.heap_type().is_extern() => abi::ValType::ExternRef,
        ValType::Ref(_) => abi::ValType::FuncRef,
    })
}

/// A value as Woodfrog writes it; all functions are alike.
fn to_value(store: impl AsContext, val: &Val) -> abi::Val {
    match *val {
        Val::I32(x) => abi::Val::I32(x),
        Val::I64(x) => abi::Val::I64(x),
        Val::F32(bits) => abi::Val::F32(bits),
        Val::F64(bits) => abi::Val::F64(bits),
        Val::V128(bits) => abi::Val::V128(bits.as_u128()),
        Val::FuncRef(func) => abi::Val::FuncRef(func.map(|_| FuncAddr(0))),
        Val::ExternRef(token) => abi::Val::ExternRef(token.map(|token| {
            let data = token.data(store.as_context()).expect("it is rooted");
            let token = data.and_then(|data| data.downcast_ref::<u32>());
            abi::ExternRef(*token.expect("one of ours"))
        })),
        ref other => unreachable!("a value {other:?}"),
    }
}

fn to_val(mut store: impl AsContextMut, value: abi::Val) -> Val {
    match value {
        abi::Val::I32(x) => Val::I32(x),
        abi::Val::I64(x) => Val::I64(x),
        abi::Val::F32(bits) => Val::F32(bits),
        abi::Val::F64(bits) => Val::F64(bits),
        abi::Val::V128(bits) => Val::V128(bits.into()),
        abi::Val::FuncRef(func) => {
            assert!(func.is_none(), "a function from nowhere");
            Val::FuncRef(None)
        }
        abi::Val::ExternRef(token) => Val::ExternRef(token.map(|abi::ExternRef(token)| {
            ExternRef::new(store.as_context_mut(), token).expect("memory for a reference")
        })),
    }
}
