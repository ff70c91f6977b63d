"""Large communities: what is written straight to a lake is what landing would have left there, and what is
planted is really there. Sizes here are small; `make bench PARTS=scale` measures the real ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from pipelines import run, settings
from pipelines.embedded import PONTOON_TOKEN
from pipelines.lake import Lake
from pipelines.privacy import pseudonymiser
from pipelines.run import DataInUse, land_source
from pipelines.simulation.generator import generate
from pipelines.simulation.generator.bulk import places, truth, world
from pipelines.simulation.generator.bulk.crowd import PLANTED, SYSTEMS, Crowd, make_crowd
from pipelines.simulation.generator.bulk.lake import Done, write_lake
from pipelines.simulation.generator.bulk.size import MEDIUM, Size
from pipelines.simulation.servers.serve import Servers, serve
from pipelines.simulation.world import World
from pipelines.sources import SOURCES
from pipelines.sources.spec import trailing_number
from tests.bench.endurance import NATIVE, promised, talks

LANDED_AT = datetime(2026, 7, 9, 13, tzinfo=UTC)
TINY = replace(
    MEDIUM, name="tiny", since=datetime(2025, 7, 1, tzinfo=UTC), contributors=160, askers=200, bugs=300.0,
    questions=300.0, sessions=300.0, topics=30.0, events=40.0, reports=100.0,
)  # fmt: skip
CROWDED = replace(
    MEDIUM,
    name="crowded",
    contributors=4_000,
    askers=1_000,
    bugs=9_000.0,
    questions=6_000.0,
    sessions=9_000.0,
    topics=50.0,
    events=200.0,
    reports=500.0,
)
"""Enough people to see planted differences, few acts beside those that must happen."""


def into(data: Path, size: Size, most_files: int = 2) -> Done:
    """Written under keys that are the same every time."""
    data.mkdir(parents=True)
    for name in ("hash_key", "vault_key"):
        (data / name).write_text("k" * 32)
    return write_lake(data, size, 1, workers=1, most_files=most_files, at=LANDED_AT)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Done]:
    data = tmp_path_factory.mktemp("bulk") / "data"
    return data, into(data, TINY)


@pytest.fixture(scope="module")
def served() -> Iterator[Servers]:
    with serve(world.build(TINY, 1)[0]) as servers:
        yield servers


@pytest.fixture(scope="module")
def crowded() -> tuple[Crowd, dict[str, pd.DataFrame]]:
    crowd = make_crowd(CROWDED, 1)
    tables = {**truth.noted(crowd, truth.drawn(crowd)), **truth.people_tables(crowd)}
    return crowd, {name: table.to_pandas() for name, table in tables.items()}


# --- The lake ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", SYSTEMS)
def test_a_written_lake_holds_what_landing_makes_of_the_served_records(
    source: str, written: tuple[Path, Done], served: Servers
) -> None:
    data, _ = written
    shown = {"_seen_on": TINY.clock.date().isoformat()}
    hash_of = pseudonymiser(settings.hash_key(data), source)
    handles = dict[str, tuple[str | None, str | None]]()
    for feed in SOURCES[source].feeds:
        if feed.name == "revisions":  # this community has no knowledge base
            continue
        native = NATIVE.get((source, feed.streams[0].name), feed.streams[0].name)
        records: list[Any] = (
            talks(served)
            if source == "discourse"
            else [
                {
                    **record,
                    **shown,
                    "_asked_on": str(record.get("date"))[:10],
                    "_number": trailing_number(record["_url"]) if "_url" in record else None,
                }
                for record in served.records(source, native).values()
                if record.get("visibility", "public") == "public"
            ]
        )
        for stream in feed.streams:
            held = Lake(data).live(source, stream.name)
            assert held == promised(SOURCES[source], stream, records, data), stream.name
            assert held
            found = [one for record in records for one in stream.handles(record, hash_of)]
            handles |= {one.pseudonym: (one.handle, one.display_name) for one in found if one.kind == "id"}
    vault = run.vault_of(data)
    assert vault is not None
    kept = [row for row in vault.read("a test").to_pylist() if (row["source"], row["kind"]) == (source, "id")]
    assert {row["pseudonym"]: (row["handle"], row["display_name"]) for row in kept} == handles


def test_a_run_after_a_written_lake_asks_little_and_finds_nothing_new(
    written: tuple[Path, Done], served: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, _ = written
    monkeypatch.setenv("MDM_DATA", str(data))
    monkeypatch.setenv("MDM_PONTOON_TOKEN", PONTOON_TOKEN)
    for source in SYSTEMS:
        monkeypatch.setenv(f"MDM_{source.upper()}_URL", served.roots[source])
        results = land_source(data, SOURCES[source], run_id="next")
        assert not [result.feed for result in results if result.refused and result.feed != "revisions"]
        found = {stream: rows for result in results for stream, rows in result.written.items() if rows}
        assert found == {}
        assert sum(result.requests for result in results) < 60


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    brief = replace(TINY, since=datetime(2026, 5, 1, tzinfo=UTC), contributors=60, askers=60)
    one, two = tmp_path / "one", tmp_path / "two"
    for data in (one, two):
        into(data, brief, most_files=1)

    def content(data: Path) -> dict[str, bytes]:
        """All but the kept files: these are landed like any others, in batches named after our own clock."""
        found = {path.relative_to(data): path for path in sorted(data.rglob("*.parquet"))}
        return {
            str(name): path.read_bytes()
            for name, path in found.items()
            if not {"curated", "survey"} & set(name.parts)
        }

    assert content(one) == content(two)
    assert make_crowd(brief, 1).accounts["sumo"].handle != make_crowd(brief, 2).accounts["sumo"].handle


def test_a_folder_that_holds_something_is_not_written_over(written: tuple[Path, Done]) -> None:
    with pytest.raises(DataInUse):
        write_lake(written[0], TINY, 1)


def test_the_numbers_told_are_the_numbers_written(written: tuple[Path, Done]) -> None:
    data, done = written
    counted = {
        f"{source.name}/{stream.name}": len(Lake(data).live(source.name, stream.name))
        for source in map(SOURCES.__getitem__, SYSTEMS)
        for stream in source.streams
    }
    assert {name: rows for name, rows in counted.items() if rows} == dict(done.rows)
    assert done.contributions == pq.read_metadata(data / "truth" / "contributions.parquet").num_rows
    assert done.people == pq.read_metadata(data / "truth" / "people.parquet").num_rows


def test_no_name_or_log_in_is_in_the_lake(written: tuple[Path, Done]) -> None:
    data, _ = written
    accounts = pq.read_table(data / "truth" / "accounts.parquet").to_pandas()
    handles = {name.encode() for name in accounts[~accounts.is_bot].username if "@" in name or len(name) > 7}
    texts = b"".join(
        value.encode()
        for path in (data / "raw").rglob("*.parquet")
        for column in pq.read_table(path).columns
        if str(column.type) == "string"
        for value in column.unique().to_pylist()
        if value
    )
    assert not [handle for handle in handles if handle in texts]


def test_the_files_that_people_keep_are_landed_and_say_what_is_true(
    written: tuple[Path, Done], served: Servers
) -> None:
    data, _ = written
    made, true = world.build(TINY, 1)
    files = {name: (data / name).read_text() for name in made.kept}
    assert files == made.kept
    assert pq.read_table(data / "truth" / "roles.parquet").equals(true.kept["roles"])
    for source in ("curated", "survey"):
        for stream in SOURCES[source].streams:
            if stream.name in ("affiliation", "roles", "invitations", "answers"):
                assert Lake(data).live(source, stream.name), stream.name


# --- What is planted -------------------------------------------------------------------------------------


def test_persona_members_meet_its_rule_and_near_misses_do_not(written: tuple[Path, Done]) -> None:
    found = pq.read_table(written[0] / "truth" / "persona.parquet").to_pandas()
    planted = found[found.planted.notna()]
    assert set(planted.planted) == set(PLANTED[1:])
    assert (planted.meets_rule == (planted.planted == "member")).all()


def test_the_region_that_keeps_fewer_newcomers_does_and_no_other(
    crowded: tuple[Crowd, dict[str, pd.DataFrame]],
) -> None:
    """The catalogue's rate: newcomers who contribute again 90 to 180 days after their first contribution."""
    _, tables = crowded
    acts = tables["contributions"].merge(tables["people"], on="person")
    acts = acts[(acts.kind == "contributor") & (acts.affiliation == "volunteer") & acts.planted.isna()]
    first = acts.groupby("person").occurred_at.transform("min")
    began = pd.Timestamp(CROWDED.since) + pd.Timedelta(days=365)
    cohort = acts[(first >= began) & (first < pd.Timestamp(CROWDED.until) - pd.Timedelta(days=720))]
    age = (cohort.occurred_at - first[cohort.index]).dt.days
    back = cohort[(age >= 90) & (age < 180)].groupby("person").size()
    people = cohort.groupby("person").region.first().to_frame()
    people["stays"] = people.index.isin(back.index)
    rate = people.groupby("region").stays.mean()
    others = people[people.region != places.LESS_KEPT].stays.mean()
    assert rate[places.LESS_KEPT] < others - 0.08
    large = people.groupby("region").size().loc[lambda n: n > 150].index.drop(places.LESS_KEPT)
    for region in large:
        allowed = 3.3 * np.sqrt(others * (1 - others) / (people.region == region).sum())
        assert abs(rate[region] - others) < allowed, region
    gaps = tables["retention_gaps"]
    assert set(gaps[gaps.is_real].region_1) | set(gaps[gaps.is_real].region_2) == set(places.REGIONS)


def test_one_region_declines_one_grows_and_the_others_stay_as_they_were(
    crowded: tuple[Crowd, dict[str, pd.DataFrame]],
) -> None:
    _, tables = crowded
    acts = tables["contributions"].merge(tables["people"][["person", "region"]], on="person")
    end = pd.Timestamp(CROWDED.until)
    years = {"before": end - pd.Timedelta(days=365 * 3), "now": end - pd.Timedelta(days=365)}
    active = {
        name: acts[(acts.occurred_at >= at) & (acts.occurred_at < at + pd.Timedelta(days=365))]
        .groupby("region").person.nunique()
        for name, at in years.items()
    }  # fmt: skip
    change = active["now"] / active["before"]
    assert change[places.DECLINING] < 0.65
    assert change[places.GROWING] > 1.3
    steady = change.drop([places.DECLINING, places.GROWING])
    noise = 4 * np.sqrt(2 / active["before"][steady.index])
    assert ((steady - 1).abs() < np.maximum(noise, 0.2)).all()


def test_shapes_of_a_real_community(crowded: tuple[Crowd, dict[str, pd.DataFrame]]) -> None:
    crowd, tables = crowded
    people, accounts = tables["people"], tables["accounts"]
    workers = set(people[people.kind == "contributor"].person)
    acts = tables["contributions"]
    per_person = acts[acts.person.isin(workers)].groupby("person").size().sort_values(ascending=False)
    assert per_person.iloc[: len(per_person) // 10].sum() > 0.4 * per_person.sum()
    assert len(per_person) > 0.95 * len(workers)
    several = accounts[accounts.person.isin(workers)].groupby("person").size()
    assert 0.25 < (several > 1).mean() < 0.8
    assert several.max() >= 4
    pairs = np.flatnonzero(crowd.people.namesake >= 0)
    same = [(one, crowd.people.namesake[one]) for one in pairs]
    assert same
    for one, two in same:
        assert (crowd.people.given[one], crowd.people.family[one]) == (
            crowd.people.given[two], crowd.people.family[two],
        )  # fmt: skip
    terms = tables["affiliations"].groupby("person").affiliation.agg(set)
    assert (terms == {"volunteer", "staff"}).sum() > 10
    months = acts.occurred_at.dt.month.value_counts()
    assert months[3] > months[8]


def test_regions_are_those_of_the_warehouse() -> None:
    seed = pd.read_csv(settings.ROOT / "dbt" / "seeds" / "countries.csv", keep_default_na=False)
    known = seed.set_index("country").region
    assert {place.code: place.region for place in places.PLACES} == {
        place.code: known[place.code] for place in places.PLACES
    }


def test_the_largest_community_is_not_served_and_says_what_to_do() -> None:
    with pytest.raises(ValueError, match="--to-lake"):
        generate("mozilla", 1)


def test_a_reduced_world_holds_both_records_and_truth() -> None:
    made: World
    made, true = world.build(replace(TINY, since=datetime(2026, 5, 1, tzinfo=UTC)), 3)
    assert len(made.bugzilla) > 10
    assert true.contributions.num_rows > 100
