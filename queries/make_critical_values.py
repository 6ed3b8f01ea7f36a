"""Prints critical_values.csv: `python3 queries/make_critical_values.py > queries/critical_values.csv`.

How many standard errors must lie between two networks before they are surely different, so that all comparisons of one
network with N - 1 others are right together in 95 of 100 cases: z = Φ⁻¹(1 - 0.025 / (N - 1)), in millionths, rounded up
(Bonferroni). A line holds for all N up to its own; beyond 20 networks they grow by 5 %,
over which z grows by less than 0.04.
"""

import math
from statistics import NormalDist

MOST = 150_000  # more than there are autonomous systems

print("networks,z_millionths")
networks = 2
while True:
    z = NormalDist().inv_cdf(1 - 0.025 / (networks - 1))
    print(f"{networks},{math.ceil(1e6 * z)}")
    if networks >= MOST:
        break
    networks = max(networks + 1, networks * 105 // 100)
