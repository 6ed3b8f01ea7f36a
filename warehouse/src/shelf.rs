//! What may be read of the public directory: every file that the layout names, with size and digest, in memory.
//!
//! ```text
//! latest.json, index.json                            the pages that change
//! releases/2026-11-22/…                              a release's own files
//! releases/2025-10-22/tombstone.json                 all that is left of one that was removed
//! files/results/month=2026-11/<digest>.parquet       files that releases share
//! ```
//!
//! The server looks requests up here, and the upload to a bucket takes its list from here: what the shelf does not name does
//! not leave the house, whatever lies in the directory. A shelf is made again when something was published or removed; what it
//! knows of a release it keeps, since a release never changes.

mod kind;

mod load;

mod name;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use axum::body::Bytes;
use tokio::sync::watch;

pub use kind::{CHANGING, INDEX, LATEST, cache_control, content_type};
pub use load::ShelfFault;

use self::name::Name;
use crate::cut::{CutId, Index, Latest, Tombstone};
use crate::digest::Sha256;
use crate::observe;

/// What may be read.
#[derive(Debug, Default)]
pub struct Shelf {
    /// The files that change, as they were when the shelf was made.
    pages: BTreeMap<&'static str, Item>,
    /// Releases that are there.
    releases: BTreeMap<CutId, Arc<Release>>,
    /// Releases that are gone.
    removed: BTreeMap<CutId, Arc<Grave>>,
    /// Files that releases share, by path.
    shared: HashMap<Arc<str>, Item>,
    /// Releases that are left out, each with the reason.
    faults: Vec<ShelfFault>,
}

/// The shelf that is served; whoever publishes or removes calls [`restock`], and the upload hears of it.
pub type CurrentShelf = Arc<watch::Sender<Arc<Shelf>>>;

/// Makes the shelf that is served anew from the public directory. What is damaged is left out and said; if nothing can be
/// read, the shelf stays as it is.
pub fn restock(current: &CurrentShelf, public: &Path) {
    let before = Arc::clone(&current.borrow());
    match Shelf::load(public, &before) {
        Ok(shelf) => {
            shelf.faults().iter().for_each(tell);
            current.send_replace(Arc::new(shelf));
        }
        Err(fault) => tell(&fault),
    }
}

fn tell(fault: &ShelfFault) {
    observe::job_failed("shelf");
    tracing::error!(error = %fault, "a release cannot be served");
}

/// A file that may be read.
#[derive(Debug, Clone)]
pub struct Item {
    /// Size.
    pub bytes: u64,
    /// Digest of its bytes.
    pub sha256: Sha256,
    /// Where they are.
    pub content: Content,
}

/// Where the bytes of a file are.
#[derive(Debug, Clone)]
pub enum Content {
    /// In the public directory.
    Disk,
    /// Here, so that they change together with the shelf.
    Memory(Bytes),
}

/// A release's files.
#[derive(Debug)]
struct Release {
    /// Digest of its manifest.
    manifest: Sha256,
    /// Its own files, by their path inside its folder.
    own: BTreeMap<Box<str>, Item>,
    /// The files that it shares with others, by path.
    shared: Vec<(Arc<str>, Item)>,
}

/// What is left of a release.
#[derive(Debug)]
struct Grave {
    tombstone: Tombstone,
    page: Item,
}

/// A file and its place in the order in which a copy is made.
#[derive(Debug, Clone)]
pub struct Listed<'a> {
    /// When it is copied.
    pub turn: Turn,
    /// Its path, relative to the public directory.
    pub path: String,
    /// The file.
    pub item: &'a Item,
}

/// When a file is copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Turn {
    /// First what says nothing of other files: those that releases share, and tombstones.
    Alone,
    /// Then the releases' own files,
    Own(CutId),
    /// each release's manifest behind them,
    Manifest(CutId),
    /// then the list of releases,
    Index,
    /// and at last which of them is the newest.
    Latest,
}

/// What a path leads to.
#[derive(Debug)]
pub enum Found<'a> {
    /// A file.
    File(&'a Item),
    /// A folder; the page that tells what is in it.
    Folder(String),
    /// A file of a release that was removed.
    Removed(&'a Tombstone),
    /// A page of the newest release, and there is none yet.
    Unpublished,
    /// Nothing that there was.
    Nothing,
}

impl Item {
    /// The strong entity tag.
    #[must_use]
    pub fn tag(&self) -> String {
        format!("\"{}\"", self.sha256)
    }
}

impl Shelf {
    /// What of the public directory is damaged and therefore left out.
    #[must_use]
    pub fn faults(&self) -> &[ShelfFault] {
        &self.faults
    }

    /// The newest release and the digest of its manifest, as `latest.json` says; none before the first.
    #[must_use]
    pub fn latest(&self) -> Option<Latest> {
        let Content::Memory(bytes) = &self.pages.get(LATEST)?.content else { return None };
        serde_json::from_slice(bytes).ok()
    }

    /// The list of releases and the digest of its bytes; none before the first release.
    #[must_use]
    pub fn index(&self) -> Option<(Index, Sha256)> {
        let item = self.pages.get(INDEX)?;
        let Content::Memory(bytes) = &item.content else { return None };
        Some((serde_json::from_slice(bytes).ok()?, item.sha256))
    }

    /// Every file, in the order in which a copy must be made, so that nothing in it ever names what is not there.
    #[must_use]
    pub fn files(&self) -> Vec<Listed<'_>> {
        let listed = |turn, path: &str, item| Listed { turn, path: path.to_owned(), item };
        let mut files: Vec<_> = self.shared.iter().map(|(path, item)| listed(Turn::Alone, path, item)).collect();
        for (id, release) in &self.releases {
            files.extend(release.own.iter().map(|(name, item)| {
                let turn = if &**name == "manifest.json" { Turn::Manifest(*id) } else { Turn::Own(*id) };
                listed(turn, &format!("releases/{id}/{name}"), item)
            }));
        }
        for (id, grave) in &self.removed {
            files.push(listed(Turn::Alone, &format!("releases/{id}/tombstone.json"), &grave.page));
        }
        files.extend(
            self.pages
                .iter()
                .map(|(name, item)| listed(if *name == LATEST { Turn::Latest } else { Turn::Index }, name, item)),
        );
        files.sort_by(|a, b| (a.turn, &a.path).cmp(&(b.turn, &b.path)));
        files
    }

    /// True if a path is one that the layout can have and that no release names any more.
    #[must_use]
    pub fn is_left_over(&self, path: &str) -> bool {
        match Name::parse(path) {
            Some(Name::Shared(_)) => !self.shared.contains_key(path),
            Some(Name::Own(id, name)) => name != "tombstone.json" && self.removed.contains_key(&id),
            Some(Name::Changing) | None => false,
        }
    }

    /// What a path leads to. It is compared with the names that are known, and means nothing else.
    #[must_use]
    pub fn find(&self, path: &str) -> Found<'_> {
        if let Some(name) = CHANGING.iter().find(|name| **name == path) {
            return self.pages.get(name).map_or(Found::Unpublished, Found::File);
        }
        if matches!(path, "" | "releases" | "releases/") {
            return Found::Folder(INDEX.to_owned());
        }
        let Some(of_releases) = path.strip_prefix("releases/") else {
            return self.shared.get(path).map_or(Found::Nothing, Found::File);
        };
        let (id, name) = of_releases.split_once('/').unwrap_or((of_releases, ""));
        let Ok(id) = id.parse::<CutId>() else { return Found::Nothing };
        match (self.releases.get(&id), self.removed.get(&id)) {
            (Some(_), _) if name.is_empty() => Found::Folder(format!("releases/{id}/manifest.json")),
            (Some(release), _) => release.own.get(name).map_or(Found::Nothing, Found::File),
            (None, Some(grave)) if name == "tombstone.json" => Found::File(&grave.page),
            (None, Some(grave)) => Found::Removed(&grave.tombstone),
            (None, None) => Found::Nothing,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
