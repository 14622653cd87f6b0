//! The change between two machine states of one function.
//!
//! Chains of them, linked by [`MachineStateDiff::last`], describe all states of
//! a function. The packed map makes each one relative to the initial state, so
//! that its chains have one link.

use super::function::FunctionStateMap;
use super::machine_state::{MachineState, MachineValue, WasmAbstractValue};
use crate::abi::{RegisterIndex, ValType};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// The change from one state to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineStateDiff {
    /// Number of the state that this is relative to; None for the initial one.
    pub last: Option<usize>,
    /// How many stack values are popped, before any are pushed.
    pub stack_pop: usize,
    /// Stack values to push.
    pub stack_push: Vec<MachineValue>,
    /// Registers that change.
    pub reg_diff: Vec<(RegisterIndex, MachineValue)>,
    /// Slots of the caller's frame that change. None: removed.
    pub prev_frame_diff: BTreeMap<usize, Option<MachineValue>>,
    /// How many wasm stack values are popped, before any are pushed.
    pub wasm_stack_pop: usize,
    /// Wasm stack values to push, and their types.
    pub wasm_stack_push: Vec<(WasmAbstractValue, ValType)>,
    /// The new private depth.
    pub wasm_stack_private_depth: usize,
    /// The new wasm offset.
    pub wasm_inst_offset: usize,
}

/// The states of a function, as chains of changes.
pub trait StateDiffs {
    /// The state that chains begin with.
    fn initial(&self) -> MachineState;

    /// The change with a number.
    fn diff(&self, diff_id: usize) -> Option<MachineStateDiff>;
}

/// Pops and pushes that turn one list into another.
fn list_diff<T: Clone + PartialEq>(old: &[T], new: &[T]) -> (usize, Vec<T>) {
    let same = old.iter().zip(new).take_while(|(old, new)| old == new);
    let kept = same.count();
    (old.len() - kept, new[kept..].to_vec())
}

fn typed_stack(state: &MachineState) -> Vec<(WasmAbstractValue, ValType)> {
    let types = state.wasm_stack_types.iter().copied();
    state.wasm_stack.iter().copied().zip(types).collect()
}

impl MachineState {
    /// The change from `old` to this state, relative to state number `last` (which is to be
    /// `old`, or None if that is the initial one).
    pub fn diff(&self, old: &Self, last: Option<usize>) -> MachineStateDiff {
        let (stack_pop, stack_push) = list_diff(&old.stack_values, &self.stack_values);
        let (wasm_stack_pop, wasm_stack_push) = list_diff(&typed_stack(old), &typed_stack(self));
        let registers = self.register_values.iter().zip(&old.register_values);
        let changed = registers.enumerate().filter(|(_, (new, old))| new != old);
        let reg_diff = changed.map(|(index, (new, _))| (RegisterIndex(index), new.clone()));
        let removed = old.prev_frame.keys();
        let removed = removed.filter(|slot| !self.prev_frame.contains_key(slot));
        let set = self.prev_frame.iter();
        let set = set.filter(|(slot, value)| old.prev_frame.get(slot) != Some(value));
        MachineStateDiff {
            last,
            stack_pop,
            stack_push,
            reg_diff: reg_diff.collect(),
            prev_frame_diff: removed
                .map(|&slot| (slot, None))
                .chain(set.map(|(&slot, value)| (slot, Some(value.clone()))))
                .collect(),
            wasm_stack_pop,
            wasm_stack_push,
            wasm_stack_private_depth: self.wasm_stack_private_depth,
            wasm_inst_offset: self.wasm_inst_offset,
        }
    }
}

impl MachineStateDiff {
    /// The state that this change, after all those before it, leads to.
    ///
    /// # Panics
    ///
    /// Panics if the chain names a change that `map` does not have, or pops
    /// what is not there: chains are the compiler's own.
    pub fn build_state(&self, map: &impl StateDiffs) -> MachineState {
        let mut before = Vec::new();
        let mut last = self.last;
        while let Some(diff_id) = last {
            let diff = map.diff(diff_id).expect("chains have no gaps");
            last = diff.last;
            before.push(diff);
        }
        let mut state = map.initial();
        before.iter().rev().for_each(|diff| diff.apply(&mut state));
        self.apply(&mut state);
        state
    }

    fn apply(&self, state: &mut MachineState) {
        let kept = state.stack_values.len() - self.stack_pop;
        state.stack_values.truncate(kept);
        state.stack_values.extend_from_slice(&self.stack_push);
        for (register, value) in &self.reg_diff {
            state.register_values[register.0] = value.clone();
        }
        for (&slot, value) in &self.prev_frame_diff {
            match value {
                Some(value) => state.prev_frame.insert(slot, value.clone()),
                None => state.prev_frame.remove(&slot),
            };
        }
        let kept = state.wasm_stack.len() - self.wasm_stack_pop;
        state.wasm_stack.truncate(kept);
        state.wasm_stack_types.truncate(kept);
        for &(value, ty) in &self.wasm_stack_push {
            state.wasm_stack.push(value);
            state.wasm_stack_types.push(ty);
        }
        state.wasm_stack_private_depth = self.wasm_stack_private_depth;
        state.wasm_inst_offset = self.wasm_inst_offset;
    }
}

impl StateDiffs for FunctionStateMap<'_> {
    fn initial(&self) -> MachineState {
        FunctionStateMap::initial(self)
    }

    /// Finds the point by a search through the function.
    fn diff(&self, diff_id: usize) -> Option<MachineStateDiff> {
        let point = self.point(diff_id)?;
        Some(self.state(&point).diff(&self.initial(), None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// An initial state and changes, numbered from 0.
    struct Chain {
        initial: MachineState,
        diffs: Vec<MachineStateDiff>,
    }

    impl StateDiffs for Chain {
        fn initial(&self) -> MachineState {
            self.initial.clone()
        }

        fn diff(&self, diff_id: usize) -> Option<MachineStateDiff> {
            self.diffs.get(diff_id).cloned()
        }
    }

    fn machine_value() -> impl Strategy<Value = MachineValue> {
        let index = 0..4usize;
        let leaf = prop_oneof![
            Just(MachineValue::Undefined),
            Just(MachineValue::Vmctx),
            Just(MachineValue::ExplicitShadow),
            prop::collection::vec(0..9u32, 0..3).prop_map(|p| MachineValue::VmctxDeref(p.into())),
            (0..32usize).prop_map(|r| MachineValue::PreserveRegister(RegisterIndex(r))),
            (-99..99i32).prop_map(MachineValue::CopyStackBPRelative),
            index.clone().prop_map(MachineValue::WasmStack),
            index.clone().prop_map(MachineValue::WasmLocal),
            index.clone().prop_map(MachineValue::WasmStackHigh),
            index.prop_map(MachineValue::WasmLocalHigh),
        ];
        let half = leaf.clone();
        let halves = (half.clone(), half).prop_map(|h| MachineValue::TwoHalves(h.into()));
        prop_oneof![10 => leaf, 1 => halves]
    }

    fn state() -> impl Strategy<Value = MachineState> {
        let known = prop_oneof![
            Just(WasmAbstractValue::Runtime),
            any::<u64>().prop_map(WasmAbstractValue::Const),
            (0..4u32).prop_map(WasmAbstractValue::Local),
        ];
        let ty = prop::sample::select(alloc::vec![ValType::I32, ValType::F64, ValType::V128]);
        (
            prop::collection::vec(machine_value(), 0..8),
            prop::collection::vec(machine_value(), 32),
            prop::collection::btree_map(0..6usize, machine_value(), 0..4),
            prop::collection::vec((known, ty), 0..6),
            0..3usize,
            prop_oneof![Just(usize::MAX), 0..1000usize],
        )
            .prop_map(|(stack, registers, prev_frame, wasm, private, offset)| {
                let (wasm_stack, wasm_stack_types) = wasm.into_iter().unzip();
                MachineState {
                    stack_values: stack,
                    register_values: registers,
                    prev_frame,
                    wasm_stack,
                    wasm_stack_types,
                    wasm_stack_private_depth: private,
                    wasm_inst_offset: offset,
                }
            })
    }

    proptest! {
        #[test]
        fn building_a_diff_gives_the_state_back(initial in state(), new in state()) {
            let chain = Chain { initial, diffs: Vec::new() };
            let diff = new.diff(&chain.initial, None);
            prop_assert_eq!(diff.build_state(&chain), new);
        }

        #[test]
        fn building_a_chain_gives_every_state_back(
            initial in state(),
            states in prop::collection::vec(state(), 1..6),
        ) {
            let mut chain = Chain { initial: initial.clone(), diffs: Vec::new() };
            let mut old = (initial, None);
            for (number, state) in states.into_iter().enumerate() {
                let diff = state.diff(&old.0, old.1);
                prop_assert_eq!(&diff.build_state(&chain), &state);
                chain.diffs.push(diff);
                old = (state, Some(number));
            }
        }
    }

    #[test]
    fn equal_states_differ_in_nothing() {
        let state = MachineState::new();
        let diff = state.diff(&state, Some(3));
        assert_eq!(diff.last, Some(3));
        assert_eq!((diff.stack_pop, diff.wasm_stack_pop), (0, 0));
        assert!(diff.stack_push.is_empty() && diff.wasm_stack_push.is_empty());
        assert!(diff.reg_diff.is_empty() && diff.prev_frame_diff.is_empty());
    }
}
