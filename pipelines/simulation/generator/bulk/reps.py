"""Reps in bulk: a month's events with the reports they make by themselves, reports of their own, and
profiles.

In this community the portal is alive for as long as the world lasts. Some hundred thousand records at most,
so that they are made as native records alone and become the lake's rows by the stream's own rules.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from pipelines.simulation.generator.bulk.crowd import Crowd
from pipelines.simulation.generator.bulk.draws import NOBODY, Array, Pool, rng_of, stamps
from pipelines.simulation.generator.bulk.places import PLACES
from pipelines.simulation.generator.chance import DAY, HOUR, moment
from pipelines.simulation.generator.reps import (
    AREAS,
    BASE,
    CATEGORIES,
    DIRECTORY,
    INITIATIVES,
    MONTH_NAMES,
    REPORTS,
)
from pipelines.simulation.world import Record
from pipelines.sources.spec import trailing_number

SYSTEM = 5
EVENTS_A_MONTH, ACTIVITIES_A_MONTH = 10_000, 100_000
MENTORS_SHARE = 20
"""One in so many of those who are there is a mentor."""


@dataclass
class Month:
    """Native records, and the acts among them: (event type, account, moment, number)."""

    events: list[Record] = field(default_factory=list)
    activities: list[Record] = field(default_factory=list)
    acts: list[tuple[str, int, int, int]] = field(default_factory=list)


def pool(crowd: Crowd) -> Pool:
    return crowd.pool("reps", "everybody", crowd.accounts["reps"].weight)


def mentors(crowd: Crowd) -> Array:
    """The mentors: every so-many-th of those who have not left."""
    here = np.flatnonzero(visible(crowd))
    return here[::MENTORS_SHARE] if len(here) else here


def visible(crowd: Crowd) -> Array:
    """Accounts whose profile the portal still shows: those of people who have not left."""
    return crowd.accounts["reps"].left > crowd.size.now


def named(crowd: Crowd, made: Iterable[Month]) -> Array:
    """Accounts that an event or a report shows by name, also of people who have left since."""
    records = [
        link for month in made for link in (
            *(event["owner"] for event in month.events), *(report["user"] for report in month.activities)
        )
    ]  # fmt: skip
    numbers = {trailing_number(record["_url"]) for record in records}
    return np.flatnonzero(np.isin(crowd.accounts["reps"].native, sorted(numbers)))


def draw(crowd: Crowd, month: int) -> Month:
    rng, everybody = rng_of(crowd.seed, SYSTEM, month), pool(crowd)
    opened = crowd.opened("reps")
    start, end = int(crowd.calendar.starts[month]), int(crowd.calendar.ends[month])
    visits = crowd.visits["reps"].within(start, end)
    if end <= opened:
        return Month()
    share, teachers, made = crowd.calendar.share(month, opened), mentors(crowd), Month()
    is_last = month == len(crowd.calendar) - 1
    count = int(rng.poisson(crowd.size.events * share))
    starts = np.maximum(opened, crowd.calendar.moments(rng, month, count)) // HOUR * HOUR
    owners = everybody.pick(rng, starts)
    if is_last and (owners >= 0).any():
        planned = crowd.size.now + rng.integers(1, 30, 3) * DAY // HOUR * HOUR
        starts, owners = np.r_[starts, planned], np.r_[owners, np.repeat(owners[owners >= 0][0], 3)]
    for turn, (owner, at) in enumerate(zip(owners.tolist(), starts.tolist(), strict=True)):
        if owner >= 0:
            number = 101 + month * EVENTS_A_MONTH + turn
            event = _event(crowd, rng, number, owner, at)
            made.events.append(event)
            made.acts.append(("reps_event_organized", owner, at, number))
            guests = everybody.pick(
                rng, np.full(int(rng.integers(0, 4)), min(at, end - 1)), but=None
            ).tolist()
            attending = [("Organized an Event", owner), ("Attended an Event", owner)]
            attending += [
                ("Attended an Event", guest)
                for guest in dict.fromkeys(guests)
                if guest not in (owner, NOBODY)
            ]
            for activity, who in attending:
                _report(crowd, rng, made, month, who, activity, at, teachers, event)
    days = (
        np.maximum(opened, crowd.calendar.moments(rng, month, int(rng.poisson(crowd.size.reports * share))))
        // DAY
        * DAY
    )
    who = everybody.pick(rng, days + DAY // 2)
    for at, account in zip(
        np.r_[days, visits.at // DAY * DAY].tolist(), np.r_[who, visits.account].tolist(), strict=True
    ):
        if account >= 0:
            activity = REPORTS[int(rng.integers(0, len(REPORTS)))]
            _report(crowd, rng, made, month, account, activity, at, teachers, None)
    if len(made.events) >= EVENTS_A_MONTH or len(made.activities) >= ACTIVITIES_A_MONTH:
        raise ValueError(f"Month {month} holds more events or reports than there are numbers for.")
    return made


def _link(crowd: Crowd, account: int) -> Record:
    own, people = crowd.accounts["reps"], crowd.people
    person = own.person[account]
    return {
        "first_name": people.given[person],
        "last_name": people.family[person],
        "display_name": own.handle[account],
        "_url": f"{BASE}users/{own.native[account]}/",
    }


def _mentor(crowd: Crowd, account: int, teachers: Array) -> Record | None:
    if not len(teachers):
        return None
    chosen = int(teachers[account % len(teachers)])
    return None if chosen == account else _link(crowd, chosen)


def _event(crowd: Crowd, rng: np.random.Generator, number: int, owner: int, start: int) -> Record:
    home = PLACES[crowd.people.place[crowd.accounts["reps"].person[owner]]]
    category = CATEGORIES[int(rng.integers(0, len(CATEGORIES)))]
    begins, ends = stamps(np.array([start, start + int(rng.integers(2, 30)) * HOUR]), "s").to_pylist()
    return {
        "name": f"{home.city} {category} {number}",
        "description": "An afternoon together.",
        "start": begins,
        "end": ends,
        "timezone": home.zone,
        "city": home.city,
        "region": "",
        "country": home.name,
        "lat": home.lat,
        "lon": home.lon,
        "owner": _link(crowd, owner),
        "external_link": "",
        "initiative": INITIATIVES[int(rng.integers(0, len(INITIATIVES)))],
        "categories": [{"name": category}],
        "estimated_attendance": int(rng.choice((10, 20, 50, 100))),
        "planning_pad_url": "",
        "hashtag": "",
        "remo_url": f"https://reps.mozilla.org/e/event-{number}/",
        "_url": f"{BASE}events/{number}/",
    }


def _report(
    crowd: Crowd,
    rng: np.random.Generator,
    made: Month,
    month: int,
    who: int,
    activity: str,
    at: int,
    teachers: Array,
    event: Record | None,
) -> None:
    """A report; one that an event makes by itself is `passive_report` and dated at the event's start."""
    number = 5_001 + month * ACTIVITIES_A_MONTH + len(made.activities)
    own = crowd.accounts["reps"]
    home, day = PLACES[crowd.people.place[own.person[who]]], moment(at).date()
    on = f"{day.year}/{MONTH_NAMES[day.month - 1]}/{day.day}"
    made.activities.append(
        {
            "user": _link(crowd, who),
            "activity": activity,
            "initiative": event["initiative"]
            if event
            else INITIATIVES[int(rng.integers(0, len(INITIATIVES)))],
            "functional_areas": [{"name": AREAS[int(rng.integers(0, len(AREAS)))]}],
            "activity_description": "",
            "report_date": day.isoformat(),
            "mentor": _mentor(crowd, who, teachers),
            "location": f"{home.city}, {home.name}",
            "longitude": home.lon,
            "latitude": home.lat,
            "link": "",
            "link_description": "",
            "passive_report": event is not None,
            "event": {"name": event["name"], "_url": event["_url"]} if event else None,
            "remo_url": f"https://reps.mozilla.org/u/{own.handle[who]}/r/{on}/{number}/",
            "_url": f"{BASE}activities/{number}/",
        }
    )
    if event is None:
        made.acts.append(("reps_report", who, at, number))


def people(crowd: Crowd) -> list[Record]:
    """The profiles that the portal shows."""
    own, teachers = crowd.accounts["reps"], mentors(crowd)
    teaches = set(teachers.tolist())
    found = []
    for account in np.flatnonzero(visible(crowd)).tolist():
        person = int(own.person[account])
        home = PLACES[crowd.people.place[person]]
        linked = crowd.people.links[person]
        found.append(
            {
                **_link(crowd, account),
                "date_joined_program": moment(int(own.joined[account])).date().isoformat(),
                "date_left_program": None,
                "city": home.city,
                "region": "",
                "country": home.name,
                "twitter_account": "",
                "jabber_id": "",
                "irc_name": own.handle[account],
                "wiki_profile_url": "",
                "irc_channels": "",
                "linkedin_url": "",
                "facebook_url": "",
                "diaspora_url": "",
                "functional_areas": [{"name": AREAS[account % len(AREAS)]}],
                "mobilising_skills": [],
                "mobilising_interests": [],
                "bio": "",
                "mentor": _mentor(crowd, account, teachers),
                "mozillians_profile_url": f"{DIRECTORY}{crowd.people.directory(person)}/" if linked else "",
                "timezone": home.zone,
                "groups": [
                    {"name": name} for name in (("Rep", "Mentor") if account in teaches else ("Rep",))
                ],
                "remo_url": f"https://reps.mozilla.org/u/{own.handle[account]}",
            }
        )
    return found
