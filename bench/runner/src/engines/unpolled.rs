//! A platform that makes code without polls of code with polls, to tell what they cost.
//!
//! A poll is a comparison of RSP with the poll word and a branch. When code is made
//! executable, both are overwritten with one no-op of the same length, so the code is
//! otherwise the same, down to its alignment: what is measured is the execution of the
//! polls, without the room that they take. What runs on this platform cannot be suspended
//! and does not notice when its stack overflows; it is fit for nothing but this.

#![expect(unsafe_code, reason = "implements the platform, by way of another")]

use std::ops::Range;
use woodfrog::abi::VmStoreContext;
use woodfrog::platform::{Platform, PlatformError, Protection};
use woodfrog_cli::LinuxPlatform;

/// `cmp rsp, [r14 + 8]`, and `jb` but its displacement of four bytes.
const POLL: [u8; 6] = [0x49, 0x3b, 0x66, 0x08, 0x0f, 0x82];

/// A no-op of as many bytes as a poll.
const NOP: [u8; 10] = [0x66, 0x2e, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0];

/// The Linux platform, with polls taken out of code.
pub struct Unpolled(pub LinuxPlatform);

// SAFETY: all is left to a platform that keeps the contract, and code is changed only
// before anybody has its address.
unsafe impl Platform for Unpolled {
    fn reserve(&self, size: usize) -> Result<*mut u8, PlatformError> {
        self.0.reserve(size)
    }

    unsafe fn release(&self, start: *mut u8, size: usize) {
        // SAFETY: the caller keeps the same contract.
        unsafe { self.0.release(start, size) }
    }

    unsafe fn commit(&self, start: *mut u8, size: usize) -> Result<(), PlatformError> {
        // SAFETY: the caller keeps the same contract.
        unsafe { self.0.commit(start, size) }
    }

    unsafe fn protect(&self, start: *mut u8, size: usize, protection: Protection) {
        if protection == Protection::ReadExecute {
            // SAFETY: the range is committed, writable until now, and its owner waits for us.
            let code = unsafe { std::slice::from_raw_parts_mut(start, size) };
            overwrite_polls(code);
        }
        // SAFETY: the caller keeps the same contract.
        unsafe { self.0.protect(start, size, protection) }
    }

    fn visit_touched(&self, start: *mut u8, size: usize, visit: &mut dyn FnMut(Range<usize>)) {
        self.0.visit_touched(start, size, visit);
    }

    fn swap_activation(&self, activation: *mut VmStoreContext) -> *mut VmStoreContext {
        self.0.swap_activation(activation)
    }
}

/// Overwrites all polls with no-ops and returns how many there were.
fn overwrite_polls(code: &mut [u8]) -> usize {
    let mut count = 0;
    let mut at = 0;
    while at + NOP.len() <= code.len() {
        if code[at..].starts_with(&POLL) {
            code[at..at + NOP.len()].copy_from_slice(&NOP);
            count += 1;
            at += NOP.len();
        } else {
            at += 1;
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use woodfrog::runtime::{Config, Engine, Module};

    #[test]
    fn every_poll_of_compiled_code_is_found() {
        let engine = Engine::new(Arc::new(LinuxPlatform::new()), Config::default());
        let text = "(module
            (func $f (param i32)
              (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
            (func (call $f (i32.const 3))))";
        let module = Module::new(&engine, &wat::parse_str(text).unwrap()).unwrap();
        let mut code = module.code().to_vec();
        // Two function headers and a loop.
        assert_eq!(overwrite_polls(&mut code), 3);
        assert_eq!(overwrite_polls(&mut code), 0);
    }

    #[test]
    fn a_poll_at_the_very_end_is_found() {
        let mut code = [POLL.as_slice(), &[1, 2, 3, 4]].concat();
        assert_eq!(overwrite_polls(&mut code), 1);
        assert_eq!(code, NOP);
        assert_eq!(overwrite_polls(&mut POLL.to_vec()), 0);
    }
}
