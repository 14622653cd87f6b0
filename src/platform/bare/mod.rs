//! The bare-metal platform: page tables, demand-zero pages, exceptions.
//!
//! For kernels that run the engine in ring 0. What such a kernel does, in this order:
//!
//! 1. [`processor::enable`] on each processor that guests run on: SSE, no-execute pages and
//!    what else guests need. A kernel may set it all itself.
//! 2. [`BarePlatform::new`], with a handle to its page tables ([`PageTables`]),
//!    a frame allocator, and a range of addresses that nothing else uses. Several
//!    processors: [`BarePlatform::with_processors`].
//! 3. [`chain`](chain()), which puts the engine before the kernel's own handlers of three
//!    exceptions; or, for a kernel without any, [`stubs::fill_idt`]. Either takes a function
//!    that calls [`BarePlatform::handle_fault`].
//! 4. [`Engine::new`](crate::runtime::Engine::new) with the platform.
//!
//! `docs/embedding.md` in the repository goes through a whole kernel that does so, and has the
//! rules: stacks, interrupts, floating-point registers, page tables, several processors.
//!
//! Pages are committed lazily: `commit` promises frames, and the first write to a page
//! maps a zeroed one; until then, reads see one frame of zeros that all such pages
//! share (each its own where there are several processors). So looking for the zero pages
//! of a sparse memory takes nothing. What is promised
//! is never more than there is: `commit` fails instead, `memory.grow` then returns -1, and
//! no touch of a committed page ever lacks a frame, be it by a guest or by the engine.

mod budget;
mod chain;
mod lent;
mod lock;
mod paging;
mod platform;
pub mod processor;
mod regions;
pub mod stubs;
mod tables;
mod tracked;
mod tracker;

pub use chain::{GUEST_EXCEPTIONS, GuestFault, chain};
pub use platform::{BarePlatform, SetupError};
pub use processor::{OneProcessor, ProcessorError, Processors};
pub use tables::PageTables;

use super::PAGE_SIZE;

/// Bytes that one page table maps (Intel SDM volume 3A, section 4.5).
const TABLE: usize = 512 * PAGE_SIZE;
