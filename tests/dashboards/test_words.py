"""How numbers and states are said."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd
import pytest

from dashboards import words
from pipelines.settings import ROOT


def row(value: float | None, status: str = "complete", **more: Any) -> dict[str, Any]:
    return {"value": value, "status": status, "ci_low": None, "ci_high": None, **more}


@pytest.mark.parametrize(
    ("value", "unit", "audience", "said"),
    [
        (12345, "persons", "internal", "12,345"),
        (0.5944, "share", "internal", "59.4\u202f%"),
        (0.59, "share of questions", "public", "59\u202f%"),
        (7.25, "hours", "internal", "7.2\u202fh"),
        (0.9712, "reviews per suggestion", "internal", "0.97"),
        (9.79, "events per 100 persons", "internal", "9.8"),
        (0, "persons", "public", "0"),
        (12, "days", "public", "12\u00a0days"),
        (1, "days", "public", "1\u00a0day"),
        (2.1, "days", "public", "2.1\u00a0days"),
    ],
)
def test_numbers_are_said_in_their_unit(value: float, unit: str, audience: str, said: str) -> None:
    assert words.number(value, unit, audience) == said


def test_a_suppressed_value_is_said_never_shown_as_zero() -> None:
    assert (
        words.shown(row(None, "suppressed"), "persons", "public", 10) == "suppressed (fewer than 10 people)"
    )


def test_a_measured_zero_is_a_zero() -> None:
    assert words.shown(row(0.0), "persons", "public", 10) == "0"


@pytest.mark.parametrize("status", ["unavailable", "insufficient", "no_denominator"])
def test_a_value_that_is_not_there_says_why(status: str) -> None:
    said = words.shown(row(None, status), "share", "public", 10)
    assert said
    assert not any(sign.isdigit() for sign in said)


def test_changes_are_plain_differences_with_their_sign() -> None:
    assert words.change(row(120), row(100), "persons", "internal") == "+20"
    assert words.change(row(100), row(120), "persons", "internal") == "\u221220"
    assert words.change(row(100), row(100), "persons", "internal") == words.NO_CHANGE


def test_shares_differ_by_percentage_points() -> None:
    assert words.change(row(0.64), row(0.60), "share", "public") == "+4 percentage points"
    assert words.change(row(0.61), row(0.60), "share", "public") == "+1 percentage point"


@pytest.mark.parametrize("missing", [None, row(None, "suppressed")])
def test_there_is_no_change_against_a_value_that_is_not_there(missing: dict[str, Any] | None) -> None:
    assert words.change(row(5), missing, "persons", "public") is None


def test_a_duration_says_its_unit_in_the_interval_too() -> None:
    assert words.interval(row(12.0, ci_low=4.2), "days", "public") == (
        "4.2\u00a0days to no upper limit reached"
    )


def test_points_of_a_curve_are_shares_beside_a_duration() -> None:
    unit = "days (share still there at a point of the curve)"
    assert words.shown(row(0.26, category="s_30d"), unit, "public", 10) == "26\u202f%"
    assert words.shown(row(16.0, category=None), unit, "public", 10) == "16\u00a0days"
    assert words.shown(row(40.0, category="median_age_d"), "requests", "public", 10) == "40\u00a0days"


def test_an_open_ended_interval_says_so() -> None:
    open_ended = row(8.0, ci_low=6.0, ci_high=None)
    assert words.interval(open_ended, "hours", "internal") == "6.0\u202fh to no upper limit reached"
    assert words.interval(row(8.0), "hours", "internal") == ""


def test_flags_are_said_in_words_and_unknown_ones_by_name() -> None:
    assert words.flags("continuity_corrected, made_up_flag") == [
        words.FLAGS["continuity_corrected"],
        "made up flag",
    ]
    assert words.flags(None) == []


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("raw", "as counted"),
        ("low", "lower limit"),
        ("newcomer_open_at_72h", "newcomers still waiting after 72 hours"),
        ("s_30d", "share after 30 days"),
        ("over_540d", "over 540 days"),
        ("730d", "within 730 days"),
        ("24h", "within 24 hours"),
        ("30_60d_same_area", "day 30 to 60 same area"),
    ],
)
def test_categories_are_said_in_plain_words(code: str, said: str) -> None:
    assert words.category(code) == said


@pytest.mark.parametrize(
    ("code", "said"),
    [("18_24", "18 to 24"), ("65_and_over", "65 and over"), ("<90 d", "less than 90 days"), ("code", "Code")],
)
def test_groups_of_people_are_said_in_plain_words(code: str, said: str) -> None:
    assert words.group(code) == said


def test_the_end_of_a_period_is_the_day_before() -> None:
    period = {
        "grain": "trailing_90d",
        "period_start": pd.Timestamp("2026-04-02"),
        "period_end": pd.Timestamp("2026-07-01"),
    }
    assert words.period(period) == "the 90 days to 30 June 2026"
    assert words.period({**period, "grain": "month"}) == "June 2026"
    assert words.period({**period, "period_start": pd.NaT, "period_end": pd.NaT}) == "all that is stored"


@pytest.mark.parametrize(
    ("grain", "said"),
    [
        ("month", "2026-06"),
        ("quarter", "2026-Q2"),
        ("year", "2026"),
        ("trailing_90d", "2026-06"),
        ("run", ""),
    ],
)
def test_a_period_is_asked_for_as_explain_takes_it(grain: str, said: str) -> None:
    assert words.asked_period({"grain": grain, "period_end": pd.Timestamp("2026-07-01")}) == said


def test_states_of_several_values_name_what_is_missing() -> None:
    assert words.states(["complete", "complete"], 10) == "complete"
    assert words.states(["complete", "suppressed"], 10) == "complete, some suppressed"
    assert words.states(["suppressed"], 10) == "suppressed (fewer than 10 people)"


@pytest.mark.parametrize(
    "ordered",
    [
        [None, "s_7d", "s_30d", "s_180d", "s_730d"],
        ["1_30d", "1_30d_same_area", "30_60d", "90_180d", "180_540d"],
        ["not_yet", "core", "regular", "casual", "drifting", "inactive"],
        ["<90 d", "90-364 d", "1-2 y", "2-5 y", "5+ y", "unknown"],
        ["before start of data", "2016-2017", "2024-2025"],
        ["under_18", "18_24", "55_64", "65_and_over", "prefer_not_to_say"],
        ["category 5", "category 10"],
        ["low", "high", "low_all", "high_all"],
        ["d1_d0", "d2_d1", "d2_d0"],
        ["quality", "code", "localization"],
    ],
)
def test_values_follow_one_another_by_meaning(ordered: list[str | None]) -> None:
    assert sorted(sorted(ordered, key=str), key=words.place) == ordered


def test_every_flag_of_a_metric_is_said_in_words() -> None:
    named: set[str] = set()
    for path in (ROOT / "dbt" / "models" / "metrics").rglob("*.sql"):
        sql = path.read_text(encoding="utf-8")
        named |= {
            flag
            for block in re.findall(r"flags_of\(\{(.*?)\}\)", sql, re.DOTALL)
            for flag in re.findall(r"'([a-z_]+)':", block)
        }
        named |= set(re.findall(r"never_told\('([a-z_]+)'\)", sql))
    assert len(named) > 40
    assert named - set(words.FLAGS) == set()
