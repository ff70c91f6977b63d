"""Pontoon: locales, projects, and the day-by-day actions of translators, from the REST interface v2.

    locales/       -> pontoon/locales       and pontoon/locale_snapshots, the statistics of the day
    projects/      -> pontoon/projects      retired and system projects too, or their history is lost;
                                            and pontoon/project_snapshots
    user-actions/  -> pontoon/user_actions  one answer a project and day, without paging or order;
                                            and pontoon/users, who is shown by a single word

A day is asked once it is over. Actions vanish and change later: the last seven days are read again every day,
the last 90 every month, everything since a project's first action every year, a part of it each day. A
project and day that fails alone (500) does not stop the others: it is set aside, named, and asked again on
the next run; a project that is not listed any more is gone with what is stored of it. A renamed project or
locale is told by its `pk`: reading goes on, and actions take the new name as their days are read again; until
then the warehouse shows them under it.
A day is one of Pontoon's own zone, so an action is stored with the day under which it was shown
(`asked_on`); only `date` says when it was.
Pace: the front end blocks with 403 HTML, 406 or 429; all three mean: stay away for ten minutes.
Key: an ordinary account's. An administrator's lists private projects: nothing is asked with such a key.
Privacy: `user.name` may be the local part of an e-mail address and is kept only as a hash; so is `user.pk`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from pipelines.sources.names import local_name
from pipelines.sources.spec import (
    Feed,
    Handle,
    KeyCheck,
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
        "locale_pk": parts["locale"].get("pk"),
        "project": parts["project"].get("slug"),
        "project_pk": parts["project"].get("pk"),
        "entity": parts["entity"].get("pk"),
        "asked_on": record.get("_asked_on"),
    }


def snapshot_rows(record: Record, _hash: Pseudonymise) -> Iterable[Row]:
    """The row with the day of the source's clock on which it was seen."""
    yield {**record, "seen_on": record["_seen_on"]}


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


def translator_handles(record: Record, hash_of: Pseudonymise) -> Iterable[Handle]:
    """The public name of a translator; without a chosen one it may be the local part of an e-mail address,
    which is told by having no blank, and is left out."""
    user = record.get("user")
    if isinstance(user, dict) and not user.get("system_user"):
        name, account = user.get("name"), hash_of("id", user.get("pk"))
        if account and isinstance(name, str) and " " in name.strip():
            yield Handle("id", account, display_name=name)


def translator_rows(record: Record, _hash: Pseudonymise) -> Iterable[Row]:
    """A translator whose shown name may be what stands before the @ of the address."""
    user = record.get("user")
    if isinstance(user, dict) and not user.get("system_user") and local_name(user.get("name")):
        yield {"account": user.get("pk"), "local_name": local_name(user["name"])}


STATISTICS = dict.fromkeys(
    (
        "total_strings",
        "approved_strings",
        "pretranslated_strings",
        "strings_with_warnings",
        "strings_with_errors",
        "missing_strings",
        "unreviewed_strings",
    ),
    int64,
)
LOCALE_SNAPSHOTS = Stream(
    name="locale_snapshots",
    about="the statistics of a locale on a day; the source keeps no history of them",
    key=("code", "seen_on"),
    rows=snapshot_rows,
    keep={"code": required(text), "seen_on": required(day), "population": int64, **STATISTICS},
)
PROJECT_SNAPSHOTS = Stream(
    name="project_snapshots",
    about="the statistics of a project on a day; the source keeps no history of them",
    key=("slug", "seen_on"),
    rows=snapshot_rows,
    keep={
        "slug": required(text),
        "seen_on": required(day),
        "priority": int64,
        "visibility": text,
        "system_project": boolean,
        "disabled": boolean,
        **STATISTICS,
    },
)
USER_ACTIONS = Stream(
    name="user_actions",
    handles=translator_handles,
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
        "locale_pk": int64,
        "project": required(text),
        "project_pk": int64,
        "entity": int64,
        "asked_on": day,
    },
)


USERS = Stream(
    name="users",
    about="a translator who is shown by a single word, in most cases what stands before an @",
    key=("account",),
    rows=translator_rows,
    keep={"account": required(pseudonym("id")), "local_name": pseudonym("mail:local")},
)


def block_seconds(status: int, content_type: str) -> float | None:
    blocked = status in (406, 429) or (status == 403 and "html" in content_type)
    return 600.0 if blocked else None


EVERY_PROJECT = (
    "/api/v2/projects/?fields=slug,visibility&page_size=1000&include_disabled=true&include_system=true"
)


def sees_private_projects(projects: Any) -> str | None:
    """Why a key must not be used: an administrator's lists projects that are not public; None: it may."""
    rows = projects.get("results") if isinstance(projects, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) and "visibility" in row for row in rows):
        return "the list of projects does not tell which of them are public, so that it may show too much"
    hidden = sum(row["visibility"] != "public" for row in rows)
    if not hidden:
        return None
    return f"it lists {hidden:,} projects that are not public, as an administrator's does"


CLOSES_AFTER = timedelta(hours=2)
"""So the run of three o'clock has the day before. Where Pontoon's days are those of a zone west of UTC, what
comes to such a day later lies after the watermark, and is met when the day is read again the next night."""

LAST_WEEK = Reread("last_week", window=timedelta(days=7), every=timedelta(days=1))
LAST_QUARTER = Reread("last_quarter", window=timedelta(days=90), every=timedelta(days=30))
ALL = Reread("all", window=None, every=timedelta(days=365))
"""Actions vanish with a rejected translation that is deleted, and change hands with a deleted account."""

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
    key_check=KeyCheck(EVERY_PROJECT, sees_private_projects),
    feeds=(
        Feed(
            "locales",
            PagedList("/api/v2/locales/", "locales", {"page_size": 1000}),
            (LOCALES, LOCALE_SNAPSHOTS),
        ),
        Feed(
            "projects",
            PagedList(
                "/api/v2/projects/",
                "projects",
                {"page_size": 1000, "include_disabled": "true", "include_system": "true"},
            ),
            (PROJECTS, PROJECT_SNAPSHOTS),
        ),
        Feed(
            "user_actions",
            ProjectDays(
                projects="/api/v2/projects/",
                day="/api/v2/user-actions/{day}/project/{slug}/",
                stream="user_actions",
                closes_after=CLOSES_AFTER,
                rereads=(LAST_WEEK, LAST_QUARTER, ALL),
            ),
            (USER_ACTIONS, USERS),
            batch_records=20_000,
        ),
    ),
)
