//! Options on the kernel command line: `name=value`, separated by spaces.
//!
//! They are described in `docs/kernel.md`. An option that is not known is an
//! error, not ignored: a misspelt `freeze_after_ms` would change what happens.

use crate::console::LogLevel;
use alloc::string::String;
use woodfrog::checkpoint::{Compression, Key};

/// What the command line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// `guest=NAME`: which of the disk's programs to run; without it, the only one.
    pub guest: Option<String>,
    /// `freeze_after_ms=N`: freeze the program when it has run for this long since this boot.
    pub freeze_after_ms: Option<u64>,
    /// `checkpoint_every_ms=N`: write a checkpoint each time the program has run for this long.
    pub checkpoint_every_ms: Option<u64>,
    /// `spare_pages=N`: pages that can be kept while a checkpoint is written.
    pub spare_pages: Option<usize>,
    /// `checkpoint=`: what to do with a checkpoint on the disk.
    pub checkpoint: CheckpointUse,
    /// `thaw=`: when to read the pages of the checkpoint that is resumed.
    pub thaw: ThawUse,
    /// `keep=N`: how many checkpoints are kept.
    pub keep: usize,
    /// `owner=NAME`: who has the disk's lease.
    pub owner: String,
    /// `lease=`: what to do if another machine has the lease.
    pub lease: LeaseUse,
    /// `lease_ms=N`: how long the lease lasts without a checkpoint; without it, until the end.
    pub lease_ms: Option<u64>,
    /// `expect_commit=N`: the least commit number that the disk must have.
    pub expect_commit: Option<u64>,
    /// `compress=`: how checkpoints' pages are stored.
    pub compression: Compression,
    /// `key=HEX`: the key that the disk was made with.
    pub key: Option<Key>,
    /// `stdin=`: what the program's standard input is.
    pub stdin: StdinUse,
    /// `precompiled=`: what to do with the machine code of a precompiled module.
    pub precompiled: PrecompiledUse,
    /// `seed=N`: the program's random numbers come from this seed, not from the machine.
    pub seed: Option<u64>,
    /// `log=`: how much the kernel says.
    pub log: LogLevel,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            guest: None,
            freeze_after_ms: None,
            checkpoint_every_ms: None,
            spare_pages: None,
            checkpoint: CheckpointUse::default(),
            thaw: ThawUse::default(),
            keep: 2,
            owner: "woodfrog".into(),
            lease: LeaseUse::default(),
            lease_ms: None,
            expect_commit: None,
            compression: Compression::default(),
            key: None,
            stdin: StdinUse::default(),
            precompiled: PrecompiledUse::default(),
            seed: None,
            log: LogLevel::default(),
        }
    }
}

/// What to do if another machine has the disk's lease.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LeaseUse {
    /// `acquire`: do nothing.
    #[default]
    Acquire,
    /// `take_over`: take it away.
    TakeOver,
}

/// What to do with a checkpoint on the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CheckpointUse {
    /// `resume`: resume the newest.
    #[default]
    Resume,
    /// A number: resume this one.
    Number(u64),
    /// `discard`: remove it, and start the program afresh.
    Discard,
}

/// When to read the pages of a checkpoint that is resumed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ThawUse {
    /// `lazy`: when the program needs them, and in its idle time.
    #[default]
    Lazy,
    /// `eager`: before it runs. A checkpoint of which one is damaged is passed over for an older one.
    Eager,
}

/// What the program's standard input is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StdinUse {
    /// `none`: nothing, at its end.
    #[default]
    None,
    /// `console`: the serial port.
    Console,
}

/// What to do with the machine code of a precompiled module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PrecompiledUse {
    /// `ignore`: compile the wasm that it was made of.
    #[default]
    Ignore,
    /// `trust`: run it. Whoever can write to the disk can then do whatever the kernel can.
    Trust,
}

/// Why a command line was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OptionError {
    /// There is no such option.
    #[error(
        "unknown option \"{0}\"; there are guest, freeze_after_ms, checkpoint_every_ms, spare_pages, checkpoint, thaw, keep, owner, lease, lease_ms, expect_commit, compress, key, stdin, precompiled, seed and log"
    )]
    Unknown(String),
    /// The option's value is none of those it can have.
    #[error("\"{value}\" is no value for option {name}, which is {expected}")]
    Value {
        /// The option.
        name: &'static str,
        /// What was given.
        value: String,
        /// What can be given.
        expected: &'static str,
    },
    /// Both ways to freeze were given.
    #[error("freeze_after_ms and checkpoint_every_ms cannot be combined")]
    Contradiction,
}

impl Options {
    /// Reads a command line. Of an option that is given twice the last one counts.
    ///
    /// # Errors
    ///
    /// [`OptionError`].
    pub fn parse(command_line: &str) -> Result<Self, OptionError> {
        let mut options = Self::default();
        for word in command_line.split_ascii_whitespace() {
            let (name, value) = word.split_once('=').unwrap_or((word, ""));
            match name {
                "freeze_after_ms" => {
                    options.freeze_after_ms = Some(milliseconds("freeze_after_ms", value)?);
                }
                "checkpoint_every_ms" => {
                    options.checkpoint_every_ms = Some(milliseconds("checkpoint_every_ms", value)?);
                }
                "spare_pages" => options.spare_pages = Some(spare_pages(value)?),
                "checkpoint" => options.checkpoint = checkpoint_use(value)?,
                "thaw" => options.thaw = thaw_use(value)?,
                "guest" => options.guest = Some(value.into()),
                "keep" => options.keep = keep(value)?,
                "owner" => options.owner = value.into(),
                "lease" => options.lease = lease_use(value)?,
                "lease_ms" => options.lease_ms = Some(milliseconds("lease_ms", value)?),
                "expect_commit" => options.expect_commit = Some(whole("expect_commit", value)?),
                "compress" => options.compression = compression(value)?,
                "key" => options.key = Some(key(value)?),
                "stdin" => options.stdin = stdin_use(value)?,
                "precompiled" => options.precompiled = precompiled_use(value)?,
                "seed" => options.seed = Some(whole("seed", value)?),
                "log" => options.log = log_level(value)?,
                _ => return Err(OptionError::Unknown(word.into())),
            }
        }
        if options.freeze_after_ms.is_some() && options.checkpoint_every_ms.is_some() {
            return Err(OptionError::Contradiction);
        }
        Ok(options)
    }
}

fn milliseconds(name: &'static str, value: &str) -> Result<u64, OptionError> {
    match value.parse() {
        Ok(number) if (1..=MAX_MS).contains(&number) => Ok(number),
        _ => Err(OptionError::Value {
            name,
            value: value.into(),
            expected: "a number of milliseconds from 1 to 86400000",
        }),
    }
}

/// A day.
const MAX_MS: u64 = 86_400_000;

fn checkpoint_use(value: &str) -> Result<CheckpointUse, OptionError> {
    match value {
        "resume" => Ok(CheckpointUse::Resume),
        "discard" => Ok(CheckpointUse::Discard),
        number => number
            .parse()
            .map(CheckpointUse::Number)
            .map_err(|_| OptionError::Value {
                name: "checkpoint",
                value: value.into(),
                expected: "resume, discard or a number",
            }),
    }
}

fn thaw_use(value: &str) -> Result<ThawUse, OptionError> {
    match value {
        "lazy" => Ok(ThawUse::Lazy),
        "eager" => Ok(ThawUse::Eager),
        _ => Err(OptionError::Value {
            name: "thaw",
            value: value.into(),
            expected: "lazy or eager",
        }),
    }
}

fn spare_pages(value: &str) -> Result<usize, OptionError> {
    match value.parse() {
        Ok(number) if number <= MAX_SPARE_PAGES => Ok(number),
        _ => Err(OptionError::Value {
            name: "spare_pages",
            value: value.into(),
            expected: "a number from 0 to 1048576",
        }),
    }
}

/// 4 GiB.
const MAX_SPARE_PAGES: usize = 1 << 20;

fn keep(value: &str) -> Result<usize, OptionError> {
    match value.parse() {
        Ok(number) if (1..=MAX_KEEP).contains(&number) => Ok(number),
        _ => Err(OptionError::Value {
            name: "keep",
            value: value.into(),
            expected: "a number from 1 to 1024",
        }),
    }
}

/// As many generations as a guest can have on a disk.
const MAX_KEEP: usize = 1024;

fn lease_use(value: &str) -> Result<LeaseUse, OptionError> {
    match value {
        "acquire" => Ok(LeaseUse::Acquire),
        "take_over" => Ok(LeaseUse::TakeOver),
        _ => Err(OptionError::Value {
            name: "lease",
            value: value.into(),
            expected: "acquire or take_over",
        }),
    }
}

fn compression(value: &str) -> Result<Compression, OptionError> {
    match value {
        "none" => Ok(Compression::None),
        "lz4" => Ok(Compression::Lz4),
        _ => Err(OptionError::Value {
            name: "compress",
            value: value.into(),
            expected: "none or lz4",
        }),
    }
}

/// A key is not repeated in errors, which go to a log.
fn key(value: &str) -> Result<Key, OptionError> {
    Key::from_hex(value).ok_or(OptionError::Value {
        name: "key",
        value: "...".into(),
        expected: "64 hexadecimal digits",
    })
}

fn stdin_use(value: &str) -> Result<StdinUse, OptionError> {
    match value {
        "none" => Ok(StdinUse::None),
        "console" => Ok(StdinUse::Console),
        _ => Err(OptionError::Value {
            name: "stdin",
            value: value.into(),
            expected: "none or console",
        }),
    }
}

fn precompiled_use(value: &str) -> Result<PrecompiledUse, OptionError> {
    match value {
        "ignore" => Ok(PrecompiledUse::Ignore),
        "trust" => Ok(PrecompiledUse::Trust),
        _ => Err(OptionError::Value {
            name: "precompiled",
            value: value.into(),
            expected: "ignore or trust",
        }),
    }
}

fn whole(name: &'static str, value: &str) -> Result<u64, OptionError> {
    value.parse().map_err(|_| OptionError::Value {
        name,
        value: value.into(),
        expected: "a number from 0 to 18446744073709551615",
    })
}

fn log_level(value: &str) -> Result<LogLevel, OptionError> {
    match value {
        "quiet" => Ok(LogLevel::Quiet),
        "info" => Ok(LogLevel::Info),
        _ => Err(OptionError::Value {
            name: "log",
            value: value.into(),
            expected: "quiet or info",
        }),
    }
}
