"""Recomputed values beside the stored ones: the same columns in the same form, and what differs.

Numbers agree to 1e-9, so counts agree exactly. In here: two tables of values.
Not in here: how either is made.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from tests.whole.recompute import DIMENSIONS, NUMBERS

KEY = ["metric", *DIMENSIONS]
SLICES = ("category", "level", "source", "region", "area", "attribute", "population")
MOST = 1e-9


def values(path: Path, table: str) -> pd.DataFrame:
    with duckdb.connect(str(path), read_only=True) as warehouse:
        return warehouse.sql(f"from {table}").df()


def comparable(table: pd.DataFrame) -> pd.DataFrame:
    """Dimensions and flags as text ('': none), numbers as floats."""
    texts = {name: _texts(table[name]) for name in (*DIMENSIONS, "flags")}
    numbers = (*NUMBERS, "value_with_probable")
    floats = {name: table[name].astype("float64") for name in numbers if name in table}
    return table.assign(**texts, **floats)


def _texts(column: pd.Series) -> pd.Series:
    """Each value as text, made once for all rows that have it."""
    codes, found = pd.factorize(column)
    texts = np.array([*map(str, found), ""], dtype=object)
    return pd.Series(texts[codes], index=column.index)


def of(table: pd.DataFrame, metric: str) -> pd.DataFrame:
    return table[table["metric"] == metric]


def banded(ours: pd.DataFrame, probable: pd.DataFrame) -> pd.DataFrame:
    """Ours with the other side of the identity band: what the same slice is where probable links hold."""
    sides = ours[KEY].merge(probable[[*KEY, "value", "smallest_group"]], on=KEY, how="left")
    sides = sides.set_axis(ours.index)
    groups = pd.DataFrame({"confirmed": ours["smallest_group"], "probable": sides["smallest_group"]})
    # A side with nobody in it gives nobody away.
    smallest = groups.where(groups > 0).min(axis=1).fillna(ours["smallest_group"])
    return ours.assign(
        value_with_probable=sides["value"].where(ours["value"].notna()),
        smallest_group=smallest.where(ours["smallest_group"].notna()),
    )


def differences(ours: pd.DataFrame, theirs: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Rows of both tables that differ in one of the columns: the key, the column, both values."""
    both = ours.merge(theirs, on=KEY, suffixes=("_ours", "_theirs"), validate="one_to_one")
    found = []
    for name in columns:
        here, there = both[f"{name}_ours"], both[f"{name}_theirs"]
        same = (here - there).abs() <= MOST if name in (*NUMBERS, "value_with_probable") else here == there
        odd = ~(same | (here.isna() & there.isna()))
        row = {"column": name, "ours": here[odd], "theirs": there[odd]}
        found.append(both.loc[odd, KEY].assign(**row).astype(object))
    return pd.concat(found, ignore_index=True)


def slices(ours: pd.DataFrame, theirs: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows that only we have, but for those that may be left out, and rows that only they have."""
    both = ours[[*KEY, "is_optional"]].merge(theirs[KEY], on=KEY, how="outer", indicator="where")
    missing = both[(both["where"] == "left_only") & ~both["is_optional"].eq(True)]
    return missing, both[both["where"] == "right_only"]


def beside(ours: pd.DataFrame, theirs: pd.DataFrame) -> pd.DataFrame:
    """What is stored of the slices of a recounted metric, each with what we counted: `value_ours`, ..."""
    others = [name for name in DIMENSIONS if name not in ours]
    theirs = theirs[(theirs[others] == "").all(axis=1) & theirs["value"].notna()]
    ours = comparable(ours.reindex(columns=["metric", *DIMENSIONS, *NUMBERS, "flags"]))
    for name in SLICES:
        theirs = theirs[theirs[name].isin(set(ours[name]))]
    return theirs.merge(ours, on=KEY, how="left", suffixes=("_theirs", "_ours"))


def unequal(both: pd.DataFrame, name: str) -> pd.DataFrame:
    """Rows of `beside` in which we counted something else."""
    here, there = f"{name}_ours", f"{name}_theirs"
    return both.loc[~((both[here] - both[there]).abs() <= MOST), [*KEY, here, there]]


def told(rows: pd.DataFrame) -> str:
    """The first rows without the dimensions that none of them has."""
    first = rows.head(20)
    return f"{len(rows)} rows:\n{first.loc[:, (first != '').any()].to_string(index=False)}"
