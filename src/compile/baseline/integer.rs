//! Integer arithmetic, comparison, shifts and bit counting.

use super::FunctionCompiler;
use super::operands::{Entry, IntSrc, Loc, size_of};
use super::registers::{SCRATCH, TARGET};
use crate::abi::TrapCode;
use crate::abi::registers::GPR;
use crate::abi::value::ValType;
use crate::compile::masm::{AluOp, BitScan, Cond, LoadKind, ShiftOp, Size, mem, mem_index};
use cranelift_assembler_x64::Scale;

/// Division flavours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Division {
    SignedQuotient,
    UnsignedQuotient,
    SignedRemainder,
    UnsignedRemainder,
}

/// The immediate form of a constant operand, if it fits.
fn immediate(size: Size, bits: u64) -> Option<i32> {
    match size {
        Size::S32 => Some(bits as i32),
        Size::S64 => i32::try_from(bits as i64).ok(),
    }
}

impl FunctionCompiler<'_> {
    /// `add`, `and`, `or`, `xor`, `sub`.
    pub(super) fn int_binary(&mut self, op: AluOp, ty: ValType) {
        let size = size_of(ty);
        let mut b = self.pop_int();
        let mut a = self.pop_int();
        if op != AluOp::Sub && self.prefers_swap(a, b) {
            core::mem::swap(&mut a, &mut b);
        }
        let destination = self.int_destination().filter(|&(_, dst)| {
            let b_is_dst = matches!(b, IntSrc::Reg { reg, .. } if reg == dst);
            let a_is_dst = matches!(a, IntSrc::Reg { reg, .. } if reg == dst);
            !b_is_dst || a_is_dst
        });
        if let Some((local, dst)) = destination {
            if !self.try_lea(op, size, dst, a, b) {
                self.load_int(size, dst, a);
                self.alu_src(op, size, dst, b);
            }
            self.release_int(a);
            self.release_int(b);
            self.push(ty, Loc::Local(local));
            return;
        }
        let dst = match a {
            IntSrc::Reg { reg, owned: true } => reg,
            _ => {
                let dst = self.alloc_gpr();
                if self.try_lea(op, size, dst, a, b) {
                    self.release_int(b);
                    self.push_gpr(ty, dst);
                    return;
                }
                self.load_int(size, dst, a);
                dst
            }
        };
        self.alu_src(op, size, dst, b);
        self.release_int(b);
        self.push_gpr(ty, dst);
    }

    /// Whether a commutative operator is better off with its operands exchanged.
    fn prefers_swap(&self, a: IntSrc, b: IntSrc) -> bool {
        let next = self
            .next_assigned()
            .and_then(|local| self.local_register(local));
        let is_destination = |src| matches!((src, next), (IntSrc::Reg { reg, .. }, Some(next)) if next.0 == reg as usize);
        match (a, b) {
            (IntSrc::Const(_), _) => true,
            _ if is_destination(a) => false,
            _ if is_destination(b) => true,
            (IntSrc::Reg { owned: true, .. }, _) => false,
            (_, IntSrc::Reg { owned: true, .. }) => true,
            (IntSrc::Mem(_), IntSrc::Reg { .. }) => true,
            _ => false,
        }
    }

    /// `dst = a + b` as one LEA, where `dst` is neither and both are registers or small.
    fn try_lea(&mut self, op: AluOp, size: Size, dst: GPR, a: IntSrc, b: IntSrc) -> bool {
        let IntSrc::Reg { reg: a, .. } = a else {
            return false;
        };
        if a == dst {
            return false;
        }
        let address = match (op, b) {
            (AluOp::Add, IntSrc::Reg { reg: b, .. }) => mem_index(a, b, Scale::One, 0),
            (AluOp::Add, IntSrc::Const(bits)) => match immediate(size, bits) {
                Some(imm) => mem(a, imm),
                None => return false,
            },
            (AluOp::Sub, IntSrc::Const(bits)) => {
                match immediate(size, bits).and_then(i32::checked_neg) {
                    Some(imm) => mem(a, imm),
                    None => return false,
                }
            }
            _ => return false,
        };
        self.masm.lea(size, dst, address);
        true
    }

    /// `dst = dst op src`; a large constant goes through the scratch register.
    fn alu_src(&mut self, op: AluOp, size: Size, dst: GPR, src: IntSrc) {
        match src {
            IntSrc::Reg { reg, .. } => self.masm.alu(op, size, dst, reg),
            IntSrc::Mem(mem) => self.masm.alu(op, size, dst, mem),
            IntSrc::Const(bits) => match immediate(size, bits) {
                Some(imm) => self.masm.alu_imm(op, size, dst, imm),
                None => {
                    self.masm.mov_imm(SCRATCH, bits);
                    self.masm.alu(op, size, dst, SCRATCH);
                }
            },
        }
        if op != AluOp::Cmp {
            self.note_zero_flag(dst);
        }
    }

    pub(super) fn int_mul(&mut self, ty: ValType) {
        let size = size_of(ty);
        let mut b = self.pop_int();
        let mut a = self.pop_int();
        if self.prefers_swap(a, b) {
            core::mem::swap(&mut a, &mut b);
        }
        let imm = match b {
            IntSrc::Const(bits) => immediate(size, bits),
            _ => None,
        };
        if let Some(imm) = imm {
            let destination = self.int_destination();
            self.release_int(a);
            let dst = destination.map_or_else(|| self.alloc_gpr(), |(_, dst)| dst);
            match a {
                IntSrc::Reg { reg, .. } => self.masm.imul_imm(size, dst, reg, imm),
                IntSrc::Mem(mem) => self.masm.imul_imm(size, dst, mem, imm),
                IntSrc::Const(bits) => {
                    self.masm.mov_imm(SCRATCH, bits);
                    self.masm.imul_imm(size, dst, SCRATCH, imm);
                }
            }
            match destination {
                Some((local, _)) => self.push(ty, Loc::Local(local)),
                None => self.push_gpr(ty, dst),
            }
            return;
        }
        let dst = self.int_owned(size, a);
        match b {
            IntSrc::Reg { reg, .. } => self.masm.imul(size, dst, reg),
            IntSrc::Mem(mem) => self.masm.imul(size, dst, mem),
            IntSrc::Const(bits) => {
                self.masm.mov_imm(SCRATCH, bits);
                self.masm.imul(size, dst, SCRATCH);
            }
        }
        self.release_int(b);
        self.push_gpr(ty, dst);
    }

    /// Division and remainder. The divisor is in RCX, so that a #DE can be told
    /// to be a division by zero or an overflow.
    pub(super) fn divide(&mut self, division: Division, ty: ValType) {
        let size = size_of(ty);
        self.pop_int_into(size, GPR::RCX);
        self.pop_int_into(size, GPR::RAX);
        self.take_gpr(GPR::RDX);
        match division {
            Division::SignedQuotient => {
                self.masm.sign_extend_rax(size);
                self.may_trap(TrapCode::Division);
                self.masm.idiv(size, GPR::RCX);
            }
            Division::UnsignedQuotient | Division::UnsignedRemainder => {
                self.masm.zero(GPR::RDX);
                self.may_trap(TrapCode::Division);
                self.masm.div(size, GPR::RCX);
            }
            Division::SignedRemainder => self.signed_remainder(size),
        }
        self.release_gpr(GPR::RCX);
        let (result, other) = match division {
            Division::SignedQuotient | Division::UnsignedQuotient => (GPR::RAX, GPR::RDX),
            Division::SignedRemainder | Division::UnsignedRemainder => (GPR::RDX, GPR::RAX),
        };
        self.release_gpr(other);
        self.push_gpr(ty, result);
    }

    /// The remainder by -1 is 0, where IDIV would fault on the smallest dividend.
    fn signed_remainder(&mut self, size: Size) {
        let divide = self.masm.new_label();
        let done = self.masm.new_label();
        self.masm.alu_imm(AluOp::Cmp, size, GPR::RCX, -1);
        self.masm.jump_if(Cond::NotEqual, divide);
        self.masm.zero(GPR::RDX);
        self.masm.jump(done);
        self.masm.bind(divide);
        self.masm.sign_extend_rax(size);
        self.may_trap(TrapCode::Division);
        self.masm.idiv(size, GPR::RCX);
        self.masm.bind(done);
    }

    pub(super) fn shift(&mut self, op: ShiftOp, ty: ValType) {
        let size = size_of(ty);
        let mask = if size == Size::S32 { 31 } else { 63 };
        if let Some(Entry {
            loc: Loc::Const(count),
            ..
        }) = self.stack.last().copied()
        {
            self.pop();
            let count = (count & mask) as u8;
            let src = self.pop_int();
            if let Some((local, dst)) = self.int_destination() {
                self.load_int(size, dst, src);
                self.release_int(src);
                self.masm.shift_imm(op, size, dst, count);
                self.push(ty, Loc::Local(local));
                return;
            }
            let dst = self.int_owned(size, src);
            self.masm.shift_imm(op, size, dst, count);
            self.push_gpr(ty, dst);
            return;
        }
        let is_rotation = matches!(op, ShiftOp::Rol | ShiftOp::Ror);
        if self.options.features.bmi2 && !is_rotation {
            return self.shift_into(op, ty);
        }
        self.pop_int_into(size, GPR::RCX);
        let src = self.pop_int();
        let dst = self.int_owned(size, src);
        self.masm.shift_cl(op, size, dst);
        self.release_gpr(GPR::RCX);
        self.push_gpr(ty, dst);
    }

    /// A shift by any register into any register.
    fn shift_into(&mut self, op: ShiftOp, ty: ValType) {
        let size = size_of(ty);
        let (count, count_owned) = self.pop_int_in_reg(size);
        let src = match self.pop_int() {
            IntSrc::Const(bits) => {
                self.masm.mov_imm(SCRATCH, bits);
                IntSrc::Reg {
                    reg: SCRATCH,
                    owned: false,
                }
            }
            src => src,
        };
        let destination = self.int_destination();
        let dst = match (destination, src) {
            (Some((_, dst)), _) => dst,
            (None, IntSrc::Reg { reg, owned: true }) => reg,
            (None, _) if count_owned => count,
            (None, _) => self.alloc_gpr(),
        };
        match src {
            IntSrc::Reg { reg, .. } => self.masm.shift_into(op, size, dst, reg, count),
            IntSrc::Mem(mem) => self.masm.shift_into(op, size, dst, mem, count),
            IntSrc::Const(_) => unreachable!("in the scratch register"),
        }
        if count != dst {
            self.release_if(count, count_owned);
        }
        match destination {
            Some((local, _)) => {
                self.release_int(src);
                self.push(ty, Loc::Local(local));
            }
            None => self.push_gpr(ty, dst),
        }
    }

    /// Comparisons leave their result in the flags.
    pub(super) fn compare(&mut self, cond: Cond, operand: ValType) {
        let size = size_of(operand);
        let mut cond = cond;
        let mut b = self.pop_int();
        let mut a = self.pop_int();
        if matches!(a, IntSrc::Const(_)) && !matches!(b, IntSrc::Const(_)) {
            core::mem::swap(&mut a, &mut b);
            cond = cond.swap();
        }
        match (a, b) {
            (IntSrc::Mem(mem), IntSrc::Const(bits)) if immediate(size, bits).is_some() => {
                self.masm
                    .alu_imm(AluOp::Cmp, size, mem, immediate(size, bits).unwrap_or(0));
            }
            (IntSrc::Reg { reg, .. }, IntSrc::Const(0))
                if matches!(cond, Cond::Equal | Cond::NotEqual) =>
            {
                self.test_zero(size, reg);
            }
            (IntSrc::Reg { reg, .. }, IntSrc::Const(0)) => self.masm.test(size, reg, reg),
            _ => {
                let (reg, owned) = self.int_in_reg(size, a);
                self.alu_src(AluOp::Cmp, size, reg, b);
                self.release_if(reg, owned);
                a = IntSrc::Const(0);
            }
        }
        self.release_int(a);
        self.release_int(b);
        self.push(ValType::I32, Loc::Flags(cond));
    }

    pub(super) fn eqz(&mut self, operand: ValType) {
        if let Some(Entry {
            loc: Loc::Flags(cond),
            ..
        }) = self.stack.last().copied()
        {
            self.pop();
            self.push(ValType::I32, Loc::Flags(cond.negate()));
            return;
        }
        self.push(operand, Loc::Const(0));
        self.compare(Cond::Equal, operand);
    }

    /// `clz`, `ctz`: with one instruction, or with a scan that leaves zero to be mended.
    pub(super) fn count_zeros(&mut self, leading: bool, ty: ValType) {
        let size = size_of(ty);
        let width = if size == Size::S32 { 32 } else { 64 };
        let (src, owned) = self.pop_int_in_reg(size);
        let dst = self.alloc_gpr();
        let features = self.options.features;
        match leading {
            true if features.lzcnt => self.masm.bit_scan(BitScan::Lzcnt, size, dst, src),
            false if features.bmi1 => self.masm.bit_scan(BitScan::Tzcnt, size, dst, src),
            true => {
                // (2 * width - 1) xor (width - 1) = width
                self.masm.mov_imm(SCRATCH, 2 * width - 1);
                self.masm.bit_scan(BitScan::Reverse, size, dst, src);
                self.masm.cmov(Cond::Equal, size, dst, SCRATCH);
                self.masm.alu_imm(AluOp::Xor, size, dst, width as i32 - 1);
            }
            false => {
                self.masm.mov_imm(SCRATCH, width);
                self.masm.bit_scan(BitScan::Forward, size, dst, src);
                self.masm.cmov(Cond::Equal, size, dst, SCRATCH);
            }
        }
        self.release_if(src, owned);
        self.push_gpr(ty, dst);
    }

    pub(super) fn popcnt(&mut self, ty: ValType) {
        let size = size_of(ty);
        let (src, owned) = self.pop_int_in_reg(size);
        let dst = self.alloc_gpr();
        if self.options.features.popcnt {
            self.masm.bit_scan(BitScan::Popcnt, size, dst, src);
        } else {
            self.popcnt_by_halves(size, dst, src);
        }
        self.release_if(src, owned);
        self.push_gpr(ty, dst);
    }

    /// Sums bits in pairs, nibbles and bytes, then adds the bytes with a multiplication.
    fn popcnt_by_halves(&mut self, size: Size, dst: GPR, src: GPR) {
        let repeat = |byte: u64| match size {
            Size::S32 => u64::from(byte as u32 * 0x0101_0101),
            Size::S64 => byte * 0x0101_0101_0101_0101,
        };
        let bits = if size == Size::S32 { 32 } else { 64 };
        // dst = src - ((src >> 1) & 0x55..)
        self.masm.mov(size, SCRATCH, src);
        self.masm.shift_imm(ShiftOp::Shr, size, SCRATCH, 1);
        self.masm.mov_imm(TARGET, repeat(0x55));
        self.masm.alu(AluOp::And, size, SCRATCH, TARGET);
        self.masm.mov(size, dst, src);
        self.masm.alu(AluOp::Sub, size, dst, SCRATCH);
        // dst = (dst & 0x33..) + ((dst >> 2) & 0x33..)
        self.masm.mov_imm(TARGET, repeat(0x33));
        self.masm.mov(size, SCRATCH, dst);
        self.masm.shift_imm(ShiftOp::Shr, size, SCRATCH, 2);
        self.masm.alu(AluOp::And, size, SCRATCH, TARGET);
        self.masm.alu(AluOp::And, size, dst, TARGET);
        self.masm.alu(AluOp::Add, size, dst, SCRATCH);
        // dst = ((dst + (dst >> 4)) & 0x0f..) * 0x01.. >> (bits - 8)
        self.masm.mov(size, SCRATCH, dst);
        self.masm.shift_imm(ShiftOp::Shr, size, SCRATCH, 4);
        self.masm.alu(AluOp::Add, size, dst, SCRATCH);
        self.masm.mov_imm(TARGET, repeat(0x0f));
        self.masm.alu(AluOp::And, size, dst, TARGET);
        self.masm.mov_imm(TARGET, repeat(0x01));
        self.masm.imul(size, dst, TARGET);
        self.masm.shift_imm(ShiftOp::Shr, size, dst, bits - 8);
    }

    /// `i64.extend_i32_u`: an i32 in a register is zero-extended already.
    pub(super) fn extend_unsigned(&mut self) {
        if let Some(Entry {
            loc: Loc::Gpr(reg), ..
        }) = self.stack.last().copied()
        {
            self.pop();
            self.push_gpr(ValType::I64, reg);
        } else {
            self.extend(LoadKind::Full32, ValType::I64);
        }
    }

    /// `i32.wrap_i64`, extensions and sign extensions: one extending move.
    pub(super) fn extend(&mut self, kind: LoadKind, result: ValType) {
        let src = self.pop_int();
        match src {
            IntSrc::Const(bits) => {
                self.push(result, Loc::Const(extend_constant(kind, bits)));
            }
            IntSrc::Reg { reg, .. } => {
                self.release_int(src);
                let dst = self.alloc_gpr();
                self.masm.load_extend(kind, dst, reg);
                self.push_gpr(result, dst);
            }
            IntSrc::Mem(mem) => {
                let dst = self.alloc_gpr();
                self.masm.load_extend(kind, dst, mem);
                self.push_gpr(result, dst);
            }
        }
    }
}

fn extend_constant(kind: LoadKind, bits: u64) -> u64 {
    let narrow = |value: i64, size| {
        if size == Size::S32 {
            u64::from(value as u32)
        } else {
            value as u64
        }
    };
    match kind {
        LoadKind::Zero8 => bits & 0xff,
        LoadKind::Sign8(size) => narrow(i64::from(bits as i8), size),
        LoadKind::Zero16 => bits & 0xffff,
        LoadKind::Sign16(size) => narrow(i64::from(bits as i16), size),
        LoadKind::Full32 => bits & 0xffff_ffff,
        LoadKind::Sign32 => i64::from(bits as i32) as u64,
        LoadKind::Full64 => bits,
    }
}
