"""Publication: all or nothing, the same input the same bytes, and nothing that should not be seen."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from expectations.gate import Verdict
from pipelines import publish as publication
from pipelines.publish import (
    TABLES,
    PublicationFailed,
    PublicationRefused,
    Published,
    current_version,
    publish,
    roll_back,
    versions,
)
from tests.invented_warehouse import AS_OF, RELEASE, Place, read, regional, told, value, values

LATER = replace(RELEASE, as_of=AS_OF + timedelta(days=1), run_id="run2")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    filled = Place(tmp_path)
    filled.fill(values())
    return filled


def publish_now(place: Place, release: publication.Release = RELEASE) -> Published:
    return publish(place.warehouse, place.manifest, place.out, release)


@pytest.fixture
def open_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of how versions come and go: every frame is accepted at once."""
    monkeypatch.setattr(publication, "judge", lambda *_: Verdict(True, (), (), 0))


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_publication_holds_every_table_for_both_audiences(place: Place) -> None:
    published = publish_now(place)
    assert current_version(place.out) == published.path
    assert (place.out / "current").read_text() == published.version
    for audience, k in (("internal", 5), ("public", 10)):
        file = published.path / f"{audience}.duckdb"
        found = read(file, "select table_name, column_name from information_schema.columns order by all")
        assert found == sorted((table, column) for table, columns in TABLES.items() for column in columns)
        assert read(
            file, "select version, audience, k, run_id, as_of, input_snapshot, inputs from release"
        ) == [(published.version, audience, k, "run1", datetime(2026, 7, 1, 3), "in-1", '{"batches": 3}')]
        assert read(file, "select count(*) from metric_value") == [(len(values()),)]
        assert not file.with_suffix(".duckdb.wal").exists()


@pytest.mark.usefixtures("open_gate")
def test_small_groups_are_hidden_and_zero_is_told(place: Place) -> None:
    path = publish_now(place).path
    query = (
        "select region, status, value, persons, coverage from metric_value where region like '%a' order by 1"
    )
    hidden = ("suppressed", None, None, None)
    zero = ("antarctica", "complete", 0.0, 0, 0.75)
    asia = [("central_asia", "complete", 7.0, 7, 0.75), ("western_asia", *hidden)]
    assert read(path / "internal.duckdb", query) == [zero, *asia]
    assert read(path / "public.duckdb", query) == [zero, ("central_asia", *hidden), ("western_asia", *hidden)]


@pytest.mark.usefixtures("open_gate")
def test_the_public_sees_rounded_numbers(place: Place) -> None:
    file = publish_now(place).path / "public.duckdb"
    shown = "select value, ci_low, ci_high, numerator, denominator, persons from metric_value where metric = "
    assert read(file, f"{shown} 'region_coverage' and status = 'complete'") == [
        (0.75, 0.63, 0.83, 55, 70, 70)
    ]
    assert read(file, f"{shown} 'active_contributors_by_region' and country = 'SI'") == [
        (40, None, None, None, None, 40)
    ]
    assert read(file, f"{shown} 'contributor_absence_factor'") == [(6, None, None, None, None, 70)]
    assert read(file, f"{shown} 'source_freshness_h' and source = 'sumo'") == [(5.25, *[None] * 5)]


@pytest.mark.usefixtures("open_gate")
def test_metrics_are_published_as_declared_with_their_parameters(place: Place) -> None:
    file = publish_now(place).path / "public.duckdb"
    assert read(
        file,
        """select version, topic_area, unit, window_text, interval_method, sources, additive_over, parameters
           from metric where metric = 'region_coverage'""",
    ) == [(1, "regional", "share", "calendar month", "none", "sumo, reps", "region", '{"min_persons": 5}')]


@pytest.mark.usefixtures("open_gate")
def test_regions_and_sources_are_published_with_their_names(place: Place) -> None:
    file = publish_now(place).path / "public.duckdb"
    assert read(file, "select * from region where code in ('SI', 'unknown') order by code") == [
        ("SI", "country", "Slovenia", "southern_europe", "SVN", "un_m49_sub_region"),
        ("unknown", "region", "Not known", None, None, "un_m49_sub_region"),
    ]
    states = dict(read(file, "select source || '/' || stream, freshness_h from source_state"))
    assert states["sumo/questions"] == 3.0
    assert states["reps/events"] is None  # a closed archive is not late


@pytest.mark.usefixtures("open_gate")
def test_two_builds_of_one_warehouse_export_the_same_bytes(place: Place, tmp_path: Path) -> None:
    first = publish_now(place)
    again = Place(tmp_path / "again")
    again.data.mkdir()
    again.fill(reversed(values()))
    second = publish_now(again, replace(RELEASE, run_id="another", created_at=datetime.now(UTC)))
    assert second.version == first.version
    for file in ("internal.duckdb", "public.duckdb"):
        for table in sorted(TABLES.keys() - {"release"}):
            exports = []
            for where, published in enumerate((first, second)):
                out = tmp_path / f"{where}.csv"
                read(published.path / file, f"copy {table} to '{out}' (header)")
                exports.append(out.read_bytes())
            assert exports[0] == exports[1]


@pytest.mark.usefixtures("open_gate")
def test_the_same_content_is_the_same_version_and_is_not_written_again(place: Place) -> None:
    first = publish_now(place)
    written = (first.path / "public.duckdb").stat().st_mtime_ns
    second = publish_now(place, replace(RELEASE, run_id="run2", created_at=datetime.now(UTC)))
    assert (second.version, second.is_new) == (first.version, False)
    assert (first.path / "public.duckdb").stat().st_mtime_ns == written
    assert versions(place.out) == [first.version]


@pytest.mark.usefixtures("open_gate")
def test_a_changed_value_is_another_version_and_the_former_one_stays(place: Place) -> None:
    first = publish_now(place)
    place.fill([*values()[1:], regional("southern_europe", 44)])
    second = publish_now(place, replace(RELEASE, created_at=AS_OF + timedelta(hours=1)))
    assert second.version != first.version
    assert second.is_new
    assert [first.version, second.version] == versions(place.out)
    assert current_version(place.out) == second.path


@pytest.mark.usefixtures("open_gate")
@pytest.mark.parametrize("hours", [1, -1])
def test_versions_stand_in_the_order_of_their_publication_whatever_their_names(
    place: Place, hours: int
) -> None:
    one = publish_now(place)
    place.fill([*values()[1:], regional("southern_europe", 44)])
    same_clock = publish_now(place, replace(RELEASE, created_at=AS_OF + timedelta(hours=hours)))
    later = publish_now(place, replace(LATER, created_at=AS_OF - timedelta(hours=2)))
    both = [one.version, same_clock.version]
    assert versions(place.out) == [later.version, *(both if hours > 0 else reversed(both))]
    assert one.version.startswith("20260701T030000Z-")


@pytest.mark.usefixtures("open_gate")
def test_a_version_that_cannot_be_read_is_named(place: Place) -> None:
    first = publish_now(place)
    (first.path / "internal.duckdb").write_bytes(b"half")
    with pytest.raises(PublicationFailed, match=f"{first.version} cannot be read"):
        versions(place.out)


@pytest.mark.usefixtures("open_gate")
def test_rolling_back_makes_an_earlier_version_current(place: Place) -> None:
    first = publish_now(place)
    publish_now(place, LATER)
    assert roll_back(place.out, first.version) == first.path
    assert current_version(place.out) == first.path
    for unknown in ("20200101T000000Z-00000000", "../published", ".tmp-x"):
        with pytest.raises(PublicationFailed, match="not a whole published version"):
            roll_back(place.out, unknown)
    assert current_version(place.out) == first.path


def test_nothing_is_current_before_the_first_publication(place: Place) -> None:
    assert current_version(place.out) is None
    assert versions(place.out) == []


def test_a_refused_publication_changes_nothing_and_says_why(place: Place) -> None:
    first = publish_now(place)
    before = names_in(place.out)
    many = {"persons": 20, "smallest_group": 20, "numerator": 15, "denominator": 10}
    place.fill([*values(), value("region_coverage", 1.5, area="support", locale="sl", **many)])
    with pytest.raises(PublicationRefused) as refused:
        publish_now(place, LATER)
    share, parts, *_ = refused.value.sentences
    assert share.startswith("internal metric_value: `share_of_people`: expected: a share is between 0 and 1")
    assert parts.endswith("`numerator_of_share`: expected: of n at most n; came: 1 of 4 otherwise")
    assert names_in(place.out) == before
    assert current_version(place.out) == first.path


def test_a_value_nobody_declared_is_refused(place: Place) -> None:
    place.fill([*values(), value("mood", 1)])
    with pytest.raises(PublicationRefused, match="every value is of a declared metric"):
        publish_now(place)


def test_a_declared_metric_without_rows_is_refused(place: Place) -> None:
    place.fill([row for row in values() if row["metric"] != "source_freshness_h"])
    with pytest.raises(PublicationRefused, match="every declared metric has rows"):
        publish_now(place)


def test_a_pseudonym_in_a_dimension_is_refused_and_not_repeated(place: Place) -> None:
    person = "0123456789abcdef0123456789abcdef"
    place.fill([*values(), regional("unknown", 60, project=f"of {person}")])
    with pytest.raises(PublicationRefused) as refused:
        publish_now(place)
    assert "no pseudonym" in str(refused.value)
    assert person not in str(refused.value)


@pytest.mark.usefixtures("open_gate")
@pytest.mark.parametrize("moment", ["protect", "_write", "_content", "judge", "_put_in_place", "_point_at"])
def test_a_crash_at_any_moment_leaves_the_former_version_current(
    place: Place, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    first = publish_now(place)

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(publication, moment, crash)
        with pytest.raises(KeyboardInterrupt):
            publish_now(place, LATER)
    assert current_version(place.out) == first.path
    assert not list(place.out.glob(".tmp-*"))
    assert publish_now(place, LATER).path == current_version(place.out)


@pytest.mark.usefixtures("open_gate")
def test_what_a_killed_publication_left_is_cleaned_by_the_next(place: Place) -> None:
    half = place.out / ".tmp-killed"
    half.mkdir(parents=True)
    (half / "internal.duckdb").write_bytes(b"half")
    assert versions(place.out) == []
    published = publish_now(place)
    assert names_in(place.out) == sorted(["current", published.version])


@pytest.mark.usefixtures("open_gate")
def test_a_version_that_lost_a_file_is_named_and_never_overwritten(place: Place) -> None:
    first = publish_now(place)
    (first.path / "public.duckdb").unlink()
    with pytest.raises(PublicationFailed, match=first.version):
        publish_now(place)
    assert names_in(first.path) == ["internal.duckdb"]


def test_a_place_that_cannot_be_written_is_one_clear_sentence(place: Place) -> None:
    place.out.write_text("a file, not a folder")
    with pytest.raises(PublicationFailed, match="cannot be written, nothing changed"):
        publish_now(place)


@pytest.mark.usefixtures("open_gate")
def test_a_full_disk_leaves_the_former_version_current(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    first = publish_now(place)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(publication, "_put_in_place", full)
    with pytest.raises(PublicationFailed, match="No space left"):
        publish_now(place, LATER)
    assert current_version(place.out) == first.path


def test_a_missing_or_strange_input_is_one_clear_sentence(place: Place) -> None:
    with pytest.raises(PublicationFailed, match="There is no warehouse at"):
        publish(place.data / "none.duckdb", place.manifest, place.out, RELEASE)
    with duckdb.connect(str(place.warehouse)) as connection:
        connection.execute("alter table metrics.metric_value drop column smallest_group")
    with pytest.raises(PublicationFailed, match="lacks smallest_group"):
        publish_now(place)
    declared = json.loads(place.manifest.read_text())
    del declared["nodes"]["model.mdm.met_region_coverage"]["config"]["meta"]["metric"]["unit"]
    place.manifest.write_text(json.dumps(declared))
    with pytest.raises(PublicationFailed, match="met_region_coverage declares its metric without unit"):
        publish_now(place)
    place.manifest.write_text("<html>")
    with pytest.raises(PublicationFailed, match="not a dbt manifest"):
        publish_now(place)


@pytest.mark.usefixtures("open_gate")
def test_a_reader_of_the_former_version_is_not_disturbed(place: Place) -> None:
    first = publish_now(place)
    with duckdb.connect(str(first.path / "public.duckdb"), read_only=True) as reader:
        place.fill([*values()[1:], regional("southern_europe", 99)])
        second = publish_now(place, LATER)
        query = "select value from metric_value where region = 'southern_europe' and country is null"
        assert reader.execute(query).fetchall() == [(45.0,)]
    assert read(second.path / "public.duckdb", query) == [(100.0,)]


# --- the survey in two versions ------------------------------------------------------------------

ANSWERED = {"man": 60, "woman": 31, "non_binary": 12, "self_described": 2, "prefer_not_to_say": 4}


def shown_answers(place: Place, **more: int) -> dict[str, tuple[float, float]]:
    """Who told what, of all who answered, as staff sees it once some more answered and it is published."""
    counts = {gender: persons + more.get(gender, 0) for gender, persons in ANSWERED.items()}
    answers = [told(gender, persons, of=sum(counts.values())) for gender, persons in counts.items()]
    rest = [row for row in values() if row["metric"] != "demographic_share"]
    place.fill([*rest, *answers])
    path = publish_now(place, replace(RELEASE, created_at=datetime.now(UTC))).path
    query = """select attribute_value, numerator, denominator from metric_value
               where metric = 'demographic_share' and status = 'complete' order by all"""
    public = read(path / "public.duckdb", query)
    internal = read(path / "internal.duckdb", query)
    assert {gender for gender, *_ in public} == {gender for gender, *_ in internal}
    return {gender: (numerator, denominator) for gender, numerator, denominator in internal}


def test_one_answer_more_is_not_told_by_subtracting_two_versions(place: Place) -> None:
    first = shown_answers(place)
    assert first == {"man": (60, 109), "woman": (31, 109)}
    assert shown_answers(place, woman=1) == {}
    assert shown_answers(place, woman=1) == {}
    assert shown_answers(place, woman=6) == {"man": (60, 115), "woman": (37, 115)}


def test_a_version_of_before_a_column_was_there_is_compared_too(place: Place) -> None:
    shown_answers(place)
    (version,) = versions(place.out)
    with duckdb.connect(str(place.out / version / "internal.duckdb")) as connection:
        connection.execute("alter table metric_value drop column goal")
    assert shown_answers(place, woman=1) == {}


def test_what_was_held_back_is_compared_with_what_was_shown_last(place: Place) -> None:
    shown_answers(place)
    assert shown_answers(place, woman=3) == {}
    assert shown_answers(place, woman=4) == {}
    assert shown_answers(place) == {"man": (60, 109), "woman": (31, 109)}


def test_a_change_of_hidden_answers_is_not_the_rest_of_two_changes(place: Place) -> None:
    """Six men and one of the hidden: seven more in all, less six."""
    shown_answers(place)
    assert "man" not in shown_answers(place, man=6, self_described=1)
    assert shown_answers(place, man=6, self_described=6)["man"] == (66, 121)


def test_the_gate_refuses_what_tells_of_one_answer(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    shown_answers(place)
    protect = publication.protect
    monkeypatch.setattr(publication, "protect", lambda *given: protect(*given[:4]))
    with pytest.raises(PublicationRefused, match="few numerator more or less"):
        shown_answers(place, woman=1)
