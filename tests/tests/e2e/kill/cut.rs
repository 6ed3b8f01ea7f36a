//! The warehouse killed while it makes the public cut and switches to it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use bufferlake_tests::harness::Trials;
use rustix::fs::inotify::ReadFlags;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use warehouse::cut::{CutDocument, CutId, Latest};
use warehouse::paths::DataDir;

use super::super::lake;
use super::super::stage::{HOME, Stage, now_hour, record_json};
use super::MAX_KILLS;
use super::moment::Watch;

/// Trials of all moments: by default, and for `BUFFERLAKE_TRIALS=all`.
const FEW: u32 = 4;
const MANY: u32 = 60;

/// Results in the lake; all of days that have closed.
const RESULTS: usize = 50;

/// A step after which the disk says something that it says at no other time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// The cut's files are being written.
    Begun,
    /// The cut has its name, and `latest.json` names the one before.
    Named,
    /// The index names the new cut, and `latest.json` the one before.
    Indexed,
    /// `latest.json` names the new cut, and whoever asked for it was not told.
    Switched,
}

const MOMENTS: [Moment; 4] = [Moment::Begun, Moment::Named, Moment::Indexed, Moment::Switched];

/// What the public directory holds.
struct Public {
    current: CutId,
    newest: CutId,
    half_made: bool,
}

impl Public {
    fn look(public: &Path) -> anyhow::Result<Self> {
        let current = Latest::read(public)?.context("there is no release")?.release;
        let names = names(&public.join("releases"))?;
        let newest = names.iter().filter_map(|name| name.parse().ok()).max().context("no cut has a name")?;
        Ok(Self { current, newest, half_made: names.contains(".making") })
    }

    fn shows(&self, moment: Moment, before: CutId) -> bool {
        match moment {
            Moment::Begun => self.half_made && self.newest == before,
            Moment::Named | Moment::Indexed => self.newest > before && self.current == before,
            Moment::Switched => self.current > before,
        }
    }
}

fn names(directory: &Path) -> anyhow::Result<BTreeSet<String>> {
    let entries = fs::read_dir(directory).with_context(|| format!("listing {}", directory.display()))?;
    entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}

/// Fails unless the current cut's files are exactly those that its document names, byte for byte.
fn require_whole(public: &Path) -> anyhow::Result<CutDocument> {
    let cut = public.join("releases").join(Public::look(public)?.current.to_string());
    let document: CutDocument = serde_json::from_slice(&fs::read(cut.join("manifest.json"))?)?;
    for file in &document.files {
        let bytes = fs::read(file.locate(public)).with_context(|| format!("{} of {}", file.path, document.id))?;
        ensure!(file.sha256.0 == <[u8; 32]>::from(Sha256::digest(&bytes)), "{} of {} differs", file.path, document.id);
    }
    Ok(document)
}

/// Asks for a cut and kills the warehouse at the moment. True if the disk shows that the moment was met.
fn kill_once(stage: &mut Stage, public: &Path, moment: Moment) -> anyhow::Result<bool> {
    let before = Public::look(public)?.current;
    let (directory, event, ending): (PathBuf, _, _) = match moment {
        Moment::Begun => (public.join("releases"), ReadFlags::CREATE, ".making"),
        Moment::Named => (public.join("releases"), ReadFlags::MOVED_TO, ""),
        Moment::Indexed => (public.to_owned(), ReadFlags::MOVED_TO, "index.json"),
        Moment::Switched => (public.to_owned(), ReadFlags::MOVED_TO, "latest.json"),
    };
    let watch = Watch::on(&[directory], event, ending)?;
    let config = stage.warehouse.dir().with_extension("toml");
    let told = std::thread::scope(|scope| -> anyhow::Result<bool> {
        let publish = scope.spawn(|| {
            let config = config.to_str().unwrap_or_default();
            bufferlake_tests::harness::run("warehouse", &["--config", config, "publish"]).is_ok()
        });
        watch.wait(1)?;
        stage.warehouse.program().kill()?;
        publish.join().ok().context("the command's thread panicked")
    })?;
    let met = !told && Public::look(public)?.shows(moment, before);
    stage.warehouse.restart()?;
    Ok(met)
}

fn results_in_marts(stage: &Stage) -> anyhow::Result<Option<u64>> {
    let rows = stage.warehouse.sql("SELECT sum(tests)::BIGINT AS tests FROM daily")?;
    Ok(rows.first().and_then(|row| row["tests"].as_u64()))
}

// Aim: a warehouse that is killed amid a cut shows the public the cut before or the new one, whole, never a part; the next
// attempt brings the new one, and no cut is made twice.
#[test]
fn a_cut_is_public_as_a_whole_or_not_at_all() -> anyhow::Result<()> {
    let mut stage = Stage::open("kill-cut")?;
    let record = serde_json::from_value(record_json(HOME, now_hour() - 10 * 24))?;
    stage.deliver(vec![record; RESULTS])?;
    lake::await_rows(stage.warehouse.dir(), RESULTS as u64)?;
    stage.warehouse.command(&["publish"])?;
    let public = DataDir::new(stage.warehouse.dir()).public();

    let trials = Trials::few_or_all(FEW, MANY);
    let mut kills = 0;
    for (trial, moment) in trials.each().zip(MOMENTS.into_iter().cycle()) {
        let mut met = false;
        let mut kills_of_trial = 0;
        while !met {
            kills_of_trial += 1;
            ensure!(kills_of_trial <= MAX_KILLS, "{MAX_KILLS} kills did not meet {moment:?}");
            kills += 1;
            // Another threshold makes another cut.
            let threshold = 1_000 + kills;
            let variable = ("BUFFERLAKE_WAREHOUSE_CUT__LISTED_VOTES".to_owned(), threshold.to_string());
            stage.warehouse.program().stop()?;
            stage.warehouse.options_mut().environment = vec![variable];
            stage.warehouse.restart()?;
            met = kill_once(&mut stage, &public, moment).with_context(|| format!("trial {trial}, {moment:?}"))?;

            let shown = require_whole(&public)?;
            let health: Value = stage.warehouse.get("/api/health")?.json()?;
            ensure!(health["cut"] == shown.id.to_string(), "{} is current, health says {}", shown.id, health["cut"]);
            ensure!(stage.warehouse.get("/api/v1/rankings")?.status == 200, "no ranking after a kill at {moment:?}");
            ensure!(results_in_marts(&stage)? == Some(RESULTS as u64), "the marts differ from the lake");
            stage.warehouse.command(&["publish"])?;
            let published = require_whole(&public)?;
            ensure!(published.evidence.listed_votes == threshold, "the new cut did not come");
        }
    }
    let mut contents = BTreeSet::new();
    for name in names(&public.join("releases"))? {
        let document: CutDocument =
            serde_json::from_slice(&fs::read(public.join("releases").join(&name).join("manifest.json"))?)?;
        ensure!(contents.insert(document.evidence.listed_votes), "{name} says what another cut says");
    }
    stage.warehouse.program().assert_no_panic()?;
    println!("{kills} kills, {} cuts", contents.len());
    trials.passed("the warehouse is killed while it publishes: the public sees whole cuts, each made once");
    Ok(())
}
