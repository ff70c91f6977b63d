"""The main job on the demo community, as a newcomer runs it."""

from __future__ import annotations

import ipaddress
import json
import re
import shutil
import subprocess
from pathlib import Path

import duckdb
import pytest

from pipelines.simulation.generator import generate
from pipelines.simulation.world import SOURCES
from tests.whole.conftest import Twice
from tests.whole.runs import connections, current, made_anew, mdm, records, status

pytestmark = pytest.mark.whole


def test_the_main_job_ends_with_a_published_version(demo: Twice) -> None:
    assert demo.first.code == 0, demo.first.text
    assert re.search(r"published \d{8}T\d{6}Z-[0-9a-f]{8}", demo.first.out)
    assert {path.name for path in current(demo.data).glob("*.duckdb")} == {"internal.duckdb", "public.duckdb"}


def test_every_record_of_the_community_is_live_in_the_lake_once(demo: Twice) -> None:
    world, _ = generate("small", 1)
    found = records(demo.data)
    assert found["bugzilla/bugs"] == len({bug["id"] for bug in world.bugzilla})
    assert found["bugzilla/comments"] == len({c["id"] for bug in world.bugzilla for c in bug["comments"]})
    assert found["bugzilla/attachments"] == len(
        {a["id"] for bug in world.bugzilla for a in bug["attachments"]}
    )
    assert found["sumo/questions"] == len({question["id"] for question in world.sumo.questions})
    assert found["sumo/answers"] == len({answer["id"] for answer in world.sumo.answers})
    assert found["sumo/users"] == len({user["id"] for user in world.sumo.users})
    assert found["reps/people"] == len(world.reps.people)
    assert found["reps/events"] == len(world.reps.events)
    assert found["reps/activities"] == len(world.reps.activities)
    actions = [action for day in world.pontoon.actions.values() for action in day]
    keys = {(action["type"], action["date"], action["translation"]["pk"]) for action in actions}
    assert found["pontoon/user_actions"] == len(keys)
    assert found["pontoon/locales"] == len(world.pontoon.locales)


def test_a_second_run_lands_no_version_and_asks_only_for_cursors(demo: Twice) -> None:
    assert demo.second.code == 0, demo.second.text
    assert all(
        row["versions"] == row["records"] + row["deleted"]
        for found in status(demo.data)["sources"].values()
        for row in found["streams"].values()
    )
    told = {
        line.split(":")[0]: int(re.search(r"in ([\d,]+) requests", line).group(1).replace(",", ""))
        for line in demo.second.out.splitlines()
        if " requests, " in line and "/" in line.split(":")[0]
    }
    assert {name.split("/")[0] for name, requests in told.items() if not requests} == {"curated", "survey"}
    assert {name: requests for name, requests in told.items() if requests} == {
        "bugzilla/bugs": 1,
        "bugzilla/flag_activity": 1,
        "bugzilla/products": 1,
        "pontoon/locales": 2,  # and before anything else, what our key may see
        "pontoon/projects": 1,
        "pontoon/user_actions": 1,
        "reps/people": 1,
        "reps/events": 1,
        "reps/activities": 1,
        "sumo/questions": 2,  # the probe that filters are honoured, and the page at the cursor
        "sumo/answers": 2,
        "sumo/users": 1,
        "sumo/products": 1,
        "sumo/locales": 1,
        "sumo/revisions": 1,
        "discourse/topics": 6,  # the list by tag, 30 topics a page
    }


def test_a_second_run_makes_only_the_tables_anew_of_which_something_is_new(demo: Twice) -> None:
    made = made_anew(demo.data)
    assert {"dim_run", "fct_check", "met_source_freshness_h"} <= made  # of the run itself
    assert not {name for name in made if name.startswith(("int_", "fct_contribut", "dim_person"))}
    assert len(made) < 40, sorted(made)


def test_a_run_connects_to_nothing_but_loopback(demo: Twice) -> None:
    places = set(connections(demo.data))
    assert places, "the audit saw no connection at all: it is not working"
    outside = {place for place in places if not _is_loopback(place)}
    assert outside == set()


def _is_loopback(place: str) -> bool:
    try:
        return ipaddress.ip_address(place).is_loopback
    except ValueError:
        return place in ("localhost", "")


def test_no_person_is_in_a_published_file(demo: Twice) -> None:
    for path in current(demo.data).glob("*.duckdb"):
        with duckdb.connect(str(path), read_only=True) as connection:
            tables = {
                row[0] for row in connection.execute("select table_name from duckdb_tables()").fetchall()
            }
            columns = {
                row[0] for row in connection.execute("select column_name from duckdb_columns()").fetchall()
            }
        assert tables == {"metric", "metric_value", "topic_area", "region", "source_state", "release"}
        assert not columns & {"person_id", "account_id", "creator", "smallest_group"}


def test_names_logins_and_addresses_are_nowhere_under_the_data_folder(demo: Twice, tmp_path: Path) -> None:
    world, _ = generate("small", 1)
    planted = {bug["creator"] for bug in world.bugzilla if bug["creator"]}
    planted |= {user["username"] for user in world.sumo.users if len(user["username"]) > 5}
    planted |= {person["display_name"] for person in world.reps.people if len(person["display_name"]) > 5}
    names = tmp_path / "names"
    names.write_text("\n".join(sorted(planted)))
    command = [
        "grep",
        "--recursive",
        "--text",
        "--fixed-strings",
        "--files-with-matches",
        "--file",
        str(names),
    ]
    found = subprocess.run([*command, demo.data], env={"LC_ALL": "C"}, capture_output=True, text=True)
    assert (found.returncode, found.stdout) == (1, ""), "these files hold a name"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["run", "--sources", "nowhere"], "--sources takes demo or live"),
        (["run", "--recorded", "/no/such/folder"], "there is no such folder"),
        (["run", "--since", "yesterday"], "--since takes a day as YYYY-MM-DD"),
        (["run", "--since", "2026-02-01", "--until", "2026-01-01"], "--since must lie before --until"),
        (["run", "--scale", "gigantic"], "gigantic"),
        (["run", "--faults", "sumo.nonsense"], "nonsense"),
        (["run", "--limits", "reps"], "'reps': no limiter of that name"),
        (["run", "--sources", "live", "--limits", "all"], "belong to simulated sources"),
        (["run", "--sources", "live"], "MDM_HASH_KEY is not set"),
        (["serve", "--audience", "everybody"], "--audience takes public or internal"),
        (["run", "--no-such-option"], "No such option"),
    ],
)
def test_a_wrong_call_is_one_sentence_and_exit_code_two(
    tmp_path: Path, words: list[str], sentence: str
) -> None:
    ended = mdm(tmp_path / "data", *words)
    assert ended.code == 2, ended.text
    assert sentence in ended.text
    assert "Traceback" not in ended.text


def test_an_unusable_data_folder_is_one_sentence_and_exit_code_two(tmp_path: Path) -> None:
    occupied = tmp_path / "data"
    occupied.write_text("a file where the folder should be")
    ended = mdm(occupied, "run")
    assert (ended.code, "Traceback" in ended.text) == (2, False)
    assert "cannot be made" in ended.err


def test_a_refused_live_run_does_not_mark_the_folder_as_live(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert mdm(data, "run", "--sources", "live").code == 2
    assert not (data / "world.json").exists()


def test_status_works_before_the_first_run(tmp_path: Path) -> None:
    found = status(tmp_path / "data")
    assert found["published"] == {"version": None, "path": None}
    assert all(row["verdict"] == "never" for s in found["sources"].values() for row in s["streams"].values())


def test_broken_sources_are_old_with_their_reason_and_the_others_are_published(
    demo: Twice, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    shutil.copytree(demo.data, data)
    before = status(data)["published"]["version"]
    ended = mdm(data, "run", "--faults", "reps.down,sumo.html@3,bugzilla.throttle@1")
    assert ended.code == 0, ended.text
    for source, sentence in (
        ("reps", "the connection was cut|no connection"),
        ("sumo", "expected JSON, got text/html"),
        ("bugzilla", "blocked by the source for 60 minutes"),
    ):
        assert re.search(f"old: {source} .*({sentence})", ended.out), ended.out
    state = status(data)
    assert state["published"]["version"] not in (None, before)
    verdicts = {
        source: {row["verdict"] for row in found["streams"].values()}
        for source, found in state["sources"].items()
    }
    assert verdicts["pontoon"] == {"accepted"}
    assert all("refused" in verdicts[source] for source in ("reps", "sumo", "bugzilla"))


ALL_DOWN = ",".join(f"{source}.down" for source in SOURCES)


def test_a_run_whose_sources_are_all_down_publishes_nothing_and_says_so(tmp_path: Path) -> None:
    ended = mdm(tmp_path / "data", "run", "--faults", ALL_DOWN)
    assert ended.code == 1, ended.text
    assert "nothing was published" in ended.out
    assert "no source has ever given a record" in ended.out
    assert "Traceback" not in ended.text


def test_flag_times_of_another_zone_than_utc_are_found(demo: Twice) -> None:
    compiled = demo.data / "dbt" / "target" / "compiled" / "mdm" / "tests" / "assert_flag_times_are_utc.sql"
    query = compiled.read_text().replace('"warehouse".', "moved.")
    moved = "* replace (occurred_at - to_hours(7) as occurred_at)"
    with duckdb.connect() as connection:
        connection.execute(f"attach '{demo.data / 'warehouse.duckdb'}' as warehouse (read_only)")
        connection.execute("attach ':memory:' as moved; create schema moved.staging")
        for table in ("changes", "flag_activity"):
            name = f"staging.stg_bugzilla__{table}"
            connection.execute(f"create table moved.{name} as from warehouse.{name}")
        assert connection.execute(query).fetchall() == []
        name = "staging.stg_bugzilla__flag_activity"
        connection.execute(f"create or replace table moved.{name} as select {moved} from warehouse.{name}")
        [(events, same, hours)] = connection.execute(query).fetchall()
        assert (events > 100, same, hours) == (True, 0, 7.0)


def test_a_number_leads_back_to_its_batches(demo: Twice) -> None:
    ended = mdm(demo.data, "explain", "active_contributors", "--period", "2026-05", "--json")
    assert ended.code == 0, ended.text
    told = json.loads(ended.out)
    month = next(row for row in told["values"] if row["grain"] == "month" and row["population"] == "all")
    with duckdb.connect(str(demo.data / "warehouse.duckdb"), read_only=True) as connection:
        expected = connection.execute(
            """
            select count(distinct person_id), count(*) from marts.fct_contribution
            where occurred_on >= date '2026-05-01' and occurred_on < date '2026-06-01'
            """
        ).fetchone()
    facts = next(step for step in told["steps"] if step["model"] == "fct_contribution")
    assert (month["value"], facts["in_period"]) == expected
    stored = records(demo.data)
    inlets = {f"{inlet['source']}/{inlet['stream']}": inlet["records"] for inlet in told["inlets"]}
    assert {"sumo/answers", "pontoon/user_actions", "bugzilla/changes"} <= set(inlets)
    assert inlets == {stream: stored[stream] for stream in inlets}
    assert "count" in told["sql"]
    assert "fct_identity_month" in told["sql"]
