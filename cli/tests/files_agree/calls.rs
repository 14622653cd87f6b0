//! Random calls, and what of their answers is to be compared.

use std::fmt;
use woodfrog::abi::Val;

/// The calls with their parameters: `i` is an `i32`, `l` an `i64`.
pub const IMPORTS: [(&str, &str); 29] = [
    ("fd_advise", "illi"),
    ("fd_allocate", "ill"),
    ("fd_close", "i"),
    ("fd_datasync", "i"),
    ("fd_fdstat_get", "ii"),
    ("fd_fdstat_set_flags", "ii"),
    ("fd_fdstat_set_rights", "ill"),
    ("fd_filestat_get", "ii"),
    ("fd_filestat_set_size", "il"),
    ("fd_filestat_set_times", "illi"),
    ("fd_pread", "iiili"),
    ("fd_pwrite", "iiili"),
    ("fd_read", "iiii"),
    ("fd_readdir", "iiili"),
    ("fd_renumber", "ii"),
    ("fd_seek", "ilii"),
    ("fd_sync", "i"),
    ("fd_tell", "ii"),
    ("fd_write", "iiii"),
    ("path_create_directory", "iii"),
    ("path_filestat_get", "iiiii"),
    ("path_filestat_set_times", "iiiilli"),
    ("path_link", "iiiiiii"),
    ("path_open", "iiiiillii"),
    ("path_readlink", "iiiiii"),
    ("path_remove_directory", "iii"),
    ("path_rename", "iiiiii"),
    ("path_symlink", "iiiii"),
    ("path_unlink_file", "iii"),
];

// Where things are in the program's memory.
const PATH: u32 = 0x0;
const OTHER_PATH: u32 = 0x1000;
const LIST: u32 = 0x2000;
const RESULT: u32 = 0x2100;
const DATA: u32 = 0x4000;
const DATA_LEN: u32 = 0x8000;

/// The times that are set are before this one, in 2017, and others are not.
const MAX_TIME_NS: u64 = 1_500_000_000_000_000_000;

/// A call.
pub struct Call {
    pub name: &'static str,
    pub args: Vec<Val>,
    /// What is to be in memory, and where.
    pub inputs: Vec<(u32, Vec<u8>)>,
    look: Look,
    text: String,
}

/// What a call tells beside its error number.
#[derive(Clone, Copy)]
enum Look {
    Nothing,
    /// A word.
    Word,
    /// A double word.
    Double,
    /// What is known about a file.
    Stat,
    /// What is known about a descriptor.
    FdStat,
    /// So many bytes as the word says.
    Bytes,
    /// Entries of a directory, in as many bytes as the word says.
    Listing,
}

/// An error number, and what else is to be compared.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    errno: u16,
    text: String,
}

impl Answer {
    pub fn is_success(&self) -> bool {
        self.errno == 0
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "errno {} {}", self.errno, self.text)
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.text)
    }
}

impl Call {
    /// A call that a program might make, or one that makes little sense.
    pub fn random(random: &mut Random) -> Self {
        let (name, params) = IMPORTS[match random.below(4) {
            // Most calls do nothing where nothing is open.
            0 => 23,
            _ => random.below(IMPORTS.len() as u64) as usize,
        }];
        let mut maker = Maker {
            random,
            inputs: Vec::new(),
            text: name.to_owned(),
        };
        let (args, look) = maker.args(name);
        let args: Vec<_> = args
            .iter()
            .zip(params.chars())
            .map(|(&arg, param)| match param {
                'i' => Val::I32(arg as u32 as i32),
                _ => Val::I64(arg as i64),
            })
            .collect();
        assert_eq!(args.len(), params.len(), "{name}");
        Self {
            name,
            args,
            inputs: maker.inputs,
            look,
            text: maker.text,
        }
    }

    /// What there is to be compared after the call.
    pub fn answer(&self, errno: u16, memory: &[u8]) -> Answer {
        let text = match errno {
            0 => self.look.at(memory),
            // A call that fails has written nothing that matters.
            _ => String::new(),
        };
        Answer { errno, text }
    }
}

impl Look {
    fn at(self, memory: &[u8]) -> String {
        let number = |address: u32, len: usize| {
            let address = address as usize;
            let bytes = memory[address..address + len].iter().rev();
            bytes.fold(0, |number, &byte| number << 8 | u64::from(byte))
        };
        let bytes = || {
            let len = number(RESULT, 4) as usize;
            &memory[DATA as usize..DATA as usize + len]
        };
        match self {
            Self::Nothing => String::new(),
            Self::Word => number(RESULT, 4).to_string(),
            Self::Double => number(RESULT, 8).to_string(),
            Self::FdStat => format!("{:?}", &memory[RESULT as usize..][..24]),
            Self::Bytes => format!("{:?}", bytes()),
            Self::Stat => {
                let kind = memory[RESULT as usize + 16];
                let is_directory = kind == 3;
                let links = (!is_directory).then(|| number(RESULT + 24, 8));
                let size = (!is_directory).then(|| number(RESULT + 32, 8));
                // A time that was set stays until something changes the file.
                let modified = Some(number(RESULT + 48, 8)).filter(|&time| time < MAX_TIME_NS);
                format!("kind {kind} links {links:?} size {size:?} modified {modified:?}")
            }
            Self::Listing => format!("{:?}", listing(bytes())),
        }
    }
}

/// Names and kinds, in order.
fn listing(mut bytes: &[u8]) -> Vec<(String, u8)> {
    const HEADER: usize = 24;
    let mut entries = Vec::new();
    while let Some((header, rest)) = bytes.split_at_checked(HEADER) {
        let len = u32::from_le_bytes(header[16..20].try_into().expect("four bytes")) as usize;
        let name = String::from_utf8_lossy(&rest[..len]).into_owned();
        entries.push((name, header[20]));
        bytes = &rest[len..];
    }
    assert!(bytes.is_empty(), "all entries fit");
    entries.sort_unstable();
    entries
}

/// Makes the arguments of one call.
struct Maker<'r> {
    random: &'r mut Random,
    inputs: Vec<(u32, Vec<u8>)>,
    text: String,
}

impl Maker<'_> {
    fn args(&mut self, name: &str) -> (Vec<u64>, Look) {
        let result = u64::from(RESULT);
        let (data, data_len) = (u64::from(DATA), u64::from(DATA_LEN));
        match name {
            "fd_datasync" | "fd_sync" => (vec![self.fd()], Look::Nothing),
            "fd_close" => (vec![self.own_fd()], Look::Nothing),
            "fd_advise" => {
                let (fd, offset, len) = (self.fd(), self.offset(), self.offset());
                let advice = self.number(7);
                (vec![fd, offset, len, advice], Look::Nothing)
            }
            "fd_allocate" => (vec![self.fd(), self.offset(), self.size()], Look::Nothing),
            "fd_fdstat_get" => (vec![self.fd(), result], Look::FdStat),
            "fd_fdstat_set_flags" => (vec![self.fd(), self.fdflags()], Look::Nothing),
            "fd_fdstat_set_rights" => {
                let rights = [0, 0x2, 0x1fff_ffff][self.number(3) as usize];
                (vec![self.own_fd(), rights, rights], Look::Nothing)
            }
            "fd_filestat_get" => (vec![self.fd(), result], Look::Stat),
            "fd_filestat_set_size" => (vec![self.fd(), self.size()], Look::Nothing),
            "fd_filestat_set_times" => {
                let fd = self.fd();
                let [accessed, modified, flags] = self.times();
                (vec![fd, accessed, modified, flags], Look::Nothing)
            }
            "fd_read" => (vec![self.fd(), self.buffers(), 2, result], Look::Bytes),
            "fd_pread" => {
                let (fd, list, offset) = (self.fd(), self.buffers(), self.offset());
                (vec![fd, list, 2, offset, result], Look::Bytes)
            }
            "fd_write" => (vec![self.fd(), self.contents(), 2, result], Look::Word),
            "fd_pwrite" => {
                let (fd, list, offset) = (self.fd(), self.contents(), self.offset());
                (vec![fd, list, 2, offset, result], Look::Word)
            }
            "fd_readdir" => (vec![self.fd(), data, data_len, 0, result], Look::Listing),
            "fd_renumber" => (vec![self.own_fd(), self.own_fd()], Look::Nothing),
            "fd_seek" => {
                let (fd, offset) = (self.fd(), self.offset());
                let offset = match self.number(3) {
                    0 => offset.wrapping_neg(),
                    _ => offset,
                };
                let whence = self.number(4);
                (vec![fd, offset, whence, result], Look::Double)
            }
            "fd_tell" => (vec![self.fd(), result], Look::Double),
            "path_create_directory" | "path_remove_directory" | "path_unlink_file" => {
                let fd = self.fd();
                let [path, len] = self.path(PATH);
                (vec![fd, path, len], Look::Nothing)
            }
            "path_filestat_get" => {
                let (fd, lookup) = (self.fd(), self.number(2));
                let [path, len] = self.path(PATH);
                (vec![fd, lookup, path, len, result], Look::Stat)
            }
            "path_filestat_set_times" => {
                let (fd, lookup) = (self.fd(), self.number(2));
                let [path, len] = self.path(PATH);
                let [accessed, modified, flags] = self.times();
                let args = vec![fd, lookup, path, len, accessed, modified, flags];
                (args, Look::Nothing)
            }
            "path_link" => {
                let (fd, lookup) = (self.fd(), u64::from(self.number(8) == 0));
                let [path, len] = self.path(PATH);
                let other_fd = self.fd();
                let [other, other_len] = self.path(OTHER_PATH);
                (
                    vec![fd, lookup, path, len, other_fd, other, other_len],
                    Look::Nothing,
                )
            }
            "path_open" => {
                let (fd, lookup) = (self.fd(), self.number(2));
                let [path, len] = self.path(PATH);
                let oflags = match self.number(3) {
                    0 => 0,
                    1 => 1,
                    _ => self.number(16),
                };
                // Of files all, to read, to write; of directories all.
                let rights = [0x1fff_ffff, 0x0820_0026, 0x0860_0064, 0x07ff_fe00];
                let rights = rights[self.number(4) as usize];
                let fdflags = self.fdflags();
                let args = vec![
                    fd,
                    lookup,
                    path,
                    len,
                    oflags,
                    rights,
                    0x1fff_ffff,
                    fdflags,
                    result,
                ];
                (args, Look::Word)
            }
            "path_readlink" => {
                let fd = self.fd();
                let [path, len] = self.path(PATH);
                let buffer_len = [0, 1, 100][self.number(3) as usize];
                (vec![fd, path, len, data, buffer_len, result], Look::Bytes)
            }
            "path_rename" => {
                let fd = self.fd();
                let [path, len] = self.path(PATH);
                let other_fd = self.fd();
                let [other, other_len] = self.path(OTHER_PATH);
                (
                    vec![fd, path, len, other_fd, other, other_len],
                    Look::Nothing,
                )
            }
            "path_symlink" => {
                let [target, target_len] = self.path(OTHER_PATH);
                let fd = self.fd();
                let [path, len] = self.path(PATH);
                (vec![target, target_len, fd, path, len], Look::Nothing)
            }
            other => unreachable!("{other} has no arguments here"),
        }
    }

    /// A number below a bound.
    fn number(&mut self, bound: u64) -> u64 {
        let number = self.random.below(bound);
        self.text.push_str(&format!(" {number}"));
        number
    }

    /// A descriptor: mostly the program's directory or one of the next.
    fn fd(&mut self) -> u64 {
        let fd = match self.random.below(40) {
            0 => 77,
            1..28 => 3,
            _ => 4 + self.random.below(5),
        };
        self.text.push_str(&format!(" fd {fd}"));
        fd
    }

    /// A descriptor that the program may lose: seldom that of its directory, without which it
    /// could do nothing more.
    fn own_fd(&mut self) -> u64 {
        let fd = match self.random.below(60) {
            0 => 3,
            _ => 4 + self.random.below(5),
        };
        self.text.push_str(&format!(" fd {fd}"));
        fd
    }

    fn offset(&mut self) -> u64 {
        let offset = match self.random.below(12) {
            0 => u64::MAX,
            1 => i64::MAX as u64,
            2..6 => 0,
            _ => self.random.below(20_000),
        };
        self.text.push_str(&format!(" {offset:#x}"));
        offset
    }

    /// An offset that is none at all, or one that every file system has.
    fn size(&mut self) -> u64 {
        loop {
            let offset = self.offset();
            if offset != i64::MAX as u64 {
                return offset;
            }
        }
    }

    /// None, one or some of those flags that mean something for a file.
    fn fdflags(&mut self) -> u64 {
        match self.random.below(3) {
            0 => self.number(32),
            1 => self.number(2),
            _ => 0,
        }
    }

    fn times(&mut self) -> [u64; 3] {
        let time = |random: &mut Random| random.below(MAX_TIME_NS);
        let (accessed, modified) = (time(self.random), time(self.random));
        [accessed, modified, self.number(16)]
    }

    /// Two buffers to be filled, side by side.
    fn buffers(&mut self) -> u64 {
        let (first, second) = (self.random.below(100), self.random.below(9000));
        self.list(first, second)
    }

    /// Two buffers with something in them.
    fn contents(&mut self) -> u64 {
        let (first, second) = (self.random.below(100), self.random.below(9000));
        let seed = self.random.below(256);
        let bytes = (0..first + second).map(|index| (index * 7 + seed) as u8);
        self.inputs.push((DATA, bytes.collect()));
        self.list(first, second)
    }

    fn list(&mut self, first: u64, second: u64) -> u64 {
        let words = [DATA, first as u32, DATA + first as u32, second as u32];
        let bytes = words.into_iter().flat_map(u32::to_le_bytes).collect();
        self.inputs.push((LIST, bytes));
        self.text.push_str(&format!(" [{first} + {second} bytes]"));
        u64::from(LIST)
    }

    /// The address and the length of a path.
    fn path(&mut self, address: u32) -> [u64; 2] {
        let path = match self.random.below(40) {
            0 => String::new(),
            1 => "/a".to_owned(),
            2 => "n".repeat(255 + self.random.below(2) as usize),
            3 => format!("a/{}", "n".repeat(256)),
            _ => self.usual_path(),
        };
        self.text.push_str(&format!(" {path:?}"));
        let len = path.len() as u64;
        self.inputs.push((address, path.into_bytes()));
        [u64::from(address), len]
    }

    fn usual_path(&mut self) -> String {
        let mut path = String::new();
        for index in 0..=self
            .random
            .below(3)
            .saturating_sub(u64::from(self.random.below(2) == 0))
        {
            if index > 0 {
                path.push_str(["/", "/", "/", "//"][self.random.below(4) as usize]);
            }
            path.push_str(match self.random.below(16) {
                0 => ".",
                1 => "..",
                number => ["a", "b", "c", "d"][number as usize % 4],
            });
        }
        if self.random.below(8) == 0 {
            path.push('/');
        }
        path
    }
}

/// SplitMix64.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (word ^ (word >> 31)) % bound
    }
}
