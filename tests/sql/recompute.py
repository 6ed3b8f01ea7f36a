"""The same figures from raw rows, by an engine of its own: what a cut is compared with.

`python tests/sql/recompute.py ENGINE DIRECTORY THREADS`: the directory holds the lake's Parquet. DuckDB and DataFusion run the
statements of `queries/` from `valid_results` to `trends` over all rows; Polars counts what the blocks count, and stops there,
which is less than the others do. Prints the seconds and how many networks came out.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
import time
from pathlib import Path

import polars as pl
from datafusion import SessionConfig, SessionContext

from engines import DataFusion, DuckDb, with_literals
from house import House, catalog, statement

WINDOW_DAYS = 30
# Relations that are read more than once and are too large to be kept.
VIEWS = {"valid_results", "counted_results"}
# Of agents and of the marts' own upkeep: no figure of a ranking.
NOT_COMPARED = {"daily_parts", "daily", "daily_exclusions", "open_agents", "block_agents", "resume_days"}


class DuckDbOverFiles(DuckDb):
    def __init__(self, files: list[str], threads: int) -> None:
        super().__init__()
        self.connection.execute(f"SET threads = {threads}; SET memory_limit = '8GB'; SET preserve_insertion_order = false")
        self.view("results", f"SELECT * FROM read_parquet({files!r}, hive_partitioning = false)")

    def view(self, name: str, sql: str) -> None:
        self.connection.execute(f"CREATE OR REPLACE VIEW {name} AS {sql}")


class DataFusionOverFiles(DataFusion):
    def __init__(self, files: list[str], threads: int) -> None:
        config = SessionConfig().with_target_partitions(threads).with_information_schema(True)
        # Views over files: it compares what may be null more strictly than it plans it.
        config = config.set("datafusion.execution.skip_physical_aggregate_schema_check", "true")
        self.context = SessionContext(config)
        folder = str(Path(files[0]).parents[1])
        self.context.register_parquet("results", folder, file_extension=".parquet")

    def view(self, name: str, sql: str) -> None:
        self.context.sql(f"CREATE OR REPLACE VIEW {name} AS {sql}").collect()


def by_sql(engine, first: dt.date, last: dt.date) -> int:
    house = House(engine)
    networks = engine.rows("SELECT DISTINCT asn, agent FROM results WHERE asn IS NOT NULL")
    bindings = [(agent, asn, dt.datetime(1970, 1, 1)) for asn, agent in networks]
    engine.load("bindings", house.tables["bindings"], bindings)
    views = {"from_day": f"DATE '{first}'", "to_day": f"DATE '{last}'", "block_votes": "10", "after_seal": "0"}
    for name in catalog():
        folder, relation = name.split("/")
        if folder not in ("base", "marts") or relation in NOT_COMPARED:
            continue
        if relation in VIEWS:
            engine.view(relation, with_literals(statement(name), views))
            continue
        if relation == "part_places":
            house.load_closing_days()
        engine.make(relation, statement(name), views)
    house.publish_frames(last)
    for name in catalog():
        folder, relation = name.split("/")
        if folder in ("rankings", "trends"):
            engine.make(relation, statement(name), views)
    return engine.rows("SELECT count(*) FROM rankings WHERE test_type = 'single' AND window_days = 30 AND hours = 'all' AND rank IS NOT NULL")[0][0]


def by_polars(files: list[str], first: dt.date, last: dt.date) -> int:
    rows = pl.scan_parquet(files, hive_partitioning=False).filter(
        (pl.col("test_date") >= first) & (pl.col("test_date") <= last) & pl.col("asn").is_not_null()
    )
    keys = ["test_date", "asn", "test_type", "country", (pl.col("tested_hour").dt.hour().is_between(18, 22)).alias("peak")]
    votes = rows.filter(pl.col("vote_month"))
    counts = [
        rows.group_by(keys).agg(pl.len(), pl.col("vote_month").sum(), *(pl.col(name).sum() for name in ("baseline", "download_increase", "upload_increase", "bidirectional_increase"))),
        *(votes.group_by([*keys, name]).agg(pl.len()) for name in ("ranked_bin", "download_bin", "upload_bin", "bidirectional_bin", "grade_overall")),
    ]
    grade = pl.lit("F")
    for letter, increase, baseline in (("D", 40_000, 17_500), ("C", 20_000, 15_000), ("B", 6_000, 12_500), ("A", 3_000, 10_000), ("A+", 500, 7_500)):
        grade = pl.when((pl.col("working_increase") < increase) & (pl.col("baseline") < baseline)).then(pl.lit(letter)).otherwise(grade)
    single = votes.filter(pl.col("test_type") == "single")
    counts.append(single.group_by([*keys, grade.alias("grade")]).agg(pl.len()))
    found = pl.collect_all(counts)
    return found[0].filter(pl.col("test_type") == "single")["asn"].n_unique()


def main() -> None:
    name, directory, threads = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    files = sorted(str(path) for path in directory.glob("*/*.parquet"))
    # The window of the last cut.
    last = max(dt.date.fromisoformat(path.split("test_date=")[1].split("/")[0]) for path in files)
    first = last - dt.timedelta(WINDOW_DAYS - 1)
    began = time.perf_counter()
    if name == "polars":
        networks = by_polars(files, first, last)
    else:
        engine = {"duckdb": DuckDbOverFiles, "datafusion": DataFusionOverFiles}[name](files, threads)
        networks = by_sql(engine, first, last)
    print(json.dumps({"engine": name, "seconds": time.perf_counter() - began, "networks": networks}))


if __name__ == "__main__":
    main()
