//! Another processor asks a store to suspend, again and again, while this one runs it; the guest
//! computes the same as without, frozen and thawed on the way.
#![cfg_attr(target_os = "none", no_std, no_main)]
#![cfg_attr(
    target_os = "none",
    expect(unsafe_code, reason = "starts another processor")
)]

#[cfg(target_os = "none")]
mod image {
    use core::arch::global_asm;
    use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
    use spin::Mutex;
    use woodfrog::abi::Val;
    use woodfrog::image::RawImage;
    use woodfrog::runtime::{Config, Engine, InterruptHandle, Linker, Module, Outcome, Store};
    use woodfrog_boot::arch::clock;
    use woodfrog_boot::{Machine, Status, info};

    woodfrog_boot::entry!(main);

    /// As in the image `nmi`, where it is as text: adds up square roots.
    const MODULE: &[u8] = include_bytes!("nmi.wasm");
    const ROUNDS: i32 = 4_000_000;

    /// After so many suspensions the store becomes an image, and another store.
    const FREEZE_EVERY: u64 = 16;

    /// The store that the other processor suspends.
    static HANDLE: Mutex<Option<InterruptHandle>> = Mutex::new(None);
    /// Whether the other processor runs.
    static IS_UP: AtomicBool = AtomicBool::new(false);
    /// How often it has asked for a suspension.
    static REQUESTS: AtomicU64 = AtomicU64::new(0);

    // What the other processor begins with, in real mode, in the page that it is started at; and
    // where it goes from there. The kernel's text is below 4 GiB and executable, other memory is
    // not, so paging is turned on there. What it needs is what the first processor has.
    global_asm!(
        ".pushsection .text.processors, \"ax\", @progbits",
        ".code16",
        "processors_begin:",
        "cli",
        "lgdtl %cs:processors_gdtr - processors_begin",
        "movl $0x11, %eax",
        "movl %eax, %cr0",
        "ljmpl $8, $processors_protected",
        ".balign 8",
        "processors_gdt:",
        ".quad 0",
        ".quad 0x00cf9b000000ffff",
        ".quad 0x00cf93000000ffff",
        ".quad 0x00af9b000000ffff",
        // The address is filled in, in the copy: the table is in it.
        "processors_gdtr:",
        ".word 31",
        ".long 0",
        "processors_end:",
        "",
        ".code32",
        "processors_protected:",
        "movw $16, %ax",
        "movw %ax, %ds",
        "movw %ax, %es",
        "movw %ax, %ss",
        "movl {cr4}, %eax",
        "movl %eax, %cr4",
        "movl {cr3}, %eax",
        "movl %eax, %cr3",
        // IA32_EFER: long mode and NX.
        "movl $0xc0000080, %ecx",
        "rdmsr",
        "orl $0x900, %eax",
        "wrmsr",
        "movl {cr0}, %eax",
        "movl %eax, %cr0",
        "ljmpl $24, $2f",
        ".code64",
        "2:",
        "leaq {stack} + {stack_size}, %rsp",
        "xorl %ebp, %ebp",
        "call {run}",
        "ud2",
        ".popsection",
        cr0 = sym CR0,
        cr3 = sym CR3,
        cr4 = sym CR4,
        stack = sym STACK,
        stack_size = const STACK_SIZE,
        run = sym other_processor,
        options(att_syntax)
    );

    unsafe extern "C" {
        safe static processors_begin: u8;
        safe static processors_gdt: u8;
        safe static processors_gdtr: u8;
        safe static processors_end: u8;
    }

    /// The registers of this processor, for the other one.
    static CR0: AtomicU32 = AtomicU32::new(0);
    static CR3: AtomicU32 = AtomicU32::new(0);
    static CR4: AtomicU32 = AtomicU32::new(0);

    const STACK_SIZE: usize = 64 << 10;

    #[repr(align(16))]
    struct Stack(
        #[expect(dead_code, reason = "the other processor uses it")] [AtomicU64; STACK_SIZE / 8],
    );
    static STACK: Stack = Stack([const { AtomicU64::new(0) }; STACK_SIZE / 8]);

    /// What the other processor does: it has no interrupts, and its faults end the machine.
    extern "C" fn other_processor() -> ! {
        IS_UP.store(true, Ordering::Release);
        loop {
            if let Some(handle) = &*HANDLE.lock() {
                handle.request_suspend();
                REQUESTS.fetch_add(1, Ordering::Relaxed);
            }
            for _ in 0..10_000 {
                core::hint::spin_loop();
            }
        }
    }

    fn main(machine: Machine) -> Status {
        let engine = Engine::new(machine.platform, Config::default());
        let module = Module::new(&engine, MODULE).expect("a module");
        let (undisturbed, _) = work(&engine, &module);
        start_other_processor();
        let (disturbed, suspensions) = work(&engine, &module);
        let requests = REQUESTS.load(Ordering::Relaxed);
        assert!(
            suspensions > 2 * FREEZE_EVERY,
            "{requests} requests, {suspensions} suspensions"
        );
        assert_eq!(disturbed, undisturbed);
        info!("{requests} requests, {suspensions} suspensions, and the same result");
        Status::Finished
    }

    /// The bits of the guest's result, and how often it was suspended.
    fn work(engine: &Engine, module: &Module) -> (u64, u64) {
        let linker = Linker::new();
        let mut store = Store::new(engine, ());
        let instance = linker.instantiate(&mut store, module).expect("an instance");
        *HANDLE.lock() = Some(store.interrupt_handle());
        let work = instance.get_func(&store, "work").expect("work");
        let mut outcome = work.call(&mut store, &[Val::I32(ROUNDS)]);
        let mut suspensions = 0;
        loop {
            match outcome.expect("no trap") {
                Outcome::Returned(values) => {
                    *HANDLE.lock() = None;
                    match values[..] {
                        [Val::F64(bits)] => return (bits, suspensions),
                        _ => panic!("{values:?}"),
                    }
                }
                Outcome::Suspended => suspensions += 1,
            }
            if suspensions % FREEZE_EVERY == 0 {
                let bytes = store.freeze().expect("it is suspended").to_bytes();
                *HANDLE.lock() = None;
                let image = RawImage::parse(&bytes).expect("an image");
                store = engine.thaw(image, &linker, ()).expect("its own image");
                *HANDLE.lock() = Some(store.interrupt_handle());
            }
            outcome = store.resume();
        }
    }

    /// Starts the other processor (Intel SDM volume 3A, section 9.4).
    fn start_other_processor() {
        const PAGE: usize = 4096;
        // Registers of the local APIC: the interrupt command's low word.
        const COMMAND: *mut u32 = core::ptr::without_provenance_mut(0xfee0_0300);
        // To all but this processor: INIT, and start-up with the page's number.
        const INIT: u32 = 0xc4500;
        const START_UP: u32 = 0xc4600;
        let (cr0, cr3, cr4): (u64, u64, u64);
        // SAFETY: reads registers.
        unsafe {
            core::arch::asm!("mov {}, cr0", "mov {}, cr3", "mov {}, cr4",
                out(reg) cr0, out(reg) cr3, out(reg) cr4);
        }
        assert!(cr3 < 1 << 32, "the page tables are out of reach");
        CR0.store(cr0 as u32, Ordering::Relaxed);
        CR3.store(cr3 as u32, Ordering::Relaxed);
        CR4.store(cr4 as u32, Ordering::Relaxed);
        let address = |symbol: &'static u8| core::ptr::from_ref(symbol).addr();
        let begin = address(&processors_begin);
        let len = address(&processors_end) - begin;
        // A page of low memory of which nobody has made use yet; it is given back as it was.
        let is_unused = |page: &usize| {
            let words = core::ptr::with_exposed_provenance::<u64>(*page);
            // SAFETY: memory below 640 KiB, mapped onto itself.
            (0..PAGE / 8).all(|index| unsafe { words.add(index).read_volatile() } == 0)
        };
        let mut pages = (0x10000..0x80000).step_by(PAGE);
        let page = pages.find(is_unused).expect("an unused page");
        let target = core::ptr::with_exposed_provenance_mut::<u8>(page);
        let source = core::ptr::from_ref(&processors_begin);
        // SAFETY: the page is nobody's, and `len` is less than a page.
        unsafe { core::ptr::copy_nonoverlapping(source, target, len) };
        let gdt = (page + address(&processors_gdt) - begin) as u32;
        let pointer = target.wrapping_add(address(&processors_gdtr) - begin + 2);
        // SAFETY: in the copy.
        unsafe { pointer.cast::<u32>().write_unaligned(gdt) };
        for (command, wait_ns) in [
            (INIT, 10_000_000),
            (START_UP | (page / PAGE) as u32, 1_000_000),
            (START_UP | (page / PAGE) as u32, 1_000_000),
        ] {
            // SAFETY: the APIC's registers are mapped; the other processor begins in the page.
            unsafe { COMMAND.write_volatile(command) };
            let begin_ns = clock::monotonic_ns();
            while clock::monotonic_ns() - begin_ns < wait_ns {}
        }
        let begin_ns = clock::monotonic_ns();
        while !IS_UP.load(Ordering::Acquire) {
            let waited_ns = clock::monotonic_ns() - begin_ns;
            assert!(
                waited_ns < 10_000_000_000,
                "the other processor does not start"
            );
        }
        // SAFETY: the other processor has left the page.
        unsafe { core::ptr::write_bytes(target, 0, len) };
    }
}

#[cfg(not(target_os = "none"))]
include!("hosted.rs");
