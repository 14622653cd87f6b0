//! The state map of a module: packed, and looked up by code address.

use super::decode::{Cursor, Point};
use super::function::FunctionStateMap;
use super::point::PointKind;
use crate::abi::TrapCode;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::mem::size_of;

/// All functions of one code version, by start offset.
///
/// Made by [`ModuleStateMapBuilder`](super::ModuleStateMapBuilder), or read out of
/// a precompiled module, which is checked first; so its bytes are trusted to be
/// well-formed.
#[derive(Clone, Debug, Default)]
pub struct ModuleStateMap {
    pub(super) functions: Box<[Function]>,
    pub(super) blocks: Box<[Block]>,
    pub(super) bytes: Box<[u8]>,
    pub(super) total_size: u32,
}

/// One function.
#[derive(Clone, Copy, Debug)]
pub(super) struct Function {
    /// Code offset of its start.
    pub start: u32,
    /// Where its layout and then its points begin in the bytes.
    pub data: u32,
    /// Index of the function in the module's function index space.
    pub id: u32,
}

/// A place where decoding can begin, beside a function's first point.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block {
    /// Code offset of its first point.
    pub code: u32,
    /// Where it begins in the bytes.
    pub data: u32,
}

/// The three ways a point is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PointClass {
    /// Function headers, loop headers and breakpoints, by the return address of their poll.
    Poll,
    /// Calls and libcalls, by their return address.
    Call,
    /// Trappable instructions, by their start.
    Trappable,
}

impl PointClass {
    /// The class of a kind.
    pub const fn of(kind: PointKind) -> Self {
        match kind {
            PointKind::FunctionHeader | PointKind::Loop | PointKind::Breakpoint => Self::Poll,
            PointKind::Call | PointKind::Restart => Self::Call,
            PointKind::Trappable(_) => Self::Trappable,
        }
    }
}

impl ModuleStateMap {
    pub(super) fn new(
        functions: Vec<Function>,
        blocks: Vec<Block>,
        bytes: Vec<u8>,
        total_size: u32,
    ) -> Self {
        Self {
            functions: functions.into(),
            blocks: blocks.into(),
            bytes: bytes.into(),
            total_size,
        }
    }

    /// Size of the module's code in bytes.
    pub fn total_size(&self) -> u32 {
        self.total_size
    }

    /// Size of the map itself in bytes.
    pub fn size_bytes(&self) -> usize {
        size_of::<Self>()
            + self.functions.len() * size_of::<Function>()
            + self.blocks.len() * size_of::<Block>()
            + self.bytes.len()
    }

    /// All functions, by start offset.
    pub fn local_functions(&self) -> impl ExactSizeIterator<Item = FunctionStateMap<'_>> {
        (0..self.functions.len()).map(|index| self.expect_function(index))
    }

    /// The function with an index in the module's function index space; None for imports.
    pub fn function(&self, local_function_id: u32) -> Option<FunctionStateMap<'_>> {
        let index = self
            .functions
            .binary_search_by_key(&local_function_id, |f| f.id)
            .ok()?;
        Some(self.expect_function(index))
    }

    /// The function whose code contains an offset.
    pub fn function_at(&self, code_offset: u32) -> Option<FunctionStateMap<'_>> {
        let after = self.functions.partition_point(|f| f.start <= code_offset);
        let function = FunctionStateMap::read(self, after.checked_sub(1)?)?;
        (code_offset < function.end_offset()).then_some(function)
    }

    /// The point of a class at exactly a code offset.
    pub fn lookup(
        &self,
        class: PointClass,
        code_offset: u32,
    ) -> Option<(FunctionStateMap<'_>, Point)> {
        let function = self.function_at(code_offset)?;
        let point = function.point_at(class, code_offset)?;
        Some((function, point))
    }

    /// The point of a class at the code address `ip`, for code at `base`. None
    /// before the first function, behind the last one, and where there is no such point.
    pub fn lookup_ip(
        &self,
        ip: usize,
        base: usize,
        class: PointClass,
    ) -> Option<(FunctionStateMap<'_>, Point)> {
        let code_offset = u32::try_from(ip.checked_sub(base)?).ok()?;
        self.lookup(class, code_offset)
    }

    /// The call or libcall that returns to `ip`.
    pub fn lookup_call_ip(&self, ip: usize, base: usize) -> Option<(FunctionStateMap<'_>, Point)> {
        self.lookup_ip(ip, base, PointClass::Call)
    }

    /// The instruction at `ip` that may fault.
    pub fn lookup_trappable_ip(
        &self,
        ip: usize,
        base: usize,
    ) -> Option<(FunctionStateMap<'_>, Point)> {
        self.lookup_ip(ip, base, PointClass::Trappable)
    }

    /// The loop header or function header whose poll returns to `ip`.
    pub fn lookup_loop_ip(&self, ip: usize, base: usize) -> Option<(FunctionStateMap<'_>, Point)> {
        self.lookup_ip(ip, base, PointClass::Poll)
    }

    /// The trap that the instruction at a code offset may fault with. Neither
    /// allocates nor panics.
    pub fn trap_code(&self, code_offset: u32) -> Option<TrapCode> {
        let (_, point) = self.lookup(PointClass::Trappable, code_offset)?;
        match point.kind {
            PointKind::Trappable(code) => Some(code),
            _ => None,
        }
    }

    pub(super) fn entry(&self, index: usize) -> Option<&Function> {
        self.functions.get(index)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where the data of a function ends.
    pub(super) fn data_end(&self, index: usize) -> usize {
        self.functions
            .get(index + 1)
            .map_or(self.bytes.len(), |next| next.data as usize)
    }

    pub(super) fn blocks(&self, first: usize, count: usize) -> &[Block] {
        self.blocks.get(first..first + count).unwrap_or(&[])
    }

    /// A cursor over `bytes[start..end]`.
    pub(super) fn cursor(&self, start: usize, end: usize, code: u32) -> Cursor<'_> {
        Cursor::new(&self.bytes, start, end, code)
    }

    fn expect_function(&self, index: usize) -> FunctionStateMap<'_> {
        FunctionStateMap::read(self, index).expect("state maps are well-formed")
    }
}
