"""What must hold before a batch of Pontoon is written (its interface: `sources/pontoon.py`).

Recorded locales and projects come without statistics: counts may be absent, never wrong.
"""

from expectations.gate import expect
from expectations.landing.common import filled, gate, in_order, known, not_negative, pseudonyms, since_opening
from pipelines.sources import pontoon
from pipelines.sources.pontoon import SOURCE

LOCALE_CODE = r"^[a-z]{2,3}(?:[-_@][0-9A-Za-z]{2,8})*$"

LOCALES = gate(
    SOURCE,
    pontoon.LOCALES,
    expect(
        "ExpectColumnValuesToMatchPattern",
        column="code",
        regex=LOCALE_CODE,
        mostly=0.9,
        notes="a locale is a code like `sl` or `pt-BR`",
    ),
    not_negative("population", "a language has no fewer than zero speakers", mostly=0.9),
    not_negative("total_strings", "a locale has no fewer than zero strings", mostly=0.9),
    in_order(
        "approved_strings",
        "total_strings",
        "approved strings are some of all strings; Pontoon's own counts can lag",
        severity="warning",
    ),
    filled("name", 0.95, "nearly every locale has a name"),
    known("direction", {"ltr", "rtl"}, "a script is written from the left or from the right"),
)

LOCALE_SNAPSHOTS = gate(
    SOURCE,
    pontoon.LOCALE_SNAPSHOTS,
    not_negative("missing_strings", "no fewer than zero strings are missing", mostly=0.9),
    not_negative("pretranslated_strings", "no fewer than zero strings are pretranslated", mostly=0.9),
)

PROJECT_SNAPSHOTS = gate(
    SOURCE,
    pontoon.PROJECT_SNAPSHOTS,
    not_negative("missing_strings", "no fewer than zero strings are missing", mostly=0.9),
    not_negative("pretranslated_strings", "no fewer than zero strings are pretranslated", mostly=0.9),
)

PROJECTS = gate(
    SOURCE,
    pontoon.PROJECTS,
    not_negative("total_strings", "a project has no fewer than zero strings", mostly=0.9),
    in_order(
        "approved_strings",
        "total_strings",
        "approved strings are some of all strings; Pontoon's own counts can lag",
        severity="warning",
    ),
    filled("system_project", 0.95, "the tutorial and other system projects are told by this field"),
    expect(
        "ExpectColumnValuesToBeInSet",
        column="visibility",
        value_set=["public"],
        notes="only public projects are listed to an ordinary account; a private one must not be stored",
    ),
)

USER_ACTIONS = gate(
    SOURCE,
    pontoon.USER_ACTIONS,
    since_opening(SOURCE, "date"),
    pseudonyms("translator"),
    expect(
        "ExpectColumnValuesToNotBeNull",
        column="is_system_user",
        mostly=0.95,
        notes="imports and machine translation are told from people by this field",
    ),
    expect(
        "ExpectColumnValuesToMatchPattern",
        column="locale",
        regex=LOCALE_CODE,
        mostly=0.9,
        notes="a locale is a code like `sl` or `pt-BR`",
    ),
    filled("translator", 0.99, "an action names who did it"),
)

USERS = gate(SOURCE, pontoon.USERS, pseudonyms("local_name"))
