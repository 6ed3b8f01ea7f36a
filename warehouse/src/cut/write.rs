//! Makes a release: every file written, fsynced and named inside a hidden directory, then one rename, then the index,
//! and `latest.json` last.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use wire::{Asn, Hour};

use super::index::{Index, lying};
use super::latest::Latest;
use super::months::Months;
use super::own::{Own, make_directory, write};
use super::read::{path_of, read_manifest};
use super::{
    AgentAccount, CutDocument, CutFault, CutFile, CutId, DATASET, Evidence, LICENCE, MANIFEST_FORMAT, METHOD_VERSION,
    Publication, SCHEMA_VERSION, WINDOWS,
};
use crate::catalog;
use crate::digest::Sha256;
use crate::durable::{self, FileFault};
use crate::engine::Engine;
use crate::inputs::Inputs;
use crate::lake::paths::TestDate;
use crate::marts::{Basis, Marts};
use crate::paths::DataDir;

/// What a cut is made of, beside the marts.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The last closed day.
    pub last_day: TestDate,
    /// What it takes to be ranked.
    pub evidence: Evidence,
    /// Names of networks; those that have no block are left out.
    pub names: BTreeMap<Asn, String>,
    /// The operator's lists.
    pub inputs: Inputs,
    /// How complete agents' results are.
    pub agents: Vec<AgentAccount>,
    /// Hour of its making.
    pub hour: Hour,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// The current cut.
    pub id: CutId,
    /// False if the current cut says the same already.
    pub is_new: bool,
}

/// Makes the release of what the marts hold, unless the current one says the same.
///
/// # Errors
/// [`CutFault`]; the current release then stays.
pub fn publish(marts: &mut Marts, dir: &DataDir, plan: &Plan) -> Result<Published, CutFault> {
    let public = dir.public();
    make_directory(&public.join("releases"))?;
    let making = public.join("releases/.making");
    remove_tree(&making)?;
    let before = last_published(marts, &public, plan.last_day)?;
    let basis = Basis {
        last_day: plan.last_day.day(),
        evidence: plan.evidence,
        names: plan.names.clone(),
        inputs: plan.inputs.clone(),
    };
    marts.with_figures(&basis, before.is_none(), |engine, oldest| {
        let months = Months {
            engine,
            public: &public,
            making: &making,
            before: before.as_ref(),
            oldest: oldest.and_then(TestDate::of),
            last_day: plan.last_day,
        };
        make_directory(&making)?;
        let shared = months.files()?;
        let making = Making { engine, public: &public, making: &making, plan, shared };
        let published = making.release()?;
        Ok((published, published.id.to_string()))
    })
}

/// The release whose files the next one can name again.
fn last_published(marts: &Marts, public: &Path, last_day: TestDate) -> Result<Option<CutDocument>, CutFault> {
    let Some(since) = marts.published().filter(|since| since.day <= last_day.day()) else { return Ok(None) };
    let Ok(id) = since.name.parse::<CutId>() else { return Ok(None) };
    match read_manifest(public, id) {
        // The marts may remember a day more than its name: what counts is the day of both.
        Ok((document, _)) if document.last_day.day() == since.day => Ok(Some(document)),
        Ok(_) | Err(CutFault::OtherFormat(_)) => Ok(None),
        Err(CutFault::File(fault)) if fault.is_not_found() => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// A release whose shared files lie in their places, and whose own are to be written.
struct Making<'a> {
    engine: &'a Engine,
    public: &'a Path,
    /// Where its own files lie until they are whole.
    making: &'a Path,
    plan: &'a Plan,
    shared: Vec<CutFile>,
}

impl Making<'_> {
    /// Writes the release, gives it its name, unless there is such a release already, and makes it the current one.
    fn release(&self) -> Result<Published, CutFault> {
        let lying = lying(self.public)?;
        // What a release says of itself carries its name. So the newest one of the day is made again to compare.
        let newest = lying.iter().rfind(|id| id.day == self.plan.last_day);
        if let Some(newest) = newest {
            let document = self.write(*newest, &lying)?;
            let same = match read_manifest(self.public, *newest) {
                Ok((before, _)) => before.content == document.content,
                Err(CutFault::OtherFormat(_)) => false,
                Err(CutFault::File(fault)) if fault.is_not_found() => false,
                Err(fault) => return Err(fault),
            };
            remove_tree(self.making)?;
            if same {
                return switch(self.public, *newest);
            }
        }
        let id = CutId { day: self.plan.last_day, edition: newest.map_or(1, |newest| newest.edition + 1) };
        let document = self.write(id, &lying)?;
        self.describe(&document)?;
        let path = path_of(self.public, id);
        fs::rename(self.making, &path).map_err(FileFault::when("name", &path))?;
        let releases = self.public.join("releases");
        durable::sync_directory(&releases).map_err(FileFault::when("sync", &releases))?;
        switch(self.public, id)
    }

    /// Writes the files that are the release's own, and says what it is.
    fn write(&self, id: CutId, lying: &[CutId]) -> Result<CutDocument, CutFault> {
        make_directory(self.making)?;
        let mut files = self.shared.clone();
        files.extend(Own { engine: self.engine, making: self.making, id }.write()?);
        let mut document = CutDocument {
            format: MANIFEST_FORMAT,
            id,
            dataset: DATASET.to_owned(),
            schema: SCHEMA_VERSION,
            last_day: self.plan.last_day,
            method: METHOD_VERSION.to_owned(),
            windows: WINDOWS.to_vec(),
            policy: catalog::DEFAULT_POLICY.to_owned(),
            evidence: self.plan.evidence,
            licence: LICENCE.to_owned(),
            content: Sha256::of(&[]),
            previous: None,
            files,
        };
        let bytes = serde_json::to_vec(&document).map_err(unreadable(self.making))?;
        document.content = Sha256::of(&bytes);
        document.previous = lying.iter().rfind(|before| **before < id).copied();
        Ok(document)
    }

    /// Writes what the release says of itself.
    fn describe(&self, document: &CutDocument) -> Result<(), CutFault> {
        let plan = self.plan;
        let moment =
            jiff::Timestamp::from_second(plan.hour.unix_s()).map_or_else(|_| String::new(), |at| at.to_string());
        let publication = Publication { generated_at: moment, agents: plan.agents.clone() };
        let text = serde_json::to_vec_pretty(&publication).map_err(unreadable(self.making))?;
        write(&self.making.join("publication.json"), &text)?;
        let text = serde_json::to_vec_pretty(document).map_err(unreadable(self.making))?;
        write(&self.making.join("manifest.json"), &text)?;
        Ok(())
    }
}

/// Makes this release the current one.
fn switch(public: &Path, id: CutId) -> Result<Published, CutFault> {
    Index::bring_up(public)?;
    let (_, sha256) = read_manifest(public, id)?;
    let latest = Latest::of(id, sha256);
    if Latest::read(public)?.as_ref() == Some(&latest) {
        return Ok(Published { id, is_new: false });
    }
    latest.write(public)?;
    Ok(Published { id, is_new: true })
}

fn unreadable(path: &Path) -> impl FnOnce(serde_json::Error) -> CutFault {
    let path = path.to_owned();
    move |source| CutFault::Unreadable { path, source }
}

fn remove_tree(path: &Path) -> Result<(), FileFault> {
    match fs::remove_dir_all(path) {
        Err(fault) if fault.kind() != io::ErrorKind::NotFound => Err(FileFault::when("remove", path)(fault)),
        _ => Ok(()),
    }
}
