//! The data section of a core dump. Memories can be large, so their contents go to the file
//! from where they are.

use crate::segments::{Segment, few_segments};
use std::io::{self, ErrorKind, Write};
use wasm_encoder::{ConstExpr, Encode, SectionId};
use woodfrog::image::MemoryState;
use woodfrog::module::AddressType;

/// Most segments: as many as readers of WebAssembly take.
const MAX_SEGMENTS: usize = 100_000;

/// A data section whose segments are known, and whose bytes are still in the memories.
pub struct DataSection<'a> {
    memories: &'a [MemoryState<'a>],
    segments: Vec<Segment>,
    len: u32,
}

impl<'a> DataSection<'a> {
    /// Finds out what of the memories is not zero.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::FileTooLarge`] if it is more than a section can have.
    pub fn new(memories: &'a [MemoryState<'a>]) -> io::Result<Self> {
        let segments = few_segments(memories, MAX_SEGMENTS);
        let mut section = Self {
            memories,
            segments,
            len: 0,
        };
        let len = section.computed_len();
        section.len = u32::try_from(len).map_err(|_| {
            let message = format!(
                "the memories have {len} bytes that are not zero, and a core dump has less than 4 GiB"
            );
            io::Error::new(ErrorKind::FileTooLarge, message)
        })?;
        Ok(section)
    }

    /// Writes the section with its header.
    pub fn write_to(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut start = vec![SectionId::Data as u8];
        self.len.encode(&mut start);
        self.segments.len().encode(&mut start);
        out.write_all(&start)?;
        let mut segments = self.segments.iter().peekable();
        for (index, memory) in self.memories.iter().enumerate() {
            let mut position = 0;
            for (address, bytes) in memory.contents.chunks() {
                let is_first = |next: &&Segment| next.memory == index && next.address() == address;
                match segments.next_if(is_first) {
                    Some(segment) => out.write_all(&self.segment_start(segment))?,
                    None => write_zeros(out, address - position)?,
                }
                out.write_all(bytes)?;
                position = address + bytes.len() as u64;
            }
        }
        Ok(())
    }

    /// Length of what follows the section's header.
    fn computed_len(&self) -> u64 {
        let mut count = Vec::new();
        self.segments.len().encode(&mut count);
        let segments = self.segments.iter();
        let segments = segments.map(|segment| match u32::try_from(segment.len_bytes()) {
            Ok(len) => self.segment_start(segment).len() as u64 + u64::from(len),
            // More than any section: what precedes it does not matter.
            Err(_) => segment.len_bytes(),
        });
        count.len() as u64 + segments.sum::<u64>()
    }

    /// All of a segment but its bytes (WebAssembly 3.0, section 5.5.14).
    fn segment_start(&self, segment: &Segment) -> Vec<u8> {
        let mut start = Vec::new();
        match segment.memory as u32 {
            0 => 0u32.encode(&mut start),
            memory => {
                2u32.encode(&mut start);
                memory.encode(&mut start);
            }
        }
        let address = match self.memories[segment.memory].ty.address {
            AddressType::I32 => ConstExpr::i32_const(segment.address() as i32),
            AddressType::I64 => ConstExpr::i64_const(segment.address() as i64),
        };
        address.encode(&mut start);
        (segment.len_bytes() as u32).encode(&mut start);
        start
    }
}

fn write_zeros(out: &mut dyn Write, count: u64) -> io::Result<()> {
    io::copy(&mut io::Read::take(io::repeat(0), count), out)?;
    Ok(())
}
