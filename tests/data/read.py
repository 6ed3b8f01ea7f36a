"""Reads one network's month out of the newest release over HTTP, as a researcher would, and says what it took.

Usage: read.py ENGINE BASE TABLE SUMMED ASN MONTH [METRICS]. BASE ends with a slash; SUMMED is a column of the table; METRICS
is the page on which the server counts requests and bytes. What comes out is one JSON object: the rows, the sum of that
column, the rows of the whole table, and for each phase the requests and bytes that the server counted.
"""

import importlib.util
import json
import pathlib
import sys
import urllib.request

engine, base, table, summed, asn, month = *sys.argv[1:5], int(sys.argv[5]), sys.argv[6]
metrics = sys.argv[7] if len(sys.argv) > 7 else None
phases = {}
counted = None


def load(path):
    with urllib.request.urlopen(base + path) as answer:
        return json.load(answer)


def count():
    """Requests for files, and their bytes, that the server has answered so far."""
    if metrics is None:
        return [0, 0]
    with urllib.request.urlopen(metrics) as answer:
        lines = answer.read().decode().splitlines()
    
    def total(name):
        return sum(float(line.split()[-1]) for line in lines if line.split("{")[0].split(" ")[0] == name)
    return [int(total("warehouse_data_requests_total")), int(total("warehouse_data_bytes_total"))]


def phase(name):
    """Ends a phase: what was counted since the one before."""
    global counted
    now = count()
    phases[name] = {"requests": now[0] - counted[0], "bytes": now[1] - counted[1]}
    counted = now


counted = count()
latest = load("latest.json")
manifest = load(latest["manifest"])
phase("manifest")
files = [file for file in manifest["files"] if file.get("table") == table]
urls = [base + file["path"] for file in files]

if engine == "duckdb":
    import duckdb

    package = pathlib.Path(importlib.util.find_spec("duckdb_extension_httpfs").origin).parent
    connection = duckdb.connect()
    connection.execute(f"LOAD '{next(package.glob('extensions/*/httpfs.duckdb_extension'))}'")
    # Files never change: what is known of one need not be asked again.
    connection.execute("SET enable_http_metadata_cache = true")
    views = latest["manifest"].replace("manifest.json", "views.sql")
    with urllib.request.urlopen(base + views) as answer:
        text = answer.read().decode()
    phase("manifest")
    connection.execute(f"SET VARIABLE bufferlake = '{base}'")
    connection.execute(text)
    phase("views")
    rows = connection.execute(f"SELECT * FROM {table} WHERE asn = ? AND month = ?", [asn, month]).fetchall()
    place = [column[0] for column in connection.description].index(summed)
    found = (len(rows), sum(row[place] or 0 for row in rows))
    phase("month")
    everything = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    phase("count")
else:
    import polars as pl

    phase("views")
    scan = pl.scan_parquet([url for url in urls if f"/month={month}/" in url])
    rows = scan.filter(pl.col("asn") == asn).collect()
    found = (rows.height, rows[summed].sum())
    phase("month")
    everything = pl.scan_parquet(urls).select(pl.len()).collect().item()
    phase("count")

in_month = len([url for url in urls if f"/month={month}/" in url])
print(json.dumps({
    "rows": found[0], "sum": int(found[1]), "all": everything, "files": len(urls), "files_of_month": in_month,
    "phases": phases,
}))
