//! A file system of a few lines, for tests of what is built upon one.

use crate::wasi::{
    DirEntry, Errno, FileId, FileKind, FileStat, FileSystem, OpenOptions, Place, SetTimes, Sync,
};
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// Nodes by number, the names that lead to them, and what is open. Knows no `..`, and
/// symbolic links only as the last component.
pub(in crate::wasi) struct FakeFiles {
    nodes: Vec<Node>,
    preopens: Vec<(String, usize)>,
    open: BTreeMap<FileId, (usize, OpenOptions)>,
    /// What was synchronised.
    pub(in crate::wasi) synced: Vec<Sync>,
}

enum Node {
    File { contents: Vec<u8>, modified_ns: u64 },
    Directory(BTreeMap<String, usize>),
    Link(String),
}

impl FakeFiles {
    pub(in crate::wasi) fn new(preopens: &[&str]) -> Self {
        let nodes = preopens.iter().map(|_| Node::Directory(BTreeMap::new()));
        Self {
            nodes: nodes.collect(),
            preopens: preopens.iter().map(ToString::to_string).zip(0..).collect(),
            open: BTreeMap::new(),
            synced: Vec::new(),
        }
    }

    pub(in crate::wasi) fn close_all(&mut self) {
        self.open.clear();
    }

    pub(in crate::wasi) fn open_count(&self) -> usize {
        self.open.len()
    }

    fn entries(&mut self, node: usize) -> Result<&mut BTreeMap<String, usize>, Errno> {
        match &mut self.nodes[node] {
            Node::Directory(entries) => Ok(entries),
            _ => Err(Errno::NotDirectory),
        }
    }

    fn node(&self, file: FileId) -> Result<usize, Errno> {
        self.open.get(&file).map(|open| open.0).ok_or(Errno::BadFd)
    }

    fn contents(&mut self, file: FileId) -> Result<&mut Vec<u8>, Errno> {
        let node = self.node(file)?;
        match &mut self.nodes[node] {
            Node::File { contents, .. } => Ok(contents),
            _ => Err(Errno::IsDirectory),
        }
    }

    /// The directory of a path's last component, and that component.
    fn parent<'a>(&mut self, base: usize, path: &'a str) -> Result<(usize, &'a str), Errno> {
        let (parents, name) = path
            .trim_end_matches('/')
            .rsplit_once('/')
            .unwrap_or(("", path));
        let mut node = base;
        for component in parents.split('/').filter(|part| !matches!(*part, "" | ".")) {
            node = *self.entries(node)?.get(component).ok_or(Errno::NoEntry)?;
        }
        Ok((node, name.trim_end_matches('/')))
    }

    fn find(&mut self, base: usize, path: &str, follow: bool) -> Result<usize, Errno> {
        let (mut base, mut path) = (base, String::from(path));
        for _ in 0..40 {
            let (parent, name) = self.parent(base, &path)?;
            if matches!(name, "" | ".") {
                return Ok(parent);
            }
            let node = *self.entries(parent)?.get(name).ok_or(Errno::NoEntry)?;
            match &self.nodes[node] {
                Node::Link(target) if follow => (base, path) = (parent, target.clone()),
                _ => return Ok(node),
            }
        }
        Err(Errno::Loop)
    }

    fn add(&mut self, node: Node) -> usize {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    fn kind(&self, node: usize) -> FileKind {
        match self.nodes[node] {
            Node::File { .. } => FileKind::RegularFile,
            Node::Directory(_) => FileKind::Directory,
            Node::Link(_) => FileKind::SymbolicLink,
        }
    }

    /// The names that lead to a node, from any preopened directory.
    fn places(&self, wanted: usize) -> Vec<Place> {
        let mut places = Vec::new();
        let mut rest: Vec<_> = self
            .preopens
            .iter()
            .map(|(preopen, node)| (preopen, String::new(), *node))
            .collect();
        while let Some((preopen, path, node)) = rest.pop() {
            if let Node::Directory(entries) = &self.nodes[node] {
                let slash = if path.is_empty() { "" } else { "/" };
                rest.extend(
                    entries.iter().map(|(name, &node)| {
                        (preopen, alloc::format!("{path}{slash}{name}"), node)
                    }),
                );
            }
            if node == wanted {
                let preopen = preopen.clone();
                places.push(Place { preopen, path });
            }
        }
        places
    }

    fn stat_of(&self, node: usize) -> FileStat {
        let (size, modified_ns) = match &self.nodes[node] {
            Node::File {
                contents,
                modified_ns,
            } => (contents.len(), *modified_ns),
            Node::Directory(_) => (0, 0),
            Node::Link(target) => (target.len(), 0),
        };
        FileStat {
            device: 1,
            inode: node as u64,
            kind: self.kind(node),
            links: self.places(node).len() as u64,
            size: size as u64,
            accessed_ns: 0,
            modified_ns,
            changed_ns: 0,
        }
    }

    fn remove(&mut self, dir: FileId, path: &str, is_directory: bool) -> Result<(), Errno> {
        let (parent, name) = self.parent(self.node(dir)?, path)?;
        let node = *self.entries(parent)?.get(name).ok_or(Errno::NoEntry)?;
        match (&self.nodes[node], is_directory) {
            (Node::Directory(entries), true) if entries.is_empty() => {}
            (Node::Directory(_), true) => return Err(Errno::NotEmpty),
            (_, true) => return Err(Errno::NotDirectory),
            (Node::Directory(_), false) => return Err(Errno::IsDirectory),
            _ => {}
        }
        self.entries(parent)?.remove(name);
        Ok(())
    }

    fn insert(&mut self, dir: FileId, path: &str, node: Node) -> Result<(), Errno> {
        let (parent, name) = self.parent(self.node(dir)?, path)?;
        if self.entries(parent)?.contains_key(name) {
            return Err(Errno::Exists);
        }
        let node = self.add(node);
        self.entries(parent)?.insert(name.into(), node);
        Ok(())
    }
}

impl FileSystem for FakeFiles {
    fn attach(
        &mut self,
        file: FileId,
        place: &Place,
        options: OpenOptions,
    ) -> Result<FileKind, Errno> {
        assert!(!options.create && !options.truncate, "{options:?}");
        let mut preopens = self.preopens.iter();
        let preopen = preopens.find(|preopen| preopen.0 == place.preopen);
        let base = preopen.ok_or(Errno::NoEntry)?.1;
        let node = self.find(base, &place.path, false)?;
        self.open.insert(file, (node, options));
        Ok(self.kind(node))
    }

    fn place(&mut self, file: FileId) -> Option<Place> {
        let node = self.node(file).expect("a file that is open");
        self.places(node).pop()
    }

    fn attach_unnamed(
        &mut self,
        files: &[(FileId, OpenOptions)],
        kind: FileKind,
        contents: &[u8],
    ) -> Result<(), Errno> {
        let node = self.add(match kind {
            FileKind::Directory => Node::Directory(BTreeMap::new()),
            _ => Node::File {
                contents: contents.into(),
                modified_ns: 0,
            },
        });
        for &(file, options) in files {
            self.open.insert(file, (node, options));
        }
        Ok(())
    }

    fn open(
        &mut self,
        file: FileId,
        dir: FileId,
        path: &str,
        options: OpenOptions,
    ) -> Result<FileKind, Errno> {
        let base = self.node(dir)?;
        let node = match self.find(base, path, options.follow) {
            Ok(_) if options.exclusive => return Err(Errno::Exists),
            Err(Errno::NoEntry) if options.create => {
                let contents = Vec::new();
                let modified_ns = 1000;
                self.insert(
                    dir,
                    path,
                    Node::File {
                        contents,
                        modified_ns,
                    },
                )?;
                self.find(base, path, false)?
            }
            found => found?,
        };
        let kind = self.kind(node);
        if kind == FileKind::SymbolicLink {
            return Err(Errno::Loop);
        }
        if kind != FileKind::Directory && (options.directory || path.ends_with('/')) {
            return Err(Errno::NotDirectory);
        }
        if let (true, Node::File { contents, .. }) = (options.truncate, &mut self.nodes[node]) {
            contents.clear();
        }
        self.open.insert(file, (node, options));
        Ok(kind)
    }

    fn close(&mut self, file: FileId) {
        self.open.remove(&file).expect("a file that is open");
    }

    fn read_at(&mut self, file: FileId, offset: u64, buffer: &mut [u8]) -> Result<usize, Errno> {
        let contents = self.contents(file)?;
        let start = contents.len().min(offset as usize);
        let len = buffer.len().min(contents.len() - start);
        buffer[..len].copy_from_slice(&contents[start..start + len]);
        Ok(len)
    }

    fn write_at(&mut self, file: FileId, offset: u64, bytes: &[u8]) -> Result<usize, Errno> {
        let contents = self.contents(file)?;
        let end = (offset as usize).checked_add(bytes.len());
        let end = end.filter(|&end| end < 1 << 20).ok_or(Errno::NoSpace)?;
        if contents.len() < end {
            contents.resize(end, 0);
        }
        contents[end - bytes.len()..end].copy_from_slice(bytes);
        Ok(bytes.len())
    }

    fn append(&mut self, file: FileId, bytes: &[u8]) -> Result<(usize, u64), Errno> {
        let end = self.contents(file)?.len() as u64;
        let len = self.write_at(file, end, bytes)?;
        Ok((len, end + len as u64))
    }

    fn stat(&mut self, file: FileId) -> Result<FileStat, Errno> {
        Ok(self.stat_of(self.node(file)?))
    }

    fn set_size(&mut self, file: FileId, size: u64) -> Result<(), Errno> {
        if size > 1 << 20 {
            return Err(Errno::NoSpace);
        }
        self.contents(file)?.resize(size as usize, 0);
        Ok(())
    }

    fn allocate(&mut self, file: FileId, offset: u64, len: u64) -> Result<(), Errno> {
        let size = self.contents(file)?.len() as u64;
        self.set_size(file, size.max(offset + len))
    }

    fn set_times(&mut self, file: FileId, times: SetTimes) -> Result<(), Errno> {
        let node = self.node(file)?;
        if let (Node::File { modified_ns, .. }, Some(ns)) =
            (&mut self.nodes[node], times.modified_ns)
        {
            *modified_ns = ns;
        }
        Ok(())
    }

    fn sync(&mut self, _: FileId, what: Sync) -> Result<(), Errno> {
        self.synced.push(what);
        Ok(())
    }

    fn list(&mut self, dir: FileId) -> Result<Vec<DirEntry>, Errno> {
        let node = self.node(dir)?;
        let entries = self.entries(node)?.clone();
        let entry = |(name, node)| DirEntry {
            name,
            inode: node as u64,
            kind: self.kind(node),
        };
        Ok(entries.into_iter().map(entry).collect())
    }

    fn stat_at(&mut self, dir: FileId, path: &str, follow: bool) -> Result<FileStat, Errno> {
        let node = self.find(self.node(dir)?, path, follow)?;
        Ok(self.stat_of(node))
    }

    fn set_times_at(
        &mut self,
        dir: FileId,
        path: &str,
        follow: bool,
        _: SetTimes,
    ) -> Result<(), Errno> {
        self.stat_at(dir, path, follow).map(|_| ())
    }

    fn create_dir(&mut self, dir: FileId, path: &str) -> Result<(), Errno> {
        self.insert(dir, path, Node::Directory(BTreeMap::new()))
    }

    fn remove_dir(&mut self, dir: FileId, path: &str) -> Result<(), Errno> {
        self.remove(dir, path, true)
    }

    fn unlink(&mut self, dir: FileId, path: &str) -> Result<(), Errno> {
        self.remove(dir, path, false)
    }

    fn rename(
        &mut self,
        old_dir: FileId,
        old_path: &str,
        new_dir: FileId,
        new_path: &str,
    ) -> Result<(), Errno> {
        let (old_parent, old_name) = self.parent(self.node(old_dir)?, old_path)?;
        let (new_parent, new_name) = self.parent(self.node(new_dir)?, new_path)?;
        let node = *self
            .entries(old_parent)?
            .get(old_name)
            .ok_or(Errno::NoEntry)?;
        if self.kind(node) == FileKind::Directory && new_parent != old_parent {
            return Err(Errno::NotSupported);
        }
        self.entries(old_parent)?.remove(old_name);
        self.entries(new_parent)?.insert(new_name.into(), node);
        Ok(())
    }

    fn link(
        &mut self,
        old_dir: FileId,
        old_path: &str,
        new_dir: FileId,
        new_path: &str,
    ) -> Result<(), Errno> {
        let node = self.find(self.node(old_dir)?, old_path, false)?;
        if self.kind(node) == FileKind::Directory {
            return Err(Errno::NotPermitted);
        }
        let (parent, name) = self.parent(self.node(new_dir)?, new_path)?;
        self.entries(parent)?.insert(name.into(), node);
        Ok(())
    }

    fn symlink(&mut self, target: &str, dir: FileId, path: &str) -> Result<(), Errno> {
        self.insert(dir, path, Node::Link(target.into()))
    }

    fn read_link(&mut self, dir: FileId, path: &str) -> Result<String, Errno> {
        let node = self.find(self.node(dir)?, path, false)?;
        match &self.nodes[node] {
            Node::Link(target) => Ok(target.clone()),
            _ => Err(Errno::Invalid),
        }
    }
}
