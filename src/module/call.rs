//! What a call instruction calls: for the validation of images, where each
//! caller's frame stands at a call that must be able to reach the frame above.

use super::{Module, opcode};
use wasmparser::BinaryReader;

/// What a call instruction calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallTarget {
    /// The function with this index.
    Direct(u32),
    /// A function from a table.
    Indirect {
        /// Index of its type in [`Module::types`].
        type_index: u32,
        /// Index of the table.
        table_index: u32,
    },
}

impl Module {
    /// The target of the call instruction at `offset` in the module's bytes, in
    /// the body of the defined function `func`.
    ///
    /// None if there is no such function, the offset is not among its
    /// operators, or no call is there. An offset within an instruction yields
    /// None or a meaningless target with valid indices; whoever has a state map
    /// knows the offsets at which instructions start.
    pub fn call_at(&self, func: u32, offset: u32) -> Option<CallTarget> {
        let body = self.body(func)?;
        let offset = offset as usize;
        if offset < body.first_operator {
            return None;
        }
        let code = self.bytes.get(offset..body.range.end)?;
        let mut reader = BinaryReader::new(code, offset as u64);
        match reader.read_u8().ok()? {
            opcode::CALL => {
                let index = reader.read_var_u32().ok()?;
                ((index as usize) < self.functions.len()).then_some(CallTarget::Direct(index))
            }
            opcode::CALL_INDIRECT => {
                let type_index = reader.read_var_u32().ok()?;
                let table_index = reader.read_var_u32().ok()?;
                let exists = (type_index as usize) < self.types.len()
                    && (table_index as usize) < self.tables.len();
                exists.then_some(CallTarget::Indirect {
                    type_index,
                    table_index,
                })
            }
            _ => None,
        }
    }
}
