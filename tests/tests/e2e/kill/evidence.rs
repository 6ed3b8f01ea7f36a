//! What lies on the disk after a kill, before the warehouse is started again.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use warehouse::lake::manifest::Snapshot;
use warehouse::lake::paths::{LakePaths, ManifestId};
use warehouse::landing::{LandedBatch, frame};
use warehouse::paths::DataDir;
use wire::{AgentId, Epoch};

use super::super::lake;
use super::crowd::Crowd;
use super::moment::Moment;

pub(super) struct Evidence {
    current: Snapshot,
    newest_manifest: u64,
    landed: Vec<LandedBatch>,
    half_landed: usize,
    half_sealed: usize,
    /// Whole Parquet files that no published manifest names. Earlier kills leave some too.
    unnamed: BTreeSet<PathBuf>,
    /// The number of the newest seal whose file has its name.
    newest_seal: u64,
}

impl Evidence {
    pub(super) fn gather(data_dir: &Path) -> anyhow::Result<Self> {
        let paths = LakePaths::in_data_dir(data_dir);
        let current = lake::manifest(data_dir)?;
        let ends = |path: &Path, ending: &str| path.to_string_lossy().ends_with(ending);
        let (mut landed, mut half_landed) = (Vec::new(), 0);
        for path in files(&DataDir::new(data_dir).landing())? {
            if ends(&path, ".landed") {
                landed.extend(frame::decode_all(&fs::read(&path)?).with_context(|| path.display().to_string())?);
            } else if ends(&path, ".tmp") {
                half_landed += 1;
            }
        }
        let named: BTreeSet<PathBuf> = current.files.iter().map(|file| paths.result(&file.path)).collect();
        let (mut half_sealed, mut unnamed, mut newest_seal) = (0, BTreeSet::new(), 0);
        for day in files(&paths.results())? {
            for path in files(&day)? {
                if ends(&path, ".tmp") {
                    half_sealed += 1;
                } else if ends(&path, ".parquet") && !named.contains(&path) {
                    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                    newest_seal =
                        newest_seal.max(name.split('-').nth(1).and_then(|seal| seal.parse().ok()).unwrap_or(0));
                    unnamed.insert(path);
                }
            }
        }
        let manifests = files(&paths.manifests())?;
        let newest_manifest = manifests
            .iter()
            .filter_map(|path| ManifestId::of_file_name(path.file_name()?.to_str()?).ok())
            .map(|id| id.number)
            .max()
            .unwrap_or(0);
        Ok(Self { current, newest_manifest, landed, half_landed, half_sealed, unnamed, newest_seal })
    }

    /// True if the disk looks as it does at this moment and at no other.
    pub(super) fn shows(&self, moment: Moment, crowd: &Crowd) -> bool {
        let behind = self.newest_manifest > self.current.number;
        match moment {
            Moment::LandingBegun => self.half_landed > 0,
            Moment::LandingNamed => self.landed.iter().any(|batch| !crowd.was_told(&batch.agent, batch.seq)),
            Moment::SealBegun => self.half_sealed > 0,
            // A file of the seal that would have come next.
            Moment::SealNamed => !self.unnamed.is_empty() && self.newest_seal > self.current.last_seal && !behind,
            Moment::ManifestWritten => behind,
            Moment::ManifestSwitched => self
                .landed
                .iter()
                .any(|batch| self.current.mark(&batch.agent, batch.epoch).is_some_and(|mark| batch.seq <= mark.seq)),
        }
    }

    /// The last batch of an agent that is on the disk for good, in the lake or in the landing zone; 0 if none is.
    pub(super) fn last_durable(&self, agent: &AgentId, epoch: Epoch) -> u64 {
        let landed = self.landed.iter().filter(|batch| &batch.agent == agent && batch.epoch == epoch);
        let landed = landed.map(|batch| batch.seq.0).max().unwrap_or(0);
        landed.max(self.current.mark(agent, epoch).map_or(0, |mark| mark.seq.0))
    }
}

fn files(directory: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(directory).with_context(|| format!("listing {}", directory.display()))?;
    entries.map(|entry| Ok(entry?.path())).collect()
}
