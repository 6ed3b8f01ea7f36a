//! Brings a bucket up to a shelf: what is missing, in the order in which nothing is named before it is there.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use futures_util::stream::{FuturesUnordered, TryStreamExt as _};
use object_store::path::Path as Key;
use object_store::{Error as StoreError, ObjectStore, ObjectStoreExt as _, PutMode, UpdateVersion};

use super::send::send;
use super::{BucketFault, Uploaded};
use crate::cut::Latest;
use crate::digest::Sha256;
use crate::shelf::{CHANGING, LATEST, Listed, Shelf, Turn};

/// Requests at once; each holds one part of a file.
const AT_ONCE: usize = 4;

/// Folders of the layout.
const FOLDERS: [&str; 2] = ["files", "releases"];

/// A bucket, and the directory of which it is a copy.
pub(super) struct Copy<'a> {
    pub(super) store: Arc<dyn ObjectStore>,
    /// Where in the bucket the copy lies.
    pub(super) prefix: Key,
    pub(super) public: &'a Path,
    /// Whether the store knows conditional writes.
    pub(super) conditional: bool,
}

/// A page that changes, as the bucket has it.
struct Page {
    bytes: Vec<u8>,
    version: UpdateVersion,
}

impl Copy<'_> {
    /// Does it.
    pub(super) async fn bring_up_to(&self, shelf: &Shelf) -> Result<Uploaded, BucketFault> {
        if !shelf.faults().is_empty() {
            return Err(BucketFault::Damaged(shelf.faults().len()));
        }
        let latest = shelf.latest().ok_or(BucketFault::NoRelease)?;
        let pages = self.pages(&latest).await?;
        let there = self.list().await?;
        let files = shelf.files();
        let mut done = Uploaded { release: latest.release, sent: 0, bytes: 0, kept: 0, removed: 0 };
        // What stands still: in three turns, each ended before the next begins.
        let still: Vec<&Listed<'_>> = files.iter().filter(|file| file.turn < Turn::Index).collect();
        for turn in still.chunk_by(|a, b| rank(a.turn) == rank(b.turn)) {
            self.send_missing(turn, &there, &mut done).await?;
        }
        self.check(&still, &latest).await?;
        for file in files.iter().filter(|file| file.turn >= Turn::Index) {
            self.replace(file, pages.get(file.path.as_str()), &mut done).await?;
        }
        let left_over: Vec<_> = there.keys().filter(|path| shelf.is_left_over(path)).collect();
        done.removed = self.remove(&left_over).await?;
        Ok(done)
    }

    /// The pages that change, as they are there. A bucket that is ahead of us is left alone.
    async fn pages(&self, latest: &Latest) -> Result<BTreeMap<&'static str, Page>, BucketFault> {
        let mut pages = BTreeMap::new();
        for name in CHANGING {
            if let Some(page) = self.read(name).await? {
                pages.insert(name, page);
            }
        }
        let there = pages.get(LATEST).and_then(|page| serde_json::from_slice::<Latest>(&page.bytes).ok());
        match there {
            Some(there) if there.release > latest.release => {
                Err(BucketFault::Ahead { there: there.release, here: latest.release })
            }
            Some(there) if there.release == latest.release && there.sha256 != latest.sha256 => {
                Err(BucketFault::OtherRelease(latest.release))
            }
            _ => Ok(pages),
        }
    }

    async fn read(&self, name: &str) -> Result<Option<Page>, BucketFault> {
        let got = match self.store.get(&self.key(name)).await {
            Ok(got) => got,
            Err(StoreError::NotFound { .. }) => return Ok(None),
            Err(fault) => return Err(BucketFault::when("read", name)(fault)),
        };
        let version = UpdateVersion { e_tag: got.meta.e_tag.clone(), version: got.meta.version.clone() };
        let bytes = got.bytes().await.map_err(BucketFault::when("read", name))?.to_vec();
        Ok(Some(Page { bytes, version }))
    }

    /// What is there: sizes by path, relative to the prefix.
    async fn list(&self) -> Result<BTreeMap<String, u64>, BucketFault> {
        let mut there = BTreeMap::new();
        for folder in FOLDERS {
            let key = self.key(folder);
            let mut objects = self.store.list(Some(&key));
            loop {
                match objects.try_next().await {
                    Ok(Some(object)) => {
                        let path = object.location.as_ref().strip_prefix(self.prefix.as_ref()).unwrap_or_default();
                        there.insert(path.trim_start_matches('/').to_owned(), object.size);
                    }
                    Ok(None) => break,
                    Err(fault) => return Err(BucketFault::when("list", folder)(fault)),
                }
            }
        }
        Ok(there)
    }

    /// Sends the files of a turn that are not there yet.
    async fn send_missing(
        &self,
        turn: &[&Listed<'_>],
        there: &BTreeMap<String, u64>,
        done: &mut Uploaded,
    ) -> Result<(), BucketFault> {
        let mut missing = Vec::new();
        for file in turn {
            let found = there.get(&file.path);
            let is_same = found == Some(&file.item.bytes);
            match file.turn {
                // A manifest of another size is another release.
                Turn::Manifest(id) if found.is_some() && !is_same => return Err(BucketFault::OtherRelease(id)),
                // Only a manifest proves that the files around it are of this release: their names hold no digest.
                Turn::Own(id) if is_same && there.contains_key(&format!("releases/{id}/manifest.json")) => {
                    done.kept += 1
                }
                Turn::Own(_) => missing.push((*file, found.is_none() && self.conditional)),
                _ if is_same => done.kept += 1,
                _ => missing.push((*file, found.is_none() && self.conditional)),
            }
        }
        let mut sending = FuturesUnordered::new();
        for (file, is_new) in missing {
            if sending.len() == AT_ONCE
                && let Some(bytes) = sending.try_next().await?
            {
                done.count(bytes);
            }
            sending.push(self.send(file, if is_new { PutMode::Create } else { PutMode::Overwrite }));
        }
        while let Some(bytes) = sending.try_next().await? {
            done.count(bytes);
        }
        Ok(())
    }

    /// Sends a file, and gives its size.
    async fn send(&self, file: &Listed<'_>, mode: PutMode) -> Result<u64, BucketFault> {
        let key = self.key(&file.path);
        send(self.store.as_ref(), &key, self.public, &file.path, file.item, mode).await?;
        Ok(file.item.bytes)
    }

    /// Asks the store once more whether all of it is there, and whether the newest release is ours.
    async fn check(&self, files: &[&Listed<'_>], latest: &Latest) -> Result<(), BucketFault> {
        let there = self.list().await?;
        for Listed { path, item, .. } in files {
            let found = there.get(path).copied().unwrap_or(0);
            if found != item.bytes {
                return Err(BucketFault::NotWhole { path: path.clone(), bytes: item.bytes, found });
            }
        }
        let manifest = self.read(&format!("releases/{}/manifest.json", latest.release)).await?;
        match manifest {
            Some(page) if Sha256::of(&page.bytes) == latest.sha256 => Ok(()),
            _ => Err(BucketFault::OtherRelease(latest.release)),
        }
    }

    /// Puts a page that changes in the place of the one that was there when the upload began.
    async fn replace(&self, file: &Listed<'_>, before: Option<&Page>, done: &mut Uploaded) -> Result<(), BucketFault> {
        if let Some(before) = before
            && Sha256::of(&before.bytes) == file.item.sha256
        {
            done.kept += 1;
            return Ok(());
        }
        let mode = match before {
            _ if !self.conditional => PutMode::Overwrite,
            Some(before) if before.version.e_tag.is_some() => PutMode::Update(before.version.clone()),
            Some(_) => PutMode::Overwrite,
            None => PutMode::Create,
        };
        done.count(self.send(file, mode).await?);
        Ok(())
    }

    /// Removes objects, and gives their number.
    async fn remove(&self, paths: &[&String]) -> Result<u64, BucketFault> {
        let mut removing = FuturesUnordered::new();
        for path in paths {
            if removing.len() == AT_ONCE {
                removing.try_next().await?;
            }
            removing.push(self.remove_one(path));
        }
        while removing.try_next().await?.is_some() {}
        Ok(paths.len() as u64)
    }

    async fn remove_one(&self, path: &str) -> Result<(), BucketFault> {
        match self.store.delete(&self.key(path)).await {
            Ok(()) | Err(StoreError::NotFound { .. }) => Ok(()),
            Err(fault) => Err(BucketFault::when("remove", path)(fault)),
        }
    }

    fn key(&self, path: &str) -> Key {
        path.split('/').fold(self.prefix.clone(), |key, part| key.join(part))
    }
}

impl Uploaded {
    fn count(&mut self, bytes: u64) {
        self.sent += 1;
        self.bytes += bytes;
    }
}

/// Which turns may be mixed: those of one rank.
fn rank(turn: Turn) -> u8 {
    match turn {
        Turn::Alone => 0,
        Turn::Own(_) => 1,
        Turn::Manifest(_) => 2,
        Turn::Index => 3,
        Turn::Latest => 4,
    }
}
