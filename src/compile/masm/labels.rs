//! Labels, jumps and their resolution.

use super::{Cond, Masm, Regs, emit};
use crate::abi::registers::GPR;
use alloc::vec::Vec;
use cranelift_assembler_x64::{Amode, DeferredTarget, inst};

/// A place in the code that jumps can name before it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::compile) struct Label(u32);

/// What a four-byte field is to become once its label is bound.
#[derive(Clone, Copy, Debug)]
enum Fixup {
    /// `label - (at + 4)`
    Relative { at: u32, label: Label },
    /// `label - table`: an entry of a jump table.
    Table { at: u32, label: Label, table: u32 },
}

/// Offsets of bound labels and places that wait for one.
#[derive(Debug, Default)]
pub(super) struct Labels {
    offsets: Vec<u32>,
    fixups: Vec<Fixup>,
    /// Where a label was bound last.
    last_bound: u32,
}

const UNBOUND: u32 = u32::MAX;

impl Masm {
    pub(in crate::compile) fn new_label(&mut self) -> Label {
        self.labels.offsets.push(UNBOUND);
        Label(self.labels.offsets.len() as u32 - 1)
    }

    /// Binds a label to the current offset.
    pub(in crate::compile) fn bind(&mut self, label: Label) {
        let offset = self.offset();
        let slot = &mut self.labels.offsets[label.0 as usize];
        assert_eq!(*slot, UNBOUND, "label bound twice");
        *slot = offset;
        self.labels.last_bound = offset;
    }

    /// Fills up with no-ops to a multiple of `alignment`, which holds where the code will be
    /// if that is a divisor of a page.
    pub(in crate::compile) fn align(&mut self, alignment: u32) {
        let end = self.offset().next_multiple_of(alignment);
        while self.offset() < end {
            match end - self.offset() {
                1 => inst::nop_1b::new().encode(&mut self.code),
                2 => inst::nop_2b::new().encode(&mut self.code),
                3 => inst::nop_3b::new().encode(&mut self.code),
                4 => inst::nop_4b::new().encode(&mut self.code),
                5 => inst::nop_5b::new().encode(&mut self.code),
                6 => inst::nop_6b::new().encode(&mut self.code),
                7 => inst::nop_7b::new().encode(&mut self.code),
                8 => inst::nop_8b::new().encode(&mut self.code),
                _ => inst::nop_9b::new().encode(&mut self.code),
            }
        }
    }

    /// Whether a jump may arrive here.
    pub(in crate::compile) fn is_bound_here(&self) -> bool {
        self.labels.last_bound == self.offset()
    }

    /// `jmp label`
    pub(in crate::compile) fn jump(&mut self, label: Label) {
        if let Some(distance) = self.short_distance(label) {
            inst::jmp_d8::new(distance).encode(&mut self.code);
            return;
        }
        inst::jmp_d32::new(0).encode(&mut self.code);
        self.reference(label);
    }

    /// Jumps when `cond` holds. Flags survive.
    pub(in crate::compile) fn jump_if(&mut self, cond: Cond, label: Label) {
        match cond {
            Cond::FloatEqual => {
                let skip = self.new_label();
                self.jump_if(Cond::Parity, skip);
                self.jump_if(Cond::Equal, label);
                self.bind(skip);
            }
            Cond::FloatNotEqual => {
                self.jump_if(Cond::Parity, label);
                self.jump_if(Cond::NotEqual, label);
            }
            _ => match self.short_distance(label) {
                Some(distance) => self.jcc_short(cond, distance),
                None => {
                    self.jcc_near(cond);
                    self.reference(label);
                }
            },
        }
    }

    /// `lea dst, [rip + label]`
    pub(in crate::compile) fn lea_label(&mut self, dst: GPR, label: Label) {
        emit!(
            self,
            leaq_rm,
            dst,
            Amode::RipRelative {
                target: DeferredTarget::None
            }
        );
        self.reference(label);
    }

    /// `call rel32` to be patched; returns the offset of the rel32.
    pub(in crate::compile) fn call_later(&mut self) -> u32 {
        inst::callq_d::new(0).encode(&mut self.code);
        self.offset() - 4
    }

    /// `jmp rel32` to be patched; returns the offset of the rel32.
    pub(in crate::compile) fn jump_later(&mut self) -> u32 {
        inst::jmp_d32::new(0).encode(&mut self.code);
        self.offset() - 4
    }

    /// A four-byte entry of the jump table that starts at `table`.
    pub(in crate::compile) fn table_entry(&mut self, table: u32, label: Label) {
        let at = self.offset();
        self.code.extend_from_slice(&[0; 4]);
        self.labels.fixups.push(Fixup::Table { at, label, table });
    }

    /// Fills in every reference and forgets all labels.
    ///
    /// # Panics
    ///
    /// Panics if a label that is referred to was never bound.
    pub(in crate::compile) fn resolve(&mut self) {
        for fixup in core::mem::take(&mut self.labels.fixups) {
            let (at, label, origin) = match fixup {
                Fixup::Relative { at, label } => (at, label, at + 4),
                Fixup::Table { at, label, table } => (at, label, table),
            };
            let target = self.labels.offsets[label.0 as usize];
            assert_ne!(target, UNBOUND, "label never bound");
            self.patch(at, target.wrapping_sub(origin));
        }
        self.labels.offsets.clear();
    }

    /// Overwrites four bytes.
    pub(in crate::compile) fn patch(&mut self, at: u32, value: u32) {
        let at = at as usize;
        self.code[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }

    /// Overwrites the ten bytes of a memory compare and near conditional jump at `at`
    /// with a jump to `target`, and takes the conditional jump's reference back.
    pub(in crate::compile) fn redirect(&mut self, at: u32, target: u32) {
        let end = at + 10;
        self.labels.fixups.retain(
            |fixup| !matches!(fixup, Fixup::Relative { at: a, .. } if (at..end).contains(a)),
        );
        let mut jump = Vec::new();
        inst::jmp_d32::new(target.wrapping_sub(at + 5) as i32).encode(&mut jump);
        inst::nop_5b::new().encode(&mut jump);
        self.code[at as usize..end as usize].copy_from_slice(&jump);
    }

    fn reference(&mut self, label: Label) {
        let at = self.offset() - 4;
        self.labels.fixups.push(Fixup::Relative { at, label });
    }

    /// The rel8 of a two-byte jump here to a bound label, if it fits.
    fn short_distance(&self, label: Label) -> Option<i8> {
        let target = self.labels.offsets[label.0 as usize];
        if target == UNBOUND {
            return None;
        }
        i8::try_from(i64::from(target) - i64::from(self.offset()) - 2).ok()
    }

    fn jcc_short(&mut self, cond: Cond, distance: i8) {
        let code = &mut self.code;
        match cond {
            Cond::Equal => inst::je_d8::new(distance).encode(code),
            Cond::NotEqual => inst::jne_d8::new(distance).encode(code),
            Cond::Less => inst::jl_d8::new(distance).encode(code),
            Cond::LessEqual => inst::jle_d8::new(distance).encode(code),
            Cond::Greater => inst::jg_d8::new(distance).encode(code),
            Cond::GreaterEqual => inst::jge_d8::new(distance).encode(code),
            Cond::Below => inst::jb_d8::new(distance).encode(code),
            Cond::BelowEqual => inst::jbe_d8::new(distance).encode(code),
            Cond::Above => inst::ja_d8::new(distance).encode(code),
            Cond::AboveEqual => inst::jae_d8::new(distance).encode(code),
            Cond::Sign => inst::js_d8::new(distance).encode(code),
            Cond::NotSign => inst::jns_d8::new(distance).encode(code),
            Cond::Overflow => inst::jo_d8::new(distance).encode(code),
            Cond::NotOverflow => inst::jno_d8::new(distance).encode(code),
            Cond::Parity => inst::jp_d8::new(distance).encode(code),
            Cond::NotParity => inst::jnp_d8::new(distance).encode(code),
            Cond::FloatEqual | Cond::FloatNotEqual => unreachable!("needs two jumps"),
        }
    }

    fn jcc_near(&mut self, cond: Cond) {
        let code = &mut self.code;
        match cond {
            Cond::Equal => inst::je_d32::new(0).encode(code),
            Cond::NotEqual => inst::jne_d32::new(0).encode(code),
            Cond::Less => inst::jl_d32::new(0).encode(code),
            Cond::LessEqual => inst::jle_d32::new(0).encode(code),
            Cond::Greater => inst::jg_d32::new(0).encode(code),
            Cond::GreaterEqual => inst::jge_d32::new(0).encode(code),
            Cond::Below => inst::jb_d32::new(0).encode(code),
            Cond::BelowEqual => inst::jbe_d32::new(0).encode(code),
            Cond::Above => inst::ja_d32::new(0).encode(code),
            Cond::AboveEqual => inst::jae_d32::new(0).encode(code),
            Cond::Sign => inst::js_d32::new(0).encode(code),
            Cond::NotSign => inst::jns_d32::new(0).encode(code),
            Cond::Overflow => inst::jo_d32::new(0).encode(code),
            Cond::NotOverflow => inst::jno_d32::new(0).encode(code),
            Cond::Parity => inst::jp_d32::new(0).encode(code),
            Cond::NotParity => inst::jnp_d32::new(0).encode(code),
            Cond::FloatEqual | Cond::FloatNotEqual => unreachable!("needs two jumps"),
        }
    }
}
