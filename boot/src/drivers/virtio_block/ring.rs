//! Requests that the device has, by a virtqueue of the driver crate.
//!
//! A request is a chain of descriptors: a header, the pieces of memory, a status byte
//! (virtio 1.2, section 5.2.6). The device is not trusted to say which one it has completed:
//! it must be one that it has.

#![expect(unsafe_code, reason = "gives memory to a device, and takes it back")]

use super::error::{DiskError, RequestError};
use super::transfer::{Operation, Request};
use crate::drivers::dma::IdentityDma;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cell::UnsafeCell;
use virtio_drivers::queue::VirtQueue;
use virtio_drivers::transport::{DeviceStatus, Transport};

/// The only queue.
const QUEUE: u16 = 0;
/// Descriptors of the queue. A device must have that many.
const QUEUE_SIZE: usize = 128;
/// Most pieces of memory of a request, beside which a chain has two more: it is not longer than the
/// queue; and unless chains are kept elsewhere (VIRTIO_F_INDIRECT_DESC), several fit in.
pub(super) const fn max_segments(is_indirect: bool) -> usize {
    match is_indirect {
        true => QUEUE_SIZE - 2,
        false => QUEUE_SIZE / 4 - 2,
    }
}
/// Most requests that the device has at once.
const DEPTH: usize = 32;

/// VIRTIO_BLK_T_IN, OUT and FLUSH.
const TYPE_READ: u32 = 0;
const TYPE_WRITE: u32 = 1;
const TYPE_FLUSH: u32 = 4;
/// VIRTIO_BLK_S_OK, IOERR and UNSUPP.
const STATUS_OK: u8 = 0;
const STATUS_UNSUPPORTED: u8 = 2;
const STATUS_IO_ERROR: u8 = 1;
/// No status of a device.
const STATUS_NONE: u8 = 0xff;

/// What the device reads and writes beside the data.
#[repr(C, align(8))]
struct Frame {
    header: [u8; 16],
    status: u8,
}

/// A request that the device is done with.
pub(super) struct Completed {
    /// The group that it belongs to.
    pub group: u64,
    /// How it went.
    pub result: Result<(), RequestError>,
}

/// The device's requests.
pub(super) struct Ring<T: Transport> {
    /// Dropped first, which resets the device: it uses no memory after that.
    transport: T,
    queue: Box<VirtQueue<IdentityDma, QUEUE_SIZE>>,
    frames: Box<[UnsafeCell<Frame>]>,
    /// What the device has, and by which token; by the number of the frame.
    requests: [Option<(u16, Request)>; DEPTH],
    /// Most pieces of memory of a request.
    max_segments: usize,
}

// SAFETY: frames are used through `&mut self` only, and by the device.
unsafe impl<T: Transport + Send> Send for Ring<T> {}

impl<T: Transport> Ring<T> {
    /// Sets the queue of a device up, which has its features, and lets it begin.
    pub(super) fn new(mut transport: T, is_indirect: bool) -> Result<Self, DiskError> {
        let (size, needed) = (transport.max_queue_size(QUEUE), QUEUE_SIZE as u32);
        if size < needed {
            return Err(DiskError::SmallQueue { size, needed });
        }
        let queue = VirtQueue::new(&mut transport, QUEUE, is_indirect, false);
        let queue = queue.map_err(DiskError::Start)?;
        let frame = |_| {
            UnsafeCell::new(Frame {
                header: [0; 16],
                status: STATUS_NONE,
            })
        };
        transport.finish_init();
        Ok(Self {
            transport,
            queue: Box::new(queue),
            frames: (0..DEPTH).map(frame).collect(),
            requests: [const { None }; DEPTH],
            max_segments: max_segments(is_indirect),
        })
    }

    /// Whether the device is to interrupt when it has completed something.
    pub(super) fn set_interrupts(&mut self, are_wanted: bool) {
        self.queue.set_dev_notify(are_wanted);
    }

    /// Tells the device that its interrupt has been seen, so that its line falls.
    pub(super) fn acknowledge(&mut self) {
        self.transport.ack_interrupt();
    }

    /// Whether the device has another request completed.
    pub(super) fn has_completed(&self) -> bool {
        self.queue.can_pop()
    }

    /// Whether the device has no request.
    pub(super) fn is_empty(&self) -> bool {
        self.requests.iter().all(Option::is_none)
    }

    /// Whether there is room for a request of as many pieces of memory as one may have.
    pub(super) fn has_room(&self) -> bool {
        self.requests.iter().any(Option::is_none)
            && self.queue.available_desc() >= self.max_segments + 2
    }

    /// Adds a request, of which [`Self::notify`] tells the device.
    ///
    /// # Safety
    ///
    /// Until [`Self::pop`] returns the request, or after a [`Self::reset`], its runs are valid
    /// to read; and if it reads from the device, to write, and nobody else uses them.
    ///
    /// # Panics
    ///
    /// Panics if there is no room.
    pub(super) unsafe fn add(&mut self, request: Request) -> Result<(), RequestError> {
        let index = self.requests.iter().position(Option::is_none);
        let index = index.expect("room for a request");
        let frame = self.frames[index].get();
        let kind = match request.operation {
            Operation::Read => TYPE_READ,
            Operation::Write => TYPE_WRITE,
            Operation::Flush => TYPE_FLUSH,
        };
        let mut header = [0; 16];
        header[..4].copy_from_slice(&kind.to_le_bytes());
        header[8..].copy_from_slice(&request.sector.to_le_bytes());
        let status = STATUS_NONE;
        // SAFETY: the device does not have this frame.
        unsafe { frame.write(Frame { header, status }) };
        // SAFETY: as above, and the runs are the caller's.
        let (inputs, mut outputs) = unsafe { buffers(frame, &request) };
        // SAFETY: they stay valid until `pop`: the frame is not used for another request,
        // the runs are the caller's.
        let token = unsafe { self.queue.add(&inputs, &mut outputs) };
        let token = token.map_err(|_| RequestError::Queue)?;
        self.requests[index] = Some((token, request));
        Ok(())
    }

    /// Tells the device of what was added.
    pub(super) fn notify(&mut self) {
        if self.queue.should_notify() {
            self.transport.notify(QUEUE);
        }
    }

    /// Takes a completed request out, and how it went; None if there is none. An error if what
    /// the device has completed is nothing that it had.
    pub(super) fn pop(&mut self) -> Result<Option<Completed>, RequestError> {
        let Some(token) = self.queue.peek_used() else {
            return Ok(None);
        };
        let is_it = |entry: &Option<(u16, Request)>| matches!(entry, Some((t, _)) if *t == token);
        let index = self.requests.iter().position(is_it);
        let index = index.ok_or(RequestError::UnknownRequest)?;
        let (_, request) = self.requests[index].take().expect("found");
        let frame = self.frames[index].get();
        // SAFETY: the frame is alive, and the runs are what the request was added with.
        let (inputs, mut outputs) = unsafe { buffers(frame, &request) };
        // SAFETY: as `add` had them for this token.
        let written = unsafe { self.queue.pop_used(token, &inputs, &mut outputs) };
        let written = written.map_err(|_| RequestError::Queue)?;
        // SAFETY: the device is done with the frame.
        let status = unsafe { (&raw const (*frame).status).read_volatile() };
        let read = match request.operation {
            Operation::Read => request.bytes,
            _ => 0,
        };
        let result = match status {
            STATUS_OK if (written as usize) < read => Err(RequestError::Short),
            STATUS_OK => Ok(()),
            STATUS_IO_ERROR => Err(RequestError::Io),
            STATUS_UNSUPPORTED => Err(RequestError::Unsupported),
            _ => Err(RequestError::NoStatus),
        };
        Ok(Some(Completed {
            group: request.group,
            result,
        }))
    }

    /// Takes everything from the device, and stops it for good.
    ///
    /// # Panics
    ///
    /// Panics if it does not stop: it might go on to write to memory that others use.
    pub(super) fn reset(&mut self) {
        const ATTEMPTS: u32 = 10_000_000;
        self.transport.set_status(DeviceStatus::empty());
        let is_stopped =
            (0..ATTEMPTS).any(|_| self.transport.get_status() == DeviceStatus::empty());
        assert!(is_stopped, "the disk cannot be stopped");
        self.requests = [const { None }; DEPTH];
    }
}

/// What the device reads for a request, and what it writes.
///
/// # Safety
///
/// The frame is the request's; the runs are valid to read, and to write if the device does.
unsafe fn buffers<'a>(frame: *mut Frame, request: &Request) -> (Vec<&'a [u8]>, Vec<&'a mut [u8]>) {
    // SAFETY: the caller's; header and status do not overlap.
    let header: &[u8] = unsafe { &(*frame).header };
    // SAFETY: as above.
    let status = unsafe { core::slice::from_mut(&mut (*frame).status) };
    let mut inputs = Vec::from([header]);
    let mut outputs: Vec<&mut [u8]> = Vec::new();
    for run in &request.runs {
        let start: *mut u8 = core::ptr::with_exposed_provenance_mut(run.start);
        // Memory is mapped onto itself, so a run's physical address is a pointer to it. No more
        // than its address is taken from it.
        match request.operation {
            Operation::Read => {
                // SAFETY: the caller's.
                outputs.push(unsafe { core::slice::from_raw_parts_mut(start, run.length) });
            }
            // SAFETY: the caller's.
            _ => inputs.push(unsafe { core::slice::from_raw_parts(start, run.length) }),
        }
    }
    outputs.push(status);
    (inputs, outputs)
}
