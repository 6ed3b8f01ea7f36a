"""The rankings a second time: by Polars and plain Python, from blocks and docs/methodology.md, without a line of SQL.

Generated lakes go through the statements of `queries/` on DuckDB; whatever this computes from the blocks must be equal to the
last digit. Run it by `python tests/sql/oracle.py [lakes]`.
"""

from __future__ import annotations

import datetime as dt
import math
import random
import sys

import polars as pl

from engines import DuckDb
from house import House, read_csv, QUERIES

LAST_DAY = dt.date(2026, 11, 20)


def half_up(value: float) -> int:
    return math.floor(value + 0.5)


def lake(seed: int) -> House:
    """A lake of some networks: late results, several agents, countries, both kinds of tests, equal networks."""
    dice = random.Random(seed)
    house = House(DuckDb())
    networks = range(64_500, 64_500 + dice.randint(1, 14))
    rows = []
    for asn in networks:
        # Some networks are equal to the last digit.
        speed = dice.choice([6.5, 7.5, dice.uniform(5, 9)])
        busy = dice.choice([3, 12, 30])
        for day in range(1, 21):
            for _ in range(dice.randint(0, busy)):
                tested = dt.datetime(2026, 11, day, dice.randint(0, 23))
                single = dice.random() < 0.7
                increase = lambda: int(dice.lognormvariate(speed, 0.9)) if dice.random() < 0.95 else 0  # noqa: E731
                rows.append(
                    {
                        "tested_hour": tested,
                        "arrived_hour": tested + dt.timedelta(hours=dice.choice([0, 0, 1, 60])),
                        "test_type": "single" if single else "household",
                        "asn": asn,
                        "country": dice.choice(["DE", "DE", "FR", None]),
                        "agent": dice.choice(["direct", "isp-one", "isp-two"]),
                        "vote_month": dice.random() < 0.9,
                        "baseline": dice.randint(500, 9_000) if single else None,
                        "download_increase": increase() if single else None,
                        "upload_increase": increase() if single else None,
                        "bidirectional_increase": increase() if single and dice.random() < 0.8 else None,
                        "grade_overall": dice.choice(["A+", "A", "B", "C", "F"]),
                    }
                )
    bindings = [(agent, asn, dt.datetime(2026, 1, 1)) for agent in ("isp-one", "isp-two") for asn in networks]
    house.engine.load("bindings", house.tables["bindings"], bindings)
    house.seal(rows)
    house.close(LAST_DAY)
    house.publish(LAST_DAY)
    return house


def frame(house: House, table: str) -> pl.DataFrame:
    return pl.from_arrow(house.engine.connection.execute(f"SELECT * FROM {table}").to_arrow_table())


def in_window(blocks: pl.DataFrame, days: int) -> pl.DataFrame:
    first = LAST_DAY - dt.timedelta(days - 1)
    return blocks.filter((pl.col("last_day") >= first) & (pl.col("last_day") <= LAST_DAY))


class Bins:
    def __init__(self, house: House) -> None:
        self.lower = {row[0]: row[1] for row in house.bins}
        self.upper = {row[0]: row[2] for row in house.bins}
        self.mid = {row[0]: row[3] for row in house.bins}
        self.ln = {row[0]: row[4] for row in house.bins}


def at_place(votes: dict[int, int], place: float) -> int:
    """The bin of the vote at this place."""
    reached = 0
    for at in sorted(votes):
        reached += votes[at]
        if reached >= place:
            return at
    raise ValueError("beyond the last vote")


def quantile(votes: dict[int, int], percent: int, bins: Bins) -> tuple[int, int, int]:
    n = sum(votes.values())
    share = percent / 100
    middle = n * percent / 100
    reach = 1.96 * math.sqrt(n * share * (1 - share))
    low = at_place(votes, max(1, math.floor(round(middle - reach, 9))))
    high = at_place(votes, min(n, math.ceil(round(middle + reach, 9)) + 1))
    return bins.mid[at_place(votes, middle)], bins.lower[low], bins.upper[high] - 1


def shrink(values: dict[int, tuple[int, float, int]], is_share: bool) -> dict[int, tuple[int, int]]:
    """Network: (value, sampling variance, votes) to (score, variance of the score)."""
    n = len(values)
    mean = half_up(sum(value for value, _, _ in values.values()) / n)
    between = None
    if n > 1:
        spread = float(sum((value - mean) ** 2 for value, _, _ in values.values())) / (n - 1)
        between = half_up(max(0.0, spread - float(sum(half_up(v) for _, v, _ in values.values())) / n))
    scores = {}
    for asn, (value, variance, votes) in values.items():
        sampling = float(half_up(variance))
        if is_share:
            sampling = max(0.0, float(mean * (1_000_000 - mean) - (between or 0))) / votes if between is not None else 0.0
        weight = 1.0 if between is None or between + sampling == 0 else between / (between + sampling)
        score = half_up(mean + weight * (value - mean))
        if not is_share:
            spread = half_up(weight * sampling)
        elif between:
            spread = half_up(float(score * (1_000_000 - score)) / (votes + float(mean * (1_000_000 - mean)) / between))
        else:
            spread = 0
        scores[asn] = (score, spread)
    return scores


def in_ms(score: int, house: House) -> int:
    for here, after in zip(house.bins, house.bins[1:] + [None]):
        if after is None:
            return here[3]
        if here[4] <= score < after[4]:
            return half_up(here[3] + float(score - here[4]) * (after[3] - here[3]) / (after[4] - here[4]))
    raise ValueError("no such score")


def ranks(order: list[int], scores: dict[int, tuple[int, int]], critical: list[tuple[int, int]]) -> dict[int, tuple[int, ...]]:
    n = len(order)
    z = next((millionths for networks, millionths in critical if networks >= n), None) if order else None
    found = {}
    for place, asn in enumerate(order, 1):
        better = worse = 0
        for other in order:
            apart = scores[asn][0] - scores[other][0]
            if n > 1 and apart**2 > (z / 1e6) ** 2 * (scores[asn][1] + scores[other][1]):
                better += apart > 0
                worse += apart < 0
        found[asn] = (place, 1 + better, n - worse, n - 1 - better - worse)
    return found


def ranking(house: House, test_type: str, days: int) -> list[tuple]:
    """Rows as `rankings` has them: network, rank with interval and ties, votes, score, median, 95th percentile, share."""
    bins = Bins(house)
    gates = house.parameters
    blocks = in_window(frame(house, "blocks").filter(pl.col("test_type") == test_type), days)
    summed = blocks.group_by("asn").agg(pl.col("votes").sum(), pl.col("vote_days").sum())
    listed = {row["asn"]: row for row in summed.iter_rows(named=True) if row["votes"] >= gates["listed_votes"]}
    votes: dict[int, dict[int, int]] = {asn: {} for asn in listed}
    counted = in_window(frame(house, "block_bins").filter((pl.col("test_type") == test_type) & (pl.col("quantity") == "working")), days)
    for row in counted.group_by("asn", "bin").agg(pl.col("votes").sum()).iter_rows(named=True):
        if row["asn"] in votes:
            votes[row["asn"]][row["bin"]] = row["votes"]
    policy = "dslreports" if test_type == "single" else "reported"
    graded = in_window(frame(house, "block_grades").filter((pl.col("test_type") == test_type) & (pl.col("policy") == policy)), days)
    good = {row["asn"]: row["votes"] for row in graded.filter(pl.col("grade").is_in(["A+", "A"])).group_by("asn").agg(pl.col("votes").sum()).iter_rows(named=True)}

    values = {}
    for asn, row in listed.items():
        n = row["votes"]
        if test_type == "single":
            total = sum(count * bins.ln[at] for at, count in votes[asn].items())
            centre = half_up(total / (100 * n))
            off = {at: (bins.ln[at] + 50) // 100 - centre for at in votes[asn]}
            deviations = float(sum(count * off[at] for at, count in votes[asn].items()))
            squares = float(sum(count * off[at] ** 2 for at, count in votes[asn].items()))
            variance = 10_000 * max(0.0, squares - deviations * deviations / n) / max(1, n - 1) / n
            values[asn] = (half_up(total / n), variance, n)
        else:
            share = half_up(1_000_000 * (good.get(asn, 0) / n))
            values[asn] = (1_000_000 - share, float(share * (1_000_000 - share)) / max(1, n - 1), n)
    scores = shrink(values, test_type == "household") if values else {}
    ranked = [asn for asn, row in listed.items() if row["votes"] >= gates["ranked_votes"] and row["vote_days"] >= gates["ranked_days"]]
    shown = {asn: in_ms(score, house) if test_type == "single" else score for asn, (score, _) in scores.items()}
    ranked.sort(key=lambda asn: (shown[asn], asn))
    critical = [(int(line["networks"]), int(line["z_millionths"])) for line in read_csv(QUERIES / "critical_values.csv")]
    places = ranks(ranked, scores, critical)

    rows = []
    for asn, row in listed.items():
        n = row["votes"]
        share = good.get(asn, 0) / n
        p50 = quantile(votes[asn], 50, bins) if test_type == "single" else (None,) * 3
        p95 = quantile(votes[asn], 95, bins) if test_type == "single" and n >= gates["p95_votes"] else (None,) * 3
        score = (shown[asn], None) if test_type == "single" else (None, 1_000_000 - shown[asn])
        rows.append((asn, *places.get(asn, (None,) * 4), n, *score, *p50, *p95, half_up(1_000_000 * share)))
    return sorted(rows)


COLUMNS = (
    "asn, rank, rank_low, rank_high, ties, votes, score_hundredths, score_share_millionths, p50_hundredths, p50_low_hundredths, "
    "p50_high_hundredths, p95_hundredths, p95_low_hundredths, p95_high_hundredths, share_millionths"
)


def main() -> int:
    lakes = int(sys.argv[1]) if len(sys.argv) > 1 else 12
    compared = ranked = 0
    for seed in range(lakes):
        house = lake(seed)
        for test_type in ("single", "household"):
            for days in (7, 30, 90):
                sql = house.engine.rows(
                    f"SELECT {COLUMNS} FROM rankings WHERE test_type = '{test_type}' AND window_days = {days} AND hours = 'all' ORDER BY asn"
                )
                own = ranking(house, test_type, days)
                if sql != own:
                    for left, right in zip(sql, own):
                        if left != right:
                            print(f"lake {seed}, {test_type}, {days} days:\n  SQL    {left}\n  Polars {right}", file=sys.stderr)
                    return 1
                compared += len(own)
                ranked += sum(row[1] is not None for row in own)
    print(f"{lakes} lakes: {compared} rows equal, {ranked} of them ranked")
    # A lake in which nobody has a rank would prove nothing.
    return 0 if ranked >= 3 * lakes else 1


if __name__ == "__main__":
    sys.exit(main())
