//! Links the kernel again when its layout changes.

fn main() {
    println!("cargo::rerun-if-changed=../linker.ld");
}
