//! Keeps marts and cuts up to date with the lake: one owner of the cache, in a running server as in a single command.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use arc_swap::ArcSwapOption;
use intake::asn::AsnDatabase;
use intake::clock::Clock;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wire::{Day, Hour};

use crate::agents::Store;
use crate::analytics::{self, Content, Place, Turn};
use crate::blocks::CLOSING_HOURS;
use crate::config::Config;
use crate::cut::{self, Cut, CutId, Evidence, Judge, Plan};
use crate::durable::disk::Disk;
use crate::inputs::Inputs;
use crate::lake::Lake;
use crate::lake::paths::TestDate;
use crate::lake::retain::kept_from;
use crate::landing::Landing;
use crate::lock::DirLock;
use crate::marts::{Closed, Marts, Refreshed, Rights};
use crate::paths::DataDir;
use crate::sealer::Sealer;
use crate::shelf::{CurrentShelf, restock};
use crate::withdrawals::{Withdrawal, Withdrawals};

/// How much later than its closing hour a day is closed: longer than a batch that arrived in time may take to land.
const GRACE: SignedDuration = SignedDuration::from_mins(10);

/// The cut that the public reads; shared with the API.
pub type CurrentCut = Arc<ArcSwapOption<Cut>>;

/// The keeper of one data directory.
pub struct Keeper {
    config: Config,
    dir: DataDir,
    lake: Arc<Lake>,
    sealer: Arc<Sealer>,
    names: Arc<AsnDatabase>,
    inputs: Inputs,
    clock: Arc<dyn Clock>,
    marts: Marts,
    cut: CurrentCut,
    shelf: CurrentShelf,
    analytics: Turn,
}

/// What the keeper works with.
pub struct Parts {
    /// The configuration.
    pub config: Config,
    /// The lake.
    pub lake: Arc<Lake>,
    /// Brings what has landed into the lake.
    pub sealer: Arc<Sealer>,
    /// Where networks' names are found.
    pub names: Arc<AsnDatabase>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where the current cut is put.
    pub cut: CurrentCut,
    /// Where the files that may be read are put.
    pub shelf: CurrentShelf,
}

/// What a command may ask of the keeper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "snake_case", deny_unknown_fields)]
pub enum Task {
    /// Close the days that can be closed and make the public cut.
    Publish,
    /// As the night does: the cut, then retention.
    Nightly,
    /// Its first step alone: close the days that can be closed.
    Close,
    /// Its last step alone: drop old months, old releases, and files that no release names.
    Retain,
    /// Make marts and blocks again, then the cut.
    Rebuild,
    /// Take an agent's results back.
    Withdraw(Withdrawal),
    /// Bring the file that analysts open up to date.
    Analytics,
}

/// What publishing brought.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// The current cut; none if no day has closed yet.
    pub cut: Option<CutId>,
    /// False if the cut before says the same.
    pub is_new: bool,
    /// Days that were closed now.
    pub days_closed: u32,
    /// Blocks that were closed now.
    pub blocks_closed: u64,
}

impl Keeper {
    /// Opens the marts and reads the current cut. The caller holds the directory's lock.
    ///
    /// # Errors
    /// If a list of inputs cannot be read, the cache cannot be made, or the cut is damaged.
    pub fn open(parts: Parts) -> anyhow::Result<Self> {
        let Parts { config, lake, sealer, names, clock, cut, shelf } = parts;
        let dir = DataDir::new(&config.dir);
        let inputs = Inputs::load(&config.inputs)?;
        let marts = Marts::open(&dir, &config.engine, &inputs)?;
        cut.store(Cut::current(marts.engine(), &dir, None)?.map(Arc::new));
        restock(&shelf, &dir.public());
        let analytics = Turn::new(&config.analytics);
        Ok(Self { config, dir, lake, sealer, names, inputs, clock, marts, cut, shelf, analytics })
    }

    /// A keeper for a single command, while no server runs; holds the lock as long as it lives.
    ///
    /// # Errors
    /// If a server runs, or the directory cannot be opened.
    pub fn alone(config: Config, clock: Arc<dyn Clock>) -> anyhow::Result<(DirLock, Self)> {
        let dir = DataDir::new(&config.dir);
        let lock = DirLock::take(&dir)?;
        let (lake, _) = Lake::open(dir.root(), clock.now())?;
        let lake = Arc::new(lake);
        let landing = Landing::open(&dir.landing())?;
        let sealer = Arc::new(Sealer::new(config.seal.clone(), Arc::clone(&lake), landing, Arc::clone(&clock)));
        let names = Arc::new(AsnDatabase::open(config.asn.clone())?);
        let parts =
            Parts { config, lake, sealer, names, clock, cut: CurrentCut::default(), shelf: CurrentShelf::default() };
        parts.sealer.drain()?;
        Ok((lock, Self::open(parts)?))
    }

    /// Does what a command asks, and gives what came of it: an [`Outcome`], or nothing.
    ///
    /// # Errors
    /// As the method that does it.
    pub fn perform(&mut self, task: Task) -> anyhow::Result<Value> {
        Ok(match task {
            Task::Publish => serde_json::to_value(self.publish()?)?,
            Task::Nightly => {
                let outcome = self.nightly()?;
                if self.config.analytics.automatic {
                    self.publish_analytics()
                        .context("the night's work is done, but analytics.duckdb was not published")?;
                }
                serde_json::to_value(outcome)?
            }
            Task::Close => serde_json::to_value(self.close()?)?,
            Task::Retain => {
                self.retain()?;
                serde_json::to_value(self.nothing())?
            }
            Task::Rebuild => serde_json::to_value(self.rebuild()?)?,
            Task::Withdraw(withdrawal) => serde_json::to_value(self.withdraw(withdrawal)?)?,
            Task::Analytics => {
                self.refresh()?;
                serde_json::to_value(self.publish_analytics()?.map(|published| published.bytes))?
            }
        })
    }

    /// Brings the marts up to the lake.
    ///
    /// # Errors
    /// If the lake or the registry cannot be read.
    pub fn refresh(&mut self) -> anyhow::Result<Refreshed> {
        let registry = Store::new(self.dir.clone()).load()?;
        let withdrawals = Withdrawals::load(&self.dir.withdrawals())?;
        Ok(self.marts.refresh(&self.lake, &Rights::of(&registry, &withdrawals))?)
    }

    /// True if a day has closed that the current cut does not hold, and the configured hour has come.
    #[must_use]
    pub fn is_due(&self) -> bool {
        let now = self.clock.now();
        let Some(closable) = closable(now) else { return false };
        let settings = &self.config.cut;
        let last = self.cut.load().as_ref().map(|cut| cut.document.last_day.day());
        let oldest = self.lake.current().files.first().map(|file| file.test_date().day());
        settings.automatic
            && Hour::of_unix_s(now.as_second()).of_day() >= u32::from(settings.hour_utc)
            && last < Some(closable)
            // A young lake has no day that could close: there is nothing to try again and again.
            && oldest.is_some_and(|oldest| oldest <= closable)
    }

    /// Closes the days that can be closed, and checks the blocks.
    ///
    /// # Errors
    /// If the lake cannot be read, or a check finds something.
    pub fn close(&mut self) -> anyhow::Result<Outcome> {
        let Some(last_day) = closable(self.clock.now()) else { return Ok(self.nothing()) };
        let closed = self.close_through(last_day)?;
        Ok(Outcome { days_closed: closed.days, blocks_closed: closed.blocks, ..self.nothing() })
    }

    fn close_through(&mut self, last_day: Day) -> anyhow::Result<Closed> {
        // What arrived before the day closed and still lies in the landing zone belongs to it.
        self.sealer.drain()?;
        self.refresh()?;
        let closed = self.marts.close_days(self.lake.paths(), &self.lake.current(), last_day)?;
        self.marts.check()?;
        Ok(closed)
    }

    /// Closes the days that can be closed and makes the public cut.
    ///
    /// # Errors
    /// If a step fails; the cut before stays.
    pub fn publish(&mut self) -> anyhow::Result<Outcome> {
        let now = self.clock.now();
        let Some(last_day) = closable(now) else { return Ok(self.nothing()) };
        let closed = self.close_through(last_day)?;
        if self.marts.closed_through().is_none() {
            return Ok(self.nothing());
        }
        let date = TestDate::of(last_day).context("the clock is beyond the calendar")?;
        let settings = &self.config.cut;
        let plan = Plan {
            last_day: date,
            evidence: Evidence {
                listed_votes: settings.listed_votes,
                ranked_votes: settings.ranked_votes,
                ranked_days: settings.ranked_days,
                p95_votes: settings.p95_votes,
            },
            names: self.names.names()?,
            inputs: self.inputs.clone(),
            agents: cut::accounts(&self.lake.current().marks),
            hour: Hour::of_unix_s(now.as_second()),
            withdrawals: Withdrawals::load(&self.dir.withdrawals())?.withdrawals,
            public_url: self.config.release.public_url.clone(),
            judge: Judge {
                program: Judge::program(self.config.release.verify.as_deref()),
                patience: Duration::from_secs(60 * u64::from(self.config.release.verify_minutes)),
                aside: self.dir.aside(),
            },
        };
        let published = cut::publish(&mut self.marts, &self.lake, &self.dir, &plan)?;
        if published.is_new || self.cut.load().is_none() {
            let before = self.cut.load_full();
            self.cut.store(Cut::current(self.marts.engine(), &self.dir, before.as_deref())?.map(Arc::new));
        }
        restock(&self.shelf, &self.dir.public());
        tracing::info!(cut = %published.id, cut.new = published.is_new, blocks.closed = closed.blocks, "published");
        let (cut, is_new) = (Some(published.id), published.is_new);
        Ok(Outcome { cut, is_new, days_closed: closed.days, blocks_closed: closed.blocks })
    }

    /// Drops the months that retention does not keep, from the lake and from the marts; removes old releases and files that
    /// no release names.
    ///
    /// # Errors
    /// If a step fails; it is done again the next time.
    pub fn retain(&mut self) -> anyhow::Result<()> {
        let now = self.clock.now();
        let today = TestDate::of(Hour::of_unix_s(now.as_second()).day()).context("the clock is beyond the calendar")?;
        self.retain_lake(now, today)?;
        let months = self.config.release.months;
        let public = self.dir.public();
        let retained = cut::retain(&public, kept_from(today, months), today, months)?;
        if retained != cut::Retained::default() {
            let cut::Retained { releases, files, bytes } = retained;
            tracing::info!(
                removed.releases = releases,
                removed.files = files,
                removed.bytes = bytes,
                "removed old releases"
            );
        }
        restock(&self.shelf, &public);
        Ok(())
    }

    fn retain_lake(&mut self, now: Timestamp, today: TestDate) -> anyhow::Result<()> {
        let kept_from = kept_from(today, self.config.retention.months);
        let snapshot = self.lake.current();
        if snapshot.files.first().is_none_or(|file| file.test_date() >= kept_from) {
            return Ok(());
        }
        self.lake.drop_months(&self.marts.resume_at(kept_from)??, now)?;
        tracing::info!(lake.kept_from = %kept_from, "dropped the months that retention does not keep");
        self.refresh().map(drop)
    }

    /// The night's work: the cut of the days that have closed, then retention.
    ///
    /// # Errors
    /// As [`Self::publish`] and [`Self::retain`].
    pub fn nightly(&mut self) -> anyhow::Result<Outcome> {
        let outcome = self.publish()?;
        self.retain()?;
        Ok(outcome)
    }

    fn nothing(&self) -> Outcome {
        let cut = self.cut.load().as_ref().map(|cut| cut.document.id);
        Outcome { cut, is_new: false, days_closed: 0, blocks_closed: 0 }
    }

    /// Makes marts and blocks again from the lake, then the cut, which is a new one only if it says something else.
    ///
    /// # Errors
    /// As [`Self::publish`].
    pub fn rebuild(&mut self) -> anyhow::Result<Outcome> {
        self.marts.forget()?;
        self.publish()
    }

    /// Takes an agent's results of some days back. They leave the marts at once, and the public with the next cut.
    ///
    /// # Errors
    /// If there is no such agent, or the range is none.
    pub fn withdraw(&mut self, mut withdrawal: Withdrawal) -> anyhow::Result<()> {
        let known = Store::new(self.dir.clone()).load()?.agents.contains_key(&withdrawal.agent);
        if !known && withdrawal.agent.as_str() != wire::AgentId::DIRECT {
            anyhow::bail!("there is no agent {}; `warehouse agents list` names them", withdrawal.agent);
        }
        withdrawal.said_at = self.clock.hour();
        Withdrawals::add(&self.dir.withdrawals(), withdrawal)?;
        self.refresh().map(drop)
    }

    /// True if the file that analysts open is to be published by itself now.
    #[must_use]
    pub fn analytics_are_due(&self) -> bool {
        self.config.analytics.automatic && self.analytics.has_come(&self.content(), Instant::now())
    }

    /// Publishes the file that analysts open, of the marts as they are; nothing if it says all that there is.
    ///
    /// # Errors
    /// If a step fails; the file before stays.
    pub fn publish_analytics(&mut self) -> anyhow::Result<Option<analytics::Published>> {
        let place = Place::of(&self.config)?;
        let content = self.content();
        if self.analytics.is_current(&content) && place.path.is_file() {
            return Ok(None);
        }
        let cut = self.cut.load();
        let cut = cut.as_ref().map(|cut| &cut.document);
        let source = analytics::Source { marts: &self.marts, cut, hour: self.clock.hour() };
        let published = analytics::publish(&Disk::default(), &place, &source)?;
        self.analytics.took(content, Instant::now());
        Ok(Some(published))
    }

    fn content(&self) -> Content {
        Content { marts: self.marts.standing(), cut: self.cut.load().as_ref().map(|cut| cut.document.id) }
    }
}

/// The last day that can be closed at this moment: [`CLOSING_HOURS`] after its beginning, and a little more.
fn closable(now: Timestamp) -> Option<Day> {
    let closing = SignedDuration::from_hours(i64::from(CLOSING_HOURS)) + GRACE;
    let moment = now.checked_sub(closing).ok()?;
    (moment.as_second() >= 0).then(|| Hour::of_unix_s(moment.as_second()).day())
}

#[cfg(test)]
mod tests;
