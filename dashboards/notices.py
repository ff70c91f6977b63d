"""What a reader must know before the numbers: what is old, refused, missing, provisional or unknown.

Sentences only, from what is published. Not in here: where they stand on the page (`app.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import pandas as pd

from dashboards import parts, words
from dashboards.card import View
from dashboards.data import ANY, EACH, Published

OLD_DAYS = 14
"""Data that end so many days before they are read are said to be old."""
OF_KNOWN = "of those with a known region"
DOUBT_FROM = 0.1
"""From this share of people who may be others among them on, the doubt is said before the numbers."""


@dataclass(frozen=True)
class Notice:
    """A sentence or two; a `warning` asks for care, a `note` only informs."""

    kind: Literal["warning", "note"]
    title: str
    text: str


def notices(published: Published, view: View, now: datetime, regional: bool = False) -> list[Notice]:
    """Warnings first. now: the reader's instant, UTC without zone."""
    found = [
        *_release(published, now),
        *_sources(published),
        *_completeness(published),
        *(_coverage(published, view) if regional else []),
        *_identity(published, view),
        *_month(published, view),
    ]
    return sorted(found, key=lambda notice: notice.kind != "warning")


def stale_hours(published: Published) -> float:
    """After so many hours a source that is read daily is late (catalogue 8, `source_freshness_h`)."""
    return published.threshold("source_freshness_h", "stale_hours", 26)


def complete_from(published: Published) -> float:
    """Below this share of the source's own count records are missing (catalogue 8)."""
    return published.threshold("extraction_completeness", "completeness_floor", 0.995)


def mapped_from(published: Published) -> float:
    """Below this share of people with a known region no map is drawn (catalogue 1)."""
    return published.threshold("region_coverage", "region_coverage_floor", 0.5)


def coverage(published: Published, view: View) -> pd.Series[Any] | None:
    """The row of `region_coverage` for the chosen area, or all of them, in the chosen month, or None."""
    rows = published.select("region_coverage", ("month",), until=view.month, area=view.area)
    rows = rows[rows["period_end"] == view.month]
    return None if rows.empty else rows.iloc[-1]


def mapped(published: Published, view: View) -> bool:
    """Whether enough people have a known region for a map (catalogue 1)."""
    row = coverage(published, view)
    return row is not None and pd.notna(row["value"]) and float(row["value"]) >= mapped_from(published)


def mapped_areas(published: Published, view: View) -> dict[str, float]:
    """Areas in which enough people have a known region for a map in the chosen month, with that share."""
    rows = published.select("region_coverage", ("month",), until=view.month, area=EACH)
    rows = rows[(rows["period_end"] == view.month) & (rows["value"] >= mapped_from(published))]
    shares = dict(zip(rows["area"], rows["value"], strict=True))
    return {area: float(shares[area]) for area in parts.areas(published) if area in shares}


def archive_end(streams: pd.DataFrame) -> datetime | None:
    """The last day of a closed source, when what is stored of it does not reach past that day; else None."""
    closed, seen = streams["closed_on"].dropna(), streams["watermark"].dropna()
    if closed.empty:
        return None
    last = pd.Timestamp(closed.max())
    beyond = len(seen) > 0 and seen.max() > last + pd.Timedelta(days=1)
    return None if beyond else last.to_pydatetime()


def archive_said(streams: pd.DataFrame) -> str:
    """What a closed source is called instead of an age; empty for one that is still read."""
    if streams["closed_on"].dropna().empty:
        return ""
    end = archive_end(streams)
    return "archive, read once" if end is None else f"archive until {words.day(end)}"


def age_now(streams: pd.DataFrame, now: datetime | None) -> str:
    """How long ago the instant lies up to which all of a source is stored; empty where it is not known."""
    seen = streams["watermark"].dropna()
    if now is None or seen.empty:
        return ""
    return words.age((pd.Timestamp(now) - seen.min()).total_seconds() / 3600)


def _coverage(published: Published, view: View) -> list[Notice]:
    if view.month is None or mapped(published, view):
        return []
    row = coverage(published, view)
    if row is None or pd.isna(row["value"]):
        title = f"It is not known how many people{view.inside} have a known region."
    else:
        share = words.number(float(row["value"]), "share", published.release.audience)
        title = f"Only {share} of the active people{view.inside} have a known region."
    return [Notice("warning", title, f"Read regional figures as “{OF_KNOWN}”; no map is drawn.")]


def _release(published: Published, now: datetime) -> list[Notice]:
    """How long ago the figures were made, and how long before that the data end."""
    found, made, end = [], published.release.created_at, published.release.as_of
    if made is not None and (hours := (now - made).total_seconds() / 3600) > stale_hours(published):
        text = f"These figures were made on {words.moment(made)}; nothing newer has passed the checks since."
        found.append(Notice("warning", f"Published {words.age(hours)} ago.", text))
    if end is not None and (hours := (now - end).total_seconds() / 3600) > OLD_DAYS * 24:
        text = "What happened since then is in no number, whenever the figures were made."
        found.append(Notice("warning", f"The data end on {words.day(end)}, {words.age(hours)} ago.", text))
    return found


def _sources(published: Published) -> list[Notice]:
    """Refused, unread, old and closed sources. The age is that of `source_freshness_h`, as on its card."""
    rows = published.select("source_freshness_h", ("run",), source=EACH)
    hours = dict(zip(rows["source"], rows["value"], strict=True))
    found: list[Notice] = []
    for name, streams in published.sources.groupby("source", sort=False):
        found += _source(words.source(str(name)), streams, hours.get(str(name)), stale_hours(published))
    return found


def _source(source: str, streams: pd.DataFrame, hours: float | None, late: float) -> list[Notice]:
    found, watermarks = [], streams["watermark"].dropna()
    stops = f"What is shown stops at {words.moment(watermarks.min())}." if len(watermarks) else ""
    refused, never = streams[streams["verdict"] == "refused"], streams[streams["verdict"] == "never"]
    closed = streams["closed_on"].dropna()
    if len(refused):
        reasons = [
            f"{row['stream']}: {str(row['reason']).rstrip('.')}" if pd.notna(row["reason"]) else row["stream"]
            for _, row in refused.iterrows()
        ]
        title = f"{source}: the last answer was refused."
        found.append(Notice("warning", title, f"{'; '.join(reasons)}. {stops}".strip()))
    elif len(never):
        title = f"{source} has not been read: {', '.join(never['stream'])}."
        found.append(Notice("warning", title, "What needs it is not available, which is not zero."))
    elif closed.empty and hours is not None and hours > late:
        found.append(Notice("warning", f"{source} is {words.age(hours)} old.", stops))
    if len(closed):
        end = archive_end(streams)
        if end is None:
            text = f"It is read once, and was read up to {words.moment(watermarks.min())}."
        else:
            text = f"Its series end on {words.day(end)}."
        found.append(Notice("note", f"{source} is a closed archive.", text))
    return found


def _completeness(published: Published) -> list[Notice]:
    rows = published.select(
        "extraction_completeness", ("window", "run"), source=EACH, stream=EACH, category=ANY
    )
    short = rows[rows["value"].notna() & (rows["value"] < complete_from(published))]
    if short.empty:
        return []
    audience = published.release.audience
    said = [
        f"{words.source(row['source'])}, {row['stream']}: "
        f"{words.number(float(row['value']), 'share', audience)} stored"
        for _, row in short.iterrows()
    ]
    return [Notice("warning", "Records are missing.", f"{'; '.join(dict.fromkeys(said))}.")]


def _identity(published: Published, view: View) -> list[Notice]:
    """How many fewer people there are if accounts that are probably one person's are one."""
    if view.month is None:
        return []
    rows = published.select("active_contributors", ("month",), until=view.month, area=view.area)
    rows = rows[(rows["period_end"] == view.month) & rows["value_with_probable"].notna()]
    if rows.empty or rows.iloc[-1]["value_with_probable"] > (1 - DOUBT_FROM) * rows.iloc[-1]["value"]:
        return []
    joined, people = (
        words.number(float(rows.iloc[-1][name]), "persons", published.release.audience)
        for name in ("value_with_probable", "value")
    )
    text = (
        f"{people} people were active{view.inside} in {view.said} by confirmed links between accounts, "
        "which all figures follow. If probable links hold as well, which nobody has confirmed, "
        f"they were {joined}; small print says so."
    )
    return [Notice("warning", "Some people are probably counted more than once.", text)]


def _month(published: Published, view: View) -> list[Notice]:
    if view.month is None:
        return []
    rows = published.select("active_contributors", ("month",), until=view.month)
    rows = rows[rows["period_end"] == view.month]
    if not (rows["status"] == "provisional").any():
        return []
    return [
        Notice(
            "note",
            f"{view.said} is provisional.",
            "Not every source is stored past the end of the month yet: late data may change these figures.",
        )
    ]
