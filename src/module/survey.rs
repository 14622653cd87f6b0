//! A first look at a function: how often its locals are used, and how deep in loops.
//!
//! It is taken while a body is validated, which has to find out where each operator begins
//! anyway, and tells the compiler which locals are worth a register.

use super::opcode;
use crate::abi::ValType;
use alloc::boxed::Box;
use alloc::vec::Vec;

/// How many locals are kept of each kind: more than any compiler here has registers for.
const KEPT: usize = 8;

/// Each loop level multiplies the weight of a use by eight, up to this depth.
const MAX_LOOP_WEIGHT_DEPTH: u32 = 6;

/// What a function does with its locals.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// The locals used most, most first: some with integers and references, and some with
    /// floats and vectors.
    pub hottest: Box<[LocalUse]>,
    /// Weighted number of operators that call something.
    pub calls: u64,
}

/// A local and how much it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalUse {
    /// Its index.
    pub local: u32,
    /// Uses, each weighted by the depth of loops that it is in; at least 2.
    pub uses: u64,
}

/// Takes surveys, one after the other, in the same memory.
#[derive(Debug, Default)]
pub(super) struct Surveyor {
    uses: Vec<u64>,
    calls: u64,
    /// Of each open block, whether it is a loop.
    blocks: Vec<bool>,
    loop_depth: u32,
}

impl Surveyor {
    /// Begins with a function of so many locals.
    pub(super) fn begin(&mut self, locals: usize) {
        self.uses.clear();
        self.uses.resize(locals, 0);
        self.calls = 0;
        self.blocks.clear();
        self.loop_depth = 0;
    }

    /// Notes the validated operator with which `code` begins.
    #[inline]
    pub(super) fn operator(&mut self, code: &[u8]) {
        match code[0] {
            opcode::LOCAL_GET..=opcode::LOCAL_TEE => {
                self.uses[opcode::immediate(code) as usize] += self.weight();
            }
            opcode::LOOP => {
                self.blocks.push(true);
                self.loop_depth += 1;
            }
            opcode::BLOCK | opcode::IF => self.blocks.push(false),
            opcode::END => self.loop_depth -= u32::from(self.blocks.pop() == Some(true)),
            opcode::CALL | opcode::CALL_INDIRECT | opcode::MEMORY_GROW => {
                self.calls += self.weight();
            }
            opcode::MISC => {
                let bulk = opcode::MISC_MEMORY_INIT..=opcode::MISC_TABLE_FILL;
                let misc = opcode::immediate(code);
                if bulk.contains(&misc) && misc != opcode::MISC_TABLE_SIZE {
                    self.calls += self.weight();
                }
            }
            _ => {}
        }
    }

    /// Ends with the function, whose locals are of these types.
    pub(super) fn end(&self, locals: &[ValType]) -> Survey {
        let mut integers = Hottest::default();
        let mut floats = Hottest::default();
        for (local, (&uses, ty)) in (0..).zip(self.uses.iter().zip(locals)) {
            if uses > 1 {
                let kind = match ty {
                    ValType::F32 | ValType::F64 | ValType::V128 => &mut floats,
                    _ => &mut integers,
                };
                kind.offer(LocalUse { local, uses });
            }
        }
        Survey {
            hottest: [integers.kept(), floats.kept()].concat().into(),
            calls: self.calls,
        }
    }

    fn weight(&self) -> u64 {
        1 << (3 * self.loop_depth.min(MAX_LOOP_WEIGHT_DEPTH))
    }
}

/// The most used of the locals offered so far, most first.
#[derive(Default)]
struct Hottest {
    kept: [Option<LocalUse>; KEPT],
    count: usize,
}

impl Hottest {
    /// Keeps a local if it is hot enough; of two that are equally hot, the first.
    fn offer(&mut self, offered: LocalUse) {
        let hotter = |kept: &Option<LocalUse>| kept.is_some_and(|kept| kept.uses >= offered.uses);
        let place = self.kept[..self.count].partition_point(hotter);
        if place < KEPT {
            self.count = KEPT.min(self.count + 1);
            self.kept[place..self.count].rotate_right(1);
            self.kept[place] = Some(offered);
        }
    }

    fn kept(&self) -> Vec<LocalUse> {
        self.kept.iter().flatten().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::Module;
    use alloc::format;
    use alloc::string::String;

    fn survey(wat: &str) -> Survey {
        let module = Module::decode(wat::parse_str(wat).expect("test module")).expect("valid");
        module.bodies[0].survey.clone()
    }

    fn hottest(wat: &str) -> Vec<(u32, u64)> {
        let survey = survey(wat);
        let uses = survey.hottest.iter().map(|hot| (hot.local, hot.uses));
        uses.collect()
    }

    #[test]
    fn uses_weigh_eight_times_as_much_in_each_loop() {
        let found = hottest(
            "(module (func (param i32 i32 i32)
               local.get 0 local.set 0 local.get 0 drop
               loop
                 local.get 1 drop
                 block local.get 1 if local.get 2 drop end end
               end
               local.get 1 drop))",
        );
        assert_eq!(found, [(1, 17), (2, 8), (0, 3)]);
    }

    #[test]
    fn integers_come_before_floats_and_single_uses_do_not_count() {
        let found = hottest(
            "(module (func (param f64 i32 funcref v128 i32)
               local.get 0 local.get 0 local.get 0 drop drop drop
               local.get 1 drop
               local.get 2 local.get 2 drop drop
               local.get 3 local.set 3
               local.get 4 local.tee 4 drop))",
        );
        assert_eq!(found, [(2, 2), (4, 2), (0, 3), (3, 2)]);
    }

    #[test]
    fn all_operators_that_call_something_are_counted() {
        let found = survey(
            "(module (memory 1) (table 1 funcref) (data \"\") (elem funcref)
               (func
                 (call 0) (call_indirect (i32.const 0))
                 (drop (memory.grow (i32.const 0))) (drop (memory.size))
                 (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 0)) (data.drop 0)
                 (memory.copy (i32.const 0) (i32.const 0) (i32.const 0))
                 (memory.fill (i32.const 0) (i32.const 0) (i32.const 0))
                 (table.init 0 (i32.const 0) (i32.const 0) (i32.const 0)) (elem.drop 0)
                 (table.copy (i32.const 0) (i32.const 0) (i32.const 0))
                 (drop (table.grow (ref.null func) (i32.const 0)))
                 (drop (table.size))
                 (table.fill (i32.const 0) (ref.null func) (i32.const 0))
                 (drop (i32.trunc_sat_f32_s (f32.const 0)))))",
        );
        assert_eq!(found.calls, 12);
    }

    #[test]
    fn only_the_hottest_of_many_locals_are_kept() {
        let uses: String = (0..300)
            .flat_map(|local| core::iter::repeat_n(local, 2 + local % 100))
            .map(|local| format!("local.get {local} drop "))
            .collect();
        let params = "i32 ".repeat(300);
        let found = hottest(&format!("(module (func (param {params}) {uses}))"));
        let expected = [
            (99, 101),
            (199, 101),
            (299, 101),
            (98, 100),
            (198, 100),
            (298, 100),
            (97, 99),
            (197, 99),
        ];
        assert_eq!(found, expected);
    }
}
