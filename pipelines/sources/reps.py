"""Mozilla Reps: people, events and activity reports of the closed portal, in the shape of its API.

    users/       -> reps/people      the declared country; who left stays, once seen
    events/      -> reps/events
    activities/  -> reps/activities  `passive_report` marks those that an event creates by itself

A closed archive (2011 to October 2020): a list of 20 a page and one detail call an item, walked at the first
run; later ones ask one page a stream, and walk all again when the count is another one or a quarter has
passed. The schedule asks four times a year (`defs/schedules.py`).
With `MDM_REPS_DIR` a live run reads the portal's archive files instead (`reps_archive.py`).
Privacy: people are the hashed number of their profile; of an event's place only the country is kept, of the
place that somebody typed into a report nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlsplit

from pipelines.sources.names import local_name
from pipelines.sources.spec import (
    Feed,
    Handle,
    Pace,
    Pseudonymise,
    Record,
    Reread,
    Row,
    Source,
    SourceChanged,
    Stream,
    boolean,
    day,
    instant,
    int64,
    json_type,
    pseudonym,
    required,
    text,
    texts,
    trailing_number,
)
from pipelines.sources.walks import ListWithDetails


def _linked_number(record: Record, name: str) -> int | None:
    """The number at the end of a nested object's `_url`; None when the object is null."""
    linked = record.get(name)
    if linked is None:
        return None
    if not isinstance(linked, dict) or not isinstance(linked.get("_url"), str):
        raise SourceChanged(
            f"`{name}` as null or an object with `_url`", json_type(linked), "a detail record"
        )
    return trailing_number(linked["_url"])


def _names(record: Record, name: str) -> list[str]:
    found = record.get(name) or []
    if not isinstance(found, list):
        raise SourceChanged(f"a list `{name}`", json_type(found), "a detail record")
    return [str(item["name"]) for item in found if isinstance(item, dict) and item.get("name")]


def people_rows(record: Record, _hash: Pseudonymise) -> Iterable[Row]:
    yield {
        "account": record["_number"],
        "country": record.get("country") or None,
        "date_joined_program": record.get("date_joined_program"),
        "date_left_program": record.get("date_left_program"),
        "mentor": _linked_number(record, "mentor"),
        "groups": _names(record, "groups"),
        "people_directory": directory_name(record.get("mozillians_profile_url")),
        "local_name": local_name(record.get("display_name")),
    }


def directory_name(address: Any) -> str | None:
    """The user name at the end of an address of the people directory; None without one."""
    if not isinstance(address, str):
        return None
    name = urlsplit(address).path.rstrip("/").rpartition("/")[2]
    return name or None


def rep_handles(record: Record, hash_of: Pseudonymise) -> Iterable[Handle]:
    yield from _handle(record, record.get("_number"), hash_of)


def named_handles(record: Record, hash_of: Pseudonymise) -> Iterable[Handle]:
    """Whoever an event or report names: a Rep who left has no profile, but these still show a name."""
    for name in ("owner", "user", "mentor"):
        linked = record.get(name)
        if isinstance(linked, dict):
            yield from _handle(linked, _linked_number(record, name), hash_of)


def _handle(record: Record, number: int | None, hash_of: Pseudonymise) -> Iterable[Handle]:
    account = hash_of("id", number)
    names = [record.get("first_name"), record.get("last_name")]
    full_name = " ".join(name for name in names if isinstance(name, str) and name) or None
    if account and record.get("display_name"):
        yield Handle("id", account, record["display_name"], full_name, record.get("remo_url") or None)


def event_rows(record: Record, _hash: Pseudonymise) -> Iterable[Row]:
    yield {
        "id": record["_number"],
        "owner": _linked_number(record, "owner"),
        "start": record.get("start"),
        "end": record.get("end"),
        "country": record.get("country") or None,
        "categories": _names(record, "categories"),
        "initiative": record.get("initiative") or None,
    }


def activity_rows(record: Record, _hash: Pseudonymise) -> Iterable[Row]:
    yield {
        "id": record["_number"],
        "reporter": _linked_number(record, "user"),
        "mentor": _linked_number(record, "mentor"),
        "activity": record.get("activity"),
        "initiative": record.get("initiative") or None,
        "functional_areas": _names(record, "functional_areas"),
        "report_date": record.get("report_date"),
        "passive_report": record.get("passive_report"),
        "event_id": _linked_number(record, "event"),
    }


PEOPLE = Stream(
    name="people",
    about="a Rep's public profile as last seen",
    key=("account",),
    lasting=True,
    handles=rep_handles,
    rows=people_rows,
    keep={
        "account": required(pseudonym("id")),
        "country": text,
        "date_joined_program": day,
        "date_left_program": day,
        "mentor": pseudonym("id"),
        "groups": texts,
        "people_directory": pseudonym("people:username"),
        "local_name": pseudonym("mail:local"),
    },
)
EVENTS = Stream(
    name="events",
    about="an event as last seen; deleted events are cancelled ones",
    key=("id",),
    handles=named_handles,
    rows=event_rows,
    keep={
        "id": required(int64),
        "owner": pseudonym("id"),
        "start": instant,
        "end": instant,
        "country": text,
        "categories": texts,
        "initiative": text,
    },
)
ACTIVITIES = Stream(
    name="activities",
    about="a report, or the automatic entry that an event makes",
    key=("id",),
    handles=named_handles,
    rows=activity_rows,
    keep={
        "id": required(int64),
        "reporter": pseudonym("id"),
        "mentor": pseudonym("id"),
        "activity": text,
        "initiative": text,
        "functional_areas": texts,
        "report_date": day,
        "passive_report": boolean,
        "event_id": int64,
    },
)

EVERY_QUARTER = Reread("every_quarter", window=None, every=timedelta(days=90))
"""The archive is closed and shows no time of change: read whole now and then, however little it moves."""


def _oldest_first(name: str) -> ListWithDetails:
    return ListWithDetails(f"/api/remo/v1/{name}/", name, {"orderby": "ASC"}, (EVERY_QUARTER,))


SOURCE = Source(
    name="reps",
    title="Mozilla Reps",
    base_url="https://reps.mozilla.org",
    opened_on=date(2011, 5, 1),
    closed_on=date(2020, 10, 31),
    grace=timedelta(0),
    pace=Pace(per_minute=120, connections=4),
    feeds=(
        Feed("people", ListWithDetails("/api/remo/v1/users/", "people", rereads=(EVERY_QUARTER,)), (PEOPLE,)),
        Feed("events", _oldest_first("events"), (EVENTS,)),
        Feed("activities", _oldest_first("activities"), (ACTIVITIES,)),
    ),
)
