"""Mozilla Reps from the recorded archive of the portal.

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
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path

from pipelines.simulation.recorded.files import (
    ONE_DAY,
    Reading,
    found,
    midnight,
    number_of,
    objects,
    reading,
)
from pipelines.simulation.world import Record, RepsWorld, SetAside

SETS = ("reps/reps_joined_*.json", "reps/events_*.jsonl.gz", "reps/activities_*.jsonl.gz")
API = "https://reps.mozilla.org/api/remo/v1/"
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


def read(directory: Path, sets: tuple[str, ...] = SETS) -> Reading[RepsWorld]:
    """The Reps' part of a recorded directory. Raises ValueError for a file not in its set's form.

    sets: patterns of the files of people, events and activities.
    now: the end of the last day on which an event started or an activity is dated while the portal lived.
    """
    of_people, of_events, of_activities = (found(directory, pattern) for pattern in sets)
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
    part = RepsWorld([people.profile(one) for one in people.people], events, activities)
    counted = [SetAside("reps", name, why, n) for (name, why), n in sorted(aside.items()) if n]
    return Reading(part, counted, None, clock(part))


def clock(part: RepsWorld) -> datetime | None:
    """The midnight after the last day of the recording that lies in the portal's life; None without any."""
    days = [date.fromisoformat(str(one["start"])[:10]) for one in part.events if one["start"]]
    days += [date.fromisoformat(one["report_date"][:10]) for one in part.activities]
    past = [day for day in days if day <= CLOSED_ON]
    return midnight(max(past)) + ONE_DAY if past else None
