//! Error numbers of WASI preview 1.

/// An error number, as a preview 1 call returns it (`witx` type `errno`). Those
/// that this host and its embedders use; success is no error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[repr(u16)]
pub enum Errno {
    /// The resource is busy for now.
    #[error("resource unavailable, try again")]
    Again = 6,
    /// No such descriptor, or it is closed.
    #[error("bad file descriptor")]
    BadFd = 8,
    /// A guest pointer is out of bounds.
    #[error("bad address")]
    Fault = 21,
    /// An argument has no meaning.
    #[error("invalid argument")]
    Invalid = 28,
    /// The device failed.
    #[error("input or output error")]
    Io = 29,
    /// The disk behind a stream is full.
    #[error("no space left on device")]
    NoSpace = 51,
    /// The call is not implemented.
    #[error("function not implemented")]
    NotImplemented = 52,
    /// Nobody reads the stream any more.
    #[error("broken pipe")]
    Pipe = 64,
    /// The descriptor cannot seek.
    #[error("invalid seek")]
    NoSeek = 70,
}
