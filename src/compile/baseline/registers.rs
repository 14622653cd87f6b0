//! The register file: which temporaries are free, and who owns the others.
//!
//! Scratch registers R10, R11 and XMM15 are never owned: any emission may
//! clobber them. R14, R15, RSP and RBP have fixed roles, and a register that a
//! local lives in is never free.

use crate::abi::registers::{GPR, XMM};

/// Integer temporaries, as a mask by encoding: RAX RCX RDX RSI RDI R8 R9.
const GPR_TEMPS: u16 = 0b0000_0011_1100_0111;

/// Float temporaries: XMM0-XMM14.
const XMM_TEMPS: u16 = 0x7fff;

/// Low registers, which encode without a REX prefix.
const LOW: u16 = 0xff;

/// One register class.
#[derive(Clone, Debug)]
pub(super) struct Class {
    temps: u16,
    free: u16,
    /// Operand-stack index of the entry in each owned register.
    owner: [u32; 16],
}

/// Owner of a register that an operator holds between taking and pushing it.
pub(super) const HELD: u32 = u32::MAX;

impl Class {
    fn new(temps: u16) -> Self {
        Self {
            temps,
            free: temps,
            owner: [HELD; 16],
        }
    }

    /// Takes a register out of the pool for the whole function.
    pub(super) fn reserve(&mut self, register: u8) {
        self.temps &= !(1 << register);
        self.free &= self.temps;
    }

    /// Frees every temporary.
    pub(super) fn reset(&mut self) {
        self.free = self.temps;
    }

    /// Takes a free register, if there is one; it is then held.
    pub(super) fn take_free(&mut self) -> Option<u8> {
        let candidates = if self.free & LOW != 0 {
            self.free & LOW
        } else {
            self.free
        };
        if candidates == 0 {
            return None;
        }
        let register = (15 - candidates.leading_zeros()) as u8;
        self.take(register);
        Some(register)
    }

    /// Takes a particular register, which must be free.
    pub(super) fn take(&mut self, register: u8) {
        assert!(self.is_free(register), "register {register} is not free");
        self.free &= !(1 << register);
        self.owner[usize::from(register)] = HELD;
    }

    pub(super) fn is_free(&self, register: u8) -> bool {
        self.free & (1 << register) != 0
    }

    pub(super) fn release(&mut self, register: u8) {
        debug_assert!(
            self.temps & (1 << register) != 0,
            "register {register} is no temporary"
        );
        debug_assert!(
            !self.is_free(register),
            "register {register} released twice"
        );
        self.free |= 1 << register;
    }

    /// The stack index of the entry in a register; [`HELD`] if an operator has it.
    pub(super) fn owner(&self, register: u8) -> u32 {
        self.owner[usize::from(register)]
    }

    pub(super) fn set_owner(&mut self, register: u8, index: u32) {
        self.owner[usize::from(register)] = index;
    }
}

/// Both register classes.
#[derive(Clone, Debug)]
pub(super) struct RegisterFile {
    pub(super) gprs: Class,
    pub(super) xmms: Class,
}

impl RegisterFile {
    pub(super) fn new() -> Self {
        Self {
            gprs: Class::new(GPR_TEMPS),
            xmms: Class::new(XMM_TEMPS),
        }
    }

    pub(super) fn reset(&mut self) {
        self.gprs.reset();
        self.xmms.reset();
    }
}

/// The integer scratch register.
pub(super) const SCRATCH: GPR = GPR::R11;
/// A second integer scratch register; holds call targets.
pub(super) const TARGET: GPR = GPR::R10;
/// The float scratch register.
pub(super) const XMM_SCRATCH: XMM = XMM::XMM15;
/// The instance's context.
pub(super) const VMCTX: GPR = GPR::R14;
/// The context of the caller, at calls that may be of a host function.
pub(super) const CALLER: GPR = GPR::RAX;
/// Base of memory 0.
pub(super) const MEMORY_BASE: GPR = GPR::R15;
