"""What the rows of all tables tell together: the same number in several rows, and sums of numbers.

In here: which hidden numbers a reader works out by subtracting, across tables too, and which rows must go so
that none of these is of a small group (catalogue 0.7: no cell can be got by subtracting two views). Not in
here: which cells are too small in themselves (`disclosure.py`); what a better mathematician finds, which
`tests/whole/test_attack.py` asks.

    figure     a number of people or acts in one row
    family     figures of the same kind: of one metric, of one level, category and so on
    quantity   what all figures tell of one place and period whose families mean the same
    line       quantities of which the first are the sum of the others
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.metric_shape import DIMENSIONS

Numbers = NDArray[np.float64]
Places = NDArray[np.integer[Any]]
Flags = NDArray[np.bool_]

KINDS = ("level", "resource", "outcome", "attribute", "category")
"""Dimensions of which each value makes another family; the others say of whom, or where."""
PLACES = tuple(name for name in DIMENSIONS if name not in KINDS)

AGREE = 12
"""In so many places at least do families agree that mean the same, and contradict each other in none."""


@dataclass(frozen=True)
class Table:
    """Rows of a metric that are split by area and population, and by what is named, and by nothing else.

    levels: its rows of these. by_region: its rows of all regions.
    """

    metric: str
    grain: str = "month"
    category: str | None = None
    levels: tuple[str, ...] = ()
    by_region: bool = False

    def rows(self, frame: pd.DataFrame) -> Flags:
        """Which rows of a frame are of it."""
        found = (frame["metric"] == self.metric) & (frame["grain"] == self.grain)
        kept = frame[found]
        named = {
            "level": kept["level"].isin(self.levels) if self.levels else kept["level"].isna(),
            "category": kept["category"] == self.category if self.category else kept["category"].isna(),
            "region": kept["region"].notna() if self.by_region else kept["region"].isna(),
        }
        others = [name for name in DIMENSIONS if name not in ("area", "population", *named)]
        is_of = kept[others].isna().all(axis=1) & pd.DataFrame(named).all(axis=1)
        return np.asarray(is_of.reindex(frame.index, fill_value=False), dtype=bool)


@dataclass(frozen=True)
class Sum:
    """Tables that add up to one. of_all: of all people, and of a population only if nobody changed sides."""

    whole: Table
    parts: tuple[Table, ...]
    of_all: bool = False


_ACTIVE, _LEVELS = "active_contributors", "activity_level_distribution"
ACROSS = (
    Sum(Table(_ACTIVE), (Table("new_contributors"), Table("returning_contributors"))),
    Sum(Table(_ACTIVE), (Table("active_contributors_by_region", by_region=True),)),
    Sum(
        Table(_ACTIVE, "trailing_90d"),
        (Table(_LEVELS, levels=("core", "regular", "casual")),),
        of_all=True,
    ),
    Sum(
        Table(_ACTIVE, "trailing_180d"),
        (Table(_ACTIVE, "trailing_90d"), Table(_LEVELS, levels=("drifting",))),
        of_all=True,
    ),
    Sum(
        Table("contributor_net_flow", category="arrived"),
        (Table("new_contributors"), Table("returning_contributors", category="reactivated")),
        of_all=True,
    ),
    Sum(
        Table(_ACTIVE),
        (
            Table("contributor_net_flow", category="arrived"),
            Table("returning_contributors", category="continuing"),
        ),
        of_all=True,
    ),
)
"""Sums across tables, by persons (catalogue 3 and 12)."""


@dataclass(frozen=True)
class Lines:
    """Rows that add up, by any of their figures. rows: places in the frame; of: the line of each of them.

    Within a line in the order in which rows would be hidden. is_whole: the sum of the others. metric: a
    number of what each row's line is a sum of; figures that do not add up there are told apart by it.
    """

    rows: Places
    of: Places
    is_whole: Flags
    metric: Places


@dataclass(frozen=True)
class Ledger:
    """All quantities of a frame: `number` and the least group that may be told, `k`, of each.

    row, quantity: which rows tell which; what stands in a row as a note can be hidden alone, and counts as a
    row of its own behind all rows. entry_of, entry, sign: the lines, 1 for a whole and -1 for a part,
    entries of a line in the order in which they go into hiding. whole, part, gives_way: quantities of
    populations inside one another.
    """

    number: Numbers
    k: Numbers
    row: Places
    quantity: Places
    entry_of: Places
    entry: Places
    sign: Numbers
    whole: Places
    part: Places
    gives_way: Places

    def hide(self, gone: Flags) -> Flags:
        """The rows to hide so that no sum or difference gives a small group away. gone: hidden already.

        Both are of all rows and then of the note of each.
        """
        rows = len(gone) // 2
        gone = gone.copy()
        while True:
            gone[rows:] |= gone[:rows]
            shown = self._of_rows(~gone)
            known, by = self._worked_out(shown)
            to_hide, lines = self._telling(known, shown, by)
            to_hide |= self._first_shown(lines, shown, by)
            if not to_hide.any():
                return gone
            gone[self.row[to_hide[self.quantity]]] = True

    def _of_rows(self, rows: Flags) -> Flags:
        return np.bincount(self.quantity, rows[self.row], minlength=len(self.number)) > 0

    def _worked_out(self, shown: Flags) -> tuple[Flags, Places]:
        """Which quantities are known when all that stand alone in a line are subtracted; by which line."""
        known, by = shown.copy(), np.full(len(shown), -1)
        while True:
            unknown = ~known[self.entry]
            alone = self._sum(unknown)[self.entry_of] == 1
            found = unknown & alone
            if not found.any():
                return known, by
            known[self.entry[found]] = True
            by[self.entry[found]] = self.entry_of[found]

    def _telling(self, known: Flags, shown: Flags, by: Places) -> tuple[Flags, Flags]:
        """Quantities that must be hidden, and lines in which one more must be."""
        to_hide, lines = np.zeros(len(shown), dtype=bool), np.zeros(self._lines, dtype=bool)
        found = known & ~shown & self._is_small(self.number, self.k)
        lines[by[found]] = True
        unknown = ~known[self.entry]
        rest = np.abs(self._sum(self.sign * np.where(unknown, 0, self.number[self.entry])))
        k = np.zeros(self._lines)
        np.maximum.at(k, self.entry_of, self.k[self.entry])
        whole_is_known = self._sum(unknown & (self.sign > 0)) == 0
        lines |= whole_is_known & (self._sum(unknown) > 0) & self._is_small(rest, k)
        apart = np.abs(self.number[self.whole] - self.number[self.part])
        both = known[self.whole] & known[self.part] & self._is_small(apart, self.k[self.part])
        gives_way = self.gives_way[both]
        to_hide[gives_way[shown[gives_way]]] = True
        lines[by[gives_way[~shown[gives_way]]]] = True
        return to_hide, lines

    def _first_shown(self, lines: Flags, shown: Flags, by: Places) -> Flags:
        """Of each line the first shown quantity of somebody; where none is, of the lines behind it."""
        to_hide = np.zeros(len(shown), dtype=bool)
        done = np.zeros_like(lines)
        while (lines & ~done).any():
            may_go = lines[self.entry_of] & shown[self.entry] & (self.number[self.entry] > 0)
            of, first = np.unique(self.entry_of[may_go], return_index=True)
            to_hide[self.entry[may_go][first]] = True
            done |= lines
            helpless = lines.copy()
            helpless[of] = False
            behind = by[self.entry[helpless[self.entry_of]]]
            lines = np.zeros_like(lines)
            lines[behind[behind >= 0]] = True
            lines &= ~done
        return to_hide

    @property
    def _lines(self) -> int:
        return int(self.entry_of.max(initial=-1)) + 1

    def _sum(self, numbers: NDArray[Any]) -> Numbers:
        return np.bincount(self.entry_of, numbers.astype(float), minlength=self._lines).astype(float)

    @staticmethod
    def _is_small(groups: Numbers, k: Numbers) -> Flags:
        small: Flags = (groups >= 0.5) & (groups < k - 0.5)
        return small


def ledger(
    frame: pd.DataFrame,
    counted: Numbers,
    k: Numbers,
    lines: Collection[Lines],
    populations: Collection[tuple[Places, Places, Places]],
) -> Ledger:
    """The quantities and lines of a frame. counted: a column a figure (NaN: none), the last one the note.

    k: of each row. populations: rows of a whole, of a part of it and of which of them gives way.
    """
    quantity = _quantities(frame, counted)
    row, column = np.nonzero(quantity >= 0)
    size = int(quantity.max(initial=-1)) + 1
    number, least = np.zeros(size), np.zeros(size)
    number[quantity[row, column]] = counted[row, column]
    np.maximum.at(least, quantity[row, column], k[row])
    entry_of, entry, sign = _entries([*lines, *_across(frame)], counted, quantity)
    sides = [
        np.stack([quantity[rows].ravel() for rows in (whole, part, way)]) for whole, part, way in populations
    ]
    whole, part, way = np.concatenate([_NONE, *sides], axis=1)
    both = (whole >= 0) & (part >= 0)
    carrier = np.where(column == counted.shape[1] - 1, row + len(frame), row)
    return Ledger(
        number,
        least,
        carrier,
        quantity[row, column],
        entry_of,
        entry,
        sign,
        whole[both],
        part[both],
        way[both],
    )


def _quantities(frame: pd.DataFrame, counted: Numbers) -> Places:
    """The number of the quantity that each figure of each row tells; -1 where it tells none."""
    place = _groups(frame, ["period_end", *PLACES])
    kind = _groups(frame, ["metric", "grain", *KINDS]) * counted.shape[1]
    split = frame[list(PLACES)].notna().to_numpy() @ (1 << np.arange(len(PLACES)))
    names = np.full(counted.shape, -1)
    for one in np.unique(split):
        rows = np.flatnonzero(split == one)
        row, column = np.nonzero(~np.isnan(counted[rows]))
        at = rows[row]
        family = _classes(kind[at] + column, place[at], counted[at, column])
        names[at, column] = family * (place.max() + 1) + place[at]
    told = names >= 0
    names[told] = np.unique(names[told], return_inverse=True)[1]
    return names


def _groups(frame: pd.DataFrame, names: list[str]) -> Places:
    groups: Places = frame.groupby(names, dropna=False, sort=False, observed=True).ngroup().to_numpy()
    return groups


def _classes(kind: Places, place: Places, number: Numbers) -> Places:
    """Of each figure the family that stands for all that mean the same as its own.

    A family joins the first class that it agrees with in AGREE places and never contradicts, and agreement
    on a few numbers is chance.
    """
    families, family = np.unique(kind, return_inverse=True)
    places, at = np.unique(place, return_inverse=True)
    table = np.full((len(families), len(places)), np.nan)
    table[family, at] = number
    known, first = np.full_like(table, np.nan), np.zeros(len(families), dtype=int)
    classes: list[int] = []
    for one, mine in enumerate(table):
        others = known[: len(classes)]
        both = ~np.isnan(others) & ~np.isnan(mine)
        agree = ~(both & (others != mine)).any(axis=1) & (both.sum(axis=1) >= AGREE)
        fits = [at for at in np.flatnonzero(agree) if len(np.unique(mine[both[at]])) > 3]
        joined = fits[0] if fits else len(classes)
        if not fits:
            classes.append(one)
        known[joined] = np.where(np.isnan(mine), known[joined], mine)
        first[one] = classes[joined]
    return families[first[family]]


def _across(frame: pd.DataFrame) -> list[Lines]:
    """The lines of ACROSS; whether they add up is asked of each population."""
    found = []
    for number, one in enumerate(ACROSS):
        which = np.full(len(frame), -1)
        for at, table in enumerate((one.whole, *one.parts)):
            which[table.rows(frame)] = at
        places = np.flatnonzero(which >= 0)
        rows = frame.iloc[places]
        of = _groups(rows, ["period_end", "area", "population"])
        tables = pd.Series(which[places]).groupby(of).transform("nunique").to_numpy()
        order = np.lexsort((rows["persons"].to_numpy(float), which[places] == 0))
        order = order[tables[order] == 1 + len(one.parts)]
        population = _groups(rows, ["population"]) * len(ACROSS) + number
        found.append(Lines(places[order], of[order], which[places[order]] == 0, population[order]))
    return found


def _entries(lines: Collection[Lines], counted: Numbers, quantity: Places) -> tuple[Places, Places, Numbers]:
    """The terms of all lines by all figures that add up in every line of their kind."""
    found = [(np.zeros(0, dtype=int), np.zeros(0, dtype=int), np.zeros(0))]
    before = 0
    for one in lines:
        sign = np.where(one.is_whole, 1.0, -1.0)
        number = int(one.of.max(initial=-1)) + 1
        for figure, names in zip(counted.T, quantity.T, strict=True):
            told = names[one.rows] >= 0
            is_whole_told = np.bincount(one.of, told & one.is_whole, minlength=number) > 0
            is_told = is_whole_told & (np.bincount(one.of, ~told, minlength=number) == 0)
            apart = np.bincount(one.of, np.nan_to_num(sign * figure[one.rows]), minlength=number)
            kinds, kind = np.unique(one.metric, return_inverse=True)
            wrong = is_told & (np.abs(apart) >= 0.5)
            adds_up = np.bincount(kind, wrong[one.of], minlength=len(kinds)) == 0
            kept = is_told[one.of] & adds_up[kind]
            found.append((one.of[kept] + before, names[one.rows[kept]], sign[kept]))
            before += number
    of, entry, sign = (np.concatenate(part) for part in zip(*found, strict=True))
    return np.unique(of, return_inverse=True)[1].astype(int), entry, sign


_NONE = np.zeros((3, 0), dtype=int)
