//! Scalar f64 programs.

use crate::random::mix;

#[derive(Clone, Copy, Debug)]
struct Body {
    position: [f64; 3],
    velocity: [f64; 3],
    mass: f64,
}

/// `size` steps of five bodies that attract each other.
pub fn nbody(size: u32) -> u64 {
    let body = |index: u32| {
        let t = f64::from(index);
        Body {
            position: [t * 1.3 - 2.0, 0.7 * t * t - 1.0, 0.5 - 0.3 * t],
            velocity: [0.1 * t, 0.2 - 0.05 * t, 0.03 * t * t],
            mass: 1.0 / (1.0 + t),
        }
    };
    let mut bodies = [body(0), body(1), body(2), body(3), body(4)];
    const STEP: f64 = 0.001;
    for _ in 0..size {
        for i in 0..bodies.len() {
            for j in i + 1..bodies.len() {
                attract(&mut bodies, i, j, STEP);
            }
        }
        for body in &mut bodies {
            for (position, velocity) in body.position.iter_mut().zip(body.velocity) {
                *position += STEP * velocity;
            }
        }
    }
    bodies
        .iter()
        .flat_map(|body| body.position)
        .fold(0, |sum, x| mix(sum, x.to_bits()))
}

fn attract(bodies: &mut [Body; 5], i: usize, j: usize, step: f64) {
    let (a, b) = (bodies[i], bodies[j]);
    let difference: [f64; 3] = core::array::from_fn(|axis| a.position[axis] - b.position[axis]);
    let [x, y, z] = difference;
    let square = x * x + y * y + z * z + 0.01;
    let magnitude = step / (square * square.sqrt());
    for (axis, distance) in difference.into_iter().enumerate() {
        bodies[i].velocity[axis] -= distance * b.mass * magnitude;
        bodies[j].velocity[axis] += distance * a.mass * magnitude;
    }
}

/// The Mandelbrot set on a grid of `size`.
pub fn mandelbrot(size: u32) -> u64 {
    const MAX_ITERATIONS: u32 = 255;
    let mut sum = 0;
    for row in 0..size {
        for column in 0..size {
            let c_re = 3.0 * f64::from(column) / f64::from(size) - 2.25;
            let c_im = 2.5 * f64::from(row) / f64::from(size) - 1.25;
            let (mut re, mut im) = (0.0, 0.0);
            let mut count = 0;
            while count < MAX_ITERATIONS && re * re + im * im < 4.0 {
                (re, im) = (re * re - im * im + c_re, 2.0 * re * im + c_im);
                count += 1;
            }
            sum = mix(sum, count.into());
        }
    }
    sum
}
