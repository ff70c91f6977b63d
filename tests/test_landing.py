"""Landing: what is refused leaves the lake as it was; what is read again unchanged is not written again."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from expectations.gate import Gate, expect
from pipelines import lake, landing, status
from pipelines.lake import Lake
from pipelines.landing import FeedResult, Landing
from pipelines.sources import sumo
from pipelines.sources.http import SourceDown
from pipelines.sources.spec import (
    Asker,
    Count,
    Feed,
    Page,
    Source,
    Span,
    Stream,
    Whole,
    int64,
    required,
    stamp,
)
from tests.scripted import Reply, client_of, invented_source, scripted

KEY = b"a key for tests only"
ANSWERS = replace(sumo.SOURCE.feeds[1], batch_records=10)
SOURCE: Source = replace(sumo.SOURCE, feeds=(ANSWERS,))


NOW = datetime(2026, 7, 1, tzinfo=UTC)
ROWS = Stream(name="rows", about="a row", key=("id",), keep={"id": required(int64)})


@dataclass(frozen=True)
class Told:
    """A walk of pages that are given, and the error after them."""

    told: tuple[Page, ...]
    error: Exception | None = None

    def pages(self, _ask: Asker, _cursor: dict[str, Any], _span: Span) -> Iterator[Page]:
        yield from self.told
        if self.error is not None:
            raise self.error

    def counts(self, _ask: Asker, _span: Span, _now: datetime) -> Iterable[Count]:
        return ()


INSTANTS = ("created", "updated")


def answer_record(number: int, **changes: Any) -> dict[str, Any]:
    moment = f"2026-05-{1 + number // 24:02}T{number % 24:02}:00:00Z"
    creator = {"username": f"helper{number % 7}@example.org", "display_name": None, "avatar": ""}
    record = {
        "id": number,
        "question": 1,
        "created": moment,
        "updated": moment,
        "is_spam": False,
        "creator": creator,
    }
    return (
        record | {"num_helpful_votes": 0, "num_unhelpful_votes": 0, "content": "<p>secret text</p>"} | changes
    )


def kitsune(records: list[dict[str, Any]]) -> Callable[[str, int], Reply]:
    """The answer list over HTTP, enough of it for one feed."""
    from urllib.parse import parse_qs, urlsplit

    def answer(path: str, _number: int) -> Reply:
        params = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
        bounds = {name: (params.get(f"{name}__gt", ""), params.get(f"{name}__lt", "~")) for name in INSTANTS}
        kept = [r for r in records if all(low < r[name] < high for name, (low, high) in bounds.items())]
        order = params.get("ordering", "id").split(",")[0]
        kept.sort(key=lambda record: (record[order], record["id"]))
        start = 20 * (int(params.get("page", 1)) - 1)
        more = "more" if len(kept) > start + 20 else None
        return Reply({"count": len(kept), "next": more, "results": kept[start : start + 20]})

    return answer


def land(data: Path, answer: Callable[[str, int], Reply], gates: landing.Gates | None = None) -> FeedResult:
    work = Landing(Lake(data), run_id="run", gates=gates or {}, hash_key=KEY, span=Span())
    with scripted(answer) as (root, _), client_of(root, SOURCE) as client:
        return work.feed(SOURCE, ANSWERS, client)


def rows_of(data: Path) -> list[dict[str, Any]]:
    files = (data / "raw" / "sumo" / "answers").glob("*.parquet")
    return [row for file in files for row in pq.read_table(file).to_pylist()]


def state_of(data: Path) -> Any:
    return Lake(data).state(SOURCE, ANSWERS, ANSWERS.streams[0])


def test_every_record_lands_once_and_a_second_run_lands_nothing(tmp_path: Path) -> None:
    records = [answer_record(number) for number in range(55)]
    first, second = (land(tmp_path, kitsune(records)) for _ in range(2))
    assert (first.refused, first.written) == ((), {"answers": 55})
    assert (second.refused, second.written) == ((), {"answers": 0})
    assert second.requests == 2  # the probe and the page that starts at the last row
    assert (state_of(tmp_path).records, state_of(tmp_path).versions) == (55, 55)


def test_a_changed_record_is_a_new_version_of_the_same_record(tmp_path: Path) -> None:
    records = [answer_record(number) for number in range(5)]
    land(tmp_path, kitsune(records))
    records[2] = answer_record(2, is_spam=True, updated="2026-06-01T00:00:00Z")
    assert land(tmp_path, kitsune(records)).written == {"answers": 1}
    assert (state_of(tmp_path).records, state_of(tmp_path).versions) == (5, 6)


def test_only_kept_fields_are_written_and_identifiers_only_as_pseudonyms(tmp_path: Path) -> None:
    land(tmp_path, kitsune([answer_record(number) for number in range(5)]))
    row = rows_of(tmp_path)[0]
    assert set(row) == {
        *sumo.ANSWERS.keep,
        "_key",
        "_version_at",
        "_fetched_at",
        "_batch_id",
        "_is_deleted",
        "_row_hash",
    }
    assert len(row["creator"]) == 32
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"example.org" not in written
    assert b"secret text" not in written


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        ({"is_spam": "no"}, "expected `is_spam` as boolean, got string"),
        ({"id": "seven"}, "expected `id` as integer, got string"),
        ({"created": "yesterday"}, "expected `created` as a timestamp"),
        ({"created": "2026-05-01T00:00:00"}, "expected `created` as a timestamp"),
        (
            {"creator": "helper@example.org"},
            "expected `creator` as null or an object with a `username`, got string",
        ),
        ({"creator": {"username": 7}}, "expected `creator` as null or an object with a `username`"),
        ({"question": None}, "expected `question_id` in every record, got null"),
        ({"num_helpful_votes": 2**70}, "values that fit their declared types"),
    ],
)
def test_a_field_of_another_type_refuses_the_whole_batch(
    tmp_path: Path, broken: dict[str, Any], sentence: str
) -> None:
    records = [answer_record(number) for number in range(9)]
    land(tmp_path, kitsune(records))
    before = rows_of(tmp_path)
    result = land(
        tmp_path,
        kitsune([*records, answer_record(9), answer_record(8, updated="2026-06-02T00:00:00Z", **broken)]),
    )
    assert sentence in result.refused[0]
    assert "sumo/answers" in result.refused[0]
    assert rows_of(tmp_path) == before
    assert (state_of(tmp_path).verdict, state_of(tmp_path).quarantined) == ("refused", 1)


def test_the_next_run_heals_what_a_refused_batch_left(tmp_path: Path) -> None:
    records = [answer_record(number) for number in range(9)]
    land(tmp_path, kitsune([answer_record(0, is_spam="no"), *records[1:]]))
    assert rows_of(tmp_path) == []
    assert land(tmp_path, kitsune(records)).written == {"answers": 9}
    assert state_of(tmp_path).verdict == "accepted"


def test_quarantine_holds_the_batch_whole_and_nobodys_name(tmp_path: Path) -> None:
    land(tmp_path, kitsune([answer_record(0, is_spam={"mail": "eve@example.org"}), answer_record(1)]))
    folder = tmp_path / "quarantine" / "sumo" / "answers"
    rows = [
        json.loads(line)
        for line in gzip.decompress(next(folder.glob("*.jsonl.gz")).read_bytes()).splitlines()
    ]
    assert {row["id"] for row in rows} == {0, 1}
    assert rows[0]["is_spam"] == {"unexpected": "object"}
    assert "example.org" not in json.dumps(rows) + next(folder.glob("*.json")).read_text()


def test_the_gate_refuses_before_anything_is_written(tmp_path: Path) -> None:
    rule = expect(
        "ExpectColumnValuesToBeBetween", column="num_helpful_votes", min_value=0, notes="votes are counted up"
    )
    gates = {("sumo", "answers"): Gate(("sumo", "answers"), (rule,))}
    result = land(tmp_path, kitsune([answer_record(0, num_helpful_votes=-3)]), gates)
    assert "votes are counted up" in result.refused[0]
    assert rows_of(tmp_path) == []


def test_a_manifest_keeps_the_verdict_and_what_the_source_says_of_its_version(tmp_path: Path) -> None:
    rules = (
        expect("ExpectColumnValuesToNotBeNull", column="creator", notes="somebody answered"),
        expect(
            "ExpectColumnValuesToBeBetween", column="num_helpful_votes", max_value=0, notes="no vote",
            severity="warning",
        ),
    )  # fmt: skip
    gates = {("sumo", "answers"): Gate(("sumo", "answers"), rules)}
    assert land(tmp_path, kitsune([answer_record(0, num_helpful_votes=3)]), gates).refused == ()
    (manifest,) = Lake(tmp_path).manifests("sumo", "answers")
    assert manifest.source_version == lake.NONE_TOLD == "none told"
    assert manifest.verdict is not None
    assert manifest.verdict["accepted"]
    assert manifest.verdict["judged_at"] <= manifest.landed_at
    assert manifest.verdict["expectations"] == {
        "ExpectColumnValuesToNotBeNull creator": True,
        "ExpectColumnValuesToBeBetween num_helpful_votes": False,
    }


def test_a_manifest_of_before_verdicts_were_kept_still_reads(tmp_path: Path) -> None:
    land(tmp_path, kitsune([answer_record(0)]))
    (path,) = (tmp_path / "raw" / "sumo" / "answers").glob("2*.json")
    kept = json.loads(path.read_text())
    del kept["verdict"], kept["source_version"]
    path.write_text(json.dumps(kept))
    (manifest,) = Lake(tmp_path).manifests("sumo", "answers")
    assert (manifest.verdict, manifest.source_version) == (None, None)
    assert state_of(tmp_path).verdict == "accepted"


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (Reply(raw=b"<html>", content_type="text/html"), "expected JSON, got text/html"),
        (Reply({"count": 0, "results": []}, cut=4), "the body or the connection was cut"),
        (Reply({"count": 80, "next": None, "results": []}), "got an empty page"),
        (Reply({"count": 3, "rows": []}), "expected an object with the list `results`"),
        (Reply([]), "expected an object with the list `results`, got array"),
    ],
    ids=["html", "truncated", "empty page", "another envelope", "a bare list"],
)
def test_an_answer_that_cannot_be_trusted_leaves_the_lake_as_it_was(
    tmp_path: Path, fault: Reply, sentence: str
) -> None:
    records = [answer_record(number) for number in range(30)]
    good = kitsune(records)
    result = land(tmp_path, lambda path, n: good(path, n) if n == 1 else fault)
    assert sentence in result.refused[0]
    assert rows_of(tmp_path) == []


def test_a_run_that_dies_between_batches_loses_and_doubles_nothing(tmp_path: Path) -> None:
    first = datetime(2026, 3, 1, tzinfo=UTC)
    days = [stamp(first + timedelta(days=number)) for number in range(75)]
    records = [answer_record(number, created=day, updated=day) for number, day in enumerate(days)]
    good = kitsune(records)
    land(tmp_path, lambda path, n: good(path, n) if n < 7 else Reply(status=500))
    landed = state_of(tmp_path).records
    assert 0 < landed < 75
    assert land(tmp_path, good).refused == ()
    assert (state_of(tmp_path).records, state_of(tmp_path).versions) == (75, 75)


@pytest.mark.parametrize(
    "fault",
    [
        Reply(status=500),
        Reply(status=404, body={"detail": "Not found."}),
        Reply(raw=b"<html>", content_type="text/html"),
        Reply(status=429, body={}, headers={"Retry-After": "600"}),
    ],
    ids=["down", "denied", "changed", "blocked"],
)
def test_complete_pages_before_a_fault_land_although_their_batch_is_not_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Reply
) -> None:
    monkeypatch.setattr("tests.test_landing.ANSWERS", replace(ANSWERS, batch_records=10_000))
    first = datetime(2026, 3, 1, tzinfo=UTC)
    days = [stamp(first + timedelta(days=number)) for number in range(75)]
    good = kitsune([answer_record(number, created=day, updated=day) for number, day in enumerate(days)])
    broken = land(tmp_path, lambda path, n: good(path, n) if n < 7 else fault)
    assert broken.refused
    assert 0 < broken.written["answers"] == state_of(tmp_path).records < 75
    assert state_of(tmp_path).verdict == "refused"
    landing.block(tmp_path, "sumo", -1)
    assert land(tmp_path, good).refused == ()
    assert (state_of(tmp_path).records, state_of(tmp_path).versions) == (75, 75)


def test_a_batch_is_written_after_so_many_pages_however_empty_they_are(tmp_path: Path) -> None:
    told = [Page([{"id": number}], {"at": number}, NOW) for number in range(7)]
    walk = Told((*told, Page([], {"at": 7}, NOW, watermark=NOW)))
    feed = Feed("rows", walk, (ROWS,), batch_pages=3)
    source = invented_source(feeds=(feed,))
    work = Landing(Lake(tmp_path), run_id="run", gates={}, hash_key=KEY, span=Span())
    with client_of("http://127.0.0.1:1", source) as client:
        assert work.feed(source, feed, client).written == {"rows": 7}
    cursors = [one.cursor for one in Lake(tmp_path).manifests("invented", "rows")]
    assert cursors == [{"at": 2}, {"at": 5}, {"at": 7}]


def test_a_part_that_was_not_shown_to_its_end_does_not_land(tmp_path: Path) -> None:
    part = Page([{"id": 2}], {"at": 1}, NOW, whole=(Whole("rows", keys=frozenset()),), unfinished=True)
    walk = Told((Page([{"id": 1}], {"at": 1}, NOW), part), SourceDown("gone"))
    feed = Feed("rows", walk, (ROWS,))
    source = invented_source(feeds=(feed,))
    work = Landing(Lake(tmp_path), run_id="run", gates={}, hash_key=KEY, span=Span())
    with client_of("http://127.0.0.1:1", source) as client:
        assert work.feed(source, feed, client).refused == ("gone",)
    assert (set(Lake(tmp_path).live("invented", "rows")), Lake(tmp_path).cursor("invented", feed)) == (
        {"1"},
        {"at": 1},
    )


def test_a_batch_whose_manifest_was_never_written_is_read_again_and_not_doubled(tmp_path: Path) -> None:
    records = [answer_record(number) for number in range(30)]
    land(tmp_path, kitsune(records))
    manifests = sorted((tmp_path / "raw" / "sumo" / "answers").glob("2*.json"))
    for manifest in manifests:
        manifest.unlink()
    assert land(tmp_path, kitsune(records)).written == {"answers": 0}
    assert state_of(tmp_path).versions == 30


def test_half_written_files_of_a_killed_run_are_swept_away(tmp_path: Path) -> None:
    folder = tmp_path / "raw" / "sumo" / "answers"
    folder.mkdir(parents=True)
    (folder / ".x.parquet.tmp").write_bytes(b"half")
    land(tmp_path, kitsune([answer_record(1)]))
    assert list(folder.glob(".*")) == []


@pytest.mark.parametrize(
    ("writer", "stays"),
    [("{own}-{process}", True), ("1-0123abcd", True), ("{own}-0123abcd", False), ("{dead}-0123abcd", False)],
    ids=["this process", "another that lives", "an earlier one of this number", "a dead one"],
)
def test_what_a_living_process_is_writing_is_left_to_it(tmp_path: Path, writer: str, stays: bool) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    writer = writer.format(own=os.getpid(), process=lake.PROCESS, dead=ended.pid)
    half = tmp_path / "raw" / "sumo" / "answers" / f".x.parquet.{writer}.tmp"
    half.parent.mkdir(parents=True)
    half.write_bytes(b"half")
    Lake(tmp_path).prepare(SOURCE)
    assert half.exists() == stays
    Lake(tmp_path).prepare(SOURCE, alone=True)
    assert not half.exists()


def test_a_batch_is_written_although_another_landing_prepares_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = pq.write_table

    def slow(*given: Any, **named: Any) -> None:
        real(*given, **named)
        Lake(tmp_path).prepare(SOURCE)

    land(tmp_path, kitsune([answer_record(1)]))
    monkeypatch.setattr(pq, "write_table", slow)
    assert land(tmp_path, kitsune([answer_record(1), answer_record(2)])).written == {"answers": 1}


def test_a_full_disk_leaves_no_half_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq, "write_table", full)
    with pytest.raises(OSError, match="No space left"):
        land(tmp_path, kitsune([answer_record(1)]))
    monkeypatch.undo()
    assert rows_of(tmp_path) == []
    assert land(tmp_path, kitsune([answer_record(1)])).written == {"answers": 1}


def test_nothing_is_asked_while_a_source_wants_us_away(tmp_path: Path) -> None:
    landing.block(tmp_path, "sumo", 600)
    work = Landing(Lake(tmp_path), run_id="run", gates={}, hash_key=KEY, span=Span())
    with scripted(kitsune([answer_record(1)])) as (root, asked), client_of(root, SOURCE) as client:
        result = work.feed(SOURCE, ANSWERS, client)
    assert asked == []
    assert "stay away until" in result.refused[0]
    landing.block(tmp_path, "sumo", -1)
    assert land(tmp_path, kitsune([answer_record(1)])).refused == ()


def test_stored_rows_are_held_against_the_sources_own_count(tmp_path: Path) -> None:
    land(tmp_path, kitsune([answer_record(number) for number in range(30)]))
    found = {
        row["window_name"]: (row["source_count"], row["stored_count"])
        for row in status.counts(Lake(tmp_path), SOURCE)
    }
    assert found == {"backfill": (30, 30), "last_30d": (0, 0)}


def test_what_a_list_tells_of_its_own_count_is_held_against_the_stored_rows(tmp_path: Path) -> None:
    products = replace(SOURCE, feeds=(sumo.SOURCE.feeds[3],))
    listed = {"count": 1, "next": None, "results": [{"slug": "firefox", "title": "Firefox", "visible": True}]}
    work = Landing(Lake(tmp_path), run_id="run", gates={}, hash_key=KEY, span=Span())
    with scripted(lambda _path, _number: Reply(listed)) as (root, asked), client_of(root, products) as client:
        assert work.feed(products, products.feeds[0], client).written == {"products": 1}
    assert len(asked) == 1
    (row,) = status.counts(Lake(tmp_path), products)
    assert (row["window_name"], row["source_count"], row["stored_count"]) == ("backfill", 1, 1)


def test_the_watermark_is_the_sources_clock(tmp_path: Path) -> None:
    land(tmp_path, kitsune([answer_record(1)]))
    found = status.source_state(Lake(tmp_path), SOURCE)
    assert found.watermark is not None
    assert f"{found.watermark:%Y-%m-%d %H}" == "2026-07-01 06"
    assert found.is_loaded
    assert timedelta(hours=found.grace_hours) == sumo.SOURCE.grace


def test_a_feed_that_is_not_essential_does_not_hold_its_source_up(tmp_path: Path) -> None:
    land(tmp_path, kitsune([answer_record(1)]))
    users = sumo.SOURCE.feeds[2]
    waiting = replace(SOURCE, feeds=(ANSWERS, users))
    assert not status.source_state(Lake(tmp_path), waiting).is_loaded
    beside = replace(SOURCE, feeds=(ANSWERS, replace(users, essential=False)))
    assert status.source_state(Lake(tmp_path), beside).is_loaded
