//! Runs of memory pages that are not zero, so few of them that they can be shown or listed.

use woodfrog::image::{IMAGE_PAGE, MemoryState, PageRun};

/// Pages of a memory, among which there may be pages of zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Address of the memory in the store.
    pub memory: usize,
    /// The first page.
    pub first: u64,
    /// The page behind the last.
    pub end: u64,
    /// How many pages are not known to be zero.
    pub pages: u64,
}

impl Segment {
    /// Address of its first byte.
    pub fn address(&self) -> u64 {
        self.first * IMAGE_PAGE as u64
    }

    /// Its size in bytes.
    pub fn len_bytes(&self) -> u64 {
        (self.end - self.first) * IMAGE_PAGE as u64
    }
}

/// What is not zero of some memories, memory by memory, ascending. If there are more than
/// `most` runs, those with the fewest zeros between them are taken together.
pub fn few_segments(memories: &[MemoryState<'_>], most: usize) -> Vec<Segment> {
    let runs: Vec<(usize, PageRun)> = (0..)
        .zip(memories)
        .flat_map(|(index, memory)| {
            let runs = memory.contents.page_runs();
            runs.into_iter().map(move |run| (index, run))
        })
        .collect();
    few_of_runs(&runs, most)
}

fn few_of_runs(runs: &[(usize, PageRun)], most: usize) -> Vec<Segment> {
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
        let (first, pages) = (u64::from(run.first), u64::from(run.count));
        let end = first + pages;
        match segments.last_mut() {
            Some(last) if last.memory == memory && first - last.end <= gap => {
                last.end = end;
                last.pages += pages;
            }
            _ => segments.push(Segment {
                memory,
                first,
                end,
                pages,
            }),
        }
    }
    segments
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(memory: usize, first: u32, count: u32) -> (usize, PageRun) {
        (memory, PageRun { first, count })
    }

    fn segment(memory: usize, first: u64, end: u64, pages: u64) -> Segment {
        Segment {
            memory,
            first,
            end,
            pages,
        }
    }

    #[test]
    fn there_is_a_segment_for_each_run_if_there_are_few() {
        let runs = [run(0, 0, 2), run(0, 3, 1), run(1, 4, 1)];
        let expected = [
            segment(0, 0, 2, 2),
            segment(0, 3, 4, 1),
            segment(1, 4, 5, 1),
        ];
        assert_eq!(few_of_runs(&runs, 3), expected);
    }

    #[test]
    fn many_runs_become_few_segments_across_the_smallest_gaps() {
        let runs = [run(0, 0, 1), run(0, 2, 1), run(0, 9, 1), run(1, 9, 1)];
        let apart = segment(1, 9, 10, 1);
        let expected = [segment(0, 0, 3, 2), segment(0, 9, 10, 1), apart];
        assert_eq!(few_of_runs(&runs, 3), expected);
        assert_eq!(few_of_runs(&runs, 2), [segment(0, 0, 10, 3), apart]);
    }
}
