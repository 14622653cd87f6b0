//! Where an access to linear memory goes, and the check that it may.
//!
//! A 32-bit memory needs no check: an index is a zero-extended register, and the platform
//! reserves all that index and offset can reach. A fault is the trap.
//!
//! A 64-bit memory reserves as much as it may ever have, and a guard behind that which
//! small offsets do not reach beyond. So an index is compared with that size alone, a
//! constant, and everything else is left to the fault as before:
//!
//! ```text
//! cmp index, [r14 + memory64_limit]
//! jae trap
//! mov eax, [r15 + index + offset]
//! ```
//!
//! That is 10 bytes. To compare with the current size would take a load more, since that is
//! a pointer away: other instances can grow a memory. To shift the upper bits out of a
//! copy of the index needs no load, but 13 bytes, and took a loop of little else than
//! accesses twice the time.
//!
//! The base of memory 0 is in R15; that of others is loaded for each access.

use super::FunctionCompiler;
use super::frame::vmctx_mem;
use super::operands::{IntSrc, size_of};
use super::registers::{MEMORY_BASE, SCRATCH, TARGET};
use crate::abi::TrapCode;
use crate::abi::registers::GPR;
use crate::abi::vmctx::{VmCtx, VmMemory};
use crate::compile::masm::{AluOp, Cond, Label, Mem, Size, mem, mem_index};
use crate::limits::{MAX_MEMORY64_BYTES, MEMORY_RESERVATION, MEMORY64_RESERVATION};
use crate::module::AddressType;
use core::mem::offset_of;
use cranelift_assembler_x64::Scale;
use wasmparser::{MemArg, MemArgTarget};

/// An effective address, and the register it must keep until the access.
pub(super) struct Address {
    pub(super) mem: Mem,
    pub(super) held: IntSrc,
}

/// Widest access in bytes.
const MAX_ACCESS: u64 = 16;

// What the checks leave to the fault stays within the reservation.
const _: () = {
    assert!(2 * (u32::MAX as u64) + MAX_ACCESS <= MEMORY_RESERVATION);
    assert!(MAX_MEMORY64_BYTES + i32::MAX as u64 + MAX_ACCESS <= MEMORY64_RESERVATION);
};

/// The memory that an instruction accesses.
fn memory_of(arg: &MemArg) -> u32 {
    match arg.target {
        MemArgTarget::Memory(memory) => memory,
        MemArgTarget::Array(_) => unreachable!("the decoder enables no accesses to arrays"),
    }
}

impl FunctionCompiler<'_> {
    /// Pops the index of an access to so many `bytes`, which must be the last operand to be
    /// popped; the result is valid until the next use of R10.
    pub(super) fn pop_address(&mut self, arg: &MemArg, bytes: u32) -> Address {
        assert!(u64::from(bytes) <= MAX_ACCESS, "an access of {bytes} bytes");
        let memory = memory_of(arg);
        let address = self.module.memories[memory as usize].address;
        let index = self.pop_int();
        if let IntSrc::Const(bits) = index {
            return self.constant_address(arg, address, bits);
        }
        let (index, owned) = self.int_in_reg(size_of(address.val_type()), index);
        let mem = match (i32::try_from(arg.offset), address) {
            (Ok(disp), AddressType::I32) => self.near_address(memory, index, disp),
            (Ok(disp), AddressType::I64) => {
                self.trap_above_memory(index);
                self.near_address(memory, index, disp)
            }
            (Err(_), _) => {
                self.masm.mov_imm(TARGET, arg.offset);
                self.masm.alu(AluOp::Add, Size::S64, TARGET, index);
                if address == AddressType::I64 {
                    let overflow = self.out_of_bounds();
                    self.masm.jump_if(Cond::Below, overflow);
                    self.trap_above_memory(TARGET);
                }
                self.far_address(memory)
            }
        };
        Address {
            mem,
            held: IntSrc::Reg { reg: index, owned },
        }
    }

    /// An access at a constant index.
    fn constant_address(&mut self, arg: &MemArg, address: AddressType, index: u64) -> Address {
        let memory = memory_of(arg);
        let sum = match address {
            AddressType::I32 => Some(u64::from(index as u32) + arg.offset),
            AddressType::I64 => index
                .checked_add(arg.offset)
                .filter(|&sum| sum < MAX_MEMORY64_BYTES),
        };
        let mem = match sum.map(|sum| (sum, i32::try_from(sum))) {
            Some((_, Ok(disp))) => mem(self.memory_base(memory), disp),
            Some((sum, Err(_))) => {
                self.masm.mov_imm(TARGET, sum);
                self.far_address(memory)
            }
            None => {
                let out_of_bounds = self.out_of_bounds();
                self.masm.jump(out_of_bounds);
                // What follows is not reached.
                mem(self.memory_base(memory), 0)
            }
        };
        Address {
            mem,
            held: IntSrc::Const(index),
        }
    }

    /// The register that the base of a memory is in: R15, or R10, which it is loaded into.
    fn memory_base(&mut self, memory: u32) -> GPR {
        if memory == 0 {
            return MEMORY_BASE;
        }
        let base = self.pointer_to_base(memory, TARGET);
        self.masm.load(Size::S64, TARGET, base);
        TARGET
    }

    /// Where the base of a memory is found, by way of `register`.
    fn pointer_to_base(&mut self, memory: u32, register: GPR) -> Mem {
        let pointer = vmctx_mem(self.offsets.memory(memory) as usize);
        self.masm.load(Size::S64, register, pointer);
        mem(register, offset_of!(VmMemory, base) as i32)
    }

    /// Index and offset from a memory's base; clobbers R10.
    fn near_address(&mut self, memory: u32, index: GPR, disp: i32) -> Mem {
        let base = self.memory_base(memory);
        mem_index(base, index, Scale::One, disp)
    }

    /// The address in R10 from a memory's base; clobbers R11.
    fn far_address(&mut self, memory: u32) -> Mem {
        if memory == 0 {
            return mem_index(MEMORY_BASE, TARGET, Scale::One, 0);
        }
        let base = self.pointer_to_base(memory, SCRATCH);
        self.masm.alu(AluOp::Add, Size::S64, TARGET, base);
        mem(TARGET, 0)
    }

    /// Traps if an address lies above what a 64-bit memory can have.
    fn trap_above_memory(&mut self, address: GPR) {
        let out_of_bounds = self.out_of_bounds();
        let limit = vmctx_mem(offset_of!(VmCtx, memory64_limit));
        self.masm.alu(AluOp::Cmp, Size::S64, address, limit);
        self.masm.jump_if(Cond::AboveEqual, out_of_bounds);
    }

    fn out_of_bounds(&mut self) -> Label {
        self.trap_label(TrapCode::MemoryOutOfBounds, self.stack.len())
    }
}
