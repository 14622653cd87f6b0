//! Thunks: code between the host's calls and the wasm calling convention.

use super::Thunk;
use super::masm::{AluOp, Masm, Mem, Size, Width, XmmSize, mem};
use crate::abi::registers::{
    ArgumentLocation, ArgumentRegisterAllocator, GPR, RegisterIndex, X64Register, XMM,
    argument_stack_words, outgoing_stack_words, result_register, result_stack_word,
};
use crate::abi::value::{FuncType, ValType};
use crate::abi::vmctx::VmHostFunc;
use core::mem::offset_of;

/// Bytes of a value in the arrays that thunks exchange with the host.
const VALUE: i32 = 16;

/// The array of arguments in the entry thunk.
const ARRAY: GPR = GPR::R11;

/// Loads an argument or result from memory into a register of its class.
fn load(masm: &mut Masm, ty: ValType, dst: RegisterIndex, src: Mem) {
    match xmm_size_of(ty) {
        Some(size) => masm.load_float(size, XMM::ALL[dst.0 - 16], src),
        None => masm.load(size_of(ty), GPR::ALL[dst.0], src),
    }
}

/// Stores an argument or result from a register of its class.
fn store(masm: &mut Masm, ty: ValType, dst: Mem, src: RegisterIndex) {
    match xmm_size_of(ty) {
        Some(size) => masm.store_float(size, dst, XMM::ALL[src.0 - 16]),
        None => match size_of(ty) {
            Size::S32 => masm.store(Width::W32, dst, GPR::ALL[src.0]),
            Size::S64 => masm.store(Width::W64, dst, GPR::ALL[src.0]),
        },
    }
}

/// Copies a value between two places in memory.
fn copy(masm: &mut Masm, ty: ValType, dst: Mem, src: Mem) {
    let scratch = match ty.is_float() {
        true => XMM::XMM15.to_index(),
        false => GPR::R10.to_index(),
    };
    load(masm, ty, scratch, src);
    store(masm, ty, dst, scratch);
}

fn size_of(ty: ValType) -> Size {
    match ty {
        ValType::I32 => Size::S32,
        _ => Size::S64,
    }
}

/// The width of a value that travels in XMM registers.
fn xmm_size_of(ty: ValType) -> Option<XmmSize> {
    match ty {
        ValType::F32 => Some(XmmSize::S32),
        ValType::F64 => Some(XmmSize::S64),
        ValType::V128 => Some(XmmSize::S128),
        _ => None,
    }
}

fn locations(ty: &FuncType) -> impl Iterator<Item = (usize, ValType, ArgumentLocation)> {
    let mut allocator = ArgumentRegisterAllocator::default();
    ty.params
        .iter()
        .enumerate()
        .map(move |(index, &param)| (index, param, allocator.next(param)))
}

/// The thunk that enters functions of type `ty`; see [`Thunk`] for its frame.
pub(super) fn entry(ty: &FuncType) -> Thunk {
    let mut masm = Masm::default();
    masm.push(GPR::RBP);
    masm.mov(Size::S64, GPR::RBP, GPR::RSP);
    masm.push(GPR::R14);
    masm.push(GPR::RSI);
    let outgoing = 8 * outgoing_stack_words(ty) as i32;
    if outgoing != 0 {
        masm.lea(Size::S64, GPR::RSP, mem(GPR::RSP, -outgoing));
    }
    masm.mov(Size::S64, ARRAY, GPR::RSI);
    for (index, param, location) in locations(ty) {
        let src = mem(ARRAY, VALUE * index as i32);
        match location {
            ArgumentLocation::Stack(word) => {
                copy(&mut masm, param, mem(GPR::RSP, 8 * word as i32), src);
            }
            ArgumentLocation::Register(register) => load(&mut masm, param, register, src),
        }
    }
    masm.call(GPR::RAX);
    let return_offset = masm.offset();
    // The stack arguments are gone: RSP is where the results begin.
    masm.load(Size::S64, ARRAY, mem(GPR::RBP, -16));
    for (index, &result) in ty.results.iter().enumerate() {
        let dst = mem(ARRAY, VALUE * index as i32);
        match result_stack_word(&ty.results, index) {
            Some(word) => copy(&mut masm, result, dst, mem(GPR::RSP, 8 * word as i32)),
            None => store(&mut masm, result, dst, result_register(result)),
        }
    }
    leave(&mut masm, 0);
    Thunk {
        code: masm.code,
        return_offset,
    }
}

/// The thunk that calls host functions of type `ty`.
pub(super) fn host(ty: &FuncType) -> Thunk {
    let mut masm = Masm::default();
    masm.push(GPR::RBP);
    masm.mov(Size::S64, GPR::RBP, GPR::RSP);
    masm.push(GPR::RAX);
    let values = ty.params.len().max(ty.results.len()) as i32;
    masm.lea(Size::S64, GPR::RSP, mem(GPR::RSP, -VALUE * values));
    // The host reads and writes the array as 128-bit integers.
    masm.alu_imm(AluOp::And, Size::S64, GPR::RSP, -VALUE);
    for (index, param, location) in locations(ty) {
        let dst = mem(GPR::RSP, VALUE * index as i32);
        match location {
            ArgumentLocation::Stack(word) => {
                copy(&mut masm, param, dst, mem(GPR::RBP, 16 + 8 * word as i32));
            }
            ArgumentLocation::Register(register) => store(&mut masm, param, dst, register),
        }
    }
    masm.mov(Size::S64, GPR::RSI, GPR::RSP);
    masm.call(mem(
        GPR::R14,
        offset_of!(VmHostFunc, host_call_entry) as i32,
    ));
    let return_offset = masm.offset();
    let arguments = argument_stack_words(&ty.params);
    for (index, &result) in ty.results.iter().enumerate() {
        let src = mem(GPR::RSP, VALUE * index as i32);
        match result_stack_word(&ty.results, index) {
            Some(word) => copy(
                &mut masm,
                result,
                mem(GPR::RBP, 16 + 8 * (arguments + word) as i32),
                src,
            ),
            None => load(&mut masm, result, result_register(result), src),
        }
    }
    leave(&mut masm, arguments);
    Thunk {
        code: masm.code,
        return_offset,
    }
}

/// Returns to the caller and pops its stack arguments.
fn leave(masm: &mut Masm, arguments: usize) {
    masm.mov(Size::S64, GPR::RSP, GPR::RBP);
    masm.pop(GPR::RBP);
    masm.ret(arguments);
}
