//! The kernel's status lines.

use std::fmt;

/// What the kernel says of itself in a line that begins with `status`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// The program was resumed from this checkpoint.
    Thawed(u64),
    /// This checkpoint was written, and the program goes on.
    Checkpointed(u64),
    /// This checkpoint was written, and the machine powers off.
    Frozen(u64),
    /// The program's entry returned.
    Returned,
    /// The program called `proc_exit`.
    Exited(u32),
    /// The program trapped.
    Trapped(TrapStatus),
    /// The program had ended in an earlier boot, with this status.
    EndedBefore(i32),
    /// Another machine has taken the disk's lease over.
    Fenced,
    /// The kernel could not do what it should.
    Failed(String),
    /// The kernel panicked.
    Panicked,
}

/// What the kernel says of a checkpoint that it has written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckpointFigures {
    /// Its number.
    pub number: u64,
    /// How long the program stopped for it to begin.
    pub pause_us: u64,
    /// How long it stopped at most after that.
    pub stop_us: u64,
    /// How long it took to be durable.
    pub total_us: u64,
    /// Pages that had changed.
    pub pages: u64,
    /// How often the program waited for spare pages.
    pub waits: u64,
    /// Bytes that were written.
    pub bytes: u64,
    /// Bytes of what is not memory, which were due with the pages.
    pub metadata: u64,
}

impl CheckpointFigures {
    /// Those of all checkpoints in a log.
    pub fn parse_log(log: &str) -> Vec<Self> {
        let lines = log.lines();
        let fields = lines.filter_map(|line| line.strip_prefix("status checkpointed "));
        fields.filter_map(Self::parse).collect()
    }

    fn parse(fields: &str) -> Option<Self> {
        let number = |name| field(fields, name)?.parse().ok();
        Some(Self {
            number: number("checkpoint")?,
            pause_us: number("pause_us")?,
            stop_us: number("stop_us")?,
            total_us: number("total_us")?,
            pages: number("pages")?,
            waits: number("waits")?,
            bytes: number("bytes")?,
            metadata: number("metadata")?,
        })
    }
}

/// What the kernel says of a checkpoint that it has resumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThawFigures {
    /// Its number.
    pub number: u64,
    /// How long it took from finding the checkpoint to the program's next instruction.
    pub thaw_us: u64,
    /// Pages that were read in this time.
    pub read: u64,
    /// Pages that were not.
    pub withheld: u64,
}

impl ThawFigures {
    /// Those in a log, if there was a checkpoint.
    pub fn parse_log(log: &str) -> Option<Self> {
        let mut lines = log.lines();
        let fields = lines.find_map(|line| line.strip_prefix("status thawed "))?;
        let number = |name| field(fields, name)?.parse().ok();
        Some(Self {
            number: number("checkpoint")?,
            thaw_us: number("thaw_us")?,
            read: number("read")?,
            withheld: number("withheld")?,
        })
    }
}

/// A trap: where and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrapStatus {
    /// Function index of the innermost frame.
    pub function: u32,
    /// Offset of its instruction in the module's file.
    pub offset: usize,
    /// The spec's message.
    pub reason: String,
}

impl Status {
    /// All status lines in a log. Lines that are not whole are passed over.
    pub fn parse_log(log: &str) -> Vec<Self> {
        log.lines().filter_map(Self::parse_line).collect()
    }

    fn parse_line(line: &str) -> Option<Self> {
        let rest = line.strip_prefix("status ")?;
        if let Some(message) = rest.strip_prefix("failed: ") {
            return Some(Self::Failed(message.to_owned()));
        }
        if rest.starts_with("fenced: ") {
            return Some(Self::Fenced);
        }
        let (word, fields) = rest.split_once(' ').unwrap_or((rest, ""));
        match word {
            "thawed" => Some(Self::Thawed(field(fields, "checkpoint")?.parse().ok()?)),
            "checkpointed" => {
                let number = field(fields, "checkpoint")?;
                Some(Self::Checkpointed(number.parse().ok()?))
            }
            "frozen" => Some(Self::Frozen(field(fields, "checkpoint")?.parse().ok()?)),
            "returned" => Some(Self::Returned),
            "exited" => Some(Self::Exited(
                field(fields, "code")?.parse::<i32>().ok()? as u32
            )),
            "trapped" => parse_trap(fields).map(Self::Trapped),
            "ended-before" => Some(Self::EndedBefore(field(fields, "code")?.parse().ok()?)),
            "panicked" => Some(Self::Panicked),
            _ => None,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Thawed(number) => write!(f, "thawed from checkpoint {number}"),
            Self::Checkpointed(number) => write!(f, "wrote checkpoint {number}"),
            Self::Frozen(number) => write!(f, "frozen in checkpoint {number}"),
            Self::Returned => write!(f, "exit status 0"),
            Self::Exited(code) => write!(f, "exit status {code}"),
            Self::Trapped(trap) => {
                let TrapStatus {
                    function,
                    offset,
                    reason,
                } = trap;
                write!(f, "trap in function {function} at {offset:#x}: {reason}")
            }
            Self::EndedBefore(code) => write!(f, "ended before with status {code}"),
            Self::Fenced => write!(f, "stopped, another machine has the lease"),
            Self::Failed(message) => write!(f, "failed: {message}"),
            Self::Panicked => write!(f, "kernel panic"),
        }
    }
}

fn parse_trap(fields: &str) -> Option<TrapStatus> {
    let offset = field(fields, "offset")?.strip_prefix("0x")?;
    let (_, reason) = fields.split_once("reason=")?;
    Some(TrapStatus {
        function: field(fields, "function")?.parse().ok()?,
        offset: usize::from_str_radix(offset, 16).ok()?,
        reason: reason.to_owned(),
    })
}

/// The value of `name=value` among words.
fn field<'a>(fields: &'a str, name: &str) -> Option<&'a str> {
    fields.split(' ').find_map(|word| {
        let value = word.strip_prefix(name)?;
        value.strip_prefix('=')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_lines_are_found_among_others() {
        let log = "woodfrog kernel\nstatus thawed checkpoint=3\nwasm trap: x\n\
                   status trapped code=134 function=7 offset=0x1f reason=integer divide by zero\n";
        let trap = TrapStatus {
            function: 7,
            offset: 0x1f,
            reason: "integer divide by zero".to_owned(),
        };
        assert_eq!(
            Status::parse_log(log),
            [Status::Thawed(3), Status::Trapped(trap)]
        );
    }

    #[test]
    fn a_line_that_was_cut_is_no_status() {
        assert_eq!(Status::parse_log("status thawed checkp"), []);
        assert_eq!(Status::parse_log("status frozen"), []);
    }
}
