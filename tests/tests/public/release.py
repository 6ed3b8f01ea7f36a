"""Holds a release against the tools that others read it with. Usage: release.py <folder of the release>; prints a line of JSON."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import mlcroissant
import polars
import pyarrow.parquet
import yaml
from frictionless import Package, Resource, system

folder = Path(sys.argv[1])
public = folder.parent.parent
manifest = json.loads((folder / "manifest.json").read_text())

# Digests, as a researcher checks them.
subprocess.run(["sha256sum", "--check", "--quiet", "--strict", "SHA256SUMS"], cwd=folder, check=True)
listed = {line.split("  ", 1)[1] for line in (folder / "SHA256SUMS").read_text().splitlines()}
there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
assert there - listed == {"SHA256SUMS", "publication.json"}, there - listed

# Data Package: the descriptor, and every CSV against its schema.
with system.use_context(trusted=True):
    package = Package(str(folder / "datapackage.json"))
    report = Package.validate_descriptor(str(folder / "datapackage.json"))
    assert report.valid, report.flatten(["note", "message"])
    tables = [resource for resource in package.resources if resource.format == "csv"]
    for resource in tables:
        report = resource.validate()
        assert report.valid, (resource.name, report.flatten(["rowNumber", "fieldName", "message"])[:5])
names = [resource.name for resource in package.resources]
assert len(names) == len(set(names)) == sum(1 for file in manifest["files"] if "table" in file)

# Every Parquet file has the columns of its schema, its metadata, and says nothing of the machine.
types = {"date": ("date32[day]",), "string": ("string",), "boolean": ("bool",), "number": ("double", "float")}
for file in manifest["files"]:
    if not file["path"].endswith(".parquet"):
        continue
    parquet = pyarrow.parquet.ParquetFile(public / file["path"])
    schema = json.loads((folder / "schemas" / f"{file['table']}.json").read_text())
    assert [field["name"] for field in schema["fields"]] == parquet.schema_arrow.names, file
    for field, column in zip(schema["fields"], parquet.schema_arrow):
        assert str(column.type) in types.get(field["type"], (str(column.type),)), (file, field, column)
        assert field["type"] != "integer" or "int" in str(column.type), (file, field, column)
    assert parquet.metadata.num_rows == file["rows"] and parquet.metadata.created_by == "bufferlake"
    notes = {key.decode(): value.decode() for key, value in parquet.metadata.metadata.items()}
    expected = {"dataset", "schema_version", "licence", "method", "table", "statement_sha256"}
    own = file["path"].startswith("releases/")
    assert set(notes) == expected | ({"release"} if own else set()), (file, notes)
    assert notes["table"] == file["table"] and notes.get("release", manifest["release"]) == manifest["release"]
    for group in range(parquet.metadata.num_row_groups):
        group = parquet.metadata.row_group(group)
        assert group.num_rows <= 122_880
        for number in range(group.num_columns):
            column = group.column(number)
            assert column.compression == "ZSTD" and column.has_column_index and column.has_offset_index, (file, column)

# Croissant, and one of its tables through its own reader.
dataset = mlcroissant.Dataset(jsonld=str(folder / "croissant.json"))
issues = dataset.metadata.ctx.issues
assert not issues.errors, issues.report()
rankings = next(iter(dataset.records("table-rankings")))
assert rankings["table-rankings/asn"] > 0

# The views in DuckDB, and the same rows in Polars.
database = duckdb.connect()
sql = (folder / "views.sql").read_text()
database.execute(f"SET file_search_path = '{folder}'")
database.execute(sql)
views = [name for (name,) in database.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()]
counts = {name: database.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in views}
for name, count in counts.items():
    assert count == sum(file["rows"] for file in manifest["files"] if file.get("table") == name), name
    assert f"\n## {name}\n" in (folder / "DATA_DICTIONARY.md").read_text(), name
results = [public / file["path"] for file in manifest["files"] if file.get("table") == "results"]
assert polars.scan_parquet(results).select(polars.len()).collect().item() == counts["results"]

citation = yaml.safe_load((folder / "CITATION.cff").read_text())
assert citation["version"] == manifest["release"] and citation["license"] == "CC-BY-4.0"
assert "RouteViews" in (folder / "LICENSE").read_text()

# The lines of the README, as they stand.
for number, code in enumerate(re.findall(r"```python\n(.*?)```", (folder / "README.md").read_text(), re.DOTALL)):
    run = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    assert run.returncode == 0 and run.stdout, (number, run.stderr)
sql = re.search(r"```sql\n(.*?)```", (folder / "README.md").read_text(), re.DOTALL).group(1)
answers = [database.execute(statement).fetchall() for statement in duckdb.extract_statements(sql)]
top = "SELECT asn, count(*) AS tests FROM results GROUP BY asn ORDER BY tests DESC, asn LIMIT 10"
assert answers[-1] and answers[-1] == database.execute(top).fetchall(), answers

print(json.dumps({"views": len(views), "results": counts["results"], "warnings": len(issues.warnings)}))
