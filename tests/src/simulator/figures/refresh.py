"""Takes the simulator's figures anew from their sources (README.md beside this file names them).

    pip install duckdb
    python refresh.py --mlab DIRECTORY_OF_THE_TWO_PARQUET_FILES --asn DIRECTORY_OF_ASN_CSV_FILES

What is chosen by hand stays as it stands in the files: which networks and countries take part and the countries'
standard UTC offsets. Names, prefixes and percentiles are written anew.
"""

import argparse
import csv
import pathlib

import duckdb

HERE = pathlib.Path(__file__).parent
PERCENTILES = [1, 5, 10, 25, 50, 75, 90, 95, 99]


def rows(name):
    """One of our two files as a list of dictionaries."""
    with open(HERE / name, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write(name, header, lines):
    """One of our two files, written anew."""
    with open(HERE / name, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(lines)


def refresh_countries(mlab):
    """Percentiles per country; M-Lab's latency columns are inverted (latency_p5 is the raw 95th percentile)."""
    labels = [f"p{p}" for p in PERCENTILES]
    parts = {
        "download_mbps": ("d", [f"download_{label}" for label in labels]),
        "upload_mbps": ("u", [f"upload_{label}" for label in labels]),
        "rtt_ms": ("d", [f"latency_p{100 - p}" for p in PERCENTILES]),
    }
    columns = [f"{table}.{column}" for table, names in parts.values() for column in names]
    header = ["country", "utc_offset_minutes", "tests"]
    header += [f"{quantity}_{label}" for quantity in parts for label in labels]
    query = f"""
        SELECT d.country_code, d.sample_count, {", ".join(columns)}
        FROM '{mlab}/mlab-ndt-2025-10-downloads-by-country.parquet' AS d
        JOIN '{mlab}/mlab-ndt-2025-10-uploads-by-country.parquet' AS u USING (country_code)
    """
    found = {row[0]: row[1:] for row in duckdb.sql(query).fetchall()}
    lines = []
    for row in rows("countries.csv"):
        tests, *figures = found[row["country"]]
        lines.append([row["country"], row["utc_offset_minutes"], tests, *(f"{figure:.2f}" for figure in figures)])
    write("countries.csv", header, lines)


def refresh_networks(asn):
    """Name and largest address range per family of each network."""
    header = ["asn", "country", "name", "ipv4_first", "ipv4_last", "ipv6_first", "ipv6_last"]
    largest = {}
    names = {}
    for family in ("ipv4", "ipv6"):
        with open(pathlib.Path(asn) / f"asn-{family}.csv", newline="", encoding="utf-8") as text, open(
            pathlib.Path(asn) / f"asn-{family}-num.csv", newline="", encoding="utf-8"
        ) as numbers:
            for (first, last, number, name), (low, high, *_) in zip(csv.reader(text), csv.reader(numbers)):
                names.setdefault(number, name)
                size = int(high) - int(low)
                if size > largest.get((number, family), (-1,))[0]:
                    largest[number, family] = (size, first, last)
    lines = []
    for row in rows("networks.csv"):
        number = row["asn"]
        if (number, "ipv4") not in largest:
            print(f"AS{number} has no IPv4 range any more: left out")
            continue
        ranges = [largest.get((number, family), (0, "", ""))[1:] for family in ("ipv4", "ipv6")]
        lines.append([number, row["country"], names[number], *ranges[0], *ranges[1]])
    write("networks.csv", header, lines)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--mlab", required=True)
    arguments.add_argument("--asn", required=True)
    given = arguments.parse_args()
    refresh_countries(given.mlab)
    refresh_networks(given.asn)
