"""A reader who wants to know how many people are behind a hidden number, and calculates.

Of one published file it has every row, hidden ones too. Of the metrics it knows what they mean: which figures
are the same people in several tables, which cells add up to which margin, who is inside whom (`Meaning`).
That is read from a warehouse, where every figure can be seen and a belief that is false is found out.

All of it becomes linear constraints on unknown numbers, and linear programming finds the least and the
greatest number of people that each group can have (`groups`). Not in here: which groups may be found
(`test_attack.py`).

    figure     a number of people or acts in one row: COUNTED, and those of unknown affiliation
    family     figures of the same kind: metric, grain, figure, and what it is told of
    quantity   what the figures of all families that mean the same tell of one place and period
    group      whom a hidden quantity counts, all of a line's together, or one population without another
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csr_array, vstack
from scipy.sparse.csgraph import connected_components

from pipelines.disclosure import COUNTED, NESTED, SURVEY_ATTRIBUTES, SURVEY_K, kind_of
from pipelines.metric_shape import DIMENSIONS, KEYS

KINDS = ("level", "resource", "outcome", "attribute", "category")
"""Dimensions of which each value makes another family; the others say of whom, or where."""
PLACES = tuple(name for name in DIMENSIONS if name not in KINDS)
SLICE = [*KEYS, *DIMENSIONS]
FIGURES = (*COUNTED, "unknown")

SEEN = 12
"""In so many places at least must two figures, or cells and their margin, agree to be taken for the same."""

ANY = "any"
Table = tuple[str, str, Mapping[str, Any]]
"""metric, grain, and of which dimensions a value (or several, or any); of the others but area and population
the rows that are not split by them."""

LEVELS = "activity_level_distribution"
ACROSS: tuple[tuple[Table, tuple[Table, ...]], ...] = (
    (
        ("active_contributors", "month", {}),
        (("new_contributors", "month", {}), ("returning_contributors", "month", {})),
    ),
    (("active_contributors", "month", {}), (("active_contributors_by_region", "month", {"region": ANY}),)),
    (
        ("active_contributors", "trailing_90d", {}),
        ((LEVELS, "month", {"level": ("core", "regular", "casual")}),),
    ),
    (
        ("active_contributors", "trailing_180d", {}),
        ((LEVELS, "month", {"level": ("core", "regular", "casual", "drifting")}),),
    ),
    (
        ("contributor_net_flow", "month", {"category": "arrived"}),
        (
            ("new_contributors", "month", {}),
            ("returning_contributors", "month", {"category": "reactivated"}),
        ),
    ),
)
"""A whole and the tables that add up to it (catalogue 12), by persons and with probable links."""

WINDOWS = ("month", "trailing_90d", "trailing_180d", "trailing_365d")
"""Windows of which each is inside the next one that ends at the same time."""

OVERLAP = ("source", "role", "locale")
"""Who leads may hold several roles and counts once in all (catalogue 5): over these its metrics add up by
chance alone."""

Numbers = NDArray[np.float64]
Sum = tuple[str, str, str]


@dataclass(frozen=True)
class Meaning:
    """What a reader knows of the metrics.

    same: family -> the one that stands for all that mean the same. sums: metric, dimension and figure -> are
    the cells all of their margin (else there may be more). inside: those whose cells overlap, each a part
    of the margin; of populations, `part in whole`. across: which of ACROSS hold, by
    figure and population.
    """

    same: Mapping[str, str]
    sums: Mapping[Sum, bool]
    inside: frozenset[Sum]
    across: frozenset[tuple[int, str]]
    covered: frozenset[tuple[str, bool]]


def figures_of(rows: pd.DataFrame, units: Mapping[str, str]) -> pd.DataFrame:
    """One row a figure: its slice, `row`, `figure`, `number` (null: hidden), `family` and `place` as texts.

    rows: values of metrics, as published or as in the warehouse. Of a hidden row all figures that its like
    ever have.
    """
    rows = rows.reset_index(drop=True)
    rows[SLICE] = rows[SLICE].astype(object).where(rows[SLICE].notna(), "").astype(str)
    rows[list(COUNTED)] = rows[list(COUNTED)].astype(float)
    counts = rows["metric"].map(units).map(kind_of) == "count"
    rows[["value", "value_with_probable"]] = rows[["value", "value_with_probable"]].where(counts)
    rows["unknown"] = rows["persons"] * rows["unknown_affiliation_share"].astype(float)
    told_of = [rows[name].where(rows[name] == "", name) for name in PLACES]
    rows["kind"] = pd.concat([rows[["metric", "grain", *KINDS]], *told_of], axis=1).agg("|".join, axis=1)
    rows["place"] = rows[["period_end", *PLACES]].agg("|".join, axis=1)
    rows["row"] = rows.index
    rows = rows[(rows["status"] == "suppressed") | rows["persons"].notna()]
    named = [*SLICE, "row", "kind", "place", "status", "coverage"]
    long = rows.melt(named, list(FIGURES), "figure", "number")
    has = long.groupby(["metric", "figure"])["number"].transform("count") > 0
    of_unknown = long["figure"] == "unknown"
    is_held_back = has & ((long["status"] == "suppressed") | of_unknown)
    long = long[(long["number"].notna() | is_held_back) & (~of_unknown | (long["population"] == "community"))]
    whole = long["number"].round()
    long["number"] = whole.where((whole - long["number"]).abs() < 1e-4, long["number"])
    return long.assign(family=long["figure"] + "|" + long["kind"]).reset_index(drop=True)


# --- What the metrics mean --------------------------------------------------------------------


def meaning(figures: pd.DataFrame) -> Meaning:
    """What holds wherever it can be seen in the figures of a warehouse, where nothing is hidden."""
    figures = figures[figures["number"].notna()]
    sums, inside, across = {}, set(), set()
    for metric, rows in figures.groupby("metric"):
        for dimension in (name for name in DIMENSIONS if (rows[name] != "").any() and name != "population"):
            lines = lines_over(rows, dimension)
            by_line = lines[~lines["is_margin"]].groupby("line")["number"]
            seen = lines[lines["is_margin"]].set_index("line")[["figure", "number"]]
            seen = seen.assign(sum=by_line.sum(), most=by_line.max(), cells=by_line.size()).dropna()
            for figure, one in seen.groupby("figure"):
                if len(one) >= SEEN and (one["most"] <= one["number"]).all():
                    inside.add((str(metric), dimension, str(figure)))
                    if dimension in OVERLAP and "leader" in str(metric):
                        continue
                    if (one["sum"] <= one["number"]).all() and (one["cells"] > 1).sum() >= SEEN / 2:
                        is_all = (one["sum"] == one["number"]).all()
                        sums[str(metric), dimension, str(figure)] = bool(is_all)
        for whole, part, _ in NESTED:
            for figure, one in pairs(rows, "population", whole, part).groupby("figure"):
                if (one["number_part"] <= one["number_whole"]).all():
                    inside.add((str(metric), f"{part} in {whole}", str(figure)))
    for number, figure, one in sums_across(figures):
        apart = one["number"].where(one["sign"] > 0, -one["number"]).groupby(one["line"]).sum()
        if len(apart) >= SEEN and (apart == 0).all():
            across.add((number, figure))
    covered = set()
    for metric, by_level, one in regions_with_coverage(figures):
        unknown = one["number"].where(one["region"] == "unknown", 0).groupby(one["line"]).sum()
        told = (one["number"] * (1 - one["covered"])).groupby(one["line"]).sum()
        if len(told) >= SEEN and ((unknown - told).abs() < 1e-6).all():
            covered.add((metric, by_level))
    return Meaning(_same(figures), sums, frozenset(inside), frozenset(across), frozenset(covered))


def _same(figures: pd.DataFrame) -> dict[str, str]:
    """Family -> its stand-in, for families that agree wherever both tell a number, and not by chance.

    A family joins the first class that it never contradicts.
    """
    same = {}
    for _, rows in figures.groupby(figures["kind"].str.split("|").str[2 + len(KINDS) :].str.join("|")):
        table = rows.pivot_table(index="place", columns="family", values="number", aggfunc="first")
        numbers, known = table.to_numpy(), np.zeros((len(table), 0))
        classes: list[str] = []
        for family, column in zip(table.columns, numbers.T, strict=True):
            both = ~np.isnan(known) & ~np.isnan(column)[:, None]
            agree = ~(both & (known != column[:, None])).any(axis=0) & (both.sum(axis=0) >= SEEN)
            fits = [at for at in np.flatnonzero(agree) if len(set(column[both[:, at]])) > 3]
            if fits:
                known[:, fits[0]] = np.where(np.isnan(column), known[:, fits[0]], column)
                same[str(family)] = classes[fits[0]]
            else:
                known = np.column_stack([known, column])
                classes.append(str(family))
    return same


def lines_over(rows: pd.DataFrame, dimension: str) -> pd.DataFrame:
    """The rows that are a margin over a dimension or one of its cells, with `line` and `is_margin`."""
    others = [name for name in [*SLICE, "figure"] if name != dimension]
    lines = rows.assign(line=rows.groupby(others, sort=False).ngroup(), is_margin=rows[dimension] == "")
    has = lines.groupby("line")["is_margin"].agg(["any", "all"])
    return lines[lines["line"].map(has["any"] & ~has["all"])]


def pairs(rows: pd.DataFrame, dimension: str, whole: str, part: str) -> pd.DataFrame:
    """Figures with one value of a dimension beside those with another one, everything else the same."""
    others = [name for name in [*SLICE, "figure"] if name not in (dimension, "period_start")]
    others = others if dimension == "grain" else [*others, "period_start"]
    wholes, parts = (rows[rows[dimension] == name] for name in (whole, part))
    return wholes.merge(parts, on=others, suffixes=("_whole", "_part"))


def sums_across(figures: pd.DataFrame) -> Iterator[tuple[int, str, pd.DataFrame]]:
    """Of each of ACROSS and figure: the rows with `line` and `sign`, 1 of the whole and -1 of its parts."""
    here = ["period_end", "area", "population"]
    for number, (whole, parts) in enumerate(ACROSS):
        for figure in ("value", "value_with_probable"):
            tables = [
                _of(figures, table, figure).assign(sign=sign, part=at)
                for at, (table, sign) in enumerate([(whole, 1), *((part, -1) for part in parts)])
            ]
            rows = pd.concat(tables)
            line = rows.groupby(here, sort=False).ngroup()
            is_told_by_all = rows.groupby(line)["part"].transform("nunique") == len(tables)
            for population, one in rows.assign(line=line)[is_told_by_all].groupby("population"):
                yield number, f"{figure} of {population}", one


def _of(figures: pd.DataFrame, table: Table, figure: str) -> pd.DataFrame:
    metric, grain, where = table
    if metric == "contributor_net_flow" and figure == "value":
        figure = "persons"
    rows = figures[
        (figures["metric"] == metric) & (figures["grain"] == grain) & (figures["figure"] == figure)
    ]
    for name in DIMENSIONS:
        allowed = where.get(name, "")
        if name in ("area", "population"):
            continue
        if allowed == ANY:
            rows = rows[rows[name] != ""]
        else:
            rows = rows[rows[name].isin([allowed] if isinstance(allowed, str) else allowed)]
    return rows


# --- What a file tells ------------------------------------------------------------------------


@dataclass(frozen=True)
class Told:
    """Constraints on quantities: low <= terms @ numbers <= high, least <= numbers <= most.

    names: of the quantities. wanted: weights of the groups to be found, `about`: what each of them is, `k`:
    how few people it must not be known to have.
    """

    names: list[str]
    least: Numbers
    most: Numbers
    terms: csr_array
    low: Numbers
    high: Numbers
    wanted: csr_array
    about: list[str]
    k: Numbers


class _Rows:
    """A sparse matrix that is made row by row, or many rows at once."""

    def __init__(self) -> None:
        self.parts: list[tuple[NDArray[Any], NDArray[Any], NDArray[Any]]] = []
        self.length = 0
        self.low: list[Numbers] = []
        self.high: list[Numbers] = []
        self.about: list[str] = []

    def add(self, line: Any, quantity: Any, weight: Any, low: float, high: float, about: str) -> None:
        """line: which terms belong together. about: what the rows are."""
        _, of = np.unique(np.asarray(line), return_inverse=True)
        number = int(of.max()) + 1 if len(of) else 0
        weights = np.broadcast_to(np.asarray(weight, dtype=float), of.shape)
        self.parts.append((of + self.length, np.asarray(quantity), weights))
        self.low.append(np.full(number, low))
        self.high.append(np.full(number, high))
        self.about += [about] * number
        self.length += number

    def matrix(self, width: int) -> csr_array:
        of, quantity, weight = (np.concatenate(one) for one in zip(*self.parts, strict=True))
        matrix = csr_array((weight, (of, quantity)), shape=(self.length, width))
        matrix.eliminate_zeros()  # a quantity that is a whole and its own part says nothing
        return matrix


def told(
    figures: pd.DataFrame, known: Meaning, units: Mapping[str, str], rounding: int | None, k: int
) -> Told:
    """What a published file says of its quantities. rounding: of its counts; k: of its groups."""
    family = figures["family"].map(known.same).fillna(figures["family"])
    figures = figures.assign(quantity=pd.factorize(family + " @ " + figures["place"])[0])
    names = (family + " @ " + figures["place"]).groupby(figures["quantity"]).first().tolist()
    least, most = _ranges(figures, len(names), rounding, k)
    told_survey = figures["attribute"].isin(SURVEY_ATTRIBUTES) & (figures["attribute_value"] != "")
    is_of_survey = told_survey.groupby(figures["quantity"]).any().to_numpy()
    terms, wanted = _Rows(), _Rows()
    hidden = np.isnan(
        figures.groupby("quantity")["number"].first().reindex(range(len(names))).to_numpy(float)
    )
    wanted.add(np.flatnonzero(hidden), np.flatnonzero(hidden), 1, 0, 0, "cell")
    for metric, rows in figures.groupby("metric"):
        for dimension in (name for name in DIMENSIONS if (rows[name] != "").any() and name != "population"):
            lines = lines_over(rows, dimension)
            for figure, one in lines.groupby("figure"):
                of = (str(metric), dimension, str(figure))
                if of in known.sums:
                    sign = np.where(one["is_margin"], 1, -1)
                    high = 0 if known.sums[of] else np.inf
                    terms.add(one["line"], one["quantity"], sign, 0, high, f"line {of}")
                    rest = one[~one["is_margin"] & hidden[one["quantity"]]]
                    wanted.add(rest["line"], rest["quantity"], 1, 0, 0, f"rest of {metric} over {dimension}")
                elif of in known.inside:
                    cells = one[~one["is_margin"]].merge(
                        one[one["is_margin"]][["line", "quantity"]], on="line", suffixes=("", "_whole")
                    )
                    _inside(terms, cells["quantity_whole"], cells["quantity"])
        if kind_of(units[str(metric)]) == "share":
            both = rows.pivot_table(index="row", columns="figure", values="quantity", aggfunc="first")
            if {"numerator", "denominator"} <= set(both):
                both = both.dropna(subset=["numerator", "denominator"]).astype(int, errors="ignore")
                _inside(terms, both["denominator"].astype(int), both["numerator"].astype(int))
                of_survey = both[is_of_survey[both["numerator"].astype(int)]]
                _inside(
                    wanted,
                    of_survey["denominator"].astype(int),
                    of_survey["numerator"].astype(int),
                    about=f"another value: {metric}",
                )
        for whole, part, _ in NESTED:
            for figure, one in pairs(rows, "population", whole, part).groupby("figure"):
                if (str(metric), f"{part} in {whole}", str(figure)) in known.inside:
                    quantities = (one["quantity_whole"], one["quantity_part"])
                    _inside(terms, *quantities)
                    _inside(wanted, *quantities, about=f"{whole} without {part}: {metric} {figure}")
        if metric == "active_contributors":
            for part, whole in pairwise(WINDOWS):
                one = pairs(rows[rows["level"] == ""], "grain", whole, part)
                _inside(terms, one["quantity_whole"], one["quantity_part"])
    for number, figure, one in sums_across(figures):
        if (number, figure) in known.across:
            terms.add(one["line"], one["quantity"], one["sign"], 0, 0, "across")
            rest = one[(one["sign"] < 0) & hidden[one["quantity"]]]
            wanted.add(rest["line"], rest["quantity"], 1, 0, 0, f"rest across {ACROSS[number][0][0]}")
    off = 1e-7 if rounding is None else 0.005
    for metric, by_level, one in regions_with_coverage(figures):
        if (metric, by_level) in known.covered:
            is_unknown, left = (one["region"] == "unknown").astype(float), 1 - one["covered"]
            terms.add(one["line"], one["quantity"], is_unknown - left + off, 0, np.inf, "coverage")
            terms.add(one["line"], one["quantity"], left + off - is_unknown, 0, np.inf, "coverage")
    width = len(names)
    asked = wanted.matrix(width)
    return Told(
        names, least, most,
        terms.matrix(width), np.concatenate(terms.low), np.concatenate(terms.high),
        asked, wanted.about, np.where(abs(asked) @ is_of_survey > 0, SURVEY_K, k),
    )  # fmt: skip


def _inside(rows: _Rows, whole: Any, part: Any, about: str = "inside") -> None:
    line = np.arange(len(whole))
    weights = np.repeat([1, -1], len(whole))
    rows.add(np.tile(line, 2), np.concatenate([whole, part]), weights, 0, np.inf, about)


def _ranges(figures: pd.DataFrame, width: int, rounding: int | None, k: int) -> tuple[Numbers, Numbers]:
    """What each quantity can be by the rows that tell it: exact, or within its rounding."""
    number = figures["number"]
    half = 0.0 if rounding is None else rounding / 2
    nobody = (number == 0) & ((rounding is None) | (figures["figure"] == "persons"))
    vague = (figures["figure"] == "unknown") & (rounding is not None)
    low = (number - half).mask(nobody | vague, 0).clip(lower=0)
    high = (number + half).mask(nobody, 0).mask(vague)
    least = low.groupby(figures["quantity"]).max().reindex(range(width)).fillna(0).to_numpy(float)
    most = high.groupby(figures["quantity"]).min().reindex(range(width)).to_numpy(float)
    return least, np.where(np.isnan(most), np.nanmax(most), most)


def regions_with_coverage(figures: pd.DataFrame) -> Iterator[tuple[str, bool, pd.DataFrame]]:
    """Of each metric with coverage: the rows of all regions with `line` and `covered`; its levels apart?

    Coverage beside the rows of regions tells which part of all their persons is in the region `unknown`.
    """
    rows = figures[(figures["figure"] == "persons") & (figures["region"] != "") & (figures["country"] == "")]
    for metric, of_metric in rows.groupby("metric"):
        for by_level in (True, False):
            others = [name for name in SLICE if name != "region" and (by_level or name != "level")]
            line = of_metric.groupby(others, sort=False).ngroup()
            covered = of_metric["coverage"].astype(float).groupby(line).transform("first")
            is_told = covered.notna()
            yield str(metric), by_level, of_metric.assign(line=line, covered=covered)[is_told]


# --- What follows -------------------------------------------------------------------------------

BATCH = 3000
"""About so many unknowns are solved at once: those that hang together, and others for company."""


def groups(said: Told, tries: int = 3) -> pd.DataFrame:
    """The least and the greatest number of people of each group: `about`, `name`, `least`, `most`.

    Whole numbers. Alike: so many they are. Apart: at least so far: the search for a group ends where two
    numbers are found to be possible, or one that is not of 1 to k - 1. `found`: it is known to have so few.
    """
    least, most = said.least.copy(), said.most.copy()
    _subtract(said, least, most)
    free = np.flatnonzero(most - least > 1e-6)
    base = least.copy()
    base[free] = 0
    terms, wanted = said.terms[:, free], said.wanted[:, free]
    low, high = said.low - said.terms @ base, said.high - said.terms @ base
    few, many = said.wanted @ base, said.wanted @ base
    is_open = np.diff(wanted.indptr) > 0
    part = _parts(terms)
    random = np.random.default_rng(0)
    for unknowns in _batches(part):
        mine = np.flatnonzero(is_open & np.isin(_first(wanted), unknowns))
        if not len(mine):
            continue
        rows = np.flatnonzero(np.isin(_first(terms), unknowns))
        solve = _Solver(
            terms[rows][:, unknowns], low[rows], high[rows], least[free[unknowns]], most[free[unknowns]]
        )
        asked, constant = wanted[mine][:, unknowns], few[mine]
        found = _Found(asked, constant, solve, said.k[mine])
        for _ in range(tries):
            found.look(random.uniform(-1, 1, len(unknowns)))
        waiting = found.is_of_few()
        while waiting.any():
            at = np.flatnonzero(waiting)
            turn = at[np.unique(part[unknowns[_first(asked[at])]], return_index=True)[1]]
            found.look(np.asarray(asked[turn].sum(axis=0)).ravel())
            waiting[turn] = False
            waiting &= found.is_of_few()
        few[mine], many[mine] = found.least, found.most
    least, most = np.ceil(few - 1e-4), np.floor(many + 1e-4)
    name = [said.names[at] for at in _first(said.wanted)]
    found = (least == most) & (least >= 1) & (most < said.k)
    return pd.DataFrame({"about": said.about, "name": name, "least": least, "most": most, "found": found})


def _first(matrix: csr_array) -> NDArray[Any]:
    """The column of the first term of each row; -1 where there is none."""
    has = np.diff(matrix.indptr) > 0
    first = np.full(matrix.shape[0], -1)
    first[has] = matrix.indices[matrix.indptr[:-1][has]]
    return first


def _subtract(said: Told, least: Numbers, most: Numbers) -> None:
    """Fix what is alone in an equation, again and again."""
    exact = np.flatnonzero(said.low == said.high)
    terms, right = said.terms[exact], said.low[exact]
    while True:
        free = most - least > 1e-6
        left = terms[:, free]
        alone = np.flatnonzero(np.diff(left.indptr) == 1)
        if not len(alone):
            return
        rest = right[alone] - terms[alone] @ np.where(free, 0, least)
        at = np.flatnonzero(free)[_first(left)[alone]]
        least[at] = most[at] = rest / left.data[left.indptr[alone]]


def _parts(terms: csr_array) -> NDArray[Any]:
    """Of each unknown the number of the part of those that hang together with it."""
    joined = abs(terms.T) @ abs(terms)
    return np.asarray(connected_components(joined, directed=False)[1])


def _batches(part: NDArray[Any]) -> list[NDArray[Any]]:
    """The unknowns in batches of whole parts."""
    order = np.argsort(part, kind="stable")
    ends = np.cumsum(np.bincount(part))
    cuts = ends[np.flatnonzero(np.diff(ends // BATCH))]
    return [one for one in np.split(order, cuts) if len(one)]


class _Solver:
    """The numbers for which a weighted sum is least."""

    def __init__(self, terms: csr_array, low: Numbers, high: Numbers, least: Numbers, most: Numbers) -> None:
        exact = low == high
        above, below = ~exact & np.isfinite(low), ~exact & np.isfinite(high)
        self.facts = {
            "A_eq": terms[exact],
            "b_eq": low[exact],
            "A_ub": vstack([-terms[above], terms[below]]),
            "b_ub": np.concatenate([-low[above], high[below]]) + 1e-7,
            "bounds": np.column_stack([least, most]),
        }

    def __call__(self, weights: Numbers) -> Numbers:
        done = linprog(weights, method="highs-ds", **self.facts)
        assert done.status == 0, f"what the file tells is contradictory: {done.message}"
        return np.asarray(done.x)


class _Found:
    """The least and the greatest number of each group so far."""

    def __init__(self, asked: csr_array, constant: Numbers, solve: _Solver, k: Numbers) -> None:
        self.asked, self.constant, self.solve, self.k = asked, constant, solve, k
        self.least = np.full(len(constant), np.inf)
        self.most = -self.least

    def look(self, weights: Numbers) -> None:
        for sign in (1, -1):
            people = self.asked @ self.solve(sign * weights) + self.constant
            self.least = np.minimum(self.least, people)
            self.most = np.maximum(self.most, people)

    def is_of_few(self) -> NDArray[np.bool_]:
        """Whether each may still turn out to be of one number alone, from 1 to k - 1."""
        least, most = np.ceil(self.least - 1e-4), np.floor(self.most + 1e-4)
        of_few: NDArray[np.bool_] = (most - least < 1) & (least >= 1) & (most < self.k)
        return of_few
