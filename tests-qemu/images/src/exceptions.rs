//! Exceptions reach the handler with every register, and go on where it says.
#![cfg_attr(target_os = "none", no_std, no_main)]
#![cfg_attr(
    target_os = "none",
    expect(unsafe_code, reason = "executes instructions that fault")
)]

#[cfg(target_os = "none")]
mod image {
    use core::arch::asm;
    use core::sync::atomic::{AtomicU64, Ordering};
    use woodfrog::abi::GPR;
    use woodfrog::abi::vmctx::TrapFrame;
    use woodfrog_boot::arch::interrupts;
    use woodfrog_boot::{Machine, Status, info};

    woodfrog_boot::entry!(main);

    /// What R14 and XMM7 hold when an instruction faults, and what the handler makes of R13.
    const R14: u64 = 0x1122_3344_5566_7788;
    const XMM7: u128 = 0x0011_2233_4455_6677_8899_aabb_ccdd_eeff;
    const ANSWER: u64 = 0xfeed_f00d;
    const VECTOR_PAGE_FAULT: u64 = 14;
    /// An address that nobody has mapped.
    const UNMAPPED: u64 = 0x7000_0000_0000;

    static LAST_VECTOR: AtomicU64 = AtomicU64::new(u64::MAX);

    /// Checks the frame, and goes on at the address in R12.
    fn hook(frame: &mut TrapFrame) -> bool {
        assert_eq!(frame.gpr[GPR::R14 as usize], R14);
        assert_eq!(frame.xmm[7], XMM7);
        let expected_address = match frame.vector {
            VECTOR_PAGE_FAULT => UNMAPPED,
            _ => 0,
        };
        assert_eq!(frame.fault_address, expected_address);
        LAST_VECTOR.store(frame.vector, Ordering::Relaxed);
        frame.rip = frame.gpr[GPR::R12 as usize];
        frame.gpr[GPR::R13 as usize] = ANSWER;
        frame.xmm[7] = !XMM7;
        true
    }

    /// Executes `$instruction`, which faults with this vector.
    macro_rules! assert_faults {
        ($vector:expr, $instruction:literal) => {
            let (answer, low, high): (u64, u64, u64);
            let xmm7 = XMM7;
            // SAFETY: the hook goes on behind the instruction; all registers are named.
            unsafe {
                asm!(
                    "movups xmm7, [{xmm7}]",
                    "lea r12, [rip + 2f]",
                    $instruction,
                    "2:",
                    "movq rcx, xmm7",
                    "pextrq rsi, xmm7, 1",
                    xmm7 = in(reg) &raw const xmm7,
                    in("r14") R14,
                    in("rdi") UNMAPPED,
                    out("r12") _,
                    out("r13") answer,
                    inout("rcx") 0_u64 => low,
                    out("rsi") high,
                    out("rax") _,
                    out("rdx") _,
                );
            }
            assert_eq!(LAST_VECTOR.load(Ordering::Relaxed), $vector);
            assert_eq!(answer, ANSWER);
            assert_eq!(u128::from(high) << 64 | u128::from(low), !XMM7);
            info!("vector {}: as it should be", $vector);
        };
    }

    fn main(_machine: Machine) -> Status {
        interrupts::set_hook(hook);
        assert_faults!(0, "mov eax, 1; xor edx, edx; div ecx");
        assert_faults!(3, "int3");
        assert_faults!(6, "ud2");
        assert_faults!(13, "mov rax, 0x8000000000000000; mov [rax], al");
        assert_faults!(14, "mov [rdi], al");
        assert_faults!(14, "jmp rdi");
        Status::Finished
    }
}

#[cfg(not(target_os = "none"))]
include!("hosted.rs");
