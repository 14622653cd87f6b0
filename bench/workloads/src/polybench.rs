//! Dense f64 kernels on arrays, after the ones of PolyBench.

use crate::random::{Random, mix};

/// A square matrix by rows.
struct Matrix {
    size: usize,
    cells: Vec<f64>,
}

impl Matrix {
    fn random(size: usize, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let cells = (0..size * size).map(|_| random.unit()).collect();
        Self { size, cells }
    }

    fn row(&self, row: usize) -> &[f64] {
        &self.cells[row * self.size..][..self.size]
    }

    fn row_mut(&mut self, row: usize) -> &mut [f64] {
        &mut self.cells[row * self.size..][..self.size]
    }

    fn checksum(&self) -> u64 {
        let cells = self.cells.iter();
        cells.fold(0, |sum, cell| mix(sum, cell.to_bits()))
    }
}

/// All shortest paths of a graph with `size` nodes (Floyd, Warshall).
pub fn floyd_warshall(size: u32) -> u64 {
    let mut paths = Matrix::random(size as usize, 11);
    for via in 0..paths.size {
        let row_via = paths.row(via).to_vec();
        for from in 0..paths.size {
            let row = paths.row_mut(from);
            let to_via = row[via];
            for (path, &rest) in row.iter_mut().zip(&row_via) {
                let sum = to_via + rest;
                *path = if *path < sum { *path } else { sum };
            }
        }
    }
    paths.checksum()
}

/// `c = alpha * a * b + beta * c`
fn multiply_add(c: &mut Matrix, a: &Matrix, b: &Matrix, alpha: f64, beta: f64) {
    for i in 0..c.size {
        for cell in c.row_mut(i) {
            *cell *= beta;
        }
        for k in 0..a.size {
            let factor = alpha * a.row(i)[k];
            for (cell, &other) in c.row_mut(i).iter_mut().zip(b.row(k)) {
                *cell += factor * other;
            }
        }
    }
}

/// A product of matrices of `size`.
pub fn gemm(size: u32) -> u64 {
    let size = size as usize;
    let (a, b) = (Matrix::random(size, 1), Matrix::random(size, 2));
    let mut c = Matrix::random(size, 3);
    multiply_add(&mut c, &a, &b, 1.5, 1.2);
    c.checksum()
}

/// A product of three matrices of `size`, and one more added.
pub fn two_mm(size: u32) -> u64 {
    let size = size as usize;
    let (a, b) = (Matrix::random(size, 4), Matrix::random(size, 5));
    let c = Matrix::random(size, 6);
    let mut product = Matrix::random(size, 7);
    multiply_add(&mut product, &a, &b, 1.5, 0.0);
    let mut result = Matrix::random(size, 8);
    multiply_add(&mut result, &product, &c, 1.0, 1.2);
    result.checksum()
}

/// 20 steps of a five-point stencil on a grid of `size`.
pub fn jacobi_2d(size: u32) -> u64 {
    let mut from = Matrix::random(size as usize, 9);
    let mut to = Matrix::random(size as usize, 10);
    for _ in 0..20 {
        for i in 1..from.size - 1 {
            let (above, row, below) = (from.row(i - 1), from.row(i), from.row(i + 1));
            let out = to.row_mut(i);
            for j in 1..row.len() - 1 {
                out[j] = 0.2 * (row[j] + row[j - 1] + row[j + 1] + above[j] + below[j]);
            }
        }
        core::mem::swap(&mut from, &mut to);
    }
    from.checksum()
}

/// A decomposition of a diagonally dominant matrix of `size` into two triangular ones.
pub fn lu(size: u32) -> u64 {
    let mut matrix = Matrix::random(size as usize, 12);
    for i in 0..matrix.size {
        matrix.row_mut(i)[i] += f64::from(size);
    }
    for i in 0..matrix.size {
        let pivot_row = matrix.row(i).to_vec();
        for j in i + 1..matrix.size {
            let row = matrix.row_mut(j);
            let factor = row[i] / pivot_row[i];
            row[i] = factor;
            for k in i + 1..row.len() {
                row[k] -= factor * pivot_row[k];
            }
        }
    }
    matrix.checksum()
}
