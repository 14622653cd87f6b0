//! Random numbers from a seed: the same on every machine.

use crate::bench::{Bench, text};
use woodfrog_qemu::Ending;
use woodfrog_qemu::MachineType::{Microvm, Q35};

#[test]
fn a_seed_gives_the_same_random_numbers_everywhere() {
    let bench = Bench::new("tests-qemu/guests/random.wat", &[]);
    let kernel = |machine, options: &str| {
        let options = format!("checkpoint=discard {options}");
        bench.boot(machine, &options, Ending::Finished).output
    };
    let seven = kernel(Microvm, "seed=7");
    assert_eq!(seven.len(), 32, "{seven}");
    assert_eq!(kernel(Q35, "seed=7"), seven);
    assert_ne!(kernel(Microvm, "seed=8"), seven);
    let linux = bench.woodfrog(&[&"run", &"--seed", &"7", &bench.module]);
    assert_eq!(text(&linux.stdout), seven);
}
