"""The old system's database, as that program makes it and writes it: argv is the file and the number of good rows.

Beside the good rows, of which each fifth is a household test, there are odd ones, as years of use leave them."""

import sqlite3
import sys
from datetime import datetime, timedelta

FIRST = datetime(2026, 6, 1, 12, 0, 0, 250000)

path, rows = sys.argv[1], int(sys.argv[2])
connection = sqlite3.connect(path)
connection.execute(
    """CREATE TABLE IF NOT EXISTS test_results (
        id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp DATETIME DEFAULT CURRENT_TIMESTAMP, client_ip TEXT NOT NULL,
        user_agent TEXT, test_type TEXT NOT NULL, test_duration_seconds INTEGER, server_name TEXT,
        download_mbps REAL, upload_mbps REAL, baseline_latency_ms REAL, download_latency_increase_ms REAL,
        upload_latency_increase_ms REAL, bidirectional_latency_increase_ms REAL, single_user_score INTEGER,
        download_grade TEXT, upload_grade TEXT, bidirectional_grade TEXT, overall_grade TEXT, household_score INTEGER,
        alex_grade TEXT, sarah_grade TEXT, jake_grade TEXT, computer_grade TEXT, test_server_name TEXT,
        asn TEXT, asn_name TEXT, country_code TEXT)"""
)


def insert(**values):
    names = ", ".join(values)
    marks = ", ".join("?" for _ in values)
    connection.execute(f"INSERT INTO test_results ({names}) VALUES ({marks})", list(values.values()))


for number in range(rows):
    household = number % 5 == 4
    insert(
        timestamp=(FIRST + timedelta(minutes=number)).isoformat(),
        client_ip=f"203.0.113.{number % 200}",
        user_agent="Mozilla/5.0",
        test_type="virtual_household" if household else "single_user",
        test_duration_seconds=30,
        download_mbps=100 + number % 50,
        upload_mbps=20,
        baseline_latency_ms=12.5,
        download_latency_increase_ms=0 if household else 40,
        upload_latency_increase_ms=0 if household else 310,
        overall_grade="A" if household else "D",
        household_score=88 if household else None,
        alex_grade="A" if household else None,
        asn="AS64500" if number % 2 else "UNKNOWN",
        asn_name="Example" if number % 2 else None,
        country_code="DE",
        test_server_name="Example ISP",
    )

good = dict(timestamp=FIRST.isoformat(), client_ip="203.0.113.1", test_type="single_user")
for odd in (
    dict(timestamp="yesterday"),
    dict(timestamp=None),
    dict(client_ip="unknown"),
    dict(client_ip="203.0.113.1, 10.0.0.1"),
    dict(test_type="triple"),
    dict(timestamp="2099-01-01T00:00:00"),
):
    insert(**{**good, **odd})
# Taken, with a value that stays empty, and one that is text.
insert(**{**good, "client_ip": "2001:DB8:0:1::9", "download_mbps": "95.3", "upload_mbps": "fast"})
connection.commit()
