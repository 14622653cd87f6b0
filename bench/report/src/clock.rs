//! The clock that everything but latencies is measured with: processor time of this process.
//!
//! While other programs have the processor, it stands still, so figures hold on a machine
//! that is shared. Engines that compile on a thread of their own are counted as well.

#![expect(unsafe_code, reason = "std has no processor time")]

use std::time::Duration;

/// Processor time that this process has used.
pub fn processor_time() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the pointer is that of a timespec.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    assert_eq!(result, 0, "Linux has this clock");
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn it_goes_on_while_there_is_work_to_do() {
        let (start, wall) = (processor_time(), Instant::now());
        while wall.elapsed() < Duration::from_millis(20) {}
        assert!(processor_time() > start);
    }
}
