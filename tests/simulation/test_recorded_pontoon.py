"""Recorded Pontoon: who translated what, read from the commits that Pontoon writes."""

from __future__ import annotations

import csv
import gzip
import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from pipelines.simulation.recorded import read_world
from pipelines.simulation.recorded.pontoon import IN_TWO_FILES, NAMED_TWICE, NO_LOCALE, NO_SYNC, Named, parsed
from pipelines.simulation.world import World
from tests.simulation.conftest import RECORDED, Load
from tests.simulation.invented_sets import commits
from tests.simulation.shapes import lacking, unknown

SUBJECT = "Pontoon: Update Galician (gl) localization of Lantern"
ANA, BO = "Co-authored-by: Ana <ana@example.org>", "Co-authored-by: Bo <bo@example.org>"


def actions(directory: Path) -> list[dict[str, Any]]:
    return [one for day in read_world(directory).pontoon.actions.values() for one in day]


def who_and_where(directory: Path) -> list[tuple[str, str]]:
    return [(one["user"]["name"], one["locale"]["code"]) for one in actions(directory)]


@pytest.mark.parametrize("gap", ["\n\n", "\n"])
def test_trailers_are_read_after_a_blank_line_and_straight_after_the_subject(
    tmp_path: Path, gap: str
) -> None:
    commits(tmp_path, {"message": f"{SUBJECT}{gap}{ANA}\n{BO}"})
    assert who_and_where(tmp_path) == [("Ana", "gl"), ("Bo", "gl")]


def test_an_action_is_a_submission_of_that_person_locale_project_and_time(tmp_path: Path) -> None:
    commits(tmp_path, {"author_date": "2022-03-04T23:30:00-02:00"})
    world = read_world(tmp_path).pontoon
    ((slug, day), (action,)) = next(iter(world.actions.items()))
    assert (slug, day.isoformat(), action["date"]) == ("lantern-l10n", "2022-03-05", "2022-03-05T01:30:00Z")
    assert (action["type"], action["is_implicit_action"], action["locale"]["name"]) == (
        "translation:created",
        False,
        "Galician",
    )
    assert [(one["slug"], one["name"], one["locales"]) for one in world.projects] == [
        ("lantern-l10n", "Lantern", ["gl"])
    ]


@pytest.mark.parametrize(
    ("subject", "project", "locales"),
    [
        (
            "Pontoon: Update Spanish (Spain) (es-ES) localization of Mozilla.org",
            "Mozilla.org",
            {"es-ES": "Spanish (Spain)"},
        ),
        (
            "Pontoon: Updated Norwegian Bokmål (nb-NO) localization of A (B)",
            "A (B)",
            {"nb-NO": "Norwegian Bokmål"},
        ),
        (
            "Pontoon/Lamp: Update Galician (gl), Spanish (Spain) (es-ES)",
            "Lamp",
            {"gl": "Galician", "es-ES": "Spanish (Spain)"},
        ),
        ("Pontoon/Lamp for iOS: Update 7 localizations", "Lamp for iOS", {}),
    ],
)
def test_subjects_with_brackets_and_of_later_years(
    subject: str, project: str, locales: dict[str, str]
) -> None:
    sync = parsed(subject)
    assert sync is not None
    assert (sync.project, sync.locales) == (project, locales)


@pytest.mark.parametrize(
    "subject", ["pontoon fix", "Translate en/lamp.ftl to gl", "Merge pontoon/lamp", "Fix Pontoon: Update"]
)
def test_commits_of_people_and_other_programs_are_no_sync(tmp_path: Path, subject: str) -> None:
    commits(tmp_path, {"message": f"{subject}\n\n{ANA}"}, {})
    world = read_world(tmp_path)
    assert [(one.reason, one.records) for one in world.set_aside] == [(NO_SYNC, 1)]
    assert sum(map(len, world.pontoon.actions.values())) == 1


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("Co-authored-by: Ana [:lamp] <ana@example.org>", Named("Ana [:lamp]", "ana@example.org")),
        ("Co-authored-by: Ana (Team Lamp) <ana@example.org>", Named("Ana (Team Lamp)", "ana@example.org")),
        (
            "Co-authored-by: https://lamp.example/ <ana@example.org>",
            Named("https://lamp.example/", "ana@example.org"),
        ),
        (
            "Co-Authored-By: Ana <ana@example.org> (gl, pt-BR)",
            Named("Ana", "ana@example.org", ("gl", "pt-BR")),
        ),
        ("Localization authors:\n- Ana <ana@example.org>", Named("Ana", "ana@example.org")),
    ],
)
def test_names_may_hold_brackets_and_be_addresses(line: str, named: Named) -> None:
    sync = parsed(f"{SUBJECT}\n\n{line}")
    assert sync is not None
    assert sync.people == (named,)


def test_the_git_author_is_meant_where_nobody_is_named(tmp_path: Path) -> None:
    commits(
        tmp_path,
        {"message": SUBJECT, "author_name": "Ana", "author_email": "ana@example.org"},
        {"message": SUBJECT},
    )
    assert who_and_where(tmp_path) == [("Ana", "gl"), ("Pontoon", "gl")]


def test_a_later_trailer_says_for_which_locales(tmp_path: Path) -> None:
    message = f"Pontoon/Lantern: Update Galician (gl), Slovenian (sl)\n\n{ANA} (gl, sl)\n{BO} (sl)"
    commits(tmp_path, {"message": message})
    assert who_and_where(tmp_path) == [("Ana", "gl"), ("Ana", "sl"), ("Bo", "sl")]


def test_the_locale_is_the_folder_where_the_subject_has_none(tmp_path: Path) -> None:
    message = f"Pontoon/Lantern: Update 1 localization\n\n{ANA}"
    commits(tmp_path, {"message": message, "top_dirs": ["pt_BR", ".github", "README.md"]})
    assert who_and_where(tmp_path) == [("Ana", "pt-BR")]


def test_a_sync_without_a_locale_is_set_aside(tmp_path: Path) -> None:
    commits(tmp_path, {"message": "Pontoon/Lantern: Update all localizations", "top_dirs": ["README.md"]}, {})
    assert [(one.reason, one.records) for one in read_world(tmp_path).set_aside] == [(NO_LOCALE, 1)]


@pytest.mark.parametrize(
    ("trailer", "is_system"),
    [
        ("Co-authored-by: Google Translate <pontoon-gt@example.com>", True),
        ("Co-authored-by: Translation Memory <pontoon-tm@example.com>", True),
        ("Co-authored-by: Pontoon <pontoon@mozilla.com>", True),
        ("Co-authored-by: Ana Translator <ana+pontoon@example.com>", False),
    ],
)
def test_machine_accounts_among_the_people_are_system_users(
    tmp_path: Path, trailer: str, is_system: bool
) -> None:
    commits(tmp_path, {"message": f"{SUBJECT}\n\n{trailer}"})
    assert [one["user"]["system_user"] for one in actions(tmp_path)] == [is_system]


def test_one_address_is_one_person_under_any_name_and_case(tmp_path: Path) -> None:
    trailers = ("Ana <ana@example.org>", "Ana Lamp <ANA@example.org>", "Ana <ana@lamp.example>")
    commits(tmp_path, *({"message": f"{SUBJECT}\n\nCo-authored-by: {trailer}"} for trailer in trailers))
    first, second, third = actions(tmp_path)
    assert first["user"]["pk"] == second["user"]["pk"] != third["user"]["pk"]
    assert second["user"]["name"] == "Ana Lamp"


def test_a_name_in_two_unicode_forms_is_served_as_recorded(tmp_path: Path) -> None:
    composed, apart = (unicodedata.normalize(form, "Matéja") for form in ("NFC", "NFD"))
    commits(
        tmp_path,
        *({"message": f"{SUBJECT}\n\nCo-authored-by: {name} <m@example.org>"} for name in (composed, apart)),
    )
    users = [one["user"] for one in actions(tmp_path)]
    assert [user["name"] for user in users] == [composed, apart]
    assert len({user["pk"] for user in users}) == 1


def test_a_person_named_twice_and_a_commit_in_two_files_count_once(tmp_path: Path) -> None:
    commits(tmp_path, {"message": f"{SUBJECT}\n\n{ANA}\n{ANA}"})
    commits(tmp_path, {"message": f"{SUBJECT}\n\n{ANA}\n{ANA}"}, name="lantern_l10n_from_2024")
    world = read_world(tmp_path)
    assert sum(map(len, world.pontoon.actions.values())) == 1
    assert {(one.reason, one.records) for one in world.set_aside} == {(NAMED_TWICE, 1), (IN_TWO_FILES, 1)}


def test_numbers_are_the_same_in_every_period(tmp_path: Path) -> None:
    early, late = tmp_path / "early", tmp_path / "late"
    commits(early, {})
    commits(late, {"sha": "f" * 40, "author_date": "2025-01-01T00:00:00+00:00"}, {})
    (first,), (_, again) = actions(early), sorted(actions(late), key=lambda one: one["date"], reverse=True)
    assert (first["user"], first["locale"]) == (again["user"], again["locale"])
    assert len({one["translation"]["pk"] for one in actions(late)}) == 2


def test_speakers_and_script_come_from_the_reference_and_are_empty_without(tmp_path: Path) -> None:
    commits(tmp_path, {}, {"message": f"Pontoon: Update Lampish (lq) localization of Lantern\n\n{ANA}"})
    (tmp_path / "reference").mkdir()
    known = [
        {
            "code": "gl",
            "name": "Galician",
            "population": 3,
            "script": "Latin",
            "direction": "ltr",
            "plural_rule": "n",
        }
    ]
    (tmp_path / "reference" / "pontoon_locales.json").write_text(json.dumps(known))
    galician, lampish = read_world(tmp_path).pontoon.locales
    assert (galician["population"], galician["script"], galician["direction"]) == (3, "Latin", "ltr")
    assert (lampish["name"], lampish["population"], lampish["script"]) == ("Lampish", 0, "")


def test_records_have_the_keys_of_the_real_interface(tmp_path: Path, recorded: Load) -> None:
    commits(tmp_path, {})
    world = read_world(tmp_path).pontoon
    real = recorded("pontoon/live_api/user-actions_2026-07-06_aurora-shop.json")["body"]["actions"]
    real = [one for one in real if one["type"] == "translation:created"]
    ours = [one for day in world.actions.values() for one in day]
    optional = {"[].translation.errors", "[].translation.warnings", "[].translation.properties"}
    assert unknown(real, ours) == {"[].entity.pk", "[].resource.pk"}
    assert lacking(real, ours) - optional == set()
    real = recorded("pontoon/live_api/locales_page_1_default_size_100.json")["body"]["results"]
    assert unknown(real, world.locales) == lacking(real, world.locales) == set()
    real = recorded("pontoon/live_api/projects_default.json")["body"]["results"]
    assert unknown(real, world.projects) - {"[].pk"} == set()
    assert {path for path in lacking(real, world.projects) if ".tags" not in path} == set()


# --- The real files --------------------------------------------------------------------------------


def named_by_commits() -> tuple[dict[str, str], set[tuple[str, str]]]:
    """sha -> subject, and (sha, address) of every row of the derived view."""
    subjects: dict[str, str] = {}
    for path in RECORDED.glob("pontoon/commits_*.jsonl.gz"):
        with gzip.open(path, "rt", encoding="utf-8") as text:
            subjects.update((one["sha"], one["message"].split("\n")[0]) for one in map(json.loads, text))
    view: set[tuple[str, str]] = set()
    for path in RECORDED.glob("pontoon/sync_people_*.csv.gz"):
        with gzip.open(path, "rt", encoding="utf-8", newline="") as text:
            view.update((row["sha"], row["person_email"]) for row in csv.DictReader(text))
    return subjects, view


def test_the_derived_view_differs_only_by_a_commit_of_a_person(recorded_world: World) -> None:
    """The view takes any commit that names Pontoon in its subject; one of them is a person's own fix."""
    subjects, view = named_by_commits()
    no_sync = {
        (sha, address) for sha, address in view if not subjects[sha].startswith(("Pontoon:", "Pontoon/"))
    }
    assert len(no_sync) == 1
    served = sum(map(len, recorded_world.pontoon.actions.values()))
    assert served == len(view - no_sync)


def test_recorded_machine_accounts_are_system_users_and_nobody_else(recorded_world: World) -> None:
    users = {
        (one["user"]["name"], one["user"]["system_user"])
        for day in recorded_world.pontoon.actions.values()
        for one in day
    }
    assert {name for name, is_system in users if is_system} == {
        "Pontoon",
        "Mozilla Pontoon",
        "Google Translate",
        "Translation Memory",
    }
    assert {name for name, is_system in users if not is_system and "Pontoon" in name} == set()


def test_recorded_people_have_several_names_and_names_several_people(recorded_world: World) -> None:
    pairs = {
        (one["user"]["pk"], one["user"]["name"])
        for day in recorded_world.pontoon.actions.values()
        for one in day
    }
    assert len(pairs) > len({pk for pk, _ in pairs})
    assert len(pairs) > len({name for _, name in pairs})


def test_no_recorded_locale_is_lost(recorded_world: World) -> None:
    codes = {one["locale"]["code"] for day in recorded_world.pontoon.actions.values() for one in day}
    assert codes == {row["code"] for row in recorded_world.pontoon.locales}
    assert NO_LOCALE not in {one.reason for one in recorded_world.set_aside}
    assert all(row["name"] for row in recorded_world.pontoon.locales)
