//! A module's code versions.
//!
//! A module is compiled once when it is made, and as often more as somebody asks for.
//! The versions do the same and have the same suspend points, so frames can go from any
//! to any other ([`Store::move_frames`](super::Store::move_frames)); a direct call stays
//! within its version, all other calls enter the version that the callee's instance is set
//! to ([`Instance::set_version`](super::Instance::set_version)). Versions live as long as
//! their module, so no frame and no funcref is ever left without code.

use super::append_list::AppendList;
use super::code_memory::CodeMemory;
use super::{Engine, ModuleError};
use crate::abi::CpuFeatures;
use crate::compile::{CompileOptions, CompiledModule, SignatureSite, compile_and_tell};
use crate::frame::CodeRef;
use crate::module::FunctionBody;
use crate::platform::PlatformError;
use crate::state::{CodeVersion, ModuleStateMap};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;
use spin::Mutex;

/// Which of its module's code versions: a number from 0, in the order of their making.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VersionId(pub u32);

impl VersionId {
    /// The version that [`Module::new`](super::Module::new) made.
    pub const FIRST: Self = Self(0);
}

/// A module has no such code version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the module has no code version {}", .0.0)]
pub struct UnknownVersion(pub VersionId);

/// A code version of a module, in executable memory.
pub struct Version {
    state: CodeVersion,
    options: CompileOptions,
    functions: Vec<Range<u32>>,
    /// Where the code holds numbers of types.
    signature_sites: Vec<SignatureSite>,
    code: CodeMemory,
}

impl Version {
    /// Compiles a module.
    pub(super) fn new(
        engine: &Engine,
        module: &crate::module::Module,
        signatures: &[u32],
        options: CompileOptions,
        on_body: &mut dyn FnMut(&FunctionBody),
    ) -> Result<Self, ModuleError> {
        let missing = options.features.without(CpuFeatures::detect());
        if missing != CpuFeatures::BASELINE {
            return Err(ModuleError::MissingFeatures(missing));
        }
        let compiled = compile_and_tell(module, &options, on_body)?;
        Ok(Self::link(engine, signatures, compiled, options)?)
    }

    /// Makes compiled code executable. `signatures` are the engine-wide numbers of the
    /// module's types, by type index.
    pub(super) fn link(
        engine: &Engine,
        signatures: &[u32],
        mut compiled: CompiledModule,
        options: CompileOptions,
    ) -> Result<Self, PlatformError> {
        compiled.set_signatures(|type_index| signatures[type_index as usize]);
        let code = CodeMemory::new(engine.platform(), &compiled.code)?;
        Ok(Self {
            state: CodeVersion {
                baseline: true,
                msm: Arc::new(compiled.state_map),
                base: code.base() as usize,
                backend: "baseline",
                features: options.features,
            },
            options,
            functions: compiled.functions,
            signature_sites: compiled.signature_sites,
            code,
        })
    }

    /// What it was compiled with.
    pub fn options(&self) -> &CompileOptions {
        &self.options
    }

    /// The machine code.
    pub fn code(&self) -> &[u8] {
        self.code.bytes()
    }

    /// Where each defined function is in the machine code.
    pub fn functions(&self) -> &[Range<u32>] {
        &self.functions
    }

    /// The state map of the machine code.
    pub fn state_map(&self) -> &ModuleStateMap {
        &self.state.msm
    }

    /// Where the code holds numbers of types.
    pub(super) fn signature_sites(&self) -> &[SignatureSite] {
        &self.signature_sites
    }

    /// What the state model says of it.
    pub fn state(&self) -> &CodeVersion {
        &self.state
    }

    /// Address of the machine code.
    pub(crate) fn base(&self) -> u64 {
        self.state.base as u64
    }

    /// What the reader of a stack needs.
    pub(super) fn code_ref(&self) -> CodeRef<'_> {
        CodeRef {
            map: &self.state.msm,
            base: self.base(),
            baseline: self.state.baseline,
        }
    }

    /// Address of a function's entry, by its index among the defined functions.
    pub(super) fn entry(&self, defined: u32) -> u64 {
        self.base() + u64::from(self.functions[defined as usize].start)
    }

    /// Whether an address lies in the code.
    pub(super) fn contains(&self, address: u64) -> bool {
        address.wrapping_sub(self.base()) < self.code.bytes().len() as u64
    }
}

/// All versions of a module. There is at least one.
pub(super) struct VersionList {
    versions: AppendList<Version>,
    /// How many there are; held by whoever adds one.
    count: Mutex<u32>,
}

impl VersionList {
    /// No versions: the first is to be added.
    pub(super) const fn new() -> Self {
        Self {
            versions: AppendList::new(),
            count: Mutex::new(0),
        }
    }

    /// Adds a version.
    pub(super) fn add(&self, version: Version) -> VersionId {
        let mut count = self.count.lock();
        let id = VersionId(*count);
        self.versions.push(version);
        *count += 1;
        id
    }

    pub(super) fn get(&self, id: VersionId) -> Option<&Version> {
        self.iter().nth(id.0 as usize)
    }

    /// All versions, by number. Lock-free.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Version> {
        self.versions.iter()
    }
}
