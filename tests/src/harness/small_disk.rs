//! Disks that are full or read-only, as they really are: a small file system in memory. Only the administrator may mount
//! one; elsewhere the tests of it are left out.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

/// A file system of its own; it goes when this is dropped.
#[derive(Debug)]
pub struct SmallDisk {
    path: PathBuf,
}

impl SmallDisk {
    /// Mounts it at a path that does not exist yet, with so many bytes; none where this is not allowed, but in CI it must be.
    ///
    /// # Errors
    /// If the directory cannot be made, or in CI the disk.
    pub fn mount(path: PathBuf, bytes: u64) -> anyhow::Result<Option<Self>> {
        std::fs::create_dir(&path)?;
        let size = format!("size={bytes},mode=0700");
        if mount(&["-t", "tmpfs", "-o", &size, "bufferlake-test"], &path).is_err() {
            ensure!(std::env::var_os("CI").is_none(), "no disk can be mounted");
            println!("no disk can be mounted here: this test was left out");
            return Ok(None);
        }
        Ok(Some(Self { path }))
    }

    /// Its root.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes it read-only, or not any more.
    ///
    /// # Errors
    /// If the system does not.
    pub fn set_read_only(&self, read_only: bool) -> anyhow::Result<()> {
        mount(&["-o", if read_only { "remount,ro" } else { "remount,rw" }], &self.path)
    }

    /// Takes all bytes that are left.
    ///
    /// # Errors
    /// If no file can be made.
    pub fn fill(&self) -> anyhow::Result<()> {
        use std::io::Write as _;
        let mut file = std::fs::File::create(self.filler())?;
        let chunk = vec![0x55; 4 << 10];
        while file.write_all(&chunk).is_ok() {}
        Ok(())
    }

    /// Gives them back.
    ///
    /// # Errors
    /// If it was not filled.
    pub fn make_room(&self) -> anyhow::Result<()> {
        std::fs::remove_file(self.filler()).context("making room")
    }

    fn filler(&self) -> PathBuf {
        self.path.join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.path).status();
    }
}

fn mount(arguments: &[&str], path: &Path) -> anyhow::Result<()> {
    let output = Command::new("mount").args(arguments).arg(path).output().context("starting mount")?;
    ensure!(output.status.success(), "mount: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
