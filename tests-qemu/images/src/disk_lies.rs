//! A disk that lies about itself, or about what it has done, is an error and no more: here the
//! device is a few lines of the test, which the driver takes for one.
#![cfg_attr(target_os = "none", no_std, no_main)]
#![cfg_attr(
    target_os = "none",
    expect(unsafe_code, reason = "is a device, which gets addresses in memory")
)]

#[cfg(target_os = "none")]
mod image {
    extern crate alloc;

    use alloc::string::ToString;
    use alloc::vec;
    use virtio_drivers::transport::{DeviceStatus, DeviceType, InterruptStatus, Transport};
    use virtio_drivers::{PhysAddr, Result};
    use woodfrog::checkpoint::{BlockDevice, DeviceError};
    use woodfrog_boot::drivers::{RequestError, VirtioDisk};
    use woodfrog_boot::{Machine, Status, info};
    use zerocopy::{FromBytes, Immutable, IntoBytes};

    woodfrog_boot::entry!(main);

    /// What the device does wrong.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Lie {
        Nothing,
        /// A word of its configuration, by its offset.
        Word(usize, u32),
        Legacy,
        Refuses,
        Queue(u32),
        /// Completes a request as so many bytes.
        Length(u32),
        Status(Option<u8>),
        /// Completes another request.
        Other(u32),
        /// Completes each request twice.
        Twice,
    }

    /// Features: all that the driver takes, but chains that are kept elsewhere.
    const FEATURES: u64 = 1 << 1 | 1 << 2 | 1 << 6 | 1 << 9 | 1 << 32;
    const QUEUE_SIZE: u16 = 128;
    /// A descriptor's flags: another one follows, the device writes.
    const NEXT: u16 = 1;
    const WRITE: u16 = 2;
    /// What is on the disk.
    const CONTENT: u8 = 0x5a;

    struct Device {
        lie: Lie,
        status: DeviceStatus,
        /// Addresses of descriptors, of what is available, and of what is used.
        queue: [usize; 3],
        taken: u16,
        used: u16,
    }

    impl Device {
        fn new(lie: Lie) -> Self {
            Self {
                lie,
                status: DeviceStatus::empty(),
                queue: [0; 3],
                taken: 0,
                used: 0,
            }
        }

        fn read<T>(address: usize) -> T {
            let pointer: *const T = core::ptr::with_exposed_provenance(address);
            // SAFETY: the driver's memory, which is mapped onto itself.
            unsafe { pointer.read_volatile() }
        }

        fn write<T>(address: usize, value: T) {
            let pointer: *mut T = core::ptr::with_exposed_provenance_mut(address);
            // SAFETY: as above.
            unsafe { pointer.write_volatile(value) };
        }

        /// Does what it is asked to, more or less.
        fn serve(&mut self) {
            let [_, available, _] = self.queue;
            while self.taken != Self::read::<u16>(available + 2) {
                let slot = usize::from(self.taken % QUEUE_SIZE);
                let head = Self::read::<u16>(available + 4 + 2 * slot);
                self.taken = self.taken.wrapping_add(1);
                let written = self.fill(head);
                let length = match self.lie {
                    Lie::Length(length) => length,
                    _ => written,
                };
                let id = match self.lie {
                    Lie::Other(distance) => u32::from(head).wrapping_add(distance),
                    _ => u32::from(head),
                };
                self.complete(id, length);
                if self.lie == Lie::Twice {
                    self.complete(id, length);
                }
            }
        }

        /// Writes what a chain asks for, and returns how much.
        fn fill(&self, head: u16) -> u32 {
            let (mut index, mut written) = (head, 0);
            loop {
                let descriptor = self.queue[0] + 16 * usize::from(index);
                let address = Self::read::<u64>(descriptor) as usize;
                let length = Self::read::<u32>(descriptor + 8);
                let flags = Self::read::<u16>(descriptor + 12);
                index = Self::read::<u16>(descriptor + 14);
                let is_last = flags & NEXT == 0;
                let byte = match self.lie {
                    Lie::Status(status) if is_last => status,
                    _ if is_last => Some(0),
                    _ => Some(CONTENT),
                };
                if let Some(byte) = byte.filter(|_| flags & WRITE != 0) {
                    for offset in 0..length as usize {
                        Self::write(address + offset, byte);
                    }
                    written += length;
                }
                if is_last {
                    return written;
                }
            }
        }

        fn complete(&mut self, id: u32, length: u32) {
            let [_, _, used] = self.queue;
            let entry = used + 4 + 8 * usize::from(self.used % QUEUE_SIZE);
            Self::write(entry, id);
            Self::write(entry + 4, length);
            self.used = self.used.wrapping_add(1);
            Self::write(used + 2, self.used);
        }
    }

    impl Transport for Device {
        fn device_type(&self) -> DeviceType {
            DeviceType::Block
        }

        fn read_device_features(&mut self) -> u64 {
            match self.lie {
                Lie::Legacy => 0,
                _ => FEATURES,
            }
        }

        fn write_driver_features(&mut self, features: u64) {
            assert_eq!(features & !FEATURES, 0);
        }

        fn max_queue_size(&mut self, _queue: u16) -> u32 {
            match self.lie {
                Lie::Queue(size) => size,
                _ => u32::from(QUEUE_SIZE),
            }
        }

        fn notify(&mut self, _queue: u16) {
            self.serve();
        }

        fn get_status(&self) -> DeviceStatus {
            match self.lie {
                Lie::Refuses => self.status - DeviceStatus::FEATURES_OK,
                _ => self.status,
            }
        }

        fn set_status(&mut self, status: DeviceStatus) {
            self.status = status;
        }

        fn set_guest_page_size(&mut self, _size: u32) {}

        fn requires_legacy_layout(&self) -> bool {
            false
        }

        fn queue_set(
            &mut self,
            _queue: u16,
            size: u32,
            descriptors: PhysAddr,
            driver_area: PhysAddr,
            device_area: PhysAddr,
        ) {
            assert_eq!(size, u32::from(QUEUE_SIZE));
            self.queue = [descriptors, driver_area, device_area].map(|address| address as usize);
        }

        fn queue_unset(&mut self, _queue: u16) {}

        fn queue_used(&mut self, _queue: u16) -> bool {
            false
        }

        fn ack_interrupt(&mut self) -> InterruptStatus {
            InterruptStatus::empty()
        }

        fn read_config_generation(&self) -> u32 {
            0
        }

        fn read_config_space<T: FromBytes + IntoBytes>(&self, offset: usize) -> Result<T> {
            let word: u32 = match (self.lie, offset) {
                (Lie::Word(place, word), _) if place == offset => word,
                // Sectors, bytes of a segment, segments, bytes of a block.
                (_, 0) => 1000,
                (_, 8) => 65536,
                (_, 12) => 16,
                (_, 20) => 512,
                _ => 0,
            };
            Ok(T::read_from_bytes(&word.to_le_bytes()).expect("a word"))
        }

        fn write_config_space<T: IntoBytes + Immutable>(
            &mut self,
            _offset: usize,
            _value: T,
        ) -> Result<()> {
            Ok(())
        }
    }

    fn main(_machine: Machine) -> Status {
        an_honest_device_works();
        claims_that_cannot_be_are_refused();
        completions_that_cannot_be_are_errors();
        Status::Finished
    }

    fn an_honest_device_works() {
        let mut disk = VirtioDisk::with_transport(Device::new(Lie::Nothing)).expect("a disk");
        assert_eq!((disk.block_size(), disk.block_count()), (512, 1000));
        let mut buffer = vec![0; 300 << 10];
        assert_eq!(disk.read_blocks(1, &mut buffer), Ok(()));
        assert!(buffer.iter().all(|&byte| byte == CONTENT));
        assert_eq!(disk.write_blocks(1, &buffer), Ok(()));
        assert_eq!(disk.flush(), Ok(()));
        let large = Device::new(Lie::Word(20, 4096));
        let disk = VirtioDisk::with_transport(large).expect("a disk");
        assert_eq!((disk.block_size(), disk.block_count()), (4096, 125));
    }

    fn claims_that_cannot_be_are_refused() {
        let claims = [
            (
                Lie::Word(4, 1 << 24),
                "claims a capacity of 72057594037928936",
            ),
            (Lie::Word(8, 511), "claims a segment size of 511"),
            (Lie::Word(8, 0), "claims a segment size of 0"),
            (Lie::Word(12, 0), "claims a number of segments of 0"),
            (Lie::Word(20, 0), "claims a block size of 0"),
            (Lie::Word(20, 513), "claims a block size of 513"),
            (Lie::Word(20, 1 << 17), "claims a block size of 131072"),
            (Lie::Legacy, "is not one of virtio 1.0 or later"),
            (Lie::Refuses, "is not one of virtio 1.0 or later"),
            (Lie::Queue(64), "has a queue of 64, at least 128 are needed"),
            (Lie::Queue(0), "has a queue of 0, at least 128 are needed"),
        ];
        for (lie, message) in claims {
            let refused = VirtioDisk::with_transport(Device::new(lie)).err();
            let refused = refused.expect("refused").to_string();
            assert!(refused.ends_with(message), "{lie:?}: {refused}");
        }
        info!("claims that cannot be were refused");
    }

    fn completions_that_cannot_be_are_errors() {
        let ok = Ok(());
        let failed = |error: RequestError| Err(DeviceError::from(error));
        let completions = [
            // How reading fails, then writing.
            (Lie::Length(1), failed(RequestError::Short), ok),
            (Lie::Length(0), failed(RequestError::Short), ok),
            (Lie::Length(u32::MAX), ok, ok),
            (
                Lie::Status(None),
                failed(RequestError::NoStatus),
                failed(RequestError::NoStatus),
            ),
            (
                Lie::Status(Some(7)),
                failed(RequestError::NoStatus),
                failed(RequestError::NoStatus),
            ),
            (
                Lie::Status(Some(1)),
                failed(RequestError::Io),
                failed(RequestError::Io),
            ),
            (
                Lie::Status(Some(2)),
                failed(RequestError::Unsupported),
                failed(RequestError::Unsupported),
            ),
            (
                Lie::Other(1),
                failed(RequestError::UnknownRequest),
                failed(RequestError::GivenUp),
            ),
            (
                Lie::Other(1000),
                failed(RequestError::UnknownRequest),
                failed(RequestError::GivenUp),
            ),
            (Lie::Twice, ok, failed(RequestError::GivenUp)),
        ];
        for (lie, reading, writing) in completions {
            let mut disk = VirtioDisk::with_transport(Device::new(lie)).expect("a disk");
            let mut buffer = vec![0; 4096];
            assert_eq!(disk.read_blocks(0, &mut buffer), reading, "{lie:?}");
            assert_eq!(disk.write_blocks(0, &buffer), writing, "{lie:?}");
            let started = disk.start_writes(vec![(0, buffer)]);
            let finished = started.and_then(|started| disk.finish_writes(started));
            assert_eq!(finished, writing, "{lie:?}");
        }
        info!("completions that cannot be were errors");
    }
}

#[cfg(not(target_os = "none"))]
include!("hosted.rs");
