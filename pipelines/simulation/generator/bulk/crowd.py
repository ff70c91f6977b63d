"""Who there is in a large community: people as columns, their accounts by system, and what is planted.

    people      country, language, time of coming and going, energy, affiliation, what they were made to show
    accounts    one table a system: whose, since when, under which number, log-in and shown name
    visits      acts that must happen, by account and moment: a newcomer's first act, the act that shows
                that a newcomer stayed, and the habits of those who were made to be (or nearly be) of the
                persona

Evidence and traps of identity: the same nick in several systems, or a variant of it, or another one; the same
local part of a mail address; different people with one name in one country; second accounts; closed ones.
What they do is told in the systems' own modules.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pipelines.simulation.generator.bulk.draws import NOBODY, Array, Calendar, Pool, rng_of
from pipelines.simulation.generator.bulk.places import (
    CODES,
    DECLINING,
    GROWING,
    LESS_KEPT,
    PLACES,
    REGIONS,
)
from pipelines.simulation.generator.bulk.size import Size
from pipelines.simulation.generator.chance import DAY, instant, moment
from pipelines.simulation.generator.people import SYLLABLES
from pipelines.sources import SOURCES

SYSTEMS = ("bugzilla", "pontoon", "sumo", "reps", "discourse")
CONTRIBUTOR, ASKER, SPAMMER = 0, 1, 2
KINDS = ("contributor", "asker", "spammer")
VOLUNTEER, STAFF, VENDOR = 0, 1, 2
AFFILIATIONS = ("volunteer", "staff", "vendor")

STAYS, STAYS_LESS = 0.36, 0.2
"""Share of newcomers who still contribute 90 to 180 days later: everywhere, and in the one region that
differs."""

CHANGED_BEFORE_END = 540 * DAY
"""So long before the end the declining region begins to lose people, and the growing one to gain them."""

MEMBER, ONE_AREA, FEW_MONTHS, FEW_DAYS, ON_THE_STAFF = 1, 2, 3, 4, 5
PLANTED = (None, "member", "one area", "five months", "few days", "staff")
"""What people were made to show of the persona (catalogue: `mdm_contributors`): all of it, or all but one
thing."""

COMMENT, PATCH = 0, 1
"""What a visit to Bugzilla is."""


@dataclass
class People:
    """One row a person, whose number is the place plus one.

    affiliation: what they are from `hired` to `let_go`, before and after it volunteers. stays: whether a
    newcomer was meant to stay. planted: place in PLANTED. namesake: another person of the same name and
    country.
    """

    kind: Array
    place: Array
    locale: Array
    affiliation: Array
    hired: Array
    let_go: Array
    joined: Array
    left: Array
    energy: Array
    declares: Array
    links: Array
    stays: Array
    planted: Array
    namesake: Array
    given: list[str] = field(default_factory=list)
    family: list[str] = field(default_factory=list)
    nick: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.kind)

    @property
    def region(self) -> Array:
        return REGION_OF_PLACE[self.place]

    def directory(self, person: int) -> str:
        """The user name in the people directory."""
        return f"{self.given[person]}-{self.family[person]}-{person + 1}".lower()


REGION_OF_PLACE = np.array([REGIONS.index(place.region) for place in PLACES])


@dataclass
class Accounts:
    """One row an account of a system; person NOBODY: a machine. joined, left: of its person, and not before
    the system opened. number: in the truth. handle: the log-in. shown: the display name, empty for none."""

    person: Array
    native: Array
    number: Array
    joined: Array
    left: Array
    weight: Array
    visible: Array
    handle: list[str]
    shown: list[str]

    def __len__(self) -> int:
        return len(self.person)


@dataclass
class Visits:
    """Acts that must happen in one system: account, moment, and for Bugzilla what (COMMENT or PATCH)."""

    account: Array
    at: Array
    what: Array

    def within(self, start: int, end: int) -> Visits:
        here = (self.at >= start) & (self.at < end)
        return Visits(self.account[here], self.at[here], self.what[here])


@dataclass
class Crowd:
    size: Size
    seed: int
    calendar: Calendar
    people: People
    accounts: dict[str, Accounts]
    visits: dict[str, Visits]
    _pools: dict[tuple[str, str], Pool] = field(default_factory=dict)

    def opened(self, source: str) -> int:
        """From when a system can be used here: microseconds UTC."""
        began = SOURCES[source].opened_on
        return max(self.size.start, (began.toordinal() - 719_163) * DAY)

    def pool(self, source: str, name: str, weight: Array, group: Array | None = None) -> Pool:
        """A pool over all accounts of a system, made once under its name."""
        if (source, name) not in self._pools:
            own = self.accounts[source]
            self._pools[source, name] = Pool(self.calendar, own.joined, own.left, weight, own.person, group)
        return self._pools[source, name]

    def of_person(self, source: str, column: str, otherwise: Any) -> Array:
        """A column of people for each account of a system."""
        own = self.accounts[source]
        values = getattr(self.people, column)[np.maximum(own.person, 0)]
        return np.where(own.person < 0, otherwise, values)


def make_crowd(size: Size, seed: int) -> Crowd:
    calendar = Calendar(size)
    people = _people(size, calendar, rng_of(seed, 101))
    _name(people, rng_of(seed, 102))
    crowd = Crowd(size, seed, calendar, people, {}, {})
    chosen = _systems(crowd, rng_of(seed, 103))
    number = 0
    for place, source in enumerate(SYSTEMS):
        crowd.accounts[source] = _accounts(crowd, source, chosen[source], number, rng_of(seed, 104, place))
        number += len(crowd.accounts[source])
    crowd.visits = _visits(crowd, chosen["main"], chosen["second"], rng_of(seed, 105))
    return crowd


# --- People ----------------------------------------------------------------------------------------


def _people(size: Size, calendar: Calendar, rng: np.random.Generator) -> People:
    spammers = 4 + size.askers // 2_000
    total = size.contributors + size.askers + spammers
    kind = np.repeat([CONTRIBUTOR, ASKER, SPAMMER], [size.contributors, size.askers, spammers])
    works = kind == CONTRIBUTOR
    weights = np.array([place.weight for place in PLACES])
    place = rng.choice(len(PLACES), total, p=weights / weights.sum())
    share = rng.random(total)
    affiliation = np.where(share < 0.07, STAFF, np.where(share < 0.09, VENDOR, VOLUNTEER))
    affiliation[~works] = VOLUNTEER
    energy = np.exp(np.where(works, 1.3, 0.8) * rng.standard_normal(total))
    energy *= np.where(affiliation == STAFF, 3.0, 1.0)
    region = REGION_OF_PLACE[place]
    joined = _arrivals(size, calendar, rng, region)
    before = works & (rng.random(total) < 0.1)
    joined[before] = size.start - rng.integers(30, 1_500, before.sum()) * DAY
    stays = rng.random(total) < np.where(region == REGIONS.index(LESS_KEPT), STAYS_LESS, STAYS)
    stays |= before | (affiliation != VOLUNTEER)
    once = rng.random(total) < 0.55
    early = np.where(once, rng.integers(1, 4, total), rng.integers(4, 80, total)) * DAY
    long = 181 * DAY + (rng.exponential(900, total) * DAY).astype(np.int64)
    left = joined + np.where(stays, long, early)
    left[before] = size.start + (rng.exponential(1_200, before.sum()) * DAY).astype(np.int64) + DAY
    left[~works] = joined[~works] + 10 * DAY + (rng.exponential(500, (~works).sum()) * DAY).astype(np.int64)
    left[kind == SPAMMER] = size.end
    energy *= np.where(works & ~stays, 0.3, 1.0)
    turn = size.end - CHANGED_BEFORE_END
    settled = works & (region == REGIONS.index(DECLINING)) & (joined < turn - 365 * DAY) & (left > turn)
    leaving = settled & (rng.random(total) < 0.65)
    left[leaving] = turn + rng.integers(0, 300, leaving.sum()) * DAY
    locale = np.array([CODES.index(p.locale) if p.locale in CODES else NOBODY for p in PLACES])[place]
    abroad = locale < 0
    locale[abroad] = rng.choice([CODES.index(code) for code in ("es", "de", "fr")], abroad.sum())
    people = People(
        kind=kind,
        place=place,
        locale=locale,
        affiliation=affiliation,
        hired=np.zeros(total, np.int64),
        let_go=np.zeros(total, np.int64),
        joined=joined,
        left=left,
        energy=energy,
        declares=rng.random(total) < np.where(works, 0.75, 0.15),
        links=works & (rng.random(total) < 0.4),
        stays=stays,
        planted=np.zeros(total, np.int64),
        namesake=np.full(total, NOBODY),
    )
    _plant(size, people, rng)
    _employ(people, rng)
    return people


def _employ(people: People, rng: np.random.Generator) -> None:
    """Some staff were volunteers first, some are let go and go on as volunteers."""
    total = len(people)
    free = people.planted == 0
    late = np.where(free & (rng.random(total) < 0.3), rng.integers(100, 700, total) * DAY, 0)
    people.hired = np.minimum(people.joined + late, people.left - 1)
    term = 200 * DAY + (rng.exponential(700, total) * DAY).astype(np.int64)
    ends = free & (rng.random(total) < 0.3)
    people.let_go = np.where(ends, np.minimum(people.hired + term, people.left), people.left)
    for column in (people.hired, people.let_go):
        column[:] = np.where(people.affiliation == VOLUNTEER, people.joined, column // DAY * DAY)


def _arrivals(size: Size, calendar: Calendar, rng: np.random.Generator, region: Array) -> Array:
    """When each comes: more in lively months; fewer (or more) lately where a region declines (or grows)."""
    late = calendar.ends > size.end - CHANGED_BEFORE_END
    joined = np.zeros(len(region), np.int64)
    for number, name in enumerate(REGIONS):
        factor = {DECLINING: 0.45, GROWING: 2.2}.get(name, 1.0)
        weights = calendar.weights * np.where(late, factor, 1.0)
        here = np.flatnonzero(region == number)
        month = rng.choice(len(calendar), len(here), p=weights / weights.sum())
        start, end = calendar.starts[month], calendar.ends[month]
        joined[here] = start + (rng.random(len(here)) * (end - start)).astype(np.int64)
    return joined


def _plant(size: Size, people: People, rng: np.random.Generator) -> None:
    """People of the persona and near misses: they do what their habit says, and nothing else."""
    wanted = max(12, size.contributors // 50)
    each = max(3, wanted // 8)
    volunteers = np.flatnonzero((people.kind == CONTRIBUTOR) & (people.affiliation == VOLUNTEER))
    chosen = rng.permutation(volunteers)[: wanted + 4 * each]
    people.planted[chosen] = np.repeat(
        [MEMBER, ONE_AREA, FEW_MONTHS, FEW_DAYS, ON_THE_STAFF], [wanted, each, each, each, each]
    )
    people.affiliation[people.planted == ON_THE_STAFF] = STAFF
    joined = size.end - rng.integers(800, 1_800, len(chosen)) * DAY
    people.joined[chosen] = np.maximum(joined, size.start - 30 * DAY)
    people.left[chosen], people.energy[chosen] = size.now + DAY, 0.0
    people.stays[chosen], people.declares[chosen] = True, True


# --- Names -----------------------------------------------------------------------------------------


FORMS_OF_NICK = (0.25, 0.15, 0.25, 0.25, 0.05, 0.05)
"""How nicks are made of names, the last two hardly or not at all: who goes by one of these under a full name
elsewhere cannot be recognised."""

OTHER_NICK, UNLIKE_ANY = 0.05, 0.01
"""Shares of accounts under another than one's usual nick, and among them under one like none of one's own, as
in the small community (people.py)."""


def _name(people: People, rng: np.random.Generator) -> None:
    """Names by a heavy-tailed choice, so that some are shared; some people get another's name and country."""
    total = len(people)
    given = _pool_of_names(rng, 3_000)
    family = _pool_of_names(rng, 30_000)
    first = (rng.zipf(1.25, total) - 1 + rng.integers(0, 1_000, total)) % len(given)
    last = (rng.zipf(1.2, total) - 1 + rng.integers(0, 20_000, total)) % len(family)
    workers = np.flatnonzero((people.kind == CONTRIBUTOR) & (people.planted == 0))
    alike = rng.permutation(workers)[: 2 * (len(workers) // 200)].reshape(2, -1)
    for column in (first, last, people.place, people.locale):
        column[alike[1]] = column[alike[0]]
    people.namesake[alike[1]] = alike[0]
    people.given = [given[place] for place in first]
    people.family = [family[place] for place in last]
    form = rng.choice(6, total, p=FORMS_OF_NICK)
    digits = rng.integers(2, 99, total)
    other = rng.integers(0, len(SYLLABLES), (total, 3))
    for person in range(total):
        one, two = people.given[person].lower(), people.family[person].lower()
        people.nick.append((
            one + two[:2], one[:1] + two, f"{one}.{two}", f"{two}{digits[person]}",
            one[:3] + SYLLABLES[other[person, 0]], "".join(SYLLABLES[n] for n in other[person]),
        )[form[person]])  # fmt: skip


def _pool_of_names(rng: np.random.Generator, count: int) -> list[str]:
    """Names of two to four syllables, each once."""
    parts = rng.integers(0, len(SYLLABLES), (2 * count, 4))
    long = rng.integers(2, 5, 2 * count)
    made = dict.fromkeys(
        "".join(SYLLABLES[n] for n in row[:length]).capitalize()
        for row, length in zip(parts, long, strict=True)
    )
    return list(made)[:count]


# --- Accounts --------------------------------------------------------------------------------------

MAIN = {"bugzilla": 0.26, "pontoon": 0.3, "sumo": 0.38, "reps": 0.06}
MORE = {"bugzilla": 0.2, "pontoon": 0.14, "sumo": 0.22, "reps": 0.05, "discourse": 0.14}
STAFF_MORE = {"bugzilla": 0.5, "pontoon": 0.05, "sumo": 0.1, "reps": 0.0, "discourse": 0.5}
HABITS = (
    ("sumo", "pontoon"),
    ("sumo", "bugzilla"),
    ("pontoon", "bugzilla"),
    ("bugzilla", "bugzilla"),
    ("sumo", "reps"),
)
"""Systems of the two areas of those who were planted; twice Bugzilla is comments and patches."""


def _systems(crowd: Crowd, rng: np.random.Generator) -> dict[str, Array]:
    """source -> people with an account there (twice: two accounts), `main` and `second`: places in
    SYSTEMS."""
    people = crowd.people
    total, works = len(people), people.kind == CONTRIBUTOR
    opened = np.array([crowd.opened(source) for source in SYSTEMS])
    shares = np.array([MAIN.get(source, 0.0) for source in SYSTEMS])
    open_then = opened[None, :] <= np.maximum(people.joined, crowd.size.start)[:, None]
    weights = np.where(open_then, shares, 0.0)
    weights[people.affiliation != VOLUNTEER] *= np.array([6.0, 0.5, 0.4, 0.0, 1.0])
    heights = np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)
    main = np.minimum((rng.random(total)[:, None] > heights).sum(axis=1), len(SYSTEMS) - 2)
    main[~works] = SYSTEMS.index("sumo")
    second = np.full(total, NOBODY)
    planted = np.flatnonzero(people.planted)
    pairs = np.array([[SYSTEMS.index(source) for source in pair] for pair in HABITS])
    habit = pairs[rng.integers(0, len(pairs), len(planted))]
    main[planted], second[planted] = habit[:, 0], habit[:, 1]
    found: dict[str, Array] = {"main": main, "second": second}
    staff = people.affiliation != VOLUNTEER
    for place, source in enumerate(SYSTEMS):
        more = np.where(staff, STAFF_MORE[source], MORE[source])
        more = np.where(works, more, {"bugzilla": 0.12}.get(source, 0.0))
        more[planted] = 0.0
        has = (main == place) | (second == place) | (rng.random(total) < more)
        has &= people.left > opened[place]
        twice = (
            has
            & works
            & (people.planted == 0)
            & (rng.random(total) < {"bugzilla": 0.03, "sumo": 0.01}.get(source, 0))
        )
        found[source] = np.concatenate([np.flatnonzero(has), np.flatnonzero(twice)])
    return found


NUMBERS = {"bugzilla": 700_000, "pontoon": 400, "sumo": 1_000, "reps": 20, "discourse": 4_001}
DOMAINS = ("example.org", "example.com", "mail.example.net", "post.example.org")
MACHINES = {
    "bugzilla": (
        (690_001, "tidy-bot@mozilla.tld", "Tidy Bot"),
        (690_002, "landing-bot@bmo.tld", "Landing Bot"),
    ),
    "pontoon": (
        (1, "Sync", "Sync"),
        (2, "Translation Memory", "Translation Memory"),
        (3, "Google Translate", "Google Translate"),
    ),
}


def _accounts(crowd: Crowd, source: str, owners: Array, number: int, rng: np.random.Generator) -> Accounts:
    """Machines first, then people in the order of joining, under names that are unique within the system."""
    people, opened = crowd.people, crowd.opened(source)
    joined = np.maximum(people.joined[owners], opened if opened > crowd.size.start else people.joined[owners])
    second = np.zeros(len(owners), bool)
    second[np.unique(owners, return_index=True)[1]] = True
    second = ~second
    joined = np.minimum(
        joined + np.where(second, rng.integers(1, 200, len(owners)) * DAY, 0), crowd.size.end - DAY
    )
    order = np.lexsort((owners, joined))
    owners, joined, second = owners[order], joined[order], second[order]
    machines = MACHINES.get(source, ())
    native = NUMBERS[source] + np.cumsum(rng.integers(1, 4, len(owners)))
    weight = people.energy[owners] * np.where(second, 0.3, 1.0)
    hidden = (source == "sumo") & (rng.random(len(owners)) < 0.05) & (people.planted[owners] == 0)
    handles, shown = _handles(people, source, owners, native, rng)
    none = np.zeros(len(machines), np.int64)
    left = np.maximum(people.left[owners], joined + DAY)
    return Accounts(
        person=np.concatenate([none + NOBODY, owners]),
        native=np.concatenate([np.array([m[0] for m in machines], np.int64), native]),
        number=number + 1 + np.arange(len(machines) + len(owners)),
        joined=np.concatenate([none, joined]),
        left=np.concatenate([none, left]),
        weight=np.concatenate([none.astype(float), weight]),
        visible=np.concatenate([none == 0, ~hidden]),
        handle=[m[1] for m in machines] + handles,
        shown=[m[2] for m in machines] + shown,
    )


def _handles(
    people: People, source: str, owners: Array, native: Array, rng: np.random.Generator
) -> tuple[list[str], list[str]]:
    """Log-ins and shown names: the person's nick, a variant of it, or another; unique but for Pontoon's."""
    draws = rng.random((len(owners), 4))
    digits = rng.integers(2, 99, len(owners))
    syllables = rng.integers(0, len(SYLLABLES), (len(owners), 3))
    taken: set[str] = set()
    handles: list[str] = []
    shown: list[str] = []
    for row, person in enumerate(owners):
        one, two = people.given[person], people.family[person]
        full, nick = f"{one} {two}", people.nick[person]
        same, form, name, domain = draws[row]
        if same < OTHER_NICK:
            variants = (f"{nick}{digits[row]}", f"{one}{two}".lower(), f"{two}.{one}".lower(),
                        nick.replace("o", "0").replace("i", "1"), f"{nick}_{two[:2]}".lower())  # fmt: skip
            nick = variants[int(form * len(variants))]
        if same < UNLIKE_ANY:
            nick = "".join(SYLLABLES[n] for n in syllables[row])
        if source == "pontoon":
            handles.append(full if name < 0.66 else one if name < 0.68 else nick)
            shown.append(handles[-1])
            continue
        if source == "bugzilla":
            at = {STAFF: "mozilla.com", VENDOR: "testing.example.com"}.get(
                int(people.affiliation[person]), DOMAINS[int(domain * len(DOMAINS))]
            )
            closed = domain < 0.02 and people.planted[person] == 0 and people.affiliation[person] == VOLUNTEER
            handle = f"u{native[row]}@disabled.tld" if closed else f"{nick}@{at}"
            shown.append(f"{full} [:{nick}]" if name < 0.6 else full if name < 0.9 else "")
        else:
            handle = nick
            wants = {"sumo": 0.35, "reps": 1.0, "discourse": 0.7}[source]
            shown.append(full if name < wants else "")
        if handle in taken:
            local, at_sign, rest = handle.partition("@")
            handle = f"{local}{native[row]}{at_sign}{rest}"
        taken.add(handle)
        handles.append(handle)
    return handles, shown


# --- Visits ----------------------------------------------------------------------------------------


def reference_day(size: Size) -> int:
    """The end of the last closed month: the day that planted habits look back from."""
    end = moment(size.end)
    return instant(end.replace(day=1, hour=0, minute=0, second=0, microsecond=0))


def _visits(crowd: Crowd, main: Array, second: Array, rng: np.random.Generator) -> dict[str, Visits]:
    people, size = crowd.people, crowd.size
    works = np.flatnonzero((people.kind == CONTRIBUTOR) & (people.joined >= size.start))
    first = people.joined[works] + rng.integers(0, 6 * 3_600_000_000, len(works))
    stayers = works[people.stays[works]]
    back = people.joined[stayers] + (rng.integers(95, 172, len(stayers)) * DAY)
    person = [works, stayers]
    system = [main[works], main[stayers]]
    at = [first, back]
    what = [np.zeros(len(works), int), np.zeros(len(stayers), int)]
    for one in np.flatnonzero(people.planted):
        days = _habit(int(people.planted[one]), reference_day(size), rng)
        turn = np.arange(len(days)) % 3 == 2
        turn &= people.planted[one] != ONE_AREA
        person.append(np.full(len(days), one))
        system.append(np.where(turn, second[one], main[one]))
        at.append(
            days + rng.integers(6, 22, len(days)) * 3_600_000_000 + rng.integers(0, 3_000_000_000, len(days))
        )
        what.append((turn & (second[one] == main[one])).astype(int))
    every = [np.concatenate(parts) for parts in (person, system, at, what)]
    found = {}
    for place, source in enumerate(SYSTEMS):
        here = (every[1] == place) & (every[2] >= crowd.opened(source)) & (every[2] < size.end)
        own = crowd.accounts[source]
        first_account = np.full(len(people), NOBODY)
        owned = np.flatnonzero(own.person >= 0)[::-1]
        first_account[own.person[owned]] = owned
        account = first_account[every[0][here]]
        order = np.argsort(every[2][here], kind="stable")
        keep = order[account[order] >= 0]
        found[source] = Visits(account[keep], every[2][here][keep], every[3][here][keep])
    return found


def _habit(planted: int, end: int, rng: np.random.Generator) -> Array:
    """The days of a habit in the twelve closed months before `end`: midnights, sorted."""
    months = {FEW_MONTHS: 5}.get(planted, int(rng.integers(8, 13)))
    total = {FEW_DAYS: 18, FEW_MONTHS: 30}.get(planted, int(rng.integers(32, 70)))
    starts = [end]
    for _ in range(12):
        before = moment(starts[-1])
        starts.append(
            instant(before.replace(year=before.year - (before.month == 1), month=(before.month - 2) % 12 + 1))
        )
    days: list[int] = []
    for place, month in enumerate(rng.permutation(12)[:months]):
        wanted = total // months + (place < total % months)
        days += [starts[month + 1] + int(day) * DAY for day in 4 + rng.permutation(24)[:wanted]]
    return np.sort(np.array(days))
