//! What the command makes of its files, and of itself: modules and images of all kinds as
//! input, files that cannot be written, manual pages and completions.

#[path = "../common/mod.rs"]
mod common;
mod files;
mod manual;
