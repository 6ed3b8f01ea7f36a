//! What the public sees: the cut, made from a month of results, whatever happens to the warehouse that makes it.

mod analysts;

mod bucket;

mod described;

mod documented;

mod refused;

mod release;

mod readers;

mod stage;

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use bufferlake_tests::harness::until;

use self::stage::Stage;

/// How long a rebuild of a small lake may take.
const PATIENCE: Duration = Duration::from_secs(60);

// Aim: a month of results becomes a ranking; a second cut of the same says so; what is ranked has the evidence.
#[test]
fn a_month_becomes_a_ranking() -> anyhow::Result<()> {
    let mut stage = Stage::open("ranking")?;
    let before = stage.warehouse.get("/api/v1/rankings")?;
    ensure!(before.status == 503, "before the first cut the answer is {}", before.status);
    let said = stage.warehouse.command(&["publish"])?;
    ensure!(said.contains("is public now"), "{said}");
    let answer = stage.rankings()?;
    let data = answer["data"].as_array().context("no data")?;
    let ranked: Vec<_> = data.iter().filter(|row| !row["rank"].is_null()).collect();
    ensure!(ranked.len() > 20, "only {} networks are ranked", ranked.len());
    for (at, row) in ranked.iter().enumerate() {
        let ms = |name: &str| row[name].as_f64().unwrap_or(f64::NAN);
        ensure!(row["rank"] == at + 1, "rank {at}: {row}");
        ensure!(
            row["votes"].as_u64() >= Some(100) && row["vote_days"].as_u64() >= Some(3),
            "too little evidence: {row}"
        );
        ensure!(ms("p50_low_ms") <= ms("p50_ms") && ms("p50_ms") <= ms("p50_high_ms"), "no interval: {row}");
        let place = |name: &str| row[name].as_u64().unwrap_or(0);
        ensure!(1 <= place("rank_low") && place("rank_low") <= place("rank"), "no rank interval: {row}");
        ensure!(place("rank") <= place("rank_high") && place("rank_high") <= ranked.len() as u64, "{row}");
    }
    let scores: Vec<f64> = ranked.iter().filter_map(|row| row["score_ms"].as_f64()).collect();
    ensure!(scores.len() == ranked.len() && scores.is_sorted(), "the order is not that of the scores");
    let again = stage.warehouse.command(&["publish"])?;
    ensure!(again.contains("no new one was made"), "{again}");
    stage.assert_sound()
}

// Aim: the DuckDB file is a cache. Deleted, damaged or left behind, the marts and the cut say the same as before.
#[test]
fn without_its_cache_the_warehouse_says_the_same() -> anyhow::Result<()> {
    let mut stage = Stage::open("cache")?;
    stage.warehouse.command(&["publish"])?;
    let (ranking, daily) = (stage.rankings()?, stage.daily()?);
    let cut = stage.cut_document()?;
    for damage in ["deleted", "overwritten", "rebuilt"] {
        stage.warehouse.program().stop()?;
        let cache = stage.warehouse.dir().join("cache");
        match damage {
            "deleted" => fs::remove_dir_all(&cache)?,
            "overwritten" => fs::write(cache.join("marts.duckdb"), vec![7; 4096])?,
            _ => {}
        }
        stage.warehouse.restart()?;
        if damage == "rebuilt" {
            stage.warehouse.command(&["rebuild"])?;
        }
        until(&format!("the marts come back ({damage})"), PATIENCE, || (stage.daily().ok()? == daily).then_some(()))?;
        let said = stage.warehouse.command(&["publish"])?;
        ensure!(said.contains("no new one was made"), "{damage}: another cut came of the same lake: {said}");
        ensure!(stage.rankings()? == ranking && stage.cut_document()? == cut, "{damage}: the ranking changed");
    }
    stage.assert_sound()
}

// Aim: what the operator takes back leaves the marts at once and the public with the next cut, whose old edition stays.
#[test]
fn a_withdrawal_leaves_the_next_cut() -> anyhow::Result<()> {
    let mut stage = Stage::open("withdraw")?;
    stage.warehouse.command(&["publish"])?;
    let first = stage.cut_document()?;
    let agent = stage.warehouse.sql("SELECT agent FROM daily GROUP BY agent ORDER BY sum(votes) DESC LIMIT 1")?;
    let agent = agent[0]["agent"].as_str().context("no agent")?.to_owned();
    let counted = || {
        stage.warehouse.sql(&format!(
            "SELECT CAST(sum(tests) AS BIGINT) AS tests FROM daily WHERE agent = '{agent}' AND excluded_reason IS NULL"
        ))
    };
    ensure!(counted()?[0]["tests"].as_u64() > Some(0), "nothing to take back");
    let range = ["--from", "2020-01-01", "--to", "2029-12-31"];
    stage.warehouse.command(&[&["withdraw", "--agent", &agent], &range[..]].concat())?;
    ensure!(counted()?[0]["tests"].is_null(), "the marts still count what was taken back");
    ensure!(stage.cut_document()? == first, "the public cut changed by itself");
    let unknown = stage.warehouse.command(&[&["withdraw", "--agent", "nobody"], &range[..]].concat());
    ensure!(unknown.is_err_and(|error| error.to_string().contains("agents list")), "an unknown agent is no error");

    let said = stage.warehouse.command(&["publish"])?;
    let second = stage.cut_document()?;
    let id = first["release"].as_str().context("no id")?;
    ensure!(second["release"] == format!("{id}.2"), "{said}");
    ensure!(second["content"] != first["content"], "the correction says the same");
    ensure!(stage.document_of(id)? == first, "the old cut changed");
    stage.assert_sound()
}

// Aim: a result that was acknowledged is in the marts within 10 seconds.
#[test]
fn an_acknowledged_result_is_soon_in_the_marts() -> anyhow::Result<()> {
    let mut stage = Stage::empty("soon")?;
    let began = Instant::now();
    stage.post_direct()?;
    until("the result is in the marts", Duration::from_secs(10), || {
        let rows = stage.warehouse.sql("SELECT CAST(sum(tests) AS BIGINT) AS tests FROM daily").ok()?;
        (rows[0]["tests"].as_u64()? == 1).then_some(())
    })?;
    eprintln!("from the post to the marts: {:.1} s", began.elapsed().as_secs_f64());
    stage.assert_sound()
}
