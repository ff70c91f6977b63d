"""Accounts that look like one person's are told by names, hashes, languages and spans, by nothing else."""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipelines.identity import (
    THRESHOLD,
    WEIGHTS,
    Account,
    explain,
    full_forms,
    full_name,
    handle,
    initial_forms,
    links_path,
    nicks,
    score,
    short_forms,
    spelled,
    stem,
    write_links,
)
from pipelines.privacy import pseudonym

KEY = b"a key for tests only"


def account(source: str, number: int, **known: object) -> Account:
    return Account(source, f"{number:03}", **known)  # type: ignore[arg-type]


def local(name: str) -> str | None:
    return pseudonym(KEY, "", "mail:local", name)


def links(*accounts: Account) -> dict[tuple[str, str], float]:
    return {(one, other): value for one, other, value in score(accounts, KEY) if value > THRESHOLD}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Ada Lovelace [:ada] (away until May)", "ada lovelace"),
        ("LOVELACE, Ada", "ada lovelace"),
        ("Zoë Ångström", "angstrom zoe"),
        ("Ada Lovelace :ada.l", "ada lovelace"),
        ("Ada :Lovelace (away)", "ada lovelace"),
        (":lovelace", None),
        ("Ada [:lovelace]", None),
        ("Ada", None),
        ("A B", None),
        (None, None),
    ],
)
def test_a_full_name_is_two_words_without_marks_in_order(text: str | None, name: str | None) -> None:
    assert full_name(text) == name


def test_a_handle_is_letters_and_digits_and_its_stem_has_no_digits_at_the_end() -> None:
    assert handle("Ada.Lovelace_7") == "adalovelace7"
    assert stem("adalovelace7") == "adalovelace"
    assert (handle("ada"), stem("ab12"), stem(None)) == (None, None, None)
    assert spelled("l0v3lac3") == spelled("lovelace") == "lovelace"
    assert {"adalovelace", "lovelace.ada"} <= full_forms("ada lovelace")
    assert initial_forms("ada lovelace") == {"lovelacea", "alovelace"}
    assert short_forms("ada lovelace") == {
        "lovelacead", "adlovelace", "lovelaceada", "adalovelace", "adalo", "loada", "adalov", "lovada",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Ada Lovelace [:Ada.L]", ["ada.l"]),
        (
            "Ada Lovelace [:lovelace][:countess] (:analyst, away until 10:30)",
            ["analyst", "countess", "lovelace"],
        ),
        (":lovelace: | UTC+1 | needinfo:somebody | https://example.org", ["lovelace"]),
        ("Zoë Ångström <:zoë_å>", ["zoë_å"]),
        ("Ada Lovelace [:ada] :)", []),
        ("Ada Lovelace [lovelace]", []),
        (None, []),
    ],
)
def test_a_nick_is_what_a_shown_name_says_behind_a_colon(text: str | None, said: list[str]) -> None:
    assert nicks(text) == said


def test_one_full_name_in_two_systems_is_probably_one_person() -> None:
    assert list(
        links(account("sumo", 1, name="ada lovelace"), account("pontoon", 2, name="ada lovelace"))
    ) == [("pontoon:002", "sumo:001")]


def test_a_name_that_two_people_of_one_system_have_links_nobody_by_itself() -> None:
    namesakes = [account("bugzilla", n, name="ada lovelace", handle=f"other{n}x") for n in (1, 2)]
    helper = account("sumo", 3, name="ada lovelace")
    assert links(*namesakes, helper) == {}


def test_two_accounts_of_one_person_in_one_system_are_no_namesakes() -> None:
    own = [account("bugzilla", n, name="ada lovelace", handle=f"adal{n}") for n in (1, 2)]
    assert len(links(*own, account("sumo", 3, name="ada lovelace"))) == 3


def test_hashes_alone_link_when_there_is_no_vault() -> None:
    same = (
        account("bugzilla", 1, local=local("ada"), mail="m1"),
        account("sumo", 2, local=local("ada"), mail="m1"),
    )
    assert len(links(*same)) == 1
    assert (
        len(links(account("bugzilla", 1, local=local("ada")), account("pontoon", 2, local=local("ada")))) == 1
    )
    assert links(account("bugzilla", 1, local=local("ada")), account("pontoon", 2, local=local("bo"))) == {}


def test_a_full_name_meets_the_hash_of_what_stands_before_an_at() -> None:
    shown = account("bugzilla", 1, name="ada lovelace", handle="somebody", first_day=1, last_day=9)
    hidden = account("pontoon", 2, local=local("ada.lovelace"), first_day=1, last_day=9)
    assert len(links(shown, hidden)) == 1


def test_a_nick_is_a_sign_in_name_in_clear_and_where_only_its_hash_is_known() -> None:
    shown = account(
        "bugzilla", 1, handle="lovelace700001", nicks=["countess.ada"], local=local("lovelace700001")
    )
    for other in (
        account("sumo", 2, handle="countessada"),
        account("pontoon", 2, local=local("countess.ada")),
        account("discourse", 2, handle="somebody", nicks=["countess.ada"]),
    ):
        (told,) = explain([(shown.key, other.key)], [shown, other], KEY)
        assert told == [("same sign-in name or nick, nobody else's", 4e5)]
        assert len(links(shown, other)) == 1


def test_a_nick_that_is_the_sign_in_name_too_says_nothing_more() -> None:
    other = account("sumo", 2, handle="lovelace")
    plain = account("bugzilla", 1, handle="lovelace", local=local("lovelace"))
    assert links(plain, other) == links(account("bugzilla", 1, handle="lovelace", nicks=["lovelace"]), other)


def test_a_nick_that_two_people_of_one_system_have_links_nobody_by_itself() -> None:
    first = account("bugzilla", 1, handle="first1", name="ada lovelace", nicks=["countess"])
    second = account("bugzilla", 2, handle="countess", name="bo nielsen")
    assert links(first, second, account("sumo", 3, handle="countess")) == {}


@pytest.mark.parametrize("written", ["lovelace7", "l0v3lac3"])
def test_a_sign_in_name_that_was_changed_where_it_was_taken_meets_the_plain_one(written: str) -> None:
    known = {"first_day": 1, "last_day": 9}
    changed = account("bugzilla", 1, handle=written, local=local(written), **known)
    for plain in (
        account("sumo", 2, handle="lovelace", local=local("lovelace"), **known),
        account("pontoon", 2, local=local("lovelace"), **known),
    ):
        assert len(links(changed, plain)) == 1


def test_a_sign_in_name_that_two_people_of_one_system_changed_links_nobody_by_itself() -> None:
    known = {"first_day": 1, "last_day": 9}
    plain = account("sumo", 2, handle="lovelace", **known)
    namesake = account("sumo", 3, handle="lovelace5", name="bo nielsen")
    for written in ("lovelace7", "l0v3lac3"):
        assert links(account("bugzilla", 1, handle=written, **known), plain, namesake) == {}


def test_two_sign_in_names_with_other_digits_are_not_enough() -> None:
    known = {"first_day": 1, "last_day": 9}
    pair = [account("sumo", 1, handle="lovelace7", **known), account("reps", 2, handle="lovelace33", **known)]
    assert links(*pair) == {}
    (told,) = explain([(pair[0].key, pair[1].key)], pair, KEY)
    assert told[0] == ("sign-in names with other digits behind them", 1.5e3)


def test_different_names_and_countries_speak_against_a_pair() -> None:
    alike = account("sumo", 1, handle="adalove", name="ada lovelace", country="FI")
    assert len(links(alike, account("reps", 2, handle="adalove", country="FI"))) == 1
    assert links(alike, account("reps", 2, handle="adalove", name="bo nielsen", country="DK")) == {}


def test_the_order_of_accounts_decides_nothing_and_a_score_needs_no_others() -> None:
    crowd = [account("sumo", n, name=f"given{chr(97 + n % 26)} family{chr(97 + n // 26)}") for n in range(60)]
    pair = [account("pontoon", 100, name="ada lovelace"), account("sumo", 101, name="ada lovelace")]
    mixed = [*crowd, *pair]
    random.Random(3).shuffle(mixed)
    assert score(mixed, KEY) == score([*crowd, *pair], KEY)
    assert set(score(pair, KEY)) <= set(score(mixed, KEY))


def test_a_score_is_the_product_of_what_its_explanation_lists() -> None:
    one = account("sumo", 1, name="ada lovelace", locales=["fi"], country="FI", first_day=1, last_day=5)
    other = account("pontoon", 2, name="ada lovelace", locales=["fi", "sv"], first_day=4, last_day=9)
    told, nothing = explain([(one.key, other.key), (one.key, "reps:unknown")], [one, other], KEY)
    assert nothing == []
    assert [meaning for meaning, _ in told] == [
        "same full name, nobody else's in a system",
        "a language in common",
        "active at the same time",
    ]
    odds = 1e-4 / (1 - 1e-4)
    for _, weight in told:
        odds *= weight
    ((_, _, value),) = score([one, other], KEY)
    assert value == pytest.approx(odds / (1 + odds), abs=1e-6)


def test_every_comparison_ends_with_a_level_that_always_holds() -> None:
    assert all(levels[-1][1] == "ELSE" for levels in WEIGHTS.values())


def test_the_same_pairs_give_the_same_file(tmp_path: Path) -> None:
    (tmp_path / "raw" / "_pipeline").mkdir(parents=True)
    pairs = [("a", "c", 0.95), ("a", "b", 0.91)]
    write_links(tmp_path, pairs)
    first = links_path(tmp_path).read_bytes()
    write_links(tmp_path, reversed(pairs))
    assert links_path(tmp_path).read_bytes() == first
    write_links(tmp_path, ())
    assert pq.read_table(links_path(tmp_path)).num_rows == 0
