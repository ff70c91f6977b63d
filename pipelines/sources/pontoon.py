"""Pontoon: locales, projects, and the day-by-day actions of translators, from the REST interface v2.

    locales/       -> pontoon/locales
    projects/      -> pontoon/projects      retired and system projects too, or their history is lost
    user-actions/  -> pontoon/user_actions  one answer a project and day, without paging or order

A day is asked once it is over for some hours; the last seven days are read again once a day, because
actions vanish and change later. A project and day that fails alone (500, private) does not stop the
others: it is set aside, named, and asked again on the next run.
Pace: the front end blocks with 403 HTML, 406 or 429; all three mean: stay away for ten minutes.
Privacy: `user.name` may be the local part of an e-mail address and is not kept; `user.pk` is hashed.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from pipelines.sources.spec import (
    Feed,
    Pace,
    Pseudonymise,
    Record,
    Row,
    Source,
    SourceChanged,
    Stream,
    boolean,
    instant,
    int64,
    json_type,
    pseudonym,
    required,
    text,
)
from pipelines.sources.walks import PagedList, ProjectDays

ACTION_TYPES = frozenset(
    f"translation:{act}" for act in ("created", "approved", "unapproved", "rejected", "unrejected")
)


def action_rows(record: Record, _hash: Pseudonymise) -> Iterable[Row]:
    """One action. A type outside the known five refuses the batch: what it counts as must be decided."""
    if record.get("type") not in ACTION_TYPES:
        raise SourceChanged(f"a type among {', '.join(sorted(ACTION_TYPES))}", "another type", "user-actions")
    parts = {}
    for name in ("user", "locale", "entity", "translation", "project"):
        part = record.get(name)
        if not isinstance(part, dict):
            raise SourceChanged(f"an object `{name}`", json_type(part), f"an action of {record.get('date')}")
        parts[name] = part
    yield {
        "type": record["type"],
        "date": record.get("date"),
        "translation": parts["translation"].get("pk"),
        "translator": parts["user"].get("pk"),
        "is_system_user": parts["user"].get("system_user"),
        "is_implicit_action": record.get("is_implicit_action", False),
        "locale": parts["locale"].get("code"),
        "project": parts["project"].get("slug"),
        "project_pk": parts["project"].get("pk"),
        "entity": parts["entity"].get("pk"),
    }


LOCALES = Stream(
    name="locales",
    about="a locale with its speakers and its statistics, as last seen",
    key=("code",),
    keep={
        "code": required(text),
        "name": text,
        "direction": text,
        "script": text,
        "population": int64,
        "total_strings": int64,
        "approved_strings": int64,
        "strings_with_warnings": int64,
        "unreviewed_strings": int64,
    },
)
PROJECTS = Stream(
    name="projects",
    about="a project with its statistics, as last seen",
    key=("slug",),
    keep={
        "slug": required(text),
        "name": text,
        "priority": int64,
        "visibility": text,
        "system_project": boolean,
        "disabled": boolean,
        "total_strings": int64,
        "approved_strings": int64,
        "strings_with_warnings": int64,
        "unreviewed_strings": int64,
    },
)
USER_ACTIONS = Stream(
    name="user_actions",
    about="one action on one translation; the natural key is (type, date with microseconds, translation)",
    key=("type", "date", "translation"),
    version_at="date",
    rows=action_rows,
    keep={
        "type": required(text),
        "date": required(instant),
        "translation": required(int64),
        "translator": pseudonym("id"),
        "is_system_user": boolean,
        "is_implicit_action": boolean,
        "locale": required(text),
        "project": required(text),
        "project_pk": int64,
        "entity": int64,
    },
)


def block_seconds(status: int, content_type: str) -> float | None:
    blocked = status in (406, 429) or (status == 403 and "html" in content_type)
    return 600.0 if blocked else None


SOURCE = Source(
    name="pontoon",
    title="Pontoon",
    base_url="https://pontoon.mozilla.org",
    opened_on=date(2011, 1, 1),
    grace=timedelta(days=7),
    pace=Pace(per_minute=240, connections=4),
    headers=lambda token: {
        "X-Requested-With": "XMLHttpRequest",
        **({"Authorization": f"Bearer {token}"} if token else {}),
    },
    block_seconds=block_seconds,
    feeds=(
        Feed("locales", PagedList("/api/v2/locales/", {"page_size": 1000}), (LOCALES,)),
        Feed(
            "projects",
            PagedList(
                "/api/v2/projects/", {"page_size": 1000, "include_disabled": "true", "include_system": "true"}
            ),
            (PROJECTS,),
        ),
        Feed(
            "user_actions",
            ProjectDays(
                projects="/api/v2/projects/",
                day="/api/v2/user-actions/{day}/project/{slug}/",
                closes_after=timedelta(hours=6),
                reread=timedelta(days=7),
            ),
            (USER_ACTIONS,),
            batch_records=20_000,
        ),
    ),
)
