"""What must hold of the dbt project itself, read from its manifest: layers, words, declarations, seeds."""

from __future__ import annotations

import ast
import csv
import importlib.util
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from dbt.context.providers import ModelContext

from dashboards.pages import PAGES
from pipelines import identity, warehouse
from pipelines.metric_shape import ADDITIVE, DIMENSIONS, KEYS, LINEAGE, MEASURES
from pipelines.settings import ROOT
from pipelines.sources import SOURCES

DBT = ROOT / "dbt"
LAYERS = ("staging", "intermediate", "marts", "metrics")
DECLARED = {
    "metric", "version", "topic_area", "title", "question", "definition", "unit", "grain", "key", "window",
    "direction", "interval", "sources", "reference", "persons", "additive_over", "parameters", "notes",
}  # fmt: skip
ORDER = [*KEYS, *DIMENSIONS, *MEASURES, *LINEAGE]
ORDER.insert(ORDER.index("persons") + 1, "smallest_group")


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    data = tmp_path_factory.mktemp("parsed")
    warehouse.dbt(data, "parse")
    return dict(json.loads(warehouse.manifest(data).read_text()))


def models(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {key: node for key, node in manifest["nodes"].items() if node["resource_type"] == "model"}


def test_no_macro_hides_a_word_of_dbts_own(manifest: dict[str, Any]) -> None:
    """A macro `flags` once hid the flags of the command line: `--full-refresh` was not heard."""
    own = {macro["name"] for macro in manifest["macros"].values() if macro["package_name"] == "mdm"}
    assert "flags_of" in own
    assert not own & ModelContext._context_attrs_.keys()


def test_the_project_is_read_anew_when_it_changed_and_only_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when its files are older than what was read of another state of it, as in a copied folder."""
    model = tmp_path / "project" / "models" / "one.sql"
    model.parent.mkdir(parents=True)
    asked = []

    def read(data: Path, *words: str) -> str:
        asked.append(words)
        warehouse.manifest(data).parent.mkdir(parents=True, exist_ok=True)
        warehouse.manifest(data).write_text("{}")
        return ""

    monkeypatch.setattr(warehouse, "PROJECT", tmp_path / "project")
    monkeypatch.setattr(warehouse, "dbt", read)
    for text, times in (("select 1", 1), ("select 1", 1), ("select 2", 2), ("select 2", 2)):
        model.write_text(text)
        os.utime(model, (0, 0))
        assert warehouse.parse(tmp_path / "data") == warehouse.manifest(tmp_path / "data")
        assert asked == [("parse",)] * times


def test_layers_read_down_only(manifest: dict[str, Any]) -> None:
    for model in models(manifest).values():
        layer = LAYERS.index(model["fqn"][1])
        for parent in model["depends_on"]["nodes"]:
            if parent.startswith("model."):
                below = LAYERS.index(manifest["nodes"][parent]["fqn"][1])
                assert below <= layer, f"{model['name']} reads {parent}"
                assert layer - below <= 1 or layer == 2, f"{model['name']} skips a layer to {parent}"
            assert not parent.startswith("source.") or layer == 0, f"{model['name']} reads the lake"


def test_every_stream_is_a_source_whose_asset_has_its_name(manifest: dict[str, Any]) -> None:
    found = {
        (source["source_name"], source["name"]): source["config"]["meta"]["dagster"]["asset_key"]
        for source in manifest["sources"].values()
    }
    for source in SOURCES.values():
        for stream in source.streams:
            assert found[source.name, stream.name] == [source.name, stream.name]


def test_every_model_every_source_and_each_of_their_columns_is_described(manifest: dict[str, Any]) -> None:
    """Which columns there are is asked of a warehouse: `test_warehouse.py`."""
    for told in [*models(manifest).values(), *manifest["sources"].values()]:
        assert told["description"], told["name"]
        assert told["columns"], told["name"]
        for column in told["columns"].values():
            assert column["description"], f"{told['name']}.{column['name']}"


def test_every_public_model_has_a_contract(manifest: dict[str, Any]) -> None:
    for model in models(manifest).values():
        if model["fqn"][1] in ("marts", "metrics"):
            assert model["contract"]["enforced"], model["name"]


def test_every_metric_is_declared_and_shows_its_worked_example(manifest: dict[str, Any]) -> None:
    metrics = [model for model in models(manifest).values() if model["name"].startswith("met_")]
    tested = {test["model"] for test in manifest["unit_tests"].values()}
    parameters = yaml.safe_load((DBT / "dbt_project.yml").read_text())["vars"]["parameters"]
    gathered = manifest["nodes"]["model.mdm.metric_value"]["depends_on"]["nodes"]
    assert {f"model.mdm.{model['name']}" for model in metrics} == {
        name for name in gathered if name.startswith("model.mdm.met_")
    }
    for model in metrics:
        declared = model["config"]["meta"]["metric"]
        assert set(declared) == DECLARED, model["name"]
        assert model["name"] == f"met_{declared['metric']}"
        assert model["fqn"][2] == declared["topic_area"]
        assert set(declared["parameters"]) <= set(parameters), model["name"]
        assert set(declared["additive_over"]) <= set(ADDITIVE), model["name"]
        assert set(declared["key"]) <= {*KEYS, *DIMENSIONS} & set(model["columns"]), model["name"]
        used = set(re.findall(r"var\([\"']parameters[\"']\)\[[\"'](\w+)[\"']\]", model["raw_code"]))
        assert used <= set(declared["parameters"]), f"{model['name']} uses {used} undeclared"
        assert model["name"] in tested, f"{model['name']} has no unit test"


def test_what_is_a_probable_link_is_the_same_for_those_who_count_and_those_who_use_them() -> None:
    parameters = yaml.safe_load((DBT / "dbt_project.yml").read_text())["vars"]["parameters"]
    assert parameters["probable_link_score"] == identity.THRESHOLD


def test_a_metric_declares_no_parameter_that_nothing_it_is_made_of_uses(manifest: dict[str, Any]) -> None:
    """A change of such a parameter would announce a change of the metric that is none."""
    told = {"model.mdm.met_mdm_score": ["model.mdm.fct_mdm_score"]}  # declared, but kept to the warehouse
    scheme = {"region_scheme"}  # no code: it names the table of countries and their regions, a seed

    def code_of(names: Iterable[str], seen: set[str]) -> Iterator[str]:
        for name in set(names) - seen:
            seen.add(name)
            node = manifest["nodes"].get(name) or manifest["macros"].get(name)
            if node is None or node["package_name"] != "mdm":
                continue
            yield node.get("raw_code") or node.get("macro_sql") or ""
            yield from code_of((*node["depends_on"].get("nodes", ()), *node["depends_on"]["macros"]), seen)

    for name, model in models(manifest).items():
        if model["name"].startswith("met_"):
            code = " ".join(code_of([name, *told.get(name, ())], set()))
            used = set(re.findall(r"\w+", code))
            declared = set(model["config"]["meta"]["metric"]["parameters"])
            assert declared <= used | scheme, f"{model['name']} declares {declared - used}"


def test_no_metric_is_gathered_twice() -> None:
    code = (DBT / "models" / "metrics" / "metric_value.sql").read_text()
    gathered = re.findall(r"^    '(\w+)': \[", code, re.MULTILINE)
    assert len(gathered) == len(set(gathered)) > 0


def test_goals_know_every_split_of_the_metrics_they_are_set_on(manifest: dict[str, Any]) -> None:
    """A split that goals do not know would give them one value for each of its parts."""
    code = manifest["nodes"]["model.mdm.goal_value"]["raw_code"]
    offered = dict(re.findall(r"^    '(\w+)': (\[.*\]),$", code, re.MULTILINE))
    assert offered
    for metric, columns in offered.items():
        declared = manifest["nodes"][f"model.mdm.met_{metric}"]["config"]["meta"]["metric"]
        splits = set(declared["key"]) - {"grain", "period_start", "period_end"}
        assert set(ast.literal_eval(columns)) == splits, metric


def test_every_page_is_an_exposure_of_the_metrics_on_its_cards(manifest: dict[str, Any]) -> None:
    exposed = {
        exposure["url"].removeprefix("http://127.0.0.1:8050"): {
            name.removeprefix("model.mdm.met_")
            for name in exposure["depends_on"]["nodes"]
            if name.startswith("model.mdm.met_")
        }
        for exposure in manifest["exposures"].values()
    }
    assert exposed == {
        path: {card.metric for section in page.sections for card in section.cards}
        for path, page in PAGES.items()
    }


def test_values_have_the_columns_of_the_catalogue_in_its_order(manifest: dict[str, Any]) -> None:
    assert list(manifest["nodes"]["model.mdm.metric_value"]["columns"]) == ORDER


def test_no_model_asks_the_clock_or_leaves_order_to_chance(manifest: dict[str, Any]) -> None:
    for model in models(manifest).values():
        code = model["raw_code"].lower()
        assert not re.search(r"\b(now\(\)|current_timestamp|current_date|today\(\))", code), model["name"]
        assert len(re.findall(r"row_number\(\) over \(\s*partition by[^()]*\)", code)) == len(
            re.findall(r"row_number\(\) over \(\s*partition by[^()]*order by[^()]*\)", code)
        ), model["name"]


def test_no_query_leaves_its_grain_to_be_guessed() -> None:
    """The columns of `group by` are named: they say what one row is."""
    for path in sorted(path for kind in ("*.sql", "*.yml") for path in DBT.rglob(kind)):
        assert not re.search(r"\bgroup by (all|\d)", path.read_text().lower()), path.name


def test_no_line_of_sql_is_too_long_inside_jinja_either() -> None:
    """sqlfluff measures a line only up to a Jinja tag of several lines, whatever it is told to ignore."""
    longest = int(re.search(r"max_line_length = (\d+)", (ROOT / ".sqlfluff").read_text()).group(1))
    linted = [*(DBT / "models").rglob("*.sql"), *(DBT / "tests").glob("*.sql")]
    assert len(linted) > 100
    for path in sorted(linted):
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            assert len(line) <= longest, f"{path.name}:{number}"


def test_every_set_aside_reason_and_flag_of_a_seed_is_a_word() -> None:
    for seed in DBT.glob("seeds/*.csv"):
        header = seed.read_text().splitlines()[0]
        assert re.fullmatch(r"[a-z0-9_,]+", header), seed.name


def test_every_break_that_the_catalogue_lists_is_in_the_table() -> None:
    """By source and last day; SUMO's archiving, 180 days after each question, has none."""
    rows = csv.DictReader((DBT / "seeds" / "series_breaks.csv").open())
    assert {(row["source"], row["until_on"]) for row in rows} == {
        ("pontoon", "2020-01-07"),
        ("pontoon", "2024-12-01"),
        ("pontoon", "2026-07-21"),
        ("sumo", "9999-12-31"),
        ("reps", "2020-10-31"),
        ("bugzilla", "2023-10-15"),
    }


def test_reference_seeds_are_what_the_script_writes(tmp_path: Path) -> None:
    script = shutil.copy(DBT / "seeds" / "make_reference.py", tmp_path / "make_reference.py")
    spec = importlib.util.spec_from_file_location("make_reference", script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.main()
    for written in [*sorted(tmp_path.glob("*.csv")), tmp_path / "REFERENCE.md"]:
        assert written.read_text() == (DBT / "seeds" / written.name).read_text(), written.name
