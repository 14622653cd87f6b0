//! A module to machine code and its state map.
//!
//! Nothing here executes anything, and nothing here is unsafe.

mod baseline;
mod masm;
mod thunk;

pub use crate::abi::CpuFeatures;
use crate::abi::FuncType;
use crate::module::{FunctionBody, Module};
use crate::state::{ModuleStateMap, ModuleStateMapBuilder};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;

/// How code is generated. Whatever is chosen here, the code does the same and, breakpoints
/// aside, has the same suspend points: a frame can go from one version to any other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct CompileOptions {
    /// Processor features to use.
    pub features: CpuFeatures,
    /// What is kept in registers from one operator to the next.
    pub cache: RegisterCache,
    /// Where to stop for a debugger, sorted. An offset at which no operator of
    /// its function starts has no effect, nor has one in unreachable code.
    pub breakpoints: Arc<[CodePosition]>,
}

/// What is kept in registers from one operator to the next. Less makes slower code, whose
/// frames are laid out in another way: good for tests, and for looking at code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RegisterCache {
    /// The hottest locals, for the whole function, and operands.
    #[default]
    Full,
    /// Operands only: all locals live in the frame.
    Operands,
    /// Nothing: operands too go to the frame at once.
    Nothing,
}

/// An operator of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CodePosition {
    /// Index of the function in the module's function index space.
    pub function: u32,
    /// Offset of the operator in the module's bytes.
    pub wasm_offset: u32,
}

/// Machine code of a module. Position-independent, and of no engine: the numbers by which
/// an engine knows function types are missing in it.
#[derive(Debug)]
pub struct CompiledModule {
    /// The code.
    pub code: Vec<u8>,
    /// Where each defined function is in it; a function's entry is its start.
    pub functions: Vec<Range<u32>>,
    /// Its state map and trap table.
    pub state_map: ModuleStateMap,
    /// Where the numbers of types are missing, by offset.
    pub signature_sites: Vec<SignatureSite>,
}

/// Four bytes of code that are to hold the engine-wide number of a function type, as a
/// little-endian integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignatureSite {
    /// Their offset in the code.
    pub at: u32,
    /// Index of the type in the module.
    pub type_index: u32,
}

impl CompiledModule {
    /// Writes a number for each type into the code, given its index in the module.
    ///
    /// # Panics
    ///
    /// Panics if a site does not lie in the code.
    pub fn set_signatures(&mut self, number: impl Fn(u32) -> u32) {
        for &SignatureSite { at, type_index } in &self.signature_sites {
            let bytes = number(type_index).to_le_bytes();
            self.code[at as usize..][..bytes.len()].copy_from_slice(&bytes);
        }
    }
}

/// Why a module was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// A function is beyond what the engine compiles.
    #[error("function {function} has too {reason}")]
    Limit {
        /// Function index.
        function: u32,
        /// Which bound it exceeds.
        reason: Limit,
    },
    /// An operator belongs to a wasm feature that the compiler does not know.
    #[error("function {function} uses an unsupported operator at offset {offset:#x}")]
    Unsupported {
        /// Function index.
        function: u32,
        /// Offset of the operator in the module.
        offset: u32,
    },
    /// An operator cannot be read: the module has not been validated.
    #[error("function {function} has no valid operator at offset {offset:#x}")]
    NotValidated {
        /// Function index.
        function: u32,
        /// Offset of the operator in the module.
        offset: u64,
    },
}

/// The bounds on one function; see [`crate::limits`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// [`crate::limits::MAX_LOCALS`]
    Locals,
    /// [`crate::limits::MAX_FRAME_SIZE`]
    FrameSize,
    /// [`crate::limits::MAX_CODE_SIZE`]
    CodeSize,
    /// [`crate::limits::MAX_DESCRIBED_OPERANDS`]
    DescribedOperands,
}

impl core::fmt::Display for Limit {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Locals => "many locals",
            Self::FrameSize => "large a frame",
            Self::CodeSize => "much code",
            Self::DescribedOperands => "many operands at its suspend points",
        })
    }
}

/// A piece of code between host and wasm, for one function type.
///
/// # Entry thunk (host to wasm)
///
/// Entered by a jump with RAX = the function's entry, R14 and R15 set for it, RSI = the
/// array of arguments (16 bytes each; results replace them), and on top
/// of the stack the address to return to. Its frame, which a rebuild must write too:
///
/// ```text
/// [rbp +  8]  return address (the runtime's exit)
/// [rbp +  0]  RBP at entry (zero)
/// [rbp -  8]  vmctx
/// [rbp - 16]  address of the array
/// [rsp + 8k]  outgoing stack words (outgoing_stack_words(ty), directly below)
/// ```
///
/// # Host thunk (wasm to host)
///
/// Called by wasm with R14 = the `VmHostFunc` and RAX = the caller's `VmCtx`, which it
/// keeps at `[rbp - 8]`. It stores the arguments into an
/// array on its stack (16 bytes each, as many as the larger of parameters and results), sets
/// RSI to it and calls `[r14 + host_call_entry]`; on return it takes the
/// results from the array. During that call `[rbp + 8]` is the wasm caller's
/// return address, `rbp + 16` where the stack arguments begin, `[rbp]` the RBP of the
/// frame it returns to; not the caller's, if that made a tail call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thunk {
    /// The code. Position-independent.
    pub code: Vec<u8>,
    /// Offset behind its call instruction.
    pub return_offset: u32,
}

/// Compiles every function of a module.
///
/// # Examples
///
#[doc = include_str!("examples/compile.md")]
///
/// # Errors
///
/// [`CompileError`] names the function and the limit it exceeds.
pub fn compile(module: &Module, options: &CompileOptions) -> Result<CompiledModule, CompileError> {
    compile_and_tell(module, options, &mut |_| {})
}

/// The same, and tells the body of each function that has been compiled.
pub(crate) fn compile_and_tell(
    module: &Module,
    options: &CompileOptions,
    on_body: &mut dyn FnMut(&FunctionBody),
) -> Result<CompiledModule, CompileError> {
    let mut context = baseline::ModuleContext {
        module,
        options,
        offsets: module.vm_offsets(),
        masm: masm::Masm::default(),
        state_map: ModuleStateMapBuilder::default(),
        calls: Vec::new(),
        signature_sites: Vec::new(),
    };
    let mut functions = Vec::with_capacity(module.bodies.len());
    for (defined, body) in module.bodies.iter().enumerate() {
        functions.push(baseline::compile_function(&mut context, defined)?);
        on_body(body);
    }
    for call in &context.calls {
        let callee: &Range<u32> = &functions[(call.function - module.imported_functions) as usize];
        context
            .masm
            .patch(call.at, callee.start.wrapping_sub(call.at + 4));
    }
    let total_size = context.masm.offset();
    let state_map = context.state_map.finish(total_size);
    Ok(CompiledModule {
        code: context.masm.code,
        functions,
        state_map,
        signature_sites: context.signature_sites,
    })
}

/// Compiles the thunk that enters functions of type `ty`.
pub fn entry_thunk(ty: &FuncType) -> Thunk {
    thunk::entry(ty)
}

/// Compiles the thunk that calls host functions of type `ty`.
pub fn host_thunk(ty: &FuncType) -> Thunk {
    thunk::host(ty)
}
