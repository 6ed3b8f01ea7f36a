"""Worlds whose truth is known: blocks of many simulated networks, put straight into the tables that the marts fill.

One network is one trial: a statement over a thousand networks tries its interval a thousand times.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa

from engines import DuckDb
from house import House, catalog, contract, statement

LAST_DAY = dt.date(2026, 11, 20)
FIRST_ASN = 100_000


def coarse(hundredths: np.ndarray) -> np.ndarray:
    """Three significant digits, rounded half up, as an agent does before anything leaves it."""
    step = np.ones_like(hundredths)
    while (big := hundredths // step >= 1_000).any():
        step[big] *= 10
    return (hundredths + step // 2) // step * step


class World:
    """Blocks of simulated networks. `add` takes the votes of one network and type on one day."""

    def __init__(self, **gates: int) -> None:
        self.house = House(DuckDb())
        self.house.parameters |= gates
        edges = np.array([row[1] for row in self.house.bins])
        self.bin_of = lambda hundredths: np.searchsorted(edges, hundredths, side="right") - 1
        self.tables: dict[str, list[tuple]] = {"blocks": [], "block_parts": [], "block_bins": [], "block_grades": [], "block_agents": []}

    def add_single(self, asn: int, day: dt.date, ms_by_agent: dict[str, np.ndarray]) -> None:
        """Single tests: working-latency increases in ms by agent."""
        key = (asn, "single", day, day)
        total = 0
        all_bins: dict[int, int] = {}
        for agent, ms in ms_by_agent.items():
            found, counts = np.unique(self.bin_of(coarse(np.rint(ms * 100).astype(np.int64))), return_counts=True)
            total += len(ms)
            for at, votes in zip(found.tolist(), counts.tolist()):
                all_bins[at] = all_bins.get(at, 0) + votes
                self.tables["block_agents"].append((*key, agent, at, votes))
        for at, votes in all_bins.items():
            self.tables["block_bins"].append((*key, "DE", "unsplit", "working", at, votes))
        # Grades are another matter: all alike here.
        self.tables["block_grades"] += [(*key, "DE", "unsplit", policy, "A", total) for policy in ("dslreports", "libreqos-2024-12", "reported")]
        self._add_block(key, total)

    def add_household(self, asn: int, day: dt.date, good: int, votes: int) -> None:
        """Household tests: so many of the votes are graded A, the rest C."""
        key = (asn, "household", day, day)
        for grade, count in (("A", good), ("C", votes - good)):
            if count:
                self.tables["block_grades"].append((*key, "DE", "unsplit", "reported", grade, count))
        self._add_block(key, votes)

    def _add_block(self, key: tuple, votes: int) -> None:
        self.tables["blocks"].append((*key, votes, votes, 1))
        self.tables["block_parts"].append((*key, "DE", "unsplit", votes, votes, 0, 0, 0, 0, 0, 0))

    def publish(self, *relations: str) -> None:
        """Makes the figures that are asked for, and what they are made of, in the order of the catalog."""
        for table, rows in self.tables.items():
            columns = {column["name"]: column["type"] for column in contract(f"marts/{table}")["columns"]}
            self.house.engine.load(table, columns, rows)
        self.house.publish_frames(LAST_DAY)
        for name in catalog():
            folder, relation = name.split("/")
            # What the API says has the names of what it says it of.
            if folder != "api" and relation in relations:
                self.house.engine.make(relation, statement(name), {})

    def table(self, sql: str) -> pa.Table:
        return self.house.engine.connection.execute(sql).to_arrow_table()
