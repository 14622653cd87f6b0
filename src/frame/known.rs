//! What is known while a frame is read: registers, and values as they are found.

use super::site::{Site, Source};
use super::walk::Exit;
use crate::abi::ValType;
use crate::abi::registers::{GPR, REGISTER_COUNT, RegisterIndex};
use crate::abi::vmctx::TrapFrame;
use alloc::vec;
use alloc::vec::Vec;

/// The registers of which the contents are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownRegisters(pub [Option<u128>; REGISTER_COUNT]);

/// Registers that calls preserve.
const PRESERVED: [GPR; 5] = [GPR::RBX, GPR::R12, GPR::R13, GPR::R14, GPR::R15];

impl KnownRegisters {
    /// All registers of a frame that was left by `exit`.
    pub fn of(frame: &TrapFrame, exit: Exit) -> Self {
        let mut registers = Self([None; REGISTER_COUNT]);
        for index in 0..REGISTER_COUNT {
            registers.0[index] = Some(frame.register(RegisterIndex(index)));
        }
        if exit == Exit::HostCall {
            registers.forget_clobbered();
        }
        registers
    }

    /// Forgets the registers that calls do not preserve.
    pub(super) fn forget_clobbered(&mut self) {
        for (index, register) in self.0.iter_mut().enumerate() {
            if !PRESERVED.iter().any(|r| *r as usize == index) {
                *register = None;
            }
        }
    }
}

/// Raw values of a frame as they are found, in halves of 64 bits.
pub(super) struct RawValues {
    locals: Vec<(Option<u64>, Option<u64>)>,
    stack: Vec<(Option<u64>, Option<u64>)>,
}

impl RawValues {
    pub(super) fn new(site: &Site) -> Self {
        Self {
            locals: vec![(None, None); site.locals.len()],
            stack: vec![(None, None); site.stack.len()],
        }
    }

    /// Values that the instruction has consumed have no place here.
    fn slot(&mut self, source: Source) -> Option<&mut (Option<u64>, Option<u64>)> {
        match source {
            Source::Local(index) => self.locals.get_mut(index),
            Source::Stack(index) => self.stack.get_mut(index),
        }
    }

    pub(super) fn set_low(&mut self, source: Source, bits: u64) {
        if let Some(slot) = self.slot(source) {
            slot.0 = Some(bits);
        }
    }

    pub(super) fn set_high(&mut self, source: Source, bits: u64) {
        if let Some(slot) = self.slot(source) {
            slot.1 = Some(bits);
        }
    }

    pub(super) fn set_whole(&mut self, source: Source, bits: u128) {
        self.set_low(source, bits as u64);
        self.set_high(source, (bits >> 64) as u64);
    }

    pub(super) fn get(&self, source: Source, ty: ValType) -> Option<u128> {
        let (low, high) = *match source {
            Source::Local(index) => self.locals.get(index),
            Source::Stack(index) => self.stack.get(index),
        }?;
        let low = u128::from(low?);
        match ty {
            ValType::V128 => Some(low | u128::from(high?) << 64),
            _ => Some(low),
        }
    }
}
