//! A guest that works for some seconds: it renders the Mandelbrot set, finds
//! primes, and prints as it goes.
//!
//! Usage: `fractal [SIZE] [STATUS]`. SIZE (default 1000) scales the work, which
//! grows with its square; STATUS (default 0) is the exit status. The last line
//! is a SHA-256 of everything computed. The output depends on the arguments
//! alone, so that runs can be compared; with `TIMING` in the environment it
//! also tells the time it took, on standard error.

mod mandelbrot;
mod primes;
mod sha256;

use sha256::Sha256;
use std::process::ExitCode;
use std::time::Instant;

const DEFAULT_SIZE: u32 = 1000;
const MAX_SIZE: u32 = 20_000;
const PICTURE_ROWS: u32 = 24;
const PICTURE_COLUMNS: u32 = 64;
const PRIME_STEPS: u32 = 16;

fn main() -> ExitCode {
    let start = Instant::now();
    let mut args = std::env::args().skip(1);
    let size = number(args.next(), DEFAULT_SIZE).clamp(PICTURE_COLUMNS, MAX_SIZE);
    let status = number(args.next(), 0);

    let mut hash = Sha256::new();
    render(size, &mut hash);
    find_primes(size, &mut hash);
    let digest: String = hash
        .finish()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    println!("sha256 {digest}");

    if std::env::var_os("TIMING").is_some() {
        eprintln!("took {:.3} s", start.elapsed().as_secs_f64());
    }
    ExitCode::from(status as u8)
}

fn number(argument: Option<String>, default: u32) -> u32 {
    argument
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

/// Renders the picture, printing some of its rows in small.
fn render(size: u32, hash: &mut Sha256) {
    let mut next_row = 0;
    for y in 0..size {
        let times: Vec<u32> = mandelbrot::row(size, y).collect();
        for time in &times {
            hash.update(&time.to_le_bytes()[..2]);
        }
        if y * PICTURE_ROWS >= next_row * size {
            let column = |x: u32| times[(x * size / PICTURE_COLUMNS) as usize];
            let line: String = (0..PICTURE_COLUMNS)
                .map(|x| mandelbrot::shade(column(x)))
                .collect();
            next_row += 1;
            println!("{next_row:2}/{PICTURE_ROWS} |{line}|");
        }
    }
}

/// Finds the primes below `size` squared, checking a sieve by another method.
fn find_primes(size: u32, hash: &mut Sha256) {
    let bound = size * size;
    let sieve = primes::Sieve::new(bound);
    let (mut count, mut step) = (0, 1);
    for n in 2..bound {
        let prime = primes::is_prime(n);
        assert_eq!(
            prime,
            sieve.is_prime(n),
            "the two methods disagree about {n}"
        );
        count += u32::from(prime);
        if n >= bound / PRIME_STEPS * step && step < PRIME_STEPS {
            println!("{count:8} primes up to {n}");
            step += 1;
        }
    }
    for prime in sieve.primes() {
        hash.update(&prime.to_le_bytes());
    }
    println!("{count:8} primes below {bound}");
}
