"""Facts that people of the programme keep in dated files, because no system knows them.

    affiliation.csv -> curated/affiliation   who was staff, vendor or volunteer, from when to when
    roles.csv       -> curated/roles         who led what
    goals.csv       -> curated/goals         what was to be reached, every version of it
    recognition.csv -> curated/recognition   who was thanked by name, when
    resources.csv   -> curated/resources     money and other means, by region
    identity.csv    -> curated/identity      which accounts are, or are not, one person's
    outcomes.csv    -> curated/outcomes      what an event was to reach, and what it reached
    unavailable.csv -> curated/unavailable   who told that they would be away

Columns are explained in `docs/curated.md`. How files are read: `files.py`.
Privacy: accounts are hashed as their own source lands them, so that they join; no names and no free notes.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from pipelines.sources.files import (
    Folder,
    Sheet,
    account_columns,
    account_rows,
    country_of,
    day_of,
    feeds_of,
    in_time,
    known_account,
    number_of,
    one_at_a_time,
    pseudonym_in,
    region_of,
    slug_of,
    text_of,
    whole_of,
    word,
    yes_or_no,
)
from pipelines.sources.spec import (
    Pace,
    Pseudonymise,
    Record,
    Row,
    Source,
    Stream,
    boolean,
    day,
    hashed,
    int64,
    number,
    required,
    text,
)

AREAS = ("code", "localization", "support", "quality", "knowledge_base", "mobilizing", "community_forum")
"""The seven areas of contribution (catalogue 0.2)."""

TOPIC_AREAS = (
    "regional_identity",
    "diversity_inclusion",
    "activity",
    "accountability",
    "leadership",
    "resources",
    "recognition",
    "systems",
    "journey",
    "staff_support",
)
SLICE = ("area", "event_type", "region", "country", "locale", "product", "project", "level", "category")
"""The columns of a metric value by which a goal may be meant for a part of the community."""

GRAINS = ("month", "quarter", "year", "week")
POPULATIONS = ("community", "all", "staff")
"""Of whom metrics that goals can be set on are told. Of people known to be volunteers alone few are: who is
unknown is nearly everybody."""


def _goal_can_be_measured(rows: list[Row], lines: list[int]) -> Iterator[tuple[int, str, str]]:
    for row, line in zip(rows, lines, strict=True):
        if row["target"] == row["baseline"]:
            yield line, "target", "the same as baseline, so that nothing could be reached"


def _two_accounts(rows: list[Row], lines: list[int]) -> Iterator[tuple[int, str, str]]:
    for row, line in zip(rows, lines, strict=True):
        one, other = ((row[f"source_{n}"], row[f"kind_{n}"], row[f"account_{n}"]) for n in (1, 2))
        if one == other:
            yield line, "account_2", "the same account as account_1"


TERM = (
    day_of("valid_from", "the first day"),
    day_of("valid_to", "the first day on which it no longer held; empty: it still does", required=False),
)
ROLE_SCOPE = ("source", "kind", "account", "role", "scope_type", "scope")

AFFILIATION_SHEET = Sheet(
    "affiliation",
    "Who was staff, vendor or volunteer, from when to when. One line an account and term.",
    (
        *account_columns(),
        word("affiliation", "what the person was", ("staff", "vendor", "volunteer")),
        *TERM,
    ),
    ("source", "kind", "account", "valid_from"),
    (
        known_account(),
        in_time("valid_from", "valid_to"),
        one_at_a_time(("source", "kind", "account"), "valid_from", "valid_to"),
    ),
)
ROLES_SHEET = Sheet(
    "roles",
    "Who led what, from when to when. One line an account, role and scope.",
    (
        *account_columns(),
        slug_of("role", "the role, e.g. locale_leader, mentor, moderator, manager, translator"),
        word("scope_type", "what the scope is", ("all", "region", "country", "locale", "area", "product")),
        text_of("scope", "for which one of them; all where there is no other"),
        day_of("valid_from", "the first day on which the role is known to have been held"),
        TERM[1],
        yes_or_no("is_start_known", "whether valid_from is the day the role began; no: it began earlier"),
    ),
    (*ROLE_SCOPE, "valid_from"),
    (known_account(), in_time("valid_from", "valid_to"), one_at_a_time(ROLE_SCOPE, "valid_from", "valid_to")),
)
GOALS_SHEET = Sheet(
    "goals",
    "What is to be reached, by a metric. A change of a goal is one more line with its own version_on.",
    (
        slug_of("goal", "a short name that never changes"),
        text_of("title", "the goal in words"),
        word("topic_area", "the topic area it belongs to", TOPIC_AREAS),
        slug_of("metric", "the metric that measures it"),
        word("grain", "the length of the periods whose value counts", GRAINS),
        word("population", "whose contributions are meant", POPULATIONS),
        *(slug_of(name, f"the {name} that is meant; empty: all", required=False, pattern="[^@\\s]+")
          for name in SLICE),
        number_of("baseline", "the value at the start"),
        number_of("target", "the value to be reached"),
        day_of("starts_on", "the first day of the goal's term"),
        day_of("due_on", "the day on which it is to be reached"),
        day_of("version_on", "the day from which this line is the goal"),
    ),
    ("goal", "version_on"),
    (in_time("starts_on", "due_on"), _goal_can_be_measured),
)  # fmt: skip
RECOGNITION_SHEET = Sheet(
    "recognition",
    "Who was thanked by name, when.",
    (
        *account_columns(),
        slug_of("recognition", "what was given, e.g. rep_of_the_month, thanks"),
        word("area", "the area it was given for; empty: none in particular", AREAS, required=False),
        day_of("given_on", "the day"),
    ),
    ("source", "kind", "account", "recognition", "given_on"),
    (known_account(),),
)
RESOURCES_SHEET = Sheet(
    "resources",
    "Means given to a region: money, devices, travel.",
    (
        slug_of("resource", "what it was, e.g. event_budget, swag, travel"),
        region_of("region", "the region it went to, as the table of regions names it"),
        country_of("country", "the country it went to, where it was given to one"),
        number_of("amount", "how much", least=0),
        text_of("unit", "of what, e.g. USD, items, requests"),
        day_of("starts_on", "the first day it was meant for"),
        day_of("ends_on", "the first day it was no longer meant for"),
    ),
    ("resource", "region", "country", "unit", "starts_on"),
    (in_time("starts_on", "ends_on"),),
)
IDENTITY_SHEET = Sheet(
    "identity",
    "Decisions of people about accounts, which always win. To undo one, remove its line.",
    (
        *account_columns("_1"),
        *account_columns("_2"),
        word("decision", "whether both accounts are one person's", ("same", "different")),
        day_of("decided_on", "the day of the decision"),
    ),
    ("source_1", "kind_1", "account_1", "source_2", "kind_2", "account_2"),
    (known_account("_1"), known_account("_2"), _two_accounts),
)
OUTCOMES_SHEET = Sheet(
    "outcomes",
    "What an event of Mozilla Reps was to reach, and what it reached.",
    (
        whole_of("event_id", "the number of the event in its address"),
        slug_of("metric", "what was counted, e.g. attendees, new_contributors"),
        number_of("expected", "what was expected before", required=False, least=0),
        number_of("outcome", "what came of it", required=False, least=0),
    ),
    ("event_id", "metric"),
)
UNAVAILABLE_SHEET = Sheet(
    "unavailable",
    "Who told that they would be away, so that nothing is expected of them.",
    (*account_columns(), *TERM),
    ("source", "kind", "account", "valid_from"),
    (
        known_account(),
        in_time("valid_from", "valid_to"),
        one_at_a_time(("source", "kind", "account"), "valid_from", "valid_to"),
    ),
)
SHEETS = (
    AFFILIATION_SHEET,
    ROLES_SHEET,
    GOALS_SHEET,
    RECOGNITION_SHEET,
    RESOURCES_SHEET,
    IDENTITY_SHEET,
    OUTCOMES_SHEET,
    UNAVAILABLE_SHEET,
)


def identity_rows(record: Record, hash_of: Pseudonymise) -> tuple[Row, ...]:
    return (
        {**record, **{f"account_{n}": pseudonym_in(record, hash_of, f"_{n}") for n in (1, 2)}},
    )  # fmt: skip


WHO = {"source": required(text), "account": required(hashed)}

AFFILIATION = Stream(
    name="affiliation",
    about="an account's affiliation in [valid_from, valid_to)",
    key=("source", "account", "valid_from"),
    rows=account_rows,
    keep={**WHO, "affiliation": required(text), "valid_from": required(day), "valid_to": day},
)
ROLES = Stream(
    name="roles",
    about="a role an account held in [valid_from, valid_to), and for what",
    key=("source", "account", "role", "scope_type", "scope", "valid_from"),
    rows=account_rows,
    keep={
        **WHO,
        "role": required(text),
        "scope_type": required(text),
        "scope": required(text),
        "valid_from": required(day),
        "valid_to": day,
        "is_start_known": required(boolean),
    },
)
GOALS = Stream(
    name="goals",
    about="a version of a goal, valid from version_on until the next one",
    key=("goal", "version_on"),
    keep={
        "goal": required(text),
        "title": required(text),
        "topic_area": required(text),
        "metric": required(text),
        "grain": required(text),
        "population": required(text),
        **dict.fromkeys(SLICE, text),
        "baseline": required(number),
        "target": required(number),
        "starts_on": required(day),
        "due_on": required(day),
        "version_on": required(day),
    },
)
RECOGNITION = Stream(
    name="recognition",
    about="a formal recognition of an account",
    key=("source", "account", "recognition", "given_on"),
    rows=account_rows,
    keep={**WHO, "recognition": required(text), "area": text, "given_on": required(day)},
)
RESOURCES = Stream(
    name="resources",
    about="means given to a region in [starts_on, ends_on)",
    key=("resource", "region", "country", "unit", "starts_on"),
    rows=lambda record, _hash: ({**record, "country": record["country"] or ""},),
    keep={
        "resource": required(text),
        "region": required(text),
        "country": required(text),
        "amount": required(number),
        "unit": required(text),
        "starts_on": required(day),
        "ends_on": required(day),
    },
)
IDENTITY = Stream(
    name="identity",
    about="a person's decision whether two accounts belong to one person",
    key=("source_1", "account_1", "source_2", "account_2"),
    rows=identity_rows,
    keep={
        "source_1": required(text),
        "account_1": required(hashed),
        "source_2": required(text),
        "account_2": required(hashed),
        "decision": required(text),
        "decided_on": required(day),
    },
)
OUTCOMES = Stream(
    name="outcomes",
    about="one number that an event was to reach, and what it reached",
    key=("event_id", "metric"),
    keep={"event_id": required(int64), "metric": required(text), "expected": number, "outcome": number},
)
UNAVAILABLE = Stream(
    name="unavailable",
    about="a time in which somebody told that they would be away, [valid_from, valid_to)",
    key=("source", "account", "valid_from"),
    rows=account_rows,
    keep={**WHO, "valid_from": required(day), "valid_to": day},
)

SOURCE = Source(
    name="curated",
    title="Curated files",
    base_url="",
    opened_on=date(1998, 1, 1),
    grace=timedelta(0),
    pace=Pace(per_minute=60_000),
    feeds=feeds_of((AFFILIATION, ROLES, GOALS, RECOGNITION, RESOURCES, IDENTITY, OUTCOMES, UNAVAILABLE)),
    kept=lambda folder, now: Folder(folder, SHEETS, now),
)
