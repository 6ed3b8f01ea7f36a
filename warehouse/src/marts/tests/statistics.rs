//! What the figures promise holds for drawn votes whose truth is known: intervals hold it as often as they say, shrinking
//! brings scores nearer to it, and a planted change is found. The methodology states the rates that are asserted here.

mod draw;

mod example;

use std::collections::BTreeMap;

use super::*;
use crate::catalog::{self, Query};
use draw::{Dice, Votes};

/// Empty marts, whose relations a test fills.
struct Bench {
    _house: House,
    marts: Marts,
}

impl Bench {
    /// With these gates.
    fn new(listed: u32, ranked: u32, p95: u32) -> Self {
        let house = House::new();
        let bench = Self { marts: house.marts(), _house: house };
        bench.run(&format!(
            "INSERT INTO parameters VALUES (DATE '2026-11-22', {listed}, {ranked}, 1, {p95}, 'dslreports')"
        ));
        bench
    }

    fn run(&self, sql: &str) {
        self.marts.engine.run("test", sql).unwrap();
    }

    /// Makes relations, each after those that it reads.
    fn make(&self, queries: &[Query]) {
        for query in queries {
            self.run(&format!("CREATE TEMP TABLE {} AS {}", query.relation(), query.sql));
        }
    }

    /// A frame of its own for each trial.
    fn frames(&self, kind: &str, trials: u32) {
        self.run(&format!(
            "INSERT INTO frames SELECT CAST(i AS VARCHAR), '{kind}', i, DATE '2026-01-01' + CAST(i AS INTEGER), \
             DATE '2026-01-01' + CAST(i AS INTEGER) FROM range({trials}) AS t(i);
             INSERT INTO series SELECT i, CAST(i AS VARCHAR), 'single', 'all', 'working' FROM range({trials}) AS t(i)"
        ));
    }

    /// The votes of each trial and subject as `subject_bins`, and their grades as `subject_grades`.
    fn fill(&self, votes: &Votes) {
        self.run(
            "CREATE TEMP TABLE subject_bins (series UINTEGER, subject_number BIGINT, bin USMALLINT, votes BIGINT);
             CREATE TEMP TABLE subject_grades (frame VARCHAR, test_type VARCHAR, subject VARCHAR, hours VARCHAR, \
                 policy VARCHAR, grade VARCHAR, votes BIGINT)",
        );
        let bins = votes.bins.iter().map(|((trial, network, bin), votes)| {
            [Some((*trial).into()), Some((*network).into()), Some((*bin).into()), Some((*votes).into())]
        });
        self.marts.engine.append("subject_bins", bins).unwrap();
        self.run(
            "INSERT INTO subject_grades SELECT CAST(s.series AS VARCHAR), 'single', concat('AS', s.subject_number), 'all', 'dslreports', \
                 CASE WHEN b.lower_hundredths < 3000 THEN 'A' ELSE 'B' END, sum(s.votes) \
             FROM subject_bins AS s INNER JOIN bins AS b ON b.bin = s.bin GROUP BY ALL",
        );
    }

    /// Every subject is a network that is ranked.
    fn list_all(&self) {
        self.run(
            "CREATE TEMP TABLE networks AS SELECT CAST(series AS VARCHAR) AS frame, 'single' AS test_type, \
                 'all' AS hours, CAST(subject_number AS UINTEGER) AS asn, concat('AS', subject_number) AS subject, CAST(NULL AS VARCHAR) AS kind, \
                 CAST(sum(votes) AS BIGINT) AS votes, CAST(NULL AS VARCHAR) AS unranked_reason FROM subject_bins GROUP BY ALL",
        );
    }

    fn rows<T>(&self, sql: &str, read: impl Fn(&crate::engine::Row<'_>) -> T) -> Vec<T> {
        self.marts.engine.query("test", sql, &[], |row| Ok(read(row))).unwrap()
    }
}

fn share(held: impl Iterator<Item = bool>) -> f64 {
    let (mut yes, mut all) = (0.0, 0.0);
    for held in held {
        all += 1.0;
        yes += f64::from(u8::from(held));
    }
    yes / all
}

/// Aim: with n votes of a continuous quantity the intervals of median and 95th percentile hold the truth in about 95 of 100
/// cases; with values that clients round to whole ms they hold the median of what is reported at least as often. The median
/// itself is within 1 % of that of the votes.
#[test]
fn quantile_intervals_hold_the_truth() {
    let mut dice = Dice::new(1);
    for (n, trials) in [(100, 1_500), (1_000, 400)] {
        for whole_ms in [false, true] {
            let bench = Bench::new(1, 1, 1);
            bench.frames("window", trials);
            let mut votes = Votes::default();
            let mut middles = Vec::new();
            for trial in 0..trials {
                let mut drawn: Vec<u32> = (0..n).map(|_| dice.increase(3.2, 1.0, whole_ms)).collect();
                drawn.iter().for_each(|value| votes.add(trial, 1, *value));
                drawn.sort_unstable();
                middles.push(drawn[n / 2 - 1]);
            }
            bench.fill(&votes);
            bench.make(&[catalog::QUANTILES]);
            let truth = |z: f64| 100.0 * ((3.2 + z).exp() - 1.0);
            let [p50, p95] = [truth(0.0), truth(1.644_854)]
                .map(|truth| if whole_ms { (truth / 100.0).round() * 100.0 } else { truth });
            let found = bench.rows("SELECT * FROM quantiles ORDER BY CAST(frame AS INTEGER)", |row| {
                ["p50", "p95"].map(|name| {
                    ["", "_low", "_high"].map(|end| f64::from(row.u32(&format!("{name}{end}_hundredths")).unwrap()))
                })
            });
            let holds = |[_, low, high]: [f64; 3], truth: f64| low <= truth && truth <= high;
            let p50_held = share(found.iter().map(|[of_p50, _]| holds(*of_p50, p50)));
            let p95_held = share(found.iter().map(|[_, of_p95]| holds(*of_p95, p95)));
            println!("n = {n}, whole ms {whole_ms}: p50 {p50_held:.3}, p95 {p95_held:.3}");
            let bounds = if whole_ms { [0.94..=1.0, 0.94..=1.0] } else { [0.94..=0.98, 0.94..=0.99] };
            assert!(bounds[0].contains(&p50_held), "n = {n}, whole ms {whole_ms}: {p50_held} of the medians");
            assert!(bounds[1].contains(&p95_held), "n = {n}, whole ms {whole_ms}: {p95_held} of the 95th percentiles");
            for ([of_p50, _], middle) in found.iter().zip(middles) {
                let error = (of_p50[0] - f64::from(middle)).abs();
                assert!(error <= 1.0 + 0.01 * f64::from(middle), "{} for {middle}", of_p50[0]);
            }
        }
    }
}

/// Aim: averaged over shares from 5 to 95 %, Wilson's interval holds the true share in 94 to 96 of 100 cases. Counted out,
/// not drawn: every number of successes with its probability.
#[test]
fn share_intervals_hold_the_truth() {
    for n in [30, 100, 500] {
        let bench = Bench::new(1, 1, 1);
        bench.run(&format!(
            "CREATE TEMP TABLE subject_grades AS
             SELECT CAST(k AS VARCHAR) AS frame, 'single' AS test_type, 'AS1' AS subject, 'all' AS hours, 'p' AS policy, \
                 grade, CASE grade WHEN 'A' THEN k ELSE {n} - k END AS votes \
             FROM range({n} + 1) AS t(k), (VALUES ('A'), ('F')) AS g(grade)"
        ));
        bench.make(&[catalog::GRADE_SHARES]);
        let ends = bench.rows("SELECT * FROM grade_shares ORDER BY votes_a", |row| {
            ["share_low_millionths", "share_high_millionths"].map(|name| f64::from(row.u32(name).unwrap()) / 1e6)
        });
        let steps = 181;
        let mut mean = 0.0;
        for step in 0..steps {
            let p = 0.05 + 0.9 * f64::from(step) / f64::from(steps - 1);
            // Probabilities of 0, 1, 2, … successes, each from the one before.
            let mut probability = f64::from(n) * (1.0 - p).ln();
            for (k, [low, high]) in (0..).zip(&ends) {
                if *low <= p && p <= *high {
                    mean += probability.exp() / f64::from(steps);
                }
                probability += (f64::from(n - k) / f64::from(k + 1)).max(f64::MIN_POSITIVE).ln() + (p / (1.0 - p)).ln();
            }
        }
        println!("n = {n}: {mean:.4}");
        assert!((0.94..=0.96).contains(&mean), "n = {n}: {mean}");
    }
}

/// The statements from bins and grades of a window's networks to rank intervals.
const TO_RANKS: [Query; 7] = [
    catalog::QUANTILES,
    catalog::GRADE_SHARES,
    catalog::MEASURES,
    catalog::PRIORS,
    catalog::SCORES,
    catalog::PLACES,
    catalog::RANK_INTERVALS,
];

/// Worlds of networks whose true means are known, and what the statements make of them.
struct Worlds {
    bench: Bench,
    /// By world and network, the true mean of ln(1 + ms).
    truth: BTreeMap<(u32, u32), f64>,
}

/// As many worlds, each with networks of so many votes; networks differ by `between`.
fn worlds(count: u32, networks: u32, votes_of: impl Fn(&mut Dice) -> u32, between: f64) -> Worlds {
    let mut dice = Dice::new(7);
    let bench = Bench::new(1, 1, 1);
    bench.frames("window", count);
    let mut votes = Votes::default();
    let mut truth = BTreeMap::new();
    for world in 0..count {
        for asn in 1..=networks {
            let mean = 3.5 + between * dice.normal();
            truth.insert((world, asn), mean);
            for _ in 0..votes_of(&mut dice) {
                votes.add(world, asn, dice.increase(mean, 1.0, false));
            }
        }
    }
    bench.fill(&votes);
    bench.list_all();
    bench.make(&TO_RANKS);
    Worlds { bench, truth }
}

/// Aim: rank intervals hold the true place in at least 95 of 100 cases, by ms as by share; the mean width is that which the
/// methodology states.
#[test]
fn rank_intervals_hold_the_true_place() {
    let worlds = worlds(12, 60, |dice| 100 + dice.below(1_400), 0.8);
    for (ranking, widest) in [("ms", 12.0), ("dslreports", 16.0)] {
        let sql = format!("SELECT * FROM rank_intervals WHERE ranking = '{ranking}'");
        let found = worlds.bench.rows(&sql, |row| {
            let world: u32 = row.text("frame").unwrap().parse().unwrap();
            ((world, row.u32("asn").unwrap()), ["rank_low", "rank", "rank_high"].map(|name| row.u32(name).unwrap()))
        });
        assert_eq!(found.len(), 720);
        let place = |key: &(u32, u32)| {
            let better = |other: &(&(u32, u32), &f64)| other.0.0 == key.0 && *other.1 < worlds.truth[key];
            1 + u32::try_from(worlds.truth.iter().filter(better).count()).unwrap()
        };
        let held = share(found.iter().map(|(key, [low, _, high])| (*low..=*high).contains(&place(key))));
        let width = found.iter().map(|(_, [low, _, high])| f64::from(high - low + 1)).sum::<f64>() / 720.0;
        println!("{ranking}: {held:.3} held, mean width {width:.1} of 60 places");
        assert!(held >= 0.95, "{ranking}: {held}");
        assert!(width <= widest, "{ranking}: {width}");
    }
}

/// Aim: where votes are few and networks alike, shrunken scores are nearer to the truth than means; where votes are many,
/// they are no farther from it.
#[test]
fn shrinking_brings_scores_nearer_to_the_truth() {
    for (votes, between, gain) in [(30, 0.15, 0.7), (1_000, 0.8, 1.05)] {
        let worlds = worlds(20, 40, |_| votes, between);
        let sql = "SELECT s.frame, s.asn, s.score_millionths, m.value_millionths FROM scores AS s \
                   INNER JOIN measures AS m ON m.frame = s.frame AND m.asn = s.asn AND m.ranking = s.ranking \
                   WHERE s.ranking = 'ms'";
        let errors = worlds.bench.rows(sql, |row| {
            let world: u32 = row.text("frame").unwrap().parse().unwrap();
            let truth = worlds.truth[&(world, row.u32("asn").unwrap())];
            ["score_millionths", "value_millionths"]
                .map(|name| (f64::from(row.u32(name).unwrap()) / 1e6 - truth).powi(2))
        });
        let sum = |at: usize| errors.iter().map(|errors| errors[at]).sum::<f64>();
        println!("{votes} votes: squared error {:.2} of that of means", sum(0) / sum(1));
        assert!(sum(0) <= gain * sum(1), "{votes} votes: {} of {}", sum(0), sum(1));
    }
}

/// Aim: a change of 20 % between two months is found at the rates of the methodology, and no change is called one in about
/// 5 of 100 cases at most.
#[test]
fn a_planted_change_is_found() {
    for (n, least) in [(300, 0.3), (1_000, 0.8), (3_000, 0.99)] {
        let mut dice = Dice::new(11);
        let bench = Bench::new(1, 1, 1);
        bench.frames("month", 2);
        let trials = 200;
        let mut votes = Votes::default();
        for network in 1..=2 * trials {
            // The first half of the networks gets worse by a fifth.
            let worse = if network <= trials { 1.2_f64.ln() } else { 0.0 };
            for _ in 0..n {
                votes.add(0, network, dice.increase(4.0, 1.0, false));
                votes.add(1, network, dice.increase(4.0 + worse, 1.0, false));
            }
        }
        bench.fill(&votes);
        bench.make(&[catalog::QUANTILES, catalog::GRADE_SHARES, catalog::PERIODS, catalog::TRENDS]);
        let said = bench.rows("SELECT subject, change FROM trends WHERE frame = '1'", |row| {
            let network: u32 = row.text("subject").unwrap()[2..].parse().unwrap();
            (network <= trials, row.text("change").unwrap())
        });
        let rate = |planted: bool, word: &str| {
            share(said.iter().filter(|(of, _)| *of == planted).map(|(_, change)| change == word))
        };
        let (found, false_alarms) = (rate(true, "worse"), rate(false, "worse") + rate(false, "better"));
        println!("n = {n}: found {found:.2}, false alarms {false_alarms:.3}");
        assert!(found >= least, "n = {n}: a change of 20 % is found in {found}");
        assert!(rate(true, "better") == 0.0 && false_alarms <= 0.08, "n = {n}: {false_alarms} false alarms");
    }
}

/// Aim: an agent that halves what it measures is found by the warehouse's own tests at the rate of the methodology, honest
/// ones seldom; without the forger the network's place moves, without an honest one it hardly does.
#[test]
fn a_planted_forger_is_found() {
    let mut dice = Dice::new(13);
    let bench = Bench::new(1, 100, 1);
    bench.frames("window", 1);
    let networks = 150;
    let (mut votes, mut sources) = (Votes::default(), BTreeMap::<&str, Votes>::new());
    for network in 1..=networks {
        let mean = 3.5 + 0.8 * dice.normal();
        let forged = if network <= networks / 3 { 0.5_f64.ln() } else { 0.0 };
        for (source, count, by) in [("direct", 100, 0.0), ("isp-one", 400, forged), ("isp-two", 300, 0.0)] {
            for _ in 0..count {
                let increase = dice.increase(mean + by, 1.0, false);
                votes.add(0, network, increase);
                sources.entry(source).or_default().add(0, network, increase);
            }
        }
    }
    bench.fill(&votes);
    bench.list_all();
    bench.run("CREATE TEMP TABLE frame_agents (frame VARCHAR, test_type VARCHAR, asn UINTEGER, agent VARCHAR, outcome BIGINT, votes BIGINT)");
    let rows = sources.iter().flat_map(|(source, votes)| votes.bins.iter().map(move |key| (*source, key)));
    let rows = rows.map(|(source, ((_, network, bin), votes))| {
        let texts = [Some("0".into()), Some("single".into()), Some((*network).into()), Some(source.into())];
        let [frame, test_type, asn, agent] = texts;
        [frame, test_type, asn, agent, Some((*bin).into()), Some((*votes).into())]
    });
    bench.marts.engine.append("frame_agents", rows).unwrap();
    bench.make(&TO_RANKS);
    let provenance = [catalog::SOURCE_VOTES, catalog::SOURCE_FIGURES, catalog::LEFT_OUT, catalog::ASN_PROVENANCE];
    bench.make(&provenance);
    let said = bench.rows("SELECT * FROM asn_provenance", |row| {
        let forger = row.u32("asn").unwrap() <= networks / 3;
        let low = row.int("direct_difference_low_hundredths").unwrap();
        assert!(!row.bool("is_single_source").unwrap() && !row.bool("hangs_on_one").unwrap());
        (forger, low > 0, row.u32("places_shift").unwrap())
    });
    let rate = |forger: bool| share(said.iter().filter(|(of, ..)| *of == forger).map(|(_, found, _)| *found));
    let shift = |forger: bool| {
        let shifts: Vec<_> =
            said.iter().filter(|(of, ..)| *of == forger).map(|(.., shift)| f64::from(*shift)).collect();
        shifts.iter().sum::<f64>() / shifts.len() as f64
    };
    println!("found {:.2}, false alarms {:.3}", rate(true), rate(false));
    println!("places moved: {:.1} without the forger, {:.1} without an honest one", shift(true), shift(false));
    assert!(rate(true) >= 0.6, "{} of the forgers are found", rate(true));
    assert!(rate(false) <= 0.05, "{} of the honest are suspected", rate(false));
    assert!(shift(true) > 2.0 * shift(false), "{} places, {} places", shift(true), shift(false));
}
