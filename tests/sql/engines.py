"""Two engines for one set of statements: DuckDB, and Apache DataFusion as the second opinion.

Both are given the same SQL. What they disagree about is a fault of ours: `queries/` promises to stay in what they share.
"""

from __future__ import annotations

import re
from typing import Any, Iterable, Protocol

import duckdb
import pyarrow as pa
from datafusion import SessionConfig, SessionContext

# Types of the schema and of contracts, as each engine calls them.
ARROW_TYPES = {
    "BOOLEAN": pa.bool_(),
    "USMALLINT": pa.uint16(),
    "UTINYINT": pa.uint8(),
    "UINTEGER": pa.uint32(),
    "INTEGER": pa.int32(),
    "UBIGINT": pa.uint64(),
    "BIGINT": pa.int64(),
    "DOUBLE": pa.float64(),
    "VARCHAR": pa.string(),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us"),
}

Row = tuple[Any, ...]


class Engine(Protocol):
    """What the proofs ask of an engine."""

    name: str

    def load(self, table: str, columns: dict[str, str], rows: Iterable[Row]) -> None:
        """Makes or replaces a table with these columns (name: SQL type) and rows."""

    def make(self, table: str, sql: str, parameters: dict[str, str]) -> None:
        """Makes or replaces a table of what a SELECT gives; parameters are literals."""

    def rows(self, sql: str) -> list[Row]:
        """The rows of a SELECT."""

    def run(self, sql: str) -> None:
        """Runs a statement without a result."""


def with_literals(sql: str, parameters: dict[str, str]) -> str:
    """Puts literals in the place of `$name`: DataFusion binds no names."""
    return re.sub(r"\$(\w+)", lambda found: parameters[found.group(1)], sql)


def arrow_table(columns: dict[str, str], rows: Iterable[Row]) -> pa.Table:
    rows = list(rows)
    schema = pa.schema([(name, ARROW_TYPES[sql_type]) for name, sql_type in columns.items()])
    arrays = [pa.array([row[at] for row in rows], type=field.type) for at, field in enumerate(schema)]
    return pa.Table.from_arrays(arrays, schema=schema)


class DuckDb:
    name = "duckdb"

    def __init__(self) -> None:
        self.connection = duckdb.connect()
        self.connection.execute("SET TimeZone = 'UTC'")

    def load(self, table: str, columns: dict[str, str], rows: Iterable[Row]) -> None:
        loaded = arrow_table(columns, rows)  # noqa: F841 (DuckDB finds it by its name)
        self.connection.execute(f"CREATE OR REPLACE TABLE {table} AS FROM loaded")

    def make(self, table: str, sql: str, parameters: dict[str, str]) -> None:
        self.connection.execute(f"CREATE OR REPLACE TABLE {table} AS {with_literals(sql, parameters)}")

    def rows(self, sql: str) -> list[Row]:
        return self.connection.execute(sql).fetchall()

    def run(self, sql: str) -> None:
        self.connection.execute(sql)


class DataFusion:
    name = "datafusion"

    def __init__(self) -> None:
        # One partition: the data is small, and threads would only cost.
        config = SessionConfig().with_target_partitions(1).with_information_schema(True)
        self.context = SessionContext(config)

    def _put(self, table: str, data: pa.Table) -> None:
        self.context.deregister_table(table)
        self.context.register_record_batches(table, [data.to_batches() or [empty_batch(data.schema)]])

    def load(self, table: str, columns: dict[str, str], rows: Iterable[Row]) -> None:
        self._put(table, arrow_table(columns, rows).combine_chunks())

    def make(self, table: str, sql: str, parameters: dict[str, str]) -> None:
        self._put(table, self.context.sql(with_literals(sql, parameters)).to_arrow_table())

    def rows(self, sql: str) -> list[Row]:
        found = self.context.sql(sql).to_arrow_table()
        return list(zip(*(column.to_pylist() for column in found.columns))) if found.num_rows else []

    def run(self, sql: str) -> None:
        self.context.sql(sql).collect()


def empty_batch(schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([pa.array([], type=field.type) for field in schema], schema=schema)


ENGINES = {"duckdb": DuckDb, "datafusion": DataFusion}
