//! Recursion, and calls through a table.

use crate::random::{Random, mix};
use core::hint::black_box;

/// The `size`th Fibonacci number, by recursion.
pub fn fib(size: u32) -> u64 {
    if size < 2 {
        return size.into();
    }
    fib(size - 1) + fib(size - 2)
}

type Step = fn(u64, u64) -> u64;

const STEPS: [Step; 8] = [
    |a, b| a.wrapping_add(b),
    |a, b| a ^ b.rotate_left(13),
    |a, b| a.wrapping_mul(b | 1),
    |a, b| a.wrapping_sub(b >> 3),
    |a, b| a.rotate_right(7) ^ b,
    |a, b| (a & b) | (!a & b.rotate_left(1)),
    |a, b| a.wrapping_mul(31).wrapping_add(b),
    |a, b| a ^ (a >> 9) ^ b,
];

/// `size` calls through a table of functions, in an order that nothing can foresee.
pub fn call_indirect(size: u32) -> u64 {
    let steps = black_box(STEPS);
    let mut random = Random::new(3);
    let mut order = [0u8; 1024];
    for step in &mut order {
        *step = random.below(STEPS.len() as u32) as u8;
    }
    let mut value = 1;
    for count in 0..size {
        let step = steps[usize::from(order[(count % 1024) as usize]) % STEPS.len()];
        value = step(value, u64::from(count));
    }
    mix(value, size.into())
}
