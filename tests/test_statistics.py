"""Estimates and intervals: the catalogue's worked numbers, laws, and other libraries as oracles."""

from __future__ import annotations

import math
from collections.abc import Iterable

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import CensoredData, binomtest, ecdf

from pipelines import duckdb_functions, statistics

any_time = settings(deadline=None)  # the machine may be busy; a law holds however long it takes
counts = st.integers(0, 400)
waits = st.lists(st.tuples(st.integers(0, 30), st.booleans()), min_size=1, max_size=60)


# --- the catalogue's test vectors (section 12) -------------------------------------------------


def test_wilson_of_the_catalogues_two_vectors() -> None:
    low, high = statistics.wilson([12, 0], [40, 7])
    assert low.round(4).tolist() == [0.1807, 0.0]
    assert high.round(4).tolist() == [0.4543, 0.3543]


def test_newcombe_of_the_catalogues_vector_covers_no_difference() -> None:
    assert _rounded(statistics.newcombe(12, 40, 90, 200)) == (-0.15, -0.2879, 0.0184)


def test_katz_of_the_catalogues_vector() -> None:
    assert _rounded(statistics.katz(12, 40, 90, 200)[:3]) == (0.6667, 0.4053, 1.0965)


def test_katz_with_a_zero_adds_a_half_and_says_so() -> None:
    ratio = statistics.katz(0, 12, 9, 60)
    assert _rounded(ratio[:3]) == (0.2547, 0.0158, 4.0973)
    assert ratio.continuity_corrected


def test_kaplan_meier_of_the_catalogues_vector() -> None:
    waits = ([0, 0, 10, 45, 60, 60, 200, 300], [1, 1, 1, 0, 1, 0, 1, 0])
    assert _rounded(statistics.survival_at(*waits, 0)) == (0.75, 0.3148, 0.9309)
    assert _rounded(statistics.survival_at(*waits, 10)) == (0.625, 0.2293, 0.8607)
    assert _rounded(statistics.survival_at(*waits, 60)) == (0.4688, 0.1199, 0.7629)
    assert round(statistics.survival_at(*waits, 200).value or 0, 4) == 0.2344
    assert statistics.kaplan_meier_median(*waits).value == 60


def test_median_interval_of_25_takes_ranks_7_and_19() -> None:
    assert statistics.median_interval_ranks(25) == (7, 19)
    assert statistics.median_interval(range(1, 26)) == (13, 7, 19)


def test_shrunk_rates_of_the_catalogues_vector() -> None:
    found = statistics.shrunk_rates([4, 9, 30, 2, 0], [10, 40, 90, 5, 8])
    assert [round(one.value or 0, 4) for one in found] == [0.3125, 0.2626, 0.3197, 0.3042, 0.2519]
    assert _rounded(found[0][:3]) == (0.3125, 0.2006, 0.4366)
    assert {one.flag for one in found} == {None}


def test_effective_answers_of_the_catalogues_vector() -> None:
    """Weights 2, 2, 1, 1, 1: one stratum of four with two answers, one of three with three."""
    found = statistics.weighted_share([4, 3], [1, 1], [2, 3])
    assert round(found.n_eff or 0, 4) == 4.4545
    assert found.value == pytest.approx((4 * 1 / 2 + 3 * 1 / 3) / 7)


def test_equal_weights_give_the_plain_share_with_wilsons_interval() -> None:
    found = statistics.weighted_share([100, 300], [3, 9], [10, 30])
    assert _rounded(found[:3]) == (0.3, 0.1807, 0.4543)
    assert found.n_eff == pytest.approx(40)


def test_share_bounds_of_the_2017_study() -> None:
    assert _rounded(statistics.share_bounds(780, 780 + 8578, 780 + 8578 + 5044)) == (0.0542, 0.4044)
    low, high = statistics.wilson(780, 780 + 8578)
    assert (round(780 / 9358, 3), round(float(low), 3), round(float(high), 3)) == (0.083, 0.078, 0.089)


# --- edges -------------------------------------------------------------------------------------


def test_a_share_of_nothing_has_no_interval() -> None:
    low, high = statistics.wilson([0], [0])
    assert np.isnan([*low, *high]).all()
    assert statistics.newcombe(0, 0, 1, 2) == (None, None, None)
    assert statistics.katz(1, 2, 0, 0) == (None, None, None, False)


def test_a_share_of_no_strata_and_bounds_of_nobody_are_not_there() -> None:
    assert statistics.weighted_share([], [], []) == (None, None, None, None)
    assert statistics.share_bounds(0, 0, 0) == (None, None)
    for sizes, answers in (([4], [0]), ([0], [0]), ([-1, 1], [2, 2])):
        with pytest.raises(ValueError, match="every stratum has answers"):
            statistics.weighted_share(sizes, [0] * len(sizes), answers)
    with pytest.raises(ValueError, match="some are known"):
        statistics.share_bounds(3, 2, 5)


@pytest.mark.filterwarnings("error")
def test_a_weighted_share_of_strata_without_people_is_not_there() -> None:
    assert statistics.weighted_share([0, 0], [1, 0], [2, 2]) == (None, None, None, None)


@pytest.mark.parametrize("successes", [3, -1])
def test_more_successes_than_trials_and_fewer_than_none_are_refused(successes: float) -> None:
    with pytest.raises(ValueError, match="between 0 and"):
        statistics.wilson([successes], [2])
    with pytest.raises(ValueError, match="between 0 and"):
        statistics.weighted_share([4], [successes], [2])
    for compare in (statistics.newcombe, statistics.katz, statistics.two_proportion_p):
        for counts in ((successes, 2, 1, 2), (1, 2, successes, 2), (successes, 0, 1, 2)):
            with pytest.raises(ValueError, match="between 0 and"):
                compare(*counts)


def test_a_median_of_five_has_no_interval_and_of_none_no_value() -> None:
    assert statistics.median_interval([1, 2, 3, 4, 5]) == (3, None, None)
    assert statistics.median_interval([]) == (None, None, None)


def test_a_median_that_is_never_reached_is_null() -> None:
    assert statistics.kaplan_meier_median([1, 2, 3], [True, False, False]).value is None
    assert statistics.kaplan_meier_median([], []) == (None, None, None)


def test_an_event_comes_before_a_censoring_of_the_same_time() -> None:
    assert statistics.survival_at([5, 5], [True, False], 5).value == 0.5


@pytest.mark.parametrize("bad", [[-1.0], [math.nan]])
def test_a_negative_or_missing_duration_is_refused(bad: list[float]) -> None:
    with pytest.raises(ValueError, match="at least 0"):
        statistics.kaplan_meier(bad, [True])


def test_two_groups_or_a_pooled_rate_of_nought_are_not_shrunk() -> None:
    two = statistics.shrunk_rates([1, 3], [4, 6])
    assert [(one.value, one.flag) for one in two] == [(0.25, "not_shrinkable"), (0.5, "not_shrinkable")]
    none = statistics.shrunk_rates([0, 0, 0], [4, 6, 9])
    assert [(one.value, one.flag) for one in none] == [(0.0, "not_shrinkable")] * 3


def test_groups_that_differ_no_more_than_chance_get_the_pooled_rate() -> None:
    same = statistics.shrunk_rates([5, 10, 20], [10, 20, 40])
    low, high = statistics.wilson(35, 70)
    assert same == [(0.5, float(low), float(high), "no_group_difference")] * 3


def test_a_group_of_nobody_has_no_rate_and_moves_no_other() -> None:
    with_nobody = statistics.shrunk_rates([4, 0, 9, 30, 2, 0], [10, 0, 40, 90, 5, 8])
    assert with_nobody.pop(1) == (None, None, None, None)
    assert with_nobody == statistics.shrunk_rates([4, 9, 30, 2, 0], [10, 40, 90, 5, 8])


def test_ranks_overlap_where_intervals_do() -> None:
    assert statistics.rank_intervals([0.1, 0.3, 0.5], [0.2, 0.55, 0.6]) == [(3, 3), (1, 2), (1, 2)]


def test_a_comparison_that_could_not_be_made_is_not_evident_and_does_not_count() -> None:
    assert statistics.benjamini_hochberg([0.04, float("nan")]) == [True, False]
    assert statistics.benjamini_hochberg([0.04, 0.9]) == [False, False]
    assert statistics.two_proportion_p(0, 0, 1, 2) is None
    assert statistics.two_proportion_p(2, 2, 3, 3) == 1.0


def test_curves_without_any_event_are_not_compared() -> None:
    assert statistics.log_rank_p([1, 2], [False, False], [3], [False]) is None
    assert statistics.log_rank_p([], [], [3], [True]) is None


# --- laws --------------------------------------------------------------------------------------


@any_time
@given(x=counts, more=counts)
def test_wilson_limits_enclose_the_share_and_mirror_it(x: int, more: int) -> None:
    n = x + more
    if n == 0:
        return
    low, high = statistics.wilson([x, more], [n, n])
    assert 0 <= low[0] <= x / n + 1e-12
    assert x / n - 1e-12 <= high[0] <= 1
    assert math.isclose(low[0], 1 - high[1], abs_tol=1e-12)


@any_time
@given(x=counts, more=counts)
def test_more_of_the_same_narrows_a_wilson_interval(x: int, more: int) -> None:
    n = x + more
    if n == 0:
        return
    low, high = statistics.wilson([x, 4 * x], [n, 4 * n])
    assert high[1] - low[1] < high[0] - low[0]


@any_time
@given(x=counts, more=counts, y=counts, rest=counts)
def test_newcombe_changes_its_sign_with_the_sides(x: int, more: int, y: int, rest: int) -> None:
    one, two = (x, x + more), (y, y + rest)
    forth, back = statistics.newcombe(*one, *two), statistics.newcombe(*two, *one)
    if forth.value is None:
        assert back.value is None
        return
    assert -1 - 1e-12 <= (forth.low or 0) <= forth.value <= (forth.high or 0) <= 1 + 1e-12
    assert math.isclose(forth.high or 0, -(back.low or 0), abs_tol=1e-12)


@any_time
@given(waits)
def test_a_survival_curve_only_falls_and_ignores_the_order_of_rows(rows: list[tuple[int, bool]]) -> None:
    times, events = zip(*rows, strict=True)
    curve = statistics.kaplan_meier(times, events)
    again = statistics.kaplan_meier(times[::-1], events[::-1])
    assert np.all(np.diff(curve.survival) < 0)
    assert np.array_equal(curve.survival, again.survival)
    inside = ~np.isnan(curve.low)
    assert np.all((curve.low <= curve.survival)[inside] & (curve.survival <= curve.high)[inside])


@any_time
@given(st.lists(st.lists(st.tuples(st.integers(0, 20), st.booleans()), max_size=12), max_size=8))
def test_curves_of_many_samples_are_those_of_each_alone(samples: list[list[tuple[int, bool]]]) -> None:
    rows = [row for sample in samples for row in sample]
    curves = statistics.kaplan_meier(
        [time for time, _ in rows], [seen for _, seen in rows], [len(sample) for sample in samples]
    )
    at_ten, medians = curves.at([10] * len(samples)), curves.medians()
    for place, sample in enumerate(samples):
        alone = [time for time, _ in sample], [seen for _, seen in sample]
        assert statistics.survival_at(*alone, 10) == _plain(one[place] for one in at_ten)
        assert statistics.kaplan_meier_median(*alone) == _plain(one[place] for one in medians)


@any_time
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 60)), min_size=3, max_size=12))
def test_a_shrunk_rate_lies_between_the_raw_and_the_pooled_one(groups: list[tuple[int, int]]) -> None:
    x, n = [hits for hits, _ in groups], [hits + more for hits, more in groups]
    pooled = sum(x) / sum(n)
    for one, hits, trials in zip(statistics.shrunk_rates(x, n), x, n, strict=True):
        least, most = sorted((hits / trials, pooled))
        assert one.value is not None
        if one.flag != "not_shrinkable":
            assert least - 1e-12 <= one.value <= most + 1e-12
        assert 0 <= (one.low or 0) <= one.value + 1e-12 <= (one.high or 0) + 2e-12 <= 1 + 3e-12


@any_time
@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_what_is_evident_alone_among_many_was_evident_alone(p_values: list[float]) -> None:
    for p, evident in zip(p_values, statistics.benjamini_hochberg(p_values), strict=True):
        assert not evident or p <= 0.05


# --- oracles -----------------------------------------------------------------------------------


@any_time
@given(x=counts, more=st.integers(1, 400))
def test_wilson_agrees_with_scipy(x: int, more: int) -> None:
    interval = binomtest(x, x + more).proportion_ci(0.95, method="wilson")
    low, high = statistics.wilson([x], [x + more])
    assert (low[0], high[0]) == pytest.approx((interval.low, interval.high), abs=1e-7)


@pytest.mark.parametrize(("x", "n", "y", "m"), [(12, 40, 90, 200), (1, 9, 30, 31), (5, 5, 2, 7)])
def test_newcombe_and_katz_agree_with_statsmodels(x: int, n: int, y: int, m: int) -> None:
    from statsmodels.stats.proportion import confint_proportions_2indep

    difference = statistics.newcombe(x, n, y, m)
    expected = confint_proportions_2indep(x, n, y, m, compare="diff", method="newcomb")
    assert (difference.low, difference.high) == pytest.approx(expected, abs=1e-6)
    ratio = statistics.katz(x, n, y, m)
    expected = confint_proportions_2indep(x, n, y, m, compare="ratio", method="log")
    assert (ratio.low, ratio.high) == pytest.approx(expected, rel=1e-6)


@any_time
@given(waits)
def test_kaplan_meier_agrees_with_scipy(rows: list[tuple[int, bool]]) -> None:
    times, events = (np.array(column) for column in zip(*rows, strict=True))
    if not events.any():
        return
    sample = CensoredData(uncensored=times[events].astype(float), right=times[~events].astype(float))
    expected = ecdf(sample).sf
    curve = statistics.kaplan_meier(times, events)
    for time in curve.times:
        found = statistics.survival_at(times, events, time)
        assert found.value == pytest.approx(float(expected.evaluate(time)), abs=1e-12)


def test_kaplan_meier_agrees_with_lifelines_on_censored_waits() -> None:
    from lifelines import KaplanMeierFitter
    from lifelines.utils import median_survival_times

    chance = np.random.default_rng(20260101)
    times, events = chance.exponential(24, 300), chance.random(300) < 0.7
    fitted = KaplanMeierFitter().fit(times, events)
    curve = statistics.kaplan_meier(times, events)
    limits = fitted.confidence_interval_.loc[curve.times].to_numpy()
    assert curve.survival == pytest.approx(
        fitted.survival_function_at_times(curve.times).to_numpy(), abs=1e-12
    )
    assert curve.low == pytest.approx(limits[:, 0], abs=1e-6, nan_ok=True)
    assert curve.high == pytest.approx(limits[:, 1], abs=1e-6, nan_ok=True)
    expected = median_survival_times(fitted.confidence_interval_).iloc[0].tolist()
    assert statistics.kaplan_meier_median(times, events) == pytest.approx(
        (fitted.median_survival_time_, *expected)
    )


@pytest.mark.parametrize(("x", "n", "y", "m"), [(12, 40, 90, 200), (1, 9, 30, 31), (5, 5, 2, 7)])
def test_the_pooled_z_test_agrees_with_statsmodels(x: int, n: int, y: int, m: int) -> None:
    from statsmodels.stats.proportion import proportions_ztest

    assert statistics.two_proportion_p(x, n, y, m) == pytest.approx(proportions_ztest([x, y], [n, m])[1])


@any_time
@given(st.lists(st.floats(0, 0.2), min_size=1, max_size=30))
def test_evident_comparisons_are_those_of_statsmodels(p_values: list[float]) -> None:
    from statsmodels.stats.multitest import multipletests

    expected = multipletests(p_values, 0.05, method="fdr_bh")[0].tolist()
    assert statistics.benjamini_hochberg(p_values) == expected


def test_log_rank_agrees_with_lifelines() -> None:
    from lifelines.statistics import logrank_test

    chance = np.random.default_rng(5)
    times = chance.integers(0, 60, 300).astype(float)
    seen = chance.random(300) < 0.7
    expected = logrank_test(times[:120], times[120:], seen[:120], seen[120:]).p_value
    found = statistics.log_rank_p(times[:120], seen[:120], times[120:], seen[120:])
    assert found == pytest.approx(expected, rel=1e-9)


# --- the same functions inside DuckDB ----------------------------------------------------------


@pytest.fixture(scope="module")
def database() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    duckdb_functions.register(connection)
    return connection.cursor()


def test_wilson_in_sql_is_wilson_in_python(database: duckdb.DuckDBPyConnection) -> None:
    query = "select list(wilson_low(i, 300)), list(wilson_high(i, 300)) from range(301) as n(i)"
    found = database.execute(query).fetchone()
    low, high = statistics.wilson(np.arange(301), 300)
    assert found == (low.tolist(), high.tolist())


def test_a_share_without_numbers_has_null_limits_in_sql(database: duckdb.DuckDBPyConnection) -> None:
    query = "select wilson_low(0, 0), wilson_high(null, 3), wilson_low(1, null)"
    assert database.execute(query).fetchone() == (None, None, None)


def test_km_median_in_sql_takes_one_curve_a_group(database: duckdb.DuckDBPyConnection) -> None:
    query = """
        select place, km_median(list(wait), list(seen))
        from (values ('a', 1.0, true), ('a', 2.0, true), ('a', 3.0, false), ('b', 4.0, false))
            as waits(place, wait, seen)
        group by place order by place
    """
    none = {"median": None, "low": None, "high": None}
    expected = statistics.kaplan_meier_median([1, 2, 3], [True, True, False])
    assert database.execute(query).fetchall() == [
        ("a", dict(zip(none, expected, strict=True))),
        ("b", none),
    ]
    assert database.execute("select km_median(null, null)").fetchone() == (none,)


def test_a_pseudonym_in_sql_is_the_lakes(
    database: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipelines.privacy import pseudonym

    monkeypatch.setenv("MDM_HASH_KEY", "a key of the tests")
    query = "select pseudonym('bugzilla', 'login', 'Bot@Example.org'), pseudonym('bugzilla', 'id', null)"
    expected = pseudonym(b"a key of the tests", "bugzilla", "login", "bot@example.org")
    assert database.execute(query).fetchone() == (expected, None)


def _plain(numbers: Iterable[float]) -> tuple[float | None, ...]:
    return tuple(None if math.isnan(number) else number for number in numbers)


def _rounded(numbers: tuple[float | None, ...]) -> tuple[float | None, ...]:
    return tuple(None if number is None else round(number, 4) for number in numbers)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("newcombe(12, 40, 90, 200)", statistics.newcombe(12, 40, 90, 200)._asdict()),
        ("newcombe(null, 40, 90, 200)", {"value": None, "low": None, "high": None}),
        (
            "katz(0, 12, 9, 60)",
            dict(zip(("value", "low", "high", "corrected"), statistics.katz(0, 12, 9, 60), strict=True)),
        ),
        ("two_proportion_p(12, 40, 90, 200)", statistics.two_proportion_p(12, 40, 90, 200)),
        (
            "shrunk_rates([4, 9, 30], [10, 40, 90])",
            [one._asdict() for one in statistics.shrunk_rates([4, 9, 30], [10, 40, 90])],
        ),
        ("rank_intervals([0.1, 0.3], [0.2, 0.4])", [{"best": 2, "worst": 2}, {"best": 1, "worst": 1}]),
        ("benjamini_hochberg([0.01, null])", [True, False]),
        ("median_limits([3, 1, 2])", {"median": 2.0, "low": None, "high": None}),
        (
            "km_at([0, 0, 10, 45], [true, true, true, false], 10)",
            statistics.survival_at([0, 0, 10, 45], [1, 1, 1, 0], 10)._asdict(),
        ),
        (
            "log_rank_p([1, 2], [true, true], [3, 4], [true, false])",
            statistics.log_rank_p([1, 2], [1, 1], [3, 4], [1, 0]),
        ),
    ],
)
def test_a_function_in_sql_is_the_one_in_python(
    database: duckdb.DuckDBPyConnection, query: str, expected: object
) -> None:
    assert database.execute(f"select {query}").fetchone() == (expected,)
