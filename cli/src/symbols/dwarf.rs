//! DWARF in a module: which unit has an address, and what is to be found there.
//!
//! Addresses are offsets from the start of the code section's contents ("DWARF for
//! WebAssembly"). Reading is gimli's; what is here sees to it that no table is read that is
//! out of proportion, because gimli reads abbreviations and the headers of line programs
//! into memory, and any number of units can name the same ones.

use super::Source;
use super::budget::{Budget, Stop};
use super::{lines, scopes};
use gimli::{
    AttributeValue, DebugInfoOffset, DebugLineOffset, DebuggingInformationEntry, Dwarf,
    EndianSlice, LittleEndian, Reader, Section, Unit, UnitHeader,
};
use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use wasmparser::{Parser, Payload};
use woodfrog::module::Module;

/// Bytes of debug information.
pub type Slice<'m> = EndianSlice<'m, LittleEndian>;

/// Most bytes of a unit's table of abbreviations, and of the tables of directories and files of
/// a line program. Each becomes about twenty times as much in memory; those of large units
/// have some thousand bytes.
const MAX_TABLE: usize = 1 << 20;

/// Steps that a range of addresses counts for: it is kept.
const RANGE_STEPS: usize = 32;

/// The DWARF of a module.
pub struct DebugInfo<'m> {
    dwarf: Dwarf<Slice<'m>>,
    code_start: usize,
    ranges: OnceCell<Vec<UnitRange>>,
}

/// Addresses that a unit says it has code at.
#[derive(Clone, Copy, Debug)]
struct UnitRange {
    begin: u64,
    end: u64,
    unit: DebugInfoOffset,
}

/// What was found out about an address.
#[derive(Debug, Default)]
pub struct Located {
    /// Places in the source, in the order of [`FrameSymbols`](super::FrameSymbols).
    pub sources: Vec<Source>,
    /// Names of locals by index.
    pub local_names: BTreeMap<u32, String>,
}

impl<'m> DebugInfo<'m> {
    /// The DWARF of a module, if it has any.
    pub fn new(module: &'m Module) -> Option<Self> {
        let mut code_start = None;
        let mut sections = HashMap::new();
        for payload in Parser::new(0).parse_all(&module.bytes) {
            match payload.ok()? {
                Payload::CodeSectionStart {
                    unchecked_range, ..
                } => {
                    code_start = Some(unchecked_range.start);
                }
                Payload::CustomSection(section) if section.name().starts_with(".debug_") => {
                    sections.insert(section.name(), section.data());
                }
                _ => {}
            }
        }
        if !sections.contains_key(".debug_info") {
            return None;
        }
        let load = |id: gimli::SectionId| -> Result<_, gimli::Error> {
            let bytes = sections.get(id.name()).copied().unwrap_or_default();
            Ok(EndianSlice::new(bytes, LittleEndian))
        };
        Some(Self {
            dwarf: Dwarf::load(load).ok()?,
            code_start: usize::try_from(code_start?).ok()?,
            ranges: OnceCell::new(),
        })
    }

    /// What stands at an offset in the module.
    pub fn locate(&self, offset: usize, budget: &Budget) -> Located {
        let reader = DwarfReader {
            dwarf: &self.dwarf,
            budget,
        };
        let Some(address) = offset.checked_sub(self.code_start) else {
            return Located::default();
        };
        let address = address as u64;
        let ranges = self.ranges.get_or_init(|| reader.unit_ranges());
        let having = ranges
            .iter()
            .filter(|range| (range.begin..range.end).contains(&address));
        having
            .map_while(|range| match reader.locate(range.unit, address) {
                Err(Stop::Exhausted) => None,
                located => Some(located.unwrap_or_default()),
            })
            .find(|located| !located.sources.is_empty())
            .unwrap_or_default()
    }
}

/// Reads DWARF within a budget.
#[derive(Clone, Copy)]
pub struct DwarfReader<'a, 'm> {
    /// The sections.
    pub dwarf: &'a Dwarf<Slice<'m>>,
    /// What may be done.
    pub budget: &'a Budget,
}

impl<'m> DwarfReader<'_, 'm> {
    /// The ranges of all units that can be read.
    fn unit_ranges(&self) -> Vec<UnitRange> {
        let mut ranges = Vec::new();
        let mut headers = self.dwarf.units();
        while let Ok(Some(header)) = headers.next() {
            let Some(unit) = header.debug_info_offset() else {
                continue;
            };
            if self.add_ranges(header, unit, &mut ranges) == Err(Stop::Exhausted) {
                break;
            }
        }
        ranges
    }

    fn add_ranges(
        &self,
        header: UnitHeader<Slice<'m>>,
        offset: DebugInfoOffset,
        ranges: &mut Vec<UnitRange>,
    ) -> Result<(), Stop> {
        let unit = self.unit(header)?;
        let root = unit.entry(unit.header.root_offset())?;
        self.for_each_range(&unit, &root, |begin, end| {
            ranges.push(UnitRange {
                begin,
                end,
                unit: offset,
            });
        })
    }

    fn locate(&self, unit: DebugInfoOffset, address: u64) -> Result<Located, Stop> {
        let unit = self.unit(self.dwarf.debug_info.header_from_offset(unit)?)?;
        let found = scopes::find(self, &unit, address)?;
        // Names are of use without lines.
        let line = match lines::find(self, &unit, address) {
            Err(Stop::Exhausted) => return Err(Stop::Exhausted),
            line => line.unwrap_or_default(),
        };
        Ok(Located {
            sources: found.sources(line),
            local_names: found.local_names,
        })
    }

    /// The unit that has an entry.
    pub fn unit_with(&self, entry: DebugInfoOffset) -> Result<Unit<Slice<'m>>, Stop> {
        let mut headers = self.dwarf.units();
        while let Some(header) = headers.next()? {
            self.budget.take(1)?;
            if entry.to_unit_offset(&header).is_some() {
                return self.unit(header);
            }
        }
        Err(Stop::Unreadable)
    }

    /// Reads a unit, if its tables are in proportion.
    pub fn unit(&self, header: UnitHeader<Slice<'m>>) -> Result<Unit<Slice<'m>>, Stop> {
        self.check_abbreviations(&header)?;
        let abbreviations = self.dwarf.abbreviations(&header)?;
        let mut root = DebuggingInformationEntry::null();
        let mut entries = header.entries_raw(&abbreviations, None)?;
        entries.read_entry(&mut root)?;
        self.budget.take(1 + root.attrs().len())?;
        if let Some(AttributeValue::DebugLineRef(offset)) =
            root.attr_value(gimli::constants::DW_AT_stmt_list)
        {
            self.check_line_program(offset)?;
        }
        Ok(Unit::new_with_abbreviations(
            self.dwarf,
            header,
            Arc::clone(&abbreviations),
        )?)
    }

    /// Checks how long a unit's table of abbreviations is.
    fn check_abbreviations(&self, header: &UnitHeader<Slice<'m>>) -> Result<(), Stop> {
        let mut table = *self.dwarf.debug_abbrev.reader();
        table.skip(header.debug_abbrev_offset().0)?;
        table.truncate(table.len().min(MAX_TABLE))?;
        let mut rest = table;
        let result = skip_abbreviations(&mut rest);
        // Also what is malformed has been read.
        self.budget.take(table.len() - rest.len())?;
        Ok(result?)
    }

    /// Checks how long the tables of a line program are (DWARF 5, section 6.2.4).
    fn check_line_program(&self, offset: DebugLineOffset) -> Result<(), Stop> {
        let mut header = *self.dwarf.debug_line.reader();
        header.skip(offset.0)?;
        let (_, format) = header.read_initial_length()?;
        if header.read_u16()? >= 5 {
            // Sizes of addresses and segment selectors.
            header.skip(2)?;
        }
        let len = header.read_length(format)?;
        match len <= MAX_TABLE {
            true => self.budget.take(len),
            false => Err(Stop::Unreadable),
        }
    }

    /// Calls `each` with the addresses of an entry (DWARF 5, section 2.17).
    pub fn for_each_range(
        &self,
        unit: &Unit<Slice<'m>>,
        entry: &DebuggingInformationEntry<Slice<'m>>,
        mut each: impl FnMut(u64, u64),
    ) -> Result<(), Stop> {
        use gimli::constants::{DW_AT_high_pc, DW_AT_low_pc, DW_AT_ranges};
        if let Some(list) = entry.attr_value(DW_AT_ranges) {
            let Some(mut list) = self.dwarf.attr_ranges(unit, list)? else {
                return Ok(());
            };
            while let Some(range) = list.next()? {
                self.budget.take(RANGE_STEPS)?;
                each(range.begin, range.end);
            }
            return Ok(());
        }
        let (Some(low), Some(high)) = (
            entry.attr_value(DW_AT_low_pc),
            entry.attr_value(DW_AT_high_pc),
        ) else {
            return Ok(());
        };
        let Some(begin) = self.dwarf.attr_address(unit, low)? else {
            return Ok(());
        };
        let end = match high {
            AttributeValue::Udata(size) => begin.checked_add(size),
            address => self.dwarf.attr_address(unit, address)?,
        };
        if let Some(end) = end {
            each(begin, end);
        }
        Ok(())
    }

    /// A string of a unit.
    pub fn string(
        &self,
        unit: &Unit<Slice<'m>>,
        value: AttributeValue<Slice<'m>>,
    ) -> Option<String> {
        let string = self.dwarf.attr_string(unit, value).ok()?;
        Some(string.to_string_lossy().into_owned())
    }
}

/// Skips a table of abbreviations (DWARF 5, section 7.5.3).
fn skip_abbreviations(table: &mut Slice<'_>) -> Result<(), gimli::Error> {
    while table.read_uleb128()? != 0 {
        // Tag, and whether there are children.
        table.skip_leb128()?;
        table.read_u8()?;
        loop {
            let name = table.read_uleb128()?;
            let form = table.read_uleb128()?;
            if form == u64::from(gimli::constants::DW_FORM_implicit_const.0) {
                table.skip_leb128()?;
            }
            if (name, form) == (0, 0) {
                break;
            }
        }
    }
    Ok(())
}
