"""What Reps do: events with their automatic reports, reports of their own, and profiles that say a country.

In this community the portal is alive for as long as the world lasts. Hard cases made here: the two reports
that every event makes for its owner, reports of those who signed up, planned events after the end, people
who left (their profile is gone, their events and reports stay), day-only dates, typed places.
"""

from __future__ import annotations

from pipelines.simulation.generator.chance import DAY, HOUR, Chance, moment, stamp
from pipelines.simulation.generator.people import Account, Roster, directory_name
from pipelines.simulation.generator.scale import Scale
from pipelines.simulation.generator.truth import Ledger
from pipelines.simulation.world import Record, RepsWorld

DIRECTORY = "https://mozillians.org/en-US/u/"
BASE = "https://reps.mozilla.org/api/remo/v1/"
MONTH = 30 * DAY
MONTH_NAMES = ("January", "February", "March", "April", "May", "June", "July", "August", "September",
               "October", "November", "December")  # fmt: skip
INITIATIVES = ("Open Web Days", "Local Voices", None)
AREAS = ("Students", "Localization", "Privacy", "Community building")
REPORTS = (
    "Organized a Meetup",
    "Wrote a blog post",
    "Helped at a booth",
    "Mentored a newcomer",
    "Translated",
)
CATEGORIES = ("Meetup", "Workshop", "Conference")


def make(scale: Scale, seed: int, roster: Roster, ledger: Ledger, declared: dict[int, str]) -> RepsWorld:
    """The whole portal; notes contributions and declared countries (of those whose profile is shown)."""
    chance = Chance(seed, 5)
    reps = roster.of("reps")
    stays = [account for account in reps.accounts if account.person and account.person.left > scale.now]
    mentors = stays[:3]
    events: list[Record] = []
    activities: list[Record] = []
    moments = sorted(
        chance.whole(scale.start, scale.now + MONTH)
        for _ in range(round(scale.events_per_month * (scale.now + MONTH - scale.start) / MONTH))
    )
    for at in moments:
        owner = reps.somebody(chance, min(at, scale.end))
        if owner and owner.person:
            start = at - at % HOUR
            number = 101 + 3 * len(events)
            events.append(_event(chance, number, owner, start))
            ledger.act(owner.number, owner.person.number, "reps", "reps_event_organized", start, number)
            guests = [reps.somebody(chance, min(at, scale.end), [owner]) for _ in range(chance.whole(0, 4))]
            passive: list[tuple[str, Account]] = [("Organized an Event", owner), ("Attended an Event", owner)]
            passive += [("Attended an Event", guest) for guest in dict.fromkeys(guests) if guest is not None]
            for activity, attending in passive:
                activities.append(
                    _report(chance, len(activities), attending, activity, start, mentors, events[-1])
                )
    for day in range(scale.start, scale.end, DAY):
        for _ in range(chance.count(scale.reports_per_month * DAY / MONTH)):
            who = reps.somebody(chance, day)
            if who and who.person:
                activity = chance.one(REPORTS)
                activities.append(_report(chance, len(activities), who, activity, day, mentors, None))
                number = int(activities[-1]["_url"].split("/")[-2])
                ledger.act(who.number, who.person.number, "reps", "reps_report", day, number)
    for account in stays:
        if account.person:
            declared[account.number] = account.person.home.code
    people = [_person(account, mentors) for account in stays]
    return RepsWorld(people=people, events=events, activities=activities)


def visible(roster: Roster, scale: Scale) -> set[int]:
    """Accounts whose profile the portal still shows: those of people who have not left."""
    return {
        a.number for a in roster.accounts if a.source == "reps" and a.person and a.person.left > scale.now
    }


def _link(account: Account) -> Record:
    given, family = account.name.split(" ")
    return {
        "first_name": given,
        "last_name": family,
        "display_name": account.username,
        "_url": f"{BASE}users/{account.native_id}/",
    }


def _mentor(account: Account, mentors: list[Account]) -> Record | None:
    others = [mentor for mentor in mentors if mentor is not account]
    return _link(others[account.number % len(others)]) if others else None


def _person(account: Account, mentors: list[Account]) -> Record:
    assert account.person
    home = account.person.home
    groups = ["Rep", "Mentor"] if account in mentors else ["Rep"]
    return {
        **_link(account),
        "date_joined_program": moment(account.person.joined).date().isoformat(),
        "date_left_program": None,
        "city": home.city,
        "region": "",
        "country": home.name,
        "twitter_account": "",
        "jabber_id": "",
        "irc_name": account.username,
        "wiki_profile_url": "",
        "irc_channels": "",
        "linkedin_url": "",
        "facebook_url": "",
        "diaspora_url": "",
        "functional_areas": [{"name": AREAS[account.number % len(AREAS)]}],
        "mobilising_skills": [],
        "mobilising_interests": [],
        "bio": "",
        "mentor": _mentor(account, mentors),
        "mozillians_profile_url": f"{DIRECTORY}{directory_name(account.person)}/"
        if account.person.links
        else "",
        "timezone": home.zone,
        "groups": [{"name": name} for name in groups],
        "remo_url": f"https://reps.mozilla.org/u/{account.username}",
    }


def _event(chance: Chance, number: int, owner: Account, start: int) -> Record:
    assert owner.person
    home = owner.person.home
    return {
        "name": f"{home.city} {chance.one(CATEGORIES)} {number}",
        "description": "An afternoon together.",
        "start": stamp(start),
        "end": stamp(start + chance.whole(2, 30) * HOUR),
        "timezone": home.zone,
        "city": home.city,
        "region": "",
        "country": home.name,
        "lat": home.lat,
        "lon": home.lon,
        "owner": _link(owner),
        "external_link": "",
        "initiative": chance.one(INITIATIVES),
        "categories": [{"name": chance.one(CATEGORIES)}],
        "estimated_attendance": chance.one((10, 20, 50, 100)),
        "planning_pad_url": "",
        "hashtag": "",
        "remo_url": f"https://reps.mozilla.org/e/event-{number}/",
        "_url": f"{BASE}events/{number}/",
    }


def _report(
    chance: Chance,
    place: int,
    who: Account,
    activity: str,
    at: int,
    mentors: list[Account],
    event: Record | None,
) -> Record:
    """A report; one that an event makes by itself is `passive_report` and dated at the event's start."""
    assert who.person
    number, home, day = 5_001 + 2 * place, who.person.home, moment(at).date()
    month = MONTH_NAMES[day.month - 1]
    return {
        "user": _link(who),
        "activity": activity,
        "initiative": event["initiative"] if event else chance.one(INITIATIVES),
        "functional_areas": [{"name": chance.one(AREAS)}],
        "activity_description": "",
        "report_date": day.isoformat(),
        "mentor": _mentor(who, mentors),
        "location": f"{home.city}, {home.name}",
        "longitude": home.lon,
        "latitude": home.lat,
        "link": "",
        "link_description": "",
        "passive_report": event is not None,
        "event": {"name": event["name"], "_url": event["_url"]} if event else None,
        "remo_url": f"https://reps.mozilla.org/u/{who.username}/r/{day.year}/{month}/{day.day}/{number}/",
        "_url": f"{BASE}activities/{number}/",
    }
