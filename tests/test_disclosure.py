"""What an audience may see of a cell: laws that hold for any frame of metric values."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.disclosure import AUDIENCES, Audience, kind_of, protect, round_for_public, suppress
from pipelines.metric_shape import DIMENSIONS, KEYS, MEASURES

KINDS = {"newcomers": "count", "answered_share": "share", "hours_to_answer": "other", "lag_h": "other"}
INTERNAL, PUBLIC = AUDIENCES


@st.composite
def cells(draw: st.DrawFn) -> dict[str, Any]:
    """One row as the warehouse makes it: a count, a share, a duration, or a number without persons."""
    metric = draw(st.sampled_from(sorted(KINDS)))
    persons = draw(st.integers(0, 60))
    numerator = draw(st.integers(0, persons))
    row: dict[str, Any] = dict.fromkeys((*KEYS, *DIMENSIONS, *MEASURES))
    row |= {"metric": metric, "status": "complete", "flags": "region_backfilled", "smallest_group": persons}
    row |= {"persons": persons, "coverage": draw(st.floats(0, 1)), "unknown_affiliation_share": None}
    if metric == "newcomers":
        row |= {"value": persons, "numerator": persons}
    elif metric == "answered_share":
        low, value, high = sorted(draw(st.tuples(*[st.floats(0, 1)] * 3)))
        row |= {
            "value": value,
            "ci_low": low,
            "ci_high": high,
            "numerator": numerator,
            "denominator": persons,
        }
        row["smallest_group"] = numerator
    elif metric == "hours_to_answer":
        low, value, high = sorted(draw(st.tuples(*[st.floats(0, 5000)] * 3)))
        row |= {"value": value, "ci_low": low, "ci_high": high}
    else:
        row |= {"value": draw(st.floats(0, 5000)), "persons": None, "smallest_group": None}
    return row


def typed(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """As the warehouse's table comes out of DuckDB: numbers are floats, texts are objects."""
    return pd.DataFrame(rows).astype(dict.fromkeys((*MEASURES, "smallest_group"), float))


frames = st.lists(cells(), min_size=1, max_size=8).map(typed)
audiences = st.sampled_from(AUDIENCES)


def law(*strategies: st.SearchStrategy[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A property over some dozens of frames: each holds several cells."""
    return lambda test: settings(max_examples=40, deadline=None)(given(*strategies)(test))


def shown(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["status"] != "suppressed"]


@law(frames, audiences)
def test_no_shown_cell_has_fewer_than_k_persons(frame: pd.DataFrame, audience: Audience) -> None:
    seen = shown(protect(frame, audience, KINDS))
    for group in (frame["smallest_group"], frame["persons"]):
        behind = group[seen.index].dropna()
        assert not ((behind > 0) & (behind < audience.k)).any()


@law(frames, audiences)
def test_a_hidden_cell_keeps_no_number_and_no_flag(frame: pd.DataFrame, audience: Audience) -> None:
    protected = protect(frame, audience, KINDS)
    hidden = protected[protected["status"] == "suppressed"]
    assert hidden[[*MEASURES, "flags"]].isna().all(axis=None)


@law(frames, audiences)
def test_a_measured_zero_stays_zero(frame: pd.DataFrame, audience: Audience) -> None:
    nobody = frame[(frame["metric"] == "newcomers") & (frame["persons"] == 0)]
    protected = protect(frame, audience, KINDS).loc[nobody.index]
    assert (protected["status"] == "complete").all()
    assert (protected["value"] == 0).all()


@law(frames, audiences)
def test_cells_that_need_no_protection_are_not_hidden(frame: pd.DataFrame, audience: Audience) -> None:
    safe = (frame[["smallest_group", "persons"]].fillna(audience.k) >= audience.k).all(axis=1)
    assert (protect(frame, audience, KINDS).loc[safe, "status"] == "complete").all()


@law(frames, audiences)
def test_protecting_twice_changes_nothing_more(frame: pd.DataFrame, audience: Audience) -> None:
    once = protect(frame, audience, KINDS)
    pd.testing.assert_frame_equal(protect(once, audience, KINDS), once)


@law(frames, audiences)
def test_an_interval_still_holds_its_value(frame: pd.DataFrame, audience: Audience) -> None:
    seen = protect(frame, audience, KINDS).dropna(subset=["value", "ci_low", "ci_high"])
    assert (seen["ci_low"] <= seen["value"]).all()
    assert (seen["value"] <= seen["ci_high"]).all()


@law(frames)
def test_public_counts_are_multiples_of_five_and_near(frame: pd.DataFrame) -> None:
    rounded = round_for_public(frame, KINDS)
    about_people = frame["persons"].notna()
    for name in ("numerator", "denominator", "persons"):
        numbers = rounded.loc[about_people, name].dropna()
        assert (numbers % 5 == 0).all()
        assert ((numbers - frame.loc[numbers.index, name]).abs() <= 2.5).all()
    counts = rounded.loc[frame["metric"] == "newcomers", "value"]
    assert (counts % 5 == 0).all()


@law(frames)
def test_public_shares_are_whole_percent_of_the_exact_share(frame: pd.DataFrame) -> None:
    shares = frame[frame["metric"] == "answered_share"]
    rounded = round_for_public(frame, KINDS).loc[shares.index]
    for name in ("value", "ci_low", "ci_high"):
        exact = shares[name].astype(float)
        assert ((rounded[name] - exact).abs() <= 0.005 + 1e-12).all()
        assert ((rounded[name] * 100 - (rounded[name] * 100).round()).abs() < 1e-9).all()


@law(frames)
def test_numbers_with_nobody_behind_them_stay_exact(frame: pd.DataFrame) -> None:
    lags = frame[frame["metric"] == "lag_h"]
    pd.testing.assert_frame_equal(protect(frame, PUBLIC, KINDS).loc[lags.index], lags)


@law(frames, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(frame: pd.DataFrame, random: Any) -> None:
    order = list(frame.index)
    random.shuffle(order)
    pd.testing.assert_frame_equal(
        protect(frame.loc[order], PUBLIC, KINDS).sort_index(), protect(frame, PUBLIC, KINDS)
    )


def test_nobody_among_three_tells_of_the_three_and_is_hidden() -> None:
    row = dict.fromkeys((*KEYS, *DIMENSIONS, *MEASURES)) | {
        "metric": "answered_share",
        "status": "complete",
        "flags": None,
    }
    frame = typed([row | {"value": 0.0, "numerator": 0, "persons": 3, "smallest_group": 0}])
    assert suppress(frame, 5, {})["status"].tolist() == ["suppressed"]


@pytest.mark.parametrize(
    ("unit", "kind"),
    [
        ("contributors", "count"),
        ("Share of questions", "share"),
        ("share (0 to 1)", "share"),
        ("hours", "other"),
        ("difference of shares", "signed"),
        ("difference of persons", "signed_count"),
        ("persons (fewest)", "other"),
        ("events per 100 active contributors", "ratio"),
        ("ratio", "ratio"),
    ],
)
def test_a_unit_says_what_a_value_is(unit: str, kind: str) -> None:
    assert kind_of(unit) == kind


def test_every_declared_unit_is_one_we_know_how_to_round() -> None:
    """A new unit of people or acts that is not known as a count would show the public exact numbers."""
    folder = Path(__file__).resolve().parent.parent / "dbt" / "models" / "metrics"
    files = [yaml.safe_load(path.read_text())["models"] for path in folder.rglob("met_*.yml")]
    units = {model["config"]["meta"]["metric"]["unit"] for models in files for model in models}
    assert {unit for unit in units if kind_of(unit) == "other"} == {
        "days",
        "days (share not yet back at a point of the curve)",
        "days (share still there at a point of the curve, p of the comparison)",
        "coefficient",
        "hours",
        "index from 0 to 1",
        "persons (fewest)",
        "scopes",
        "score",
        "score from 0 to 100",
    }
    assert {unit for unit in units if kind_of(unit) == "count"} == {
        "accounts",
        "badges",
        "contributions",
        "persons",
        "requests",
    }
    assert {unit for unit in units if kind_of(unit) == "signed_count"} == {"difference of persons"}


# --- no lone hidden cell -----------------------------------------------------------------------

OVER = {"active": ("region", "category")}


def table_of(counts: dict[tuple[str, str], int], margins: bool = True) -> pd.DataFrame:
    """Persons by region and category, with the sums by either and in all when `margins`."""
    rows = dict[tuple[str | None, str | None], int](counts)
    if margins:
        for (region, category), persons in counts.items():
            for margin in ((None, category), (region, None), (None, None)):
                rows[margin] = rows.get(margin, 0) + persons
    blank = dict.fromkeys((*KEYS, *DIMENSIONS, *MEASURES))
    return typed(
        [
            {
                **blank, "metric": "active", "region": region, "category": category, "value": persons,
                "persons": persons, "smallest_group": persons, "status": "complete", "flags": None,
            }
            for (region, category), persons in rows.items()
        ]
    )  # fmt: skip


tables = st.dictionaries(
    st.tuples(st.sampled_from("abcd"), st.sampled_from("xyz")), st.integers(0, 25), min_size=1, max_size=12
).map(table_of)


def subtracted(frame: pd.DataFrame) -> set[int]:
    """Rows whose hidden number an attacker works out by subtracting within one line, again and again."""
    known = (frame["status"] != "suppressed").copy()
    lines = [
        group.index
        for dimension, other in (("region", "category"), ("category", "region"))
        for _, group in frame.groupby(other, dropna=False)
        if group[dimension].isna().any() and group[dimension].notna().any()
    ]
    found = set[int]()
    while True:
        new = {
            int(index[~known[index]][0])
            for index in lines
            if (~known[index]).sum() == 1
        }  # fmt: skip
        if not new:
            return found
        found |= new
        known[list(new)] = True


@law(tables, audiences)
def test_no_hidden_cell_of_somebody_is_found_by_subtraction(frame: pd.DataFrame, audience: Audience) -> None:
    protected = suppress(frame, audience.k, OVER)
    found = subtracted(protected)
    assert not (frame.loc[list(found), "persons"] > 0).any()


@law(tables)
def test_no_line_has_one_hidden_cell_while_another_could_go_with_it(frame: pd.DataFrame) -> None:
    protected = suppress(frame, 5, OVER)
    for dimension, other in (("region", "category"), ("category", "region")):
        for _, line in protected.groupby(other, dropna=False):
            if line[dimension].notna().any() and (line["status"] == "suppressed").sum() == 1:
                assert not (line["persons"] > 0).any()


def test_the_smallest_other_cell_goes_with_a_small_one_and_ties_go_by_code() -> None:
    frame = table_of({("b", "x"): 3, ("d", "x"): 9, ("c", "x"): 9, ("a", "x"): 40}, margins=False)
    hidden = suppress(frame, 5, {"active": ("region",)})
    assert hidden.loc[hidden["status"] == "suppressed", "region"].tolist() == ["b", "c"]


def test_a_margin_that_is_hidden_does_not_come_back_as_the_sum_of_its_cells() -> None:
    rows = table_of({("a", "x"): 3, ("b", "x"): 6, ("b", "y"): 30, ("c", "x"): 50, ("c", "y"): 60})
    protected = suppress(rows, 5, OVER)
    assert not subtracted(protected)
    assert protected["status"].eq("complete").any()


def test_what_does_not_add_up_is_hidden_alone() -> None:
    frame = table_of({("a", "x"): 3, ("b", "x"): 9}, margins=False)
    assert suppress(frame, 5, {})["status"].tolist() == ["suppressed", "complete"]


def test_hidden_cells_together_are_no_small_group_either() -> None:
    """Two of one person and one of two: beside a shown margin and shown cells their sum would be 4."""
    frame = table_of({("a", "x"): 1, ("b", "x"): 1, ("c", "x"): 2, ("d", "x"): 9, ("e", "x"): 40})
    hidden = suppress(frame[frame["category"] == "x"], 5, {"active": ("region",)})
    assert hidden.loc[hidden["status"] == "suppressed", "region"].tolist() == ["a", "b", "c", "d"]


def test_hidden_cells_together_are_no_small_group_by_any_figure() -> None:
    """Five persons in two hidden cells are four with probable links: the sum of these is shown."""
    frame = table_of({("a", "x"): 2, ("b", "x"): 3, ("c", "x"): 9, ("d", "x"): 40})
    frame = frame[frame["category"] == "x"].assign(value_with_probable=lambda rows: rows["persons"])
    over, kinds = {"active": ("region",)}, {"active": kind_of("persons")}

    def hidden(rows: pd.DataFrame) -> list[str]:
        protected = suppress(rows, 5, over, kinds)
        return protected.loc[protected["status"] == "suppressed", "region"].tolist()

    assert hidden(frame) == ["a", "b"]
    merged = frame["value_with_probable"].mask(frame["region"] == "b", 2)
    merged = merged.mask(frame["region"].isna(), merged - 1)
    assert hidden(frame.assign(value_with_probable=merged)) == ["a", "b", "c"]
    moved = frame.assign(numerator=[1, 1, 5, 20, 27], denominator=frame["persons"])
    assert hidden(moved) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("persons_in_all", "hidden"), [(46, ["a", "b"]), (44, ["a", "b", "c"])], ids=["apart", "some in two"]
)
def test_acts_of_hidden_cells_are_of_k_persons_whoever_is_in_several(
    persons_in_all: int, hidden: list[str]
) -> None:
    """Three and four people who did twelve acts of two kinds may be four in all."""
    frame = table_of({("a", "x"): 3, ("b", "x"): 4, ("c", "x"): 9, ("d", "x"): 30})
    frame = frame[frame["category"] == "x"].assign(value=[6, 6, 20, 100, 132])
    frame.loc[frame["region"].isna(), ["persons", "smallest_group"]] = persons_in_all
    protected = suppress(frame, 5, {"active": ("region",)}, {"active": kind_of("contributions")})
    assert protected.loc[protected["status"] == "suppressed", "region"].tolist() == hidden


# --- the same number in several tables -----------------------------------------------------------


def rows_of(*cells: dict[str, Any]) -> pd.DataFrame:
    """Counts of persons, a month each: `persons` and whatever a cell says of itself."""
    blank = dict.fromkeys((*KEYS, *DIMENSIONS, *MEASURES)) | {
        "grain": "month",
        "status": "complete",
        "flags": None,
    }
    rows = [
        blank | {"value": one["persons"], "smallest_group": one["persons"], "population": "community"} | one
        for one in cells
    ]
    return typed(rows)


def hidden_of(frame: pd.DataFrame, over: dict[str, tuple[str, ...]], kind: str = "persons") -> set[Any]:
    kinds = dict.fromkeys(frame["metric"].unique(), kind_of(kind))
    protected = suppress(frame, 5, over, kinds)
    return set(protected.index[protected["status"] == "suppressed"])


@pytest.mark.parametrize(("new", "hidden"), [(3, {1, 2}), (8, set())])
def test_a_hidden_number_is_not_what_two_other_tables_leave(new: int, hidden: set[int]) -> None:
    """Who is active is new or has returned: 40 less 37 would be the three who are new."""
    frame = rows_of(
        {"metric": "active_contributors", "persons": 40},
        {"metric": "new_contributors", "persons": new},
        {"metric": "returning_contributors", "persons": 40 - new},
    )
    assert hidden_of(frame, {}) == hidden


def test_regions_and_the_total_of_another_table_are_one_line() -> None:
    """Three people of b and c together: the total of all stands in another table."""
    frame = rows_of(
        {"metric": "active_contributors", "persons": 53},
        *(
            {"metric": "active_contributors_by_region", "region": region, "persons": persons}
            for region, persons in {"a": 30, "b": 1, "c": 2, "d": 20}.items()
        ),
    )
    assert hidden_of(frame, {"active_contributors_by_region": ("region",)}) == {2, 3, 4}


def test_who_is_hidden_in_one_table_is_not_told_by_another_one() -> None:
    """The three of a are hidden with b, of whom few came back within 30 days, and with c, of whom few did
    within 90: by the one table all of c are known, by the other one all of b, and so the three of a."""
    few = {("30d", "b"): 2, ("90d", "c"): 2}
    cells = [
        {
            "metric": "share", "category": category, "region": region, "persons": persons, "value": 0.5,
            "denominator": persons, "numerator": few.get((category, region), min(persons, 9)),
            "smallest_group": few.get((category, region), min(persons, 9)),
            "period_end": pd.Timestamp(2025, month, 1),
        }
        for month in range(1, 7)
        for category in ("30d", "90d")
        for region, persons in (
            ("a", 3), ("b", 20 + month), ("c", 30 + month), ("d", 40), (None, 93 + 2 * month),
        )
    ]  # fmt: skip
    protected = suppress(rows_of(*cells), 5, {"share": ("region",)}, {"share": kind_of("share")})
    told = protected[protected["denominator"].notna() & (protected["period_end"] == "2025-03-01")]
    assert set(told["region"].fillna("all")) in ({"c", "d", "all"}, {"b", "d", "all"}, {"d", "all"})


@pytest.mark.parametrize(
    ("all_of_region", "is_told"),
    [({"a": 30, "b": 40, "unknown": 6}, True), ({"a": 3, "b": 40, "unknown": 6}, False)],
)
def test_coverage_is_told_where_all_and_the_unknown_are(all_of_region: dict[str, int], is_told: bool) -> None:
    """The six of whom no region is known go into hiding with the three of a: 43 of 49 would tell of both."""
    frame = rows_of(
        {"metric": "active_contributors", "persons": sum(all_of_region.values())},
        *(
            {"metric": "active_contributors_by_region", "region": region, "persons": persons, "coverage": 0.9}
            for region, persons in all_of_region.items()
        ),
    )
    protected = suppress(frame, 5, {"active_contributors_by_region": ("region",)})
    told = protected.loc[protected["region"] == "b", "coverage"]
    assert told.notna().tolist() == [is_told]


def test_how_many_of_unknown_affiliation_are_in_hidden_cells_is_no_small_group() -> None:
    frame = table_of({("a", "x"): 3, ("b", "x"): 9, ("c", "x"): 30, ("d", "x"): 40})
    frame = frame[frame["category"] == "x"].assign(population="community")
    unknown = pd.Series([1, 1, 12, 15, 29], index=frame.index)
    protected = suppress(
        frame.assign(unknown_affiliation_share=unknown / frame["persons"]), 5, {"active": ("region",)}
    )
    assert protected["status"].eq("suppressed").tolist() == [True, True, False, False, False]
    told = protected["unknown_affiliation_share"].notna()
    assert not told[protected["region"].isin(["c", "d"]) | protected["region"].isna()].all()


# --- populations ---------------------------------------------------------------------------------


def populations_of(counts: dict[str, int], numerators: dict[str, int] | None = None) -> pd.DataFrame:
    """A row a population: its persons; with numerators the share of them."""
    blank = dict.fromkeys((*KEYS, *DIMENSIONS, *MEASURES))
    return typed(
        [
            {
                **blank, "metric": "active", "population": name, "value": 1, "persons": persons,
                "numerator": (numerators or {}).get(name), "denominator": persons if numerators else None,
                "smallest_group": persons, "status": "complete", "flags": None,
            }
            for name, persons in counts.items()
        ]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("counts", "hidden"),
    [
        ({"all": 20, "community": 18, "staff": 2}, ["all", "staff"]),
        ({"all": 20, "community": 16}, ["all"]),
        ({"all": 20, "community": 15}, []),
        ({"all": 20, "community": 20, "staff": 0}, []),
        ({"all": 20, "community": 3, "staff": 17}, ["all", "community"]),
        ({"all": 20, "community": 10, "staff": 10}, []),
        ({"community": 30, "volunteer_strict": 28}, ["volunteer_strict"]),
    ],
)
def test_no_difference_of_two_populations_is_a_small_group(counts: dict[str, int], hidden: list[str]) -> None:
    protected = suppress(populations_of(counts), 5, {})
    assert protected.loc[protected["status"] == "suppressed", "population"].tolist() == hidden


def test_no_difference_of_two_numerators_is_a_small_group() -> None:
    counts = {"all": 40, "community": 20}
    protected = suppress(populations_of(counts, {"all": 11, "community": 10}), 5, {})
    assert protected["status"].tolist() == ["suppressed", "complete"]
    protected = suppress(populations_of(counts, {"all": 10, "community": 10}), 5, {})
    assert protected["status"].tolist() == ["complete", "complete"]


@pytest.mark.parametrize(("with_probable", "is_shown"), [(14, False), (15, True), (9, False), (10, True)])
def test_no_difference_with_probable_links_is_a_small_group(with_probable: int, is_shown: bool) -> None:
    frame = populations_of({"all": 20, "community": 12}).assign(value_with_probable=[with_probable, 10])
    frame["value"] = frame["persons"]
    protected = suppress(frame, 5, {}, {"active": kind_of("persons")})
    assert protected["status"].eq("complete").tolist() == [is_shown, True]


@pytest.mark.parametrize(("acts", "is_shown"), [(60, True), (70, False)])
def test_acts_beside_the_same_persons_are_of_people_in_both_populations(acts: int, is_shown: bool) -> None:
    """Who was staff for a week is in the community as well: no person is in `all` alone, seven acts are."""
    frame = populations_of({"all": 20, "community": 20}).assign(value=[acts, 60])
    protected = suppress(frame, 5, {}, {"active": kind_of("contributions")})
    assert protected["status"].eq("complete").tolist() == [is_shown, True]


@pytest.mark.parametrize(("unknown", "is_told"), [(0, True), (1, False), (4, False), (5, True), (50, True)])
def test_how_many_are_of_unknown_affiliation_is_told_of_none_or_enough(unknown: int, is_told: bool) -> None:
    frame = populations_of({"community": 50}).assign(unknown_affiliation_share=unknown / 50)
    assert suppress(frame, 5, {})["unknown_affiliation_share"].notna().tolist() == [is_told]


@pytest.mark.parametrize(("unknown", "is_told"), [(0, True), (4, False), (5, True)])
def test_how_many_have_a_region_does_not_tell_how_few_have_none(unknown: int, is_told: bool) -> None:
    frame = table_of({("a", "x"): 20, ("b", "x"): 30, ("unknown", "x"): unknown}, margins=False)
    protected = suppress(frame.assign(coverage=50 / (50 + unknown)), 5, {})
    shown_cells = protected[protected["status"] != "suppressed"]
    assert shown_cells["coverage"].notna().eq(is_told).all()


# --- the survey ---------------------------------------------------------------------------------

TOLD = ("attribute_value", "region")


def survey_of(
    counts: dict[tuple[str | None, str], int], all_of: dict[str | None, int] | None = None
) -> pd.DataFrame:
    """Share and bounds by region (None: all) and gender; all_of: respondents of a region, else their sum."""
    totals = all_of or {
        region: sum(persons for (where, _), persons in counts.items() if where == region)
        for region, _ in counts
    }
    blank = dict.fromkeys((*KEYS, *DIMENSIONS, *MEASURES))
    rows = []
    for metric, category in (("share", "raw"), ("share", "weighted"), ("bounds", "low"), ("bounds", "high")):
        for (region, gender), persons in counts.items():
            if metric == "bounds" and gender == "prefer_not_to_say":
                continue
            known = totals[region] - (
                counts.get((region, "prefer_not_to_say"), 0) if metric == "bounds" else 0
            )
            rows.append(
                {
                    **blank, "metric": metric, "wave": "one", "attribute": "gender",
                    "attribute_value": gender, "region": region, "category": category, "value": 0.5,
                    "numerator": persons, "denominator": known, "persons": totals[region],
                    "smallest_group": min(persons, known - persons), "status": "complete", "flags": None,
                }
            )  # fmt: skip
    return typed(rows)


def shown_groups(frame: pd.DataFrame, k: int) -> set[tuple[str, str]]:
    """(metric, gender) that are shown of everybody."""
    protected = suppress(frame, k, {"share": TOLD, "bounds": TOLD})
    rows = protected[(protected["status"] == "complete") & protected["region"].isna()]
    return set(zip(rows["metric"], rows["attribute_value"], strict=True))


@pytest.mark.parametrize("audience", AUDIENCES, ids=lambda audience: audience.name)
def test_a_survey_group_needs_ten_and_ten_beside_it_for_any_audience(audience: Audience) -> None:
    counts = {(None, "woman"): 30, (None, "man"): 60, (None, "non_binary"): 11}
    assert len(shown_groups(survey_of(counts), audience.k)) == 6
    assert shown_groups(survey_of({(None, "woman"): 9, (None, "man"): 60}), audience.k) == set()
    assert shown_groups(survey_of({(None, "woman"): 0, (None, "man"): 60}), audience.k) == set()


def test_a_share_of_all_is_hidden_like_a_share_of_none() -> None:
    assert shown_groups(survey_of({(None, "man"): 60}), 5) == set()


def test_a_group_that_is_hidden_in_one_metric_does_not_show_in_another() -> None:
    """Beside 40 men are nine women and 15 who rather not say: the men's share alone could be shown, but
    the bounds, which count nobody unknown, could not."""
    frame = survey_of({(None, "woman"): 9, (None, "man"): 40, (None, "prefer_not_to_say"): 15})
    assert shown_groups(frame, 5) == {("share", "prefer_not_to_say")}


def test_who_told_a_hidden_value_is_no_small_group() -> None:
    """All 73 who answered less 52 men and 13 women would be eight who told neither or nothing."""
    frame = survey_of(
        {(None, "man"): 52, (None, "woman"): 13, (None, "non_binary"): 5, (None, "prefer_not_to_say"): 3}
    )
    assert shown_groups(frame, 5) == {("share", "man"), ("bounds", "man")}


@pytest.mark.parametrize(("hidden_more", "is_shown"), [(1, False), (5, True), (0, True)])
def test_hidden_cells_of_a_region_do_not_change_by_few(hidden_more: int, is_shown: bool) -> None:
    """Ten women more in all and in region a: what is left of the sum tells how many more are in b and c."""

    def women(more: int, hidden: int) -> pd.DataFrame:
        counts = {"a": 40 + more, "b": 6, "c": 7 + hidden, None: 53 + more + hidden}
        return survey_of(
            {(region, "woman"): persons for region, persons in counts.items()}
            | {(region, "man"): 60 for region in counts}
        )

    over, before, now = {"share": ("region",)}, women(0, 0), women(10, hidden_more)
    first = suppress(before, 5, over)
    former = first[(first["status"] == "complete") & (first["metric"] == "share")]
    former = former[former["category"] == "raw"]
    again = suppress(now[now["metric"] == "share"], 5, over, former=former)
    woman = again[(again["attribute_value"] == "woman") & (again["category"] == "raw")].set_index("region")
    assert (woman.loc["a", "status"] == "complete") == is_shown


GENDERS = ["woman", "man", "non_binary", "prefer_not_to_say"]
told = st.dictionaries(
    st.tuples(st.sampled_from("abc"), st.sampled_from(GENDERS)), st.integers(0, 40), min_size=3, max_size=12
)


@law(told, audiences)
def test_no_survey_group_below_ten_is_found_by_subtraction(
    counts: dict[tuple[str, str], int], audience: Audience
) -> None:
    """An attacker knows every count that is shown, and of each region and of all how many answered and how
    many told something, and works out whatever is alone in a sum."""
    every: dict[tuple[str | None, str], int] = dict(counts)
    for (_, gender), persons in counts.items():
        every[None, gender] = every.get((None, gender), 0) + persons
    protected = suppress(survey_of(every), audience.k, {"share": TOLD, "bounds": TOLD})
    visible = protected[protected["status"] == "complete"]
    regions = visible["region"].astype(object).where(visible["region"].notna(), None)
    known = set(zip(regions, visible["attribute_value"], strict=True))
    sums = [[cell for cell in every if cell[0] == region] for region in {region for region, _ in known}]
    sums += [[cell for cell in one if cell[1] != "prefer_not_to_say"] for one in sums]
    sums += [[cell for cell in every if cell[1] == gender] for gender in GENDERS]
    found = set[tuple[str | None, str]]()
    while new := {
        left[0] for one in sums if len(left := [cell for cell in one if cell not in known]) == 1
    }:  # fmt: skip
        found |= new
        known |= new
    assert {cell: every[cell] for cell in found if 0 < every[cell] < 10} == {}
