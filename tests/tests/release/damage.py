"""Damages a copy of a release in one way: `damage.py <public directory> <name of the damage>`.

Most damages are those of a forger, who makes every digest right again: sizes, digests and names of files in manifest.json,
SHA256SUMS and latest.json. What is left to find is what the files say.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl

# Other rows; none if there is nothing to change in these.
Change = Callable[[pl.DataFrame], pl.DataFrame | None]

# What a damaged file says of itself that it did not say before.
NOTES: dict[str, str] = {}

PUBLIC = Path(sys.argv[1])
LATEST = json.loads((PUBLIC / "latest.json").read_text())
FOLDER = PUBLIC / "releases" / LATEST["release"]
MANIFEST = json.loads((FOLDER / "manifest.json").read_text())


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def entry(name: str) -> dict:
    """The first file of a table, or the file whose path ends so."""
    files = MANIFEST["files"]
    return next(file for file in files if file.get("table") == name or file["path"].endswith(name))


def seal() -> None:
    """Makes every digest right again."""
    sums = []
    for file in MANIFEST["files"]:
        path = PUBLIC / file["path"]
        file["bytes"], file["sha256"] = path.stat().st_size, digest(path)
        if file["path"].startswith("files/"):
            named = path.with_name(f"{file['sha256']}.parquet")
            path.rename(named)
            file["path"] = str(named.relative_to(PUBLIC))
            sums.append((file["sha256"], f"../../{file['path']}"))
    (FOLDER / "manifest.json").write_text(json.dumps(MANIFEST))
    LATEST["sha256"] = digest(FOLDER / "manifest.json")
    (PUBLIC / "latest.json").write_text(json.dumps(LATEST))
    index = PUBLIC / "index.json"
    if index.exists():
        listed = json.loads(index.read_text())
        for release in listed["releases"]:
            if release["release"] == LATEST["release"]:
                release["sha256"] = LATEST["sha256"]
        index.write_text(json.dumps(listed))
    for path in sorted(path for path in FOLDER.rglob("*") if path.is_file()):
        name = str(path.relative_to(FOLDER))
        if name not in ("SHA256SUMS", "publication.json"):
            sums.append((digest(path), name))
    (FOLDER / "SHA256SUMS").write_text("".join(f"{sha256}  {path}\n" for sha256, path in sums))


def table(name: str, change: Change) -> None:
    """Rewrites the first file in which there is something to change, and tells the number of its rows."""
    for file in (file for file in MANIFEST["files"] if file.get("table") == name):
        path = PUBLIC / file["path"]
        frame = pl.read_parquet(path, hive_partitioning=False)
        changed = change(frame)
        if changed is not None:
            break
    assert not changed.equals(frame) or changed.schema != frame.schema, f"{name} was not changed"
    notes = {key: value for key, value in pl.read_parquet_metadata(path).items() if key != "ARROW:schema"} | NOTES
    path.unlink()
    changed.write_parquet(path, compression="zstd", metadata=notes)
    file["rows"] = changed.height


def first(column: str, value: Callable[[int], int], *, where: pl.Expr | None = None) -> Change:
    """Another value in the first row that has one."""

    def change(frame: pl.DataFrame) -> pl.DataFrame | None:
        told = frame.with_row_index("at").filter(pl.col(column).is_not_null() & (True if where is None else where))
        if told.is_empty():
            return None
        at = told["at"][0]
        is_it = pl.int_range(pl.len()) == at
        other = pl.when(is_it).then(pl.lit(value(frame[column][at]))).otherwise(pl.col(column))
        return frame.with_columns(other.cast(frame.schema[column]).alias(column))

    return change


def text(name: str, change: Callable[[str], str]) -> None:
    path = PUBLIC / entry(name)["path"]
    before = path.read_text()
    after = change(before)
    assert before != after, f"{name} was not changed"
    path.write_text(after)


def other_table() -> None:
    NOTES["table"] = "areas"
    table("latencies", lambda frame: frame.head(frame.height - 1))
    seal()


def flipped_byte() -> None:
    path = PUBLIC / entry("block_bins")["path"]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def other_sum() -> None:
    lines = (FOLDER / "SHA256SUMS").read_text().splitlines()
    lines[0] = "0" * 64 + lines[0][64:]
    (FOLDER / "SHA256SUMS").write_text("\n".join(lines) + "\n")


def other_manifest() -> None:
    (FOLDER / "manifest.json").write_text(json.dumps(MANIFEST, indent=3))


def added_file() -> None:
    (FOLDER / "rankings" / "notes.parquet").write_bytes(b"PAR1")


def stale_rows() -> None:
    entry("rankings")["rows"] += 1
    seal()


def shifted_month() -> None:
    file = entry("blocks")
    file["month"] = "2020-02"
    old = PUBLIC / file["path"]
    new = old.parents[1] / "month=2020-02" / old.name
    new.parent.mkdir()
    old.rename(new)
    file["path"] = str(new.relative_to(PUBLIC))
    seal()


def shifted_days() -> None:
    table("blocks", first("last_day", lambda day: day.replace(year=day.year - 1)))
    seal()


def sealed(name: str, change: Change) -> Callable[[], None]:
    def damage() -> None:
        table(name, change)
        seal()

    return damage


def sealed_text(name: str, change: Callable[[str], str]) -> Callable[[], None]:
    def damage() -> None:
        text(name, change)
        seal()

    return damage


def add(number: int) -> Callable[[int], int]:
    return lambda value: value + number


# A bin of the ranked quantity whose next one has no votes: they can go there, and rows stay in order.
MOVABLE = (pl.col("quantity") == "working") & (pl.col("bin").shift(-1) != pl.col("bin") + 1)

DAMAGES: dict[str, Callable[[], None]] = {
    "a byte is flipped": flipped_byte,
    "a file is missing": lambda: (PUBLIC / entry("latencies")["path"]).unlink(),
    "a digest in SHA256SUMS is another": other_sum,
    "a file lies beside the others": added_file,
    "the manifest is not the announced one": other_manifest,
    "the manifest counts a row more": stale_rows,
    "a file lies in another month": shifted_month,
    "a block ends a year before": shifted_days,
    "a column too many": sealed("rankings", lambda frame: frame.with_columns(client=pl.lit(1))),
    "a column too few": sealed("trends", lambda frame: frame.drop("change")),
    "a column of another type": sealed("areas", lambda frame: frame.with_columns(pl.col("votes").cast(pl.Int32))),
    "columns in another order": sealed("block_parts", lambda frame: frame.select(reversed(frame.columns))),
    "a file calls itself another table": other_table,
    "a word that is none": sealed("block_grades", lambda frame: frame.with_columns(grade=pl.lit("E"))),
    "rows in another order": sealed("latencies", lambda frame: frame.reverse()),
    "a row twice": sealed("block_bins", lambda frame: pl.concat([frame.head(1), frame])),
    "an address as a name": sealed_text("inputs/asn_names.csv", lambda csv: csv + "4200000000,192.0.2.7\n"),
    "an address inside of a text": sealed(
        "asn_sources", lambda frame: frame.with_columns(agent=pl.lit("agent [2001:db8::7]:443"))
    ),
    "a logarithm is another": sealed_text("inputs/bins.csv", lambda csv: csv.replace(",9950\n", ",9960\n")),
    "a gate is lower": sealed_text("inputs/parameters.csv", lambda csv: csv.replace(",100,3,", ",90,3,")),
    "a threshold is moved": sealed_text("inputs/policies/dslreports.csv", lambda csv: csv.replace("A,3000", "A,3001")),
    "a block is missing": sealed("blocks", lambda frame: frame.tail(frame.height - 1)),
    "a block of nine votes": sealed("blocks", first("votes", lambda _: 9)),
    "a part with a vote more": sealed("block_parts", first("votes", add(1))),
    "blocks that overlap": sealed("blocks", first("first_day", lambda day: day.replace(year=day.year - 1))),
    "a vote in another bin": sealed("block_bins", first("bin", add(1), where=MOVABLE)),
    "a vote with a better grade": sealed("block_grades", lambda frame: frame.with_columns(votes=pl.col("votes") + 1)),
    "a result is missing": sealed("results", lambda frame: frame.tail(frame.height - 1)),
    "a result is no vote": sealed("results", first("vote_month", lambda _: False, where=pl.col("vote_month"))),
    "a result of another network": sealed("results", first("asn", lambda _: 4_200_000_000)),
    "a rank is another": sealed("rankings", first("rank", add(1))),
    "a score is a hundredth better": sealed("rankings", first("score_hundredths", add(-1))),
    "a network is missing": sealed("rankings", lambda frame: frame.head(frame.height - 1)),
    "a network is moved under a policy": sealed("rankings_by_policy", first("places_moved", add(1))),
    "a median is a hundredth less": sealed("latencies", first("p50_hundredths", add(-1))),
    "a vote in another column": sealed("histograms", first("votes_from_1000", add(1))),
    "a country's share is another": sealed("areas", first("share_millionths", add(1))),
    "a change is another": sealed("trends", first("share_change_high_millionths", add(1))),
    "an exact number of votes": sealed("asn_sources", first("votes_in_tens", add(1))),
}

DAMAGES[sys.argv[2]]()
