"""Writes the reference seeds from kept libraries; run by hand: `python dbt/seeds/make_reference.py`.

    countries.csv           ISO 3166 countries and their UN M49 regions   country-converter
    regions.csv             UN M49 sub-regions                            country-converter
    country_names.csv       English names of countries, normalised        country-converter, Babel (CLDR)
    languages.csv           languages and their English names             Babel (CLDR)
    REFERENCE.md            the versions these files were made with

Not in here: seeds that people keep (topic areas, bots, activity types), which name their own source.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

import country_converter
from babel import Locale
from babel.core import get_global

HERE = Path(__file__).resolve().parent
SCHEME = "un_m49_sub_region"
# UN M49 has sub-regions; in these two it also has intermediate regions, which is the level that
# country-converter gives (https://unstats.un.org/unsd/methodology/m49/).
INTERMEDIATE_REGIONS = {
    "Sub-Saharan Africa": ("Eastern Africa", "Middle Africa", "Southern Africa", "Western Africa"),
    "Latin America and the Caribbean": ("Caribbean", "Central America", "South America"),
}
SUB_REGION_OF_INTERMEDIATE = {
    inner: outer for outer, inners in INTERMEDIATE_REGIONS.items() for inner in inners
}


def code_of(name: str) -> str:
    """`South-eastern Asia` -> `south_eastern_asia`: the code under which a region is stored."""
    return re.sub(r"[^a-z]+", "_", name.lower()).strip("_")


def key_of(name: str) -> str:
    """As the macro `country_key` does it in SQL: lower case, straight apostrophe, `and`, trimmed."""
    return unicodedata.normalize("NFC", name).lower().replace("’", "'").replace("&", "and").strip()


def without_accents(name: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", name) if not unicodedata.combining(c))


def countries() -> list[dict[str, str]]:
    converter = country_converter.CountryConverter()
    rows = []
    for found in converter.data.to_dict("records"):
        m49_region = found["UNregion"]
        rows.append(
            {
                "country": converter.convert(found["ISO3"], to="ISO2"),
                "iso3": found["ISO3"],
                "m49": f"{int(found['ISOnumeric']):03d}"
                if found["ISOnumeric"] == found["ISOnumeric"]
                else "",
                "name": found["name_short"],
                "region": code_of(SUB_REGION_OF_INTERMEDIATE.get(m49_region, m49_region)),
                "region_name": SUB_REGION_OF_INTERMEDIATE.get(m49_region, m49_region),
                "intermediate_region": m49_region if m49_region in SUB_REGION_OF_INTERMEDIATE else "",
                "continent": found["continent"],
                "official_name": found["name_official"],
            }
        )
    return sorted(rows, key=lambda row: row["country"])


def country_names(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """Every English name of a country that a library gives; a name of two countries is left out."""
    english = Locale("en").territories
    names: dict[str, set[str]] = {}
    for row in rows:
        given = (
            row["name"],
            row["official_name"],
            english.get(row["country"], ""),
            row["country"],
            row["iso3"],
        )
        for name in given:
            for form in (
                name,
                name.replace("St.", "Saint"),
                re.sub(r"^The ", "", name),
                re.sub(r" \(.*\)$", "", name),
            ):
                for key in (key_of(form), key_of(without_accents(form))):
                    if key:
                        names.setdefault(key, set()).add(row["country"])
    return [{"name": name, "country": min(of)} for name, of in sorted(names.items()) if len(of) == 1]


def write(name: str, rows: Iterable[dict[str, str]], columns: list[str]) -> int:
    rows = list(rows)
    with (HERE / name).open("w", newline="", encoding="utf-8") as out:
        table = csv.DictWriter(out, columns, extrasaction="ignore", lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    return len(rows)


def main() -> None:
    found = countries()
    regions = {row["region"]: row for row in found}
    languages = [
        {"language": code.replace("_", "-"), "name": name} for code, name in Locale("en").languages.items()
    ]
    written = {
        "countries.csv": write(
            "countries.csv",
            found,
            ["country", "iso3", "m49", "name", "region", "intermediate_region", "continent"],
        ),
        "regions.csv": write(
            "regions.csv",
            (
                {
                    "region": code,
                    "name": row["region_name"],
                    "parent": row["continent"],
                    "region_scheme": SCHEME,
                }
                for code, row in sorted(regions.items())
            ),
            ["region", "name", "parent", "region_scheme"],
        ),
        "country_names.csv": write("country_names.csv", country_names(found), ["name", "country"]),
        "languages.csv": write(
            "languages.csv", sorted(languages, key=lambda row: row["language"]), ["language", "name"]
        ),
    }
    lines = "".join(f"| `{name}` | {rows} |\n" for name, rows in written.items())
    (HERE / "REFERENCE.md").write_text(
        "# Where the reference seeds come from\n\n"
        "Written by `python dbt/seeds/make_reference.py`, never by hand, with "
        f"country-converter {version('country_converter')} and Babel {version('babel')} "
        f"(CLDR {get_global('cldr')['version']}).\n\n"
        f"| file | rows |\n|---|---|\n{lines}\n"
        "Babel keeps no head counts: the number of speakers in `dim_locale` is the one that Pontoon's own\n"
        "locale record gives.\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
