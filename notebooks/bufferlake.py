"""A Bufferlake release in a notebook: where its files are, its tables in DuckDB, and how figures look.

`00-quickstart.ipynb` does the same by hand; the other notebooks begin here.
"""

from __future__ import annotations

import importlib.util
import json
import re
import urllib.parse
import urllib.request
from pathlib import Path

import duckdb
import matplotlib as mpl
import matplotlib.ticker
import numpy as np

# Okabe and Ito's colours: told apart by people of every kind of colour vision, and by their lightness in print.
BLUE, VERMILION, GREEN, ORANGE, SKY, PURPLE = "#0072B2", "#D55E00", "#009E73", "#E69F00", "#56B4E9", "#CC79A7"
BLACK, GREY = "#000000", "#8C8C8C"
PALETTE = [BLUE, VERMILION, GREEN, ORANGE, SKY, PURPLE, BLACK]

# Columns of the inputs whose types cannot be told from the text.
TYPES = {
    "frames": {"window_days": "BIGINT"},
    "series": {"series": "UINTEGER"},
    "asn_names": {"asn": "UINTEGER", "name": "VARCHAR"},
    "asn_kinds": {"asn": "UINTEGER", "kind": "VARCHAR"},
    "asn_organisations": {"asn": "UINTEGER", "organisation": "VARCHAR"},
    "country_offsets": {"country": "VARCHAR"},
}


class Release:
    """One release. `source` is a URL or a directory: of all releases (`…/data/v1`, `public/`: the newest one is taken), or
    of one (`…/releases/2026-11-22`)."""

    def __init__(self, source: str) -> None:
        source = str(source).rstrip("/")
        self.is_remote = urllib.parse.urlparse(source).scheme in ("http", "https")
        match = re.fullmatch(r"(.*)/releases/([^/]+)", source)
        self.root = match[1] if match else source
        if match:
            path = f"releases/{match[2]}/manifest.json"
        else:
            path = json.loads(self.read("latest.json"))["manifest"]
        self.manifest = json.loads(self.read(path))
        self.id = self.manifest["release"]

    def locate(self, path: str) -> str:
        """URL or path of a file, which the manifest names from the root."""
        return f"{self.root}/{path}"

    def read(self, path: str) -> bytes:
        """A whole file."""
        if self.is_remote:
            with urllib.request.urlopen(self.locate(path)) as answer:
                return answer.read()
        return Path(self.locate(path)).read_bytes()

    def files(self, table: str) -> list[str]:
        """All files of a table."""
        return [self.locate(file["path"]) for file in self.manifest["files"] if file.get("table") == table]

    def own(self, name: str) -> bytes:
        """A file of the release's own folder, as `publication.json`."""
        return self.read(f"releases/{self.id}/{name}")

    def statements(self, *folders: str) -> dict[str, str]:
        """The release's SQL in these folders: relation and the SELECT that makes it."""
        paths = [file["path"] for file in self.manifest["files"]]
        wanted = rf"releases/[^/]+/sql/(?:{'|'.join(folders)})/(\w+)\.sql"
        return {match[1]: self.read(path).decode() for path in paths if (match := re.fullmatch(wanted, path))}

    def connect(self) -> duckdb.DuckDBPyConnection:
        """DuckDB in memory with every table of the release: Parquet as views, small CSVs as tables."""
        connection = connect(self.is_remote)
        tables = dict.fromkeys(file["table"] for file in self.manifest["files"] if file.get("table"))
        for table in tables:
            files = self.files(table)
            if files[0].endswith(".parquet"):
                connection.execute(f"CREATE VIEW {table} AS FROM read_parquet({files}, hive_partitioning = false)")
            elif table == "policies":
                name = "regexp_extract(filename, '([^/]+)[.]csv$', 1)"
                rows = f"read_csv({files}, filename = true, union_by_name = true)"
                connection.execute(f"CREATE TABLE policies AS SELECT {name} AS policy, * EXCLUDE filename FROM {rows}")
            else:
                types = f", types = {TYPES[table]}" if table in TYPES else ""
                connection.execute(f"CREATE TABLE {table} AS FROM read_csv({files}, header = true{types})")
        return connection


def connect(is_remote: bool) -> duckdb.DuckDBPyConnection:
    """DuckDB in memory; for URLs with its extension `httpfs`, from the package of that name if it is installed."""
    connection = duckdb.connect()
    if is_remote:
        package = importlib.util.find_spec("duckdb_extension_httpfs")
        if package and package.origin:
            extension = next(Path(package.origin).parent.glob("extensions/*/httpfs.duckdb_extension"))
            connection.execute(f"LOAD '{extension}'")
        # Files never change: what is known of one need not be asked again.
        connection.execute("SET enable_http_metadata_cache = true")
    return connection


def style() -> None:
    """How figures look: quiet, with colours that everybody can tell apart."""
    mpl.rcParams.update({
        "figure.constrained_layout.use": True,
        "figure.figsize": (8.5, 4.2),
        "figure.dpi": 110,
        "font.size": 9.5,
        "axes.titlesize": 11,
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": "#E3E3E3",
        "grid.linewidth": 0.7,
        "axes.prop_cycle": mpl.cycler(color=PALETTE),
        "legend.frameon": False,
        "date.converter": "concise",
    })


def ms_scale(ax, which: str, low: float | None = None, high: float | None = None) -> None:
    """Makes an axis ("x" or "y") one of ln(1 + ms), the scale on which networks are scored: factors, and a place for 0. It
    reaches as far as what was drawn so far, if no ends are given."""
    drawn = [value for value in (ax.dataLim.intervalx if which == "x" else ax.dataLim.intervaly) if np.isfinite(value)]
    least, most = (min(drawn), max(drawn)) if drawn else (0, 1000)
    low = (0 if least < 2 else 0.75 * least) if low is None else low
    high = 1.3 * max(most, 1) if high is None else high
    forward, back = (lambda ms: np.sign(ms) * np.log1p(np.abs(ms))), (lambda ln: np.sign(ln) * np.expm1(np.abs(ln)))
    getattr(ax, f"set_{which}scale")("function", functions=(forward, back))
    between = [[step * 10**power for power in range(5) for step in steps] for steps in ((1, 2, 5), (1, 1.5, 2, 3, 4, 5, 7))]
    coarse, fine = ([tick for tick in (0, *ticks) if low <= tick <= high and tick == int(tick)] for ticks in between)
    axis = getattr(ax, f"{which}axis")
    axis.set_ticks(coarse if len(coarse) > 3 else fine)
    axis.set_major_formatter("{x:,.0f}")
    axis.set_minor_locator(mpl.ticker.NullLocator())
    getattr(ax, f"set_{which}lim")(low, high)
