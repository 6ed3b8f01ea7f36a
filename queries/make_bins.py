"""Prints bins.csv: `python3 queries/make_bins.py > queries/bins.csv`.

Bin 0 holds exactly 0. From 0.01 ms on an edge is 1.02 times the one before it, rounded down to a hundredth of a ms but
at least one hundredth further, and every threshold of every policy is an edge too, so that no bin straddles two grades.
All edges are integers and made by integer arithmetic; only `mid_ln_millionths` needs a logarithm. A test of the
warehouse makes the edges again in Rust and compares.
"""

import csv
import math
from pathlib import Path

LARGEST = 6_000_000  # hundredths of a ms: the largest latency that a record can hold, 60 s

thresholds = {LARGEST + 1}
for policy in Path(__file__).parent.joinpath("policies").glob("*.csv"):
    for row in csv.DictReader(policy.open()):
        thresholds |= {int(row[name]) for name in row if name.endswith("_hundredths") and row[name]}

edges = [0, 1]
while edges[-1] <= LARGEST:
    grown = max(edges[-1] + 1, edges[-1] * 102 // 100)
    edges.append(min([grown] + [t for t in thresholds if t > edges[-1]]))

print("bin,lower_hundredths,upper_hundredths,mid_hundredths,mid_ln_millionths")
for number, (lower, upper) in enumerate(zip(edges, edges[1:])):
    mid = (lower + upper) // 2  # the middle of lower … upper - 1, half up
    print(f"{number},{lower},{upper},{mid},{round(1e6 * math.log(1 + mid / 100))}")
