"""What sqlfluff's Jinja sees in place of dbt, so that SQL is linted without a database.

In here: the cross-database macros that the models use, as DuckDB has them, and the parameters of
`dbt_project.yml`. Not in here: sources, references and our own macros, which sqlfluff knows or reads itself.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml

_PROJECT = yaml.safe_load((Path(__file__).resolve().parent.parent / "dbt_project.yml").read_text())

execute = False


def var(name: str, default: Any = None) -> Any:
    return _PROJECT["vars"].get(name, default)


def local_md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def tojson(value: Any, sort_keys: bool = False) -> str:
    return json.dumps(value, sort_keys=sort_keys)


dbt = SimpleNamespace(
    type_timestamp=lambda: "timestamp",
    type_string=lambda: "varchar",
    type_float=lambda: "double",
    date_trunc=lambda part, of: f"date_trunc('{part}', {of})",
    dateadd=lambda part, count, to: f"{to} + interval {count} {part}",
    datediff=lambda first, second, part: f"date_diff('{part}', {first}, {second})",
    hash=lambda of: f"md5({of})",
    listagg=lambda of, delimiter, order: f"listagg({of}, {delimiter} {order})",
    position=lambda part, whole: f"position({part} in {whole})",
    split_part=lambda of, delimiter, place: f"split_part({of}, {delimiter}, {place})",
)
_DUCKDB = {
    "due": lambda column, back: "true",
    "date_series": lambda first, last, step: f"unnest(generate_series({first}, {last}, interval 1 {step}))",
    "list_of_rows": lambda columns: f"list(struct_pack({', '.join(columns.values())}))",
    "rows_of": lambda of: f"unnest({of})",
    "each_match": lambda column, pattern: f"unnest(regexp_extract_all({column}, '{pattern}', 1))",
    "each_of": lambda column: f"unnest({column})",
}
adapter = SimpleNamespace(
    dispatch=lambda name, package: _DUCKDB[name],
    quote=lambda name: f'"{name}"',
)
