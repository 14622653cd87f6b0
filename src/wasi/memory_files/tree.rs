//! Inodes, and the names that they have in directories.

use super::contents::Contents;
use super::{Errno, MemoryFiles};
use crate::wasi::{FileKind, FileStat};
use alloc::collections::BTreeMap;
use alloc::string::String;

/// What an inode costs beside its contents: more than it takes, with its place in maps.
const INODE_COST: u64 = 256;

/// What a name costs beside its bytes.
const NAME_COST: u64 = 64;

/// The device that all is on.
const DEVICE: u64 = 1;

/// A file, directory or symbolic link.
#[derive(Debug)]
pub(super) struct Inode {
    pub node: Node,
    /// How many names it has. The outermost directory has one that is nowhere.
    pub links: u32,
    /// How often it is open.
    pub opens: u32,
    pub accessed_ns: u64,
    pub modified_ns: u64,
    pub changed_ns: u64,
}

#[derive(Debug)]
pub(super) enum Node {
    File(Contents),
    Directory(Directory),
    SymbolicLink(String),
}

#[derive(Debug)]
pub(super) struct Directory {
    /// The directory that it is in; its own for the outermost one. Means nothing once it has
    /// no name.
    pub parent: u64,
    pub entries: BTreeMap<String, u64>,
}

impl Directory {
    pub fn new(parent: u64) -> Self {
        Self {
            parent,
            entries: BTreeMap::new(),
        }
    }
}

impl Inode {
    pub fn new(node: Node, links: u32, now: u64) -> Self {
        Self {
            node,
            links,
            opens: 0,
            accessed_ns: now,
            modified_ns: now,
            changed_ns: now,
        }
    }

    pub fn kind(&self) -> FileKind {
        match self.node {
            Node::File(_) => FileKind::RegularFile,
            Node::Directory(_) => FileKind::Directory,
            Node::SymbolicLink(_) => FileKind::SymbolicLink,
        }
    }

    pub fn is_directory(&self) -> bool {
        matches!(self.node, Node::Directory(_))
    }

    /// Bytes of the budget that it takes, names not included.
    pub fn cost(&self) -> u64 {
        INODE_COST
            + match &self.node {
                Node::File(contents) => contents.cost(),
                Node::Directory(_) => 0,
                Node::SymbolicLink(target) => target.len() as u64,
            }
    }

    /// The contents have changed.
    pub fn modify(&mut self, now: u64) {
        self.modified_ns = now;
        self.changed_ns = now;
    }
}

/// Bytes of the budget that a name takes.
pub(super) fn name_cost(name: &str) -> u64 {
    name.len() as u64 + NAME_COST
}

impl MemoryFiles {
    pub(super) fn inode(&self, number: u64) -> &Inode {
        self.inodes.get(&number).expect("numbers are of inodes")
    }

    pub(super) fn inode_mut(&mut self, number: u64) -> &mut Inode {
        self.inodes.get_mut(&number).expect("numbers are of inodes")
    }

    /// A directory's entries, by its number.
    pub(super) fn directory(&self, number: u64) -> Result<&Directory, Errno> {
        match &self.inode(number).node {
            Node::Directory(directory) => Ok(directory),
            _ => Err(Errno::NotDirectory),
        }
    }

    pub(super) fn directory_mut(&mut self, number: u64) -> Result<&mut Directory, Errno> {
        match &mut self.inode_mut(number).node {
            Node::Directory(directory) => Ok(directory),
            _ => Err(Errno::NotDirectory),
        }
    }

    pub(super) fn stat_of(&self, number: u64) -> FileStat {
        let inode = self.inode(number);
        let links = match &inode.node {
            // Its name, its own `.`, and the `..` of each directory in it.
            Node::Directory(directory) if inode.links > 0 => {
                let entries = directory.entries.values();
                let is_directory = |&&number: &&u64| self.inode(number).is_directory();
                2 + entries.filter(is_directory).count() as u64
            }
            _ => u64::from(inode.links),
        };
        FileStat {
            device: DEVICE,
            inode: number,
            kind: inode.kind(),
            links,
            size: match &inode.node {
                Node::File(contents) => contents.size(),
                Node::Directory(_) => 0,
                Node::SymbolicLink(target) => target.len() as u64,
            },
            accessed_ns: inode.accessed_ns,
            modified_ns: inode.modified_ns,
            changed_ns: inode.changed_ns,
        }
    }

    /// Makes an inode without a name.
    pub(super) fn create(&mut self, node: Node) -> Result<u64, Errno> {
        if self.inodes.len() as u64 >= self.max_inodes {
            return Err(Errno::NoSpace);
        }
        let inode = Inode::new(node, 0, self.now());
        self.budget.take(inode.cost())?;
        let number = self.next_inode;
        self.next_inode += 1;
        self.inodes.insert(number, inode);
        Ok(number)
    }

    /// Makes an inode under a name that is not taken.
    pub(super) fn create_at(&mut self, dir: u64, name: &str, node: Node) -> Result<u64, Errno> {
        let number = self.create(node)?;
        let added = self.add_name(dir, name, number);
        if added.is_err() {
            self.drop_unused(number);
        }
        added.map(|()| number)
    }

    /// Gives an inode a name that is not taken.
    pub(super) fn add_name(&mut self, dir: u64, name: &str, number: u64) -> Result<(), Errno> {
        if self.inode(dir).links == 0 {
            return Err(Errno::NoEntry);
        }
        let links = self.inode(number).links;
        let links = links.checked_add(1).ok_or(Errno::TooManyLinks)?;
        self.budget.take(name_cost(name))?;
        let now = self.now();
        let before = self.directory_mut(dir)?.entries.insert(name.into(), number);
        assert!(before.is_none(), "the name is not taken");
        self.changes += 1;
        self.inode_mut(dir).modify(now);
        let inode = self.inode_mut(number);
        inode.links = links;
        inode.changed_ns = now;
        if let Node::Directory(directory) = &mut inode.node {
            directory.parent = dir;
        }
        Ok(())
    }

    /// Takes a name away, and what it named if nothing else keeps that.
    pub(super) fn remove_name(&mut self, dir: u64, name: &str) -> Result<(), Errno> {
        let now = self.now();
        let entries = &mut self.directory_mut(dir)?.entries;
        let number = entries.remove(name).ok_or(Errno::NoEntry)?;
        self.budget.give_back(name_cost(name));
        self.changes += 1;
        self.inode_mut(dir).modify(now);
        let inode = self.inode_mut(number);
        inode.links -= 1;
        inode.changed_ns = now;
        self.drop_unused(number);
        Ok(())
    }

    /// Drops an inode that has no name and is not open.
    pub(super) fn drop_unused(&mut self, number: u64) {
        let inode = self.inode(number);
        let is_given = self.preopens.iter().any(|(_, given)| *given == number);
        if inode.links == 0 && inode.opens == 0 && !is_given {
            let cost = inode.cost();
            self.inodes.remove(&number);
            self.budget.give_back(cost);
        }
    }
}
