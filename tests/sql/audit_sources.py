"""What tens of votes give away: each source's votes are rounded down to tens, but windows move every day, and a network's own votes are
exact. Each rounded count bounds a sum over consecutive blocks from both sides; bounds on sums of neighbours are a system of
differences, which shortest paths close exactly, also over whole numbers.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from dataclasses import dataclass

import numpy as np

from audit_solve import LEAST
from audit_worlds import World
from audit_published import Part
from house import House, statement

# What provenance by source is made of, from blocks on.
STATEMENTS = ["rankings/networks", "provenance/frame_agents", "provenance/source_votes", "provenance/source_figures", "provenance/asn_sources"]


@dataclass
class Windows:
    """What releases told of one network and type: for each window (first block, end) which tens of which source."""

    votes: dict[dt.date, int]
    told: list[tuple[dt.date, dt.date, dict[str, int]]]


def read(house: House, days: list[dt.date]) -> dict[tuple[int, str], Windows]:
    """What the releases of these days tell of sources: made of the blocks as they are at the end, which are the same."""
    found: dict[tuple[int, str], Windows] = {}
    for asn, test_type, last_day, votes in house.engine.rows("SELECT asn, test_type, last_day, votes FROM blocks"):
        found.setdefault((asn, test_type), Windows({}, [])).votes[last_day] = votes
    for last in days:
        house.publish_frames(last)
        for name in STATEMENTS:
            house.engine.make(name.split("/")[1], statement(name), {})
        tens: dict[tuple, dict[str, int]] = {}
        for asn, test_type, window, agent, votes in house.engine.rows("SELECT asn, test_type, window_days, agent, votes_in_tens FROM asn_sources"):
            tens.setdefault((asn, test_type, window), {})[agent] = votes
        listed = "SELECT asn, test_type, window_days FROM networks AS n INNER JOIN frames AS f ON f.frame = n.frame WHERE hours = 'all'"
        for asn, test_type, window in house.engine.rows(listed):
            told = tens.get((asn, test_type, window), {})
            found[(asn, test_type)].told.append((last - dt.timedelta(window - 1), last, told))
    return found


def held(world: World, parts: dict[Part, frozenset[int]]) -> dict[tuple[int, str], dict[str, Counter]]:
    """The truth: votes of each network and type by source and last day of the block."""
    found: dict[tuple[int, str], dict[str, Counter]] = {}
    for part, results in parts.items():
        of_network = found.setdefault(part[:2], defaultdict(Counter))
        for at in results:
            if world.rows[at]["vote_month"]:
                of_network[world.rows[at]["agent"]][part[3]] += 1
    return found


def told_range(votes: int, tens: int, planted: bool) -> tuple[int, int]:
    """The fewest and most votes of a source of which so many tens are told, in a window of so many votes."""
    if tens == 0:
        # A source of fewer than ten votes is not named.
        return 0, min(9, votes)
    if planted:
        return tens, tens + 9
    if tens == votes // 10 * 10:
        # All votes, or all but fewer than ten: it is not told which.
        return votes - 9, votes
    return tens, min(tens + 9, votes - 10)


def bounds(windows: Windows, source: str, own: Counter | None) -> tuple[list[dt.date], np.ndarray]:
    """The most that this source can have in each run of blocks: element (i, j) bounds its votes in the blocks i to j - 1 from
    above for i < j; element (j, i), negated, from below. `own`: what is told is the tens of these votes."""
    days = sorted(windows.votes)
    size = len(days) + 1
    most = np.full((size, size), 1e9)
    np.fill_diagonal(most, 0)
    for at, day in enumerate(days):
        most[at, at + 1] = windows.votes[day]
        most[at + 1, at] = 0
    for first, last, told in windows.told:
        begin = sum(day < first for day in days)
        end = sum(day <= last for day in days)
        if begin == end:
            continue
        tens = told.get(source, 0) if own is None else sum(own[day] for day in days[begin:end]) // 10 * 10
        low, high = told_range(sum(windows.votes[day] for day in days[begin:end]), tens, own is not None)
        most[begin, end] = min(most[begin, end], high)
        most[end, begin] = min(most[end, begin], -low)
    for through in range(size):
        most = np.minimum(most, most[:, through, None] + most[None, through, :])
    return days, most


def pinned(windows: Windows, held: dict[str, Counter], planted: bool = False) -> tuple[list[tuple[str, dt.date, dt.date, int]], int]:
    """Runs of blocks in which a source's votes, or all the others' together, are known to be some but fewer than ten; and how many
    runs were looked at. `held` is the truth: votes by source and last day. `planted`: the
    tens are those of the source's own votes, even where the others have fewer than ten."""
    found, looked_at = [], 0
    for source in sorted({name for _, _, told in windows.told for name in told}):
        days, most = bounds(windows, source, held[source] if planted else None)
        for begin in range(len(days)):
            for end in range(begin + 1, len(days) + 1):
                looked_at += 1
                high, low = most[begin, end], -most[end, begin]
                true = sum(held[source][day] for day in days[begin:end])
                if not low <= true <= high:
                    raise AssertionError(f"{source} has {true} votes, outside of {low} to {high}")
                rest = sum(windows.votes[day] for day in days[begin:end]) - true
                # The source's votes, or those of all others, are known.
                if high == low and (0 < true < LEAST or 0 < rest < LEAST):
                    found.append((source, days[begin], days[end - 1], int(true)))
    return found, looked_at
