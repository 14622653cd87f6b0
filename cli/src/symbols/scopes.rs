//! The functions of DWARF at an address, inlined ones included, and their variables that are
//! locals of WebAssembly (DWARF 5, sections 3.3 and 4.1; "DWARF for WebAssembly").

use super::budget::Stop;
use super::dwarf::{DwarfReader, Slice};
use super::{Source, demangle, lines};
use gimli::constants::{
    self, DW_AT_MIPS_linkage_name, DW_AT_abstract_origin, DW_AT_call_column, DW_AT_call_file,
    DW_AT_call_line, DW_AT_linkage_name, DW_AT_location, DW_AT_name, DW_AT_specification,
};
use gimli::{AttributeValue, DebuggingInformationEntry, Expression, Operation, Unit};
use std::collections::BTreeMap;

/// Most entries that are followed from one to another for a name.
const MAX_REFERENCES: usize = 8;

type Entry<'m> = DebuggingInformationEntry<Slice<'m>>;

/// What stands at an address.
#[derive(Debug, Default)]
pub struct Scopes {
    /// The functions, outermost first.
    functions: Vec<Function>,
    /// Names of locals by index.
    pub local_names: BTreeMap<u32, String>,
}

/// A function, and where it was inlined.
#[derive(Debug, Default)]
struct Function {
    name: Option<String>,
    is_inlined: bool,
    call: Source,
}

impl Scopes {
    /// The places in the source, the innermost first, which stands at `line`.
    pub fn sources(&self, line: Source) -> Vec<Source> {
        let mut place = line;
        let mut sources = Vec::new();
        for function in self.functions.iter().rev() {
            sources.push(Source {
                function: function.name.clone(),
                ..place
            });
            place = function.call.clone();
            if !function.is_inlined {
                return sources;
            }
        }
        if sources.is_empty() && place != Source::default() {
            sources.push(place);
        }
        sources
    }
}

/// Finds what stands at an address.
///
/// # Errors
///
/// [`Stop`].
pub fn find<'m>(
    reader: &DwarfReader<'_, 'm>,
    unit: &Unit<Slice<'m>>,
    address: u64,
) -> Result<Scopes, Stop> {
    let walk = Walk {
        reader,
        unit,
        address,
    };
    walk.find()
}

/// A walk through the entries of a unit.
struct Walk<'a, 'r, 'm> {
    reader: &'a DwarfReader<'r, 'm>,
    unit: &'a Unit<Slice<'m>>,
    address: u64,
}

impl<'m> Walk<'_, '_, 'm> {
    fn find(&self) -> Result<Scopes, Stop> {
        let mut scopes = Scopes::default();
        // Depths of the scopes that have the address, each within the one before.
        let mut open: Vec<isize> = Vec::new();
        let mut entries = self.unit.entries_raw(None)?;
        let mut entry = Entry::null();
        while !entries.is_empty() {
            let depth = entries.next_depth();
            let has_left_all = open.first().is_some_and(|&outermost| depth <= outermost);
            if has_left_all && !scopes.functions.is_empty() {
                break;
            }
            open.retain(|&scope| scope < depth);
            let is_entry = entries.read_entry(&mut entry)?;
            self.reader.budget.take(1 + entry.attrs().len())?;
            if !is_entry {
                continue;
            }
            match entry.tag() {
                constants::DW_TAG_subprogram
                | constants::DW_TAG_inlined_subroutine
                | constants::DW_TAG_lexical_block
                    if self.contains(&entry)? =>
                {
                    open.push(depth);
                    if entry.tag() != constants::DW_TAG_lexical_block {
                        scopes.functions.push(self.function(&entry)?);
                    }
                }
                constants::DW_TAG_formal_parameter | constants::DW_TAG_variable
                    if open.last() == Some(&(depth - 1)) =>
                {
                    self.add_variable(&entry, &mut scopes)?;
                }
                _ => {}
            }
        }
        Ok(scopes)
    }

    fn contains(&self, entry: &Entry<'m>) -> Result<bool, Stop> {
        let mut is_in = false;
        self.reader.for_each_range(self.unit, entry, |begin, end| {
            is_in |= (begin..end).contains(&self.address);
        })?;
        Ok(is_in)
    }

    fn function(&self, entry: &Entry<'m>) -> Result<Function, Stop> {
        let number = |name| entry.attr_value(name).and_then(|value| value.udata_value());
        let is_inlined = entry.tag() == constants::DW_TAG_inlined_subroutine;
        let program = self.unit.line_program.as_ref().filter(|_| is_inlined);
        let file = match entry.attr_value(DW_AT_call_file) {
            Some(AttributeValue::FileIndex(number)) => Some(number),
            value => value.and_then(|value| value.udata_value()),
        };
        Ok(Function {
            name: self.name(entry)?,
            is_inlined,
            call: Source {
                function: None,
                file: program.zip(file).and_then(|(program, file)| {
                    lines::file(self.reader, self.unit, program.header(), file)
                }),
                line: number(DW_AT_call_line),
                column: number(DW_AT_call_column),
            },
        })
    }

    /// The name of a function or variable, which may be with another entry.
    fn name(&self, entry: &Entry<'m>) -> Result<Option<String>, Stop> {
        let mut other: Option<Entry<'m>> = None;
        let mut elsewhere: Option<Unit<Slice<'m>>> = None;
        for _ in 0..MAX_REFERENCES {
            let entry = other.as_ref().unwrap_or(entry);
            let unit = elsewhere.as_ref().unwrap_or(self.unit);
            self.reader.budget.take(1 + entry.attrs().len())?;
            let named = [DW_AT_linkage_name, DW_AT_MIPS_linkage_name, DW_AT_name];
            let name = named.iter().find_map(|&name| entry.attr_value(name));
            if let Some(name) = name {
                let name = self.reader.string(unit, name);
                return Ok(name.map(|name| demangle(&name).unwrap_or(name)));
            }
            let origin = entry.attr_value(DW_AT_abstract_origin);
            let offset = match origin.or_else(|| entry.attr_value(DW_AT_specification)) {
                Some(AttributeValue::UnitRef(offset)) => offset,
                Some(AttributeValue::DebugInfoRef(offset)) => {
                    let found = self.reader.unit_with(offset)?;
                    let Some(offset) = offset.to_unit_offset(&found.header) else {
                        return Ok(None);
                    };
                    elsewhere = Some(found);
                    offset
                }
                _ => return Ok(None),
            };
            let unit = elsewhere.as_ref().unwrap_or(self.unit);
            other = Some(unit.entry(offset)?);
        }
        Ok(None)
    }

    /// Names the local that a variable is, if it is one.
    fn add_variable(&self, entry: &Entry<'m>, scopes: &mut Scopes) -> Result<(), Stop> {
        let Some(location) = entry.attr_value(DW_AT_location) else {
            return Ok(());
        };
        let Some(local) = self.local(location)? else {
            return Ok(());
        };
        if let Some(name) = self.name(entry)? {
            scopes.local_names.insert(local, name);
        }
        Ok(())
    }

    fn local(&self, location: AttributeValue<Slice<'m>>) -> Result<Option<u32>, Stop> {
        if let AttributeValue::Exprloc(expression) = location {
            return Ok(self.local_of(expression));
        }
        let Some(mut list) = self.reader.dwarf.attr_locations(self.unit, location)? else {
            return Ok(None);
        };
        while let Some(entry) = list.next()? {
            self.reader.budget.take(1)?;
            if (entry.range.begin..entry.range.end).contains(&self.address) {
                return Ok(self.local_of(entry.data));
            }
        }
        Ok(None)
    }

    /// The local that an expression stands for: that which holds the value, and not an address
    /// from which the value is to be computed.
    fn local_of(&self, expression: Expression<Slice<'m>>) -> Option<u32> {
        let mut operations = expression.operations(self.unit.encoding());
        let Ok(Some(Operation::WasmLocal { index })) = operations.next() else {
            return None;
        };
        match operations.next() {
            Ok(None | Some(Operation::StackValue)) => Some(index),
            _ => None,
        }
    }
}
