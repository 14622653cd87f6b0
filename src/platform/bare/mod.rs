//! The bare-metal platform: page tables, demand-zero pages, IDT stubs.
//!
//! For kernels that run the engine in ring 0 of one processor. It asks the
//! kernel for three things:
//!
//! * a [`Mapper`](x86_64::structures::paging::Mapper) of the active page tables, a
//!   frame allocator, and a range of addresses that nothing else uses:
//!   [`BarePlatform::new`];
//! * IDT entries: [`stubs::fill_idt`] points all exceptions, and as many
//!   interrupts as wanted, at stubs that save every register in a
//!   [`TrapFrame`](crate::abi::vmctx::TrapFrame) and call the kernel's handler;
//! * in that handler, a call of [`BarePlatform::handle_fault`] before the kernel
//!   looks at the exception itself.
//!
//! Every stub must run on an IST stack: on a wasm stack there may be no room.
//!
//! Pages are committed lazily: `commit` promises frames, and the first write to a page
//! maps a zeroed one; until then, reads see one frame of zeros that all such pages
//! share. So looking for the zero pages of a sparse memory takes nothing. What is promised
//! is never more than there is: `commit` fails instead, `memory.grow` then returns -1, and
//! no touch of a committed page ever lacks a frame, be it by a guest or by the engine.

mod budget;
mod paging;
mod regions;
pub mod stubs;
mod tracked;

pub use paging::BarePlatform;

use super::PAGE_SIZE;

/// Bytes that one page table maps (Intel SDM volume 3A, section 4.5).
const TABLE: usize = 512 * PAGE_SIZE;
