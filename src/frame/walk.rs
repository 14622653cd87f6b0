//! Reading a stack: from the innermost frame to the entry thunk.
//!
//! Each frame's suspend point says where its wasm values are. Callee-saved
//! registers, which callers' values may be in, are recovered from the slots
//! where callees saved them.

use super::context::{ReadError, WalkContext};
use super::dump::{ExecutionStateImage, WasmFunctionStateDump};
use super::known::{KnownRegisters, RawValues};
use super::site::{Content, Part, Place, Placement, Site, Source};
use super::stack::StackView;
use crate::abi::registers::{GPR, X64Register};
use crate::abi::vmctx::TrapFrame;
use crate::abi::{Val, ValType};
use crate::state::{PointClass, PointKind, WasmAbstractValue};
use alloc::collections::BTreeMap;
use alloc::rc::Rc;
use alloc::vec::Vec;

/// How wasm code was left, and so what kind of suspend point the innermost frame stands at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// By a fault: the address is that of the instruction.
    Fault,
    /// By a poll or libcall: the address is where it returns to.
    Call,
    /// By a host call: RBP is the base of the host thunk's frame.
    HostCall,
}

/// The frames of a stack, and where the walk ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackDump {
    /// The frames.
    pub image: ExecutionStateImage,
    /// Address of the code, that is, of the code version, of each frame.
    pub code_bases: Vec<u64>,
    /// Base (RBP) of the entry thunk's frame, or None if there were more frames than asked for.
    pub entry_rbp: Option<u64>,
}

/// What a tier-boundary trampoline pushes below its RBP, from there downwards.
const BOUNDARY: [GPR; 5] = [GPR::RBX, GPR::R12, GPR::R13, GPR::R14, GPR::R15];

/// Reads the frames of a stack that was left with the registers `frame`, innermost first,
/// at most `max_depth` of them.
///
/// Values that the state map does not place are None. The walk ends at the first
/// entry thunk.
///
/// # Errors
///
/// [`ReadError`], which is an error of this engine, not of the guest.
pub fn read_stack(
    context: &dyn WalkContext,
    stack: &StackView<'_>,
    frame: &TrapFrame,
    exit: Exit,
    max_depth: usize,
) -> Result<StackDump, ReadError> {
    let rbp = frame.gpr[GPR::RBP as usize];
    let mut walk = Walk {
        context,
        stack,
        registers: KnownRegisters::of(frame, exit),
        rip: frame.rip,
        rbp,
        frame: 0,
        sites: BTreeMap::new(),
    };
    if exit == Exit::HostCall {
        walk.leave_thunk()?;
    }
    walk.run(exit, max_depth)
}

/// Reads as [`read_stack`] does, from what is known of the registers of the innermost frame.
///
/// # Errors
///
/// As [`read_stack`].
pub fn read_stack_from(
    context: &dyn WalkContext,
    stack: &StackView<'_>,
    initially_known_registers: KnownRegisters,
    initial_address: u64,
    rbp: u64,
    exit: Exit,
    max_depth: usize,
) -> Result<StackDump, ReadError> {
    let walk = Walk {
        context,
        stack,
        registers: initially_known_registers,
        rip: initial_address,
        rbp,
        frame: 0,
        sites: BTreeMap::new(),
    };
    walk.run(exit, max_depth)
}

/// Sites that are kept: recursion meets the same few again and again.
const MAX_KEPT_SITES: usize = 256;

struct Walk<'a> {
    context: &'a dyn WalkContext,
    stack: &'a StackView<'a>,
    registers: KnownRegisters,
    rip: u64,
    rbp: u64,
    /// Number of the frame, innermost 0.
    frame: usize,
    sites: BTreeMap<u64, (Rc<Site>, bool)>,
}

impl Walk<'_> {
    fn run(mut self, exit: Exit, max_depth: usize) -> Result<StackDump, ReadError> {
        let mut dump = StackDump {
            image: ExecutionStateImage::default(),
            code_bases: Vec::new(),
            entry_rbp: None,
        };
        let mut is_fault = exit == Exit::Fault;
        // A host function may have been tail-called by the function that the host called.
        if self.context.is_entry(self.rip) {
            dump.entry_rbp = Some(self.rbp);
            return Ok(dump);
        }
        while self.frame < max_depth {
            let (site, is_baseline) = self.site(is_fault)?;
            is_fault = false;
            dump.image.frames.push(self.read_frame(&site)?);
            dump.code_bases.push(site.code_base);
            self.recover_registers(&site)?;
            let rbp = self.leave_frame()?;
            if self.context.is_entry(self.rip) {
                dump.entry_rbp = Some(rbp);
                return Ok(dump);
            }
            self.cross_tiers(is_baseline)?;
            self.frame += 1;
        }
        Ok(dump)
    }

    /// The suspend point at which the current frame stands.
    fn site(&mut self, is_fault: bool) -> Result<(Rc<Site>, bool), ReadError> {
        // A faulting address may also be a return address; only the innermost frame faults.
        if !is_fault
            && let Some((site, is_baseline)) = self.sites.get(&self.rip)
            && (self.frame == 0 || site.kind == PointKind::Call)
        {
            return Ok((site.clone(), *is_baseline));
        }
        let unknown = ReadError::UnknownAddress {
            frame: self.frame,
            address: self.rip,
        };
        let Some(code) = self.context.code_at(self.rip) else {
            return Err(unknown);
        };
        let classes: &[PointClass] = match (is_fault, self.frame) {
            (true, _) => &[PointClass::Trappable],
            (false, 0) => &[PointClass::Call, PointClass::Poll],
            (false, _) => &[PointClass::Call],
        };
        let look_up = |&class| {
            let ip = usize::try_from(self.rip).ok()?;
            code.map.lookup_ip(ip, code.base as usize, class)
        };
        let Some((function, point)) = classes.iter().find_map(look_up) else {
            return Err(unknown);
        };
        if self.frame > 0 && point.kind != PointKind::Call {
            return Err(unknown);
        }
        let site = Rc::new(Site::new(code.base, &function, &point));
        if !is_fault {
            if self.sites.len() >= MAX_KEPT_SITES {
                self.sites.clear();
            }
            let kept = (site.clone(), code.baseline);
            self.sites.insert(self.rip, kept);
        }
        Ok((site, code.baseline))
    }

    fn word(&self, address: u64) -> Result<u64, ReadError> {
        self.stack.word(address).ok_or(ReadError::OutsideStack {
            frame: self.frame,
            address,
        })
    }

    fn place(&self, place: Place) -> Result<u128, ReadError> {
        match place {
            Place::Memory(offset) => {
                let address = self.rbp.wrapping_add_signed(offset);
                self.word(address).map(u128::from)
            }
            Place::Register(register) => {
                self.registers.0[register.0].ok_or(ReadError::UnknownRegister {
                    frame: self.frame,
                    register,
                })
            }
        }
    }

    fn read_placement(&self, placement: &Placement) -> Result<u128, ReadError> {
        let raw = self.place(placement.place)?;
        Ok(match placement.part {
            Part::Whole => raw,
            Part::LowHalf => raw & 0xffff_ffff,
            Part::HighHalf => raw >> 32 & 0xffff_ffff,
        })
    }

    fn read_frame(&self, site: &Site) -> Result<WasmFunctionStateDump, ReadError> {
        let mut raw = RawValues::new(site);
        for placement in &site.placements {
            match placement.content {
                Content::Value(source) => {
                    let bits = self.read_placement(placement)?;
                    match placement.place {
                        Place::Register(_) => raw.set_whole(source, bits),
                        Place::Memory(_) => raw.set_low(source, bits as u64),
                    }
                }
                Content::High(source) => {
                    let bits = self.read_placement(placement)?;
                    raw.set_high(source, bits as u64);
                }
                _ => {}
            }
        }
        let vmctx = self.vmctx(site)?;
        let instance = self.context.instance_of(vmctx);
        let locals = self.locals(site, &raw);
        Ok(WasmFunctionStateDump {
            instance: instance.ok_or(ReadError::UnknownInstance {
                frame: self.frame,
                vmctx,
            })?,
            local_function_id: site.function,
            wasm_inst_offset: site.wasm_inst_offset,
            stack: self.stack_values(site, &raw, &locals),
            locals,
        })
    }

    /// The vmctx pointer: from the stack, where every frame behind its prologue has it.
    fn vmctx(&self, site: &Site) -> Result<u64, ReadError> {
        let mut places = site
            .placements
            .iter()
            .filter(|p| p.content == Content::Vmctx);
        match places.next() {
            Some(placement) => Ok(self.read_placement(placement)? as u64),
            None => Err(ReadError::UnknownRegister {
                frame: self.frame,
                register: GPR::R14.to_index(),
            }),
        }
    }

    fn locals(&self, site: &Site, raw: &RawValues) -> Vec<Option<Val>> {
        let locals = site.locals.iter().enumerate();
        locals
            .map(|(index, &ty)| match raw.get(Source::Local(index), ty) {
                None if site.is_header() && index >= site.params => Some(Val::default_for_ty(ty)),
                bits => bits.map(|bits| self.value(ty, bits)),
            })
            .collect()
    }

    fn stack_values(
        &self,
        site: &Site,
        raw: &RawValues,
        locals: &[Option<Val>],
    ) -> Vec<Option<Val>> {
        let stack = site.stack.iter().enumerate();
        stack
            .map(|(index, &(ty, known))| match known {
                WasmAbstractValue::Runtime => raw
                    .get(Source::Stack(index), ty)
                    .map(|bits| self.value(ty, bits)),
                WasmAbstractValue::Const(bits) => Some(self.value(ty, u128::from(bits))),
                WasmAbstractValue::Local(local) => locals.get(local as usize).copied().flatten(),
            })
            .collect()
    }

    fn value(&self, ty: ValType, bits: u128) -> Val {
        Val::from_raw(ty, bits, self.context)
    }

    /// The registers as they were when the frame was called.
    fn recover_registers(&mut self, site: &Site) -> Result<(), ReadError> {
        let mut caller = self.registers.clone();
        caller.forget_clobbered();
        for placement in &site.placements {
            if let Content::Preserved(register) = placement.content {
                caller.0[register.0] = Some(self.read_placement(placement)?);
            }
        }
        self.registers = caller;
        Ok(())
    }

    /// Goes to the frame that called the current one, and returns its base.
    fn leave_frame(&mut self) -> Result<u64, ReadError> {
        let address = self.rbp.wrapping_add(8);
        let (rbp, rip) = (self.word(self.rbp)?, self.word(address)?);
        // The entry thunk's base is above, too.
        if rbp <= self.rbp {
            return Err(ReadError::OutsideStack {
                frame: self.frame + 1,
                address: rbp,
            });
        }
        (self.rbp, self.rip) = (rbp, rip);
        Ok(rbp)
    }

    /// From the frame of a host thunk to that of its caller.
    fn leave_thunk(&mut self) -> Result<(), ReadError> {
        self.leave_frame().map(|_| ())
    }

    /// From an optimised frame to a baseline one through the trampoline between, which
    /// preserved the registers that optimised code uses for its own ends.
    fn cross_tiers(&mut self, is_baseline: bool) -> Result<(), ReadError> {
        if self.context.is_tier_boundary(self.rip) {
            for (index, register) in (1..).zip(BOUNDARY) {
                let value = self.place(Place::Memory(-8 * index))?;
                self.registers.0[register as usize] = Some(value);
            }
            return self.leave_frame().map(|_| ());
        }
        let caller = self.context.code_at(self.rip);
        match caller {
            Some(caller) if caller.baseline && !is_baseline => {
                Err(ReadError::MissingBoundary { frame: self.frame })
            }
            _ => Ok(()),
        }
    }
}

/// Reads one frame at a site that is no code's, for tests.
#[cfg(test)]
pub(super) fn read_site(
    context: &dyn WalkContext,
    stack: &StackView<'_>,
    frame: &TrapFrame,
    site: &Site,
) -> Result<WasmFunctionStateDump, ReadError> {
    let walk = Walk {
        context,
        stack,
        registers: KnownRegisters::of(frame, Exit::Call),
        rip: frame.rip,
        rbp: frame.gpr[GPR::RBP as usize],
        frame: 0,
        sites: BTreeMap::new(),
    };
    walk.read_frame(site)
}
