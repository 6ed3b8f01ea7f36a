//! What the figures mean at home: for each use, in how many tests it would have gone well. Read off the increases of single
//! tests; household tests report one grade for all uses together.

use super::chart::{BINS, Distribution, EDGES_MS};
use super::figures::percent;

/// A use with its measure.
struct Use {
    name: &'static str,
    /// Which increase decides.
    quantity: &'static str,
    /// Below this increase it goes well, in ms: an edge of the bins.
    below_ms: f64,
    needs: &'static str,
}

const USES: [Use; 4] = [
    Use {
        name: "Games",
        quantity: "working",
        below_ms: 30.0,
        needs: "A game feels right while the line adds less than 30 ms.",
    },
    Use {
        name: "Video calls",
        quantity: "working",
        below_ms: 100.0,
        needs: "People talk over each other from about 100 ms on.",
    },
    Use {
        name: "Streaming",
        quantity: "download",
        below_ms: 400.0,
        needs: "Films are loaded ahead: only 400 ms and more make them slow to start or to skip.",
    },
    Use {
        name: "Backups and updates",
        quantity: "upload",
        below_ms: 60.0,
        needs: "A backup goes unnoticed while it adds less than 60 ms for everybody else.",
    },
];

/// From these shares on a use goes well, or now and then.
const WELL: f64 = 0.8;
const OFTEN: f64 = 0.5;

/// A use as the page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) name: &'static str,
    pub(super) verdict: &'static str,
    /// `good`, `fair` or `bad`: a class of the style sheet.
    pub(super) tone: &'static str,
    pub(super) share: String,
    pub(super) needs: &'static str,
}

/// The uses of which something is known; `votes` gives the distribution of a quantity.
pub(super) fn uses(votes: impl Fn(&str) -> Option<Distribution>) -> Vec<Told> {
    let told = |one: &Use| {
        let share = below(&votes(one.quantity)?, one.below_ms)?;
        let (verdict, tone) = match share {
            _ if share >= WELL => ("goes well", "good"),
            _ if share >= OFTEN => ("goes well on most lines", "fair"),
            _ => ("suffers on most lines", "bad"),
        };
        Some(Told { name: one.name, verdict, tone, share: percent(share), needs: one.needs })
    };
    USES.iter().filter_map(told).collect()
}

/// The share of votes below an edge; none without votes.
fn below(one: &Distribution, edge_ms: f64) -> Option<f64> {
    let total: i64 = one.votes.iter().sum();
    let bins = EDGES_MS.iter().filter(|edge| **edge < edge_ms).count().min(BINS);
    let below: i64 = one.votes[..bins].iter().sum();
    (total > 0).then(|| below as f64 / total as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Aim: each use is judged by its own increase, below its own edge; what nobody measured is not told.
    #[test]
    fn uses_are_judged_by_their_increase() {
        let at = |edge: f64, votes: i64| {
            let mut all = [0; BINS];
            all[0] = 10 - votes;
            all[EDGES_MS.iter().position(|known| known.total_cmp(&edge).is_eq()).unwrap()] = votes;
            Some(Distribution { name: String::new(), votes: all })
        };
        let told = uses(|quantity| match quantity {
            "working" => at(30.0, 4),
            "upload" => at(60.0, 6),
            _ => None,
        });
        let told: Vec<_> = told.iter().map(|one| (one.name, one.share.as_str(), one.tone)).collect();
        let expected =
            [("Games", "60 %", "fair"), ("Video calls", "100 %", "good"), ("Backups and updates", "40 %", "bad")];
        assert_eq!(told, expected);
        assert_eq!(uses(|_| Some(Distribution { name: String::new(), votes: [0; BINS] })), []);
        // Each edge is one of the bins'.
        assert!(USES.iter().all(|one| EDGES_MS.contains(&one.below_ms)));
    }
}
