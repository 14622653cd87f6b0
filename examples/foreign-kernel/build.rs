//! Tells the linker how the kernel is laid out, and makes the guests' binaries.

use std::path::Path;
use std::{env, fs};

fn main() {
    let here = env!("CARGO_MANIFEST_DIR");
    println!("cargo::rerun-if-changed=linker.ld");
    for argument in [
        "-zmax-page-size=4096",
        "--no-pie",
        &format!("-T{here}/linker.ld"),
    ] {
        println!("cargo::rustc-link-arg-bins={argument}");
    }
    println!("cargo::rerun-if-changed=guests");
    let out = env::var("OUT_DIR").expect("cargo sets it");
    for guest in ["greeter", "worker"] {
        let wasm = wat::parse_file(format!("guests/{guest}.wat")).expect("a valid guest");
        let path = Path::new(&out).join(guest).with_extension("wasm");
        fs::write(path, wasm).expect("cargo's directory can be written to");
    }
}
