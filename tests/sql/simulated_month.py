"""A month of results of the whole world, drawn as the simulator draws it (tests/src/simulator), in numpy: real networks, what
Measurement Lab found of their countries, and quality that is invented. For measures over rows, which want no programs to be built.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from house import read_csv

FIGURES = Path(__file__).resolve().parents[1] / "src/simulator/figures"
SHARES = np.array([0.01, 0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 0.99])
KINDS = np.array([(0.26, 4.5, 0.45), (0.44, 22.0, 0.55), (0.22, 85.0, 0.50), (0.08, 260.0, 0.35)])
TESTS_BY_LOCAL_HOUR = np.array(
    [0.55, 0.35, 0.22, 0.16, 0.15, 0.20, 0.35, 0.55, 0.75, 0.90, 1.00, 1.05, 1.10, 1.10, 1.10, 1.15, 1.25, 1.40, 1.60, 1.85, 2.05, 2.00, 1.60, 0.95]
)
DAYS = 30


def share_below(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-1.702 * x))


def percentiles(line: dict[str, str], name: str) -> np.ndarray:
    return np.log([max(float(line[f"{name}_p{share}"]), 0.01) for share in (1, 5, 10, 25, 50, 75, 90, 95, 99)])


def whole(values: np.ndarray) -> np.ndarray:
    return np.floor(np.clip(values, 0, 5e7) + 0.5).astype(np.int64)


def coarse(hundredths: np.ndarray) -> np.ndarray:
    """Three significant digits, as the agent sends them."""
    step = 10 ** np.maximum(0, np.floor(np.log10(np.maximum(hundredths, 1))).astype(np.int64) - 2)
    return (hundredths + step // 2) // step * step


def month(results: int, seed: int) -> pl.DataFrame:
    """About so many results: network, day, hour of the local day, what was measured, in hundredths of a ms and of a Mbit/s."""
    dice = np.random.default_rng(seed)
    countries = {line["country"]: line for line in read_csv(FIGURES / "countries.csv")}
    networks = read_csv(FIGURES / "networks.csv")
    sizes = np.minimum((1 - dice.random(len(networks))) ** (-1 / 1.15), 80)
    shares = sizes * np.sqrt([float(countries[network["country"]]["tests"]) for network in networks])
    shares /= shares.sum()
    return pl.concat(
        [of_network(network, countries[network["country"]], dice, int(round(share * results))) for network, share in zip(networks, shares)]
    )


def of_network(network: dict[str, str], country: dict[str, str], dice: np.random.Generator, tests: int) -> pl.DataFrame:
    around = lambda median, sigma, size=None: median * np.exp(sigma * dice.normal(size=size))  # noqa: E731
    luck = 0.5 * dice.normal()
    _, median, sigma = KINDS[dice.choice(len(KINDS), p=KINDS[:, 0])]
    increase, busier = around(median, sigma), min(0.5 * abs(dice.normal()), 2.0)
    at = lambda name, share: np.exp(np.interp(share, SHARES, percentiles(country, name)))  # noqa: E731
    # Its clients.
    population = max(int(tests / 1.6), 20)
    line = share_below(luck + dice.normal(size=population))
    far = share_below(-0.5 * luck - (line - 0.5) + 0.8 * dice.normal(size=population))
    rtt = np.maximum(at("rtt_ms", far), 1.0)
    bloat = around(1.0, 0.7, population)
    is_six = (dice.random(population) < 0.4) & (network["ipv6_first"] != "")
    # Their tests, in the order of time.
    heavy = max(int(population * 0.005), 1)
    client = np.where(dice.random(tests) < 0.12, dice.integers(0, heavy, tests), dice.integers(0, population, tests))
    day = np.sort(dice.integers(0, DAYS, tests))
    hour = dice.choice(24, size=tests, p=TESTS_BY_LOCAL_HOUR / TESTS_BY_LOCAL_HOUR.sum())
    load = (TESTS_BY_LOCAL_HOUR[hour] / 2.05) ** 2
    working = increase * bloat[client] * (1 + busier * load) * around(1.0, 0.3, tests)
    baseline = np.maximum(whole(rtt[client] * around(1.0, 0.08, tests) * (1 + 0.1 * load)), 1)
    slowed = np.clip(line[client] / (1 + 0.15 * busier * load), 0.01, 0.99)
    down, up = (at(f"{name}_mbps", slowed) * around(1.0, 0.1, tests) for name in ("download", "upload"))
    is_household = dice.random(tests) < 0.22
    tilt = around(1.33, 0.25, tests)
    measured = [whole(part) * 100 for part in (2 * working / (1 + tilt), 2 * working * tilt / (1 + tilt), working * tilt)]
    failed = (dice.random(tests) < 0.012) | (dice.random(tests) < 0.012) | (dice.random(tests) < 0.004)
    reported = np.digitize(working * around(1.0, 0.25, tests), [5, 30, 60, 200, 400])
    rows = pl.DataFrame(
        {
            "asn": np.full(tests, int(network["asn"])),
            "test_type": np.where(is_household, "household", "single"),
            "day": day,
            "hour": hour,
            "client": client,
            "ip_version": np.where(is_six[client], 6, 4),
            "baseline": baseline * 100,
            **{f"{name}_increase": coarse(values) for name, values in zip(("download", "upload", "bidirectional"), measured)},
            "download_rate": coarse(np.maximum(whole(down * 10), 1) * 10),
            "upload_rate": np.where(is_household, -1, coarse(np.maximum(whole(up * 10), 1) * 10)),
            "reported": reported,
        }
    ).filter(pl.lit(is_household | ~failed))
    increases = [pl.when(pl.col("test_type") == "single").then(pl.col(f"{name}_increase")).otherwise(None).alias(f"{name}_increase") for name in ("download", "upload", "bidirectional")]
    first = pl.col("day") == pl.col("day").min().over("client", "test_type")
    is_vote = (first & (pl.int_range(pl.len()).over("client", "test_type", "day") == 0)).alias("vote_month")
    return rows.with_columns(*increases, is_vote).with_columns(
        working_increase=(pl.col("download_increase") + pl.col("upload_increase") + 1) // 2
    )
