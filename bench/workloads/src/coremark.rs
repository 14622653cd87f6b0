//! What CoreMark measures, in programs of our own: linked lists, small integer matrices,
//! a state machine over text, and CRC over all results.

use crate::random::Random;

/// CRC-16 with the polynomial x^16 + x^15 + x^2 + 1, bit by bit.
fn crc16(mut crc: u16, value: u16) -> u16 {
    for bit in 0..16 {
        let carry = (value >> bit ^ crc) & 1;
        crc >>= 1;
        if carry == 1 {
            crc ^= 0xa001;
        }
    }
    crc
}

/// A node of a list whose links are indices.
#[derive(Clone, Copy, Debug)]
struct Node {
    next: u16,
    key: i16,
    value: i16,
}

const END: u16 = u16::MAX;

/// Sorts a list by merging runs of growing length.
fn merge_sort(nodes: &mut [Node], mut head: u16, by: fn(&Node) -> i16) -> u16 {
    let mut run = 1;
    loop {
        let (mut tail, mut merges) = (END, 0);
        let mut left = head;
        head = END;
        while left != END {
            merges += 1;
            let mut right = left;
            let mut left_size = 0;
            while left_size < run && right != END {
                left_size += 1;
                right = nodes[usize::from(right)].next;
            }
            let mut right_size = run;
            while left_size > 0 || (right_size > 0 && right != END) {
                let takes_left = right_size == 0
                    || right == END
                    || (left_size > 0
                        && by(&nodes[usize::from(left)]) <= by(&nodes[usize::from(right)]));
                let taken = if takes_left {
                    left_size -= 1;
                    let next = nodes[usize::from(left)].next;
                    core::mem::replace(&mut left, next)
                } else {
                    right_size -= 1;
                    let next = nodes[usize::from(right)].next;
                    core::mem::replace(&mut right, next)
                };
                match tail {
                    END => head = taken,
                    _ => nodes[usize::from(tail)].next = taken,
                }
                tail = taken;
            }
            left = right;
        }
        nodes[usize::from(tail)].next = END;
        if merges <= 1 {
            return head;
        }
        run *= 2;
    }
}

fn list_crc(nodes: &[Node], mut head: u16, mut crc: u16) -> u16 {
    while head != END {
        let node = nodes[usize::from(head)];
        crc = crc16(crc, node.value as u16);
        head = node.next;
    }
    crc
}

fn lists(random: &mut Random, crc: u16) -> u16 {
    let mut nodes: Vec<Node> = (1..=600)
        .map(|next| Node {
            next: if next == 600 { END } else { next },
            key: random.bits() as i16,
            value: random.bits() as i16 & 0xff,
        })
        .collect();
    let head = merge_sort(&mut nodes, 0, |node| node.key);
    let crc = list_crc(&nodes, head, crc);
    let head = merge_sort(&mut nodes, head, |node| node.value);
    list_crc(&nodes, head, crc)
}

const DIMENSION: usize = 24;
type Grid = [[i16; DIMENSION]; DIMENSION];

fn matrices(random: &mut Random, mut crc: u16) -> u16 {
    let mut grid = || -> Grid {
        core::array::from_fn(|_| core::array::from_fn(|_| random.bits() as i16 >> 6))
    };
    let (a, b) = (grid(), grid());
    for row in &a {
        for column in 0..DIMENSION {
            let products = row
                .iter()
                .zip(&b)
                .map(|(&x, line)| i32::from(x) * i32::from(line[column]));
            let sum = products.fold(0i32, i32::wrapping_add);
            crc = crc16(crc, (sum >> 2 & 0xf) as u16 | (sum >> 5 & 0x7f0) as u16);
        }
    }
    crc
}

/// What a number in text turns out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Start,
    Sign,
    Integer,
    Fraction,
    Exponent,
    Power,
    Invalid,
}

fn advance(state: State, byte: u8) -> State {
    match (state, byte) {
        (State::Start, b'+' | b'-') => State::Sign,
        (State::Start | State::Sign | State::Integer, b'0'..=b'9') => State::Integer,
        (State::Start | State::Sign | State::Integer, b'.') => State::Fraction,
        (State::Fraction, b'0'..=b'9') => State::Fraction,
        (State::Integer | State::Fraction, b'e' | b'E') => State::Exponent,
        (State::Exponent, b'+' | b'-') => State::Power,
        (State::Exponent | State::Power, b'0'..=b'9') => State::Power,
        _ => State::Invalid,
    }
}

fn state_machine(random: &mut Random, mut crc: u16) -> u16 {
    const WORDS: [&str; 8] = [
        "5012", "-874.5", "+1.2e5", ".5e-3", "T0.3e", "-T.T", "1T3.4e4z", "34.0e-T^",
    ];
    let mut text = String::new();
    for _ in 0..300 {
        text.push_str(WORDS[random.below(8) as usize]);
        text.push(',');
    }
    let mut counts = [0u16; 7];
    let mut state = State::Start;
    for byte in text.bytes() {
        if byte == b',' {
            counts[state as usize] += 1;
            state = State::Start;
        } else if state != State::Invalid {
            state = advance(state, byte);
        }
    }
    for count in counts {
        crc = crc16(crc, count);
    }
    crc
}

/// `size` rounds of all three.
pub fn coremark(size: u32) -> u64 {
    let mut random = Random::new(0x3415);
    let mut sum = u64::from(size);
    for _ in 0..size {
        let crc = lists(&mut random, sum as u16);
        let crc = matrices(&mut random, crc);
        sum = sum << 3 ^ u64::from(state_machine(&mut random, crc)) ^ sum >> 17;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted() {
        let mut random = Random::new(2);
        let mut nodes: Vec<Node> = (1..=77)
            .map(|next| Node {
                next: if next == 77 { END } else { next },
                key: random.bits() as i16,
                value: 0,
            })
            .collect();
        let mut at = merge_sort(&mut nodes, 0, |node| node.key);
        let mut keys = Vec::new();
        while at != END {
            keys.push(nodes[usize::from(at)].key);
            at = nodes[usize::from(at)].next;
        }
        assert_eq!(keys.len(), 77);
        assert!(keys.is_sorted());
    }
}
