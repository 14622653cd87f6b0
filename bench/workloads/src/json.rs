//! Writes a JSON document and parses it into a tree, by recursive descent.

use crate::random::{Random, mix};

#[derive(Debug, PartialEq)]
enum Json {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// A document of `size` records.
fn document(size: u32) -> String {
    let mut random = Random::new(29);
    let mut text = String::from("[");
    for id in 0..size {
        if id > 0 {
            text.push_str(",\n");
        }
        let flag = random.below(2) == 0;
        let (whole, part) = (random.below(100_000), random.below(1000));
        text.push_str(&format!(
            "{{\"id\": {id}, \"name\": \"item \\\"{whole}\\\"\\n\", \"price\": -{whole}.{part:03}e-1, \
             \"tags\": [\"a\\u00e9\", \"b\", {flag}], \"parent\": null}}"
        ));
    }
    text.push(']');
    text
}

struct Parser<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\t' | b'\r')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        self.skip_space();
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn word(&mut self, word: &str, value: Json) -> Option<Json> {
        self.bytes[self.at..].starts_with(word.as_bytes()).then(|| {
            self.at += word.len();
            value
        })
    }

    fn value(&mut self) -> Option<Json> {
        self.skip_space();
        match self.peek()? {
            b'n' => self.word("null", Json::Null),
            b't' => self.word("true", Json::Bool(true)),
            b'f' => self.word("false", Json::Bool(false)),
            b'"' => self.text().map(Json::Text),
            b'[' => self.array(),
            b'{' => self.object(),
            _ => self.number(),
        }
    }

    fn array(&mut self) -> Option<Json> {
        self.take(b'[')?;
        let mut items = Vec::new();
        if self.take(b']').is_some() {
            return Some(Json::Array(items));
        }
        loop {
            items.push(self.value()?);
            if self.take(b',').is_none() {
                self.take(b']')?;
                return Some(Json::Array(items));
            }
        }
    }

    fn object(&mut self) -> Option<Json> {
        self.take(b'{')?;
        let mut members = Vec::new();
        loop {
            self.skip_space();
            let name = self.text()?;
            self.take(b':')?;
            members.push((name, self.value()?));
            if self.take(b',').is_none() {
                self.take(b'}')?;
                return Some(Json::Object(members));
            }
        }
    }

    fn text(&mut self) -> Option<String> {
        self.take(b'"')?;
        let mut text = String::new();
        loop {
            let start = self.at;
            while !matches!(self.peek()?, b'"' | b'\\') {
                self.at += 1;
            }
            text.push_str(core::str::from_utf8(&self.bytes[start..self.at]).ok()?);
            let byte = self.peek()?;
            self.at += 1;
            if byte == b'"' {
                return Some(text);
            }
            text.push(self.escape()?);
        }
    }

    fn escape(&mut self) -> Option<char> {
        let byte = self.peek()?;
        self.at += 1;
        Some(match byte {
            b'n' => '\n',
            b't' => '\t',
            b'u' => {
                let digits = self.bytes.get(self.at..self.at + 4)?;
                self.at += 4;
                let digits = core::str::from_utf8(digits).ok()?;
                char::from_u32(u32::from_str_radix(digits, 16).ok()?)?
            }
            other => other.into(),
        })
    }

    fn number(&mut self) -> Option<Json> {
        let start = self.at;
        while matches!(
            self.peek(),
            Some(b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')
        ) {
            self.at += 1;
        }
        let digits = core::str::from_utf8(&self.bytes[start..self.at]).ok()?;
        digits.parse().ok().map(Json::Number)
    }
}

fn checksum(value: &Json, sum: u64) -> u64 {
    match value {
        Json::Null => mix(sum, 1),
        Json::Bool(flag) => mix(sum, 2 + u64::from(*flag)),
        Json::Number(number) => mix(sum, number.to_bits()),
        Json::Text(text) => text.bytes().fold(sum, |sum, byte| mix(sum, byte.into())),
        Json::Array(items) => items.iter().fold(sum, |sum, item| checksum(item, sum)),
        Json::Object(members) => members.iter().fold(sum, |sum, (name, item)| {
            checksum(item, mix(sum, name.len() as u64))
        }),
    }
}

/// Writes and parses a document of `size` records, ten times.
pub fn json(size: u32) -> u64 {
    let text = document(size);
    (0..10).fold(size.into(), |sum, _| {
        let bytes = text.as_bytes();
        let value = Parser { bytes, at: 0 }.value();
        checksum(&value.unwrap_or(Json::Null), sum)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_parse() {
        let text = document(2);
        let Some(Json::Array(items)) = (Parser {
            bytes: text.as_bytes(),
            at: 0,
        })
        .value() else {
            panic!("not an array: {text}")
        };
        let Json::Object(members) = &items[1] else {
            panic!("{items:?}")
        };
        assert_eq!(members[0], ("id".into(), Json::Number(1.0)));
        assert_eq!(members[4], ("parent".into(), Json::Null));
    }
}
