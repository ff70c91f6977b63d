"""The layers that grow with events are SQL of two engines: of DuckDB, and of Spark (decision 39)."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.dbt.on_spark import DBT, TYPES, differences, models, rendered


@pytest.mark.parametrize("model", models(), ids=lambda path: path.stem)
def test_every_model_up_to_the_marts_is_sql_that_spark_takes_too(model: Path) -> None:
    assert list(differences(rendered(model))) == []


@pytest.mark.parametrize(
    ("sql", "difference"),
    [
        ("select a from t qualify row_number() over (partition by a order by b) = 1", "qualify"),
        ("select arg_max(a, b) as a from t", "function arg_max"),
        ("select list(a) as a from t", "function list"),
        ("select unnest(a) as a from t", "function unnest"),
        ("select strftime(a, 'x') as a from t", "function strftime"),
        ("select a from read_parquet('x')", "function read_parquet"),
        ("select a::date as a from t", "::"),
        ("select cast(a as varchar) as a from t", "type varchar"),
        ("select cast(a as hugeint) as a from t", "type hugeint"),
        ("select a[1] as a from t", "["),
        ("select {'a': 1} as a", "Spark cannot read it"),
        ("select a // 2 as a from t", "Spark cannot read it"),
        ("select a / 24.0 as a from t", "a division by a decimal: 24.0"),
        ('select "end" from t', 'a name in double quotes: "end"'),
        (r"select replace(a, '\d', '') as a from t", r"a backslash: '\d'"),
        ("select * exclude (a) from t", "a star with more than a star"),
        ("select distinct on (a) a, b from t", "distinct on"),
        ("select a from t union all by name select a from u", "by name"),
        ("select a from from", "Spark cannot read it"),
    ],
)
def test_what_spark_does_not_take_is_found(sql: str, difference: str) -> None:
    assert any(found.startswith(difference) for found in differences(sql)), list(differences(sql))


def test_models_are_rendered_by_the_macros_for_spark() -> None:
    periods = rendered(DBT / "models" / "marts" / "dim_period.sql")
    assert "explode(sequence(" in periods
    assert "timestampadd(" in periods
    assert "unnest" not in periods


def test_contracts_and_seeds_name_types_of_both_engines() -> None:
    files = [yaml.safe_load(path.read_text()) for path in (DBT / "models" / "marts").rglob("*.yml")]
    contracts = {
        (model["name"], column["name"]): column["data_type"]
        for file in files
        for model in file["models"]
        for column in model["columns"]
    }
    seeds = {
        (seed, column): data_type
        for seed, config in yaml.safe_load((DBT / "dbt_project.yml").read_text())["seeds"]["mdm"].items()
        if isinstance(config, dict)
        for column, data_type in config.get("+column_types", {}).items()
    }
    assert len(contracts) > 500
    assert len(seeds) > 30
    for place, data_type in (contracts | seeds).items():
        assert data_type.split("(")[0] in TYPES, place
