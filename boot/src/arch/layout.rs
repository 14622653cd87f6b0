//! Where the kernel is, as linker.ld lays it out.

#![expect(unsafe_code, reason = "symbols of the linker script")]

use core::ops::Range;

unsafe extern "C" {
    safe static kernel_start: u8;
    safe static kernel_end: u8;
    safe static text_start: u8;
    safe static text_end: u8;
    safe static rodata_start: u8;
    safe static rodata_end: u8;
    safe static boot_stack_guard: u8;
    safe static boot_stack_start: u8;
    safe static boot_stack_end: u8;
    safe static fault_stack_guard: u8;
    safe static fault_stack_start: u8;
    safe static fault_stack_end: u8;
    safe static interrupt_stack_guard: u8;
    safe static interrupt_stack_start: u8;
    safe static interrupt_stack_end: u8;
    safe static double_fault_stack_guard: u8;
    safe static double_fault_stack_start: u8;
    safe static double_fault_stack_end: u8;
}

fn range(start: &'static u8, end: &'static u8) -> Range<u64> {
    core::ptr::from_ref(start).addr() as u64..core::ptr::from_ref(end).addr() as u64
}

/// All of the kernel.
pub fn kernel() -> Range<u64> {
    range(&kernel_start, &kernel_end)
}

/// Its code.
pub fn text() -> Range<u64> {
    range(&text_start, &text_end)
}

/// Its constants.
pub fn rodata() -> Range<u64> {
    range(&rodata_start, &rodata_end)
}

/// The stack that everything runs on but exceptions, interrupts and guests.
pub fn boot_stack() -> Range<u64> {
    range(&boot_stack_start, &boot_stack_end)
}

/// The stack of exceptions.
pub fn fault_stack() -> Range<u64> {
    range(&fault_stack_start, &fault_stack_end)
}

/// The stack of interrupts.
pub fn interrupt_stack() -> Range<u64> {
    range(&interrupt_stack_start, &interrupt_stack_end)
}

/// The stack of double faults, NMIs and machine checks.
pub fn double_fault_stack() -> Range<u64> {
    range(&double_fault_stack_start, &double_fault_stack_end)
}

/// All kernel stacks.
pub fn stacks() -> [Range<u64>; 4] {
    [
        boot_stack(),
        fault_stack(),
        interrupt_stack(),
        double_fault_stack(),
    ]
}

/// The guard pages below them, each of one page.
pub fn stack_guards() -> [u64; 4] {
    [
        &boot_stack_guard,
        &fault_stack_guard,
        &interrupt_stack_guard,
        &double_fault_stack_guard,
    ]
    .map(|guard| core::ptr::from_ref(guard).addr() as u64)
}
