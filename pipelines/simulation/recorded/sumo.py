"""SUMO from recorded daily tables of questions and answers.

    firefox_questions_*      -> questions
    thunderbird_questions_*  -> questions   a question moved between the products is one question
    thunderbird_answers_*    -> answers

No profile was recorded: users stay empty. What a table lacks is given as the interface gives it when it is
empty: no text, no metadata, flags false, `solution` null, tags without a name. `num_answers` and
`last_answer`, where a day has 11 columns, follow from the listed answers less those recorded as spam (on
the days that record them this holds for 99.8 %). Listed answers that were not recorded stay listed.

Set aside, counted: rows of a question or answer that is served from a later observation. The later one has
the later `updated`; between equals a Thunderbird row counts as later (recorded afterwards, Firefox rows on
the day itself), then the row of more columns, then the later row.

Times. Kitsune kept US Pacific wall clocks until 2023-11-28, about 19:00 UTC, and UTC since then; its
interface labels both `Z`. No stamp says 09:21 to 20:43 of that day, so an old stamp is one before
`SWITCHED`, whatever file it is in: a question of October answered in December has one stamp of each kind.
So read, ids and instants run in the same order across that day, and nobody answers before being asked.

* Thunderbird says `+0000` throughout: before `SWITCHED` it is a wall clock. The day 2023-04-12 was recorded
  a second time, with right instants: those are the later of the two stamps of an id. A question that this
  day has once is taken as right, too.
* Firefox was recorded day by day as a wall clock with an offset. The wall clock is right; the offset tells
  the two passes of the hour that comes twice. The first day, 2020-10-11, says -0800 in summer, and `Z` after
  the same wall clock in `updated`: the zone is followed, not the label. The day of the switch was recorded
  after it, so its wall clocks were converted as if they were UTC: that conversion is undone.

In the hours after clocks go back a few stamps are up to one hour off against the order of ids: left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from pipelines.simulation.recorded.files import Reading, from_pacific, midnight, midnight_after, utc
from pipelines.simulation.world import Record, SetAside, SumoWorld
from pipelines.sources.archive_files import found, reading, rows

SETS = (
    "sumo/firefox_questions_*.csv.gz",
    "sumo/thunderbird_questions_*.csv.gz",
    "sumo/thunderbird_answers_*.csv.gz",
)
QUESTION_COLUMNS = (
    "source_day", "source_columns", "id", "created", "updated", "title", "tags", "product", "topic",
    "locale", "answers", "creator",
)  # fmt: skip
ANSWER_COLUMNS = (
    "source_day", "id", "question_id", "created", "updated", "creator", "is_spam", "num_helpful",
    "num_unhelpful",
)  # fmt: skip
SWITCHED = datetime(2023, 11, 28, 13)
"""Stamps labelled UTC before this are US Pacific wall clocks: nothing is stamped 09:21 to 20:43 that day."""
RECORDED_TWICE = "2023-04-12"
"""The Thunderbird day that was recorded a second time, with right instants."""

MOVED = "the same question in another product's files: it was moved, the later observation is served"
TWO_ZONES = "recorded twice, once as a wall clock and once in UTC: the same instants"
REPEATED = "the same record again in these files"
CONFLICTING = "the same id with other times: the later observation is served"


class Observation(NamedTuple):
    """One row of a table with its instants (UTC). rank: the highest of an id is served."""

    row: dict[str, str]
    source: str
    input_set: str
    created: datetime
    updated: datetime
    rank: tuple[datetime, int, int, str, int]


# --- Times -------------------------------------------------------------------------------------


def labelled_utc(stamp: str) -> datetime:
    """`2023-01-01 02:21:46 +0000` as the interface labelled it -> the instant (UTC)."""
    moment = datetime.fromisoformat(stamp[:19])
    return from_pacific(moment) if moment < SWITCHED else moment.replace(tzinfo=UTC)


def wall_clock(stamp: str, source_day: str) -> datetime:
    """`2021-01-01 14:40:25 -0800` or `2020-10-11T15:53:25Z` in the file of a day -> the instant (UTC)."""
    moment = from_pacific(datetime.fromisoformat(stamp[:19]), fold=0 if stamp.endswith("-0700") else 1)
    if source_day == SWITCHED.date().isoformat() and moment.replace(tzinfo=None) < SWITCHED:
        return from_pacific(moment.replace(tzinfo=None))
    return moment


def as_it_says(stamp: str) -> datetime:
    """A stamp whose label is right."""
    return datetime.fromisoformat(stamp[:19]).replace(tzinfo=UTC)


# --- Rows --------------------------------------------------------------------------------------


def firefox(paths: Iterable[Path]) -> Iterator[Observation]:
    for path in paths:
        with reading(path):
            for place, row in enumerate(rows(path, QUESTION_COLUMNS)):
                day = row["source_day"]
                created, updated = wall_clock(row["created"], day), wall_clock(row["updated"], day)
                rank = (updated, 0, int(row["source_columns"]), day, place)
                yield Observation(row, "firefox", path.name, created, updated, rank)


def thunderbird(paths: list[Path]) -> Iterator[Observation]:
    right: dict[str, str] = {}
    tables: list[tuple[Path, list[dict[str, str]]]] = []
    for path in paths:
        with reading(path):
            tables.append((path, list(rows(path, QUESTION_COLUMNS))))
            for row in tables[-1][1]:
                if row["source_day"] == RECORDED_TWICE:
                    right[row["id"]] = max(row["created"], right.get(row["id"], ""))
    for path, table in tables:
        with reading(path):
            for place, row in enumerate(table):
                is_right = row["source_day"] == RECORDED_TWICE and row["created"] == right[row["id"]]
                instant = as_it_says if is_right else labelled_utc
                created, updated = instant(row["created"]), instant(row["updated"])
                recorded_first = 1 if is_right else 0  # its topics have names of before
                rank = (updated, 1, int(row["source_columns"]) - recorded_first, row["source_day"], place)
                yield Observation(row, "thunderbird", path.name, created, updated, rank)


def answers_of(paths: Iterable[Path]) -> Iterator[Observation]:
    for path in paths:
        with reading(path):
            for place, row in enumerate(rows(path, ANSWER_COLUMNS)):
                created, updated = labelled_utc(row["created"]), labelled_utc(row["updated"])
                yield Observation(
                    row, "answers", path.name, created, updated, (updated, 0, 0, row["source_day"], place)
                )


def latest(observations: Iterable[Observation]) -> tuple[list[Observation], Counter[tuple[str, str]]]:
    """The latest observation of every id, in the order of ids, and (input set, reason) of the others."""
    served: dict[int, Observation] = {}
    others: Counter[tuple[str, str]] = Counter()
    for one in observations:
        number = int(one.row["id"])
        known = served.setdefault(number, one)
        if known is one:
            continue
        kept, dropped = (one, known) if one.rank > known.rank else (known, one)
        served[number] = kept
        others[dropped.input_set, why_twice(kept, dropped)] += 1
    return [served[number] for number in sorted(served)], others


def why_twice(kept: Observation, dropped: Observation) -> str:
    if kept.created != dropped.created:
        return CONFLICTING
    if kept.source != dropped.source:
        return MOVED
    return REPEATED if kept.row["created"] == dropped.row["created"] else TWO_ZONES


# --- Records -----------------------------------------------------------------------------------


def person(username: str | None) -> Record | None:
    """An embedded user; an account without a name or a picture of its own has null and an empty text."""
    return {"username": username, "display_name": None, "avatar": ""} if username else None


@lru_cache(20_000)
def tag(slug: str) -> Record:
    """A tag: its name was not recorded. The same object for every question; records are never changed."""
    return {"name": "", "slug": slug}


def listed(value: str | None) -> list[str]:
    """`a;b;` -> [a, b]."""
    return [part for part in (value or "").split(";") if part]


def number(value: str | None) -> int | None:
    return int(value) if value else None


def question(one: Observation, spam: set[int]) -> Record:
    """A question as `/api/2/question/` answers it. spam: answers known to be spam."""
    row = one.row
    answers = [int(part) for part in listed(row["answers"])]
    counted = [answer for answer in answers if answer not in spam]
    num_answers, last_answer = number(row.get("num_answers")), number(row.get("last_answer"))
    if not row.get("num_answers"):
        num_answers, last_answer = len(counted), max(counted, default=None)
    taken_until = row.get("taken_until")
    return {
        "answers": answers,
        "content": "",
        "created": utc(one.created),
        "creator": person(row["creator"]),
        "id": int(row["id"]),
        "involved": [person(name) for name in listed(row.get("involved"))],
        "is_archived": row.get("is_archived") == "true",
        "is_locked": row.get("is_locked") == "true",
        "is_solved": row.get("is_solved") == "true",
        "is_spam": row.get("is_spam") == "true",
        "is_taken": row.get("is_taken") == "true",
        "last_answer": last_answer,
        "locale": row["locale"],
        "metadata": [],
        "tags": [tag(slug) for slug in listed(row["tags"])],
        "num_answers": num_answers,
        "num_votes_past_week": number(row.get("num_votes_past_week")) or 0,
        "num_votes": number(row.get("num_votes")) or 0,
        "product": row["product"],
        "solution": number(row.get("solution")),
        "solved_by": person(row.get("solved_by")),
        "taken_until": utc(labelled_utc(taken_until)) if taken_until else None,
        "taken_by": person(row.get("taken_by")),
        "title": row["title"],
        "topic": row["topic"],
        "updated_by": person(row.get("updated_by")),
        "updated": utc(one.updated),
    }


def answer(one: Observation) -> Record:
    """An answer as `/api/2/answer/` answers it."""
    row = one.row
    return {
        "id": int(row["id"]),
        "question": int(row["question_id"]),
        "content": "",
        "created": utc(one.created),
        "creator": person(row["creator"]),
        "updated": utc(one.updated),
        "updated_by": None,
        "is_spam": row["is_spam"] == "true",
        "num_helpful_votes": int(row["num_helpful"]),
        "num_unhelpful_votes": int(row["num_unhelpful"]),
    }


def read(directory: Path) -> Reading[SumoWorld]:
    """SUMO's part of a recorded directory. Raises ValueError for a file that is not in its set's form.

    since: the first UTC day that a question or answer was made. now: the end of the last day that a
    question was asked; later answers, which were recorded with their question, are served all the same.
    """
    of_firefox, of_thunderbird, of_answers = (found(directory, pattern) for pattern in SETS)
    asked, again = latest((*firefox(of_firefox), *thunderbird(of_thunderbird)))
    answered, answered_again = latest(answers_of(of_answers))
    spam = {int(one.row["id"]) for one in answered if one.row["is_spam"] == "true"}
    part = SumoWorld([question(one, spam) for one in asked], [answer(one) for one in answered])
    aside = [
        SetAside("sumo", input_set, reason, records)
        for (input_set, reason), records in sorted((again + answered_again).items())
    ]
    made = [one.created for one in (*asked, *answered)]
    last = max((one.created for one in (asked or answered)), default=None)
    since = midnight(min(made).date()) if made else None
    return Reading(part, aside, since, midnight_after(last) if last else None)
