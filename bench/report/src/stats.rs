//! Medians, percentiles and means.

use std::time::Duration;

/// The median; of an even number of values, the lower middle one.
///
/// # Panics
///
/// Panics if there are no values.
pub fn median(values: Vec<Duration>) -> Duration {
    percentile(values, 50)
}

/// The least value that at least `percent` of the values do not exceed.
///
/// # Panics
///
/// Panics if there are no values.
pub fn percentile(mut values: Vec<Duration>, percent: usize) -> Duration {
    assert!(!values.is_empty(), "nothing was measured");
    values.sort_unstable();
    let rank = (values.len() * percent).div_ceil(100);
    values[rank.clamp(1, values.len()) - 1]
}

/// The geometric mean; none of no values.
pub fn geometric_mean(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.into_iter().fold((0.0, 0u32), |(sum, count), value| {
        (sum + value.ln(), count + 1)
    });
    (count > 0).then(|| f64::exp(sum / f64::from(count)))
}

/// The greatest value.
pub fn greatest(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    values.into_iter().reduce(f64::max)
}

/// The least value.
pub fn least(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    values.into_iter().reduce(f64::min)
}

/// How many times as long `time` is as `floor`.
pub fn ratio(time: Duration, floor: Duration) -> f64 {
    time.as_secs_f64() / floor.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(values: &[u64]) -> Vec<Duration> {
        values.iter().map(|&n| Duration::from_nanos(n)).collect()
    }

    #[test]
    fn the_median_is_a_middle_value() {
        assert_eq!(median(times(&[9, 1, 5])).as_nanos(), 5);
        assert_eq!(median(times(&[4, 9, 1, 5])).as_nanos(), 4);
    }

    #[test]
    fn a_percentile_is_the_least_value_that_so_many_do_not_exceed() {
        let values: Vec<u64> = (1..=1000).rev().collect();
        assert_eq!(percentile(times(&values), 99).as_nanos(), 990);
        assert_eq!(percentile(times(&values), 100).as_nanos(), 1000);
        assert_eq!(percentile(times(&values), 0).as_nanos(), 1);
        assert_eq!(percentile(times(&[7]), 99).as_nanos(), 7);
    }

    #[test]
    fn the_geometric_mean_of_a_number_and_its_inverse_is_one() {
        let mean = geometric_mean([4.0, 0.25]).unwrap();
        assert!((mean - 1.0).abs() < 1e-12);
        assert_eq!(geometric_mean([]), None);
    }

    #[test]
    fn extremes_of_nothing_are_nothing() {
        assert_eq!((greatest([]), least([])), (None, None));
        assert_eq!(
            (greatest([1.0, 3.0, 2.0]), least([2.0, 1.0])),
            (Some(3.0), Some(1.0))
        );
    }

    #[test]
    fn ratios_are_of_times() {
        let ratio = ratio(Duration::from_millis(30), Duration::from_millis(20));
        assert!((ratio - 1.5).abs() < 1e-12);
    }
}
