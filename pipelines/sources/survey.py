"""The opt-in survey of contributors: waves, who was invited, what they chose to tell.

    waves.csv       -> survey/waves         when a wave was open
    invitations.csv -> survey/invitations   which respondent code stands for which account, in one wave
    answers.csv     -> survey/answers       one chosen value of one attribute; several may be chosen

Columns are explained in `docs/survey.md`. How files are read: `files.py`.
Privacy: attributes and their values come from a closed list, so that no text of a person can come in; the
respondent's code is hashed, and so is the account, as its own source lands it. Nothing is ever guessed:
who did not answer has no row that says more than that. An answer carries its account only so that it goes
when the person is erased; no model reads it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from pipelines.sources.files import (
    Column,
    Folder,
    Lookup,
    Sheet,
    account_columns,
    account_rows,
    day_of,
    feeds_of,
    in_time,
    known_account,
    slug_of,
    word,
    yes_or_no,
)
from pipelines.sources.spec import (
    Pace,
    Row,
    Source,
    Stream,
    boolean,
    day,
    hashed,
    pseudonym,
    required,
    text,
)

RATHER_NOT, NO_ANSWER = "prefer_not_to_say", "no_answer"
"""Two values that every attribute has: an answer of its own, and none (asked, and passed over)."""

ATTRIBUTES: dict[str, frozenset[str] | re.Pattern[str]] = {
    "gender": frozenset({"woman", "man", "non_binary", "self_described"}),
    "age_band": frozenset({"under_18", "18_24", "25_34", "35_44", "45_54", "55_64", "65_and_over"}),
    "disability": frozenset(
        {
            "none",
            "mobility",
            "vision",
            "hearing",
            "chronic_illness",
            "mental_health",
            "neurodivergent",
            "other",
        }
    ),
    "language": re.compile(r"[a-z]{2,3}"),
}
"""What may be asked: attribute -> its values, or the form of a code. Add one: its line here."""

MULTIPLE = frozenset({"gender", "disability", "language"})
"""Attributes of which a person may choose several values."""


def _known_value(rows: list[Row], lines: list[int]) -> Iterator[tuple[int, str, str]]:
    for row, line in zip(rows, lines, strict=True):
        value, known = row["attribute_value"], ATTRIBUTES[row["attribute"]]
        if value in (RATHER_NOT, NO_ANSWER):
            continue
        if isinstance(known, frozenset):
            if value not in known:
                expected = ", ".join([*sorted(known), RATHER_NOT, NO_ANSWER])
                yield line, "attribute_value", f"expected one of {expected}"
        elif not known.fullmatch(value):
            yield line, "attribute_value", "expected a language code of two or three small letters"


def _one_value(rows: list[Row], lines: list[int]) -> Iterator[tuple[int, str, str]]:
    """Some attributes have one value; a refusal and a passed-over question stand alone."""
    first: dict[tuple[str, str, str], tuple[int, str]] = {}
    for row, line in zip(rows, lines, strict=True):
        asked = (row["wave"], row["respondent"], row["attribute"])
        before, value = first.setdefault(asked, (line, row["attribute_value"]))
        alone = {RATHER_NOT, NO_ANSWER} & {value, row["attribute_value"]}
        if before != line and (alone or row["attribute"] not in MULTIPLE):
            yield line, "attribute_value", f"a second value beside the one in line {before}"


def _one_end(rows: list[Row], lines: list[int]) -> Iterator[tuple[int, str, str]]:
    """A response is complete or not: the same in each of its lines."""
    first: dict[tuple[str, str], tuple[int, bool]] = {}
    for row, line in zip(rows, lines, strict=True):
        before, is_complete = first.setdefault((row["wave"], row["respondent"]), (line, row["is_complete"]))
        if is_complete != row["is_complete"]:
            yield line, "is_complete", f"not as in line {before}, which is the same response"


WAVE = slug_of("wave", "the wave's short name, e.g. 2026-spring")
RESPONDENT = Column("respondent", "the code of the survey tool; hashed when it is read", str, "a code")

WAVES_SHEET = Sheet(
    "waves",
    "When the survey was open. One line a wave.",
    (WAVE, day_of("starts_on", "the first day"), day_of("ends_on", "the first day it was closed again")),
    ("wave",),
    (in_time("starts_on", "ends_on"),),
)
INVITATIONS_SHEET = Sheet(
    "invitations",
    "Who was invited. One line a wave and account.",
    (
        WAVE,
        RESPONDENT,
        *account_columns(),
        yes_or_no("is_delivered", "whether the invitation arrived; no: it bounced"),
    ),
    ("wave", "respondent"),
    (known_account(),),
)
ANSWERS_SHEET = Sheet(
    "answers",
    "What respondents chose to tell. One line a chosen value; a question that was passed over has no_answer.",
    (
        WAVE,
        RESPONDENT,
        word("attribute", "what was asked", ATTRIBUTES),
        slug_of("attribute_value", "the chosen value, prefer_not_to_say or no_answer"),
        yes_or_no("is_complete", "whether the whole survey was completed"),
    ),
    ("wave", "respondent", "attribute", "attribute_value"),
    (_known_value, _one_value, _one_end),
    Lookup(INVITATIONS_SHEET, by=("wave", "respondent"), brings=("source", "kind", "account")),
)
SHEETS = (WAVES_SHEET, INVITATIONS_SHEET, ANSWERS_SHEET)

WAVES = Stream(
    name="waves",
    about="a time in which the survey was open, [starts_on, ends_on)",
    key=("wave",),
    keep={"wave": required(text), "starts_on": required(day), "ends_on": required(day)},
)
INVITATIONS = Stream(
    name="invitations",
    about="an account that was invited to a wave",
    key=("wave", "respondent"),
    rows=account_rows,
    same_person=(("respondent", "account"),),
    keep={
        "wave": required(text),
        "respondent": required(pseudonym("respondent")),
        "source": required(text),
        "account": required(hashed),
        "is_delivered": required(boolean),
    },
)
ANSWERS = Stream(
    name="answers",
    about="a value of an attribute that a respondent chose",
    key=("wave", "respondent", "attribute", "attribute_value"),
    rows=account_rows,
    same_person=(("respondent", "account"),),
    keep={
        "wave": required(text),
        "respondent": required(pseudonym("respondent")),
        "account": required(hashed),
        "attribute": required(text),
        "attribute_value": required(text),
        "is_complete": required(boolean),
    },
)

SOURCE = Source(
    name="survey",
    title="Contributor survey",
    base_url="",
    opened_on=date(1998, 1, 1),
    grace=timedelta(0),
    pace=Pace(per_minute=60_000),
    feeds=feeds_of((WAVES, INVITATIONS, ANSWERS)),
    kept=lambda folder, now: Folder(folder, SHEETS, now),
)
