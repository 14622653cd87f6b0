//! The engines, behind one interface.

mod native;
mod unpolled;
#[cfg(feature = "wasmer")]
mod wasmer;
#[cfg(feature = "wasmi")]
mod wasmi;
#[cfg(feature = "wasmtime")]
mod wasmtime;
pub mod woodfrog;

use anyhow::{Context, Result};
use std::any::Any;

/// Names that tables look engines up by.
pub mod names {
    /// This repository's engine.
    pub const WOODFROG: &str = "Woodfrog";
    /// The same with its polls overwritten.
    pub const UNPOLLED: &str = "Woodfrog without polls";
    /// Wasmtime's optimising compiler.
    pub const CRANELIFT: &str = "Cranelift";
    /// Wasmtime's single-pass compiler.
    pub const WINCH: &str = "Winch";
    /// The same, so that it can be interrupted.
    pub const WINCH_EPOCH: &str = "Winch + epoch";
    /// Wasmer's single-pass compiler.
    pub const SINGLEPASS: &str = "Wasmer singlepass";
    /// The workloads as part of the bench.
    pub const NATIVE: &str = "native (Rust)";
}

/// An engine under test, in one configuration.
pub trait Engine {
    /// Its name in tables.
    fn name(&self) -> &'static str;

    /// Whether it runs vector instructions.
    fn has_vectors(&self) -> bool {
        true
    }

    /// Compiles a module, every function of it, on one thread; none if this configuration
    /// compiles as another one does, or not at all.
    fn compile(&self, wasm: &[u8]) -> Option<Result<Compiled>>;

    /// Compiles and instantiates a module without imports.
    fn load(&self, wasm: &[u8]) -> Result<Box<dyn Program>>;
}

/// A compiled module and what the engine tells of it.
pub struct Compiled {
    /// Bytes of machine code.
    pub machine_code: Option<usize>,
    /// Bytes of the state map.
    pub state_map: Option<usize>,
    /// Keeps the module alive, so that dropping it is not part of compiling it.
    pub _module: Box<dyn Any>,
}

/// An instance whose functions take a size and return a checksum.
pub trait Program {
    /// Calls an exported function.
    fn call(&mut self, name: &str, size: u32) -> Result<u64>;
}

/// Something that crosses the boundary between host and guest, or takes the place of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crossing {
    /// A turn of the loop that the host is called in: the floor of the next two.
    Loop,
    /// A call of a host function that takes and returns nothing.
    HostCall,
    /// A call of one that adds two integers.
    HostCallWithArguments,
    /// The host calls a function that does nothing.
    Enter,
    /// A store is made, a module of one page of memory instantiated, and both dropped.
    Instantiate,
    /// A host function looks at the 32 frames below it.
    Backtrace,
}

/// An engine's boundary, measured with the module `crossings.wat`.
pub trait Boundary {
    /// The engine.
    fn name(&self) -> &'static str;

    /// Does it `count` times.
    fn cross(&mut self, crossing: Crossing, count: u32) -> Result<()>;
}

/// All engines that were built in: Woodfrog first, since its platform has to install its
/// signal handlers before others install theirs.
pub fn all() -> Result<Vec<Box<dyn Engine>>> {
    let mut engines: Vec<Box<dyn Engine>> = vec![
        Box::new(woodfrog::Woodfrog::new()),
        Box::new(woodfrog::Woodfrog::without_polls()),
    ];
    #[cfg(feature = "wasmtime")]
    engines.extend(wasmtime::all()?);
    #[cfg(feature = "wasmer")]
    engines.push(Box::new(wasmer::Singlepass));
    #[cfg(feature = "wasmi")]
    engines.push(Box::new(wasmi::Wasmi::new()));
    engines.push(Box::new(native::Native));
    Ok(engines)
}

/// The boundaries of Woodfrog and of what it is held against, Woodfrog's first.
pub fn boundaries() -> Result<Vec<Box<dyn Boundary>>> {
    let wasm = wat::parse_str(include_str!("crossings.wat")).context("crossings.wat")?;
    Ok(vec![
        Box::new(woodfrog::WoodfrogBoundary::new(&wasm)?),
        #[cfg(feature = "wasmtime")]
        Box::new(wasmtime::WasmtimeBoundary::new(&wasm)?),
    ])
}
