//! Blocks, branches and merges.
//!
//! The rule at every label that is not a loop's: of the label's values the
//! last is in RAX or XMM0, value `k` of the others in the home slot of stack
//! index `base + k`. A loop's parameters are all in their home slots. Below a
//! block's base everything is in a slot or constant, from its entry to its end.

use super::FunctionCompiler;
use super::operands::{
    Entry, IntSrc, Loc, gpr_of, home_slot, size_of, slot_mem, xmm_of, xmm_size_of,
};
use super::registers::{SCRATCH, TARGET};
use crate::abi::TrapCode;
use crate::abi::registers::{GPR, XMM, result_register};
use crate::abi::value::ValType;
use crate::compile::CompileError;
use crate::compile::masm::{AluOp, Cond, Label, LoadKind, Size, mem_index};
use crate::module::Module;
use alloc::vec::Vec;
use cranelift_assembler_x64::Scale;
use wasmparser::{BlockType, BrTable};

/// Parameter and result types of a block, by reference to the module.
#[derive(Clone, Copy, Debug)]
enum Signature {
    Empty,
    Result(ValType),
    Type(u32),
    Function(u32),
}

impl Signature {
    fn params<'a>(&'a self, module: &'a Module) -> &'a [ValType] {
        match self {
            Self::Type(index) => &module.types[*index as usize].params,
            _ => &[],
        }
    }

    fn results<'a>(&'a self, module: &'a Module) -> &'a [ValType] {
        match self {
            Self::Empty => &[],
            Self::Result(ty) => core::slice::from_ref(ty),
            Self::Type(index) => &module.types[*index as usize].results,
            Self::Function(index) => &module.function_type(*index).results,
        }
    }
}

/// Where loops begin, in bytes: processors fetch decoded instructions by blocks of 32 (Intel 64
/// and IA-32 architectures optimisation reference manual, section on the decoded ICache). A short
/// loop that takes one block less runs up to a tenth faster, poll included.
const LOOP_ALIGNMENT: u32 = 32;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Block,
    Loop,
    /// An `if` before its `else`; the label is that of the else part.
    If(Label),
    Else,
    Function,
}

/// An open block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block {
    kind: Kind,
    signature: Signature,
    /// Where branches to it go.
    label: Label,
    /// Height of the operand stack below its parameters.
    base: usize,
    /// Whether anything jumps to `label`.
    is_target: bool,
}

/// What a branch must bring: how many values, and whether the last is in a register.
#[derive(Clone, Copy, Debug)]
struct Merge {
    arity: usize,
    base: usize,
    last_in_register: bool,
}

impl FunctionCompiler<'_> {
    pub(super) fn push_function_block(&mut self) {
        self.blocks.push(Block {
            kind: Kind::Function,
            signature: Signature::Function(self.function),
            label: self.epilogue,
            base: 0,
            is_target: false,
        });
    }

    fn signature(ty: BlockType) -> Signature {
        match ty {
            BlockType::Empty => Signature::Empty,
            BlockType::Type(ty) => Signature::Result(super::operators::val_type(ty)),
            BlockType::FuncType(index) => Signature::Type(index),
        }
    }

    fn open(&mut self, kind: Kind, signature: Signature) {
        let label = self.masm.new_label();
        let base = self.stack.len() - signature.params(self.module).len();
        self.blocks.push(Block {
            kind,
            signature,
            label,
            base,
            is_target: false,
        });
    }

    pub(super) fn block(&mut self, ty: BlockType) {
        self.flush_all();
        self.open(Kind::Block, Self::signature(ty));
    }

    pub(super) fn loop_(&mut self, ty: BlockType) {
        self.flush_all();
        self.flush_constant_params(Self::signature(ty));
        self.open(Kind::Loop, Self::signature(ty));
        let label = self.blocks[self.blocks.len() - 1].label;
        self.masm.align(LOOP_ALIGNMENT);
        self.masm.bind(label);
        self.poll_loop();
    }

    /// A back edge may bring other values than the entry, so constants of the
    /// block's parameters must go to their slots. Only moves.
    fn flush_constant_params(&mut self, signature: Signature) {
        let params = signature.params(self.module).len();
        for index in self.stack.len() - params..self.stack.len() {
            self.spill(index);
        }
    }

    pub(super) fn if_(&mut self, ty: BlockType) {
        let signature = Self::signature(ty);
        let cond = self.pop_cond();
        self.flush_all();
        self.flush_constant_params(signature);
        let else_label = self.masm.new_label();
        self.jump_unless(cond, else_label);
        self.open(Kind::If(else_label), signature);
    }

    pub(super) fn else_(&mut self) {
        let index = self.blocks.len() - 1;
        let block = self.blocks[index];
        let Kind::If(else_label) = block.kind else {
            unreachable!("validated: else belongs to an if")
        };
        if self.is_reachable {
            self.merge(self.merge_of(&block));
            self.masm.jump(block.label);
            self.blocks[index].is_target = true;
        }
        self.masm.bind(else_label);
        self.blocks[index].kind = Kind::Else;
        self.is_reachable = true;
        self.reset_to_params(&block);
    }

    /// The stack at the start of an else part: the parameters in their slots.
    fn reset_to_params(&mut self, block: &Block) {
        self.truncate(block.base);
        for index in 0..block.signature.params(self.module).len() {
            let ty = block.signature.params(self.module)[index];
            self.push(ty, Loc::Slot);
        }
        self.flushed = self.stack.len();
        self.settled = self.stack.len();
    }

    pub(super) fn end(&mut self) -> Result<(), CompileError> {
        let block = self
            .blocks
            .pop()
            .expect("validated: every end closes a block");
        match block.kind {
            Kind::Loop => {
                if !self.is_reachable {
                    self.truncate(block.base);
                }
                return Ok(());
            }
            Kind::If(else_label) => {
                // Without an else, a false condition brings the parameters as results.
                if self.is_reachable {
                    self.merge(self.merge_of(&block));
                    if !block.signature.results(self.module).is_empty() {
                        self.masm.jump(block.label);
                    }
                }
                self.masm.bind(else_label);
                self.reset_to_params(&block);
                self.merge(self.merge_of(&block));
                self.bind_merged(&block);
            }
            Kind::Function => {
                if self.is_reachable {
                    self.merge(self.merge_of(&block));
                }
                self.is_reachable = true;
            }
            Kind::Block | Kind::Else => match (self.is_reachable, block.is_target) {
                (true, false) if block.kind == Kind::Block => {}
                (true, _) => {
                    self.merge(self.merge_of(&block));
                    self.bind_merged(&block);
                }
                (false, true) => self.bind_merged(&block),
                (false, false) => self.truncate(block.base),
            },
        }
        Ok(())
    }

    /// Binds a block's label; the stack becomes what the merge rule says.
    fn bind_merged(&mut self, block: &Block) {
        self.masm.bind(block.label);
        self.is_reachable = true;
        self.truncate(block.base);
        let results = block.signature.results(self.module).len();
        for index in 0..results {
            let ty = block.signature.results(self.module)[index];
            let loc = match (index + 1 == results, ty.is_float()) {
                (false, _) => Loc::Slot,
                (true, false) => {
                    self.registers.gprs.take(GPR::RAX as u8);
                    Loc::Gpr(GPR::RAX)
                }
                (true, true) => {
                    self.registers.xmms.take(XMM::XMM0 as u8);
                    Loc::Xmm(XMM::XMM0)
                }
            };
            self.push(ty, loc);
        }
    }

    /// Drops every entry at `base` and above. Entries below are in no register.
    fn truncate(&mut self, base: usize) {
        while self.stack.len() > base {
            if let Some(Entry {
                loc: Loc::Local(local),
                ..
            }) = self.stack.pop()
            {
                self.local_refs[local as usize] -= 1;
            }
        }
        self.flushed = self.flushed.min(base);
        self.settled = self.settled.min(base);
        self.registers.reset();
    }

    fn merge_of(&self, block: &Block) -> Merge {
        let is_loop = block.kind == Kind::Loop;
        let types = if is_loop {
            block.signature.params(self.module)
        } else {
            block.signature.results(self.module)
        };
        Merge {
            arity: types.len(),
            base: block.base,
            last_in_register: !is_loop,
        }
    }

    /// Moves the label's values, on top of the stack, to where the merge rule wants
    /// them, without touching the abstract stack: the code behind is another path.
    /// Only moves: the flags survive.
    fn merge(&mut self, merge: Merge) {
        let Some(first) = self.stack.len().checked_sub(merge.arity) else {
            unreachable!("validated arity")
        };
        let mut slots = self.slots_below(merge.base);
        for k in 0..merge.arity {
            let entry = self.stack[first + k];
            let is_last = k + 1 == merge.arity;
            if is_last && merge.last_in_register {
                self.copy_to_result_register(entry);
            } else {
                let slot = home_slot(&mut slots, entry.ty);
                self.copy_to_slot(entry, slot);
            }
        }
    }

    fn copy_to_slot(&mut self, entry: Entry, to: u32) {
        let dst = self.operand_mem(to);
        if entry.loc != Loc::Slot {
            self.copy_to_mem(entry, dst);
        } else if entry.slot != to {
            self.copy_value(entry.ty, dst, slot_mem(entry.slot));
        }
    }

    fn copy_to_result_register(&mut self, entry: Entry) {
        let result = result_register(entry.ty);
        match entry.loc {
            Loc::Const(bits) if entry.ty.is_float() => {
                self.load_float_const(xmm_size_of(entry.ty), XMM::XMM0, bits)
            }
            Loc::Const(bits) => self.masm.mov_imm(GPR::RAX, bits),
            Loc::Gpr(GPR::RAX) | Loc::Xmm(XMM::XMM0) => {}
            Loc::Gpr(reg) => self.masm.mov(size_of(entry.ty), GPR::RAX, reg),
            Loc::Xmm(reg) => self.masm.movaps(XMM::XMM0, reg),
            Loc::Slot | Loc::Local(_) => {
                let register = match entry.loc {
                    Loc::Local(local) => self.local_register(local),
                    _ => None,
                };
                match register {
                    Some(reg) if entry.ty.is_float() => self.masm.movaps(XMM::XMM0, xmm_of(reg)),
                    Some(reg) => self.masm.mov(size_of(entry.ty), GPR::RAX, gpr_of(reg)),
                    None => {
                        let src = match entry.loc {
                            Loc::Local(local) => self.local_mem(local),
                            _ => slot_mem(entry.slot),
                        };
                        self.load_value(entry.ty, result, src);
                    }
                }
            }
            Loc::Vector(_) | Loc::Flags(_) => unreachable!("materialised before"),
        }
    }

    fn target(&mut self, depth: u32) -> Block {
        let index = self.blocks.len() - 1 - depth as usize;
        self.blocks[index].is_target = true;
        self.blocks[index]
    }

    /// The code that follows cannot be reached.
    pub(super) fn set_unreachable(&mut self) {
        self.is_reachable = false;
        self.unreachable_depth = 0;
    }

    pub(super) fn br(&mut self, depth: u32) {
        let block = self.target(depth);
        self.merge(self.merge_of(&block));
        self.masm.jump(block.label);
        self.set_unreachable();
    }

    pub(super) fn br_if(&mut self, depth: u32) {
        let cond = self.pop_cond();
        let block = self.target(depth);
        let merge = self.merge_of(&block);
        if merge.arity == 0 {
            self.masm.jump_if(cond, block.label);
            return;
        }
        // The moves of a taken branch may overwrite registers and slots that the
        // other path still needs, so they get a path of their own.
        let skip = self.masm.new_label();
        self.jump_unless(cond, skip);
        self.merge(merge);
        self.masm.jump(block.label);
        self.masm.bind(skip);
    }

    pub(super) fn br_table(&mut self, table: &BrTable<'_>) -> Result<(), CompileError> {
        let index = match self.pop_int() {
            IntSrc::Reg { reg, .. } => reg,
            other => {
                self.load_int(Size::S32, TARGET, other);
                TARGET
            }
        };
        let not_validated = |error: wasmparser::BinaryReaderError| CompileError::NotValidated {
            function: self.function,
            offset: error.offset(),
        };
        let depths: Vec<u32> = table
            .targets()
            .collect::<Result<_, _>>()
            .map_err(not_validated)?;
        let mut stubs = Vec::new();
        let default = self.table_label(table.default(), &mut stubs);
        let targets: Vec<Label> = depths
            .iter()
            .map(|&depth| self.table_label(depth, &mut stubs))
            .collect();
        for depth in depths.into_iter().chain([table.default()]) {
            self.table_labels[depth as usize] = None;
        }
        self.masm
            .alu_imm(AluOp::Cmp, Size::S32, index, targets.len() as i32);
        self.masm.jump_if(Cond::AboveEqual, default);
        let table = self.masm.new_label();
        self.masm.lea_label(SCRATCH, table);
        self.masm.load_extend(
            LoadKind::Sign32,
            TARGET,
            mem_index(SCRATCH, index, Scale::Four, 0),
        );
        self.masm.alu(AluOp::Add, Size::S64, TARGET, SCRATCH);
        self.masm.jump_to(TARGET);
        self.masm.bind(table);
        let origin = self.masm.offset();
        for label in targets {
            self.masm.table_entry(origin, label);
        }
        for (depth, label) in stubs {
            self.masm.bind(label);
            let block = self.target(depth);
            self.merge(self.merge_of(&block));
            self.masm.jump(block.label);
        }
        self.set_unreachable();
        Ok(())
    }

    /// Where a `br_table` goes for a depth: the block's label, or a stub of its own
    /// that moves values first.
    fn table_label(&mut self, depth: u32, stubs: &mut Vec<(u32, Label)>) -> Label {
        let index = depth as usize;
        if self.table_labels.len() <= index {
            self.table_labels.resize(index + 1, None);
        }
        if let Some(label) = self.table_labels[index] {
            return label;
        }
        let block = self.target(depth);
        let label = match self.merge_of(&block).arity {
            0 => block.label,
            _ => {
                let stub = self.masm.new_label();
                stubs.push((depth, stub));
                stub
            }
        };
        self.table_labels[index] = Some(label);
        label
    }

    pub(super) fn return_(&mut self) {
        self.br(self.blocks.len() as u32 - 1);
    }

    pub(super) fn unreachable(&mut self) {
        self.may_trap(TrapCode::Unreachable);
        self.masm.ud2();
        self.set_unreachable();
    }

    // ---- conditions ---------------------------------------------------------

    /// Pops an i32 as a condition on the flags. Nothing but moves may follow
    /// until it is used.
    pub(super) fn pop_cond(&mut self) -> Cond {
        if let Some(Entry {
            loc: Loc::Flags(cond),
            ..
        }) = self.stack.last().copied()
        {
            self.pop();
            return cond;
        }
        match self.pop_int() {
            IntSrc::Reg { reg, owned } => {
                self.test_zero(Size::S32, reg);
                self.release_if(reg, owned);
            }
            IntSrc::Mem(src) => self.masm.alu_imm(AluOp::Cmp, Size::S32, src, 0),
            IntSrc::Const(bits) => {
                self.masm.mov_imm(SCRATCH, bits);
                self.masm.test(Size::S32, SCRATCH, SCRATCH);
            }
        }
        Cond::NotEqual
    }

    fn jump_unless(&mut self, cond: Cond, label: Label) {
        self.masm.jump_if(cond.negate(), label);
    }

    /// `select`: flags decide between the two values below.
    pub(super) fn select(&mut self) {
        let cond = match self.pop_cond() {
            Cond::FloatEqual => self.test_flags(Cond::FloatEqual),
            Cond::FloatNotEqual => self.test_flags(Cond::FloatNotEqual),
            cond => cond,
        };
        let ty = self.stack[self.stack.len() - 1].ty;
        if ty.is_float() {
            self.select_float(ty, cond)
        } else {
            self.select_int(ty, cond)
        }
    }

    /// Turns a condition that takes two flags into one that takes one.
    fn test_flags(&mut self, cond: Cond) -> Cond {
        self.masm.set_cond(cond, TARGET);
        self.masm.test(Size::S32, TARGET, TARGET);
        Cond::NotEqual
    }

    fn select_int(&mut self, ty: ValType, cond: Cond) {
        let size = size_of(ty);
        let other = self.pop_int();
        let src = self.pop_int();
        let dst = self.int_owned(size, src);
        match other {
            IntSrc::Reg { reg, .. } => self.masm.cmov(cond.negate(), size, dst, reg),
            IntSrc::Mem(mem) => self.masm.cmov(cond.negate(), size, dst, mem),
            IntSrc::Const(bits) => {
                self.masm.mov_imm(SCRATCH, bits);
                self.masm.cmov(cond.negate(), size, dst, SCRATCH);
            }
        }
        self.release_int(other);
        self.push_gpr(ty, dst);
    }

    fn select_float(&mut self, ty: ValType, cond: Cond) {
        let size = xmm_size_of(ty);
        let other = self.pop_float();
        let src = self.pop_float();
        let dst = self.float_owned(size, src);
        let keep = self.masm.new_label();
        self.masm.jump_if(cond, keep);
        self.load_float(size, dst, other);
        self.masm.bind(keep);
        self.release_float(other);
        self.push_xmm(ty, dst);
    }
}
