"""One community from a scale and a seed: everybody first, then each system, then the truth."""

from __future__ import annotations

import csv
from dataclasses import replace

import pandas as pd
import pyarrow as pa

from pipelines.settings import ROOT
from pipelines.simulation.generator import bugzilla, discourse, kept, people, pontoon, reps, sumo
from pipelines.simulation.generator.bulk import world as large
from pipelines.simulation.generator.bulk.size import MOZILLA, SIZES
from pipelines.simulation.generator.scale import SCALES, Scale
from pipelines.simulation.generator.truth import KEPT_SCHEMAS, Ledger, Truth
from pipelines.simulation.world import SOURCES, World


def generate(scale: str = "small", seed: int = 1) -> tuple[World, Truth]:
    """The community of this size and seed, and what is true in it.

    Raises ValueError for a size there is not, one too large to be served, or a negative seed.
    """
    check(scale, seed)
    if scale in SCALES:
        return build(SCALES[scale], seed)
    if scale == MOZILLA.name:
        raise ValueError(
            f"Scale '{scale}' is too large to be served; write it with `mdm simulate --to-lake`."
        )
    return large.build(SIZES[scale], seed)


def check(scale: str, seed: int) -> None:
    """Raises ValueError for a size there is not, or a negative seed."""
    names = [*SCALES, *SIZES]
    if scale not in names:
        raise ValueError(f"There is no scale '{scale}'; there is {', '.join(names)}.")
    if seed < 0:
        raise ValueError(f"The seed {seed} is negative.")


def build(scale: Scale, seed: int) -> tuple[World, Truth]:
    """The same for a scale of one's own (tests use smaller ones)."""
    ledger = Ledger(until=scale.now)
    declared: dict[int, str] = {}
    roster = people.make_people(scale, seed)
    world = World(
        name=f"{scale.name} seed {seed}",
        since=dict.fromkeys(SOURCES, scale.since),
        now=dict.fromkeys(SOURCES, scale.clock),
        bugzilla=bugzilla.make(scale, seed, roster, ledger),
        pontoon=pontoon.make(scale, seed, roster, ledger),
        sumo=sumo.make(scale, seed, roster, ledger, declared),
        reps=reps.make(scale, seed, roster, ledger, declared),
        discourse=discourse.make(scale, seed, roster),
    )
    shown = reps.visible(roster, scale)
    roster.accounts = [
        replace(account, is_visible=account.number in shown) if account.source == "reps" else account
        for account in roster.accounts
    ]
    people.note_people(roster, ledger, declared)
    truth = ledger.finished()
    made = kept.make(_community(scale, world, truth), seed)
    world.kept.update(made.files)
    tables = {
        name: pa.Table.from_pandas(made.truth[name][schema.names], schema=schema, preserve_index=False)
        for name, schema in KEPT_SCHEMAS.items()
    }
    return world, replace(truth, kept=tables)


def _community(scale: Scale, world: World, truth: Truth) -> kept.Community:
    """What `kept` must know of this community: who acted when, events, and those who write on Discourse."""
    events = pd.DataFrame(
        [
            (int(event["_url"].split("/")[-2]), event["start"], event["estimated_attendance"])
            for event in world.reps.events
        ],
        columns=["event", "starts_at", "expected"],
    )
    events["starts_at"] = pd.to_datetime(events["starts_at"], utc=True, format="ISO8601").dt.tz_localize(None)
    with (ROOT / "dbt" / "seeds" / "countries.csv").open(encoding="utf-8") as seed:
        regions = {row["country"]: row["region"] for row in csv.DictReader(seed)}
    homes = (*people.COUNTRIES, people.SMALL_COUNTRY)
    found = kept.community_of(
        {"people": truth.people, "accounts": truth.accounts, "contributions": truth.contributions},
        regions,
        {home.code: home.locale.split("-")[0] for home in homes},
        events,
        scale.since,
        scale.until,
        tuple(dict.fromkeys(product for _, product, _ in bugzilla.PLACES)),
    )
    return _with_discourse(found, world)


def _with_discourse(found: kept.Community, world: World) -> kept.Community:
    """Accounts of Discourse are in no planted truth: numbered after all others, by the posts they wrote."""
    posts = pd.DataFrame(
        [(one["user_id"], one["username"], one["created_at"]) for one in world.discourse.posts],
        columns=["native_id", "username", "created_at"],
    )
    posts = posts[posts["native_id"] > 0]
    day = pd.to_datetime(posts["created_at"], utc=True, format="ISO8601").dt.tz_localize(None).dt.floor("D")
    posts["account"] = found.accounts["account"].max() + posts["native_id"]
    accounts = posts.drop_duplicates("account")[["account", "native_id", "username"]].assign(
        person=lambda one: one["native_id"].map(discourse.person_of), source="discourse"
    )
    posts["month"] = day.dt.to_period("M").dt.to_timestamp()
    posts["day"] = day
    activity = posts.groupby(["account", "month"], as_index=False).agg(days=("day", "nunique"))
    return replace(
        found,
        accounts=pd.concat([found.accounts, accounts], ignore_index=True),
        activity=pd.concat(
            [found.activity, activity.assign(area="community_forum", locale=None)], ignore_index=True
        ),
    )
