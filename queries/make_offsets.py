"""Prints country_offsets.csv: `python3 queries/make_offsets.py > queries/country_offsets.csv`.

The standard UTC offset of each country in minutes: that of the zone in which most of its people live, without summer time.
Zones and offsets are those of the IANA time zone database (public domain). Its list names a country's largest zone first
where that is compatible with geography; where it is not, the zone stands below.
"""

import datetime
import zoneinfo
from pathlib import Path

LARGEST = {
    "AR": "America/Argentina/Buenos_Aires",
    "AU": "Australia/Sydney",
    "BR": "America/Sao_Paulo",
    "CA": "America/Toronto",
    "CD": "Africa/Kinshasa",
    "CL": "America/Santiago",
    "CN": "Asia/Shanghai",
    "CY": "Asia/Nicosia",
    "EC": "America/Guayaquil",
    "ES": "Europe/Madrid",
    "FM": "Pacific/Pohnpei",
    "GL": "America/Nuuk",
    "ID": "Asia/Jakarta",
    "KI": "Pacific/Tarawa",
    "KZ": "Asia/Almaty",
    "MH": "Pacific/Majuro",
    "MN": "Asia/Ulaanbaatar",
    "MX": "America/Mexico_City",
    "MY": "Asia/Kuala_Lumpur",
    "NZ": "Pacific/Auckland",
    "PF": "Pacific/Tahiti",
    "PG": "Pacific/Port_Moresby",
    "PS": "Asia/Hebron",
    "PT": "Europe/Lisbon",
    "RU": "Europe/Moscow",
    "UA": "Europe/Kyiv",
    "UM": "Pacific/Wake",
    "US": "America/New_York",
    "UZ": "Asia/Tashkent",
    "XK": "Europe/Belgrade",
}

zones = {}
for folder in zoneinfo.TZPATH:
    listing = Path(folder, "zone.tab")
    if listing.exists():
        for line in listing.read_text().splitlines():
            if not line.startswith("#"):
                country, _, zone = line.split("\t")[:3]
                zones.setdefault(country, zone)
        break

print("country,offset_minutes")
for country, zone in sorted((zones | LARGEST).items()):
    at = [datetime.datetime(2026, month, 15, tzinfo=zoneinfo.ZoneInfo(zone)) for month in (1, 7)]
    print(f"{country},{int(min(moment.utcoffset() for moment in at).total_seconds()) // 60}")
