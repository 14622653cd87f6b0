//! The data section of a core dump. Memories can be large, so their contents go to the file
//! from where they are.

use std::io::{self, ErrorKind, Write};
use wasm_encoder::{ConstExpr, Encode, SectionId};
use woodfrog::image::{IMAGE_PAGE, MemoryState, PageRun};
use woodfrog::module::AddressType;

/// Most segments: as many as readers of WebAssembly take.
const MAX_SEGMENTS: usize = 100_000;

/// A data section whose segments are known, and whose bytes are still in the memories.
pub struct DataSection<'a> {
    memories: &'a [MemoryState<'a>],
    segments: Vec<Segment>,
    len: u32,
}

/// Pages of a memory, among which there may be pages of zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Segment {
    memory: usize,
    first: u64,
    end: u64,
}

impl<'a> DataSection<'a> {
    /// Finds out what of the memories is not zero.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::FileTooLarge`] if it is more than a section can have.
    pub fn new(memories: &'a [MemoryState<'a>]) -> io::Result<Self> {
        let runs: Vec<(usize, PageRun)> = memories
            .iter()
            .enumerate()
            .flat_map(|(index, memory)| {
                let runs = memory.contents.page_runs().into_iter();
                runs.map(move |run| (index, run))
            })
            .collect();
        let segments = few_segments(&runs, MAX_SEGMENTS);
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
        let segments = segments.map(|segment| match u32::try_from(segment.len()) {
            Ok(len) => self.segment_start(segment).len() as u64 + u64::from(len),
            // More than any section: what precedes it does not matter.
            Err(_) => segment.len(),
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
        (segment.len() as u32).encode(&mut start);
        start
    }
}

impl Segment {
    fn address(&self) -> u64 {
        self.first * IMAGE_PAGE as u64
    }

    fn len(&self) -> u64 {
        (self.end - self.first) * IMAGE_PAGE as u64
    }
}

/// The runs as segments. If there are too many, those with the least zeros between them are
/// taken together.
fn few_segments(runs: &[(usize, PageRun)], most: usize) -> Vec<Segment> {
    let mut gap = 0;
    loop {
        let segments = segments(runs, gap);
        if segments.len() <= most || gap > u64::from(u32::MAX) {
            return segments;
        }
        gap = gap * 2 + 1;
    }
}

/// The runs as segments; at most `gap` pages of zeros do not end one.
fn segments(runs: &[(usize, PageRun)], gap: u64) -> Vec<Segment> {
    let mut segments: Vec<Segment> = Vec::new();
    for &(memory, run) in runs {
        let first = u64::from(run.first);
        let end = first + u64::from(run.count);
        match segments.last_mut() {
            Some(last) if last.memory == memory && first - last.end <= gap => last.end = end,
            _ => segments.push(Segment { memory, first, end }),
        }
    }
    segments
}

fn write_zeros(out: &mut dyn Write, count: u64) -> io::Result<()> {
    io::copy(&mut io::Read::take(io::repeat(0), count), out)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(memory: usize, first: u32, count: u32) -> (usize, PageRun) {
        (memory, PageRun { first, count })
    }

    fn segment(memory: usize, first: u64, end: u64) -> Segment {
        Segment { memory, first, end }
    }

    #[test]
    fn there_is_a_segment_for_each_run_if_there_are_few() {
        let runs = [run(0, 0, 2), run(0, 3, 1), run(1, 4, 1)];
        let expected = [segment(0, 0, 2), segment(0, 3, 4), segment(1, 4, 5)];
        assert_eq!(few_segments(&runs, 3), expected);
    }

    #[test]
    fn many_runs_become_few_segments_across_the_smallest_gaps() {
        let runs = [run(0, 0, 1), run(0, 2, 1), run(0, 9, 1), run(1, 9, 1)];
        let expected = [segment(0, 0, 3), segment(0, 9, 10), segment(1, 9, 10)];
        assert_eq!(few_segments(&runs, 3), expected);
        let expected = [segment(0, 0, 10), segment(1, 9, 10)];
        assert_eq!(few_segments(&runs, 2), expected);
    }
}
