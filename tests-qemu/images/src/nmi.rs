//! A guest computes the same while non-maskable interrupts come at any instruction of it, of the
//! engine and of the page fault handler, and while its memory comes page by page.
#![cfg_attr(target_os = "none", no_std, no_main)]
#![cfg_attr(
    target_os = "none",
    expect(unsafe_code, reason = "sets an I/O APIC's pin to NMI")
)]

#[cfg(target_os = "none")]
mod image {
    use core::sync::atomic::{AtomicU64, Ordering};
    use woodfrog::abi::Val;
    use woodfrog::abi::vmctx::TrapFrame;
    use woodfrog::runtime::{Config, Engine, Linker, Module, Outcome, Store};
    use woodfrog_boot::arch::interrupts;
    use woodfrog_boot::mm::paging::GUEST_ADDRESSES;
    use woodfrog_boot::{Machine, Status, info};

    woodfrog_boot::entry!(main);

    /// Adds up square roots, and keeps each sum in another page.
    ///
    /// ```wat
    /// (module
    ///   (memory 512)
    ///   (func (export "work") (param $rounds i32) (result f64)
    ///     (local $i i32) (local $x f64) (local $sum f64)
    ///     (local.set $x (f64.const 1))
    ///     (loop $next
    ///       (local.set $x
    ///         (f64.add (f64.mul (local.get $x) (f64.const 1.0000001)) (f64.const 0.5)))
    ///       (local.set $sum (f64.add (local.get $sum) (f64.sqrt (local.get $x))))
    ///       (f64.store
    ///         (i32.and (i32.mul (local.get $i) (i32.const 4104)) (i32.const 0x1fffff8))
    ///         (local.get $sum))
    ///       (local.set $i (i32.add (local.get $i) (i32.const 1)))
    ///       (br_if $next (i32.lt_u (local.get $i) (local.get $rounds))))
    ///     (f64.add (local.get $x) (local.get $sum))))
    /// ```
    const MODULE: &[u8] = include_bytes!("nmi.wasm");
    const ROUNDS: i32 = 4_000_000;

    /// Non-maskable interrupts, and those of them that interrupted a guest.
    static COUNT: AtomicU64 = AtomicU64::new(0);
    static OF_GUESTS: AtomicU64 = AtomicU64::new(0);

    const VECTOR_NMI: u64 = 2;

    fn hook(frame: &mut TrapFrame) -> bool {
        if frame.vector != VECTOR_NMI {
            return false;
        }
        COUNT.fetch_add(1, Ordering::Relaxed);
        if GUEST_ADDRESSES.contains(&(frame.rip as usize)) {
            OF_GUESTS.fetch_add(1, Ordering::Relaxed);
        }
        // SAFETY: no code of this kernel uses these registers; the stub has saved the guest's.
        unsafe {
            core::arch::asm!(
                "pcmpeqd xmm0, xmm0",
                "pcmpeqd xmm7, xmm7",
                "pcmpeqd xmm15, xmm15"
            );
        }
        true
    }

    fn main(machine: Machine) -> Status {
        let engine = Engine::new(machine.platform, Config::default());
        let undisturbed = work(&engine);
        interrupts::set_hook(hook);
        set_nmis(true);
        let disturbed = [work(&engine), work(&engine)];
        set_nmis(false);
        let (count, of_guests) = (&COUNT, &OF_GUESTS);
        let [count, of_guests] = [count, of_guests].map(|count| count.load(Ordering::Relaxed));
        assert!(
            of_guests > 10,
            "{count} non-maskable interrupts, {of_guests} of guests"
        );
        assert_eq!(disturbed, [undisturbed; 2]);
        info!("{count} non-maskable interrupts, {of_guests} of guests, and the same result");
        Status::Finished
    }

    /// The bits of the guest's result.
    fn work(engine: &Engine) -> u64 {
        let module = Module::new(engine, MODULE).expect("a module");
        let mut store = Store::new(engine, ());
        let instance = Linker::new()
            .instantiate(&mut store, &module)
            .expect("an instance");
        let work = instance.get_func(&store, "work").expect("work");
        let result = work.call(&mut store, &[Val::I32(ROUNDS)]).expect("no trap");
        match result {
            Outcome::Returned(values) => match values[..] {
                [Val::F64(bits)] => bits,
                _ => panic!("{values:?}"),
            },
            Outcome::Suspended => panic!("nobody asked for it"),
        }
    }

    /// Makes the PIT's interrupts non-maskable ones, 2000 a second; or masks them.
    fn set_nmis(are_wanted: bool) {
        const DIVISOR: u16 = 596;
        /// The I/O APIC, its pin for the PIT, the entry's low word: NMI, masked.
        const SELECT: *mut u32 = core::ptr::without_provenance_mut(0xfec0_0000);
        const WINDOW: *mut u32 = core::ptr::without_provenance_mut(0xfec0_0010);
        const ENTRY: u32 = 0x10 + 2 * 2;
        const NMI: u32 = 4 << 8;
        const MASKED: u32 = 1 << 16;
        // Channel 0, both bytes, rate generator.
        for (port, byte) in [
            (0x43_u16, 0x34),
            (0x40, DIVISOR as u8),
            (0x40, (DIVISOR >> 8) as u8),
        ] {
            // SAFETY: the PIT's channel 0, which nobody else uses.
            unsafe { core::arch::asm!("out dx, al", in("dx") port, in("al") byte) };
        }
        let entry = if are_wanted { NMI } else { NMI | MASKED };
        for (register, value) in [(ENTRY + 1, 0), (ENTRY, entry)] {
            // SAFETY: the I/O APIC's registers, which are mapped and affect no memory.
            unsafe { SELECT.write_volatile(register) };
            // SAFETY: as above.
            unsafe { WINDOW.write_volatile(value) };
        }
    }
}

#[cfg(not(target_os = "none"))]
include!("hosted.rs");
