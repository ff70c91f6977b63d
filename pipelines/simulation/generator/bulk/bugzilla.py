"""Bugzilla in bulk: the bugs filed in one month with all that happens to them until the end.

Shapes: triage, discussion with a heavy tail, cc changes of those who comment, needinfo asked, answered,
cleared by others or left open, duplicates, fixes by developers and by the landing machine, verified and
reopened bugs, generated comments without own text, fixes of unassigned bugs (nobody's), machines that file,
sort and comment. The same columns become the lake's tables (`tables`) and native records (`records`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.simulation.generator.bugzilla import NOBODY as UNASSIGNED
from pipelines.simulation.generator.bugzilla import NOBODY_DETAIL, PLACES, REVIEW_REQUEST
from pipelines.simulation.generator.bulk.crowd import ASKER, COMMENT, VOLUNTEER, Accounts, Crowd
from pipelines.simulation.generator.bulk.draws import (
    NOBODY,
    Array,
    Pool,
    instants,
    ranks,
    rng_of,
    seconds,
    stamps,
    waits,
    words,
)
from pipelines.simulation.generator.bulk.names import Handles, Pseudonyms, taken
from pipelines.simulation.generator.chance import DAY, HOUR, MINUTE, SECOND
from pipelines.simulation.servers.flags import flag_event, products
from pipelines.simulation.world import Record
from pipelines.sources.bugzilla import login_class

SYSTEM = 4
HUSBANDRY, LANDING = 0, 1
"""The places of the two machines among the accounts."""

FIELDS = ("status", "resolution", "severity", "priority", "keywords", "type", "product", "component",
          "is_confirmed", "assigned_to", "cc", "flagtypes.name", "cf_last_resolved")  # fmt: skip
PRODUCTS = tuple(dict.fromkeys(place[1] for place in PLACES))
COMPONENTS = tuple(place[2] for place in PLACES)
LOGIN, NEEDINFO, WITH_OTHER_FLAG, STAMP = 0, 1, 2, 3
TEXTS = (
    "",
    "",
    "",
    "",
    "",
    "UNCONFIRMED",
    "NEW",
    "ASSIGNED",
    "RESOLVED",
    "VERIFIED",
    "REOPENED",
    "FIXED",
    "DUPLICATE",
    "WORKSFORME",
    "INVALID",
    "WONTFIX",
    "INCOMPLETE",
    "--",
    "S2",
    "S3",
    "S4",
    "P2",
    "P3",
    "P5",
    "regression",
    "defect",
    "enhancement",
    "task",
    "0",
    "1",
    UNASSIGNED,
    *PRODUCTS,
    *COMPONENTS,
)
"""What a change can take away or add. The first four stand for a log-in, a flag with one, and a time."""
EMPTY = 4
T = {text: place for place, text in enumerate(TEXTS) if place > EMPTY}
F = {name: place for place, name in enumerate(FIELDS)}

SEVERITIES, PRIORITIES = ("--", "S2", "S3", "S4"), ("--", "P2", "P3", "P5")
CONTENT_TYPES = (REVIEW_REQUEST, "text/plain", "image/png")
EVENTS = (
    "bug_filed",
    "bug_comment",
    "bug_field_change",
    "needinfo_answered",
    "bug_verified",
    "duplicate_found",
    "patch_attached",
    "bug_fixed",
)

BUGS_A_MONTH, COMMENTS_A_MONTH, ATTACHMENTS_A_MONTH = 25_000, 1_000_000, 250_000
"""Room for the numbers of one month; a month that needs more is refused."""

Columns = dict[str, Array]


@dataclass
class Draft:
    """One month in the making: a list of column groups for each kind of row. `bug` is the place in the
    month."""

    at: Array
    reporter: Array
    end: int
    rng: np.random.Generator
    comments: list[tuple[Array, Array, Array, Array]] = field(default_factory=list)
    changes: list[tuple[Array, ...]] = field(default_factory=list)
    attachments: list[tuple[Array, Array, Array, Array]] = field(default_factory=list)
    acts: list[tuple[Array, Array, Array, Array]] = field(default_factory=list)

    def comment(self, bug: Array, at: Array, who: Array, own_text: bool | Array = True) -> None:
        """who NOBODY, or a time not before the end: no comment."""
        here = (who >= 0) & (at < self.end)
        text = np.broadcast_to(own_text, len(bug))
        self.comments.append((bug[here], at[here], who[here], text[here]))
        counts = here & text & (at > self.at[bug]) & (who > LANDING) & (who != self.reporter[bug])
        self.act("bug_comment", bug[counts], at[counts], who[counts])

    def change(
        self, bug: Array, at: Array, who: Array, name: str, removed: Any, added: Any, whom: Any = NOBODY
    ) -> None:
        """One changed field. removed, added: places in TEXTS; whom: whose log-in or flag is meant."""
        here = (who >= 0) & (at < self.end)
        columns = (bug, at, who, F[name], removed, added, whom)
        self.changes.append(tuple(np.broadcast_to(column, len(bug))[here] for column in columns))

    def sorted_by(self, bug: Array, at: Array, who: Array) -> None:
        """A change that counts as triage, unless a machine or the reporter made it."""
        counts = (who > LANDING) & (at < self.end) & (who != self.reporter[bug])
        self.act("bug_field_change", bug[counts], at[counts], who[counts])

    def act(self, event: str, bug: Array, at: Array, who: Array) -> None:
        human = (who > LANDING) & (at < self.end)
        self.acts.append((np.full(human.sum(), EVENTS.index(event)), bug[human], at[human], who[human]))


@dataclass
class Month:
    """One month's rows as columns, each kind sorted by bug and time. `bugs.id` is the source's number."""

    bugs: Columns
    comments: Columns
    changes: Columns
    attachments: Columns
    flags: Columns
    acts: Columns


def pools(crowd: Crowd) -> tuple[Pool, Pool, Pool]:
    """Everybody, developers, and those who sort bugs."""
    own = crowd.accounts["bugzilla"]
    asks = crowd.of_person("bugzilla", "kind", ASKER) == ASKER
    paid = crowd.of_person("bugzilla", "affiliation", VOLUNTEER) != VOLUNTEER
    weight = own.weight * np.where(asks, 0.3, 1.0)
    works = np.where(asks, 0.0, own.weight)
    number = np.arange(len(own))
    return (
        crowd.pool("bugzilla", "everybody", weight),
        crowd.pool("bugzilla", "developers", works * ((number % 3 == 0) | paid)),
        crowd.pool("bugzilla", "triagers", works * (number % 2 == 1)),
    )


def draw(crowd: Crowd, month: int) -> Month:
    """All bugs filed in this month of the calendar, with their rows until the world's end."""
    rng = rng_of(crowd.seed, SYSTEM, month)
    everybody, developers, triagers = pools(crowd)
    paid = crowd.of_person("bugzilla", "affiliation", VOLUNTEER) != VOLUNTEER
    count = int(rng.poisson(crowd.size.bugs * crowd.calendar.share(month, crowd.opened("bugzilla"))))
    at = seconds(crowd.calendar.moments(rng, month, count))
    reporter = everybody.pick(rng, at)
    reporter[rng.random(count) < 0.03] = HUSBANDRY
    at, reporter = at[reporter >= 0], reporter[reporter >= 0]
    count = len(at)
    if count > BUGS_A_MONTH:
        raise ValueError(f"{count} bugs in one month; there are numbers for {BUGS_A_MONTH}.")
    draft = Draft(at, reporter, crowd.size.end, rng)
    every = np.arange(count)
    human = reporter > LANDING
    status = np.where(human & ~paid[reporter], T["UNCONFIRMED"], T["NEW"])
    kinds = np.array([T["defect"], T["defect"], T["defect"], T["enhancement"], T["task"]])
    bugs: Columns = {
        "id": 1_000 + month * BUGS_A_MONTH + every,
        "at": at,
        "reporter": reporter,
        "place": rng.integers(0, len(PLACES), count),
        "type": kinds[rng.integers(0, 5, count)],
        "status": status,
        "resolution": np.full(count, EMPTY),
        "severity": np.full(count, T["--"]),
        "priority": np.full(count, T["--"]),
        "regression": np.zeros(count, bool),
        "assignee": np.full(count, NOBODY),
        "dupe_of": np.full(count, NOBODY),
        "resolved_at": np.full(count, NOBODY),
        "confirmed": status != T["UNCONFIRMED"],
    }
    draft.comment(every, at, reporter)
    draft.act("bug_filed", every, at, reporter)
    _own_changes(draft, bugs)
    _discuss(draft, everybody)
    clock = _triage(draft, bugs, triagers)
    clock, flags = _questions(draft, clock, triagers, developers)
    _close(draft, bugs, clock, triagers, developers)
    _visits(crowd, draft, month)
    return _finish(draft, bugs, flags, month)


def _later(draft: Draft, clock: Array, median: int, spread: float = 1.0) -> Array:
    return seconds(clock + waits(draft.rng, len(clock), median, spread))


def _own_changes(draft: Draft, bugs: Columns) -> None:
    """The reporter corrects the type and says so: neither counts."""
    bug = np.flatnonzero((draft.rng.random(len(draft.at)) < 0.12) & (draft.reporter > LANDING))
    at = _later(draft, draft.at[bug], 10 * MINUTE)
    bug, at = bug[at < draft.end], at[at < draft.end]
    old = bugs["type"][bug]
    new = np.where(old == T["enhancement"], T["defect"], T["enhancement"])
    draft.change(bug, at, draft.reporter[bug], "type", old, new)
    draft.comment(bug, at, draft.reporter[bug])
    bugs["type"][bug] = new


def _discuss(draft: Draft, everybody: Pool) -> None:
    """Comments with a heavy tail; half of those who join in put themselves on the cc list."""
    rng = draft.rng
    length = np.minimum(rng.lognormal(1.5, 0.95, len(draft.at)).astype(np.int64), 400)
    bug = np.repeat(np.arange(len(draft.at)), length)
    steps = waits(rng, len(bug), 20 * HOUR, 1.2)
    total = np.cumsum(steps)
    before = np.repeat(np.r_[0, total][np.cumsum(np.r_[0, length[:-1]])] if len(length) else length, length)
    at = seconds(draft.at[bug] + total - before)
    share = rng.random(len(bug))
    bug, at, share = bug[at < draft.end], at[at < draft.end], share[at < draft.end]
    who = everybody.pick(rng, at, but=draft.reporter[bug])
    own = (share < 0.25) & (draft.reporter[bug] > LANDING)
    who = np.where(own, draft.reporter[bug], np.where((share >= 0.25) & (share < 0.32), HUSBANDRY, who))
    draft.comment(bug, at, who)
    joins = (rng.random(len(bug)) < 0.75) & (who > LANDING) & ~own
    pair = bug[joins] * (len(everybody.joined) + 1) + who[joins]
    _, first = np.unique(pair, return_index=True)
    once = np.flatnonzero(joins)[first]
    draft.change(bug[once], at[once], who[once], "cc", EMPTY, LOGIN, who[once])


def _triage(draft: Draft, bugs: Columns, triagers: Pool) -> Array:
    """Severity and priority, perhaps a keyword, out of UNCONFIRMED; one in ten moves to another place."""
    rng, count = draft.rng, len(draft.at)
    clock = draft.at.copy()
    bug = np.flatnonzero(rng.random(count) < 0.75)
    at = _later(draft, clock[bug], 2 * DAY, 1.2)
    bug, at = bug[at < draft.end], at[at < draft.end]
    who = triagers.pick(rng, at, but=draft.reporter[bug])
    who[rng.random(len(who)) < 0.05] = HUSBANDRY
    bug, at, who = bug[who >= 0], at[who >= 0], who[who >= 0]
    severity = np.array([T["S2"], T["S3"], T["S3"], T["S4"]])[rng.integers(0, 4, len(bug))]
    priority = np.array([T["P2"], T["P3"], T["P5"]])[rng.integers(0, 3, len(bug))]
    draft.change(bug, at, who, "severity", T["--"], severity)
    draft.change(bug, at, who, "priority", T["--"], priority)
    bugs["severity"][bug], bugs["priority"][bug] = severity, priority
    marked = rng.random(len(bug)) < 0.2
    draft.change(bug[marked], at[marked], who[marked], "keywords", EMPTY, T["regression"])
    bugs["regression"][bug[marked]] = True
    new = bugs["status"][bug] == T["UNCONFIRMED"]
    draft.change(bug[new], at[new], who[new], "status", T["UNCONFIRMED"], T["NEW"])
    draft.change(bug[new], at[new], who[new], "is_confirmed", T["0"], T["1"])
    bugs["status"][bug[new]], bugs["confirmed"][bug[new]] = T["NEW"], True
    draft.sorted_by(bug, at, who)
    moves = (rng.random(len(bug)) < 0.1) & (at + SECOND < draft.end) & (who > LANDING)
    bug, at, who = bug[moves], at[moves] + SECOND, who[moves]
    old = bugs["place"][bug]
    new_place = (old + rng.integers(1, len(PLACES), len(bug))) % len(PLACES)
    product = np.array([T[place[1]] for place in PLACES])
    component = np.array([T[place[2]] for place in PLACES])
    differs = product[old] != product[new_place]
    draft.change(
        bug[differs], at[differs], who[differs], "product", product[old[differs]], product[new_place[differs]]
    )
    draft.change(bug, at, who, "component", component[old], component[new_place])
    draft.sorted_by(bug, at, who)
    bugs["place"][bug] = new_place
    clock[bug] = at
    return clock


def _questions(draft: Draft, clock: Array, triagers: Pool, developers: Pool) -> tuple[Array, Columns]:
    """Needinfo to the reporter or a developer; answered, cleared by others, or left open (returned)."""
    rng = draft.rng
    bug = np.flatnonzero((rng.random(len(draft.at)) < 0.35) & (draft.reporter > LANDING))
    at = _later(draft, clock[bug], DAY)
    bug, at = bug[at < draft.end], at[at < draft.end]
    setter = triagers.pick(rng, at, but=draft.reporter[bug])
    other = developers.pick(rng, at, but=setter)
    asked = np.where(
        (rng.random(len(bug)) < 0.6) | (other == draft.reporter[bug]), draft.reporter[bug], other
    )
    here = (setter >= 0) & (asked >= 0) & (setter != asked)
    bug, at, setter, asked = bug[here], at[here], setter[here], asked[here]
    form = np.where(rng.random(len(bug)) < 0.2, WITH_OTHER_FLAG, NEEDINFO)
    draft.change(bug, at, setter, "flagtypes.name", EMPTY, form, asked)
    cleared = _later(draft, at, 3 * DAY)
    share = rng.random(len(bug))
    there = (triagers.joined[asked] <= cleared) & (cleared < triagers.left[asked])
    by = np.where(
        (share < 0.6) & there, asked, np.where(share < 0.75, setter, np.where(share < 0.8, HUSBANDRY, NOBODY))
    )
    by = np.where(cleared < draft.end, by, NOBODY)
    draft.change(bug, cleared, by, "flagtypes.name", NEEDINFO, EMPTY, asked)
    answered = by == asked
    draft.act("needinfo_answered", bug[answered], cleared[answered], asked[answered])
    draft.comment(bug[answered], cleared[answered], asked[answered])
    clock = clock.copy()
    clock[bug] = np.where(by >= 0, cleared, at)
    open_ = by < 0
    return clock, {"bug": bug[open_], "at": at[open_], "setter": setter[open_], "asked": asked[open_]}


def _resolve(draft: Draft, bugs: Columns, bug: Array, at: Array, who: Array, resolution: Array) -> None:
    """Status, resolution and the time of it; leaving UNCONFIRMED counts as triage."""
    before, old = bugs["resolved_at"][bug], bugs["status"][bug]
    draft.change(bug, at, who, "status", old, T["RESOLVED"])
    draft.change(bug, at, who, "resolution", EMPTY, resolution)
    draft.change(bug, at, who, "cf_last_resolved", np.where(before < 0, EMPTY, STAMP), STAMP, before)
    bugs["status"][bug], bugs["resolution"][bug], bugs["resolved_at"][bug] = T["RESOLVED"], resolution, at
    new = old == T["UNCONFIRMED"]
    draft.sorted_by(bug[new], at[new], who[new])


def _close(draft: Draft, bugs: Columns, clock: Array, triagers: Pool, developers: Pool) -> None:
    """Fixed by an assignee, a duplicate, fixed without one, closed otherwise, or left open."""
    rng, count = draft.rng, len(draft.at)
    share = rng.random(count)
    bug = np.flatnonzero(share < 0.75)
    at = _later(draft, clock[bug], 6 * DAY, 1.3)
    bug, at = bug[at < draft.end], at[at < draft.end]
    share = share[bug]
    developer, triager = developers.pick(rng, at), triagers.pick(rng, at)
    here = (developer >= 0) & (triager >= 0)
    bug, at, share, developer, triager = bug[here], at[here], share[here], developer[here], triager[here]
    fix = share < 0.45
    _fix(draft, bugs, bug[fix], at[fix], developer[fix], triagers)
    same = (share >= 0.45) & (share < 0.55) & (bug > 0)
    twin = bug[same]
    bugs["dupe_of"][twin] = bugs["id"][(rng.random(len(twin)) * twin).astype(np.int64)]
    _resolve(draft, bugs, twin, at[same], triager[same], np.full(len(twin), T["DUPLICATE"]))
    draft.act("duplicate_found", twin, at[same], triager[same])
    draft.comment(twin, at[same], triager[same], own_text=False)
    rest = share >= 0.55
    ways = np.array([T["WORKSFORME"], T["INVALID"], T["WONTFIX"], T["INCOMPLETE"]])
    ways = np.where(share < 0.6, T["FIXED"], ways[rng.integers(0, 4, len(bug))])
    _resolve(draft, bugs, bug[rest], at[rest], triager[rest], ways[rest])


def _fix(draft: Draft, bugs: Columns, bug: Array, at: Array, developer: Array, triagers: Pool) -> None:
    """Assigned, a patch, resolved by the developer or the landing machine; then verified, or reopened
    once."""
    rng = draft.rng
    new = bugs["status"][bug] == T["UNCONFIRMED"]
    draft.change(bug, at, developer, "assigned_to", T[UNASSIGNED], LOGIN, developer)
    draft.change(bug, at, developer, "status", bugs["status"][bug], T["ASSIGNED"])
    draft.change(bug[new], at[new], developer[new], "is_confirmed", T["0"], T["1"])
    draft.sorted_by(bug[new], at[new], developer[new])
    bugs["status"][bug], bugs["confirmed"][bug], bugs["assignee"][bug] = T["ASSIGNED"], True, developer
    at = _later(draft, at, 2 * DAY)
    _attach(draft, bug, at, developer)
    at = _later(draft, at, 3 * DAY)
    bug, developer, at = bug[at < draft.end], developer[at < draft.end], at[at < draft.end]
    by_machine = rng.random(len(bug)) < 0.6
    _resolve(draft, bugs, bug, at, np.where(by_machine, LANDING, developer), np.full(len(bug), T["FIXED"]))
    draft.act("bug_fixed", bug, at, developer)
    draft.comment(bug, at, np.full(len(bug), LANDING))
    at = _later(draft, at, 4 * DAY)
    tester = np.full(len(bug), NOBODY)
    here = at < draft.end
    tester[here] = triagers.pick(rng, at[here])
    share = rng.random(len(bug))
    verified = (tester >= 0) & (share < 0.35)
    draft.change(bug[verified], at[verified], tester[verified], "status", T["RESOLVED"], T["VERIFIED"])
    draft.act("bug_verified", bug[verified], at[verified], tester[verified])
    bugs["status"][bug[verified]] = T["VERIFIED"]
    again = (tester >= 0) & (share >= 0.35) & (share < 0.45)
    bug, at, tester, developer = bug[again], at[again], tester[again], developer[again]
    draft.change(bug, at, tester, "status", T["RESOLVED"], T["REOPENED"])
    draft.change(bug, at, tester, "resolution", T["FIXED"], EMPTY)
    bugs["status"][bug], bugs["resolution"][bug] = T["REOPENED"], EMPTY
    at = _later(draft, at, DAY)
    bug, developer, at = bug[at < draft.end], developer[at < draft.end], at[at < draft.end]
    _resolve(draft, bugs, bug, at, developer, np.full(len(bug), T["FIXED"]))


def _attach(draft: Draft, bug: Array, at: Array, who: Array) -> None:
    """A review request, now and then an old-style patch; sometimes a picture, which is no patch."""
    here = at < draft.end
    bug, at, who = bug[here], at[here], who[here]
    form = (draft.rng.random(len(bug)) < 0.1).astype(np.int64)
    draft.attachments.append((bug, at, who, form))
    draft.act("patch_attached", bug, at, who)
    picture = draft.rng.random(len(bug)) < 0.1
    draft.attachments.append((bug[picture], at[picture], who[picture], np.full(picture.sum(), 2)))


def _visits(crowd: Crowd, draft: Draft, month: int) -> None:
    """What must happen this month: a comment on, or a patch for, some bug that is there and another's."""
    start, end = int(crowd.calendar.starts[month]), int(crowd.calendar.ends[month])
    visits = crowd.visits["bugzilla"].within(start, end)
    at = seconds(visits.at)
    known = np.searchsorted(draft.at, at, side="left")
    bug = (draft.rng.random(len(at)) * known).astype(np.int64)
    late = known == 0
    if len(draft.at):
        at[late], known[late] = draft.at[0] + MINUTE, 1
        mine = draft.reporter[bug] == visits.account
        bug[mine] = np.where(bug[mine] > 0, bug[mine] - 1, np.minimum(1, known[mine] - 1))
    here = (known > 0) & (at < draft.end)
    bug, at, who, what = bug[here], at[here], visits.account[here], visits.what[here]
    talks = what == COMMENT
    draft.comment(bug[talks], at[talks], who[talks])
    _attach(draft, bug[~talks], at[~talks], who[~talks])


# --- One month's columns ---------------------------------------------------------------------------


def _finish(draft: Draft, bugs: Columns, flags: Columns, month: int) -> Month:
    count = len(draft.at)
    comments = _joined(("bug", "at", "who", "own_text"), draft.comments)
    comments["count"] = ranks(comments["bug"])
    comments["id"] = month * COMMENTS_A_MONTH + 1 + np.arange(len(comments["bug"]))
    changes = _joined(("bug", "at", "who", "field", "removed", "added", "whom"), draft.changes)
    attachments = _joined(("bug", "at", "who", "form"), draft.attachments)
    attachments["id"] = month * ATTACHMENTS_A_MONTH + 1 + np.arange(len(attachments["bug"]))
    acts = _joined(("event", "bug", "at", "who"), draft.acts)
    _check(comments["id"], attachments["id"], month)
    twice = np.zeros(len(acts["bug"]), bool)
    order = np.lexsort((acts["at"], acts["who"], acts["bug"], acts["event"]))
    same = np.ones(max(len(order) - 1, 0), bool)
    for name in ("event", "bug", "who", "at"):
        same &= acts[name][order[1:]] == acts[name][order[:-1]]
    sorted_ = np.isin(
        acts["event"][order[1:]], [EVENTS.index("bug_field_change"), EVENTS.index("needinfo_answered")]
    )
    twice[order[1:][same & sorted_]] = True
    acts = {name: column[~twice] for name, column in acts.items()}
    bugs["comment_count"] = np.bincount(comments["bug"], minlength=count)
    changed = draft.at.copy()
    for rows in (comments, changes, attachments):
        np.maximum.at(changed, rows["bug"], rows["at"])
    bugs["changed"] = changed
    for rows in (comments, changes, attachments, acts):
        rows["bug_id"] = bugs["id"][rows["bug"]]
    return Month(bugs, comments, changes, attachments, flags, acts)


def _joined(names: tuple[str, ...], parts: Sequence[tuple[Array, ...]]) -> Columns:
    """The parts as one, in the order of bug and time; ties in the order they were made."""
    columns = (
        {name: np.concatenate([part[n] for part in parts]) for n, name in enumerate(names)}
        if parts
        else {name: np.zeros(0, np.int64) for name in names}
    )
    order = np.lexsort((columns["at"], columns["bug"]))
    return {name: column[order] for name, column in columns.items()}


def _check(comments: Array, attachments: Array, month: int) -> None:
    if len(comments) >= COMMENTS_A_MONTH or len(attachments) >= ATTACHMENTS_A_MONTH:
        raise ValueError(f"Month {month} holds more comments or attachments than there are numbers for.")


# --- The lake's tables -----------------------------------------------------------------------------


def tables(months: list[Month], names: Pseudonyms) -> dict[str, dict[str, pa.Array]]:
    """The streams' kept fields of some months; log-ins and their numbers come once, from `user_table`."""
    bugs, comments, changes, attachments = (
        {
            name: np.concatenate([getattr(month, kind)[name] for month in months])
            for name in getattr(months[0], kind)
        }
        for kind in ("bugs", "comments", "changes", "attachments")
    )
    login, number, kind = names.of("login"), names.of("id"), names.classes
    nobody = pa.scalar(names.hashed("login", [UNASSIGNED])[0], pa.string())
    nobody_id = pa.scalar(names.hashed("id", [NOBODY_DETAIL["id"]])[0], pa.string())

    def assigned(column: pa.Array, otherwise: pa.Scalar) -> pa.Array:
        return pc.fill_null(taken(column, bugs["assignee"]), otherwise)

    place = bugs["place"]
    keywords = pa.ListArray.from_arrays(
        pa.array(np.r_[0, np.cumsum(bugs["regression"])], pa.int32()),
        pa.array(["regression"] * int(bugs["regression"].sum()), pa.string()),
    )
    never = bugs["resolved_at"] < 0
    assignee_class = pc.fill_null(taken(kind, bugs["assignee"]), pa.scalar(login_class(UNASSIGNED)))
    return {
        "bugs": {
            "id": pa.array(bugs["id"]),
            "creator": taken(login, bugs["reporter"]),
            "creator_id": taken(number, bugs["reporter"]),
            "creator_class": taken(kind, bugs["reporter"]),
            "assigned_to": assigned(login, nobody),
            "assigned_to_id": assigned(number, nobody_id),
            "assigned_to_class": assignee_class,
            "creation_time": instants(bugs["at"]),
            "last_change_time": instants(bugs["changed"]),
            "product": words(tuple(p[1] for p in PLACES), place),
            "component": words(COMPONENTS, place),
            "type": words(TEXTS, bugs["type"]),
            "status": words(TEXTS, bugs["status"]),
            "resolution": words(TEXTS, bugs["resolution"]),
            "severity": words(TEXTS, bugs["severity"]),
            "priority": words(TEXTS, bugs["priority"]),
            "keywords": keywords,
            "is_confirmed": pa.array(bugs["confirmed"]),
            "dupe_of": pa.array(bugs["dupe_of"], mask=bugs["dupe_of"] < 0),
            "comment_count": pa.array(bugs["comment_count"]),
            "cf_last_resolved": instants(bugs["resolved_at"], never),
        },
        "changes": _change_table(changes, names),
        "comments": {
            "id": pa.array(comments["id"]),
            "bug_id": pa.array(comments["bug_id"]),
            "count": pa.array(comments["count"]),
            "creator": taken(login, comments["who"]),
            "creator_class": taken(kind, comments["who"]),
            "creation_time": instants(comments["at"]),
            "has_own_text": pa.array(comments["own_text"]),
            "is_private": pa.array(np.zeros(len(comments["id"]), bool)),
        },
        "attachments": {
            "id": pa.array(attachments["id"]),
            "bug_id": pa.array(attachments["bug_id"]),
            "creator": taken(login, attachments["who"]),
            "creator_class": taken(kind, attachments["who"]),
            "creation_time": instants(attachments["at"]),
            "content_type": words(CONTENT_TYPES, attachments["form"]),
            "is_patch": pa.array(attachments["form"] == 1),
        },
    }


def user_table(seen: Array, names: Pseudonyms) -> dict[str, pa.Array]:
    """Which log-in belongs to which number: reporters and assignees (NOBODY: the address for unassigned)."""
    accounts = seen[seen >= 0]
    nobody = (seen < 0).any()

    def with_nobody(column: pa.Array, value: str | None) -> pa.Array:
        return pa.concat_arrays([taken(column, accounts), pa.array([value] if nobody else [], pa.string())])

    return {
        "account": with_nobody(names.of("id"), names.hashed("id", [NOBODY_DETAIL["id"]])[0]),
        "login": with_nobody(names.of("login"), names.hashed("login", [UNASSIGNED])[0]),
        "login_class": with_nobody(names.classes, login_class(UNASSIGNED)),
    }


def _spoken(form: Array, whom: Array, login: pa.Array, at: Array, unassigned: str | None) -> pa.Array:
    """The text of a value taken away or added. whom: whose log-in stands in it; for STAMP the instant is
    `at`."""
    text = words(tuple(unassigned if text == UNASSIGNED else text for text in TEXTS), form)
    inside = np.isin(form, (LOGIN, NEEDINFO, WITH_OTHER_FLAG))
    if inside.any():
        name = taken(login, np.where(inside, whom, NOBODY))
        front = words(("", "needinfo?(", "qe-verify+, needinfo?("), np.where(inside, form, 0))
        back = words(("", ")", ")"), np.where(inside, form, 0))
        text = pc.if_else(pa.array(inside), pc.binary_join_element_wise(front, name, back, ""), text)
    timed = form == STAMP
    if timed.any():
        text = pc.if_else(pa.array(timed), stamps(np.where(timed, at, 0), "s"), text)
    return text


def _values(
    changes: Columns, login: pa.Array, unassigned: str | None = UNASSIGNED
) -> tuple[pa.Array, pa.Array]:
    """(removed, added) of each change, with log-ins from `login` and `unassigned` (in clear, or hashed)."""
    removed = _spoken(changes["removed"], changes["whom"], login, changes["whom"], unassigned)
    return removed, _spoken(changes["added"], changes["whom"], login, changes["at"], unassigned)


def _assignee_classes(changes: Columns, side: str, kind: pa.Array) -> pa.Array:
    """The class of the log-in that a change of the assignee took away or added; null in other changes."""
    assigns = changes["field"] == F["assigned_to"]
    named = taken(kind, np.where(assigns & (changes[side] == LOGIN), changes["whom"], NOBODY))
    unassigned = pa.array(assigns & (changes[side] == T[UNASSIGNED]))
    return pc.if_else(unassigned, pa.scalar(login_class(UNASSIGNED)), named)


def _change_table(changes: Columns, names: Pseudonyms) -> dict[str, pa.Array]:
    """The key is the hash of the natural key with log-ins in clear; what is kept has them hashed."""
    clear, login, kind = names.login, names.of("login"), names.classes
    removed, added = _values(changes, clear)
    fields = words(FIELDS, changes["field"])
    none = pa.scalar("None")
    natural = pc.binary_join_element_wise(
        stamps(changes["at"], "s"), taken(clear, changes["who"]), fields, none, none, added, removed, "\x1f"
    )
    removed, added = _values(changes, login, names.hashed("login", [UNASSIGNED])[0])
    dropped = pa.array(changes["field"] == F["cf_last_resolved"])
    nothing = pa.scalar(None, pa.string())
    return {
        "bug_id": pa.array(changes["bug_id"]),
        "change": pa.array(names.hashed("change", natural.to_pylist()), pa.string()),
        "when": instants(changes["at"]),
        "who": taken(login, changes["who"]),
        "who_class": taken(kind, changes["who"]),
        "field_name": fields,
        "attachment_id": pa.nulls(len(fields), pa.int64()),
        "removed": pc.if_else(dropped, nothing, removed),
        "added": pc.if_else(dropped, nothing, added),
        "removed_class": _assignee_classes(changes, "removed", kind),
        "added_class": _assignee_classes(changes, "added", kind),
    }


# --- Flags and products ----------------------------------------------------------------------------


def flag_changes(months: list[Month]) -> Columns:
    """The changes that set or cleared a flag."""
    rows = {name: np.concatenate([month.changes[name] for month in months]) for name in months[0].changes}
    here = rows["field"] == F["flagtypes.name"]
    return {name: rows[name][here] for name in ("bug_id", "at", "who", "added", "whom")}


def told(months: list[Month]) -> Array:
    """Accounts whose number some bug tells: reporters, assignees, those on the cc list."""
    found = [np.r_[month.bugs["reporter"], month.bugs["assignee"]] for month in months]
    found += [month.changes["whom"][month.changes["field"] == F["cc"]] for month in months]
    every = np.unique(np.concatenate(found))
    return every[every >= 0]


def acted(months: list[Month]) -> Array:
    """Accounts whose log-in some bug tells: reporters, assignees, and whoever wrote, changed or attached."""
    found = [np.r_[month.bugs["reporter"], month.bugs["assignee"]] for month in months]
    found += [rows["who"] for month in months for rows in (month.comments, month.changes, month.attachments)]
    every = np.unique(np.concatenate(found))
    return every[every >= 0]


def flag_records(own: Accounts, flags: Columns, known: Array) -> Iterator[Record]:
    """Each event of a flag as the review interface shows it; of people whose number no bug tells, none."""
    tells = np.zeros(len(own), bool)
    tells[known] = True
    here = tells[flags["who"]]
    rows = (flags[name][here].tolist() for name in ("bug_id", "who", "added", "whom"))
    for bug, who, added, asked, when in zip(*rows, stamps(flags["at"][here], "s").to_pylist(), strict=True):
        setter = {name: value for name, value in _detail(own, who).items() if name != "email"}
        if added == WITH_OTHER_FLAG:
            yield flag_event(bug, "qe-verify", "+", when, setter, None)
        if tells[asked]:
            requestee = {name: value for name, value in _detail(own, asked).items() if name != "email"}
            yield flag_event(bug, "needinfo", "X" if added == EMPTY else "?", when, setter, requestee)


def places_used(months: list[Month]) -> Array:
    return np.unique(np.concatenate([month.bugs["place"] for month in months]))


def product_records(places: Array) -> list[Record]:
    return products([{"product": PLACES[n][1], "component": PLACES[n][2]} for n in places.tolist()])


# --- Native records --------------------------------------------------------------------------------


def records(crowd: Crowd, month: Month) -> list[Record]:
    """The month's bugs as the interface answers them, with history, comments and attachments."""
    own, login = crowd.accounts["bugzilla"], Handles(crowd, "bugzilla").login
    removed, added = (column.to_pylist() for column in _values(month.changes, login))
    history: dict[int, list[Record]] = {}
    rows = zip(
        month.changes["bug"].tolist(),
        stamps(month.changes["at"], "s").to_pylist(),
        month.changes["who"].tolist(),
        month.changes["field"].tolist(),
        removed,
        added,
        strict=True,
    )
    for bug, when, who, name, old, new in rows:
        entries = history.setdefault(bug, [])
        if not entries or entries[-1]["when"] != when or entries[-1]["who"] != own.handle[who]:
            entries.append({"when": when, "who": own.handle[who], "changes": []})
        entries[-1]["changes"].append({"field_name": FIELDS[name], "removed": old, "added": new})
    comments, attachments = _comment_records(own, month), _attachment_records(own, month)
    flags: dict[int, list[tuple[int, int, str]]] = {}
    for bug, setter, asked, when in zip(
        month.flags["bug"].tolist(),
        month.flags["setter"].tolist(),
        month.flags["asked"].tolist(),
        stamps(month.flags["at"], "s").to_pylist(),
        strict=True,
    ):
        flags.setdefault(bug, []).append((setter, asked, when))
    copied: dict[int, list[int]] = {}
    on_cc = month.changes["field"] == F["cc"]
    for bug, who in zip(
        month.changes["bug"][on_cc].tolist(), month.changes["whom"][on_cc].tolist(), strict=True
    ):
        copied.setdefault(bug, []).append(who)
    duplicates: dict[int, list[int]] = {}
    for number, other in zip(month.bugs["id"].tolist(), month.bugs["dupe_of"].tolist(), strict=True):
        if other > 0:
            duplicates.setdefault(other, []).append(number)
    columns = {name: column.tolist() for name, column in month.bugs.items()}
    columns["filed"] = stamps(month.bugs["at"], "s").to_pylist()
    columns["moved"] = stamps(month.bugs["changed"], "s").to_pylist()
    columns["solved"] = stamps(np.maximum(month.bugs["resolved_at"], 0), "s").to_pylist()
    return [
        _record(
            own,
            {name: column[bug] for name, column in columns.items()},
            history.get(bug, []),
            comments[bug],
            attachments.get(bug, []),
            flags.get(bug, []),
            copied.get(bug, []),
            duplicates.get(columns["id"][bug], []),
        )
        for bug in range(len(columns["id"]))
    ]


def _comment_records(own: Accounts, month: Month) -> dict[int, list[Record]]:
    found: dict[int, list[Record]] = {}
    rows = month.comments
    for bug, bug_id, number, count, who, own_text, when in zip(
        *(rows[name].tolist() for name in ("bug", "bug_id", "id", "count", "who", "own_text")),
        stamps(rows["at"], "s").to_pylist(),
        strict=True,
    ):
        text = "It happens every time." if own_text else "*** This was marked by the system. ***"
        found.setdefault(bug, []).append(
            {
                "id": number,
                "bug_id": bug_id,
                "count": count,
                "creator": own.handle[who],
                "author": own.handle[who],
                "time": when,
                "creation_time": when,
                "is_private": False,
                "attachment_id": None,
                "text": text,
                "raw_text": text if own_text else "",
                "tags": [],
                "reactions": {},
            }
        )
    return found


def _attachment_records(own: Accounts, month: Month) -> dict[int, list[Record]]:
    found: dict[int, list[Record]] = {}
    rows = month.attachments
    for bug, bug_id, number, form, who, when in zip(
        *(rows[name].tolist() for name in ("bug", "bug_id", "id", "form", "who")),
        stamps(rows["at"], "s").to_pylist(), strict=True,
    ):  # fmt: skip
        found.setdefault(bug, []).append({
            "id": number, "bug_id": bug_id, "creator": own.handle[who], "attacher": own.handle[who],
            "creation_time": when, "last_change_time": when, "content_type": CONTENT_TYPES[form],
            "is_patch": int(form == 1), "is_obsolete": 0, "is_private": 0, "file_name": "change.txt",
            "summary": "change", "description": "change", "size": 900, "flags": [],
        })  # fmt: skip
    return found


def _detail(own: Accounts, account: int) -> Record:
    handle = own.handle[account]
    return {
        "id": int(own.native[account]),
        "nick": handle.partition("@")[0],
        "real_name": own.shown[account],
        "name": handle,
        "email": handle,
    }


def _record(
    own: Accounts,
    bug: dict[str, Any],
    history: list[Record],
    comments: list[Record],
    attachments: list[Record],
    flags: list[tuple[int, int, str]],
    copied: list[int],
    duplicates: list[int],
) -> Record:
    classification, product, component = PLACES[bug["place"]]
    assignee, status = bug["assignee"], TEXTS[bug["status"]]
    return {
        "id": bug["id"],
        "alias": None,
        "summary": "Something is not as it should be",
        "type": TEXTS[bug["type"]],
        "classification": classification,
        "product": product,
        "component": component,
        "version": "unspecified",
        "target_milestone": "---",
        "status": status,
        "resolution": TEXTS[bug["resolution"]],
        "is_open": status not in ("RESOLVED", "VERIFIED"),
        "is_confirmed": bug["confirmed"],
        "severity": TEXTS[bug["severity"]],
        "priority": TEXTS[bug["priority"]],
        "op_sys": "All",
        "platform": "All",
        "keywords": ["regression"] if bug["regression"] else [],
        "whiteboard": "",
        "url": "",
        "see_also": [],
        "groups": [],
        "dupe_of": bug["dupe_of"] if bug["dupe_of"] > 0 else None,
        "duplicates": duplicates,
        "depends_on": [],
        "blocks": [],
        "regressed_by": [],
        "regressions": [],
        "votes": 0,
        "comment_count": bug["comment_count"],
        "creation_time": bug["filed"],
        "last_change_time": bug["moved"],
        "cf_last_resolved": bug["solved"] if bug["resolved_at"] >= 0 else None,
        "creator": own.handle[bug["reporter"]],
        "creator_detail": _detail(own, bug["reporter"]),
        "assigned_to": own.handle[assignee] if assignee >= 0 else UNASSIGNED,
        "assigned_to_detail": _detail(own, assignee) if assignee >= 0 else NOBODY_DETAIL,
        "qa_contact": "",
        "mentors": [],
        "mentors_detail": [],
        "cc": [own.handle[who] for who in copied],
        "cc_detail": [_detail(own, who) for who in copied],
        "flags": [
            {
                "id": bug["id"] * 10 + place,
                "type_id": 800,
                "name": "needinfo",
                "status": "?",
                "setter": own.handle[setter],
                "requestee": own.handle[asked],
                "creation_date": when,
                "modification_date": when,
            }
            for place, (setter, asked, when) in enumerate(flags)
        ],
        "is_cc_accessible": True,
        "is_creator_accessible": True,
        "history": history,
        "comments": comments,
        "attachments": attachments,
    }
