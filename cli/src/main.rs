//! The `woodfrog` command.
fn main() {}
