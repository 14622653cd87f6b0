//! What the command makes of its files, and of itself: modules and images of all kinds as
//! input, files that cannot be written, manual pages and completions, core dumps,
//! and what is told of a program's source.

#[path = "../common/mod.rs"]
mod common;
mod coredump;
mod files;
mod manual;
mod progress;
mod symbols;
