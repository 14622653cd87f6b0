//! The abstract operand stack: where each value is while code is emitted.
//!
//! An entry is a constant, a local that has not been copied yet, a register, its
//! home slot in the frame, or the flags of a comparison (top entry only).
//! Entries reach their home slot when registers run out, before calls, and at
//! the entry of blocks; so below the innermost block's base there are only
//! slots and constants, and every path to a merge agrees on them.

use super::FunctionCompiler;
use super::registers::{SCRATCH, XMM_SCRATCH};
use crate::abi::registers::{GPR, RegisterIndex, X64Register, XMM, stack_words};
use crate::abi::value::ValType;
use crate::compile::masm::{Cond, Mem, Size, Width, XmmSize, mem};
use crate::limits;
use crate::state::{Operand, OperandHome};

/// Where an operand-stack value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loc {
    /// Nowhere: a constant (raw bits); no v128.
    Const(u64),
    /// Still in this local.
    Local(u32),
    /// In an integer register that this entry owns.
    Gpr(GPR),
    /// In an XMM register that this entry owns.
    Xmm(XMM),
    /// In its home slot.
    Slot,
    /// Nowhere: a v128 constant (top entry only, until the next operator takes it).
    Vector(u128),
    /// An i32 that is 1 if the condition holds on the flags, else 0.
    Flags(Cond),
}

/// One entry of the abstract operand stack.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) ty: ValType,
    pub(super) loc: Loc,
    /// Its home slot, above those of all entries below it. A v128 has this one and the
    /// one before, its low half in this.
    pub(super) slot: u32,
}

/// A popped integer, where an instruction can read it.
#[derive(Clone, Copy, Debug)]
pub(super) enum IntSrc {
    /// In a register; `owned` if it may be overwritten and must be released.
    Reg { reg: GPR, owned: bool },
    /// In memory: a slot of the frame.
    Mem(Mem),
    /// A constant (raw bits).
    Const(u64),
}

/// A popped float or v128, where an instruction can read it.
#[derive(Clone, Copy, Debug)]
pub(super) enum FloatSrc {
    /// In a register; `owned` if it may be overwritten and must be released.
    Reg { reg: XMM, owned: bool },
    /// In memory: a slot of the frame.
    Mem(Mem),
    /// A constant (raw bits).
    Const(u128),
}

/// The width in which values of a type are moved; a float's is that of its bits.
///
/// # Panics
///
/// Panics on v128, of which no general-purpose register holds one.
pub(super) fn size_of(ty: ValType) -> Size {
    match ty {
        ValType::I32 | ValType::F32 => Size::S32,
        ValType::I64 | ValType::F64 | ValType::FuncRef | ValType::ExternRef => Size::S64,
        ValType::V128 => unreachable!("a v128 is in XMM registers only"),
    }
}

/// The width in which values of a type are moved that live in XMM registers.
///
/// # Panics
///
/// Panics on other types.
pub(super) fn xmm_size_of(ty: ValType) -> XmmSize {
    match ty {
        ValType::V128 => XmmSize::S128,
        _ => {
            assert!(ty.is_float(), "{ty} is in general-purpose registers");
            size_of(ty).into()
        }
    }
}

/// The store width of a size.
pub(super) fn width_of(size: Size) -> Width {
    match size {
        Size::S32 => Width::W32,
        Size::S64 => Width::W64,
    }
}

/// The home of a value of type `ty` in the slots from `next` on, which it moves behind it.
pub(super) fn home_slot(next: &mut u32, ty: ValType) -> u32 {
    *next += stack_words(ty) as u32;
    *next - 1
}

/// The slot with an index, as a memory operand; of a v128, the slot of its low half.
pub(super) fn slot_mem(slot: u32) -> Mem {
    mem(GPR::RBP, -8 * (slot as i32 + 1))
}

pub(super) fn gpr_of(index: RegisterIndex) -> GPR {
    GPR::ALL[index.0]
}

pub(super) fn xmm_of(index: RegisterIndex) -> XMM {
    XMM::ALL[index.0 - 16]
}

impl FunctionCompiler<'_> {
    /// Pushes an entry; a register it names becomes its own.
    pub(super) fn push(&mut self, ty: ValType, loc: Loc) {
        let index = self.stack.len() as u32;
        let slot = self.next_slot(ty);
        match loc {
            Loc::Gpr(reg) => self.registers.gprs.set_owner(reg as u8, index),
            Loc::Xmm(reg) => self.registers.xmms.set_owner(reg as u8, index),
            Loc::Local(local) => self.local_refs[local as usize] += 1,
            Loc::Slot => self.note_slot(slot),
            Loc::Const(_) | Loc::Vector(_) | Loc::Flags(_) => {}
        }
        self.stack.push(Entry { ty, loc, slot });
    }

    pub(super) fn push_gpr(&mut self, ty: ValType, reg: GPR) {
        self.push(ty, Loc::Gpr(reg));
    }

    pub(super) fn push_xmm(&mut self, ty: ValType, reg: XMM) {
        self.push(ty, Loc::Xmm(reg));
    }

    /// Pops the top entry. A register it was in is then held by the caller.
    pub(super) fn pop(&mut self) -> Entry {
        let entry = self
            .stack
            .pop()
            .expect("validated: the operand stack is not empty");
        match entry.loc {
            Loc::Gpr(reg) => self
                .registers
                .gprs
                .set_owner(reg as u8, super::registers::HELD),
            Loc::Xmm(reg) => self
                .registers
                .xmms
                .set_owner(reg as u8, super::registers::HELD),
            Loc::Local(local) => self.local_refs[local as usize] -= 1,
            Loc::Const(_) | Loc::Vector(_) | Loc::Slot | Loc::Flags(_) => {}
        }
        self.flushed = self.flushed.min(self.stack.len());
        self.settled = self.settled.min(self.stack.len());
        entry
    }

    /// Pops and discards.
    pub(super) fn drop_top(&mut self) {
        match self.pop().loc {
            Loc::Gpr(reg) => self.release_gpr(reg),
            Loc::Xmm(reg) => self.release_xmm(reg),
            _ => {}
        }
    }

    /// The first slot above the homes of the lowest `count` entries.
    pub(super) fn slots_below(&self, count: usize) -> u32 {
        match count.checked_sub(1) {
            Some(below) => self.stack[below].slot + 1,
            None => self.first_operand_slot,
        }
    }

    /// The home slot of the value that is pushed next, if it is of type `ty`.
    pub(super) fn next_slot(&self, ty: ValType) -> u32 {
        home_slot(&mut self.slots_below(self.stack.len()), ty)
    }

    /// The home slot with this number, which it marks as used.
    pub(super) fn operand_mem(&mut self, slot: u32) -> Mem {
        self.note_slot(slot);
        slot_mem(slot)
    }

    fn note_slot(&mut self, slot: u32) {
        self.operand_slots_end = self.operand_slots_end.max(slot + 1);
    }

    /// Where a local is outside calls: a register, or its home slot.
    pub(super) fn local_register(&self, local: u32) -> Option<RegisterIndex> {
        self.locals[local as usize].register
    }

    pub(super) fn local_mem(&self, local: u32) -> Mem {
        slot_mem(
            self.locals[local as usize]
                .slot
                .expect("a local without a register has a slot"),
        )
    }

    // ---- registers ----------------------------------------------------------

    /// A free integer register, spilling the deepest entry that has one if need be.
    pub(super) fn alloc_gpr(&mut self) -> GPR {
        if let Some(reg) = self.registers.gprs.take_free() {
            return GPR::ALL[usize::from(reg)];
        }
        let index = self.deepest(|loc| matches!(loc, Loc::Gpr(_)));
        let Loc::Gpr(reg) = self.stack[index].loc else {
            unreachable!()
        };
        self.spill(index);
        self.registers.gprs.take(reg as u8);
        reg
    }

    /// A free float register, spilling the deepest entry that has one if need be.
    pub(super) fn alloc_xmm(&mut self) -> XMM {
        if let Some(reg) = self.registers.xmms.take_free() {
            return XMM::ALL[usize::from(reg)];
        }
        let index = self.deepest(|loc| matches!(loc, Loc::Xmm(_)));
        let Loc::Xmm(reg) = self.stack[index].loc else {
            unreachable!()
        };
        self.spill(index);
        self.registers.xmms.take(reg as u8);
        reg
    }

    fn deepest(&mut self, wanted: impl Fn(Loc) -> bool) -> usize {
        while !matches!(self.stack[self.flushed].loc, Loc::Gpr(_) | Loc::Xmm(_)) {
            self.flushed += 1;
        }
        let from = self.flushed;
        let found = self.stack[from..]
            .iter()
            .position(|entry| wanted(entry.loc));
        from + found.expect("operators hold fewer registers than there are")
    }

    /// Takes a particular integer register, moving its owner elsewhere.
    pub(super) fn take_gpr(&mut self, reg: GPR) {
        if !self.registers.gprs.is_free(reg as u8) {
            let owner = self.registers.gprs.owner(reg as u8);
            assert_ne!(owner, super::registers::HELD, "{reg:?} is held");
            match self.registers.gprs.take_free() {
                Some(other) => {
                    let other = GPR::ALL[usize::from(other)];
                    self.masm.mov(Size::S64, other, reg);
                    self.stack[owner as usize].loc = Loc::Gpr(other);
                    self.registers.gprs.set_owner(other as u8, owner);
                    self.registers.gprs.release(reg as u8);
                }
                None => self.spill(owner as usize),
            }
        }
        self.registers.gprs.take(reg as u8);
    }

    /// Takes a particular float register, moving its owner elsewhere.
    pub(super) fn take_xmm(&mut self, reg: XMM) {
        if !self.registers.xmms.is_free(reg as u8) {
            let owner = self.registers.xmms.owner(reg as u8);
            assert_ne!(owner, super::registers::HELD, "{reg:?} is held");
            self.spill(owner as usize);
        }
        self.registers.xmms.take(reg as u8);
    }

    pub(super) fn release_gpr(&mut self, reg: GPR) {
        self.registers.gprs.release(reg as u8);
    }

    pub(super) fn release_xmm(&mut self, reg: XMM) {
        self.registers.xmms.release(reg as u8);
    }

    pub(super) fn release_int(&mut self, src: IntSrc) {
        if let IntSrc::Reg { reg, owned: true } = src {
            self.release_gpr(reg);
        }
    }

    pub(super) fn release_float(&mut self, src: FloatSrc) {
        if let FloatSrc::Reg { reg, owned: true } = src {
            self.release_xmm(reg);
        }
    }

    // ---- spilling -----------------------------------------------------------

    /// Stores an entry to its home slot, wherever it is. Only moves: the flags survive.
    pub(super) fn spill(&mut self, index: usize) {
        let entry = self.stack[index];
        if entry.loc == Loc::Slot {
            return;
        }
        let slot = self.operand_mem(entry.slot);
        self.copy_to_mem(entry, slot);
        match entry.loc {
            Loc::Gpr(reg) => self.release_gpr(reg),
            Loc::Xmm(reg) => self.release_xmm(reg),
            Loc::Local(local) => self.local_refs[local as usize] -= 1,
            _ => {}
        }
        self.stack[index].loc = Loc::Slot;
    }

    /// Copies a value that is not in a slot to memory; clobbers scratch registers only.
    pub(super) fn copy_to_mem(&mut self, entry: Entry, dst: Mem) {
        match entry.loc {
            Loc::Const(bits) => self.store_const(width_of(size_of(entry.ty)), dst, bits),
            Loc::Gpr(reg) => self.store_value(entry.ty, dst, reg.to_index()),
            Loc::Xmm(reg) => self.store_value(entry.ty, dst, reg.to_index()),
            Loc::Local(local) => match self.local_register(local) {
                Some(reg) => self.store_value(entry.ty, dst, reg),
                None => self.copy_value(entry.ty, dst, self.local_mem(local)),
            },
            Loc::Vector(bits) => {
                self.vector_constant(XMM_SCRATCH, bits);
                self.store_value(entry.ty, dst, XMM_SCRATCH.to_index());
            }
            Loc::Slot | Loc::Flags(_) => unreachable!("already in memory, or materialised before"),
        }
    }

    pub(super) fn store_const(&mut self, width: Width, dst: Mem, bits: u64) {
        let narrow = if width == Width::W64 {
            i32::try_from(bits as i64).ok()
        } else {
            Some(bits as i32)
        };
        match narrow {
            Some(value) => self.masm.store_imm(width, dst, value),
            None => {
                self.masm.mov_imm(SCRATCH, bits);
                self.masm.store(width, dst, SCRATCH);
            }
        }
    }

    /// Stores every entry below `limit` that is in a register to its slot.
    pub(super) fn flush_registers(&mut self, limit: usize) {
        for index in self.flushed..limit {
            if matches!(self.stack[index].loc, Loc::Gpr(_) | Loc::Xmm(_)) {
                self.spill(index);
            }
        }
        self.flushed = self.flushed.max(limit);
    }

    /// Stores every entry that is in a register or still in a local to its slot, so
    /// that all paths to a merge agree. Only moves: the flags survive.
    pub(super) fn flush_all(&mut self) {
        for index in self.settled..self.stack.len() {
            if !matches!(self.stack[index].loc, Loc::Const(_)) {
                self.spill(index);
            }
        }
        self.flushed = self.stack.len();
        self.settled = self.stack.len();
    }

    /// Stores what an operator has pushed to the frame; everything below is there already.
    pub(super) fn spill_results(&mut self) {
        let is_function_end = self.blocks.is_empty();
        if !self.is_reachable || is_function_end {
            return;
        }
        self.materialize_flags();
        for index in (0..self.stack.len()).rev() {
            if self.stack[index].loc == Loc::Slot {
                break;
            }
            self.spill(index);
        }
    }

    /// Before a local changes: gives entries that still refer to it a copy.
    pub(super) fn preserve_local(&mut self, local: u32) {
        let mut index = self.stack.len();
        while self.local_refs[local as usize] > 0 {
            index -= 1;
            if self.stack[index].loc == Loc::Local(local) {
                self.copy_out(index, local);
            }
        }
    }

    /// Gives an entry that refers to a local a register, or else its home slot.
    fn copy_out(&mut self, index: usize, local: u32) {
        let ty = self.stack[index].ty;
        let class = if ty.is_float() {
            &mut self.registers.xmms
        } else {
            &mut self.registers.gprs
        };
        let Some(reg) = class.take_free() else {
            return self.spill(index);
        };
        class.set_owner(reg, index as u32);
        let home = self.local_register(local);
        self.stack[index].loc = if ty.is_float() {
            let reg = XMM::ALL[usize::from(reg)];
            match home {
                Some(home) => self.masm.movaps(reg, xmm_of(home)),
                None => self.load_value(ty, reg.to_index(), self.local_mem(local)),
            }
            Loc::Xmm(reg)
        } else {
            let reg = GPR::ALL[usize::from(reg)];
            match home {
                Some(home) => self.masm.mov(size_of(ty), reg, gpr_of(home)),
                None => self.load_value(ty, reg.to_index(), self.local_mem(local)),
            }
            Loc::Gpr(reg)
        };
        self.local_refs[local as usize] -= 1;
        self.flushed = self.flushed.min(index);
        self.settled = self.settled.min(index);
    }

    // ---- reading operands ---------------------------------------------------

    /// Turns a pending comparison on top of the stack into a register.
    pub(super) fn materialize_flags(&mut self) {
        if let Some(Entry {
            loc: Loc::Flags(cond),
            ..
        }) = self.stack.last().copied()
        {
            self.stack.pop();
            let reg = self.alloc_gpr();
            self.masm.set_cond(cond, reg);
            self.push_gpr(ValType::I32, reg);
        }
    }

    /// Pops an integer or reference, where it is.
    pub(super) fn pop_int(&mut self) -> IntSrc {
        let entry = self.pop();
        match entry.loc {
            Loc::Const(bits) => IntSrc::Const(bits),
            Loc::Gpr(reg) => IntSrc::Reg { reg, owned: true },
            Loc::Slot => IntSrc::Mem(slot_mem(entry.slot)),
            Loc::Local(local) => match self.local_register(local) {
                Some(reg) => IntSrc::Reg {
                    reg: gpr_of(reg),
                    owned: false,
                },
                None => IntSrc::Mem(self.local_mem(local)),
            },
            Loc::Flags(_) | Loc::Xmm(_) | Loc::Vector(_) => unreachable!("not an integer operand"),
        }
    }

    /// Pops a float or v128, where it is.
    pub(super) fn pop_float(&mut self) -> FloatSrc {
        let entry = self.pop();
        match entry.loc {
            Loc::Const(bits) => FloatSrc::Const(bits.into()),
            Loc::Vector(bits) => FloatSrc::Const(bits),
            Loc::Xmm(reg) => FloatSrc::Reg { reg, owned: true },
            Loc::Slot => FloatSrc::Mem(slot_mem(entry.slot)),
            Loc::Local(local) => match self.local_register(local) {
                Some(reg) => FloatSrc::Reg {
                    reg: xmm_of(reg),
                    owned: false,
                },
                None => FloatSrc::Mem(self.local_mem(local)),
            },
            Loc::Flags(_) | Loc::Gpr(_) => unreachable!("not a float operand"),
        }
    }

    /// Moves an integer into a particular register.
    pub(super) fn load_int(&mut self, size: Size, dst: GPR, src: IntSrc) {
        match src {
            IntSrc::Reg { reg, .. } if reg == dst => {}
            IntSrc::Reg { reg, .. } => self.masm.mov(size, dst, reg),
            IntSrc::Mem(mem) => self.masm.load(size, dst, mem),
            IntSrc::Const(bits) => self.masm.mov_imm(dst, bits),
        }
    }

    /// Moves a float into a particular register.
    pub(super) fn load_float(&mut self, size: impl Into<XmmSize>, dst: XMM, src: FloatSrc) {
        let size = size.into();
        match src {
            FloatSrc::Reg { reg, .. } if reg == dst => {}
            FloatSrc::Reg { reg, .. } => self.masm.movaps(dst, reg),
            FloatSrc::Mem(mem) => self.masm.load_float(size, dst, mem),
            FloatSrc::Const(bits) => self.load_float_const(size, dst, bits),
        }
    }

    pub(super) fn load_float_const(
        &mut self,
        size: impl Into<XmmSize>,
        dst: XMM,
        bits: impl Into<u128>,
    ) {
        let bits = bits.into();
        if bits == 0 {
            return self.masm.zero_xmm(dst);
        }
        let (size, bits) = match size.into() {
            XmmSize::S32 => (Size::S32, u64::from(bits as u32)),
            XmmSize::S64 => (Size::S64, bits as u64),
            XmmSize::S128 => return self.vector_constant(dst, bits),
        };
        self.masm.mov_imm(SCRATCH, bits);
        self.masm.mov_to_xmm(size, dst, SCRATCH);
    }

    /// A register that holds the integer, to be read only.
    pub(super) fn int_in_reg(&mut self, size: Size, src: IntSrc) -> (GPR, bool) {
        match src {
            IntSrc::Reg { reg, owned } => (reg, owned),
            _ => {
                let reg = self.alloc_gpr();
                self.load_int(size, reg, src);
                (reg, true)
            }
        }
    }

    /// A register that holds the integer and may be overwritten.
    pub(super) fn int_owned(&mut self, size: Size, src: IntSrc) -> GPR {
        match src {
            IntSrc::Reg { reg, owned: true } => reg,
            _ => {
                let reg = self.alloc_gpr();
                self.load_int(size, reg, src);
                reg
            }
        }
    }

    /// A register that holds the float, to be read only.
    pub(super) fn float_in_reg(&mut self, size: impl Into<XmmSize>, src: FloatSrc) -> (XMM, bool) {
        match src {
            FloatSrc::Reg { reg, owned } => (reg, owned),
            _ => {
                let reg = self.alloc_xmm();
                self.load_float(size, reg, src);
                (reg, true)
            }
        }
    }

    /// A register that holds the float until the next use of XMM15, to be stored from.
    pub(super) fn float_to_store(&mut self, size: impl Into<XmmSize>, src: FloatSrc) -> XMM {
        match src {
            FloatSrc::Reg { reg, .. } => reg,
            _ => {
                self.load_float(size, XMM_SCRATCH, src);
                XMM_SCRATCH
            }
        }
    }

    /// A register that holds the float and may be overwritten.
    pub(super) fn float_owned(&mut self, size: impl Into<XmmSize>, src: FloatSrc) -> XMM {
        match src {
            FloatSrc::Reg { reg, owned: true } => reg,
            _ => {
                let reg = self.alloc_xmm();
                self.load_float(size, reg, src);
                reg
            }
        }
    }

    /// Pops an integer into a register to be read only.
    pub(super) fn pop_int_in_reg(&mut self, size: Size) -> (GPR, bool) {
        let src = self.pop_int();
        self.int_in_reg(size, src)
    }

    /// Pops an integer into a particular register, which is then held.
    pub(super) fn pop_int_into(&mut self, size: Size, dst: GPR) {
        let src = self.pop_int();
        match src {
            IntSrc::Reg { reg, owned: true } if reg == dst => {}
            _ => {
                self.take_gpr(dst);
                self.load_int(size, dst, src);
                self.release_int(src);
            }
        }
    }

    /// Releases a register if it was owned.
    pub(super) fn release_if(&mut self, reg: GPR, owned: bool) {
        if owned {
            self.release_gpr(reg);
        }
    }

    /// Releases a float register if it was owned.
    pub(super) fn release_xmm_if(&mut self, reg: XMM, owned: bool) {
        if owned {
            self.release_xmm(reg);
        }
    }

    // ---- flags --------------------------------------------------------------

    /// The instruction just emitted has set the zero flag by its result in `reg`.
    pub(super) fn note_zero_flag(&mut self, reg: GPR) {
        self.zero_flag = Some((self.masm.offset(), reg));
    }

    /// Sets the zero flag by a register, if it does not tell its value already. Other
    /// flags are undefined.
    pub(super) fn test_zero(&mut self, size: Size, reg: GPR) {
        if self.zero_flag != Some((self.masm.offset(), reg)) || self.masm.is_bound_here() {
            self.masm.test(size, reg, reg);
        }
    }

    // ---- destinations -------------------------------------------------------

    /// The integer register of the local that the next operator assigns the result
    /// to, ready to be written. None if there is no such operator or register.
    pub(super) fn int_destination(&mut self) -> Option<(u32, GPR)> {
        let local = self.next_assigned?;
        let reg = self.local_register(local).filter(|reg| reg.0 < 16)?;
        self.preserve_local(local);
        Some((local, gpr_of(reg)))
    }

    /// The XMM register of the local that the next operator assigns the result to.
    pub(super) fn float_destination(&mut self) -> Option<(u32, XMM)> {
        let local = self.next_assigned?;
        let reg = self.local_register(local).filter(|reg| reg.0 >= 16)?;
        self.preserve_local(local);
        Some((local, xmm_of(reg)))
    }

    /// Pushes a result that has been written to a destination, or else to a register
    /// that becomes its own.
    pub(super) fn push_float_result(
        &mut self,
        ty: ValType,
        destination: Option<(u32, XMM)>,
        reg: XMM,
    ) {
        match destination {
            Some((local, _)) => self.push(ty, Loc::Local(local)),
            None => self.push_xmm(ty, reg),
        }
    }

    // ---- the state map's view -----------------------------------------------

    /// Appends the homes of the lowest `count` entries to the operand arena and
    /// returns their range.
    pub(super) fn snapshot(&mut self, count: usize) -> core::ops::Range<usize> {
        let start = self.arena.len();
        self.described_operands += count;
        if self.described_operands > limits::MAX_DESCRIBED_OPERANDS {
            // The function will be refused; what is recorded of it no longer matters.
            return start..start;
        }
        for index in 0..count {
            let Entry { ty, loc, slot } = self.stack[index];
            let home = match loc {
                Loc::Const(bits) => OperandHome::Const(bits),
                Loc::Local(local) => OperandHome::Local(local),
                Loc::Gpr(reg) => OperandHome::Register(reg.to_index()),
                Loc::Xmm(reg) => OperandHome::Register(reg.to_index()),
                Loc::Slot => OperandHome::Slot(slot),
                Loc::Vector(_) | Loc::Flags(_) => {
                    unreachable!("materialised before any suspend point")
                }
            };
            self.arena.push(Operand { ty, home });
        }
        start..self.arena.len()
    }
}
