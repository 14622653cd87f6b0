//! What stores share: the platform, processor features, interned types and thunks.

use crate::abi::FuncType;
use crate::compile::CpuFeatures;
use crate::limits;
use crate::platform::Platform;
use alloc::sync::Arc;

/// Choices of an [`Engine`].
#[derive(Clone, Debug)]
pub struct Config {
    /// Size of each store's wasm stack in bytes, guard not included; rounded
    /// up to whole pages and to at least twice [`limits::STACK_RESERVE`].
    pub stack_size: u64,
    /// Processor features that generated code may use.
    pub features: CpuFeatures,
}

impl Default for Config {
    /// The default stack size, and the features that CPUID reports.
    fn default() -> Self {
        Self {
            stack_size: limits::DEFAULT_STACK_SIZE,
            features: CpuFeatures::default(),
        }
    }
}

/// A shared, thread-safe engine. Cloning is cheap.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<EngineInner>,
}

struct EngineInner {
    platform: Arc<dyn Platform>,
    config: Config,
}

impl Engine {
    /// Makes an engine.
    pub fn new(platform: Arc<dyn Platform>, config: Config) -> Self {
        Self {
            inner: Arc::new(EngineInner { platform, config }),
        }
    }

    /// The platform it was made with.
    pub fn platform(&self) -> &Arc<dyn Platform> {
        &self.inner.platform
    }

    /// Its configuration.
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    /// The engine-wide number of a function type; equal types have equal numbers.
    pub fn intern(&self, _ty: &FuncType) -> u32 {
        todo!()
    }
}
