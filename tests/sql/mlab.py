"""Quantiles of a lake drawn from real percentiles come back within 1 %: Measurement Lab, NDT, by country.

The middle of a bin is at most 1 % from any value in the bin. Against the file's own percentiles the coarsening at the agent,
to three digits, adds up to half a percent.

Run it by `python tests/sql/mlab.py FILE.parquet`. The lake has a network a country, whose increases under load are drawn evenly
from the country's percentiles of latency. Labels of the file are inverted: `latency_p5` is the 95th percentile.
"""

from __future__ import annotations

import sys

import numpy as np
import polars as pl

from worlds import FIRST_ASN, LAST_DAY, World, coarse

VOTES = 20_000
FEWEST_SAMPLES = 1_000


def main() -> int:
    table = pl.read_parquet(sys.argv[1]).filter(pl.col("sample_count") >= FEWEST_SAMPLES)
    labels = sorted(int(name.removeprefix("latency_p")) for name in table.columns if name.startswith("latency_p"))
    shares = np.array([1 - label / 100 for label in reversed(labels)])
    grid = (np.arange(VOTES) + 0.5) / VOTES
    world = World()
    true = {}
    for at, row in enumerate(table.iter_rows(named=True)):
        latencies = np.maximum.accumulate([row[f"latency_p{label}"] for label in reversed(labels)])
        increases = np.clip(np.interp(grid, shares, latencies), 0, 60_000)
        world.add_single(FIRST_ASN + at, LAST_DAY, {"isp-one": increases})
        held = np.sort(coarse(np.rint(increases * 100).astype(np.int64)))
        in_lake = (held[VOTES // 2 - 1] / 100, held[VOTES * 95 // 100 - 1] / 100)
        true[FIRST_ASN + at] = (in_lake, (row["latency_p50"], row["latency_p5"]))
    world.publish("subject_bins", "quantiles")
    rows = world.house.engine.rows(
        "SELECT CAST(substr(subject, 3) AS INTEGER), p50_hundredths, p95_hundredths FROM quantiles "
        "WHERE frame = '30d' AND hours = 'all' AND quantity = 'working' AND subject LIKE 'AS%'"
    )
    worst_in_lake = worst_in_file = 0.0
    for asn, *found in rows:
        in_lake, in_file = true[asn]
        # A hundredth of a ms is the finest that the record has.
        off = lambda hundredths, ms: (abs(hundredths / 100 - ms) - 0.01) / ms  # noqa: E731
        worst_in_lake = max(worst_in_lake, *map(off, found, in_lake))
        worst_in_file = max(worst_in_file, *map(off, found, in_file))
    print(f"{len(rows)} countries: the worst quantile is {100 * worst_in_lake:.2f} % off the lake's, {100 * worst_in_file:.2f} % off the file's")
    return 0 if len(rows) == len(table) > 50 and worst_in_lake <= 0.01 and worst_in_file <= 0.015 else 1


if __name__ == "__main__":
    sys.exit(main())
