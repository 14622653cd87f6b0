//! The single-pass baseline compiler.
//!
//! One pass over validated operators, with a look at the opcode of the next. Values
//! wait on an abstract stack ([`operands`]) until an instruction needs them ([`reading`])
//! or they have to go to the frame ([`spill`]);
//! the hottest locals live in registers for the whole function ([`local_registers`]),
//! so that control-flow merges ([`control`]) move operand-stack values only,
//! by a fixed rule: at a label the last value is in RAX or XMM0, the others in
//! their home slots, and everything below is in a slot or constant.
//!
//! Suspend points are described to the state map as they are emitted.

mod address;
mod call;
mod control;
mod convert;
mod float;
mod frame;
mod integer;
mod local_registers;
mod memory;
mod moves;
mod operands;
mod operators;
mod reading;
mod registers;
#[cfg(feature = "simd")]
mod simd_compare;
#[cfg(feature = "simd")]
mod simd_convert;
#[cfg(feature = "simd")]
mod simd_float;
#[cfg(feature = "simd")]
mod simd_integer;
#[cfg(feature = "simd")]
mod simd_lanes;
#[cfg(feature = "simd")]
mod simd_memory;
#[cfg(feature = "simd")]
mod simd_multiply;
#[cfg(feature = "simd")]
mod simd_operands;
#[cfg(feature = "simd")]
mod simd_scalar;
#[cfg(feature = "simd")]
mod simd_shift;
#[cfg(feature = "simd")]
mod simd_shuffle;
mod spill;
mod table;
mod tail_call;
mod vector;

use super::masm::{Label, Masm};
use super::{CodePosition, CompileError, CompileOptions, RegisterCache, SignatureSite};
use crate::abi::vmctx::{VmCtx, VmOffsets};
use crate::abi::{GPR, TrapCode};
use crate::limits;
use crate::module::{FunctionBody, Module};
use crate::state::{LocalHome, ModuleStateMapBuilder, Operand, PointKind, SuspendPoint};
use alloc::vec;
use alloc::vec::Vec;
use control::Block;
use core::mem::offset_of;
use core::ops::Range;
use operands::Entry;
use registers::RegisterFile;

/// A `call rel32` or `jmp rel32` to a defined function, to be patched when all code is there.
#[derive(Clone, Copy, Debug)]
pub(super) struct CallSite {
    /// Offset of the rel32.
    pub(super) at: u32,
    /// Function index of the callee.
    pub(super) function: u32,
}

/// What all functions of a module share while they are compiled.
pub(super) struct ModuleContext<'a> {
    pub(super) module: &'a Module,
    pub(super) options: &'a CompileOptions,
    pub(super) offsets: VmOffsets,
    pub(super) masm: Masm,
    pub(super) state_map: ModuleStateMapBuilder,
    pub(super) calls: Vec<CallSite>,
    pub(super) signature_sites: Vec<SignatureSite>,
}

/// A jump out of line that ends in a trap.
#[derive(Clone, Debug)]
struct TrapStub {
    label: Label,
    code: TrapCode,
    wasm_offset: u32,
    operands: Range<usize>,
}

/// A jump out of line to the poll trampoline.
#[derive(Clone, Debug)]
struct PollStub {
    label: Label,
    /// Where the fast path goes on.
    resume: Label,
    resume_offset: u32,
    kind: PointKind,
    wasm_offset: u32,
    operands: Range<usize>,
}

/// One function being compiled.
struct FunctionCompiler<'a> {
    module: &'a Module,
    options: &'a CompileOptions,
    offsets: VmOffsets,
    masm: &'a mut Masm,
    state_map: &'a mut ModuleStateMapBuilder,
    calls: &'a mut Vec<CallSite>,
    signature_sites: &'a mut Vec<SignatureSite>,
    function: u32,
    body: &'a FunctionBody,
    /// Breakpoints of this function that are still to come.
    breakpoints: &'a [CodePosition],

    locals: Vec<LocalHome>,
    /// Entries of the operand stack that refer to each local.
    local_refs: Vec<u32>,
    /// Callee-saved registers in use, and their slots.
    saved: Vec<(crate::abi::RegisterIndex, u32)>,
    /// Locals in registers that a call does not preserve.
    caller_saved_locals: Vec<u32>,

    registers: RegisterFile,
    stack: Vec<Entry>,
    /// No entry below this stack index is in a register.
    flushed: usize,
    /// Every entry below this stack index is in its slot or constant.
    settled: usize,
    blocks: Vec<Block>,
    /// Where a `br_table` goes for each depth; all None between two of them.
    table_labels: Vec<Option<Label>>,
    /// Whether the code here can be reached.
    is_reachable: bool,
    /// Blocks opened since the code became unreachable.
    unreachable_depth: u32,
    /// A register whose value the zero flag tells, if the code still ends at this offset.
    zero_flag: Option<(u32, GPR)>,

    first_operand_slot: u32,
    /// Behind the highest slot that an operand has been in.
    operand_slots_end: u32,
    /// Outgoing stack words.
    outgoing_words: u32,
    epilogue: Label,

    /// Offset of the current operator in the module's bytes.
    wasm_offset: u32,
    /// Offset of the next one.
    next_offset: u32,
    /// Operand lists of stubs that are not emitted yet.
    arena: Vec<Operand>,
    /// How many operands all suspend points so far have described.
    described_operands: usize,
    trap_stubs: Vec<TrapStub>,
    poll_stubs: Vec<PollStub>,
}

/// Compiles one function (by its index among the defined ones) behind the code
/// so far; returns its code range.
pub(super) fn compile_function(
    context: &mut ModuleContext<'_>,
    defined: usize,
) -> Result<Range<u32>, CompileError> {
    let module = context.module;
    let body = &module.bodies[defined];
    let function = module.imported_functions + defined as u32;
    let refuse = |reason| CompileError::Limit { function, reason };
    if body.locals.len() > limits::MAX_LOCALS as usize {
        return Err(refuse(super::Limit::Locals));
    }
    let assigned = match context.options.cache {
        RegisterCache::Full => local_registers::assign_registers(&body.locals, &body.survey),
        RegisterCache::Operands | RegisterCache::Nothing => vec![None; body.locals.len()],
    };
    let start = context.masm.offset();
    context.state_map.begin_function(start);
    let epilogue = context.masm.new_label();
    let mut compiler = FunctionCompiler {
        module,
        options: context.options,
        offsets: context.offsets,
        masm: &mut context.masm,
        state_map: &mut context.state_map,
        calls: &mut context.calls,
        signature_sites: &mut context.signature_sites,
        function,
        body,
        breakpoints: breakpoints_from(
            &context.options.breakpoints,
            CodePosition {
                function,
                wasm_offset: body.first_operator as u32,
            },
        ),
        locals: Vec::new(),
        local_refs: vec![0; body.locals.len()],
        saved: Vec::new(),
        caller_saved_locals: Vec::new(),
        registers: RegisterFile::new(),
        stack: Vec::new(),
        flushed: 0,
        settled: 0,
        blocks: Vec::new(),
        table_labels: Vec::new(),
        is_reachable: true,
        unreachable_depth: 0,
        zero_flag: None,
        first_operand_slot: 0,
        operand_slots_end: 0,
        outgoing_words: 0,
        epilogue,
        wasm_offset: body.first_operator as u32,
        next_offset: body.first_operator as u32,
        arena: Vec::new(),
        described_operands: 0,
        trap_stubs: Vec::new(),
        poll_stubs: Vec::new(),
    };
    compiler.lay_out_frame(&assigned);
    compiler.run(start)?;
    context.masm.resolve();
    let end = context.masm.offset();
    context.masm.place_constants();
    Ok(start..end)
}

/// The breakpoints of one function from an offset on, out of all, which are sorted.
fn breakpoints_from(all: &[CodePosition], first: CodePosition) -> &[CodePosition] {
    let start = all.partition_point(|&position| position < first);
    let end = all.partition_point(|position| position.function <= first.function);
    &all[start..end]
}

impl FunctionCompiler<'_> {
    fn run(&mut self, start: u32) -> Result<(), CompileError> {
        let prologue = self.prologue();
        self.compile_operators()?;
        self.epilogue();
        self.emit_stubs();
        self.finish_frame(start, &prologue)
    }

    fn compile_operators(&mut self) -> Result<(), CompileError> {
        let function = self.function;
        let not_validated = |error: wasmparser::BinaryReaderError| CompileError::NotValidated {
            function,
            offset: error.offset(),
        };
        let mut operators = self.module.operators(self.body);
        self.push_function_block();
        while !operators.eof() {
            self.wasm_offset = operators.original_position() as u32;
            let operator = operators.read().map_err(not_validated)?;
            self.next_offset = operators.original_position() as u32;
            if self.has_breakpoint_at(self.wasm_offset) {
                self.breakpoint();
            }
            self.skip_breakpoints_before(self.next_offset);
            self.operator(operator)?;
            if self.options.cache == RegisterCache::Nothing {
                self.spill_results();
            }
            if self.masm.offset() > limits::MAX_CODE_SIZE {
                return Err(CompileError::Limit {
                    function,
                    reason: super::Limit::CodeSize,
                });
            }
            if self.described_operands > limits::MAX_DESCRIBED_OPERANDS {
                return Err(CompileError::Limit {
                    function,
                    reason: super::Limit::DescribedOperands,
                });
            }
        }
        Ok(())
    }

    // ---- suspend points -----------------------------------------------------

    /// Records a suspend point at the current operator.
    fn point(
        &mut self,
        kind: PointKind,
        code_offset: u32,
        activate_offset: u32,
        operands: Range<usize>,
    ) {
        self.state_map.point(&SuspendPoint {
            kind,
            code_offset,
            activate_offset,
            wasm_offset: self.wasm_offset,
            operands: &self.arena[operands],
        });
    }

    /// Records that the instruction about to be emitted may fault. The operator's own
    /// operands must have been popped.
    fn may_trap(&mut self, code: TrapCode) {
        self.point_here(PointKind::Trappable(code), None);
    }

    /// Records a suspend point where the code is now, with the whole operand stack. A rebuilt
    /// frame goes on there, if not elsewhere.
    fn point_here(&mut self, kind: PointKind, activate: Option<u32>) {
        let mark = self.arena.len();
        let operands = self.snapshot(self.stack.len());
        let offset = self.masm.offset();
        self.point(kind, offset, activate.unwrap_or(offset), operands);
        self.arena.truncate(mark);
    }

    /// A label out of line that traps; for jumps taken when a check fails. The
    /// lowest `operands` entries of the stack are the state there.
    fn trap_label(&mut self, code: TrapCode, operands: usize) -> Label {
        let label = self.masm.new_label();
        let operands = self.snapshot(operands);
        self.trap_stubs.push(TrapStub {
            label,
            code,
            wasm_offset: self.wasm_offset,
            operands,
        });
        label
    }

    // ---- breakpoints --------------------------------------------------------

    fn skip_breakpoints_before(&mut self, wasm_offset: u32) {
        while let [position, rest @ ..] = self.breakpoints
            && position.wasm_offset < wasm_offset
        {
            self.breakpoints = rest;
        }
    }

    /// Whether the next breakpoint, those before skipped, is at this operator.
    fn has_breakpoint_at(&self, wasm_offset: u32) -> bool {
        self.breakpoints
            .first()
            .is_some_and(|position| position.wasm_offset == wasm_offset)
    }

    /// Calls the poll trampoline before the current operator, with every value in a place
    /// of its own: a debugger may change locals, which must not change operands.
    fn breakpoint(&mut self) {
        if !self.is_reachable {
            return;
        }
        self.materialize_flags();
        self.materialize_vector();
        for index in 0..self.stack.len() {
            if let operands::Loc::Local(local) = self.stack[index].loc {
                self.preserve_local(local);
            }
        }
        self.masm
            .call(frame::vmctx_mem(offset_of!(VmCtx, poll_entry)));
        self.point_here(PointKind::Breakpoint, None);
    }

    /// Code that is jumped to when something rare happens, behind the function.
    fn emit_stubs(&mut self) {
        for stub in core::mem::take(&mut self.trap_stubs) {
            self.masm.bind(stub.label);
            self.wasm_offset = stub.wasm_offset;
            let offset = self.masm.offset();
            self.point(
                PointKind::Trappable(stub.code),
                offset,
                offset,
                stub.operands,
            );
            self.masm.ud2();
        }
        for stub in core::mem::take(&mut self.poll_stubs) {
            self.emit_poll_stub(&stub);
        }
    }
}
