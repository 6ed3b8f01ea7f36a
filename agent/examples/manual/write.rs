//! Manual pages and completions of a command, as files.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Command;
use clap_complete::shells::{Bash, Fish, Zsh};

/// Writes `man1/` with a page for the command and for each of those below it, and `completions/` with a file for each
/// shell, named as the shell looks for it. Returns the files of completions and the directory of pages.
///
/// # Errors
/// If they cannot be written.
pub(crate) fn manual(command: &Command, out: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let (pages, completions) = (out.join("man1"), out.join("completions"));
    for directory in [&pages, &completions] {
        std::fs::create_dir_all(directory).with_context(|| format!("making {}", directory.display()))?;
    }
    clap_mangen::generate_to(command.clone(), &pages).with_context(|| format!("writing into {}", pages.display()))?;
    let name = command.get_name();
    let mut command = command.clone();
    let written = [
        clap_complete::generate_to(Bash, &mut command, name, &completions),
        clap_complete::generate_to(Zsh, &mut command, name, &completions),
        clap_complete::generate_to(Fish, &mut command, name, &completions),
    ];
    let mut files = written.into_iter().collect::<Result<Vec<_>, _>>().context("writing completions")?;
    files.push(pages);
    Ok(files)
}
