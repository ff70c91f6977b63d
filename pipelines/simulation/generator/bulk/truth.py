"""What is true in a community made in bulk: what was done, who did it, and what was planted.

Contributions, questions and reviews are noted from the columns that acts are made of, month by month, never
from records or tables of the lake. Beside the tables of `generator/truth.py` (people, accounts,
contributions, questions, reviews), some with more columns:

    affiliations   person, affiliation, [valid_from, valid_to)
    roles          leaders: person, account, source, role, scope, [valid_from, valid_to)
    persona        who was made to be of the persona, or to miss it by one thing, and who meets its rule by
                   what they did as volunteers (catalogue: `mdm_contributors`, at the last closed month's end)
    regions        region, whether its number of contributors changes lately, the planted share of newcomers
    who stay retention_gaps pairs of regions, and whether their newcomers were made to stay differently
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from pipelines.simulation.generator.bulk import bugzilla, discourse, pontoon, reps, sumo
from pipelines.simulation.generator.bulk.crowd import (
    AFFILIATIONS,
    CHANGED_BEFORE_END,
    KINDS,
    PLANTED,
    STAYS,
    STAYS_LESS,
    SYSTEMS,
    VOLUNTEER,
    Crowd,
    reference_day,
)
from pipelines.simulation.generator.bulk.draws import NOBODY, Array, instants, words
from pipelines.simulation.generator.bulk.places import CODES, DECLINING, GROWING, LESS_KEPT, PLACES, REGIONS
from pipelines.simulation.generator.truth import AREAS, SCHEMAS

EVENT_AREAS = {**AREAS, "topic_created": "community_forum", "reply_posted": "community_forum"}
INSTANT = pa.timestamp("us", tz="UTC")


def contributions(
    crowd: Crowd,
    source: str,
    events: tuple[str, ...],
    event: Array,
    account: Array,
    at: Array,
    number: Array,
    locales: tuple[str, ...] = ("",),
    locale: Array | None = None,
) -> pa.Table:
    """Acts of people as rows of `contributions`; those dated after the source's clock are planned, not
    done."""
    own = crowd.accounts[source]
    here = (account >= 0) & (at < crowd.size.now)
    here &= own.person[account] >= 0
    event, account, at, number = event[here], account[here], at[here], number[here]
    count = len(event)
    return pa.table(
        {
            "person": pa.array(own.person[account] + 1),
            "account": pa.array(own.number[account]),
            "source": words((source,), np.zeros(count, np.int64)),
            "area": words(tuple(EVENT_AREAS[name] for name in events), event),
            "event_type": words(events, event),
            "occurred_at": instants(at),
            "locale": pa.nulls(count, pa.string()) if locale is None else words(locales, locale[here]),
            "object": pa.array(number),
        },
        schema=SCHEMAS["contributions"],
    )


def of_bugzilla(crowd: Crowd, months: list[bugzilla.Month]) -> dict[str, pa.Table]:
    made = {name: np.concatenate([month.acts[name] for month in months]) for name in months[0].acts}
    return {"contributions": contributions(
        crowd, "bugzilla", bugzilla.EVENTS, made["event"], made["who"], made["at"], made["bug_id"]
    )}  # fmt: skip


def of_pontoon(crowd: Crowd, months: list[pontoon.Month]) -> dict[str, pa.Table]:
    actions = {name: np.concatenate([month.actions[name] for month in months]) for name in months[0].actions}
    author = np.concatenate([month.translations["who"][month.actions["translation"]] for month in months])
    verdict = pontoon.counts(actions)
    here = verdict["created"] | verdict["reviewed"]
    own, reviewed = crowd.accounts["pontoon"], verdict["reviewed"]
    reviews = pa.table(
        {
            "translation": pa.array(actions["pk"][reviewed]),
            "reviewer": pa.array(own.number[actions["who"][reviewed]]),
            "author": pa.array(own.number[author[reviewed]]),
            "by_other": pa.array(actions["who"][reviewed] != author[reviewed]),
            "reviewed_at": instants(actions["at"][reviewed]),
            "locale": words(CODES, actions["locale"][reviewed]),
            "project": words(pontoon.SLUGS, actions["project"][reviewed]),
        },
        schema=SCHEMAS["reviews"],
    )
    event = verdict["reviewed"][here].astype(np.int64)
    done = contributions(
        crowd, "pontoon", ("translation_created", "translation_reviewed"), event, actions["who"][here],
        actions["at"][here], actions["pk"][here], CODES, actions["locale"][here],
    )  # fmt: skip
    return {"contributions": done, "reviews": reviews}


def of_sumo(crowd: Crowd, months: list[sumo.Month]) -> dict[str, pa.Table]:
    answered, questions = [], []
    own = crowd.accounts["sumo"]
    for month in months:
        rows, asked = month.answers, month.questions
        who = sumo.shown(crowd, rows["who"])
        here = ~rows["is_spam"] & (who >= 0) & (rows["who"] != asked["asker"][rows["question"]])
        question, at = rows["question"][here], rows["at"][here]
        answered.append(contributions(
            crowd, "sumo", ("answer_posted",), np.zeros(len(at), np.int64), who[here], at, rows["id"][here],
            sumo.FORUMS, asked["locale"][question],
        ))  # fmt: skip
        first = np.full(len(asked["id"]), np.iinfo(np.int64).max)
        np.minimum.at(first, question, at)
        asker = sumo.shown(crowd, asked["asker"])
        questions.append(pa.table(
            {
                "question": pa.array(asked["id"]),
                "asker": pa.array(own.number[asker], mask=asker < 0),
                "created": instants(asked["at"]),
                "locale": words(sumo.FORUMS, asked["locale"]),
                "product": words(sumo.PRODUCTS, asked["product"]),
                "is_spam": pa.array(asked["is_spam"]),
                "first_response_at": instants(first, first == np.iinfo(np.int64).max),
            },
            schema=SCHEMAS["questions"],
        ))  # fmt: skip
    return {"contributions": pa.concat_tables(answered), "questions": pa.concat_tables(questions)}


def of_records(crowd: Crowd, source: str, acts: list[tuple[str, int, int, int]]) -> dict[str, pa.Table]:
    """Of Reps and Discourse, whose acts are (event type, account, moment, number)."""
    events = tuple(sorted({act[0] for act in acts})) or ("reps_report",)
    account, at, number = (np.array([act[n] for act in acts], np.int64) for n in (1, 2, 3))
    event = np.array([events.index(act[0]) for act in acts], np.int64)
    return {"contributions": contributions(crowd, source, events, event, account, at, number)}


@dataclass
class Drawn:
    """All months of all systems: for communities that fit into memory at once."""

    bugzilla: list[bugzilla.Month]
    pontoon: list[pontoon.Month]
    sumo: list[sumo.Month]
    reps: list[reps.Month]
    discourse: list[discourse.Month]


def drawn(crowd: Crowd) -> Drawn:
    every = range(len(crowd.calendar))
    return Drawn(
        bugzilla=[bugzilla.draw(crowd, month) for month in every],
        pontoon=[pontoon.draw(crowd, month) for month in every],
        sumo=[sumo.draw(crowd, month) for month in every],
        reps=[reps.draw(crowd, month) for month in every],
        discourse=[discourse.draw(crowd, month) for month in every],
    )


def noted(crowd: Crowd, made: Drawn) -> dict[str, pa.Table]:
    """contributions, questions and reviews of all these months."""
    tables = [of_bugzilla(crowd, made.bugzilla), of_pontoon(crowd, made.pontoon), of_sumo(crowd, made.sumo)]
    tables.append(of_records(crowd, "reps", [act for month in made.reps for act in month.acts]))
    tables.append(of_records(crowd, "discourse", [act for month in made.discourse for act in month.acts]))
    return {
        name: pa.concat_tables([table[name] for table in tables if name in table])
        for name in ("contributions", "questions", "reviews")
    }


# --- Who there is ----------------------------------------------------------------------------------


def people_tables(crowd: Crowd) -> dict[str, pa.Table]:
    """people, accounts, affiliations, roles, regions, retention_gaps."""
    people = crowd.people
    number = np.arange(1, len(people) + 1)
    place = tuple(one.code for one in PLACES)
    return {
        "people": pa.table(
            {
                "person": pa.array(number),
                "kind": words(KINDS, people.kind),
                "country": words(place, people.place),
                "affiliation": words(AFFILIATIONS, people.affiliation),
                "joined": instants(people.joined),
                "left": instants(people.left),
                "region": words(REGIONS, people.region),
                "locale": words(CODES, people.locale),
                "stays": pa.array(people.stays),
                "planted": words(PLANTED, people.planted),
                "namesake": pa.array(people.namesake + 1, mask=people.namesake < 0),
            }
        ),
        "accounts": pa.concat_tables([_accounts(crowd, source) for source in SYSTEMS]),
        "affiliations": _affiliations(crowd),
        "roles": _roles(crowd),
        "regions": pa.table(
            {
                "region": pa.array(REGIONS),
                "change": pa.array(
                    [{DECLINING: "declines", GROWING: "grows"}.get(name, "none") for name in REGIONS]
                ),
                "changes_from": pa.array([crowd.size.end - CHANGED_BEFORE_END] * len(REGIONS), INSTANT),
                "newcomers_who_stay": pa.array([_stays(name) for name in REGIONS]),
            }
        ),
        "retention_gaps": pa.table(
            {
                "region_1": pa.array([one for one, _ in combinations(REGIONS, 2)]),
                "region_2": pa.array([two for _, two in combinations(REGIONS, 2)]),
                "is_real": pa.array([_stays(one) != _stays(two) for one, two in combinations(REGIONS, 2)]),
            }
        ),
    }


def _stays(region: str) -> float:
    return STAYS_LESS if region == LESS_KEPT else STAYS


def _accounts(crowd: Crowd, source: str) -> pa.Table:
    own, people = crowd.accounts[source], crowd.people
    person = np.maximum(own.person, 0)
    shows = own.visible & people.declares[person] if source == "sumo" else np.zeros(len(own), bool)
    says = (reps.visible(crowd) if source == "reps" else shows) & (own.person >= 0)
    visible = reps.visible(crowd) if source == "reps" else own.visible
    return pa.table({
        "account": pa.array(own.number),
        "person": pa.array(own.person + 1, mask=own.person < 0),
        "source": words((source,), np.zeros(len(own), np.int64)),
        "native_id": pa.array(own.native),
        "username": pa.array(own.handle, pa.string()),
        "is_bot": pa.array(own.person < 0),
        "is_visible": pa.array(visible),
        "declared_country": words(tuple(one.code for one in PLACES), people.place[person], ~says),
    })  # fmt: skip


def _affiliations(crowd: Crowd) -> pa.Table:
    """Terms of those who are not volunteers all the time; volunteers have one term."""
    people = crowd.people
    paid = people.affiliation != VOLUNTEER
    every = np.arange(len(people))
    before = paid & (people.hired > people.joined)
    after = paid & (people.let_go < people.left)
    person = np.r_[every, every[before], every[after]]
    kind = np.r_[people.affiliation, np.full(before.sum() + after.sum(), VOLUNTEER)]
    start = np.r_[np.where(paid, people.hired, people.joined), people.joined[before], people.let_go[after]]
    end = np.r_[np.where(paid, people.let_go, people.left), people.hired[before], people.left[after]]
    order = np.lexsort((start, person))
    return pa.table({
        "person": pa.array(person[order] + 1),
        "affiliation": words(AFFILIATIONS, kind[order]),
        "valid_from": instants(start[order]),
        "valid_to": instants(end[order]),
    })  # fmt: skip


def _roles(crowd: Crowd) -> pa.Table:
    """Leaders: reviewers of Pontoon's teams, mentors of Reps, the helpers with most energy in each forum."""
    found: list[dict[str, Any]] = []

    def note(source: str, account: int, role: str, scope_type: str | None, scope: str | None) -> None:
        own = crowd.accounts[source]
        joined, left = int(own.joined[account]), int(own.left[account])
        found.append({
            "person": int(own.person[account]) + 1, "account": int(own.number[account]), "source": source,
            "role": role, "scope_type": scope_type, "scope": scope, "valid_from": joined, "valid_to": left,
        })  # fmt: skip

    team = pontoon.reviewers(crowd)
    for account in np.flatnonzero(team.weight > 0).tolist():
        note("pontoon", account, "translator", "locale", CODES[int(team.group[account])])
    for account in reps.mentors(crowd).tolist():
        note("reps", account, "mentor", None, None)
    own, forum = crowd.accounts["sumo"], sumo.forum_of(crowd)
    weight = own.weight * (crowd.of_person("sumo", "kind", NOBODY) == 0)
    for place, code in enumerate(sumo.FORUMS):
        here = np.flatnonzero((forum == place) & (weight > 0) & own.visible)
        for account in here[np.argsort(-weight[here], kind="stable")][:3].tolist():
            note("sumo", account, "locale leader", "locale", code)
    schema = pa.schema(
        [
            ("person", pa.int64()),
            ("account", pa.int64()),
            *((name, pa.string()) for name in ("source", "role", "scope_type", "scope")),
            ("valid_from", INSTANT),
            ("valid_to", INSTANT),
        ]
    )
    return pa.Table.from_pylist(found, schema=schema)


def persona(crowd: Crowd, done: str) -> pa.Table:
    """Who was planted, and who meets the rule by `contributions` (the Parquet files that `done` names)."""
    day = reference_day(crowd.size)
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute("set timezone = 'UTC'")
        connection.register("terms", _affiliations(crowd))
        found = connection.execute(
            """
            with acts as (
                select
                    acts.person, acts.area, cast(acts.occurred_at as date) as on_day,
                    cast(make_timestamptz($day) as date) as reference
                from read_parquet($done) as acts
                where acts.occurred_at < make_timestamptz($day)
                    and acts.occurred_at >= make_timestamptz($day) - interval 730 day
                    and exists (
                        select 1 from terms
                        where terms.person = acts.person and terms.affiliation = 'volunteer'
                            and acts.occurred_at >= terms.valid_from and acts.occurred_at < terms.valid_to
                    )
            )
            select
                person,
                count(distinct date_trunc('month', on_day))
                    filter (on_day >= reference - interval 12 month) as active_months,
                count(distinct on_day) filter (on_day >= reference - 365) as active_days,
                count(distinct area) as areas
            from acts group by person order by person
            """,
            {"day": day, "done": done},
        ).to_arrow_table()
        connection.register("found", found)
        planted = crowd.people.planted
        connection.register("planted", pa.table({
            "person": pa.array(np.arange(1, len(planted) + 1)), "planted": words(PLANTED, planted),
        }))  # fmt: skip
        return connection.execute(
            """
            select
                person, planted, coalesce(active_months, 0) as active_months,
                coalesce(active_days, 0) as active_days, coalesce(areas, 0) as areas,
                coalesce(active_months >= 6 and active_days >= 24 and areas >= 2, false) as meets_rule
            from planted left join found using (person)
            where planted is not null or active_days >= 12
            order by person
            """
        ).to_arrow_table()
