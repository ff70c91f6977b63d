"""Disclosure control: who may see which cell of the metric values, and how exactly.

In here: minimum groups and rounding as pure functions on frames in the shape of `metrics.metric_value`
(catalogue 0.7). Not in here: judging what came out (`expectations/publish/`), writing it (`publish.py`).

Suppression: `small_cells` says which rows are too small to be shown, `in_company` which others must go with
them because a sum would give a hidden group away, `between_populations` which because a difference would;
`hide` hides rows, `hide_notes` what a row says of a group beside its own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.metric_shape import DIMENSIONS, KEYS, MEASURES
from pipelines.quantities import Lines, ledger
from pipelines.sources.survey import ATTRIBUTES

Kind = Literal["count", "signed_count", "share", "ratio", "signed", "other"]
"""What a value is, told by its metric's unit: how it is rounded, whether it needs a denominator, and may it
be negative (`signed_count`, `signed`)."""

COUNTS: tuple[Kind, ...] = ("count", "signed_count")
SIGNED: tuple[Kind, ...] = ("signed_count", "signed")

SHARE_UNITS = frozenset({"share", "fraction", "proportion"})
SIGNED_UNITS = frozenset({"difference", "attainment"})
COUNT_UNITS = frozenset(
    {
        "accounts",
        "badges",
        "contributions",
        "contributors",
        "count",
        "events",
        "people",
        "persons",
        "requests",
    }
)
"""Numbers of people or acts, as a whole unit: `persons (fewest)` is an order statistic and no count. The
difference of two of them is a signed count."""


Places = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Audience:
    """Who reads a file. k: the fewest persons behind a number. rounding: of counts, None for exact ones."""

    name: str
    k: int
    rounding: int | None = None


SURVEY_ATTRIBUTES = tuple(ATTRIBUTES)
SURVEY_K = 10
"""The fewest persons in a group by what they told of themselves, and in its complement, for any audience."""

AUDIENCES = (Audience("internal", k=5), Audience("public", k=10, rounding=5))

NESTED = (
    ("all", "community", "all"),
    ("all", "staff", "all"),
    ("community", "volunteer_strict", "volunteer_strict"),
)
"""A population, one inside it, and which of their rows gives way: who is in the first alone is known by
subtraction. The headline is the community's and stays."""

COUNTED = ("persons", "numerator", "denominator", "value", "value_with_probable")
"""The figures of a row that count people or acts; the last two where the metric's value is a count. Fewer
than k acts are of fewer than k people, so that both are held to k."""

CHANGE = SURVEY_K / 2
"""The fewest people by whom a number of the survey may differ from its last one (catalogue 0.7)."""

SLICE = tuple(name for name in (*KEYS, *DIMENSIONS) if name != "version")
ANSWERS = ("numerator", "denominator", "persons")
"""What names a row in every version, and its figures that count who answered the survey."""


def kind_of(unit: str) -> Kind:
    """`share of bugs` -> share, `events per 100 people` -> ratio, `difference of shares` -> signed,
    `people` -> count, `difference of people` -> signed_count, `hours` -> other."""
    whole = unit.strip().lower()
    if whole in COUNT_UNITS:
        return "count"
    if whole.removeprefix("difference of ") in COUNT_UNITS:
        return "signed_count"
    words = [word.strip("(),") for word in whole.split()]
    if words and words[0] in SIGNED_UNITS:
        return "signed"
    if words and words[0] in SHARE_UNITS:
        return "share"
    if "ratio" in words or "per" in words:
        return "ratio"
    return "other"


def protect(
    frame: pd.DataFrame,
    audience: Audience,
    kinds: Mapping[str, Kind],
    additive: Mapping[str, Collection[str]] | None = None,
    former: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The rows as this audience may see them.

    kinds: metric -> what its values are. additive: metric -> dimensions over which its cells add up to a
    margin. former: the survey's rows as they were last shown, exactly: SLICE and ANSWERS. Row order and
    columns stay; `smallest_group` is still in it, for the gate, and must not be published.
    """
    protected = suppress(frame, audience.k, additive or {}, kinds, former)
    return protected if audience.rounding is None else round_for_public(protected, kinds, audience.rounding)


def suppress(
    frame: pd.DataFrame,
    k: int,
    additive: Mapping[str, Collection[str]],
    kinds: Mapping[str, Kind] | None = None,
    former: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Every cell with fewer than k persons behind it is hidden, zero is not; none of them stays alone."""
    moved = changes(frame, former)
    hidden, before = together(frame, small_cells(frame, k) | tells_of_a_change(moved)), -1
    pairs, counted = pairs_of_populations(frame), figures(frame, kinds or {})
    lines = [_lines(frame, dimension, metrics) for dimension, metrics in _over(additive).items()]
    unknown = of_unknown_affiliation(frame)
    notes = _is_small(unknown, k)
    told = ledger(
        frame,
        np.column_stack([counted, unknown]),
        _fewest(frame, k).astype(float),
        [line.of_quantities(frame) for line in lines],
        pairs,
    )
    while before != hidden.sum():
        before = int(hidden.sum())
        hidden = values_in_company(frame, in_company(frame, hidden, lines, k, counted, moved))
        hidden = together(frame, hidden)
        hidden = hidden | between_populations(frame, hidden, pairs, k, counted)
        gone = (hidden | (frame["status"] == "suppressed")).to_numpy(dtype=bool)
        rows, notes = np.split(told.hide(np.concatenate([gone, notes])), 2)
        hidden = hidden | rows
    return hide_notes(hide(frame, hidden), notes)


def figures(frame: pd.DataFrame, kinds: Mapping[str, Kind]) -> NDArray[np.float64]:
    """The figures of each row that count people or acts, a column each in the order of COUNTED; else NaN."""
    counted = frame[list(COUNTED)].astype(float)
    is_count = frame["metric"].astype(object).map(kinds) == "count"
    counted[["value", "value_with_probable"]] = counted[["value", "value_with_probable"]].where(is_count)
    return counted.where(frame["persons"].notna()).to_numpy()


def of_unknown_affiliation(frame: pd.DataFrame) -> NDArray[np.float64]:
    """How many of each row's persons have an unknown affiliation; NaN where it is not told."""
    unknown = (frame["persons"] * frame["unknown_affiliation_share"].astype(float)).round()
    nobody = (frame["population"] == "community") & (frame["persons"] == 0)
    return unknown.mask(nobody, 0).to_numpy(float)


def small_cells(frame: pd.DataFrame, k: int) -> pd.Series:
    """True for rows with 0 < persons < k behind their numerator or denominator.

    smallest_group: the smaller of the two groups; null where nobody is behind a number (lag of a source).
    persons is asked too: of nobody among three, the three must not be told either.
    Groups by what people told in the survey have ten persons for every audience, and as many beside them in
    their complement (`smallest_group` is the smaller of the two): nobody or everybody is hidden too, because
    "all of them" tells it of each.
    """
    groups = frame[["smallest_group", "persons"]]
    small = groups.apply(lambda group: (group > 0) & (group < k)).any(axis=1)
    return small | (is_of_survey(frame) & (groups < max(k, SURVEY_K)).any(axis=1))


def is_of_survey(frame: pd.DataFrame) -> pd.Series:
    """True for rows about a group of people who told the same of themselves in the survey."""
    return frame["attribute"].isin(SURVEY_ATTRIBUTES) & frame["attribute_value"].notna()


def changes(frame: pd.DataFrame, former: pd.DataFrame | None) -> pd.DataFrame:
    """By how many people each row of the survey differs from when it was last shown; NaN where it never was.

    ANSWERS and `others`, who told another value. Compared are people who answered: of bounds, whose
    denominator is all contributors, who is known to have the value (`low`) and to have another (`high`);
    `weighted` is an estimate of the raw counts and hidden with them. All values of one attribute tell how
    many answered.
    """
    moved = pd.DataFrame(np.nan, index=frame.index, columns=[*ANSWERS, "others"])
    rows = frame[(frame["wave"].notna() | is_of_survey(frame)) & (frame["category"] != "weighted")]
    if former is None or former.empty or rows.empty:
        return moved
    then = former.set_index(_named(former))[list(ANSWERS)].astype(float)
    apart = rows[list(ANSWERS)].astype(float) - then.reindex(_named(rows)).to_numpy()
    apart["others"] = apart["denominator"] - apart["numerator"]
    apart.loc[rows["category"] == "low", ["denominator", "persons", "others"]] = np.nan
    apart.loc[rows["category"] == "high", list(ANSWERS)] = np.nan
    same = [rows[name] for name in SLICE if name != "attribute_value"]
    of_wave = apart["denominator"].groupby(same, dropna=False, observed=True).transform("first")
    apart["denominator"] = apart["denominator"].fillna(of_wave.where(rows["wave"].notna()))
    moved.loc[rows.index] = apart
    return moved


def _named(rows: pd.DataFrame) -> pd.Index[str]:
    """One text a row that says its slice, for rows from wherever: nulls and types of texts do not matter."""
    texts = rows[list(SLICE)].astype(object).where(rows[list(SLICE)].notna(), "").astype(str)
    return pd.Index(texts.agg("|".join, axis=1))


def tells_of_a_change(moved: pd.DataFrame) -> pd.Series:
    """True for rows that tell, beside the former ones, of fewer than CHANGE people who came or went."""
    return moved.abs().apply(lambda people: _is_small(people, CHANGE)).any(axis=1)


def together(frame: pd.DataFrame, hidden: pd.Series) -> pd.Series:
    """The rows to hide when a group of the survey is hidden in every metric that tells of it, or in none.

    A share and its bounds have the same people in them: one of them would tell what the other hides.
    """
    told = is_of_survey(frame)
    if not told.any():
        return hidden
    group = frame[told].assign(hidden=hidden[told])
    named = ["period_start", *(name for name in DIMENSIONS if name != "category")]
    return hidden | group.groupby(named, dropna=False, observed=True)["hidden"].transform("any").reindex(
        frame.index, fill_value=False
    )


def values_in_company(frame: pd.DataFrame, hidden: pd.Series) -> pd.Series:
    """The rows to hide so that who told a hidden value is one of SURVEY_K people or more.

    The denominator is the margin of an attribute's values: what the shown ones leave of it is told. Hidden
    ones are counted together as well, because one person may have chosen several. Too few: the value of the
    fewest people goes too (ties: the first code); call it until nothing changes.
    """
    rows = frame[is_of_survey(frame) & frame["wave"].notna() & frame["numerator"].notna()]
    gone = (hidden | (frame["status"] == "suppressed"))[rows.index]
    if not gone.any():
        return hidden
    same = [name for name in (*KEYS, *DIMENSIONS) if name != "attribute_value"]
    line = rows.groupby(same, dropna=False, sort=False, observed=True).ngroup()
    held = rows["numerator"].where(gone, 0).groupby(line).transform("sum")
    shown = rows["numerator"].mask(gone, 0).groupby(line).transform("sum")
    rest = rows["denominator"].groupby(line).transform("max") - shown
    few = (_is_small(held, SURVEY_K) | _is_small(rest, SURVEY_K)) & gone.groupby(line).transform("any")
    may_go = rows[few & ~gone].sort_values(["numerator", "attribute_value"], kind="stable")
    return hidden | frame.index.isin(may_go.index[~line[may_go.index].duplicated()])


def pairs_of_populations(frame: pd.DataFrame) -> list[tuple[Places, Places, Places]]:
    """Of each pair of NESTED: places of the rows of the whole, of those of the part, and of what gives way.

    Rows of a pair are of the same slice in everything but the population.
    """
    rows = frame.assign(place=np.arange(len(frame)))
    rows = rows[rows["population"].isin({name for whole, part, _ in NESTED for name in (whole, part)})]
    same = [name for name in (*KEYS, *DIMENSIONS) if name != "population"]
    slices = rows.groupby(same, dropna=False, sort=False, observed=True).ngroup()
    rows = rows[["place", "population"]].assign(slice=slices)
    found = []
    for whole, part, gives_way in NESTED:
        wholes, parts = (rows[rows["population"] == name] for name in (whole, part))
        both = wholes.merge(parts, on="slice", suffixes=("_whole", "_part"))
        places = {whole: both["place_whole"].to_numpy(), part: both["place_part"].to_numpy()}
        found.append((places[whole], places[part], places[gives_way]))
    return found


def between_populations(
    frame: pd.DataFrame,
    hidden: pd.Series,
    pairs: Collection[tuple[Places, Places, Places]],
    k: int,
    counted: NDArray[np.float64],
) -> pd.Series:
    """The rows that would tell, with one of a population inside theirs, of a group of fewer than k.

    The group is who is in the one population alone: two rows that differ in anything they count differ by k
    or more, and by as many persons, because acts beside the same persons are of people who are in both.
    counted: `figures` of the frame.
    """
    gone = (hidden | (frame["status"] == "suppressed")).to_numpy(dtype=bool)
    found = np.zeros(len(frame), dtype=bool)
    for whole, part, gives_way in pairs:
        apart = np.abs(counted[whole] - counted[part])
        differ = apart >= 0.5
        fewest = np.where(differ, apart, np.inf).min(axis=1, initial=np.inf)
        tells = differ.any(axis=1) & (np.fmin(fewest, apart[:, 0]) < k - 0.5)
        found[gives_way[~gone[whole] & ~gone[part] & tells]] = True
    return pd.Series(found, index=frame.index)


def _fewest(frame: pd.DataFrame, k: int) -> Places:
    """The k of each row."""
    return np.where(is_of_survey(frame), max(k, SURVEY_K), k)


def _is_small(groups: Any, k: Any) -> Any:
    """True where 0 < groups < k, in whole persons; of arrays or columns."""
    return (groups >= 0.5) & (groups < k - 0.5)


def in_company(
    frame: pd.DataFrame,
    hidden: pd.Series,
    lines: Collection[_Lines],
    k: int,
    counted: NDArray[np.float64],
    moved: pd.DataFrame,
) -> pd.Series:
    """The rows to hide so that no sum gives one of `hidden` away: true for these and for their company.

    A *line* is a margin (null in one additive dimension) and the cells that add up to it, everything else
    the same; the margin may also stand in another metric. A line with one hidden row gets a second one: its
    smallest cell with anybody in it (ties: the first code), until nothing changes (catalogue 0.7). So does
    a line whose hidden cells together tell of fewer than k persons while its margin is shown. Cells are
    compared by persons, of the survey by those who told the value. counted: `figures` of the frame;
    moved: its `changes`, of which a sum and its cells tell as well.
    """
    gone = (hidden | (frame["status"] == "suppressed")).to_numpy(dtype=bool, copy=True)
    persons = frame["persons"].fillna(0).to_numpy(dtype=float)
    fewest = _fewest(frame, k)
    change = moved["numerator"].to_numpy(float)
    before = -1
    while before != gone.sum():
        before = gone.sum()
        for line in lines:
            rows, of = line.rows, line.of
            alone = np.bincount(of, gone[rows], minlength=1) == 1
            short = (
                alone
                | line.tells_of_few(gone, persons, counted, fewest)
                | line.tells_of_a_change(gone, change)
            )[of]
            may_go = short & ~gone[rows] & (persons[rows] > 0)
            _, first = np.unique(of[may_go], return_index=True)
            gone[rows[may_go][first]] = True
    return pd.Series(gone, index=frame.index)


@dataclass(frozen=True)
class _Lines:
    """The lines over one dimension. rows: places of their rows in the frame; of: the line of each of them.

    Within a line in the order in which rows would be hidden: cells before the margin, smallest first.
    """

    rows: Places
    of: Places
    is_margin: NDArray[np.bool_]

    def tells_of_few(
        self, gone: NDArray[np.bool_], persons: NDArray[Any], counted: NDArray[np.float64], fewest: Places
    ) -> NDArray[np.bool_]:
        """Of each line: whether its shown margin less its shown cells is a number of fewer than k persons.

        By persons, who are in all hidden cells together; where persons do not add up, because one may be in
        several cells, as many as in the largest of these at least. And by every other figure, as a reader
        would subtract it. fewest: k of each row of the frame.
        """
        hidden = gone[self.rows]
        has_hidden = self._sum(hidden & ~self.is_margin) > 0
        is_open = self._sum(self.is_margin & ~hidden) > 0
        sign = np.where(self.is_margin, 1, -1)
        held = persons[self.rows] * hidden
        largest, k = np.zeros(len(is_open)), np.zeros(len(is_open))
        np.maximum.at(largest, self.of, held)
        np.maximum.at(k, self.of, fewest[self.rows])
        adds_up = np.abs(self._sum(sign * persons[self.rows])) < 0.5
        few = _is_small(np.where(adds_up, self._sum(held), largest), k)
        for figure in counted.T[1:]:
            few |= _is_small(self._sum(np.nan_to_num(sign * figure[self.rows]) * ~hidden), k) & has_hidden
        found: NDArray[np.bool_] = is_open & few
        return found

    def tells_of_a_change(self, gone: NDArray[np.bool_], change: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Of each line: whether its hidden cells are known to have changed by fewer than CHANGE people."""
        hidden, known = gone[self.rows], ~np.isnan(change[self.rows])
        has_hidden = self._sum(hidden & ~self.is_margin) > 0
        is_open = self._sum(self.is_margin & ~hidden & known) > 0
        signed = np.where(self.is_margin, 1, -1) * np.nan_to_num(change[self.rows]) * ~hidden
        found: NDArray[np.bool_] = is_open & has_hidden & _is_small(np.abs(self._sum(signed)), CHANGE)
        return found

    def of_quantities(self, frame: pd.DataFrame) -> Lines:
        """These lines for the ledger, which finds out by which figures each metric's add up."""
        metric = pd.factorize(frame["metric"])[0]
        return Lines(self.rows, self.of, self.is_margin, metric[self.rows])

    def _sum(self, numbers: NDArray[Any]) -> NDArray[np.float64]:
        return np.bincount(self.of, numbers.astype(float), minlength=1).astype(float)


def _over(additive: Mapping[str, Collection[str]]) -> dict[str, list[str]]:
    """Dimension -> the metrics whose cells add up over it."""
    dimensions = sorted({name for over in additive.values() for name in over})
    return {name: [metric for metric, over in additive.items() if name in over] for name in dimensions}


def _lines(frame: pd.DataFrame, dimension: str, metrics: Collection[str]) -> _Lines:
    """The lines over `dimension` of these metrics."""
    size = frame["persons"].mask(is_of_survey(frame), frame["numerator"])
    part = frame.assign(place=np.arange(len(frame)), is_margin=frame[dimension].isna(), size=size)
    part = part[part["metric"].isin(metrics)].sort_values(
        ["is_margin", "size", dimension, "place"], kind="stable"
    )
    same = [name for name in (*KEYS, *DIMENSIONS) if name != dimension]
    line = part.groupby(same, dropna=False, sort=False, observed=True).ngroup().to_numpy()
    has_cells = np.bincount(line, ~part["is_margin"], minlength=1) > 0
    kept = has_cells[line]
    return _Lines(part["place"].to_numpy()[kept], line[kept], part["is_margin"].to_numpy(dtype=bool)[kept])


def hide(frame: pd.DataFrame, rows: pd.Series) -> pd.DataFrame:
    """A copy in which `rows` say `suppressed` and nothing else; all measures are floats then."""
    hidden = frame.copy()
    hidden["status"] = frame["status"].astype(object).mask(rows, "suppressed")
    hidden["flags"] = frame["flags"].astype(object).mask(rows, None)
    for name in MEASURES:
        hidden[name] = frame[name].astype(float).mask(rows)
    return hidden


def hide_notes(hidden: pd.DataFrame, unknown: NDArray[np.bool_]) -> pd.DataFrame:
    """`hidden` without what its rows say of groups beside their own that are not told.

    The share of unknown affiliation tells how many that are; unknown: rows in which it must not. The share
    of people whose region is known tells how many are in the region `unknown`, and of these how many there
    are in all: it is told where both are, of all levels that it is about.
    """
    noted = hidden.copy()
    noted["unknown_affiliation_share"] = hidden["unknown_affiliation_share"].mask(unknown)
    metric = hidden["metric"].astype(object)
    of_all = (metric == "active_contributors") & (hidden["grain"] == "month") & hidden["level"].isna()
    metric = metric.mask(of_all, "active_contributors_by_region")
    same = [name for name in (*KEYS, *DIMENSIONS) if name not in ("metric", "region", "country", "level")]
    is_gone = (hidden["status"] == "suppressed") & hidden["country"].isna()
    is_gone &= hidden["region"].isna() | (hidden["region"] == "unknown")
    told = is_gone.groupby([metric, *(hidden[name] for name in same)], dropna=False, observed=True)
    noted["coverage"] = hidden["coverage"].mask(hidden["region"].notna() & told.transform("any"))
    return noted


def round_for_public(frame: pd.DataFrame, kinds: Mapping[str, Kind], to: int = 5) -> pd.DataFrame:
    """A copy in which no number about people is exact.

    Counts go to the nearest multiple of `to` (half of it upwards), shares to whole percent, all other
    values to two significant digits, because a longer ratio gives its two counts away. Every step keeps
    the order of numbers, so that an interval still holds its value. Rows with nobody behind them stay.
    """
    rounded = frame.copy()
    about_people = frame["smallest_group"].notna() | frame["persons"].notna()
    kind = frame["metric"].map(kinds)
    for name in ("numerator", "denominator", "persons"):
        rounded[name] = frame[name].mask(about_people, to_multiple(frame[name], to))
    for name in ("coverage", "unknown_affiliation_share"):
        rounded[name] = frame[name].mask(about_people, to_percent(frame[name]))
    for name in ("value", "ci_low", "ci_high", "value_with_probable"):
        exact = frame[name].astype(float)
        for rows, numbers in (
            (about_people & kind.isin(COUNTS), to_multiple(exact, to)),
            (about_people & (kind == "share"), to_percent(exact)),
            (about_people & kind.isin(["ratio", "signed", "other"]), to_two_digits(exact)),
        ):
            rounded[name] = rounded[name].mask(rows, numbers)
    return rounded


def to_multiple(numbers: pd.Series, to: int) -> pd.Series:
    return (numbers.astype(float) / to + 0.5).map(np.floor) * to


def to_percent(numbers: pd.Series) -> pd.Series:
    return numbers.astype(float).round(2)


def to_two_digits(numbers: pd.Series) -> pd.Series:
    return numbers.astype(float).map(lambda number: float(f"{number:.1e}"))
