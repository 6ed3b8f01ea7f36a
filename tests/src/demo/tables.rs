//! What the public sees, beside what came in today and is not public yet.

use anyhow::Context as _;
use comfy_table::presets::UTF8_BORDERS_ONLY;
use comfy_table::{CellAlignment, ContentArrangement, Table};
use serde_json::Value;

use crate::harness::Warehouse;

/// Networks at each end of the ranking.
const ENDS: usize = 10;

/// Results of today that came through the two live agents.
const LIVE: &str = "SELECT asn, test_type, CAST(sum(tests) AS BIGINT) AS tests, CAST(sum(votes) AS BIGINT) AS votes \
     FROM daily WHERE starts_with(agent, 'demo-live-') AND excluded_reason IS NULL GROUP BY ALL ORDER BY tests DESC, asn";

/// Number of live results in the marts.
pub(super) fn live_results(warehouse: &Warehouse) -> anyhow::Result<u64> {
    let rows = warehouse.sql(LIVE)?;
    Ok(rows.iter().filter_map(|row| row.get("tests")?.as_u64()).sum())
}

/// Prints both tables.
pub(super) fn print(warehouse: &Warehouse) -> anyhow::Result<()> {
    let answer = warehouse.get("/api/v1/rankings?limit=1000")?.json()?;
    let text = |name: &str| answer["meta"][name].as_str().unwrap_or("?").to_owned();
    let data = answer["data"].as_array().context("the ranking has no data")?;
    let ranked: Vec<&Value> = data.iter().filter(|row| !row["rank"].is_null()).collect();
    println!(
        "\nThe public ranking (cut {}, closed days until {}): networks by their latency increase under load.",
        text("cut"),
        text("last_day")
    );
    println!("{}", ranking(&ranked));
    println!("{} networks are ranked, {} more are listed without a rank.", ranked.len(), data.len() - ranked.len());

    let names: std::collections::HashMap<u64, &str> =
        data.iter().filter_map(|row| Some((row["asn"].as_u64()?, row["name"].as_str()?))).collect();
    let rows = warehouse.sql(LIVE)?;
    let mut table = table(&["network", "", "test", "tests", "votes"]);
    for row in rows.iter().take(ENDS) {
        let asn = row["asn"].as_u64().unwrap_or(0);
        let name = names.get(&asn).copied().unwrap_or("");
        table.add_row([
            format!("AS{asn}"),
            name.to_owned(),
            row["test_type"].as_str().unwrap_or("").to_owned(),
            row["tests"].to_string(),
            row["votes"].to_string(),
        ]);
    }
    right(&mut table, &[3, 4]);
    println!("\nArrived live through the two agents: in the marts, not public before the day has closed.\n{table}");
    Ok(())
}

/// The top and the bottom of the ranking.
fn ranking(ranked: &[&Value]) -> Table {
    let mut table =
        table(&["rank", "95 %", "network", "", "country", "votes", "score ms", "median ms", "95 %", "grade"]);
    let bottom = ranked.len().saturating_sub(ENDS).max(ENDS);
    for (at, row) in ranked.iter().enumerate() {
        if at >= ENDS && at < bottom {
            if at == ENDS {
                table.add_row(["…"]);
            }
            continue;
        }
        let ms = |name: &str| row[name].as_f64().map_or_else(String::new, |ms| format!("{ms:.1}"));
        table.add_row([
            row["rank"].to_string(),
            format!("{} – {}", row["rank_low"], row["rank_high"]),
            format!("AS{}", row["asn"]),
            row["name"].as_str().unwrap_or("").chars().take(38).collect(),
            row["country"].as_str().unwrap_or("").to_owned(),
            row["votes"].to_string(),
            ms("score_ms"),
            ms("p50_ms"),
            format!("{} – {}", ms("p50_low_ms"), ms("p50_high_ms")),
            row["grade"].as_str().unwrap_or("").to_owned(),
        ]);
    }
    right(&mut table, &[0, 1, 5, 6, 7, 8]);
    table
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(UTF8_BORDERS_ONLY).set_content_arrangement(ContentArrangement::Disabled).set_header(header);
    table
}

fn right(table: &mut Table, columns: &[usize]) {
    for column in columns {
        if let Some(column) = table.column_mut(*column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
}
