//! The Mandelbrot set, row by row: floating-point work.

/// How often a point is iterated before it counts as inside.
pub const MAX_ITERATIONS: u32 = 300;

/// Escape times of one row of a square picture of `size` rows.
pub fn row(size: u32, y: u32) -> impl Iterator<Item = u32> {
    let scale = 2.5 / f64::from(size);
    let imaginary = f64::from(y) * scale - 1.25;
    (0..size).map(move |x| escape_time(f64::from(x) * scale - 2.0, imaginary))
}

/// The character that stands for an escape time in the picture.
pub fn shade(time: u32) -> char {
    const SHADES: [char; 10] = [' ', '.', ':', '-', '=', '+', '*', '%', '#', '@'];
    if time == MAX_ITERATIONS {
        return SHADES[9];
    }
    SHADES[(time.ilog2() as usize).min(8)]
}

/// How many steps (at least 1) the point takes to leave the circle of radius 2.
fn escape_time(real: f64, imaginary: f64) -> u32 {
    let (mut x, mut y) = (0.0, 0.0);
    for step in 1..MAX_ITERATIONS {
        let (xx, yy) = (x * x, y * y);
        if xx + yy > 4.0 {
            return step;
        }
        y = 2.0 * x * y + imaginary;
        x = xx - yy + real;
    }
    MAX_ITERATIONS
}
