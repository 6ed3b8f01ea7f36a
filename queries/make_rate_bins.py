"""Prints rate_bins.csv: `python3 queries/make_rate_bins.py > queries/rate_bins.csv`.

Bin 0 holds exactly 0. From 0.01 Mbit/s on there are eight bins for every factor of ten: an edge is 10^(k/8) hundredths of
a Mbit/s, rounded down, where that is further than the edge before. All edges are integers and made by integer arithmetic.
A rate is published by its bin only: it is what a client remembers best of its test.
"""

from math import isqrt

LARGEST = 10_000_000  # hundredths of a Mbit/s: the largest rate that a record can hold, 100 Gbit/s
IN_A_DECADE = 8

edges = [0]
power = 0
while edges[-1] <= LARGEST:
    # The eighth root is the root of the root of the root; rounding down on the way changes nothing.
    edge = isqrt(isqrt(isqrt(10**power)))
    power += 1
    if edge > edges[-1]:
        edges.append(edge)

print("bin,lower_hundredths,upper_hundredths")
for number, (lower, upper) in enumerate(zip(edges, edges[1:])):
    print(f"{number},{lower},{upper}")
