//! Files in memory and directories of Linux are the same to a program: random calls of WASI get
//! the same answers from both, also when both programs are frozen in between.
//!
//! What nobody promises is not compared: inode numbers, the times when something happened, sizes
//! and link counts of directories, and the order of a directory's entries.

mod calls;
mod side;

use calls::{Call, IMPORTS, Random};
use side::Side;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use tempfile::TempDir;
use woodfrog::wasi::memory_files::{EntryContents, MemoryFiles};
use woodfrog_cli::files::{Files, new_memory_files};

/// How many pairs of programs there are.
const SEEDS: u64 = 200;

/// How many calls each makes.
const CALLS: usize = 200;

/// Of so many calls, one comes after a thaw.
const CALLS_PER_FREEZE: u64 = 20;

#[test]
fn files_in_memory_and_directories_answer_alike() {
    let shared = side::Shared::new();
    let mut differences = Vec::new();
    let mut succeeded = BTreeSet::new();
    for seed in 0..SEEDS {
        if let Err(difference) = compare(&shared, seed, &mut succeeded) {
            differences.push(format!("seed {seed}: {difference}"));
        }
    }
    assert!(
        differences.is_empty(),
        "{} of {SEEDS} programs differ:\n{}",
        differences.len(),
        differences.join("\n")
    );
    let names: BTreeSet<_> = IMPORTS.iter().map(|(name, _)| *name).collect();
    assert_eq!(succeeded, names, "all calls succeed sometimes");
}

/// Makes the calls of a seed, and adds the names of those that succeed.
fn compare(shared: &side::Shared, seed: u64, succeeded: &mut BTreeSet<&str>) -> Result<(), String> {
    let directory = TempDir::new().expect("a temporary directory");
    let mut on_linux = Files::default();
    let added = on_linux.directories.add(directory.path(), "/");
    added.expect("the directory is there");
    let mut memory = new_memory_files();
    memory.preopen("/", "").expect("there is no other");
    let in_memory = Files {
        memory: Some(memory),
        ..Files::default()
    };
    let (mut linux, mut memory) = (shared.side(on_linux), shared.side(in_memory));
    let mut random = Random(seed);
    for number in 0..CALLS {
        if random.below(CALLS_PER_FREEZE) == 0 {
            (linux, memory) = (linux.thawed(shared), memory.thawed(shared));
        }
        let call = Call::random(&mut random);
        let (expected, found) = (linux.make(&call), memory.make(&call));
        if expected != found {
            return Err(format!(
                "call {number}, {call}:\n    on Linux  {expected}\n    in memory {found}"
            ));
        }
        if found.is_success() {
            succeeded.insert(call.name);
        }
    }
    let (expected, found) = (tree_on_linux(directory.path()), tree_in_memory(memory));
    match expected == found {
        true => Ok(()),
        false => Err(format!(
            "in the end there are\n    on Linux  {expected:?}\n    in memory {found:?}"
        )),
    }
}

/// Paths, and what is there.
type Tree = Vec<(String, Node)>;

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Node {
    File(Vec<u8>),
    Directory,
    Link(String),
}

fn tree_on_linux(root: &Path) -> Tree {
    let mut tree = Vec::new();
    let mut pending = vec![String::new()];
    while let Some(path) = pending.pop() {
        for entry in fs::read_dir(root.join(&path)).expect("a directory") {
            let entry = entry.expect("an entry");
            let name = entry.file_name().into_string().expect("UTF-8");
            let path = match path.as_str() {
                "" => name,
                path => format!("{path}/{name}"),
            };
            let kind = entry.file_type().expect("a kind");
            let node = match kind {
                kind if kind.is_dir() => {
                    pending.push(path.clone());
                    Node::Directory
                }
                kind if kind.is_symlink() => {
                    let target = fs::read_link(entry.path()).expect("a link");
                    Node::Link(target.to_str().expect("UTF-8").to_owned())
                }
                _ => Node::File(fs::read(entry.path()).expect("a file")),
            };
            tree.push((path, node));
        }
    }
    tree.sort_unstable();
    tree
}

fn tree_in_memory(side: Side) -> Tree {
    let files: MemoryFiles = side.into_memory_files();
    let entries = files.entries().into_iter().map(|entry| {
        let node = match entry.contents {
            EntryContents::Directory => Node::Directory,
            EntryContents::SymbolicLink(target) => Node::Link(target),
            EntryContents::File | EntryContents::HardLink(_) => {
                let mut contents = vec![0; entry.stat.size as usize];
                files.read(entry.stat.inode, 0, &mut contents);
                Node::File(contents)
            }
        };
        (entry.path, node)
    });
    let mut tree: Tree = entries.collect();
    tree.sort_unstable();
    tree
}
