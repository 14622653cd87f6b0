//! Cuts of tracked memory give exactly what was written to, as it was at the cut.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod image {
    extern crate alloc;

    use alloc::sync::Arc;
    use woodfrog::platform::Platform;
    use woodfrog_boot::mm::frames::Frames;
    use woodfrog_boot::{Machine, Status, info};
    use woodfrog_suite::tracking;

    woodfrog_boot::entry!(main);

    fn main(machine: Machine) -> Status {
        let platform: Arc<dyn Platform> = machine.platform;
        // What the platform keeps for good, it has after the first time.
        let [free_before, free] = [(); 2].map(|()| {
            let due_count = tracking::check(&platform);
            info!("{due_count} pages were due");
            Frames.free_bytes()
        });
        assert_eq!(free, free_before, "frames are lost");
        Status::Finished
    }
}

#[cfg(not(target_os = "none"))]
include!("hosted.rs");
