//! The state map of one function: a view of the packed form.

use super::builder::{LOCAL_EXPLICIT_SLOT, LOCAL_HAS_REGISTER, LOCAL_HAS_SLOT, LOCAL_RUN};
use super::decode::{OperandStack, Point, Reader, type_of_code};
use super::map::{Block, ModuleStateMap, PointClass};
use super::point::{LocalHome, Operand, PointKind};
use crate::abi::RegisterIndex;
use crate::abi::registers::stack_words;
use crate::limits::MAX_LOCALS;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// Kind and code offset of a suspend point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SuspendOffset {
    /// A loop header.
    Loop(usize),
    /// A call, libcall, function header, or breakpoint.
    Call(usize),
    /// An instruction that may fault.
    Trappable(usize),
}

/// A range of machine code that belongs to one suspend point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OffsetInfo {
    /// End of the range, exclusive.
    pub end_offset: usize,
    /// Number of the point's state, for [`StateDiffs::diff`](super::StateDiffs::diff).
    pub diff_id: usize,
    /// Where a rebuilt frame goes on.
    pub activate_offset: usize,
}

/// A point at which a rebuilt frame can go on, by wasm offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResumePoint {
    /// Offset of the wasm instruction; `usize::MAX` for the function header.
    pub wasm_offset: usize,
    /// The point.
    pub point: Point,
}

/// Everything about one function. A cheap view; operands and states are
/// decoded on demand.
#[derive(Clone, Copy, Debug)]
pub struct FunctionStateMap<'a> {
    map: &'a ModuleStateMap,
    index: usize,
    start: u32,
    id: u32,
    size: u32,
    frame_slots: u32,
    shadow_slots: u32,
    pub(super) first_slot: u32,
    pub(super) first_block: usize,
    pub(super) block_count: usize,
    saved_at: usize,
    params: u32,
    locals_at: usize,
    pub(super) points_at: usize,
}

impl Point {
    /// The range of code it belongs to. Suspend points are single addresses.
    pub fn offset_info(&self) -> OffsetInfo {
        OffsetInfo {
            end_offset: self.code_offset as usize + 1,
            diff_id: self.diff_id,
            activate_offset: self.activate_offset as usize,
        }
    }

    /// Its kind and code offset.
    pub fn suspend_offset(&self) -> SuspendOffset {
        let offset = self.code_offset as usize;
        match self.kind {
            PointKind::Loop => SuspendOffset::Loop(offset),
            PointKind::FunctionHeader
            | PointKind::Call
            | PointKind::Restart
            | PointKind::Breakpoint => SuspendOffset::Call(offset),
            PointKind::Trappable(_) => SuspendOffset::Trappable(offset),
        }
    }
}

impl<'a> FunctionStateMap<'a> {
    /// Reads a function's static facts. Neither allocates nor panics.
    pub(super) fn read(map: &'a ModuleStateMap, index: usize) -> Option<Self> {
        let entry = map.entry(index)?;
        let mut reader = Reader::new(map.bytes(), entry.data as usize);
        let size = reader.number()?;
        let frame_slots = reader.number()?;
        let shadow_slots = reader.number()?;
        let first_slot = reader.number()?;
        let block_count = reader.number()? as usize;
        let first_block = match block_count {
            0 => 0,
            _ => reader.number()? as usize,
        };
        let saved_at = reader.position;
        for _ in 0..reader.number()? {
            reader.byte()?;
            reader.number()?;
        }
        let params = reader.number()?;
        let locals_size = reader.number()? as usize;
        Some(Self {
            map,
            index,
            start: entry.start,
            id: entry.id,
            size,
            frame_slots,
            shadow_slots,
            first_slot,
            first_block,
            block_count,
            saved_at,
            params,
            locals_at: reader.position,
            points_at: reader.position.checked_add(locals_size)?,
        })
    }

    /// Code offset of its start, relative to the module's code.
    pub fn start_offset(&self) -> u32 {
        self.start
    }

    /// Code offset of its end, exclusive.
    pub fn end_offset(&self) -> u32 {
        self.start.saturating_add(self.size)
    }

    /// Index of the function in the module's function index space.
    pub fn local_function_id(&self) -> u32 {
        self.id
    }

    /// How many of the locals are parameters.
    pub fn params(&self) -> u32 {
        self.params
    }

    /// Size of the frame below RBP in 8-byte slots, outgoing area included.
    pub fn frame_slots(&self) -> u32 {
        self.frame_slots
    }

    /// Slots of the outgoing (shadow) area, at the bottom of the frame.
    pub fn shadow_slots(&self) -> u32 {
        self.shadow_slots
    }

    /// Size of the outgoing (shadow) area in bytes.
    pub fn shadow_size(&self) -> usize {
        self.shadow_slots as usize * 8
    }

    /// Callee-saved registers that the prologue saves, and their slots.
    pub fn saved_registers(&self) -> Vec<(RegisterIndex, u32)> {
        let mut reader = self.reader(self.saved_at);
        let count = reader.number().unwrap_or(0);
        let mut read = || {
            let register = RegisterIndex(usize::from(reader.byte()?));
            Some((register, reader.number()?))
        };
        (0..count).map_while(|_| read()).collect()
    }

    /// Homes of the locals, parameters first.
    pub fn locals(&self) -> Vec<LocalHome> {
        let mut locals = Vec::new();
        let mut reader = self.reader(self.locals_at);
        let mut next_slot = self.saved_registers().len() as u32 + 1;
        while reader.position < self.points_at
            && self
                .read_run(&mut reader, &mut next_slot, &mut locals)
                .is_some()
        {}
        locals
    }

    /// Reads one run of locals.
    fn read_run(
        &self,
        reader: &mut Reader<'_>,
        next_slot: &mut u32,
        locals: &mut Vec<LocalHome>,
    ) -> Option<()> {
        let head = reader.byte()?;
        let ty = type_of_code(head & 7)?;
        let words = stack_words(ty) as u32;
        let register = match head & LOCAL_HAS_REGISTER {
            0 => None,
            _ => Some(RegisterIndex(usize::from(reader.byte()?))),
        };
        let mut slot = match head & (LOCAL_HAS_SLOT | LOCAL_EXPLICIT_SLOT) {
            0 => None,
            LOCAL_HAS_SLOT => Some(next_slot.wrapping_add(words - 1)),
            _ => Some(reader.number()?),
        };
        let count = match head & LOCAL_RUN {
            0 => 1,
            _ => reader.number()?,
        };
        if count > MAX_LOCALS - locals.len() as u32 {
            return None;
        }
        for _ in 0..count {
            locals.push(LocalHome { ty, register, slot });
            if let Some(slot) = &mut slot {
                *next_slot = slot.wrapping_add(1);
                *slot = slot.wrapping_add(words);
            }
        }
        Some(())
    }

    /// All points, by code offset.
    pub fn points(&self) -> impl Iterator<Item = Point> + use<'a> {
        let this = *self;
        (0..=self.block_count).flat_map(move |block| {
            let (start, end, code) = this.block_range(block);
            let mut cursor = this.map.cursor(start, end, code);
            core::iter::from_fn(move || cursor.next(None))
        })
    }

    /// The point of a class at exactly a code offset (relative to the module's
    /// code). Neither allocates nor panics.
    pub fn point_at(&self, class: PointClass, code_offset: u32) -> Option<Point> {
        let blocks = self.blocks();
        // Points of several classes at one offset may be split between two blocks.
        let first = blocks.partition_point(|block| block.code < code_offset);
        let last = blocks.partition_point(|block| block.code <= code_offset);
        for block in first..=last {
            let (start, end, code) = self.block_range(block);
            let mut cursor = self.map.cursor(start, end, code);
            while let Some(point) = cursor.next(None) {
                if point.code_offset > code_offset {
                    break;
                }
                if point.code_offset == code_offset && PointClass::of(point.kind) == class {
                    return Some(point);
                }
            }
        }
        None
    }

    /// The operand stack at a point of this function, bottom first.
    pub fn operands(&self, point: &Point) -> Vec<Operand> {
        let position = point.diff_id;
        let blocks = self.blocks();
        let block = blocks.partition_point(|block| block.data as usize <= position);
        let (start, end, code) = self.block_range(block);
        let mut cursor = self.map.cursor(start, end, code);
        let mut stack = OperandStack {
            first_slot: self.first_slot,
            operands: Vec::new(),
            locals: self.locals().iter().map(|local| local.ty).collect(),
        };
        while cursor.position() <= position && cursor.next(Some(&mut stack)).is_some() {}
        stack.operands
    }

    /// The point with a number, if there is one.
    pub fn point(&self, diff_id: usize) -> Option<Point> {
        self.points().find(|point| point.diff_id == diff_id)
    }

    /// The points at which a rebuilt frame can go on, sorted by wasm offset.
    pub fn resume_points(&self) -> Vec<ResumePoint> {
        let points = self.points().filter(|point| point.kind.is_resumable());
        let mut points: Vec<_> = points
            .map(|point| ResumePoint {
                wasm_offset: point.wasm_offset,
                point,
            })
            .collect();
        points.sort_by_key(|resume| (resume.wasm_offset, resume.point.code_offset));
        points
    }

    /// The point of a given kind at a wasm offset. Searches the whole function; for many
    /// look-ups, see [`Self::resume_points`].
    pub fn point_at_wasm_offset(
        &self,
        wasm_offset: usize,
        is_kind: impl Fn(PointKind) -> bool,
    ) -> Option<Point> {
        self.points()
            .find(|point| point.wasm_offset == wasm_offset && is_kind(point.kind))
    }

    /// Loop headers by code offset.
    pub fn loop_offsets(&self) -> BTreeMap<usize, OffsetInfo> {
        self.offsets(|kind| kind == PointKind::Loop)
    }

    /// Calls, libcalls and the function header by code offset.
    pub fn call_offsets(&self) -> BTreeMap<usize, OffsetInfo> {
        self.offsets(|kind| kind.is_call() || kind == PointKind::FunctionHeader)
    }

    /// Instructions that may fault by code offset.
    pub fn trappable_offsets(&self) -> BTreeMap<usize, OffsetInfo> {
        self.offsets(PointKind::is_trappable)
    }

    fn offsets(&self, is_kind: impl Fn(PointKind) -> bool) -> BTreeMap<usize, OffsetInfo> {
        self.points()
            .filter(|point| is_kind(point.kind))
            .map(|point| (point.code_offset as usize, point.offset_info()))
            .collect()
    }

    /// Where a frame that stands at a wasm offset goes on, for all wasm offsets at which
    /// one can but the function header.
    pub fn wasm_offset_to_target_offset(&self) -> BTreeMap<usize, SuspendOffset> {
        self.points()
            .filter(|p| p.kind.is_resumable() && p.kind != PointKind::FunctionHeader)
            .map(|point| (point.wasm_offset, point.suspend_offset()))
            .collect()
    }

    /// Where a frame that stands at the function header goes on.
    pub fn wasm_function_header_target_offset(&self) -> Option<SuspendOffset> {
        self.points()
            .find(|point| point.kind == PointKind::FunctionHeader)
            .map(|point| point.suspend_offset())
    }

    fn reader(&self, position: usize) -> Reader<'a> {
        Reader::new(self.map.bytes(), position)
    }

    pub(super) fn blocks(&self) -> &'a [Block] {
        self.map.blocks(self.first_block, self.block_count)
    }

    /// Start and end in the bytes, and first code offset, of block `number`, where 0 is
    /// what comes before the first of [`Self::blocks`].
    pub(super) fn block_range(&self, number: usize) -> (usize, usize, u32) {
        let blocks = self.blocks();
        let (start, code) = match number.checked_sub(1).and_then(|n| blocks.get(n)) {
            Some(block) => (block.data as usize, block.code),
            None => (self.points_at, self.start),
        };
        let end = blocks
            .get(number)
            .map_or(self.map.data_end(self.index), |next| next.data as usize);
        (start, end, code)
    }
}
