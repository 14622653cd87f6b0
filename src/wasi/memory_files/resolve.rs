//! Paths to inodes, beneath a directory: whatever leads out of it is EPERM.
//!
//! As in Linux's `openat2` with `RESOLVE_BENEATH`, and as cap-std has it for what acts on
//! a name rather than on what is there.

use super::tree::Node;
use super::{Errno, MAX_LINKS_FOLLOWED, MAX_NAME, MAX_PATH, MemoryFiles};
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

/// What a symbolic link at the end of a path stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LastLink {
    /// Where it leads.
    Follow,
    /// Itself.
    Keep,
}

impl LastLink {
    /// What `follow` in the trait means for a path: behind a slash, a link is followed.
    pub fn of(follow: bool, path: &str) -> Self {
        match follow || path.ends_with('/') {
            true => Self::Follow,
            false => Self::Keep,
        }
    }
}

/// Where a path has led.
#[derive(Debug)]
pub(super) struct Resolved {
    /// The directory that the last component is in.
    pub dir: u64,
    /// The last component; None if that is `.` or `..`.
    pub name: Option<String>,
    /// What is there, if anything.
    pub inode: Option<u64>,
    /// Only a directory will do.
    pub needs_directory: bool,
}

/// The name that an operation acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name<'a> {
    /// An entry of the directory.
    Normal(&'a str),
    /// The directory itself.
    Dot,
}

impl MemoryFiles {
    /// Goes along a path. All but the last component have to be there.
    pub(super) fn resolve(
        &self,
        start: u64,
        path: &str,
        last: LastLink,
    ) -> Result<Resolved, Errno> {
        check_path(path)?;
        let mut needs_directory = path.ends_with('/');
        let mut pending = Vec::new();
        push_components(&mut pending, path);
        let mut dirs = vec![start];
        let mut followed = 0;
        while let Some(component) = pending.pop() {
            let dir = *dirs.last().expect("the first one is never left");
            let is_last = pending.is_empty();
            let name = match component.as_str() {
                "." => continue,
                ".." if dirs.len() == 1 => return Err(Errno::NotPermitted),
                ".." => {
                    dirs.pop();
                    continue;
                }
                name => name,
            };
            check_name(name)?;
            let inode = self.directory(dir)?.entries.get(name).copied();
            match inode.map(|number| (number, &self.inode(number).node)) {
                Some((_, Node::SymbolicLink(target))) if !is_last || last == LastLink::Follow => {
                    followed += 1;
                    if followed > MAX_LINKS_FOLLOWED {
                        return Err(Errno::Loop);
                    }
                    if target.starts_with('/') {
                        return Err(Errno::NotPermitted);
                    }
                    needs_directory |= is_last && target.ends_with('/');
                    push_components(&mut pending, target);
                }
                Some((number, Node::Directory(_))) if !is_last => dirs.push(number),
                Some(_) if !is_last => return Err(Errno::NotDirectory),
                None if !is_last => return Err(Errno::NoEntry),
                _ => {
                    return Ok(Resolved {
                        dir,
                        name: Some(component),
                        inode,
                        needs_directory,
                    });
                }
            }
        }
        let dir = *dirs.last().expect("the first one is never left");
        Ok(Resolved {
            dir,
            name: None,
            inode: Some(dir),
            needs_directory: true,
        })
    }

    /// What a path names, which has to be there.
    pub(super) fn existing(&self, start: u64, path: &str, last: LastLink) -> Result<u64, Errno> {
        let resolved = self.resolve(start, path, last)?;
        let number = resolved.inode.ok_or(Errno::NoEntry)?;
        match resolved.needs_directory && !self.inode(number).is_directory() {
            true => Err(Errno::NotDirectory),
            false => Ok(number),
        }
    }

    /// The directory that a path names.
    pub(super) fn directory_at(&self, start: u64, path: &str) -> Result<u64, Errno> {
        let number = self.existing(start, path, LastLink::Follow)?;
        self.directory(number).map(|_| number)
    }

    /// The directory and the name that an operation on a name acts on. A path that only a
    /// directory can have stands for `.` in that.
    pub(super) fn parent<'a>(&self, start: u64, path: &'a str) -> Result<(u64, Name<'a>), Errno> {
        check_path(path)?;
        let (dirs, name) = path.rsplit_once('/').unwrap_or(("", path));
        if matches!(name, "" | "." | "..") {
            return Ok((self.directory_at(start, path)?, Name::Dot));
        }
        let dir = match dirs {
            "" => start,
            dirs => self.directory_at(start, dirs)?,
        };
        self.directory(dir)?;
        Ok((dir, Name::Normal(name)))
    }

    /// The inode that a directory has under a name, which may be too long for one.
    pub(super) fn entry(&self, dir: u64, name: &str) -> Result<u64, Errno> {
        check_name(name)?;
        let entries = &self.directory(dir)?.entries;
        entries.get(name).copied().ok_or(Errno::NoEntry)
    }
}

fn check_path(path: &str) -> Result<(), Errno> {
    match path {
        "" => Err(Errno::NoEntry),
        path if path.len() > MAX_PATH => Err(Errno::NameTooLong),
        path if path.starts_with('/') => Err(Errno::NotPermitted),
        _ => Ok(()),
    }
}

fn check_name(name: &str) -> Result<(), Errno> {
    match name.len() > MAX_NAME {
        true => Err(Errno::NameTooLong),
        false => Ok(()),
    }
}

/// Puts a path's components on a stack, the first one on top.
fn push_components(pending: &mut Vec<String>, path: &str) {
    let components = path.rsplit('/').filter(|component| !component.is_empty());
    pending.extend(components.map(ToString::to_string));
}
