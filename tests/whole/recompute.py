"""A world's numbers once more, from its native records and the catalogue's sentences alone.

In here: records -> contributions (catalogue 0.2), people and populations (0.3), regions (0.4), and every
published metric by its definition, in pandas and numpy. Not in here: anything of the warehouse, its SQL or
its statistics; of the project only declarations (the sources' grace, the seeds) and the world are read.

All instants are naive UTC, all windows half-open. A *slice* is one combination of dimensions.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from functools import cached_property
from itertools import accumulate
from operator import mul
from typing import Any

import numpy as np
import pandas as pd

from pipelines import metric_shape
from pipelines.simulation.servers.flags import flag_events
from pipelines.simulation.servers.knowledge import products
from pipelines.simulation.world import World
from pipelines.sources import SYSTEMS
from pipelines.sources.bugzilla import STAFF_DOMAINS
from pipelines.sources.pontoon import CLOSES_AFTER
from tests.whole.runs import ROOT

Z = 1.959964  # catalogue 0.5
NEWNESS_DAYS = 365
REACTIVATION_DAYS = 180
LEVEL_THIRDS = ((90, 60), (60, 30), (30, 0))
CORE_DAYS, REGULAR_DAYS = 12, 3
TRAILING_DAYS = (30, 90, 180, 365)
YEAR_DAYS = 365
MIN_PERSONS = 5
CAP_HOURS = 2160
RESPONSE_HOURS = (24, 72)
DIRECT_SECONDS = 60  # met_review_capacity_ratio: approved so soon after creation is the same act
LOW_COVERAGE = 0.5
STATUSES = ("complete", "provisional", "unavailable")  # from best to worst
MISSING_ANSWERS = 0.05  # decision 13
TRIAGED = {"severity", "bug_severity", "priority", "type", "bug_type", "product", "component", "keywords"}
TRIAGED |= {"regressed_by"}
REVIEW_REQUESTS = {"text/x-phabricator-request", "text/x-github-pull-request", "text/x-review-board-request"}
REVIEWS = {f"translation:{act}" for act in ("approved", "rejected", "unapproved", "unrejected")}

DIMENSIONS = ("grain", "period_start", "period_end", *metric_shape.DIMENSIONS)
NUMBERS = ("value", "ci_low", "ci_high", "numerator", "denominator", "persons", "smallest_group")
NUMBERS += ("coverage", "unknown_affiliation_share")

Row = dict[str, Any]
Window = tuple[pd.Timestamp, pd.Timestamp]
DAY = pd.Timedelta(days=1)


def seed(name: str) -> pd.DataFrame:
    return pd.read_csv(ROOT / "dbt" / "seeds" / f"{name}.csv", dtype=str, keep_default_na=False)


def instant(value: datetime) -> pd.Timestamp:
    return pd.Timestamp(value).tz_convert("UTC").tz_localize(None)


def instants(values: pd.Series) -> pd.Series:
    parsed = pd.to_datetime(values, format="ISO8601", utc=True)
    return parsed.dt.tz_localize(None).astype("datetime64[us]")


def hours_of(elapsed: pd.Series) -> pd.Series:
    return elapsed.dt.total_seconds() / 3600


# --- Estimates (catalogue 0.5) ------------------------------------------------------------------


def wilson(x: float, n: float) -> tuple[float, float]:
    p, z2 = x / n, Z * Z
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z * np.sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return max(0.0, centre - half), min(1.0, centre + half)


@dataclass(frozen=True)
class Survival:
    """Steps of a Kaplan-Meier curve: times of events, S there, and its log-log limits (nan: none)."""

    times: np.ndarray
    left: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def first_below_half(self, curve: np.ndarray) -> float:
        reached = np.flatnonzero(curve <= 0.5)
        return float(self.times[reached[0]]) if len(reached) else np.nan


def kaplan_meier(durations: Sequence[float], happened: Sequence[bool]) -> Survival:
    """Product over event times of 1 - d/at_risk; who is censored at t is still at risk at t.

    Exact until the end: S = 1/2 must not become a bit more. Where S is 0, log-log limits do not exist.
    """
    lasted, events = np.asarray(durations, float), np.asarray(happened, bool)
    times, deaths = np.unique(lasted[events], return_counts=True)
    at_risk = len(lasted) - np.searchsorted(np.sort(lasted), times, side="left")
    steps = zip((at_risk - deaths).tolist(), at_risk.tolist(), strict=True)
    exact = accumulate((Fraction(staying, before) for staying, before in steps), mul)
    left = np.array([float(share) for share in exact])
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.cumsum(deaths / (at_risk * (at_risk - deaths)))
        spread = Z * np.sqrt(greenwood) / np.log(left)  # negative, as log S is
        low, high = left ** np.exp(-spread), left ** np.exp(spread)
    return Survival(times, left, np.where(left == 0, np.nan, low), np.where(left == 0, np.nan, high))


# --- Bugzilla records ---------------------------------------------------------------------------


def _is_machine(login: str) -> bool:
    """Logins of machines end in .tld or .bugs; persons' closed accounts in disabled.tld, formerly-….tld."""
    domain = login.rpartition("@")[2]
    is_closed = domain == "disabled.tld" or domain.startswith("formerly-")
    return domain.endswith((".tld", ".bugs")) and not is_closed


Account = str | int
"""Of Bugzilla: a login, or the number of an account whose login is not shown."""


class Bugzilla:
    """Contributions in bugs. Accounts are numbers, logins where no number was ever seen.

    whose: the person behind an account by confirmed links; without it, each is one's own. What is done on
    one's own bug, who was asked, and whether a fix is one's first are told by persons (catalogue 0.3).
    """

    def __init__(self, bugs: list[Row], whose: Callable[[str], str] = str) -> None:
        self.bugs = bugs
        self.whose = whose
        shown = [(bug[role], self._number(bug, role)) for bug in bugs for role in ("creator", "assigned_to")]
        for event in flag_events(bugs):
            shown += [(who["name"], who["id"]) for who in (event["setter"], event.get("requestee")) if who]
        self.numbers: dict[Account, int] = {
            **self._given_up(bugs),
            **{login: number for login, number in shown if login and number},
        }
        logins = {str(login) for login in self.numbers} | {
            login for bug in bugs for login in self._actors(bug)
        }
        self.staff = {self.person(login) for login in logins if login.rpartition("@")[2] in STAFF_DOMAINS}
        known = seed("known_bots").query("source == 'bugzilla'")
        self.bots = set(known["value"])

    @staticmethod
    def _number(bug: Row, role: str) -> int | None:
        number: int | None = (bug.get(f"{role}_detail") or {}).get("id")
        return number

    @classmethod
    def _given_up(cls, bugs: list[Row]) -> dict[Account, int]:
        """Logins that histories alone tell of: the last assignee, whose number the bug shows; 1 is nobody."""
        found: dict[Account, set[int]] = {}
        for bug in bugs:
            moves = [
                (entry["when"], change["added"])
                for entry in bug["history"]
                for change in entry["changes"]
                if change["field_name"] == "assigned_to"
            ]
            number = cls._number(bug, "assigned_to")
            if moves and number and number != 1:
                found.setdefault(max(moves, key=lambda move: move[0])[1], set()).add(number)
        return {login: numbers.pop() for login, numbers in found.items() if login and len(numbers) == 1}

    def reporter(self, bug: Row) -> Account | None:
        return bug["creator"] or self._number(bug, "creator")

    def person(self, account: Account | None) -> str:
        return f"bugzilla:{self.numbers.get(account, account) if account else None}"

    def canonical(self, account: Account | None) -> str:
        return self.whose(self.person(account))

    def is_bot(self, account: Account) -> bool:
        names = {str(account), str(self.numbers.get(account))}
        return _is_machine(str(account)) or not self.bots.isdisjoint(names)

    @staticmethod
    def _actors(bug: Row) -> Iterator[str]:
        """Logins of those who did something on a bug, or were ever to do it: of others, no domain is kept."""
        yield from (bug["creator"], bug["assigned_to"])
        yield from (act["creator"] for act in (*bug["comments"], *bug["attachments"]))
        for entry in bug["history"]:
            yield entry["who"]
            for change in entry["changes"]:
                if change["field_name"] == "assigned_to":
                    yield from (change["removed"], change["added"])

    def acts(self) -> Iterator[tuple[str, str, str]]:
        """(event type, person, instant) of people."""
        for bug in self.bugs:
            for kind, account, at in self._of(bug):
                if account and not self.is_bot(account):
                    yield kind, self.person(account), at

    def _of(self, bug: Row) -> Iterator[tuple[str, Account | None, str]]:
        reporter = self.reporter(bug)
        yield "bug_filed", reporter, bug["creation_time"]
        for comment in bug["comments"]:
            is_of_reporter = self.canonical(comment["creator"]) == self.canonical(reporter)
            if comment["count"] >= 1 and comment["raw_text"].strip() and not is_of_reporter:
                yield "bug_comment", comment["creator"], comment["creation_time"]
        for attachment in bug["attachments"]:
            if attachment["is_patch"] or attachment["content_type"] in REVIEW_REQUESTS:
                yield "patch_attached", attachment["creator"], attachment["creation_time"]
        history = sorted(bug["history"], key=lambda entry: entry["when"])
        yield from self._triage(bug, history)
        yield from self._outcomes(bug, history)

    def _triage(self, bug: Row, history: list[Row]) -> Iterator[tuple[str, str, str]]:
        changed, answered, reporter = set(), set(), self.canonical(self.reporter(bug))
        for entry in history:
            who, when = entry["who"], entry["when"]
            for change in entry["changes"]:
                name, removed, added = change["field_name"], change["removed"], change["added"]
                confirms = name in ("status", "bug_status") and removed == "UNCONFIRMED"
                if (name in TRIAGED or confirms) and self.canonical(who) != reporter:
                    changed.add((who, when))
                asked, still = (
                    {self.canonical(login) for login in re.findall(r"needinfo\?\(([^()]*)\)", flags)}
                    for flags in (removed, added)
                )
                if name == "flagtypes.name" and self.canonical(who) in asked - still:
                    answered.add((who, when))
        yield from (("bug_field_change", who, when) for who, when in changed)
        yield from (("needinfo_answered", who, when) for who, when in answered)

    def _outcomes(self, bug: Row, history: list[Row]) -> Iterator[tuple[str, str, str]]:
        credited = set()
        moves = [
            (entry["when"], change["removed"], change["added"])
            for entry in history
            for change in entry["changes"]
            if change["field_name"] == "assigned_to"
        ]
        for entry in history:
            for change in entry["changes"]:
                name, added = change["field_name"], change["added"]
                if name in ("status", "bug_status") and added == "VERIFIED":
                    yield "bug_verified", entry["who"], entry["when"]
                elif name == "resolution" and added == "DUPLICATE":
                    yield "duplicate_found", entry["who"], entry["when"]
                elif name == "resolution" and added == "FIXED":
                    until_now = [new for when, _, new in moves if when <= entry["when"]]
                    at_first = moves[0][1] if moves else bug["assigned_to"]
                    assignee = until_now[-1] if until_now else at_first
                    if self.canonical(assignee) not in credited:
                        credited.add(self.canonical(assignee))
                        yield "bug_fixed", assignee, entry["when"]


# --- The community ------------------------------------------------------------------------------


@dataclass(frozen=True)
class State:
    """How well a window can be measured: complete, provisional or unavailable, and what to know of it."""

    status: str
    flags: tuple[str, ...] = ()


class Community:
    """A world as the catalogue sees it: contributions, who was where, and which periods can be judged.

    joined: whose an account is by probable links as well; without it, confirmed links alone count.
    """

    def __init__(self, world: World, joined: Callable[[str], str] | None = None) -> None:
        self.world = world
        self.joined = joined or (lambda person: person)
        self.opened = {name: pd.Timestamp(source.opened_on) for name, source in SYSTEMS.items()}
        self.loaded_from = {
            name: instant(since) if since else self.opened[name] for name, since in world.since.items()
        }
        self.has_unknown_past = {name: begun > self.opened[name] for name, begun in self.loaded_from.items()}
        self.closed = {
            name: pd.Timestamp(source.closed_on)
            for name, source in SYSTEMS.items()
            if source.closed_on and self.loaded_from[name] <= pd.Timestamp(source.closed_on)
        }
        self.watermark = {name: instant(now) for name, now in world.now.items()}
        self.watermark["pontoon"] = (self.watermark["pontoon"] - CLOSES_AFTER).floor("D")
        self.as_of = max(instant(now) for now in world.now.values())
        kinds = seed("activity_types")
        is_read = (kinds["stream"] != "revisions") | (world.sumo.revisions is not None)
        read, self.unread = kinds[is_read], set(kinds.loc[~is_read, "event_type"])
        self.feeding: dict[str | None, set[str]] = {
            str(area): set(rows["source"]) for area, rows in read.groupby("area")
        }
        self.feeding[None] = set(read["source"])
        self.areas: list[str | None] = [None, *sorted(set(kinds["area"]))]

    # Time

    def months(self) -> list[Window]:
        begin = min(self.loaded_from.values()).to_period("M").to_timestamp()
        starts = pd.date_range(begin, self.as_of, freq="MS")
        return [
            (a, b) for a, b in zip(starts, starts + pd.offsets.MonthBegin(), strict=True) if b <= self.as_of
        ]

    def weeks(self) -> list[Window]:
        begin = min(self.loaded_from.values()).to_period("W-SUN").to_timestamp()
        return [
            (a, a + 7 * DAY) for a in pd.date_range(begin, self.as_of, freq="7D") if a + 7 * DAY <= self.as_of
        ]

    def trailing(self, days: int) -> list[Window]:
        return [(end - days * DAY, end) for _, end in self.months()]

    def years(self) -> list[Window]:
        begin = min(self.loaded_from.values()).to_period("Y").to_timestamp()
        starts = pd.date_range(begin, self.as_of, freq="YS")
        return [
            (a, b) for a, b in zip(starts, starts + pd.offsets.YearBegin(), strict=True) if b <= self.as_of
        ]

    def feeds(self, window: Window, source: str) -> bool:
        """Whether the source was there at all; one that is alive past its closing day is no archive."""
        return self.opened[source] < window[1] and not self.closed.get(source, window[0]) < window[0]

    def _standing(self, window: Window, source: str) -> str:
        """Of a source in a window: missing where its beginning is, or all of it."""
        if window[1] <= self.loaded_from[source]:
            return "not begun"
        if self.has_unknown_past[source] and self.loaded_from[source] > window[0]:
            return "missing"
        if self.watermark[source] <= window[0]:
            return "missing"
        is_late = self.watermark[source] < window[1] + SYSTEMS[source].grace
        return "provisional" if is_late else "complete"

    def state(self, window: Window, sources: Iterable[str], *, is_read: bool = True) -> State | None:
        """What can be said of a window that these sources feed; None: none of them is loaded so early."""
        stands = [self._standing(window, source) for source in sources if self.feeds(window, source)]
        there = [one for one in stands if one in ("provisional", "complete")]
        if all(one == "not begun" for one in stands):
            return None
        if not there or not is_read:
            return State("unavailable")
        if len(there) < len(stands):
            return State("provisional", ("source_missing",))
        return State("provisional" if "provisional" in there else "complete")

    def area_state(self, window: Window, area: str | None) -> State | None:
        """`state` of the sources of an area; where nothing that feeds it was read, it is unavailable."""
        if area in self.feeding:
            return self.state(window, self.feeding[area])
        return self.state(window, ["sumo"], is_read=False)

    def newness_is_known(self, window: Window, area: str | None) -> bool:
        return not any(
            self.has_unknown_past[name] and window[1] < self.loaded_from[name] + NEWNESS_DAYS * DAY
            for name in self.feeding.get(area, {"sumo"})
            if self.feeds(window, name)
        )

    def counted(self, source: str, at: pd.Series) -> pd.Series:
        return (at >= self.loaded_from[source]) & (at < self.watermark[source])

    # Records

    @cached_property
    def questions(self) -> pd.DataFrame:
        records = self.world.sumo.questions
        found = pd.DataFrame(
            {
                "question": [record["id"] for record in records],
                "asker": [self._sumo_person(record) for record in records],
                "asker_account": [self._sumo_account(record) for record in records],
                "locale": [record["locale"] for record in records],
                "product": [record["product"] for record in records],
                "is_spam": [record["is_spam"] for record in records],
                "listed": [len(record["answers"]) for record in records],
                "created": instants(pd.Series([record["created"] for record in records])),
            }
        )
        return found

    @cached_property
    def answers(self) -> pd.DataFrame:
        """Answers with their question's asker and locale; person None: the account is gone, or a machine."""
        records = self.world.sumo.answers
        found = pd.DataFrame(
            {
                "question": [record["question"] for record in records],
                "person": [self._sumo_person(record) for record in records],
                "account": [self._sumo_account(record) for record in records],
                "is_spam": [record["is_spam"] for record in records],
                "at": instants(pd.Series([record["created"] for record in records])),
            }
        )
        found = found[self.counted("sumo", found["at"]) & ~found["is_spam"]]
        return found.merge(self.questions.drop(columns="is_spam"), on="question")

    @cached_property
    def _sumo_accounts(self) -> dict[str, int]:
        return {user["username"]: user["id"] for user in self.world.sumo.users}

    def _sumo_account(self, record: Row) -> str | None:
        """The account's number; its user name in a world without profiles."""
        name = record["creator"] and record["creator"]["username"]
        return f"sumo:{self._sumo_accounts.get(name, name)}" if name else None

    def _sumo_person(self, record: Row) -> str | None:
        account = self._sumo_account(record)
        return self.whose(account) if account else None

    @cached_property
    def actions(self) -> pd.DataFrame:
        """Pontoon's actions of people and machines in public projects."""
        public = {row["slug"] for row in self.world.pontoon.projects if row["visibility"] == "public"}
        rows = [
            (
                action["type"],
                self.whose(f"pontoon:{action['user']['pk']}"),
                f"pontoon:{action['user']['pk']}",
                action["user"]["system_user"],
                bool(action.get("is_implicit_action", False)),
                action["date"],
                action["locale"]["code"],
                slug,
                action["translation"]["pk"],
            )
            for (slug, _), listed in self.world.pontoon.actions.items()
            if slug in public
            for action in listed
        ]
        names = [
            "type",
            "person",
            "account",
            "is_system",
            "is_implicit",
            "at",
            "locale",
            "project",
            "translation",
        ]
        found = pd.DataFrame(rows, columns=names)
        found["at"] = instants(found["at"])
        found = found.drop_duplicates(["type", "at", "translation"])
        system = {row["slug"] for row in self.world.pontoon.projects if row["system_project"]}
        found["is_system_project"] = found["project"].isin(system)
        return found[self.counted("pontoon", found["at"])]

    @cached_property
    def facts(self) -> pd.DataFrame:
        """One row a contribution: event_type, source, area, person, at, affiliation, locale."""
        bugzilla = Bugzilla(self.world.bugzilla, self.confirmed)
        acts = [
            (kind, person, at, "staff" if person in bugzilla.staff else "unknown")
            for kind, person, at in bugzilla.acts()
        ]
        bugs = pd.DataFrame(acts, columns=["event_type", "account", "at", "affiliation"])
        bugs["at"] = instants(bugs["at"])

        human = self.actions[~self.actions["is_system"]]
        created = human[(human["type"] == "translation:created") & ~human["is_system_project"]]
        reviewed = human[human["type"].isin(REVIEWS) & ~human["is_implicit"]]

        answerers, askers = (self.answers[name].map(self.confirmed) for name in ("account", "asker_account"))
        own = answerers == askers
        answered = self.answers[self.answers["person"].notna() & ~own]

        reps = self.world.reps
        reports = [
            ("reps_report", self.rep(report["user"]), report["report_date"])
            for report in reps.activities
            if not report["passive_report"] and report["user"]
        ]
        events = [
            ("reps_event_organized", self.rep(event["owner"]), event["start"])
            for event in reps.events
            if event["owner"]
        ]
        mobilizing = pd.DataFrame(reports + events, columns=["event_type", "account", "at"])
        mobilizing["at"] = instants(mobilizing["at"])

        saved = pd.DataFrame(
            [
                (
                    "kb_revision_created" if row["locale"] == "en-US" else "kb_translation_created",
                    self._sumo_account({"creator": {"username": row["creator"]}}),
                    row["created"],
                    row["locale"],
                )
                for row in self.world.sumo.revisions or ()
                if row["creator"] != "SumoBot"
            ],
            columns=["event_type", "account", "at", "locale"],
        )
        saved["at"] = instants(saved["at"])

        kinds = {True: "topic_created", False: "reply_posted"}
        posts = [
            (kinds[post["post_number"] == 1], f"discourse:{post['user_id']}", post["created_at"])
            for post in self.world.discourse.posts
            if post["post_type"] == 1 and post["user_id"] > 0  # a number below 0 is the system's
        ]
        discussed = pd.DataFrame(posts, columns=["event_type", "account", "at"])
        discussed["at"] = instants(discussed["at"])

        found = pd.concat(
            [
                bugs,
                created.assign(event_type="translation_created"),
                reviewed.assign(event_type="translation_reviewed"),
                answered.assign(event_type="answer_posted"),
                mobilizing,
                saved,
                discussed,
            ],
            ignore_index=True,
        )[["event_type", "account", "at", "affiliation", "locale"]]
        found["person"] = found["account"].map(self.whose)
        found["affiliation"] = self._affiliations(found)
        found = found.merge(seed("activity_types")[["event_type", "area", "source"]], on="event_type")
        begin, end = found["source"].map(self.loaded_from), found["source"].map(self.watermark)
        found = found[(found["at"] >= begin) & (found["at"] < end)].sort_values("at", ignore_index=True)
        return found.assign(day=found["at"].dt.floor("D"))

    def rep(self, linked: Row) -> str:
        return f"reps:{linked['_url'].rstrip('/').rpartition('/')[2]}"

    def kept(self, name: str) -> list[dict[str, str]]:
        """The rows of a file that people keep; none in recorded worlds."""
        return list(csv.DictReader(io.StringIO(self.world.kept.get(name, ""))))

    def named(self, source: str, kind: str, name: str) -> str:
        """The account that a file names by log-in, user name or number."""
        if kind == "id":
            return f"{source}:{name}"
        if source == "bugzilla":
            return Bugzilla(self.world.bugzilla).person(name)
        if source == "sumo":
            return f"sumo:{self._sumo_accounts.get(name, name)}"
        numbers = {post["username"]: post["user_id"] for post in self.world.discourse.posts}
        return f"discourse:{numbers.get(name, name)}"

    def _affiliations(self, facts: pd.DataFrame) -> list[str]:
        """What the file says of the account on that day; of accounts it does not name, what the rule says."""
        terms: dict[str, list[tuple[str, str, str]]] = {}
        for row in self.kept("curated/affiliation.csv"):
            account = self.named(row["source"], row["kind"], row["account"])
            terms.setdefault(account, []).append(
                (row["valid_from"], row["valid_to"] or "9999", row["affiliation"])
            )
        days = facts["at"].dt.strftime("%Y-%m-%d")
        ruled = facts["affiliation"].fillna("unknown")
        return [
            next((what for start, end, what in terms[account] if start <= day < end), "unknown")
            if account in terms
            else rule
            for account, day, rule in zip(facts["account"], days, ruled, strict=True)
        ]

    def whose(self, account: str) -> str:
        """The person behind an account: any one account of those that declare the same directory name."""
        return self.joined(self.confirmed(account))

    def confirmed(self, account: str) -> str:
        """The same by confirmed links alone, which decide at both levels what is a contribution."""
        return self._persons.get(account, account)

    @cached_property
    def _persons(self) -> dict[str, str]:
        """Account -> one account of its person: those with the same user name in the people directory are
        one person's, and those that people decided to be."""
        claims = [(user["people_mozilla_org"], f"sumo:{user['id']}") for user in self.world.sumo.users]
        for rep in self.world.reps.people:
            name = rep["mozillians_profile_url"].rstrip("/").rpartition("/")[2]
            claims.append((name, f"reps:{rep['_url'].rstrip('/').rpartition('/')[2]}"))
        first: dict[str, str] = {}
        pairs = [(account, first.setdefault(name, account)) for name, account in claims if name]
        pairs += [
            tuple(self.named(row[f"source_{n}"], row[f"kind_{n}"], row[f"account_{n}"]) for n in (1, 2))
            for row in self.kept("curated/identity.csv")
            if row["decision"] == "same"
        ]
        whose: dict[str, str] = {}
        for one, other in pairs:
            kept, gone = whose.get(one, one), whose.get(other, other)
            whose |= {account: kept for account, person in whose.items() if person == gone}
            whose |= {one: kept, other: kept, gone: kept}
        return whose

    @cached_property
    def spread(self) -> pd.DataFrame:
        """`facts` once for each population they belong to, ordered by time."""
        members = seed("populations")
        members = members[members["population"].isin(("all", "community", "staff"))]
        found = self.facts.merge(members, on="affiliation").sort_values("at", ignore_index=True)
        names = ("event_type", "area", "affiliation", "population", "locale")
        return found.astype(dict.fromkeys(names, "category"))

    @cached_property
    def sliced(self) -> pd.DataFrame:
        """`spread` once for each area and once for all of them ("")."""
        found = pd.concat([self.spread, self.spread.assign(area="")])
        return found.sort_values("at", kind="stable", ignore_index=True)

    def within(self, window: Window, table: pd.DataFrame | None = None) -> pd.DataFrame:
        found = self.spread if table is None else table
        begin, end = found["at"].searchsorted(window)
        return found.iloc[begin:end]

    # People

    @cached_property
    def _country_names(self) -> dict[str, str]:
        names = pd.concat([seed("country_names"), seed("country_name_aliases")])
        return dict(zip(names["name"], names["country"], strict=True))

    def country_code(self, name: str | None) -> str | None:
        """A name or code, as a source writes it -> ISO 3166 alpha-2."""
        return self._country_names.get((name or "").strip().lower().replace("’", "'"))

    @cached_property
    def declared(self) -> dict[str, tuple[str, pd.Timestamp]]:
        """Person -> declared country, and when it was first seen: at the run, by the source's clock."""
        profiles = [("sumo", f"sumo:{user['id']}", user["country"]) for user in self.world.sumo.users]
        profiles += [("reps", self.rep(rep), rep["country"]) for rep in self.world.reps.people]
        named = [
            (self.whose(account), self.country_code(name), instant(self.world.now[source]))
            for source, account, name in profiles
        ]
        return {person: (code, at) for person, code, at in named if code}  # of two, what Reps say

    @cached_property
    def countries(self) -> dict[str, str]:
        return {person: code for person, (code, _) in self.declared.items()}

    def backfilled(self, persons: Iterable[str], end: pd.Timestamp) -> tuple[str, ...]:
        """The flag of a value for which a country was taken that was only declared after the period."""
        late = any(self.declared[person][1] >= end for person in persons if person in self.declared)
        return ("region_backfilled",) if late else ()

    @cached_property
    def regions(self) -> dict[str, str]:
        """Country -> region."""
        rows = seed("countries")
        return {code: region for code, region in zip(rows["country"], rows["region"], strict=True) if region}

    @cached_property
    def first(self) -> pd.Series:
        """Person -> date of the first contribution."""
        return self.facts.groupby("person")["day"].min()

    @cached_property
    def left_censored(self) -> set[str]:
        """Whose first contribution lies within a year after a source was loaded to which they contributed."""
        theirs = self.facts[["person", "source"]].drop_duplicates()
        loaded, first = theirs["source"].map(self.loaded_from), theirs["person"].map(self.first)
        unsure = (
            theirs["source"].map(self.has_unknown_past)
            & (first >= loaded.dt.floor("D"))
            & (first < loaded.dt.ceil("D") + NEWNESS_DAYS * DAY)
        )
        return set(theirs.loc[unsure, "person"])


def _people(table: pd.DataFrame, area: str | None, population: str) -> pd.DataFrame:
    chosen = (table["population"] == population).to_numpy()
    return table[chosen if area is None else chosen & (table["area"] == area).to_numpy()]


class Persons:
    """How many persons the slices of a table have in any window; the table is in the order of time.

    A row counts where its person was last seen in its slice before the window.
    """

    def __init__(self, table: pd.DataFrame, *by: str) -> None:
        slices = table.groupby(list(by), observed=True)
        self.at, self.slices = table["at"].to_numpy(), slices.ngroup().to_numpy()
        self.names = [key for key, _ in slices]
        places = pd.Series(np.arange(len(table)))
        self.before = (
            places.groupby([self.slices, table["person"].to_numpy()]).shift(fill_value=-1).to_numpy()
        )

    def within(self, window: Window) -> Counter[tuple[Any, ...]]:
        begin, end = self.at.searchsorted([np.datetime64(edge, "us") for edge in window])
        is_first = self.before[begin:end] < begin
        counts = np.bincount(self.slices[begin:end][is_first], minlength=len(self.names))
        return Counter(
            {name: count for name, count in zip(self.names, counts.tolist(), strict=True) if count}
        )


def _count(rows: pd.DataFrame) -> int:
    """Distinct persons."""
    return len(set(rows["person"].to_numpy()))


def _members(rows: pd.DataFrame, *by: str) -> dict[tuple[Any, ...], set[str]]:
    """(population, area, ...) -> persons, the area None meaning all areas."""
    found: dict[tuple[Any, ...], set[str]] = defaultdict(set)
    columns = ["population", "area", *by, "person"]
    for population, area, *rest, person in set(zip(*(rows[name] for name in columns), strict=True)):
        found[population, area, *rest].add(person)
        found[population, None, *rest].add(person)
    return found


def _or_none(status: str, denominator: int) -> str:
    """The status of a rate: without a denominator it says so, where it can be measured at all."""
    return status if denominator or status == "unavailable" else "no_denominator"


def _unknown_part(persons: int, unknown: int, population: str) -> float:
    """Share of persons of unknown affiliation behind a community value."""
    return unknown / persons if persons and population == "community" else np.nan


def _unknown_share(rows: pd.DataFrame, population: str) -> float:
    """Share of the persons of a community value with a contribution of unknown affiliation."""
    unknown = rows[(rows["affiliation"] == "unknown").to_numpy()]
    return _unknown_part(_count(rows), _count(unknown), population)


def _null(row: Row, status: str, *flags: str) -> Row:
    """The row without numbers."""
    return {name: row[name] for name in row if name not in NUMBERS} | {"status": status, "flags": flags}


def _row(metric: str, grain: str, window: Window, **columns: Any) -> Row:
    """A value; what is unavailable has no numbers."""
    row = {"metric": metric, "grain": grain, "period_start": window[0], "period_end": window[1], **columns}
    return _null(row, "unavailable", *row["flags"]) if row["status"] == "unavailable" else row


@dataclass(frozen=True)
class Break:
    """What values in [start, end) of a source's event type ("": of all) must name."""

    source: str
    event_type: str
    flag: str
    start: pd.Timestamp
    end: pd.Timestamp

    def concerns(self, window: Window) -> bool:
        return self.start < window[1] and self.end > window[0]


def _breaks(metric: str) -> list[Break]:
    """Breaks of all metrics and those of this one."""
    rows = seed("series_breaks")
    rows = rows[(rows["flag"] != "") & rows["metric"].isin(("", metric))]
    spans = zip(pd.to_datetime(rows["from_on"]), pd.to_datetime(rows["until_on"]), strict=True)
    names = zip(rows["source"], rows["event_type"], rows["flag"], strict=True)
    return [Break(*name, *span) for name, span in zip(names, spans, strict=True)]


def _smallest(*groups: int) -> int:
    """Persons of the smallest group that has any."""
    return min((group for group in groups if group), default=0)


# --- Activity -----------------------------------------------------------------------------------


def contributions(community: Community) -> Iterator[Row]:
    kinds = seed("activity_types")
    breaks = _breaks("contributions")
    of_area = {area: set(rows["event_type"]) for area, rows in kinds.groupby("area")}
    sources = dict(zip(kinds["event_type"], kinds["source"], strict=True))
    slices = [(kind, area, {kind}) for kind, area in zip(kinds["event_type"], kinds["area"], strict=True)]
    slices += [(None, area, all_kinds) for area, all_kinds in of_area.items()]
    table = pd.concat([community.spread, community.spread.assign(event_type="")])
    table = table.sort_values("at", kind="stable", ignore_index=True)
    by = ("population", "area", "event_type")
    acts = Persons(table.assign(person=np.arange(len(table))), *by)
    everyone = Persons(table, *by)
    nameless = Persons(table[table["affiliation"] == "unknown"], *by)
    for window in community.months():
        counted, persons, unknown = acts.within(window), everyone.within(window), nameless.within(window)
        for population in ("all", "community", "staff"):
            for kind, area, counted_kinds in slices:
                here = (population, area, kind or "")
                feeding = {sources[name] for name in counted_kinds}
                state = community.area_state(window, area)
                if state is None:
                    continue
                if kind in community.unread:
                    state = State("unavailable")
                flags = tuple(
                    found.flag
                    for found in breaks
                    if found.source in feeding
                    and found.event_type in {"", *counted_kinds}
                    and found.concerns(window)
                )
                yield _row(
                    "contributions", "month", window, area=area, event_type=kind, population=population,
                    value=counted[here], persons=persons[here], smallest_group=persons[here],
                    flags=flags + state.flags, status=state.status,
                    unknown_affiliation_share=_unknown_part(persons[here], unknown[here], population),
                )  # fmt: skip


def active_contributors(community: Community) -> Iterator[Row]:
    windows = [("month", window) for window in community.months()]
    windows += [("week", window) for window in community.weeks()]
    windows += [
        (f"trailing_{days}d", window) for days in TRAILING_DAYS for window in community.trailing(days)
    ]
    everyone = Persons(community.sliced, "population", "area")
    nameless = Persons(community.sliced.query("affiliation == 'unknown'"), "population", "area")
    for grain, window in windows:
        active, unknown = everyone.within(window), nameless.within(window)
        for population in ("all", "community", "staff"):
            for area in community.areas:
                here, state = (population, area or ""), community.area_state(window, area)
                if state:
                    yield _row(
                        "active_contributors", grain, window, area=area, population=population,
                        value=active[here], persons=active[here], smallest_group=active[here],
                        unknown_affiliation_share=_unknown_part(active[here], unknown[here], population),
                        status=state.status, flags=state.flags,
                    )  # fmt: skip
    for window in community.months():
        yield from _by_level(community, window)


def _by_level(community: Community, window: Window) -> Iterator[Row]:
    end = window[1]
    judged = (end - LEVEL_THIRDS[0][0] * DAY, end)
    active_days = community.within(judged, community.facts)[["person", "day"]].drop_duplicates()
    days = active_days.groupby("person")["day"].nunique()
    ago = (end - active_days["day"]) // DAY  # 1: the last day of the window
    third = ago.map(lambda age: next(old for old, new in LEVEL_THIRDS if new < age <= old))
    thirds = third.groupby(active_days["person"]).nunique()
    is_core = (thirds == 3) & (days >= CORE_DAYS)
    is_regular = ((thirds >= 2) & (days >= REGULAR_DAYS)) | (days >= CORE_DAYS)
    level = pd.Series(np.select([is_core, is_regular], ["core", "regular"], "casual"), index=days.index)
    inside = community.within(window)
    inside = inside.assign(level=inside["person"].map(level))
    state = community.area_state(judged, None)  # the month is a part of it
    if state is None or community.area_state(window, None) is None:
        return
    for population in ("all", "community", "staff"):
        of_population = _people(inside, None, population)
        for name in ("core", "regular", "casual"):
            rows = of_population[of_population["level"] == name]
            persons = _count(rows)
            yield _row(
                "active_contributors", "month", window, level=name, population=population, value=persons,
                persons=persons, smallest_group=persons, flags=state.flags, status=state.status,
                unknown_affiliation_share=_unknown_share(rows, population),
            )  # fmt: skip


def newness(community: Community) -> Iterator[Row]:
    """new_contributors and returning_contributors."""
    firsts: dict[str | None, dict[str, pd.Timestamp]] = {None: community.first.to_dict()}
    for area in community.areas[1:]:
        theirs = community.facts[community.facts["area"] == area]
        firsts[area] = theirs.groupby("person")["day"].min().to_dict()
    for window in community.months():
        inside, before = community.within(window), (window[0] - REACTIVATION_DAYS * DAY, window[0])
        everyone, earlier = _members(inside), _members(community.within(before))
        nameless = _members(inside[inside["affiliation"] == "unknown"])
        for population in ("all", "community"):
            for area in community.areas:
                state = community.area_state(window, area)
                if state is None:
                    continue
                anywhere = community.area_state(window, None)
                assert anywhere is not None
                active, unknown = (found.get((population, area), set()) for found in (everyone, nameless))
                recent = earlier.get(("all", area), set())
                sure, first = active - community.left_censored, firsts[area]
                new = {person for person in sure if first[person] >= window[0]}
                to_mozilla = {person for person in new if firsts[None][person] >= window[0]}
                returning = active - new
                groups: list[tuple[str, str | None, set[str]]] = [
                    ("new_contributors", None, new),
                    ("returning_contributors", None, returning),
                    ("returning_contributors", "continuing", returning & recent),
                    ("returning_contributors", "reactivated", returning - recent),
                ]
                if area is not None:
                    groups.append(("new_contributors", "new_to_mozilla", to_mozilla))
                    groups.append(("new_contributors", "new_to_area", new - to_mozilla))
                for metric, category, persons in groups:
                    # Whether the first contribution of all is in the month, all sources together tell.
                    is_of_all = metric == "new_contributors" and category is not None
                    told = anywhere if is_of_all else state
                    row = _row(
                        metric, "month", window, area=area, category=category, population=population,
                        value=len(persons), persons=len(persons), smallest_group=len(persons),
                        unknown_affiliation_share=_unknown_part(
                            len(persons), len(persons & unknown), population
                        ),
                        status=state.status if state.status == "unavailable" else told.status,
                        flags=told.flags,
                    )  # fmt: skip
                    is_known = community.newness_is_known(window, None if is_of_all else area)
                    yield row if is_known else _null(row, "unavailable", "left_censored", *told.flags)


def contributor_absence_factor(community: Community) -> Iterator[Row]:
    slices = ["population", "area", "person"]
    dated = community.sliced.drop_duplicates([*slices, "day"])
    nameless = Persons(community.sliced.query("affiliation == 'unknown'"), "population", "area")
    for month in community.months():
        window = (month[1] - YEAR_DAYS * DAY, month[1])
        active_days = community.within(window, dated).groupby(slices, observed=True).size()
        by_slice = {
            key: days.to_numpy() for key, days in active_days.groupby(level=slices[:2], observed=True)
        }
        unknown = nameless.within(window)
        for population in ("all", "community"):
            for area in community.areas:
                here, state = (population, area or ""), community.area_state(window, area)
                if state is None:
                    continue
                days = by_slice.get(here, np.array([], int))
                held = np.sort(days)[::-1].cumsum()
                row = _row(
                    "contributor_absence_factor", "month", month, area=area,
                    population=population, persons=len(days), smallest_group=len(days), flags=state.flags,
                    value=int(np.argmax(2 * held >= held[-1])) + 1 if len(held) else np.nan,
                    unknown_affiliation_share=_unknown_part(len(days), unknown[here], population),
                    status=state.status,
                )  # fmt: skip
                if row["status"] != "unavailable" and len(days) < MIN_PERSONS:
                    status = "insufficient" if len(days) else "no_denominator"
                    row |= {"value": np.nan, "status": status}
                yield row


# --- Regions and locales ------------------------------------------------------------------------


def regions(community: Community) -> Iterator[Row]:
    """active_contributors_by_region and region_coverage.

    Rows of a country without anybody are `is_optional`: the catalogue asks for countries where k allows.
    """
    country = community.spread["person"].map(community.countries)
    table = community.spread.assign(country=country.fillna(""), region=country.map(community.regions))
    table["region"] = table["region"].fillna("unknown")
    seen = _members(table, "region", "country")
    for window in community.months():
        inside = community.within(window, table)
        active, here = _members(inside), _members(inside, "region", "country")
        unknown = _members(inside[inside["affiliation"] == "unknown"])
        for population in ("all", "community"):
            for area in community.areas:
                state = community.area_state(window, area)
                if state is None:
                    continue
                everyone = active.get((population, area), set())
                nameless = unknown.get((population, area), set())
                places = sorted(key[2:] for key in seen if key[:2] == (population, area))
                cells = {place: here.get((population, area, *place), set()) for place in places}
                known = set().union(*(cells[place] for place in places if place[0] != "unknown"))
                coverage = len(known) / len(everyone) if everyone else np.nan
                is_low = coverage < LOW_COVERAGE and state.status != "unavailable"
                low = ("low_coverage",) if is_low else ()
                interval = wilson(len(known), len(everyone)) if everyone else (np.nan, np.nan)
                yield _row(
                    "region_coverage", "month", window, area=area, population=population, value=coverage,
                    ci_low=interval[0], ci_high=interval[1], numerator=len(known), denominator=len(everyone),
                    persons=len(everyone), smallest_group=_smallest(len(known), len(everyone) - len(known)),
                    unknown_affiliation_share=_unknown_part(
                        len(everyone), len(everyone & nameless), population
                    ),
                    status=_or_none(state.status, len(everyone)),
                    flags=low + state.flags + community.backfilled(known, window[1]),
                )  # fmt: skip
                groups: dict[tuple[str, str | None], set[str]] = {("unknown", None): set()}
                for (region, code), persons in cells.items():
                    groups[region, None] = groups.get((region, None), set()) | persons
                    if code and region != "unknown":
                        groups[region, code] = persons
                for (region, declared), persons in groups.items():
                    late = community.backfilled(persons, window[1]) if region != "unknown" else ()
                    yield _row(
                        "active_contributors_by_region", "month", window, area=area, region=region,
                        country=declared, population=population, value=len(persons), persons=len(persons),
                        smallest_group=len(persons), coverage=coverage, status=state.status,
                        flags=low + late + state.flags,
                        unknown_affiliation_share=_unknown_part(
                            len(persons), len(persons & nameless), population
                        ),
                        is_optional=(declared is not None and not persons)
                        or state.status == "unavailable"
                        or not places,
                    )  # fmt: skip


def active_contributors_by_locale(community: Community) -> Iterator[Row]:
    spoken = community.spread[community.spread["area"].isin(("localization", "support"))]
    spoken = spoken[~((spoken["area"] == "localization") & (spoken["locale"] == "en-US"))]
    everyone = Persons(spoken, "population", "area", "locale")
    nameless = Persons(spoken[spoken["affiliation"] == "unknown"], "population", "area", "locale")
    locales = sorted(set(zip(spoken["area"], spoken["locale"], strict=True)))
    for window in community.months():
        active, unknown = everyone.within(window), nameless.within(window)
        for population in ("all", "community"):
            for area, locale in locales:
                here, state = (population, area, locale), community.area_state(window, area)
                if state:
                    yield _row(
                        "active_contributors_by_locale", "month", window, area=area, locale=locale,
                        population=population, value=active[here], persons=active[here],
                        smallest_group=active[here], flags=state.flags, status=state.status,
                        is_optional=state.status == "unavailable",
                        unknown_affiliation_share=_unknown_part(active[here], unknown[here], population),
                    )  # fmt: skip


# --- Accountability -----------------------------------------------------------------------------


def _combinations(table: pd.DataFrame, one: str, other: str) -> Iterator[tuple[Any, Any, pd.DataFrame]]:
    """The table by (one, other), with None for: all."""
    yield None, None, table
    for value, rows in table.groupby(one):
        yield value, None, rows
    for value, rows in table.groupby(other):
        yield None, value, rows
    for (first, second), rows in table.groupby([one, other]):
        yield first, second, rows


def support(community: Community) -> Iterator[Row]:
    """support_time_to_first_response_h and support_response_rate."""
    asked = community.questions[community.counted("sumo", community.questions["created"])]
    others = community.answers[community.answers["person"] != community.answers["asker"]]
    gone = set(others.loc[others["person"].isna(), "question"])
    firsts = (
        others[others["person"].notna()].sort_values("at").drop_duplicates("question").set_index("question")
    )
    stored = Counter(answer["question"] for answer in community.world.sumo.answers)
    asked = asked[~asked["is_spam"]].assign(
        responder=asked["question"].map(firsts["person"]),
        hours=hours_of(asked["question"].map(firsts["at"]) - asked["created"]),
        observed=hours_of(community.watermark["sumo"] - asked["created"]),
        has_erased=asked["question"].isin(gone),
        lacks_answers=asked["listed"] > asked["question"].map(stored).fillna(0),
    )
    asked["is_backwards"] = asked["hours"] < 0
    asked = asked.drop(columns=["is_spam", "question"])
    for window in community.months():
        state = community.state(window, ["sumo"])
        if state is None:
            continue
        of_month = asked[asked["created"].between(*window, inclusive="left")]
        for locale, product, found in _combinations(of_month, "locale", "product"):
            judged = found[~found["is_backwards"]]
            rows, status = judged[~judged["lacks_answers"]], state.status
            flags: tuple[str, ...] = ("erased_answers",) if rows["has_erased"].any() else ()
            flags += ("negative_durations",) if found["is_backwards"].any() else ()
            flags += ("answers_missing",) if judged["lacks_answers"].any() else ()
            if judged["lacks_answers"].mean() > MISSING_ANSWERS:
                status, rows = "unavailable", rows.iloc[:0]
            yield _time_to_response(window, locale, product, rows, status, flags)
            for hours in RESPONSE_HOURS:
                if window[1] + pd.Timedelta(hours=hours) <= community.watermark["sumo"]:
                    yield _response_rate(window, locale, product, rows, status, flags, hours)


def _time_to_response(
    window: Window, locale: Any, product: Any, rows: pd.DataFrame, status: str, flags: tuple[str, ...]
) -> Row:
    happened = rows["hours"] < CAP_HOURS
    lasted = rows["hours"].where(happened, rows["observed"].clip(upper=CAP_HOURS))
    curve = kaplan_meier(lasted.to_list(), happened.to_list())
    median, askers = curve.first_below_half(curve.left), rows["asker"].nunique()
    never = np.isnan(median)
    return _row(
        "support_time_to_first_response_h", "month", window, locale=locale, product=product, value=median,
        ci_low=np.nan if never else curve.first_below_half(curve.low),
        ci_high=np.nan if never else curve.first_below_half(curve.high),
        numerator=int(happened.sum()), denominator=len(rows), persons=askers,
        smallest_group=_smallest(askers, rows.loc[happened, "responder"].nunique()),
        status="insufficient" if never and status != "unavailable" else status,
        flags=flags + (("median_not_reached",) if never and status != "unavailable" else ()),
    )  # fmt: skip


def _response_rate(
    window: Window,
    locale: Any,
    product: Any,
    rows: pd.DataFrame,
    status: str,
    flags: tuple[str, ...],
    hours: int,
) -> Row:
    answered = rows[rows["hours"] < hours]
    low, high = wilson(len(answered), len(rows)) if len(rows) else (np.nan, np.nan)
    askers = rows["asker"].nunique()
    return _row(
        "support_response_rate", "month", window, locale=locale, product=product, category=f"{hours}h",
        value=len(answered) / len(rows) if len(rows) else np.nan, ci_low=low, ci_high=high,
        numerator=len(answered), denominator=len(rows), persons=askers,
        status=_or_none(status, len(rows)), flags=flags,
        smallest_group=_smallest(askers, answered["responder"].nunique()),
    )  # fmt: skip


# --- Resources ----------------------------------------------------------------------------------


def review_capacity_ratio(community: Community) -> Iterator[Row]:
    """Above 1 the backlog shrinks: so both sides leave out what is translated in system projects.

    A review of a translation without a known author is neither by another nor by oneself: left out, flagged.
    """
    actions = community.actions[~community.actions["is_system_project"]]
    created = actions[actions["type"] == "translation:created"]
    author = created.drop_duplicates("translation").set_index("translation")["person"]
    implicit = actions[(actions["type"] == "translation:approved") & actions["is_implicit"]]
    approved_at = implicit.groupby("translation")["at"].min()
    waited = (created["translation"].map(approved_at) - created["at"]).dt.total_seconds()
    is_direct = waited.between(0, DIRECT_SECONDS)
    submitted = created[~created["is_system"] & ~is_direct]
    reviewed = actions[actions["type"].isin(REVIEWS) & ~actions["is_implicit"] & ~actions["is_system"]]
    reviewed = reviewed.assign(author=reviewed["translation"].map(author))
    breaks = [found for found in _breaks("review_capacity_ratio") if found.source == "pontoon"]
    both = pd.concat([submitted.assign(is_review=False), reviewed.assign(is_review=True)])
    both = both[["at", "locale", "project", "person", "author", "is_review"]]
    for window in community.months():
        state = community.state(window, ["pontoon"])
        if state is None:
            continue
        concerned = [found.flag for found in breaks if found.concerns(window)]
        of_month = both[both["at"].between(*window, inclusive="left")]
        if reviewed.empty:
            state, concerned = State("unavailable"), [*concerned, "reviews_missing"]
            of_month = of_month.iloc[:0]
        for locale, project, rows in _combinations(of_month, "locale", "project"):
            suggestions, reviews = rows[~rows["is_review"]], rows[rows["is_review"]]
            by_others = reviews[reviews["author"].notna() & (reviews["author"] != reviews["person"])]
            reviewers, submitters = _count(by_others), _count(suggestions)
            unknown = ("author_unknown",) if reviews["author"].isna().any() else ()
            total = len(suggestions)
            yield _row(
                "review_capacity_ratio", "month", window, locale=locale, project=project,
                value=len(by_others) / total if total else np.nan, numerator=len(by_others),
                denominator=total, persons=reviewers, smallest_group=_smallest(reviewers, submitters),
                status=_or_none(state.status, total), flags=(*unknown, *concerned),
                is_optional=state.status == "unavailable",
            )  # fmt: skip


def events_per_100_active(community: Community) -> Iterator[Row]:
    """Rows of a country without anybody active and without any event in that year are `is_optional`."""
    records, code_of = community.world.reps.events, community.country_code
    events = pd.DataFrame(
        {
            "country": [code_of(event["country"]) for event in records],
            "owner": [
                community.whose(community.rep(event["owner"])) if event["owner"] else None
                for event in records
            ],
            "at": instants(pd.Series([event["start"] for event in records])),
        }
    )
    events = events[community.counted("reps", events["at"])]
    people = community.spread.assign(country=community.spread["person"].map(community.countries))
    for window in community.years():
        last_year = (window[1] - YEAR_DAYS * DAY, window[1])
        held_state, active_state = community.state(window, ["reps"]), community.area_state(last_year, None)
        if held_state is None or active_state is None:
            continue
        status = max(held_state.status, active_state.status, key=STATUSES.index)
        active = community.within(last_year, people)
        held = events[events["at"].between(*window, inclusive="left")]
        peopled = set(active["country"])
        for population in ("all", "community"):
            for code in sorted({*people["country"].dropna(), *events["country"].dropna()}):
                there = active[(active["country"] == code) & (active["population"] == population)]
                here = held[held["country"] == code]
                persons = _count(there)
                yield _row(
                    "events_per_100_active", "year", window, region=community.regions[code], country=code,
                    population=population, value=100 * len(here) / persons if persons else np.nan,
                    numerator=len(here), denominator=persons, persons=persons,
                    smallest_group=_smallest(persons, here["owner"].nunique()),
                    unknown_affiliation_share=_unknown_share(there, population),
                    status=_or_none(status, persons),
                    flags=active_state.flags + community.backfilled(there["person"], window[1]),
                    is_optional=status == "unavailable" or (here.empty and code not in peopled),
                )  # fmt: skip


# --- Systems ------------------------------------------------------------------------------------


def systems(community: Community) -> Iterator[Row]:
    """source_freshness_h and extraction_completeness. A source alive past its closing day is no archive."""
    now = community.as_of
    for name, declared in SYSTEMS.items():
        is_archive = declared.closed_on and community.loaded_from[name] <= pd.Timestamp(declared.closed_on)
        age = (now - community.watermark[name]) / pd.Timedelta(hours=1)
        row = _row(
            "source_freshness_h", "run", (now, now), source=name, value=age, status="complete", flags=()
        )
        row["flags"] = ("stale",) if age > 26 else ()
        yield _null(row, "unavailable", "archive") if is_archive else row
    world, countable = community.world, set[tuple[str, str]]()
    for name in dict.fromkeys(path.split("/")[0] for path in world.kept):
        yield _row(
            "source_freshness_h", "run", (now, now), source=name, value=0.0, status="complete", flags=()
        )
    for path in world.kept:
        name, file = path.removesuffix(".csv").split("/")
        row = _completeness(name, file, None, pd.NaT, 0)
        yield _null(row, "unavailable", "unverifiable")
    counted = [("bugzilla", "bugs", world.bugzilla, "creation_time")]
    counted += [("sumo", "questions", world.sumo.questions, "created")]
    counted += [("sumo", "answers", world.sumo.answers, "created")]
    lists = {("sumo", "users"): world.sumo.users, ("pontoon", "locales"): world.pontoon.locales}
    lists |= {("pontoon", "projects"): [p for p in world.pontoon.projects if p["visibility"] == "public"]}
    lists |= {("reps", "people"): world.reps.people, ("reps", "events"): world.reps.events}
    lists |= {("reps", "activities"): world.reps.activities, ("sumo", "products"): products(world.sumo)}
    lists |= {("discourse", "posts"): world.discourse.posts}
    for source, stream, records, created in counted:
        at = instants(pd.Series([record[created] for record in records]))
        recent = instant(world.now[source]) - 30 * DAY
        since = world.since[source] and community.loaded_from[source]
        for category, begin in (("last_30d", recent), ("backfill", since)):
            records_since = len(at) if begin is None else int((at >= begin).sum())
            yield _completeness(source, stream, category, begin or pd.NaT, records_since)
        countable.add((source, stream))
    for (source, stream), records in lists.items():
        yield _completeness(source, stream, "backfill", pd.NaT, len(records))
        countable.add((source, stream))
    for name, declared in SYSTEMS.items():
        for stream_ in declared.streams:
            if (name, stream_.name) not in countable:
                row = _completeness(name, stream_.name, None, pd.NaT, 0)
                yield _null(row, "unavailable", "unverifiable")


def _completeness(source: str, stream: str, category: str | None, begin: Any, records: int) -> Row:
    """All that the source counts is stored."""
    return _row(
        "extraction_completeness", "window", (begin, pd.NaT), source=source, stream=stream, category=category,
        value=1.0 if records else np.nan, numerator=records, denominator=records, flags=(),
        status="complete" if records else "no_denominator",
    )  # fmt: skip


METRICS = (
    contributions,
    active_contributors,
    newness,
    contributor_absence_factor,
    regions,
    active_contributors_by_locale,
    support,
    review_capacity_ratio,
    events_per_100_active,
    systems,
)


BANDED = (
    active_contributors,
    newness,
    contributor_absence_factor,
    regions,
    active_contributors_by_locale,
    events_per_100_active,
)
"""Those that also say what they are if probable links hold."""


def recompute(
    community: Community, metrics: Sequence[Callable[[Community], Iterator[Row]]] = METRICS
) -> pd.DataFrame:
    """Every value: metric, DIMENSIONS, NUMBERS, status, flags (text), is_optional (may be left out)."""
    table = pd.DataFrame([row for metric in metrics for row in metric(community)])
    table["flags"] = [", ".join(sorted(set(flags))) for flags in table["flags"]]
    table["is_optional"] = table["is_optional"].eq(True)
    return table.reindex(columns=["metric", *DIMENSIONS, *NUMBERS, "status", "flags", "is_optional"])
