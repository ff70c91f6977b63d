"""Mozilla Reps from the archive files of the portal, which is gone: what a live run reads of it today.

    reps_joined_*  -> people      current Reps and alumni; the portal lists the former only, but who left
                                  before the recording is no less a Rep of the years before
    events_*       -> events
    activities_*   -> activities  every row, in the order of the file: real repeats and double submissions
                                  cannot be told apart

Numbers. Events have theirs. People have one where their address is given as a mentor's; else it is made of
the display name and is the same in every set. Two spellings stay two people. Activities have none: they are
numbered in order. Owner of an event: who is listed as organiser, else who is listed first (in long
lists nobody has a role; the first is the organiser), null where nobody is listed. Where a name was recorded
whole, it is the first name. `start` and `end`, where the portal's interface did not give them, are those of
the event's page (UTC). Days of the programme are given without the midnight that alumni have.

`passive_report` marks the three activities that the portal writes by itself (its program, remo
`reports/models.py` and `events/forms.py`): organising and attending an event, and the numbers after it.
Empty as the interface gives it: texts "", initiative, mentor and event null, no functional area.

Set aside, counted: attendances beyond the owner (the interface shows no attendee). `reports_*` holds at
most the ten latest reports of each person, partly the same acts as `activities_*` and without a common key;
the clubs' event sheet is of another programme: neither is read.

`Archive` answers the portal's paths from these files, so that feeds, gates and hashes are the same as for the
portal itself. Its clock is the end of the last day that the files know: nothing later is claimed to have been
read. Not in here: how the portal is asked (`reps.py`), the simulated portal, which knows more of its manners.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from pipelines.sources.archive_files import found, number_of, objects, reading
from pipelines.sources.http import SourceDenied, SourceDown
from pipelines.sources.spec import Answer, Spent, trailing_number
from pipelines.sources.walks.common import DAY, midnight
from pipelines.sources.walks.lists import PAGE_ITEMS

Record = dict[str, Any]

FILES = ("reps_joined_*.json", "events_*.jsonl.gz", "activities_*.jsonl.gz")
"""Patterns of the files of people, events and activities."""

PATH = "/api/remo/v1/"
API = f"https://reps.mozilla.org{PATH}"
CLOSED_ON = date(2020, 10, 31)
"""The portal's last day; days typed beyond it are plans or slips and do not move its clock."""
PASSIVE = frozenset({"Organized an Event", "Attended an Event", "Completed post-event metrics"})
ORGANISER = "Organizer"

ATTENDANCES = "attendance: the interface shows nobody but the owner"
REPEATED = "the same record again in these files"

EMPTY_PERSON: Record = {
    "first_name": "", "last_name": "", "display_name": "", "date_joined_program": None,
    "date_left_program": None, "city": "", "region": "", "country": "", "twitter_account": "",
    "jabber_id": "", "irc_name": "", "wiki_profile_url": "", "irc_channels": "", "linkedin_url": "",
    "facebook_url": "", "diaspora_url": "", "functional_areas": [], "mobilising_skills": [],
    "mobilising_interests": [], "bio": "", "mentor": None, "mozillians_profile_url": "", "timezone": "",
    "groups": [], "remo_url": "",
}  # fmt: skip


class _People:
    """Who is who: a number for every display name, and the names to show with it."""

    def __init__(self, recorded: Iterable[Record]) -> None:
        self.people = list(recorded)
        mentors = [person["mentor"] for person in self.people if person.get("mentor")]
        self.numbers = {m["display_name"]: int(m["_url"].rstrip("/").rpartition("/")[2]) for m in mentors}
        self.names = {person["display_name"]: self._names(person) for person in self.people}

    @staticmethod
    def _names(person: Record) -> tuple[str, str]:
        return person.get("first_name") or person.get("full_name") or "", person.get("last_name") or ""

    def url(self, display_name: str) -> str:
        number = self.numbers.get(display_name) or number_of("rep", display_name)
        return f"{API}users/{number}/"

    def linked(self, display_name: str, full_name: str | None = None) -> Record:
        """A person inside another record."""
        first, last = self.names.get(display_name, (full_name or "", ""))
        return {
            "first_name": first,
            "last_name": last,
            "display_name": display_name,
            "_url": self.url(display_name),
        }

    def profile(self, recorded: Record) -> Record:
        known = {
            name: value for name, value in recorded.items() if name in EMPTY_PERSON and value is not None
        }
        first, last = self._names(recorded)
        url = self.url(recorded["display_name"])
        for name in ("date_joined_program", "date_left_program"):
            if name in known:
                known[name] = known[name][:10]
        return {**EMPTY_PERSON, **known, "first_name": first, "last_name": last, "_url": url}


def at_utc(moment: str | None, on_page: str | None) -> str | None:
    """The interface's stamp, else that of the event's page, which is UTC without saying so."""
    return moment or (f"{on_page}Z" if on_page else None)


def event(recorded: Record, people: _People) -> Record:
    """An event as its detail call answers it."""
    attendees = recorded["attendees"]
    owner = next(
        (one for one in attendees if one.get("role") == ORGANISER), attendees[0] if attendees else None
    )
    attendance = recorded.get("estimated_attendance")
    texts = (
        "name",
        "description",
        "timezone",
        "city",
        "region",
        "country",
        "external_link",
        "planning_pad_url",
        "hashtag",
    )
    return {
        **{name: recorded.get(name) or "" for name in texts},
        "start": at_utc(recorded.get("start"), recorded.get("start_utc_page")),
        "end": at_utc(recorded.get("end"), recorded.get("end_utc_page")),
        "lat": float(recorded["lat"]) if recorded.get("lat") else None,
        "lon": float(recorded["lon"]) if recorded.get("lon") else None,
        "owner": people.linked(owner["display_name"], owner.get("full_name")) if owner else None,
        "initiative": recorded.get("initiative") or None,
        "categories": [{"name": name} for name in recorded.get("categories") or ()],
        "estimated_attendance": int(attendance) if attendance else None,
        "remo_url": f"https://reps.mozilla.org/e/{recorded['slug']}/",
        "_url": f"{API}events/{int(recorded['id'])}/",
    }


def activity(number: int, recorded: Record, people: _People) -> Record:
    """An activity as its detail call answers it."""
    return {
        "user": people.linked(recorded["user"]),
        "activity": recorded["activity"],
        "initiative": recorded.get("initiative") or None,
        "functional_areas": [],
        "activity_description": recorded.get("activity_description") or "",
        "report_date": recorded["report_date"],
        "mentor": None,
        "location": "",
        "longitude": None,
        "latitude": None,
        "link": "",
        "link_description": "",
        "passive_report": recorded["activity"] in PASSIVE,
        "event": None,
        "remo_url": "",
        "_url": f"{API}activities/{number}/",
    }


def distinct(recorded: list[tuple[str, Record]], key: str, aside: Counter[tuple[str, str]]) -> list[Record]:
    """The records by key, the last of each; the others counted."""
    kept: dict[object, tuple[str, Record]] = {}
    for input_set, record in recorded:
        if record[key] in kept:
            aside[kept[record[key]][0], REPEATED] += 1
        kept[record[key]] = input_set, record
    return [record for _, record in kept.values()]


@dataclass(frozen=True)
class Portal:
    """Detail records as the portal answered them, each with its `_url`.

    now: the end of the last day (UTC) on which an event started or an activity is dated while the portal
    lived; None without any. aside: (file, reason) -> records that are not read.
    """

    people: list[Record]
    events: list[Record]
    activities: list[Record]
    now: datetime | None
    aside: Counter[tuple[str, str]]


def read(folder: Path) -> Portal:
    """The portal of a folder of archive files. Raises ValueError for a file not in its set's form."""
    of_people, of_events, of_activities = (found(folder, pattern) for pattern in FILES)
    aside: Counter[tuple[str, str]] = Counter()
    profiles: list[tuple[str, Record]] = []
    for path in of_people:
        with reading(path):
            profiles += [(path.name, one) for one in json.loads(path.read_text(encoding="utf-8"))]
            people = _People(distinct(profiles, "display_name", Counter()))
    people = _People(distinct(profiles, "display_name", aside))
    recorded_events: list[tuple[str, Record]] = []
    events: list[Record] = []
    for path in of_events:
        with reading(path):
            recorded_events += [(path.name, one) for one in objects(path)]
            aside[path.name, ATTENDANCES] += sum(
                len(one["attendees"]) - 1
                for name, one in recorded_events
                if name == path.name and one["attendees"]
            )
    for one in sorted(distinct(recorded_events, "id", aside), key=lambda one: int(one["id"])):
        events.append(event(one, people))
    activities: list[Record] = []
    for path in of_activities:
        with reading(path):
            activities += [
                activity(number, one, people) for number, one in enumerate(objects(path), len(activities) + 1)
            ]
    profiles_of_all = [people.profile(one) for one in people.people]
    return Portal(profiles_of_all, events, activities, clock(events, activities), aside)


def clock(events: list[Record], activities: list[Record]) -> datetime | None:
    """The midnight after the last day of the files that lies in the portal's life; None without any."""
    days = [date.fromisoformat(str(one["start"])[:10]) for one in events if one["start"]]
    days += [date.fromisoformat(one["report_date"][:10]) for one in activities]
    past = [day for day in days if day <= CLOSED_ON]
    return midnight(max(past)) + DAY if past else None


# --- Asked like the portal ------------------------------------------------------------------------


class Archive:
    """Answers the portal's paths from a folder of archive files: a `Connection` without a network.

    A list is in the order of the files, whatever order is asked for: nothing moves while it is read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.spent = folder, Spent()
        self._read: tuple[dict[str, dict[int, Record]], datetime] | None = None

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing stays open."""

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Answer:
        """One answer. Raises SourceDenied for a page or record there is not, SourceDown for the files."""
        records, now = self._read = self._read or self._portal()
        address = urlsplit(path)
        asked = {**dict(parse_qsl(address.query)), **(params or {})}
        name, _, number = address.path.removeprefix(PATH).strip("/").partition("/")
        if name not in records or (number and int(number) not in records[name]):
            raise SourceDenied(404, "Not found.", path)
        if not number:
            return Answer(_page(list(records[name].values()), int(asked.get("page", 1)), path), now, path)
        record = records[name][int(number)]
        return Answer({field: value for field, value in record.items() if field != "_url"}, now, path)

    def get_many(self, paths: Iterable[str]) -> Iterator[tuple[str, Answer | Exception]]:
        """Answers in the order of `paths`; errors are yielded."""
        for path in paths:
            try:
                yield path, self.get(path)
            except (SourceDenied, SourceDown) as error:
                yield path, error

    def _portal(self) -> tuple[dict[str, dict[int, Record]], datetime]:
        """Path -> number -> record, and the clock."""
        try:
            portal = read(self.folder)
        except ValueError as error:  # names the file, and quotes nothing of it
            raise SourceDown(str(error)) from None
        if portal.now is None:
            raise SourceDown(f"{self.folder}: no archive of the portal here; expected {', '.join(FILES)}")
        kinds = {"users": portal.people, "events": portal.events, "activities": portal.activities}
        return {
            name: {trailing_number(one["_url"]): one for one in rows} for name, rows in kinds.items()
        }, portal.now


def _page(records: list[Record], page: int, path: str) -> Record:
    """A page of a list as the portal gave it; past the end there is none."""
    shown = records[(page - 1) * PAGE_ITEMS : page * PAGE_ITEMS]
    if not shown and page != 1:
        raise SourceDenied(404, f'Invalid page "{page}": That page contains no results.', path)
    more = f"{path}?page={page + 1}" if page * PAGE_ITEMS < len(records) else None
    return {"count": len(records), "next": more, "results": [{"_url": one["_url"]} for one in shown]}
