"""What a source no longer shows gets a tombstone, and nothing else does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipelines.lake import LATEST, Lake
from pipelines.landing import BatchRefused, Landing
from pipelines.sources.spec import (
    Count,
    Feed,
    Field,
    Page,
    Span,
    Stream,
    Whole,
    instant,
    int64,
    pseudonym,
    required,
    text,
)
from tests.scripted import client_of, invented_source

ROOT = Path(__file__).parents[1]
NOW = datetime(2026, 7, 1, 6, tzinfo=UTC)
BUGS = Stream("bugs", "a bug", ("id",), {"id": required(int64), "created": instant, "title": text})
NOTES = Stream(
    "notes",
    "a note on a bug",
    ("bug_id", "number"),
    {"bug_id": required(int64), "number": required(int64)},
    rows=lambda record, _hash: [{"bug_id": record["id"], "number": n} for n in record.get("notes", ())],
    whole_by="bug_id",
)
ELSEWHERE = Stream("elsewhere", "of another feed", ("id",), {"id": required(int64), "bug_id": int64})


@dataclass(frozen=True)
class Told:
    """A walk that yields what it is given."""

    told: tuple[Page, ...]

    def pages(self, _ask: Any, _cursor: dict[str, Any], _span: Span) -> Iterator[Page]:
        yield from self.told

    def counts(self, _ask: Any, _span: Span, _now: datetime) -> tuple[Count, ...]:
        return ()


def page(*records: dict[str, Any], last: bool = True, **more: Any) -> Page:
    return Page(list(records), {"at": len(records)}, NOW, NOW if last else None, **more)


def bug(number: int, *notes: int) -> dict[str, Any]:
    return {"id": number, "created": f"2026-06-{number:02}T00:00:00Z", "title": "a", "notes": list(notes)}


def land(data: Path, *told: Page, feed: str = "bugs", streams: tuple[Stream, ...] = (BUGS, NOTES)) -> Lake:
    """Land these pages; the source has both feeds, whichever is asked."""
    other = Feed("elsewhere", Told(()), (ELSEWHERE,))
    own = Feed(feed, Told(told), streams)
    source = invented_source(feeds=(own, other) if feed == "bugs" else (Feed("bugs", Told(()), (BUGS,)), own))
    lake = Lake(data)
    landing = Landing(lake, run_id="test", gates={}, hash_key=b"a key for tests only", span=Span())
    result = landing.feed(source, own, client_of("http://127.0.0.1:1"))
    if result.refused:
        raise BatchRefused(list(result.refused))
    return lake


def live(lake: Lake, stream: str) -> set[str]:
    return set(lake.live("invented", stream))


def test_a_record_missing_from_a_complete_part_is_gone_and_one_outside_it_stays(tmp_path: Path) -> None:
    land(tmp_path, page(bug(1), bug(2), bug(3), bug(9)))
    part = Whole(
        "bugs", column="created", start=datetime(2026, 6, 1, tzinfo=UTC), end=datetime(2026, 6, 4, tzinfo=UTC)
    )
    lake = land(tmp_path, page(bug(1), bug(3), whole=(part,)))
    assert live(lake, "bugs") == {"1", "3", "9"}


@pytest.mark.parametrize("known", [50, 51])
def test_an_answer_without_a_single_row_buries_fifty_known_records_and_no_more(
    known: int, tmp_path: Path
) -> None:
    every = [{"id": number, "created": "2026-06-01T00:00:00Z", "title": "a"} for number in range(known)]
    lake = land(tmp_path, page(*every))
    if known == 50:
        land(tmp_path, page(whole=(Whole("bugs"),)))
        assert live(lake, "bugs") == set()
        return
    with pytest.raises(BatchRefused, match="expected: some of 51 known records again; came: none of them"):
        land(tmp_path, page(whole=(Whole("bugs"),)))
    assert len(live(lake, "bugs")) == known
    land(tmp_path, page(every[0], whole=(Whole("bugs"),)))
    assert live(lake, "bugs") == {"0"}, "what is still shown makes a loss believable"


def test_a_tombstone_holds_the_key_and_nothing_else(tmp_path: Path) -> None:
    land(tmp_path, page(bug(1)))
    lake = land(tmp_path, page(whole=(Whole("bugs"),)))
    newest = max(lake.folder("invented", "bugs").glob("2*.parquet"))
    (row,) = pq.read_table(newest).to_pylist()
    assert row["_is_deleted"]
    assert row["_key"] == "1"
    assert {row[name] for name in BUGS.keep} == {None}


@pytest.mark.parametrize("kept", [int64, pseudonym("id")], ids=["a number", "a pseudonym"])
def test_a_part_may_name_what_is_still_there_as_the_source_writes_it(tmp_path: Path, kept: Field) -> None:
    """A load that took several runs shows at its end what of the first is there no more."""
    people = Stream("people", "a person", ("id",), {"id": required(kept)})
    lake = land(tmp_path, page({"id": 1}, {"id": 2}), feed="people", streams=(people,))
    assert len(live(lake, "people")) == 2
    before = live(lake, "people")
    part = Whole("people", named=frozenset((2, 3)))
    lake = land(tmp_path, page({"id": 3}, whole=(part,)), feed="people", streams=(people,))
    assert len(live(lake, "people")) == 2
    assert len(live(lake, "people") & before) == 1


def test_what_is_gone_is_not_buried_twice_and_lives_again_when_it_comes_back(tmp_path: Path) -> None:
    land(tmp_path, page(bug(1)))
    land(tmp_path, page(whole=(Whole("bugs"),)))
    lake = land(tmp_path, page(whole=(Whole("bugs"),)))
    assert len(list(lake.folder("invented", "bugs").glob("2*.parquet"))) == 2
    lake = land(tmp_path, page(bug(1), whole=(Whole("bugs"),)))
    assert live(lake, "bugs") == {"1"}


def test_what_comes_back_in_the_second_of_its_tombstone_lives(tmp_path: Path) -> None:
    """The tombstone has the version of its time, which is later than that of the record."""
    dated = (replace(BUGS, version_at="created"),)
    land(tmp_path, page(bug(1)), streams=dated)
    land(tmp_path, page(whole=(Whole("bugs"),)), streams=dated)
    lake = land(tmp_path, page(bug(1)), streams=dated)
    assert live(lake, "bugs") == {"1"}
    source = invented_source(feeds=(Feed("bugs", Told(()), dated),))
    state = lake.state(source, source.feeds[0], dated[0])
    assert (state.records, state.deleted) == (1, 0)
    lake.compact("invented", BUGS)
    assert live(lake, "bugs") == {"1"}


def test_the_lake_and_the_warehouse_agree_which_version_is_the_newest() -> None:
    macro = (ROOT / "dbt" / "macros" / "staging.sql").read_text()
    order = re.compile(r"partition by _key\s+order by ([^)]*?)\s*\)")
    assert order.findall(LATEST) == order.findall(macro) != []


def test_a_part_is_judged_by_all_its_pages_together(tmp_path: Path) -> None:
    land(tmp_path, page(bug(1), bug(2), bug(3)))
    lake = land(
        tmp_path,
        page(bug(1), last=False, unfinished=True),
        page(bug(2), whole=(Whole("bugs"),)),
    )
    assert live(lake, "bugs") == {"1", "2"}


def test_parts_of_every_shape_are_judged_in_one_batch(tmp_path: Path) -> None:
    land(tmp_path, page(*map(bug, range(1, 9))))
    shapes = (
        Whole("bugs", {"id": frozenset({2})}, keys=frozenset()),
        Whole("bugs", column="id", start=4, end=6, keys=frozenset({"4"})),
        Whole("bugs", {"id": 6}),
        Whole("bugs", {"title": "a", "id": 7}, keys=frozenset()),
        Whole("bugs", {"title": "a"}, column="id", start=8),
    )
    lake = land(tmp_path, page(bug(1), whole=shapes))
    assert live(lake, "bugs") == {"1", "3", "4"}


def test_a_record_that_moved_out_of_the_part_is_not_gone(tmp_path: Path) -> None:
    land(tmp_path, page(bug(1)))
    land(tmp_path, page({**bug(1), "created": "2026-06-20T00:00:00Z"}))
    part = Whole(
        "bugs", column="created", start=datetime(2026, 6, 1, tzinfo=UTC), end=datetime(2026, 6, 4, tzinfo=UTC)
    )
    lake = land(tmp_path, page(whole=(part,)))
    assert live(lake, "bugs") == {"1"}


def test_a_record_read_again_brings_all_its_parts(tmp_path: Path) -> None:
    land(tmp_path, page(bug(1, 1, 2), bug(2, 1)))
    lake = land(tmp_path, page(bug(1, 2)))
    assert live(lake, "notes") == {"1|2", "2|1"}


def test_a_record_that_lost_its_last_part_loses_it_here_too(tmp_path: Path) -> None:
    land(tmp_path, page(bug(1, 1)))
    assert live(land(tmp_path, page(bug(1))), "notes") == set()


def test_another_feed_of_the_source_can_be_shown_to_have_lost_records(tmp_path: Path) -> None:
    rows = ({"id": 7, "bug_id": 1}, {"id": 8, "bug_id": 1}, {"id": 9, "bug_id": 2})
    land(tmp_path, page(*rows), feed="elsewhere", streams=(ELSEWHERE,))
    part = Whole("elsewhere", {"bug_id": frozenset({1})}, keys=frozenset({"8"}))
    lake = land(tmp_path, page(bug(1), whole=(part,)))
    assert live(lake, "elsewhere") == {"8", "9"}


def test_a_feed_goes_on_from_its_own_cursor_after_another_feed_wrote_into_its_stream(tmp_path: Path) -> None:
    land(tmp_path, page({"id": 7, "bug_id": 1}), feed="elsewhere", streams=(ELSEWHERE,))
    part = Whole("elsewhere", {"bug_id": 1}, keys=frozenset())
    lake = land(tmp_path, page(bug(1), bug(2), whole=(part,)))
    assert lake.cursor("invented", Feed("elsewhere", Told(()), (ELSEWHERE,))) == {"at": 1}


def test_compaction_keeps_every_version_of_the_living_and_only_the_tombstone_of_the_gone(
    tmp_path: Path,
) -> None:
    land(tmp_path, page(bug(1), bug(2)))
    land(tmp_path, page({**bug(1), "title": "b"}))
    lake = land(tmp_path, page(bug(1), whole=(Whole("bugs", column="id", start=2, end=3),)))
    before, cursor = lake.live("invented", "bugs"), lake.cursor("invented", Feed("bugs", Told(()), (BUGS,)))
    assert lake.compact("invented", BUGS) == 3
    (merged,) = lake.folder("invented", "bugs").glob("2*.parquet")
    rows = pq.read_table(merged).to_pylist()
    assert [(row["_key"], row["title"]) for row in rows if row["_key"] == "2"] == [("2", None)]
    assert sorted(row["title"] for row in rows if row["_key"] == "1") == ["a", "a", "b"]
    assert lake.live("invented", "bugs") == before
    assert lake.cursor("invented", Feed("bugs", Told(()), (BUGS,))) == cursor
    assert lake.compact("invented", BUGS) == 1


def test_compaction_keeps_what_was_true_of_who_has_left_a_list_of_those_who_are_there(tmp_path: Path) -> None:
    lasting = replace(BUGS, lasting=True)
    land(tmp_path, page(bug(1), bug(2)), streams=(lasting,))
    land(tmp_path, page({**bug(2), "title": "b"}), streams=(lasting,))
    lake = land(
        tmp_path, page(bug(1), whole=(Whole("bugs", column="id", start=2, end=3),)), streams=(lasting,)
    )
    lake.compact("invented", lasting)
    (merged,) = lake.folder("invented", "bugs").glob("2*.parquet")
    rows = pq.read_table(merged).to_pylist()
    assert [row["title"] for row in rows if row["_key"] == "2"] == ["a", "b", None]
    assert live(lake, "bugs") == {"1"}


def test_a_compaction_that_is_killed_half_way_changes_nothing_that_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    land(tmp_path, page(bug(1, 1)))
    lake = land(tmp_path, page({**bug(1, 1), "title": "b"}, bug(2)))
    before = lake.live("invented", "bugs")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", killed)
        with pytest.raises(KeyboardInterrupt):
            lake.compact("invented", BUGS)
    assert lake.live("invented", "bugs") == before
    lake.compact("invented", BUGS)
    assert lake.live("invented", "bugs") == before
    (merged,) = lake.folder("invented", "bugs").glob("2*.parquet")
    assert pq.read_table(merged).num_rows == 3


def test_a_landing_goes_on_after_a_compaction(tmp_path: Path) -> None:
    land(tmp_path, page(bug(1)))
    land(tmp_path, page(bug(2))).compact("invented", BUGS)
    lake = land(tmp_path, page(bug(1), bug(2), {**bug(3), "title": "c"}))
    assert lake.state(invented_source(feeds=()), Feed("bugs", Told(()), (BUGS,)), BUGS).versions == 3


def killed(*_: object, **__: object) -> None:
    raise KeyboardInterrupt
