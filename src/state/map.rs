//! State maps: of a function, of a module, and how the compiler fills them.

use super::packed::{Packed, Pending, Point, PointClass, Sequence};
use super::{FunctionLayout, LocalHome, Operand, PointKind, SuspendPoint};
use crate::abi::{RegisterIndex, TrapCode};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ops::Range;

/// Everything about one function's frames.
#[derive(Clone, Debug)]
pub struct FunctionStateMap {
    /// Index of the function in the module's function index space.
    pub local_function_id: u32,
    /// Its code, relative to the module's code.
    pub code: Range<u32>,
    /// How many of `locals` are parameters.
    pub params: u32,
    /// Its locals, parameters first.
    pub locals: Box<[LocalHome]>,
    /// Callee-saved registers that the prologue saved, and their slots.
    pub saved_registers: Box<[(RegisterIndex, u32)]>,
    /// Size of the frame below RBP in 8-byte slots, outgoing area included.
    pub frame_slots: u32,
    /// Size of the outgoing (shadow) area in 8-byte slots.
    pub shadow_size: u32,
    sequences: [Sequence; 3],
}

/// All functions of one code version, by start offset.
#[derive(Clone, Debug, Default)]
pub struct ModuleStateMap {
    functions: Vec<FunctionStateMap>,
    packed: Packed,
    /// Size of the module's code in bytes.
    pub total_size: u32,
}

impl ModuleStateMap {
    /// The functions, in ascending order of code offset.
    pub fn local_functions(&self) -> &[FunctionStateMap] {
        &self.functions
    }

    /// The function whose code contains an offset.
    pub fn lookup_ip(&self, code_offset: u32) -> Option<&FunctionStateMap> {
        let index = self
            .functions
            .partition_point(|function| function.code.start <= code_offset)
            .checked_sub(1)?;
        let function = &self.functions[index];
        function.code.contains(&code_offset).then_some(function)
    }

    /// A function by its index in the module's function index space.
    pub fn function(&self, local_function_id: u32) -> Option<&FunctionStateMap> {
        let found = self
            .functions
            .binary_search_by_key(&local_function_id, |f| f.local_function_id);
        found.ok().map(|index| &self.functions[index])
    }

    /// The call whose return address is this offset.
    pub fn lookup_call_ip(&self, code_offset: u32) -> Option<(&FunctionStateMap, Point)> {
        self.lookup(PointClass::Call, code_offset)
    }

    /// The poll (loop or function header) whose stub returns to this offset.
    pub fn lookup_loop_ip(&self, code_offset: u32) -> Option<(&FunctionStateMap, Point)> {
        self.lookup(PointClass::Poll, code_offset)
    }

    /// The trappable instruction that starts at this offset.
    pub fn lookup_trappable_ip(&self, code_offset: u32) -> Option<(&FunctionStateMap, Point)> {
        self.lookup(PointClass::Trappable, code_offset)
    }

    /// The point of a class at exactly this offset.
    pub fn lookup(
        &self,
        class: PointClass,
        code_offset: u32,
    ) -> Option<(&FunctionStateMap, Point)> {
        let function = self.function_of_point(class, code_offset)?;
        let point = self
            .packed
            .find(class, function.sequences[class as usize], code_offset)?;
        Some((function, point))
    }

    /// Why the instruction at this offset may trap. For fault handlers: neither
    /// allocates nor locks.
    pub fn trap_code(&self, code_offset: u32) -> Option<TrapCode> {
        let class = PointClass::Trappable;
        let function = self.function_of_point(class, code_offset)?;
        match self
            .packed
            .find_kind(class, function.sequences[class as usize], code_offset)?
        {
            PointKind::Trappable(code) => Some(code),
            _ => None,
        }
    }

    /// A function's points of one class, in ascending order of code offset.
    pub fn points<'a>(
        &'a self,
        function: &FunctionStateMap,
        class: PointClass,
    ) -> impl Iterator<Item = Point> + 'a {
        self.packed
            .points(class, function.sequences[class as usize])
    }

    /// The function header of a function.
    pub fn header(&self, function: &FunctionStateMap) -> Point {
        let mut polls = self.points(function, PointClass::Poll);
        let header = polls.find(|point| point.kind == PointKind::FunctionHeader);
        header.expect("every function has a header")
    }

    /// Size of the map in memory, in bytes.
    pub fn size_bytes(&self) -> usize {
        let functions = self.functions.iter().map(|function| {
            size_of::<FunctionStateMap>()
                + size_of_val(&*function.locals)
                + size_of_val(&*function.saved_registers)
        });
        functions.sum::<usize>() + self.packed.size_bytes()
    }

    /// A return address may lie just behind its function's last instruction.
    fn function_of_point(&self, class: PointClass, code_offset: u32) -> Option<&FunctionStateMap> {
        match class {
            PointClass::Trappable => self.lookup_ip(code_offset),
            _ => self.lookup_ip(code_offset.checked_sub(1)?),
        }
    }
}

/// Collects the suspend points of a module as its code is emitted.
#[derive(Debug, Default)]
pub struct ModuleStateMapBuilder {
    functions: Vec<FunctionStateMap>,
    packed: Packed,
    start: u32,
    pending: [Vec<Pending>; 3],
    arena: Vec<Operand>,
}

impl ModuleStateMapBuilder {
    /// Begins a function whose code starts at `start_offset`; functions come in ascending order.
    pub fn begin_function(&mut self, start_offset: u32) {
        self.start = start_offset;
        self.pending.iter_mut().for_each(Vec::clear);
        self.arena.clear();
    }

    /// Adds a suspend point of the current function. Points may come in any
    /// order of code offsets (stubs lie at a function's end).
    pub fn point(&mut self, point: &SuspendPoint<'_>) {
        let first = self.arena.len();
        self.arena.extend_from_slice(point.operands);
        self.pending[PointClass::of(point.kind) as usize].push(Pending {
            kind: point.kind,
            code_offset: point.code_offset,
            activate_offset: point.activate_offset,
            wasm_offset: point.wasm_offset,
            operands: first..self.arena.len(),
        });
    }

    /// Ends the current function, whose code ends before `end_offset`.
    pub fn end_function(&mut self, layout: &FunctionLayout, end_offset: u32) {
        let mut sequences = [Sequence::default(); 3];
        for (pending, sequence) in self.pending.iter().zip(&mut sequences) {
            let mut points: Vec<&Pending> = pending.iter().collect();
            points.sort_by_key(|point| point.code_offset);
            *sequence = self.packed.append(&points, &self.arena);
        }
        self.functions.push(FunctionStateMap {
            local_function_id: layout.local_function_id,
            code: self.start..end_offset,
            params: layout.params,
            locals: layout.locals.clone().into(),
            saved_registers: layout.saved_registers.clone().into(),
            frame_slots: layout.frame_slots,
            shadow_size: layout.shadow_slots,
            sequences,
        });
    }

    /// Ends the module, whose code is `total_size` bytes long.
    pub fn finish(self, total_size: u32) -> ModuleStateMap {
        ModuleStateMap {
            functions: self.functions,
            packed: self.packed,
            total_size,
        }
    }
}
