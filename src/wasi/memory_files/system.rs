//! The trait: what a program can do with the tree.

use super::contents::Contents;
use super::resolve::{LastLink, Name};
use super::tree::{Directory, Node};
use super::{Errno, MAX_FILE_SIZE, MAX_OPEN, MAX_PATH, MemoryFiles};
use crate::wasi::{
    DirEntry, FileId, FileKind, FileStat, FileSystem, OpenOptions, Place, SetTimes, Sync,
};
use alloc::string::String;
use alloc::vec::Vec;

impl MemoryFiles {
    /// The inode of something open.
    fn number(&self, file: FileId) -> Result<u64, Errno> {
        self.open.get(&file).copied().ok_or(Errno::BadFd)
    }

    /// The number of an open directory.
    fn open_directory(&self, dir: FileId) -> Result<u64, Errno> {
        let number = self.number(dir)?;
        self.directory(number).map(|_| number)
    }

    /// The number of an open file.
    fn open_file(&self, file: FileId) -> Result<(u64, &Contents), Errno> {
        let number = self.number(file)?;
        match &self.inode(number).node {
            Node::File(contents) => Ok((number, contents)),
            _ => Err(Errno::IsDirectory),
        }
    }

    /// Changes an open file's contents, with the time that is.
    fn change<T>(
        &mut self,
        file: FileId,
        change: impl FnOnce(&mut Contents, &mut super::Budget) -> Result<T, Errno>,
    ) -> Result<T, Errno> {
        let (number, _) = self.open_file(file)?;
        let now = self.now();
        let inode = self.inodes.get_mut(&number).expect("it is open");
        let Node::File(contents) = &mut inode.node else {
            return Err(Errno::IsDirectory);
        };
        let result = change(contents, &mut self.budget)?;
        inode.modify(now);
        self.changes += 1;
        Ok(result)
    }

    /// Opens an inode.
    fn open_inode(&mut self, file: FileId, number: u64) -> Result<FileKind, Errno> {
        if self.open.len() >= MAX_OPEN && !self.open.contains_key(&file) {
            self.drop_unused(number);
            return Err(Errno::TooManyFiles);
        }
        self.inode_mut(number).opens += 1;
        if let Some(before) = self.open.insert(file, number) {
            self.closed(before);
        }
        Ok(self.inode(number).kind())
    }

    /// An inode is open once less.
    fn closed(&mut self, number: u64) {
        self.inode_mut(number).opens -= 1;
        self.drop_unused(number);
    }

    /// What is to be opened, made if it is to be made.
    fn find_or_create(&mut self, dir: u64, path: &str, options: OpenOptions) -> Result<u64, Errno> {
        // No file can be made behind a slash, wherever a link there leads.
        let is_kept = options.create && (options.exclusive || path.ends_with('/'));
        let last = match is_kept {
            true => LastLink::Keep,
            false => LastLink::of(options.follow, path),
        };
        let resolved = self.resolve(dir, path, last)?;
        if options.create && resolved.needs_directory && resolved.name.is_some() {
            return Err(Errno::IsDirectory);
        }
        match (resolved.inode, resolved.name) {
            (Some(_), _) if options.create && options.exclusive => Err(Errno::Exists),
            (Some(number), _) => {
                self.check_openable(number, resolved.needs_directory, options)?;
                Ok(number)
            }
            (None, Some(name)) if options.create => {
                let node = Node::File(Contents::default());
                self.create_at(resolved.dir, &name, node)
            }
            (None, _) => Err(Errno::NoEntry),
        }
    }

    fn check_openable(
        &self,
        number: u64,
        needs_directory: bool,
        options: OpenOptions,
    ) -> Result<(), Errno> {
        let is_written = options.write || options.create || options.truncate;
        match self.inode(number).kind() {
            FileKind::SymbolicLink => Err(Errno::Loop),
            FileKind::Directory if is_written => Err(Errno::IsDirectory),
            FileKind::Directory => Ok(()),
            _ if needs_directory || options.directory => Err(Errno::NotDirectory),
            _ => Ok(()),
        }
    }

    /// The path from a directory to an inode beneath it, through no link.
    fn path_between(&self, from: u64, to: u64) -> Option<String> {
        if from == to {
            return Some(String::new());
        }
        let mut pending = Vec::from([(from, String::new())]);
        while let Some((dir, path)) = pending.pop() {
            for (name, &number) in &self.directory(dir).ok()?.entries {
                let separator = if path.is_empty() { "" } else { "/" };
                let found = || [&path, separator, name].concat();
                if number == to {
                    return Some(found());
                }
                if self.inode(number).is_directory() {
                    pending.push((number, found()));
                }
            }
        }
        None
    }

    /// Whether a directory is another or lies in it.
    fn is_within(&self, mut dir: u64, outer: u64) -> bool {
        loop {
            if dir == outer {
                return true;
            }
            match self.directory(dir) {
                Ok(directory) if directory.parent != dir => dir = directory.parent,
                _ => return false,
            }
        }
    }

    /// Whether what a name stands for may take the place of something else.
    fn check_replaceable(&self, number: u64, target: u64) -> Result<(), Errno> {
        let is_directory = self.inode(number).is_directory();
        match &self.inode(target).node {
            Node::Directory(_) if !is_directory => Err(Errno::IsDirectory),
            Node::Directory(directory) if !directory.entries.is_empty() => Err(Errno::NotEmpty),
            Node::Directory(_) => Ok(()),
            _ if is_directory => Err(Errno::NotDirectory),
            _ => Ok(()),
        }
    }
}

impl FileSystem for MemoryFiles {
    fn attach(
        &mut self,
        file: FileId,
        place: &Place,
        options: OpenOptions,
    ) -> Result<FileKind, Errno> {
        if let Ok(number) = self.number(file) {
            return Ok(self.inode(number).kind());
        }
        let mut preopens = self.preopens.iter();
        let preopen = preopens.find(|(name, _)| *name == place.preopen);
        let &(_, dir) = preopen.ok_or(Errno::NoEntry)?;
        let number = match place.path.as_str() {
            "" => dir,
            path => self.existing(dir, path, LastLink::Keep)?,
        };
        let options = OpenOptions {
            create: false,
            truncate: false,
            ..options
        };
        self.check_openable(number, false, options)?;
        self.open_inode(file, number)
    }

    fn place(&mut self, file: FileId) -> Option<Place> {
        let number = self.number(file).ok()?;
        let named = self.preopens.iter().find_map(|(preopen, dir)| {
            Some(Place {
                preopen: preopen.clone(),
                path: self.path_between(*dir, number)?,
            })
        });
        // What has no name stays open in the image, and is not looked for.
        Some(named.unwrap_or_else(|| Place {
            preopen: self.names().next().unwrap_or_default().into(),
            path: alloc::format!("(inode {number})"),
        }))
    }

    fn attach_unnamed(
        &mut self,
        files: &[(FileId, OpenOptions)],
        kind: FileKind,
        contents: &[u8],
    ) -> Result<(), Errno> {
        if files.iter().all(|(file, _)| self.open.contains_key(file)) {
            return Ok(());
        }
        let number = match kind {
            FileKind::Directory => self.create(Node::Directory(Directory::new(super::ROOT)))?,
            _ => self.create(Node::File(Contents::default()))?,
        };
        for &(file, _) in files {
            self.open_inode(file, number)?;
        }
        let Some(&(first, _)) = files.first() else {
            self.drop_unused(number);
            return Ok(());
        };
        match contents.is_empty() || self.append(first, contents)?.0 == contents.len() {
            true => Ok(()),
            false => Err(Errno::NoSpace),
        }
    }

    fn open(
        &mut self,
        file: FileId,
        dir: FileId,
        path: &str,
        options: OpenOptions,
    ) -> Result<FileKind, Errno> {
        if options.directory && (options.create || options.truncate) {
            return Err(Errno::Invalid);
        }
        let dir = self.open_directory(dir)?;
        let number = self.find_or_create(dir, path, options)?;
        let kind = self.open_inode(file, number)?;
        if options.truncate && kind == FileKind::RegularFile {
            self.set_size(file, 0)?;
        }
        Ok(kind)
    }

    fn close(&mut self, file: FileId) {
        if let Some(number) = self.open.remove(&file) {
            self.closed(number);
        }
    }

    fn read_at(&mut self, file: FileId, offset: u64, buffer: &mut [u8]) -> Result<usize, Errno> {
        let (number, contents) = self.open_file(file)?;
        if offset > MAX_FILE_SIZE {
            return Err(Errno::Invalid);
        }
        let len = contents.read_at(offset, buffer);
        let now = self.now();
        self.inode_mut(number).accessed_ns = now;
        Ok(len)
    }

    fn write_at(&mut self, file: FileId, offset: u64, bytes: &[u8]) -> Result<usize, Errno> {
        self.open_file(file)?;
        if offset > MAX_FILE_SIZE {
            return Err(Errno::Invalid);
        }
        if bytes.is_empty() {
            return Ok(0);
        }
        self.change(file, |contents, budget| {
            contents.write_at(budget, offset, bytes)
        })
    }

    fn append(&mut self, file: FileId, bytes: &[u8]) -> Result<(usize, u64), Errno> {
        let (_, contents) = self.open_file(file)?;
        let end = contents.size();
        let len = self.write_at(file, end, bytes)?;
        Ok((len, end + len as u64))
    }

    fn stat(&mut self, file: FileId) -> Result<FileStat, Errno> {
        Ok(self.stat_of(self.number(file)?))
    }

    fn set_size(&mut self, file: FileId, size: u64) -> Result<(), Errno> {
        self.open_file(file)?;
        if size > MAX_FILE_SIZE {
            return Err(Errno::Invalid);
        }
        self.change(file, |contents, budget| {
            contents.set_size(budget, size);
            Ok(())
        })
    }

    fn allocate(&mut self, file: FileId, offset: u64, len: u64) -> Result<(), Errno> {
        let (_, contents) = self.open_file(file)?;
        let end = offset.checked_add(len).ok_or(Errno::FileTooLarge)?;
        if len == 0 || offset > MAX_FILE_SIZE {
            return Err(Errno::Invalid);
        }
        if end > MAX_FILE_SIZE {
            return Err(Errno::FileTooLarge);
        }
        // The room is there now; it is not set aside.
        if !self.budget.has(contents.cost_of_filling(offset, end)) {
            return Err(Errno::NoSpace);
        }
        self.change(file, |contents, budget| {
            let size = contents.size().max(end);
            contents.set_size(budget, size);
            Ok(())
        })
    }

    fn set_times(&mut self, file: FileId, times: SetTimes) -> Result<(), Errno> {
        let number = self.number(file)?;
        self.set_times_of(number, times);
        Ok(())
    }

    fn sync(&mut self, file: FileId, _: Sync) -> Result<(), Errno> {
        self.number(file).map(|_| ())
    }

    fn list(&mut self, dir: FileId) -> Result<Vec<DirEntry>, Errno> {
        let number = self.open_directory(dir)?;
        let now = self.now();
        self.inode_mut(number).accessed_ns = now;
        let entries = self.directory(number)?.entries.iter();
        Ok(entries
            .map(|(name, &inode)| DirEntry {
                name: name.clone(),
                inode,
                kind: self.inode(inode).kind(),
            })
            .collect())
    }

    fn stat_at(&mut self, dir: FileId, path: &str, follow: bool) -> Result<FileStat, Errno> {
        let dir = self.open_directory(dir)?;
        Ok(self.stat_of(self.existing(dir, path, LastLink::of(follow, path))?))
    }

    fn set_times_at(
        &mut self,
        dir: FileId,
        path: &str,
        follow: bool,
        times: SetTimes,
    ) -> Result<(), Errno> {
        let dir = self.open_directory(dir)?;
        let number = self.existing(dir, path, LastLink::of(follow, path))?;
        self.set_times_of(number, times);
        Ok(())
    }

    fn create_dir(&mut self, dir: FileId, path: &str) -> Result<(), Errno> {
        let dir = self.open_directory(dir)?;
        let (dir, name) = self.free_name(dir, without_slashes(path))?;
        let node = Node::Directory(Directory::new(dir));
        self.create_at(dir, name, node).map(|_| ())
    }

    fn remove_dir(&mut self, dir: FileId, path: &str) -> Result<(), Errno> {
        let dir = self.open_directory(dir)?;
        let (dir, name) = self.parent(dir, without_slashes(path))?;
        let Name::Normal(name) = name else {
            return Err(Errno::Invalid);
        };
        let number = self.entry(dir, name)?;
        if !self.directory(number)?.entries.is_empty() {
            return Err(Errno::NotEmpty);
        }
        self.remove_name(dir, name)
    }

    fn unlink(&mut self, dir: FileId, path: &str) -> Result<(), Errno> {
        let dir = self.open_directory(dir)?;
        let (dir, name) = self.parent(dir, path)?;
        let Name::Normal(name) = name else {
            return Err(Errno::IsDirectory);
        };
        let number = self.entry(dir, name)?;
        match self.inode(number).is_directory() {
            true => Err(Errno::IsDirectory),
            false => self.remove_name(dir, name),
        }
    }

    fn rename(
        &mut self,
        old_dir: FileId,
        old_path: &str,
        new_dir: FileId,
        new_path: &str,
    ) -> Result<(), Errno> {
        let (old_start, new_start) = (self.open_directory(old_dir)?, self.open_directory(new_dir)?);
        let (old_dir, old_name) = self.parent(old_start, without_slashes(old_path))?;
        if new_path.ends_with('/') && self.is_no_directory(old_dir, old_name) {
            return Err(Errno::NotDirectory);
        }
        let (new_dir, new_name) = self.parent(new_start, without_slashes(new_path))?;
        let (Name::Normal(old_name), Name::Normal(new_name)) = (old_name, new_name) else {
            return Err(Errno::Busy);
        };
        let number = self.entry(old_dir, old_name)?;
        let target = match self.entry(new_dir, new_name) {
            Ok(target) => Some(target),
            Err(Errno::NoEntry) => None,
            Err(errno) => return Err(errno),
        };
        let is_directory = self.inode(number).is_directory();
        if !is_directory && old_path.ends_with('/') {
            return Err(Errno::NotDirectory);
        }
        if is_directory && self.is_within(new_dir, number) {
            return Err(Errno::Invalid);
        }
        match target {
            Some(target) if self.is_within(old_dir, target) => return Err(Errno::NotEmpty),
            Some(target) if target == number => return Ok(()),
            Some(target) => self.check_replaceable(number, target)?,
            None => {}
        }
        // From here on nothing fails but for want of room, which is looked for first.
        if !self.budget.has(super::tree::name_cost(new_name)) {
            return Err(Errno::NoSpace);
        }
        if self.inode(new_dir).links == 0 {
            return Err(Errno::NoEntry);
        }
        if target.is_some() {
            self.remove_name(new_dir, new_name)?;
        }
        self.add_name(new_dir, new_name, number)?;
        self.remove_name(old_dir, old_name)
    }

    fn link(
        &mut self,
        old_dir: FileId,
        old_path: &str,
        new_dir: FileId,
        new_path: &str,
    ) -> Result<(), Errno> {
        let (old_start, new_start) = (self.open_directory(old_dir)?, self.open_directory(new_dir)?);
        let (old_dir, old_name) = self.parent(old_start, old_path)?;
        let new = self.parent(new_start, new_path)?;
        let number = match old_name {
            Name::Normal(name) => self.entry(old_dir, name)?,
            Name::Dot => old_dir,
        };
        let (new_dir, new_name) = self.check_free(new)?;
        match self.inode(number).is_directory() {
            true => Err(Errno::NotPermitted),
            false => self.add_name(new_dir, new_name, number),
        }
    }

    fn symlink(&mut self, target: &str, dir: FileId, path: &str) -> Result<(), Errno> {
        let dir = self.open_directory(dir)?;
        match target {
            "" => return Err(Errno::NoEntry),
            target if target.starts_with('/') => return Err(Errno::NotPermitted),
            target if target.len() > MAX_PATH => return Err(Errno::NameTooLong),
            _ => {}
        }
        let (dir, name) = self.free_name(dir, path)?;
        self.create_at(dir, name, Node::SymbolicLink(target.into()))
            .map(|_| ())
    }

    fn read_link(&mut self, dir: FileId, path: &str) -> Result<String, Errno> {
        let dir = self.open_directory(dir)?;
        let (dir, name) = self.parent(dir, path)?;
        let Name::Normal(name) = name else {
            return Err(Errno::Invalid);
        };
        match &self.inode(self.entry(dir, name)?).node {
            Node::SymbolicLink(target) if target.starts_with('/') => Err(Errno::NotPermitted),
            Node::SymbolicLink(target) => Ok(target.clone()),
            _ => Err(Errno::Invalid),
        }
    }
}

impl MemoryFiles {
    pub(super) fn set_times_of(&mut self, number: u64, times: SetTimes) {
        let now = self.now();
        self.changes += 1;
        let inode = self.inode_mut(number);
        inode.accessed_ns = times.accessed_ns.unwrap_or(inode.accessed_ns);
        inode.modified_ns = times.modified_ns.unwrap_or(inode.modified_ns);
        inode.changed_ns = now;
    }

    /// Whether something is there under a name, and is no directory.
    fn is_no_directory(&self, dir: u64, name: Name<'_>) -> bool {
        match name {
            Name::Normal(name) => self
                .entry(dir, name)
                .is_ok_and(|number| !self.inode(number).is_directory()),
            Name::Dot => false,
        }
    }

    /// The directory and the name for something new.
    fn free_name<'a>(&self, start: u64, path: &'a str) -> Result<(u64, &'a str), Errno> {
        self.check_free(self.parent(start, path)?)
    }

    fn check_free<'a>(&self, (dir, name): (u64, Name<'a>)) -> Result<(u64, &'a str), Errno> {
        match name {
            Name::Normal(name) => match self.entry(dir, name) {
                Ok(_) => Err(Errno::Exists),
                Err(Errno::NoEntry) => Ok((dir, name)),
                Err(errno) => Err(errno),
            },
            Name::Dot => Err(Errno::Exists),
        }
    }
}

/// A path without the slashes behind it, where those are allowed but not needed.
fn without_slashes(path: &str) -> &str {
    match path.trim_end_matches('/') {
        "" => path,
        path => path,
    }
}
