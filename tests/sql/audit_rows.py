"""What rows say of parts. A row of `results` names neither country nor hours; but it has the bins and the grade that its part
counts. Where only one part of a block counts a bin, every row with it lies in that part, and once it is taken out of the counts the next
may be alone. This follows such steps to their end: it finds at least what an outsider can.
"""

from __future__ import annotations

from collections import Counter
from typing import Callable, Iterable


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
