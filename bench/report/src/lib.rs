//! What all measurements share: how figures are made, held against goals, and shown to people.
//!
//! [`stats`] and [`clock`] make figures, [`goal`] holds them against bars, [`table`] and
//! [`document`] make Markdown of them, and [`machine`] says what they were measured on.

pub mod clock;
pub mod document;
pub mod goal;
pub mod machine;
pub mod stats;
pub mod table;

/// A figure with three significant digits, or all that stand before the point.
pub fn significant(value: f64) -> String {
    let magnitude = value.abs();
    let decimals = match () {
        () if magnitude >= 99.95 || magnitude == 0.0 => 0,
        () if magnitude >= 9.995 => 1,
        () if magnitude >= 0.9995 => 2,
        () => 3,
    };
    format!("{value:.decimals$}")
}

/// A figure, or a dash for none.
pub fn or_dash(value: Option<f64>) -> String {
    value.map_or("-".to_owned(), significant)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_three_digits() {
        let texts = [0.0, 0.0123, 0.5, 1.0, 9.994, 12.34, 99.96, 1234.5].map(significant);
        assert_eq!(
            texts,
            ["0", "0.012", "0.500", "1.00", "9.99", "12.3", "100", "1234"]
        );
        assert_eq!(or_dash(None), "-");
    }
}
