//! Which units are in use, and where the next free ones are.
//!
//! Free space is on no list on the disk, where it could be wrong: it is what a walk over the
//! live trees does not reach ([`super::mark`]). In between, units that are given out are added,
//! and none are taken away; when the search has gone round the disk, the walk is made again.
//!
//! Units are given out front to back, by two streams: pages and first copies come from one, second
//! copies from another that starts half a disk away. A stream gives out units within its
//! *window* only, which stands in the commit record, so that whoever takes the disk over knows
//! where its former owner may still be writing.

use super::format::{Geometry, RESERVED_UNITS};
use alloc::vec::Vec;
use core::ops::Range;

/// A run of units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Extent {
    pub first: u64,
    pub count: u64,
}

impl Extent {
    pub fn units(self) -> Range<u64> {
        self.first..self.first.saturating_add(self.count)
    }
}

/// A run of units that may go on at the start of the data area when it has reached the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Window {
    pub first: u64,
    pub count: u64,
}

impl Window {
    /// A window of no units at the same place, which says where to go on.
    pub fn emptied(self) -> Self {
        Self { count: 0, ..self }
    }

    /// How many units a unit is behind the window's first.
    fn distance(&self, unit: u64, data: &Range<u64>) -> u64 {
        if unit >= self.first {
            unit - self.first
        } else {
            unit + (data.end - data.start) - self.first
        }
    }

    fn contains(&self, extent: Extent, data: &Range<u64>) -> bool {
        // Of all units, those from the last ones to the first ones, too.
        let has_all = self.count >= data.end - data.start;
        has_all || self.distance(extent.first, data) + extent.count <= self.count
    }

    /// Its units as one or two runs.
    pub fn extents(&self, data: &Range<u64>) -> [Extent; 2] {
        let straight = self.count.min(data.end.saturating_sub(self.first));
        [
            Extent {
                first: self.first,
                count: straight,
            },
            Extent {
                first: data.start,
                count: self.count - straight,
            },
        ]
    }
}

/// Where the next units come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    /// Pages, metadata, and first copies.
    First = 0,
    /// Second copies.
    Second = 1,
}

/// A bit per unit.
#[derive(Debug)]
pub(super) struct Bitmap {
    words: Vec<u64>,
}

impl Bitmap {
    /// All zeros; None if there is not enough memory.
    pub fn new(len: u64) -> Option<Self> {
        let count = usize::try_from(len.div_ceil(64)).ok()?;
        let mut words = Vec::new();
        words.try_reserve_exact(count).ok()?;
        words.resize(count, 0);
        Some(Self { words })
    }

    pub fn is_set(&self, bit: u64) -> bool {
        self.words[(bit / 64) as usize] & 1 << (bit % 64) != 0
    }

    /// Sets a bit; returns whether it was set before.
    pub fn set(&mut self, bit: u64) -> bool {
        let was_set = self.is_set(bit);
        self.words[(bit / 64) as usize] |= 1 << (bit % 64);
        was_set
    }

    /// The first bit from `from` on that has this value; the end if there is none before it.
    fn next(&self, value: bool, from: u64, end: u64) -> u64 {
        let mut bit = from;
        while bit < end {
            let word = self.words[(bit / 64) as usize];
            let word = if value { word } else { !word } >> (bit % 64);
            if word != 0 {
                return (bit + u64::from(word.trailing_zeros())).min(end);
            }
            bit = (bit / 64 + 1) * 64;
        }
        end
    }

    pub fn count(&self) -> u64 {
        self.words
            .iter()
            .map(|word| u64::from(word.count_ones()))
            .sum()
    }
}

/// One stream's search for free units.
#[derive(Clone, Copy, Debug)]
struct Search {
    /// The next unit to look at.
    position: u64,
    /// How many units of this round are still to be looked at.
    left: u64,
    /// Free runs shorter than this are passed over, as long as there are others.
    min_run: u64,
    window: Window,
}

/// What comes of a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Units, which are now in use.
    Extent(Extent),
    /// Units outside the window, which has to be at least this large first.
    Window(Window),
    /// None in this round.
    Nothing,
}

/// The account of a disk's units.
#[derive(Debug)]
pub(super) struct Space {
    data: Range<u64>,
    used: Bitmap,
    free: u64,
    searches: [Search; 2],
    /// Units given out since the last commit.
    given_out: u64,
}

/// Shortest run that pages are scattered over while there is better.
const GOOD_RUN: u64 = 16;

/// Least units by which a window grows.
const MIN_WINDOW: u64 = 64;

impl Space {
    /// An account in which `used` is in use; it has a bit for every unit of the disk.
    pub fn new(geometry: &Geometry, used: Bitmap, windows: [Window; 2]) -> Self {
        let data = geometry.data();
        let len = data.end - data.start;
        let starts = [data.start, data.start + len / 2];
        let searches = [0, 1].map(|stream| {
            let mut window = windows[stream];
            if !data.contains(&window.first) {
                window = Window {
                    first: starts[stream],
                    count: 0,
                };
            }
            Search {
                position: window.first,
                left: len,
                min_run: GOOD_RUN,
                window,
            }
        });
        let mut space = Self {
            data,
            used,
            free: 0,
            searches,
            given_out: 0,
        };
        space.count_free();
        space
    }

    fn count_free(&mut self) {
        self.free = self.data.end - self.data.start - self.used.count();
    }

    /// How many units are free.
    pub fn free(&self) -> u64 {
        self.free
    }

    /// Whether units may be given out to those that may not touch the reserve.
    pub fn has_room(&self, units: u64) -> bool {
        self.free >= units + RESERVED_UNITS
    }

    pub fn windows(&self) -> [Window; 2] {
        self.searches.map(|search| search.window)
    }

    pub fn set_window(&mut self, stream: Stream, window: Window) {
        self.searches[stream as usize].window = window;
    }

    /// Begins another round with a new account of what is in use. The second round in a row
    /// takes what the first passed over.
    pub fn restart(&mut self, used: Bitmap, is_last: bool) {
        self.used = used;
        self.count_free();
        for search in &mut self.searches {
            search.left = self.data.end - self.data.start;
            search.min_run = if is_last { 1 } else { GOOD_RUN };
        }
    }

    /// Takes the next `min` to `want` free units in a row.
    pub fn take(&mut self, stream: Stream, want: u64, min: u64) -> Found {
        let len = self.data.end - self.data.start;
        let search = &mut self.searches[stream as usize];
        let enough = min.max(search.min_run.min(want));
        while search.left > 0 {
            let end = self.data.end.min(search.position + search.left);
            let first = self.used.next(false, search.position, end);
            let run_end = self.used.next(true, first, end.min(first + want));
            if run_end - first >= enough {
                let extent = Extent {
                    first,
                    count: run_end - first,
                };
                let window = search.window;
                if !window.contains(extent, &self.data) {
                    let needed = window.distance(first, &self.data) + extent.count;
                    let ahead = MIN_WINDOW.max(2 * self.given_out);
                    return Found::Window(Window {
                        first: window.first,
                        count: (needed + ahead).min(len),
                    });
                }
                search.left -= run_end - search.position;
                search.position = run_end;
                self.wrap(stream);
                for unit in extent.units() {
                    self.used.set(unit);
                }
                self.free -= extent.count;
                self.given_out += extent.count;
                return Found::Extent(extent);
            }
            // A run that was cut off at the end of the round or the data area was too short too.
            search.left -= run_end - search.position;
            search.position = run_end;
            if search.position == self.data.end {
                search.position = self.data.start;
            }
        }
        Found::Nothing
    }

    fn wrap(&mut self, stream: Stream) {
        let search = &mut self.searches[stream as usize];
        if search.position == self.data.end {
            search.position = self.data.start;
        }
    }

    /// The windows for what comes after a commit.
    pub fn next_windows(&self, is_idle: bool) -> [Window; 2] {
        if !is_idle {
            return self.windows();
        }
        let len = self.data.end - self.data.start;
        let ahead = (2 * self.given_out).max(MIN_WINDOW).min(len / 8);
        self.searches.map(|search| Window {
            first: search.position,
            count: ahead,
        })
    }

    /// Makes them the windows: a commit has put them on the disk.
    pub fn committed(&mut self, windows: [Window; 2]) {
        for (search, window) in self.searches.iter_mut().zip(windows) {
            search.window = window;
        }
        self.given_out = 0;
    }
}
