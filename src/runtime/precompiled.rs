//! Modules that were compiled before: written out, and loaded without compiling.

#![expect(
    unsafe_code,
    reason = "to load machine code is for the caller to answer for"
)]

use super::{Engine, Module, ModuleError, Version};
use crate::abi::CpuFeatures;
use crate::compile::{CompileOptions, compile};
use crate::precompiled::{self, Allowed, Decoded, Parts, PrecompiledError};
use alloc::vec::Vec;

/// What a precompiled module and the engine that loads it must have in common. Equal values
/// are compatible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PrecompileCompatibility {
    format_version: u32,
    compiler: u64,
    cpu_features: u32,
    wasm_features: u32,
}

impl Module {
    /// The module as bytes that [`Self::deserialize`] loads without compiling: the machine code
    /// of its first version, the state map, and the wasm that it was made of. The same
    /// module, options and build give the same bytes.
    pub fn serialize(&self) -> Vec<u8> {
        let version = self.first();
        precompiled::encode(&Parts {
            module: self.inner(),
            wasm_features: self.wasm_features(),
            cpu_features: version.options().features,
            code: version.code(),
            state_map: version.state_map(),
            signature_sites: version.signature_sites(),
        })
    }

    /// Loads what [`Self::serialize`] or [`Engine::precompile_module`] has written. The module
    /// is as if it had been compiled: it has the same identity, so that images go from one to
    /// the other, and function bodies for debugging and further versions.
    ///
    /// What can be checked is: bytes of another build of the compiler, for other features, cut
    /// off, damaged or with tables that lead out of bounds are refused, and nothing panics.
    ///
    /// # Errors
    ///
    /// [`PrecompiledError`]. The module can be compiled from its wasm then.
    ///
    /// # Safety
    ///
    /// The bytes are what [`Self::serialize`] or [`Engine::precompile_module`] returned, on this
    /// machine or another, and nobody has changed them since. Their machine code is executed as it is,
    /// outside of every sandbox: whoever can make such bytes can do whatever the host can.
    /// The checksum is no protection from intent. So load from where only those can write
    /// whom you would let change the host itself.
    pub unsafe fn deserialize(engine: &Engine, bytes: &[u8]) -> Result<Self, PrecompiledError> {
        let config = engine.config();
        let allowed = Allowed {
            processor: CpuFeatures::detect(),
            cpu_features: config.features,
            wasm_features: config.wasm_features,
        };
        let Decoded {
            module,
            compiled,
            cpu_features,
            wasm_features,
        } = precompiled::decode(bytes, allowed)?;
        let options = CompileOptions {
            features: cpu_features,
            ..CompileOptions::default()
        };
        Self::with_version(engine, module, wasm_features, |_, signatures| {
            Ok(Version::link(engine, signatures, compiled, options)?)
        })
    }

    /// The wasm that a precompiled module was made of, for who does not want to trust its machine
    /// code, or cannot use it: also of one that another build made, or for another processor. It
    /// has not been validated; [`Module::new`] does that.
    ///
    /// # Errors
    ///
    /// [`PrecompiledError`], if the bytes are of another format or not whole.
    pub fn wasm_of_precompiled(bytes: &[u8]) -> Result<&[u8], PrecompiledError> {
        precompiled::wasm(bytes)
    }

    /// Whether bytes begin as a precompiled module does. They may be anything nevertheless.
    pub fn is_precompiled(bytes: &[u8]) -> bool {
        bytes.starts_with(&precompiled::MAGIC)
    }
}

impl Engine {
    /// Compiles a module to what [`Module::deserialize`] loads, without making it executable:
    /// the processor need not have the features that it is compiled for.
    ///
    /// # Errors
    ///
    /// [`ModuleError`].
    pub fn precompile_module(&self, wasm: &[u8]) -> Result<Vec<u8>, ModuleError> {
        let wasm_features = self.config().wasm_features;
        let module = crate::module::Module::decode_with(wasm, wasm_features)?;
        let options = self.compile_options();
        let compiled = compile(&module, &options)?;
        Ok(precompiled::encode(&Parts {
            module: &module,
            wasm_features,
            cpu_features: options.features,
            code: &compiled.code,
            state_map: &compiled.state_map,
            signature_sites: &compiled.signature_sites,
        }))
    }

    /// What this engine's precompiled modules can be told apart by: a cache that names its
    /// files by a hash of this never finds one that would be refused as stale.
    pub fn precompile_compatibility_hash(&self) -> PrecompileCompatibility {
        PrecompileCompatibility {
            format_version: precompiled::FORMAT_VERSION,
            compiler: precompiled::COMPILER_IDENTITY,
            cpu_features: self.config().features.to_bits(),
            wasm_features: self.config().wasm_features.to_bits(),
        }
    }
}
