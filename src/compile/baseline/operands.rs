//! The abstract operand stack: where each value is while code is emitted.
//!
//! An entry is a constant, a local that has not been copied yet, a register, its
//! home slot in the frame, or the flags of a comparison (top entry only).
//! Entries reach their home slot when registers run out, before calls, and at
//! the entry of blocks; so below the innermost block's base there are only
//! slots and constants, and every path to a merge agrees on them.

use super::FunctionCompiler;
use crate::abi::registers::{GPR, RegisterIndex, X64Register, XMM, stack_words};
use crate::abi::value::ValType;
use crate::compile::masm::{Cond, Mem, Size, Width, XmmSize, mem};
use crate::limits;
use crate::module::opcode;
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
    #[cfg_attr(
        not(feature = "simd"),
        expect(dead_code, reason = "only vectors need it")
    )]
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

    /// The local that the next operator assigns the current one's result to. If there is a
    /// breakpoint in between, the local has to have its old value there.
    pub(super) fn next_assigned(&self) -> Option<u32> {
        let code = &self.module.bytes[self.next_offset as usize..self.body.range.end];
        opcode::assigned_local(code).filter(|_| !self.has_breakpoint_at(self.next_offset))
    }

    /// The integer register of the local that the next operator assigns the result
    /// to, ready to be written. None if there is no such operator or register.
    pub(super) fn int_destination(&mut self) -> Option<(u32, GPR)> {
        let local = self.next_assigned()?;
        let reg = self.local_register(local).filter(|reg| reg.0 < 16)?;
        self.preserve_local(local);
        Some((local, gpr_of(reg)))
    }

    /// The XMM register of the local that the next operator assigns the result to.
    pub(super) fn float_destination(&mut self) -> Option<(u32, XMM)> {
        let local = self.next_assigned()?;
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
