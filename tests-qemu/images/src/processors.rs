//! Two processors share a platform. The other one asks a store to suspend, again and again, while
//! this one runs it; the guest computes the same as without, frozen and thawed on the way. And
//! what was released here is no longer to be read there.
#![cfg_attr(target_os = "none", no_std, no_main)]
#![cfg_attr(
    target_os = "none",
    expect(
        unsafe_code,
        reason = "starts another processor, and touches raw pages"
    )
)]

#[cfg(target_os = "none")]
mod image {
    use alloc::sync::Arc;
    use core::arch::global_asm;
    use core::arch::x86_64::__cpuid;
    use core::ops::Range;
    use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
    use spin::{Mutex, Once};
    use woodfrog::abi::Val;
    use woodfrog::abi::vmctx::TrapFrame;
    use woodfrog::image::RawImage;
    use woodfrog::platform::bare::{BarePlatform, Processors};
    use woodfrog::platform::{PAGE_SIZE, Platform};
    use woodfrog::runtime::{
        CheckpointError, Config, Engine, InterruptHandle, Linker, Module, Outcome, Store,
    };
    use woodfrog::trap::FaultAction;
    use woodfrog_boot::arch::{clock, interrupts};
    use woodfrog_boot::mm::frames::Frames;
    use woodfrog_boot::mm::paging::GUEST_ADDRESSES;
    use woodfrog_boot::{Machine, Status, info};
    use x86_64::VirtAddr;
    use x86_64::registers::control::Cr3;
    use x86_64::structures::paging::{
        FrameAllocator, FrameDeallocator, OffsetPageTable, PageTable, PhysFrame,
    };

    extern crate alloc;

    woodfrog_boot::entry!(main);

    /// As in the image `nmi`, where it is as text: adds up square roots.
    const MODULE: &[u8] = include_bytes!("nmi.wasm");
    const ROUNDS: i32 = 1_000_000;

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

    /// How often this processor has asked the other one to forget its translations, and how often it has.
    static FLUSHES_ASKED: AtomicU64 = AtomicU64::new(0);
    static FLUSHES_DONE: AtomicU64 = AtomicU64::new(0);
    /// An address that the other processor is to read; 0 for none. And what it has read there.
    static ADDRESS: AtomicUsize = AtomicUsize::new(0);
    static BYTE: AtomicU32 = AtomicU32::new(0);

    /// What the other processor does: it has no interrupts, so it looks for what it is asked, and its
    /// faults end the machine.
    extern "C" fn other_processor() -> ! {
        IS_UP.store(true, Ordering::Release);
        loop {
            // This processor may wait for a flush while it has the lock.
            if let Some(handle) = HANDLE.try_lock().as_deref().and_then(Option::as_ref) {
                handle.request_suspend();
                REQUESTS.fetch_add(1, Ordering::Relaxed);
            }
            for _ in 0..2_000 {
                do_as_asked();
                core::hint::spin_loop();
            }
        }
    }

    fn do_as_asked() {
        let asked = FLUSHES_ASKED.load(Ordering::Acquire);
        if asked != FLUSHES_DONE.load(Ordering::Relaxed) {
            let (frame, flags) = Cr3::read();
            // SAFETY: the tables stay. The write forgets translations and the tables on the way
            // to them, and serializes.
            unsafe { Cr3::write(frame, flags) };
            FLUSHES_DONE.store(asked, Ordering::Release);
        }
        let address = ADDRESS.load(Ordering::Acquire);
        if address != 0 {
            let pointer = core::ptr::with_exposed_provenance::<u8>(address);
            // SAFETY: whoever asks has mapped it.
            let byte = unsafe { pointer.read_volatile() };
            BYTE.store(u32::from(byte), Ordering::Relaxed);
            ADDRESS.store(0, Ordering::Release);
        }
    }

    /// What the other processor reads at an address.
    fn read_there(address: *const u8) -> u32 {
        ADDRESS.store(address.expose_provenance(), Ordering::Release);
        wait_until("reads", || ADDRESS.load(Ordering::Acquire) == 0);
        BYTE.load(Ordering::Relaxed)
    }

    /// Waits for the other processor.
    fn wait_until(what: &str, is_done: impl Fn() -> bool) {
        let begin_ns = clock::monotonic_ns();
        while !is_done() {
            let waited_ns = clock::monotonic_ns() - begin_ns;
            assert!(
                waited_ns < 10_000_000_000,
                "the other processor never {what}"
            );
        }
    }

    struct TwoProcessors;

    // SAFETY: the numbers are those of the local APICs, and the other processor forgets all
    // that it knows before a flush has ended.
    unsafe impl Processors for TwoProcessors {
        fn count(&self) -> usize {
            2
        }

        fn current(&self) -> usize {
            // CPUID.1:EBX: the initial APIC ID.
            (__cpuid(1).ebx >> 24) as usize
        }

        fn flush_others(&self, _addresses: Range<usize>) {
            if IS_UP.load(Ordering::Acquire) {
                let asked = FLUSHES_ASKED.fetch_add(1, Ordering::Release) + 1;
                wait_until("flushes", || FLUSHES_DONE.load(Ordering::Acquire) >= asked);
            }
        }
    }

    type SharedPlatform = BarePlatform<OffsetPageTable<'static>, Frames, TwoProcessors>;
    static PLATFORM: Once<Arc<SharedPlatform>> = Once::new();

    /// Makes the platform of both processors, on a table of the top level of its own; the
    /// machine's own platform is not used.
    fn init_platform() -> Arc<SharedPlatform> {
        let (old, flags) = Cr3::read();
        let table = |frame: PhysFrame| {
            let address = frame.start_address().as_u64() as usize;
            core::ptr::with_exposed_provenance_mut::<PageTable>(address)
        };
        let new = Frames.allocate_frame().expect("a frame");
        // SAFETY: memory is mapped onto itself, and the new table has the entries of the old one.
        let tables = unsafe {
            table(new).write((*table(old)).clone());
            Cr3::write(new, flags);
            OffsetPageTable::new(&mut *table(new), VirtAddr::zero())
        };
        let budget = Frames.free_bytes() as usize / PAGE_SIZE - 256;
        // SAFETY: the tables are in use from now on, and nothing else uses the addresses.
        let platform = unsafe {
            SharedPlatform::with_processors(tables, Frames, budget, GUEST_ADDRESSES, TwoProcessors)
        };
        let platform = Arc::new(platform.expect("a processor for guests"));
        PLATFORM.call_once(|| platform.clone());
        interrupts::set_hook(hook);
        platform
    }

    fn hook(frame: &mut TrapFrame) -> bool {
        let platform = PLATFORM.get().expect("it is there before the hook");
        platform.handle_fault(frame) == FaultAction::Handled
    }

    fn main(_: Machine) -> Status {
        let platform = init_platform();
        let engine = Engine::new(platform.clone(), Config::default());
        let module = Module::new(&engine, MODULE).expect("a module");
        let (undisturbed, _) = work(&engine, &module);
        start_other_processor();
        for _ in 0..100 {
            what_is_released_is_forgotten_there(&platform);
        }
        info!("the other processor forgets what is released");
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

    /// Has the other processor read a page, releases it, has somebody else use its frame, and
    /// commits it anew.
    fn what_is_released_is_forgotten_there(platform: &SharedPlatform) {
        const OURS: u8 = 0xaa;
        const SOMEBODYS: u8 = 0x55;
        let reserve_one = || {
            let start = platform.reserve(PAGE_SIZE).expect("addresses");
            // SAFETY: just reserved.
            unsafe { platform.commit(start, PAGE_SIZE) }.expect("memory");
            start
        };
        let start = reserve_one();
        // SAFETY: it is committed.
        unsafe { start.write_volatile(OURS) };
        assert_eq!(read_there(start), u32::from(OURS));
        // SAFETY: nobody uses it any more.
        unsafe { platform.release(start, PAGE_SIZE) };
        // The page's own frame and those of its tables.
        let frames = [(); 8].map(|()| Frames.allocate_frame().expect("a frame"));
        for frame in frames {
            let address = frame.start_address().as_u64() as usize;
            let bytes = core::ptr::with_exposed_provenance_mut::<u8>(address);
            // SAFETY: nobody has it, and memory is mapped onto itself.
            unsafe { bytes.write_bytes(SOMEBODYS, PAGE_SIZE) };
        }
        let again = reserve_one();
        assert_eq!(again, start, "another address tells nothing");
        // A read of this processor's backs the page.
        // SAFETY: it is committed.
        assert_eq!(unsafe { again.read_volatile() }, 0);
        assert_eq!(read_there(again), 0);
        // SAFETY: nobody uses it any more.
        unsafe { platform.release(again, PAGE_SIZE) };
        for frame in frames {
            // SAFETY: it is nobody's.
            unsafe { Frames.deallocate_frame(frame) };
        }
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
                // Others could set Dirty bits too late.
                let refused = store.begin_checkpoint();
                assert!(matches!(refused, Err(CheckpointError::CannotTrack)));
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
        wait_until("starts", || IS_UP.load(Ordering::Acquire));
        // SAFETY: the other processor has left the page.
        unsafe { core::ptr::write_bytes(target, 0, len) };
    }
}

#[cfg(not(target_os = "none"))]
include!("hosted.rs");
