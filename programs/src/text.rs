//! A text of any length that is always the same: lines of words, for programs that search
//! or compress.

const WORDS: [&str; 24] = [
    "frog", "pond", "reed", "winter", "ice", "heart", "still", "thaw", "spring", "leap", "moss",
    "glucose", "leaf", "night", "cold", "wake", "song", "water", "snow", "blood", "skin", "stone",
    "sleep", "warm",
];

/// Lines of five to twelve words and a number, at least `len` bytes in all.
pub fn lines(len: usize) -> String {
    let mut text = String::with_capacity(len + 128);
    let mut state: u64 = 0x5eed;
    let mut next = move |bound: u64| {
        // Knuth's MMIX generator; the high bits are the good ones.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % bound
    };
    while text.len() < len {
        for _ in 0..5 + next(8) {
            text += WORDS[next(WORDS.len() as u64) as usize];
            text.push(' ');
        }
        text += &format!("{}\n", next(10_000));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_long_enough_and_ends_with_a_line() {
        let text = lines(1000);
        assert!((1000..1200).contains(&text.len()));
        assert!(text.ends_with('\n'));
    }
}
