"""Prints country_names.csv: `python3 queries/make_country_names.py > queries/country_names.csv`.

What pages call a country: the names of the IANA time zone database (iso3166.tab, public domain), which are short and neutral,
for the countries of country_offsets.csv.
"""

import csv
import importlib.resources
import sys
from pathlib import Path

# Spelt out, or without a bracket that readers stumble over.
NAMES = {
    "BO": "Bolivia",
    "CD": "Congo (Kinshasa)",
    "CG": "Congo (Brazzaville)",
    "CI": "Côte d'Ivoire",
    "FM": "Micronesia",
    "GB": "United Kingdom",
    "KP": "North Korea",
    "KR": "South Korea",
    "LA": "Laos",
    "MM": "Myanmar",
    "XK": "Kosovo",
}

SYSTEM_TABLE = Path("/usr/share/zoneinfo/iso3166.tab")


def table() -> str:
    """The database's list: that of the package tzdata if it is installed, else the system's."""
    try:
        return (importlib.resources.files("tzdata.zoneinfo") / "iso3166.tab").read_text()
    except (ModuleNotFoundError, FileNotFoundError):
        return SYSTEM_TABLE.read_text()


def main() -> None:
    lines = (line.split("\t") for line in table().splitlines() if line and not line.startswith("#"))
    names = {code: name for code, name in lines} | NAMES
    with Path(__file__).with_name("country_offsets.csv").open(newline="") as file:
        codes = [row["country"] for row in csv.DictReader(file)]
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["country", "name"])
    writer.writerows((code, names[code]) for code in codes)


if __name__ == "__main__":
    main()
