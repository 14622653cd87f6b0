//! A state map outside of memory, and the check of one that comes from there.
//!
//! Positions are kept as differences, which serialise to a byte or two. What is read back
//! is held against the module and itself, so that no later look-up meets a number that
//! leads out of bounds: the readers of maps rely on well-formed ones. Whether a map
//! tells the truth about its machine code nobody can check.

use super::decode::{Cursor, OperandStack};
use super::function::FunctionStateMap;
use super::map::{Block, Function, ModuleStateMap, PointClass};
use super::point::{Operand, OperandHome, PointKind};
use super::{LocalHome, Point};
use crate::abi::ValType;
use crate::abi::registers::{REGISTER_COUNT, argument_stack_words, is_callee_saved, stack_words};
use crate::limits::{MAX_DESCRIBED_OPERANDS, MAX_FRAME_SIZE};
use crate::module::{CallTarget, FunctionBody, Module};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// A state map as it is serialised.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PackedMap<'a> {
    /// Of each function, how far it starts behind the one before, and the size of its data.
    functions: Vec<(u32, u32)>,
    /// Of each block, how far behind the one before its code offset and its data are.
    blocks: Vec<(u32, u32)>,
    bytes: &'a [u8],
}

/// What is wrong with the state map of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MapFlaw {
    /// The map has another number of functions than the module.
    #[error("another number of functions than in the module")]
    FunctionCount,
    /// The function's code overlaps that of another, or is not within the code.
    #[error("code that is out of place")]
    Code,
    /// What is static about the frame cannot be read, or the frame is too large.
    #[error("a malformed frame layout")]
    Layout,
    /// A callee-saved register is none, or not in the frame.
    #[error("saved registers out of place")]
    SavedRegisters,
    /// The locals are not those that the module declares, or not in the frame.
    #[error("other locals than in the module, or locals out of place")]
    Locals,
    /// The places where decoding can begin are not those of points.
    #[error("blocks out of place")]
    Blocks,
    /// A suspend point cannot be decoded, or not where it should end.
    #[error("a malformed suspend point")]
    Point,
    /// A suspend point is out of order, out of the code, or at no operator.
    #[error("a suspend point out of place")]
    PointPlace,
    /// An operand is in no place that the frame has, or there are too many.
    #[error("an operand out of place")]
    Operand,
    /// A call passes more on the stack than the frame has room for.
    #[error("a call that does not fit into the frame")]
    Call,
}

impl ModuleStateMap {
    /// The map as it is serialised.
    pub(crate) fn pack(&self) -> PackedMap<'_> {
        let ends = self.functions.iter().skip(1).map(|next| next.data);
        let ends = ends.chain([self.bytes.len() as u32]);
        let mut start = 0;
        let functions = self.functions.iter().zip(ends).map(|(function, end)| {
            let distance = function.start - core::mem::replace(&mut start, function.start);
            (distance, end - function.data)
        });
        let mut last = Block { code: 0, data: 0 };
        let blocks = self.blocks.iter().map(|&block| {
            let Block { code, data } = core::mem::replace(&mut last, block);
            (block.code - code, block.data - data)
        });
        PackedMap {
            functions: functions.collect(),
            blocks: blocks.collect(),
            bytes: &self.bytes,
        }
    }
}

impl PackedMap<'_> {
    /// The map, if it is one of this module's and of code of so many bytes.
    ///
    /// # Errors
    ///
    /// The index of a function among those that the module defines, and what is wrong with it.
    pub(crate) fn unpack(
        &self,
        module: &Module,
        code_size: u32,
    ) -> Result<ModuleStateMap, (u32, MapFlaw)> {
        if self.functions.len() != module.bodies.len() {
            return Err((self.functions.len() as u32, MapFlaw::FunctionCount));
        }
        let map = ModuleStateMap::new(
            self.functions(module.imported_functions)?,
            self.blocks()?,
            self.bytes.to_vec(),
            code_size,
        );
        let mut next = Next::default();
        for (index, body) in (0..).zip(&module.bodies) {
            check(&map, index, module, body, &mut next).map_err(|flaw| (index, flaw))?;
        }
        match next.block == map.blocks.len() {
            true => Ok(map),
            false => Err((module.bodies.len() as u32, MapFlaw::Blocks)),
        }
    }

    fn functions(&self, first_id: u32) -> Result<Vec<Function>, (u32, MapFlaw)> {
        let (mut start, mut data) = (0u32, 0u32);
        let functions = (0..).zip(&self.functions);
        let functions = functions.map(|(index, &(distance, size))| {
            let misplaced = (index, MapFlaw::Code);
            start = start.checked_add(distance).ok_or(misplaced)?;
            let function = Function {
                start,
                data,
                id: first_id + index,
            };
            data = data.checked_add(size).ok_or((index, MapFlaw::Layout))?;
            Ok(function)
        });
        let functions = functions.collect::<Result<Vec<_>, _>>()?;
        match data as usize == self.bytes.len() {
            true => Ok(functions),
            false => Err((functions.len() as u32, MapFlaw::Layout)),
        }
    }

    fn blocks(&self) -> Result<Vec<Block>, (u32, MapFlaw)> {
        let (mut code, mut data) = (0u32, 0u32);
        let blocks = self.blocks.iter().map(|&(code_distance, data_distance)| {
            code = code.checked_add(code_distance)?;
            data = data.checked_add(data_distance)?;
            Some(Block { code, data })
        });
        blocks.collect::<Option<_>>().ok_or((0, MapFlaw::Blocks))
    }
}

/// What the next function begins with.
#[derive(Default)]
struct Next {
    code: u32,
    block: usize,
}

/// Checks one function.
fn check(
    map: &ModuleStateMap,
    index: u32,
    module: &Module,
    body: &FunctionBody,
    next: &mut Next,
) -> Result<(), MapFlaw> {
    let function = FunctionStateMap::read(map, index as usize).ok_or(MapFlaw::Layout)?;
    let range = function.start_offset()..function.end_offset();
    if range.start < next.code || range.is_empty() || range.end > map.total_size() {
        return Err(MapFlaw::Code);
    }
    next.code = range.end;
    let frame_size = function.frame_slots().saturating_mul(8);
    if frame_size > MAX_FRAME_SIZE || function.shadow_slots() > function.frame_slots() {
        return Err(MapFlaw::Layout);
    }
    if function.points_at > map.data_end(index as usize) {
        return Err(MapFlaw::Layout);
    }
    let frame = Frame {
        slots: 1..function.frame_slots() - function.shadow_slots(),
        locals: body.locals.len(),
    };
    let saved = function.saved_registers();
    let is_saved = |&(register, slot)| is_callee_saved(register) && frame.slots.contains(&slot);
    if !saved.iter().all(is_saved) {
        return Err(MapFlaw::SavedRegisters);
    }
    let params = module
        .function_type(function.local_function_id())
        .params
        .len();
    let locals = function.locals();
    let types = locals.iter().map(|local| local.ty);
    if function.params() as usize != params
        || !types.eq(body.locals.iter().copied())
        || !locals.iter().all(|local| frame.has_local(local))
    {
        return Err(MapFlaw::Locals);
    }
    if function.block_count > 0 && function.first_block != next.block {
        return Err(MapFlaw::Blocks);
    }
    next.block += function.block_count;
    if function.blocks().len() != function.block_count {
        return Err(MapFlaw::Blocks);
    }
    let checker = PointChecker {
        function,
        module,
        body,
        frame,
    };
    checker.check(map, &body.locals)
}

/// The places of a frame.
struct Frame {
    /// Slots that values can be in.
    slots: core::ops::Range<u32>,
    locals: usize,
}

impl Frame {
    fn has_slot(&self, slot: u32, ty: ValType) -> bool {
        let above = stack_words(ty) as u32 - 1;
        self.slots.contains(&slot) && slot - self.slots.start >= above
    }

    fn has_local(&self, local: &LocalHome) -> bool {
        let is_in_class = |register: usize| match local.ty.is_float() {
            true => (REGISTER_COUNT / 2..REGISTER_COUNT).contains(&register),
            false => register < REGISTER_COUNT / 2,
        };
        local
            .register
            .is_none_or(|register| is_in_class(register.0))
            && local.slot.is_none_or(|slot| self.has_slot(slot, local.ty))
    }

    /// Registers are of an operand's class by how they are encoded.
    fn has_operand(&self, operand: &Operand) -> bool {
        match operand.home {
            OperandHome::Register(_) | OperandHome::Const(_) => true,
            OperandHome::Slot(slot) => self.has_slot(slot, operand.ty),
            OperandHome::Local(local) => (local as usize) < self.locals,
        }
    }
}

/// Checks the points of a function.
struct PointChecker<'a> {
    function: FunctionStateMap<'a>,
    module: &'a Module,
    body: &'a FunctionBody,
    frame: Frame,
}

impl PointChecker<'_> {
    fn check(&self, map: &ModuleStateMap, locals: &[ValType]) -> Result<(), MapFlaw> {
        let mut last = None;
        let mut described = 0;
        let mut stack = OperandStack {
            first_slot: self.function.first_slot,
            operands: Vec::new(),
            locals: locals.to_vec(),
        };
        for block in 0..=self.function.block_count {
            let (start, end, code) = self.function.block_range(block);
            if start > end {
                return Err(MapFlaw::Blocks);
            }
            let mut cursor = Cursor::new(&map.bytes, start, end, code);
            stack.operands.clear();
            while cursor.position() < end {
                let is_first = block > 0 && cursor.position() == start;
                let point = cursor.next(Some(&mut stack)).ok_or(MapFlaw::Point)?;
                if is_first && point.code_offset != code {
                    return Err(MapFlaw::Blocks);
                }
                let key = (point.code_offset, PointClass::of(point.kind) as u8);
                if last.replace(key).is_some_and(|last| key <= last) {
                    return Err(MapFlaw::PointPlace);
                }
                described += stack.operands.len();
                if described > MAX_DESCRIBED_OPERANDS {
                    return Err(MapFlaw::Operand);
                }
                self.check_point(&point, &stack.operands)?;
            }
            if cursor.position() != end {
                return Err(MapFlaw::Point);
            }
        }
        Ok(())
    }

    fn check_point(&self, point: &Point, operands: &[Operand]) -> Result<(), MapFlaw> {
        let code = self.function.start_offset()..self.function.end_offset();
        let operators = self.body.first_operator..self.body.range.end;
        let is_header = point.kind == PointKind::FunctionHeader;
        // Breakpoints are a matter of one run.
        let is_in_place = point.kind != PointKind::Breakpoint
            && code.contains(&point.code_offset)
            && code.contains(&point.activate_offset)
            && (is_header || operators.contains(&point.wasm_offset));
        if !is_in_place {
            return Err(MapFlaw::PointPlace);
        }
        let are_in_place = operands
            .iter()
            .all(|operand| self.frame.has_operand(operand));
        if !are_in_place || is_header && !operands.is_empty() {
            return Err(MapFlaw::Operand);
        }
        match point.kind == PointKind::Call && !self.has_room_for(point) {
            true => Err(MapFlaw::Call),
            false => Ok(()),
        }
    }

    /// Whether the stack arguments of a call, if it is one of a function, fit into the frame.
    fn has_room_for(&self, point: &Point) -> bool {
        let function = self.function.local_function_id();
        let ty = match self.module.call_at(function, point.wasm_offset as u32) {
            Some(CallTarget::Direct(index)) => self.module.function_type(index),
            Some(CallTarget::Indirect { type_index, .. }) => {
                &self.module.types[type_index as usize]
            }
            None => return true,
        };
        argument_stack_words(&ty.params) <= self.function.shadow_slots() as usize
    }
}
