"""The files that people of a large community keep: what `generator/kept.py` makes of its columns.

Terms of affiliation are those that the crowd was made with. Made for communities of some ten thousand people:
files of that kind are kept by hand, and nobody keeps them for three hundred thousand.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa

from pipelines.simulation.generator import kept
from pipelines.simulation.generator.bugzilla import PLACES as FILED_IN
from pipelines.simulation.generator.bulk.crowd import Crowd
from pipelines.simulation.generator.bulk.places import PLACES
from pipelines.simulation.generator.truth import KEPT_SCHEMAS
from pipelines.simulation.world import Record

MOST_PEOPLE = 50_000

Event = tuple[int, int, int]
"""Number, start (microseconds UTC), how many people are expected."""


def event_of(record: Record) -> Event:
    start = pd.Timestamp(record["start"]).value // 1_000
    return int(record["_url"].split("/")[-2]), start, record["estimated_attendance"]


def keep(
    crowd: Crowd, tables: dict[str, Any], events: list[Event]
) -> tuple[dict[str, str], dict[str, pa.Table]]:
    """(path -> content of each file, truths of `KEPT_SCHEMAS`); nothing for a community that is too large.

    tables: people, accounts, affiliations, and contributions (a table, or a dataset of its file).
    """
    if len(crowd.people) > MOST_PEOPLE:
        return {}, {}
    frame = pd.DataFrame(events, columns=["event", "starts_at", "expected"])
    frame["starts_at"] = pd.to_datetime(frame["starts_at"], unit="us")
    terms = tables["affiliations"].to_pandas()
    for name in ("valid_from", "valid_to"):
        terms[name] = terms[name].dt.tz_localize(None).dt.floor("D")
    found = kept.community_of(
        tables,
        {place.code: place.region for place in PLACES},
        {place.code: place.locale.split("-")[0] for place in PLACES},
        frame,
        crowd.size.since,
        crowd.size.until,
        tuple(dict.fromkeys(product for _, product, _ in FILED_IN)),
    )
    terms = terms[terms["valid_from"] < terms["valid_to"]]
    made = kept.make(kept.Community(**{**vars(found), "terms": terms}), crowd.seed)
    return made.files, {
        name: pa.Table.from_pandas(made.truth[name][schema.names], schema=schema, preserve_index=False)
        for name, schema in KEPT_SCHEMAS.items()
    }
