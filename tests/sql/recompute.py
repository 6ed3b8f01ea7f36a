"""The same figures from raw rows, by an engine of its own: what a cut is compared with.

`python tests/sql/recompute.py ENGINE DIRECTORY THREADS`: the directory holds the lake's Parquet. DuckDB and DataFusion run the
statements of `queries/` from `valid_results` to `trends` over all rows. Polars counts the rows by day in its own way, which is
faster, and DuckDB makes the figures of these counts by the same statements. `duckdb-all` also makes provenance, and writes
what a cut holds as Parquet: what the warehouse's rebuild does. Prints the seconds and how many networks came out.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
import tempfile
import time
from pathlib import Path

import polars as pl
from datafusion import SessionConfig, SessionContext

from engines import DataFusion, DuckDb, with_literals
from house import QUERIES, House, catalog, contract, read_csv, statement

WINDOW_DAYS = 30
# Relations that are read more than once and are too large to be kept.
VIEWS = {"valid_results", "counted_results"}
# Of the marts' own upkeep, and of agents: no figure of a ranking.
NOT_COMPARED = {"daily_parts", "daily", "daily_exclusions", "resume_days"}
OF_AGENTS = {"open_agents", "block_agents"}
# What a cut holds as Parquet.
PUBLISHED = (
    "marts/blocks", "marts/block_parts", "marts/block_bins", "marts/block_grades", "trends/trends", "rankings/rankings",
    "rankings/rankings_by_policy", "rankings/latencies", "rankings/histograms", "rankings/areas", "provenance/asn_sources",
    "provenance/asn_provenance",
)


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


def by_sql(engine, first: dt.date, last: dt.date, everything: bool) -> None:
    house = House(engine)
    networks = engine.rows("SELECT DISTINCT asn, agent FROM results WHERE asn IS NOT NULL")
    bindings = [(agent, asn, dt.datetime(1970, 1, 1)) for asn, agent in networks]
    engine.load("bindings", house.tables["bindings"], bindings)
    views = {"from_day": f"DATE '{first}'", "to_day": f"DATE '{last}'", "block_votes": "10", "after_seal": "0"}
    for name in catalog():
        folder, relation = name.split("/")
        if folder not in ("base", "marts") or relation in NOT_COMPARED or (relation in OF_AGENTS and not everything):
            continue
        if relation in VIEWS:
            engine.view(relation, with_literals(statement(name), views))
            continue
        if relation == "part_places":
            house.load_closing_days()
        engine.make(relation, statement(name), views)
    house.publish_frames(last)
    figures(engine, ("rankings", "trends", "provenance") if everything else ("rankings", "trends"), last)


def figures(engine, folders: tuple[str, ...], last: dt.date) -> None:
    for name in catalog():
        folder, relation = name.split("/")
        # Coverage is told of live counts, which are no part of this.
        if folder in folders and relation != "coverage":
            engine.make(relation, statement(name), {"to_day": f"DATE '{last}'", "last_day": f"DATE '{last}'"})


def write(engine: DuckDb) -> None:
    """What a cut holds, as the warehouse writes it, into files that nobody keeps."""
    with tempfile.TemporaryDirectory() as folder:
        for name in PUBLISHED:
            order = ", ".join(f"{column} NULLS LAST" for column in contract(name)["grain"])
            relation = name.split("/")[1]
            engine.run(
                f"COPY (SELECT * FROM {relation} ORDER BY {order}) TO '{folder}/{relation}.parquet' "
                "(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)"
            )


def by_polars(files: list[str], first: dt.date, last: dt.date) -> dict[str, pl.DataFrame]:
    """Counts by day in the place of blocks: relations by name. A day at a time, because not all rows fit into memory."""
    days: dict[str, list[str]] = {}
    for path in files:
        days.setdefault(str(Path(path).parent), []).append(path)
    counted = [count_day(paths) for day, paths in sorted(days.items()) if first <= dt.date.fromisoformat(day.split("test_date=")[1]) <= last]
    return {name: pl.concat([counts[name] for counts in counted]) for name in counted[0]}


def count_day(files: list[str]) -> dict[str, pl.DataFrame]:
    peak = pl.col("tested_hour").dt.hour().is_between(18, 22)
    rows = pl.scan_parquet(files, hive_partitioning=False).filter(pl.col("asn").is_not_null()).with_columns(
        hours=pl.when(peak).then(pl.lit("peak")).otherwise(pl.lit("off_peak")), country=pl.col("country").cast(pl.String)
    )
    keys = ["asn", "test_type", "test_date", "country", "hours"]
    votes = rows.filter(pl.col("vote_month"))
    voted = pl.when(pl.col("vote_month"))
    measured = [voted.then(pl.col(name)).sum().cast(pl.Int64).alias(f"{name.split('_')[0]}_sum") for name in ("baseline", "download_increase", "upload_increase", "bidirectional_increase")]
    counted = [voted.then(pl.col(name)).count().cast(pl.Int64).alias(f"{name.split('_')[0]}_votes") for name in ("baseline", "bidirectional_increase")]
    count = pl.len().cast(pl.Int64).alias("votes")
    parts = rows.group_by(keys).agg(pl.len().cast(pl.Int64).alias("tests"), pl.col("vote_month").sum().cast(pl.Int64).alias("votes"), *measured, *counted)
    quantities = {"ranked_bin": "working", "download_bin": "download", "upload_bin": "upload", "bidirectional_bin": "bidirectional"}
    by_bin = [
        votes.filter(pl.col(name).is_not_null()).group_by([*keys, pl.col(name).alias("bin")]).agg(count).with_columns(quantity=pl.lit(quantity))
        for name, quantity in quantities.items()
    ]
    single = votes.filter(pl.col("test_type") == "single")
    by_grade = [
        single.group_by([*keys, graded(policy).alias("grade")]).agg(count).with_columns(policy=pl.lit(policy)) for policy in POLICIES
    ]
    household = votes.filter((pl.col("test_type") == "household") & pl.col("grade_overall").is_not_null())
    by_grade.append(household.group_by([*keys, pl.col("grade_overall").cast(pl.String).alias("grade")]).agg(count).with_columns(policy=pl.lit("reported")))
    parts, *counts = pl.collect_all([parts, *by_bin, *by_grade])
    blocks = parts.group_by("asn", "test_type", "test_date").agg(
        pl.col("tests").sum(), pl.col("votes").sum(), (pl.col("votes").sum() > 0).cast(pl.Int64).alias("vote_days")
    )
    relations = {
        "blocks": blocks,
        "block_parts": parts,
        "block_bins": pl.concat(counts[: len(by_bin)], how="diagonal"),
        "block_grades": pl.concat(counts[len(by_bin) :], how="diagonal"),
    }
    named = [pl.col("test_date").alias("first_day"), pl.col("test_date").alias("last_day")]
    return {name: frame.with_columns(*named).drop("test_date") for name, frame in relations.items()}


POLICIES = {path.stem: read_csv(path) for path in sorted((QUERIES / "policies").glob("*.csv"))}


def graded(policy: str) -> pl.Expr:
    grade = pl.lit("F")
    for line in reversed(POLICIES[policy]):
        limits = [("working_increase", "increase_below_hundredths"), ("baseline", "baseline_below_hundredths")]
        below = [pl.col(column) < int(line[name]) for column, name in limits if line[name]]
        if below:
            grade = pl.when(pl.all_horizontal(below)).then(pl.lit(line["grade"])).otherwise(grade)
    return grade


def by_polars_and_duckdb(files: list[str], threads: int, first: dt.date, last: dt.date) -> DuckDb:
    engine = DuckDb()
    engine.connection.execute(f"SET threads = {threads}; SET memory_limit = '8GB'; SET preserve_insertion_order = false")
    house = House(engine)
    for name, frame in by_polars(files, first, last).items():
        counts = frame.to_arrow()  # noqa: F841 (DuckDB finds it by its name)
        engine.connection.execute(f"CREATE OR REPLACE TABLE {name} AS FROM counts")
    house.publish_frames(last)
    figures(engine, ("rankings", "trends"), last)
    return engine


def main() -> None:
    name, directory, threads = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    files = sorted(str(path) for path in directory.glob("*/*.parquet"))
    # The window of the last cut.
    last = max(dt.date.fromisoformat(path.split("test_date=")[1].split("/")[0]) for path in files)
    first = last - dt.timedelta(WINDOW_DAYS - 1)
    began = time.perf_counter()
    if name == "polars":
        engine = by_polars_and_duckdb(files, threads, first, last)
    else:
        engine = {"duckdb": DuckDbOverFiles, "duckdb-all": DuckDbOverFiles, "datafusion": DataFusionOverFiles}[name](files, threads)
        by_sql(engine, first, last, name == "duckdb-all")
        if name == "duckdb-all":
            write(engine)
    seconds = time.perf_counter() - began
    ranked = "SELECT count(*) FROM rankings WHERE test_type = 'single' AND window_days = 30 AND hours = 'all' AND rank IS NOT NULL"
    print(json.dumps({"engine": name, "seconds": seconds, "networks": engine.rows(ranked)[0][0]}))


if __name__ == "__main__":
    main()
