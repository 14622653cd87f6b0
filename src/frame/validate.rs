//! The validation of frames that may be hostile.
//!
//! An image's frames are claims until every one has been held against the
//! module and the state map of the code that is to run it. Only a
//! [`ValidatedState`] can be rebuilt.

use super::context::CodeRef;
use super::dump::{ExecutionStateImage, WasmFunctionStateDump};
use super::site::{Site, Source};
use crate::abi::registers::argument_stack_words;
use crate::abi::{ExternRef, FuncAddr, FuncType, Val, ValType};
use crate::limits::MAX_IMAGE_FRAMES;
use crate::module::Module;
use crate::state::{PointKind, ResumePoint, WasmAbstractValue};
use alloc::collections::BTreeMap;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::OnceCell;

/// Why frames cannot be rebuilt.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FramesError {
    /// There are none, nor can a host function have been called without one.
    #[error("the execution state has no frames")]
    NoFrames,
    /// There are none, and the call of a host function is wrong.
    #[error("the host call: {0}")]
    HostCall(FrameError),
    /// There are too many.
    #[error("the execution state has {0} frames, at most {MAX_IMAGE_FRAMES} are allowed")]
    TooManyFrames(usize),
    /// One of them is wrong.
    #[error("frame #{frame}: {reason}")]
    Frame {
        /// Its number, innermost 0.
        frame: usize,
        /// What is wrong with it.
        reason: FrameError,
    },
}

/// What is wrong with a frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The store has no such instance.
    #[error("there is no instance {0}")]
    UnknownInstance(u32),
    /// The module defines no such function.
    #[error("function {0} is not defined by the module")]
    UndefinedFunction(u32),
    /// No frame can go on at that offset.
    #[error("no frame can go on at offset {0:#x}")]
    NotSuspendPoint(usize),
    /// A frame with a callee does not stand at a call, or the innermost one stands at
    /// a call to a function that would have a frame.
    #[error("offset {0:#x} is not the right call for its place in the stack")]
    WrongCall(usize),
    /// The call cannot reach the function of the frame above, not even by tail calls.
    #[error("the call at offset {offset:#x} cannot call the function of the frame above")]
    CannotCall {
        /// Offset of the call.
        offset: usize,
    },
    /// The number of locals is wrong.
    #[error("{found} locals, the function has {expected}")]
    LocalCount {
        /// How many the function has.
        expected: usize,
        /// How many the frame has.
        found: usize,
    },
    /// The number of operands is wrong.
    #[error("{found} operands, there are {expected} at this offset")]
    OperandCount {
        /// How many there are at this point.
        expected: usize,
        /// How many the frame has.
        found: usize,
    },
    /// A local has the wrong type.
    #[error("local {index} is a {found}, not a {expected}")]
    LocalType {
        /// Which.
        index: usize,
        /// Its declared type.
        expected: ValType,
        /// Type of the value.
        found: ValType,
    },
    /// An operand has the wrong type.
    #[error("operand {index} is a {found}, not a {expected}")]
    OperandType {
        /// Which, counted from the bottom.
        index: usize,
        /// Its type at this point.
        expected: ValType,
        /// Type of the value.
        found: ValType,
    },
    /// A local that the code needs is not known.
    #[error("local {0} is not known")]
    MissingLocal(usize),
    /// An operand that the code needs is not known.
    #[error("operand {0} is not known")]
    MissingOperand(usize),
    /// A local that is zero at the function header is not.
    #[error("local {0} is not zero at the function header")]
    LocalNotZero(usize),
    /// An operand is not what the code takes it for: a constant, or equal to a local.
    #[error("operand {0} differs from what the code takes it for")]
    OperandMismatch(usize),
    /// A function reference to a function that the store does not have.
    #[error("there is no function {}", .0.0)]
    UnknownFunction(FuncAddr),
    /// The frame stands at a call of a host function of which nothing is said, or
    /// elsewhere, where something is said of one.
    #[error("the frame stands at a host call, of which nothing is said, or the reverse")]
    HostCall,
    /// Results of a host call do not match the call that the frame stands at.
    #[error("the results of the host call do not match the call")]
    HostCallResults,
    /// The function of a pending call is not a host function that the frame's call can reach.
    #[error("function {} is not a host function that can be called there", .0.0)]
    PendingFunction(FuncAddr),
    /// The arguments of a pending call are not those of its function.
    #[error("the arguments of the pending call do not match its function")]
    PendingArguments,
    /// The instance cannot have made the pending call.
    #[error("instance {0} cannot have made the pending call")]
    PendingInstance(u32),
}

/// What the store's functions are, for the validation of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FunctionOrigin {
    /// A function of an instance.
    Wasm {
        /// Index of the instance.
        instance: u32,
        /// Index of the function in its module.
        function: u32,
    },
    /// A host function.
    Host,
}

/// What validation asks of the store that the frames are to run in.
pub trait ValidateContext {
    /// The module of an instance; None if there is no such instance.
    fn module(&self, instance: u32) -> Option<&Module>;

    /// The code version in which a frame (innermost 0) of an instance is to go on.
    fn code(&self, frame: usize, instance: u32) -> Option<CodeRef<'_>>;

    /// The store address of a function of an instance, imported or defined.
    fn function(&self, instance: u32, index: u32) -> Option<FuncAddr>;

    /// What a function of the store is; None if there is no such function.
    fn origin(&self, addr: FuncAddr) -> Option<FunctionOrigin>;

    /// The type of a host function; None if there is no such host function.
    fn host_type(&self, addr: FuncAddr) -> Option<&FuncType>;
}

/// Frames that can be rebuilt.
#[derive(Clone, Debug)]
pub struct ValidatedState<'a> {
    pub(super) image: &'a ExecutionStateImage,
    /// The suspend point of each frame.
    pub(super) sites: Vec<Rc<Site>>,
}

impl ValidatedState<'_> {
    /// Instance and index of the outermost frame's function; None if there is no frame.
    pub fn entry_function(&self) -> Option<(u32, u32)> {
        let frame = self.image.frames.last()?;
        Some((frame.instance, frame.local_function_id))
    }

    /// The code address by which the innermost frame's suspend point is looked up: whoever
    /// reads the rebuilt stack before it has run must find the frame where it stands. None
    /// if there is no frame.
    pub fn innermost_address(&self) -> Option<u64> {
        let site = self.sites.first()?;
        Some(site.code_base + u64::from(site.code_offset))
    }
}

/// Validates frames and the host call at which the innermost stands.
///
/// # Errors
///
/// [`FramesError`] names the frame and what is wrong with it.
pub fn validate<'a>(
    context: &dyn ValidateContext,
    image: &'a ExecutionStateImage,
) -> Result<ValidatedState<'a>, FramesError> {
    if image.frames.len() > MAX_IMAGE_FRAMES {
        return Err(FramesError::TooManyFrames(image.frames.len()));
    }
    let mut validator = Validator {
        context,
        resume_points: BTreeMap::new(),
        sites: BTreeMap::new(),
        has_tail_calls: OnceCell::new(),
    };
    if image.frames.is_empty() {
        validator.validate_without_frames(image.host_call.as_ref())?;
    }
    let mut sites = Vec::new();
    let mut callee = None;
    for (number, frame) in image.frames.iter().enumerate() {
        let in_frame = |reason| FramesError::Frame {
            frame: number,
            reason,
        };
        let site = validator.site(number, frame).map_err(in_frame)?;
        validator
            .validate_values(frame, &site)
            .and_then(|()| match callee {
                Some(callee) => validator.validate_call(frame, &site, callee),
                None => validator.validate_innermost(frame, &site, image.host_call.as_ref()),
            })
            .map_err(in_frame)?;
        sites.push(site);
        callee = Some(frame);
    }
    Ok(ValidatedState { image, sites })
}

pub(super) struct Validator<'a> {
    pub(super) context: &'a dyn ValidateContext,
    /// Points by code and function, sorted by wasm offset.
    resume_points: BTreeMap<(u64, u32), Vec<ResumePoint>>,
    /// Expanded points by code, function and wasm offset.
    sites: BTreeMap<(u64, u32, usize), Rc<Site>>,
    /// Whether any function of the store makes tail calls, once it was asked.
    pub(super) has_tail_calls: OnceCell<bool>,
}

impl<'a> Validator<'a> {
    pub(super) fn module(&self, instance: u32) -> Result<&'a Module, FrameError> {
        let unknown = FrameError::UnknownInstance(instance);
        self.context.module(instance).ok_or(unknown)
    }

    /// The suspend point at which a frame stands.
    fn site(
        &mut self,
        number: usize,
        frame: &WasmFunctionStateDump,
    ) -> Result<Rc<Site>, FrameError> {
        let (instance, function) = (frame.instance, frame.local_function_id);
        if self.module(instance)?.body(function).is_none() {
            return Err(FrameError::UndefinedFunction(function));
        }
        let code = self.context.code(number, instance);
        let code = code.ok_or(FrameError::UnknownInstance(instance))?;
        let key = (code.base, function, frame.wasm_inst_offset);
        if let Some(site) = self.sites.get(&key) {
            return Ok(site.clone());
        }
        let map = code.map.function(function);
        let map = map.ok_or(FrameError::UndefinedFunction(function))?;
        let points = self
            .resume_points
            .entry((code.base, function))
            .or_insert_with(|| map.resume_points());
        let index = points
            .binary_search_by_key(&frame.wasm_inst_offset, |resume| resume.wasm_offset)
            .map_err(|_| FrameError::NotSuspendPoint(frame.wasm_inst_offset))?;
        let mut site = Site::new(code.base, &map, &points[index].point);
        // Behind libcalls, which are calls to the map, no frame goes on.
        if site.kind == PointKind::Call
            && let Ok((_, ty)) = self.call(frame)
        {
            site.call_words = argument_stack_words(&ty.params) as u32;
        }
        let site = Rc::new(site);
        self.sites.insert(key, site.clone());
        Ok(site)
    }

    fn validate_values(
        &self,
        frame: &WasmFunctionStateDump,
        site: &Site,
    ) -> Result<(), FrameError> {
        if frame.locals.len() != site.locals.len() {
            return Err(FrameError::LocalCount {
                expected: site.locals.len(),
                found: frame.locals.len(),
            });
        }
        if frame.stack.len() != site.stack.len() {
            return Err(FrameError::OperandCount {
                expected: site.stack.len(),
                found: frame.stack.len(),
            });
        }
        let needed = Needed::of(site);
        for (index, local) in frame.locals.iter().enumerate() {
            self.validate_local(site, index, local, needed.locals[index])?;
        }
        for (index, operand) in frame.stack.iter().enumerate() {
            self.validate_operand(frame, site, index, operand, needed.stack[index])?;
        }
        Ok(())
    }

    fn validate_local(
        &self,
        site: &Site,
        index: usize,
        local: &Option<Val>,
        is_needed: bool,
    ) -> Result<(), FrameError> {
        let expected = site.locals[index];
        let Some(value) = local else {
            return match is_needed {
                true => Err(FrameError::MissingLocal(index)),
                false => Ok(()),
            };
        };
        let found = value.ty();
        if found != expected {
            return Err(FrameError::LocalType {
                index,
                expected,
                found,
            });
        }
        if site.is_header() && index >= site.params && *value != Val::default_for_ty(expected) {
            return Err(FrameError::LocalNotZero(index));
        }
        self.validate_reference(value)
    }

    fn validate_operand(
        &self,
        frame: &WasmFunctionStateDump,
        site: &Site,
        index: usize,
        operand: &Option<Val>,
        is_needed: bool,
    ) -> Result<(), FrameError> {
        let (expected, known) = site.stack[index];
        let Some(value) = operand else {
            return match is_needed {
                true => Err(FrameError::MissingOperand(index)),
                false => Ok(()),
            };
        };
        let found = value.ty();
        if found != expected {
            return Err(FrameError::OperandType {
                index,
                expected,
                found,
            });
        }
        let is_as_known = match known {
            WasmAbstractValue::Runtime => true,
            WasmAbstractValue::Const(bits) => is_constant(value, bits),
            // A local that is not known is not needed either, so nothing can differ.
            WasmAbstractValue::Local(local) => match frame.locals.get(local as usize) {
                Some(Some(local)) => local == value,
                _ => true,
            },
        };
        if !is_as_known {
            return Err(FrameError::OperandMismatch(index));
        }
        self.validate_reference(value)
    }

    /// Checks the references among values.
    pub(super) fn validate_references(&self, values: &[Val]) -> Result<(), FrameError> {
        let mut values = values.iter();
        values.try_for_each(|value| self.validate_reference(value))
    }

    fn validate_reference(&self, value: &Val) -> Result<(), FrameError> {
        match value {
            Val::FuncRef(Some(addr)) if self.context.origin(*addr).is_none() => {
                Err(FrameError::UnknownFunction(*addr))
            }
            _ => Ok(()),
        }
    }
}

/// Which values of a frame its code needs.
struct Needed {
    locals: Vec<bool>,
    stack: Vec<bool>,
}

impl Needed {
    fn of(site: &Site) -> Self {
        let mut needed = Self {
            locals: alloc::vec![false; site.locals.len()],
            stack: alloc::vec![false; site.stack.len()],
        };
        for source in site.sources() {
            let is_needed = match source {
                Source::Local(index) => needed.locals.get_mut(index),
                Source::Stack(index) => needed.stack.get_mut(index),
            };
            if let Some(is_needed) = is_needed {
                *is_needed = true;
            }
        }
        needed
    }
}

/// Whether a value has these raw bits.
fn is_constant(value: &Val, bits: u64) -> bool {
    match *value {
        Val::I32(value) => value as u32 == bits as u32,
        Val::F32(value) => value == bits as u32,
        Val::I64(value) => value as u64 == bits,
        Val::F64(value) => value == bits,
        Val::V128(value) => value == u128::from(bits),
        Val::FuncRef(addr) => addr.is_none() && bits == 0,
        Val::ExternRef(None) => bits == 0,
        Val::ExternRef(Some(ExternRef(token))) => bits == 1 << 32 | u64::from(token),
    }
}
