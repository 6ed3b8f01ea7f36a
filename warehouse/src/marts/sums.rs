//! Sums of blocks over frames, kept from cut to cut: a cut adds the days that have come into a frame and takes away those
//! that have left it, so that its cost follows what is new. Votes are integers: nothing is lost on the way.

use wire::Day;

use super::frames::{Frame, Frames};
use super::{MartsFault, insert};
use crate::catalog::{self, Query};
use crate::engine::{Engine, EngineFault, Param};

/// Sums and the table in which those of windows and of the running month are kept.
const SUMS: [(Query, &str); 3] = [
    (catalog::SUBJECT_BINS, "kept_subject_bins"),
    (catalog::FRAME_GRADES, "kept_frame_grades"),
    (catalog::FRAME_AGENTS, "kept_frame_agents"),
];

/// Days do not change any more, nor do months before the last one.
const STAY: &str = "SELECT frame FROM frames WHERE kind = 'window' \
     OR (kind = 'month' AND last_day = (SELECT max(last_day) FROM frames))";

/// Sums of these frames: those of bins carry the number of their series instead.
fn of_frames(query: Query, frames: &str) -> String {
    if query == catalog::SUBJECT_BINS {
        format!("series IN (SELECT series FROM series WHERE frame IN ({frames}))")
    } else {
        format!("frame IN ({frames})")
    }
}

/// The relations that [`bring_up`] makes.
pub(super) const RELATIONS: [Query; 3] = [SUMS[0].0, SUMS[1].0, SUMS[2].0];

/// The tables of what is kept, and the queries whose columns they have.
pub(super) const KEPT: [(&str, Query); 4] =
    [(SUMS[0].1, SUMS[0].0), (SUMS[1].1, SUMS[1].0), (SUMS[2].1, SUMS[2].0), ("kept_periods", catalog::PERIODS)];

/// Makes the sums of all frames; if `anew`, nothing is kept and `frames` says so.
pub(super) fn bring_up(engine: &Engine, frames: &Frames, anew: bool) -> Result<(), MartsFault> {
    set_frames(engine, &frames.frames)?;
    set_days(engine, positions(frames, &frames.entered))?;
    for (query, _) in SUMS {
        make(engine, query, if anew { "" } else { "entered_" })?;
    }
    if !anew {
        set_days(engine, positions(frames, &frames.left))?;
        for (query, kept) in SUMS {
            make(engine, query, "left_")?;
            engine.run(query.name, &added_up(query, kept)?)?;
        }
    }
    set_days(engine, frames.days())?;
    Ok(())
}

/// Keeps what the next cut begins with; part of the transaction that notes what was published.
pub(super) fn keep(engine: &Engine) -> Result<(), EngineFault> {
    for (query, kept) in SUMS {
        let rows = format!("SELECT * FROM {} WHERE {}", query.relation(), of_frames(query, STAY));
        engine.run("keeping sums", &format!("DELETE FROM {kept}; {}", insert(kept, &rows)))?;
    }
    // Of each subject its last day, its running month and the month before.
    let last = "SELECT * EXCLUDE (place) FROM (
            SELECT *, row_number() OVER (PARTITION BY kind, test_type, subject ORDER BY last_day DESC) AS place FROM periods
        ) WHERE place = 1 OR (kind = 'month' AND place = 2)";
    engine.run("keeping periods", &format!("DELETE FROM kept_periods; {}", insert("kept_periods", last)))
}

/// Adds the periods before to the new ones, so that these find what they follow.
pub(super) fn recall_periods(engine: &Engine) -> Result<(), EngineFault> {
    let before = "SELECT * FROM kept_periods WHERE frame NOT IN (SELECT frame FROM frames)";
    engine.run("recalling periods", &insert("periods", before))
}

fn make(engine: &Engine, query: Query, prefix: &str) -> Result<(), EngineFault> {
    engine.run(query.name, &format!("CREATE OR REPLACE TEMP TABLE {prefix}{} AS {}", query.relation(), query.sql))
}

/// What was kept of frames that still are, with what entered and without what left.
fn added_up(query: Query, kept: &str) -> Result<String, MartsFault> {
    let contract = query.contract().map_err(|_| MartsFault::Outdated)?;
    let keys: Vec<&str> =
        contract.columns.iter().map(|column| column.name.as_str()).filter(|name| *name != "votes").collect();
    let keys = keys.join(", ");
    let relation = query.relation();
    let still = of_frames(query, "SELECT frame FROM frames");
    Ok(format!(
        "CREATE OR REPLACE TEMP TABLE {relation} AS
         SELECT {keys}, CAST(sum(votes) AS BIGINT) AS votes FROM (
             SELECT {keys}, votes FROM {kept} WHERE {still}
             UNION ALL SELECT {keys}, votes FROM entered_{relation}
             UNION ALL SELECT {keys}, -votes AS votes FROM left_{relation}
         ) GROUP BY {keys} HAVING sum(votes) <> 0;
         DROP TABLE entered_{relation};
         DROP TABLE left_{relation}"
    ))
}

fn positions<'a>(frames: &'a Frames, days: &'a [(usize, Day)]) -> impl Iterator<Item = (&'a Frame, Day)> {
    days.iter().filter_map(|(position, day)| Some((frames.frames.get(*position)?, *day)))
}

/// Puts these frames and their series in the place of the others.
pub(super) fn set_frames(engine: &Engine, frames: &[Frame]) -> Result<(), EngineFault> {
    engine.run("replacing the frames", "DELETE FROM frames; DELETE FROM series")?;
    let rows = frames.iter().map(|frame| {
        [
            Some(frame.name.as_str().into()),
            Some(frame.kind.into()),
            frame.window_days.map(Param::from),
            Some(Param::Day(frame.first)),
            Some(Param::Day(frame.last)),
        ]
    });
    engine.append("frames", rows)?;
    let series = frames.iter().flat_map(|frame| frame.series().map(move |series| (frame, series)));
    let rows = series.map(|(frame, series)| {
        [
            Some(Param::from(series.number)),
            Some(frame.name.as_str().into()),
            // Household tests measure no latency.
            Some("single".into()),
            Some(series.hours.into()),
            Some(series.quantity.into()),
        ]
    });
    engine.append("series", rows)
}

/// Puts these days of frames in the place of the others.
pub(super) fn set_days<'a>(engine: &Engine, days: impl Iterator<Item = (&'a Frame, Day)>) -> Result<(), EngineFault> {
    engine.run("replacing the frames' days", "DELETE FROM frame_days")?;
    let rows =
        days.map(|(frame, day)| [Some(frame.name.as_str().into()), Some(frame.kind.into()), Some(Param::Day(day))]);
    engine.append("frame_days", rows)
}
