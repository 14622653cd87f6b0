//! The text of a script to the form that runs.

use wast::core::{AbstractHeapType, HeapType, NanPattern, V128Pattern, WastArgCore, WastRetCore};
use wast::lexer::Lexer;
use wast::parser::{self, ParseBuffer};
use wast::token::{Id, Span};
use wast::{QuoteWat, Wast, WastArg, WastDirective, WastExecute, WastInvoke, WastRet, Wat};
use woodfrog::abi::{ExternRef, Val, ValType};
use woodfrog_suite::pattern::{F32_MAGNITUDE, F32_NAN, F64_MAGNITUDE, F64_NAN, Pattern};
use woodfrog_suite::report::{Mismatch, Report};
use woodfrog_suite::script::{Action, Command, Directive, Expected, Refusal, Script, Source};

/// Reads a script.
///
/// # Errors
///
/// The report of a script that is no text of a script.
pub fn script(source: &str) -> Result<Script, Report> {
    read(source).map_err(|error| {
        let mismatch = Mismatch::Text(error.message());
        Report::not_run(line(error.span(), source), mismatch)
    })
}

fn read(source: &str) -> Result<Script, wast::Error> {
    let mut lexer = Lexer::new(source);
    // The suite has names in scripts that are written from right to left.
    lexer.allow_confusing_unicode(true);
    let buffer = ParseBuffer::new_with_lexer(lexer)?;
    let script: Wast<'_> = parser::parse(&buffer)?;
    let commands = script.directives.into_iter().map(|directive| Command {
        line: line(directive.span(), source),
        directive: convert(directive).unwrap_or_else(Directive::Unsupported),
    });
    Ok(Script {
        commands: commands.collect(),
    })
}

fn line(span: Span, source: &str) -> u32 {
    u32::try_from(span.linecol_in(source).0).map_or(u32::MAX, |line| line + 1)
}

/// Fails with the name of what there is no form for.
type Converted<T> = Result<T, String>;

fn convert(directive: WastDirective<'_>) -> Converted<Directive> {
    Ok(match directive {
        WastDirective::Module(mut module) => Directive::Module {
            name: owned(module.name()),
            module: encode(&mut module),
        },
        WastDirective::ModuleDefinition(mut module) => Directive::Definition {
            name: owned(module.name()),
            module: encode(&mut module),
        },
        WastDirective::ModuleInstance {
            instance, module, ..
        } => Directive::Instance {
            name: owned(instance),
            definition: owned(module),
        },
        WastDirective::Register { name, module, .. } => Directive::Register {
            import_name: name.to_owned(),
            instance: owned(module),
        },
        WastDirective::Invoke(call) => Directive::Run(invoke(&call)?),
        WastDirective::AssertReturn { exec, results, .. } => Directive::Assert {
            action: action(exec)?,
            expected: Expected::Return(results.iter().map(result).collect()),
        },
        WastDirective::AssertTrap { exec, message, .. } => Directive::Assert {
            action: action(exec)?,
            expected: Expected::Trap(message.to_owned()),
        },
        WastDirective::AssertExhaustion { call, message, .. } => Directive::Assert {
            action: invoke(&call)?,
            expected: Expected::Exhaustion(message.to_owned()),
        },
        WastDirective::AssertUnlinkable {
            module, message, ..
        } => Directive::Assert {
            action: instantiate(module),
            expected: Expected::Unlinkable(message.to_owned()),
        },
        WastDirective::AssertInvalid {
            module, message, ..
        }
        | WastDirective::AssertInvalidCustom {
            module, message, ..
        } => refused(Refusal::Invalid, module, message),
        WastDirective::AssertMalformed {
            module, message, ..
        }
        | WastDirective::AssertMalformedCustom {
            module, message, ..
        } => refused(Refusal::Malformed, module, message),
        WastDirective::AssertException { .. } => return Err("exceptions".to_owned()),
        WastDirective::AssertSuspension { .. } => return Err("stack switching".to_owned()),
        WastDirective::Thread(_) | WastDirective::Wait { .. } => return Err("threads".to_owned()),
    })
}

fn refused(refusal: Refusal, mut module: QuoteWat<'_>, message: &str) -> Directive {
    Directive::Refused {
        refusal,
        module: encode(&mut module),
        message: message.to_owned(),
    }
}

fn action(exec: WastExecute<'_>) -> Converted<Action> {
    Ok(match exec {
        WastExecute::Invoke(call) => invoke(&call)?,
        WastExecute::Wat(module) => instantiate(module),
        WastExecute::Get { module, global, .. } => Action::Get {
            instance: owned(module),
            name: global.to_owned(),
        },
    })
}

fn instantiate(module: Wat<'_>) -> Action {
    Action::Instantiate(encode(&mut QuoteWat::Wat(module)))
}

fn invoke(call: &WastInvoke<'_>) -> Converted<Action> {
    Ok(Action::Invoke {
        instance: owned(call.module),
        name: call.name.to_owned(),
        args: call.args.iter().map(argument).collect::<Converted<_>>()?,
    })
}

fn encode(module: &mut QuoteWat<'_>) -> Source {
    match module.encode() {
        Ok(bytes) => Source::Binary(bytes),
        Err(error) => Source::BadText(error.message()),
    }
}

fn owned(name: Option<Id<'_>>) -> Option<String> {
    name.map(|name| name.name().to_owned())
}

fn argument(arg: &WastArg<'_>) -> Converted<Val> {
    let value = match arg {
        WastArg::Core(WastArgCore::I32(value)) => Some(Val::I32(*value)),
        WastArg::Core(WastArgCore::I64(value)) => Some(Val::I64(*value)),
        WastArg::Core(WastArgCore::F32(value)) => Some(Val::F32(value.bits)),
        WastArg::Core(WastArgCore::F64(value)) => Some(Val::F64(value.bits)),
        WastArg::Core(WastArgCore::V128(value)) => {
            Some(Val::V128(u128::from_le_bytes(value.to_le_bytes())))
        }
        WastArg::Core(WastArgCore::RefNull(ty)) => match reference_type(ty) {
            Some(ValType::FuncRef) => Some(Val::FuncRef(None)),
            Some(ValType::ExternRef) => Some(Val::ExternRef(None)),
            _ => None,
        },
        WastArg::Core(WastArgCore::RefExtern(token)) => {
            Some(Val::ExternRef(Some(ExternRef(*token))))
        }
        _ => None,
    };
    value.ok_or_else(|| format!("the argument {arg:?}"))
}

fn reference_type(ty: &HeapType<'_>) -> Option<ValType> {
    match ty {
        HeapType::Abstract {
            ty: AbstractHeapType::Func,
            ..
        } => Some(ValType::FuncRef),
        HeapType::Abstract {
            ty: AbstractHeapType::Extern,
            ..
        } => Some(ValType::ExternRef),
        _ => None,
    }
}

fn result(expected: &WastRet<'_>) -> Pattern {
    match expected {
        WastRet::Core(expected) => pattern(expected),
        other => Pattern::Unsupported(format!("{other:?}")),
    }
}

fn pattern(expected: &WastRetCore<'_>) -> Pattern {
    let bits = |ty, (mask, bits)| Pattern::Bits { ty, mask, bits };
    match expected {
        WastRetCore::I32(value) => bits(ValType::I32, exactly(*value as u32)),
        WastRetCore::I64(value) => bits(ValType::I64, exactly(*value as u64)),
        WastRetCore::F32(value) => bits(ValType::F32, f32_bits(value)),
        WastRetCore::F64(value) => bits(ValType::F64, f64_bits(value)),
        WastRetCore::V128(lanes) => bits(ValType::V128, v128_bits(lanes)),
        WastRetCore::RefNull(None) => Pattern::Null(None),
        WastRetCore::RefNull(Some(ty)) => match reference_type(ty) {
            Some(ty) => Pattern::Null(Some(ty)),
            None => Pattern::Unsupported(format!("{expected:?}")),
        },
        WastRetCore::RefFunc(None) => Pattern::Func,
        WastRetCore::RefExtern(token) => Pattern::Extern(*token),
        WastRetCore::Either(patterns) => Pattern::Either(patterns.iter().map(pattern).collect()),
        other => Pattern::Unsupported(format!("{other:?}")),
    }
}

/// Which bits are given, and what they are.
type Bits = (u128, u128);

fn exactly<T: Into<u128>>(bits: T) -> Bits {
    let width = 8 * size_of::<T>() as u32;
    (u128::MAX >> (u128::BITS - width), bits.into())
}

fn f32_bits(pattern: &NanPattern<wast::token::F32>) -> Bits {
    match pattern {
        NanPattern::Value(value) => exactly(value.bits),
        NanPattern::CanonicalNan => (F32_MAGNITUDE, F32_NAN),
        NanPattern::ArithmeticNan => (F32_NAN, F32_NAN),
    }
}

fn f64_bits(pattern: &NanPattern<wast::token::F64>) -> Bits {
    match pattern {
        NanPattern::Value(value) => exactly(value.bits),
        NanPattern::CanonicalNan => (F64_MAGNITUDE, F64_NAN),
        NanPattern::ArithmeticNan => (F64_NAN, F64_NAN),
    }
}

fn v128_bits(pattern: &V128Pattern) -> Bits {
    match pattern {
        V128Pattern::I8x16(lanes) => join(&lanes.map(|lane| exactly(lane as u8))),
        V128Pattern::I16x8(lanes) => join(&lanes.map(|lane| exactly(lane as u16))),
        V128Pattern::I32x4(lanes) => join(&lanes.map(|lane| exactly(lane as u32))),
        V128Pattern::I64x2(lanes) => join(&lanes.map(|lane| exactly(lane as u64))),
        V128Pattern::F32x4(lanes) => join(&lanes.each_ref().map(f32_bits)),
        V128Pattern::F64x2(lanes) => join(&lanes.each_ref().map(f64_bits)),
    }
}

/// The bits of a vector from those of its lanes, the lowest first.
fn join(lanes: &[Bits]) -> Bits {
    let width = 128 / lanes.len();
    let shifted = (0..).step_by(width).zip(lanes);
    shifted.fold((0, 0), |(mask, bits), (shift, lane)| {
        (mask | lane.0 << shift, bits | lane.1 << shift)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_patterns_match_either_sign_and_no_signalling_nan() {
        let canonical = pattern(&WastRetCore::F32(NanPattern::CanonicalNan));
        let arithmetic = pattern(&WastRetCore::F32(NanPattern::ArithmeticNan));
        for (bits, is_canonical, is_arithmetic) in [
            (0x7fc0_0000, true, true),
            (0xffc0_0000, true, true),
            (0xffc0_0001, false, true),
            (0x7fa0_0000, false, false),
            (0x7f80_0000, false, false),
            (0x3fc0_0000, false, false),
        ] {
            assert_eq!(canonical.matches(&Val::F32(bits)), is_canonical);
            assert_eq!(arithmetic.matches(&Val::F32(bits)), is_arithmetic);
        }
        assert!(!canonical.matches(&Val::F64(F64_NAN as u64)));
    }

    #[test]
    fn each_lane_of_a_vector_has_a_pattern() {
        use NanPattern::{ArithmeticNan, CanonicalNan};
        let lanes = pattern(&WastRetCore::V128(V128Pattern::F64x2([
            CanonicalNan,
            ArithmeticNan,
        ])));
        let vector = |low: u64, high: u64| Val::V128(u128::from(high) << 64 | u128::from(low));
        let nan = F64_NAN as u64;
        assert!(lanes.matches(&vector(nan, nan | 1)));
        assert!(!lanes.matches(&vector(nan | 1, nan)));
        let lanes = pattern(&WastRetCore::V128(V128Pattern::I16x8([
            1, 2, 3, 4, 5, 6, 7, -1,
        ])));
        let value = Val::V128(0xffff_0007_0006_0005_0004_0003_0002_0001);
        assert!(lanes.matches(&value));
    }

    #[test]
    fn a_null_reference_matches_only_null_of_its_type() {
        let null = pattern(&WastRetCore::RefNull(None));
        assert!(null.matches(&Val::ExternRef(None)));
        assert!(!null.matches(&Val::ExternRef(Some(ExternRef(0)))));
        assert!(!null.matches(&Val::I32(0)));
        let some = pattern(&WastRetCore::RefExtern(Some(3)));
        assert!(some.matches(&Val::ExternRef(Some(ExternRef(3)))));
        assert!(!some.matches(&Val::ExternRef(None)));
    }
}
