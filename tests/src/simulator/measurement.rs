//! What one test measures, as the client program reports it: whole milliseconds, and 0 for what it did not measure.

use wire::{Grade, Hour, TestType};

use super::calendar;
use super::client::Client;
use super::dice::Dice;
use super::network::Network;

/// One test as the client program sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// Which test.
    pub test_type: TestType,
    /// Idle round-trip time in whole ms; 0 if the ping failed.
    pub baseline_ms: u32,
    /// Increase while downloading, uploading and doing both, in whole ms.
    pub increase_ms: [u32; 3],
    /// Throughput down and up in tenths of a Mbit/s; 0 if the phase failed.
    pub rate_tenths: [u32; 2],
    /// Overall grade, then those of download, upload and both (single) or of the four users (household).
    pub overall: Grade,
    /// Download, upload, bidirectional; or gamer, video call, streaming, background.
    pub parts: [Grade; 4],
    /// How long it took, in s.
    pub duration_s: u32,
}

/// Share of tests that simulate a household.
const HOUSEHOLD_SHARE: f64 = 0.22;
/// Share of phases that fail: the program then reports 0 for both throughput and increase.
const FAILED_PHASE_SHARE: f64 = 0.012;
/// Share of tests whose idle ping fails: the baseline is then 0.
const FAILED_PING_SHARE: f64 = 0.004;

/// Runs a test of this client in this hour, when this share of the history has passed.
pub fn measure(network: &Network, client: &Client, hour: Hour, passed: f64, dice: &mut Dice) -> Measurement {
    let load = calendar::load(hour, network.country.utc_offset_minutes);
    let evening = 1.0 + network.evening * load;
    let working = network.increase_ms_at(passed) * client.bloat * evening * dice.around(1.0, 0.3);
    let baseline = client.rtt_ms * dice.around(1.0, 0.08) * (1.0 + 0.1 * load);
    let slowed = (client.line / (1.0 + 0.15 * network.evening * load)).clamp(0.01, 0.99);
    let rate = [
        network.country.download_mbps.at(slowed) * dice.around(1.0, 0.1),
        network.country.upload_mbps.at(slowed) * dice.around(1.0, 0.1),
    ];
    if dice.chance(HOUSEHOLD_SHARE) {
        household(baseline, working, rate[0], dice)
    } else {
        single(baseline, working, rate, dice)
    }
}

fn single(baseline: f64, working: f64, rate: [f64; 2], dice: &mut Dice) -> Measurement {
    // Uplinks are slower, so their queues hold more time: on average 4/3 of the download's.
    let tilt = dice.around(1.33, 0.25);
    let mut measured = [2.0 * working / (1.0 + tilt), 2.0 * working * tilt / (1.0 + tilt), working * tilt];
    let mut rate_tenths = rate.map(|mbps| whole(mbps * 10.0).max(1));
    for phase in 0..2 {
        if dice.chance(FAILED_PHASE_SHARE) {
            measured[phase] = 0.0;
            rate_tenths[phase] = 0;
        }
    }
    if rate_tenths.contains(&0) {
        measured[2] = 0.0;
    }
    let increase_ms = measured.map(whole);
    let baseline_ms = if dice.chance(FAILED_PING_SHARE) { 0 } else { whole(baseline).max(1) };
    let [download, upload, both] = increase_ms.map(grade);
    Measurement {
        test_type: TestType::Single,
        baseline_ms,
        increase_ms,
        rate_tenths,
        overall: grade((increase_ms[0] + increase_ms[1]) / 2).max(grade_of_baseline(baseline_ms)),
        parts: [download, upload, both, both],
        duration_s: 30 + whole(2.0 * dice.uniform()),
    }
}

fn household(baseline: f64, working: f64, download_mbps: f64, dice: &mut Dice) -> Measurement {
    let parts = [1.0, 0.8, 0.6, 1.2].map(|sensitivity| grade(whole(working * sensitivity * dice.around(1.0, 0.2))));
    let worst = parts.into_iter().max().unwrap_or(Grade::C);
    Measurement {
        test_type: TestType::Household,
        baseline_ms: whole(baseline).max(1),
        increase_ms: [0; 3],
        rate_tenths: [whole(download_mbps * 10.0).max(1), 0],
        // The program's overall grade is the gamer's or the worst, whichever comes to its mind first.
        overall: if dice.chance(0.5) { parts[0] } else { worst },
        parts,
        duration_s: 40,
    }
}

/// The client program's grade of an increase, in ms.
fn grade(increase_ms: u32) -> Grade {
    match increase_ms {
        0..5 => Grade::APlus,
        5..30 => Grade::A,
        30..60 => Grade::B,
        60..200 => Grade::C,
        200..400 => Grade::D,
        _ => Grade::F,
    }
}

/// The best grade that a round-trip time of the idle line allows, in ms.
fn grade_of_baseline(baseline_ms: u32) -> Grade {
    match baseline_ms {
        0..75 => Grade::APlus,
        75..100 => Grade::A,
        100..125 => Grade::B,
        125..150 => Grade::C,
        150..175 => Grade::D,
        _ => Grade::F,
    }
}

/// Rounds as JavaScript's `Math.round` does; what is beyond the bounds of a record is cut.
fn whole(value: f64) -> u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
    let rounded = (value + 0.5).floor().clamp(0.0, 50_000_000.0) as u32;
    rounded
}
