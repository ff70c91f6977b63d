"""The files that people of the demo community keep: readable as they are, and true."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from pipelines import embedded
from pipelines.simulation.generator import Truth, kept
from pipelines.simulation.world import World, write_kept
from pipelines.sources import curated, survey
from pipelines.sources.files import errors_of

NOW = datetime(2026, 7, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def people(truth: Truth) -> pd.DataFrame:
    """By number: the country of each person, and whether the region is one that something was planted in."""
    return truth.people.to_pandas().set_index("person")


def rows(world: World, name: str) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(world.kept[name]), dtype=str, keep_default_na=False)


def test_every_file_is_there_and_free_of_errors(world: World, tmp_path: Path) -> None:
    write_kept(world, tmp_path)
    assert {path.name for path in tmp_path.glob("curated/*")} == {sheet.file for sheet in curated.SHEETS}
    assert {path.name for path in tmp_path.glob("survey/*")} == {sheet.file for sheet in survey.SHEETS}
    assert errors_of(tmp_path / "curated", curated.SHEETS, NOW) == []
    assert errors_of(tmp_path / "survey", survey.SHEETS, NOW) == []
    assert all(content.count("\n") > 2 for content in world.kept.values())


def test_terms_of_a_person_follow_each_other_and_some_change_class(truth: Truth) -> None:
    terms = truth.kept["affiliations"].to_pandas().sort_values(["person", "valid_from"])
    same = terms["person"] == terms["person"].shift()
    assert (terms["valid_from"] >= terms["valid_to"].shift())[same].all()
    classes = terms.groupby("person")["affiliation"].agg(" ".join)
    assert {"volunteer", "staff", "volunteer staff", "staff volunteer", "vendor staff"} <= set(classes)


def test_the_affiliation_file_says_what_is_true(world: World, truth: Truth) -> None:
    file = rows(world, "curated/affiliation.csv")
    accounts = truth.accounts.to_pandas().dropna(subset=["person"])
    named = file[(file["source"] == "pontoon")].merge(
        accounts[accounts["source"] == "pontoon"].assign(account=lambda one: one["native_id"].astype(str)),
        on="account",
    )
    terms = truth.kept["affiliations"].to_pandas()
    terms["valid_from"] = terms["valid_from"].dt.strftime("%Y-%m-%d")
    found = named.merge(terms, on=["person", "affiliation", "valid_from"])
    assert len(found) == len(named) > 20


def test_one_region_is_thanked_less(truth: Truth, people: pd.DataFrame) -> None:
    acted = truth.contributions.to_pandas()[["person"]].drop_duplicates()["person"]
    thanked = set(truth.kept["recognitions"].to_pandas()["person"])
    is_less = acted.map(people["country"]).isin(("IN", "BD"))
    assert kept.LESS_THANKED == "southern_asia"
    shares = acted.isin(thanked).groupby(is_less).mean()
    assert shares[True] < 0.7 * shares[False]


def test_who_answers_the_survey_depends_on_region_and_level(truth: Truth, people: pd.DataFrame) -> None:
    responses = truth.kept["responses"].to_pandas()
    delivered = responses[responses["is_delivered"]]
    by_level = delivered.groupby("level")["has_answered"].mean()
    assert by_level["core"] > by_level["casual"] + 0.1
    is_less = delivered["person"].map(people["country"]).isin(("IN", "BD", "ID", "PH", "KE", "NG"))
    by_region = delivered["has_answered"].groupby(is_less).mean()
    assert by_region[True] < by_region[False] - 0.1
    assert not responses.loc[~responses["is_delivered"], "has_answered"].any()


def test_answers_are_true_where_they_tell_something(world: World, truth: Truth) -> None:
    answers = rows(world, "survey/answers.csv")
    assert {"prefer_not_to_say", "no_answer"} <= set(answers["attribute_value"])
    assert answers.groupby(["respondent", "attribute"]).size().max() > 1
    true = truth.kept["demographics"].to_pandas().groupby("attribute")["attribute_value"].agg(set)
    told = answers[~answers["attribute_value"].isin(("prefer_not_to_say", "no_answer"))]
    for attribute, values in told.groupby("attribute")["attribute_value"]:
        assert set(values) <= true[str(attribute)]


def test_goals_of_every_status_are_planted(truth: Truth) -> None:
    planted = set(truth.kept["goals"].to_pandas()["status"].dropna())
    assert planted == {"met", "on_track", "behind", "missed", "unmeasured"}


def test_the_embedded_community_hands_over_its_files_for_the_time_of_a_run() -> None:
    with embedded.community(scale="small", seed=1) as (_world, variables):
        folder = Path(variables["MDM_CURATED_DIR"])
        assert (folder / "affiliation.csv").stat().st_size > 1000
        assert (Path(variables["MDM_SURVEY_DIR"]) / "answers.csv").exists()
    assert not folder.exists()
