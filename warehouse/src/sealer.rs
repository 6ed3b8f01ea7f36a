//! From the landing zone to the lake: landed batches become sealed files.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::Context as _;
use intake::clock::Clock;

use crate::config::SealConfig;
use crate::lake::Lake;
use crate::landing::{Landing, LandingFault, LandingFile};
use crate::observe;

/// Seals what has landed. Whoever calls it, one seal runs at a time.
pub struct Sealer {
    config: SealConfig,
    lake: Arc<Lake>,
    landing: Landing,
    clock: Arc<dyn Clock>,
    alone: Mutex<()>,
}

impl Sealer {
    /// Seals from this landing zone into this lake.
    pub fn new(config: SealConfig, lake: Arc<Lake>, landing: Landing, clock: Arc<dyn Clock>) -> Self {
        Self { config, lake, landing, clock, alone: Mutex::new(()) }
    }

    /// Seals everything that has landed by now.
    ///
    /// # Errors
    /// If something cannot be read or sealed; it stays in the landing zone.
    pub fn drain(&self) -> anyhow::Result<()> {
        let newest = self.landing.files().context("cannot see what has landed")?.last().map(|file| file.number);
        while let Some(newest) = newest {
            self.seal_once()?;
            let oldest = self.landing.files().context("cannot see what has landed")?.first().map(|file| file.number);
            if oldest.is_none_or(|oldest| oldest > newest) {
                break;
            }
        }
        Ok(())
    }

    /// One seal; true if more waits than one seal takes.
    ///
    /// # Errors
    /// As [`Self::drain`].
    pub fn seal_once(&self) -> anyhow::Result<bool> {
        // A panic in a seal leaves at worst batches that are sealed again.
        let _alone = self.alone.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = self.landing.files().context("cannot see what has landed")?;
        observe::landing(self.landing.bytes(), waiting.len() as u64);
        let mut batches = Vec::new();
        let mut taken: Vec<LandingFile> = Vec::new();
        let (mut bytes, mut looked_at) = (0, 0);
        for file in &waiting {
            // The first is always taken, however large; the bound keeps memory flat.
            if bytes > 0 && bytes + file.bytes > self.config.max_bytes {
                break;
            }
            looked_at += 1;
            match self.landing.read(file) {
                Ok(read) => {
                    bytes += file.bytes;
                    batches.extend(read);
                    taken.push(file.clone());
                }
                Err(fault @ LandingFault::Damaged { .. }) => {
                    let aside = self.landing.set_aside(file)?;
                    observe::landing_damaged();
                    tracing::error!(error = %fault, file = %aside.display(), "a damaged landing file was set aside");
                }
                Err(fault) => return Err(fault).context("cannot read what has landed"),
            }
        }
        if taken.is_empty() {
            return Ok(looked_at < waiting.len());
        }
        let started = Instant::now();
        let sealed = self.lake.seal(&batches, self.clock.now())?;
        self.landing.remove(&taken)?;
        observe::sealed(sealed.records, started.elapsed().as_secs_f64());
        Ok(looked_at < waiting.len())
    }
}
