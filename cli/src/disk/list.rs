//! `woodfrog disk ls`: what is on a disk.

use super::args::LsArgs;
use super::opened::{Disk, now_ms, open};
use super::{DiskError, module_hash, read_program};
use crate::error::Failure;
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::Path;
use woodfrog::checkpoint::{Generation, GenerationInfo, Guest, GuestInfo, PAGE, ReadError};
use woodfrog::runtime::Module;

/// Describes a disk: a block of lines for each program, and a line on the whole.
///
/// # Errors
///
/// [`Failure`].
pub(super) fn list(args: &LsArgs) -> Result<String, Failure> {
    let mut disk = open(&args.disk)?;
    let path = &args.disk.disk;
    let mut entries = Vec::new();
    for info in disk.guests() {
        let guest = read_program(&mut disk, path, info.id)?;
        let sizes = info.generations.iter().map(|generation| {
            let size = memory_bytes(&mut disk, &info, generation);
            size.map_err(|error| DiskError::read(path, error))
        });
        let sizes = sizes.collect::<Result<Vec<u64>, _>>()?;
        entries.push(Entry { info, guest, sizes });
    }
    if args.json {
        return Ok(to_json(&mut disk, path, &entries)?);
    }
    let mut text = String::new();
    for entry in &entries {
        write_entry(&mut text, entry, now_ms()).expect("a String takes all text");
    }
    text += &usage_line(&mut disk, path)?;
    text += &format!("commit: {}\n", disk.commit_number());
    text += &lease_line(&mut disk, path)?;
    Ok(text)
}

/// A program, and the sizes of its checkpoints' memories.
struct Entry {
    info: GuestInfo,
    guest: Guest,
    sizes: Vec<u64>,
}

/// Bytes of memory that a generation holds, zero pages left out.
fn memory_bytes(
    disk: &mut Disk,
    guest: &GuestInfo,
    generation: &GenerationInfo,
) -> Result<u64, ReadError> {
    let mut generation = disk.open_generation(guest.id, generation.number)?;
    let memories = generation.page_counts().len() as u32;
    let pages = (0..memories).map(|memory| pages_of(disk, &mut generation, memory));
    let pages: u64 = pages.sum::<Result<u64, _>>()?;
    Ok(pages * PAGE as u64)
}

fn pages_of(disk: &mut Disk, generation: &mut Generation, memory: u32) -> Result<u64, ReadError> {
    let ranges = disk.page_ranges(generation, memory)?;
    Ok(ranges.iter().map(|range| range.count).sum())
}

fn write_entry(text: &mut String, entry: &Entry, now_ms: u64) -> std::fmt::Result {
    let Entry { info, guest, sizes } = entry;
    writeln!(text, "{}:", info.name)?;
    write!(text, "  module: {} bytes", guest.module.len())?;
    match module_hash(guest) {
        Some(hash) => write!(text, ", SHA-256 {hash}")?,
        None => write!(text, ", invalid")?,
    }
    match Module::is_precompiled(&guest.module) {
        true => writeln!(text, ", precompiled")?,
        false => writeln!(text)?,
    }
    if !guest.files.is_empty() {
        writeln!(text, "  files: {} bytes", guest.files.len())?;
    }
    for arg in &guest.args {
        writeln!(text, "  arg: {}", arg.escape_ascii())?;
    }
    for variable in &guest.envs {
        writeln!(text, "  env: {}", variable.escape_ascii())?;
    }
    for (generation, size) in info.generations.iter().zip(sizes) {
        let GenerationInfo {
            number,
            time_ms,
            written_bytes,
            ..
        } = generation;
        let age = age(now_ms.saturating_sub(*time_ms));
        write!(text, "  checkpoint {number}: {size} bytes of memory, ")?;
        writeln!(text, "{written_bytes} bytes written {age} ago")?;
    }
    match info.exit_status {
        Some(status) => writeln!(text, "  exited with {status}"),
        None => Ok(()),
    }
}

/// A time span, in its largest unit that it has two of.
fn age(ms: u64) -> String {
    const UNITS: [(u64, &str); 4] = [
        (24 * 3_600_000, "days"),
        (3_600_000, "h"),
        (60_000, "min"),
        (1000, "s"),
    ];
    let unit = UNITS.iter().find(|(length, _)| ms >= 2 * length);
    unit.map_or(format!("{ms} ms"), |(length, name)| {
        format!("{} {name}", ms / length)
    })
}

/// How full a disk is, in a line.
pub(super) fn usage_line(disk: &mut Disk, path: &Path) -> Result<String, DiskError> {
    let usage = disk.usage();
    let usage = usage.map_err(|error| DiskError::read(path, error))?;
    let bytes = |units: u64| units * usage.unit_bytes as u64;
    Ok(format!(
        "room: {} of {} bytes are free\n",
        bytes(usage.units - usage.used_units),
        bytes(usage.units)
    ))
}

fn lease_line(disk: &mut Disk, path: &Path) -> Result<String, DiskError> {
    let lease = disk.lease();
    let lease = lease.map_err(|error| DiskError::open(path, error))?;
    if lease.is_released {
        return Ok("lease: free\n".to_owned());
    }
    let until = lease.expires_ms.map(|expires_ms| {
        let left = expires_ms.saturating_sub(now_ms());
        format!(", for another {}", age(left))
    });
    Ok(format!(
        "lease: {}{}\n",
        lease.owner,
        until.unwrap_or_default()
    ))
}

fn to_json(disk: &mut Disk, path: &Path, entries: &[Entry]) -> Result<String, DiskError> {
    let usage = disk.usage();
    let usage = usage.map_err(|error| DiskError::read(path, error))?;
    let lease = disk.lease();
    let lease = lease.map_err(|error| DiskError::open(path, error))?;
    let bytes = |units: u64| units * usage.unit_bytes as u64;
    let guests: Vec<Value> = entries.iter().map(entry_to_json).collect();
    let whole = json!({
        "guests": guests,
        "commit": disk.commit_number(),
        "bytes": bytes(usage.units),
        "free_bytes": bytes(usage.units - usage.used_units),
        "lease": {
            "owner": lease.owner.to_string(),
            "fence": lease.fence,
            "expires_ms": lease.expires_ms,
            "released": lease.is_released,
        },
    });
    Ok(format!("{whole}\n"))
}

fn entry_to_json(entry: &Entry) -> Value {
    let Entry { info, guest, sizes } = entry;
    let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
    let generations = info.generations.iter().zip(sizes);
    let generations = generations.map(|(generation, size)| {
        json!({
            "number": generation.number,
            "base": generation.base,
            "time_ms": generation.time_ms,
            "memory_bytes": size,
            "written_bytes": generation.written_bytes,
        })
    });
    json!({
        "name": info.name,
        "module_bytes": info.module_bytes,
        "sha256": module_hash(guest).map(|hash| hash.to_string()),
        "files_bytes": info.files_bytes,
        "args": guest.args.iter().map(text).collect::<Vec<_>>(),
        "envs": guest.envs.iter().map(text).collect::<Vec<_>>(),
        "exit_status": info.exit_status,
        "checkpoints": generations.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::age;

    #[test]
    fn ages_are_told_in_a_fitting_unit() {
        assert_eq!(age(0), "0 ms");
        assert_eq!(age(1999), "1999 ms");
        assert_eq!(age(2000), "2 s");
        assert_eq!(age(119_999), "119 s");
        assert_eq!(age(7_200_000), "2 h");
        assert_eq!(age(8 * 24 * 3_600_000), "8 days");
    }
}
