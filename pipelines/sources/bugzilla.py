"""Bugzilla: bugs and who moved them, from the REST interface of bugzilla.mozilla.org.

    one search -> bugzilla/bugs         the bug as it is now
               -> bugzilla/changes      its history, one row a changed field
               -> bugzilla/comments     who commented when; never the text
               -> bugzilla/attachments  who attached what kind of file when; never the file
               -> bugzilla/users        which login belongs to which numeric account
               -> bugzilla/logins       hashes of a login that other systems make alike
    flag activity -> bugzilla/flag_activity   who set, granted, denied or cleared which flag when
    products      -> bugzilla/products        and bugzilla/components: what bugs are filed in

First by id to the end (an order that nothing can move), then by (last_change_time, id) from the
time the first walk began; each run reads the last 15 minutes of the one before again, because reads come
from a replica. The unlimited search answers
with history and comments, so no rate-limited call is needed. Each day all visible ids are asked for, and
a share of all bugs again: see `VISIBLE` and `SWEEP`. A bug brings all its history, comments and
attachments, so what it brings no more is gone; with a bug that is gone go all of these. Flag activity is
asked by windows of days (`walks/windows.py`); its times have no zone and are taken as UTC.
Pace: 500 bugs a page, one request at a time; a block (429, HTML, no Retry-After) lasts an hour that
every further request restarts: stop, never retry.
Privacy: bugs in a group are dropped and their stored rows buried. Flag activity tells no groups: of it only
what is of a bug that the lake has is taken. A key whose account is in a group that shows more than everybody
sees is refused before anything else is asked. Logins are hashed; of a login only its class (machine, closed,
mozilla, other) is kept, also of assignees whom only the history names. History values are kept for the fields
in `KEPT_VALUES`, flags and people with their logins hashed, else dropped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from pipelines.sources.names import local_name, mail_address
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
    instant,
    int64,
    json_type,
    pseudonym,
    required,
    text,
    texts,
)
from pipelines.sources.walks import BugzillaSearch, DayWindows, OneList

STAFF_DOMAINS = frozenset(
    (
        "mozilla.com",
        "mozilla.org",
        "mozilla.ai",
        "mozillafoundation.org",
        "getpocket.com",
        "thunderbird.net",
        "firefox.com",
    )
)
WORKFLOW_FIELDS = ("status", "bug_status", "resolution", "is_confirmed", "everconfirmed", "target_milestone")
TRIAGE_FIELDS = (
    "severity",
    "bug_severity",
    "priority",
    "type",
    "bug_type",
    "product",
    "component",
    "version",
)
LOGIN_CLASSES = frozenset(("machine", "closed", "mozilla", "other", "unknown"))


@lru_cache(maxsize=20_000)
def login_class(login: str | None) -> str | None:
    """What a login says of its owner without saying who: machine, closed, mozilla or other.

    `.tld` and `.bugs` logins are machines, except `@disabled.tld`: the closed account of a person.
    `unknown` when the server hides the domain.
    """
    if not login:
        return None
    name, _, domain = login.lower().rpartition("@")
    if not name:
        return "unknown"
    if domain == "disabled.tld":
        return "closed"
    if domain.endswith((".tld", ".bugs")) and not domain.startswith("formerly-"):
        return "machine"
    return "mozilla" if domain in STAFF_DOMAINS else "other"


def _objects(record: Record, name: str) -> list[Record]:
    """The list of objects under `name`; `SourceChanged` when it is not there or anything else.

    A list that is asked for and does not come is no empty one: all that is stored of it would be buried.
    """
    found = record.get(name)
    if not isinstance(found, list) or not set(map(type, found)) <= {dict}:
        raise SourceChanged(f"a list of objects `{name}`", json_type(found), f"bug {record.get('id')}")
    return found


def _detail(record: Record, name: str) -> Record:
    found = record.get(name)
    return found if isinstance(found, dict) else {}


def bug_rows(record: Record, _hash: Pseudonymise) -> Iterable[Row]:
    creator, assignee = _detail(record, "creator_detail"), _detail(record, "assigned_to_detail")
    yield {
        **record,
        "creator": record.get("creator") or None,
        "creator_id": creator.get("id"),
        "creator_class": login_class(record.get("creator")),
        "assigned_to": record.get("assigned_to") or None,
        "assigned_to_id": assignee.get("id"),
        "assigned_to_class": login_class(record.get("assigned_to")),
    }


def user_rows(record: Record, _hash: Pseudonymise) -> Iterable[Row]:
    for name in ("creator", "assigned_to"):
        login, number = record.get(name), _detail(record, f"{name}_detail").get("id")
        if login and number:
            yield {"account": number, "login": login, "login_class": login_class(login)}


def login_rows(record: Record, _hash: Pseudonymise) -> Iterable[Row]:
    """Everybody who moved a bug, whether or not their number is shown."""
    acts = [*_objects(record, "comments"), *_objects(record, "attachments")]
    logins = [record.get("creator"), record.get("assigned_to")]
    logins += [act.get("creator") or act.get("author") for act in acts]
    logins += [entry.get("who") for entry in _objects(record, "history")]
    for login in sorted({one for one in logins if isinstance(one, str) and one}):
        if said := _said_by(login):
            yield said


@lru_cache(maxsize=20_000)
def _said_by(login: str) -> Row | None:
    """The row of a person's log-in; None for closed accounts, machines and logins without a domain."""
    if login_class(login) not in ("mozilla", "other"):
        return None
    return {"login": login, "mail_address": mail_address(login), "local_name": local_name(login)}


def user_handles(record: Record, hash_of: Pseudonymise) -> Iterable[Handle]:
    """Nick and real name of reporter and assignee; a log-in is an e-mail address and is never handed on."""
    for name in ("creator", "assigned_to"):
        person = _detail(record, f"{name}_detail")
        account = hash_of("id", person.get("id"))
        if account:
            yield Handle("id", account, person.get("nick") or None, person.get("real_name") or None)


def _as_it_is(value: str, _hash: Pseudonymise) -> str:
    return value


def _flags(value: str, hash_of: Pseudonymise) -> str:
    """`review+, needinfo?(ada@example.org)` with the login hashed; other brackets are dropped."""
    if "(" not in value:
        return value
    return re.sub(r"\(([^()]*)\)", lambda found: f"({hash_of('login', found.group(1).strip())})", value)


def _people(value: str, hash_of: Pseudonymise) -> str:
    return ", ".join(str(hash_of("login", login.strip())) for login in value.split(",") if login.strip())


KEPT_VALUES: Mapping[str, Callable[[str, Pseudonymise], str]] = {
    **dict.fromkeys((*WORKFLOW_FIELDS, *TRIAGE_FIELDS, "keywords", "regressed_by"), _as_it_is),
    "cf_has_regression_range": _as_it_is,
    "flagtypes.name": _flags,
    **dict.fromkeys(
        ("assigned_to", "cc", "qa_contact", "reporter", "mentors", "bug_mentor", "creator"), _people
    ),
}
"""How the two values of a changed field are kept; of other fields they are not."""


def change_rows(record: Record, hash_of: Pseudonymise) -> Iterable[Row]:
    """One row a changed field. The key names every part of the source's own natural key, hashed.

    Of an assignee's login its class is told. Of others in the history nothing is needed, and nothing kept.
    """
    number = record["id"]
    for entry in _objects(record, "history"):
        when, who = entry.get("when"), entry.get("who")
        own_class = login_class(who)
        for change in _objects(entry, "changes"):
            name = str(change.get("field_name"))
            removed, added = str(change.get("removed") or ""), str(change.get("added") or "")
            attachment, comment = change.get("attachment_id"), change.get("comment_id")
            own_key = f"{when}\x1f{who}\x1f{name}\x1f{attachment}\x1f{comment}\x1f{added}\x1f{removed}"
            kept, is_assignee = KEPT_VALUES.get(name), name == "assigned_to"
            yield {
                "bug_id": number,
                "change": hash_of("change", own_key),
                "when": when,
                "who": who or None,
                "who_class": own_class,
                "field_name": name,
                "attachment_id": attachment,
                "removed": kept(removed, hash_of) if kept else None,
                "added": kept(added, hash_of) if kept else None,
                "removed_class": login_class(removed.strip()) if is_assignee else None,
                "added_class": login_class(added.strip()) if is_assignee else None,
            }


def comment_rows(record: Record, _hash: Pseudonymise) -> Iterable[Row]:
    """Comments with their number on the bug; the place in the list where the answer has no `count`.

    `raw_text` is empty for generated comments (duplicate notices, attachment notes).
    """
    for place, comment in enumerate(_objects(record, "comments")):
        own_text = comment.get("raw_text", comment.get("text"))
        yield {
            "id": comment.get("id"),
            "bug_id": record["id"],
            "count": comment.get("count", place),
            "creator": comment.get("creator") or comment.get("author") or None,
            "creator_class": login_class(comment.get("creator") or comment.get("author")),
            "creation_time": comment.get("creation_time") or comment.get("time"),
            "has_own_text": None if own_text is None else bool(str(own_text).strip()),
            "is_private": comment.get("is_private"),
        }


def _account(record: Record, name: str) -> Row:
    """Login, number and class of the person under `name`; empty where nobody stands."""
    person = _detail(record, name)
    login = person.get("name") or None
    return {name: login, f"{name}_id": person.get("id"), f"{name}_class": login_class(login)}


def flag_rows(record: Record, _hash: Pseudonymise) -> Iterable[Row]:
    """One event of a flag. The time `2026-03-02 00:00:00` is the server's wall time, taken as UTC; that the
    history of bugs agrees is tested with every build (`assert_flag_times_are_utc`)."""
    at = record.get("creation_time")
    if at is not None and not isinstance(at, str):
        raise SourceChanged("`creation_time` as text", json_type(at), "flag_activity")
    yield {
        **record,
        "flag_type": _detail(record, "type").get("name"),
        "creation_time": f"{at.replace(' ', 'T')}Z" if at and " " in at else at,
        **_account(record, "setter"),
        **_account(record, "requestee"),
    }


def flag_handles(record: Record, hash_of: Pseudonymise) -> Iterable[Handle]:
    for name in ("setter", "requestee"):
        person = _detail(record, name)
        account = hash_of("id", person.get("id"))
        if account:
            yield Handle("id", account, person.get("nick") or None, person.get("real_name") or None)


def component_rows(record: Record, _hash: Pseudonymise) -> Iterable[Row]:
    for component in _objects(record, "components"):
        yield {**component, "product_id": record.get("id"), "product": record.get("name")}


def attachment_rows(record: Record, _hash: Pseudonymise) -> Iterable[Row]:
    for attachment in _objects(record, "attachments"):
        creator = attachment.get("creator") or None
        yield {
            "id": attachment.get("id"),
            "bug_id": record["id"],
            "creator": creator,
            "creator_class": login_class(creator),
            "creation_time": attachment.get("creation_time"),
            "content_type": attachment.get("content_type"),
            "is_patch": None if attachment.get("is_patch") is None else bool(attachment["is_patch"]),
        }


BUGS = Stream(
    name="bugs",
    same_person=(("creator", "creator_id"), ("assigned_to", "assigned_to_id")),
    about="a bug as it is now",
    key=("id",),
    version_at="last_change_time",
    counted_at="creation_time",
    rows=bug_rows,
    keep={
        "id": required(int64),
        "creator": pseudonym("login"),
        "creator_id": pseudonym("id"),
        "creator_class": text,
        "assigned_to": pseudonym("login"),
        "assigned_to_id": pseudonym("id"),
        "assigned_to_class": text,
        "creation_time": instant,
        "last_change_time": instant,
        "product": text,
        "component": text,
        "type": text,
        "status": text,
        "resolution": text,
        "severity": text,
        "priority": text,
        "keywords": texts,
        "is_confirmed": boolean,
        "dupe_of": int64,
        "comment_count": int64,
        "cf_last_resolved": instant,
    },
)
CHANGES = Stream(
    name="changes",
    embeds=("removed", "added"),
    whole_by="bug_id",
    goes_with=("bug_id", "bugs"),
    about="one changed field of a bug, by one person at one instant",
    key=("bug_id", "change"),
    version_at="when",
    rows=change_rows,
    keep={
        "bug_id": required(int64),
        "change": required(text),
        "when": required(instant),
        "who": pseudonym("login"),
        "who_class": text,
        "field_name": required(text),
        "attachment_id": int64,
        "removed": text,
        "added": text,
        "removed_class": text,
        "added_class": text,
    },
)
COMMENTS = Stream(
    name="comments",
    whole_by="bug_id",
    goes_with=("bug_id", "bugs"),
    about="a comment's author and time; number 0 is the bug's description",
    key=("id",),
    version_at="creation_time",
    rows=comment_rows,
    keep={
        "id": required(int64),
        "bug_id": required(int64),
        "count": int64,
        "creator": pseudonym("login"),
        "creator_class": text,
        "creation_time": required(instant),
        "has_own_text": boolean,
        "is_private": boolean,
    },
)
ATTACHMENTS = Stream(
    name="attachments",
    whole_by="bug_id",
    goes_with=("bug_id", "bugs"),
    about="an attachment's author, time and kind",
    key=("id",),
    version_at="creation_time",
    rows=attachment_rows,
    keep={
        "id": required(int64),
        "bug_id": required(int64),
        "creator": pseudonym("login"),
        "creator_class": text,
        "creation_time": instant,
        "content_type": text,
        "is_patch": boolean,
    },
)
USERS = Stream(
    name="users",
    same_person=(("account", "login"),),
    handles=user_handles,
    about="a login that was seen together with its numeric account",
    key=("account", "login"),
    rows=user_rows,
    keep={
        "account": required(pseudonym("id")),
        "login": required(pseudonym("login")),
        "login_class": text,
    },
)

FLAG_ACTIVITY = Stream(
    name="flag_activity",
    goes_with=("bug_id", "bugs"),
    same_person=(("setter", "setter_id"), ("requestee", "requestee_id")),
    handles=flag_handles,
    about="one event of a flag: set (?), granted (+), denied (-) or cleared (X)",
    key=("id",),
    version_at="creation_time",
    rows=flag_rows,
    keep={
        "id": required(int64),
        "flag_id": int64,
        "bug_id": required(int64),
        "attachment_id": int64,
        "flag_type": text,
        "status": required(text),
        "setter": pseudonym("login"),
        "setter_id": pseudonym("id"),
        "setter_class": text,
        "requestee": pseudonym("login"),
        "requestee_id": pseudonym("id"),
        "requestee_class": text,
        "creation_time": required(instant),
    },
)
PRODUCTS = Stream(
    name="products",
    about="a product in which bugs are filed, as last seen",
    key=("id",),
    keep={"id": required(int64), "name": required(text), "is_active": boolean},
)
COMPONENTS = Stream(
    name="components",
    whole_by="product_id",
    goes_with=("product_id", "products"),
    about="a component of a product, as last seen",
    key=("id",),
    rows=component_rows,
    keep={
        "id": required(int64),
        "product_id": required(int64),
        "product": required(text),
        "name": required(text),
        "is_active": boolean,
    },
)
LOGINS = Stream(
    name="logins",
    about="what a login has in common with names elsewhere: its address, and what stands before the @",
    key=("login",),
    rows=login_rows,
    keep={
        "login": required(pseudonym("login")),
        "mail_address": pseudonym("mail:address"),
        "local_name": pseudonym("mail:local"),
    },
)

INCLUDE_FIELDS = ",".join((
    "id,creator,assigned_to,creation_time,last_change_time,product,component,type,status,resolution",
    "severity,priority,keywords,is_confirmed,dupe_of,comment_count,cf_last_resolved,groups,history",
    "comments.id,comments.count,comments.creator,comments.creation_time,comments.raw_text,comments.is_private",
    "attachments.id,attachments.creator,attachments.creation_time,attachments.content_type,attachments.is_patch",
))  # fmt: skip


PRODUCT_FIELDS = "id,name,is_active,components.id,components.name,components.is_active"


def block_seconds(status: int, content_type: str) -> float | None:
    """Over the limit, the address is blocked for an hour; each request during it starts the hour anew."""
    blocked = status == 429 or (status == 400 and "html" in content_type)
    return 3600.0 if blocked else None


HARMLESS_GROUPS = frozenset(("everyone", "canconfirm", "editbugs", "can_edit_quips"))
"""Groups that let an account do more, and see no more than everybody sees."""


def sees_too_much(whoami: Any) -> str | None:
    """Why a key must not be used: its account is in a group that may see what is not public; None: it may.

    A group whose name we do not know counts as one of these.
    """
    groups = whoami.get("groups") if isinstance(whoami, dict) else None
    if not isinstance(groups, list) or not all(isinstance(group, dict) for group in groups):
        return "/rest/whoami does not tell the groups of the key's account, so that it may see too much"
    names = sorted({str(group.get("name")) for group in groups} - HARMLESS_GROUPS)
    if not names:
        return None
    return f"the key's account is in {', '.join(names)} and may see what is not public"


SWEEP = Reread("sweep", window=None, every=timedelta(days=30))
"""Edited comments, renamed users, history written with an old date: nothing of it moves the time of change.

Two million bugs are 4,000 pages, 134 a day."""

VISIBLE = Reread("visible", window=None, every=timedelta(days=1))
"""A bug that went private must not be shown a day longer; two million ids are 200 requests."""

ONCE_A_YEAR = Reread("once_a_year", window=None, every=timedelta(days=365))
"""Flags of a bug that has become public are as old as they are: nothing tells of them."""

SOURCE = Source(
    name="bugzilla",
    title="Bugzilla",
    base_url="https://bugzilla.mozilla.org",
    opened_on=date(1998, 4, 7),
    grace=timedelta(days=1),
    pace=Pace(per_minute=60, connections=1),
    headers=lambda token: {"X-BUGZILLA-API-KEY": token} if token else {},
    block_seconds=block_seconds,
    key_check=KeyCheck("/rest/whoami", sees_too_much),
    feeds=(
        Feed(
            name="bugs",
            walk=BugzillaSearch(
                path="/rest/bug",
                stream="bugs",
                fields=INCLUDE_FIELDS,
                limit=500,
                overlap=timedelta(minutes=15),
                sweep=SWEEP,
                visible=VISIBLE,
            ),
            streams=(BUGS, CHANGES, COMMENTS, ATTACHMENTS, USERS, LOGINS),
            batch_records=2_000,
        ),
        Feed(
            name="flag_activity",
            walk=DayWindows(
                path="/rest/review/flag_activity",
                stream="flag_activity",
                at="creation_time",
                rereads=(ONCE_A_YEAR,),
            ),
            streams=(FLAG_ACTIVITY,),
            essential=False,
            only_of=("bug_id", "bugs"),
        ),
        Feed(
            name="products",
            walk=OneList(
                path="/rest/product",
                stream="products",
                records="products",
                params={"type": "accessible", "include_fields": PRODUCT_FIELDS},
            ),
            streams=(PRODUCTS, COMPONENTS),
            essential=False,
        ),
    ),
)
