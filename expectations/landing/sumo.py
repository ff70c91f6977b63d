"""What must hold before a batch of SUMO is written (its interface: `sources/sumo.py`).

`created` after `updated` is a warning only: it is how days look whose stamps are in Pacific time
and say UTC, which did happen. Authors can be null: erased accounts are.
"""

from expectations.gate import expect
from expectations.landing.common import (
    filled,
    gate,
    in_order,
    no_e_mail,
    not_negative,
    pseudonyms,
    since_opening,
)
from pipelines.sources import sumo
from pipelines.sources.sumo import SOURCE

QUESTIONS = gate(
    SOURCE,
    sumo.QUESTIONS,
    since_opening(SOURCE, "created"),
    since_opening(SOURCE, "updated"),
    in_order("created", "updated", "a question is asked before it is changed", severity="warning"),
    pseudonyms("creator"),
    not_negative("num_answers", "a question has no fewer than zero answers", mostly=0.9),
    filled("creator", 0.9, "most questions name who asked"),
    filled("locale", 0.95, "nearly every question is in the forum of a locale"),
    filled("product", 0.95, "nearly every question is about a product"),
    filled("is_spam", 0.95, "spam is told by this field"),
    filled("is_solved", 0.95, "solved questions are told by this field"),
    expect(
        "ExpectColumnValuesToNotBeNull",
        column="solution",
        where={"is_solved": True},
        mostly=0.95,
        severity="warning",
        notes="a solved question names the answer that solved it",
    ),
)

ANSWERS = gate(
    SOURCE,
    sumo.ANSWERS,
    since_opening(SOURCE, "created"),
    since_opening(SOURCE, "updated"),
    in_order("created", "updated", "an answer is written before it is changed", severity="warning"),
    pseudonyms("creator"),
    not_negative("num_helpful_votes", "an answer has no fewer than zero votes", mostly=0.9),
    filled("creator", 0.9, "most answers name who answered"),
    filled("is_spam", 0.95, "spam is told by this field"),
)

USERS = gate(
    SOURCE,
    sumo.USERS,
    since_opening(SOURCE, "date_joined"),
    pseudonyms("account"),
    pseudonyms("username"),
    no_e_mail("country"),
    filled("date_joined", 0.95, "nearly every profile says since when it exists"),
    expect(
        "ExpectColumnValuesToMatchPattern",
        column="country",
        regex=r"^[A-Z]{2}$",
        mostly=0.95,
        severity="warning",
        notes="a declared country is a code of two capitals",
    ),
)

PRODUCTS = gate(SOURCE, sumo.PRODUCTS, filled("title", 0.95, "nearly every product has a name"))

LOCALES = gate(SOURCE, sumo.LOCALES, filled("name", 0.95, "nearly every language has a name"))

REVISIONS = gate(
    SOURCE,
    sumo.REVISIONS,
    since_opening(SOURCE, "created"),
    pseudonyms("creator"),
    filled("creator", 0.9, "nearly every revision names who saved it"),
)
