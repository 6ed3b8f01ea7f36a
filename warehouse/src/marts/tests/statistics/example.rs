//! The worked example of the methodology is what the statements say.

use super::*;

const METHODOLOGY: &str = include_str!("../../../../../docs/methodology.md");

/// The table's cells under this line of names.
fn table(header: &str) -> Vec<Vec<String>> {
    let (_, rest) = METHODOLOGY.split_once(header).unwrap_or_else(|| panic!("no table with {header}"));
    let lines = rest.lines().skip(2).take_while(|line| line.starts_with('|'));
    lines.map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()).collect()
}

fn millionths(row: &crate::engine::Row<'_>, column: &str) -> f64 {
    f64::from(row.u32(column).unwrap()) / 1e6
}

/// Aim: every figure of the example's table and of its steps comes out of the votes of its first table.
#[test]
fn the_worked_example_is_recomputed() {
    let bench = Bench::new(30, 100, 300);
    bench.frames("window", 1);
    let mut votes = Votes::default();
    for row in table("| network | 5 ms | 20 ms | 50 ms | 120 ms |") {
        for (ms, count) in [5, 20, 50, 120].into_iter().zip(&row[1..]) {
            (0..count.parse::<u32>().unwrap()).for_each(|_| votes.add(0, row[0][2..].parse().unwrap(), 100 * ms));
        }
    }
    bench.fill(&votes);
    bench.list_all();
    bench.make(&TO_RANKS);
    let sql = "SELECT q.*, g.share_millionths, g.share_low_millionths, g.share_high_millionths, m.value_millionths, \
                   m.variance_e12, s.score_millionths, s.score_variance_e12, s.score_hundredths, r.rank, r.rank_low, \
                   r.rank_high, r.ties, p.mean_millionths, p.between_e12 \
               FROM quantiles AS q INNER JOIN grade_shares AS g ON g.subject = q.subject \
               INNER JOIN measures AS m ON m.ranking = 'ms' AND concat('AS', m.asn) = q.subject \
               INNER JOIN scores AS s ON s.ranking = 'ms' AND s.asn = m.asn \
               INNER JOIN rank_intervals AS r ON r.ranking = 'ms' AND r.asn = m.asn \
               INNER JOIN priors AS p ON p.ranking = 'ms' ORDER BY q.subject";
    let mut steps = Vec::new();
    let found = bench.rows(sql, |row| {
        let ms = |column: &str| f64::from(row.u32(column).unwrap()) / 100.0;
        let variance = |column: &str| row.int(column).unwrap() as f64 / 1e12;
        let place = |column: &str| row.u32(column).unwrap();
        let steps_of = [
            format!("μ = {:.3}", millionths(row, "mean_millionths")),
            format!("τ² = {:.4}", variance("between_e12")),
            format!("v = {:.5}", variance("variance_e12")),
            format!("= {:.3}, which is {:.2} ms", millionths(row, "score_millionths"), ms("score_hundredths")),
            format!("s² = {:.5}", variance("score_variance_e12")),
        ];
        let cells = vec![
            row.text("subject").unwrap(),
            format!("{:.2}", ms("p50_hundredths")),
            format!("{:.2} – {:.2}", ms("p50_low_hundredths"), ms("p50_high_hundredths")),
            format!("{:.3}", millionths(row, "share_millionths")),
            format!("{:.3} – {:.3}", millionths(row, "share_low_millionths"), millionths(row, "share_high_millionths")),
            format!("{:.3}", millionths(row, "value_millionths")),
            format!("{:.5}", variance("variance_e12")),
            format!("{:.2}", ms("score_hundredths")),
            place("rank").to_string(),
            format!("{} – {}", place("rank_low"), place("rank_high")),
            place("ties").to_string(),
        ];
        (cells, steps_of, millionths(row, "score_millionths"), variance("score_variance_e12"))
    });
    let header = "| network | median | 95 % | A or better | 95 % | value | v | score ms | rank | 95 % | ties |";
    let expected: Vec<_> = found.iter().map(|(cells, ..)| cells.clone()).collect();
    assert_eq!(table(header), expected);
    steps.extend(found[0].1.clone());
    let ((_, _, second, second_s2), (_, _, third, third_s2)) = (&found[1], &found[2]);
    steps.push(format!("differ by {:.3}", third - second));
    steps.push(format!("2.24 √({second_s2:.5} + {third_s2:.5}) = {:.3}", 2.241_403 * (second_s2 + third_s2).sqrt()));
    let text = METHODOLOGY.split_whitespace().collect::<Vec<_>>().join(" ");
    for step in steps {
        assert!(text.contains(&step), "the methodology does not say: {step}");
    }
}
