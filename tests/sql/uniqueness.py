"""How many find their row: who knows the numbers of one test, as a browser shows them, its network and its day, looks for them in
`results` of a simulated month. `python tests/sql/uniqueness.py [results] [seed]`; docs/privacy.md tells what it prints.

The second table: of votes whose block is divided into parts, of how many is the part (peak hours or not) certain, from rows and parts
together (audit_rows.py).
"""

from __future__ import annotations

import sys

import numpy as np
import polars as pl

from audit_rows import RATE_EDGES, placed
from house import BLOCK_VOTES, bins
from simulated_month import month

# Results a day of a network, from the village's to the country's.
SIZES = [("under 10", 0, 10), ("10 to 99", 10, 100), ("100 to 999", 100, 1_000), ("1,000 and more", 1_000, 10**9)]
INCREASES = ["download_increase", "upload_increase", "bidirectional_increase"]
RATES = ["download_rate", "upload_rate"]
SAMPLED_BLOCKS = 60
EDGES = np.array([row[1] for row in bins()])


def in_bins(rows: pl.DataFrame, keep_each: int = 1) -> pl.DataFrame:
    """The columns of `results`; with `keep_each` above 1 as many bins of latency are one."""
    at = lambda name, edges, each: pl.col(name).map_batches(lambda values: pl.Series(np.searchsorted(edges, values.to_numpy(), side="right") // each), return_dtype=pl.Int64)  # noqa: E731
    told = lambda name, edges, each: pl.when(pl.col(name) >= 0).then(at(name, edges, each)).otherwise(-1).fill_null(-1)  # noqa: E731
    rows = rows.with_columns(pl.col([*INCREASES, "working_increase"]).fill_null(-1))
    grade = sum((pl.col("working_increase") >= edge).cast(pl.Int64) for edge in (500, 3_000, 6_000, 20_000, 40_000))
    of_baseline = sum((pl.col("baseline") >= edge).cast(pl.Int64) for edge in (7_500, 10_000, 12_500, 15_000, 17_500))
    return rows.with_columns(
        *(told(name, EDGES, keep_each) for name in [*INCREASES, "working_increase"]),
        *(told(name, np.array(RATE_EDGES), 1) for name in RATES),
        grade=pl.when(pl.col("test_type") == "single").then(pl.max_horizontal(grade, of_baseline)).otherwise(pl.col("reported")),
    )


def unique(rows: pl.DataFrame, known: list[str]) -> list[str]:
    """Of the rows of each size of network, the share that stands alone by what is known."""
    alone = rows.select("a_day", pl.len().over(known).eq(1).alias("alone"))
    shares = []
    for _, low, high in SIZES:
        of_size = alone.filter((pl.col("a_day") >= low) & (pl.col("a_day") < high))["alone"]
        shares.append(f"{100 * of_size.mean():.0f} %" if len(of_size) else "-")
    return [*shares, f"{100 * alone['alone'].mean():.0f} %"]


def told_parts(rows: pl.DataFrame, outcome: list[str], dice: np.random.Generator) -> list[str]:
    """Of votes in blocks that are divided by hours, the share whose part is certain."""
    votes = rows.filter(pl.col("vote_month") & (pl.col("test_type") == "single"))
    halves = votes.group_by("asn", "day").agg(pl.col("is_peak").sum().alias("peak"), pl.len().alias("votes"), pl.col("a_day").first())
    split = halves.filter((pl.col("peak") >= BLOCK_VOTES) & (pl.col("votes") - pl.col("peak") >= BLOCK_VOTES))
    shares = []
    for _, low, high in SIZES:
        blocks = split.filter((pl.col("a_day") >= low) & (pl.col("a_day") < high)).sort("asn", "day")
        of, certain = 0, 0
        for place in dice.permutation(len(blocks))[:SAMPLED_BLOCKS]:
            block = votes.filter((pl.col("asn") == blocks["asn"][int(place)]) & (pl.col("day") == blocks["day"][int(place)]))
            cells = block.select(outcome).rows()
            parts = [[at for at, peak in enumerate(block["is_peak"]) if peak == half] for half in (True, False)]
            of, certain = of + len(block), certain + len(placed(parts, cells.__getitem__))
        shares.append(f"{100 * certain / of:.0f} %" if of else "-")
    return [*shares, ""]


def main() -> int:
    results = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 7
    rows = month(results, seed)
    rows = rows.with_columns(a_day=pl.len().over("asn") / 30, is_peak=pl.col("hour").is_between(19, 22))
    networks = rows.group_by("asn").agg(pl.col("a_day").first())["a_day"]
    head = [*(name for name, _, _ in SIZES), "all"]
    lines = [("networks", [str(((networks >= low) & (networks < high)).sum()) for _, low, high in SIZES] + [str(len(networks))])]
    where = ["asn", "test_type", "day", "ip_version"]
    for name, rows_as_told, known in cases(rows, where):
        for test_type in ("single", "household"):
            # Household tests have one rate and a grade: there is nothing to leave out.
            if test_type == "household" and name != "everything":
                continue
            lines.append((f"{test_type}: {name}", unique(rows_as_told.filter(pl.col("test_type") == test_type), known)))
    for name, each in (("bins of 2 %", 1), ("bins of 22 %", 10)):
        told = in_bins(rows, each)
        outcome = [*INCREASES, "working_increase", "grade"]
        lines.append((f"part is certain, {name}", told_parts(told, outcome, np.random.default_rng(seed))))
    print(f"{len(rows)} rows of {len(networks)} networks in a month; columns: results a day of the network")
    print(f"{'':58}" + "".join(f"{name:>16}" for name in head))
    for name, shares in lines:
        print(f"{name:58}" + "".join(f"{share:>16}" for share in shares))
    # docs/privacy.md warns that most single tests can be found, in small networks nearly all: if not, it must say otherwise.
    everything = [int(share.removesuffix(" %")) for share in dict(lines)["single: everything"] if share != "-"]
    return 0 if everything[0] >= 95 and everything[-1] >= 80 else 1


def cases(rows: pl.DataFrame, where: list[str]) -> list[tuple[str, pl.DataFrame, list[str]]]:
    """What is known, and in which bins it is told."""
    as_told = in_bins(rows)
    everything = [*where, *INCREASES, *RATES, "grade"]
    weeks = as_told.with_columns(day=pl.col("day") // 7)
    return [
        ("everything", as_told, everything),
        ("everything but the rates", as_told, [*where, *INCREASES, "grade"]),
        ("grade and rates", as_told, [*where, *RATES, "grade"]),
        ("everything, and the week instead of the day", weeks, everything),
        ("everything, latency in bins of 10 %", in_bins(rows, 5), everything),
        ("everything, latency in bins of 22 %", in_bins(rows, 10), everything),
        ("everything, latency in bins of 64 %", in_bins(rows, 25), everything),
        ("everything, latency in bins of 64 %, no rates", in_bins(rows, 25), [*where, *INCREASES, "grade"]),
    ]


if __name__ == "__main__":
    sys.exit(main())
