//! Debugging guests: breakpoints, and single steps from suspend point to suspend point.
//!
//! Breakpoints are compiled in: setting them makes a code version that calls out before
//! the operators in question, and moves the store's frames to it. So a guest pays for
//! the breakpoints that are set and for no others, and a program that is already running
//! can be debugged. A debugger is called on the host's stack in the middle of the guest,
//! and sees and changes the innermost frame as wasm has it.

#![expect(
    unsafe_code,
    reason = "calls a handler of a type that only the store knows, from machine code"
)]

use super::activation::Execution;
use super::context::{AsContext, AsContextMut, StoreContext, StoreContextMut};
use super::store::StoreInner;
use super::store_core::StoreCore;
use super::version::VersionId;
use super::{Backtrace, BacktraceFrame, Module, ModuleError, MoveError, Store, backtrace};
use crate::abi::Val;
use crate::compile::{CodePosition, CompileOptions};
use crate::frame::{self, Exit, SetLocalError, StackViewMut};
use crate::state::PointKind;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::marker::PhantomData;
use core::ptr::NonNull;

/// Why a debugger is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DebugEvent {
    /// The guest is about to execute an operator with a breakpoint.
    Breakpoint,
    /// The guest has come to a function's or a loop's header in single steps.
    Step,
}

/// How the guest is to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DebugAction {
    /// To the next breakpoint.
    Continue,
    /// To the next breakpoint, or function or loop header if that comes first.
    Step,
    /// To the next suspend point, and suspend there. At a step, that is where it stands.
    Suspend,
}

/// Called at breakpoints and steps.
pub type DebugHandler<T> = Box<dyn FnMut(&mut DebugFrame<'_, T>) -> DebugAction + Send>;

/// Why breakpoints could not be set. Those that were set before still are.
#[derive(Debug, thiserror::Error)]
pub enum BreakpointError {
    /// No operator of that function starts there.
    #[error("no operator of function {} starts at offset {:#x}", .0.function, .0.wasm_offset)]
    NotAnOperator(CodePosition),
    /// The module could not be compiled with these breakpoints.
    #[error(transparent)]
    Module(#[from] ModuleError),
    /// The frames could not be moved to the code with these breakpoints.
    #[error(transparent)]
    Move(#[from] MoveError),
}

/// What a store knows of its debugger.
#[derive(Default)]
pub(super) struct DebugState {
    modules: Vec<DebuggedModule>,
    /// Whether the debugger is called at every poll.
    pub(super) is_stepping: bool,
}

/// A module in which breakpoints have been set.
struct DebuggedModule {
    module: Module,
    version: VersionId,
}

/// Calls the debugger of a store, whose data's type it knows.
pub(super) type DebugDispatch = unsafe fn(NonNull<StoreCore>, DebugEvent) -> DebugAction;

impl<T: 'static> Store<T> {
    /// Sets what is called at breakpoints and steps; without a handler they do nothing.
    pub fn set_debug_handler(&mut self, handler: Option<DebugHandler<T>>) {
        self.as_context_mut().inner_mut().debug_handler = handler;
    }

    /// Sets a module's breakpoints in this store, in place of those that were set before.
    ///
    /// All its instances in the store, also those that are made later, enter a code version
    /// with these breakpoints ([`Instance::set_version`](super::Instance::set_version)), and
    /// frames of a suspended store move to it; without breakpoints, to the first version.
    /// Versions live as long as their module, and one for the same breakpoints is used again.
    /// Images know nothing of breakpoints.
    ///
    /// A breakpoint in code that is not reachable, such as behind a `br`, is never hit, and
    /// one at an `else` or `end` is by what falls through to it alone.
    ///
    /// # Errors
    ///
    /// [`BreakpointError`]; nothing is changed then.
    pub fn set_breakpoints(
        &mut self,
        module: &Module,
        positions: &[CodePosition],
    ) -> Result<(), BreakpointError> {
        let mut context = self.as_context_mut();
        let version = version_with(module, positions)?;
        context.core_mut().enter_version(module, version)?;
        Ok(())
    }

    /// Whether the debugger is called at the next function or loop header. It says
    /// itself whether this is to go on ([`DebugAction`]).
    pub fn set_single_step(&mut self, is_stepping: bool) {
        let mut context = self.as_context_mut();
        let core = context.core_mut();
        core.debug.is_stepping = is_stepping;
        core.settle_poll_words();
    }
}

/// The version of a module with these breakpoints and no others.
fn version_with(module: &Module, positions: &[CodePosition]) -> Result<VersionId, BreakpointError> {
    let mut positions = positions.to_vec();
    positions.sort_unstable();
    positions.dedup();
    check_positions(module.validated()?, &positions)?;
    let first = module.version(VersionId::FIRST);
    let options = CompileOptions {
        breakpoints: positions.into(),
        ..first.expect("a module has a version").options().clone()
    };
    let known = (0..)
        .map(VersionId)
        .zip(module.versions())
        .find(|(_, version)| *version.options() == options);
    match known {
        Some((id, _)) => Ok(id),
        None => Ok(module.add_version(&options)?),
    }
}

/// Checks that an operator starts at each of the sorted positions.
fn check_positions(
    module: &crate::module::Module,
    positions: &[CodePosition],
) -> Result<(), BreakpointError> {
    for positions in positions.chunk_by(|a, b| a.function == b.function) {
        let refused = |position: &CodePosition| BreakpointError::NotAnOperator(*position);
        let body = module.body(positions[0].function);
        let mut operators = module.operators(body.ok_or_else(|| refused(&positions[0]))?);
        for position in positions {
            let wanted = u64::from(position.wasm_offset);
            while operators.original_position() < wanted && !operators.eof() {
                operators.read().expect("the module has been validated");
            }
            if operators.original_position() != wanted || operators.eof() {
                return Err(refused(position));
            }
        }
    }
    Ok(())
}

impl StoreCore {
    /// Has instances of a module, and its frames, enter one of its versions.
    fn enter_version(&mut self, module: &Module, version: VersionId) -> Result<(), MoveError> {
        let is_of_module: Vec<bool> = self
            .instances
            .iter()
            .map(|instance| instance.module.is(module))
            .collect();
        if matches!(self.execution, Execution::Suspended(_)) {
            self.move_frames(&mut |frame| match frame.version {
                Some(other) if !is_of_module[frame.instance.index as usize] => other,
                _ => version,
            })?;
        }
        for (instance, _) in (0..)
            .zip(&is_of_module)
            .filter(|(_, is_of_module)| **is_of_module)
        {
            self.set_version(instance, version)
                .expect("the version is the module's");
        }
        self.debug
            .modules
            .retain(|debugged| !debugged.module.is(module));
        if version != VersionId::FIRST {
            self.debug.modules.push(DebuggedModule {
                module: module.clone(),
                version,
            });
        }
        Ok(())
    }

    /// Has a new instance enter the version of its module with breakpoints.
    pub(super) fn debug_new_instance(&mut self, instance: u32) {
        let module = &self.instances[instance as usize].module;
        let mut debugged = self.debug.modules.iter();
        if let Some(debugged) = debugged.find(|debugged| debugged.module.is(module)) {
            let version = debugged.version;
            self.set_version(instance, version)
                .expect("the version is the module's");
        }
    }

    /// What the poll that returns to `rip` means to a debugger.
    fn debug_event(&self, rip: u64) -> Option<DebugEvent> {
        // Spares the look-up in stores whose code has none.
        let is_breakpoint = self.code.has_breakpoints()
            && backtrace::poll_kind(self, rip) == Some(PointKind::Breakpoint);
        match is_breakpoint {
            true => Some(DebugEvent::Breakpoint),
            false => self.debug.is_stepping.then_some(DebugEvent::Step),
        }
    }
}

/// Calls the debugger if the poll of a store's code is its business. Says what it was.
///
/// # Safety
///
/// `core` is that of a live store whose code has just been left by a poll, and no
/// reference to it is in use.
pub(super) unsafe fn at_poll(core: NonNull<StoreCore>) -> Option<DebugEvent> {
    // SAFETY: the caller's; the reference ends before the handler is called.
    let store = unsafe { core.as_ref() };
    let event = store.debug_event(store.frame().rip)?;
    let dispatch = store.debug_dispatch;
    // SAFETY: the store made `dispatch` for its own data type.
    let action = unsafe { dispatch(core, event) };
    // SAFETY: the handler has returned, so its access to the store is over.
    let store = unsafe { &mut *core.as_ptr() };
    store.debug.is_stepping = action == DebugAction::Step;
    if action == DebugAction::Suspend {
        store.contexts.request();
    }
    store.settle_poll_words();
    Some(event)
}

/// Calls a store's debug handler.
///
/// # Safety
///
/// `core` is that of a `StoreInner<T>`, and no reference to the store is in use.
pub(super) unsafe fn dispatch<T: 'static>(
    core: NonNull<StoreCore>,
    event: DebugEvent,
) -> DebugAction {
    let mut inner: NonNull<StoreInner<T>> = core.cast();
    // SAFETY: the caller vouches for the type; the reference ends here.
    let Some(mut handler) = (unsafe { inner.as_mut() }).debug_handler.take() else {
        return DebugAction::Continue;
    };
    let action = handler(&mut DebugFrame {
        context: StoreContextMut {
            inner,
            borrow: PhantomData,
        },
        event,
    });
    // SAFETY: as above; the handler's access to the store is over.
    unsafe { inner.as_mut() }.debug_handler = Some(handler);
    action
}

/// A guest that has stopped for its debugger, which may look at the store's memories,
/// tables and globals through it.
pub struct DebugFrame<'a, T> {
    context: StoreContextMut<'a, T>,
    event: DebugEvent,
}

impl<T: 'static> AsContext for DebugFrame<'_, T> {
    type Data = T;
    fn as_context(&self) -> StoreContext<'_, T> {
        self.context.as_context()
    }
}

impl<T: 'static> DebugFrame<'_, T> {
    /// Why the guest has stopped.
    pub fn event(&self) -> DebugEvent {
        self.event
    }

    /// The embedder's data.
    pub fn data(&self) -> &T {
        self.context.as_context().into_data()
    }

    /// The embedder's data, to change.
    pub fn data_mut(&mut self) -> &mut T {
        self.context.as_context_mut().into_data_mut()
    }

    /// The frame that has stopped: where it is, its locals and operands. The operator at
    /// its offset is the next to be executed.
    pub fn frame(&self) -> BacktraceFrame {
        backtrace::of_poll(self.context.core())
    }

    /// All wasm frames, innermost first.
    pub fn backtrace(&self) -> Backtrace {
        backtrace::of_store(self.context.core(), Exit::Call)
    }

    /// Changes a local of the frame that has stopped.
    ///
    /// # Errors
    ///
    /// [`SetLocalError`]; nothing is changed then.
    pub fn set_local(&mut self, local: u32, value: Val) -> Result<(), SetLocalError> {
        let core = self.context.core_mut();
        let mut registers = *core.frame();
        let mut stack = core.stack.take().expect("wasm runs on the stack");
        let base = stack.base();
        let mut view = StackViewMut::new(base, stack.words_mut());
        let changed = frame::set_local(core, &mut view, &mut registers, local, value);
        core.stack = Some(stack);
        *core.frame_mut() = registers;
        changed
    }
}
