//! Tables of instructions: which access memory, and which make or show NaNs.

use wasm_encoder::{Instruction, MemArg, ValType};

/// The memory argument of a load or store, and the type of the operand above the address.
pub(crate) fn access<'i>(
    instruction: &'i mut Instruction<'_>,
) -> Option<(&'i mut MemArg, Option<ValType>)> {
    use Instruction::*;
    Some(match instruction {
        I32Load(arg) | I64Load(arg) | F32Load(arg) | F64Load(arg) | I32Load8S(arg)
        | I32Load8U(arg) | I32Load16S(arg) | I32Load16U(arg) | I64Load8S(arg) | I64Load8U(arg)
        | I64Load16S(arg) | I64Load16U(arg) | I64Load32S(arg) | I64Load32U(arg) | V128Load(arg)
        | V128Load8x8S(arg) | V128Load8x8U(arg) | V128Load16x4S(arg) | V128Load16x4U(arg)
        | V128Load32x2S(arg) | V128Load32x2U(arg) | V128Load8Splat(arg) | V128Load16Splat(arg)
        | V128Load32Splat(arg) | V128Load64Splat(arg) | V128Load32Zero(arg)
        | V128Load64Zero(arg) => (arg, None),
        I32Store(arg) | I32Store8(arg) | I32Store16(arg) => (arg, Some(ValType::I32)),
        I64Store(arg) | I64Store8(arg) | I64Store16(arg) | I64Store32(arg) => {
            (arg, Some(ValType::I64))
        }
        F32Store(arg) => (arg, Some(ValType::F32)),
        F64Store(arg) => (arg, Some(ValType::F64)),
        V128Store(arg)
        | V128Load8Lane { memarg: arg, .. }
        | V128Load16Lane { memarg: arg, .. }
        | V128Load32Lane { memarg: arg, .. }
        | V128Load64Lane { memarg: arg, .. }
        | V128Store8Lane { memarg: arg, .. }
        | V128Store16Lane { memarg: arg, .. }
        | V128Store32Lane { memarg: arg, .. }
        | V128Store64Lane { memarg: arg, .. } => (arg, Some(ValType::V128)),
        _ => return None,
    })
}

/// Floats, alone and side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Floats {
    F32,
    F64,
    F32x4,
    F64x2,
}

impl Floats {
    pub(crate) fn ty(self) -> ValType {
        match self {
            Self::F32 => ValType::F32,
            Self::F64 => ValType::F64,
            Self::F32x4 | Self::F64x2 => ValType::V128,
        }
    }

    pub(crate) fn is_scalar(self) -> bool {
        matches!(self, Self::F32 | Self::F64)
    }
}

/// What an instruction computes, if it may be a NaN whose bits are left open
/// (WebAssembly 2.0, section 4.3.3).
pub(crate) fn computed_floats(instruction: &Instruction<'_>) -> Option<Floats> {
    use Instruction::*;
    Some(match instruction {
        F32Ceil | F32Floor | F32Trunc | F32Nearest | F32Sqrt | F32Add | F32Sub | F32Mul
        | F32Div | F32Min | F32Max | F32DemoteF64 => Floats::F32,
        F64Ceil | F64Floor | F64Trunc | F64Nearest | F64Sqrt | F64Add | F64Sub | F64Mul
        | F64Div | F64Min | F64Max | F64PromoteF32 => Floats::F64,
        F32x4Ceil | F32x4Floor | F32x4Trunc | F32x4Nearest | F32x4Sqrt | F32x4Add | F32x4Sub
        | F32x4Mul | F32x4Div | F32x4Min | F32x4Max | F32x4DemoteF64x2Zero | F32x4RelaxedMadd
        | F32x4RelaxedNmadd | F32x4RelaxedMin | F32x4RelaxedMax => Floats::F32x4,
        F64x2Ceil | F64x2Floor | F64x2Trunc | F64x2Nearest | F64x2Sqrt | F64x2Add | F64x2Sub
        | F64x2Mul | F64x2Div | F64x2Min | F64x2Max | F64x2PromoteLowF32x4 | F64x2RelaxedMadd
        | F64x2RelaxedNmadd | F64x2RelaxedMin | F64x2RelaxedMax => Floats::F64x2,
        _ => return None,
    })
}

/// The top operand of an instruction, if it is a float whose bits this shows. Of
/// stores see [`access`].
pub(crate) fn shown_floats(instruction: &Instruction<'_>) -> Option<Floats> {
    use Instruction::*;
    Some(match instruction {
        I32ReinterpretF32 | F32Copysign | F32x4Splat | F32x4ReplaceLane(_) => Floats::F32,
        I64ReinterpretF64 | F64Copysign | F64x2Splat | F64x2ReplaceLane(_) => Floats::F64,
        _ => return None,
    })
}

/// For a truncation that traps: the float it takes, the range within which it never does,
/// and the one that saturates instead.
pub(crate) fn truncation(
    instruction: &Instruction<'_>,
) -> Option<(Floats, [f64; 2], Instruction<'static>)> {
    use Instruction::*;
    let (signed32, signed64) = ([-2147483000.0, 2147483000.0], [-9.2e18, 9.2e18]);
    let (unsigned32, unsigned64) = ([-0.5, 4294967000.0], [-0.5, 1.8e19]);
    Some(match instruction {
        I32TruncF32S => (Floats::F32, signed32, I32TruncSatF32S),
        I32TruncF32U => (Floats::F32, unsigned32, I32TruncSatF32U),
        I32TruncF64S => (Floats::F64, signed32, I32TruncSatF64S),
        I32TruncF64U => (Floats::F64, unsigned32, I32TruncSatF64U),
        I64TruncF32S => (Floats::F32, signed64, I64TruncSatF32S),
        I64TruncF32U => (Floats::F32, unsigned64, I64TruncSatF32U),
        I64TruncF64S => (Floats::F64, signed64, I64TruncSatF64S),
        I64TruncF64U => (Floats::F64, unsigned64, I64TruncSatF64U),
        _ => return None,
    })
}
