"""What must hold before a batch of Mozilla Reps is written (its interface: `sources/reps.py`).

Days of reports are typed by people, also in the future and before the portal opened: only days
that no calendar of the programme can hold refuse. The archive is closed, so that a refused batch
would never grow: what single records may get wrong is a warning.
"""

from datetime import date, timedelta

from expectations.landing.common import between_days, filled, gate, in_order, pseudonyms, since_opening
from pipelines.sources import reps
from pipelines.sources.reps import SOURCE

MOZILLA_BEGAN = date(1998, 1, 1)

PEOPLE = gate(
    SOURCE,
    reps.PEOPLE,
    between_days("date_joined_program", MOZILLA_BEGAN, "nobody joined before Mozilla began", mostly=0.9),
    in_order("date_joined_program", "date_left_program", "who left had joined before", severity="warning"),
    pseudonyms("account"),
    filled("country", 0.9, "most Reps declare their country"),
    filled("date_joined_program", 0.9, "most Reps show when they joined"),
)

EVENTS = gate(
    SOURCE,
    reps.EVENTS,
    since_opening(SOURCE, "start"),
    in_order("start", "end", "an event ends after it starts", mostly=0.9),
    pseudonyms("owner"),
    filled("owner", 0.9, "most events name their organiser"),
    filled("start", 0.95, "nearly every event says when it starts"),
    filled("country", 0.9, "most events are in a country"),
)

ACTIVITIES = gate(
    SOURCE,
    reps.ACTIVITIES,
    between_days("report_date", MOZILLA_BEGAN, "nothing was done before Mozilla began", mostly=0.9),
    between_days(
        "report_date",
        SOURCE.opened_on - timedelta(days=365),
        "reports are of the time of the portal",
        mostly=0.99,
        severity="warning",
    ),
    pseudonyms("reporter"),
    filled("reporter", 0.9, "most reports name who reports"),
    filled("report_date", 0.95, "nearly every report has a day"),
    filled("activity", 0.95, "nearly every report names an activity"),
    filled("passive_report", 0.95, "entries that an event makes by itself are told by this field"),
)
