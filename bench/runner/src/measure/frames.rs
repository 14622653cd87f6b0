//! Frames captured and rebuilt, in a deep recursion.

use super::timed;
use crate::engines::woodfrog::engine;
use crate::plan::Plan;
use crate::report::Report;
use anyhow::{Context, Result, ensure};
use std::time::Duration;
use woodfrog::abi::{FuncType, Val};
use woodfrog::runtime::{Linker, Module, Outcome, Store};
use woodfrog_report::goal::Goal;
use woodfrog_report::significant;
use woodfrog_report::stats::median;
use woodfrog_report::table::Table;

/// How deep it is.
const DEPTH: u32 = 50_000;

/// Each frame holds four locals, one of them a float, and an operand.
const TEXT: &str = r#"(module
  (import "host" "stop" (func $stop))
  (func $down (export "down") (param $depth i32) (param $sum i64) (param $x f64) (result i64)
    (local $twice i64)
    (local.set $twice (i64.shl (local.get $sum) (i64.const 1)))
    (i64.add
      (local.get $twice)
      (if (result i64) (local.get $depth)
        (then
          (call $down
            (i32.sub (local.get $depth) (i32.const 1))
            (i64.add (local.get $sum) (i64.extend_i32_u (local.get $depth)))
            (f64.add (local.get $x) (f64.const 0.5))))
        (else (call $stop) (i64.trunc_f64_s (local.get $x)))))))"#;

/// Captures and rebuilds the recursion, if that is wanted.
pub fn measure(plan: &Plan, report: &mut Report) -> Result<()> {
    if !plan.wants("frames") {
        return Ok(());
    }
    eprintln!("capturing and rebuilding frames");
    let (capture, rebuild) = times(plan.rounds)?;
    let millions = |time: Duration| f64::from(DEPTH) / time.as_secs_f64() / 1e6;
    let note = format!(
        "A recursion of {DEPTH} frames, each with four locals and an operand. To rebuild is to \
         make a store of an image, which checks every frame first."
    );
    let header = ["what", "million frames a second"];
    let mut table = Table::new("Frames", &note, header);
    table.push(["captured".to_owned(), significant(millions(capture))]);
    table.push(["rebuilt".to_owned(), significant(millions(rebuild))]);
    report.tables.push(table);
    let goal = |what, time| Goal::at_least(what, 2.0, 10.0, Some(millions(time)));
    report
        .goals
        .extend(goal("capture, million frames/s", capture));
    report
        .goals
        .extend(goal("rebuild, million frames/s", rebuild));
    Ok(())
}

/// Medians of capturing and rebuilding.
fn times(rounds: usize) -> Result<(Duration, Duration)> {
    let engine = engine();
    let module = Module::new(&engine, &wat::parse_str(TEXT)?)?;
    let mut linker = Linker::new();
    linker.func_new("host", "stop", FuncType::new([], []), |caller, _, _| {
        caller.interrupt_handle().request_suspend();
        Ok(())
    });
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module)?;
    let func = instance
        .get_func(&store, "down")
        .context("no such export")?;
    let arguments = [Val::I32(DEPTH as i32), Val::I64(1), Val::F64(0)];
    let outcome = func.call(&mut store, &arguments)?;
    ensure!(outcome == Outcome::Suspended, "the recursion went on");
    let mut captures = Vec::new();
    let mut rebuilds = Vec::new();
    let mut rebuilt = None;
    for _ in 0..rounds {
        let (time, image) = timed(|| Ok(store.capture()?))?;
        captures.push(time);
        let modules = [module.clone()];
        let restore = || {
            let image = image.validate(&[module.inner()])?;
            Ok(Store::restore(&engine, (), &linker, &modules, &image)?)
        };
        let (time, store) = timed(restore)?;
        rebuilds.push(time);
        rebuilt = Some(store);
    }
    let results = rebuilt.context("nothing was rebuilt")?.resume()?;
    ensure!(
        results == store.resume()?,
        "the rebuilt frames compute another result"
    );
    Ok((median(captures), median(rebuilds)))
}
