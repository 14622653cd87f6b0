//! Images that claim things of two instances of one module, for tests of their validation.

use super::*;
use crate::abi::FuncType;
use crate::compile::{CompileOptions, CompiledModule, compile};
use crate::module::Module;

/// Two instances of a module that imports one host function.
pub(super) struct Claims {
    pub(super) module: Module,
    pub(super) compiled: CompiledModule,
}

impl Claims {
    pub(super) fn of(wat: &str) -> Self {
        let module = Module::decode(wat::parse_str(wat).unwrap()).unwrap();
        let options = CompileOptions::default();
        let compiled = compile(&module, &options).unwrap();
        Self { module, compiled }
    }

    /// Wasm offsets of a function's points of a kind, in order.
    pub(super) fn offsets(&self, function: u32, is_kind: impl Fn(PointKind) -> bool) -> Vec<usize> {
        let function = self.compiled.state_map.function(function).unwrap();
        let points = function.points().filter(|point| is_kind(point.kind));
        let mut offsets: Vec<_> = points.map(|point| point.wasm_offset).collect();
        offsets.sort();
        offsets
    }

    fn defined(&self) -> u32 {
        self.module.bodies.len() as u32
    }
}

impl ValidateContext for Claims {
    fn module(&self, instance: u32) -> Option<&Module> {
        (instance < 2).then_some(&self.module)
    }

    fn code(&self, _frame: usize, _instance: u32) -> Option<CodeRef<'_>> {
        Some(CodeRef {
            map: &self.compiled.state_map,
            base: 0,
            baseline: true,
        })
    }

    /// Store address 0 is the host function; then come those of instance 0 and 1.
    fn function(&self, instance: u32, index: u32) -> Option<FuncAddr> {
        Some(FuncAddr(match index {
            0 => 0,
            _ => index + self.defined() * instance,
        }))
    }

    fn origin(&self, addr: FuncAddr) -> Option<FunctionOrigin> {
        let Some(defined) = addr.0.checked_sub(1) else {
            return Some(FunctionOrigin::Host);
        };
        let (instance, function) = (defined / self.defined(), defined % self.defined() + 1);
        (instance < 2).then_some(FunctionOrigin::Wasm { instance, function })
    }

    fn host_type(&self, addr: FuncAddr) -> Option<&FuncType> {
        (addr.0 == 0).then(|| self.module.function_type(0))
    }
}
