"""What must hold before a batch of the survey is written (the files: `sources/survey.py`).

A file that is wrong in itself never comes this far: its sheet refuses it by file, line and column.
"""

from expectations.gate import expect
from expectations.landing.common import between_days, gate, pseudonyms
from pipelines.sources import survey
from pipelines.sources.survey import SOURCE

WAVES = gate(
    SOURCE,
    survey.WAVES,
    between_days("starts_on", SOURCE.opened_on, "a wave lies in the life of the project"),
)

INVITATIONS = gate(SOURCE, survey.INVITATIONS, pseudonyms("account"))

ANSWERS = gate(
    SOURCE,
    survey.ANSWERS,
    pseudonyms("respondent"),
    expect(
        "ExpectColumnValuesToBeInSet",
        column="attribute",
        value_set=sorted(survey.ATTRIBUTES),
        notes="only what was agreed to be asked is kept of people",
    ),
)
