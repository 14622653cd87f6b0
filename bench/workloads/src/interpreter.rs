//! A byte-code interpreter: one large `match`, which becomes a `br_table`.

use crate::random::mix;

/// Instructions of a stack machine with four variables.
#[derive(Clone, Copy, Debug)]
#[repr(u8)]
enum Op {
    Push(i32),
    Load(u8),
    Store(u8),
    Add,
    Sub,
    Mul,
    And,
    ShiftRight,
    Duplicate,
    Less,
    JumpIf(u16),
    Jump(u16),
    Call(u16),
    Return,
    Halt,
}

/// Follows a sequence down to 1 from each number: variable 0 counts down, 1 is the number, 2
/// the sum of all lengths.
const PROGRAM: [Op; 35] = [
    // 0: the next number
    Op::Load(0),
    Op::JumpIf(3),
    Op::Halt,
    Op::Load(0),
    Op::Store(1),
    // 5: while 1 < number
    Op::Push(1),
    Op::Load(1),
    Op::Less,
    Op::JumpIf(14),
    // 9: count down
    Op::Load(0),
    Op::Push(1),
    Op::Sub,
    Op::Store(0),
    Op::Jump(0),
    // 14: one step
    Op::Call(16),
    Op::Jump(5),
    // 16: odd or even
    Op::Load(2),
    Op::Push(1),
    Op::Add,
    Op::Store(2),
    Op::Load(1),
    Op::Duplicate,
    Op::Push(1),
    Op::And,
    Op::JumpIf(29),
    // 25: halve
    Op::Push(1),
    Op::ShiftRight,
    Op::Store(1),
    Op::Return,
    // 29: an odd number: three quarters of it, rounded, which is below it
    Op::Push(3),
    Op::Mul,
    Op::Push(2),
    Op::ShiftRight,
    Op::Store(1),
    Op::Return,
];

/// Interprets a program that counts down from `size`.
pub fn interpreter(size: u32) -> u64 {
    let mut variables = [size as i32, 0, 0, 0];
    let mut stack = Vec::with_capacity(64);
    let mut calls = Vec::with_capacity(64);
    let mut at = 0usize;
    let mut executed = 0u64;
    loop {
        let op = PROGRAM[at];
        at += 1;
        executed += 1;
        match op {
            Op::Push(value) => stack.push(value),
            Op::Load(variable) => stack.push(variables[usize::from(variable) % 4]),
            Op::Store(variable) => variables[usize::from(variable) % 4] = pop(&mut stack),
            Op::Add => binary(&mut stack, i32::wrapping_add),
            Op::Sub => binary(&mut stack, i32::wrapping_sub),
            Op::Mul => binary(&mut stack, i32::wrapping_mul),
            Op::And => binary(&mut stack, |a, b| a & b),
            Op::ShiftRight => binary(&mut stack, |a, b| a >> (b & 31)),
            Op::Less => binary(&mut stack, |a, b| (a < b).into()),
            Op::Duplicate => {
                let top = pop(&mut stack);
                stack.extend([top, top]);
            }
            Op::JumpIf(target) => {
                if pop(&mut stack) != 0 {
                    at = target.into();
                }
            }
            Op::Jump(target) => at = target.into(),
            Op::Call(target) => {
                calls.push(at);
                at = target.into();
            }
            Op::Return => at = calls.pop().unwrap_or(2),
            Op::Halt => return mix(executed, variables[2] as u64),
        }
    }
}

fn pop(stack: &mut Vec<i32>) -> i32 {
    stack.pop().unwrap_or(0)
}

fn binary(stack: &mut Vec<i32>, op: impl Fn(i32, i32) -> i32) {
    let (b, a) = (pop(stack), pop(stack));
    stack.push(op(a, b));
}
