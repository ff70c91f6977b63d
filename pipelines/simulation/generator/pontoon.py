"""What people do on Pontoon: suggestions, direct translations, reviews, and what machines do beside them.

Hard cases made here: implicit approvals a fraction of a millisecond after their own `created`, implicit
rejections of siblings, self-reviews, batch reviews within two milliseconds, reviews of translations older
than the world, imports whose rows share one microsecond, pretranslation, whole-second dates without a
fraction, rows of the system project `tutorial` (its translations never count) and of `terminology`, a
retired, a renamed and a private project, an erased account, answers that are not in order of date.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from pipelines.simulation.generator.chance import DAY, HOUR, SECOND, Chance, liveliness, moment, stamp
from pipelines.simulation.generator.people import COUNTRIES, LONELY_LOCALE, Account, Roster
from pipelines.simulation.generator.scale import Scale
from pipelines.simulation.generator.truth import Ledger
from pipelines.simulation.world import PontoonWorld, Record


@dataclass(frozen=True)
class Locale:
    """A locale of Pontoon: code, English name, direction, script, native speakers."""

    code: str
    name: str
    direction: str
    script: str
    population: int


LOCALES = (
    Locale("bn", "Bengali", "ltr", "Bengali", 267_000_000),
    Locale("de", "German", "ltr", "Latin", 107_000_000),
    Locale("es", "Spanish", "ltr", "Latin", 470_000_000),
    Locale("fr", "French", "ltr", "Latin", 270_000_000),
    Locale("gd", "Gaelic, Scottish", "ltr", "Latin", 65_000),
    Locale("hi-IN", "Hindi", "ltr", "Devanagari", 570_000_000),
    Locale("id", "Indonesian", "ltr", "Latin", 170_000_000),
    Locale("it", "Italian", "ltr", "Latin", 69_000_000),
    Locale("ja", "Japanese", "ltr", "Japanese", 119_000_000),
    Locale("nl", "Dutch", "ltr", "Latin", 31_000_000),
    Locale("pl", "Polish", "ltr", "Latin", 41_000_000),
    Locale("pt-BR", "Portuguese (Brazil)", "ltr", "Latin", 200_000_000),
    Locale("tr", "Turkish", "ltr", "Latin", 78_000_000),
    Locale("ur", "Urdu", "rtl", "Arabic", 250_000_000),
)
"""`ur` is listed and nobody works in it, as in the real list."""


@dataclass(frozen=True)
class Project:
    """A project: its share of the work, and what is special about it."""

    pk: int
    slug: str
    name: str
    share: float
    priority: int = 3
    disabled: bool = False
    system: bool = False
    private: bool = False
    old_slugs: tuple[str, ...] = ()
    strings: int = 400


PROJECTS = (
    Project(1, "terminology", "Terminology", 0.04, strings=60),
    Project(2, "tutorial", "Tutorial", 0.04, system=True, strings=20),
    Project(5, "lighthouse", "Lighthouse", 0.5, priority=5, strings=900),
    Project(6, "tidepool-mail", "Tidepool Mail", 0.24, priority=4, old_slugs=("tidepool",)),
    Project(8, "granite-docs", "Granite Docs", 0.12),
    Project(9, "old-windmill", "Old Windmill", 0.06, priority=1, disabled=True, strings=150),
    Project(11, "closed-orchard", "Closed Orchard", 0.0, private=True, strings=90),
)
OPEN_PROJECTS = tuple(project for project in PROJECTS if not project.private)
SYNC, MEMORY, MACHINE = "Sync", "Translation Memory", "Google Translate"
FIRST_LOCALE = 10
"""The number of the first locale; the others follow."""

STATS = ("total_strings", "approved_strings", "pretranslated_strings", "strings_with_warnings",
         "strings_with_errors", "missing_strings", "unreviewed_strings", "completed_strings")  # fmt: skip


@dataclass
class Translation:
    """A translation in the making. author None: older than the world, author unknown."""

    pk: int
    project: Project
    locale: Locale
    entity: int
    author: Account | None
    at: int
    status: str = "unreviewed"


class Work:
    """What has been done so far, as action rows; notes the truth of each as it is added."""

    def __init__(self, chance: Chance, scale: Scale, ledger: Ledger) -> None:
        self.chance, self.scale, self.ledger = chance, scale, ledger
        self.rows: list[tuple[int, str, bool, Account, Translation]] = []
        self.next_pk = 910_001

    def add(self, act: str, at: int, by: Account, of: Translation, implicit: bool = False) -> None:
        """One action. People's explicit reviews count, and what they create outside of system projects."""
        if at >= self.scale.end:
            return
        self.rows.append((at, act, implicit, by, of))
        of.status = {"approved": "approved", "rejected": "rejected"}.get(act, "unreviewed")
        if implicit or by.person is None or (act == "created" and of.project.system):
            return
        event = "translation_created" if act == "created" else "translation_reviewed"
        self.ledger.act(by.number, by.person.number, "pontoon", event, at, of.pk, of.locale.code)
        if act != "created":
            self.ledger.note(
                "reviews",
                translation=of.pk,
                reviewer=by.number,
                author=of.author.number if of.author else None,
                by_other=None if of.author is None else of.author is not by,
                reviewed_at=at,
                locale=of.locale.code,
                project=of.project.slug,
            )

    def create(self, at: int, by: Account, project: Project, locale: Locale) -> Translation:
        entity = project.pk * 10_000 + self.chance.whole(1, project.strings + 1)
        made = Translation(self.next_pk, project, locale, entity, by, at)
        self.next_pk += 1 + self.chance.whole(0, 3)
        self.add("created", at, by, made)
        return made


def make(scale: Scale, seed: int, roster: Roster, ledger: Ledger) -> PontoonWorld:
    """All projects and days; notes contributions and reviews."""
    chance = Chance(seed, 3)
    machines = {
        name: roster.add(None, "pontoon", pk, name, name)
        for pk, name in ((1, SYNC), (2, MEMORY), (3, MACHINE))
    }
    translators = roster.of("pontoon").accounts
    reviewers = _reviewers(translators)
    work = Work(chance, scale, ledger)
    for day in range(scale.start, scale.end, DAY):
        for account in translators:
            _day_of(work, account, day, reviewers)
        _machines_day(work, machines, day, reviewers)
    _old_reviews(work, reviewers)
    actions = _actions(chance, work, translators)
    stats = _statistics(work)
    return PontoonWorld(
        locales=[_locale_record(locale, stats) for locale in LOCALES],
        projects=[_project_record(project, stats) for project in PROJECTS],
        actions=actions,
    )


# --- Making the work -------------------------------------------------------------------------------


def _code(account: Account) -> str:
    return account.person.locales[0] if account.person else ""


def _reviewers(translators: list[Account]) -> dict[str, list[Account]]:
    """The three most energetic people of each locale may review; the lonely locale's one person does."""
    by_locale: dict[str, list[Account]] = {}
    for account in sorted(translators, key=lambda a: (-a.person.energy if a.person else 0.0, a.number)):
        by_locale.setdefault(_code(account), []).append(account)
    return {code: accounts[:3] for code, accounts in by_locale.items()}


def _locale(code: str) -> Locale:
    return next(locale for locale in LOCALES if locale.code == code)


def _project(chance: Chance) -> Project:
    return OPEN_PROJECTS[chance.weighted([project.share for project in OPEN_PROJECTS]) or 0]


def _day_of(work: Work, account: Account, day: int, reviewers: dict[str, list[Account]]) -> None:
    """Perhaps a session of one person: some strings, direct or suggested, later reviewed by others."""
    chance, person = work.chance, account.person
    if person is None or not person.joined <= day < person.left:
        return
    if not chance.happens(min(0.8, work.scale.translator_days * person.energy * liveliness(day))):
        return
    locale, project = _locale(_code(account)), _project(chance)
    at = chance.in_day(day)
    may_review = account in reviewers.get(locale.code, ())
    for _ in range(1 + chance.count(work.scale.strings_per_day * chance.heavy(1.0, 0.7))):
        made = work.create(at, account, project, locale)
        if may_review and not chance.happens(0.1):
            work.add("approved", at + chance.whole(400, 3600), account, made, implicit=True)
        elif chance.happens(0.78):
            _review(work, made, reviewers)
        at += chance.after(90 * SECOND, 0.8)


def _review(work: Work, made: Translation, reviewers: dict[str, list[Account]]) -> None:
    """A reviewer decides some days later; now and then a sibling of the string is rejected with it."""
    chance = work.chance
    at = made.at + chance.after(30 * HOUR, 1.3)
    present = [
        account
        for account in reviewers.get(made.locale.code, ())
        if account.person and account.person.joined <= at < account.person.left
    ]
    if not present:
        return
    reviewer = chance.one(present)
    if chance.happens(0.8):
        work.add("approved", at, reviewer, made)
        if chance.happens(0.1) and at < work.scale.end and made.author:
            sibling = work.create(
                made.at + chance.whole(1, at - made.at), made.author, made.project, made.locale
            )
            work.add("rejected", at + chance.whole(300, 900), reviewer, sibling, implicit=True)
        if chance.happens(0.03):
            work.add("unapproved", at + chance.after(2 * HOUR, 0.5), reviewer, made)
    else:
        work.add("rejected", at, reviewer, made)
        if chance.happens(0.05):
            work.add("unrejected", at + chance.after(2 * HOUR, 0.5), reviewer, made)


def _machines_day(
    work: Work, machines: dict[str, Account], day: int, reviewers: dict[str, list[Account]]
) -> None:
    """Now and then an import at one microsecond, or pretranslation that a person approves in a batch."""
    chance = work.chance
    number = (day - work.scale.start) // DAY
    if number % 61 == 20:
        at, locale = chance.in_day(day), chance.one(LOCALES[:12])
        for _ in range(18):
            work.create(at, machines[SYNC], PROJECTS[2], locale)
    if number % 29 == 11:
        at, locale = chance.in_day(day), chance.one(LOCALES[:12])
        made = [
            work.create(at + n, machines[MEMORY if n % 2 else MACHINE], PROJECTS[3], locale) for n in range(8)
        ]
        batch = at + 5 * HOUR
        for account in reviewers.get(locale.code, ())[:1]:
            if account.person and account.person.joined <= batch < account.person.left:
                for n, translation in enumerate(made):
                    work.add("approved", batch + 150 * n, account, translation)


def _old_reviews(work: Work, reviewers: dict[str, list[Account]]) -> None:
    """Reviews of suggestions made before the world begins: their `created` row is nowhere."""
    chance = work.chance
    for n in range(40):
        at = work.scale.start + chance.whole(1, 60 * DAY)
        code = chance.one([locale.code for locale in LOCALES if reviewers.get(locale.code)])
        for account in reviewers[code]:
            if account.person and account.person.joined <= at < account.person.left:
                old = Translation(700_001 + 7 * n, PROJECTS[2], _locale(code), 50_000 + n, None, 0)
                work.add("approved" if n % 4 else "rejected", at, account, old)
                break


# --- Records ---------------------------------------------------------------------------------------


def _actions(chance: Chance, work: Work, translators: list[Account]) -> dict[tuple[str, date], list[Record]]:
    """(slug, day) -> actions; every third day's answer is not in order of date, as in the real feed."""
    erased = translators[len(translators) // 2].number
    found: dict[tuple[str, date], list[Record]] = {}
    for at, act, implicit, by, of in sorted(work.rows, key=lambda row: (row[0], row[4].pk, row[1])):
        row = _action_record(at, act, implicit, by, of, erased)
        found.setdefault((of.project.slug, moment(at).date()), []).append(row)
    for number, rows in enumerate(found.values()):
        if number % 3 == 0:
            rows[:] = [rows[place] for place in chance.rng.permutation(len(rows))]
    return found


def _action_record(at: int, act: str, implicit: bool, by: Account, of: Translation, erased: int) -> Record:
    plain = of.project.slug in ("terminology", "tutorial")
    name = "Deleted User" if by.number == erased else by.name if by.person is None else by.username
    return {
        "type": f"translation:{act}",
        "is_implicit_action": implicit,
        "date": stamp(at),
        "user": {"pk": by.native_id, "name": name, "system_user": by.person is None},
        "locale": {
            "pk": FIRST_LOCALE + LOCALES.index(of.locale),
            "code": of.locale.code,
            "name": of.locale.name,
        },
        "entity": {"pk": of.entity, "key": [] if plain else [f"string-{of.entity}"]},
        "resource": {
            "pk": of.project.pk * 10,
            "path": "playground" if plain else f"{of.project.slug}/main.ftl",
            "format": "" if plain else "fluent",
        },
        "translation": {"pk": of.pk, "status": of.status, "string": "…", "value": []},
    }


def _statistics(work: Work) -> dict[tuple[str, str], dict[str, Any]]:
    """(slug, locale) -> Pontoon's statistics, from the latest state of every string."""
    latest: dict[tuple[str, str], dict[int, str]] = {}
    for _, _, _, _, of in work.rows:
        states = latest.setdefault((of.project.slug, of.locale.code), {})
        if states.get(of.entity) != "approved":
            states[of.entity] = of.status
    found = {}
    for project in PROJECTS:
        for locale in LOCALES:
            states = latest.get((project.slug, locale.code), {})
            if states or project.slug == "terminology":
                counts = list(states.values())
                approved = counts.count("approved")
                numbers = (project.strings, approved, 0, 0, 0, project.strings - approved,
                           counts.count("unreviewed"), approved)  # fmt: skip
                found[project.slug, locale.code] = {
                    **dict(zip(STATS, numbers, strict=True)),
                    "complete": False,
                }
    return found


def _summed(parts: list[dict[str, Any]]) -> dict[str, Any]:
    sums: dict[str, Any] = {name: sum(part[name] for part in parts) for name in STATS}
    return {**sums, "complete": bool(parts) and sums["completed_strings"] == sums["total_strings"]}


def _locale_record(locale: Locale, stats: dict[tuple[str, str], dict[str, Any]]) -> Record:
    counted = [
        p for p in PROJECTS if not (p.disabled or p.system or p.private) and (p.slug, locale.code) in stats
    ]
    return {
        "code": locale.code,
        "name": locale.name,
        "direction": locale.direction,
        "population": locale.population,
        "cldr_plurals": "1,5",
        "plural_rule": "(n != 1)",
        "script": locale.script,
        "google_translate_code": locale.code.split("-")[0],
        "ms_terminology_code": "",
        "ms_translator_code": "",
        "team_description": "",
        **_summed([stats[project.slug, locale.code] for project in counted]),
        "projects": [project.slug for project in counted],
    }


def _project_record(project: Project, stats: dict[tuple[str, str], dict[str, Any]]) -> Record:
    own = [
        (locale, stats[project.slug, locale.code])
        for locale in LOCALES
        if (project.slug, locale.code) in stats
    ]
    return {
        "pk": project.pk,
        "old_slugs": list(project.old_slugs),
        "slug": project.slug,
        "name": project.name,
        "priority": project.priority,
        "deadline": None,
        "visibility": "private" if project.private else "public",
        "contact": None,
        "info": "",
        "system_project": project.system,
        "disabled": project.disabled,
        "sync_disabled": project.disabled,
        "pretranslation_enabled": project.slug == "tidepool-mail",
        **_summed([numbers for _, numbers in own]),
        "tags": [],
        "locales": [locale.code for locale, _ in own],
        "localizations": [
            {"locale": {"code": locale.code, "name": locale.name}, **numbers} for locale, numbers in own
        ],
    }


assert {country.locale for country in COUNTRIES} <= {locale.code for locale in LOCALES} | {"en-US"}
assert LONELY_LOCALE in {locale.code for locale in LOCALES}
