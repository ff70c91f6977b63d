"""Bugzilla's flag activity and products, read out of the bugs of a world.

Every event of a flag stands in the history of its bug; here each becomes a row of the review interface, under
a number of its own. An event of people whose number the world does not tell is left out. Products and their
components are those that some bug names; a product called a graveyard is closed. Not in here: how both are
asked for (`bugzilla.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Any

from pipelines.simulation.world import Record

FLAG = re.compile(r"\s*([\w-]+)([?+-])(?:\(([^()]*)\))?\s*")


def flag_events(bugs: Iterable[Record]) -> list[Record]:
    """All events of flags, as the review interface shows them: times without a zone."""
    bugs = list(bugs)
    people = {person["name"]: person for bug in bugs for person in _people(bug)}
    return [event for bug in bugs for event in _of_bug(bug, people)]


def _people(bug: Record) -> Iterator[Record]:
    for name in ("creator_detail", "assigned_to_detail"):
        if bug.get(name):
            yield bug[name]
    yield from bug.get("cc_detail") or ()


def _of_bug(bug: Record, people: dict[str, Record]) -> Iterator[Record]:
    for entry in bug.get("history") or ():
        for change in entry["changes"]:
            if change["field_name"] != "flagtypes.name":
                continue
            before, after = _parsed(change["removed"]), _parsed(change["added"])
            moved = {_same(flag) for flag in after}
            cleared = [
                (name, "X", asked) for name, _, asked in before if _same((name, "", asked)) not in moved
            ]
            for name, status, asked in [*cleared, *after]:
                setter, requestee = people.get(entry["who"]), people.get(asked or "")
                if setter is None or (asked and requestee is None):
                    continue
                asked_of = _shown(requestee) if requestee else None
                event = flag_event(bug["id"], name, status, entry["when"], _shown(setter), asked_of)
                yield {**event, "attachment_id": change.get("attachment_id")}


def flag_event(
    bug: int, name: str, status: str, when: str, setter: Record, requestee: Record | None
) -> Record:
    """One event as the interface shows it. when: as the history of the bug writes it."""
    flag = f"{bug}|{name}|{requestee['name'] if requestee and name == 'needinfo' else ''}"
    event = {
        "id": _number(f"{flag}|{when}|{status}"),
        "flag_id": _number(flag),
        "bug_id": bug,
        "attachment_id": None,
        "status": status,
        "type": {"id": _number(name) % 1000, "name": name, "type": "bug", "is_active": True},
        "setter": setter,
        "creation_time": when[:19].replace("T", " "),
    }
    return {**event, "requestee": requestee} if requestee else event


def _parsed(value: str) -> list[tuple[str, str, str | None]]:
    """`review+, needinfo?(ada@example.org)` -> (name, status, requestee) each."""
    found = [FLAG.fullmatch(part) for part in value.split(",")]
    return [(one.group(1), one.group(2), one.group(3)) for one in found if one]


def _same(flag: tuple[str, str, str | None]) -> tuple[str, str | None]:
    """What makes two mentions the same flag: there may be many needinfos, one for each who is asked."""
    name, _, asked = flag
    return name, asked if name == "needinfo" else None


def _shown(person: Record) -> Record:
    return {name: person.get(name) for name in ("id", "nick", "real_name", "name")}


def _number(text: str) -> int:
    """A number that this text always has; 48 bits, so that no two of a world meet."""
    return int.from_bytes(blake2b(text.encode(), digest_size=6).digest(), "big")


def products(bugs: Iterable[Record]) -> list[Record]:
    """Products with their components, by name."""
    found: dict[str, set[str]] = {}
    for bug in bugs:
        if bug.get("product"):
            found.setdefault(bug["product"], set()).update({bug["component"]} if bug.get("component") else ())
    return [_product(name, sorted(components)) for name, components in sorted(found.items())]


def _product(name: str, components: list[str]) -> Record:
    is_active = "Graveyard" not in name
    shown: list[dict[str, Any]] = [
        {
            "id": _number(f"{name}|{component}"),
            "name": component,
            "description": f"Bugs in {component}",
            "is_active": is_active,
            "sort_key": 0,
        }
        for component in components
    ]
    about = {"description": f"Bugs in {name}", "classification": "Client Software"}
    return {"id": _number(name), "name": name, "is_active": is_active, "components": shown, **about}
