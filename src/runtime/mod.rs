//! The embedding API, and what machine code touches at run time.
//!
//! An [`Engine`] holds what stores share: the platform, processor features,
//! interned function types. A [`Module`] is compiled for an engine. A
//! [`Store`] owns everything that can be frozen: functions, tables, memories,
//! globals, instances and one wasm stack. A [`Linker`] resolves imports.
//! [`Func`], [`Memory`], [`Table`], [`Global`] and [`Instance`] are small
//! handles into a store.
//!
//! A call ends in an [`Outcome`]: it returned, or the store was suspended at a
//! suspend point, whereupon [`Store::resume`] goes on in place.
//!
//! # Examples
//!
//! With the platform of the `woodfrog` command on Linux. Whole programs to start from are in the
//! repository, in `examples/embedding`.
//!
#![doc = include_str!("examples/call.md")]

mod activation;
mod append_list;
mod backtrace;
mod bulk;
mod caller;
mod capture;
mod code_list;
mod code_memory;
mod constant;
mod context;
mod cpu;
mod debug;
mod engine;
mod entry;
mod error;
mod extern_types;
mod externs;
mod fault;
mod func;
mod global;
mod host_call;
mod host_func;
mod host_parts;
mod instance;
mod instantiate;
mod interrupt;
mod lazy;
mod libcalls;
mod limiter;
mod linker;
mod live;
mod memory;
mod module;
mod move_frames;
mod page_sources;
mod pending;
mod precompiled;
mod rebuild;
mod restore;
mod stack;
mod store;
mod store_core;
mod suspend;
mod table;
mod thaw;
mod typed_func;
mod version;
mod vmctx;
mod wasm_ty;
#[cfg(feature = "checkpoint")]
mod working_set;

pub use crate::precompiled::PrecompiledError;
pub use crate::trap::{Backtrace, BacktraceFrame, Trap};
pub use caller::Caller;
pub use capture::CaptureError;
pub use context::{AsContext, AsContextMut, StoreContext, StoreContextMut};
pub use debug::{BreakpointError, DebugAction, DebugEvent, DebugFrame, DebugHandler};
pub use engine::{Config, Engine};
pub use error::{CallError, HostError, InstantiateError, ModuleError, Outcome};
pub use extern_types::{ExportType, ImportType};
pub use externs::Extern;
pub(crate) use fault::{backtrace as backtrace_of, handle_fault};
pub use func::Func;
pub use global::{Global, GlobalError};
pub use host_func::{IntoFunc, TypedHostFunc, WasmRet};
pub use host_parts::{HostPart, HostParts, HostStateError, UnsupportedVersion};
pub use instance::Instance;
pub use interrupt::InterruptHandle;
pub use lazy::{LazyMemory, PageCounts, PageError, PageSource};
pub use limiter::{
    Counted, DEFAULT_COUNT_LIMIT, GrowFailed, LimitError, ResourceLimiter, StoreLimits,
    StoreLimitsBuilder,
};
pub use linker::{Linker, UnknownImport};
pub use live::{CheckpointError, CheckpointPreparer, LentBatch, LiveCheckpoint};
pub use memory::{Memory, MemoryAccessError, MemoryError, MemoryRanges};
pub use module::{CompileProgress, CompileStatistics, Module};
pub use move_frames::{MoveError, SuspendedFrame};
#[cfg(feature = "checkpoint")]
pub use page_sources::GenerationPages;
pub use pending::{CompleteError, Pending, PendingCall};
pub use precompiled::PrecompileCompatibility;
pub use restore::RestoreError;
pub use store::Store;
pub use suspend::SuspendReason;
pub use table::{Table, TableError};
pub use thaw::{FreezeError, ThawError};
pub use typed_func::{TypeMismatch, TypedFunc, TypedFuncError};
pub use version::{UnknownVersion, Version, VersionId};
pub use wasm_ty::{WasmParams, WasmResults, WasmTy};

/// What threads may share, and what may go from one to another.
const _: () = {
    const fn is_send<T: Send>() {}
    const fn is_shared<T: Send + Sync>() {}
    is_shared::<Engine>();
    is_shared::<Module>();
    is_shared::<Linker<()>>();
    is_shared::<InterruptHandle>();
    is_shared::<CheckpointPreparer>();
    is_shared::<Func>();
    is_shared::<Trap>();
    is_shared::<HostError>();
    is_send::<Store<()>>();
};
