//! Thaws on Linux of guests whose memory is on a disk in a cached file.

use crate::disk::{Disk, SharedDisk, disk_bytes};
use crate::guest::{Load, Program};
use crate::plan::Plan;
use anyhow::{Context, Result, ensure};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};
use woodfrog::checkpoint::GuestId;
use woodfrog::image::RawImage;
use woodfrog::runtime::{GenerationPages, LazyMemory, Outcome, Store};
use woodfrog_report::goal::Goal;
use woodfrog_report::significant;
use woodfrog_report::stats::{greatest, median, percentile, ratio};
use woodfrog_report::table::Table;

/// A disk with a guest as it was twice.
struct Thaws {
    program: Program,
    disk: SharedDisk,
    guest: GuestId,
    /// Between two calls.
    idle: u64,
    /// In the middle of its work.
    suspended: u64,
}

impl Thaws {
    fn new(mib: u64, seed: u64, file: &Path) -> Result<Self> {
        let program = Program::new(Load::of_percent(mib, 1, seed))?;
        let mut disk = Disk::create(file, disk_bytes(mib), &program.wasm)?;
        let (mut store, instance) = program.begin()?;
        let write_all = instance.get_typed_func::<(), ()>(&store, "write_all")?;
        write_all.call(&mut store, ())?;
        let idle = disk.write(store.begin_checkpoint()?)?.number;
        let start = instance.get_typed_func::<(), ()>(&store, "_start")?;
        store.interrupt_handle().request_suspend();
        let outcome = start.call(&mut store, ())?;
        ensure!(outcome == Outcome::Suspended, "the guest has ended");
        // Into its work: what it reads there is anywhere.
        for _ in 0..1000 {
            store.interrupt_handle().request_suspend();
            store.resume()?;
        }
        let suspended = disk.write(store.begin_checkpoint()?)?.number;
        let (disk, guest) = disk.into_shared();
        let thaws = Self {
            program,
            disk,
            guest,
            idle,
            suspended,
        };
        thaws.record()?;
        Ok(thaws)
    }

    /// Records which pages the guest needs first when it goes through its memory.
    fn record(&self) -> Result<()> {
        let mut store = self.thaw(self.idle)?;
        let instance = store.instances().next().context("no instance")?;
        let read_all = instance.get_typed_func::<(), i64>(&store, "read_all")?;
        let interrupt = store.interrupt_handle();
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(FIRST);
                interrupt.request_suspend();
            });
            read_all.call(&mut store, ())
        })?;
        let needed = store.working_set(&[]).context("it has needed nothing")?;
        drop(store);
        Ok(self.disk.lock().set_working_set(self.guest, &needed)?)
    }

    /// The guest as a generation has it, with no page of its memory.
    fn thaw(&self, number: u64) -> Result<Store<()>> {
        let mut disk = self.disk.lock();
        let generation = disk.open_generation(self.guest, number)?;
        let image = RawImage::read_metadata_of(&mut disk, &generation)?;
        drop(disk);
        let memory = LazyMemory {
            source: Box::new(GenerationPages::new(self.disk.clone(), generation)),
            base: Some(number),
        };
        let (engine, linker) = (&self.program.engine, &self.program.linker);
        Ok(engine.thaw_lazily(image, linker, (), memory)?)
    }

    /// How long it takes until the guest has run on, and read from the first of its pages.
    fn first_instructions(&self) -> Result<Duration> {
        let start = Instant::now();
        let mut store = self.thaw(self.suspended)?;
        while store.page_counts().loaded == 0 {
            store.interrupt_handle().request_suspend();
            let outcome = store.resume()?;
            ensure!(outcome == Outcome::Suspended, "the guest has ended");
        }
        Ok(start.elapsed())
    }

    /// How long it takes until the guest has read all of its memory.
    fn first_pass(&self, loads: Loads) -> Result<Duration> {
        let start = Instant::now();
        let mut store = self.thaw(self.idle)?;
        match loads {
            Loads::AllFirst => store.load_pages()?,
            Loads::RecordedFirst => {
                let recorded = self.disk.lock().working_set(self.guest)?;
                store.load_working_set(&recorded.context("no working set")?)?;
            }
            Loads::Lazily => {}
        }
        let instance = store.instances().next().context("no instance")?;
        let read_all = instance.get_typed_func::<(), i64>(&store, "read_all")?;
        read_all.call(&mut store, ())?;
        let time = start.elapsed();
        ensure!(store.page_counts().withheld == 0, "not all was read");
        Ok(time)
    }
}

/// When the pages of a memory are read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Loads {
    /// Before the guest runs.
    AllFirst,
    /// Before the guest runs those that it needed first another time, the others when it needs them.
    RecordedFirst,
    /// When it needs them.
    Lazily,
}

/// How long the time is in which a guest needs what is recorded.
const FIRST: Duration = Duration::from_millis(5);

/// How long it takes to thaw guests of different sizes, and to go through their memories then.
pub fn measure(plan: &Plan) -> Result<(Vec<Table>, Vec<Goal>)> {
    let note = format!(
        "From the call, which opens the generation on a disk that is open and whose file is cached, \
         until the guest runs and has read from the first page that it needs, in microseconds of \
         the wall clock, of {} thaws; and until a guest has read all of its memory, \
         in milliseconds: with its pages read before it runs (eager), when it needs them (lazy), and \
         with those read before that it needed in the first {} ms another time (recorded), medians \
         of {} that were taken in turns. Writes are tracked from the beginning.",
        plan.checkpoints,
        FIRST.as_millis(),
        plan.rounds
    );
    let header = [
        "memory, MiB",
        "p50, us",
        "p99, us",
        "eager pass, ms",
        "lazy pass, ms",
        "recorded, ms",
        "lazy / eager",
        "recorded / eager",
    ];
    let mut table = Table::new("Thaws on Linux", &note, header);
    let (mut p50s, mut p99s, mut slowest) = (Vec::new(), Vec::new(), Vec::new());
    for &mib in plan.sizes() {
        eprintln!("thaws of a guest of {mib} MiB");
        let thaws = Thaws::new(mib, plan.seed, &plan.file("thaws"))?;
        thaws.first_instructions()?;
        let times = (0..plan.checkpoints).map(|_| thaws.first_instructions());
        let times: Vec<Duration> = times.collect::<Result<_>>()?;
        let us = |percent| percentile(times.clone(), percent).as_secs_f64() * 1e6;
        let (p50, p99) = (us(50), us(99));
        let mut passes = [const { Vec::new() }; 3];
        for _ in 0..plan.rounds {
            let ways = [Loads::AllFirst, Loads::Lazily, Loads::RecordedFirst];
            for (times, loads) in passes.iter_mut().zip(ways) {
                times.push(thaws.first_pass(loads)?);
            }
        }
        let [eager, lazy, recorded] = passes.map(median);
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        let of_eager = [lazy, recorded].map(|time| ratio(time, eager));
        let times = [p50, p99, ms(eager), ms(lazy), ms(recorded)];
        let figures = times.into_iter().chain(of_eager).map(significant);
        table.push(std::iter::once(mib.to_string()).chain(figures));
        p50s.push(p50);
        p99s.push(p99);
        slowest.extend(of_eager);
    }
    let goals = [
        Goal::at_most(
            "thaw to first instruction on Linux, p99, us, longest of all sizes",
            2000.0,
            None,
            greatest(p99s),
        ),
        Goal::at_most(
            "growth of the thaw, median, largest / smallest memory",
            2.0,
            None,
            Some(p50s[p50s.len() - 1] / p50s[0]),
        ),
        Goal::at_most(
            "first pass after a lazy thaw / an eager one, most",
            1.5,
            None,
            greatest(slowest),
        ),
    ];
    Ok((vec![table], goals.into_iter().flatten().collect()))
}
