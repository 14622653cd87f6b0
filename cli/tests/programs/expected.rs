//! Programs with their directives, and outcomes, expected and found.

use serde_json::Value as Json;
use std::fs;
use std::path::PathBuf;

/// A program of `tests/programs`.
pub struct Program {
    /// Name of its file.
    pub file: String,
    /// Its text.
    pub text: String,
    /// What comes of its invocations.
    pub cases: Vec<Case>,
}

/// One invocation with what must come of it.
pub struct Case {
    /// Function and arguments, as the directive has them.
    pub invoke: String,
    /// What Wasmtime made of it.
    pub outcome: Outcome,
}

/// What came of an invocation.
#[derive(Debug, PartialEq)]
pub enum Outcome {
    /// It returned these values: their types, and their bits in hexadecimal or `nan`.
    Returned(Vec<(String, String)>),
    /// It trapped.
    Trapped {
        /// The trap's message.
        message: String,
        /// Function index and file offset of each frame, innermost first; None if
        /// the frames are not known.
        frames: Option<Vec<(u64, u64)>>,
    },
    /// Something else, which no program does.
    Other(String),
}

/// The directory of the programs.
pub fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/programs")
}

/// All programs, in the order of their names.
pub fn programs() -> Vec<Program> {
    let expected = fs::read_to_string(directory().join("expected.json")).expect("expected.json");
    let expected: Json = serde_json::from_str(&expected).expect("valid JSON");
    let mut files: Vec<_> = fs::read_dir(directory())
        .expect("tests/programs")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .filter(|name| name.ends_with(".wat"))
        .collect();
    files.sort();
    files
        .into_iter()
        .map(|file| Program::read(&expected, file))
        .collect()
}

impl Program {
    fn read(expected: &Json, file: String) -> Self {
        let text = fs::read_to_string(directory().join(&file)).expect("a readable program");
        let cases = expected[&file]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        let case = |case: &Json| Case {
            invoke: case["invoke"].as_str().expect("an invocation").to_owned(),
            outcome: Outcome::of(case),
        };
        let cases = cases.iter().map(case).collect();
        Self { file, text, cases }
    }

    /// What its directives invoke, with words parted by one space.
    pub fn invocations(&self) -> Vec<String> {
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        self.directives("invoke").map(words).collect()
    }

    /// Import module name and file of each module to instantiate first.
    pub fn preloads(&self) -> impl Iterator<Item = (&str, &str)> {
        self.directives("preload")
            .filter_map(|line| line.split_once('='))
    }

    /// Whether it is to be run with freezing too; not if that takes too long.
    pub fn is_frozen(&self) -> bool {
        self.directives("freeze").all(|word| word != "never")
    }

    fn directives(&self, name: &str) -> impl Iterator<Item = &str> {
        let prefix = format!(";; {name}:");
        self.text
            .lines()
            .filter_map(move |line| line.strip_prefix(&prefix))
            .map(str::trim)
    }
}

impl Outcome {
    /// Reads the JSON object of the `woodfrog` command or of `expected.json`.
    pub fn parse(line: &str) -> Option<Self> {
        serde_json::from_str(line).ok().map(|json| Self::of(&json))
    }

    fn of(json: &Json) -> Self {
        match json["outcome"].as_str() {
            Some("returned") => {
                let values = json["values"]
                    .as_array()
                    .map(Vec::as_slice)
                    .unwrap_or_default();
                Self::Returned(values.iter().map(value).collect())
            }
            Some("trapped") => Self::Trapped {
                message: json["trap"].as_str().unwrap_or_default().to_owned(),
                frames: json["frames"]
                    .as_array()
                    .map(|frames| frames.iter().map(frame).collect()),
            },
            _ => Self::Other(json.to_string()),
        }
    }

    /// How an outcome that was found differs from this one, if it does.
    pub fn difference(&self, found: &Self) -> Option<String> {
        let is_equal = match (self, found) {
            (
                Self::Trapped {
                    message,
                    frames: None,
                },
                Self::Trapped {
                    message: found,
                    frames: _,
                },
            ) => message == found,
            _ => self == found,
        };
        (!is_equal).then(|| format!("\n  expected {self:?}\n  found    {found:?}"))
    }
}

/// Type and bits of a value; of a NaN only that it is one.
fn value(json: &Json) -> (String, String) {
    let ty = json["type"].as_str().unwrap_or_default();
    let text = json["value"].as_str().unwrap_or_default();
    let is_nan = text.trim_start_matches('-').starts_with("nan");
    let bits = match ty {
        "f32" | "f64" if is_nan => "nan".to_owned(),
        "f32" => text.parse().map_or("not a number".to_owned(), |x: f32| {
            format!("{:#x}", x.to_bits())
        }),
        "f64" => text.parse().map_or("not a number".to_owned(), |x: f64| {
            format!("{:#x}", x.to_bits())
        }),
        _ => text.to_owned(),
    };
    (ty.to_owned(), bits)
}

fn frame(json: &Json) -> (u64, u64) {
    let number = |name: &str| json[name].as_u64().unwrap_or(u64::MAX);
    (number("func"), number("offset"))
}
