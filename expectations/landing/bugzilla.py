"""What must hold before a batch of Bugzilla is written (its interface: `sources/bugzilla.py`).

Recorded bugs were asked with few fields (no reporter, no times): what they lack is a warning.
"""

from expectations.gate import expect
from expectations.landing.common import (
    filled,
    gate,
    in_order,
    known,
    no_e_mail,
    not_negative,
    pseudonyms,
    since_opening,
)
from pipelines.sources import bugzilla
from pipelines.sources.bugzilla import LOGIN_CLASSES, SOURCE

BUGS = gate(
    SOURCE,
    bugzilla.BUGS,
    since_opening(SOURCE, "creation_time"),
    since_opening(SOURCE, "last_change_time"),
    in_order("creation_time", "last_change_time", "a bug is filed before it is changed", mostly=0.9),
    pseudonyms("creator"),
    not_negative("comment_count", "a bug has no fewer than zero comments", mostly=0.9),
    filled("creator", 0.95, "nearly every bug names its reporter"),
    filled("creation_time", 0.95, "nearly every bug says when it was filed"),
    filled("last_change_time", 0.95, "the walk goes by the time of the last change"),
    filled("product", 0.95, "nearly every bug is in a product"),
    known(
        "status",
        {"UNCONFIRMED", "NEW", "ASSIGNED", "REOPENED", "RESOLVED", "VERIFIED", "CLOSED"},
        "triage is read from the statuses known so far",
    ),
    known("type", {"defect", "enhancement", "task", "--"}, "bugs are defects, enhancements or tasks"),
    expect(
        "ExpectColumnValuesToNotBeInSet",
        column="creator_class",
        value_set=["unknown"],
        mostly=0.5,
        severity="warning",
        notes="logins come with their domain; without it neither staff nor machines can be told",
    ),
)

CHANGES = gate(
    SOURCE,
    bugzilla.CHANGES,
    since_opening(SOURCE, "when"),
    pseudonyms("who"),
    no_e_mail("added"),
    no_e_mail("removed"),
    expect(
        "ExpectColumnValuesToBeInSet",
        column="added_class",
        value_set=sorted(LOGIN_CLASSES),
        notes="of an assignee's login its class is kept, never the login",
    ),
    filled("who", 0.99, "a change names who made it"),
)

COMMENTS = gate(
    SOURCE,
    bugzilla.COMMENTS,
    since_opening(SOURCE, "creation_time"),
    pseudonyms("creator"),
    not_negative("count", "comments are numbered from 0, the description", mostly=0.9),
    expect(
        "ExpectColumnValuesToBeInSet",
        column="is_private",
        value_set=[False],
        notes="no private comment: an account that sees them sees more than may be stored",
    ),
    filled("creator", 0.95, "nearly every comment names its author"),
)

ATTACHMENTS = gate(
    SOURCE,
    bugzilla.ATTACHMENTS,
    since_opening(SOURCE, "creation_time"),
    pseudonyms("creator"),
    filled("creator", 0.95, "nearly every attachment names who attached it"),
    filled("creation_time", 0.95, "nearly every attachment says when it was attached"),
    expect(
        "ExpectColumnValuesToMatchPattern",
        column="content_type",
        regex=r"^[^\s/]+/[^\s/]+",
        mostly=0.95,
        severity="warning",
        notes="review requests are told by their content type, `kind/form`",
    ),
)

LOGINS = gate(SOURCE, bugzilla.LOGINS, pseudonyms("mail_address"))

USERS = gate(
    SOURCE,
    bugzilla.USERS,
    pseudonyms("account"),
    pseudonyms("login"),
    expect(
        "ExpectColumnValuesToBeUnique",
        column="login",
        severity="warning",
        notes="at one time, a login belongs to one account",
    ),
)

FLAG_ACTIVITY = gate(
    SOURCE,
    bugzilla.FLAG_ACTIVITY,
    since_opening(SOURCE, "creation_time"),
    pseudonyms("setter"),
    known("status", {"?", "+", "-", "X"}, "a flag is asked for, granted, denied or cleared"),
    filled("setter", 0.95, "nearly every event of a flag names who did it"),
    filled("setter_id", 0.95, "flag activity names people by number, which nothing else does for all"),
    filled("flag_type", 0.95, "nearly every event names its flag"),
)

PRODUCTS = gate(
    SOURCE,
    bugzilla.PRODUCTS,
    expect(
        "ExpectColumnValuesToBeUnique",
        column="name",
        severity="warning",
        notes="bugs name their product, so the name says which one",
    ),
)

COMPONENTS = gate(
    SOURCE,
    bugzilla.COMPONENTS,
    expect(
        "ExpectCompoundColumnsToBeUnique",
        column_list=["product", "name"],
        severity="warning",
        notes="bugs name product and component, so both together say which one",
    ),
)
