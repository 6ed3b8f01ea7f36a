"""What rows say of parts. A row of `results` names neither country nor hours; but it has the bins and the grade that its part
counts. Where only one part of a block counts a bin, every row with it lies in that part, and once it is taken out of the counts the next
may be alone. This follows such steps to their end: it finds at least what an outsider can.
"""

from __future__ import annotations

import bisect
import math
from collections import Counter
from typing import Callable, Iterable

from audit_published import Misread, Part, Reading
from audit_worlds import grade
from house import House, statement

# All that a row may tell: no hour, country, baseline, duration, client or agent.
TOLD = ("test_date", "test_type", "asn", "ip_version", "vote_day", "vote_month", "download_bin", "upload_bin", "bidirectional_bin")
TOLD += ("ranked_bin", "download_rate_bin", "upload_rate_bin", "grade")


def released(house: House) -> Counter:
    """The rows of `results` as the release of this house has them."""
    days = house.engine.rows("SELECT asn, test_type, min(first_day), max(last_day) FROM blocks GROUP BY ALL")
    house.engine.load("file_days", house.tables["file_days"], days)
    rates = house.engine.rows("SELECT download_rate FROM results UNION SELECT upload_rate FROM results")
    house.engine.load("rates", house.tables["rates"], [(rate, rate_bin(rate)) for (rate,) in rates if rate is not None])
    house.engine.make("released", statement("public/results"), {})
    names = [name for (name,) in house.engine.rows("SELECT column_name FROM (DESCRIBE released)")]
    if names != list(TOLD):
        raise Misread(f"results has the columns {names}")
    return Counter(house.engine.rows("SELECT * FROM released"))


# Eight bins of rates for every factor of ten, rounded down; bin 0 is exactly 0.
RATE_EDGES = sorted({0, *(math.isqrt(math.isqrt(math.isqrt(10**power))) for power in range(57))})


def rate_bin(rate: int | None) -> int | None:
    return None if rate is None else bisect.bisect_right(RATE_EDGES, rate) - 1


def require_rows(house: House, reading: Reading, parts: dict[Part, frozenset[int]]) -> int:
    """Fails unless rows are exactly the results that blocks count, with nothing told beside. Gives their number."""
    true: Counter = Counter()
    for row in (reading.rows[at] for results in parts.values() for at in results):
        bins = [reading.bin_of(row, quantity) for quantity in ("download", "upload", "bidirectional", "working")]
        named = grade(row, "dslreports" if row["test_type"] == "single" else "reported")
        place = (row["tested_hour"].date(), row["test_type"], row["asn"], row["ip_version"], row["vote_day"], row["vote_month"])
        true[(*place, *bins, rate_bin(row["download_rate"]), rate_bin(row["upload_rate"]), named)] += 1
    told = released(house)
    if told != true:
        raise Misread(f"results: {sum((told - true).values())} rows too many, {sum((true - told).values())} too few")
    return sum(true.values())


def placed(parts: list[Iterable[int]], outcomes: Callable[[int], tuple]) -> set[int]:
    """The votes of a block whose part is certain, given the counts of each part by outcome (bin of each increase, grade)."""
    of_vote = {at: outcomes(at) for part in parts for at in part}
    counts = [Counter((kind, value) for at in part for kind, value in enumerate(of_vote[at])) for part in parts]
    true = {at: place for place, part in enumerate(parts) for at in part}
    left, found = set(of_vote), set()
    while True:
        certain = {}
        for at in left:
            possible = [place for place, count in enumerate(counts) if all(count[cell] > 0 for cell in enumerate(of_vote[at]))]
            if len(possible) == 1:
                certain[at] = possible[0]
        if not certain:
            return found
        for at, place in certain.items():
            if true[at] != place:
                raise AssertionError(f"result {at} was placed wrongly")
            counts[place].subtract(enumerate(of_vote[at]))
        left -= set(certain)
        found |= set(certain)
