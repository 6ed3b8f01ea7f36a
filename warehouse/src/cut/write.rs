//! Makes a release: every file written, fsynced and named inside a hidden directory, then one rename, then the index,
//! and `latest.json` last.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use wire::{Asn, Hour};

use super::changes::Changes;
use super::index::{Index, lying};
use super::latest::Latest;
use super::months::Months;
use super::own::{Own, make_directory};
use super::read::{path_of, read_manifest, read_publication};
use super::{
    AgentAccount, CutDocument, CutFault, CutFile, CutId, DATASET, Evidence, Judge, LICENCE, MANIFEST_FORMAT,
    METHOD_VERSION, Publication, SCHEMA_VERSION, WINDOWS,
};
use crate::catalog;
use crate::digest::Sha256;
use crate::durable::disk::Disk;
use crate::durable::{self, FileFault};
use crate::engine::Engine;
use crate::export::Described;
use crate::inputs::Inputs;
use crate::lake::Lake;
use crate::lake::paths::TestDate;
use crate::marts::{Basis, Marts, Since};
use crate::paths::DataDir;
use crate::withdrawals::Withdrawal;

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
    /// What the operator took back, for the list of changes.
    pub withdrawals: Vec<Withdrawal>,
    /// Where the public directory is served, for descriptions; none if nobody said so.
    pub public_url: Option<String>,
    /// Who checks the release before it is seen.
    pub judge: Judge,
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
pub fn publish(marts: &mut Marts, lake: &Lake, dir: &DataDir, plan: &Plan) -> Result<Published, CutFault> {
    let public = dir.public();
    make_directory(&public.join("releases"))?;
    let making = public.join("releases/.making");
    remove_tree(&making)?;
    let before = document_of(marts.published(), &public, plan.last_day)?;
    let released = document_of(marts.released(), &public, plan.last_day)?;
    let snapshot = lake.current();
    let basis = Basis {
        last_day: plan.last_day.day(),
        evidence: plan.evidence,
        names: plan.names.clone(),
        inputs: plan.inputs.clone(),
    };
    marts.with_figures(&basis, before.is_none(), |engine, oldest| {
        let months = Months {
            engine,
            lake: lake.paths(),
            snapshot: &snapshot,
            public: &public,
            making: &making,
            before: before.as_ref(),
            released: released.as_ref(),
            oldest: oldest.and_then(TestDate::of),
            last_day: plan.last_day,
        };
        make_directory(&making)?;
        let shared = months.files()?;
        // Blocks that were only added to leave their names with the marts.
        let grown = released.as_ref().map(|document| document.id);
        let making = Making { engine, public: &public, making: &making, plan, shared, grown };
        let published = making.release()?;
        Ok((published, published.id.to_string()))
    })
}

/// A release whose files the next one can name again, if it is there and not of a later day.
fn document_of(since: Option<&Since>, public: &Path, last_day: TestDate) -> Result<Option<CutDocument>, CutFault> {
    let Some(since) = since.filter(|since| since.day <= last_day.day()) else { return Ok(None) };
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
    /// The release to whose blocks others were only added.
    grown: Option<CutId>,
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
        let mut document = self.write(id, &lying)?;
        self.describe(&mut document)?;
        self.plan.judge.judge(self.making, id)?;
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

    /// Writes what the release says of itself: descriptions, which the manifest names, the manifest, and the digests of all.
    fn describe(&self, document: &mut CutDocument) -> Result<(), CutFault> {
        let plan = self.plan;
        let previous = document.previous.map(|id| self.previous(id)).transpose()?.flatten();
        let changes = Changes {
            engine: self.engine,
            public: self.public,
            document,
            previous: previous.as_ref(),
            grown: self.grown.is_some() && self.grown == document.previous,
            withdrawals: &plan.withdrawals,
        };
        let changes = changes.document()?;
        let described =
            Described::new(document, plan.public_url.as_deref()).map_err(|_| CutFault::Contract("inputs"))?;
        let texts = described.files(&changes).map_err(unreadable(self.making))?;
        let mut described =
            texts.iter().map(|(name, text)| self.text(document.id, name, text)).collect::<Result<Vec<_>, _>>()?;
        described.sort_by(|a, b| a.path.cmp(&b.path));
        document.files.extend(described);
        let manifest = serde_json::to_vec_pretty(document).map_err(unreadable(self.making))?;
        self.text(document.id, "manifest.json", &manifest)?;
        self.text(document.id, "SHA256SUMS", sums(document, &manifest))?;
        let moment =
            jiff::Timestamp::from_second(plan.hour.unix_s()).map_or_else(|_| String::new(), |at| at.to_string());
        let publication = Publication { generated_at: moment, agents: plan.agents.clone() };
        let publication = serde_json::to_vec_pretty(&publication).map_err(unreadable(self.making))?;
        self.text(document.id, "publication.json", &publication)?;
        sync_tree(self.making)?;
        Ok(())
    }

    /// The release before, unless it was removed or is of another form.
    fn previous(&self, id: CutId) -> Result<Option<(CutDocument, Publication)>, CutFault> {
        match read_manifest(self.public, id) {
            Ok((document, _)) => Ok(Some((document, read_publication(self.public, id)?))),
            Err(CutFault::OtherFormat(_)) => Ok(None),
            Err(CutFault::File(fault)) if fault.is_not_found() => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// Writes a file that is no table.
    fn text(&self, id: CutId, name: &str, text: impl AsRef<[u8]>) -> Result<CutFile, CutFault> {
        let path = self.making.join(name);
        path.parent().map(make_directory).transpose()?;
        let mut file = Disk::default().begin(path.clone())?;
        file.write_all(text.as_ref()).map_err(FileFault::when("write", &path))?;
        let written = file.finish(None)?;
        Ok(CutFile::own(id, name, &written, None))
    }
}

/// The digests of every file of a release, as `sha256sum -c` reads them in its folder.
fn sums(document: &CutDocument, manifest: &[u8]) -> String {
    let own = format!("releases/{}/", document.id);
    let lines = document.files.iter().map(|file| match file.path.strip_prefix(&own) {
        Some(name) => format!("{}  {name}\n", file.sha256),
        None => format!("{}  ../../{}\n", file.sha256, file.path),
    });
    format!("{}  manifest.json\n", Sha256::of(manifest)) + &lines.collect::<String>()
}

/// Makes the names in a directory and below it last.
fn sync_tree(directory: &Path) -> Result<(), FileFault> {
    let list = || fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>();
    for path in list().map_err(FileFault::when("list", directory))?.iter().filter(|path| path.is_dir()) {
        sync_tree(path)?;
    }
    durable::sync_directory(directory).map_err(FileFault::when("sync", directory))
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
