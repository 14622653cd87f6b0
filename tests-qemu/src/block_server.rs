//! A network block server: QEMU's storage daemon, which serves a file by NBD.

use crate::machine::VmError;
use std::fs;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The daemon.
const DAEMON: &str = "qemu-storage-daemon";

/// Far longer than it takes to start.
const START_TIMEOUT: Duration = Duration::from_secs(20);

/// A server of one disk to any number of machines. Dropping it kills it.
///
/// It writes through the host's page cache and passes flushes on to the file, so what machines
/// have been told to be durable outlives the server.
#[derive(Debug)]
pub struct BlockServer {
    file: PathBuf,
    directory: TempDir,
    daemon: Child,
}

impl BlockServer {
    /// Starts a server.
    ///
    /// # Errors
    ///
    /// [`VmError`], if QEMU's storage daemon is not installed.
    ///
    /// # Panics
    ///
    /// Panics if the daemon does not accept connections within 20 seconds.
    pub fn start(file: &Path) -> Result<Self, VmError> {
        let directory = TempDir::new().expect("a temporary directory");
        let daemon = serve(file, &directory.path().join("socket"))?;
        Ok(Self {
            file: file.to_owned(),
            directory,
            daemon,
        })
    }

    /// What machines have as their disk.
    pub fn disk(&self) -> PathBuf {
        format!("nbd+unix:///disk?socket={}", self.socket().display()).into()
    }

    fn socket(&self) -> PathBuf {
        self.directory.path().join("socket")
    }

    /// Kills the server, with whatever it has not done yet.
    pub fn kill(&mut self) {
        // One that has ended already is as good as killed.
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }

    /// Starts the server again, in the same place.
    ///
    /// # Errors
    ///
    /// As for [`Self::start`].
    pub fn restart(&mut self) -> Result<(), VmError> {
        self.kill();
        self.daemon = serve(&self.file, &self.socket())?;
        Ok(())
    }
}

impl Drop for BlockServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Starts the daemon and waits until it can be connected to.
fn serve(file: &Path, socket: &Path) -> Result<Child, VmError> {
    // What a server that was killed has left would be taken for this one's.
    let _ = fs::remove_file(socket);
    let daemon = Command::new(DAEMON)
        .arg("--blockdev")
        .arg(format!(
            "driver=file,node-name=file,filename={}",
            file.display()
        ))
        .args(["--blockdev", "driver=raw,node-name=disk,file=file"])
        .arg("--nbd-server")
        .arg(format!("addr.type=unix,addr.path={}", socket.display()))
        .args([
            "--export",
            "type=nbd,id=disk,name=disk,node-name=disk,writable=on",
        ])
        .stdin(Stdio::null())
        // It complains of machines that went away.
        .stderr(Stdio::null())
        .spawn()
        .map_err(|source| VmError::NoQemu {
            program: DAEMON,
            source,
        })?;
    let deadline = Instant::now() + START_TIMEOUT;
    while UnixStream::connect(socket).is_err() {
        assert!(Instant::now() < deadline, "the block server does not start");
        thread::sleep(Duration::from_millis(5));
    }
    Ok(daemon)
}
