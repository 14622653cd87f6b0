//! Running one invocation in Wasmtime and telling what came of it.

use crate::message::{is_indirect_call, message};
use crate::program::{Invocation, Program};
use serde_json::{Value, json};
use std::path::Path;
use wasmtime::{
    Config, Engine, Error, FrameInfo, Instance, Linker, Module, OptLevel, Result, Store, Trap, Val,
    ValType, WasmBacktrace, error::Context as _,
};

/// An engine whose traps can be attributed exactly.
pub struct Runner {
    engine: Engine,
}

impl Runner {
    /// Makes the engine.
    ///
    /// # Errors
    ///
    /// Fails if Wasmtime does not support this host.
    pub fn new() -> Result<Self> {
        let mut config = Config::new();
        config.cranelift_opt_level(OptLevel::None);
        config.wasm_backtrace_max_frames(std::num::NonZeroUsize::new(1000));
        Ok(Self {
            engine: Engine::new(&config)?,
        })
    }

    /// Runs one invocation in a fresh store.
    ///
    /// # Errors
    ///
    /// Fails on anything but a return or a trap: those are results.
    pub fn run(&self, dir: &Path, program: &Program, invocation: &Invocation) -> Result<Value> {
        let mut store = Store::new(&self.engine, ());
        let mut linker = Linker::new(&self.engine);
        let mut modules = Vec::new();
        for (name, file) in &program.preloads {
            let module = self.module(&dir.join(file))?;
            linker.module(&mut store, name, &module.0)?;
            modules.push(module);
        }
        let module = self.module(&dir.join(&program.file))?;
        let outcome = linker
            .instantiate(&mut store, &module.0)
            .and_then(|instance| call(&mut store, instance, invocation));
        match outcome {
            Ok(values) => {
                let values: Result<Vec<_>> = values.iter().map(value).collect();
                Ok(json!({ "outcome": "returned", "values": values? }))
            }
            Err(error) => {
                modules.push(module);
                trapped(&error, &modules).ok_or(error)
            }
        }
    }

    fn module(&self, path: &Path) -> Result<(Module, Vec<u8>)> {
        let bytes = wat::parse_file(path)?;
        let module = Module::new(&self.engine, &bytes).with_context(|| format!("{path:?}"))?;
        Ok((module, bytes))
    }
}

fn call(store: &mut Store<()>, instance: Instance, invocation: &Invocation) -> Result<Vec<Val>> {
    let name = &invocation.function;
    let function = instance
        .get_func(&mut *store, name)
        .ok_or_else(|| Error::msg(format!("no function {name}")))?;
    let ty = function.ty(&*store);
    if ty.params().len() != invocation.arguments.len() {
        return Err(Error::msg(format!("wrong number of arguments for {name}")));
    }
    let arguments: Result<Vec<_>> = ty
        .params()
        .zip(&invocation.arguments)
        .map(|(ty, text)| argument(&ty, text))
        .collect();
    let mut results = vec![Val::I32(0); ty.results().len()];
    function.call(store, &arguments?, &mut results)?;
    Ok(results)
}

fn argument(ty: &ValType, text: &str) -> Result<Val> {
    Ok(match ty {
        ValType::I32 => Val::I32(text.parse()?),
        ValType::I64 => Val::I64(text.parse()?),
        ValType::F32 => Val::F32(text.parse::<f32>()?.to_bits()),
        ValType::F64 => Val::F64(text.parse::<f64>()?.to_bits()),
        other => return Err(Error::msg(format!("argument of type {other}"))),
    })
}

/// A result; of a NaN only that it is one, as its bits are not deterministic.
fn value(value: &Val) -> Result<Value> {
    Ok(match *value {
        Val::I32(x) => json!({ "type": "i32", "value": x.to_string() }),
        Val::I64(x) => json!({ "type": "i64", "value": x.to_string() }),
        Val::F32(bits) => {
            json!({ "type": "f32", "value": float(f32::from_bits(bits).into(), f32::from_bits(bits)) })
        }
        Val::F64(bits) => {
            json!({ "type": "f64", "value": float(f64::from_bits(bits), f64::from_bits(bits)) })
        }
        ref other => return Err(Error::msg(format!("result {other:?}"))),
    })
}

fn float(value: f64, shown: impl std::fmt::Display) -> String {
    if value.is_nan() {
        "nan".into()
    } else {
        shown.to_string()
    }
}

/// The description of a trap; None if the error is something else.
fn trapped(error: &Error, modules: &[(Module, Vec<u8>)]) -> Option<Value> {
    let trap = *error.downcast_ref::<Trap>()?;
    if trap == Trap::StackOverflow {
        return Some(json!({ "outcome": "trapped", "trap": "call stack exhausted" }));
    }
    let frames = error
        .downcast_ref::<WasmBacktrace>()
        .map_or(&[][..], WasmBacktrace::frames);
    let opcode = frames.first().and_then(|frame| first_byte(frame, modules));
    if trap == Trap::MemoryOutOfBounds && !opcode.is_some_and(is_memory_access) {
        // Cranelift merges a load with the instruction that uses its value, and then
        // names the wrong one of the two: write the program in another way.
        return None;
    }
    let frames: Vec<_> = frames
        .iter()
        .map(|frame| json!({ "func": frame.func_index(), "offset": frame.module_offset() }))
        .collect();
    let message = message(trap, opcode.is_some_and(is_indirect_call))?;
    Some(json!({ "outcome": "trapped", "trap": message, "frames": frames }))
}

/// Whether an instruction that begins with this byte accesses memory (loads,
/// stores, and the prefix of bulk operations).
fn is_memory_access(opcode: u8) -> bool {
    matches!(opcode, 0x28..=0x3e | 0xfc)
}

/// First byte of the instruction that a frame is at.
fn first_byte(frame: &FrameInfo, modules: &[(Module, Vec<u8>)]) -> Option<u8> {
    let of_frame =
        |(module, _): &&(Module, Vec<u8>)| module.image_range() == frame.module().image_range();
    let (_, bytes) = modules.iter().find(of_frame)?;
    bytes.get(frame.module_offset()?).copied()
}
