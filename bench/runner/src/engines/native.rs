//! The same programs, compiled for this machine.

use super::{Compiled, Engine, Program, names};
use anyhow::{Context, Result};
use woodfrog_workloads::WORKLOADS;

/// No engine at all.
pub struct Native;

impl Engine for Native {
    fn name(&self) -> &'static str {
        names::NATIVE
    }

    fn compile(&self, _: &[u8]) -> Option<Result<Compiled>> {
        None
    }

    fn load(&self, _: &[u8]) -> Result<Box<dyn Program>> {
        Ok(Box::new(Self))
    }
}

impl Program for Native {
    fn call(&mut self, name: &str, size: u32) -> Result<u64> {
        let workload = WORKLOADS.iter().find(|workload| workload.name == name);
        let workload = workload.with_context(|| format!("no workload {name}"))?;
        Ok((workload.run)(size))
    }
}
