//! The PVH entry point: 32-bit protected mode to 64-bit Rust.
//!
//! A PVH loader (x86/HVM direct boot ABI, the `XEN_ELFNOTE_PHYS32_ENTRY` note)
//! enters with paging off, flat segments, interrupts off and EBX = the address of
//! a `hvm_start_info`. This maps the first 4 GiB onto themselves with pages of
//! 2 MiB, which [`crate::mm`] replaces soon, turns on long mode, NX, write
//! protection and SSE, and calls [`crate::start`].

#![expect(unsafe_code, reason = "assembly")]

use core::arch::global_asm;

/// CR4: PAE, OSFXSR, OSXMMEXCPT (Intel SDM volume 3A, section 2.5).
const CR4: u32 = 1 << 5 | 1 << 9 | 1 << 10;
/// CR0: PG, WP, NE, ET, MP, PE; EM and TS are clear.
const CR0: u32 = 1 << 31 | 1 << 16 | 1 << 5 | 1 << 4 | 1 << 1 | 1;
/// IA32_EFER and its bits LME and NXE.
const EFER: u32 = 0xc000_0080;
const EFER_BITS: u32 = 1 << 8 | 1 << 11;
/// Page table entry bits: present, writable; with PS, a 2 MiB page.
const TABLE: u32 = 0b11;
const LARGE_PAGE: u32 = 1 << 7 | 0b11;
/// MXCSR: all exceptions masked, round to nearest.
const MXCSR: u32 = 0x1f80;

global_asm!(
    ".pushsection .note.pvh, \"a\", @note",
    ".balign 4",
    ".long 4",
    ".long 8",
    ".long 18",
    ".asciz \"Xen\"",
    ".quad woodfrog_start",
    ".popsection",
    "",
    ".pushsection .bss.woodfrog_start, \"aw\", @nobits",
    ".balign 4096",
    "woodfrog_start_pml4: .skip 4096",
    "woodfrog_start_pdpt: .skip 4096",
    "woodfrog_start_pd: .skip 4 * 4096",
    ".popsection",
    "",
    ".pushsection .rodata.woodfrog_start, \"a\", @progbits",
    ".balign 8",
    "woodfrog_start_gdt:",
    ".quad 0",
    ".quad 0x00af9b000000ffff",
    ".quad 0x00cf93000000ffff",
    "woodfrog_start_gdtr:",
    ".word 23",
    ".quad woodfrog_start_gdt",
    "woodfrog_start_mxcsr: .long {mxcsr}",
    ".popsection",
    "",
    ".pushsection .text.woodfrog_start, \"ax\", @progbits",
    ".code32",
    ".globl woodfrog_start",
    "woodfrog_start:",
    "cli",
    "cld",
    "movl $boot_stack_end, %esp",
    // The last level: 2048 pages of 2 MiB.
    "movl $woodfrog_start_pd, %edi",
    "movl ${large_page}, %eax",
    "xorl %ecx, %ecx",
    "2: movl %eax, (%edi, %ecx, 8)",
    "movl $0, 4(%edi, %ecx, 8)",
    "addl $0x200000, %eax",
    "incl %ecx",
    "cmpl $2048, %ecx",
    "jne 2b",
    "movl $woodfrog_start_pdpt, %edi",
    "movl $(woodfrog_start_pd + {table}), %eax",
    "xorl %ecx, %ecx",
    "3: movl %eax, (%edi, %ecx, 8)",
    "addl $4096, %eax",
    "incl %ecx",
    "cmpl $4, %ecx",
    "jne 3b",
    "movl $(woodfrog_start_pdpt + {table}), %eax",
    "movl %eax, woodfrog_start_pml4",
    "movl $woodfrog_start_pml4, %eax",
    "movl %eax, %cr3",
    "movl ${cr4}, %eax",
    "movl %eax, %cr4",
    "movl ${efer}, %ecx",
    "rdmsr",
    "orl ${efer_bits}, %eax",
    "wrmsr",
    "movl ${cr0}, %eax",
    "movl %eax, %cr0",
    "lgdtl woodfrog_start_gdtr",
    "ljmpl $8, $4f",
    ".code64",
    "4:",
    "movw $16, %ax",
    "movw %ax, %ds",
    "movw %ax, %es",
    "movw %ax, %ss",
    "xorl %eax, %eax",
    "movw %ax, %fs",
    "movw %ax, %gs",
    "movq $boot_stack_end, %rsp",
    "ldmxcsr woodfrog_start_mxcsr",
    "fninit",
    "movl %ebx, %edi",
    "xorl %ebp, %ebp",
    "call {start}",
    "ud2",
    ".popsection",
    large_page = const LARGE_PAGE,
    table = const TABLE,
    cr4 = const CR4,
    cr0 = const CR0,
    efer = const EFER,
    efer_bits = const EFER_BITS,
    mxcsr = const MXCSR,
    start = sym crate::start::start,
    options(att_syntax)
);
