//! The kernel's own segments, stacks and handlers, and the engine before them.
//!
//! The kernel uses two exceptions for itself: a page fault maps a page of [`LAZY`] and is
//! fatal elsewhere, and UD2 is a check that only counts. Its timer has no stack of its own, so
//! it also runs on those of guests. None of the handlers knows of the engine.

use crate::memory::DIRECT;
use crate::{GUESTS, println, serial};
use core::arch::naked_asm;
use core::ops::Range;
use core::sync::atomic::{AtomicU64, Ordering};
use spin::{Mutex, Once};
use woodfrog::abi::vmctx::TrapFrame;
use woodfrog::platform::bare;
use woodfrog::runtime::InterruptHandle;
use woodfrog::trap::FaultAction;
use x86_64::VirtAddr;
use x86_64::instructions::interrupts::without_interrupts;
use x86_64::instructions::port::Port;
use x86_64::instructions::tables::load_tss;
use x86_64::registers::control::Cr2;
use x86_64::registers::segmentation::{CS, SS, Segment};
use x86_64::structures::gdt::{Descriptor, GlobalDescriptorTable};
use x86_64::structures::idt::InterruptDescriptorTable;
use x86_64::structures::paging::{FrameAllocator, Mapper, Page, PageTableFlags, Size4KiB};
use x86_64::structures::tss::TaskStateSegment;

/// Pages that the kernel's own page fault handler maps.
pub const LAZY: Range<u64> = 0xffff_c000_0000_0000..0xffff_c000_0010_0000;

/// IST indices. The engine's stack must not be used by anything that happens within it.
const ENGINE_STACK: u16 = 0;
const DOUBLE_FAULT_STACK: u16 = 1;
const STACK_SIZE: usize = 16 << 10;

static mut STACKS: [[u128; STACK_SIZE / 16]; 2] = [[0; STACK_SIZE / 16]; 2];
static TSS: Once<TaskStateSegment> = Once::new();
static GDT: Once<GlobalDescriptorTable> = Once::new();
static IDT: Once<InterruptDescriptorTable> = Once::new();

/// What the kernel's own handlers have seen.
pub static TICKS: AtomicU64 = AtomicU64::new(0);
pub static PAGE_FAULTS: AtomicU64 = AtomicU64::new(0);
pub static CHECKS: AtomicU64 = AtomicU64::new(0);

/// Whom to stop, and at which tick.
static ALARM: Mutex<Option<(u64, InterruptHandle)>> = Mutex::new(None);

const TIMER: u8 = 32;
const SPURIOUS: u8 = 0xff;

/// Loads the tables. To be called once.
pub fn init() {
    let tss = TSS.call_once(|| {
        let mut tss = TaskStateSegment::new();
        for index in [ENGINE_STACK, DOUBLE_FAULT_STACK].map(usize::from) {
            let top = (&raw const STACKS).addr() + (index + 1) * STACK_SIZE;
            tss.interrupt_stack_table[index] = VirtAddr::new(top as u64);
        }
        tss
    });
    let mut gdt = GlobalDescriptorTable::new();
    let code = gdt.append(Descriptor::kernel_code_segment());
    let data = gdt.append(Descriptor::kernel_data_segment());
    let task = gdt.append(Descriptor::tss_segment(tss));
    GDT.call_once(|| gdt).load();
    // SAFETY: the selectors are of the table just loaded.
    unsafe {
        CS::set_reg(code);
        SS::set_reg(data);
        load_tss(task);
    }
    let mut idt = InterruptDescriptorTable::new();
    let address = |handler: extern "C" fn()| VirtAddr::from_ptr(handler as *const ());
    // SAFETY: these functions are made to be called by the processor.
    unsafe {
        idt.page_fault.set_handler_addr(address(page_fault));
        idt.invalid_opcode.set_handler_addr(address(invalid_opcode));
        idt.double_fault
            .set_handler_addr(address(double_fault))
            .set_stack_index(DOUBLE_FAULT_STACK);
        idt[TIMER].set_handler_addr(address(timer));
        idt[SPURIOUS].set_handler_addr(address(spurious));
    }
    // SAFETY: the TSS has that stack, which no other handler uses.
    unsafe { bare::chain(&mut idt, guest_fault, ENGINE_STACK) };
    IDT.call_once(|| idt).load();
}

/// What the engine's stubs ask before they go on to the kernel's handlers.
fn guest_fault(frame: &mut TrapFrame) -> FaultAction {
    match GUESTS.get() {
        Some(platform) => platform.handle_fault(frame),
        None => FaultAction::NotOurs,
    }
}

/// Starts the local APIC's timer, and interrupts.
pub fn start_timer() {
    // SAFETY: masks the two old interrupt controllers.
    unsafe {
        Port::new(0x21).write(0xff_u8);
        Port::new(0xa1).write(0xff_u8);
    }
    write_apic(0xf0, 0x100 | u32::from(SPURIOUS));
    // Divide by 16; periodic; a millisecond of QEMU's.
    write_apic(0x3e0, 0b0011);
    write_apic(0x320, 1 << 17 | u32::from(TIMER));
    write_apic(0x380, 62_500);
    x86_64::instructions::interrupts::enable();
}

/// Makes the timer stop a guest in so many ticks.
pub fn stop_after(ticks: u64, guest: InterruptHandle) {
    // The handle before is dropped here, not in the interrupt: that may free memory.
    let _before = without_interrupts(|| {
        let due = TICKS.load(Ordering::Relaxed) + ticks;
        ALARM.lock().replace((due, guest))
    });
}

fn write_apic(register: u64, value: u32) {
    let address = (DIRECT + 0xfee0_0000 + register) as usize;
    let address: *mut u32 = core::ptr::with_exposed_provenance_mut(address);
    // SAFETY: the local APIC's registers.
    unsafe { address.write_volatile(value) };
}

/// The kernel's timer: counts, and stops a guest whose time is over. It may have interrupted
/// anybody but who has interrupts disabled, so nobody who can be interrupted has its lock.
extern "C" fn on_timer(_: &mut InterruptFrame) {
    let now = TICKS.fetch_add(1, Ordering::Relaxed) + 1;
    if let Some((due, guest)) = &*ALARM.lock()
        && *due <= now
        && !guest.is_requested()
    {
        guest.request_suspend();
    }
    write_apic(0xb0, 0);
}

/// The kernel's own page faults, by its own page tables.
extern "C" fn on_page_fault(frame: &mut InterruptFrame) {
    let address = Cr2::read_raw();
    if !LAZY.contains(&address) {
        println!(
            "kernel: page fault at {:#x}, address {address:#x}",
            frame.rip
        );
        serial::exit(false);
    }
    PAGE_FAULTS.fetch_add(1, Ordering::Relaxed);
    let platform = GUESTS.get().expect("the platform has the page tables");
    platform.with_mapper(|mapper, frames| {
        let frame = frames.allocate_frame().expect("memory");
        let page = Page::<Size4KiB>::containing_address(VirtAddr::new(address));
        let flags = PageTableFlags::PRESENT | PageTableFlags::WRITABLE;
        // SAFETY: the page is the kernel's, and the frame is new.
        let mapped = unsafe { mapper.map_to(page, frame, flags, frames) };
        mapped.expect("a page that is not there").flush();
    });
}

/// A check of the kernel's: UD2, which is passed over.
extern "C" fn on_invalid_opcode(frame: &mut InterruptFrame) {
    CHECKS.fetch_add(1, Ordering::Relaxed);
    frame.rip += 2;
}

extern "C" fn on_double_fault(frame: &mut InterruptFrame) {
    println!("kernel: double fault at {:#x}", frame.rip);
    serial::exit(false);
}

extern "C" fn on_spurious(_: &mut InterruptFrame) {}

/// What the processor pushes, behind an error code.
#[repr(C)]
struct InterruptFrame {
    rip: u64,
    cs: u64,
    rflags: u64,
    rsp: u64,
    ss: u64,
}

/// An interrupt handler that saves what Rust functions may change. The kernel is compiled
/// without SSE; one that is not must save XMM registers and MXCSR, too: guests use them.
macro_rules! handler {
    ($name:ident, $function:path, error_code: $error_code:literal) => {
        #[unsafe(naked)]
        extern "C" fn $name() {
            naked_asm!(
                "push rax",
                "push rcx",
                "push rdx",
                "push rsi",
                "push rdi",
                "push r8",
                "push r9",
                "push r10",
                "push r11",
                "push rbp",
                "mov rbp, rsp",
                "lea rdi, [rsp + 80 + {error_code}]",
                "and rsp, -16",
                "cld",
                "call {function}",
                "mov rsp, rbp",
                "pop rbp",
                "pop r11",
                "pop r10",
                "pop r9",
                "pop r8",
                "pop rdi",
                "pop rsi",
                "pop rdx",
                "pop rcx",
                "pop rax",
                "add rsp, {error_code}",
                "iretq",
                function = sym $function,
                error_code = const $error_code,
            )
        }
    };
}

handler!(timer, on_timer, error_code: 0);
handler!(spurious, on_spurious, error_code: 0);
handler!(page_fault, on_page_fault, error_code: 8);
handler!(invalid_opcode, on_invalid_opcode, error_code: 0);
handler!(double_fault, on_double_fault, error_code: 8);
