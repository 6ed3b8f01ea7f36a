"""A warehouse in miniature: the statements of `queries/` over rows that a proof gives, in the order of the warehouse.

What the warehouse does in Rust is done here again in a few lines, from docs/methodology.md and not from its code: bins, the
merging of days into blocks, the frames of a cut.
"""

from __future__ import annotations

import csv
import datetime as dt
import re
import tomllib
from pathlib import Path

from engines import Engine, Row

ROOT = Path(__file__).resolve().parents[2]
QUERIES = ROOT / "queries"
BLOCK_VOTES = 10

# A result as a proof writes it; what the lake adds is made of it.
RAW = {
    "tested_hour": "TIMESTAMP",
    "test_type": "VARCHAR",
    "asn": "UINTEGER",
    "country": "VARCHAR",
    "agent": "VARCHAR",
    "vote_month": "BOOLEAN",
    "baseline": "UINTEGER",
    "download_increase": "UINTEGER",
    "upload_increase": "UINTEGER",
    "bidirectional_increase": "UINTEGER",
    "grade_overall": "VARCHAR",
    "arrived_hour": "TIMESTAMP",
    "ip_version": "UTINYINT",
    "vote_day": "BOOLEAN",
    "download_rate": "UINTEGER",
    "upload_rate": "UINTEGER",
}
LAKE = RAW | {
    "test_date": "DATE",
    "working_increase": "UINTEGER",
    "ranked_bin": "USMALLINT",
    "download_bin": "USMALLINT",
    "upload_bin": "USMALLINT",
    "bidirectional_bin": "USMALLINT",
    "baseline_bin": "USMALLINT",
    "seal": "UBIGINT",
}


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def schema() -> dict[str, dict[str, str]]:
    """The tables that no statement makes: warehouse/src/marts/schema.sql."""
    text = (ROOT / "warehouse/src/marts/schema.sql").read_text()
    text = re.sub(r"--.*", "", text)
    tables = {}
    for name, body in re.findall(r"CREATE TABLE (\w+) \((.*?)\);", text, re.S):
        columns = [column.split() for column in body.split(",")]
        tables[name] = {column[0]: column[1] for column in columns}
    return tables


def statement(name: str) -> str:
    return (QUERIES / f"{name}.sql").read_text()


def contract(name: str) -> dict:
    return tomllib.loads((QUERIES / f"{name}.toml").read_text())


def catalog() -> list[str]:
    """Every statement in the order in which data flows: warehouse/src/catalog.rs."""
    return re.findall(r'^    [A-Z0-9_]+ = "([a-z_/0-9]+)";', (ROOT / "warehouse/src/catalog.rs").read_text(), re.M)


def bins() -> list[tuple[int, ...]]:
    names = ["bin", "lower_hundredths", "upper_hundredths", "mid_hundredths", "mid_ln_millionths"]
    return [tuple(int(line[name]) for name in names) for line in read_csv(QUERIES / "bins.csv")]


def merge(days: list[tuple[int, str, dt.date, int]]) -> list[Row]:
    """Days (network, type, day, votes) merged in their order until ten votes are together: rows of `closing_days`."""
    closing: list[Row] = []
    waiting: list[tuple[int, str, dt.date, int]] = []
    for day in sorted(days):
        if waiting and waiting[0][:2] != day[:2]:
            waiting = []
        waiting.append(day)
        if sum(member[3] for member in waiting) >= BLOCK_VOTES:
            closing += [(asn, test_type, on, waiting[0][2], day[2]) for asn, test_type, on, _ in waiting]
            waiting = []
    return closing


class House:
    """Rows in, figures out, by one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.tables = schema()
        for name, columns in self.tables.items():
            engine.load(name, columns, [])
        self.bins = bins()
        engine.load("bins", self.tables["bins"], self.bins)
        policies = [
            (path.stem, line["grade"], *(int(line[name]) if line[name] else None for name in ("increase_below_hundredths", "baseline_below_hundredths")))
            for path in sorted((QUERIES / "policies").glob("*.csv"))
            for line in read_csv(path)
        ]
        engine.load("policies", self.tables["policies"], policies)
        self._load_csv("critical_values", "networks")
        self._load_csv("country_offsets", "offset_minutes")
        self.raw: list[Row] = []
        self.parameters = {"listed_votes": 30, "ranked_votes": 100, "ranked_days": 3, "p95_votes": 300}

    def _load_csv(self, name: str, *_numbers: str) -> None:
        columns = self.tables[name]
        read = {"BIGINT": int, "INTEGER": int, "UINTEGER": int}
        rows = [tuple(read.get(columns[key], str)(line[key]) for key in columns) for line in read_csv(QUERIES / f"{name}.csv")]
        self.engine.load(name, columns, rows)

    def bin_of(self, hundredths: int | None) -> int | None:
        if hundredths is None:
            return None
        low, high = 0, len(self.bins) - 1
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self.bins[middle][1] <= hundredths else (low, middle - 1)
        return self.bins[low][0]

    def seal(self, rows: list[dict]) -> None:
        """Adds results; `tested_hour` and `arrived_hour` are UTC."""
        for row in rows:
            row = {"country": None, "vote_month": True, "vote_day": True, "ip_version": 4, "baseline": None, "bidirectional_increase": None, "grade_overall": None} | row
            row = {name: row.get(name) for name in RAW}
            if row["arrived_hour"] is None:
                row["arrived_hour"] = row["tested_hour"]
            down, up = row["download_increase"], row["upload_increase"]
            working = (down + up + 1) // 2 if down is not None and up is not None else None
            lake = row | {
                "test_date": row["tested_hour"].date(),
                "working_increase": working,
                "ranked_bin": self.bin_of(working),
                "download_bin": self.bin_of(down),
                "upload_bin": self.bin_of(up),
                "bidirectional_bin": self.bin_of(row["bidirectional_increase"]),
                "baseline_bin": self.bin_of(row["baseline"]),
                "seal": 1,
            }
            self.raw.append(tuple(lake[name] for name in LAKE))
        self.engine.load("results", LAKE, self.raw)

    def close(self, through: dt.date) -> None:
        """Counts every day up to this one and merges them into blocks."""
        literals = {
            "from_day": "DATE '1970-01-01'",
            "to_day": f"DATE '{through}'",
            "after_seal": "0",
            "block_votes": str(BLOCK_VOTES),
        }
        for name in catalog():
            if name.startswith("base/") or name.startswith("marts/"):
                relation = name.split("/")[1]
                if relation == "part_places":
                    self.load_closing_days()
                if relation == "resume_days":
                    continue
                self.engine.make(relation, statement(name), literals)

    def load_closing_days(self) -> None:
        """Says which open days make one block."""
        days = self.engine.rows(
            "SELECT asn, test_type, counts_on, CAST(sum(votes) AS BIGINT) AS votes FROM open_parts GROUP BY asn, test_type, counts_on"
        )
        self.engine.load("closing_days", self.tables["closing_days"], merge(days))

    def publish(self, last_day: dt.date) -> None:
        """Makes every figure of the cut of this day."""
        self.publish_frames(last_day)
        for name in catalog():
            if name.split("/")[0] in ("rankings", "trends", "provenance"):
                self.engine.make(name.split("/")[1], statement(name), {"to_day": f"DATE '{last_day}'", "last_day": f"DATE '{last_day}'"})

    def publish_frames(self, last_day: dt.date) -> None:
        """The parameters and frames of the cut of this day."""
        parameters = (last_day, *self.parameters.values(), "dslreports")
        self.engine.load("parameters", self.tables["parameters"], [parameters])
        oldest = self.engine.rows("SELECT min(last_day) AS oldest FROM blocks")[0][0]
        frames = [(f"{days}d", "window", days, last_day - dt.timedelta(days - 1), last_day) for days in (7, 30, 90)]
        day = oldest or last_day + dt.timedelta(1)
        while day <= last_day:
            frames.append((day.isoformat(), "day", None, day, day))
            first = day.replace(day=1)
            after = (first + dt.timedelta(32)).replace(day=1)
            month = (f"{day:%Y-%m}", "month", None, first, min(after - dt.timedelta(1), last_day))
            if month not in frames:
                frames.append(month)
            day += dt.timedelta(1)
        self.engine.load("frames", self.tables["frames"], frames)
        # A series is a frame with hours and a quantity; the evening is told of windows, and of the ranked quantity.
        series = []
        for name, kind, *_ in frames:
            told = [("all", "working")]
            if kind == "window":
                told += [("peak", "working"), ("off_peak", "working")]
                told += [("all", quantity) for quantity in ("download", "upload", "bidirectional")]
            series += [(len(series) + at, name, "single", *words) for at, words in enumerate(told, 1)]
        self.engine.load("series", self.tables["series"], series)
        days = [
            (name, kind, first + dt.timedelta(at))
            for name, kind, _, first, last in frames
            for at in range((last - first).days + 1)
        ]
        self.engine.load("frame_days", self.tables["frame_days"], days)
