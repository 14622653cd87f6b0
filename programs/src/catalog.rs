//! The programs, what they are given, and what must come of it.
//!
//! What is expected was made by other implementations: the native SQLite, Lua, Ruby and esbuild,
//! Node.js, grep, and for PHP a Python script that does the same.

use crate::build::{CSource, Source};
use crate::package::{ESBUILD, SANDBOX};
use crate::text;
use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

/// A program, and what it is to do.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// Its name.
    pub name: &'static str,
    /// What it is made of.
    pub source: Source,
    /// The files of `inputs/` that it finds in its directory, which it sees as `w`.
    pub inputs: &'static [&'static str],
    /// How long a generated `w/text.txt` is, in bytes; none for 0.
    pub text_len: usize,
    /// What it is started with, one after the other in the same directory.
    pub steps: &'static [Step],
    /// Whether functions that it imports and nobody has return zeros.
    pub has_unknown_imports: bool,
    /// How much memory, in MiB, a machine needs to run it; None if it is not run in one.
    pub machine_mib: Option<u32>,
}

/// One run of a program.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// Its arguments.
    pub args: &'static [&'static str],
    /// The file of its directory that is its standard input.
    pub stdin: Option<&'static str>,
    /// The file of its directory that its output becomes, for the next step.
    pub becomes: Option<&'static str>,
    /// What it must write to standard output.
    pub output: Expected,
    /// Its exit status.
    pub status: i32,
}

/// What a program must write.
#[derive(Clone, Copy, Debug)]
pub enum Expected {
    /// What a file of `expected/` holds.
    File(&'static str),
    /// What a file of its own directory holds.
    Input(&'static str),
    /// Something with this SHA-256.
    Sha256(&'static str),
    /// What it writes when it is not frozen; a later step says whether that is right.
    AsUnfrozen,
}

const STEP: Step = Step {
    args: &[],
    stdin: None,
    becomes: None,
    output: Expected::AsUnfrozen,
    status: 0,
};

/// The program that others differ from.
const PROGRAM: Program = Program {
    name: "",
    source: GREET,
    inputs: &[],
    text_len: 0,
    steps: &[],
    has_unknown_imports: false,
    machine_mib: None,
};

const GREET: Source = Source::C(CSource {
    main: "greet.c",
    package: None,
    without: &[],
    flags: &[],
});

/// All of them.
pub const PROGRAMS: [Program; 9] = [
    Program {
        name: "greet",
        text_len: 300,
        steps: &[Step {
            args: &["Frog", "wood frog", "--"],
            stdin: Some("text.txt"),
            output: Expected::File("greet.txt"),
            status: 46,
            ..STEP
        }],
        ..PROGRAM
    },
    Program {
        name: "sqlite",
        source: Source::C(CSource {
            main: "sqlite_shell.c",
            package: Some(("libsqlite3-sys", "sqlite3")),
            without: &["wasm32-wasi-vfs.c"],
            flags: &[
                "-DSQLITE_THREADSAFE=0",
                "-DSQLITE_OMIT_LOAD_EXTENSION",
                "-DSQLITE_OMIT_WAL",
                "-DLONGDOUBLE_TYPE=double",
                "-DSQLITE_DEFAULT_UNIX_VFS=\"unix-none\"",
            ],
        }),
        inputs: &["ledger.sql"],
        steps: &[Step {
            args: &["w/ledger.db", "w/ledger.sql"],
            output: Expected::File("sqlite.txt"),
            ..STEP
        }],
        machine_mib: Some(1024),
        ..PROGRAM
    },
    Program {
        name: "lua",
        source: Source::C(CSource {
            main: "lua_shell.c",
            package: Some(("lua-src", "lua-5.4.9")),
            without: &["lua.c", "luac.c"],
            flags: &["-I{guests}/lua", "-include", "no_setjmp.h"],
        }),
        inputs: &["tour.lua"],
        text_len: 200_000,
        steps: &[Step {
            args: &["w/tour.lua", "w/text.txt"],
            output: Expected::File("lua.txt"),
            ..STEP
        }],
        machine_mib: Some(1024),
        ..PROGRAM
    },
    Program {
        name: "ripgrep",
        source: Source::Crate {
            name: "ripgrep",
            version: "15.2.0",
            binary: "rg",
        },
        inputs: &["tour.lua", "garden.rb"],
        text_len: 1_000_000,
        steps: &[
            Step {
                args: &[
                    "--sort",
                    "path",
                    "-c",
                    "(?i)(\\w+st?\\w* ){3}.*[aeiou]\\b",
                    "w",
                ],
                output: Expected::File("ripgrep-count.txt"),
                ..STEP
            },
            Step {
                args: &["-n", "^(\\w+) .*\\bfrog (frog|thaw) 9\\d+$", "w/text.txt"],
                output: Expected::File("ripgrep-lines.txt"),
                ..STEP
            },
        ],
        machine_mib: Some(1024),
        ..PROGRAM
    },
    Program {
        name: "brotli",
        source: Source::Crate {
            name: "brotli",
            version: "9.1.1",
            binary: "brotli",
        },
        text_len: 500_000,
        steps: &[
            Step {
                args: &["-c", "-q5", "w/text.txt"],
                becomes: Some("text.br"),
                ..STEP
            },
            Step {
                args: &["w/text.br"],
                output: Expected::Input("text.txt"),
                ..STEP
            },
        ],
        machine_mib: Some(1024),
        ..PROGRAM
    },
    Program {
        name: "esbuild",
        source: Source::Npm {
            package: ESBUILD,
            member: "package/esbuild.wasm",
        },
        inputs: &["pond.ts"],
        steps: &[Step {
            args: &[
                "--loader=ts",
                "--minify",
                "--target=es2017",
                "--log-level=error",
            ],
            stdin: Some("pond.ts"),
            output: Expected::Sha256(
                "e10f523a2afd2d4674e7631f213bb7b1178c7c9bacf7f7ce178ee47d796640c0",
            ),
            ..STEP
        }],
        ..PROGRAM
    },
    Program {
        name: "ruby",
        source: Source::Npm {
            package: SANDBOX,
            member: "package/dist/langs/ruby-3.2.0.wasm",
        },
        inputs: &["garden.rb"],
        text_len: 200_000,
        steps: &[Step {
            args: &["--disable-gems", "w/garden.rb", "w/text.txt"],
            output: Expected::File("ruby.txt"),
            ..STEP
        }],
        machine_mib: Some(2048),
        ..PROGRAM
    },
    Program {
        name: "php",
        source: Source::Npm {
            package: SANDBOX,
            member: "package/dist/langs/php-cgi-8.2.0.wasm",
        },
        inputs: &["marsh.php"],
        text_len: 200_000,
        steps: &[Step {
            args: &["-q", "/w/marsh.php"],
            output: Expected::File("php.txt"),
            ..STEP
        }],
        ..PROGRAM
    },
    Program {
        name: "quickjs",
        source: Source::Npm {
            package: SANDBOX,
            member: "package/dist/langs/wasmedge_quickjs.wasm",
        },
        inputs: &["puzzle.js"],
        steps: &[Step {
            args: &["w/puzzle.js"],
            output: Expected::File("quickjs.txt"),
            ..STEP
        }],
        has_unknown_imports: true,
        ..PROGRAM
    },
];

impl Program {
    /// Fills a folder with what the program finds in its directory.
    ///
    /// # Errors
    ///
    /// A file cannot be read or written.
    pub fn write_inputs(&self, folder: &Path) -> Result<()> {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        for name in self.inputs {
            let input = crate::folder().join("inputs").join(name);
            fs::copy(&input, folder.join(name)).with_context(|| input.display().to_string())?;
        }
        if self.text_len > 0 {
            fs::write(folder.join("text.txt"), text::lines(self.text_len))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_that_a_program_names_is_there() {
        for program in PROGRAMS {
            for input in program.inputs {
                assert!(
                    crate::folder().join("inputs").join(input).exists(),
                    "{input}"
                );
            }
            for step in program.steps {
                if let Expected::File(name) = step.output {
                    assert!(
                        crate::folder().join("expected").join(name).exists(),
                        "{name}"
                    );
                }
            }
        }
    }
}
