//! Thunks: code between the host's calls and the wasm calling convention.

use super::Thunk;
use super::masm::{AluOp, Masm, Mem, Size, Width, mem};
use crate::abi::registers::{
    ArgumentLocation, ArgumentRegisterAllocator, GPR, XMM, argument_stack_words,
    outgoing_stack_words, result_stack_word,
};
use crate::abi::value::{FuncType, ValType};
use crate::abi::vmctx::VmHostFunc;
use core::mem::offset_of;

/// Bytes of a value in the arrays that thunks exchange with the host.
const VALUE: i32 = 16;

/// The array of arguments in the entry thunk.
const ARRAY: GPR = GPR::R11;

fn size_of(ty: ValType) -> Size {
    match ty {
        ValType::I32 | ValType::F32 => Size::S32,
        _ => Size::S64,
    }
}

fn width_of(ty: ValType) -> Width {
    match size_of(ty) {
        Size::S32 => Width::W32,
        Size::S64 => Width::W64,
    }
}

/// Copies a value between two places in memory.
fn copy(masm: &mut Masm, ty: ValType, dst: Mem, src: Mem, scratch: GPR) {
    masm.load(size_of(ty), scratch, src);
    masm.store(width_of(ty), dst, scratch);
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
                copy(
                    &mut masm,
                    param,
                    mem(GPR::RSP, 8 * word as i32),
                    src,
                    GPR::R10,
                );
            }
            ArgumentLocation::Register(register) if param.is_float() => {
                masm.load_float(size_of(param), XMM::ALL[register.0 - 16], src);
            }
            ArgumentLocation::Register(register) => {
                masm.load(size_of(param), GPR::ALL[register.0], src)
            }
        }
    }
    masm.call(GPR::RAX);
    let return_offset = masm.offset();
    // The stack arguments are gone: RSP is where the results begin.
    masm.load(Size::S64, ARRAY, mem(GPR::RBP, -16));
    for (index, &result) in ty.results.iter().enumerate() {
        let dst = mem(ARRAY, VALUE * index as i32);
        match result_stack_word(&ty.results, index) {
            Some(word) => copy(
                &mut masm,
                result,
                dst,
                mem(GPR::RSP, 8 * word as i32),
                GPR::R10,
            ),
            None if result.is_float() => masm.store_float(size_of(result), dst, XMM::XMM0),
            None => masm.store(width_of(result), dst, GPR::RAX),
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
                copy(
                    &mut masm,
                    param,
                    dst,
                    mem(GPR::RBP, 16 + 8 * word as i32),
                    GPR::R11,
                );
            }
            ArgumentLocation::Register(register) if param.is_float() => {
                masm.store_float(size_of(param), dst, XMM::ALL[register.0 - 16]);
            }
            ArgumentLocation::Register(register) => {
                masm.store(width_of(param), dst, GPR::ALL[register.0])
            }
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
                GPR::R11,
            ),
            None if result.is_float() => masm.load_float(size_of(result), XMM::XMM0, src),
            None => masm.load(size_of(result), GPR::RAX, src),
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
