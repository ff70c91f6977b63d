"""What a reader can work out of the published files, with nothing but them and some arithmetic.

Each attack gives groups of persons that no row shows; none of them may be of 1 to k - 1. It asks every
figure that counts people, or acts, of which fewer than k are of fewer than k people. First those of one
subtraction, then everything at once by linear programming (`attack.py`). There a group is found when it can
be of one number alone: that it is small is what the hiding tells by itself, and no cell can be *got* is what
catalogue 0.7 asks; it names no width. Not in here: which cells are hidden and why (`test_disclosure.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import duckdb
import numpy as np
import pandas as pd
import pytest

from pipelines.disclosure import AUDIENCES, COUNTED, SURVEY_ATTRIBUTES, SURVEY_K, Audience, kind_of
from pipelines.metric_shape import DIMENSIONS, KEYS
from pipelines.publish import current_version
from tests.whole.attack import Meaning, figures_of, groups, meaning, told
from tests.whole.conftest import Twice

SLICE = [*KEYS, *DIMENSIONS]
INTERNAL = AUDIENCES[0]
NESTED = (("all", "community"), ("all", "staff"), ("community", "volunteer_strict"))


@pytest.fixture(scope="module")
def published(demo: Twice) -> pd.DataFrame:
    """The rows that staff see: exact ones, so that sums and differences are exact.

    `value` and its other side of the identity band stay where they count people or acts.
    """
    version = current_version(demo.data / "published")
    assert version is not None
    with duckdb.connect(str(version / f"{INTERNAL.name}.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            "select metric_value.*, unit, additive_over from metric_value inner join metric using (metric)"
        ).df()
    rows[SLICE] = rows[SLICE].astype(object).where(rows[SLICE].notna(), "")
    counts = rows["unit"].map(kind_of) == "count"
    rows[["value", "value_with_probable"]] = rows[["value", "value_with_probable"]].where(counts)
    return rows


@pytest.fixture(scope="module")
def shown(published: pd.DataFrame) -> pd.DataFrame:
    """Those with their numbers."""
    return published[published["persons"].notna()]


def small(groups: pd.Series, k: int = INTERNAL.k) -> pd.Series:
    """Those of 1 to k - 1 whole persons."""
    whole = groups[np.isclose(groups, groups.round(), atol=1e-6)].round()
    return whole[(whole >= 1) & (whole < k)]


def between_populations(shown: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Of each two populations, one inside the other: by how much their rows of one slice are apart."""
    same = [name for name in SLICE if name != "population"]
    by = {name: rows.set_index(same)[list(COUNTED)] for name, rows in shown.groupby("population") if name}
    for whole, part in NESTED:
        if part in by:
            here = by[whole].index.intersection(by[part].index)
            yield whole, part, (by[whole].loc[here] - by[part].loc[here]).abs()


def of_few(apart: pd.DataFrame) -> pd.DataFrame:
    """The pairs of rows that tell of a small group: by a figure, or by acts beside the same persons."""
    told = [name for name in COUNTED if len(small(apart[name]))]
    by_figure = apart.index.isin([row for name in told for row in small(apart[name]).index])
    of_nobody_else = (apart["persons"] == 0) & (apart > 0).any(axis=1)
    return apart[by_figure | of_nobody_else]


def test_one_population_less_another_is_no_small_group(shown: pd.DataFrame) -> None:
    tried = 0
    for whole, part, apart in between_populations(shown):
        tried += len(apart)
        assert of_few(apart).empty, f"{whole} less {part}: {of_few(apart).head()}"
    assert tried


@pytest.mark.parametrize("figure", COUNTED)
def test_an_attack_on_populations_finds_what_is_planted(shown: pd.DataFrame, figure: str) -> None:
    rows = shown[(shown["population"] == "community") & shown[figure].notna()].head(1)
    assert len(rows)
    planted = rows.assign(population="all", persons=rows["persons"] + 9)
    planted[figure] = rows[figure] + INTERNAL.k - 1
    found = [of_few(apart) for _, _, apart in between_populations(pd.concat([rows, planted]))]
    assert [len(one) for one in found] == [1]


def test_who_has_no_region_is_no_small_group(shown: pd.DataFrame) -> None:
    coverage = shown[shown["metric"] == "region_coverage"]
    assert len(coverage)
    assert small(coverage["denominator"] - coverage["numerator"]).empty
    everybody = shown[(shown["metric"] == "active_contributors") & (shown["level"] == "")]
    here = ["period_start", "period_end", "area", "population"]
    regional = shown[(shown["metric"] == "active_contributors_by_region") & shown["coverage"].notna()]
    both = regional.merge(everybody[[*here, "persons"]], on=here, suffixes=("", "_of_all"))
    assert len(both)
    assert small((1 - both["coverage"]) * both["persons_of_all"]).empty


def test_who_is_of_unknown_affiliation_is_no_small_group(shown: pd.DataFrame) -> None:
    told = shown[shown["unknown_affiliation_share"].notna()]
    assert len(told)
    assert small(told["persons"] * told["unknown_affiliation_share"]).empty


def lines(published: pd.DataFrame) -> Iterator[tuple[str, str, str, pd.Series]]:
    """Of each metric, dimension it adds up over and figure: margin less shown cells, by line that hides some.

    Persons of a metric of acts, or of a share of acts, may be in several cells and do not add up: no reader
    knows their rest.
    """
    additive = published[published["additive_over"] != ""]
    for (metric, unit, over), rows in additive.groupby(["metric", "unit", "additive_over"]):
        of_people = unit == "persons" or (
            kind_of(unit) == "share" and rows["persons"].dropna().eq(rows["denominator"].dropna()).all()
        )
        added = [name for name in COUNTED if name != "persons" or of_people]
        for dimension in over.split(", "):
            same = [name for name in SLICE if name != dimension]
            margins = rows[rows[dimension] == ""].set_index(same)
            cells = rows[rows[dimension] != ""]
            hidden = cells[cells["status"] == "suppressed"].set_index(same).index
            told = cells.groupby(same)[added].sum().reindex(margins.index)
            for figure in added:
                rest = (margins[figure] - told[figure])[margins.index.isin(hidden)]
                yield metric, dimension, figure, rest.dropna()


def test_a_margin_less_its_shown_cells_is_no_small_group(published: pd.DataFrame) -> None:
    tried = dict.fromkeys(COUNTED, 0)
    for metric, dimension, figure, rest in lines(published):
        tried[figure] += len(rest)
        assert small(rest).empty, f"{figure} of {metric} over {dimension}: {small(rest).head()}"
    assert all(tried.values())


@pytest.mark.parametrize("figure", ["persons", "value", "value_with_probable"])
def test_an_attack_on_sums_finds_what_is_planted(shown: pd.DataFrame, figure: str) -> None:
    margin = shown[(shown["metric"] == "active_contributors") & (shown["persons"] > 9)].head(1)
    assert len(margin)
    cell = margin.assign(level="core", **{name: margin[name] - 9 for name in COUNTED})
    cell[figure] = margin[figure] - 1
    hidden = margin.assign(level="casual", status="suppressed", **dict.fromkeys(COUNTED, np.nan))
    found = {name: len(small(rest)) for _, _, name, rest in lines(pd.concat([margin, cell, hidden]))}
    assert {name for name, number in found.items() if number} == {figure}


def values_not_shown(published: pd.DataFrame) -> Iterator[tuple[str, pd.Series]]:
    """How many told a value of an attribute that is hidden, by group of respondents, worked out in two ways.

    All who answered less those of the shown values; and all contributors less those of whom nothing is known,
    who are in the upper bound of a value and not in its lower one, less the known ones of the shown values.
    """
    same = [name for name in SLICE if name not in ("metric", "version", "attribute_value", "category")]
    told = published[published["attribute"].isin(SURVEY_ATTRIBUTES) & (published["attribute_value"] != "")]
    for metric, category in (("demographic_share", "raw"), ("demographic_share_bounds", "low")):
        rows = told[(told["metric"] == metric) & (told["category"] == category)]
        hidden = rows[rows["status"] == "suppressed"].set_index(same).index
        seen = rows[rows["numerator"].notna()].groupby(same)
        everybody = seen["denominator"].max()
        if category == "low":
            high = told[(told["metric"] == metric) & (told["category"] == "high")].groupby(same)["numerator"]
            everybody = everybody - (high.max() - seen["numerator"].max()).reindex(everybody.index)
        rest = everybody - seen["numerator"].sum()
        yield category, rest[rest.index.isin(hidden)].dropna()


def test_who_told_a_hidden_value_is_no_small_group(published: pd.DataFrame) -> None:
    tried = 0
    for category, rest in values_not_shown(published):
        tried += len(rest)
        found = small(rest, SURVEY_K)
        assert found.empty, f"{category}: {found.head()}"
    assert tried


# --- Everything at once ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Known:
    """What the warehouse tells of the metrics: figures, what they mean, units, and sums as declared."""

    figures: pd.DataFrame
    meaning: Meaning
    units: dict[str, str]
    additive: dict[str, str]


@pytest.fixture(scope="module")
def known(demo: Twice) -> Known:
    with duckdb.connect(str(demo.data / "warehouse.duckdb"), read_only=True) as connection:
        rows = connection.execute("from metrics.metric_value").df()
        declared = connection.execute("select metric, unit, additive_over from metrics.metric").fetchall()
    units = {metric: unit for metric, unit, _ in declared}
    figures = figures_of(rows, units)
    return Known(figures, meaning(figures), units, {metric: over for metric, _, over in declared})


@pytest.mark.parametrize("audience", AUDIENCES, ids=lambda audience: audience.name)
def test_no_small_group_is_found_by_linear_programming(demo: Twice, known: Known, audience: Audience) -> None:
    version = current_version(demo.data / "published")
    with duckdb.connect(str(version / f"{audience.name}.duckdb"), read_only=True) as connection:
        rows = connection.execute("from metric_value").df()
    said = told(figures_of(rows, known.units), known.meaning, known.units, audience.rounding, audience.k)
    family = known.figures["family"]
    named = family.map(known.meaning.same).fillna(family) + " @ " + known.figures["place"]
    truth = known.figures.groupby(named)["number"].first().reindex(said.names).to_numpy(float)
    is_whole = abs(said.terms) @ np.isnan(truth) == 0
    told_of = said.terms[is_whole] @ np.nan_to_num(truth)
    off = 1e-3
    assert is_whole.sum() > 1000
    assert ((told_of >= said.low[is_whole] - off) & (told_of <= said.high[is_whole] + off)).all()
    found = groups(said)
    assert len(found) > 1000
    assert found[found["found"]].empty, found[found["found"]].head(20).to_string()


def test_every_sum_that_holds_is_declared(known: Known) -> None:
    """Whose margin and cells are not declared to add up is not kept from being subtracted.

    Nobody on Discourse is counted in two areas of the demo by `comms_reach`: that is chance.
    """
    sums = {
        (metric, dimension)
        for (metric, dimension, figure), is_all in known.meaning.sums.items()
        if is_all and figure in ("value", "numerator", "denominator")
    }
    missing = {(metric, over) for metric, over in sums if over not in known.additive[metric].split(", ")}
    assert missing <= {("comms_reach", "area")}


def row_of(metric: str, persons: float | None, **where: str) -> dict[str, object]:
    blank: dict[str, object] = dict.fromkeys((*SLICE, *COUNTED, "unknown_affiliation_share", "coverage"))
    told_of = {
        "persons": persons,
        "value": persons,
        "status": "suppressed" if persons is None else "complete",
    }
    return blank | {"metric": metric, "grain": "month", "population": "community"} | told_of | where


def attacked(rows: list[dict[str, object]], known: Meaning, rounding: int | None = None) -> set[float]:
    units = {str(row["metric"]): "persons" for row in rows}
    figures = figures_of(pd.DataFrame(rows), units)
    same = {name: name.replace("persons|", "value|", 1) for name in figures["family"].unique()}
    said = told(figures, replace(known, same=same), units, rounding, INTERNAL.k)
    found = groups(said)
    return set(found.loc[found["found"], "least"])


def test_the_attacker_subtracts_across_tables() -> None:
    known = Meaning({}, {}, frozenset(), frozenset({(0, "value of community")}), frozenset())
    other = [row_of("returning_contributors", 9, area="code"), row_of("new_contributors", 9, area="code")]

    def rows(returning: float) -> list[dict[str, object]]:
        return [
            row_of("active_contributors", 40),
            row_of("new_contributors", None),
            row_of("returning_contributors", returning),
            *other,
        ]

    assert attacked(rows(37), known) == {3}
    assert attacked(rows(30), known) == set()
    assert attacked(rows(37), known, rounding=5) == set()


@pytest.mark.parametrize(("coverage", "found"), [(0.9, {4}), (None, set())])
def test_the_attacker_finds_what_no_single_subtraction_finds(
    coverage: float | None, found: set[float]
) -> None:
    """Of 40 people 30 are in c, ten in a and `unknown`, and nine tenths have a region: four have none."""
    metric = "active_contributors_by_region"
    known = Meaning({}, {}, frozenset(), frozenset({(1, "value of community")}), frozenset({(metric, True)}))
    rows = [
        row_of("active_contributors", 40),
        row_of(metric, None, region="a"),
        row_of(metric, 30, region="c") | {"coverage": coverage},
        row_of(metric, None, region="unknown"),
        row_of("active_contributors", 9, area="code"),
    ]
    assert attacked(rows, known) == found
