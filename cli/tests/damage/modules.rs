//! Damaged modules.

use crate::host;
use fuzz_common::damage::bytes;
use fuzz_common::guest::TEXT;
use fuzz_common::random::Random;
use std::path::Path;
use woodfrog::runtime::Module;

#[test]
fn damaged_modules_are_refused_or_compile() {
    let host = host(TEXT);
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/programs");
    let names = [
        "br_table.wat",
        "references.wat",
        "loops.wat",
        "table_bulk.wat",
        "dead_code.wat",
    ];
    let read = |name| std::fs::read(directory.join(name)).expect("a program");
    let mut modules: Vec<_> = names
        .map(read)
        .iter()
        .map(|text| {
            wat::parse_bytes(text)
                .expect("a valid program")
                .into_owned()
        })
        .collect();
    modules.push(wat::parse_str(TEXT).expect("a valid program"));
    let mut compiled = 0;
    for seed in 0..10_000 {
        let mut random = Random(4 << 32 | seed);
        let mut damaged = random.pick(&modules).clone();
        for _ in 0..=random.below(2) {
            let len = damaged.len();
            bytes::damage(&mut damaged, len, true, &mut random);
        }
        println!("seed {seed}");
        compiled += u32::from(Module::new(&host.engine, &damaged).is_ok());
    }
    assert!(compiled > 100, "{compiled} modules compiled");
}
