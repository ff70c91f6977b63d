"""A review shows what the numbers may have wrong; a decision is one line, wins, and can be taken back."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.landing import LANDING
from pipelines import cli, identity, review, run, settings
from pipelines.clusters import clusters
from pipelines.lake import Lake, schema_of, write_parquet
from pipelines.landing import Landing
from pipelines.privacy import pseudonym
from pipelines.review import Decision, Key, Pair, Persons, Place, decide, ranked, undo, without_effect
from pipelines.sources import SOURCES
from pipelines.sources.curated import IDENTITY_SHEET as SHEET
from pipelines.sources.files import FileRefused, read, template
from pipelines.sources.spec import Handle, Span
from pipelines.vault import Vault

KEY, VAULT_KEY = b"a key for tests only", "a vault key for tests"
NOW = datetime(2026, 7, 1, 6, tzinfo=UTC)
TODAY, EARLIER = date(2026, 7, 1), date(2026, 6, 1)
HEADER = "source_1,kind_1,account_1,source_2,kind_2,account_2,decision,decided_on"
BY_NAME = "sumo,username,quillfeather,discourse,id,1,same,2026-06-01"

PEOPLE = {
    ("sumo", 1): ("quillfeather", "Ada Quillfeather"),
    ("discourse", 1): ("adaq", "Ada Quillfeather [:quillfeather, away]"),
    ("sumo", 2): ("bobolink7", "Bo Linkwater"),
    ("discourse", 2): ("bolinkwater", None),
    ("reps", 2): ("heron_at_dusk", "Bo Linkwater"),
}


def account(source: str, number: int) -> str:
    return f"{source}:{pseudonym(KEY, source, 'id', number)}"


ADA, ADA_TOO = account("sumo", 1), account("discourse", 1)
BO, BO_TOO, BO_AT_REPS = account("sumo", 2), account("discourse", 2), account("reps", 2)


def pair(one: str, other: str) -> Key:
    return min(one, other), max(one, other)


def same(one: str, other: str, on: date = TODAY, decision: str = "same") -> Decision:
    return Decision(pair(one, other), decision, on)


def different(one: str, other: str, on: date = TODAY) -> Decision:
    return same(one, other, on, "different")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A small lake, vault and warehouse: Ada twice, unsure; Bo three times, one link of which was cut."""
    vault = Vault(tmp_path, VAULT_KEY)
    lake = Lake(tmp_path)
    for source, stream in (("sumo", "users"), ("discourse", "users"), ("reps", "people")):
        [spec] = [one for one in SOURCES[source].streams if one.name == stream]
        lake.prepare(SOURCES[source])
        numbers = [number for of, number in PEOPLE if of == source]
        rows = [
            {
                **dict.fromkeys(schema_of(spec).names),
                **dict.fromkeys(("_key", "_batch_id", "_row_hash"), str(number)),
                "_version_at": NOW,
                "_fetched_at": NOW,
                "_is_deleted": False,
                "account": pseudonym(KEY, source, "id", number),
                "username": pseudonym(KEY, source, "username", PEOPLE[source, number][0]),
            }
            for number in numbers
        ]
        table = pa.Table.from_pylist(
            [{name: row[name] for name in schema_of(spec).names} for row in rows], schema=schema_of(spec)
        )
        write_parquet(table, lake.folder(source, stream) / "1.parquet")
        handles = [
            Handle("id", str(pseudonym(KEY, source, "id", number)), *PEOPLE[source, number])
            for number in numbers
        ]
        vault.remember(source, handles, datetime.now(UTC))
    (tmp_path / "raw" / "_pipeline").mkdir()
    links = [(*pair(ADA, ADA_TOO), 0.88), (*pair(BO, BO_TOO), 0.97), (*pair(BO_TOO, BO_AT_REPS), 0.93)]
    identity.write_links(tmp_path, links)
    build(tmp_path, {BO: "b", BO_TOO: "b"}, links[1:])
    return Place(tmp_path, tmp_path / "curated", KEY)


def build(
    data: Path,
    persons: dict[str, str],
    links: list[tuple[str, str, float]],
    decided: tuple[Decision, ...] = (),
) -> None:
    """The warehouse's tables of identity; who is in no person is one by themselves."""
    names = {(source, number): name for (source, number), (name, _) in PEOPLE.items()}
    with duckdb.connect(str(data / "warehouse.duckdb")) as warehouse:
        warehouse.execute("create schema intermediate")
        for table, columns, rows in (
            ("accounts", "account_key varchar, probable_person_id varchar, is_bot boolean",
             [(account(*one), persons.get(account(*one), account(*one)), False) for one in PEOPLE]),
            ("links", "account_key_1 varchar, account_key_2 varchar, status varchar, rule varchar",
             [(one, other, "probable", "scored") for one, other, _ in links]),
            ("decisions", "account_key_1 varchar, account_key_2 varchar, decision varchar, decided_on date",
             [(*one.pair, one.decision, one.decided_on) for one in decided]),
            ("logins", "source varchar, login varchar, account varchar",
             [(source, pseudonym(KEY, source, "username", name), pseudonym(KEY, source, "id", number))
              for (source, number), name in names.items()]),
        ):  # fmt: skip
            warehouse.execute(f"create table intermediate.int_identity__{table} ({columns})")
            marks = ", ".join("?" * len(columns.split(",")))
            if rows:
                warehouse.executemany(
                    f"insert into intermediate.int_identity__{table} values ({marks})", rows
                )


def write(place: Place, *lines: str) -> bytes:
    place.folder.mkdir(exist_ok=True)
    place.file.write_text("".join(f"{line}\n" for line in (HEADER, *lines)))
    return place.file.read_bytes()


# --- What is worth a look ------------------------------------------------------------------------


def test_what_is_likeliest_to_be_wrong_comes_first() -> None:
    built = Persons(
        {"a:1": "a", "b:1": "b", "c:1": "c", "d:1": "c", "e:1": "c", "f:1": "f", "g:1": "g"},
        {("a:1", "b:1"): "scored", ("c:1", "d:1"): "scored", ("c:1", "e:1"): "scored"},
    )
    scored = {
        ("a:1", "b:1"): 0.95, ("c:1", "d:1"): 0.92, ("c:1", "e:1"): 0.995, ("f:1", "g:1"): 0.6,
        ("a:1", "f:1"): 0.6, ("a:1", "bot:1"): 0.9,
    }  # fmt: skip
    found = ranked(scored, built, [], {"f:1": 9, "g:1": 9})
    assert [(one.accounts, one.doubt) for one in found] == [
        (("a:1", "b:1"), 0.95),
        (("f:1", "g:1"), 0.6),
        (("a:1", "f:1"), 0.6),
        (("c:1", "d:1"), 0.08),
    ]


@pytest.mark.parametrize(
    ("linked", "decided", "why"),
    [
        ({("a:1", "b:1"): "scored"}, (different("a:1", "b:2"),), "a decision keeps the persons apart"),
        ({("a:1", "b:1"): "scored"}, (), "two accounts of one system"),
        ({("a:1", "b:1"): "people_directory"}, (different("a:1", "b:2"),), "a decision keeps the persons"),
    ],
)
def test_a_link_that_was_cut_is_shown_with_the_reason(
    linked: dict[Key, str], decided: tuple[Decision, ...], why: str
) -> None:
    built = Persons({"a:1": "a", "b:1": "b", "b:2": "b"}, linked, decided)
    [found] = ranked({("a:1", "b:1"): 0.95}, built, decided, {})
    assert not found.joined
    assert why in str(found.cut)


def test_a_person_of_too_many_accounts_is_a_reason_to_look() -> None:
    chain = {f"a{n:02}:1": "a" for n in range(20)} | {"b:1": "b"}
    [found] = ranked({("a00:1", "b:1"): 0.95}, Persons(chain, {("a00:1", "b:1"): "scored"}), [], {})
    assert found.cut == "the person would have more than 20 accounts"


def test_between_two_persons_the_first_pair_stands_for_all() -> None:
    built = Persons({"a:1": "a", "b:1": "a", "c:1": "c", "d:1": "c"}, {})
    scored = {("a:1", "c:1"): 0.6, ("b:1", "d:1"): 0.8, ("a:1", "d:1"): 0.7}
    assert [one.accounts for one in ranked(scored, built, [], {})] == [("b:1", "d:1")]


@pytest.mark.parametrize(
    "decided",
    [
        [same("a:1", "c:1")],
        [different("a:1", "c:1")],
        [same("a:1", "b:1"), same("b:1", "c:1")],
        [same("a:1", "b:1"), different("b:1", "c:1")],
    ],
)
def test_what_decisions_settle_is_left_out_by_detours_too(decided: list[Decision]) -> None:
    built = Persons({"a:1": "a", "b:1": "b", "c:1": "c"}, {})
    assert ranked({("a:1", "c:1"): 0.8}, built, decided, {}) == []
    assert len(ranked({("a:1", "c:1"): 0.8}, built, decided[1:], {})) == 1


def test_a_decision_that_later_ones_contradict_is_named() -> None:
    chain = [same("a:1", "b:1", EARLIER), same("b:1", "c:1")]
    assert without_effect(chain) == []
    assert without_effect([*chain, different("a:1", "c:1")]) == chain[:1]


SCORES = st.dictionaries(
    st.tuples(st.sampled_from("abc"), st.sampled_from("def")).map(lambda two: (f"{two[0]}:1", f"{two[1]}:1")),
    st.floats(0.5, 1.0),
)


@given(SCORES, st.permutations(range(9)), st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("xyz")))
def test_the_order_of_the_pairs_decides_nothing(
    scored: dict[Key, float], order: list[int], joined: dict[str, str]
) -> None:
    built = Persons({f"{one}:1": joined.get(one, one) for one in "abcdef"}, {})
    found = ranked(scored, built, [], {})
    items = list(scored.items())
    turned = {items[n][0]: items[n][1] for n in order if n < len(items)}
    assert ranked(turned, built, [], {}) == found
    assert [one.doubt for one in found] == sorted((one.doubt for one in found), reverse=True)


def test_a_review_says_what_speaks_for_and_against_each_pair(place: Place) -> None:
    found = review.review(place, Vault(place.data, VAULT_KEY), 2)
    (cut, told), (doubtful, also) = found.pairs
    assert (cut.accounts, cut.score, cut.joined) == (pair(BO_TOO, BO_AT_REPS), 0.93, False)
    assert told == [("sign-in name is the other's full name", 5e5)]
    assert doubtful == Pair(pair(ADA, ADA_TOO), 0.88, False)
    assert also == [
        ("same full name, nobody else's in a system", 4e5),
        ("same sign-in name or nick, nobody else's", 4e5),
    ]
    assert found.more == 1
    assert review.review(place, None, 2).pairs[1][1] == []


# --- Decisions -----------------------------------------------------------------------------------


def landed(place: Place) -> list[Decision]:
    """The decisions as the curated source lands them in the lake."""
    spec = SOURCES["curated"]
    assert spec.kept is not None
    landing = Landing(Lake(place.data), run_id="r", gates=LANDING, hash_key=KEY, span=Span())
    with spec.kept(place.folder, NOW) as folder:
        [feed] = [feed for feed in spec.feeds if feed.name == "identity"]
        assert landing.feed(spec, feed, folder).refused == ()
    live = Lake(place.data).live("curated", "identity")
    files = Lake(place.data).folder("curated", "identity").glob("*.parquet")
    rows = [row for path in files for row in pq.read_table(path).to_pylist() if row["_key"] in live]
    accounts = [[f"{row[f'source_{n}']}:{row[f'account_{n}']}" for n in (1, 2)] for row in rows]
    return [
        Decision(pair(*both), row["decision"], row["decided_on"])
        for both, row in zip(accounts, rows, strict=True)
    ]


def test_a_decision_is_landed_under_the_account_keys_and_wins(place: Place) -> None:
    written, _ = decide(place, ADA, ADA_TOO, "same", TODAY)
    assert written.line == len(template(SHEET).splitlines()) + 1
    decide(place, BO_TOO, BO, "different", TODAY)
    found = landed(place)
    assert sorted(found, key=lambda one: one.decision) == [different(BO, BO_TOO), same(ADA, ADA_TOO)]
    scores = [(ADA, BO, 0.99), (BO, BO_TOO, 0.99)]
    told = [(*one.pair, 2.0) for one in found if one.decision == "same"]
    apart = [one.pair for one in found if one.decision == "different"]
    persons = clusters([*scores, *told], apart)
    assert persons[ADA] == persons[ADA_TOO] == persons[BO] != persons[BO_TOO]


def test_what_was_decided_is_not_asked_again_before_the_next_run(place: Place) -> None:
    decide(place, ADA, ADA_TOO, "different", TODAY)
    shown = {one.accounts for one, _ in review.review(place, None, 9).pairs}
    assert shown == {pair(BO_TOO, BO_AT_REPS), pair(BO, BO_TOO)}


def test_a_person_may_be_named_by_user_name_and_only_the_pseudonym_is_written(place: Place) -> None:
    decide(place, "sumo:username:quillfeather", "discourse:id:1", "same", TODAY)
    assert "quillfeather" not in place.file.read_text()
    assert landed(place) == [same(ADA, ADA_TOO)]


@pytest.mark.parametrize(
    "before",
    [
        f"{HEADER}\n# kept by hand\n{BY_NAME}\n",
        f"{HEADER}\n{BY_NAME}",
        f"{HEADER}\r\n{BY_NAME}\r\n\r\n",
        f"\ufeff{HEADER}\r{BY_NAME} , \r".replace(" , ", ""),
        f"# decided_on first\ndecided_on,{HEADER.removesuffix(',decided_on')}\n",
    ],
)
def test_an_undo_gives_the_file_byte_for_byte(place: Place, before: str) -> None:
    place.folder.mkdir()
    place.file.write_bytes(before.encode())
    written, _ = decide(place, BO, BO_TOO, "different", TODAY)
    assert len(read(SHEET, place.file.read_bytes())) == len(read(SHEET, before.encode())) + 1
    assert undo(place, BO_TOO, BO) == [written.line]
    assert place.file.read_bytes() == before.encode()


def test_an_undo_finds_a_line_that_names_the_accounts_otherwise(place: Place) -> None:
    write(place, BY_NAME, f"reps,id,2,sumo,id,2,same,{EARLIER}")
    with pytest.raises(review.NotReviewed, match=r"identity\.csv, line 2 decides this pair already"):
        decide(place, ADA, ADA_TOO, "different", TODAY)
    assert undo(place, ADA_TOO, ADA) == [2]
    assert [row["source_1"] for row in read(SHEET, place.file.read_bytes())] == ["reps"]


def test_a_decision_tells_which_ones_it_leaves_without_effect(place: Place) -> None:
    write(place, f"reps,id,2,sumo,id,2,same,{EARLIER}", f"reps,id,2,discourse,id,2,same,{TODAY}")
    _, decided = decide(place, BO, BO_TOO, "different", TODAY)
    assert [one.line for one in without_effect(decided)] == [2]


def test_who_may_read_the_file_stays_as_it_was(place: Place) -> None:
    write(place)
    place.file.chmod(0o600)
    decide(place, ADA, ADA_TOO, "same", TODAY)
    assert place.file.stat().st_mode & 0o777 == 0o600
    assert list(place.folder.iterdir()) == [place.file]


def test_a_file_with_errors_is_refused_and_stays(place: Place) -> None:
    before = write(place, BY_NAME.replace("same", "perhaps"))
    with pytest.raises(FileRefused, match="line 2, column decision: expected one of same, different"):
        decide(place, BO, BO_TOO, "same", TODAY)
    assert place.file.read_bytes() == before


def test_a_new_file_never_ends_the_decisions_of_one_that_is_missing(place: Place) -> None:
    (place.data / "warehouse.duckdb").unlink()
    build(place.data, {}, [], (same(BO, BO_TOO),))
    with pytest.raises(review.NotReviewed, match="the warehouse knows decisions of one"):
        decide(place, ADA, ADA_TOO, "same", TODAY)
    assert not place.file.exists()
    assert [one.accounts for one, _ in review.review(place, None, 9).pairs][:1] != [pair(BO, BO_TOO)]


def test_the_demo_community_reads_decisions_of_ones_own_beside_its_own(place: Place, tmp_path: Path) -> None:
    served = tmp_path / "served"
    served.mkdir()
    review.add_decisions(place.folder, served, KEY)
    assert not (served / SHEET.file).exists()
    planted = ["discourse,id,2,sumo,id,2,same,2026-06-01", "reps,id,2,sumo,id,2,same,2026-06-01"]
    (served / SHEET.file).write_text("\n".join([HEADER, *planted]))
    decide(place, BO, BO_TOO, "different", TODAY)
    review.add_decisions(place.folder, served, KEY)
    found = landed(replace(place, folder=served))
    assert sorted(found, key=lambda one: one.decision) == [
        different(BO, BO_TOO),
        same(BO, BO_AT_REPS, EARLIER),
    ]


def test_a_run_of_the_demo_community_takes_decisions_of_ones_own_along(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MDM_HASH_KEY", KEY.decode())
    monkeypatch.setenv("MDM_CURATED_DIR", str(place.folder))
    (place.data / "world.json").write_text('{"name": "demo"}')
    decide(place, ADA, ADA_TOO, "same", TODAY)
    cli._embed(place.data, run.World("demo"), {"MDM_CURATED_DIR": str(tmp_path / "served")})
    assert landed(replace(place, folder=tmp_path / "served")) == [same(ADA, ADA_TOO)]
    assert len(read(SHEET, place.file.read_bytes())) == 1


def test_in_the_demo_a_decision_of_its_own_file_may_be_overruled(place: Place) -> None:
    (place.data / "warehouse.duckdb").unlink()
    build(place.data, {}, [], (same(ADA, ADA_TOO, EARLIER),))
    demo = replace(place, is_live=False)
    assert pair(ADA, ADA_TOO) not in [one.accounts for one, _ in review.review(demo, None, 9).pairs]
    assert decide(demo, ADA, ADA_TOO, "different", TODAY)[0].line


# --- At the terminal -----------------------------------------------------------------------------


@pytest.fixture
def at_home(place: Place, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Call `mdm identity ...` on the invented place; returns the exit code."""
    monkeypatch.setenv("MDM_DATA", str(place.data))
    monkeypatch.setenv("MDM_HASH_KEY", KEY.decode())
    monkeypatch.setenv("MDM_VAULT_KEY", VAULT_KEY)
    monkeypatch.delenv("MDM_CURATED_DIR", raising=False)
    monkeypatch.delenv("MDM_VAULT", raising=False)

    def call(*words: str) -> int:
        monkeypatch.setattr("sys.argv", ["mdm", "identity", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return int(ended.value.code or 0)

    return call


def names() -> set[str]:
    return {name for both in PEOPLE.values() for name in both if name}


def test_no_name_is_told_beside_a_terminal(
    place: Place,
    at_home: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.DEBUG):
        assert at_home("review") == 0
        assert at_home("decide", "sumo:username:quillfeather", "discourse:username:adaq", "same") == 0
        assert at_home("undo", "sumo:username:quillfeather", ADA_TOO) == 0
    told = capsys.readouterr()
    assert "names are shown on a terminal only" in told.out
    assert f"undo: mdm identity undo {' '.join(pair(ADA, ADA_TOO))}" in told.out
    assert "counts from the next mdm run on" in told.out
    kept = place.file.read_text() + (place.data / "vault_reads.jsonl").read_text()
    assert [name for name in names() if name in told.out + told.err + caplog.text + kept] == []


def test_on_a_terminal_each_pair_is_asked_about_by_name(
    place: Place,
    at_home: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    answers = iter(["", "what?", "s", "q"])
    monkeypatch.setattr("builtins.input", lambda *_: next(answers))
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert at_home("review") == 0
    told = capsys.readouterr().out
    assert {
        "quillfeather / Ada Quillfeather",
        "adaq / Ada Quillfeather [:quillfeather, away]",
        "bolinkwater",
    } <= {line.split("  ")[-1] for line in told.splitlines()}
    assert list(answers) == []
    assert [(one.pair, one.decision) for one in landed(place)] == [(pair(ADA, ADA_TOO), "same")]
    assert '"purpose": "identity review"' in (place.data / "vault_reads.jsonl").read_text()


def test_a_name_cannot_steer_the_terminal(place: Place) -> None:
    vault = Vault(place.data, VAULT_KEY)
    vault.remember("sumo", [Handle("id", ADA.partition(":")[2], "\x1b[2Jada\u202e")], datetime.now(UTC))
    assert review.shown(vault, [ADA]) == {ADA: "?[2Jada?"}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("decide", ADA, ADA_TOO, "perhaps"), "The decision is same or different."),
        (("decide", ADA, "quillfeather", "same"), "The second account is not named as"),
        (("decide", ADA, "sumo:quillfeather", "same"), "The second account is not named as"),
        (("decide", "sumo:login:quillfeather", ADA_TOO, "same"), "The first account is not named as"),
        (("decide", "sumo:username:nobody_there", ADA, "same"), "The first account is not one of a person"),
        (("decide", ADA, "sumo:username:quillfeather", "same"), "Both are the same account."),
        (("undo", ADA, ADA_TOO), "There is no identity.csv in"),
    ],
)
def test_a_wrong_call_is_one_sentence_without_a_name(
    place: Place,
    at_home: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    sentence: str,
) -> None:
    assert at_home(*words) == cli.WRONG_CALL
    assert not place.folder.exists()
    told = capsys.readouterr().err
    assert told.startswith(f"mdm: {sentence}")
    assert told.count("\n") == 1
    assert not any(name in told for name in (*names(), "nobody_there"))


def test_an_undo_of_what_nobody_decided_is_refused(
    place: Place, at_home: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    write(place)
    assert at_home("undo", ADA, ADA_TOO) == cli.WRONG_CALL
    assert capsys.readouterr().err == "mdm: No line of identity.csv decides this pair.\n"


@pytest.mark.parametrize(
    ("gone", "sentence"),
    [
        ("warehouse.duckdb", "There is no warehouse"),
        ("raw/_pipeline/identity_links.parquet", "no scored pairs"),
    ],
)
def test_what_is_missing_is_said_in_one_sentence(
    place: Place,
    at_home: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    gone: str,
    sentence: str,
) -> None:
    (place.data / gone).unlink()
    assert at_home("review") == cli.WRONG_CALL
    assert sentence in capsys.readouterr().err


def test_a_closed_vault_is_said_and_an_absent_one_is_done_without(
    at_home: Callable[..., int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MDM_VAULT_KEY", "another key for tests")
    assert at_home("review") == cli.WRONG_CALL
    assert "does not open with this MDM_VAULT_KEY" in capsys.readouterr().err
    monkeypatch.setenv("MDM_VAULT", "off")
    assert at_home("review") == 0
    assert "without a vault" in capsys.readouterr().out


def test_the_file_lies_where_the_curated_files_are_kept(
    at_home: Callable[..., int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MDM_CURATED_DIR", str(tmp_path / "elsewhere"))
    assert at_home("decide", BO, BO_TOO, "same") == 0
    [row] = read(SHEET, (settings.kept_folder(SOURCES["curated"], tmp_path) / SHEET.file).read_bytes())
    assert {row["kind_1"], row["kind_2"]} == {"pseudonym"}
