//! Makes the file and gives it its name.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::relations::rows_of_files;
use super::{ANALYTICS_SCHEMA, AnalyticsFault, Origin, Place, Published, RELATIONS, Source, comments};
use crate::catalog;
use crate::durable::disk::Disk;
use crate::durable::{FileFault, PUBLIC_MODE};
use crate::engine::{Engine, MIN_MEMORY_MIB, Param, Settings, quoted_path};

/// The name under which the engine knows the file while it is made.
const DATABASE: &str = "analytics";

/// The oldest DuckDB that can read it.
const STORAGE_VERSION: &str = "v1.0.0";

/// Makes the file whole and puts it in the place of the one before. What an earlier attempt left behind goes first.
///
/// # Errors
/// [`AnalyticsFault`]; then the file before is untouched.
pub fn publish(disk: &Disk, place: &Place, source: &Source<'_>) -> Result<Published, AnalyticsFault> {
    let no_file = || AnalyticsFault::NoFile(place.path.clone());
    let directory = place.path.parent().ok_or_else(no_file)?;
    let name = place.path.file_name().ok_or_else(no_file)?;
    fs::create_dir_all(directory).map_err(FileFault::when("make directory", directory))?;
    let making = Making {
        handed_over: place.dir.cache().join("analytics"),
        hidden: directory.join(format!(".{}.making", name.to_string_lossy())),
    };
    let done = making.anew().and_then(|()| {
        let file = making.hidden.join(name);
        hand_over(source, &making)?;
        fill(&file, place, source, &making)?;
        put_in_place(disk, &file, &place.path, directory)
    });
    let swept = making.sweep();
    let published = done?;
    swept?;
    Ok(published)
}

/// Directories that are there only while a file is made.
struct Making {
    /// What the marts hand over.
    handed_over: PathBuf,
    /// The file that is not whole yet, on the disk on which it will lie.
    hidden: PathBuf,
}

impl Making {
    fn anew(&self) -> Result<(), AnalyticsFault> {
        self.sweep()?;
        for directory in [&self.handed_over, &self.hidden] {
            fs::create_dir_all(directory).map_err(FileFault::when("make directory", directory))?;
        }
        Ok(())
    }

    fn sweep(&self) -> Result<(), FileFault> {
        for directory in [&self.handed_over, &self.hidden] {
            match fs::remove_dir_all(directory) {
                Err(fault) if fault.kind() != io::ErrorKind::NotFound => {
                    return Err(FileFault::when("remove", directory)(fault));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn handed_over(&self, relation: &str) -> PathBuf {
        self.handed_over.join(format!("{relation}.parquet"))
    }
}

/// Has the marts' engine write what is theirs: it does nothing else, and holds no other file open.
fn hand_over(source: &Source<'_>, making: &Making) -> Result<(), AnalyticsFault> {
    for (query, _) in RELATIONS.iter().filter(|(_, origin)| *origin == Origin::Marts) {
        let path = quoted_path(&making.handed_over(query.relation()))?;
        let copy = format!("COPY (FROM {}) TO {path} (FORMAT parquet)", query.relation());
        source.marts.engine().run(query.name, &copy)?;
    }
    Ok(())
}

/// Makes every relation in a new file and closes it.
fn fill(file: &Path, place: &Place, source: &Source<'_>, making: &Making) -> Result<(), AnalyticsFault> {
    let settings = Settings {
        memory_mib: (place.engine.memory_mib / 2).max(MIN_MEMORY_MIB),
        threads: 1,
        directories: vec![making.handed_over.clone(), making.hidden.clone(), place.dir.lake(), place.dir.public()],
        spill_dir: making.hidden.join("spill"),
    };
    let engine = Engine::in_memory(&settings)?;
    let attach = format!("ATTACH {} AS {DATABASE} (STORAGE_VERSION '{STORAGE_VERSION}')", quoted_path(file)?);
    engine.run("beginning analytics.duckdb", &attach)?;
    engine.transaction(|| {
        for (query, origin) in RELATIONS {
            let relation = format!("{DATABASE}.{}", query.relation());
            let kind = if origin.is_view() { "VIEW" } else { "TABLE" };
            match origin {
                Origin::File => {
                    let table = format!("CREATE TABLE {relation} AS {}", query.sql);
                    engine.execute(query.name, &table, &about_file(source))?;
                }
                Origin::Marts => {
                    let rows = quoted_path(&making.handed_over(query.relation()))?;
                    engine
                        .run(query.name, &format!("CREATE TABLE {relation} AS SELECT * FROM read_parquet({rows})"))?;
                }
                Origin::Cut | Origin::Input | Origin::CutFiles | Origin::LakeFiles => {
                    let rows = rows_of_files(source, &place.dir, *query, *origin)?;
                    engine.run(query.name, &format!("CREATE {kind} {relation} AS {rows}"))?;
                }
            }
            engine.run("describing it", &comments::statements(DATABASE, *query, *origin)?)?;
        }
        Ok::<_, AnalyticsFault>(())
    })?;
    Ok(engine.run("ending analytics.duckdb", &format!("CHECKPOINT {DATABASE}; DETACH {DATABASE}"))?)
}

/// The values of `meta`.
fn about_file(source: &Source<'_>) -> Vec<(&'static str, Param)> {
    let snapshot = source.marts.snapshot();
    let results = snapshot.map_or(0, |snapshot| snapshot.rows());
    catalog::META.bind(&[
        ("schema", ANALYTICS_SCHEMA.into()),
        ("as_of", source.hour.into()),
        ("lake_manifest", snapshot.map(|snapshot| snapshot.id.to_string()).into()),
        ("lake_results", i64::try_from(results).unwrap_or(i64::MAX).into()),
        ("closed_through", source.marts.closed_through().into()),
        ("release", source.cut.map(|cut| cut.id.to_string()).into()),
        ("method", source.cut.map(|cut| cut.method.clone()).into()),
    ])
}

/// Makes the file last and renames it over the one before.
fn put_in_place(disk: &Disk, made: &Path, path: &Path, directory: &Path) -> Result<Published, AnalyticsFault> {
    let bytes = disk.sync_file(made, PUBLIC_MODE)?;
    disk.rename(made, path)?;
    disk.sync_directory(directory)?;
    Ok(Published { bytes })
}
