//! Integer arrays: sorting and sieving.

use crate::random::{Random, mix};

/// Sorts `size` numbers.
pub fn quicksort(size: u32) -> u64 {
    let mut random = Random::new(5);
    let mut numbers: Vec<u32> = (0..size).map(|_| random.bits() as u32).collect();
    sort(&mut numbers);
    let indexed = numbers.iter().step_by(97);
    indexed.fold(size.into(), |sum, &number| mix(sum, number.into()))
}

/// Hoare's partition, recursing into the smaller part.
fn sort(mut numbers: &mut [u32]) {
    while numbers.len() > 12 {
        let pivot = median(
            numbers[0],
            numbers[numbers.len() / 2],
            numbers[numbers.len() - 1],
        );
        let (mut low, mut high) = (0, numbers.len() - 1);
        loop {
            while numbers[low] < pivot {
                low += 1;
            }
            while numbers[high] > pivot {
                high -= 1;
            }
            if low >= high {
                break;
            }
            numbers.swap(low, high);
            low += 1;
            high -= 1;
        }
        let (left, right) = numbers.split_at_mut(low);
        if left.len() < right.len() {
            sort(left);
            numbers = right;
        } else {
            sort(right);
            numbers = left;
        }
    }
    for sorted in 1..numbers.len() {
        let mut at = sorted;
        while at > 0 && numbers[at - 1] > numbers[at] {
            numbers.swap(at - 1, at);
            at -= 1;
        }
    }
}

fn median(a: u32, b: u32, c: u32) -> u32 {
    a.max(b).min(a.min(b).max(c))
}

/// Sums the primes below `size` (Eratosthenes).
pub fn sieve(size: u32) -> u64 {
    let mut is_composite = vec![false; size as usize];
    let mut sum = u64::from(size);
    for number in 2..size as usize {
        if is_composite[number] {
            continue;
        }
        sum += number as u64;
        // All smaller multiples have a smaller factor; the square may be too large for a usize.
        let square = number.saturating_mul(number);
        for multiple in (square..size as usize).step_by(number) {
            is_composite[multiple] = true;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quicksort_sorts() {
        let mut random = Random::new(1);
        for length in [0, 1, 2, 13, 100, 1000] {
            let mut numbers: Vec<u32> = (0..length).map(|_| random.below(50)).collect();
            let mut expected = numbers.clone();
            expected.sort_unstable();
            sort(&mut numbers);
            assert_eq!(numbers, expected);
        }
    }

    #[test]
    fn sieve_finds_the_primes_below_30() {
        assert_eq!(sieve(30), 30 + 129);
    }
}
