"""The files that people of the demo community keep, and what is true behind them.

From who there is and when they were active (columns, whatever made them) to CSV files as
`sources/curated.py` and `sources/survey.py` read them: staff who were volunteers before or after, vendors who
were hired, leaders (some left long ago, some whose beginning nobody knows), thanks, goals that are met, on
track, behind, missed or without a number, outcomes of events, means by region, and a survey that not
everybody answers.

Planted: one region is thanked less, money goes to one region more than to the others, some locales have no
leader, and who answers the survey depends on region and level. Drawn from a generator of its own, so that
nothing else in the community moves by it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

SYSTEM = 9
NAMED = ("source", "kind", "account")
WAVE = ("wave", "starts_on", "ends_on")

LESS_THANKED = "southern_asia"
"""The region whose people are thanked a quarter as often as others of the same activity."""

MORE_MONEY, LESS_MONEY = "northern_america", "sub_saharan_africa"
"""Regions that get three times, and a third, of the money that their contributors would account for."""

LESS_ANSWERING = frozenset({"southern_asia", "south_eastern_asia", "sub_saharan_africa"})
ANSWERS_BY_LEVEL = {"core": 0.85, "regular": 0.7, "casual": 0.5}
DELIVERED, COMPLETE = 0.95, 0.93
WOMEN_BY_LEVEL = {"core": 0.16, "regular": 0.24, "casual": 0.34}
"""Shares. Who answers and what is true both differ by level: raw shares are wrong, weights help."""

AGES = ("under_18", "18_24", "25_34", "35_44", "45_54", "55_64", "65_and_over")
IMPAIRED = ("mobility", "vision", "hearing", "chronic_illness", "mental_health", "neurodivergent", "other")
RATHER_NOT, NO_ANSWER = "prefer_not_to_say", "no_answer"

DAY = pd.Timedelta(days=1)


@dataclass(frozen=True)
class Community:
    """Who there is and when they were active: frames of columns, one row each of

    people: person, region, language (two or three letters), affiliation, joined, left (naive UTC)
    accounts: account, person, source, native_id, username; people's alone, no bot's
    activity: account, area, locale (may be missing), month (its first day), days (active ones in it)
    events: event, starts_at, expected (people)
    terms: person, affiliation, valid_from, valid_to; None: drawn from `people`
    since, until: the community's span (naive UTC). products: what bugs are filed in.
    """

    people: pd.DataFrame
    accounts: pd.DataFrame
    activity: pd.DataFrame
    events: pd.DataFrame
    since: pd.Timestamp
    until: pd.Timestamp
    products: tuple[str, ...]
    terms: pd.DataFrame | None = None

    @property
    def last_month(self) -> pd.Timestamp:
        """The first day of the last month that is over."""
        return self.until.to_period("M").to_timestamp() - pd.DateOffset(months=1)


@dataclass(frozen=True)
class Kept:
    """files: `curated/roles.csv` -> its text. truth: table -> rows, as `truth.SCHEMAS` names them."""

    files: dict[str, str]
    truth: dict[str, pd.DataFrame]


def make(community: Community, seed: int) -> Kept:
    """All files, and the truths: affiliations, roles, recognitions, goals, demographics, responses."""
    rng = np.random.default_rng([seed, SYSTEM])
    community = _in_order(community)
    terms = community.terms if community.terms is not None else _terms(community, rng)
    roles = _roles(community, rng)
    thanks = _thanks(community, terms, rng)
    goals = _goals(community)
    waves = _waves(community)
    invited = pd.concat([_invited(community, wave, start, rng) for wave, start in waves], ignore_index=True)
    demographics = _demographics(invited, community, rng)
    files = {
        "curated/affiliation.csv": _affiliation_file(community, terms, rng),
        "curated/roles.csv": _text(_named(roles, community, rng), (
            *NAMED, "role", "scope_type", "scope", "valid_from", "valid_to", "is_start_known",
        )),
        "curated/goals.csv": _text(goals.drop(columns="status"), tuple(goals.columns.drop("status"))),
        "curated/recognition.csv": _text(
            _named(thanks, community, rng), (*NAMED, "recognition", "area", "given_on")
        ),
        "curated/resources.csv": _resources(community),
        "curated/identity.csv": _identity(community),
        "curated/outcomes.csv": _outcomes(community, rng),
        "curated/unavailable.csv": _unavailable(community, rng),
        "survey/waves.csv": _text(
            pd.DataFrame([(wave, start, start + 28 * DAY) for wave, start in waves], columns=list(WAVE)), WAVE

        ),
        "survey/invitations.csv": _text(
            _named(invited, community, rng), ("wave", "respondent", *NAMED, "is_delivered")
        ),
        "survey/answers.csv": _answers(invited, demographics, rng),
    }  # fmt: skip
    truth = {
        "affiliations": terms,
        "roles": roles,
        "recognitions": thanks,
        "goals": goals[["goal", "version_on", "status"]],
        "demographics": demographics,
        "responses": invited,
    }
    return Kept(files, truth)


def _in_order(of: Community) -> Community:
    """The same, its rows in an order that does not depend on who made them, with the person of each act."""
    accounts = of.accounts.sort_values("account", ignore_index=True)
    activity = of.activity.merge(accounts[["account", "person", "source"]], on="account")
    activity = activity.sort_values(["account", "area", "locale", "month"], ignore_index=True)
    people = of.people.sort_values("person", ignore_index=True)
    events = of.events.sort_values("event", ignore_index=True)
    return Community(people, accounts, activity, events, of.since, of.until, of.products, of.terms)


def community_of(
    truth: Mapping[str, pa.Table],
    regions: Mapping[str, str],
    languages: Mapping[str, str],
    events: pd.DataFrame,
    since: datetime,
    until: datetime,
    products: Iterable[str],
) -> Community:
    """The same from planted truths. regions, languages: country -> its region, the language of its people."""
    people = _naive(truth["people"].to_pandas())
    people["region"], people["language"] = people["country"].map(regions), people["country"].map(languages)
    accounts = truth["accounts"].to_pandas()
    accounts = accounts[accounts["person"].notna() & ~accounts["is_bot"]].astype({"person": "int64"})
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.register("contributions", truth["contributions"])
        activity = connection.execute(
            """select account, area, locale, date_trunc('month', occurred_at)::timestamp as month,
                      count(distinct occurred_at::date) as days
               from contributions  group by all"""
        ).fetchdf()
    begin, end = (pd.Timestamp(moment).tz_localize(None) for moment in (since, until))
    return Community(people, accounts, activity, events, begin, end, tuple(products))


def _naive(frame: pd.DataFrame) -> pd.DataFrame:
    """Instants as UTC without a zone, microseconds."""
    zoned = frame.select_dtypes("datetimetz").columns
    return frame.assign(**{name: frame[name].dt.tz_localize(None) for name in zoned})


def _rows(frame: pd.DataFrame) -> Iterator[Any]:
    return frame.itertuples(index=False)


# --- Writing ----------------------------------------------------------------------------------


def _text(rows: pd.DataFrame, columns: Iterable[str]) -> str:
    """A CSV file; days as YYYY-MM-DD, truth as yes and no, what is missing empty."""
    columns = tuple(columns)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows[list(columns)].itertuples(index=False))
    return out.getvalue()


def _cell(value: Any) -> str:
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if value is None or pd.isna(value):
        return ""
    if isinstance(value, pd.Timestamp | date):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, float | np.floating):
        return f"{float(value):g}"
    return str(value)


def _named(rows: pd.DataFrame, community: Community, rng: np.random.Generator) -> pd.DataFrame:
    """Rows with `account` -> with the source, kind and name under which people would write it down."""
    known = community.accounts[["account", "source", "native_id", "username"]]
    found = rows.drop(columns="source", errors="ignore").merge(known, on="account", how="left")
    by_name = {"bugzilla": "login", "sumo": "username", "discourse": "username"}
    kinds = found["source"].map(by_name).fillna("id")
    kinds = kinds.mask(found["source"].isin(("bugzilla", "sumo")) & (rng.random(len(found)) < 0.25), "id")
    found["kind"] = kinds
    found["account"] = found["username"].where(kinds != "id", found["native_id"].astype(str))
    return found


# --- Who was what -----------------------------------------------------------------------------


def _terms(of: Community, rng: np.random.Generator) -> pd.DataFrame:
    """Of staff and vendors every fourth volunteered before, every fifth goes on after; one vendor in three
    is hired. Who was a volunteer all the time has one term."""
    rows: list[tuple[int, str, Any, Any]] = []
    for one in _rows(of.people):
        if one.affiliation == "volunteer":
            rows.append((one.person, "volunteer", one.joined, one.left))
            continue
        stay = one.left - one.joined
        hired = one.joined + (0.3 * stay if rng.random() < 0.25 else 0 * stay)
        let_go = one.left - (0.25 * stay if rng.random() < 0.2 else 0 * stay)
        changed = hired + 0.5 * (let_go - hired)
        parts = [("volunteer", one.joined, hired)]
        if one.affiliation == "vendor" and rng.random() < 0.34:
            parts += [("vendor", hired, changed), ("staff", changed, let_go)]
        else:
            parts.append((one.affiliation, hired, let_go))
        parts.append(("volunteer", let_go, one.left))
        days = [(what, begins.floor("D"), ends.floor("D")) for what, begins, ends in parts]
        rows += [(one.person, what, begins, ends) for what, begins, ends in days if begins < ends]
    return pd.DataFrame(rows, columns=["person", "affiliation", "valid_from", "valid_to"])


def _affiliation_file(of: Community, terms: pd.DataFrame, rng: np.random.Generator) -> str:
    """Staff and vendors with most of their accounts; of pure volunteers one in three, who were asked."""
    paid = set(terms.loc[terms["affiliation"] != "volunteer", "person"])
    is_paid = of.accounts["person"].isin(paid).to_numpy()
    contributed = of.accounts["account"].isin(of.activity["account"]).to_numpy()
    draw = rng.random(len(is_paid))
    known = np.where(is_paid, draw < 0.85, contributed & (draw < 0.33))
    accounts = of.accounts.loc[known, ["account", "person"]]
    rows = accounts.merge(terms, on="person").sort_values(["account", "valid_from"], ignore_index=True)
    rows["valid_from"] = rows["valid_from"].dt.floor("D")
    ends = rows["valid_to"].dt.floor("D")
    rows["valid_to"] = ends.where(ends < of.until)
    rows = rows[rows["valid_to"].isna() | (rows["valid_to"] > rows["valid_from"])]
    rows = rows[rows["valid_from"].between(pd.Timestamp(1990, 1, 1), of.until - DAY)]
    columns = ("source", "kind", "account", "affiliation", "valid_from", "valid_to")
    named = _named(rows, of, rng)
    # one account is named in one way in all its lines: terms of an account must not overlap
    first = named.groupby(["source", "native_id"])["kind"].transform("first")
    named["account"] = named["username"].where(first != "id", named["native_id"].astype(str))
    named["kind"] = first
    return _text(named, columns)


# --- Leaders ----------------------------------------------------------------------------------

LEADERS = {
    ("pontoon", "localization", "locale"): (("manager", 1), ("translator", 3)),
    ("sumo", "support", "locale"): (("locale_leader", 1), ("reviewer", 1)),
    ("sumo", "support", "all"): (("forum_moderator", 3),),
    ("reps", "mobilizing", "region"): (("mentor", 1),),
    ("reps", "mobilizing", "all"): (("council", 3), ("peer", 1), ("review", 1)),
    ("discourse", "community_forum", "all"): (("moderator", 2),),
    ("bugzilla", "quality", "product"): (("triage_owner", 1),),
}
"""(system, area, kind of scope) -> roles and how many hold each, the most active first."""


def _roles(of: Community, rng: np.random.Generator) -> pd.DataFrame:
    """Leaders are the most active of their scope; every fifth locale has none, as nobody wrote them down."""
    regions = of.people.set_index("person")["region"]
    rows: list[dict[str, Any]] = []
    for (system, area, scope_type), roles in LEADERS.items():
        acts = of.activity[(of.activity["source"] == system) & (of.activity["area"] == area)]
        if scope_type == "locale":
            scoped = acts.assign(scope=acts["locale"])
        elif scope_type == "region":
            scoped = acts.assign(scope=acts["person"].map(regions))
        elif scope_type == "product":
            places = np.array(of.products)
            scoped = acts.assign(scope=places[acts["account"].to_numpy(dtype=int) % len(places)])
        else:
            scoped = acts.assign(scope="all")
        by = scoped.groupby(["scope", "account", "person"], as_index=False)
        ranked = by.agg(days=("days", "sum"), first=("month", "min"), last=("month", "max"))
        ranked = ranked.sort_values(["scope", "days", "account"], ascending=[True, False, True])
        for place, (scope, among) in enumerate(ranked.groupby("scope", sort=True)):
            if scope_type == "locale" and place % 5 == 4:
                continue
            chosen = iter(_rows(among.drop_duplicates("person")))
            for role, count in roles:
                rows += [
                    {"source": system, "role": role, "scope_type": scope_type, "scope": scope,
                     **_term(one, of, rng), "account": one.account, "person": one.person}
                    for _, one in zip(range(count), chosen, strict=False)
                ]  # fmt: skip
    columns = ["account", "person", "source", "role", "scope_type", "scope", "valid_from", "valid_to",
               "is_start_known"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _term(one: Any, of: Community, rng: np.random.Generator) -> dict[str, Any]:
    """A role begins some months after the first act; one in six has ended, one in five nobody remembers."""
    begins = min(one.first + int(rng.integers(60, 240)) * DAY, of.until - 30 * DAY)
    ends = max(begins + 30 * DAY, of.until - int(rng.integers(60, 300)) * DAY)
    has_ended = rng.random() < 1 / 6
    return {
        "valid_from": begins,
        "valid_to": ends if has_ended and ends < of.until else pd.NaT,
        "is_start_known": bool(rng.random() >= 0.2),
    }


# --- Thanks -----------------------------------------------------------------------------------


def _thanks(of: Community, terms: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """A rep of the month each month, and thanks by name to volunteers, likelier the more days they gave."""
    paid = set(terms.loc[terms["affiliation"] != "volunteer", "person"])
    acts = of.activity[
        ~of.activity["person"].isin(paid) & of.activity["month"].between(of.since, of.last_month)
    ]
    by = acts.groupby(["month", "account", "person", "area"], as_index=False, sort=True)["days"].sum()
    regions = by["person"].map(of.people.set_index("person")["region"])
    share = np.minimum(0.5, 0.05 * by["days"].to_numpy(dtype=float))
    share = np.where(regions == LESS_THANKED, share / 4, share)
    thanked = by[rng.random(len(by)) < share].assign(recognition="thanks")
    reps = by[by["area"] == "mobilizing"]
    month_best = reps.loc[reps.groupby("month")["days"].idxmax()].assign(recognition="rep_of_the_month")
    given = pd.concat([thanked, month_best], ignore_index=True)
    given["given_on"] = given["month"] + pd.to_timedelta(rng.integers(0, 28, len(given)), unit="D")
    given = given.sort_values(["given_on", "account", "recognition"], ignore_index=True)
    given = given.drop_duplicates(["account", "recognition", "given_on"])
    return given[["account", "person", "recognition", "area", "given_on"]]


# --- Goals ------------------------------------------------------------------------------------

GOAL_COLUMNS = ("goal", "title", "topic_area", "metric", "grain", "population", "area", "event_type",
                "region", "country", "locale", "product", "project", "level", "category", "baseline",
                "target", "starts_on", "due_on", "version_on")  # fmt: skip


def _goals(of: Community) -> pd.DataFrame:
    """Goals on real metrics, with margins wide enough for their status in the last month to be sure."""
    month = of.last_month
    there = of.activity[of.activity["month"] == month].groupby("area")["person"].nunique()
    supporters, translators = (float(there.get(area, 1)) for area in ("support", "localization"))
    triagers = float(there.get("quality", 1))
    early, late = month - pd.DateOffset(months=9), month + pd.DateOffset(months=11)
    soon = month + pd.DateOffset(months=2)
    plans: tuple[dict[str, Any], ...] = (
        {"goal": "more-supporters", "title": "More people who answer questions", "topic_area": "activity",
         "metric": "active_contributors", "area": "support", "status": "met",
         "baseline": round(0.2 * supporters, 1), "target": round(0.4 * supporters, 1), "due_on": late},
        {"goal": "more-translators", "title": "More people who translate", "topic_area": "activity",
         "metric": "active_contributors", "area": "localization", "status": "on_track",
         "baseline": 0, "target": round(1.4 * translators, 1), "due_on": late},
        {"goal": "more-triagers", "title": "Ten times as many people who sort bugs", "topic_area": "journey",
         "metric": "active_contributors", "area": "quality", "status": "behind",
         "baseline": round(0.9 * triagers, 1), "target": round(10 * triagers + 10, 1), "due_on": soon},
        {"goal": "many-translators", "title": "Twenty times as many people who translate",
         "topic_area": "activity", "metric": "active_contributors", "area": "localization",
         "status": "missed",
         "baseline": 0, "target": round(20 * translators + 20, 1), "due_on": month},
        {"goal": "every-word", "title": "Every string of the key projects translated",
         "topic_area": "regional_identity", "metric": "locale_completion", "status": "unmeasured",
         "baseline": 0, "target": 1, "due_on": late},
    )  # fmt: skip
    rows = [
        {**dict.fromkeys(GOAL_COLUMNS), "grain": "month", "population": "community", "starts_on": early,
         "version_on": early, **plan}
        for plan in plans
    ]  # fmt: skip
    before = {**rows[1], "target": round(0.7 * translators + 1, 1), "status": None}
    rows[1]["version_on"] = early + pd.DateOffset(months=3)
    return pd.DataFrame([*rows[:1], before, *rows[1:]], columns=[*GOAL_COLUMNS, "status"])


# --- Means, events, absences, decisions -------------------------------------------------------


def _resources(of: Community) -> str:
    """Swag by the number of contributors, money with one region favoured and one forgotten; by year."""
    regions = of.people.set_index("person")["region"]
    rows: list[dict[str, Any]] = []
    for year in range(of.since.year, of.until.year + 1):
        acts = of.activity[of.activity["month"].dt.year == year]
        active = acts.drop_duplicates("person")["person"].map(regions).value_counts().sort_index()
        for region, people in active.items():
            favour = 3.0 if region == MORE_MONEY else 1 / 3 if region == LESS_MONEY else 1.0
            for resource, amount, unit in (
                ("event_budget", round(100 * people * favour, 2), "USD"),
                ("swag", int(2 * people), "items"),
            ):
                rows.append(
                    {"resource": resource, "region": region, "country": None, "amount": amount, "unit": unit,
                     "starts_on": date(year, 1, 1), "ends_on": date(year + 1, 1, 1)}
                )  # fmt: skip
    columns = ("resource", "region", "country", "amount", "unit", "starts_on", "ends_on")
    return _text(pd.DataFrame(rows, columns=list(columns)), columns)


def _outcomes(of: Community, rng: np.random.Generator) -> str:
    """Three of five events that are over tell how many came, some of them how many began to contribute."""
    over = of.events[of.events["starts_at"] < of.until]
    rows: list[dict[str, Any]] = []
    for one in _rows(over):
        told, came, began = rng.random(), rng.random(), rng.random()
        expected = float(one.expected)
        if told < 0.8:
            reached = round(expected * (0.4 + 0.8 * came)) if told < 0.6 else None
            rows.append(
                {"event_id": one.event, "metric": "attendees", "expected": expected, "outcome": reached}
            )
        if told < 0.2:
            aim = 0.0 if began < 0.1 else round(expected * 0.1)
            rows.append({"event_id": one.event, "metric": "new_contributors", "expected": aim,
                         "outcome": round(aim * 2 * began)})  # fmt: skip
    columns = ("event_id", "metric", "expected", "outcome")
    return _text(pd.DataFrame(rows, columns=list(columns)), columns)


def _unavailable(of: Community, rng: np.random.Generator) -> str:
    """Every sixth rep told once that they would be away for some weeks."""
    reps = of.accounts[of.accounts["source"] == "reps"].iloc[::6]
    begins = of.since + pd.to_timedelta(
        rng.integers(30, max(31, (of.until - of.since).days - 60), len(reps)), "D"
    )
    weeks = pd.to_timedelta(7 * rng.integers(2, 9, len(reps)), unit="D")
    rows = reps[["account"]].assign(valid_from=begins.floor("D"), valid_to=(begins + weeks).floor("D"))
    return _text(_named(rows, of, rng), ("source", "kind", "account", "valid_from", "valid_to"))


def _identity(of: Community) -> str:
    """What was decided by hand: some pairs of one person's accounts, and some of different people's."""
    rows: list[Mapping[str, Any]] = []
    pontoon = of.accounts[of.accounts["source"] == "pontoon"]
    sumo = of.accounts[of.accounts["source"] == "sumo"]
    pairs = pontoon.merge(sumo, on="person", suffixes=("_1", "_2")).iloc[::9].head(20)
    others = zip(_rows(pontoon.iloc[3::40]), _rows(sumo.iloc[5::40]), strict=False)
    named = [(one.native_id_1, one.username_2, "same") for one in _rows(pairs)]
    named += [(a.native_id, b.username, "different") for a, b in list(others)[:10] if a.person != b.person]
    for number, username, decision in named:
        rows.append(
            {"source_1": "pontoon", "kind_1": "id", "account_1": number, "source_2": "sumo",
             "kind_2": "username", "account_2": username, "decision": decision, "decided_on": of.last_month}
        )  # fmt: skip
    columns = ("source_1", "kind_1", "account_1", "source_2", "kind_2", "account_2", "decision", "decided_on")
    return _text(pd.DataFrame(rows, columns=list(columns)), columns)


# --- The survey -------------------------------------------------------------------------------


def _waves(of: Community) -> list[tuple[str, pd.Timestamp]]:
    """Two waves, half a year apart, both over: (name, first day)."""
    months = [of.last_month - pd.DateOffset(months=back) for back in (8, 2)]
    return [(f"{month:%Y-%m}", month) for month in months]


def _invited(of: Community, wave: str, start: pd.Timestamp, rng: np.random.Generator) -> pd.DataFrame:
    """Whoever was active in the three months before, at one account each; who answers depends on who it is.

    Columns: wave, respondent, account, person, level, is_delivered, has_answered, is_complete.
    """
    acts = of.activity[of.activity["month"].between(start - pd.DateOffset(months=3), start - DAY)]
    by = acts.groupby("person").agg(
        days=("days", "sum"), months=("month", "nunique"), account=("account", "min")
    )
    found = by.reset_index()
    core = (found["months"] == 3) & (found["days"] >= 12)
    regular = ((found["months"] >= 2) & (found["days"] >= 3)) | (found["days"] >= 12)
    found["level"] = np.where(core, "core", np.where(regular, "regular", "casual"))
    region = found["person"].map(of.people.set_index("person")["region"])
    answers = found["level"].map(ANSWERS_BY_LEVEL).to_numpy(dtype=float)
    answers = np.where(region.isin(LESS_ANSWERING), 0.5 * answers, answers)
    found["is_delivered"] = rng.random(len(found)) < DELIVERED
    found["has_answered"] = found["is_delivered"] & (rng.random(len(found)) < answers)
    found["is_complete"] = found["has_answered"] & (rng.random(len(found)) < COMPLETE)
    codes = rng.permutation(len(found)) + 10_000
    return found.assign(wave=wave, respondent=[f"{wave}-{code}" for code in codes])[
        ["wave", "respondent", "account", "person", "level", "is_delivered", "has_answered", "is_complete"]
    ]


def _demographics(invited: pd.DataFrame, of: Community, rng: np.random.Generator) -> pd.DataFrame:
    """What is true of everybody who was ever invited, told or not: person, attribute, attribute_value."""
    known = invited.drop_duplicates("person", keep="last").sort_values("person", ignore_index=True)
    languages = known["person"].map(of.people.set_index("person")["language"])
    rows: list[tuple[int, str, str]] = []
    for person, level, language in zip(known["person"], known["level"], languages, strict=True):
        draw = rng.random(6)
        women = WOMEN_BY_LEVEL[level]
        if draw[0] < 0.04:
            genders = ["non_binary", "woman"] if draw[1] < 0.3 else ["non_binary"]
        elif draw[0] < 0.05:
            genders = ["self_described"]
        else:
            genders = ["woman"] if draw[1] < women else ["man"]
        rows += [(person, "gender", gender) for gender in genders]
        age = int(np.searchsorted((0.03, 0.25, 0.6, 0.8, 0.92, 0.98), draw[2], side="right"))
        rows.append((person, "age_band", AGES[age]))
        impaired = (
            sorted({IMPAIRED[int(draw[4] * 7)], IMPAIRED[int(draw[5] * 7)]}) if draw[3] < 0.18 else ["none"]
        )
        rows += [(person, "disability", one) for one in impaired]
        rows += [
            (person, "language", one)
            for one in dict.fromkeys((language, "en") if draw[4] < 0.4 else (language,))
        ]
    return pd.DataFrame(rows, columns=["person", "attribute", "attribute_value"])


def _answers(invited: pd.DataFrame, demographics: pd.DataFrame, rng: np.random.Generator) -> str:
    """What those who answered told: of each attribute six in 100 would rather not, three pass it over."""
    answered = invited[invited["has_answered"]]
    told = answered[["wave", "respondent", "person", "is_complete"]].merge(demographics, on="person")
    asked = told.drop_duplicates(["respondent", "attribute"])[["respondent", "attribute"]]
    draw = rng.random(len(asked))
    instead = np.where(draw < 0.06, RATHER_NOT, np.where(draw < 0.09, NO_ANSWER, ""))
    told = told.merge(asked.assign(instead=instead), on=["respondent", "attribute"])
    told["attribute_value"] = told["attribute_value"].where(told["instead"] == "", told["instead"])
    told = told.drop_duplicates(["respondent", "attribute", "attribute_value"])
    return _text(told, ("wave", "respondent", "attribute", "attribute_value", "is_complete"))
