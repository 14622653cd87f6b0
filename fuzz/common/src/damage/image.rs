//! Damage to a frozen store that leaves it something that can be written as an image.

use crate::random::Random;
use woodfrog::abi::{FuncAddr, Val};
use woodfrog::frame::{HostCall, PendingHostCall, WasmFunctionStateDump};
use woodfrog::image::InstanceImage;

/// Where the lengths of image and metadata are, and where the metadata begins.
const TOTAL_LEN: usize = 16;
const METADATA_LEN: usize = 24;
const HEADER_LEN: usize = 40;

/// The pages of an image lie at multiples of this.
const PAGE: usize = 4096;

/// An image's metadata.
///
/// # Panics
///
/// Panics if it is not an image.
pub fn metadata(image: &[u8]) -> &[u8] {
    let len = image[METADATA_LEN..][..8].try_into().expect("8 bytes");
    &image[HEADER_LEN..][..u64::from_le_bytes(len) as usize]
}

/// An image with other metadata, whose lengths and checksum are right.
///
/// # Panics
///
/// Panics if it is not an image.
pub fn with_metadata(image: &[u8], new: &[u8]) -> Vec<u8> {
    let pages = (HEADER_LEN + metadata(image).len()).next_multiple_of(PAGE);
    let pages = &image[pages..image.len() - 4];
    let mut forged = image[..HEADER_LEN].to_vec();
    forged.extend(new);
    forged.resize(forged.len().next_multiple_of(PAGE), 0);
    forged.extend(pages);
    let total = forged.len() as u64 + 4;
    forged[TOTAL_LEN..][..8].copy_from_slice(&total.to_le_bytes());
    forged[METADATA_LEN..][..8].copy_from_slice(&(new.len() as u64).to_le_bytes());
    let checksum = checksum(&forged);
    forged.extend(checksum.to_le_bytes());
    forged
}

/// The checksum of images.
pub fn checksum(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

/// Changes one thing about a store, keeping it an image that can be written.
pub fn change(image: &mut InstanceImage<'_>, random: &mut Random) {
    let functions = image.functions.len();
    match random.below(12) {
        0 => swap(&mut image.globals, random),
        1 => swap(&mut image.tables, random),
        2 => {
            if let Some(memory) = image.memories.first_mut() {
                memory.size_pages = random.below(6) as u64;
            }
        }
        3 => swap(&mut image.functions, random),
        4 => {
            let instance = &mut image.instances[0];
            let at = random.below(instance.functions.len());
            instance.functions[at] = FuncAddr(random.below(functions + 2) as u32);
        }
        5 => {
            if let Some(global) = image.globals.last_mut() {
                global.value = value(random);
            }
        }
        6 => image.execution_state = None,
        7 => {
            let Some(state) = &mut image.execution_state else {
                return;
            };
            change_host_call(&mut state.host_call, functions, random);
        }
        _ => {
            let Some(state) = &mut image.execution_state else {
                return;
            };
            change_frames(&mut state.frames, random);
        }
    }
}

fn change_host_call(host_call: &mut Option<HostCall>, functions: usize, random: &mut Random) {
    match host_call {
        Some(HostCall::Returned(values)) if random.below(3) > 0 => change_list(values, random),
        Some(HostCall::Pending(call)) if random.below(4) > 0 => match random.below(3) {
            0 => call.function = FuncAddr(random.below(functions + 2) as u32),
            1 => call.instance = random.below(3) as u32,
            _ => change_list(&mut call.arguments, random),
        },
        _ => {
            let values = vec![value(random); random.below(3)];
            *host_call = match random.below(4) {
                0 => None,
                1 => Some(HostCall::Returned(values)),
                _ => Some(HostCall::Pending(PendingHostCall {
                    function: FuncAddr(random.below(functions + 1) as u32),
                    instance: random.below(2) as u32,
                    arguments: values,
                })),
            };
        }
    }
}

fn change_list(values: &mut Vec<Val>, random: &mut Random) {
    match values.pop() {
        Some(_) if random.below(2) == 0 => {}
        Some(_) => values.push(value(random)),
        None => *values = vec![value(random); 1 + random.below(3)],
    }
}

fn swap<T>(list: &mut [T], random: &mut Random) {
    if !list.is_empty() {
        list.swap(random.below(list.len()), random.below(list.len()));
    }
}

fn change_frames(frames: &mut Vec<WasmFunctionStateDump>, random: &mut Random) {
    let Some(len) = frames.len().checked_sub(1) else {
        return;
    };
    let at = random.below(len + 1);
    match random.below(11) {
        0 => {
            frames.remove(at);
        }
        1 => {
            let copy = frames[random.below(len + 1)].clone();
            frames.insert(at, copy);
        }
        2 => frames.swap(at, random.below(len + 1)),
        3 => frames[at].local_function_id = random.below(8) as u32,
        4 => frames[at].instance = random.below(3) as u32,
        5 => frames[at].wasm_inst_offset = frames[random.below(len + 1)].wasm_inst_offset,
        6 => {
            let offset = frames[at].wasm_inst_offset;
            frames[at].wasm_inst_offset = match random.below(4) {
                0 => usize::MAX,
                1 => random.bits() as usize,
                _ => offset.wrapping_add(random.below(16)).wrapping_sub(8),
            };
        }
        7 => change_values(&mut frames[at].locals, random),
        8 => change_values(&mut frames[at].stack, random),
        9 => {
            let count = 1 + random.below(3000);
            let copies = vec![frames[at].clone(); count];
            frames.splice(at..at, copies);
        }
        _ => frames.truncate(at),
    }
}

fn change_values(values: &mut Vec<Option<Val>>, random: &mut Random) {
    let new = if random.below(5) == 0 {
        None
    } else {
        Some(value(random))
    };
    match (random.below(5), values.is_empty()) {
        (0, _) => values.push(new),
        (1, _) => {
            values.pop();
        }
        (_, true) => {}
        (_, false) => {
            let at = random.below(values.len());
            values[at] = new;
        }
    }
}

/// A value that may be of any type, with bits that may be any.
fn value(random: &mut Random) -> Val {
    let bits = match random.below(4) {
        0 => 0,
        1 => u64::MAX,
        2 => random.below(10) as u64,
        _ => random.bits(),
    };
    match random.below(6) {
        0 => Val::I32(bits as i32),
        1 => Val::I64(bits as i64),
        2 => Val::F32(bits as u32),
        3 => Val::F64(bits),
        4 => Val::FuncRef((bits % 3 != 0).then_some(FuncAddr(bits as u32 % 7))),
        _ => Val::ExternRef(None),
    }
}
