//! The state model: where each wasm value lives at every suspend point.
//!
//! Inert data. The compiler describes suspend points (`point`) to a
//! [`ModuleStateMapBuilder`] as it emits code, which packs them (`encode`).
//! A [`ModuleStateMap`] answers, for a code address, with a [`Point`] of a
//! [`FunctionStateMap`], which expands it to a [`MachineState`]. `packed` takes maps out of
//! memory, and checks those that come from elsewhere.

mod builder;
mod code_version;
mod decode;
mod diff;
mod encode;
mod function;
mod machine_state;
mod map;
mod packed;
mod point;
#[cfg(test)]
mod tests;

pub use builder::ModuleStateMapBuilder;
pub use code_version::{CodeVersion, CodeVersions};
pub use decode::Point;
pub use diff::{MachineStateDiff, StateDiffs};
pub use function::{FunctionStateMap, OffsetInfo, ResumePoint, SuspendOffset};
pub use machine_state::{MachineState, MachineValue, WasmAbstractValue};
pub use map::{ModuleStateMap, PointClass};
pub use packed::MapFlaw;
pub(crate) use packed::PackedMap;
pub use point::{FunctionLayout, LocalHome, Operand, OperandHome, PointKind, SuspendPoint};
