"""Which results each published figure is made of, as a reader of docs/methodology.md and of the tables' keys can say.

Every figure is held against the truth of its results: were one of them understood wrongly, the audit would solve for something else
than what is published. Means count as sums, as if they were not rounded; whatever else is told (medians, intervals, scores, ranks,
changes) is computed from bins and grades of the same sets.
"""

from __future__ import annotations

import datetime as dt
import math
from bisect import bisect_right
from collections import Counter
from typing import Callable, Iterable

from audit_worlds import Truth, World, grade
from house import BLOCK_VOTES, House

Part = tuple[int, str, dt.date, dt.date, "str | None", str]
LETTERS = ("A+", "A", "B", "C", "D", "F")
GRADE_COLUMNS = [f"votes_{letter.lower().replace('+', '_plus')}" for letter in LETTERS]
QUANTITIES = {"working": "working", "download": "download_increase", "upload": "upload_increase", "bidirectional": "bidirectional_increase"}


class Misread(Exception):
    """A figure is not what its results say."""


class Published:
    """The sets of results of which an outsider knows sums: `votes` (counts, by bin and by grade too, and the sums of download and
    upload increases), and the votes of which the sum of baselines or of bidirectional increases is told."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.sets: dict[str, set[frozenset[int]]] = {"votes": set(), "baseline": set(), "bidirectional": set()}
        self.figures = 0

    def add_release(self, house: House, truth: Truth) -> dict[Part, frozenset[int]]:
        """Takes in every table of a release; gives the parts of its blocks."""
        reading = Reading(self, house, truth)
        reading.blocks()
        reading.windows()
        reading.trends()
        return reading.parts

    def add(self, results: Iterable[int], channel: str = "votes") -> None:
        """A published sum over the votes among these results."""
        measured = {"votes": None, "baseline": "baseline", "bidirectional": "bidirectional_increase"}[channel]
        rows = self.world.rows
        self.sets[channel].add(
            frozenset(at for at in results if rows[at]["vote_month"] and (measured is None or rows[at][measured] is not None))
        )


class Reading:
    """One release, read table by table."""

    def __init__(self, published: Published, house: House, truth: Truth) -> None:
        self.published = published
        self.house = house
        self.truth = truth
        self.rows = published.world.rows
        self.parts: dict[Part, frozenset[int]] = {}
        # Parts whose sums are left out, by channel.
        self.untold: dict[str, set[Part]] = {"baseline": set(), "bidirectional": set()}

    def table(self, name: str) -> list[dict]:
        cursor = self.house.engine.connection.execute(f"SELECT * FROM {name}")
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row)) for row in cursor.fetchall()]

    def votes(self, results: Iterable[int]) -> list[dict]:
        return [self.rows[at] for at in results if self.rows[at]["vote_month"]]

    def expect(self, where: str, told: object, true: object) -> None:
        self.published.figures += 1
        if told != true:
            raise Misread(f"{where}: published is {told}, its results say {true}")

    def blocks(self) -> None:
        labels: dict[tuple, set[tuple]] = {}
        for row in self.table("block_parts"):
            labels.setdefault((row["asn"], row["test_type"], row["first_day"], row["last_day"]), set()).add((row["country"], row["hours"]))
        for row in self.table("blocks"):
            key = (row["asn"], row["test_type"], row["first_day"], row["last_day"])
            inside = [at for at in self.truth.keys.get(key[:2], []) if key[2] <= self.truth.counts_on[at] <= key[3]]
            self.figures(f"block {key}", inside, row)
            self.expect(f"block {key}: vote_days", row["vote_days"], len({self.truth.counts_on[at] for at in inside if self.rows[at]["vote_month"]}))
            self.divide(key, inside, labels[key])
        for row in self.table("block_parts"):
            part = tuple(row[name] for name in ("asn", "test_type", "first_day", "last_day", "country", "hours"))
            for channel, name in (("baseline", "baseline"), ("bidirectional", "bidirectional_increase")):
                told = [vote[name] for vote in self.votes(self.parts[part]) if vote[name] is not None]
                if len(told) < BLOCK_VOTES:
                    self.untold[channel].add(part)
                    told = []
                self.expect(f"{part}: {channel}", (row[f"{channel}_votes"], row[f"{channel}_sum"]), (len(told), sum(told)))
            self.figures(f"part {part}", self.parts[part], row)
            for name in ("download", "upload"):
                true = sum(vote[f"{name}_increase"] or 0 for vote in self.votes(self.parts[part]))
                self.expect(f"{part}: {name}_sum", row[f"{name}_sum"], true)
            self.sums([part])
        self.cells("block_bins", "quantity", "bin", self.bin_of)
        self.cells("block_grades", "policy", "grade", lambda vote, policy: grade(vote, policy) if (policy == "reported") == (vote["test_type"] == "household") else None)

    def divide(self, key: tuple, inside: list[int], labels: set[tuple]) -> None:
        """The parts of a block, by their labels: a country without a part of its own is in that of the country of most votes."""
        votes = Counter(row["country"] for row in self.votes(inside))
        largest = min(votes, key=lambda country: (-votes[country], country is None, country or ""))
        own = {country for country, _ in labels}
        found: dict[Part, set[int]] = {}
        for at in inside:
            country = self.rows[at]["country"]
            country = country if country in own and votes[country] >= BLOCK_VOTES else largest
            hours = "unsplit" if (country, "unsplit") in labels else self.truth.hours[at]
            found.setdefault((*key, country, hours), set()).add(at)
        if set(found) != {(*key, *label) for label in labels}:
            raise Misread(f"block {key} is published in parts {labels}")
        self.parts |= {part: frozenset(results) for part, results in found.items()}

    def bin_of(self, vote: dict, quantity: str) -> int | None:
        if quantity != "working":
            return self.house.bin_of(vote[QUANTITIES[quantity]])
        down, up = vote["download_increase"], vote["upload_increase"]
        return None if down is None or up is None else self.house.bin_of((down + up + 1) // 2)

    def cells(self, table: str, kind: str, cell: str, of: Callable[[dict, str], object]) -> None:
        """Counts of each part by bin or by grade: all of them, and no others."""
        told = {}
        for row in self.table(table):
            part = tuple(row[name] for name in ("asn", "test_type", "first_day", "last_day", "country", "hours"))
            told[(part, row[kind], row[cell])] = row["votes"]
        kinds = {row[1] for row in told}
        true = Counter(
            (part, named, of(vote, named)) for part, results in self.parts.items() for vote in self.votes(results) for named in kinds if of(vote, named) is not None
        )
        self.expect(table, told, dict(true))
        self.published.figures += len(told)

    def figures(self, where: str, results: Iterable[int], row: dict) -> None:
        """A row that tells of these results."""
        results = list(results)
        votes = self.votes(results)
        self.published.add(results)
        if "tests" in row:
            self.expect(f"{where}: tests", row["tests"], len(results))
        self.expect(f"{where}: votes", row["votes"], len(votes))
        if "votes_a_plus" in row:
            policy = row.get("policy") or ("dslreports" if row["test_type"] == "single" else "reported")
            graded = Counter(grade(vote, policy) for vote in votes)
            self.expect(f"{where}: grades", [row[name] for name in GRADE_COLUMNS], [graded[letter] for letter in LETTERS])
        if row.get("zero_votes") is not None:
            bins = Counter(self.bin_of(vote, row.get("quantity", "working")) for vote in votes)
            bins.pop(None, None)
            self.expect(f"{where}: zero_votes", row["zero_votes"], bins[0])
            if "fullest_bin_votes" in row:
                self.expect(f"{where}: fullest_bin_votes", row["fullest_bin_votes"], max(bins.values()))

    def sums(self, parts: list[Part]) -> None:
        for channel, untold in self.untold.items():
            self.published.add((at for part in parts if part not in untold for at in self.parts[part]), channel)

    def means(self, where: str, parts: list[Part], row: dict) -> None:
        """The means of a row, taken for the sums of which they are made."""
        for column, name in (("baseline", "baseline"), ("bidirectional", "bidirectional_increase"), ("download", "download_increase"), ("upload", "upload_increase")):
            told = [vote[name] for part in parts if part not in self.untold.get(column, ()) for vote in self.votes(self.parts[part]) if vote[name] is not None]
            self.expect(f"{where}: mean of {column}", row[f"mean_{column}_hundredths"], math.floor(sum(told) / len(told) + 0.5) if told else None)
        self.sums(parts)

    def select(self, test_type: str, first: dt.date, last: dt.date, subject: str, hours: str = "all") -> list[Part]:
        """The parts of all blocks that ended in these days."""

        def told(part: Part) -> bool:
            return (
                part[1] == test_type
                and first <= part[3] <= last
                and (hours == "all" or part[5] == hours)
                and (subject == "world" or subject == f"AS{part[0]}" or subject == part[4])
            )

        return [part for part in self.parts if told(part)]

    def windows(self) -> None:
        last = self.house.engine.rows("SELECT last_day FROM parameters")[0][0]
        for table in ("rankings", "rankings_by_policy", "latencies", "histograms", "areas"):
            for row in self.table(table):
                subject = row.get("subject") or f"AS{row['asn']}"
                where = f"{table} of {subject}, {row['test_type']}, {row['window_days']} days to {last}, {row['hours']}"
                parts = self.select(row["test_type"], last - dt.timedelta(row["window_days"] - 1), last, subject, row["hours"])
                results = [at for part in parts for at in self.parts[part]]
                if table in ("latencies", "histograms"):
                    results = [at for at in results if self.rows[at]["vote_month"] and self.bin_of(self.rows[at], row["quantity"]) is not None]
                if table == "histograms":
                    self.coarse(where, results, row)
                if table in ("latencies", "histograms") and row["quantity"] == "bidirectional":
                    # Counts by bin of those who measured it: told of every part already (block_bins).
                    self.expect(f"{where}: votes", row["votes"], len(results))
                    continue
                self.figures(where, results, row)
                if "mean_baseline_hundredths" in row:
                    self.means(where, parts, row)

    def coarse(self, where: str, results: list[int], row: dict) -> None:
        """Counts of these votes by coarse bin: nothing but sums of the parts' counts by bin, which `cells` has found to be the truth."""
        names = [name for name in row if name.startswith("votes_from_")]
        lower = [edge for _, edge, *_ in self.house.bins]
        edges = [min(lower, key=lambda edge: abs(edge - 100 * int(name.removeprefix("votes_from_")))) for name in names]
        true = Counter(bisect_right(edges, lower[self.bin_of(self.rows[at], row["quantity"])]) - 1 for at in results)
        self.expect(f"{where}: by bin", [row[name] for name in names], [true[place] for place in range(len(names))])

    def trends(self) -> None:
        for row in self.table("trends"):
            where = f"trends of {row['subject']}, {row['test_type']}, {row['frame']}"
            first = row["last_day"] if row["kind"] == "day" else row["first_day"]
            parts = self.select(row["test_type"], first, row["last_day"], row["subject"])
            self.figures(where, [at for part in parts for at in self.parts[part]], row)
