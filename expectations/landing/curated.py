"""What must hold before a batch of curated files is written (the files: `sources/curated.py`).

A file that is wrong in itself never comes this far: its sheet refuses it by file, line and column.
"""

from expectations.landing.common import gate, known, not_negative, pseudonyms
from pipelines.sources import curated
from pipelines.sources.curated import SOURCE

AFFILIATION = gate(SOURCE, curated.AFFILIATION, pseudonyms("account"))

ROLES = gate(SOURCE, curated.ROLES, pseudonyms("account"))

GOALS = gate(
    SOURCE,
    curated.GOALS,
    known("topic_area", set(curated.TOPIC_AREAS), "a goal belongs to one of the ten topic areas"),
)

RECOGNITION = gate(SOURCE, curated.RECOGNITION, pseudonyms("account"))

RESOURCES = gate(SOURCE, curated.RESOURCES, not_negative("amount", "means are given, not taken"))

IDENTITY = gate(SOURCE, curated.IDENTITY, pseudonyms("account_1"))

OUTCOMES = gate(
    SOURCE,
    curated.OUTCOMES,
    not_negative("expected", "what is expected of an event is counted up"),
    not_negative("outcome", "what came of an event is counted up"),
)

UNAVAILABLE = gate(SOURCE, curated.UNAVAILABLE, pseudonyms("account"))
