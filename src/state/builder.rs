//! The state map while code is emitted.

use super::decode::{Cursor, OperandStack};
use super::encode::{Encoder, type_code, write_varint};
use super::map::{Block, Function, ModuleStateMap, PointClass};
use super::point::{FunctionLayout, LocalHome, Operand, SuspendPoint};
use crate::abi::registers::stack_words;
use alloc::vec::Vec;

/// Points after which a block may end.
const BLOCK_POINTS: usize = 32;

/// Collects the suspend points of a module as its code is emitted.
///
/// Points are encoded as they come. Only if they come out of order is a
/// function decoded, sorted and encoded again.
#[derive(Debug, Default)]
pub struct ModuleStateMapBuilder {
    functions: Vec<Function>,
    blocks: Vec<Block>,
    bytes: Vec<u8>,
    current: Points,
    is_in_function: bool,
}

/// The points of the current function.
#[derive(Debug, Default)]
struct Points {
    /// Start of the function.
    start: u32,
    bytes: Vec<u8>,
    /// Starts of its blocks but the first, in `bytes`.
    blocks: Vec<Block>,
    encoder: Encoder,
    points_in_block: usize,
    /// Where the block's second point begins in `bytes`.
    changes_start: usize,
    last: Option<(u32, u8)>,
    /// Set when a point came out of order: points as they came, ever since the start.
    unsorted: Option<Vec<OwnedPoint>>,
}

#[derive(Clone, Debug)]
struct OwnedPoint {
    point: SuspendPoint<'static>,
    operands: Vec<Operand>,
}

impl ModuleStateMapBuilder {
    /// Begins a function whose code starts at `start_offset`; functions come in ascending order.
    ///
    /// # Panics
    ///
    /// Panics if a function is open, or begins before the one before it.
    pub fn begin_function(&mut self, start_offset: u32) {
        assert!(!self.is_in_function, "the last function was not ended");
        assert!(
            self.functions.last().is_none_or(|f| f.start < start_offset),
            "functions come in ascending order"
        );
        self.is_in_function = true;
        self.current.begin(start_offset);
    }

    /// Adds a suspend point of the current function. Points may come in any
    /// order of code offsets (stubs lie at a function's end), though ascending
    /// order is faster.
    ///
    /// # Panics
    ///
    /// Panics if there is no current function, or the point lies before its start.
    pub fn point(&mut self, point: &SuspendPoint<'_>) {
        assert!(self.is_in_function, "a point outside of functions");
        self.current.add(point);
    }

    /// Ends the current function, whose code ends before `end_offset`.
    ///
    /// # Panics
    ///
    /// Panics if there is no current function, if two points of one class have the
    /// same code offset, or if functions are not numbered in ascending order.
    pub fn end_function(&mut self, layout: &FunctionLayout, end_offset: u32) {
        assert!(self.is_in_function, "no function to end");
        self.is_in_function = false;
        self.current.sort();
        let start = self.current.start;
        assert!(self.current.last.is_none_or(|(code, _)| code < end_offset));
        self.functions.push(Function {
            start,
            data: self.bytes.len() as u32,
            id: layout.local_function_id,
        });
        if let [.., before, this] = self.functions[..] {
            assert!(before.id < this.id, "functions are numbered as they come");
        }
        self.write_layout(layout, end_offset - start);
        let points = self.bytes.len() as u32;
        let blocks = self.current.blocks.iter();
        self.blocks.extend(blocks.map(|block| Block {
            data: block.data + points,
            ..*block
        }));
        self.bytes.extend_from_slice(&self.current.bytes);
    }

    /// Ends the module, whose code is `total_size` bytes long.
    ///
    /// # Panics
    ///
    /// Panics if a function is open.
    pub fn finish(mut self, total_size: u32) -> ModuleStateMap {
        assert!(!self.is_in_function, "the last function was not ended");
        assert!(
            u32::try_from(self.bytes.len()).is_ok(),
            "bounded by the code"
        );
        self.functions.shrink_to_fit();
        self.blocks.shrink_to_fit();
        self.bytes.shrink_to_fit();
        ModuleStateMap::new(self.functions, self.blocks, self.bytes, total_size)
    }

    /// Appends a function's static facts; [`super::function`] reads them.
    fn write_layout(&mut self, layout: &FunctionLayout, size: u32) {
        let mut locals = Vec::new();
        write_locals(&mut locals, layout);
        let bytes = &mut self.bytes;
        for number in [
            size,
            layout.frame_slots,
            layout.shadow_slots,
            self.current.encoder.first_slot.unwrap_or(0),
            self.current.blocks.len() as u32,
        ] {
            write_varint(bytes, u64::from(number));
        }
        if !self.current.blocks.is_empty() {
            write_varint(bytes, self.blocks.len() as u64);
        }
        write_varint(bytes, layout.saved_registers.len() as u64);
        for &(register, slot) in &layout.saved_registers {
            bytes.push(register.0 as u8);
            write_varint(bytes, u64::from(slot));
        }
        write_varint(bytes, u64::from(layout.params));
        write_varint(bytes, locals.len() as u64);
        bytes.extend_from_slice(&locals);
    }
}

/// Bits of a local's first byte, above its type.
pub(super) const LOCAL_HAS_REGISTER: u8 = 1 << 3;
pub(super) const LOCAL_HAS_SLOT: u8 = 1 << 4;
/// The slot is not the one behind the last local's.
pub(super) const LOCAL_EXPLICIT_SLOT: u8 = 1 << 5;
/// More locals of this kind follow.
pub(super) const LOCAL_RUN: u8 = 1 << 6;

/// Appends the homes of locals: runs of one or more alike.
fn write_locals(bytes: &mut Vec<u8>, layout: &FunctionLayout) {
    let mut next_slot = layout.saved_registers.len() as u32 + 1;
    let mut rest = &layout.locals[..];
    while let Some(&first) = rest.first() {
        let mut head = type_code(first.ty);
        let words = stack_words(first.ty) as u32;
        if first.register.is_some() {
            head |= LOCAL_HAS_REGISTER;
        }
        let mut run = 1;
        if let Some(slot) = first.slot {
            head |= LOCAL_HAS_SLOT;
            if slot != next_slot + words - 1 {
                head |= LOCAL_EXPLICIT_SLOT;
            }
            next_slot = slot + 1;
            run = run_length(rest, first);
            next_slot += (run - 1) * words;
        }
        if run > 1 {
            head |= LOCAL_RUN;
        }
        bytes.push(head);
        bytes.extend(first.register.map(|register| register.0 as u8));
        if head & LOCAL_EXPLICIT_SLOT != 0 {
            write_varint(bytes, u64::from(first.slot.unwrap_or(0)));
        }
        if run > 1 {
            write_varint(bytes, u64::from(run));
        }
        rest = &rest[run as usize..];
    }
}

/// How many locals from the first on are alike, without registers, slot after slot.
fn run_length(locals: &[LocalHome], first: LocalHome) -> u32 {
    let words = stack_words(first.ty) as u32;
    let expected = (0..).map(|n| LocalHome {
        slot: first.slot.map(|slot| slot + n * words),
        register: None,
        ty: first.ty,
    });
    let alike = locals.iter().zip(expected);
    (alike
        .take_while(|(local, expected)| *local == expected)
        .count() as u32)
        .max(1)
}

impl Points {
    fn begin(&mut self, start: u32) {
        self.start = start;
        self.unsorted = None;
        self.rewind();
    }

    fn rewind(&mut self) {
        self.bytes.clear();
        self.blocks.clear();
        self.encoder.restart(self.start);
        self.points_in_block = 0;
        self.changes_start = 0;
        self.last = None;
    }

    fn add(&mut self, point: &SuspendPoint<'_>) {
        assert!(point.code_offset >= self.start, "point before its function");
        let key = sort_key(point);
        if self.unsorted.is_none() && self.last.is_some_and(|last| key <= last) {
            self.unsorted = Some(self.decode());
        }
        if let Some(unsorted) = &mut self.unsorted {
            unsorted.push(OwnedPoint {
                point: SuspendPoint {
                    operands: &[],
                    ..*point
                },
                operands: point.operands.to_vec(),
            });
            return;
        }
        self.last = Some(key);
        self.encode(point);
    }

    fn encode(&mut self, point: &SuspendPoint<'_>) {
        // A block begins with all operands; the changes since must be worth as much.
        let changes_size = self.bytes.len() - self.changes_start;
        if self.points_in_block >= BLOCK_POINTS && changes_size >= 2 * point.operands.len() {
            self.points_in_block = 0;
            self.blocks.push(Block {
                code: point.code_offset,
                data: self.bytes.len() as u32,
            });
            self.encoder.restart_block(point.code_offset);
        }
        self.encoder.write(&mut self.bytes, point);
        self.points_in_block += 1;
        if self.points_in_block == 1 {
            self.changes_start = self.bytes.len();
        }
    }

    /// The points so far.
    fn decode(&self) -> Vec<OwnedPoint> {
        let mut points = Vec::new();
        let starts = core::iter::once((self.start, 0))
            .chain(self.blocks.iter().map(|b| (b.code, b.data as usize)));
        let ends = self.blocks.iter().map(|block| block.data as usize);
        let ends = ends.chain(core::iter::once(self.bytes.len()));
        for ((code, start), end) in starts.zip(ends) {
            let mut stack = OperandStack {
                first_slot: self.encoder.first_slot.unwrap_or(0),
                ..OperandStack::default()
            };
            let mut cursor = Cursor::new(&self.bytes, start, end, code);
            while let Some(point) = cursor.next(Some(&mut stack)) {
                points.push(OwnedPoint {
                    point: SuspendPoint {
                        kind: point.kind,
                        code_offset: point.code_offset,
                        activate_offset: point.activate_offset,
                        wasm_offset: point.wasm_offset as u32,
                        operands: &[],
                    },
                    operands: stack.operands.clone(),
                });
            }
        }
        points
    }

    /// Brings the points into the order of their code offsets.
    fn sort(&mut self) {
        let Some(mut points) = self.unsorted.take() else {
            return;
        };
        points.sort_by_key(|p| sort_key(&p.point));
        self.rewind();
        for OwnedPoint { point, operands } in &points {
            let key = sort_key(point);
            assert!(
                self.last.is_none_or(|last| last < key),
                "two points at {key:?}"
            );
            self.last = Some(key);
            self.encode(&SuspendPoint { operands, ..*point });
        }
    }
}

/// Points are in this order. Points of different classes may share a code offset.
fn sort_key(point: &SuspendPoint<'_>) -> (u32, u8) {
    (point.code_offset, PointClass::of(point.kind) as u8)
}
