// What an image is when it is built for a target that has an operating system.
fn main() {
    eprintln!("this is a kernel: build it with --target x86_64-unknown-none and boot it");
    std::process::exit(1);
}
