"""Who there is: people with a country, a home language, a time of joining and leaving, and their accounts.

The hard cases of identity and region are made here: several systems under one's usual nick, under another
one or under one's full name, an address as a user name, namesakes, two accounts in one system, no declared
country although everything hints at one, a country of three people, a locale of one person, an account
without a profile, a closed account, staff, vendors, bots. What they do is told in the systems' own modules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from pipelines.simulation.generator.chance import DAY, Chance
from pipelines.simulation.generator.truth import Ledger


@dataclass(frozen=True)
class Country:
    """A country people may live in: ISO 3166 code, English name, how many live there, language, a place."""

    code: str
    name: str
    weight: float
    locale: str
    zone: str
    city: str
    lat: float
    lon: float


COUNTRIES = (
    Country("DE", "Germany", 12, "de", "Europe/Berlin", "Berlin", 52.5, 13.4),
    Country("FR", "France", 9, "fr", "Europe/Paris", "Lyon", 45.8, 4.8),
    Country("NL", "Netherlands", 3, "nl", "Europe/Amsterdam", "Utrecht", 52.1, 5.1),
    Country("IN", "India", 15, "hi-IN", "Asia/Kolkata", "Pune", 18.5, 73.9),
    Country("BD", "Bangladesh", 6, "bn", "Asia/Dhaka", "Dhaka", 23.8, 90.4),
    Country("BR", "Brazil", 12, "pt-BR", "America/Sao_Paulo", "Recife", -8.1, -34.9),
    Country("MX", "Mexico", 5, "es", "America/Mexico_City", "Puebla", 19.0, -98.2),
    Country("AR", "Argentina", 4, "es", "America/Argentina/Buenos_Aires", "Rosario", -32.9, -60.6),
    Country("US", "United States", 11, "en-US", "America/Chicago", "Chicago", 41.9, -87.6),
    Country("CA", "Canada", 4, "en-US", "America/Toronto", "Toronto", 43.7, -79.4),
    Country("ID", "Indonesia", 9, "id", "Asia/Jakarta", "Bandung", -6.9, 107.6),
    Country("PH", "Philippines", 4, "en-US", "Asia/Manila", "Cebu", 10.3, 123.9),
    Country("JP", "Japan", 5, "ja", "Asia/Tokyo", "Osaka", 34.7, 135.5),
    Country("PL", "Poland", 4, "pl", "Europe/Warsaw", "Poznan", 52.4, 16.9),
    Country("GB", "United Kingdom", 4, "en-US", "Europe/London", "Leeds", 53.8, -1.5),
    Country("IT", "Italy", 6, "it", "Europe/Rome", "Turin", 45.1, 7.7),
    Country("ES", "Spain", 5, "es", "Europe/Madrid", "Valencia", 39.5, -0.4),
    Country("KE", "Kenya", 3, "en-US", "Africa/Nairobi", "Nairobi", -1.3, 36.8),
    Country("NG", "Nigeria", 4, "en-US", "Africa/Lagos", "Lagos", 6.5, 3.4),
    Country("TR", "Turkey", 4, "tr", "Europe/Istanbul", "Izmir", 38.4, 27.1),
)
SMALL_COUNTRY = Country("UY", "Uruguay", 0, "es", "America/Montevideo", "Salto", -31.4, -58.0)
SMALL_COUNTRY_PEOPLE = 3
LONELY_LOCALE = "gd"
"""A locale that one person works in."""

DECLINING = frozenset({"BR", "MX", "AR"})
"""Countries that half of their people leave in the second year: a planted decline."""

FORUM_LOCALES = ("en-US", "de", "es", "pt-BR", "fr", "it", "pl", "ja", "id", "nl")

CONSONANTS, VOWELS = "bdfghklmnprstvwyz", "aeio"
SYLLABLES = tuple(consonant + vowel for consonant in CONSONANTS for vowel in VOWELS)

MAIL_DOMAINS = ("example.org", "example.com", "mail.example.net")
NAMESAKE_EVERY = 150
"""Every so many contributors one has the full name of the contributor before."""


@dataclass(eq=False)
class Person:
    """One person. joined, left: microseconds UTC, [joined, left). energy: how active, heavy-tailed."""

    number: int
    kind: str
    name: str
    home: Country
    affiliation: str
    joined: int
    left: int
    energy: float
    locales: tuple[str, ...]
    declares: bool

    @property
    def links(self) -> bool:
        """Whether this person's profiles name an account in the people directory: two of five do."""
        return self.kind == "contributor" and self.number % 5 < 2

    @property
    def nick(self) -> str:
        """What this person is usually called, wherever that name is free."""
        return _nicks(self.name)[self.number % 3]

    @property
    def mail_domain(self) -> str:
        """Where this person's mail is read; staff and vendors use their employer's."""
        domains = {"staff": "mozilla.com", "vendor": "testing.example.com"}
        return domains.get(self.affiliation, MAIL_DOMAINS[self.number % len(MAIL_DOMAINS)])


def _nicks(name: str) -> tuple[str, str, str]:
    given, family = name.lower().split(" ")
    return given + family[:1], f"{given}.{family}", f"{family}{len(given) * 7 % 97}"


def directory_name(person: Person) -> str:
    """The person's user name in the people directory."""
    return f"{person.name.lower().replace(' ', '-')}-{person.number}"


@dataclass(frozen=True, eq=False)
class Account:
    """One account. native_id and username as the source knows it; person None: a bot."""

    number: int
    person: Person | None
    source: str
    native_id: int
    username: str
    name: str
    is_visible: bool = True


class Sizes(Protocol):
    """What of a scale decides about people."""

    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def contributors(self) -> int: ...
    @property
    def askers(self) -> int: ...


@dataclass
class Roster:
    """Everybody and all accounts, with what is needed to choose somebody who is there at an instant."""

    people: list[Person] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)

    def of(self, source: str, kinds: Iterable[str] = ("contributor",)) -> Group:
        wanted = set(kinds)
        return Group(
            [a for a in self.accounts if a.source == source and a.person and a.person.kind in wanted]
        )

    def add(
        self,
        person: Person | None,
        source: str,
        native_id: int,
        username: str,
        name: str,
        is_visible: bool = True,
    ) -> Account:
        account = Account(len(self.accounts) + 1, person, source, native_id, username, name, is_visible)
        self.accounts.append(account)
        return account


class Group:
    """Accounts to choose from by energy, among those whose person is there at that instant."""

    def __init__(self, accounts: list[Account]) -> None:
        self.accounts = accounts
        people = [account.person for account in accounts if account.person]
        self.energy = np.array([person.energy for person in people])
        self.joined = np.array([person.joined for person in people])
        self.left = np.array([person.left for person in people])
        self._factors: dict[tuple[Callable[..., float], tuple[str, ...]], Any] = {}
        self._places: dict[int, list[int]] = {}
        for place, person in enumerate(people):
            self._places.setdefault(person.number, []).append(place)

    def factors(self, rule: Callable[..., float], *given: str) -> Any:
        """What a rule says of each person, as factors for `somebody`; computed once a rule."""
        if (rule, given) not in self._factors:
            people = [account.person for account in self.accounts if account.person]
            self._factors[rule, given] = np.array([rule(person, *given) for person in people])
        return self._factors[rule, given]

    def somebody(
        self, chance: Chance, at: int, but: Iterable[Account | None] = (), prefer: Any = None
    ) -> Account | None:
        """Somebody there at `at`, nobody's own other account among `but`; `prefer` multiplies energies."""
        weights = self.energy * (self.joined <= at) * (at < self.left)
        if prefer is not None:
            weights = weights * prefer
        for account in but:
            if account and account.person:
                weights[self._places.get(account.person.number, [])] = 0
        place = chance.weighted(weights)
        return None if place is None else self.accounts[place]


# --- Making them ---------------------------------------------------------------------------------


def make_people(sizes: Sizes, seed: int) -> Roster:
    """Everybody with their accounts; bots are added by the systems that have them."""
    chance = Chance(seed, 1)
    roster = Roster()
    for _ in range(sizes.contributors):
        roster.people.append(_contributor(chance, sizes, len(roster.people) + 1))
    for person in roster.people[NAMESAKE_EVERY - 1 :: NAMESAKE_EVERY]:
        person.name = roster.people[person.number - 2].name
    for person in roster.people[:SMALL_COUNTRY_PEOPLE]:
        person.home, person.locales = SMALL_COUNTRY, ("es",)
        person.affiliation, person.declares, person.energy = "volunteer", True, max(person.energy, 2.0)
        person.joined, person.left = sizes.start - 100 * DAY, sizes.end
    lonely = roster.people[SMALL_COUNTRY_PEOPLE]
    lonely.locales, lonely.energy, lonely.joined, lonely.left = (LONELY_LOCALE,), 2.5, sizes.start, sizes.end
    lonely.affiliation = "volunteer"
    for _ in range(sizes.askers):
        roster.people.append(_asker(chance, sizes, len(roster.people) + 1))
    for _ in range(4):
        spammer = _asker(chance, sizes, len(roster.people) + 1)
        spammer.kind = "spammer"
        roster.people.append(spammer)
    _open_accounts(chance, Chance(seed, 9), roster)
    return roster


def _name(chance: Chance) -> str:
    parts = ["".join(chance.one(SYLLABLES) for _ in range(chance.whole(2, 4))) for _ in range(2)]
    return " ".join(part.capitalize() for part in parts)


def _country(chance: Chance) -> Country:
    place = chance.weighted([country.weight for country in COUNTRIES])
    return COUNTRIES[place or 0]


def _stay(chance: Chance, sizes: Sizes, home: Country) -> tuple[int, int]:
    """When a contributor comes and goes: four in ten were there before, newcomers often leave soon."""
    if chance.happens(0.4):
        joined = sizes.start - chance.whole(30, 1500) * DAY
        left = sizes.start + int(chance.rng.exponential(1100) * DAY)
    else:
        joined = chance.whole(sizes.start, sizes.end - 5 * DAY)
        left = joined + (
            5 * DAY if chance.happens(0.2) else 20 * DAY + int(chance.rng.exponential(320) * DAY)
        )
    if home.code in DECLINING and chance.happens(0.5):
        middle = (sizes.start + sizes.end) // 2
        left = min(left, middle + chance.whole(0, 180 * DAY))
    return joined, max(left, joined + DAY)


def _contributor(chance: Chance, sizes: Sizes, number: int) -> Person:
    home = _country(chance)
    joined, left = _stay(chance, sizes, home)
    languages = (home.locale,) if home.locale != "en-US" else (chance.one(("es", "de", "fr")),)
    share = chance.rng.random()
    affiliation = "staff" if share < 0.1 else "vendor" if share < 0.13 else "volunteer"
    return Person(
        number=number,
        kind="contributor",
        name=_name(chance),
        home=home,
        affiliation=affiliation,
        joined=joined,
        left=left,
        energy=chance.heavy(1.0, 0.85) * (1.6 if affiliation == "staff" else 1.0),
        locales=languages,
        declares=chance.happens(0.82),
    )


def _asker(chance: Chance, sizes: Sizes, number: int) -> Person:
    home = _country(chance)
    joined = chance.whole(sizes.start - 200 * DAY, sizes.end - 10 * DAY)
    return Person(
        number=number,
        kind="asker",
        name=_name(chance),
        home=home,
        affiliation="volunteer",
        joined=joined,
        left=sizes.end,
        energy=chance.heavy(1.0, 0.8),
        locales=(home.locale if home.locale in FORUM_LOCALES else "en-US",),
        declares=chance.happens(0.15),
    )


def _systems(chance: Chance, person: Person) -> list[str]:
    """One system to begin with, often more; Reps are few."""
    if person.kind != "contributor":
        return ["sumo"]
    shares = {"sumo": 0.47, "pontoon": 0.3, "bugzilla": 0.17, "reps": 0.06}
    if person.home is SMALL_COUNTRY or person.locales == (LONELY_LOCALE,):
        return ["sumo", "pontoon"]
    if person.affiliation != "volunteer":
        shares = {"sumo": 0.1, "pontoon": 0.1, "bugzilla": 0.8, "reps": 0.0}
    names = list(shares)
    first = names[chance.weighted(list(shares.values())) or 0]
    more = {"sumo": 0.4, "pontoon": 0.4, "bugzilla": 0.3, "reps": 0.12}
    return [name for name in names if name == first or chance.happens(more[name])]


def _open_accounts(chance: Chance, naming: Chance, roster: Roster) -> None:
    """Accounts in each system, under names that differ; the systems number them by time of joining.

    naming: draws the names alone, so that other names leave everything else as it is.
    """
    taken: dict[str, tuple[int, set[str]]] = {}
    numbers = {"sumo": 1_000, "pontoon": 400, "bugzilla": 700_000, "reps": 20}
    wanted = [(person, source) for person in roster.people for source in _systems(chance, person)]
    wanted += [(p, "bugzilla") for p in roster.people if p.kind == "contributor" and chance.happens(0.02)]
    wanted += [(p, "bugzilla") for p in roster.people if p.kind == "asker" and chance.happens(0.3)]
    wanted.sort(key=lambda pair: (pair[0].joined, pair[0].number))
    for person, source in wanted:
        numbers[source] += chance.whole(1, 4)
        username = _username(naming, person, source, numbers[source], taken)
        shown = not (source == "sumo" and chance.happens(0.05) and person.home is not SMALL_COUNTRY)
        roster.add(person, source, numbers[source], username, person.name, shown)


def _username(
    chance: Chance, person: Person, source: str, number: int, taken: dict[str, tuple[int, set[str]]]
) -> str:
    """A name that nobody else has in any system: mostly the usual nick, sometimes another one.

    Pontoon shows a full name, what stands before the @ of the mail, or just a first name. taken: name ->
    its person and the systems it is used in.
    """
    given = person.name.split(" ")[0]
    handle = person.nick
    if chance.happens(0.05 if source in ("sumo", "reps") else 0.02):
        handle = chance.one((*_nicks(person.name), given[:3].lower() + chance.one(SYLLABLES)))
    if source == "bugzilla":
        closed = chance.happens(0.02)
        handle = f"u{number}@disabled.tld" if closed else f"{handle}@{person.mail_domain}"
    elif source == "sumo" and chance.happens(0.04):
        handle = f"{handle}@{person.mail_domain}"
    while handle in taken and (taken[handle][0] != person.number or source in taken[handle][1]):
        local, at, domain = handle.partition("@")
        handle = f"{local}{chance.whole(2, 99)}{at}{domain}"
    taken.setdefault(handle, (person.number, set()))[1].add(source)
    if source == "pontoon":
        shown = (person.name, f"{handle}+l10n", handle, given)
        return shown[chance.weighted([0.66, 0.12, 0.2, 0.02]) or 0]
    return handle


def note_people(roster: Roster, ledger: Ledger, declared: dict[int, str]) -> None:
    """People and accounts into the truth. declared: account -> country code that its source shows."""
    for person in roster.people:
        ledger.note(
            "people",
            person=person.number,
            kind=person.kind,
            country=person.home.code,
            affiliation=person.affiliation,
            joined=person.joined,
            left=person.left,
        )
    for account in roster.accounts:
        ledger.note(
            "accounts",
            account=account.number,
            person=account.person.number if account.person else None,
            source=account.source,
            native_id=account.native_id,
            username=account.username,
            is_bot=account.person is None,
            is_visible=account.is_visible,
            declared_country=declared.get(account.number),
        )
