"""Charts are pure: what is in the frame is what is drawn, and what is not there is a gap."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from dashboards import charts, shapes, theme


def months(values: list[float | None], status: str | list[str] | None = None, **more: Any) -> pd.DataFrame:
    frame = pd.DataFrame({"value": values}, dtype=float)
    frame["at"] = pd.date_range("2026-01-01", periods=len(values), freq="MS")
    frame["grain"], frame["ci_low"], frame["ci_high"] = "month", None, None
    frame["status"] = status or ["suppressed" if value is None else "complete" for value in values]
    frame["shown"] = ["hidden" if value is None else f"{value:g}" for value in values]
    return frame.assign(**more)


def test_a_suppressed_month_is_a_gap_and_not_a_zero() -> None:
    line = charts.trend(months([5, None, 7]), "persons").data[-1]
    assert pd.isna(line.y[1])
    assert line.connectgaps is False


def test_a_month_without_a_row_is_a_gap() -> None:
    line = charts.trend(months([5, 6, 7]).drop(index=1), "persons").data[-1]
    assert len(line.x) == 3
    assert pd.isna(line.y[1])


def test_provisional_points_are_hollow() -> None:
    line = charts.trend(months([5, 6], ["complete", "provisional"]), "persons").data[-1]
    assert list(line.marker.symbol) == ["circle", "circle-open"]
    assert line.customdata[1].endswith("(provisional)")


def test_a_month_between_two_gaps_is_still_seen() -> None:
    line = charts.trend(months([None, 5, None, 6]), "persons").data[-1]
    assert line.marker.size[1] > 0


def test_an_interval_never_bridges_a_gap() -> None:
    rows = months([5, 6, None, 7, 8])
    rows["ci_low"], rows["ci_high"] = rows["value"] - 1, rows["value"] + 1
    bands = [trace for trace in charts.trend(rows, "persons").data if trace.fill == "toself"]
    assert [len(band.x) for band in bands] == [4, 4]


def test_shares_are_drawn_on_the_whole_scale() -> None:
    axis = charts.trend(months([0.5, 0.6]), "share").layout.yaxis
    assert axis.range[0] == 0
    assert axis.range[1] >= 1


def test_counts_start_at_zero() -> None:
    assert charts.trend(months([50, 60]), "persons").layout.template.layout.yaxis.rangemode == "tozero"


@pytest.mark.parametrize(
    ("values", "step"), [([0, 0], 1), ([0, 4], 1), ([0.5, 1], None), ([0, 40], None), ([None], None)]
)
def test_few_people_are_counted_in_whole_steps(values: list[float | None], step: int | None) -> None:
    assert charts.trend(months(values), "persons").layout.yaxis.dtick == step


def test_lines_follow_the_order_of_names_and_differ_without_colour() -> None:
    rows = pd.concat([months([1, 2], area="b"), months([3, 4], area="a"), months([5, 6], area="c")])
    names = {"a": "Alpha", "b": "Beta"}
    figure = charts.lines(rows, "area", names, "persons")
    assert [trace.name for trace in figure.data] == ["Alpha", "Beta"]
    assert [mark[0] for mark in charts.series_marks(names)] == ["Alpha", "Beta"]
    looks = list(zip(theme.SEQUENCE, theme.DASHES, strict=True))
    assert len(set(looks)) == len(looks)


def test_a_bar_without_a_value_keeps_its_place_and_says_why() -> None:
    figure = charts.bars(months([5, None]), ["One", "Two"])
    assert figure.data[0].x[1] is None
    assert [note.text for note in figure.layout.annotations] == ["5", "<i>hidden</i>"]
    assert list(figure.layout.yaxis.ticktext) == ["One", "Two"]


def test_pairs_that_coincide_are_both_seen() -> None:
    rows = pd.concat([months([4], area="code", population=name) for name in ("community", "all")])
    marks = {"community": "Community", "all": "Everyone"}
    dot, ring = charts.pairs(rows, "area", {"code": "Code"}, marks, "population").data
    assert ring.marker.symbol == "circle-open"
    assert ring.marker.size > dot.marker.size


def countries() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "iso3": ["DEU", "FRA", "AUS"],
            "code": ["155", "155", "053"],
            "name": ["Western Europe", "Western Europe", "Australia and New Zealand"],
            "value": [120.0, 120.0, None],
            "shown": ["120", "120", "suppressed (fewer than 10 people)"],
        }
    )


def test_suppressed_countries_have_a_shade_of_their_own() -> None:
    hidden, measured = charts.world(countries(), "persons").data
    assert list(hidden.locations) == ["AUS"]
    assert hidden.colorscale[0][1] == theme.SUPPRESSED
    assert list(measured.locations) == ["DEU", "FRA"]
    assert measured.zmin == 0


def test_a_country_on_the_map_carries_the_region_that_a_click_asks_for() -> None:
    measured = charts.world(countries(), "persons").data[1]
    assert measured.customdata[0][0] == "155"


def test_a_map_with_nothing_to_show_is_blank() -> None:
    assert len(charts.world(countries().head(0), "persons").data) == 0


def test_a_region_is_shown_around_its_main_lands() -> None:
    west, east, south, north = shapes.bounds(["FRA", "DEU"]) or pytest.fail("no bounds")
    assert -15 < west < 0
    assert 10 < east < 25
    assert 35 < south < 45
    assert 50 < north < 62


@pytest.mark.parametrize("codes", [[], ["XXX"], ["USA", "RUS", "NZL"]])
def test_without_a_region_to_frame_the_whole_world_is_shown(codes: list[str]) -> None:
    assert shapes.bounds(codes) is None


def _luminance(color: str) -> float:
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("color", theme.SEQUENCE)
def test_lines_have_enough_contrast_on_white(color: str) -> None:
    """WCAG 2.1, 1.4.11: at least 3 to 1 for graphics."""
    assert 1.05 / (_luminance(color) + 0.05) >= 3


def test_the_shades_of_the_map_grow_darker_with_the_value() -> None:
    shades = [_luminance(color) for _, color in theme.SHADES]
    assert shades == sorted(shades, reverse=True)
