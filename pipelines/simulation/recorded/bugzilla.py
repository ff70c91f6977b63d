"""Bugzilla from recorded bugs: three sets, each with a part of what the interface knows of a bug.

    bmo_rest_bugs_*    -> bugs with history, comments and attachments, in the interface's own shape
    buglist_export_*   -> bugs: what a list of open bugs shows
    firefox2013_bugs_* -> bugs: severity, status of 2013, reporter's number, time of filing
    bmo_rest_users*    -> the address and name of a reporter who is known by number

One bug an id. Where several sets have it, a field is taken from the first of them in this order: the REST
bug (of two, the one with more fields), the list (newer), the dump of 2013. The other rows are set aside as
merged. `last_change_time` is the latest that any of them gives, or the latest instant known of the bug
(history, comments, filing). `creation_time` and `creator`, where not recorded, are those of comment 0.

What no set has of a bug is given as the interface gives it when it is empty: lists [], texts "", times and
numbers of other bugs null, `--` and `---` where Bugzilla says so itself. Status, product and component are
never empty there: they are null. `is_open` and `is_confirmed` follow from an open status.
`comment_count` counts the recorded comments. Comments without `raw_text` get it from `text` less what
Bugzilla itself wrote (duplicate notices, attachment headings); without `count`, their place in the list.

Set aside, counted: attachments recorded without their number (the interface has none such) and the
accounts that report no bug by number (profiles are not in a search).

Times. REST stamps are UTC. `creation_ts` of 2013 and `Updated` of the list are US Pacific without a zone:
the former shows in the order of ids beside REST bugs, the latter in the hours of the day.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from pipelines.simulation.recorded.files import Reading, from_pacific, midnight_after, utc
from pipelines.simulation.world import Record, SetAside
from pipelines.sources.archive_files import found, objects, reading, rows

SETS = (
    "bugzilla/bmo_rest_bugs_*.jsonl.gz",
    "bugzilla/buglist_export_*.csv.gz",
    "bugzilla/firefox2013_bugs_*.csv.gz",
    "bugzilla/bmo_rest_users*.csv.gz",
)
LIST_COLUMNS = (
    "Bug ID",
    "Type",
    "Summary",
    "Product",
    "Component",
    "Assignee",
    "Status",
    "Resolution",
    "Updated",
)
DUMP_COLUMNS = ("Version", "bug_id", "bug_severity", "bug_status", "priority", "creation_ts", "reporter")
USER_COLUMNS = ("id", "email", "real_name", "nick")

NOT_OF_THE_INTERFACE = frozenset({"recorded_from"})
NOBODY = "nobody"
UNASSIGNED = "nobody@mozilla.org"
CONFIRMED_AND_OPEN = frozenset({"NEW", "ASSIGNED", "REOPENED"})
CLOSED = frozenset({"RESOLVED", "VERIFIED", "CLOSED"})

MERGED = "merged into the fuller record of the same bug"
NO_NUMBER = "attachment without its number: the interface sends none such"
NO_REPORTER = "account that reports no bug by number: profiles are not in a search"

EMPTY: Record = {
    "id": None, "alias": None, "summary": "", "type": "--", "classification": None, "product": None,
    "component": None, "version": "unspecified", "target_milestone": "---", "status": None, "resolution": "",
    "is_open": None, "is_confirmed": None, "severity": "--", "priority": "--", "op_sys": "Unspecified",
    "platform": "Unspecified", "keywords": [], "whiteboard": "", "url": "", "see_also": [], "groups": [],
    "dupe_of": None, "duplicates": [], "depends_on": [], "blocks": [], "regressed_by": [], "regressions": [],
    "votes": 0, "comment_count": 0, "creation_time": None, "last_change_time": None, "cf_last_resolved": None,
    "creator": "", "assigned_to": "", "qa_contact": "", "mentors": [], "mentors_detail": [], "cc": [],
    "cc_detail": [], "flags": [], "is_cc_accessible": True, "is_creator_accessible": True,
    "history": [], "comments": [], "attachments": [],
}  # fmt: skip
"""A bug of which nothing is known, in the interface's order of fields."""


# --- The three sets, each as what it knows of a bug -----------------------------------------------


def rest_bug(recorded: Record) -> Record:
    """A bug of the REST interface: its fields, with comments and attachments in full shape."""
    known = {name: value for name, value in recorded.items() if name not in NOT_OF_THE_INTERFACE}
    number = int(known["id"])
    if known.get("comments"):
        known["comments"] = [comment(number, place, one) for place, one in enumerate(known["comments"])]
        first = known["comments"][0]
        if first["count"] == 0:
            known.setdefault("creation_time", first["creation_time"])
            known.setdefault("creator", first["creator"])
    if known.get("attachments"):
        known["attachments"] = [attachment(number, one) for one in known["attachments"] if one.get("id")]
    for name in ("creator_detail", "assigned_to_detail", "qa_contact_detail"):
        if known.get(name):
            known[name] = {"nick": "", **known[name]}
    known.setdefault("comment_count", len(known.get("comments") or ()))
    known.setdefault("last_change_time", max(instants(known), default=None))
    return known


def comment(bug: int, place: int, recorded: Record) -> Record:
    """A comment in full shape. Anonymous callers see no private comment, so that none is one."""
    author = recorded.get("creator") or recorded.get("author") or ""
    when = recorded.get("creation_time") or recorded["time"]
    return {
        "id": recorded["id"],
        "bug_id": bug,
        "count": recorded.get("count", place),
        "creator": author,
        "author": author,
        "time": when,
        "creation_time": when,
        "is_private": recorded.get("is_private", False),
        "attachment_id": recorded.get("attachment_id"),
        "text": recorded["text"],
        "raw_text": recorded.get("raw_text", own_text(recorded["text"])),
        "tags": recorded.get("tags", []),
        "reactions": recorded.get("reactions", {}),
    }


HEADING = re.compile(r"(?:Created|Comment on) attachment \d+\n.*?(?:\n\n|\Z)", re.DOTALL)
NOTICE = re.compile(
    r"\s*\*\*\* (?:Bug \d+ has been marked as a duplicate of this bug\.?"
    r"|This bug has been marked as a duplicate of (?:bug )?\d+\.?) \*\*\*\s*\Z"
)


def own_text(text: str) -> str:
    """What the commenter wrote: the text less Bugzilla's heading for an attachment and duplicate notice."""
    heading = HEADING.match(text)
    return NOTICE.sub("", text[heading.end() :] if heading else text)


def attachment(bug: int, recorded: Record) -> Record:
    """An attachment in full shape, as far as it was recorded."""
    empty = {"bug_id": bug, "creator": "", "creation_time": None, "last_change_time": None, "file_name": "",
             "summary": "", "content_type": "", "size": 0, "is_private": 0, "is_obsolete": 0, "is_patch": 0,
             "flags": []}  # fmt: skip
    return {
        "id": recorded["id"],
        **empty,
        **{name: value for name, value in recorded.items() if name != "id"},
    }


def instants(bug: Record) -> Iterator[str]:
    """Every instant known of a bug (text in UTC, comparable as text)."""
    yield from (
        bug[name] for name in ("creation_time", "last_change_time", "cf_last_resolved") if bug.get(name)
    )
    yield from (entry["when"] for entry in bug.get("history") or ())
    for part in ("comments", "attachments"):
        yield from (one["creation_time"] for one in bug.get(part) or () if one.get("creation_time"))


def listed_bug(row: dict[str, str]) -> Record:
    """A bug of a list export. Assignees are nicks: only that of nobody is an address."""
    status, nick = row["Status"], row["Assignee"]
    assigned = UNASSIGNED if nick == NOBODY else ""
    return {
        "id": int(row["Bug ID"]),
        "type": row["Type"],
        "summary": row["Summary"],
        "product": row["Product"],
        "component": row["Component"],
        "status": status,
        "resolution": row["Resolution"].strip().replace("---", ""),
        "assigned_to": assigned,
        "assigned_to_detail": detail(None, assigned, nick=nick),
        "last_change_time": pacific(row["Updated"]),
    }


def dumped_bug(row: dict[str, str], users: dict[int, dict[str, str]]) -> Record:
    """A bug of the dump of 2013. Its reporter is a number, with an address where users know it."""
    reporter = int(row["reporter"])
    user = users.get(reporter, {})
    filed = pacific(row["creation_ts"])
    login = user.get("email", "")
    return {
        "id": int(row["bug_id"]),
        "severity": row["bug_severity"],
        "priority": row["priority"],
        "status": row["bug_status"],
        "creator": login,
        "creator_detail": detail(reporter, login, user.get("nick", ""), user.get("real_name", "")),
        "creation_time": filed,
        "last_change_time": filed,
    }


def detail(number: int | None, login: str, nick: str = "", real_name: str = "") -> Record:
    return {"id": number, "nick": nick, "real_name": real_name, "name": login, "email": login}


def pacific(stamp: str) -> str:
    """`2011-01-01 13:35:55`, US Pacific without a zone -> UTC; of the hour that comes twice, the first."""
    return utc(from_pacific(datetime.fromisoformat(stamp), fold=0))


# --- One bug an id -------------------------------------------------------------------------------


def whole(fullest_first: list[Record]) -> Record:
    """One bug from what each set knows of it, with every field of the interface."""
    bug: Record = {}
    for known in fullest_first:
        bug.update({name: value for name, value in known.items() if name not in bug})
    bug["last_change_time"] = max(
        (k["last_change_time"] for k in fullest_first if k["last_change_time"]), default=None
    )
    status = bug.get("status")
    if status in CONFIRMED_AND_OPEN:
        derived: dict[str, Any] = {"is_open": True, "is_confirmed": True}
    elif status == "UNCONFIRMED":
        derived = {"is_open": True, "is_confirmed": False}
    else:
        derived = {"is_open": False} if status in CLOSED else {}
    return {**EMPTY, **derived, **bug}


def read(directory: Path) -> Reading[list[Record]]:
    """Bugzilla's part of a recorded directory. Raises ValueError for a file not in its set's form.

    now: the midnight after the last instant of any bug.
    """
    of_rest, of_lists, of_dumps, of_users = (found(directory, pattern) for pattern in SETS)
    aside: Counter[tuple[str, str]] = Counter()
    users: dict[int, dict[str, str]] = {}
    user_file: dict[int, str] = {}
    for path in of_users:
        with reading(path):
            for row in rows(path, USER_COLUMNS):
                users[int(row["id"])], user_file[int(row["id"])] = row, path.name
    known: dict[int, list[tuple[str, Record]]] = {}
    for path in of_rest:
        with reading(path):
            for record in objects(path):
                lacking = sum(not one.get("id") for one in record.get("attachments") or ())
                aside[path.name, NO_NUMBER] += lacking
                known.setdefault(int(record["id"]), []).append((path.name, rest_bug(record)))
    for bugs in known.values():
        bugs.sort(key=lambda one: -len(one[1]))
    for path in of_lists:
        with reading(path):
            for row in rows(path, LIST_COLUMNS):
                known.setdefault(int(row["Bug ID"]), []).append((path.name, listed_bug(row)))
    reporters: set[int] = set()
    for path in of_dumps:
        with reading(path):
            for row in rows(path, DUMP_COLUMNS):
                reporters.add(int(row["reporter"]))
                known.setdefault(int(row["bug_id"]), []).append((path.name, dumped_bug(row, users)))
    aside.update((name, MERGED) for parts in known.values() for name, _ in parts[1:])
    aside.update((user_file[number], NO_REPORTER) for number in users if number not in reporters)
    served = [whole([part for _, part in known[number]]) for number in sorted(known)]
    last = max((instant for bug in served for instant in instants(bug)), default=None)
    now = midnight_after(datetime.fromisoformat(last)) if last else None
    counted = [SetAside("bugzilla", name, why, n) for (name, why), n in sorted(aside.items()) if n]
    return Reading(served, counted, None, now)
