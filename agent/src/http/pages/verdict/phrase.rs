//! The sentences of a verdict about one result.

use wire::{Grade, TestType};

use super::Tone;
use crate::http::pages::figures::{ago, ms};
use crate::http::pages::reading::{BLOAT_MS, Load, QUIET_MS, Reading};
use crate::store::lookup::StoredResult;

/// From this rise on, in ms, bufferbloat is severe: grade F by the policy `dslreports`.
const SEVERE_MS: f64 = 400.0;

/// What one result says.
pub(super) struct Bearing {
    pub(super) tone: Tone,
    pub(super) headline: String,
}

pub(super) fn headline(result: &StoredResult) -> Bearing {
    match result.test_type {
        TestType::Single => single(&Reading::of(result)),
        TestType::Household => household(result),
    }
}

fn single(reading: &Reading) -> Bearing {
    let Some((load, worst)) = reading.worst() else {
        return Bearing { tone: Tone::Unknown, headline: "Latency under load was not measured.".to_owned() };
    };
    let tone = match worst {
        worst if worst >= BLOAT_MS => Tone::Bad,
        worst if worst >= QUIET_MS => Tone::Fair,
        _ => Tone::Good,
    };
    let headline = match (tone, reading.download_ms, reading.upload_ms) {
        (Tone::Bad, Some(download), Some(upload)) if download >= BLOAT_MS && upload >= BLOAT_MS => {
            let (first, second) = if load == Load::Upload {
                (("uploads", upload), ("downloading", download))
            } else {
                (("downloads", download), ("uploading", upload))
            };
            format!(
                "Latency rises by {} while this customer {} and by {} while {}: {} in both directions.",
                ms(first.1),
                first.0,
                ms(second.1),
                second.0,
                bloat(worst)
            )
        }
        (Tone::Bad, ..) => format!(
            "Latency rises by {} while this customer {}: {} {}.",
            ms(worst),
            does(load),
            bloat(worst),
            match load {
                Load::Download => "on the downstream",
                Load::Upload => "on the upstream",
                Load::Both => "when both directions are busy",
            }
        ),
        (Tone::Fair, ..) => format!(
            "Latency rises by {} while this customer {}: a little; games and calls may feel it.",
            ms(worst),
            does(load)
        ),
        (_, Some(download), Some(upload)) => format!(
            "This line stays quiet under load: latency rises by {} while downloading and by {} while uploading.",
            ms(download),
            ms(upload)
        ),
        _ => format!("Quiet as far as it was measured: latency rises by {} {}.", ms(worst), while_loaded(load)),
    };
    Bearing { tone, headline }
}

fn bloat(ms: f64) -> &'static str {
    if ms >= SEVERE_MS { "severe bufferbloat" } else { "bufferbloat" }
}

fn does(load: Load) -> &'static str {
    match load {
        Load::Download => "downloads",
        Load::Upload => "uploads",
        Load::Both => "uploads and downloads at once",
    }
}

pub(super) fn while_loaded(load: Load) -> &'static str {
    match load {
        Load::Download => "while downloading",
        Load::Upload => "while uploading",
        Load::Both => "while doing both",
    }
}

fn household(result: &StoredResult) -> Bearing {
    let Some(overall) = result.overall_grade else {
        return Bearing { tone: Tone::Unknown, headline: "The household test gave no grade.".to_owned() };
    };
    let letter = overall.as_str();
    let weakest =
        uses(result).into_iter().filter_map(|(name, grade)| Some((name, grade?))).max_by_key(|use_case| use_case.1);
    let weakest = weakest
        .filter(|(_, grade)| *grade > overall)
        .map(|(name, grade)| format!(" Weakest: {name}, grade {}.", grade.as_str()))
        .unwrap_or_default();
    let (tone, says) = match overall {
        Grade::APlus | Grade::A => (Tone::Good, "a household can share this line well"),
        Grade::B => (Tone::Fair, "a household can share this line, with small cuts"),
        Grade::C | Grade::D | Grade::F => (Tone::Bad, "four users at once are too much for this line"),
    };
    Bearing { tone, headline: format!("Household test, grade {letter}: {says}.{weakest}") }
}

/// The household's users with what they do.
pub(in crate::http::pages) fn uses(result: &StoredResult) -> [(&'static str, Option<Grade>); 4] {
    [
        ("gaming", result.alex_grade),
        ("video call", result.sarah_grade),
        ("streaming", result.jake_grade),
        ("background", result.computer_grade),
    ]
}

pub(super) fn test_name(result: &StoredResult) -> &'static str {
    match result.test_type {
        TestType::Single => "newest test of a single user",
        TestType::Household => "newest household test",
    }
}

/// When it last was bad, and how bad.
pub(super) fn worst_of(result: &StoredResult, now_ms: i64) -> String {
    let when = ago(now_ms, result.received_ms);
    match (result.test_type, Reading::of(result).worst()) {
        (TestType::Single, Some((load, rise))) => format!("{when} it rose by {} {}", ms(rise), while_loaded(load)),
        _ => format!("{when} the grade was {}", result.overall_grade.map_or("none", Grade::as_str)),
    }
}
