"""The models of the layers that also run on Spark, rendered for it, and what of their SQL it would not take.

Rendered by Jinja alone: no Spark, no dbt-spark, no database. The project's macros are looked up as dbt does
for Spark (`spark__`, else `default__`); of dbt's own there are those that need nothing of an engine. That
what is rendered here is what runs, and gives the same rows, is measured by `make bench PARTS=spark`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import sqlglot
import yaml
from jinja2 import Environment
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokens import Token, TokenType

from pipelines.settings import ROOT

DBT = ROOT / "dbt"
CROSS_DATABASE: dict[str, Callable[..., str]] = {
    "date_trunc": lambda part, of: f"date_trunc('{part}', {of})",
    "hash": lambda of: f"md5(cast({of} as string))",
    "position": lambda part, whole: f"position({part} in {whole})",
    "split_part": lambda of, delimiter, place: f"split_part({of}, {delimiter}, {place})",
    "type_float": lambda: "float",
    "type_string": lambda: "string",
    "type_timestamp": lambda: "timestamp",
}
"""dbt's own macros, as dbt-spark has them; the others are the project's (`engines.sql`)."""

LAYERS = ("staging", "intermediate", "marts")
DUCKDB_ONLY = {"tables.sql"}
"""Macros that no model calls: how DuckDB's tables come to be."""

FUNCTIONS = {
    "array_contains", "array_join", "array_sort", "bit_count", "bit_or", "cast", "coalesce",
    "collect_list", "count", "date_trunc", "datediff", "explode", "extract", "greatest",
    "identity_clusters", "inline", "lag", "lead", "least", "ln", "lower", "max", "md5", "min",
    "named_struct", "nullif", "position", "power", "pseudonym", "regexp_extract_all", "replace",
    "row_number", "sequence", "split_part", "struct", "substr", "sum", "timestampadd", "timestampdiff",
    "transform", "trim",
}  # fmt: skip
"""Functions known to be the same on both engines, or to be Spark's of a macro. A new one belongs in here once
`make bench PARTS=spark` has shown that it gives the same rows."""

WORDS = {
    "and", "as", "by", "decimal", "distinct", "from", "in", "join", "not", "on", "or", "over", "select",
    "then", "when", "where",
}  # fmt: skip
"""What may stand before a bracket besides a function."""

TYPES = {"bigint", "boolean", "date", "decimal", "double", "float", "integer", "string", "timestamp"}

SIGNS = {
    TokenType.DCOLON: "::",
    TokenType.L_BRACKET: "[",
    TokenType.CARET: "^",
    TokenType.QUALIFY: "qualify",
}


def models() -> list[Path]:
    return sorted(path for layer in LAYERS for path in (DBT / "models" / layer).rglob("*.sql"))


def rendered(model: Path) -> str:
    """The SQL of a model as dbt would give it to Spark; `layers.x` stands for every reference."""
    return str(_environment().from_string(model.read_text()).render()).strip()


def differences(sql: str) -> Iterator[str]:
    """What of this SQL Spark does not know, or takes for something else than DuckDB."""
    try:
        tokens = sqlglot.tokenize(sql, read="spark")
        statement = sqlglot.parse_one(sql, read="spark")
    except SqlglotError as error:
        yield f"Spark cannot read it: {str(error).splitlines()[0]}"
        return
    for token, following in zip(tokens, [*tokens[1:], tokens[-1]], strict=True):
        yield from _of_token(sql, token, following)
    yield from (f"type {name}" for name in _types(tokens) if name not in TYPES)
    for star in statement.find_all(exp.Star):
        if any(star.args.values()):
            yield "a star with more than a star"
    if any(distinct.args.get("on") for distinct in statement.find_all(exp.Distinct)):
        yield "distinct on"
    if any(union.args.get("by_name") for union in statement.find_all(exp.SetOperation)):
        yield "by name"


def _of_token(sql: str, token: Token, following: Token) -> Iterator[str]:
    name, written = token.text.lower(), sql[token.start : token.end + 1]
    if token.token_type in SIGNS:
        yield SIGNS[token.token_type]
    elif token.token_type == TokenType.STRING:
        if written.startswith('"'):
            yield f"a name in double quotes: {written}"
        if "\\" in written:
            yield f"a backslash: {written}"
    elif token.token_type == TokenType.SLASH and re.fullmatch(r"\d+\.\d+", following.text):
        yield f"a division by a decimal: {following.text}"
    elif following.token_type == TokenType.L_PAREN and name.isidentifier() and name not in FUNCTIONS | WORDS:
        yield f"function {name}"


def _types(tokens: list[Token]) -> Iterator[str]:
    """The types that values are cast to: the word after the last `as` before the bracket that ends a cast."""
    opened: list[bool] = []
    for before, token, following in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if token.token_type == TokenType.L_PAREN:
            opened.append(before.text.lower() == "cast")
        elif token.token_type == TokenType.R_PAREN:
            opened.pop()
        elif token.text.lower() == "as" and opened and opened[-1]:
            yield following.text.lower()


@cache
def _environment() -> Environment:
    """With all macros as globals: those of one file call those of another by their bare name."""
    environment = Environment(extensions=["jinja2.ext.do"])
    project = yaml.safe_load((DBT / "dbt_project.yml").read_text())
    macros: dict[str, Callable[..., Any]] = {}
    environment.globals.update(
        adapter=SimpleNamespace(
            dispatch=lambda name, package: macros.get(f"spark__{name}") or macros[f"default__{name}"],
            quote=lambda name: f"`{name}`",
        ),
        config=lambda **_: "",
        dbt=SimpleNamespace(**CROSS_DATABASE),
        env_var=lambda name: f"${name}",
        execute=True,
        ref=lambda name: f"layers.{name}",
        source=lambda source, stream: f"{source}.{stream}",
        var=project["vars"].__getitem__,
    )
    environment.globals["return"] = lambda value: value
    files = sorted(path for path in (DBT / "macros").glob("*.sql") if path.name not in DUCKDB_ONLY)
    module = environment.from_string("".join(path.read_text() for path in files)).module
    macros.update({name: macro for name, macro in vars(module).items() if callable(macro)})
    environment.globals.update(macros)
    for name in ("dateadd", "datediff", "listagg"):
        setattr(environment.globals["dbt"], name, macros[f"spark__{name}"])
    return environment
