//! Changing a local of the innermost frame, for debuggers.

use super::context::WalkContext;
use super::site::{Content, Place, Site, Source};
use super::stack::StackViewMut;
use crate::abi::vmctx::TrapFrame;
use crate::abi::{GPR, Val, ValType};
use crate::state::{PointClass, WasmAbstractValue};

/// Why a local could not be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetLocalError {
    /// The function has no such local.
    #[error("the function has {count} locals, so none with index {local}")]
    NoSuchLocal {
        /// The index asked for.
        local: u32,
        /// How many locals there are.
        count: usize,
    },
    /// The value is not of the local's type.
    #[error("local {local} is of type {expected}, not {given}")]
    Type {
        /// Index of the local.
        local: u32,
        /// Its type.
        expected: ValType,
        /// The value's type.
        given: ValType,
    },
    /// The value is a function of another store.
    #[error("the function is not of this store")]
    ForeignFunction,
    /// The frame stands at its function's header, where only parameters exist yet.
    #[error("local {local} does not exist before the function's first instruction")]
    NotYetThere {
        /// Index of the local.
        local: u32,
    },
    /// The innermost frame does not stand at a poll or breakpoint.
    #[error("no frame stands at a place where locals can be changed")]
    NoFrame,
}

/// Changes a local of the frame that was left with the registers `frame` at a poll or
/// breakpoint. Operands that were read from the local before keep their values.
///
/// # Errors
///
/// [`SetLocalError`]; nothing is changed then.
pub fn set_local(
    context: &dyn WalkContext,
    stack: &mut StackViewMut<'_>,
    frame: &mut TrapFrame,
    local: u32,
    value: Val,
) -> Result<(), SetLocalError> {
    let site = site_of(context, frame).ok_or(SetLocalError::NoFrame)?;
    let index = local as usize;
    let Some(&expected) = site.locals.get(index) else {
        let count = site.locals.len();
        return Err(SetLocalError::NoSuchLocal { local, count });
    };
    let given = value.ty();
    if given != expected {
        return Err(SetLocalError::Type {
            local,
            expected,
            given,
        });
    }
    let raw = value
        .to_raw(context)
        .ok_or(SetLocalError::ForeignFunction)?;
    if site.is_header() && index >= site.params {
        return Err(SetLocalError::NotYetThere { local });
    }
    assert!(
        !site
            .stack
            .iter()
            .any(|&(_, known)| known == WasmAbstractValue::Local(local)),
        "an operand at a poll is not tied to a local"
    );
    let base = frame.gpr[GPR::RBP as usize];
    for placement in &site.placements {
        let bits = match placement.content {
            Content::Value(Source::Local(of)) if of == index => raw,
            Content::High(Source::Local(of)) if of == index => raw >> 64,
            _ => continue,
        };
        match placement.place {
            Place::Register(register) => {
                let bits = placement.part.merge(frame.register(register), bits);
                frame.set_register(register, bits);
            }
            Place::Memory(offset) => {
                let word = stack.word_mut(base.wrapping_add_signed(offset));
                let word = word.expect("a live frame lies on the stack");
                *word = placement.part.merge(u128::from(*word), bits) as u64;
            }
        }
    }
    Ok(())
}

/// The poll or breakpoint at which a frame stands.
fn site_of(context: &dyn WalkContext, frame: &TrapFrame) -> Option<Site> {
    let code = context.code_at(frame.rip)?;
    let ip = usize::try_from(frame.rip).ok()?;
    let (function, point) = code
        .map
        .lookup_ip(ip, code.base as usize, PointClass::Poll)?;
    Some(Site::new(code.base, &function, &point))
}
