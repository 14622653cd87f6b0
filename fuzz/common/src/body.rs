//! The pass over one function's instructions.

use crate::kinds::{Floats, access, computed_floats, shown_floats, truncation};
use crate::tame::{Nans, Tamer, WILD_ONE_IN};
use wasm_encoder::{BlockType, Encode, Function, Instruction, MemArgTarget, RefType, ValType};

/// What is left of an address, and of a static offset: together with the widest
/// access, less than the smallest memory.
const ADDRESS_MASK: i64 = 0x7fff;
const OFFSET_MASK: u64 = 0x3fff;

/// Lengths of bulk operations. The longest are of several of the engine's chunks.
const LENGTH_MASKS: [i64; 4] = [0xf, 0xff, 0xfff, 0x1ffff];

/// Indices and lengths of table operations: together less than the smallest table.
const INDEX_MASK: i64 = 0xf;

/// A function in the making.
pub(crate) struct Body<'t> {
    tamer: &'t mut Tamer,
    results: Vec<ValType>,
    params: usize,
    /// Declared locals; the pass's own come last.
    locals: Vec<ValType>,
    declared: usize,
    /// Instructions, encoded.
    code: Vec<u8>,
}

impl<'t> Body<'t> {
    /// Begins a function of the type with index `ty`.
    pub(crate) fn new(tamer: &'t mut Tamer, ty: u32, locals: Vec<ValType>) -> Self {
        let (params, results) = &tamer.shape.types[ty as usize];
        let mut body = Self {
            params: params.len(),
            results: results.clone(),
            declared: locals.len(),
            locals,
            tamer,
            code: Vec::new(),
        };
        body.use_fuel();
        body
    }

    /// The function.
    pub(crate) fn finish(self) -> Function {
        let mut function = Function::new_with_locals_types(self.locals);
        function.raw(self.code);
        function
    }

    /// Adds an instruction, and what tames it.
    pub(crate) fn add(&mut self, mut instruction: Instruction<'_>) {
        let is_wild = self.tamer.random.is_one_in(WILD_ONE_IN);
        if let Some((arg, above)) = access(&mut instruction) {
            if !is_wild {
                arg.offset &= OFFSET_MASK;
            }
            let MemArgTarget::Memory(memory) = arg.target else {
                unreachable!("there are no arrays")
            };
            let is_64 = self.tamer.shape.memories[memory as usize];
            self.before_access(is_64, above, is_wild);
        } else if self.tamer.nans == Nans::AtUse
            && let Some(floats) = shown_floats(&instruction)
        {
            self.canonicalize(floats);
        }
        let tamed = if is_wild {
            Some(instruction)
        } else {
            self.tame(instruction)
        };
        let Some(instruction) = tamed else { return };
        let floats = computed_floats(&instruction);
        let is_loop = matches!(instruction, Instruction::Loop(_));
        self.push(instruction);
        match floats {
            Some(floats) if self.tamer.nans == Nans::AtOrigin || !floats.is_scalar() => {
                self.canonicalize(floats);
            }
            _ => {}
        }
        if is_loop {
            self.use_fuel();
        }
    }

    /// Adds what keeps an instruction from trapping, or else something in its place.
    fn tame<'i>(&mut self, instruction: Instruction<'i>) -> Option<Instruction<'i>> {
        use Instruction as I;
        if let Some((floats, range, saturating)) = truncation(&instruction) {
            if self.tamer.random.is_one_in(2) {
                return Some(saturating);
            }
            self.clamp(floats, range);
        }
        match instruction {
            I::Unreachable => {
                self.return_zeros();
                return None;
            }
            I::I32DivS | I::I32DivU | I::I32RemS | I::I32RemU => {
                self.before_division(ValType::I32);
            }
            I::I64DivS | I::I64DivU | I::I64RemS | I::I64RemU => {
                self.before_division(ValType::I64);
            }
            I::CallIndirect {
                type_index,
                table_index,
            } => {
                self.indirect_call(type_index, table_index, false);
                return None;
            }
            I::ReturnCallIndirect {
                type_index,
                table_index,
            } => {
                self.indirect_call(type_index, table_index, true);
                return None;
            }
            I::DataDrop(_) | I::ElemDrop(_) if !self.tamer.random.is_one_in(8) => return None,
            _ => self.before_bulk(&instruction),
        }
        Some(instruction)
    }

    fn push(&mut self, instruction: Instruction<'_>) {
        instruction.encode(&mut self.code);
    }

    fn extend(&mut self, instructions: impl IntoIterator<Item = Instruction<'static>>) {
        for instruction in instructions {
            self.push(instruction);
        }
    }

    /// A local of the pass's own, the `n`th of a type.
    fn temporary(&mut self, ty: ValType, n: usize) -> u32 {
        let own = &self.locals[self.declared..];
        let found = own.iter().enumerate().filter(|(_, local)| **local == ty);
        let found = found.map(|(index, _)| index).nth(n);
        let index = found.unwrap_or_else(|| {
            // Only the next one of its type can be missing.
            self.locals.push(ty);
            self.locals.len() - 1 - self.declared
        });
        (self.params + self.declared + index) as u32
    }

    /// Returns without fuel; else uses up some.
    fn use_fuel(&mut self) {
        let fuel = self.tamer.fuel_global();
        self.extend([
            Instruction::GlobalGet(fuel),
            Instruction::I32Eqz,
            Instruction::If(BlockType::Empty),
        ]);
        self.return_zeros();
        self.extend([
            Instruction::End,
            Instruction::GlobalGet(fuel),
            Instruction::I32Const(1),
            Instruction::I32Sub,
            Instruction::GlobalSet(fuel),
        ]);
    }

    fn return_zeros(&mut self) {
        for index in 0..self.results.len() {
            self.push(zero(self.results[index]));
        }
        self.push(Instruction::Return);
    }

    /// Puts the address in bounds, which is below an operand of type `above`.
    fn before_access(&mut self, is_64: bool, above: Option<ValType>, is_wild: bool) {
        let kept = above.map(|ty| self.temporary(ty, 0));
        self.extend(kept.map(Instruction::LocalSet));
        if !is_wild {
            self.mask(is_64, ADDRESS_MASK);
        }
        self.extend(kept.map(Instruction::LocalGet));
        if self.tamer.nans == Nans::AtUse {
            match above {
                Some(ValType::F32) => self.canonicalize(Floats::F32),
                Some(ValType::F64) => self.canonicalize(Floats::F64),
                _ => {}
            }
        }
    }

    fn mask(&mut self, is_64: bool, mask: i64) {
        if is_64 {
            self.extend([Instruction::I64Const(mask), Instruction::I64And]);
        } else {
            self.extend([Instruction::I32Const(mask as i32), Instruction::I32And]);
        }
    }

    /// Makes the top operand the canonical NaN if it is a NaN.
    fn canonicalize(&mut self, floats: Floats) {
        use Instruction as I;
        const NAN32: u32 = 0x7fc0_0000;
        const NAN64: u64 = 0x7ff8_0000_0000_0000;
        let kept = self.temporary(floats.ty(), 0);
        let wide =
            |low: u64, high: u64| I::V128Const((u128::from(high) << 64 | u128::from(low)) as i128);
        let twice = u64::from(NAN32) << 32 | u64::from(NAN32);
        let (nan, compare, choose) = match floats {
            Floats::F32 => (
                I::F32Const(f32::from_bits(NAN32).into()),
                I::F32Eq,
                I::Select,
            ),
            Floats::F64 => (
                I::F64Const(f64::from_bits(NAN64).into()),
                I::F64Eq,
                I::Select,
            ),
            Floats::F32x4 => (wide(twice, twice), I::F32x4Eq, I::V128Bitselect),
            Floats::F64x2 => (wide(NAN64, NAN64), I::F64x2Eq, I::V128Bitselect),
        };
        self.extend([
            I::LocalTee(kept),
            nan,
            I::LocalGet(kept),
            I::LocalGet(kept),
            compare,
            choose,
        ]);
    }

    /// Puts the top operand within a range; a NaN becomes 0.
    fn clamp(&mut self, floats: Floats, [low, high]: [f64; 2]) {
        use Instruction as I;
        let kept = self.temporary(floats.ty(), 0);
        let is_f32 = floats == Floats::F32;
        let float = |value: f64| match is_f32 {
            true => I::F32Const((value as f32).into()),
            false => I::F64Const(value.into()),
        };
        let [eq, max, min] = match is_f32 {
            true => [I::F32Eq, I::F32Max, I::F32Min],
            false => [I::F64Eq, I::F64Max, I::F64Min],
        };
        let [zero, low, high] = [0.0, low, high].map(float);
        self.extend([
            I::LocalTee(kept),
            zero,
            I::LocalGet(kept),
            I::LocalGet(kept),
            eq,
        ]);
        self.extend([I::Select, low, max, high, min]);
    }

    /// Makes the divisor a constant or odd, and the dividend small enough for one of -1.
    fn before_division(&mut self, ty: ValType) {
        use Instruction as I;
        const DIVISORS: [i32; 12] = [1, 2, 3, 5, 7, 8, 10, 64, 1000, -3, -8, i32::MIN];
        let random = &mut self.tamer.random;
        let constant = random.is_one_in(3).then(|| *random.pick(&DIVISORS));
        if let Some(divisor) = constant {
            let divisor = match ty {
                ValType::I32 => I::I32Const(divisor),
                _ => I::I64Const(divisor.into()),
            };
            return self.extend([I::Drop, divisor]);
        }
        let kept = self.temporary(ty, 0);
        let [one, or, shift] = match ty {
            ValType::I32 => [I::I32Const(1), I::I32Or, I::I32ShrS],
            _ => [I::I64Const(1), I::I64Or, I::I64ShrS],
        };
        self.extend([
            one.clone(),
            or,
            I::LocalSet(kept),
            one,
            shift,
            I::LocalGet(kept),
        ]);
    }

    /// Calls a function of the type from the pass's own table and not from `table`;
    /// without one, does as if.
    fn indirect_call(&mut self, type_index: u32, table: u32, is_tail: bool) {
        use Instruction as I;
        if self.tamer.shape.tables[table as usize].1 {
            self.push(I::I32WrapI64);
        }
        let table_index = self.tamer.call_table();
        let Some(group) = self.tamer.groups[type_index as usize].clone() else {
            let (params, results) = &self.tamer.shape.types[type_index as usize];
            // The operands are the arguments and the index.
            let drops = (0..=params.len()).map(|_| I::Drop);
            let all: Vec<_> = drops.chain(results.iter().map(|&ty| zero(ty))).collect();
            self.extend(all);
            if is_tail {
                self.push(I::Return);
            }
            return;
        };
        self.mask(false, group.mask.into());
        self.extend([I::I32Const(group.first as i32), I::I32Add]);
        self.push(match is_tail {
            true => I::ReturnCallIndirect {
                type_index,
                table_index,
            },
            false => I::CallIndirect {
                type_index,
                table_index,
            },
        });
    }

    /// Puts the operands of bulk and table operations in bounds.
    fn before_bulk(&mut self, instruction: &Instruction<'_>) {
        use Instruction as I;
        let shape = &self.tamer.shape;
        let memory = |index: u32| shape.memories[index as usize];
        let table = |index: u32| shape.tables[index as usize];
        let i32_or_i64 = |is_64| if is_64 { ValType::I64 } else { ValType::I32 };
        let length = *self.tamer.random.pick(&LENGTH_MASKS);
        match *instruction {
            I::MemoryGrow(index) => self.mask(memory(index), 3),
            I::MemoryFill(index) => {
                let is_64 = memory(index);
                let address = (i32_or_i64(is_64), Some(ADDRESS_MASK));
                let length = (i32_or_i64(is_64), Some(length));
                self.mask_all([address, (ValType::I32, None), length]);
            }
            I::MemoryCopy { src_mem, dst_mem } => {
                let (to, from) = (memory(dst_mem), memory(src_mem));
                self.mask_all([
                    (i32_or_i64(to), Some(ADDRESS_MASK)),
                    (i32_or_i64(from), Some(ADDRESS_MASK)),
                    (i32_or_i64(to && from), Some(length)),
                ]);
            }
            I::MemoryInit { mem, data_index } => {
                let half = half(shape.data[data_index as usize]);
                self.mask_all([
                    (i32_or_i64(memory(mem)), Some(ADDRESS_MASK)),
                    (ValType::I32, Some(half)),
                    (ValType::I32, Some(half)),
                ]);
            }
            I::TableGet(index) => self.mask(table(index).1, INDEX_MASK),
            I::TableSet(index) => {
                let (element, is_64) = table(index);
                self.mask_all([(i32_or_i64(is_64), Some(INDEX_MASK)), (element, None)]);
            }
            I::TableGrow(index) => self.mask(table(index).1, 3),
            I::TableFill(index) => {
                let (element, is_64) = table(index);
                let masked = (i32_or_i64(is_64), Some(INDEX_MASK));
                self.mask_all([masked, (element, None), masked]);
            }
            I::TableCopy {
                src_table,
                dst_table,
            } => {
                let (to, from) = (table(dst_table).1, table(src_table).1);
                self.mask_all([
                    (i32_or_i64(to), Some(INDEX_MASK)),
                    (i32_or_i64(from), Some(INDEX_MASK)),
                    (i32_or_i64(to && from), Some(INDEX_MASK)),
                ]);
            }
            I::TableInit {
                elem_index,
                table: index,
            } => {
                let half = half(shape.elements[elem_index as usize]).min(INDEX_MASK);
                self.mask_all([
                    (i32_or_i64(table(index).1), Some(INDEX_MASK)),
                    (ValType::I32, Some(half)),
                    (ValType::I32, Some(half)),
                ]);
            }
            _ => {}
        }
    }

    /// Masks the topmost operands, the last one on top; `None` leaves one as it is.
    fn mask_all<const N: usize>(&mut self, operands: [(ValType, Option<i64>); N]) {
        let mut kept = Vec::new();
        for (ty, mask) in operands.into_iter().rev() {
            let taken = kept.iter().filter(|(other, _)| *other == ty).count();
            if let Some(mask) = mask {
                self.mask(ty == ValType::I64, mask);
            }
            let local = self.temporary(ty, taken);
            self.push(Instruction::LocalSet(local));
            kept.push((ty, local));
        }
        for (_, local) in kept.into_iter().rev() {
            self.push(Instruction::LocalGet(local));
        }
    }
}

/// A mask such that two numbers that it leaves add up to `len` at most.
fn half(len: u64) -> i64 {
    ((len / 2 + 1).next_power_of_two() / 2).saturating_sub(1) as i64
}

fn zero(ty: ValType) -> Instruction<'static> {
    match ty {
        ValType::I32 => Instruction::I32Const(0),
        ValType::I64 => Instruction::I64Const(0),
        ValType::F32 => Instruction::F32Const(0.0.into()),
        ValType::F64 => Instruction::F64Const(0.0.into()),
        ValType::V128 => Instruction::V128Const(0),
        ValType::Ref(RefType { heap_type, .. }) => Instruction::RefNull(heap_type),
    }
}
