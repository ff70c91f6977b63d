"""No name, log-in or address of anybody is stored in clear; an erased person is nowhere and stays away."""

from __future__ import annotations

import gzip
import itertools
import json
import logging
import re
import shutil
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines import cli, identity, run, settings
from pipelines import forget as erasure
from pipelines.border import quarantined
from pipelines.embedded import PONTOON_TOKEN
from pipelines.forget import forget, is_forgotten
from pipelines.identity import links_path
from pipelines.lake import Lake, write_parquet
from pipelines.privacy import pseudonym
from pipelines.simulation.generator import Truth, generate
from pipelines.simulation.servers.serve import Servers, serve
from pipelines.simulation.world import SOURCES as SERVED
from pipelines.simulation.world import World, write_kept
from pipelines.sources import SOURCES
from pipelines.vault import Vault, VaultClosed
from tests.bench.endurance import prepare


@pytest.fixture(scope="module")
def community() -> tuple[World, Truth]:
    return generate("small", 4)


@pytest.fixture(scope="module")
def first_load(community: tuple[World, Truth], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder after one run on this community; tests work on copies."""
    data = tmp_path_factory.mktemp("first") / "data"
    prepare(data, community[0])
    with pytest.MonkeyPatch.context() as patch, serve(community[0]) as servers:
        land_all(data, servers, patch)
    recognise(data)
    return data


def recognise(data: Path) -> None:
    """Links, a snapshot and accepted persons in which every account of the lake stands."""
    keys = [account.key for account in identity.evidence(data, None)]
    identity.write_links(data, ((*sorted(pair), 0.9) for pair in itertools.pairwise(keys)))
    persons = [f"person {n}" for n in range(len(keys))]
    rows = [[date(2026, 7, 1)] * len(keys), keys, persons, persons]
    snapshot = pa.table(rows, schema=identity.SNAPSHOT_SCHEMA)
    write_parquet(snapshot, identity.snapshots(data) / "2026-07-01.parquet")
    write_parquet(snapshot, identity.accepted_path(data))


@pytest.fixture
def loaded(first_load: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(first_load, tmp_path / "data"))


def land_all(
    data: Path, servers: Servers, patch: pytest.MonkeyPatch, sources: Iterable[str] = SERVED
) -> None:
    """One run of these sources, with the vault, as the main job does it; kept files where there are any."""
    patch.setenv("MDM_DATA", str(data))
    patch.setenv("MDM_PONTOON_TOKEN", PONTOON_TOKEN)
    for source in sources:
        patch.setenv(f"MDM_{source.upper()}_URL", servers.roots[source])
        run.land_source(data, SOURCES[source], run_id="test")
    for source in ("curated", "survey"):
        patch.setenv(f"MDM_{source.upper()}_DIR", str(data.parent / "kept" / source))
        run.land_source(data, SOURCES[source], run_id="test")


def everything_under(data: Path) -> str:
    """All text under a folder: tables value by value, compressed files unpacked, the rest byte by byte."""
    found = []
    tables: dict[Path, list[str]] = defaultdict(list)
    for path in sorted(data.rglob("*")):
        if path.suffix == ".parquet":
            tables[path.parent].append(str(path))
        elif path.suffix == ".gz":
            found.append(gzip.decompress(path.read_bytes()).decode())
        elif path.is_file():
            found.append(path.read_bytes().decode("latin-1"))
    with duckdb.connect() as connection:
        for paths in tables.values():
            query = "select row::varchar from read_parquet($1, union_by_name = true) as row"
            found += [text for (text,) in connection.execute(query, [paths]).fetchall()]
    return "\n".join(found)


def planted(truth: Truth) -> set[str]:
    """Every log-in and every full name that a source shows of somebody."""
    names = {str(name) for name in truth.accounts["username"].to_pylist()}
    return {name for name in names if len(name) > 5}


def words(text: str) -> set[str]:
    """Everything in a text that a name or address could be."""
    return set(re.findall(r"[\w.+@ -]{3,}", text)) | set(re.findall(r"[\w.+@-]{3,}", text))


def test_nobody_is_stored_in_clear_even_when_answers_are_broken(
    community: tuple[World, Truth],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    world, truth = community
    data = tmp_path / "data"
    prepare(data, world)
    write_kept(world, data.parent / "kept")
    faults = "bugzilla.unknown_user@1,sumo.type@30,reps.unknown_user@40,pontoon.type@20,discourse.type@3"
    with caplog.at_level(logging.DEBUG), serve(world, faults=faults) as servers:
        land_all(data, servers, monkeypatch)
        land_all(data, servers, monkeypatch)
    text = everything_under(data) + caplog.text
    assert len(Lake(data).live("curated", "affiliation")) > 100
    assert len(Lake(data).live("survey", "answers")) > 100
    assert list((data / "quarantine").rglob("*.json")), "the broken answers were set aside"
    assert "@example." not in text
    assert "@mozilla.com" not in text
    shown = words(text)
    assert sorted(planted(truth) & shown) == []


@pytest.mark.parametrize("source", ["sumo", "bugzilla", "discourse", "reps", "pontoon"])
def test_an_erased_person_is_nowhere_and_does_not_come_back(
    source: str, community: tuple[World, Truth], loaded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = loaded
    with serve(community[0]) as servers:
        person, names = busiest(servers, source)
        key = settings.hash_key(data)
        kinds = {kept.pseudonym_of for stream in SOURCES[source].streams for kept in stream.keep.values()}
        own = {kind for kind in kinds if kind and ":" not in kind}  # others are made alike elsewhere
        hashes = {pseudonym(key, source, kind, name) for name in names for kind in own}
        before = everything_under(data / "raw")
        assert any(str(one) in before for one in hashes)
        live = {s.name: len(Lake(data).live(source, s.name)) for s in SOURCES[source].streams}
        warehouse = [
            data / "warehouse.duckdb",
            data / "warehouse.duckdb.wal",
        ]  # the second from a killed build
        for path in warehouse:
            path.touch()
        receipt = forget(data, key, SOURCES[source], [person], Vault(data, str(settings.vault_key(data))))
        assert sum(receipt.rows.values()) > 0
        assert not any(path.exists() for path in warehouse)
        nowhere(data, hashes)
        servers.advance(timedelta(days=1))
        land_all(data, servers, monkeypatch, [source])
        servers.advance(timedelta(days=400))
        land_all(data, servers, monkeypatch, [source])
    nowhere(data, hashes)
    acts = [s for s in SOURCES[source].streams if s.name not in ("users", "people", "logins")]
    assert {s.name: len(Lake(data).live(source, s.name)) for s in acts if "snapshots" not in s.name} == {
        s.name: live[s.name] for s in acts if "snapshots" not in s.name
    }, "what the person did stays as an anonymous fact"


@pytest.mark.parametrize("source", ["sumo", "bugzilla", "discourse"])
def test_an_erased_person_does_not_come_back_under_another_name(
    source: str, community: tuple[World, Truth], loaded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What shows the new name alone may come before what shows whose it is: it goes with that one."""
    data, new = loaded, "another.name@example.net"
    key = settings.hash_key(data)
    kinds = ("login", "username", "mail:address")
    hashes = {pseudonym(key, source, kind, new) for kind in kinds}
    with serve(community[0]) as servers:
        person, _names = busiest(servers, source)
        forget(data, key, SOURCES[source], [person], Vault(data, str(settings.vault_key(data))))
        shown, told = {
            "sumo": (("questions", "answers"), ("users",)),
            "bugzilla": (("bugs",), ()),
            "discourse": (("posts",), ()),
        }[source]
        rename(servers, source, shown, person, new)
        servers.advance(timedelta(days=400))
        land_all(data, servers, monkeypatch, [source])
        if told:
            linked = [f"sumo:{one}" for one in map(str, hashes) if one in everything_under(data / "raw")]
            assert linked, "nothing has told yet whose name that is"
            table = pa.table({"account_key_1": linked, "account_key_2": ["x:y"] * len(linked)})
            write_parquet(table, links_path(data))
        rename(servers, source, told, person, new)
        servers.advance(timedelta(days=100))
        land_all(data, servers, monkeypatch, [source])
    nowhere(data, hashes)
    assert not list((data / "forgotten").glob("*.unfinished"))
    assert json.loads(max((data / "receipts").glob("*.json")).read_text())["source"] == source


def rename(servers: Servers, source: str, streams: Iterable[str], person: str, new: str) -> None:
    """What the source shows of a person in these streams from now on has another log-in."""
    for stream in streams:
        rows = json.dumps(list(servers.records(source, stream).values()))
        servers.living[source].change(stream, json.loads(rows.replace(json.dumps(person), json.dumps(new))))


def nowhere(data: Path, hashes: set[str | None]) -> None:
    text = everything_under(data)
    assert [one for one in hashes if one and one in text] == []
    vault = Vault(data, str(settings.vault_key(data))).read("a test")
    assert hashes.isdisjoint(vault["pseudonym"].to_pylist())
    for path in (data / "receipts").glob("*.json"):
        assert not any(str(one) in path.read_text() for one in hashes), json.loads(path.read_text())


def busiest(servers: Servers, source: str) -> tuple[str, set[str]]:
    """The person who did most: the name to erase by, and all names and numbers the source has for them."""
    stream, name, number = {
        "sumo": ("answers", "creator", None),
        "bugzilla": ("bugs", "creator", "creator_detail"),
        "discourse": ("posts", "username", "user_id"),
        "reps": ("activities", "user", None),
        "pontoon": ("actions", "user", None),
    }[source]
    rows = [row for row in servers.records(source, stream).values() if row[name]]
    if source == "sumo":
        usernames = [row["creator"]["username"] for row in rows]
        person = max(sorted(set(usernames)), key=usernames.count)
        (profile,) = [one for one in servers.records("sumo", "users").values() if one["username"] == person]
        return person, {person, str(profile["id"])}
    if source == "bugzilla":
        logins = [row["creator"] for row in rows if not row["creator"].endswith((".tld", ".bugs"))]
        person = max(sorted(set(logins)), key=logins.count)
        return person, {person, *(str(row[str(number)]["id"]) for row in rows if row["creator"] == person)}
    if source == "discourse":
        names = [row["username"] for row in rows if row["user_id"] > 0]
        person = max(sorted(set(names)), key=names.count)
        return person, {person, *(str(row["user_id"]) for row in rows if row["username"] == person)}
    if source == "reps":
        numbers = [row["user"]["_url"].rstrip("/").rpartition("/")[2] for row in rows]
    else:
        numbers = [str(row["user"]["pk"]) for row in rows if not row["user"]["system_user"]]
    person = max(sorted(set(numbers)), key=numbers.count)
    return person, {person}


def test_a_lake_from_before_a_column_was_kept_forgets_too(
    community: tuple[World, Truth], loaded: Path
) -> None:
    data = loaded
    with serve(community[0]) as servers:
        person, _names = busiest(servers, "sumo")
    users = Lake(data).folder("sumo", "users")
    for path in users.glob("2*.parquet"):
        write_parquet(pq.read_table(path).drop_columns(["people_directory"]), path)
    vault = Vault(data, str(settings.vault_key(data)))
    assert forget(data, settings.hash_key(data), SOURCES["sumo"], [person], vault).rows["sumo/users"] == 1


AFFILIATION = "source,kind,account,affiliation,valid_from,valid_to\n"
INVITATIONS = "wave,respondent,source,kind,account,is_delivered\n"
ANSWERS = "wave,respondent,attribute,attribute_value,is_complete\n"


def test_an_erased_person_leaves_the_kept_files_rows_and_stays_out_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files still name the person, the next wave under another code; nobody else's rows move."""
    monkeypatch.setenv("MDM_HASH_KEY", "a key for tests only")
    data, key = tmp_path / "data", settings.hash_key()
    for name, content in {
        "curated/affiliation.csv": AFFILIATION
        + "sumo,username,ada,staff,2024-01-01,\nsumo,id,7,vendor,2023-01-01,2024-01-01\n"
        + "sumo,username,bob,staff,2024-01-01,\n",
        "survey/invitations.csv": INVITATIONS
        + "one,r1,sumo,username,ada,yes\none,r2,sumo,username,bob,yes\n",
        "survey/answers.csv": ANSWERS + "one,r1,gender,woman,yes\none,r2,gender,man,yes\n",
    }.items():
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_text(content)

    def land() -> dict[str, int]:
        for source in ("curated", "survey"):
            for result in run.land_source(data, SOURCES[source], run_id="test"):
                assert result.refused == ()
        streams = (("curated", "affiliation"), ("survey", "invitations"), ("survey", "answers"))
        return {stream: len(Lake(data).live(source, stream)) for source, stream in streams}

    assert land() == {"affiliation": 3, "invitations": 2, "answers": 2}
    receipt = forget(data, key, SOURCES["sumo"], ["ada", "7"])
    assert (receipt.rows["curated/affiliation"], receipt.rows["survey/answers"]) == (2, 1)
    with (data / "survey" / "invitations.csv").open("a") as out:
        out.write("two,r3,sumo,username,ada,yes\n")
    with (data / "survey" / "answers.csv").open("a") as out:
        out.write("two,r3,gender,woman,yes\n")
    assert land() == {"affiliation": 1, "invitations": 1, "answers": 1}
    text = everything_under(data / "raw")
    for kind, name in (("sumo:username", "ada"), ("sumo:id", 7), ("respondent", "r1"), ("respondent", "r3")):
        assert str(pseudonym(key, "survey", kind, name)) not in text


def test_nobody_is_erased_by_a_name_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "warehouse.duckdb").touch()
    receipt = forget(tmp_path, b"a key for tests only", SOURCES["sumo"], ["nobody"])
    assert receipt.is_empty
    assert (tmp_path / "warehouse.duckdb").exists()


def test_a_name_of_which_nothing_is_stored_is_told_from_one_that_was_erased(
    community: tuple[World, Truth],
    loaded: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with serve(community[0]) as servers:
        person, _ = busiest(servers, "sumo")
    monkeypatch.setenv("MDM_DATA", str(loaded))
    before = everything_under(loaded)
    with pytest.raises(cli.CallRefused, match="names nobody"):
        cli.forget("sumo", [person, " "])
    assert everything_under(loaded) == before
    for _ in range(2):  # the second time it is no more known than the first
        with pytest.raises(SystemExit) as ended:
            cli.forget("sumo", ["no_such_person"])
        assert ended.value.code == cli.NOT_KNOWN
        assert "no such account of sumo is known here" in capsys.readouterr().out
    cli.forget("sumo", ["no_such_person"], unseen=True)
    cli.forget("sumo", [person])
    assert "no such account" not in capsys.readouterr().out.splitlines()[-1]
    cli.forget("sumo", [person])
    assert f"already erased on {datetime.now(UTC):%Y-%m-%d}" in capsys.readouterr().out
    known = is_forgotten(loaded, settings.hash_key(loaded), "sumo")
    assert known is not None
    for name in (person, "no_such_person"):
        assert known(str(pseudonym(settings.hash_key(loaded), "sumo", "username", name)))


def test_a_profile_that_was_gone_before_is_forgotten_too(
    community: tuple[World, Truth], loaded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The account was deleted at its source first: its tombstone's key is a pseudonym."""
    data = loaded
    with serve(community[0]) as servers:
        person, names = busiest(servers, "sumo")
        number = next(name for name in names if name != person)
        servers.living["sumo"].remove("users", number)
        servers.advance(timedelta(days=100))
        land_all(data, servers, monkeypatch, ["sumo"])
    key = settings.hash_key(data)
    account = pseudonym(key, "sumo", "id", number)
    assert account not in Lake(data).live("sumo", "users")
    forget(data, key, SOURCES["sumo"], [person], Vault(data, str(settings.vault_key(data))))
    nowhere(data, {account})


def test_a_refused_batch_does_not_bring_a_forgotten_person_back() -> None:
    stream = SOURCES["sumo"].feeds[1].streams[0]
    row = {"id": 1, "creator": "ada", "is_spam": {}}
    hashed = "0" * 32
    assert quarantined(stream, row, lambda _kind, _value: hashed)["creator"] == hashed
    assert quarantined(stream, row, lambda _kind, _value: hashed, lambda one: one == hashed)["creator"] == ""


STEPS = (
    (erasure, "_remember_marks", 0),
    (erasure, "_remember_marks", 1),
    (identity, "forget", 0),
    (identity, "write_parquet", 1),
    (Path, "unlink", 0),
    (erasure, "rewrite", 0),
    (erasure, "rewrite", 1),
    (erasure, "rewrite", -1),
    (erasure, "_rewrite_quarantined", 0),
    (Vault, "forget", 0),
    (erasure, "write_text", -1),
)
"""Where an erasure is killed: on the way into this call, after so many others of it; -1: into its last."""


@pytest.mark.parametrize(("place", "step", "after"), STEPS, ids=[f"{name}-{n}" for _, name, n in STEPS])
def test_an_erasure_that_was_killed_is_finished_by_the_next_call(
    place: object,
    step: str,
    after: int,
    community: tuple[World, Truth],
    loaded: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = loaded
    with serve(community[0]) as servers:
        person, names = busiest(servers, "sumo")
    key, vault = settings.hash_key(data), Vault(data, str(settings.vault_key(data)))
    hashes = {pseudonym(key, "sumo", kind, name) for name in names for kind in ("id", "username")}
    answer_the_survey(data, person)
    hashes.add(pseudonym(key, "survey", "respondent", "r1"))
    for source, kind, name in (("sumo", "username", person), ("survey", "respondent", "r1")):
        row = {"who": pseudonym(key, source, kind, name)}
        Lake(data).refuse(source, "answers", "20260701T000000000000-0000", datetime.now(UTC), ["no"], [row])
    (data / "warehouse.duckdb").touch()

    def erase() -> erasure.Receipt:
        return forget(data, key, SOURCES["sumo"], [person], vault)

    if after < 0:
        whole = Path(shutil.copytree(data, tmp_path / "counted"))
        with monkeypatch.context() as patch:
            calls = killing(patch, place, step, None)
            forget(whole, key, SOURCES["sumo"], [person], Vault(whole, str(settings.vault_key(whole))))
        after += len(calls)
    with monkeypatch.context() as patch:
        killing(patch, place, step, after)
        with pytest.raises(KeyboardInterrupt):
            erase()
    erase()
    nowhere(data, hashes)
    assert not (data / "warehouse.duckdb").exists()
    assert not list((data / "forgotten").glob(".*")), "the pseudonyms are kept nowhere"
    assert len(Lake(data).live("survey", "answers")) == 1, "nobody else's answer went"


def killing(patch: pytest.MonkeyPatch, place: object, step: str, after: int | None) -> list[str]:
    """Have the process killed on the way into a call after so many others of it; the calls so far."""
    calls, real = list[str](), getattr(place, step)

    def counted(*given: Any, **named: Any) -> Any:
        if len(calls) == after:
            raise KeyboardInterrupt
        calls.append(step)
        return real(*given, **named)

    patch.setattr(place, step, counted)
    return calls


def answer_the_survey(data: Path, person: str) -> None:
    """This person and somebody else answer, and the files of it are landed."""
    for name, content in {
        "invitations.csv": f"{INVITATIONS}one,r1,sumo,username,{person},yes\none,r2,sumo,username,bob,yes\n",
        "answers.csv": f"{ANSWERS}one,r1,gender,woman,yes\none,r2,gender,man,yes\n",
    }.items():
        (data.parent / "survey").mkdir(exist_ok=True)
        (data.parent / "survey" / name).write_text(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MDM_SURVEY_DIR", str(data.parent / "survey"))
        assert not any(one.refused for one in run.land_source(data, SOURCES["survey"], run_id="test"))


def test_nothing_is_erased_while_the_vault_is_closed(tmp_path: Path) -> None:
    (tmp_path / "vault.duckdb").touch()
    with pytest.raises(VaultClosed):
        forget(tmp_path, b"a key for tests only", SOURCES["sumo"], ["ada"])
