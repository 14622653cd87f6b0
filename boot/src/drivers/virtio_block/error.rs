//! How the device can fail.

use virtio_drivers::Error;
use virtio_drivers::transport::pci::VirtioPciError;
use woodfrog::checkpoint::DeviceError;

/// Why there is no disk.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// There is no virtio block device.
    #[error("no virtio block device")]
    NotFound,
    /// The PCI device is not one of virtio 1.0 or later.
    #[error("the virtio block device cannot be used: {0}")]
    Pci(VirtioPciError),
    /// The device is one from before virtio 1.0, or does not take what the driver can.
    #[error("the virtio block device is not one of virtio 1.0 or later")]
    Legacy,
    /// The device did not start.
    #[error("the virtio block device does not start: {0}")]
    Start(Error),
    /// The device's queue is too small.
    #[error("the virtio block device has a queue of {size}, at least {needed} are needed")]
    SmallQueue {
        /// How many descriptors it has.
        size: u32,
        /// How many the driver uses.
        needed: u32,
    },
    /// The device claims what cannot be.
    #[error("the virtio block device claims a {what} of {value}")]
    Nonsense {
        /// Which field of its configuration.
        what: &'static str,
        /// What it says.
        value: u64,
    },
}

/// Why a request failed: the code in [`DeviceError::Failed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum RequestError {
    /// The device says that it could not do it (VIRTIO_BLK_S_IOERR).
    Io = 1,
    /// The device does not know this kind of request (VIRTIO_BLK_S_UNSUPP).
    Unsupported = 2,
    /// The device says that it is done, but has set no status.
    NoStatus = 3,
    /// The device has read less than it was asked to.
    Short = 4,
    /// The device has completed a request that was not made. It is given up.
    UnknownRequest = 5,
    /// The device has completed nothing for a minute. It is given up.
    NoAnswer = 6,
    /// The device was given up before.
    GivenUp = 7,
    /// A guest's page is not there.
    NotMapped = 8,
    /// No whole block fits into the few pieces that the device takes at once.
    TooScattered = 9,
    /// The device is read-only.
    ReadOnly = 10,
    /// The driver crate refused the request.
    Queue = 11,
}

impl From<RequestError> for DeviceError {
    fn from(error: RequestError) -> Self {
        Self::Failed { code: error as i32 }
    }
}
