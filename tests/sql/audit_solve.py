"""What an outsider can solve for: sums over sets of results are published; which sets of fewer than ten follow from them?

Results that no published sum tells apart are one unknown. Published sets are rows of a matrix over these unknowns; an unknown is
determined if its unit vector lies in the row space, which the reduced echelon form shows. Elimination is exact: modulo a prime of
31 bits, in which a rank over the rational numbers is lost only by an accident of one in a thousand million.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable

import numpy as np

PRIME = 2**31 - 1
LEAST = 10


@dataclass(frozen=True)
class Found:
    """A set of results whose sums an outsider has, though it is smaller than anything that may be published."""

    results: frozenset[int]
    how: str


def solve(groups: Iterable[frozenset[int]]) -> list[Found]:
    """Every unknown of fewer than ten results that is determined; and the sums over several unknowns of fewer than ten that come
    up as a line of the eliminated system or as the difference of two published sets, one of which holds the other."""
    groups = [group for group in set(groups) if group]
    if not groups:
        return []
    classes = in_classes(groups)
    sizes = np.array([len(members) for members in classes])
    of_result = {result: at for at, members in enumerate(classes) for result in members}
    lines = [frozenset(of_result[result] for result in group) for group in groups]
    known, rest = peel(set(lines))
    reduced, pivots = echelon(rest)
    found: dict[frozenset[int], str] = {}

    def note(members: Iterable[int], how: str) -> None:
        members = frozenset(members)
        if members and sizes[list(members)].sum() < LEAST:
            found.setdefault(frozenset().union(*(classes[at] for at in members)), how)

    for at in known:
        note([at], "published, or the difference of published sums")
    for line, columns in zip(reduced, pivots):
        support = [columns[at] for at in np.flatnonzero(line)]
        if len(support) == 1:
            note(support, "solved for")
            continue
        # A line with two signs is the difference of two sums: counts by bin show both, because no bin holds less than nothing.
        plus = [columns[at] for at in np.flatnonzero((line > 0) & (line < PRIME // 2))]
        minus = [columns[at] for at in np.flatnonzero(line > PRIME // 2)]
        note(plus, "one side of a line of the eliminated system")
        note(minus, "the other side of a line of the eliminated system")
    in_order = sorted(rest, key=len)
    for at, small in enumerate(in_order):
        for large in in_order[at + 1 :]:
            if small < large:
                note(large - small, "the difference of two published sums")
    return [Found(results, how) for results, how in found.items()]


def in_classes(groups: list[frozenset[int]]) -> list[frozenset[int]]:
    """Results that lie in the same groups."""
    signatures: dict[int, list[int]] = {}
    for at, group in enumerate(groups):
        for result in group:
            signatures.setdefault(result, []).append(at)
    classes: dict[tuple[int, ...], set[int]] = {}
    for result, signature in signatures.items():
        classes.setdefault(tuple(signature), set()).add(result)
    return [frozenset(members) for members in classes.values()]


def peel(lines: set[frozenset[int]]) -> tuple[set[int], set[frozenset[int]]]:
    """Takes out, as long as there are any, unknowns that a line tells alone."""
    known: set[int] = set()
    while True:
        lines = {line - known for line in lines} - {frozenset()}
        alone = {next(iter(line)) for line in lines if len(line) == 1}
        if not alone:
            return known, lines
        known |= alone


def echelon(lines: set[frozenset[int]]) -> tuple[list[np.ndarray], list[list[int]]]:
    """The lines of the reduced echelon form, and for each which unknown each column is."""
    if not lines:
        return [], []
    columns = sorted(frozenset().union(*lines))
    place = {unknown: at for at, unknown in enumerate(columns)}
    matrix = np.zeros((len(lines), len(columns)), dtype=np.int64)
    for at, line in enumerate(lines):
        matrix[at, [place[unknown] for unknown in line]] = 1
    row = 0
    for column in range(len(columns)):
        candidates = np.flatnonzero(matrix[row:, column])
        if not len(candidates):
            continue
        chosen = row + candidates[0]
        matrix[[row, chosen]] = matrix[[chosen, row]]
        matrix[row] = matrix[row] * pow(int(matrix[row, column]), PRIME - 2, PRIME) % PRIME
        others = np.flatnonzero(matrix[:, column])
        others = others[others != row]
        matrix[others] = (matrix[others] - matrix[others, column][:, None] * matrix[row]) % PRIME
        row += 1
        if row == len(matrix):
            break
    return list(matrix[:row]), [columns] * row
