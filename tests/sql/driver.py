"""Speaks for one engine to the runner of `.slt` files: a line of JSON in, a line of JSON out.

Beside SELECT it understands what a proof needs to set a scene: `CALL seal('…')` (results as CSV; ms, and `times` to repeat a
line), `CALL bind(agent, asn, since)`, `CALL withdraw(agent, day)`, `CALL kind(asn, kind)`, `CALL close_days(day)`,
`CALL publish(day)`.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
import sys
import traceback

from engines import ENGINES
from house import House


def hundredths(text: str) -> int | None:
    return round(float(text) * 100) if text else None


def results(text: str) -> list[dict]:
    lines = "\n".join(line for line in text.splitlines() if line.strip())
    rows = []
    for line in csv.DictReader(io.StringIO(lines), skipinitialspace=True):
        line = {name.strip(): (value or "").strip() for name, value in line.items()}
        row = {
            "tested_hour": dt.datetime.fromisoformat(line["tested"]),
            "arrived_hour": dt.datetime.fromisoformat(line["arrived"]) if line.get("arrived") else None,
            "test_type": line.get("type") or "single",
            "asn": int(line["asn"]) if line["asn"] else None,
            "country": line.get("country") or None,
            "agent": line.get("agent") or "direct",
            "vote_month": line.get("vote", "true") != "false",
            "baseline": hundredths(line.get("baseline", "")),
            "download_increase": hundredths(line.get("download", "")),
            "upload_increase": hundredths(line.get("upload", "")),
            "bidirectional_increase": hundredths(line.get("both", "")),
            "grade_overall": line.get("grade") or None,
        }
        rows += [row] * int(line.get("times") or 1)
    return rows


class Scene:
    def __init__(self, engine: str) -> None:
        self.house = House(ENGINES[engine]())
        self.lists: dict[str, list] = {"bindings": [], "withdrawn_days": [], "asn_kinds": []}

    def _note(self, table: str, row: tuple) -> None:
        self.lists[table].append(row)
        self.house.engine.load(table, self.house.tables[table], self.lists[table])

    def call(self, name: str, arguments: list[str]) -> None:
        if name == "seal":
            self.house.seal(results(arguments[0]))
        elif name == "bind":
            self._note("bindings", (arguments[0], int(arguments[1]), dt.datetime.fromisoformat(arguments[2])))
        elif name == "withdraw":
            self._note("withdrawn_days", (arguments[0], dt.date.fromisoformat(arguments[1])))
        elif name == "kind":
            self._note("asn_kinds", (int(arguments[0]), arguments[1]))
        elif name == "close_days":
            self.house.close(dt.date.fromisoformat(arguments[0]))
        elif name == "publish":
            self.house.publish(dt.date.fromisoformat(arguments[0]))
        else:
            raise ValueError(f"no such call: {name}")

    def answer(self, sql: str) -> list[list[str]]:
        found = re.fullmatch(r"\s*CALL\s+(\w+)\((.*)\)\s*;?\s*", sql, re.S)
        if found:
            arguments = [text if text else number for text, number in re.findall(r"'([^']*)'|([\d.]+)", found.group(2))]
            self.call(found.group(1), arguments)
            return []
        return [[shown(value) for value in row] for row in self.house.engine.rows(sql)]


def shown(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def main() -> None:
    scene = Scene(sys.argv[1])
    for line in sys.stdin:
        try:
            reply = {"rows": scene.answer(json.loads(line)["sql"])}
        except Exception as fault:  # whatever it is, the proof that caused it shall show it
            traceback.print_exc()
            reply = {"error": f"{type(fault).__name__}: {fault}"}
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
