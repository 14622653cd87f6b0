//! `woodfrog disk ls`: what is on a disk.

use super::{Access, Disk, DiskError, module_hash, open, read_disk_guest};
use std::fmt::Write;
use std::path::Path;
use woodfrog::two_slots::{Guest, Slot, SlotState};

/// Describes a disk, a line for each thing on it.
///
/// # Errors
///
/// [`DiskError`].
pub(super) fn list(path: &Path) -> Result<String, DiskError> {
    let mut disk = open(path, Access::Read)?;
    let guest = read_disk_guest(&mut disk, path)?;
    let mut text = String::new();
    write_guest(&mut text, &guest).expect("a String takes all text");
    for slot in Slot::ALL {
        let state = disk.slot_state(slot);
        let state = state.map_err(|error| DiskError::read(path, error.into()))?;
        text += &slot_line(slot, &state);
    }
    text += &format!("room: {} bytes for a checkpoint\n", disk.capacity_bytes());
    text += &result_line(&mut disk, path)?;
    Ok(text)
}

fn write_guest(text: &mut String, guest: &Guest) -> std::fmt::Result {
    if guest.module.is_empty() {
        return writeln!(text, "module: none");
    }
    write!(text, "module: {} bytes", guest.module.len())?;
    match module_hash(guest) {
        Some(hash) => writeln!(text, ", SHA-256 {hash}")?,
        None => writeln!(text, ", invalid")?,
    }
    for arg in &guest.args {
        writeln!(text, "arg: {}", arg.escape_ascii())?;
    }
    for variable in &guest.envs {
        writeln!(text, "env: {}", variable.escape_ascii())?;
    }
    Ok(())
}

/// What a slot holds, in a line.
pub(super) fn slot_line(slot: Slot, state: &SlotState) -> String {
    let state = match state {
        SlotState::Empty => "empty".to_owned(),
        SlotState::Damaged(damage) => format!("damaged: {damage}"),
        SlotState::Valid {
            sequence,
            len_bytes,
        } => format!("checkpoint {sequence}, {len_bytes} bytes"),
    };
    format!("slot {slot:?}: {state}\n")
}

fn result_line(disk: &mut Disk, path: &Path) -> Result<String, DiskError> {
    let result = disk.result();
    let result = result.map_err(|error| DiskError::read(path, error.into()))?;
    Ok(result.map_or(String::new(), |status| {
        format!("result: the program exited with {status}\n")
    }))
}
