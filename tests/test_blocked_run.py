"""A run that a source blocks stops by itself, asks nothing meanwhile, and finishes after the block."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines import run
from pipelines.lake import Lake
from pipelines.sources import bugzilla, http, pontoon
from pipelines.sources.spec import Feed, Stream, instant, int64, required
from pipelines.sources.walks import PagedList
from tests.scripted import Reply, invented_source, scripted

BLOCK_S = 1.5
ROWS = Stream(
    name="rows",
    about="a row",
    key=("id",),
    keep={"id": required(int64), "created": instant},
)


HTML = {"raw": b"<html>", "content_type": "text/html"}
REFUSALS = {
    "bugzilla 429": (bugzilla.block_seconds, Reply(status=429, **HTML)),
    "pontoon 403": (pontoon.block_seconds, Reply(status=403, **HTML)),
    "pontoon 406": (pontoon.block_seconds, Reply(status=406, **HTML)),
    "pontoon 429": (pontoon.block_seconds, Reply(status=429, **HTML)),
    "a long Retry-After": (lambda _status, _type: None, Reply({}, status=429, headers={"Retry-After": "2"})),
}
"""What each system takes for a block, and an answer that is one. A wait of two seconds is a long one here."""


def source(is_block: Callable[[int, str], float | None]) -> Any:
    return invented_source(
        feeds=(Feed("rows", PagedList("/rows/", "rows"), (ROWS,)),),
        block_seconds=lambda status, content_type: BLOCK_S if is_block(status, content_type) else None,
    )


def page(number: int) -> Reply:
    return Reply({"count": 3, "next": "more" if number < 3 else None, "results": [{"id": number}]})


@pytest.mark.parametrize(("is_block", "refusal"), REFUSALS.values(), ids=REFUSALS)
def test_a_blocked_run_waits_for_the_end_of_the_block_and_finishes(
    is_block: Callable[[int, str], float | None],
    refusal: Reply,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import dagster as dg

    from pipelines.defs import ingest
    from pipelines.defs.folder import FOLDER, folder

    asked_at: list[float] = []

    def answer(path: str, number: int) -> Reply:
        asked_at.append(time.monotonic())
        if number == 2:
            return refusal
        return page(int(path.rpartition("page=")[2]))

    blocked = source(is_block)
    monkeypatch.setattr(http, "LONGEST_WAIT_S", 1.0)
    monkeypatch.setenv("MDM_DATA", str(tmp_path))
    monkeypatch.setenv("MDM_HASH_KEY", "a key for tests only")
    run.begin(tmp_path, run.World())
    with scripted(answer) as (root, _):
        monkeypatch.setenv("MDM_INVENTED_URL", root)
        done = dg.materialize(
            [ingest.landing_of(blocked)],
            instance=dg.DagsterInstance.ephemeral(),
            resources={FOLDER: folder},
        )
    assert done.success
    assert asked_at[2] - asked_at[1] >= BLOCK_S, "nothing is asked while blocked"
    assert Lake(tmp_path).state(blocked, blocked.feeds[0], ROWS).records == 3
