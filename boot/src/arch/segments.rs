//! GDT and TSS: flat segments, and the stacks of exceptions and interrupts.

#![expect(unsafe_code, reason = "loads descriptor tables and segment registers")]

use super::layout;
use spin::Once;
use x86_64::VirtAddr;
use x86_64::instructions::tables::load_tss;
use x86_64::registers::segmentation::{CS, DS, ES, SS, Segment};
use x86_64::structures::gdt::{Descriptor, GlobalDescriptorTable};
use x86_64::structures::tss::TaskStateSegment;

/// IST index of exceptions: guests fault with any stack pointer.
pub const FAULT_STACK: u16 = 0;
/// IST index of interrupts. A handler may fault (a page that is committed lazily),
/// so it is not the one of exceptions.
pub const INTERRUPT_STACK: u16 = 1;
/// IST index of what may come within an exception: double fault, NMI, machine check.
pub const DOUBLE_FAULT_STACK: u16 = 2;

static TSS: Once<TaskStateSegment> = Once::new();
static GDT: Once<GlobalDescriptorTable> = Once::new();

/// Loads both. To be called once.
pub(crate) fn init() {
    let tss = TSS.call_once(|| {
        let mut tss = TaskStateSegment::new();
        for (index, stack) in [
            (FAULT_STACK, layout::fault_stack()),
            (INTERRUPT_STACK, layout::interrupt_stack()),
            (DOUBLE_FAULT_STACK, layout::double_fault_stack()),
        ] {
            tss.interrupt_stack_table[usize::from(index)] = VirtAddr::new(stack.end);
        }
        tss
    });
    let mut gdt = GlobalDescriptorTable::new();
    let code = gdt.append(Descriptor::kernel_code_segment());
    let data = gdt.append(Descriptor::kernel_data_segment());
    let task = gdt.append(Descriptor::tss_segment(tss));
    GDT.call_once(|| gdt).load();
    // SAFETY: the selectors are of the table just loaded; the segments are flat.
    unsafe {
        CS::set_reg(code);
        DS::set_reg(data);
        ES::set_reg(data);
        SS::set_reg(data);
        load_tss(task);
    }
}
