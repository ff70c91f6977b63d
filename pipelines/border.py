"""The border: JSON records become typed columns, and people become pseudonyms, before anything is written.

    rows of a page -> `border_columns` -> kept fields
    all pages of a batch -> `batch_table` -> the lake's columns (envelope + kept fields)

Works a column at a time: types are checked as a set, times are parsed by Arrow, and each distinct
identifier is hashed once. Not in here: what is kept (each source's `Stream.keep`), the key of the
pseudonyms (`settings.py`), and whether the rows may be written (`expectations/`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.lake import schema_of
from pipelines.privacy import DIGITS
from pipelines.sources.spec import (
    HASHED,
    Field,
    Pseudonymise,
    Row,
    SourceChanged,
    Stream,
    json_type,
    parse_day,
    parse_instant,
)

PSEUDONYM = re.compile(rf"[0-9a-f]{{{DIGITS}}}")

Columns = dict[str, pa.Array]
"""Kept fields by name, each as long as the others."""

Forgotten = Callable[[str], bool]
"""Whether a pseudonym belongs to a person who was erased here: such a person never comes in again."""


def border_columns(stream: Stream, rows: Sequence[Row], hash_of: Pseudonymise) -> Columns:
    """The kept fields of these rows, typed, people as pseudonyms.

    Raises SourceChanged on a value of another type, a required one that is missing, or a record without
    its parts.
    """
    return {name: _column(stream, name, kept, rows, hash_of) for name, kept in stream.keep.items()}


def border_table(
    stream: Stream,
    rows: Sequence[Row],
    hash_of: Pseudonymise,
    batch_id: str,
    fetched_at: datetime,
) -> pa.Table:
    """`border_columns` and `batch_table` for rows that are all there."""
    return batch_table(stream, [border_columns(stream, rows, hash_of)], batch_id, fetched_at)


def batch_table(
    stream: Stream,
    parts: Sequence[Columns],
    batch_id: str,
    fetched_at: datetime,
    forgotten: Forgotten | None = None,
) -> pa.Table:
    """The parts one after the other, in the lake's columns; of a key met twice the last row stays.

    fetched_at: UTC, also the version of a record whose source gives none. `_row_hash` is still empty.
    A person who was forgotten loses the column; a row that is nothing without that column is left out.
    """
    columns = {name: pa.concat_arrays([part[name] for part in parts]) for name in stream.keep}
    if forgotten is not None:
        columns, _ = without(stream, columns, forgotten)
    return table_of(stream, columns, batch_id, fetched_at)


def table_of(
    stream: Stream,
    columns: Columns,
    batch_id: str,
    fetched_at: datetime,
    *,
    keys: pa.Array | None = None,
    is_deleted: bool = False,
) -> pa.Table:
    """Ready columns (typed, identifiers hashed) -> the lake's columns; of a key met twice the last row stays.

    keys: made of the stream's key columns unless given.
    """
    keys = _keys(stream, columns) if keys is None else keys
    if pc.count_distinct(keys).as_py() < len(keys):
        places = pa.array(sorted(dict(zip(keys.to_pylist(), range(len(keys)), strict=True)).values()))
        keys, columns = keys.take(places), {name: column.take(places) for name, column in columns.items()}
    schema = schema_of(stream)

    def constant(name: str, value: Any) -> pa.Array:
        return pa.repeat(pa.scalar(value, schema.field(name).type), len(keys))

    fetched = constant("_fetched_at", fetched_at)
    version = columns[stream.version_at].fill_null(fetched[0]) if stream.version_at and len(keys) else fetched
    envelope = {
        "_key": keys,
        "_version_at": version,
        "_fetched_at": fetched,
        "_batch_id": constant("_batch_id", batch_id),
        "_is_deleted": constant("_is_deleted", is_deleted),
        "_row_hash": constant("_row_hash", ""),
    }
    return pa.table([{**envelope, **columns}[field.name] for field in schema], schema=schema)


def quarantined(stream: Stream, row: Row, hash_of: Pseudonymise, forgotten: Forgotten | None = None) -> Row:
    """A row of a refused batch: kept fields as they came, identifiers hashed, odd values by type alone.

    Who was forgotten does not come back this way either.
    """
    out: Row = {}
    for name, kept in stream.keep.items():
        value = row.get(name)
        if value is not None and not isinstance(value, kept.accepts):
            out[name] = {"unexpected": json_type(value)}
        elif kept.pseudonym_of is not None and value is not None:
            out[name] = _hashed(kept.pseudonym_of, value, hash_of)
        else:
            out[name] = value
    if forgotten is not None:
        for name in stream.keep:
            if isinstance(out[name], str):
                out[name] = PSEUDONYM.sub(lambda found: "" if forgotten(found[0]) else found[0], out[name])
    return out


# --- Columns ----------------------------------------------------------------------------------


def _keys(stream: Stream, columns: Columns) -> pa.Array:
    parts = [columns[name].cast(pa.string()) for name in stream.key]
    if len(parts) == 1:
        return parts[0].fill_null("")
    return pc.binary_join_element_wise(*parts, "|", null_handling="replace", null_replacement="")


def _column(stream: Stream, name: str, kept: Field, rows: Sequence[Row], hash_of: Pseudonymise) -> pa.Array:
    values = _values(name, rows)
    if kept.parse is not None:
        values = [None if value == "" else value for value in values]
    types = set(map(type, values))
    if kept.required and type(None) in types:
        row = rows[values.index(None)]
        came = "null" if name in row else "nothing"
        raise SourceChanged(f"`{name}` in every record", came, stream.name)
    for kind in types - {type(None)}:
        if not issubclass(kind, kept.accepts) or (kind is bool and bool not in kept.accepts):
            expected = " or ".join(json_type(of()) for of in kept.accepts)
            odd = next(value for value in values if type(value) is kind)
            raise SourceChanged(f"`{name}` as {expected}", json_type(odd), stream.name)
    if kept.pseudonym_of is not None:
        return _pseudonyms(stream, name, kept, values, hash_of)
    if kept.parse is not None:
        return _parsed(stream, name, kept, values)
    try:
        return pa.array(values, kept.type)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as error:
        raise SourceChanged(
            "values that fit their declared types", type(error).__name__, stream.name
        ) from None


def _values(name: str, rows: Sequence[Row]) -> list[Any]:
    """The field of each row, None where it is not; asked first as if it were everywhere, a fifth faster."""
    try:
        return list(map(itemgetter(name), rows))
    except KeyError:
        return [row.get(name) for row in rows]


def _pseudonyms(stream: Stream, name: str, kept: Field, values: list[Any], hash_of: Pseudonymise) -> pa.Array:
    kind = kept.pseudonym_of
    assert kind is not None
    hashed = {value: _hashed(kind, value, hash_of) for value in set(values)}
    if any(value is not None and hashed[value] is None and kind == HASHED for value in hashed):
        raise SourceChanged(f"`{name}` as pseudonyms", "another text", stream.name)
    if kept.required and None in hashed.values():
        raise SourceChanged(f"`{name}` in every record", "an empty text", stream.name)
    return pa.array([hashed[value] for value in values], kept.type)


def _hashed(kind: str, value: Any, hash_of: Pseudonymise) -> str | None:
    """The pseudonym of a value; of one that should be made already, itself, or None when it is none."""
    if kind != HASHED:
        return hash_of(kind, value)
    return value if isinstance(value, str) and PSEUDONYM.fullmatch(value) else None


def _parsed(stream: Stream, name: str, kept: Field, values: list[Any]) -> pa.Array:
    """Instants and days by Arrow; whatever Arrow does not read goes through the field's own parser."""
    assert kept.parse is not None
    try:
        if kept.parse is parse_instant:
            return pa.array(values, pa.string()).cast(kept.type)
        if kept.parse is parse_day:
            return pc.utf8_slice_codeunits(pa.array(values, pa.string()), 0, 10).cast(kept.type)
    except pa.ArrowInvalid:
        pass
    try:
        return pa.array([None if value is None else kept.parse(value) for value in values], kept.type)
    except ValueError:
        raise SourceChanged(f"`{name}` as a {kept.type}", "a text that is none", stream.name) from None


def beside(stream: Stream, columns: Columns, forgotten: Forgotten) -> set[str]:
    """Pseudonyms that stand in a row as the same person's as one that was forgotten, and are not yet so."""
    found: set[str] = set()
    for group in stream.same_person:
        listed = [columns[name].to_pylist() for name in group]
        people = set(zip(*listed, strict=True))
        known = {one: forgotten(one) for person in people for one in person if one}
        found |= {
            one
            for person in people
            if any(known.get(each) for each in person)
            for one in person
            if one and not known[one]
        }
    return found


def without(stream: Stream, columns: Columns, forgotten: Forgotten) -> tuple[Columns, pa.Array | None]:
    """The columns without those who were forgotten, and which rows stay (None: all of them)."""
    staying = None
    columns = dict(columns)
    for name, kept in stream.keep.items():
        if kept.pseudonym_of is None:
            continue
        gone = {value for value in columns[name].unique().to_pylist() if value and forgotten(value)}
        if not gone:
            continue
        here = pc.is_in(columns[name], value_set=pa.array(sorted(gone), pa.string()))
        if kept.required:
            staying = pc.invert(here) if staying is None else pc.and_(staying, pc.invert(here))
        else:
            columns[name] = pc.if_else(here, pa.scalar(None, pa.string()), columns[name])
    for name in stream.embeds:
        values = columns[name].to_pylist()
        cleared = [
            value and PSEUDONYM.sub(lambda m: "" if forgotten(m[0]) else m[0], value) for value in values
        ]
        columns[name] = pa.array(cleared, pa.string())
    if staying is not None:
        columns = {name: column.filter(staying) for name, column in columns.items()}
    return columns, staying
