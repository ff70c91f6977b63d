"""Every number of the finished demo run, against `recompute`: the catalogue's sentences in pandas.

All rows are compared with the warehouse, and those that are shown with the internal publication.
Numbers agree to 1e-9, so counts agree exactly. What must add up is tested on the warehouse's rows alone.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from pipelines.simulation.generator import generate
from tests.whole import recount
from tests.whole.conftest import Twice
from tests.whole.recompute import DIMENSIONS, NUMBERS, Community, recompute
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
KEY = ["metric", *DIMENSIONS]
K = 5
SHOWN = [name for name in NUMBERS if name != "smallest_group"]


@dataclass(frozen=True)
class Numbers:
    """community: what numbers are recomputed from. ours: recomputed; stored: the warehouse's; shown: the
    internal publication's. One row a value each."""

    community: Community
    ours: pd.DataFrame
    stored: pd.DataFrame
    shown: pd.DataFrame


@pytest.fixture(scope="module")
def numbers(demo: Twice) -> Numbers:
    world, _ = generate("small", 1)
    return Numbers(
        Community(world),
        _comparable(recompute(world)),
        _comparable(_values(demo.data / "warehouse.duckdb", "metrics.metric_value")),
        _comparable(_values(current(demo.data) / "internal.duckdb", "metric_value")),
    )


def _values(path: Path, table: str) -> pd.DataFrame:
    with duckdb.connect(str(path), read_only=True) as warehouse:
        return warehouse.sql(f"from {table}").df()


def _comparable(table: pd.DataFrame) -> pd.DataFrame:
    """Dimensions and flags as text ('': none), numbers as floats."""
    named = table[[*DIMENSIONS, "flags"]].astype(object)
    texts = {name: named[name].where(named[name].notna(), "").astype(str) for name in named}
    floats = {name: table[name].astype("float64") for name in NUMBERS if name in table}
    return table.assign(**texts, **floats)


def _differences(ours: pd.DataFrame, theirs: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Rows of both tables that differ in one of the columns: the key, the column, both values."""
    both = ours.merge(theirs, on=KEY, suffixes=("_ours", "_theirs"), validate="one_to_one")
    found = []
    for name in columns:
        here, there = both[f"{name}_ours"], both[f"{name}_theirs"]
        same = (here - there).abs() <= 1e-9 if name in NUMBERS else here == there
        odd = ~(same | (here.isna() & there.isna()))
        values = {"column": name, "ours": here[odd], "theirs": there[odd]}
        found.append(both.loc[odd, KEY].assign(**values).astype(object))
    return pd.concat(found, ignore_index=True)


def _told(rows: pd.DataFrame) -> str:
    """The first rows without the dimensions that none of them has."""
    first = rows.head(20)
    return f"{len(rows)} rows:\n{first.loc[:, (first != '').any()].to_string(index=False)}"


def _of(table: pd.DataFrame, metric: str) -> pd.DataFrame:
    return table[table["metric"] == metric]


@pytest.mark.parametrize("metric", METRICS)
def test_every_stored_number_is_what_the_catalogue_says(numbers: Numbers, metric: str) -> None:
    columns = [*NUMBERS, "status", "flags"]
    odd = _differences(_of(numbers.ours, metric), _of(numbers.stored, metric), columns)
    assert odd.empty, _told(odd)


@pytest.mark.parametrize("metric", METRICS)
def test_every_shown_number_is_what_the_catalogue_says(numbers: Numbers, metric: str) -> None:
    shown = _of(numbers.shown, metric)
    odd = _differences(
        _of(numbers.ours, metric), shown[shown["status"] != "suppressed"], [*SHOWN, "status", "flags"]
    )
    assert odd.empty, _told(odd)


@pytest.mark.parametrize("table", ["stored", "shown"])
@pytest.mark.parametrize("metric", METRICS)
def test_no_slice_is_missing_and_none_is_invented(numbers: Numbers, metric: str, table: str) -> None:
    """Only rows of a country in which nothing happened may be left out."""
    ours, theirs = _of(numbers.ours, metric), _of(getattr(numbers, table), metric)
    both = ours[[*KEY, "is_optional"]].merge(theirs[KEY], on=KEY, how="outer", indicator="where")
    missing = both[(both["where"] == "left_only") & ~both["is_optional"].eq(True)]
    invented = both[both["where"] == "right_only"]
    assert missing.empty, _told(missing)
    assert invented.empty, _told(invented)
    assert not theirs.duplicated(KEY).any()


def test_numbers_of_one_to_four_persons_are_never_shown(numbers: Numbers) -> None:
    small = numbers.ours[numbers.ours["smallest_group"].between(1, K - 1)]
    shown = numbers.shown.merge(small[KEY], on=KEY)
    assert not shown.empty
    told = shown[(shown["status"] != "suppressed") | shown[SHOWN].notna().any(axis=1)]
    assert told.empty, _told(told)


def test_regions_and_unknown_add_up_to_the_active_of_every_month_and_area(numbers: Numbers) -> None:
    slice_ = ["period_start", "area", "population"]
    by_region = _of(numbers.stored, "active_contributors_by_region").query("country == ''")
    active = _of(numbers.stored, "active_contributors").query("grain == 'month' and level == ''")
    active = active[active["population"].isin(by_region["population"])]
    total, parts = active.set_index(slice_)["value"], by_region.groupby(slice_)["value"].sum()
    assert len(total) == len(parts) > 0
    assert (total.sort_index() == parts.sort_index()).all()


def test_countries_of_a_region_add_up_to_it(numbers: Numbers) -> None:
    slice_ = ["period_start", "area", "population", "region"]
    rows = _of(numbers.stored, "active_contributors_by_region").query("region != 'unknown'")
    total = rows.query("country == ''").set_index(slice_)["value"]
    parts = rows.query("country != ''").groupby(slice_)["value"].sum().reindex(total.index, fill_value=0)
    assert len(total) > 0
    assert (total == parts).all()


def test_active_are_new_continuing_and_reactivated(numbers: Numbers) -> None:
    slice_ = ["period_start", "area", "population"]
    new = _of(numbers.stored, "new_contributors").query("category == ''").set_index(slice_)["value"].dropna()
    returning = _of(numbers.stored, "returning_contributors").query("category != ''")
    parts = new + returning.groupby(slice_)["value"].sum().reindex(new.index)
    active = _of(numbers.stored, "active_contributors").query("grain == 'month' and level == ''")
    total = active.set_index(slice_)["value"].reindex(new.index)
    assert len(new) > 0
    assert new.sum() > 0
    assert (total == parts).all()


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_has_a_complete_value_that_is_shown(numbers: Numbers, metric: str) -> None:
    rows = _of(numbers.shown, metric)
    assert rows.loc[rows["status"] == "complete", "value"].notna().any()


# --- What the kept files were planted with ----------------------------------------------------------


def test_every_goal_has_the_status_that_was_planted(demo: Twice) -> None:
    planted = generate("small", 1)[1].kept["goals"].to_pandas().dropna(subset=["status"])
    values = _values(demo.data / "warehouse.duckdb", "metrics.met_goal_attainment")
    newest = values.sort_values("period_end").groupby("goal")["flags"].last()
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
    people = _values(demo.data / "warehouse.duckdb", "marts.fct_survey_person")
    counted = people.groupby("wave")[["is_delivered", "is_completed"]].sum()
    planted = responses.groupby("wave")[["is_delivered", "is_complete"]].sum()
    assert (counted.to_numpy() <= planted.to_numpy()).all()
    assert (counted.to_numpy() >= 0.9 * planted.to_numpy()).all()
    rates = _values(demo.data / "warehouse.duckdb", "metrics.met_survey_response_rate")
    whole = rates[rates[["region", "area", "level", "role", "attribute"]].isna().all(axis=1)].set_index(
        "wave"
    )
    community = people[people["affiliation"].isin(("volunteer", "unknown"))].groupby("wave")
    assert whole["numerator"].to_dict() == community["is_completed"].sum().to_dict()
    assert whole["denominator"].to_dict() == community["is_delivered"].sum().to_dict()


@pytest.mark.parametrize("metric", recount.METRICS)
def test_every_recounted_value_is_the_stored_one(numbers: Numbers, metric: str) -> None:
    """Values of the slices that are recounted: all that is stored of them, and nothing else."""
    ours = recount.recount(numbers.community, metric)
    named = [name for name in DIMENSIONS if name in ours]
    measures = [name for name in ("value", "numerator", "denominator") if name in ours]
    others = [name for name in DIMENSIONS if name not in named]
    stored = _of(numbers.stored, metric)
    stored = stored[(stored[others] == "").all(axis=1) & stored["value"].notna()]
    ours = _comparable(ours.reindex(columns=["metric", *DIMENSIONS, *NUMBERS, "flags"]))
    for name in ("category", "level", "source", "region", "area", "attribute", "population"):
        stored = stored[stored[name].isin(set(ours[name]))]
    both = stored.merge(ours, on=KEY, how="left", suffixes=("_theirs", "_ours"))
    assert len(both) >= 3, f"only {len(both)} values to compare"
    for name in measures:
        here, there = both[f"{name}_ours"], both[f"{name}_theirs"]
        odd = both[~((here - there).abs() <= 1e-9)]
        assert odd.empty, _told(odd[[*KEY, f"{name}_ours", f"{name}_theirs"]])
