"""Pontoon in bulk: what translators and machines begin in one month, with the reviews that follow.

Shapes: sessions with a heavy tail of strings, language teams with reviewers of their own, suggestions that
wait for days or for ever, direct approvals within milliseconds, implicit rejections of siblings, second
thoughts, imports at one microsecond, pretranslation that a person approves in a batch, system projects.
The same columns become the lake's tables (`tables`) and native records (`records`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.simulation.generator.bulk.crowd import CONTRIBUTOR, Crowd
from pipelines.simulation.generator.bulk.draws import (
    Array,
    Pool,
    instants,
    rng_of,
    stamps,
    waits,
    words,
)
from pipelines.simulation.generator.bulk.names import Pseudonyms, taken
from pipelines.simulation.generator.bulk.places import CODES, LOCALES
from pipelines.simulation.generator.chance import DAY, HOUR, SECOND, moment
from pipelines.simulation.generator.pontoon import FIRST_LOCALE, PROJECTS, STATS
from pipelines.simulation.world import PontoonWorld, Record

SYSTEM = 3
MACHINES = 3
"""So many of the first accounts are machines: imports, translation memory, machine translation."""

ACTS = ("created", "approved", "rejected", "unapproved", "unrejected")
CREATED, APPROVED, REJECTED, UNAPPROVED, UNREJECTED = range(5)
OPEN = tuple(place for place, project in enumerate(PROJECTS) if not project.private)
SHARES = np.array([PROJECTS[place].share for place in OPEN])
SLUGS = tuple(project.slug for project in PROJECTS)
IS_SYSTEM = np.array([project.system for project in PROJECTS])
TRANSLATIONS_A_MONTH = 2_000_000

Columns = dict[str, Array]


@dataclass
class Month:
    """Actions in the order of time; `translations` by their place: who made them, when, what became of
    them."""

    actions: Columns
    translations: Columns


def reviewers(crowd: Crowd) -> Pool:
    """The tenth of each language team that has most energy, at least three people of it."""
    own, locale = crowd.accounts["pontoon"], crowd.of_person("pontoon", "locale", 0)
    order = np.lexsort((np.arange(len(own)), -own.weight, locale))
    order = order[own.person[order] >= 0]
    place = np.zeros(len(order), np.int64)
    first = np.flatnonzero(np.r_[True, np.diff(locale[order]) != 0]) if len(order) else np.zeros(0, np.int64)
    lengths = np.diff(np.append(first, len(order)))
    place = np.arange(len(order)) - np.repeat(first, lengths)
    chosen = order[place < np.maximum(3, np.repeat(lengths, lengths) // 10)]
    weight = np.zeros(len(own))
    weight[chosen] = own.weight[chosen]
    return crowd.pool("pontoon", "reviewers", weight, locale)


def draw(crowd: Crowd, month: int) -> Month:
    """All translations begun in this month of the calendar, and the acts on them until the world's end."""
    rng = rng_of(crowd.seed, SYSTEM, month)
    opened, end = crowd.opened("pontoon"), crowd.size.end
    team, locale = reviewers(crowd), crowd.of_person("pontoon", "locale", 0)
    everybody = _translators(crowd)
    sessions = int(rng.poisson(crowd.size.sessions * crowd.calendar.share(month, opened)))
    at = crowd.calendar.moments(rng, month, sessions)
    who = everybody.pick(rng, at)
    visits = crowd.visits["pontoon"].within(*_span(crowd, month))
    at, who = np.r_[at[who >= 0], visits.at], np.r_[who[who >= 0], visits.account]
    strings = 1 + rng.poisson(2.2 * rng.lognormal(0.0, 0.9, len(at)))
    project = np.array(OPEN)[rng.choice(len(OPEN), len(at), p=SHARES / SHARES.sum())]
    project[len(at) - len(visits.at) :] = SLUGS.index("lighthouse")
    session = np.repeat(np.arange(len(at)), strings)
    steps = np.where(
        np.r_[True, np.diff(session) != 0] if len(session) else [],
        0,
        waits(rng, len(session), 90 * SECOND, 0.8),
    )
    total = np.cumsum(steps)
    begun = np.flatnonzero(np.r_[True, np.diff(session) != 0]) if len(session) else np.zeros(0, np.int64)
    at = at[session] + total - np.repeat(total[begun], strings)
    who, project = who[session], project[session]
    keep = at < np.minimum(end, team.left[who])
    rows = {"at": at[keep], "who": who[keep], "project": project[keep], "locale": locale[who[keep]]}
    rows = _with_machines(crowd, rows, month, rng)
    order = np.lexsort((rows["who"], rows["at"]))
    made = {name: column[order] for name, column in rows.items()}
    made["pk"] = 10_000 + month * TRANSLATIONS_A_MONTH + np.arange(len(made["at"]))
    sizes = np.array([one.strings for one in PROJECTS])[made["project"]]
    made["entity"] = (
        np.array([one.pk for one in PROJECTS])[made["project"]] * 10_000
        + 1
        + (rng.random(len(made["at"])) * sizes).astype(np.int64)
    )
    return _judge(made, team, end, rng)


def _translators(crowd: Crowd) -> Pool:
    own = crowd.accounts["pontoon"]
    works = crowd.of_person("pontoon", "kind", 0) == CONTRIBUTOR
    return crowd.pool("pontoon", "everybody", own.weight * works)


def _span(crowd: Crowd, month: int) -> tuple[int, int]:
    return int(crowd.calendar.starts[month]), int(crowd.calendar.ends[month])


def _with_machines(crowd: Crowd, rows: Columns, month: int, rng: np.random.Generator) -> Columns:
    """An import whose rows share one microsecond, and a batch of pretranslation, in every other month."""
    start, end = _span(crowd, month)
    if month % 2 or end <= crowd.opened("pontoon"):
        return rows
    span = max(1, end - start - DAY)
    at = start + int(rng.integers(0, span))
    parts = [
        rows,
        {
            "at": np.full(18, at),
            "who": np.zeros(18, np.int64),
            "project": np.full(18, 2),
            "locale": np.full(18, rng.integers(0, len(CODES))),
        },
        {
            "at": start + int(rng.integers(0, span)) + np.arange(8),
            "who": 1 + np.arange(8) % 2,
            "project": np.full(8, 3),
            "locale": np.full(8, rng.integers(0, len(CODES))),
        },
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in rows}


def _judge(made: Columns, team: Pool, end: int, rng: np.random.Generator) -> Month:
    """Reviews: the reviewer's own work at once, others' work some days later or never; second thoughts."""
    count = len(made["at"])
    every = np.arange(count)
    rows: list[tuple[Array, Array, Array, Array, Array]] = []

    def add(what: Array, at: Array, act: int, who: Array, implicit: bool) -> None:
        here = (at < end) & (who >= 0)
        parts = (what, at, np.full(len(what), act), who, np.full(len(what), implicit))
        rows.append(tuple(part[here] for part in parts))  # type: ignore[arg-type]

    add(every, made["at"], CREATED, made["who"], False)
    status = np.full(count, CREATED)
    human = made["who"] >= MACHINES
    direct = human & (team.weight[made["who"]] > 0) & (rng.random(count) < 0.9)
    at = made["at"] + rng.integers(400, 3_600, count)
    add(every[direct], at[direct], APPROVED, made["who"][direct], True)
    status[direct] = APPROVED
    waiting = np.flatnonzero(~direct & (rng.random(count) < np.where(human, 0.78, 0.5)) & (made["who"] != 0))
    at = made["at"][waiting] + waits(rng, len(waiting), 30 * HOUR, 1.3)
    waiting, at = waiting[at < end], at[at < end]
    reviewer = team.pick(rng, at, group=made["locale"][waiting], but=made["who"][waiting])
    waiting, at, reviewer = waiting[reviewer >= 0], at[reviewer >= 0], reviewer[reviewer >= 0]
    good = rng.random(len(waiting)) < 0.8
    add(waiting[good], at[good], APPROVED, reviewer[good], False)
    add(waiting[~good], at[~good], REJECTED, reviewer[~good], False)
    status[waiting] = np.where(good, APPROVED, REJECTED)
    share = rng.random(len(waiting))
    later = at + waits(rng, len(waiting), 2 * HOUR, 0.5)
    there = later < np.minimum(end, team.left[reviewer])
    back = good & (share < 0.03) & there
    add(waiting[back], later[back], UNAPPROVED, reviewer[back], False)
    again = ~good & (share < 0.05) & there
    add(waiting[again], later[again], UNREJECTED, reviewer[again], False)
    status[waiting[back | again]] = CREATED
    sibling = good & (share > 0.93) & (made["who"][waiting] >= MACHINES) & (waiting > 0)
    other = waiting[sibling] - 1
    open_ = (status[other] == CREATED) & (made["at"][other] < at[sibling])
    open_ &= np.isin(np.arange(len(other)), np.unique(other, return_index=True)[1])
    add(
        other[open_],
        at[sibling][open_] + 300 + rng.integers(0, 600, open_.sum()),
        REJECTED,
        reviewer[sibling][open_],
        True,
    )
    status[other[open_]] = REJECTED
    columns = [np.concatenate([row[n] for row in rows]) for n in range(5)]
    order = np.lexsort((columns[2], columns[0], columns[1]))
    names = ("translation", "at", "act", "who", "implicit")
    actions = {name: column[order] for name, column in zip(names, columns, strict=True)}
    for name in ("pk", "project", "locale", "entity"):
        actions[name] = made[name][actions["translation"]]
    made["status"] = status
    return Month(actions, made)


def counts(actions: Columns) -> Columns:
    """Which actions are contributions (catalogue 0.2)."""
    human = actions["who"] >= MACHINES
    creates = (actions["act"] == CREATED) & human & ~IS_SYSTEM[actions["project"]]
    reviews = (actions["act"] != CREATED) & human & ~actions["implicit"]
    return {"created": creates, "reviewed": reviews}


# --- The lake's tables -----------------------------------------------------------------------------


def tables(months: list[Month], names: Pseudonyms) -> dict[str, dict[str, pa.Array]]:
    actions = {name: np.concatenate([month.actions[name] for month in months]) for name in months[0].actions}
    return {
        "user_actions": {
            "type": words(tuple(f"translation:{act}" for act in ACTS), actions["act"]),
            "date": instants(actions["at"]),
            "translation": pa.array(actions["pk"]),
            "translator": taken(names.of("id"), actions["who"]),
            "is_system_user": pa.array(actions["who"] < MACHINES),
            "is_implicit_action": pa.array(actions["implicit"]),
            "locale": words(CODES, actions["locale"]),
            "locale_pk": pa.array(FIRST_LOCALE + actions["locale"]),
            "project": words(SLUGS, actions["project"]),
            "project_pk": pa.array(np.array([one.pk for one in PROJECTS])[actions["project"]]),
            "entity": pa.array(actions["entity"]),
            "asked_on": instants(actions["at"]).cast(pa.date32()),
        }
    }


def begins(months: list[Month]) -> dict[str, int]:
    """project -> the instant of its first action in these months, without those that have none."""
    actions = [month.actions for month in months]
    at, project = (np.concatenate([one[name] for one in actions]) for name in ("at", "project"))
    return {SLUGS[place]: int(at[project == place].min()) for place in np.unique(project).tolist()}


# --- Native records --------------------------------------------------------------------------------


def user_records(crowd: Crowd, places: Array) -> Iterator[Record]:
    """The people among these accounts as an action names them."""
    own = crowd.accounts["pontoon"]
    for who in places[places >= MACHINES].tolist():
        yield {"user": {"pk": int(own.native[who]), "name": own.handle[who], "system_user": False}}


def statuses(month: Month) -> Array:
    """How many translations of each project and locale are approved, waiting, or rejected: [project,
    locale, 3]."""
    made, found = month.translations, np.zeros((len(PROJECTS), len(CODES), 3), np.int64)
    np.add.at(found, (made["project"], made["locale"], made["status"]), 1)
    return found


def added(parts: Iterable[Array]) -> Array:
    """`statuses` of several months together."""
    return sum(parts, np.zeros((len(PROJECTS), len(CODES), 3), np.int64))


def statistics(found: Array) -> tuple[list[Record], list[Record]]:
    """Rows of locales and of projects, with counts of strings from all months' `statuses` together."""
    by_pair: dict[tuple[int, int], dict[str, Any]] = {}
    for project, one in enumerate(PROJECTS):
        for locale in range(len(CODES)):
            waiting, approved = int(found[project, locale, 0]), int(found[project, locale, 1])
            if found[project, locale].any() or one.slug == "terminology":
                done = min(one.strings, approved)
                numbers = (
                    one.strings,
                    done,
                    0,
                    0,
                    0,
                    one.strings - done,
                    min(waiting, 3 * one.strings),
                    done,
                )
                by_pair[project, locale] = {**dict(zip(STATS, numbers, strict=True)), "complete": False}
    return _locales(by_pair), _projects(by_pair)


def _summed(parts: list[dict[str, Any]]) -> dict[str, Any]:
    sums: dict[str, Any] = {name: sum(part[name] for part in parts) for name in STATS}
    return {**sums, "complete": bool(parts) and sums["completed_strings"] == sums["total_strings"]}


def _locales(stats: dict[tuple[int, int], dict[str, Any]]) -> list[Record]:
    found = []
    for place, locale in enumerate(LOCALES):
        counted = [
            project
            for project, one in enumerate(PROJECTS)
            if not (one.disabled or one.system or one.private) and (project, place) in stats
        ]
        found.append({
            "code": locale.code, "name": locale.name, "direction": locale.direction,
            "population": locale.population, "cldr_plurals": "1,5", "plural_rule": "(n != 1)",
            "script": locale.script, "google_translate_code": locale.code.split("-")[0],
            "ms_terminology_code": "", "ms_translator_code": "", "team_description": "",
            **_summed([stats[project, place] for project in counted]),
            "projects": [SLUGS[project] for project in counted],
        })  # fmt: skip
    return found


def _projects(stats: dict[tuple[int, int], dict[str, Any]]) -> list[Record]:
    found = []
    for place, project in enumerate(PROJECTS):
        own = [(locale, stats[place, n]) for n, locale in enumerate(LOCALES) if (place, n) in stats]
        found.append(
            {
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
                    {"locale": {"code": locale.code, "name": locale.name}, **numbers}
                    for locale, numbers in own
                ],
            }
        )
    return found


def records(crowd: Crowd, month: Month) -> dict[tuple[str, date], list[Record]]:
    """(slug, UTC day) -> the actions of that day."""
    own = crowd.accounts["pontoon"]
    words_of = {APPROVED: "approved", REJECTED: "rejected"}
    rows = month.actions
    found: dict[tuple[str, date], list[Record]] = {}
    status = month.translations["status"][rows["translation"]]
    for act, at, when, who, implicit, pk, project, locale, entity, ended in zip(
        rows["act"].tolist(),
        rows["at"].tolist(),
        stamps(rows["at"]).to_pylist(),
        *(rows[name].tolist() for name in ("who", "implicit", "pk", "project", "locale", "entity")),
        status.tolist(),
        strict=True,
    ):
        one = PROJECTS[project]
        plain = one.slug in ("terminology", "tutorial")
        found.setdefault((one.slug, moment(at).date()), []).append(
            {
                "type": f"translation:{ACTS[act]}",
                "is_implicit_action": implicit,
                "date": when,
                "user": {"pk": int(own.native[who]), "name": own.handle[who], "system_user": who < MACHINES},
                "locale": {"pk": FIRST_LOCALE + locale, "code": CODES[locale], "name": LOCALES[locale].name},
                "entity": {"pk": entity, "key": [] if plain else [f"string-{entity}"]},
                "resource": {
                    "pk": one.pk * 10,
                    "path": "playground" if plain else f"{one.slug}/main.ftl",
                    "format": "" if plain else "fluent",
                },
                "translation": {
                    "pk": pk,
                    "status": words_of.get(ended, "unreviewed"),
                    "string": "…",
                    "value": [],
                },
            }
        )
    return found


def world(crowd: Crowd, months: list[Month]) -> PontoonWorld:
    """All days of all projects."""
    actions: dict[tuple[str, date], list[Record]] = {}
    for month in months:
        for day, rows in records(crowd, month).items():
            actions.setdefault(day, []).extend(rows)
    locales, projects = statistics(added(statuses(month) for month in months))
    return PontoonWorld(locales=locales, projects=projects, actions=actions)
