"""The way back from a number: the right rows, the right change, and a sentence where there is none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from expectations.gate import Verdict
from pipelines import cli, warehouse
from pipelines import publish as publication
from pipelines.explain import (
    Aside,
    Basis,
    Explanation,
    NotExplained,
    changes_since,
    explain,
    period_bounds,
    period_of,
    values_of,
)
from pipelines.lake import Manifest, write_parquet
from pipelines.publish import publish
from pipelines.status import STREAMS_SCHEMA
from tests.invented_warehouse import AS_OF, RELEASE, Place, regional, value, values

SUPPORT = Basis(
    frozenset({"sumo/questions", "sumo/answers", "reps/people"}), frozenset({"sumo"}), knows_persons=True
)
"""A metric of support, which knows from Reps where people live."""
NO_STREAM = Basis(frozenset(), frozenset(), knows_persons=True)
LATER = replace(RELEASE, as_of=AS_OF + timedelta(days=1), created_at=AS_OF + timedelta(days=1), run_id="run2")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr(publication, "judge", lambda *_: Verdict(True, (), (), 0))
    filled = Place(tmp_path)
    filled.fill(values())
    return filled


def published(place: Place, rows: list[dict[str, Any]], release: publication.Release = RELEASE) -> Path:
    place.fill(rows)
    return publish(place.warehouse, place.manifest, place.out, release).path


@pytest.mark.parametrize(
    ("period", "start", "end"),
    [
        ("2026-05", (2026, 5), (2026, 6)),
        ("2026-12", (2026, 12), (2027, 1)),
        ("2026-Q4", (2026, 10), (2027, 1)),
        ("2026", (2026, 1), (2027, 1)),
    ],
)
def test_a_period_is_a_month_a_quarter_or_a_year(
    period: str, start: tuple[int, int], end: tuple[int, int]
) -> None:
    assert period_bounds(period) == (datetime(*start, 1), datetime(*end, 1))


@pytest.mark.parametrize("period", ["2026-13", "2026-Q5", "May", "2026-05-01"])
def test_another_period_is_refused_in_one_sentence(period: str) -> None:
    with pytest.raises(NotExplained, match="a period is written"):
        period_bounds(period)


def test_what_was_not_named_is_not_split_by_where_there_is_such_a_row(place: Place) -> None:
    version = published(place, values())
    (whole,), more = values_of(version, "region_coverage", period_bounds("2026-05"), {})
    assert (whole["area"], whole["status"], more) == (None, "complete", 0)
    rows, _ = values_of(version, "active_contributors_by_region", None, {"region": "southern_europe"})
    assert [(row["country"], row["value"]) for row in rows] == [(None, 43)]


def test_a_metric_that_is_always_split_shows_all_its_slices(place: Place) -> None:
    rows, _ = values_of(published(place, values()), "source_freshness_h", None, {})
    assert {row["source"] for row in rows} == {"sumo", "reps"}


@pytest.mark.parametrize(
    ("before", "now", "cause"),
    [
        ({}, {"input_snapshot": "in-2"}, "late data"),
        ({}, {"identity_snapshot": "id-2"}, "identity"),
        ({}, {"parameters_hash": "ba9876543210"}, "definition"),
    ],
)
def test_a_change_is_told_with_what_moved_it(
    place: Place, before: dict[str, Any], now: dict[str, Any], cause: str
) -> None:
    published(place, [regional("southern_europe", 43, **before)])
    version = published(place, [regional("southern_europe", 44, **now)], LATER)
    rows, _ = values_of(version, "active_contributors_by_region", None, {})
    earlier, (change,) = changes_since(place.out, version.name, rows, NO_STREAM)
    assert earlier is not None
    assert earlier < version.name
    assert (change.before, change.now) == (43, 44)
    assert [told.split(":")[0] for told in change.causes] == [cause]


@pytest.mark.parametrize("hours", [1, -1])
def test_the_version_before_is_the_one_published_before_not_the_one_before_by_name(
    place: Place, hours: int
) -> None:
    other = replace(RELEASE, created_at=AS_OF + timedelta(hours=hours))
    one = published(place, [regional("southern_europe", 43)])
    two = published(place, [regional("southern_europe", 44)], other)
    first, second = (one, two) if hours > 0 else (two, one)
    rows, _ = values_of(second, "active_contributors_by_region", None, {})
    assert changes_since(place.out, second.name, rows, NO_STREAM)[0] == first.name
    assert changes_since(place.out, first.name, rows, NO_STREAM) == (None, [])


@pytest.mark.parametrize(
    ("landed", "basis", "causes"),
    [
        ("sumo/answers", SUPPORT, ["late data: the period was over before; changed: sumo/answers"]),
        ("reps/people", SUPPORT, ["late data: the period was over before; changed: reps/people"]),
        ("bugzilla/bugs", SUPPORT, []),
        ("bugzilla/bugs", NO_STREAM, ["late data: the period was over before"]),
    ],
)
def test_only_a_stream_that_the_metric_rests_on_has_moved_it(
    place: Place, landed: str, basis: Basis, causes: list[str]
) -> None:
    """Every night some stream of some source has new rows: that says nothing of a metric of another one."""
    batches = dict.fromkeys(("sumo/questions", "sumo/answers", "reps/people", "bugzilla/bugs"), "b1")
    first = replace(RELEASE, inputs={"last_batches": batches})
    second = replace(LATER, inputs={"last_batches": batches | {landed: "b2"}})
    published(place, [value("region_coverage", 0.5)], first)
    version = published(place, [value("region_coverage", 0.6, input_snapshot="in-2")], second)
    rows, _ = values_of(version, "region_coverage", None, {})
    (change,) = changes_since(place.out, version.name, rows, basis)[1]
    assert list(change.causes) == causes


@pytest.mark.parametrize(
    ("column", "told"),
    [
        ("records", "changed: sumo/questions"),
        ("watermark", "no other rows, read further: sumo/questions"),
    ],
)
def test_a_stream_with_fewer_rows_or_read_further_is_told_without_a_new_batch(
    place: Place, column: str, told: str
) -> None:
    """Somebody was erased; or nothing new came, and a month that was provisional is complete."""
    published(place, [value("region_coverage", 0.5, status="provisional")])
    place.fill([value("region_coverage", 0.6, input_snapshot="in-2")])
    streams = place.data / "raw" / "_pipeline" / "streams.parquet"
    before = pq.read_table(streams).to_pylist()
    for row in before:
        if (row["source"], row["stream"]) == ("sumo", "questions"):
            row[column] = {"records": row["records"] - 1, "watermark": AS_OF + timedelta(hours=1)}[column]
    write_parquet(pa.Table.from_pylist(before, schema=STREAMS_SCHEMA), streams)
    version = publish(place.warehouse, place.manifest, place.out, LATER).path
    rows, _ = values_of(version, "region_coverage", None, {})
    (change,) = changes_since(place.out, version.name, rows, SUPPORT)[1]
    assert change.causes == (f"late data: the period was over before; {told}",)


def test_of_several_streams_those_of_the_metrics_own_sources_are_told(place: Place) -> None:
    """Who people are hangs on all systems, and every night something of some system is new."""
    first = replace(RELEASE, inputs={"last_batches": {}})
    second = replace(LATER, inputs={"last_batches": {"sumo/answers": "b2", "reps/people": "b2"}})
    published(place, [value("region_coverage", 0.5)], first)
    version = published(place, [value("region_coverage", 0.6, input_snapshot="in-2")], second)
    rows, _ = values_of(version, "region_coverage", None, {})
    (change,) = changes_since(place.out, version.name, rows, SUPPORT)[1]
    assert change.causes == ("late data: the period was over before; changed: sumo/answers",)


def test_other_persons_move_only_what_tells_of_persons(place: Place) -> None:
    published(place, [value("region_coverage", 0.5)])
    version = published(place, [value("region_coverage", 0.6, identity_snapshot="id-2")], LATER)
    rows, _ = values_of(version, "region_coverage", None, {})
    for knows, causes in ((True, ("identity: accounts are drawn together otherwise",)), (False, ())):
        (change,) = changes_since(place.out, version.name, rows, replace(SUPPORT, knows_persons=knows))[1]
        assert change.causes == causes


def test_a_change_of_the_code_is_told(place: Place) -> None:
    published(place, [regional("southern_europe", 43)])
    version = published(place, [regional("southern_europe", 44)], replace(LATER, code_revision="5eed"))
    rows, _ = values_of(version, "active_contributors_by_region", None, {})
    (change,) = changes_since(place.out, version.name, rows, NO_STREAM)[1]
    assert change.causes == ("code: c0de before, 5eed now",)


def test_what_did_not_change_is_not_told_and_what_is_new_is(place: Place) -> None:
    published(place, [regional("southern_europe", 43)])
    version = published(place, [regional("southern_europe", 43), regional("antarctica", 8)], LATER)
    rows, _ = values_of(version, "active_contributors_by_region", None, {})
    (change,) = changes_since(place.out, version.name, rows, NO_STREAM)[1]
    assert (change.slice, change.before_status) == ("region antarctica, population community", "not there")


def test_a_period_that_was_not_over_has_new_data_not_late_data(place: Place) -> None:
    june = {"period_start": datetime(2026, 6, 1), "period_end": datetime(2026, 7, 2)}
    published(place, [value("region_coverage", 0.5, **june)])
    later = replace(LATER, as_of=AS_OF + timedelta(days=2))
    version = published(place, [value("region_coverage", 0.6, input_snapshot="in-2", **june)], later)
    rows, _ = values_of(version, "region_coverage", None, {})
    assert changes_since(place.out, version.name, rows, NO_STREAM)[1][0].causes == ("new data",)


@pytest.mark.parametrize(
    ("grain", "written"),
    [
        ("month", "2026-04"),
        ("quarter", "2026-Q2"),
        ("year", "2026"),
        ("trailing_90d", "trailing_90d to 2026-05-01"),
    ],
)
def test_a_period_is_written_as_it_is_asked_for(grain: str, written: str) -> None:
    row = {"grain": grain, "period_start": datetime(2026, 4, 1), "period_end": datetime(2026, 5, 1)}
    assert period_of(row) == written


@pytest.mark.parametrize(
    ("metric", "period", "given", "sentence"),
    [
        ("active", None, {}, "There is no metric 'active'; there are active_contributors_by_region"),
        ("region_coverag", None, {}, "There is no metric 'region_coverag'; did you mean region_coverage"),
        (
            "active_contributors_by_region",
            None,
            {"region": "atlantis"},
            r"not split by the region 'atlantis'; there are .*\(",
        ),
        ("region_coverage", "1999", {}, "no value for 1999"),
        ("region_coverage", None, {"town": "Graz"}, "no value is split by town"),
    ],
)
def test_what_is_not_there_is_said_in_one_sentence(
    place: Place, metric: str, period: str | None, given: dict[str, str], sentence: str
) -> None:
    published(place, values())
    with pytest.raises(NotExplained, match=sentence):
        explain(place.data, metric, period, given)


def test_before_the_first_publication_the_way_to_it_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotExplained, match="Nothing has been published"):
        explain(tmp_path, "region_coverage", None, {})


REGIONAL = "active_contributors_by_region"
IN_MAY = "timestamp '2026-05-09'"


def explained(
    place: Place,
    given: Mapping[str, str],
    metric: str = REGIONAL,
    rows: list[dict[str, Any]] | None = None,
) -> Explanation:
    """Of a publication with a way of three steps: answers, acts that were judged, acts by region.

    Acts of May: seven of Southern Europe, three of Central Asia; of April: two of Southern Europe.
    """
    release = replace(RELEASE, inputs={"last_batches": {"sumo/answers": "20260702T000000000000-0000"}})
    published(place, rows or values(), release)
    with duckdb.connect(str(place.warehouse)) as connection:
        connection.execute(
            f"""
            create table staging.stg_sumo__answers as select {IN_MAY} as created_at from range(40);
            create table marts.fct_regional as
                select 'southern_europe' as region, {IN_MAY} as occurred_at from range(7)
                union all select 'southern_europe', timestamp '2026-04-30' from range(2)
                union all select 'central_asia', {IN_MAY} from range(3);
            create table intermediate.int_activity__judged as
                select 'sumo' as source, locale, 'bot' as set_aside_reason, {IN_MAY} as occurred_at
                from (select unnest(['sl', 'sl', 'sl', 'sl', 'sl', 'de']) as locale)
            """
        )
    way = {
        "source.mdm.sumo.answers": [],
        "model.mdm.stg_sumo__answers": ["source.mdm.sumo.answers"],
        "model.mdm.int_activity__judged": ["model.mdm.stg_sumo__answers"],
        "model.mdm.fct_regional": ["model.mdm.int_activity__judged"],
        f"model.mdm.met_{metric}": ["model.mdm.fct_regional"],
    }
    layers = {"stg": "staging", "int": "intermediate", "fct": "marts", "met": "metrics"}
    names = {one: one.split(".")[2] for one in way if one.startswith("model.")}
    nodes = {
        one: {
            "unique_id": one, "name": name, "resource_type": "model", "schema": layers[name[:3]],
            "description": "One row a row. More.", "original_file_path": f"models/{name}.sql", "raw_code": "",
        }
        for one, name in names.items()
    }  # fmt: skip
    sources = {"source.mdm.sumo.answers": {"source_name": "sumo", "name": "answers"}}
    path = warehouse.manifest(place.data)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"nodes": nodes, "sources": sources, "parent_map": way}))
    return explain(place.data, metric, "2026-05", given)


def counts(found: Explanation) -> dict[str, tuple[str, int | None, int | None]]:
    return {step.model: (step.of, step.rows, step.in_period) for step in found.steps}


def test_a_step_is_counted_for_the_slice_as_far_as_it_tells_it(place: Place) -> None:
    found = explained(place, {"region": "southern_europe", "country": "SI"})
    assert [row["value"] for row in found.values] == [42]
    assert counts(found) == {
        "stg_sumo__answers": ("", 40, 40),
        "int_activity__judged": ("", 6, 6),
        "fct_regional": ("region southern_europe", 9, 7),
    }
    assert found.set_aside == [Aside("sumo", "bot", "", 6)]


def test_without_a_slice_every_step_is_counted_whole(place: Place) -> None:
    found = explained(place, {}, "region_coverage")
    assert counts(found)["fct_regional"] == ("", 12, 10)
    assert (found.slice, found.is_suppressed) == ({}, False)


def test_few_rows_of_a_slice_are_not_counted_out(place: Place) -> None:
    assert counts(explained(place, {"region": "central_asia"}))["fct_regional"] == (
        "region central_asia", None, None
    )  # fmt: skip


def test_the_steps_to_a_suppressed_value_are_everybodys(place: Place) -> None:
    """The rows of so few people would tell what the value must not."""
    found = explained(place, {"region": "western_asia"})
    assert [row["status"] for row in found.values] == ["suppressed"]
    assert found.is_suppressed
    assert counts(found)["fct_regional"] == ("", 12, 10)


def test_acts_that_were_set_aside_are_counted_for_the_slice_too(place: Place) -> None:
    rows = [*values(), value("region_coverage", 0.5, locale="sl", persons=60, smallest_group=30,
                             numerator=30, denominator=60)]  # fmt: skip
    found = explained(place, {"locale": "sl"}, "region_coverage", rows)
    assert found.set_aside == [Aside("sumo", "bot", "locale sl", 5)]


def test_the_batches_of_a_stream_are_told_from_the_first_to_the_last_that_was_published(place: Place) -> None:
    folder = place.data / "raw" / "sumo" / "answers"
    folder.mkdir(parents=True)
    for day, rows in ((1, 30), (2, 10), (2.5, 0), (3, 5)):
        at = datetime(2026, 7, 1) + timedelta(days=day - 1)
        batch = f"{at:%Y%m%dT%H%M%S%f}-0000"
        told = Manifest(
            batch_id=batch, run_id="run", source="sumo", feed="answers", stream="answers",
            landed_at=f"{at:%Y-%m-%dT%H:%M:%SZ}", since=None, until=None, cursor=None, watermark=None,
            rows_received=rows, rows_written=rows, requests=1, waited_s=0,
            file=f"{batch}.parquet" if rows else None,
        )  # fmt: skip
        (folder / f"{batch}.json").write_text(json.dumps(asdict(told)))
    (inlet,) = explained(place, {"region": "southern_europe"}).inlets
    assert (inlet.source, inlet.stream, inlet.records, inlet.batches) == ("sumo", "answers", 7, 2)
    assert (inlet.first_batch, inlet.first_landed_at) == (
        "20260701T000000000000-0000",
        "2026-07-01T00:00:00Z",
    )
    assert (inlet.last_batch, inlet.last_landed_at) == ("20260702T000000000000-0000", "2026-07-02T00:00:00Z")
    assert cli._batches(inlet) == f"2 batches, {inlet.first_batch} to {inlet.last_batch}, 8 versions"


@pytest.mark.parametrize(
    ("region", "rows", "sentence"),
    [
        ("central_asia", ["region central_asia", "under 5", "under 5"], "everybody: the step does not tell"),
        ("southern_europe", ["region southern_europe", "9", "7"], "everybody: the step does not tell"),
        ("western_asia", ["12", "10"], "a value of this slice is suppressed, so all rows are everybody's"),
    ],
)
def test_the_page_says_of_whom_the_rows_of_a_step_are(
    region: str, rows: list[str], sentence: str, place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    cli._explained(cli._console(), explained(place, {"region": region}))
    told = capsys.readouterr().out
    (line,) = (one for one in told.splitlines() if "marts.fct_regional" in one)
    assert [one.strip() for one in line.split("  ") if one.strip()][2:] == rows
    assert sentence in told
