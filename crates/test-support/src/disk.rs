//! A small disk that a test can fill.

use std::env;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

/// The unit in which a tmpfs allocates space.
const PAGE: usize = 4096;

/// A small in-memory disk (tmpfs) that a test can fill and free again. All users can write to it.
/// Only root can mount it.
///
/// Dropping it unmounts it. Drop everything that uses it first. A test process that is killed
/// leaves it mounted, so `scripts/test-as-root` runs the tests in a private mount namespace.
#[derive(Debug)]
pub struct Disk {
    directory: PathBuf,
}

impl Disk {
    /// Mounts an empty disk.
    ///
    /// # Errors
    ///
    /// If `mount` fails. The error has its message.
    pub fn mount(mebibytes: u32) -> io::Result<Self> {
        let directory = env::temp_dir().join(unique_name());
        fs::create_dir(&directory)?;
        let disk = Self { directory };
        let options = format!("size={mebibytes}m,mode=1777");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &options, "tasktrail-disk"]);
        let mounted = mount.arg(&disk.directory).output()?;
        if mounted.status.success() {
            Ok(disk)
        } else {
            Err(io::Error::other(String::from_utf8_lossy(&mounted.stderr)))
        }
    }

    /// Returns the mount point.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.directory
    }

    /// Fills the remaining space. If other processes free space later, call it again.
    ///
    /// # Panics
    ///
    /// If a write fails for another reason than lack of space.
    #[track_caller]
    pub fn fill(&self) {
        let filled = File::options()
            .append(true)
            .create(true)
            .open(self.filler_file())
            .and_then(fill_up);
        if let Err(error) = filled {
            panic!("cannot fill {}: {error}", self.directory.display());
        }
    }

    /// Frees the space that [`fill`](Self::fill) took.
    ///
    /// # Panics
    ///
    /// If [`fill`](Self::fill) was not called before.
    #[track_caller]
    pub fn free(&self) {
        if let Err(error) = fs::remove_file(self.filler_file()) {
            panic!("cannot free {}: {error}", self.directory.display());
        }
    }

    fn filler_file(&self) -> PathBuf {
        self.directory.join("filler")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazy, so that a process with an open file, after a panic, does not keep the disk mounted.
        // Errors are ignored, because the mount may have failed.
        let mut unmount = Command::new("umount");
        let _ = unmount
            .arg("--lazy")
            .arg(&self.directory)
            .stderr(Stdio::null())
            .status();
        let _ = fs::remove_dir(&self.directory);
    }
}

fn fill_up(mut filler_file: File) -> io::Result<()> {
    for pages in [256, 1] {
        let zeros = vec![0; pages * PAGE];
        loop {
            match filler_file.write_all(&zeros) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => break,
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

fn unique_name() -> String {
    static MOUNTED: AtomicU64 = AtomicU64::new(0);
    let number = MOUNTED.fetch_add(1, Ordering::Relaxed);
    format!("tasktrail-disk-{}-{number}", process::id())
}
