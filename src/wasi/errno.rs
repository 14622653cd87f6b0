//! Error numbers of WASI preview 1.

/// An error number, as a preview 1 call returns it (`witx` type `errno`): all
/// but success, which is no error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[repr(u16)]
pub enum Errno {
    /// Argument list too long.
    #[error("argument list too long")]
    TooBig = 1,
    /// Permission denied.
    #[error("permission denied")]
    Access = 2,
    /// Address in use.
    #[error("address in use")]
    AddressInUse = 3,
    /// Address not available.
    #[error("address not available")]
    AddressNotAvailable = 4,
    /// Address family not supported.
    #[error("address family not supported")]
    AddressFamily = 5,
    /// Resource unavailable, try again.
    #[error("resource unavailable, try again")]
    Again = 6,
    /// Connection already in progress.
    #[error("connection already in progress")]
    Already = 7,
    /// Bad file descriptor.
    #[error("bad file descriptor")]
    BadFd = 8,
    /// Bad message.
    #[error("bad message")]
    BadMessage = 9,
    /// Device or resource busy.
    #[error("device or resource busy")]
    Busy = 10,
    /// Operation canceled.
    #[error("operation canceled")]
    Canceled = 11,
    /// No child processes.
    #[error("no child processes")]
    Child = 12,
    /// Connection aborted.
    #[error("connection aborted")]
    ConnectionAborted = 13,
    /// Connection refused.
    #[error("connection refused")]
    ConnectionRefused = 14,
    /// Connection reset.
    #[error("connection reset")]
    ConnectionReset = 15,
    /// Resource deadlock would occur.
    #[error("resource deadlock would occur")]
    Deadlock = 16,
    /// Destination address required.
    #[error("destination address required")]
    DestinationRequired = 17,
    /// Argument out of domain of function.
    #[error("argument out of domain of function")]
    Domain = 18,
    /// Disk quota exceeded.
    #[error("disk quota exceeded")]
    Quota = 19,
    /// File exists.
    #[error("file exists")]
    Exists = 20,
    /// Bad address.
    #[error("bad address")]
    Fault = 21,
    /// File too large.
    #[error("file too large")]
    FileTooLarge = 22,
    /// Host is unreachable.
    #[error("host is unreachable")]
    HostUnreachable = 23,
    /// Identifier removed.
    #[error("identifier removed")]
    Identifier = 24,
    /// Illegal byte sequence.
    #[error("illegal byte sequence")]
    IllegalSequence = 25,
    /// Operation in progress.
    #[error("operation in progress")]
    InProgress = 26,
    /// Interrupted function.
    #[error("interrupted function")]
    Interrupted = 27,
    /// Invalid argument.
    #[error("invalid argument")]
    Invalid = 28,
    /// Input or output error.
    #[error("input or output error")]
    Io = 29,
    /// Socket is connected.
    #[error("socket is connected")]
    IsConnected = 30,
    /// Is a directory.
    #[error("is a directory")]
    IsDirectory = 31,
    /// Too many levels of symbolic links.
    #[error("too many levels of symbolic links")]
    Loop = 32,
    /// File descriptor value too large.
    #[error("file descriptor value too large")]
    TooManyFiles = 33,
    /// Too many links.
    #[error("too many links")]
    TooManyLinks = 34,
    /// Message too large.
    #[error("message too large")]
    MessageSize = 35,
    /// Multihop attempted.
    #[error("multihop attempted")]
    Multihop = 36,
    /// Filename too long.
    #[error("filename too long")]
    NameTooLong = 37,
    /// Network is down.
    #[error("network is down")]
    NetworkDown = 38,
    /// Connection aborted by network.
    #[error("connection aborted by network")]
    NetworkReset = 39,
    /// Network unreachable.
    #[error("network unreachable")]
    NetworkUnreachable = 40,
    /// Too many files open in system.
    #[error("too many files open in system")]
    TooManyFilesInSystem = 41,
    /// No buffer space available.
    #[error("no buffer space available")]
    NoBuffers = 42,
    /// No such device.
    #[error("no such device")]
    NoDevice = 43,
    /// No such file or directory.
    #[error("no such file or directory")]
    NoEntry = 44,
    /// Executable file format error.
    #[error("executable file format error")]
    NoExec = 45,
    /// No locks available.
    #[error("no locks available")]
    NoLock = 46,
    /// Link has been severed.
    #[error("link has been severed")]
    NoLink = 47,
    /// Not enough space.
    #[error("not enough space")]
    NoMemory = 48,
    /// No message of the desired type.
    #[error("no message of the desired type")]
    NoMessage = 49,
    /// Protocol not available.
    #[error("protocol not available")]
    NoProtocolOption = 50,
    /// No space left on device.
    #[error("no space left on device")]
    NoSpace = 51,
    /// Function not implemented.
    #[error("function not implemented")]
    NotImplemented = 52,
    /// The socket is not connected.
    #[error("the socket is not connected")]
    NotConnected = 53,
    /// Not a directory.
    #[error("not a directory")]
    NotDirectory = 54,
    /// Directory not empty.
    #[error("directory not empty")]
    NotEmpty = 55,
    /// State not recoverable.
    #[error("state not recoverable")]
    NotRecoverable = 56,
    /// Not a socket.
    #[error("not a socket")]
    NotSocket = 57,
    /// Not supported.
    #[error("not supported")]
    NotSupported = 58,
    /// Inappropriate input or output control operation.
    #[error("inappropriate input or output control operation")]
    NotTerminal = 59,
    /// No such device or address.
    #[error("no such device or address")]
    NoSuchDevice = 60,
    /// Value too large to be stored in data type.
    #[error("value too large to be stored in data type")]
    Overflow = 61,
    /// Previous owner died.
    #[error("previous owner died")]
    OwnerDead = 62,
    /// Operation not permitted.
    #[error("operation not permitted")]
    NotPermitted = 63,
    /// Broken pipe.
    #[error("broken pipe")]
    Pipe = 64,
    /// Protocol error.
    #[error("protocol error")]
    Protocol = 65,
    /// Protocol not supported.
    #[error("protocol not supported")]
    ProtocolNotSupported = 66,
    /// Protocol wrong type for socket.
    #[error("protocol wrong type for socket")]
    ProtocolType = 67,
    /// Result too large.
    #[error("result too large")]
    Range = 68,
    /// Read-only file system.
    #[error("read-only file system")]
    ReadOnly = 69,
    /// Invalid seek.
    #[error("invalid seek")]
    NoSeek = 70,
    /// No such process.
    #[error("no such process")]
    NoProcess = 71,
    /// Reference is stale.
    #[error("reference is stale")]
    Stale = 72,
    /// Connection timed out.
    #[error("connection timed out")]
    TimedOut = 73,
    /// Text file busy.
    #[error("text file busy")]
    TextBusy = 74,
    /// Cross-device link.
    #[error("cross-device link")]
    CrossDevice = 75,
    /// Capabilities insufficient.
    #[error("capabilities insufficient")]
    NotCapable = 76,
}
