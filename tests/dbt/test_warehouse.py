"""From a tiny lake to values: one real build over invented rows, small enough to count by hand.

The catalogue's rules have their unit tests beside the models; here is what only a whole build shows:
which version of a record counts, time zones, identities across streams, and what a missing source does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines import warehouse
from pipelines.sources import SOURCES
from tests.dbt.lake_of import KEY, hashed, write_lake

ANSWER = {"question_id": 1, "updated": "2026-03-02T10:00:00Z", "is_spam": False}
BUG = {
    "id": 7,
    "creator": "ada@example.org",
    "creator_id": 70,
    "creator_class": "other",
    "assigned_to": "nobody@mozilla.org",
    "assigned_to_id": 1,
    "assigned_to_class": "mozilla",
    "product": "Firefox",
    "creation_time": "2026-03-01T00:00:00Z",
    "last_change_time": "2026-03-05T00:00:00Z",
}
COMMENT = {"bug_id": 7, "has_own_text": True, "creation_time": "2026-03-03T00:00:00Z"}


def moved(minute: int, field_name: str, removed: str, added: str, **classes: str) -> dict[str, Any]:
    """One change of bug 8, which one person has after the other."""
    return {"bug_id": 8, "change": f"moved{minute}", "when": f"2026-05-05T00:{minute:02}:00Z",
            "who": "bo@mozilla.com", "who_class": "mozilla", "field_name": field_name,
            "removed": removed, "added": added, **classes}  # fmt: skip


def fixed(minute: int) -> dict[str, Any]:
    return moved(minute, "resolution", "", "FIXED")


def login(value: str) -> str:
    return str(hashed("bugzilla", "login", value))


LAKE: dict[str, list[dict[str, Any]]] = {
    "sumo/questions": [
        {"id": 1, "creator": "asker", "created": "2026-03-02T08:00:00Z", "updated": "2026-03-02T08:00:00Z",
         "locale": "fi", "product": "firefox", "is_spam": False},
    ],
    "sumo/answers": [
        {"id": 1, "creator": "helper", "created": "2026-03-02T10:00:00Z", **ANSWER},
        # Written at half past ten in the evening of 31 March, two hours west of Greenwich: April.
        {"id": 2, "creator": "helper", "created": "2026-03-31T22:30:00-02:00", **ANSWER},
        {"id": 3, "creator": "spammer", "created": "2026-03-02T09:00:00Z", **ANSWER},
        {"id": 3, "creator": "spammer", "created": "2026-03-02T09:00:00Z", **ANSWER,
         "is_spam": True, "_fetched_at": "2026-07-08T07:00:00Z", "_batch_id": "b2"},
        {"id": 4, "creator": "deleted", "created": "2026-03-02T09:30:00Z", **ANSWER},
        {"id": 4, "creator": "deleted", "created": "2026-03-02T09:30:00Z", **ANSWER,
         "_is_deleted": True, "_fetched_at": "2026-07-08T07:00:00Z", "_batch_id": "b2"},
        {"id": 5, "creator": "late", "created": "2026-09-01T00:00:00Z", **ANSWER},
    ],
    "sumo/users": [{"account": 11, "username": "helper", "country": "FI"}],
    "bugzilla/bugs": [
        BUG,
        {**BUG, "id": 8, "creation_time": "2026-05-01T00:00:00Z", "last_change_time": "2026-05-06T00:00:00Z"},
    ],
    "bugzilla/users": [
        {"account": 70, "login": "ada@example.org", "login_class": "other"},
        {"account": 70, "login": "ada@old.example.org", "login_class": "other"},
        {"account": 1, "login": "nobody@mozilla.org", "login_class": "mozilla"},
    ],
    "bugzilla/comments": [
        {"id": 1, "count": 1, "creator": "ada@old.example.org", "creator_class": "other", **COMMENT},
        {"id": 2, "count": 2, "creator": "bugmon@mozilla.com", "creator_class": "mozilla", **COMMENT},
        {"id": 3, "count": 3, "creator": "bo@mozilla.com", "creator_class": "mozilla", **COMMENT},
    ],
    "bugzilla/changes": [
        {"bug_id": 7, "change": "fixed", "when": "2026-03-05T00:00:00Z", "who": "bo@mozilla.com",
         "who_class": "mozilla", "field_name": "resolution", "added": "FIXED"},
        fixed(1),
        moved(2, "assigned_to", login("dee@mozilla.com"), login("eve@mozilla.com"),
              removed_class="mozilla", added_class="mozilla"),
        fixed(3),
        moved(4, "assigned_to", login("eve@mozilla.com"), login("robot@bots.tld"),
              removed_class="mozilla", added_class="machine"),
        fixed(5),
        # Read before the classes of assignees were kept.
        moved(6, "assigned_to", login("robot@bots.tld"), login("cy@mozilla.com")),
        fixed(7),
    ],
    "reps/people": [
        {"account": 5, "country": "Côte d’Ivoire"},
        # A mentor whom the list of those who are Reps now shows no more.
        {"account": 6, "country": "Peru", "groups": ["Rep", "Mentor"], "mentor": 5,
         "date_joined_program": "2015-03-01", "_fetched_at": "2026-04-02T06:00:00Z"},
        {"account": 6, "_is_deleted": True, "_fetched_at": "2026-07-01T06:00:00Z", "_batch_id": "b2"},
    ],
    "reps/activities": [{"id": 1, "reporter": 5, "report_date": "2026-03-03", "passive_report": False}],
}  # fmt: skip


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    data = tmp_path_factory.mktemp("tiny")
    write_lake(data, LAKE, never_loaded=["pontoon", "sumo/revisions"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MDM_HASH_KEY", KEY.decode())
        warehouse.dbt(data, "build")  # with every unit test, unlike a run
    connection = duckdb.connect(str(data / "warehouse.duckdb"), read_only=True)
    yield connection
    connection.close()


def rows(built: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    return built.execute(query).fetchall()


def test_the_columns_that_are_described_are_those_that_are_there(built: duckdb.DuckDBPyConnection) -> None:
    """Of models and of sources, in their order."""
    (path,) = rows(built, "select path from duckdb_databases() where database_name = 'warehouse'")[0]
    data = Path(path).parent
    manifest = json.loads(warehouse.manifest(data).read_text())
    there: dict[tuple[str, str], list[str]] = {}
    for schema, table, column in rows(
        built,
        """select schema_name, table_name, column_name from duckdb_columns()
           where database_name = 'warehouse' order by schema_name, table_name, column_index""",
    ):
        there.setdefault((schema, table), []).append(column)
    for node in manifest["nodes"].values():
        if node["resource_type"] == "model":
            assert list(node["columns"]) == there[node["schema"], node["alias"]], node["name"]
    for source in manifest["sources"].values():
        files = source["relation_name"].replace("$MDM_DATA", str(data))
        found = [column for column, *_ in rows(built, f"describe from {files}")]
        assert list(source["columns"]) == found, f"{source['source_name']}/{source['name']}"


def test_a_metric_with_one_row_too_many_is_found(built: duckdb.DuckDBPyConnection) -> None:
    (path,) = rows(built, "select path from duckdb_databases() where database_name = 'warehouse'")[0]
    compiled = Path(path).parent / "dbt" / "target" / "compiled" / "mdm" / "tests"
    query = (
        (compiled / "assert_metrics_have_one_row_by_their_key.sql")
        .read_text()
        .replace('"warehouse".', "twice.")
    )
    with duckdb.connect() as connection:
        connection.execute(f"attach '{path}' as warehouse (read_only)")
        connection.execute("attach ':memory:' as twice; create schema twice.metrics")
        connection.execute("create table twice.metrics.metric_value as from warehouse.metrics.metric_value")
        assert connection.execute(query).fetchall() == []
        connection.execute(
            """insert into twice.metrics.metric_value
               from warehouse.metrics.metric_value where metric = 'active_contributors' limit 1"""
        )
        found = connection.execute(query).fetchall()
        assert [(metric, rows) for metric, _, rows in found] == [("active_contributors", 1)]
        connection.execute(
            "update twice.metrics.metric_value set period_end = null where metric = 'contributions'"
        )
        found = connection.execute(query).fetchall()
        assert ("contributions", "not null: period_start, period_end") in [row[:2] for row in found]


def test_the_newest_version_of_a_record_counts_and_a_deleted_one_is_gone(
    built: duckdb.DuckDBPyConnection,
) -> None:
    query = "select set_aside_reason from marts.fct_activity_set_aside where activity_id = 'sumo:answer:3'"
    assert rows(built, query) == [("spam",)]
    everywhere = "select count(*) from intermediate.int_activity__judged where activity_id = 'sumo:answer:4'"
    assert rows(built, everywhere) == [(0,)]


def test_a_fact_counts_in_its_month_in_utc(built: duckdb.DuckDBPyConnection) -> None:
    query = """
        select occurred_at::varchar, (occurred_on)::varchar from marts.fct_contribution
        where contribution_id = 'sumo:answer:2'
    """
    assert rows(built, query) == [("2026-04-01 00:30:00", "2026-04-01")]


def test_a_fact_after_the_watermark_is_set_aside(built: duckdb.DuckDBPyConnection) -> None:
    query = "select set_aside_reason from marts.fct_activity_set_aside where activity_id = 'sumo:answer:5'"
    assert rows(built, query) == [("after_watermark",)]


def test_two_logins_of_one_account_are_one_person_and_no_other_on_its_bug(
    built: duckdb.DuckDBPyConnection,
) -> None:
    accounts = f"""
        select count(distinct person_id) from marts.dim_account
        where account = '{hashed("bugzilla", "id", 70)}'
    """
    assert rows(built, accounts) == [(1,)]
    query = (
        "select set_aside_reason from marts.fct_activity_set_aside where activity_id = 'bugzilla:comment:1'"
    )
    assert rows(built, query) == [("own_bug",)]


def test_a_listed_machine_with_a_human_login_is_a_bot_and_staff_is_staff(
    built: duckdb.DuckDBPyConnection,
) -> None:
    query = """
        select activity_id, set_aside_reason from marts.fct_activity_set_aside
        where activity_id in ('bugzilla:comment:2', 'bugzilla:fixed:7:fixed') order by 1
    """
    assert rows(built, query) == [("bugzilla:comment:2", "bot"), ("bugzilla:fixed:7:fixed", "unassigned")]
    staff = "select affiliation from marts.fct_contribution where contribution_id = 'bugzilla:comment:3'"
    assert rows(built, staff) == [("staff",)]


def test_assignees_whom_only_the_history_names_are_staff_or_machines_by_the_class_of_their_log_in(
    built: duckdb.DuckDBPyConnection,
) -> None:
    query = """
        select contribution_id, affiliation from marts.fct_contribution
        where contribution_id like 'bugzilla:fixed:8:%' order by 1
    """
    assert rows(built, query) == [
        ("bugzilla:fixed:8:moved1", "staff"),
        ("bugzilla:fixed:8:moved3", "staff"),
        ("bugzilla:fixed:8:moved7", "unknown"),
    ]
    query = """
        select set_aside_reason from marts.fct_activity_set_aside
        where activity_id = 'bugzilla:fixed:8:moved5'
    """
    assert rows(built, query) == [("bot",)]


def test_a_source_that_was_never_loaded_is_unavailable_and_flags_the_total(
    built: duckdb.DuckDBPyConnection,
) -> None:
    query = """
        select area, value, persons, status, flags from metrics.metric_value
        where metric = 'active_contributors' and grain = 'month' and period_start = '2026-03-01'
            and population = 'all' and level is null and (area is null or area in ('localization', 'code'))
        order by area
    """
    assert rows(built, query) == [
        ("code", 0, 0, "complete", None),
        ("localization", None, None, "unavailable", None),
        (None, 4, 4, "provisional", "source_missing"),
    ]
    review = "select distinct value, status from metrics.metric_value where metric = 'review_capacity_ratio'"
    assert rows(built, review) == [(None, "unavailable")]


def test_staff_are_in_all_and_not_in_the_community(built: duckdb.DuckDBPyConnection) -> None:
    query = """
        select population, value, unknown_affiliation_share from metrics.metric_value
        where metric = 'contributions' and area = 'quality' and event_type is null
            and period_start = '2026-03-01'
        order by population
    """
    assert rows(built, query) == [("all", 2, None), ("community", 1, 1.0), ("staff", 1, None)]


def test_regions_come_from_declarations_by_code_or_by_name(built: duckdb.DuckDBPyConnection) -> None:
    query = """
        select region, country, value, flags from metrics.metric_value
        where metric = 'active_contributors_by_region' and area is null and population = 'all'
            and period_start = '2026-03-01'
        order by region, country nulls first
    """
    flags = "region_backfilled, source_missing"
    assert rows(built, query) == [
        ("northern_europe", None, 1, flags),
        ("northern_europe", "FI", 1, flags),
        ("sub_saharan_africa", None, 1, flags),
        ("sub_saharan_africa", "CI", 1, flags),
        ("unknown", None, 2, "source_missing"),
    ]


def test_a_rep_who_is_listed_no_more_has_left_and_was_one_before(built: duckdb.DuckDBPyConnection) -> None:
    gone = str(hashed("reps", "id", 6))
    known = f"select joined_on, left_on, seen_from, has_mentor from marts.dim_rep where account = '{gone}'"
    assert rows(built, known) == [(date(2015, 3, 1), date(2026, 7, 1), date(2026, 4, 2), True)]
    assert rows(built, f"select role, valid_from, valid_to from marts.fct_role where account = '{gone}'") == [
        ("mentor", date(2026, 4, 2), date(2026, 7, 1))
    ]
    assert rows(
        built,
        f"""select max(period_end) from marts.fct_rep_period as ends
            inner join marts.dim_rep as reps using (person_id) where reps.account = '{gone}'""",
    ) == [(datetime(2026, 6, 1),)]


def test_the_first_answer_after_two_hours_is_the_median(built: duckdb.DuckDBPyConnection) -> None:
    query = """
        select locale, product, value, numerator, denominator from metrics.metric_value
        where metric = 'support_time_to_first_response_h' and period_start = '2026-03-01'
        order by all nulls first
    """
    slices = [(None, None), (None, "firefox"), ("fi", None), ("fi", "firefox")]
    assert rows(built, query) == [(*split, 2, 1, 1) for split in slices]


def test_only_periods_that_are_over_are_published(built: duckdb.DuckDBPyConnection) -> None:
    query = """
        select max(period_end)::varchar, min(period_start)::varchar
        from metrics.metric_value where grain = 'month'
    """
    assert rows(built, query) == [("2026-07-01 00:00:00", "2024-07-01 00:00:00")]


def test_no_identifier_of_the_lake_is_readable_in_the_warehouse(built: duckdb.DuckDBPyConnection) -> None:
    texts = rows(
        built,
        """select table_schema, table_name, column_name from information_schema.columns
        where data_type = 'VARCHAR' and table_name <> 'known_bots'""",
    )
    for schema, table, column in texts:
        found = built.execute(
            f"""select count(*) from {schema}."{table}"
            where contains("{column}", '@example.org') or "{column}" in ('helper', 'asker', 'spammer')"""
        ).fetchone()
        assert found == (0,), f"{schema}.{table}.{column}"


def test_every_declared_stream_reaches_staging(built: duckdb.DuckDBPyConnection) -> None:
    query = "select table_name from information_schema.tables where table_schema = 'staging'"
    staged = {name for (name,) in rows(built, query)}
    assert {
        f"stg_{source.name}__{stream.name}" for source in SOURCES.values() for stream in source.streams
    } <= staged


def test_a_warehouse_of_nobody_grows_to_what_is_made_from_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MDM_HASH_KEY", KEY.decode())
    made = (*warehouse.BUILD, "--exclude-resource-type", "test", "--select", "+fct_identity_level")

    def levels() -> list[tuple[Any, ...]]:
        with duckdb.connect(str(tmp_path / "warehouse.duckdb"), read_only=True) as connection:
            return connection.execute("select * from marts.fct_identity_level order by all").fetchall()

    write_lake(tmp_path, {})
    warehouse.dbt(tmp_path, *made)
    assert levels() == []
    write_lake(tmp_path, LAKE)
    warehouse.dbt(tmp_path, *made)
    grown = levels()
    assert grown
    warehouse.dbt(tmp_path, *made, "--full-refresh")
    assert levels() == grown
