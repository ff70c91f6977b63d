"""Pontoon's days through its real streams: another time zone of the server, as recorded answers show it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest

from expectations.landing import LANDING
from pipelines import cli, status
from pipelines.lake import Lake
from pipelines.landing import FeedResult, Landing, block
from pipelines.sources import pontoon
from pipelines.sources.http import Client, SourceBlocked, SourceDenied, SourceDown
from pipelines.sources.spec import Span, Spent, stamp
from tests.scripted import Reply, scripted
from tests.sources.test_walks import Scripted

RECORDED = Path(__file__).parents[3] / "shared" / "recorded" / "pontoon" / "live_api"
FIRST = datetime(2026, 6, 1, tzinfo=UTC)
ACTIONS = pontoon.SOURCE.feeds[2]


@dataclass
class Project:
    """A project with the instants of its actions, by number of their translation."""

    pk: int
    slug: str
    acted: dict[int, datetime]
    visibility: str = "public"


@dataclass
class Server:
    """Enough of Pontoon for its feeds: days begin at midnight of `zone`."""

    projects: list[Project]
    zone: str = "UTC"
    now: datetime = FIRST + timedelta(days=24, hours=13)
    locale: str = "sl"
    asked: list[str] = field(default_factory=list)

    def __call__(self, path: str, _params: dict[str, Any]) -> Any:
        if path == "/api/v2/projects/":
            rows = [{"slug": one.slug, "visibility": one.visibility} for one in self.projects]
            return {"count": len(rows), "next": None, "results": rows}
        self.asked.append(path)
        on, slug = date.fromisoformat(path.split("/")[4]), path.split("/")[6]
        found = next((one for one in self.projects if one.slug == slug), None)
        if found is None:
            raise SourceDenied(404, "No Project matches the given query.", path)
        if found.visibility != "public":
            raise SourceDenied(403, "You do not have permission to access data for this project.", path)
        actions = [
            action(number, at, self.locale)
            for number, at in found.acted.items()
            if at.astimezone(ZoneInfo(self.zone)).date() == on and at < self.now
        ]
        return {"actions": actions, "project": {"pk": found.pk, "slug": slug, "name": slug}}

    def run(self, data: Path) -> FeedResult:
        """One landing of all three feeds at the server's time; what the actions' feed did."""
        asker = Scripted(self, self.now)
        asker.spent = Spent()  # type: ignore[attr-defined]
        self.asked.clear()
        landing = Landing(
            Lake(data), run_id="t", gates={}, hash_key=b"a key for tests only", span=Span(since=FIRST)
        )
        *_, last = [landing.feed(pontoon.SOURCE, feed, asker) for feed in pontoon.SOURCE.feeds[1:]]  # type: ignore[arg-type]
        return last


def action(number: int, at: datetime, locale: str = "sl") -> dict[str, Any]:
    return {
        "type": "translation:created",
        "date": stamp(at),
        "user": {"pk": 1, "system_user": False, "name": "Ana B"},
        "locale": {"pk": 1, "code": locale},
        "entity": {"pk": number},
        "translation": {"pk": number},
    }


def hourly(pk: int, slug: str, days: int = 40) -> Project:
    """An action every hour; numbers of translations are its own."""
    return Project(pk, slug, {pk * 10_000 + hour: FIRST + timedelta(hours=hour) for hour in range(24 * days)})


def stored(data: Path) -> set[int]:
    return {int(key.rsplit("|", 1)[1]) for key in Lake(data).live("pontoon", "user_actions")}


# --- The server's own day ---------------------------------------------------------------------


@pytest.mark.parametrize("zone", ["UTC", "US/Pacific", "Pacific/Kiritimati", "Etc/GMT+12"])
def test_no_living_action_is_buried_wherever_the_servers_day_begins(zone: str, tmp_path: Path) -> None:
    server = Server([hourly(1, "one")], zone)
    for _ in range(6):
        assert server.run(tmp_path).refused == ()
        closed = server.now.astimezone(ZoneInfo(zone)).date() - timedelta(days=1)
        shown = {
            number
            for number, at in server.projects[0].acted.items()
            if FIRST.date() <= at.astimezone(ZoneInfo(zone)).date() < closed
        }
        assert shown - stored(tmp_path) == set()
        server.now += timedelta(days=1)


@pytest.mark.parametrize("zone", ["UTC", "US/Pacific", "Etc/GMT+12"])
@pytest.mark.parametrize("hour", [2, 3, 9])
def test_all_before_the_watermark_is_stored_and_the_nightly_run_has_the_day_before(
    zone: str, hour: int, tmp_path: Path
) -> None:
    """Also where the servers' day is not over yet: what comes to it later lies after the watermark."""
    server = Server([hourly(1, "one")], zone, FIRST + timedelta(days=24, hours=hour))
    for _ in range(3):
        server.run(tmp_path)
        watermark = Lake(tmp_path).state(pontoon.SOURCE, ACTIONS, ACTIONS.streams[0]).watermark
        assert watermark == server.now.replace(hour=0)
        first = FIRST.replace(tzinfo=ZoneInfo(zone))
        acted = server.projects[0].acted.items()
        assert {number for number, at in acted if first <= at < watermark} <= stored(tmp_path)
        server.now += timedelta(days=1)


@pytest.mark.parametrize("zone", ["UTC", "US/Pacific", "Pacific/Kiritimati"])
def test_an_action_that_vanished_is_gone_wherever_the_servers_day_begins(zone: str, tmp_path: Path) -> None:
    server = Server([hourly(1, "one")], zone)
    server.run(tmp_path)
    vanished = set(range(10_000 + 20 * 24, 10_000 + 22 * 24))
    assert vanished <= stored(tmp_path)
    server.projects[0].acted = {n: at for n, at in server.projects[0].acted.items() if n not in vanished}
    server.now += timedelta(days=1)
    server.run(tmp_path)
    assert not vanished & stored(tmp_path)


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded answers (../shared/recorded) are not here")
def test_the_recorded_days_of_a_server_in_another_zone_land_whole_and_stay(tmp_path: Path) -> None:
    name = "server_zone_America-Los_Angeles_user-actions_{}_aurora-shop.json"
    answers = {
        on: json.loads((RECORDED / name.format(on)).read_text())["body"]
        for on in ("2026-07-10", "2026-07-11", "2026-07-12")
    }

    def answer(path: str, _params: dict[str, Any]) -> Any:
        if path == "/api/v2/projects/":
            return {"count": 1, "next": None, "results": [{"slug": "aurora-shop", "visibility": "public"}]}
        return answers.get(path.split("/")[4], {**answers["2026-07-10"], "actions": []})

    every = {
        f"{row['type']}|{row['translation']['pk']}" for body in answers.values() for row in body["actions"]
    }
    asker = Scripted(answer, datetime(2026, 7, 14, 13, tzinfo=UTC))
    asker.spent = Spent()  # type: ignore[attr-defined]
    for _ in range(3):
        span = Span(since=datetime(2026, 7, 10, tzinfo=UTC))
        landing = Landing(Lake(tmp_path), run_id="t", gates={}, hash_key=b"a key for tests only", span=span)
        assert landing.feed(pontoon.SOURCE, ACTIONS, asker).refused == ()  # type: ignore[arg-type]
        keys = (key.split("|") for key in Lake(tmp_path).live("pontoon", "user_actions"))
        assert {f"{key[0]}|{key[-1]}" for key in keys} == every
        asker.now += timedelta(days=1)


def test_an_action_of_no_zones_day_is_refused(tmp_path: Path) -> None:
    class Odd(Server):
        def __call__(self, path: str, params: dict[str, Any]) -> Any:
            told = super().__call__(path, params)
            if "2026-06-03" in path:
                told["actions"].append(action(7, FIRST))
            return told

    assert (
        "expected actions of the asked day, in some time zone"
        in Odd([hourly(1, "one")]).run(tmp_path).refused[0]
    )


# --- Projects that are renamed, go private, or give their slug away ---------------------------


def short(pk: int, slug: str) -> Project:
    """Three actions a day, for 40 days."""
    acted = {pk * 10_000 + n: FIRST + timedelta(hours=8 * n) for n in range(120)}
    return Project(pk, slug, acted)


def closed(server: Server, *projects: Project) -> set[int]:
    """The actions of these projects that must be stored."""
    end = server.now.replace(hour=0)
    return {number for one in projects for number, at in one.acted.items() if at < end}


def loaded(data: Path, *projects: Project) -> tuple[Server, int]:
    """After a first load and a day more: the server, and how many requests a day takes."""
    server = Server(list(projects))
    server.run(data)
    server.now += timedelta(days=1)
    assert server.run(data).refused == ()
    assert stored(data) == closed(server, *projects)
    return server, len(server.asked)


@pytest.mark.parametrize("new", ["a-first", "z-last"])
def test_a_renamed_project_keeps_its_actions_and_is_not_read_anew(new: str, tmp_path: Path) -> None:
    one, two = short(1, "one"), short(2, "two")
    server, usual = loaded(tmp_path, one, two)
    one.slug = new
    for day in range(4):
        server.now += timedelta(days=1)
        assert server.run(tmp_path).refused == ()
        assert stored(tmp_path) == closed(server, one, two)
        assert len(server.asked) <= usual + 6 + (day == 0)
    assert not any("/one/" in path for path in server.asked)


def test_an_action_of_before_a_renaming_that_vanished_is_gone(tmp_path: Path) -> None:
    one = short(1, "one")
    server, _ = loaded(tmp_path, one)
    one.slug = "other"
    vanished = max(closed(server, one)) - 3
    del one.acted[vanished]
    server.now += timedelta(days=1)
    server.run(tmp_path)
    assert stored(tmp_path) == closed(server, one)


def test_two_projects_that_change_names_keep_their_actions(tmp_path: Path) -> None:
    one, two = short(1, "one"), short(2, "two")
    server, usual = loaded(tmp_path, one, two)
    one.slug, two.slug = "two", "three"
    for _ in range(3):
        server.now += timedelta(days=1)
        assert server.run(tmp_path).refused == ()
    assert stored(tmp_path) == closed(server, one, two)
    assert len(server.asked) <= usual + 6


def test_a_project_renamed_before_its_first_load_was_complete_is_gone_on_with(tmp_path: Path) -> None:
    class Blocks(Server):
        most = 12

        def __call__(self, path: str, params: dict[str, Any]) -> Any:
            if len(self.asked) >= self.most:
                raise SourceBlocked(600, path)
            return super().__call__(path, params)

    one, two = short(1, "one"), short(2, "two")
    server = Blocks([one, two])
    assert server.run(tmp_path).refused
    before = stored(tmp_path)
    block(tmp_path, "pontoon", -1)
    one.slug = "other"
    server.most = 100
    assert server.run(tmp_path).refused == ()
    assert before
    days = [path.split("/")[4] for path in server.asked if "/other/" in path]
    assert (days[0], min(days[1:])) == ("2000-01-01", "2026-06-13")
    assert stored(tmp_path) == closed(server, one, two)


def test_a_project_that_went_private_is_gone_and_read_anew_when_it_is_public_again(tmp_path: Path) -> None:
    one, two = short(1, "one"), short(2, "two")
    server, _ = loaded(tmp_path, one, two)
    server.projects = [two]
    server.now += timedelta(days=1)
    assert server.run(tmp_path).refused == ()
    assert stored(tmp_path) == closed(server, two)
    server.projects = [one, two]
    server.now += timedelta(days=1)
    assert server.run(tmp_path).refused == ()
    assert stored(tmp_path) == closed(server, one, two)


def test_the_only_project_may_go_private(tmp_path: Path) -> None:
    """So large a loss is believed, because it is named."""
    one, empty = short(1, "one"), Project(2, "empty", {})
    server, _ = loaded(tmp_path, one, empty)
    server.projects = [empty]
    server.now += timedelta(days=1)
    assert server.run(tmp_path).refused == ()
    assert stored(tmp_path) == set()


def test_a_slug_that_another_project_has_taken_tells_of_that_one(tmp_path: Path) -> None:
    one, two, three = short(1, "one"), short(2, "two"), short(3, "one")
    server, _ = loaded(tmp_path, one, two)
    server.projects = [three, two]
    for _ in range(2):
        server.now += timedelta(days=1)
        assert server.run(tmp_path).refused == ()
    assert stored(tmp_path) == closed(server, three, two)


def test_a_cursor_of_before_loses_nothing_when_a_project_is_renamed(tmp_path: Path) -> None:
    one, two = short(1, "one"), short(2, "two")
    server, _ = loaded(tmp_path, one, two)
    for path in Lake(tmp_path).folder("pontoon", "user_actions").glob("2*.json"):
        manifest = json.loads(path.read_text())
        if manifest["cursor"]:
            del manifest["cursor"]["pks"]
            path.write_text(json.dumps(manifest))
    one.slug = "other"
    for _ in range(2):
        server.now += timedelta(days=1)
        assert server.run(tmp_path).refused == ()
    assert stored(tmp_path) == closed(server, one, two)


def test_a_renamed_locale_is_told_by_its_number(tmp_path: Path) -> None:
    """Its actions of before keep the old code until they are read again, and belong to it all the same."""
    server, _ = loaded(tmp_path, short(1, "one"))
    server.locale = "sl-SI"
    server.now += timedelta(days=1)
    assert server.run(tmp_path).refused == ()
    files = [str(path) for path in Lake(tmp_path).folder("pontoon", "user_actions").glob("*.parquet")]
    seen = duckdb.sql(f"select distinct locale, locale_pk from read_parquet({files}) where not _is_deleted")
    assert sorted(seen.fetchall()) == [("sl", 1), ("sl-SI", 1)]


# --- Days before a project's first action -----------------------------------------------------


def test_a_year_of_re_reads_leaves_out_the_days_before_a_projects_first_action(tmp_path: Path) -> None:
    """Nothing can vanish there; the last week and the last quarter are read again wherever they lie."""
    late = Project(1, "late", {n: FIRST + timedelta(days=10, hours=8 * n) for n in range(40)})
    server = Server([late, Project(2, "empty", {})])
    server.run(tmp_path)
    server.now += timedelta(days=400)
    assert server.run(tmp_path).refused == ()
    days = {(path.split("/")[6], path.split("/")[4]) for path in server.asked}
    assert min(on for slug, on in days if slug == "late") == "2026-06-11"
    assert min(on for slug, on in days if slug == "empty") > "2026-06-23"
    server.now += timedelta(days=400)
    gone = min(late.acted)
    del late.acted[gone]
    assert server.run(tmp_path).refused == ()
    assert stored(tmp_path) == set(late.acted)


def test_a_cursor_that_knows_no_first_actions_reads_every_day_again(tmp_path: Path) -> None:
    late = Project(1, "late", {n: FIRST + timedelta(days=10, hours=8 * n) for n in range(40)})
    server = Server([late])
    server.run(tmp_path)
    for path in Lake(tmp_path).folder("pontoon", "user_actions").glob("2*.json"):
        manifest = json.loads(path.read_text())
        if manifest["cursor"]:
            del manifest["cursor"]["begins"]
            path.write_text(json.dumps(manifest))
    server.now += timedelta(days=400)
    assert server.run(tmp_path).refused == ()
    assert min(path.split("/")[4] for path in server.asked) == FIRST.date().isoformat()


def test_a_project_that_failed_on_its_first_day_with_an_action_begins_there(tmp_path: Path) -> None:
    class Broken(Server):
        broken = "2026-06-11"

        def __call__(self, path: str, params: dict[str, Any]) -> Any:
            if self.broken in path:
                raise SourceDown("an error of its own (500)")
            return super().__call__(path, params)

    late = Project(1, "late", {n: FIRST + timedelta(days=10, hours=8 * n) for n in range(40)})
    server = Broken([late])
    server.run(tmp_path)
    server.broken = "never"
    server.now += timedelta(days=400)
    server.run(tmp_path)
    assert min(path.split("/")[4] for path in server.asked) == "2026-06-11"
    assert stored(tmp_path) == set(late.acted)
    server.now += timedelta(days=400)
    server.run(tmp_path)
    assert min(path.split("/")[4] for path in server.asked) == "2026-06-11"


# --- What was missed --------------------------------------------------------------------------


def completeness(data: Path) -> list[tuple[str, str, int, int]]:
    rows = status.counts(Lake(data), pontoon.SOURCE)
    return [
        (row["stream"], row["window_name"], row["source_count"], row["stored_count"])
        for row in rows
        if row["stream"] == "user_actions"
    ]


def test_days_that_are_read_again_tell_how_much_of_them_was_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Pontoon counts no actions, so that a day that came short is seen when it is asked once more."""
    one = short(1, "one")
    server = Server([one])
    server.run(tmp_path)
    assert completeness(tmp_path) == []
    missed, old, gone = sorted(closed(server, one))[-5], min(one.acted), max(closed(server, one))
    one.acted[1] = one.acted[missed] + timedelta(minutes=1)
    one.acted[2] = one.acted[old] + timedelta(minutes=1)
    del one.acted[gone]
    server.now += timedelta(days=1)
    server.run(tmp_path)
    week = 6 * 3  # the seventh of the last seven days is new
    assert completeness(tmp_path) == [("user_actions", "read_again", week, week - 1)]
    monkeypatch.setenv("MDM_DATA", str(tmp_path))
    cli.status_(as_json=False)
    told = "pontoon/user_actions: 94.44% of the records that the source counts, in days read again"
    assert told in " ".join(capsys.readouterr().out.split())
    server.run(tmp_path)
    assert completeness(tmp_path) == [("user_actions", "read_again", week, week - 1)]
    server.now += timedelta(days=1)
    server.run(tmp_path)
    assert completeness(tmp_path) == [("user_actions", "read_again", week, week)]


# --- An administrator's key -------------------------------------------------------------------


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded answers (../shared/recorded) are not here")
@pytest.mark.parametrize(
    ("name", "word"), [("administrator", "1 projects that are not public"), ("ordinary_user", None)]
)
def test_a_recorded_list_tells_whether_the_key_is_an_administrators(name: str, word: str | None) -> None:
    listed = json.loads((RECORDED / f"projects_with_token_of_{name}.json").read_text())["body"]
    objection = pontoon.sees_private_projects(listed)
    assert (objection is None) if word is None else (objection is not None and word in objection)


@pytest.mark.parametrize("row", [{"slug": "garden", "visibility": "private"}, {"slug": "garden"}])
def test_nothing_is_asked_with_a_key_that_lists_what_is_not_public(
    row: dict[str, Any], tmp_path: Path
) -> None:
    listed = {"count": 2, "next": None, "results": [{"slug": "one", "visibility": "public"}, row]}
    landing = Landing(Lake(tmp_path), run_id="t", gates=LANDING, hash_key=b"0" * 16, span=Span())
    with (
        scripted(lambda _path, _number: Reply(listed)) as (root, asked),
        Client(pontoon.SOURCE, root, token="an invented key", user_agent="tests", paced=False) as client,
    ):
        refused = [landing.feed(pontoon.SOURCE, feed, client).refused for feed in pontoon.SOURCE.feeds]
    assert all("MDM_PONTOON_TOKEN is not used" in sentence for (sentence,) in refused)
    assert set(asked) == {pontoon.EVERY_PROJECT}
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"garden" not in written
