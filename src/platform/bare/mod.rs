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
//! Pages are committed lazily: `commit` notes the range, and the first write to
//! a page maps a zeroed frame; until then, reads see one frame of zeros that all
//! such pages share. So a sparse memory takes what it uses, looking for its zero
//! pages takes nothing, and `commit` never fails. When no frame is left, a touch by a guest is a trap as if
//! the address were out of bounds; one by the kernel is a page fault of the kernel's own.

mod paging;
mod regions;
pub mod stubs;

pub use paging::BarePlatform;
