"""The demo's numbers once more, from the world's native records and the catalogue's sentences alone.

In here: records -> contributions (catalogue 0.2), people and populations (0.3), regions (0.4), and every
published metric by its definition, in pandas and numpy. Not in here: anything of the warehouse, its SQL or
its statistics; of the project only declarations (the sources' grace, the seeds) and the world are read.

All instants are naive UTC, all windows half-open. A *slice* is one combination of dimensions.
"""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
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
from pipelines.simulation.servers.knowledge import products
from pipelines.simulation.world import World
from pipelines.sources import SYSTEMS
from pipelines.sources.bugzilla import STAFF_DOMAINS
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
    """Logins of machines end in .tld or .bugs; disabled.tld is the closed account of a person."""
    domain = login.rpartition("@")[2]
    return domain.endswith((".tld", ".bugs")) and domain != "disabled.tld"


class Bugzilla:
    """Contributions in bugs. Persons are numeric accounts, logins where no number was ever seen."""

    def __init__(self, bugs: list[Row]) -> None:
        self.bugs = bugs
        roles = ("creator", "assigned_to")
        self.numbers = {bug[role]: bug[f"{role}_detail"]["id"] for bug in bugs for role in roles if bug[role]}
        known = seed("known_bots").query("source == 'bugzilla'")
        self.bots = set(known["value"])

    def person(self, login: str) -> str:
        return f"bugzilla:{self.numbers.get(login, login)}"

    def is_bot(self, login: str) -> bool:
        return _is_machine(login) or login in self.bots or str(self.numbers.get(login)) in self.bots

    def acts(self) -> Iterator[tuple[str, str, str]]:
        """(event type, login, instant) of people."""
        for bug in self.bugs:
            for kind, login, at in self._of(bug):
                if login and not self.is_bot(login):
                    yield kind, login, at

    def _of(self, bug: Row) -> Iterator[tuple[str, str, str]]:
        yield "bug_filed", bug["creator"], bug["creation_time"]
        for comment in bug["comments"]:
            if comment["count"] >= 1 and comment["raw_text"].strip() and comment["creator"] != bug["creator"]:
                yield "bug_comment", comment["creator"], comment["creation_time"]
        for attachment in bug["attachments"]:
            if attachment["is_patch"] or attachment["content_type"] in REVIEW_REQUESTS:
                yield "patch_attached", attachment["creator"], attachment["creation_time"]
        history = sorted(bug["history"], key=lambda entry: entry["when"])
        yield from self._triage(bug, history)
        yield from self._outcomes(bug, history)

    def _triage(self, bug: Row, history: list[Row]) -> Iterator[tuple[str, str, str]]:
        changed, answered = set(), set()
        for entry in history:
            who, when = entry["who"], entry["when"]
            for change in entry["changes"]:
                name, removed, added = change["field_name"], change["removed"], change["added"]
                confirms = name in ("status", "bug_status") and removed == "UNCONFIRMED"
                if (name in TRIAGED or confirms) and who != bug["creator"]:
                    changed.add((who, when))
                asked = set(re.findall(r"needinfo\?\(([^()]*)\)", removed))
                if name == "flagtypes.name" and who in asked and f"needinfo?({who})" not in added:
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
                    if assignee not in credited:
                        credited.add(assignee)
                        yield "bug_fixed", assignee, entry["when"]


# --- The community ------------------------------------------------------------------------------


class Community:
    """A world as the catalogue sees it: contributions, who was where, and which periods can be judged."""

    def __init__(self, world: World) -> None:
        self.world = world
        opened = {name: pd.Timestamp(source.opened_on) for name, source in SYSTEMS.items()}
        self.loaded_from = {
            name: instant(since) if since else opened[name] for name, since in world.since.items()
        }
        self.has_unknown_past = {name: begun > opened[name] for name, begun in self.loaded_from.items()}
        self.watermark = {name: instant(now) for name, now in world.now.items()}
        self.watermark["pontoon"] = (self.watermark["pontoon"] - pd.Timedelta(hours=6)).floor("D")
        self.as_of = max(instant(now) for now in world.now.values())
        kinds = seed("activity_types")
        self.feeding: dict[str | None, set[str]] = {
            str(area): set(rows["source"]) for area, rows in kinds.groupby("area")
        }
        self.feeding[None] = set(kinds["source"])
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

    def state(self, window: Window, sources: Iterable[str]) -> str:
        """complete, provisional, or unavailable when a source is not loaded for the whole window."""
        names = list(sources)
        if any(self.loaded_from[name] > window[0] for name in names):
            return "unavailable"
        late = [name for name in names if self.watermark[name] < window[1] + SYSTEMS[name].grace]
        return "provisional" if late else "complete"

    def newness_is_known(self, window: Window, sources: Iterable[str]) -> bool:
        return not any(
            self.has_unknown_past[name] and window[1] < self.loaded_from[name] + NEWNESS_DAYS * DAY
            for name in sources
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
                "locale": [record["locale"] for record in records],
                "product": [record["product"] for record in records],
                "is_spam": [record["is_spam"] for record in records],
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
        creator = record["creator"]
        return f"sumo:{self._sumo_accounts[creator['username']]}" if creator else None

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
        bugzilla = Bugzilla(self.world.bugzilla)
        acts = [
            (
                kind,
                bugzilla.person(login),
                at,
                "staff" if login.rpartition("@")[2] in STAFF_DOMAINS else "unknown",
            )
            for kind, login, at in bugzilla.acts()
        ]
        bugs = pd.DataFrame(acts, columns=["event_type", "account", "at", "affiliation"])
        bugs["at"] = instants(bugs["at"])

        human = self.actions[~self.actions["is_system"]]
        created = human[(human["type"] == "translation:created") & ~human["is_system_project"]]
        reviewed = human[human["type"].isin(REVIEWS) & ~human["is_implicit"]]

        own = self.answers["person"] == self.answers["asker"]
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
        return self._country_names.get((name or "").strip().lower())

    @cached_property
    def countries(self) -> dict[str, str]:
        """Person -> declared country. All are first seen at the run, after every closed period."""
        declared = [(self.whose(f"sumo:{user['id']}"), user["country"]) for user in self.world.sumo.users]
        declared += [(self.whose(self.rep(rep)), rep["country"]) for rep in self.world.reps.people]
        named = [(person, self.country_code(name)) for person, name in declared]
        return {person: code for person, code in named if code}  # of two, what Reps say

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
    def first_in_area(self) -> pd.Series:
        return self.facts.groupby(["person", "area"])["day"].min()

    @cached_property
    def left_censored(self) -> set[str]:
        source = self.facts.groupby("person")["source"].first()
        loaded = source.map(self.loaded_from)
        unsure = source.map(self.has_unknown_past) & (self.first < loaded.dt.ceil("D") + NEWNESS_DAYS * DAY)
        return set(unsure[unsure].index)


def _people(table: pd.DataFrame, area: str | None, population: str) -> pd.DataFrame:
    chosen = (table["population"] == population).to_numpy()
    return table[chosen if area is None else chosen & (table["area"] == area).to_numpy()]


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


def _unknown_part(everyone: set[str], unknown: set[str], population: str) -> float:
    """Share of persons of unknown affiliation behind a community value."""
    return len(everyone & unknown) / len(everyone) if everyone and population == "community" else np.nan


def _unknown_share(rows: pd.DataFrame, population: str, persons: set[str] | None = None) -> float:
    """Share of the persons of a community value with a contribution of unknown affiliation."""
    if population != "community" or rows.empty:
        return np.nan
    unknown = set(rows["person"].to_numpy()[(rows["affiliation"] == "unknown").to_numpy()])
    everyone = set(rows["person"].to_numpy()) if persons is None else persons
    return len(unknown & everyone) / len(everyone) if everyone else np.nan


def _null(row: Row, status: str, *flags: str) -> Row:
    """The row without numbers."""
    return {name: row[name] for name in row if name not in NUMBERS} | {"status": status, "flags": flags}


def _row(metric: str, grain: str, window: Window, **columns: Any) -> Row:
    return {"metric": metric, "grain": grain, "period_start": window[0], "period_end": window[1], **columns}


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
    for window in community.months():
        inside = community.within(window)
        for population in ("all", "community", "staff"):
            for kind, area, counted_kinds in slices:
                rows = _people(inside, area, population)
                rows = rows if kind is None else rows[rows["event_type"] == kind]
                feeding, persons = {sources[name] for name in counted_kinds}, _count(rows)
                flags = tuple(
                    found.flag
                    for found in breaks
                    if found.source in feeding
                    and found.event_type in {"", *counted_kinds}
                    and found.concerns(window)
                )
                yield _row(
                    "contributions", "month", window, area=area, event_type=kind, population=population,
                    value=len(rows), persons=persons, smallest_group=persons, flags=flags,
                    unknown_affiliation_share=_unknown_share(rows, population),
                    status=community.state(window, feeding),
                )  # fmt: skip


def active_contributors(community: Community) -> Iterator[Row]:
    windows = [("month", window) for window in community.months()]
    windows += [("week", window) for window in community.weeks()]
    windows += [
        (f"trailing_{days}d", window) for days in TRAILING_DAYS for window in community.trailing(days)
    ]
    for grain, window in windows:
        inside = community.within(window)
        active = _members(inside)
        unknown = _members(inside[inside["affiliation"] == "unknown"])
        for population in ("all", "community", "staff"):
            for area in community.areas:
                everyone = active.get((population, area), set())
                row = _row(
                    "active_contributors", grain, window, area=area, population=population, flags=(),
                    value=len(everyone), persons=len(everyone), smallest_group=len(everyone),
                    unknown_affiliation_share=_unknown_part(
                        everyone, unknown.get((population, area), set()), population
                    ),
                    status=community.state(window, community.feeding[area]),
                )  # fmt: skip
                yield _null(row, "unavailable") if row["status"] == "unavailable" else row
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
    for population in ("all", "community", "staff"):
        of_population = _people(inside, None, population)
        for name in ("core", "regular", "casual"):
            rows = of_population[of_population["person"].map(level) == name]
            persons = _count(rows)
            row = _row(
                "active_contributors", "month", window, level=name, population=population, value=persons,
                persons=persons, smallest_group=persons, flags=(),
                unknown_affiliation_share=_unknown_share(rows, population),
                status=community.state(window, community.feeding[None]),
            )  # fmt: skip
            is_judged = community.state(judged, community.feeding[None]) != "unavailable"
            yield row if is_judged else _null(row, "unavailable")


def newness(community: Community) -> Iterator[Row]:
    """new_contributors and returning_contributors."""
    for window in community.months():
        inside, before = community.within(window), (window[0] - REACTIVATION_DAYS * DAY, window[0])
        earlier = community.within(before, community.facts)
        for population in ("all", "community"):
            for area in community.areas:
                rows = _people(inside, area, population)
                active = set(rows["person"])
                sure = active - community.left_censored
                first = community.first if area is None else community.first_in_area.xs(area, level="area")
                new = {person for person in sure if first[person] >= window[0]}
                to_mozilla = {person for person in new if community.first[person] >= window[0]}
                recent = set(
                    earlier["person"] if area is None else earlier.loc[earlier["area"] == area, "person"]
                )
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
                sources = community.feeding[area]
                for metric, category, persons in groups:
                    row = _row(
                        metric, "month", window, area=area, category=category, population=population,
                        value=len(persons), persons=len(persons), smallest_group=len(persons), flags=(),
                        unknown_affiliation_share=_unknown_share(rows, population, persons),
                        status=community.state(window, sources),
                    )  # fmt: skip
                    is_known = community.newness_is_known(window, sources)
                    yield row if is_known else _null(row, "unavailable", "left_censored")


def contributor_absence_factor(community: Community) -> Iterator[Row]:
    for window in community.trailing(YEAR_DAYS):
        inside = community.within(window)
        for population in ("all", "community"):
            for area in community.areas:
                rows = _people(inside, area, population)
                days = rows.drop_duplicates(["person", "day"]).groupby("person").size()
                held = days.sort_values(ascending=False).cumsum().to_numpy()
                row = _row(
                    "contributor_absence_factor", f"trailing_{YEAR_DAYS}d", window, area=area,
                    population=population, persons=len(days), smallest_group=len(days), flags=(),
                    value=int(np.argmax(2 * held >= held[-1])) + 1 if len(held) else np.nan,
                    unknown_affiliation_share=_unknown_share(rows, population),
                    status=community.state(window, community.feeding[area]),
                )  # fmt: skip
                if row["status"] == "unavailable":
                    yield _null(row, "unavailable")
                elif len(days) < MIN_PERSONS:
                    yield {
                        **row,
                        "value": np.nan,
                        "status": "insufficient" if len(days) else "no_denominator",
                    }
                else:
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
                status = community.state(window, community.feeding[area])
                everyone = active.get((population, area), set())
                nameless = unknown.get((population, area), set())
                places = sorted(key[2:] for key in seen if key[:2] == (population, area))
                cells = {place: here.get((population, area, *place), set()) for place in places}
                known = set().union(*(cells[place] for place in places if place[0] != "unknown"))
                coverage = len(known) / len(everyone) if everyone else np.nan
                low = ("low_coverage",) if coverage < LOW_COVERAGE else ()
                interval = wilson(len(known), len(everyone)) if everyone else (np.nan, np.nan)
                yield _row(
                    "region_coverage", "month", window, area=area, population=population, value=coverage,
                    ci_low=interval[0], ci_high=interval[1], numerator=len(known), denominator=len(everyone),
                    persons=len(everyone), smallest_group=_smallest(len(known), len(everyone)),
                    unknown_affiliation_share=_unknown_part(everyone, nameless, population),
                    status=status if everyone else "no_denominator",
                    flags=low + (("region_backfilled",) if known else ()),
                )  # fmt: skip
                groups: dict[tuple[str, str | None], set[str]] = {("unknown", None): set()}
                for (region, code), persons in cells.items():
                    groups[region, None] = groups.get((region, None), set()) | persons
                    if code and region != "unknown":
                        groups[region, code] = persons
                for (region, declared), persons in groups.items():
                    late = ("region_backfilled",) if persons and region != "unknown" else ()
                    yield _row(
                        "active_contributors_by_region", "month", window, area=area, region=region,
                        country=declared, population=population, value=len(persons), persons=len(persons),
                        smallest_group=len(persons), coverage=coverage, status=status, flags=low + late,
                        unknown_affiliation_share=_unknown_part(persons, nameless, population),
                        is_optional=declared is not None and not persons,
                    )  # fmt: skip


def active_contributors_by_locale(community: Community) -> Iterator[Row]:
    spoken = community.spread[community.spread["area"].isin(("localization", "support"))]
    spoken = spoken[~((spoken["area"] == "localization") & (spoken["locale"] == "en-US"))]
    for window in community.months():
        inside = community.within(window, spoken)
        for population in ("all", "community"):
            for area in ("localization", "support"):
                rows = _people(inside, area, population)
                for locale in sorted(set(spoken.loc[spoken["area"] == area, "locale"])):
                    here = rows[rows["locale"] == locale]
                    count = _count(here)
                    yield _row(
                        "active_contributors_by_locale", "month", window, area=area, locale=locale,
                        population=population, value=count, persons=count, smallest_group=count, flags=(),
                        unknown_affiliation_share=_unknown_share(here, population),
                        status=community.state(window, community.feeding[area]),
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
    asked = asked[~asked["is_spam"]].assign(
        responder=asked["question"].map(firsts["person"]),
        hours=hours_of(asked["question"].map(firsts["at"]) - asked["created"]),
        observed=hours_of(community.watermark["sumo"] - asked["created"]),
        has_erased=asked["question"].isin(gone),
    )
    asked["is_backwards"] = asked["hours"] < 0
    asked = asked.drop(columns=["is_spam", "question"])
    for window in community.months():
        status = community.state(window, ["sumo"])
        of_month = asked[asked["created"].between(*window, inclusive="left")]
        for locale, product, found in _combinations(of_month, "locale", "product"):
            rows = found[~found["is_backwards"]]
            flags: tuple[str, ...] = ("erased_answers",) if rows["has_erased"].any() else ()
            flags += ("negative_durations",) if found["is_backwards"].any() else ()
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
        status="insufficient" if never else status, flags=flags + (("median_not_reached",) if never else ()),
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
    low, high = wilson(len(answered), len(rows))
    askers = rows["asker"].nunique()
    return _row(
        "support_response_rate", "month", window, locale=locale, product=product, category=f"{hours}h",
        value=len(answered) / len(rows), ci_low=low, ci_high=high, numerator=len(answered),
        denominator=len(rows), persons=askers, status=status, flags=flags,
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
        status = community.state(window, ["pontoon"])
        concerned = [found.flag for found in breaks if found.concerns(window)]
        of_month = both[both["at"].between(*window, inclusive="left")]
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
                status=status if total else "no_denominator", flags=(*unknown, *concerned),
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
        active = community.within(last_year, people)
        held = events[events["at"].between(*window, inclusive="left")]
        for population in ("all", "community"):
            for code in sorted({*people["country"].dropna(), *events["country"].dropna()}):
                there = active[(active["country"] == code) & (active["population"] == population)]
                here = held[held["country"] == code]
                persons = _count(there)
                row = _row(
                    "events_per_100_active", "year", window, region=community.regions[code], country=code,
                    population=population, value=100 * len(here) / persons if persons else np.nan,
                    numerator=len(here), denominator=persons, persons=persons,
                    smallest_group=_smallest(persons, here["owner"].nunique()),
                    unknown_affiliation_share=_unknown_share(there, population),
                    status=community.state(window, SYSTEMS) if persons else "no_denominator",
                    flags=("region_backfilled",) if persons else (),
                    is_optional=here.empty and code not in set(active["country"]),
                )  # fmt: skip
                is_loaded = all(
                    community.state(span, SYSTEMS) != "unavailable" for span in (window, last_year)
                )
                yield row if is_loaded else _null(row, "unavailable", *row["flags"])


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
    counted = [("bugzilla", "bugs", world.bugzilla, "creation_time", True, False)]
    counted += [("sumo", "questions", world.sumo.questions, "created", True, True)]
    counted += [("sumo", "answers", world.sumo.answers, "created", True, True)]
    lists = {("sumo", "users"): world.sumo.users, ("pontoon", "locales"): world.pontoon.locales}
    lists |= {("pontoon", "projects"): [p for p in world.pontoon.projects if p["visibility"] == "public"]}
    lists |= {("reps", "people"): world.reps.people, ("reps", "events"): world.reps.events}
    lists |= {("reps", "activities"): world.reps.activities, ("sumo", "products"): products(world.sumo)}
    for source, stream, records, created, has_recent, has_backfill in counted:
        at = instants(pd.Series([record[created] for record in records]))
        recent = instant(world.now[source]) - 30 * DAY
        since = community.loaded_from[source]
        windows = [("last_30d", recent)] * has_recent + [("backfill", since)] * has_backfill
        for category, begin in windows:
            yield _completeness(source, stream, category, begin, int((at >= begin).sum()))
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
        value=1.0, numerator=records, denominator=records, status="complete", flags=(),
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


def recompute(world: World) -> pd.DataFrame:
    """Every value: metric, DIMENSIONS, NUMBERS, status, flags (text), is_optional (may be left out)."""
    community = Community(world)
    table = pd.DataFrame([row for metric in METRICS for row in metric(community)])
    table["flags"] = [", ".join(sorted(set(flags))) for flags in table["flags"]]
    table["is_optional"] = table["is_optional"].eq(True)
    return table.reindex(columns=["metric", *DIMENSIONS, *NUMBERS, "status", "flags", "is_optional"])
