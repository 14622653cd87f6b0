//! All that there is in a tree, for those who copy it elsewhere.

use super::tree::Node;
use super::{MemoryFiles, ROOT};
use crate::wasi::FileStat;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

/// One name in a tree, and what it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its path from the outermost directory.
    pub path: String,
    /// What is known about it.
    pub stat: FileStat,
    /// What is in it.
    pub contents: EntryContents,
}

/// What is in something that has a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryContents {
    /// A file: read it with [`MemoryFiles::read`].
    File,
    /// A file that was among the entries already, by this path.
    HardLink(String),
    /// A directory, whose entries follow.
    Directory,
    /// A symbolic link to this path.
    SymbolicLink(String),
}

impl MemoryFiles {
    /// All names, each directory before what is in it, and otherwise in order. The
    /// outermost directory and what has no name are not among them.
    pub fn entries(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        let mut first_paths: BTreeMap<u64, String> = BTreeMap::new();
        let mut pending = self.children(ROOT, "");
        while let Some((number, path)) = pending.pop() {
            let contents = match &self.inode(number).node {
                Node::Directory(_) => {
                    pending.extend(self.children(number, &path));
                    EntryContents::Directory
                }
                Node::SymbolicLink(target) => EntryContents::SymbolicLink(target.clone()),
                Node::File(_) => match first_paths.get(&number) {
                    Some(first) => EntryContents::HardLink(first.clone()),
                    None => {
                        first_paths.insert(number, path.clone());
                        EntryContents::File
                    }
                },
            };
            let stat = self.stat_of(number);
            entries.push(Entry {
                path,
                stat,
                contents,
            });
        }
        entries
    }

    /// Reads from the file with this inode number, as [`Entry::stat`] has it, at `offset`;
    /// returns how many bytes, 0 at its end and for what is no file.
    pub fn read(&self, inode: u64, offset: u64, buffer: &mut [u8]) -> usize {
        match self.inodes.get(&inode).map(|inode| &inode.node) {
            Some(Node::File(contents)) => contents.read_at(offset, buffer),
            _ => 0,
        }
    }

    /// What is in a directory, the last name first.
    fn children(&self, number: u64, path: &str) -> Vec<(u64, String)> {
        let Node::Directory(directory) = &self.inode(number).node else {
            return Vec::new();
        };
        let separator = if path.is_empty() { "" } else { "/" };
        let entries = directory.entries.iter().rev();
        entries
            .map(|(name, &number)| (number, [path, separator, name].concat()))
            .collect()
    }
}
