//! Writing a stack: from wasm-level frames to the registers to go on with.
//!
//! The inverse of the walk. Frames are written from the outermost to the
//! innermost, as the calls happened: each frame's slots take what its caller
//! left in callee-saved registers, then its own values go to their places.

use super::dump::HostCall;
use super::site::{Content, Place, Placement, Site, Source};
use super::stack::StackViewMut;
use super::validate::ValidatedState;
use crate::abi::registers::{GPR, result_register, result_stack_word};
use crate::abi::value::FuncRefs;
use crate::abi::vmctx::TrapFrame;
use crate::abi::{FuncAddr, Val, ValType};
use alloc::vec::Vec;

/// Why frames could not be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RebuildError {
    /// The stack is too small for the frames.
    #[error("the frames need {needed} bytes of stack, {available} are available")]
    StackTooSmall {
        /// Bytes that the frames take, as far as the functions check.
        needed: u64,
        /// Bytes above the stack limit.
        available: u64,
    },
    /// The store has no such instance.
    #[error("frame #{frame}: there is no instance {instance}")]
    UnknownInstance {
        /// Number of the frame, innermost 0.
        frame: usize,
        /// The instance.
        instance: u32,
    },
    /// A value refers to a function that the store does not have.
    #[error("frame #{frame}: there is no function {}", addr.0)]
    UnknownFunction {
        /// Number of the frame, innermost 0.
        frame: usize,
        /// The function.
        addr: FuncAddr,
    },
    /// A value that the code needs is not known.
    #[error("frame #{frame}: a value is not known")]
    MissingValue {
        /// Number of the frame, innermost 0.
        frame: usize,
    },
}

/// What rebuilding asks of the store that the frames are to run in.
pub trait RebuildContext: FuncRefs {
    /// The vmctx pointer of an instance.
    fn vmctx(&self, instance: u32) -> Option<u64>;

    /// Follows byte offsets from a vmctx pointer: adds the first offset, loads the
    /// pointer there, adds the next, and so on.
    fn deref(&self, vmctx: u64, path: &[u32]) -> u64;
}

/// The frame of the entry thunk under all others ([`crate::compile::Thunk`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryFrame {
    /// RSP before the exit address is pushed.
    pub rsp: u64,
    /// Where the thunk returns to.
    pub exit_address: u64,
    /// Where the thunk's call returns to.
    pub thunk_return_address: u64,
    /// Address of the array of results.
    pub array: u64,
    /// Outgoing stack words of the entered function's type.
    pub outgoing_words: u32,
    /// Stack words of its arguments, which are the lowest of these.
    pub argument_words: u32,
}

/// Writes validated frames onto a stack, below an entry thunk's frame, and returns the registers
/// to go on with. `limit` is the stack limit that functions check RSP against.
///
/// # Errors
///
/// [`RebuildError`]; if it is [`RebuildError::StackTooSmall`], nothing has been written.
///
/// # Panics
///
/// Panics if the entry's frame is not on the stack, or smaller than its function needs.
pub fn rebuild(
    context: &dyn RebuildContext,
    stack: &mut StackViewMut<'_>,
    limit: u64,
    entry: &EntryFrame,
    state: &ValidatedState<'_>,
) -> Result<TrapFrame, RebuildError> {
    check_depth(stack, limit, entry, state)?;
    let mut writer = Writer {
        context,
        stack,
        registers: TrapFrame::ZERO,
        result_area: 0,
    };
    // Without frames, any context will do that leads to the store.
    let (outermost, instance) = match state.image.frames.split_last() {
        Some((frame, others)) => (others.len(), frame.instance),
        None => (0, 0),
    };
    let vmctx = writer.vmctx(outermost, instance)?;
    writer.write_entry(entry, vmctx);
    let mut return_address = entry.thunk_return_address;
    for number in (0..state.sites.len()).rev() {
        let frame = Frame {
            number,
            site: &state.sites[number],
            locals: &state.image.frames[number].locals,
            stack: &state.image.frames[number].stack,
            vmctx: writer.vmctx(number, state.image.frames[number].instance)?,
        };
        writer.write_frame(&frame, return_address)?;
        return_address = frame.site.activate_address();
    }
    // A host function has popped its stack arguments.
    *writer.rsp() = writer.result_area;
    if let Some(HostCall::Returned(results)) = &state.image.host_call {
        writer.write_results(results)?;
    }
    let mut registers = writer.registers;
    registers.rip = return_address;
    registers.rflags = RFLAGS;
    Ok(registers)
}

/// Interrupts enabled, and the bit that is always set (Intel SDM volume 1, section 3.4.3).
const RFLAGS: u64 = 0x202;

/// Words of an entry thunk's frame: exit address, RBP, vmctx, address of the array.
const ENTRY_WORDS: u64 = 4;

/// Whether every function's own stack check would have passed.
fn check_depth(
    stack: &StackViewMut<'_>,
    limit: u64,
    entry: &EntryFrame,
    state: &ValidatedState<'_>,
) -> Result<(), RebuildError> {
    let mut depth = 8 * (ENTRY_WORDS + u64::from(entry.outgoing_words));
    let mut checked_depth = depth;
    let mut whole_depth = depth;
    let mut call_words = entry.argument_words;
    for site in state.sites.iter().rev() {
        // Its own stack arguments in place of the call's; return address and RBP.
        depth = depth + 16 + 8 * u64::from(site.argument_words) - 8 * u64::from(call_words);
        call_words = site.call_words;
        checked_depth = checked_depth.max(depth + site.checked_size());
        whole_depth = whole_depth.max(depth + u64::from(site.frame_slots) * 8);
        depth += u64::from(site.depth_slots) * 8;
    }
    assert!(entry.rsp <= stack.end(), "the entry is on the stack");
    let below = |limit: u64| entry.rsp.saturating_sub(limit);
    for (needed, limit) in [(checked_depth, limit), (whole_depth, stack.base())] {
        if needed > below(limit) {
            return Err(RebuildError::StackTooSmall {
                needed,
                available: below(limit),
            });
        }
    }
    Ok(())
}

/// A frame to write.
struct Frame<'a> {
    number: usize,
    site: &'a Site,
    locals: &'a [Option<Val>],
    stack: &'a [Option<Val>],
    vmctx: u64,
}

/// Writes frames downwards; `registers` are those of the frame written last.
struct Writer<'a, 'b> {
    context: &'a dyn RebuildContext,
    stack: &'a mut StackViewMut<'b>,
    registers: TrapFrame,
    /// Where the result area of the call begins at which the frame written last stands,
    /// and the stack arguments of its callee end; else its lowest address.
    result_area: u64,
}

impl Writer<'_, '_> {
    fn vmctx(&self, frame: usize, instance: u32) -> Result<u64, RebuildError> {
        self.context
            .vmctx(instance)
            .ok_or(RebuildError::UnknownInstance { frame, instance })
    }

    fn rsp(&mut self) -> &mut u64 {
        &mut self.registers.gpr[GPR::RSP as usize]
    }

    fn rbp(&self) -> u64 {
        self.registers.gpr[GPR::RBP as usize]
    }

    fn write(&mut self, address: u64, word: u64) {
        let place = self.stack.word_mut(address);
        *place.expect("the depth has been checked") = word;
    }

    fn push(&mut self, word: u64) {
        *self.rsp() -= 8;
        let rsp = *self.rsp();
        self.write(rsp, word);
    }

    fn push_base(&mut self) {
        let rbp = self.rbp();
        self.push(rbp);
        self.registers.gpr[GPR::RBP as usize] = *self.rsp();
    }

    fn write_entry(&mut self, entry: &EntryFrame, vmctx: u64) {
        *self.rsp() = entry.rsp;
        // Who goes on in the thunk itself, behind a host function, has its context.
        self.registers.gpr[GPR::R14 as usize] = vmctx;
        self.push(entry.exit_address);
        self.push_base();
        self.push(vmctx);
        self.push(entry.array);
        self.push_zeros(entry.outgoing_words);
        self.result_area = *self.rsp() + 8 * u64::from(entry.argument_words);
    }

    fn push_zeros(&mut self, words: u32) {
        for _ in 0..words {
            self.push(0);
        }
    }

    fn write_frame(&mut self, frame: &Frame<'_>, return_address: u64) -> Result<(), RebuildError> {
        let caller = self.registers;
        // A function that was tail-called may have more or fewer stack arguments than the
        // call has: they end where the result area begins.
        *self.rsp() = self.result_area;
        self.push_zeros(frame.site.argument_words);
        self.push(return_address);
        self.push_base();
        self.push_zeros(frame.site.depth_slots);
        let is_copy = |p: &&Placement| matches!(p.content, Content::Copy(_));
        let placements = frame.site.placements.iter();
        for placement in placements.clone().filter(|p| !is_copy(p)) {
            let bits = self.bits(frame, placement, &caller)?;
            self.write_placement(frame.site, placement, bits);
        }
        // What is copied must have been written.
        for placement in placements.filter(is_copy) {
            let bits = self.bits(frame, placement, &caller)?;
            self.write_placement(frame.site, placement, bits);
        }
        self.result_area = *self.rsp() + 8 * u64::from(frame.site.call_words);
        Ok(())
    }

    /// What a place is to hold.
    fn bits(
        &self,
        frame: &Frame<'_>,
        placement: &Placement,
        caller: &TrapFrame,
    ) -> Result<u128, RebuildError> {
        let vmctx = frame.vmctx;
        Ok(match &placement.content {
            Content::Vmctx => u128::from(vmctx),
            Content::VmctxDeref(path) => u128::from(self.context.deref(vmctx, path)),
            Content::Preserved(register) => caller.register(*register),
            Content::Copy(offset) => {
                let address = self.rbp().wrapping_add_signed(*offset);
                u128::from(self.stack.word(address).expect("copies are of the frame"))
            }
            Content::Value(source) => self.value(frame, *source)?,
            Content::High(source) => self.value(frame, *source)? >> 64,
        })
    }

    fn value(&self, frame: &Frame<'_>, source: Source) -> Result<u128, RebuildError> {
        let value = match source {
            Source::Local(index) => frame.locals.get(index),
            Source::Stack(index) => frame.stack.get(index),
        };
        let value = value.copied().flatten();
        let missing = RebuildError::MissingValue {
            frame: frame.number,
        };
        self.raw(frame.number, value.ok_or(missing)?)
    }

    fn raw(&self, frame: usize, value: Val) -> Result<u128, RebuildError> {
        let unknown = match value {
            Val::FuncRef(Some(addr)) => RebuildError::UnknownFunction { frame, addr },
            _ => RebuildError::MissingValue { frame },
        };
        value.to_raw(self.context).ok_or(unknown)
    }

    fn write_placement(&mut self, site: &Site, placement: &Placement, bits: u128) {
        match placement.place {
            Place::Register(register) => {
                let bits = placement
                    .part
                    .merge(self.registers.register(register), bits);
                self.registers.set_register(register, bits);
            }
            Place::Memory(offset) => {
                let is_argument = offset < 16 + 8 * i64::from(site.argument_words);
                assert!(offset < 0 || is_argument, "beyond the stack arguments");
                let address = self.rbp().wrapping_add_signed(offset);
                let old = self.stack.word(address).unwrap_or(0);
                let bits = placement.part.merge(u128::from(old), bits);
                self.write(address, bits as u64);
            }
        }
    }

    /// Puts the results of a host call where it would have left them.
    fn write_results(&mut self, results: &[Val]) -> Result<(), RebuildError> {
        let types: Vec<ValType> = results.iter().map(Val::ty).collect();
        for (index, &result) in results.iter().enumerate() {
            let bits = self.raw(0, result)?;
            match result_stack_word(&types, index) {
                Some(word) => {
                    let address = *self.rsp() + 8 * word as u64;
                    self.write(address, bits as u64);
                    if types[index] == ValType::V128 {
                        self.write(address + 8, (bits >> 64) as u64);
                    }
                }
                None => {
                    let register = result_register(types[index]);
                    self.registers.set_register(register, bits);
                }
            }
        }
        Ok(())
    }
}
