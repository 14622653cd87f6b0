//! The platform's pages: lazily committed, zeroed, protected, given back.
#![cfg_attr(target_os = "none", no_std, no_main)]
#![cfg_attr(
    target_os = "none",
    expect(unsafe_code, reason = "touches raw pages, and some that fault")
)]

#[cfg(target_os = "none")]
mod image {
    use core::arch::asm;
    use core::sync::atomic::{AtomicU64, Ordering};
    use woodfrog::abi::GPR;
    use woodfrog::abi::vmctx::TrapFrame;
    use woodfrog::platform::{PAGE_SIZE, Platform, Protection};
    use woodfrog::trap::FaultAction;
    use woodfrog_boot::arch::interrupts;
    use woodfrog_boot::mm::frames::Frames;
    use woodfrog_boot::start::KernelPlatform;
    use woodfrog_boot::{Machine, Status, info};

    woodfrog_boot::entry!(main);

    /// A range far larger than the machine's memory.
    const LARGE: usize = 8 << 30;
    /// Page tables and the frame of zeros may stay.
    const TOLERANCE_BYTES: u64 = 64 << 10;

    static FAULTS: AtomicU64 = AtomicU64::new(0);

    /// Goes on at the address in R12 with a page fault that the platform does not want.
    fn hook(frame: &mut TrapFrame) -> bool {
        let platform = interrupts::platform().expect("the platform");
        if platform.handle_fault(frame) == FaultAction::NotOurs {
            FAULTS.fetch_add(1, Ordering::Relaxed);
            frame.rip = frame.gpr[GPR::R12 as usize];
        }
        true
    }

    /// Whether an access of the address faults.
    fn faults(instruction: Access, address: *mut u8) -> bool {
        let before = FAULTS.load(Ordering::Relaxed);
        // SAFETY: the hook goes on behind the instruction if it faults. A call executes
        // the `ret` that the test has put there.
        unsafe {
            match instruction {
                Access::Read => asm!(
                    "lea r12, [rip + 2f]", "mov al, [{0}]", "2:",
                    in(reg) address, out("r12") _, out("al") _
                ),
                Access::Write => asm!(
                    "lea r12, [rip + 2f]", "mov byte ptr [{0}], 0xc3", "2:",
                    in(reg) address, out("r12") _
                ),
                Access::Execute => asm!(
                    // A call that faults has pushed its return address already.
                    "mov r13, rsp", "lea r12, [rip + 2f]", "call {0}", "2:", "mov rsp, r13",
                    in(reg) address, out("r12") _, out("r13") _
                ),
            }
        }
        FAULTS.load(Ordering::Relaxed) != before
    }

    #[derive(Clone, Copy)]
    enum Access {
        Read,
        Write,
        Execute,
    }

    fn main(machine: Machine) -> Status {
        let platform = &*machine.platform;
        interrupts::set_hook(hook);
        protections_hold(platform);
        kernel_pages_are_protected();
        for _ in 0..3 {
            sparse_memory_takes_what_it_uses(platform);
        }
        Status::Finished
    }

    fn protections_hold(platform: &KernelPlatform) {
        let size = 16 * PAGE_SIZE;
        let start = platform.reserve(size).expect("addresses");
        let page = |index: usize| start.wrapping_add(index * PAGE_SIZE);
        assert!(faults(Access::Read, page(0)));
        // SAFETY: the test uses only its own reservation, through `faults`.
        unsafe {
            platform.commit(page(1), 4 * PAGE_SIZE).expect("memory");
            assert!(faults(Access::Read, page(0)) && faults(Access::Read, page(5)));
            assert!(!faults(Access::Read, page(1)), "a read maps zeros");
            assert!(!faults(Access::Write, page(1)), "a write follows a read");
            assert!(!faults(Access::Write, page(2)), "a write comes first");
            assert!(faults(Access::Execute, page(1)), "data is not executable");
            platform.protect(page(1), 2 * PAGE_SIZE, Protection::ReadExecute);
            assert!(!faults(Access::Execute, page(1)));
            assert!(!faults(Access::Execute, page(2)));
            assert!(faults(Access::Write, page(1)), "code is not writable");
            platform.protect(page(1), 4 * PAGE_SIZE, Protection::None);
            for index in 1..5 {
                assert!(faults(Access::Read, page(index)), "page {index}");
            }
            platform.protect(page(1), PAGE_SIZE, Protection::ReadWrite);
            assert_eq!(
                page(1).read_volatile(),
                0xc3,
                "contents outlive a protection"
            );
            platform.release(start, size);
        }
        assert!(faults(Access::Read, page(1)));
        info!("protections hold");
    }

    fn kernel_pages_are_protected() {
        let code = main as *mut u8;
        assert!(faults(Access::Write, code), "kernel code");
        let constant = c"constant".as_ptr().cast_mut().cast();
        assert!(faults(Access::Write, constant), "kernel constants");
        assert!(faults(Access::Read, core::ptr::null_mut()), "null");
        let mut data = 0xc3_u8;
        assert!(faults(Access::Execute, &raw mut data), "kernel stack");
        info!("kernel pages are protected");
    }

    fn sparse_memory_takes_what_it_uses(platform: &KernelPlatform) {
        let free_before = Frames.free_bytes();
        let start = platform.reserve(LARGE).expect("addresses");
        // SAFETY: as above.
        unsafe {
            platform
                .commit(start, LARGE)
                .expect_err("more than the machine has");
            for offset in (0..LARGE).step_by(256 << 20) {
                let address = start.wrapping_add(offset + 4096 * (offset >> 28));
                platform.commit(address, PAGE_SIZE).expect("memory");
                assert_eq!(address.read_volatile(), 0);
                address.write_volatile(7);
                assert_eq!(address.read_volatile(), 7);
                assert_eq!(address.wrapping_add(1).read_volatile(), 0);
            }
            platform.release(start, LARGE);
        }
        let lost = free_before.saturating_sub(Frames.free_bytes());
        assert!(lost < TOLERANCE_BYTES, "{lost} bytes were not given back");
        info!("a sparse memory takes what it uses");
    }
}

#[cfg(not(target_os = "none"))]
include!("hosted.rs");
