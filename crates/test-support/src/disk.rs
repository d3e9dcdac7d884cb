//! A disk that is soon full.

use std::env;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

/// What memory is given in, and with it the space of this disk.
const PAGE: usize = 4096;

/// A small disk in memory for one test, which can be filled and freed again. Everybody may write to
/// it. Only root can mount it.
///
/// It is unmounted when dropped, which must be after everything that uses it. A test process that is
/// killed leaves it mounted; `scripts/test-as-root` therefore runs the tests where mounts are private and
/// end with them.
#[derive(Debug)]
pub struct Disk {
    directory: PathBuf,
}

impl Disk {
    /// Mounts an empty disk.
    ///
    /// # Errors
    ///
    /// If that is not allowed, in the words of `mount`.
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

    /// Where it is mounted.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.directory
    }

    /// Takes all the space that is left. What others free meanwhile is free: fill it again.
    ///
    /// # Panics
    ///
    /// If it cannot be written to for another reason than that it is full.
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

    /// Gives back what [`fill`](Self::fill) has taken.
    ///
    /// # Panics
    ///
    /// If it has taken nothing.
    #[track_caller]
    pub fn free(&self) {
        if let Err(error) = fs::remove_file(self.filler_file()) {
            panic!("cannot free {}: {error}", self.directory.display());
        }
    }

    fn filler_file(&self) -> PathBuf {
        self.directory.join("ballast")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: one who still has a file open on it, after a panic, must not keep it mounted. It also
        // fails for one that could not be mounted.
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
