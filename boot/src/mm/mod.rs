//! Memory: the loader's map, frames, page tables, heap.
//!
//! Physical memory is mapped onto itself, so a physical address is a pointer.
//! The largest piece of free memory is split: half of it is the heap, the other half
//! and everything else are frames for page tables and guests.

pub mod boot_info;
pub mod frames;
pub mod heap;
pub mod paging;
