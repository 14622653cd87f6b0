//! Popped operands to where instructions read them.

use super::FunctionCompiler;
use super::operands::{Entry, FloatSrc, IntSrc, Loc, gpr_of, slot_mem, xmm_of};
use super::registers::{SCRATCH, XMM_SCRATCH};
use crate::abi::registers::{GPR, XMM};
use crate::abi::value::ValType;
use crate::compile::masm::{Size, XmmSize};

impl FunctionCompiler<'_> {
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
}
