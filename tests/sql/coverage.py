"""How often the published intervals hold the truth, and how often a forger and a change are found: by simulation.

Each figure must lie within its bounds, which are those that docs/methodology.md states; the exit code tells. Run it by
`python tests/sql/coverage.py`; the seed is fixed, so it says the same every time.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from statistics import NormalDist

import numpy as np

from worlds import FIRST_ASN, LAST_DAY, World

SEED = 20261125
TRIALS = 1_500
DAYS = [LAST_DAY - dt.timedelta(days) for days in range(3)]
LATENCIES = ("subject_bins", "quantiles")
RANKS = (
    "frame_grades", "subject_bins", "subject_grades", "grade_shares", "networks", "measures", "priors", "scores",
    "places", "rank_intervals",
)
PROVENANCE = RANKS + ("quantiles", "frame_agents", "source_votes", "source_figures", "left_out", "asn_provenance")
TRENDS = ("frame_grades", "subject_bins", "subject_grades", "quantiles", "grade_shares", "periods", "trends")


def split(values: np.ndarray, parts: int = len(DAYS)) -> list[np.ndarray]:
    return np.array_split(values, parts)


def quantile_coverage(random: np.random.Generator, votes: int, whole_ms: bool) -> dict[str, float]:
    """Share of trials in which the interval holds the true median and the true 95th percentile of a log-normal increase."""
    centre, spread = np.log(60), 0.9
    world = World(p95_votes=100)
    for trial in range(TRIALS):
        ms = np.exp(random.normal(centre, spread, votes))
        for day, part in zip(DAYS, split(np.rint(ms) if whole_ms else ms)):
            world.add_single(FIRST_ASN + trial, day, {"isp-one": part})
    world.publish(*LATENCIES)
    found = {}
    for name, share in (("p50", 0.5), ("p95", 0.95)):
        true = 100 * np.exp(centre + spread * NormalDist().inv_cdf(share))
        if whole_ms:
            true = 100 * round(true / 100)
        # A true value that is coarsened as the votes are.
        true = int(100 * round(true / 100)) if whole_ms else true
        rows = world.table(
            f"SELECT {name}_low_hundredths AS low, {name}_high_hundredths AS high FROM quantiles "
            "WHERE frame = '30d' AND hours = 'all' AND quantity = 'working' AND subject <> 'DE' AND subject <> 'world'"
        )
        low, high = rows["low"].to_numpy(), rows["high"].to_numpy()
        assert len(low) == TRIALS
        # The interval is published in whole hundredths: its upper end stands for all up to the next.
        found[name] = float(np.mean((low <= true) & (true < high + 1)))
    return found


def wilson_coverage(random: np.random.Generator, votes: int) -> float:
    """Mean over true shares from 5 to 95 % of how often the interval holds the true share."""
    shares = [at / 20 for at in range(1, 20)]
    each = TRIALS // 5
    world = World()
    for which, share in enumerate(shares):
        for trial, good in enumerate(random.binomial(votes, share, each)):
            world.add_household(FIRST_ASN + which * each + trial, LAST_DAY, int(good), votes)
    world.publish("frame_grades", "subject_grades", "grade_shares")
    rows = world.table(
        "SELECT CAST(substr(subject, 3) AS INTEGER) AS asn, share_low_millionths AS low, share_high_millionths AS high "
        "FROM grade_shares WHERE frame = '30d' AND subject LIKE 'AS%' ORDER BY asn"
    )
    true = np.repeat(shares, each) * 1e6
    return float(np.mean((rows["low"].to_numpy() <= true) & (true <= rows["high"].to_numpy())))


def rank_coverage(random: np.random.Generator, networks: int, worlds: int) -> dict[str, float]:
    """How often a network's rank interval holds its true place, and how wide the intervals are."""
    held, widths, all_held = [], [], 0
    for _ in range(worlds):
        world = World()
        centres = random.normal(np.log(40), 0.5, networks)
        spreads = random.uniform(0.6, 1.1, networks)
        votes = random.integers(100, 3_000, networks)
        # The true mean of ln(1 + ms), by which networks are ranked, from a large sample of the same line.
        sample = random.normal(0, 1, 20_000)
        true = [float(np.mean(np.log1p(np.exp(centre + spread * sample)))) for centre, spread in zip(centres, spreads)]
        place = np.argsort(np.argsort(true)) + 1
        for at in range(networks):
            ms = np.exp(random.normal(centres[at], spreads[at], votes[at]))
            for day, part in zip(DAYS, split(ms)):
                world.add_single(FIRST_ASN + at, day, {"isp-one": part})
        world.publish(*RANKS)
        rows = world.table(
            "SELECT asn, rank_low, rank_high FROM rank_intervals "
            "WHERE frame = '30d' AND hours = 'all' AND ranking = 'ms' ORDER BY asn"
        )
        low, high = rows["rank_low"].to_numpy(), rows["rank_high"].to_numpy()
        inside = (low <= place) & (place <= high)
        held.append(float(np.mean(inside)))
        widths.append(float(np.mean(high - low + 1)) / networks)
        all_held += bool(inside.all())
    return {"held": float(np.mean(held)), "all_held": all_held / worlds, "mean_width": float(np.mean(widths))}


def forger_found(random: np.random.Generator, factor: float, direct: int) -> float:
    """How often an agent that writes down its own latencies times `factor` differs clearly from the warehouse's own tests."""
    world = World()
    for trial in range(TRIALS // 5):
        line = lambda votes: np.exp(random.normal(np.log(60), 0.9, votes))  # noqa: E731
        for day, own, theirs in zip(DAYS, split(line(direct)), split(line(500) * factor)):
            world.add_single(FIRST_ASN + trial, day, {"direct": own, "isp-one": theirs})
    world.publish(*PROVENANCE)
    rows = world.table("SELECT direct_difference_low_hundredths AS low FROM asn_provenance WHERE window_days = 30")
    # Direct tests are slower than what the agent says.
    return float(np.mean(rows["low"].to_numpy() > 0))


def change_found(random: np.random.Generator, factor: float, votes: int) -> float:
    """How often a month whose latencies are those of the month before times `factor` is called better or worse."""
    before, after = dt.date(2026, 10, 15), dt.date(2026, 11, 15)
    world = World()
    for trial in range(TRIALS // 5):
        for day, times in ((before, 1.0), (after, factor)):
            ms = np.exp(random.normal(np.log(60), 0.9, votes)) * times
            world.add_single(FIRST_ASN + trial, day, {"isp-one": ms})
    world.publish(*TRENDS)
    rows = world.table("SELECT change FROM trends WHERE kind = 'month' AND frame = '2026-11' AND subject LIKE 'AS%'")
    changes = rows["change"].to_pylist()
    assert len(changes) == TRIALS // 5
    return sum(change != "no clear change" for change in changes) / len(changes)


def main() -> int:
    random = np.random.default_rng(SEED)
    figures: list[tuple[str, float, float, float]] = []
    for votes in (100, 300, 1_000):
        found = quantile_coverage(random, votes, whole_ms=False)
        figures.append((f"median's interval holds the median, {votes} votes", found["p50"], 0.94, 0.98))
        figures.append((f"95th percentile's interval holds it, {votes} votes", found["p95"], 0.94, 0.99))
    found = quantile_coverage(random, 300, whole_ms=True)
    figures.append(("the same, clients round to whole ms: median", found["p50"], 0.94, 1.0))
    figures.append(("the same, clients round to whole ms: 95th percentile", found["p95"], 0.94, 1.0))
    figures.append(("share's interval holds the share, mean over 5 to 95 %, 100 votes", wilson_coverage(random, 100), 0.94, 0.96))
    ranks = rank_coverage(random, networks=60, worlds=25)
    figures.append(("rank interval holds the true place, 60 networks", ranks["held"], 0.95, 1.0))
    figures.append(("all 60 rank intervals of a world hold at once", ranks["all_held"], 0.9, 1.0))
    figures.append(("mean width of a rank interval, as a share of all places", ranks["mean_width"], 0.0, 0.5))
    figures.append(("an agent that halves its latencies is found by 100 direct tests", forger_found(random, 0.5, 100), 0.9, 1.0))
    figures.append(("an agent that takes a fifth off is found by 100 direct tests", forger_found(random, 0.8, 100), 0.2, 0.6))
    figures.append(("an honest agent is found to differ (either error counts half)", forger_found(random, 1.0, 100), 0.0, 0.05))
    figures.append(("a month with 20 % less is called a change, 300 votes a month", change_found(random, 0.8, 300), 0.3, 0.8))
    figures.append(("a month with 20 % less is called a change, 2,000 votes a month", change_found(random, 0.8, 2_000), 0.97, 1.0))
    figures.append(("a month that changed nothing is called a change, 300 votes", change_found(random, 1.0, 300), 0.0, 0.05))
    if "--json" in sys.argv:
        print(json.dumps([{"figure": name, "value": value, "from": low, "to": high} for name, value, low, high in figures]))
    broken = 0
    for name, value, low, high in figures:
        fits = low <= value <= high
        broken += not fits
        print(f"{'ok  ' if fits else 'OUT '} {100 * value:6.2f} %  ({100 * low:g} to {100 * high:g} %)  {name}", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
