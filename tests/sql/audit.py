"""The linear audit: what an outsider can solve for who keeps every release. `python tests/sql/audit.py [worlds]`.

Of each generated world several releases are made as the nights make them, and a correction after a withdrawal. Every figure of every
table is held against its results and taken for an exact sum over them, by which the outsider gets more than he really has: he knows
which countries joined which part, and means are not rounded. Then:

1. no set of fewer than ten votes may be solved for in what consecutive nights publish (audit_solve.py);
2. a source's votes, told in tens, are rarely pinned to a few: far more rarely than if tens were tens throughout (audit_sources.py);
3. a correction tells what it takes back: that is no fault, but it must tell of nothing else (docs/privacy.md);
4. rows tell in which part they lie, and a sum over ten votes of which most are exactly 0 is one over few: how many is counted, not
   judged (audit_rows.py, docs/privacy.md);
5. cells that are planted beside what is published must be found: an audit that finds nothing may be blind.
"""

from __future__ import annotations

import datetime as dt
import random
import sys

from audit_published import QUANTITIES, Part, Published, Reading
from audit_rows import placed, require_rows
from audit_solve import LEAST, solve
from audit_sources import held, pinned, read
from audit_worlds import DAYS, FIRST_DAY, OFFSETS, Truth, World, grade, make, release, truth
from house import House

# The nights of which releases are made: two that follow one another, and the last.
NIGHTS = [FIRST_DAY + dt.timedelta(day) for day in (9, 10, DAYS - 1)]
# From here on each night tells of sources.
FIRST_TOLD = 5
# In the first worlds from here on each thing that is looked for happens.
FIRST_SEED = 4
# As many runs of blocks at least would tell a source's few votes, were its tens told as they are, for each that does.
SELDOM = 10


def planted_by_country(world: World, parts: dict[Part, frozenset[int]]) -> frozenset[int] | None:
    """Of a part into which travellers joined, those of one country: as a table by country before parts are made would tell."""
    for part, results in parts.items():
        for country in sorted({str(world.rows[at]["country"]) for at in results} - {str(part[4])}):
            of_country = frozenset(at for at in results if str(world.rows[at]["country"]) == country and world.rows[at]["vote_month"])
            if 0 < len(of_country) < LEAST:
                return of_country
    return None


def planted_by_hours(world: World, parts: dict[Part, frozenset[int]], told: Truth) -> frozenset[int] | None:
    """The evening of a part that could not be divided."""
    for part, results in parts.items():
        evening = frozenset(at for at in results if told.hours[at] == "peak" and world.rows[at]["vote_month"])
        if part[5] == "unsplit" and 0 < len(evening) < LEAST:
            return evening
    return None


def planted_nine(world: World, parts: dict[Part, frozenset[int]], dice: random.Random) -> frozenset[int]:
    """Nine votes, which stand beside their total."""
    largest = max(parts.values(), key=len)
    return frozenset(dice.sample([at for at in sorted(largest) if world.rows[at]["vote_month"]], LEAST - 1))


def planted_across(parts: dict[Part, frozenset[int]], nine: frozenset[int]) -> frozenset[int]:
    """The same nine hidden in a sum with a second part, so that they are told by no difference of two sums alone."""
    other = min((results for results in parts.values() if not results & nine), key=lambda results: sorted(results))
    return nine | other


def audit(seed: int) -> dict[str, int]:
    """One world; raises what it should not find."""
    world = make(seed)
    published = Published(world)
    for night in NIGHTS:
        house = release(world, night, set(), OFFSETS)
        told = truth(world, night, set(), OFFSETS)
        parts = published.add_release(house, told)
    count = {"results": len(world.rows), "figures": published.figures, "sums": sum(map(len, published.sets.values()))}
    for channel, sets in published.sets.items():
        for found in solve(sets):
            raise AssertionError(f"world {seed}: {channel} of results {sorted(found.results)} is {found.how}")
    count |= plants(world, published, parts, told, random.Random(seed))
    count |= sources(world, house, parts)
    reading = Reading(published, house, told)
    count["rows"] = require_rows(house, reading, parts)
    count |= rows(world, reading, parts)
    count |= correction(world, published, NIGHTS[-1])
    return count


def plants(world: World, published: Published, parts: dict[Part, frozenset[int]], told: Truth, dice: random.Random) -> dict[str, int]:
    """Publishes one thing more, and expects exactly this to be found."""
    nine = planted_nine(world, parts, dice)
    cells = {"by country": (planted_by_country(world, parts), None), "by hours": (planted_by_hours(world, parts, told), None)}
    cells |= {"nine": (nine, None), "nine in a sum": (nine, planted_across(parts, nine))}
    found = 0
    for name, (cell, said) in cells.items():
        if cell is None:
            continue
        said = said or cell
        votes = published.sets["votes"] | {frozenset(at for at in said if world.rows[at]["vote_month"])}
        if cell not in {one.results for one in solve(votes)}:
            raise AssertionError(f"the planted cell {name} was not found")
        found += 1
    return {"planted": found}


def sources(world: World, house: House, parts: dict[Part, frozenset[int]]) -> dict[str, int]:
    """What tens of votes tell of sources, night by night; and what they would if they were tens throughout."""
    true = held(world, parts)
    nights = [FIRST_DAY + dt.timedelta(day) for day in range(FIRST_TOLD, DAYS)]
    looked_at = known = planted = 0
    for network, windows in read(house, nights).items():
        found, runs = pinned(windows, true[network])
        known += len(found)
        looked_at += runs
        planted += len(pinned(windows, true[network], planted=True)[0])
    return {"runs by source": looked_at, "known": known, "known if tens were tens": planted}


def rows(world: World, reading: Reading, parts: dict[Part, frozenset[int]]) -> dict[str, int]:
    """Votes in divided blocks, and how many of them rows and parts place together; sums of increases, and how many of them are of
    few votes that are not 0."""
    blocks: dict[tuple, list[list[int]]] = {}
    for part, results in parts.items():
        blocks.setdefault(part[:4], []).append([at for at in results if world.rows[at]["vote_month"]])

    def outcomes(at: int) -> tuple:
        row = world.rows[at]
        if row["test_type"] == "household":
            return (row["grade_overall"],)
        return (*(reading.bin_of(row, quantity) for quantity in QUANTITIES), grade(row, "dslreports"))

    # Increases that their bin does not tell exactly already.
    width = {at: upper - lower for at, lower, upper, *_ in reading.house.bins}
    few = 0
    for part, results in parts.items():
        for quantity in ("download", "upload") if part[1] == "single" else ():
            unknown = sum(width[reading.bin_of(vote, quantity)] > 1 for vote in reading.votes(results))
            few += 0 < unknown < LEAST
    divided = [block for block in blocks.values() if len(block) > 1]
    return {
        "votes in divided blocks": sum(len(part) for block in divided for part in block),
        "placed": sum(len(placed(block, outcomes)) for block in divided),
        "increase sums": 2 * sum(part[1] == "single" for part in parts),
        "of few": few,
    }


def correction(world: World, published: Published, night: dt.date) -> dict[str, int]:
    """A correction of the last release: one agent's two days of one network are taken back."""
    days = {FIRST_DAY + dt.timedelta(day) for day in (8, 9)}
    withdrawn = {("isp-two", day) for day in days}
    taken = [row for row in world.rows if (row["agent"], row["tested_hour"].date()) in withdrawn]
    touched = {(row["asn"], row["test_type"]) for row in taken}
    published.add_release(release(world, night, withdrawn, OFFSETS), truth(world, night, withdrawn, OFFSETS))
    told = 0
    for channel, sets in published.sets.items():
        for found in solve(sets):
            networks = {(world.rows[at]["asn"], world.rows[at]["test_type"]) for at in found.results}
            if not networks <= touched:
                raise AssertionError(f"a correction tells {channel} of {networks}, of which nothing was taken back")
            told += channel == "votes"
    return {"taken back": len(taken), "told by the correction": told}


def main() -> int:
    worlds = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    total: dict[str, int] = {}
    for seed in range(FIRST_SEED, FIRST_SEED + worlds):
        for name, number in audit(seed).items():
            total[name] = total.get(name, 0) + number
    print(f"{worlds} worlds: " + ", ".join(f"{name} {number}" for name, number in total.items()))
    if SELDOM * total["known"] > total["known if tens were tens"]:
        print("votes by source are known too often", file=sys.stderr)
        return 1
    # Worlds without corrections, plants or divided blocks would prove nothing.
    told = ("known if tens were tens", "placed", "told by the correction")
    return 0 if total["planted"] >= 2 * worlds and all(total[name] for name in told) else 1


if __name__ == "__main__":
    sys.exit(main())
