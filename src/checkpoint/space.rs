//! Which units are in use, and where the next free ones are.
//!
//! Free space is on no list on the disk, where it could be wrong: it is what a walk over the
//! live trees does not reach ([`super::mark`]). In between, units that are given out are added,
//! and none are taken away; when the search has gone round the disk, the walk is made again.
//!
//! Units are given out by two streams: pages and first copies come from one that goes front to back,
//! second copies from another that goes back to front, so that they are far from the first ones. A stream gives out units within its
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
    /// Behind its last unit.
    pub fn end(self) -> u64 {
        self.first.saturating_add(self.count)
    }

    pub fn units(self) -> Range<u64> {
        self.first..self.end()
    }
}

/// A run of units that may go on at the start of the data area when it has reached the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Window {
    pub first: u64,
    pub count: u64,
}

impl Window {
    /// Behind its last unit; where the data area ends if it has none and begins with that.
    fn end(&self, data: &Range<u64>) -> u64 {
        let end = self.first + self.count;
        match end {
            _ if end > data.end => end - (data.end - data.start),
            _ if end == data.start => data.end,
            _ => end,
        }
    }

    fn contains(&self, extent: Extent, data: &Range<u64>) -> bool {
        // Of all units, those from the last ones to the first ones, too.
        let has_all = self.count >= data.end - data.start;
        has_all || distance(self.first, extent.first, data) + extent.count <= self.count
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

/// Windows of no units, which say where the streams are to go on.
pub(super) fn emptied([first, second]: [Window; 2], data: &Range<u64>) -> [Window; 2] {
    [first.first, second.end(data)].map(|first| Window { first, count: 0 })
}

/// How many units another one is behind a unit, round the end of the data area.
fn distance(unit: u64, other: u64, data: &Range<u64>) -> u64 {
    match other >= unit {
        true => other - unit,
        false => other + (data.end - data.start) - unit,
    }
}

/// Where the next units come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    /// Pages, metadata, and first copies: front to back.
    First = 0,
    /// Second copies: back to front.
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

    /// The end of the last bit before `from` that has this value; `start` if there is none behind it.
    fn previous(&self, value: bool, from: u64, start: u64) -> u64 {
        let mut end = from;
        while end > start {
            let word_start = (end - 1) / 64 * 64;
            let word = self.words[(word_start / 64) as usize];
            let word = if value { word } else { !word } << (63 - (end - 1 - word_start));
            if word != 0 {
                return (end - u64::from(word.leading_zeros())).max(start);
            }
            end = word_start;
        }
        start
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
    /// Where the next unit to look at begins; of the second stream, where it ends.
    position: u64,
    /// How many units of this round are still to be looked at.
    left: u64,
    /// Free runs shorter than this are passed over, as long as there are others.
    min_run: u64,
    window: Window,
    /// Units given out since the last commit.
    given_out: u64,
    /// Units that were likely given out for that one.
    given_out_before: u64,
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
}

/// Shortest run that pages are scattered over while there is better.
const GOOD_RUN: u64 = 16;

/// Least units by which a window grows.
const MIN_WINDOW: u64 = 64;

impl Space {
    /// An account in which `used` is in use; it has a bit for every unit of the disk.
    pub fn new(geometry: &Geometry, used: Bitmap, windows: [Window; 2]) -> Self {
        Self::of(geometry.data(), used, windows)
    }

    fn of(data: Range<u64>, used: Bitmap, windows: [Window; 2]) -> Self {
        let len = data.end - data.start;
        let searches = [Stream::First, Stream::Second].map(|stream| {
            let mut window = windows[stream as usize];
            if !data.contains(&window.first) {
                window = Window {
                    first: data.start,
                    count: 0,
                };
            }
            let position = match stream {
                Stream::First => window.first,
                Stream::Second => window.end(&data),
            };
            Search {
                position,
                left: len,
                min_run: GOOD_RUN,
                window,
                given_out: 0,
                given_out_before: 0,
            }
        });
        let mut space = Self {
            data,
            used,
            free: 0,
            searches,
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
        let search = self.searches[stream as usize];
        let enough = min.max(search.min_run.min(want));
        while let Some(extent) = self.next_run(stream, want) {
            if extent.count >= enough && !search.window.contains(extent, &self.data) {
                return Found::Window(self.wider_window(stream, extent));
            }
            // A run that was cut off at the end of the round or the data area was too short too.
            self.pass(stream, extent);
            if extent.count >= enough {
                for unit in extent.units() {
                    self.used.set(unit);
                }
                self.free -= extent.count;
                self.searches[stream as usize].given_out += extent.count;
                return Found::Extent(extent);
            }
        }
        Found::Nothing
    }

    /// The next free units in a row, at most `want`: none where a part of the data area ends. None: the
    /// round has ended.
    fn next_run(&self, stream: Stream, want: u64) -> Option<Extent> {
        let Search { position, left, .. } = self.searches[stream as usize];
        let units = match stream {
            Stream::First => {
                let end = self.data.end.min(position + left);
                let first = self.used.next(false, position, end);
                first..self.used.next(true, first, end.min(first + want))
            }
            Stream::Second => {
                let start = self.data.start.max(position.saturating_sub(left));
                let end = self.used.previous(false, position, start);
                self.used
                    .previous(true, end, start.max(end.saturating_sub(want)))..end
            }
        };
        (left > 0).then_some(Extent {
            first: units.start,
            count: units.end - units.start,
        })
    }

    /// Goes on behind a run.
    fn pass(&mut self, stream: Stream, run: Extent) {
        let search = &mut self.searches[stream as usize];
        let behind = match stream {
            Stream::First => run.first + run.count,
            Stream::Second => run.first,
        };
        search.left -= search.position.abs_diff(behind);
        search.position = match stream {
            Stream::First if behind == self.data.end => self.data.start,
            Stream::Second if behind == self.data.start => self.data.end,
            _ => behind,
        };
    }

    /// The window with an extent in it, and some more.
    fn wider_window(&self, stream: Stream, extent: Extent) -> Window {
        let search = &self.searches[stream as usize];
        // What is in use may have taken all of the window.
        let ahead = self.ahead(stream, search.given_out_before);
        let (window, ahead) = (search.window, ahead.max(2 * search.given_out));
        match stream {
            Stream::First => {
                let needed = distance(window.first, extent.first, &self.data) + extent.count;
                self.window_from(window.first, needed + ahead)
            }
            Stream::Second => {
                let end = window.end(&self.data);
                let last = extent.first + extent.count - 1;
                let needed = distance(last, end - 1, &self.data) + extent.count;
                self.window_up_to(end, needed + ahead)
            }
        }
    }

    fn window_from(&self, first: u64, count: u64) -> Window {
        let count = count.min(self.data.end - self.data.start);
        Window { first, count }
    }

    fn window_up_to(&self, end: u64, count: u64) -> Window {
        let len = self.data.end - self.data.start;
        let count = count.min(len);
        let first = match end - self.data.start >= count {
            true => end - count,
            false => end + len - count,
        };
        Window { first, count }
    }

    /// The windows for what comes after a commit. They begin where the streams go on.
    pub fn next_windows(&self, is_idle: bool) -> [Window; 2] {
        if !is_idle {
            return self.windows();
        }
        let [first, second] = self.searches;
        [
            self.window_from(first.position, self.ahead(Stream::First, first.given_out)),
            self.window_up_to(
                second.position,
                self.ahead(Stream::Second, second.given_out),
            ),
        ]
    }

    /// How many units a stream's window has for a commit that is likely to take no more than so many: twice as many,
    /// but no great part of the disk. Some may be in use, so it has a small part of the disk at least.
    fn ahead(&self, stream: Stream, likely: u64) -> u64 {
        let part = (self.data.end - self.data.start) / 64;
        let most = match stream {
            Stream::First => 12 * part,
            Stream::Second => 4 * part,
        };
        (2 * likely).max(MIN_WINDOW.max(part)).min(most.max(1))
    }

    /// Makes them the windows: a commit has put them on the disk.
    pub fn committed(&mut self, windows: [Window; 2]) {
        for (search, window) in self.searches.iter_mut().zip(windows) {
            search.window = window;
            // Small commits come between large ones.
            search.given_out_before = search.given_out.max(search.given_out_before / 2);
            search.given_out = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;
    use proptest::prelude::*;

    const DATA: Range<u64> = 5..605;

    fn units_of(window: Window) -> BTreeSet<u64> {
        let extents = window.extents(&DATA).into_iter();
        extents.flat_map(Extent::units).collect()
    }

    proptest! {
        #[test]
        fn a_round_finds_every_free_unit_once_and_gives_out_none_outside_the_window(
            used in prop::collection::btree_set(DATA, 0..600),
            windows in prop::collection::vec((DATA, 0..=600_u64), 2),
            stream in prop_oneof![Just(Stream::First), Just(Stream::Second)],
            wants in prop::collection::vec((1..100_u64, 1..5_u64, any::<bool>()), 1..20),
            freed in prop::collection::vec(0..6, 0..605),
        ) {
            let mut bitmap = Bitmap::new(DATA.end).unwrap();
            for &unit in &used {
                bitmap.set(unit);
            }
            let windows = [0, 1].map(|index| Window { first: windows[index].0, count: windows[index].1 });
            let mut space = Space::of(DATA, bitmap, windows);
            let mut wants = wants.into_iter().cycle();
            let mut found = used.clone();
            for round in 0..3 {
                space.searches[stream as usize].min_run = 1;
                loop {
                    let before = space.windows()[stream as usize];
                    let (want, min, is_committed) = wants.next().unwrap();
                    let min = if round == 0 { 1 } else { min.min(want) };
                    match space.take(stream, want, min) {
                        Found::Nothing => break,
                        Found::Extent(extent) => {
                            prop_assert!((min..=want).contains(&extent.count));
                            prop_assert!(extent.units().all(|unit| units_of(before).contains(&unit)));
                            prop_assert!(extent.units().all(|unit| found.insert(unit)), "{extent:?} is in use");
                            if is_committed {
                                let windows = space.next_windows(true);
                                space.committed(windows);
                            }
                        }
                        Found::Window(window) => {
                            prop_assert!(units_of(window).is_superset(&units_of(before)));
                            prop_assert!(window.count > before.count);
                            space.set_window(stream, window);
                        }
                    }
                }
                if round == 0 {
                    prop_assert!(found.iter().copied().eq(DATA));
                    prop_assert_eq!(space.free(), 0);
                }
                // Some have become free meanwhile.
                let mut bitmap = Bitmap::new(DATA.end).unwrap();
                found.retain(|unit| freed.get(*unit as usize) != Some(&round));
                for &unit in &found {
                    bitmap.set(unit);
                }
                space.restart(bitmap, false);
            }
        }
    }

    /// All units in use but some.
    fn all_but(free: &[u64]) -> Bitmap {
        let mut used = Bitmap::new(DATA.end).unwrap();
        for unit in DATA.filter(|unit| !free.contains(unit)) {
            used.set(unit);
        }
        used
    }

    #[test]
    fn a_run_across_the_end_of_the_second_window_widens_it() {
        let second = Window {
            first: 400,
            count: 100,
        };
        let mut space = Space::of(DATA, all_but(&[498]), [Window::default(), second]);
        let extent = |first, count| Found::Extent(Extent { first, count });
        assert_eq!(space.take(Stream::Second, 1, 1), extent(498, 1));
        space.restart(all_but(&[499, 500]), true);
        let Found::Window(wider) = space.take(Stream::Second, 2, 2) else {
            panic!("the run is not in the window");
        };
        assert!(units_of(wider).is_superset(&units_of(second)));
        space.set_window(Stream::Second, wider);
        assert_eq!(space.take(Stream::Second, 2, 2), extent(499, 2));
    }

    #[test]
    fn the_streams_begin_at_either_end_and_meet_in_the_middle() {
        let mut space = Space::of(DATA, Bitmap::new(DATA.end).unwrap(), Default::default());
        let mut take = |stream| loop {
            match space.take(stream, 100, 1) {
                Found::Window(window) => space.set_window(stream, window),
                Found::Extent(extent) => return extent.units(),
                Found::Nothing => return 0..0,
            }
        };
        assert_eq!(
            (take(Stream::First), take(Stream::Second)),
            (5..105, 505..605)
        );
        assert_eq!(
            (take(Stream::First), take(Stream::Second)),
            (105..205, 405..505)
        );
        assert_eq!(
            (take(Stream::First), take(Stream::Second)),
            (205..305, 305..405)
        );
        assert_eq!((take(Stream::First), take(Stream::Second)), (0..0, 0..0));
    }
}
