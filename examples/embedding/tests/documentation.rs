//! That what the documentation shows is code that runs.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files of a folder, and of those in it, whose names end so.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder of the repository");
    let paths = entries.map(|entry| entry.expect("readable").path());
    let files = paths.flat_map(|path| match path.is_dir() {
        true => files(&path, ending),
        false => vec![path],
    });
    files
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .collect()
}

/// The language and the lines of each code block.
fn code_blocks<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<(&'a str, Vec<&'a str>)> {
    let mut blocks: Vec<(&str, Vec<&str>)> = Vec::new();
    let mut is_inside = false;
    for line in lines.map(str::trim) {
        match line.strip_prefix("```") {
            Some(language) if !is_inside => blocks.push((language, Vec::new())),
            Some(_) => {}
            None if is_inside => blocks.last_mut().expect("it has begun").1.push(line),
            None => continue,
        }
        is_inside ^= line.starts_with("```");
    }
    blocks
}

/// The library is built without documentation tests, which need a platform.
#[test]
fn examples_of_the_library_are_run_by_this_package() {
    let run = read(&root().join("examples/embedding/src/lib.rs"));
    let examples = files(&root().join("src"), ".md");
    assert!(!examples.is_empty());
    for example in examples {
        let name = example.strip_prefix(root()).expect("a file below");
        let included = format!("include_str!(\"../../../{}\")", name.display());
        assert!(run.contains(&included), "{included} is not there");
        assert!(read(&example).starts_with("```\n"), "{}", name.display());
    }
    for file in files(&root().join("src"), ".rs") {
        let text = read(&file);
        let comments = text.lines().filter_map(|line| {
            let line = line.trim_start();
            line.strip_prefix("///").or(line.strip_prefix("//!"))
        });
        for (language, lines) in code_blocks(comments) {
            assert_eq!(language, "text", "not run: {}: {lines:#?}", file.display());
        }
    }
}

#[test]
fn the_guide_for_kernels_quotes_the_foreign_kernel() {
    let sources = files(&root().join("examples/foreign-kernel/src"), ".rs");
    let kernel: String = sources.iter().map(|file| read(file)).collect();
    let guide = read(&root().join("docs/embedding.md"));
    let mut blocks = code_blocks(guide.lines());
    // Others are outlines, and name what has the whole.
    blocks.retain(|(language, _)| *language == "rust");
    assert!(blocks.len() >= 4, "{blocks:#?}");
    for line in blocks.iter().flat_map(|(_, lines)| lines) {
        assert!(kernel.contains(line), "the kernel has no {line}");
    }
}
