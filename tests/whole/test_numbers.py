"""Every number of the finished demo run, against `recompute`: the catalogue's sentences in pandas.

All rows are compared with the warehouse, and those that are shown with the internal publication.
Numbers agree to 1e-9, so counts agree exactly. What must add up is tested on the warehouse's rows alone.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import duckdb
import pandas as pd
import pytest

from pipelines.metric_shape import ENDS, between_ends, is_marked, slice_without
from pipelines.simulation.generator import generate
from tests.whole import links, recount
from tests.whole.compare import (
    KEY,
    banded,
    beside,
    comparable,
    differences,
    of,
    slices,
    told,
    unequal,
    values,
)
from tests.whole.conftest import Twice
from tests.whole.recompute import BANDED, NUMBERS, Community, recompute
from tests.whole.runs import current

pytestmark = pytest.mark.whole

METRICS = (
    "contributions",
    "active_contributors",
    "new_contributors",
    "returning_contributors",
    "active_contributors_by_region",
    "region_coverage",
    "active_contributors_by_locale",
    "contributor_absence_factor",
    "support_time_to_first_response_h",
    "support_response_rate",
    "review_capacity_ratio",
    "events_per_100_active",
    "source_freshness_h",
    "extraction_completeness",
)
K = 5
SIDES = [*NUMBERS, "value_with_probable"]
SHOWN = [name for name in SIDES if name != "smallest_group"]


@dataclass(frozen=True)
class Numbers:
    """facts: what is recounted from; joined_facts: the same where probable links hold. ours: recomputed;
    stored: the warehouse's; shown: the internal publication's. One row a value each."""

    facts: recount.Recount
    joined_facts: recount.Recount
    ours: pd.DataFrame
    stored: pd.DataFrame
    shown: pd.DataFrame


@pytest.fixture(scope="module")
def numbers(demo: Twice) -> Numbers:
    world = generate("small", 1)[0]
    community, joined = Community(world), Community(world, links.joined(demo.data))
    stored = comparable(values(demo.data / "warehouse.duckdb", "metrics.metric_value"))
    return Numbers(
        recount.Recount(community),
        recount.Recount(joined),
        banded(comparable(recompute(community)), comparable(recompute(joined, BANDED))),
        stored,
        comparable(values(current(demo.data) / "internal.duckdb", "metric_value")),
    )


@pytest.mark.parametrize("metric", METRICS)
def test_every_stored_number_is_what_the_catalogue_says(numbers: Numbers, metric: str) -> None:
    columns = [*SIDES, "status", "flags"]
    odd = differences(of(numbers.ours, metric), of(numbers.stored, metric), columns)
    assert odd.empty, told(odd)


@pytest.mark.parametrize("metric", METRICS)
def test_every_shown_number_is_what_the_catalogue_says(numbers: Numbers, metric: str) -> None:
    shown = of(numbers.shown, metric)
    odd = differences(
        without_notes_held_back(of(numbers.ours, metric), numbers.shown),
        shown[shown["status"] != "suppressed"],
        [*SHOWN, "status", "flags"],
    )
    assert odd.empty, told(odd)


def without_notes_held_back(rows: pd.DataFrame, shown: pd.DataFrame) -> pd.DataFrame:
    """Our rows of a metric without the shares that would tell of 1 to 4 persons.

    How many are of unknown affiliation must not be told of so few, and need not be where the same month and
    area has a hidden row, which it may help to find. How many have a known region is not told where the
    number of all or of those in the region `unknown` is hidden.
    """
    hidden = shown[shown["status"] == "suppressed"]
    theirs = rows[KEY].merge(shown[[*KEY, "unknown_affiliation_share"]], on=KEY, how="left")
    is_untold = theirs.set_axis(rows.index)["unknown_affiliation_share"].isna()
    few = (rows["persons"] * rows["unknown_affiliation_share"]).round().between(1, K - 1)
    held_back = few | (is_untold & is_among(rows, hidden, ["period_end", "area"]))
    noted = rows.assign(unknown_affiliation_share=rows["unknown_affiliation_share"].mask(held_back))
    if "region" in rows:
        of_all = hidden[(hidden["metric"] == "active_contributors") & (hidden["level"] == "")]
        here = hidden[(hidden["country"] == "") & hidden["region"].isin(["", "unknown"])]
        here = pd.concat([here[here["metric"].isin(rows["metric"])], of_all])
        is_known_of = ["period_start", "period_end", "grain", "area", "population"]
        noted["coverage"] = rows["coverage"].mask((rows["region"] != "") & is_among(rows, here, is_known_of))
    return noted


def is_among(rows: pd.DataFrame, others: pd.DataFrame, names: list[str]) -> pd.Series:
    """Whether another row has the same of all these columns."""
    found = pd.MultiIndex.from_frame(rows[names]).isin(pd.MultiIndex.from_frame(others[names]))
    return pd.Series(found, index=rows.index)


@pytest.mark.parametrize("table", ["stored", "shown"])
@pytest.mark.parametrize("metric", METRICS)
def test_no_slice_is_missing_and_none_is_invented(numbers: Numbers, metric: str, table: str) -> None:
    """Only rows of a country in which nothing happened may be left out."""
    ours, theirs = of(numbers.ours, metric), of(getattr(numbers, table), metric)
    missing, invented = slices(ours, theirs)
    assert missing.empty, told(missing)
    assert invented.empty, told(invented)
    assert not theirs.duplicated(KEY).any()


def test_numbers_of_one_to_four_persons_are_never_shown(numbers: Numbers) -> None:
    small = numbers.ours[numbers.ours["smallest_group"].between(1, K - 1)]
    shown = numbers.shown.merge(small[KEY], on=KEY)
    assert not shown.empty
    open_ = shown[(shown["status"] != "suppressed") | shown[SHOWN].notna().any(axis=1)]
    assert open_.empty, told(open_)


def test_regions_and_unknown_add_up_to_the_active_of_every_month_and_area(numbers: Numbers) -> None:
    slice_ = ["period_start", "area", "population"]
    by_region = of(numbers.stored, "active_contributors_by_region").query("country == ''")
    active = of(numbers.stored, "active_contributors").query("grain == 'month' and level == ''")
    active = active[active["population"].isin(by_region["population"])]
    total, parts = active.set_index(slice_)["value"], by_region.groupby(slice_)["value"].sum()
    assert len(total) == len(parts) > 0
    assert (total.sort_index() == parts.sort_index()).all()


def test_countries_of_a_region_add_up_to_it(numbers: Numbers) -> None:
    slice_ = ["period_start", "area", "population", "region"]
    rows = of(numbers.stored, "active_contributors_by_region").query("region != 'unknown'")
    total = rows.query("country == ''").set_index(slice_)["value"]
    parts = rows.query("country != ''").groupby(slice_)["value"].sum().reindex(total.index, fill_value=0)
    assert len(total) > 0
    assert (total == parts).all()


def test_active_are_new_continuing_and_reactivated(numbers: Numbers) -> None:
    slice_ = ["period_start", "area", "population"]
    new = of(numbers.stored, "new_contributors").query("category == ''").set_index(slice_)["value"].dropna()
    returning = of(numbers.stored, "returning_contributors").query("category != ''")
    parts = new + returning.groupby(slice_)["value"].sum().reindex(new.index)
    active = of(numbers.stored, "active_contributors").query("grain == 'month' and level == ''")
    total = active.set_index(slice_)["value"].reindex(new.index)
    assert len(new) > 0
    assert new.sum() > 0
    assert (total == parts).all()


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_has_a_complete_value_that_is_shown(numbers: Numbers, metric: str) -> None:
    rows = of(numbers.shown, metric)
    assert rows.loc[rows["status"] == "complete", "value"].notna().any()


def test_a_number_that_may_not_be_read_alone_has_both_ends_beside_it(demo: Twice) -> None:
    rows = values(demo.data / "warehouse.duckdb", "metrics.metric_value")
    unknown = of(rows, "affiliation_unknown_share")
    limit = unknown["flags"].map(is_marked) == (unknown["value"] > 0.3)
    assert limit.all()
    marked = rows[rows["flags"].map(is_marked) & (rows["metric"] != "affiliation_unknown_share")]
    assert marked["metric"].nunique() == 8
    found = marked.to_dict("records")
    there = {(name, row[name], slice_without(row, name)) for row in found for name, *_ in ENDS}
    for row, is_between in zip(found, between_ends(found), strict=True):
        if row["metric"] == "volunteer_needinfo_waiting" and row["product"]:
            continue  # a product has a row for those of whom a request waits: without one there is none
        others = [
            (name, high if row[name] == low else low) for name, low, high in ENDS if row[name] in (low, high)
        ]
        assert is_between or any((name, end, slice_without(row, name)) in there for name, end in others), row
    staff = rows[rows["metric"].isin(set(marked["metric"])) & (rows["category"] != "areas_without_staff")]
    at = ["period_end", "source"]
    ends = unknown.loc[unknown["flags"].map(is_marked), at].merge(staff, on=at)
    assert len(ends) == len(marked)


# --- What the kept files were planted with ----------------------------------------------------------


def test_every_goal_has_the_status_that_was_planted(demo: Twice) -> None:
    planted = generate("small", 1)[1].kept["goals"].to_pandas().dropna(subset=["status"])
    attained = values(demo.data / "warehouse.duckdb", "metrics.met_goal_attainment")
    newest = attained.sort_values("period_end").groupby("goal")["flags"].last()
    found = {goal: set(flags.split(", ")) for goal, flags in newest.items()}
    assert set(found) == set(planted["goal"])
    assert all(status in found[goal] for goal, status in zip(planted["goal"], planted["status"], strict=True))


def test_contributions_have_the_affiliation_that_was_true_where_the_file_knows_it(demo: Twice) -> None:
    """Pontoon's accounts, named in the file by number: each contribution against the person's true terms."""
    world, truth = generate("small", 1)
    file = pd.read_csv(io.StringIO(world.kept["curated/affiliation.csv"]), dtype=str)
    named = set(file.loc[file["source"] == "pontoon", "account"].astype(int))
    accounts = truth.accounts.to_pandas().query("source == 'pontoon'")
    accounts = accounts[accounts["native_id"].isin(named)]
    acts = truth.contributions.to_pandas()
    acts = acts[acts["account"].isin(accounts["account"])]
    acts = acts.assign(day=acts["occurred_at"].dt.tz_localize(None).dt.floor("D"))
    terms = truth.kept["affiliations"].to_pandas()
    terms = terms.assign(
        valid_from=terms["valid_from"].dt.floor("D"), valid_to=terms["valid_to"].dt.floor("D")
    )
    meets = acts.merge(terms, on="person")
    true = meets[(meets["day"] >= meets["valid_from"]) & (meets["day"] < meets["valid_to"])]
    with duckdb.connect(str(demo.data / "warehouse.duckdb"), read_only=True) as warehouse:
        stored = warehouse.sql(
            """select affiliation, count(*) as acts from marts.fct_contribution
               where source = 'pontoon' and affiliation <> 'unknown' group by affiliation"""
        ).fetchall()
    expected = true["affiliation"].value_counts()
    assert dict(stored) == {name: int(count) for name, count in expected.items()}
    assert set(expected.index) == {"staff", "vendor", "volunteer"}


def test_survey_rates_count_those_who_were_planted_to_answer(demo: Twice) -> None:
    """Whoever is staff is out, and nobody answers who was not reached: the rest is exact."""
    responses = generate("small", 1)[1].kept["responses"].to_pandas()
    people = values(demo.data / "warehouse.duckdb", "marts.fct_survey_person")
    counted = people.groupby("wave")[["is_delivered", "is_completed"]].sum()
    planted = responses.groupby("wave")[["is_delivered", "is_complete"]].sum()
    assert (counted.to_numpy() <= planted.to_numpy()).all()
    assert (counted.to_numpy() >= 0.9 * planted.to_numpy()).all()
    rates = values(demo.data / "warehouse.duckdb", "metrics.met_survey_response_rate")
    whole = rates[rates[["region", "area", "level", "role", "attribute"]].isna().all(axis=1)].set_index(
        "wave"
    )
    community = people[people["affiliation"].isin(("volunteer", "unknown"))].groupby("wave")
    assert whole["numerator"].to_dict() == community["is_completed"].sum().to_dict()
    assert whole["denominator"].to_dict() == community["is_delivered"].sum().to_dict()


LEAST = {"reactivation_rate": 2}
"""So many values of a metric must be there to compare, else three: two quarters look back 540 loaded days."""


@pytest.mark.parametrize("metric", recount.METRICS)
def test_every_recounted_value_is_the_stored_one(numbers: Numbers, metric: str) -> None:
    """Values of the slices that are recounted: all that is stored of them, and nothing else."""
    ours = recount.recount(numbers.facts, metric)
    both = beside(ours, of(numbers.stored, metric))
    assert len(both) >= LEAST.get(metric, 3), f"only {len(both)} values to compare"
    for name in {"value", "numerator", "denominator"} & set(ours):
        odd = unequal(both, name)
        assert odd.empty, told(odd)


@pytest.mark.parametrize("metric", recount.METRICS)
def test_every_recounted_value_where_probable_links_hold_is_the_stored_one(
    numbers: Numbers, metric: str
) -> None:
    both = beside(recount.recount(numbers.joined_facts, metric), of(numbers.stored, metric))
    both = both[both["value_with_probable"].notna()]
    assert len(both) >= LEAST.get(metric, 3), f"only {len(both)} values to compare"
    odd = unequal(both.assign(value_theirs=both["value_with_probable"]), "value")
    assert odd.empty, told(odd)
