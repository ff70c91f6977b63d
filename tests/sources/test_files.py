"""Files that people keep: what is refused, in which words, and what a file that is there or missing says."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from expectations.landing import LANDING
from pipelines import cli, run
from pipelines.lake import Lake
from pipelines.landing import FeedResult, Landing
from pipelines.privacy import pseudonym
from pipelines.sources import SOURCES, curated, survey
from pipelines.sources.files import (
    FileRefused,
    Sheet,
    errors_of,
    numbered,
    read,
    template,
    with_row,
    without_lines,
    write_templates,
)
from pipelines.sources.spec import SourceChanged, Span

QUIMBY = "sumo,username,quimby,staff,2024-02-01,\n"
KEY = b"a key for tests only"
NOW = datetime(2026, 7, 1, 6, tzinfo=UTC)
SHEETS = {sheet.name: sheet for sheet in (*curated.SHEETS, *survey.SHEETS)}
AFFILIATION = "source,kind,account,affiliation,valid_from,valid_to\n"
ROLES = "source,kind,account,role,scope_type,scope,valid_from,valid_to,is_start_known\n"
GOALS = (
    "goal,title,topic_area,metric,grain,population,area,event_type,region,country,locale,product,project,level,"
    "category,baseline,target,starts_on,due_on,version_on\n"
)
GOAL = "g,More,activity,contributions,month,community,,,,,,,,,,{},5,2024-01-01,2025-01-01,2024-01-01\n"
RESOURCES = "resource,region,country,amount,unit,starts_on,ends_on\n"
IDENTITY = "source_1,kind_1,account_1,source_2,kind_2,account_2,decision,decided_on\n"
ANSWERS = "wave,respondent,attribute,attribute_value,is_complete\n"


def errors(sheet: str, content: str | bytes) -> list[str]:
    """What is wrong with a file, as a person reads it."""
    with pytest.raises(FileRefused) as refused:
        read(SHEETS[sheet], content if isinstance(content, bytes) else content.encode())
    return refused.value.errors


@pytest.mark.parametrize(
    ("sheet", "content", "sentence"),
    [
        ("affiliation", AFFILIATION + "sumo,username,quimby,boss,2024-01-01,\n",
         "affiliation.csv, line 2, column affiliation: expected one of staff, vendor, volunteer"),
        ("affiliation", AFFILIATION + "sumo,username,quimby,,2024-01-01,\n",
         "affiliation.csv, line 2, column affiliation: empty"),
        ("affiliation", AFFILIATION + "\n# noted\nsumo,username,quimby,staff,01.02.2024,\n",
         "affiliation.csv, line 4, column valid_from: expected a day as YYYY-MM-DD"),
        ("affiliation", AFFILIATION + "sumo,username,quimby,staff,2024-02-30,\n",
         "affiliation.csv, line 2, column valid_from: expected a day as YYYY-MM-DD"),
        ("affiliation", AFFILIATION + "sumo,username,quimby,staff,2024-02-01,2024-02-01\n",
         "affiliation.csv, line 2, column valid_to: not after valid_from"),
        ("affiliation", AFFILIATION + QUIMBY + QUIMBY.replace("2024", "2025"),
         "affiliation.csv, line 3, column valid_from: overlaps line 2"),
        ("affiliation", AFFILIATION + 2 * "sumo,username,quimby,staff,2024-02-01,2024-03-01\n",
         "affiliation.csv, line 3, column source, kind, account, valid_from: the same as in line 2"),
        ("affiliation", AFFILIATION + "sumo,login,quimby,staff,2024-02-01,\n",
         "affiliation.csv, line 2, column kind: expected username or id or pseudonym for sumo"),
        ("affiliation", AFFILIATION + "pontoon,id,quimby,staff,2024-02-01,\n",
         "affiliation.csv, line 2, column account: expected a whole number, as kind is id"),
        ("affiliation", AFFILIATION + "pontoon,pseudonym,quimby,staff,2024-02-01,\n",
         "affiliation.csv, line 2, column account: expected 32 hex digits, as kind is pseudonym"),
        ("affiliation", AFFILIATION + "sumo,username,quimby,staff\n",
         "affiliation.csv, line 2: 4 cells instead of 6"),
        ("affiliation", AFFILIATION + 'sumo,username,"quimby,staff,2024-02-01,\n',
         "affiliation.csv, line 2: quotation marks do not match"),
        ("affiliation", AFFILIATION.replace("account", "name"),
         "affiliation.csv, line 1, column account: missing"),
        ("affiliation", AFFILIATION.replace(",valid_to", ",valid_to,quimby@example.org"),
         "affiliation.csv, line 1: column 7 is not known"),
        ("affiliation", AFFILIATION.replace(",valid_to", ",valid_to,valid_to"),
         "affiliation.csv, line 1, column valid_to: stands there twice"),
        ("affiliation", AFFILIATION.replace(",", ";"),
         "affiliation.csv, line 1: cells are divided by semicolons instead of commas"),
        ("affiliation", AFFILIATION.encode() + b"sumo,username,\xe9ve,staff,2024-02-01,\n",
         "affiliation.csv, line 2: not UTF-8"),
        ("affiliation", "", "affiliation.csv, line 1, column source: missing"),
        ("roles", ROLES + "sumo,username,quimby,reviewer,locale,sl,2024-02-01,,perhaps\n",
         "roles.csv, line 2, column is_start_known: expected yes or no"),
        ("roles", ROLES + "sumo,username,quimby,Chief Reviewer,locale,sl,2024-02-01,,no\n",
         "roles.csv, line 2, column role: expected a name of small letters, digits, - and _"),
        ("roles", ROLES + "sumo,username,quimby,reviewer,locale,quimby@example.org,2024-02-01,,no\n",
         "roles.csv, line 2, column scope: expected a text of at most 80 characters without an address"),
        ("goals", GOALS + GOAL.format(5),
         "goals.csv, line 2, column target: the same as baseline, so that nothing could be reached"),
        ("goals", GOALS + GOAL.format("x"),
         "goals.csv, line 2, column baseline: expected a number"),
        ("goals", GOALS + GOAL.format("nan"),
         "goals.csv, line 2, column baseline: expected a number"),
        ("resources", RESOURCES + "swag,western_asia,,-1,USD,2024-01-01,2024-02-01\n",
         "resources.csv, line 2, column amount: expected a number not below 0"),
        ("resources", RESOURCES + "swag,western_asia,si,1,USD,2024-01-01,2024-02-01\n",
         "resources.csv, line 2, column country: expected a country code of two capital letters"),
        ("resources", RESOURCES + "swag,atlantis_quimby,,1,USD,2024-01-01,2024-02-01\n",
         "resources.csv, line 2, column region: expected a region of dbt/seeds/regions.csv"),
        ("identity", IDENTITY + "sumo,username,quimby,sumo,username,quimby,same,2024-01-01\n",
         "identity.csv, line 2, column account_2: the same account as account_1"),
        ("outcomes", "event_id,metric,expected,outcome\n1.5,attendees,1,1\n",
         "outcomes.csv, line 2, column event_id: expected a whole number above 0"),
        ("answers", ANSWERS + "one,r1,name,quimby,yes\n",
         "answers.csv, line 2, column attribute: expected one of gender, age_band, disability, language"),
        ("answers", ANSWERS + "one,r1,gender,quimby,yes\n",
         "answers.csv, line 2, column attribute_value: expected one of man, non_binary, self_described, "
         "woman, prefer_not_to_say, no_answer"),
        ("answers", ANSWERS + "one,r1,language,slovene,yes\n",
         "answers.csv, line 2, column attribute_value: expected a language code of two or three "
         "small letters"),
        ("answers", ANSWERS + "one,r1,age_band,25_34,yes\none,r1,age_band,35_44,yes\n",
         "answers.csv, line 3, column attribute_value: a second value beside the one in line 2"),
        ("answers", ANSWERS + "one,r1,gender,woman,yes\none,r1,gender,prefer_not_to_say,yes\n",
         "answers.csv, line 3, column attribute_value: a second value beside the one in line 2"),
        ("answers", ANSWERS + "one,r1,gender,woman,yes\none,r1,age_band,35_44,no\n",
         "answers.csv, line 3, column is_complete: not as in line 2, which is the same response"),
        ("waves", "wave,starts_on,ends_on\none,2024-02-01,2024-01-01\n",
         "waves.csv, line 2, column ends_on: not after starts_on"),
    ],
)  # fmt: skip
def test_an_error_names_file_line_and_column_and_no_value(
    sheet: str, content: str | bytes, sentence: str
) -> None:
    found = errors(sheet, content)
    assert sentence in found
    assert "quimby" not in "".join(found)


def test_all_errors_of_a_file_are_told_at_once_in_its_order() -> None:
    found = errors("affiliation", AFFILIATION + "sumo,login,a,staff,2024-01-01,\nx,username,b,boss,2024,\n")
    assert [one.split(":")[0] for one in found] == [
        "affiliation.csv, line 2, column kind",
        "affiliation.csv, line 3, column source",
        "affiliation.csv, line 3, column affiliation",
        "affiliation.csv, line 3, column valid_from",
    ]


def test_one_wrong_cell_or_byte_hides_no_other_error() -> None:
    rows = "swag,western_asia,,-1,USD,2024-03-01,2024-02-01\nswag,western_asia,,1,USD,2024-02-01,x\n"
    content = (RESOURCES + rows).encode() + b"sw\xe4g,western_asia,,1,USD,2024-01-01,2024-02-01\n"
    assert [one.removeprefix("resources.csv, line ") for one in errors("resources", content)] == [
        "2, column amount: expected a number not below 0",
        "2, column ends_on: not after starts_on",
        "3, column ends_on: expected a day as YYYY-MM-DD",
        "4: not UTF-8",
    ]


def test_a_run_tells_the_first_fifty_errors_and_how_many_more_there_are() -> None:
    with pytest.raises(SourceChanged) as refused:
        read(SHEETS["affiliation"], (AFFILIATION + 60 * "x\n").encode())
    assert str(refused.value).count("; ") == 50
    assert str(refused.value).endswith("; and 10 more")


def test_comments_empty_lines_and_a_byte_order_mark_are_no_rows() -> None:
    content = '\ufeff# who, "when"\n\n' + AFFILIATION + ",,,,,\nsumo, username ,quimby,staff,2024-01-01,\r\n"
    [row] = read(SHEETS["affiliation"], content.encode())
    assert (row["kind"], row["valid_to"]) == ("username", None)


def test_an_answer_of_somebody_who_was_not_invited_is_refused(tmp_path: Path) -> None:
    (tmp_path / "answers.csv").write_text(ANSWERS + "one,r1,gender,woman,yes\n")
    sentence = "answers.csv, line 2, column wave, respondent: not known to invitations.csv"
    assert errors_of(tmp_path, survey.SHEETS, NOW) == [sentence]
    (tmp_path / "invitations.csv").write_text(
        "wave,respondent,source,kind,account,is_delivered\none,r1,sumo,username,ada,yes\n"
    )
    assert errors_of(tmp_path, survey.SHEETS, NOW) == []


@given(
    st.lists(st.sampled_from(["", "# noted", "7,12,attendees,", " 8 ,1,swag,2"]), max_size=5),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.booleans(),
    st.sampled_from(["", "\ufeff"]),
)
def test_a_line_that_is_added_and_taken_out_leaves_the_file_as_it_was(
    lines: list[str], end: str, is_ended: bool, mark: str
) -> None:
    assume(len(set(lines)) == len(lines))
    header = "outcome,event_id,metric,expected"
    content = (mark + end.join([header, *lines]) + (end if is_ended else "")).encode()
    before = numbered(SHEETS["outcomes"], content)
    row = {"event_id": 3, "metric": "people", "expected": None, "outcome": 5.0}
    longer = with_row(content, row)
    *others, (line, last) = numbered(SHEETS["outcomes"], longer)
    assert (others, last) == (before, row)
    assert without_lines(longer, [line]) == content


def test_columns_may_stand_in_any_order() -> None:
    [row] = read(SHEETS["outcomes"], b"outcome,event_id,metric,expected\n7,12,attendees,\n")
    assert row == {"event_id": 12, "metric": "attendees", "expected": None, "outcome": 7.0}


@pytest.mark.parametrize("sheet", SHEETS.values(), ids=SHEETS)
def test_a_template_is_a_file_without_rows_that_explains_each_column(sheet: Sheet, tmp_path: Path) -> None:
    assert read(sheet, template(sheet).encode()) == []
    assert all(f"# {column.name}: " in template(sheet) for column in sheet.columns)
    (tmp_path / sheet.file).write_text("mine")
    assert write_templates(tmp_path, [sheet]) == []
    assert (tmp_path / sheet.file).read_text() == "mine"


@pytest.mark.parametrize("source", ["curated", "survey"])
def test_every_column_is_explained_in_its_page(source: str) -> None:
    page = (Path(__file__).parents[2] / "docs" / f"{source}.md").read_text()
    for sheet in (curated if source == "curated" else survey).SHEETS:
        section = page.split(f"## {sheet.file}\n")[1].split("\n## ")[0]
        for column in sheet.columns:
            assert f"| `{column.name}` |" in section, f"{sheet.file}: {column.name}"


def test_a_folder_is_checked_without_landing_anything(tmp_path: Path) -> None:
    assert errors_of(tmp_path / "nowhere", curated.SHEETS, NOW) == []
    (tmp_path / "roles.csv").write_text("x\n")
    (tmp_path / "goals.csv").mkdir()
    found = errors_of(tmp_path, curated.SHEETS, NOW)
    assert "roles.csv, line 1: column 1 is not known" in found
    assert "goals.csv cannot be read (IsADirectoryError)" in found


# --- Landing ----------------------------------------------------------------------------------


def land(data: Path, source: str = "curated", **files: str | None) -> dict[str, FeedResult]:
    """Write these files (None: remove it), land the folder, give back what each feed did."""
    folder = data / "files"
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        path = folder / f"{name}.csv"
        path.unlink(missing_ok=True) if content is None else path.write_text(content)
    spec = SOURCES[source]
    assert spec.kept is not None
    landing = Landing(Lake(data), run_id="r", gates=LANDING, hash_key=KEY, span=Span())
    with spec.kept(folder, NOW) as folder_:
        return {feed.name: landing.feed(spec, feed, folder_) for feed in spec.feeds}


def accounts(data: Path, stream: str = "affiliation") -> set[str]:
    return {key.split("|")[1] for key in Lake(data).live("curated", stream)}


def hashed(source: str, kind: str, value: object) -> str:
    return str(pseudonym(KEY, source, kind, value))


def test_an_account_is_the_pseudonym_that_its_own_source_lands(tmp_path: Path) -> None:
    made = hashed("pontoon", "id", 7)
    land(tmp_path, affiliation=AFFILIATION + (
        "bugzilla,login,Ada@Example.org,staff,2024-01-01,\n"
        "sumo,username,bob,volunteer,2024-01-01,\n"
        f"pontoon,pseudonym,{made},volunteer,2024-01-01,\n"
        "reps,id,77,volunteer,2024-01-01,\n"
    ))  # fmt: skip
    assert accounts(tmp_path) == {
        hashed("bugzilla", "login", "ada@example.org"), hashed("sumo", "username", "bob"), made,
        hashed("reps", "id", 77),
    }  # fmt: skip


def test_what_left_the_file_is_buried_and_a_missing_file_buries_nothing(tmp_path: Path) -> None:
    two = AFFILIATION + "sumo,username,ada,staff,2024-01-01,\nsumo,username,bob,staff,2024-01-01,\n"
    assert land(tmp_path, affiliation=two)["affiliation"].written == {"affiliation": 2}
    assert land(tmp_path)["affiliation"].written == {"affiliation": 0}
    assert land(tmp_path, affiliation=None)["affiliation"].written == {"affiliation": 0}
    assert len(accounts(tmp_path)) == 2
    land(tmp_path, affiliation=two.replace("sumo,username,bob,staff,2024-01-01,\n", ""))
    assert accounts(tmp_path) == {hashed("sumo", "username", "ada")}
    land(tmp_path, affiliation=AFFILIATION)
    assert accounts(tmp_path) == set()


def test_a_manifest_tells_when_the_file_was_written_and_what_its_gate_said(tmp_path: Path) -> None:
    land(tmp_path, affiliation=AFFILIATION + "sumo,username,ada,staff,2024-01-01,\n")
    os.utime(tmp_path / "files" / "affiliation.csv", (0, 1_780_000_000))
    land(tmp_path)
    first, second = Lake(tmp_path).manifests("curated", "affiliation")
    assert first.verdict is not None
    assert first.verdict["accepted"]
    assert first.verdict["expectations"]
    assert all(first.verdict["expectations"].values())
    assert second.source_version == "file of 2026-05-28T20:26:40Z"


def test_a_refused_file_leaves_what_was_landed_and_the_other_files_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MDM_HASH_KEY", KEY.decode())
    folder = tmp_path / "curated"
    folder.mkdir()
    (folder / "affiliation.csv").write_text(AFFILIATION + "sumo,username,ada,staff,2024-01-01,\n")
    run.land_source(tmp_path, SOURCES["curated"], run_id="r")
    (folder / "affiliation.csv").write_text(AFFILIATION + "sumo,username,ada,boss,2024-01-01,\n")
    (folder / "outcomes.csv").write_text("event_id,metric,expected,outcome\n1,attendees,1,1\n")
    results = {one.feed: one for one in run.land_source(tmp_path, SOURCES["curated"], run_id="r")}
    assert results["affiliation"].refused == (
        "affiliation.csv, line 2, column affiliation: expected one of staff, vendor, volunteer",
    )
    assert results["outcomes"].written == {"outcomes": 1}
    assert accounts(tmp_path) == {hashed("sumo", "username", "ada")}


def test_nothing_a_person_could_be_known_by_is_written(tmp_path: Path) -> None:
    land(tmp_path, affiliation=AFFILIATION + "bugzilla,login,ada@example.org,staff,2024-01-01,\n")
    land(
        tmp_path,
        "survey",
        invitations="wave,respondent,source,kind,account,is_delivered\none,code-1,sumo,username,ada,yes\n",
        answers=ANSWERS + "one,code-1,gender,woman,yes\n",
    )
    written = b"".join(path.read_bytes() for path in (tmp_path / "raw").rglob("*") if path.is_file())
    for planted in (b"ada", b"example.org", b"code-1"):
        assert planted not in written


def test_a_text_that_is_no_pseudonym_does_not_pass_for_one(tmp_path: Path) -> None:
    from pipelines.border import border_table, quarantined

    row = {"source": "sumo", "account": "ada", "affiliation": "staff", "valid_from": "2024-01-01"}
    with pytest.raises(SourceChanged, match="`account` as pseudonyms, got another text"):
        border_table(curated.AFFILIATION, [row], lambda _kind, value: value, "b", NOW)
    assert "ada" not in json.dumps(quarantined(curated.AFFILIATION, row, lambda _kind, value: value))


def test_the_command_line_checks_and_makes_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MDM_DATA", str(tmp_path))
    monkeypatch.setenv("MDM_SURVEY_DIR", str(tmp_path / "elsewhere"))
    cli.curated_template()
    assert {path.name for path in tmp_path.glob("curated/*")} == {sheet.file for sheet in curated.SHEETS}
    assert {path.name for path in tmp_path.glob("elsewhere/*")} == {sheet.file for sheet in survey.SHEETS}
    with pytest.raises(SystemExit) as ended:
        cli.curated_check()
    assert (ended.value.code, capsys.readouterr().out.splitlines()[-1]) == (0, "no error")
    (tmp_path / "elsewhere" / "waves.csv").write_text("wave,starts_on,ends_on\none,today,\n")
    with pytest.raises(SystemExit) as ended:
        cli.curated_check()
    told = capsys.readouterr().out
    assert ended.value.code == 1
    assert "waves.csv, line 2, column starts_on: expected a day as YYYY-MM-DD" in told
    assert told.endswith("2 errors\n")
    assert not (tmp_path / "raw").exists()
