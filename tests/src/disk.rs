//! Full disks: a small file system of a test's own.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A file system in memory, of a few megabytes. It is unmounted with the test.
pub struct SmallDisk {
    directory: TempDir,
}

impl SmallDisk {
    /// `None`, with a warning, where mounting is not allowed.
    pub fn mount(megabytes: u32) -> Option<Self> {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let size = format!("size={megabytes}m");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(directory.path()).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self { directory });
        }
        let required = std::env::var("REC_TEST_REQUIRE_MOUNT").is_ok_and(|value| value == "1");
        assert!(!required, "no file system may be mounted, and REC_TEST_REQUIRE_MOUNT=1 asks for it");
        let loudly = "\n*** A FULL DISK WAS NOT TESTED: no file system may be mounted. Run the tests as root. ***\n";
        writeln!(std::io::stderr(), "{loudly}").expect("standard error");
        None
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Fills it until so many bytes are left.
    pub fn fill(&self, left: u64) {
        self.empty();
        let mut ballast = File::create(self.ballast()).expect("a file");
        while std::io::copy(&mut std::io::repeat(0).take(1 << 20), &mut ballast).is_ok() {}
        let length = ballast.metadata().expect("a file").len();
        ballast.set_len(length.saturating_sub(left)).expect("a shorter file");
    }

    /// Removes what it was filled with.
    pub fn empty(&self) {
        let _ = std::fs::remove_file(self.ballast());
    }

    fn ballast(&self) -> PathBuf {
        self.path().join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.path()).status();
    }
}
