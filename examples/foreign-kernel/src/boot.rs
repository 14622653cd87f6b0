//! From the loader to [`kernel_main`](crate::kernel_main): 32-bit code at the address that
//! it is loaded at, to 64-bit code in the upper half.
//!
//! A PVH loader (QEMU's `-kernel`, the x86/HVM direct boot ABI) enters with paging off and
//! EBX = the address of its start info. The page tables made here are the kernel's for good:
//!
//! ```text
//! 0x0000_0000_0000_0000  the first GiB, until `kernel_main` unmaps it
//! 0xffff_8000_0000_0000  the first 4 GiB, to reach all memory by (memory::DIRECT)
//! 0xffff_ffff_8000_0000  the first GiB, which the kernel is linked to (linker.ld)
//! ```

use crate::memory::DIRECT;
use core::arch::global_asm;
use core::ops::Range;

global_asm!(
    ".pushsection .note.pvh, \"a\", @note",
    ".balign 4",
    ".long 4, 8, 18",
    ".asciz \"Xen\"",
    ".quad entry",
    ".popsection",
    "",
    ".pushsection .boot_tables, \"aw\", @nobits",
    ".balign 4096",
    "level_4: .skip 4096",
    "level_3_low: .skip 4096",
    "level_3_direct: .skip 4096",
    "level_3_kernel: .skip 4096",
    "level_2_kernel: .skip 4096",
    "level_2_direct: .skip 4 * 4096",
    "boot_stack: .skip 64",
    "boot_stack_end:",
    ".popsection",
    "",
    ".pushsection .boot, \"ax\", @progbits",
    ".code32",
    ".globl entry",
    "entry:",
    "cli",
    "cld",
    "movl $boot_stack_end, %esp",
    // 2 MiB pages: present, writable, large; those of the direct map not executable.
    "xorl %ecx, %ecx",
    "1: movl %ecx, %eax",
    "shll $21, %eax",
    "orl $0x83, %eax",
    "movl %eax, level_2_direct(, %ecx, 8)",
    "movl $0x80000000, level_2_direct + 4(, %ecx, 8)",
    "cmpl $512, %ecx",
    "jae 2f",
    "movl %eax, level_2_kernel(, %ecx, 8)",
    "2: incl %ecx",
    "cmpl $2048, %ecx",
    "jne 1b",
    "movl $(level_2_direct + 3), level_3_direct",
    "movl $(level_2_direct + 0x1003), level_3_direct + 8",
    "movl $(level_2_direct + 0x2003), level_3_direct + 16",
    "movl $(level_2_direct + 0x3003), level_3_direct + 24",
    "movl $(level_2_kernel + 3), level_3_low",
    "movl $(level_2_kernel + 3), level_3_kernel + 8 * 510",
    "movl $(level_3_low + 3), level_4",
    "movl $(level_3_direct + 3), level_4 + 8 * 256",
    "movl $(level_3_kernel + 3), level_4 + 8 * 511",
    "movl $level_4, %eax",
    "movl %eax, %cr3",
    // PAE; long mode and no-execute; paging. What guests need, the library sets.
    "movl $0x20, %eax",
    "movl %eax, %cr4",
    "movl $0xc0000080, %ecx",
    "rdmsr",
    "orl $0x900, %eax",
    "wrmsr",
    "movl %cr0, %eax",
    "orl $0x80000001, %eax",
    "movl %eax, %cr0",
    "lgdtl boot_gdtr",
    "ljmpl $8, $3f",
    ".code64",
    "3:",
    "xorl %eax, %eax",
    "movl %eax, %ds",
    "movl %eax, %es",
    "movl %eax, %ss",
    "movabsq $kernel_stack_end, %rsp",
    "movl %ebx, %edi",
    "xorl %ebp, %ebp",
    "movabsq $kernel_main, %rax",
    "call *%rax",
    "ud2",
    "",
    ".balign 8",
    "boot_gdt: .quad 0, 0x00af9b000000ffff",
    "boot_gdtr: .word 15",
    ".quad boot_gdt",
    ".popsection",
    "",
    ".pushsection .bss.kernel_stack, \"aw\", @nobits",
    ".balign 4096",
    ".skip 256 * 1024",
    "kernel_stack_end:",
    ".popsection",
    options(att_syntax)
);

/// `hvm_start_info` up to what is used, and `hvm_memmap_table_entry`.
#[repr(C)]
struct StartInfo {
    magic: u32,
    _version_flags_modules: [u32; 3],
    _modules_command_line_rsdp: [u64; 3],
    memory_map: u64,
    memory_map_entries: u32,
}

#[repr(C)]
struct MemoryMapEntry {
    start: u64,
    size: u64,
    kind: u32,
    _reserved: u32,
}

/// The largest piece of memory behind the kernel and below 4 GiB, by the loader's map.
///
/// # Safety
///
/// `start_info` is the physical address that the loader gave, and what is there is as it was.
pub unsafe fn largest_memory(start_info: u64) -> Range<u64> {
    unsafe extern "C" {
        safe static kernel_end: u8;
    }
    let free_from = (&raw const kernel_end).addr() as u64 - KERNEL;
    let info = direct::<StartInfo>(start_info);
    // SAFETY: the loader has put it there (caller).
    let info = unsafe { info.read() };
    assert_eq!(info.magic, 0x336e_c578, "not booted by a PVH loader");
    (0..info.memory_map_entries as usize)
        .map(|index| {
            // SAFETY: the table has that many entries.
            unsafe { direct::<MemoryMapEntry>(info.memory_map).add(index).read() }
        })
        .filter(|entry| entry.kind == 1)
        .map(|entry| entry.start.max(free_from)..(entry.start + entry.size).min(4 << 30))
        .max_by_key(|range| range.end.saturating_sub(range.start))
        .expect("the loader gives a memory map")
}

/// The kernel's address is its physical one plus this, as in linker.ld.
const KERNEL: u64 = 0xffff_ffff_8000_0000;

fn direct<T>(physical: u64) -> *const T {
    core::ptr::with_exposed_provenance((DIRECT + physical) as usize)
}
