"""Worlds for the audit: what is hard to publish. Many small networks, travellers from abroad, clients of unknown country, results
that come late, a binding that comes late, several agents, evenings of few votes, blocks that straddle a month.

The truth of each result is computed here from docs/methodology.md, without SQL: its index is its name in the whole audit.
"""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass

import numpy as np

from engines import DuckDb
from house import QUERIES, House, read_csv

FIRST_DAY = dt.date(2026, 10, 22)
DAYS = 20
PEAK_MINUTES = range(19 * 60, 23 * 60)
POLICIES = {path.stem: read_csv(path) for path in sorted((QUERIES / "policies").glob("*.csv"))}
OFFSETS = {line["country"]: int(line["offset_minutes"]) for line in read_csv(QUERIES / "country_offsets.csv")}
LATE_BOUND = "isp-late"


@dataclass
class World:
    """Results as they come, and since when each agent speaks for each network."""

    rows: list[dict]
    bindings: list[tuple[str, int, dt.datetime]]


@dataclass
class Truth:
    """What is true of each result of a world, by its index, under these withdrawals and standard times."""

    valid: np.ndarray
    counts_on: list[dt.date]
    hours: list[str]
    keys: dict[tuple[int, str], np.ndarray]


def make(seed: int) -> World:
    dice = random.Random(seed)
    rows = []
    homes = ["DE", "AT", "US"]
    asns = range(64_500, 64_500 + dice.randint(5, 9))
    for asn in asns:
        home = dice.choice(homes)
        away = dice.choice([0.03, 0.1, 0.4])
        # Votes a day: a village's provider, a town's, a city's.
        # One has blocks that can be divided, one hangs on one agent.
        busy = {asns[0]: 40, asns[1]: 12}.get(asn) or dice.choice([2, 4, 9, 25])
        is_managed = dice.random() < 0.3
        both = dice.choice([0.1, 0.5, 0.95])
        # The provider's own agent sends nearly everything, or one of several does.
        agents = ["isp-one"] * 40 + ["direct"] if asn == asns[1] else dice.choice([["isp-one"] * 40 + ["direct"], ["isp-one"] * 8 + ["direct"], ["direct", "isp-one", "isp-two", LATE_BOUND]])
        for day in range(DAYS):
            for _ in range(dice.randint(0, 2 * busy)):
                tested = dt.datetime.combine(FIRST_DAY, dt.time()) + dt.timedelta(days=day, hours=dice.choice([*range(24), 17, 18, 19, 20, 21]))
                single = dice.random() < 0.75
                country = dice.choice(["CH", "FR", "DE", "US", None]) if dice.random() < away else home
                increase = lambda: 0 if dice.random() < (0.4 if is_managed else 0.03) else coarse(dice.lognormvariate(7.5, 0.9))  # noqa: E731
                rows.append(
                    {
                        "tested_hour": tested,
                        "arrived_hour": tested + dt.timedelta(hours=dice.choice([0] * 12 + [1, 30, 50, 70, 200])),
                        "test_type": "single" if single else "household",
                        "asn": asn,
                        "country": country,
                        "agent": dice.choice(agents),
                        "ip_version": dice.choice([4, 4, 6]),
                        "vote_month": (is_vote := dice.random() < 0.85),
                        "vote_day": is_vote or dice.random() < 0.5,
                        "download_rate": coarse(dice.lognormvariate(9, 1)),
                        "upload_rate": coarse(dice.lognormvariate(8, 1)) if single else None,
                        "baseline": coarse(dice.lognormvariate(8, 0.8)) if single and dice.random() < 0.95 else None,
                        "download_increase": increase() if single else None,
                        "upload_increase": increase() if single else None,
                        "bidirectional_increase": increase() if single and dice.random() < both else None,
                        "grade_overall": dice.choice(["A+", "A", "B", "C", "D", "F"]),
                    }
                )
    early, late = dt.datetime(2026, 1, 1), dt.datetime.combine(FIRST_DAY, dt.time(5)) + dt.timedelta(days=8)
    bindings = [(agent, asn, late if agent == LATE_BOUND else early) for agent in ("isp-one", "isp-two", LATE_BOUND) for asn in asns]
    return World(rows, bindings)


def coarse(hundredths: float) -> int:
    """Three significant digits, as the agent sends them."""
    whole = round(hundredths)
    step = 10 ** max(0, len(str(whole)) - 3)
    return (whole + step // 2) // step * step


def truth(world: World, through: dt.date, withdrawn: set[tuple[str, dt.date]], offsets: dict[str, int]) -> Truth:
    """What counts in a release of this last day, and where."""
    bound = {(agent, asn): since for agent, asn, since in world.bindings}
    valid, counts_on, hours = [], [], []
    keys: dict[tuple[int, str], list[int]] = {}
    closes = lambda day: dt.datetime.combine(day, dt.time()) + dt.timedelta(days=2)  # noqa: E731
    for index, row in enumerate(world.rows):
        test_date = row["tested_hour"].date()
        since = bound.get((row["agent"], row["asn"]), dt.datetime(2026, 1, 1))
        both = max(row["arrived_hour"], since)
        counts_on.append(test_date if both < closes(test_date) else both.date())
        valid.append((row["agent"], test_date) not in withdrawn and counts_on[-1] <= through)
        offset = offsets.get(row["country"])
        minute = None if offset is None else (row["tested_hour"].hour * 60 + offset) % 1440
        hours.append("peak" if minute is not None and minute in PEAK_MINUTES else "off_peak")
        if valid[-1]:
            keys.setdefault((row["asn"], row["test_type"]), []).append(index)
    return Truth(np.array(valid), counts_on, hours, {key: np.array(found) for key, found in keys.items()})


def grade(row: dict, policy: str) -> str:
    if policy == "reported":
        return row["grade_overall"]
    working = (row["download_increase"] + row["upload_increase"] + 1) // 2
    for line in POLICIES[policy]:
        increase, baseline = line["increase_below_hundredths"], line["baseline_below_hundredths"]
        # A baseline that was not measured is below nothing.
        if increase and working < int(increase) and (not baseline or (row["baseline"] is not None and row["baseline"] < int(baseline))):
            return line["grade"]
    return "F"


def release(world: World, last_day: dt.date, withdrawn: set[tuple[str, dt.date]], offsets: dict[str, int]) -> House:
    """The release of this day: closed and published by the statements from what had come by then."""
    house = House(DuckDb())
    house.parameters |= {"listed_votes": 10, "ranked_votes": 20, "ranked_days": 2, "p95_votes": 60}
    engine = house.engine
    engine.load("bindings", house.tables["bindings"], [line for line in world.bindings if line[2].date() <= last_day])
    engine.load("withdrawn_days", house.tables["withdrawn_days"], sorted(withdrawn))
    engine.load("country_offsets", house.tables["country_offsets"], sorted(offsets.items()))
    house.seal([row for row in world.rows if row["arrived_hour"].date() <= last_day + dt.timedelta(1)])
    house.close(last_day)
    house.publish(last_day)
    return house
