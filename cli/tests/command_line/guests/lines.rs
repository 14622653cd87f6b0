//! A guest with debug information; what the tests look for is marked at the ends of lines.

#![no_std]

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

/// Traps if there is nothing to divide by.
#[inline(always)]
fn check(value: u32) -> u32 {
    if value == 0 {
        core::arch::wasm32::unreachable() // the trap
    }
    value
}

/// Is not inlined, and its name is mangled.
#[inline(never)]
fn quotient(dividend: u32, divisor: u32) -> u32 {
    dividend / check(divisor) // the inlined call
}

/// Divides.
#[unsafe(no_mangle)]
pub extern "C" fn start(divisor: u32) -> u32 {
    quotient(1000, divisor) + 1 // the call
}

/// Goes on for long.
#[unsafe(no_mangle)]
pub extern "C" fn spin(mut count: u32) -> u32 {
    let mut sum = 0u32;
    while count != 0 { // the loop
        sum = sum.wrapping_add(count ^ sum.rotate_left(3));
        count = count.wrapping_add(2);
    }
    sum
}
