"""An invented published folder in the agreed schema: two files a version, a pointer, months of numbers.

Everything in it is made up by a small seeded formula. It holds on purpose what pages must not stumble over:
suppressed, unavailable and provisional rows, a refused source, an archive, records that are missing.
"""

from __future__ import annotations

import json
import random
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from dashboards.pages.topics import TOPICS
from pipelines.metric_shape import COLUMNS

METRICS = {
    # name: (topic area, title, unit, interval method, direction, what k counts, sources, definition)
    "active_contributors": (
        "activity",
        "Active contributors",
        "persons",
        "none",
        "up",
        "active persons",
        "bugzilla, pontoon, sumo, reps",
        "Persons with at least one contribution in the window.",
    ),
    "new_contributors": (
        "activity",
        "New contributors",
        "persons",
        "none",
        "up",
        "new persons",
        "bugzilla, pontoon, sumo, reps",
        "Persons whose first contribution ever lies in the window.",
    ),
    "returning_contributors": (
        "activity",
        "Returning contributors",
        "persons",
        "none",
        "up",
        "returning persons",
        "bugzilla, pontoon, sumo, reps",
        "Active persons of the window who are not new.",
    ),
    "contributions": (
        "activity",
        "Contributions",
        "contributions",
        "none",
        "none",
        "persons who contributed",
        "bugzilla, pontoon, sumo, reps",
        "Rows of the contribution fact: one deliberate human act each.",
    ),
    "contributor_absence_factor": (
        "activity",
        "Contributor absence factor",
        "persons",
        "none",
        "up",
        "persons of the slice",
        "bugzilla, pontoon, sumo, reps",
        "Smallest number of persons who hold at least half of all active days of the slice.",
    ),
    "active_contributors_by_region": (
        "regional_identity",
        "Active contributors by region",
        "persons",
        "none",
        "up",
        "active persons",
        "sumo, reps",
        "Active persons by the region they declared, as of the end of the month.",
    ),
    "region_coverage": (
        "regional_identity",
        "Region coverage",
        "share",
        "wilson",
        "up",
        "active persons",
        "sumo, reps",
        "Active persons with a known region as a share of all active persons.",
    ),
    "active_contributors_by_locale": (
        "regional_identity",
        "Active contributors by locale",
        "persons",
        "none",
        "up",
        "active persons",
        "pontoon, sumo",
        "Active persons by the locale they worked in.",
    ),
    "support_response_rate": (
        "accountability",
        "Support response rate",
        "share",
        "wilson",
        "up",
        "askers",
        "sumo",
        "Questions that got a qualifying answer in time, as a share of eligible questions.",
    ),
    "support_time_to_first_response_h": (
        "accountability",
        "Time to first response",
        "hours",
        "kaplan_meier",
        "down",
        "askers",
        "sumo",
        "Median time from a question to its first answer by somebody else.",
    ),
    "review_capacity_ratio": (
        "resources",
        "Review capacity",
        "ratio",
        "none",
        "up",
        "reviewers",
        "pontoon",
        "Explicit reviews by others for each suggestion submitted in the month.",
    ),
    "events_per_100_active": (
        "resources",
        "Events per 100 active",
        "events per 100 active contributors",
        "none",
        "up",
        "active persons",
        "reps",
        "Events started in the year for each 100 active contributors of the country.",
    ),
    "source_freshness_h": (
        "systems",
        "Source freshness",
        "hours",
        "none",
        "down",
        "none",
        "pipeline",
        "Time between the run and the instant up to which the source is stored.",
    ),
    "extraction_completeness": (
        "systems",
        "Extraction completeness",
        "share",
        "none",
        "up",
        "none",
        "pipeline",
        "Records stored as a share of what the source itself counts.",
    ),
}
BY_HAND = frozenset(METRICS)
METRICS |= {
    metric: (
        topic,
        metric.replace("_", " ").capitalize(),
        "share",
        "wilson",
        "up",
        "persons",
        "sumo",
        "What the metric counts.",
    )
    for topic, (_, _, metrics) in TOPICS.items()
    for metric in metrics
    if metric not in BY_HAND
}
"""Those that no page shows but its topic's: a share a month, of forty people."""
REGIONS = {
    # region: (name, people a month at the start, growth a month, countries: (code, iso3, name, share))
    "155": (
        "Western Europe",
        120,
        0.4,
        (
            ("DE", "DEU", "Germany", 0.5),
            ("FR", "FRA", "France", 0.3),
            ("NL", "NLD", "Netherlands", 0.12),
            ("LU", "LUX", "Luxembourg", 0.02),
        ),
    ),
    "154": (
        "Northern Europe",
        60,
        0.1,
        (("GB", "GBR", "United Kingdom", 0.6), ("SE", "SWE", "Sweden", 0.25), ("EE", "EST", "Estonia", 0.05)),
    ),
    "021": (
        "Northern America",
        95,
        -0.8,
        (("US", "USA", "United States of America", 0.8), ("CA", "CAN", "Canada", 0.2)),
    ),
    "034": ("Southern Asia", 70, 1.1, (("IN", "IND", "India", 0.7), ("BD", "BGD", "Bangladesh", 0.25))),
    "005": ("South America", 48, 0.3, (("BR", "BRA", "Brazil", 0.7), ("AR", "ARG", "Argentina", 0.2))),
    "202": ("Sub-Saharan Africa", 22, 0.6, (("KE", "KEN", "Kenya", 0.5), ("NG", "NGA", "Nigeria", 0.4))),
    "030": ("Eastern Asia", 34, 0.0, (("JP", "JPN", "Japan", 0.7), ("TW", "TWN", "Taiwan", 0.3))),
    "035": ("South-eastern Asia", 18, 0.2, (("ID", "IDN", "Indonesia", 0.8),)),
    "053": ("Australia and New Zealand", 7, 0.0, (("AU", "AUS", "Australia", 0.9),)),
    "145": ("Western Asia", 4, 0.0, (("TR", "TUR", "Türkiye", 0.8),)),
}
SUPPORT_KNOWN = 0.78
"""The share of people in Support with a known region, however many there are in all."""
AREA_SHARES = {"quality": 0.34, "code": 0.12, "localization": 0.31, "support": 0.27, "mobilizing": 0.03}
KINDS = {
    "quality": (("bug_filed", 1.4), ("bug_comment", 3.1), ("needinfo_answered", 0.4)),
    "code": (("patch_attached", 1.9), ("bug_fixed", 0.8)),
    "localization": (("translation_created", 22.0), ("translation_reviewed", 9.0)),
    "support": (("answer_posted", 6.0),),
    "mobilizing": (("reps_report", 1.5), ("reps_event_organized", 0.4)),
}
LOCALES = {"de": 0.3, "fr": 0.24, "pt-BR": 0.2, "ja": 0.14, "bn": 0.1, "sw": 0.05, "et": 0.02, "lb": 0.008}


@dataclass
class Invented:
    """What may differ between two invented publications."""

    version: str = "2026-07-02T031000Z"
    first_month: str = "2023-07"
    months: int = 36
    coverage: float = 0.64
    refused: str | None = "pontoon"
    provisional_months: int = 1
    lift: float = 0.0
    archive_read: datetime = datetime(2020, 10, 31)
    created_at: datetime = datetime(2026, 7, 2, 3, 10)
    drop_metrics: tuple[str, ...] = ()
    rows: list[dict[str, Any]] = field(default_factory=list)


def write(published: Path, invented: Invented | None = None, point: bool = True) -> Path:
    """Write one version with both files, and let the pointer name it. Returns the version's folder."""
    one = invented or Invented()
    folder = published / one.version
    shutil.copytree(_made(one), folder)
    if point:
        (published / "current.tmp").write_text(one.version)
        (published / "current.tmp").replace(published / "current")
    return folder


def _made(one: Invented) -> Path:
    """A folder with both files, made once for all tests that write the same; they get copies of it."""
    if repr(one) not in MADE:
        folder = Path(KEPT.name) / str(len(MADE))
        folder.mkdir()
        rows = _values(one)
        for audience, k in (("internal", 5), ("public", 10)):
            with duckdb.connect(str(folder / f"{audience}.duckdb")) as out:
                _table(out, "metric_value", _disclosed(rows, k, audience == "public"))
                _table(out, "metric", _declarations(one))
                _table(out, "topic_area", _topics())
                _table(out, "region", _regions())
                _table(out, "source_state", _sources(one))
                _table(out, "release", _release(one, audience, k))
        MADE[repr(one)] = folder
    return MADE[repr(one)]


KEPT = tempfile.TemporaryDirectory()
MADE: dict[str, Path] = {}


def _table(out: duckdb.DuckDBPyConnection, name: str, frame: pd.DataFrame) -> None:
    if name == "metric_value":
        columns = ", ".join(f"{column} {kind}" for column, kind in COLUMNS.items())
        out.execute(f"create table metric_value ({columns})")
        out.register("frame", frame[list(COLUMNS)])
        out.execute("insert into metric_value select * from frame")
    else:
        out.register("frame", frame)
        out.execute(f"create table {name} as select * from frame")
    out.unregister("frame")


def _values(one: Invented) -> list[dict[str, Any]]:
    """Exact rows; `_smallest` is the number of people behind each, which is never published."""
    dice = random.Random(7)
    starts = list(pd.date_range(f"{one.first_month}-01", periods=one.months, freq="MS"))
    rows: list[dict[str, Any]] = []

    def add(
        metric: str, start: datetime, end: datetime, value: float | None, smallest: int | None, **more: Any
    ) -> None:
        row = dict.fromkeys(COLUMNS) | {
            "metric": metric,
            "version": 1,
            "period_start": start,
            "period_end": end,
            "grain": "month",
            "value": value,
            "status": "complete",
            "parameters_hash": "p-3f2a",
            "input_snapshot": "in-81c0",
            "identity_snapshot": "id-accounts",
            "computed_at": one.created_at,
            "_smallest": smallest,
        }
        rows.append(row | more)

    for place, start in enumerate(starts):
        end = start + pd.DateOffset(months=1)
        late = {"status": "provisional"} if place >= one.months - one.provisional_months else {}
        season = 1 + 0.07 * [0, 1, 1, 0, -1, -1, -2, -1, 1, 2, 1, -1][start.month - 1]
        people = {
            code: max(0, round((size + growth * place) * season * (0.94 + 0.12 * dice.random()) + one.lift))
            for code, (_, size, growth, _) in REGIONS.items()
        }
        known = sum(people.values())
        total = round(known / one.coverage)
        new = round(total * 0.13 * (0.9 + 0.2 * dice.random()))
        who = {"population": "community", **late}
        mixed = who | {"unknown_affiliation_share": 0.71}
        joined = 5 * round(0.8 * total / 5)
        add(
            "active_contributors", start, end, total, total,
            persons=total, value_with_probable=joined, **mixed,
        )  # fmt: skip
        add(
            "active_contributors",
            end - timedelta(days=90),
            end,
            round(total * 2.1),
            total,
            grain="trailing_90d",
            **mixed,
        )
        censored = place < 12
        add(
            "new_contributors",
            start,
            end,
            None if censored else new,
            None if censored else new,
            **(who | ({"status": "unavailable"} if censored else {})),
        )
        add(
            "returning_contributors",
            start,
            end,
            None if censored else total - new,
            None if censored else total,
            **(who | ({"status": "unavailable"} if censored else {})),
        )
        shown = {"ci_low": 0.46, "ci_high": 0.75, "numerator": 25, "denominator": 40, "persons": 40}
        for metric in sorted(set(METRICS) - BY_HAND):
            add(metric, start, end, 25 / 40, 15, **shown, **who)
        low, high = max(0.0, one.coverage - 0.035), min(1.0, one.coverage + 0.035)
        add(
            "region_coverage",
            start,
            end,
            known / total,
            total,
            ci_low=low,
            ci_high=high,
            numerator=known,
            denominator=total,
            persons=total,
            **who,
        )
        for code, count in people.items():
            add(
                "active_contributors_by_region",
                start,
                end,
                count,
                count,
                region=code,
                persons=count,
                coverage=one.coverage,
                **who,
            )
            for country, _, _, share in REGIONS[code][3]:
                part = round(count * share)
                add(
                    "active_contributors_by_region",
                    start,
                    end,
                    part,
                    part,
                    region=code,
                    country=country,
                    persons=part,
                    coverage=one.coverage,
                    **who,
                )
        add(
            "active_contributors_by_region",
            start,
            end,
            total - known,
            total - known,
            region="unknown",
            persons=total - known,
            coverage=one.coverage,
            **who,
        )
        for area, share in AREA_SHARES.items():
            count = round(total * share * (0.95 + 0.1 * dice.random()))
            gone = area == "mobilizing" and place > 30
            state = who | ({"status": "unavailable"} if gone else {})
            seen = None if gone else count
            add("active_contributors", start, end, seen, seen, area=area, persons=seen, **state)
            if area in ("quality", "support"):
                _people_of_area(add, start, end, area, count, people, who)
            for kind, each in KINDS[area]:
                add(
                    "contributions",
                    start,
                    end,
                    None if gone else round(count * each),
                    seen,
                    area=area,
                    event_type=kind,
                    persons=seen,
                    **state,
                )
            for population, least in (("community", 3), ("all", 5)):
                factor = max(
                    1,
                    round(count * share * 0.25)
                    + least
                    - (2 if area == "code" and population == "community" else 0),
                )
                add(
                    "contributor_absence_factor",
                    start,
                    end,
                    factor,
                    count * 3,
                    area=area,
                    grain="month",
                    **(late | {"population": population}),
                )
        for area, factor in (("localization", 1.0), ("support", 0.5)):
            for locale, share in LOCALES.items():
                count = round(total * AREA_SHARES[area] * share * factor * 1.3)
                add(
                    "active_contributors_by_locale",
                    start,
                    end,
                    count,
                    count,
                    area=area,
                    locale=locale,
                    persons=count,
                    **who,
                )
        for category, level in (("24h", 0.58), ("72h", 0.74)):
            rate = level + 0.05 * dice.random() - 0.02 * season
            asked = round(total * 0.9)
            add(
                "support_response_rate",
                start,
                end,
                rate,
                asked,
                category=category,
                numerator=round(rate * asked),
                denominator=asked,
                ci_low=rate - 0.04,
                ci_high=rate + 0.04,
                **late,
            )
        median = 7.5 + 4 * dice.random()
        open_end = place == one.months - 4
        add(
            "support_time_to_first_response_h",
            start,
            end,
            median,
            total,
            ci_low=median * 0.8,
            ci_high=None if open_end else median * 1.3,
            **late,
        )
        add(
            "review_capacity_ratio",
            start,
            end,
            0.8 + 0.4 * dice.random(),
            40,
            numerator=4100,
            denominator=4400,
            **late,
        )
    for year in sorted({start.year for start in starts}):
        for _, size, _, countries in REGIONS.values():
            for country, _, _, share in countries:
                count = round(size * share * 2)
                add(
                    "events_per_100_active",
                    datetime(year, 1, 1),
                    datetime(year + 1, 1, 1),
                    4 + 30 * dice.random(),
                    count,
                    grain="year",
                    country=country,
                    numerator=3,
                    denominator=count,
                )
    run = one.created_at
    for source, hours in (("bugzilla", 3.2), ("pontoon", 75.0), ("sumo", 2.4)):
        add("source_freshness_h", run, run, hours, None, grain="run", source=source)
    add(
        "source_freshness_h",
        run,
        run,
        None,
        None,
        grain="run",
        source="reps",
        status="unavailable",
        flags="archive",
    )
    for source, stream, window, stored, counted in (
        ("bugzilla", "bugs", "backfill", 8120, 8120),
        ("bugzilla", "bugs", "last_30d", 310, 310),
        ("sumo", "questions", "backfill", 5990, 6102),
        ("sumo", "answers", "backfill", 7400, 7400),
    ):
        add(
            "extraction_completeness",
            run - timedelta(days=700),
            run,
            stored / counted,
            None,
            grain="window",
            source=source,
            stream=stream,
            category=window,
            numerator=stored,
            denominator=counted,
        )
    add(
        "extraction_completeness",
        run,
        run,
        None,
        None,
        grain="window",
        source="pontoon",
        stream="actions",
        category="backfill",
        status="unavailable",
        flags="unverifiable",
    )
    return [row for row in [*rows, *one.rows] if row["metric"] not in one.drop_metrics]


def _people_of_area(
    add: Callable[..., None],
    start: datetime,
    end: datetime,
    area: str,
    count: int,
    people: dict[str, int],
    who: dict[str, Any],
) -> None:
    """Regions and countries of an area: Support knows most of them, Quality none."""
    share = SUPPORT_KNOWN * count / sum(people.values()) if area == "support" else 0.0
    parts = {code: round(size * share) for code, size in people.items() if share}
    known = sum(parts.values())
    add("region_coverage", start, end, known / count, count, area=area, numerator=known, persons=count, **who)
    metric = "active_contributors_by_region"
    for code, size in {**parts, "unknown": count - known}.items():
        add(metric, start, end, size, size, area=area, region=code, persons=size, **who)
        for country, _, _, part in REGIONS[code][3] if code in REGIONS else ():
            some = round(size * part)
            add(metric, start, end, some, some, area=area, region=code, country=country, persons=some, **who)


def _disclosed(rows: list[dict[str, Any]], k: int, rounded: bool) -> pd.DataFrame:
    shares = {name for name, known in METRICS.items() if known[2] == "share"}
    counts = {name for name, known in METRICS.items() if known[2] in ("persons", "contributions")}
    out = []
    for row in rows:
        row = dict(row)
        smallest = row.pop("_smallest", None)
        if smallest is not None and 0 < smallest < k:
            row |= dict.fromkeys(
                (
                    "value",
                    "ci_low",
                    "ci_high",
                    "value_with_probable",
                    "numerator",
                    "denominator",
                    "persons",
                    "coverage",
                )
            )
            row["status"] = "suppressed"
        elif rounded and smallest is not None:
            for name in (
                "numerator",
                "denominator",
                "persons",
                *(["value"] if row["metric"] in counts else []),
            ):
                if row[name] is not None and (
                    name != "value" or row["metric"] != "contributor_absence_factor"
                ):
                    row[name] = 5 * round(row[name] / 5)
            if row["metric"] in shares:
                for name in ("value", "ci_low", "ci_high"):
                    row[name] = None if row[name] is None else round(row[name], 2)
        out.append(row)
    return pd.DataFrame(out, columns=list(COLUMNS))


def _declarations(one: Invented) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "metric": name,
                "version": 1,
                "topic_area": topic,
                "title": title,
                "question": f"{title}?",
                "definition": definition,
                "unit": unit,
                "grain": "month",
                "window_text": "calendar month, UTC",
                "direction": direction,
                "interval_method": interval,
                "sources": sources,
                "reference": "Catalogue of metrics",
                "persons": persons,
                "additive_over": "",
                "notes": "",
                "parameters": json.dumps({"grace_days": 2}),
            }
            for name, (
                topic,
                title,
                unit,
                interval,
                direction,
                persons,
                sources,
                definition,
            ) in METRICS.items()
            if name not in one.drop_metrics
        ]
    )


def _topics() -> pd.DataFrame:
    names = ["regional_identity", "diversity_inclusion", "activity", "accountability"]
    return pd.DataFrame(
        [
            {"topic_area": n, "position": p, "title": n.replace("_", " "), "question": ""}
            for p, n in enumerate(names, 1)
        ]
    )


def _regions() -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for code, (name, _, _, countries) in REGIONS.items():
        rows.append({"code": code, "kind": "region", "name": name, "parent": None, "iso3": None})
        rows += [
            {"code": c, "kind": "country", "name": n, "parent": code, "iso3": i} for c, i, n, _ in countries
        ]
    rows.append(
        {"code": "unknown", "kind": "region", "name": "Region not known", "parent": None, "iso3": None}
    )
    return pd.DataFrame(rows).assign(region_scheme="un_m49")


def _sources(one: Invented) -> pd.DataFrame:
    at = one.created_at
    rows = []
    for source, title, stream, hours in (
        ("bugzilla", "Bugzilla", "bugs", 3.2),
        ("pontoon", "Pontoon", "actions", 75.0),
        ("pontoon", "Pontoon", "locales", 3.0),
        ("sumo", "SUMO", "questions", 2.4),
        ("sumo", "SUMO", "answers", 2.4),
        ("reps", "Mozilla Reps", "events", None),
    ):
        bad = source == one.refused and stream != "locales"
        age = 2.0 if one.refused is None and hours else hours
        rows.append(
            {
                "source": source,
                "title": title,
                "stream": stream,
                "about": f"{stream} of {title}",
                "records": 8120,
                "watermark": at - timedelta(hours=age) if age else one.archive_read,
                "last_run": at,
                "closed_on": None if age else datetime(2020, 10, 31),
                "verdict": "refused" if bad else "accepted",
                "reason": "an empty page came where entries were expected" if bad else None,
                "freshness_h": age,
            }
        )
    return pd.DataFrame(rows)


def _release(one: Invented, audience: str, k: int) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "version": one.version,
                "audience": audience,
                "k": k,
                "run_id": "run-0042",
                "as_of": one.created_at,
                "created_at": one.created_at,
                "code_revision": "4be1f00c",
                "input_snapshot": "in-81c0",
                "identity_snapshot": "id-accounts",
                "inputs": json.dumps({"bugzilla/bugs": {"records": 8120}}),
            }
        ]
    )
