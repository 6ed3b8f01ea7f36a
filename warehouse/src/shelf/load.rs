//! Makes a shelf of the public directory: `index.json` names the releases, each manifest its files.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use axum::body::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::name::Name;
use super::{CHANGING, Content, Grave, INDEX, Item, Release, Shelf};
use crate::cut::{CutId, Index, IndexEntry, Status, Tombstone};
use crate::digest::Sha256;
use crate::durable::{FileFault, disk};

/// Files of a release that its manifest may leave out, because they are made of it or belong to the moment.
const BESIDE_MANIFEST: [&str; 10] = [
    "CHANGES.json",
    "CITATION.cff",
    "DATA_DICTIONARY.md",
    "LICENSE",
    "README.md",
    "SHA256SUMS",
    "croissant.json",
    "datapackage.json",
    "publication.json",
    "views.sql",
];

/// The public directory cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShelfFault {
    /// The file system refused.
    #[error(transparent)]
    File(#[from] FileFault),
    /// A file is not the one that another file names by its digest.
    #[error("{0} is not what was published")]
    Damaged(String),
    /// A document cannot be understood.
    #[error("{path} cannot be read")]
    Unreadable {
        /// The document, relative to the public directory.
        path: String,
        /// Why not.
        #[source]
        source: serde_json::Error,
    },
    /// A manifest names a file that the layout does not have.
    #[error("the manifest of {release} names {path:?}, which is no file of a release")]
    Foreign {
        /// The release.
        release: CutId,
        /// What it names.
        path: String,
    },
}

/// What is read of a manifest: of every version that there was.
#[derive(Deserialize)]
struct Manifest {
    files: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    path: String,
    bytes: u64,
    sha256: Sha256,
}

impl Shelf {
    /// Reads the public directory. What a shelf before knows of a release is not read again. A release that is damaged is
    /// left out, and stands in [`Shelf::faults`].
    ///
    /// # Errors
    /// [`ShelfFault`] if a page that changes cannot be read; the shelf before then stays.
    pub fn load(public: &Path, before: &Self) -> Result<Self, ShelfFault> {
        let mut shelf = Self::default();
        for name in CHANGING {
            if let Some(page) = read_page(public, name)? {
                shelf.pages.insert(name, page);
            }
        }
        let Some(Item { content: Content::Memory(index), .. }) = shelf.pages.get(INDEX) else {
            return Ok(shelf);
        };
        let index: Index = parse(INDEX, index)?;
        for entry in index.releases {
            let placed = match entry.status {
                Status::Available => shelf.place(public, &entry, before),
                Status::Removed => shelf.bury(public, &entry, before),
            };
            shelf.faults.extend(placed.err());
        }
        Ok(shelf)
    }

    fn place(&mut self, public: &Path, entry: &IndexEntry, before: &Self) -> Result<(), ShelfFault> {
        let known = before.releases.get(&entry.release).filter(|known| known.manifest == entry.sha256);
        let release = match known {
            Some(known) => Arc::clone(known),
            None => Arc::new(read_release(public, entry)?),
        };
        self.shared.extend(release.shared.iter().cloned());
        self.releases.insert(entry.release, release);
        Ok(())
    }

    fn bury(&mut self, public: &Path, entry: &IndexEntry, before: &Self) -> Result<(), ShelfFault> {
        let grave = match before.removed.get(&entry.release) {
            Some(known) => Arc::clone(known),
            None => Arc::new(read_grave(public, entry.release)?),
        };
        self.removed.insert(entry.release, grave);
        Ok(())
    }
}

/// A small file, whole; none if it is not there.
fn read_page(public: &Path, name: &str) -> Result<Option<Item>, ShelfFault> {
    let path = public.join(name);
    match fs::read(&path).map_err(FileFault::when("read", &path)) {
        Ok(bytes) => Ok(Some(Item {
            bytes: bytes.len() as u64,
            sha256: Sha256::of(&bytes),
            content: Content::Memory(Bytes::from(bytes)),
        })),
        Err(fault) if fault.is_not_found() => Ok(None),
        Err(fault) => Err(fault.into()),
    }
}

fn read_release(public: &Path, entry: &IndexEntry) -> Result<Release, ShelfFault> {
    let id = entry.release;
    let folder = format!("releases/{id}");
    let path = format!("{folder}/manifest.json");
    let located = public.join(&path);
    let bytes = fs::read(&located).map_err(FileFault::when("read", &located))?;
    if Sha256::of(&bytes) != entry.sha256 {
        return Err(ShelfFault::Damaged(path));
    }
    let manifest: Manifest = parse(&path, &bytes)?;
    let mut own = BTreeMap::from([("manifest.json".into(), Item::on_disk(bytes.len() as u64, entry.sha256))]);
    let mut shared = Vec::new();
    for file in manifest.files {
        let item = Item::on_disk(file.bytes, file.sha256);
        match Name::parse(&file.path) {
            Some(Name::Own(of, name)) if of == id => drop(own.insert(name.into(), item)),
            Some(Name::Shared(digest)) if digest == file.sha256 => shared.push((Arc::from(file.path), item)),
            _ => return Err(ShelfFault::Foreign { release: id, path: file.path }),
        }
    }
    for name in BESIDE_MANIFEST {
        if own.contains_key(name) {
            continue;
        }
        match disk::measure(&public.join(&folder).join(name)) {
            Ok(found) => drop(own.insert(name.into(), Item::on_disk(found.bytes, found.sha256))),
            Err(fault) if fault.is_not_found() => {}
            Err(fault) => return Err(fault.into()),
        }
    }
    Ok(Release { manifest: entry.sha256, own, shared })
}

fn read_grave(public: &Path, id: CutId) -> Result<Grave, ShelfFault> {
    let path = format!("releases/{id}/tombstone.json");
    let page = read_page(public, &path)?.ok_or_else(|| ShelfFault::Damaged(path.clone()))?;
    let Content::Memory(bytes) = &page.content else { return Err(ShelfFault::Damaged(path)) };
    let tombstone: Tombstone = parse(&path, bytes)?;
    Ok(Grave { tombstone, page })
}

fn parse<T: DeserializeOwned>(path: &str, bytes: &[u8]) -> Result<T, ShelfFault> {
    serde_json::from_slice(bytes).map_err(|source| ShelfFault::Unreadable { path: path.to_owned(), source })
}

impl Item {
    fn on_disk(bytes: u64, sha256: Sha256) -> Self {
        Self { bytes, sha256, content: Content::Disk }
    }
}
