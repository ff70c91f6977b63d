"""Links that people declare themselves become pairs of pseudonyms that meet across sources."""

from __future__ import annotations

import pytest

from pipelines.privacy import pseudonymiser
from pipelines.simulation.generator import generate
from pipelines.sources import bugzilla, pontoon, reps, sumo
from pipelines.sources.names import local_name, mail_address

KEY = b"a key for tests only"


def test_a_name_in_the_people_directory_is_the_same_pseudonym_whichever_source_says_it() -> None:
    address = "https://mozillians.org/en-US/u/ada-1/"
    (helper,) = sumo.user_rows({"id": 1, "people_mozilla_org": "ada-1"}, lambda _kind, _value: None)
    assert reps.directory_name(address) == helper["people_directory"] == "ada-1"
    kind = sumo.USERS.keep["people_directory"].pseudonym_of
    assert kind == reps.PEOPLE.keep["people_directory"].pseudonym_of == "people:username"
    assert pseudonymiser(KEY, "sumo")(kind, "ada-1") == pseudonymiser(KEY, "reps")(kind, "ada-1")


def test_a_kind_of_one_source_means_nothing_in_another() -> None:
    assert pseudonymiser(KEY, "sumo")("username", "ada") != pseudonymiser(KEY, "reps")("username", "ada")


def test_no_address_and_no_name_are_no_link() -> None:
    assert [reps.directory_name(one) for one in (None, "", "https://mozillians.org/")] == [None, None, None]


def test_some_people_of_the_demo_declare_links_in_two_sources() -> None:
    world, _ = generate("small", 1)
    helpers = {row["people_mozilla_org"] for row in world.sumo.users} - {""}
    leaders = {reps.directory_name(row["mozillians_profile_url"]) for row in world.reps.people} - {None}
    assert len(helpers) > 50
    assert helpers & leaders


@pytest.mark.parametrize(
    ("name", "address", "local"),
    [
        ("Ada@Example.org", "ada@example.org", "ada"),
        ("ada+l10n@example.org", "ada+l10n@example.org", "ada"),
        ("Ada", None, "ada"),
        ("ada+l10n", None, "ada"),
        ("Ada Lovelace", None, None),
        ("@example.org", None, None),
        ("", None, None),
        (None, None, None),
    ],
)
def test_what_a_name_has_in_common_with_others(name: object, address: str | None, local: str | None) -> None:
    assert (mail_address(name), local_name(name)) == (address, local)


def test_everybody_who_moved_a_bug_shows_an_address_but_machines_and_closed_accounts_do_not() -> None:
    bug = {
        "creator": "ada@example.org",
        "assigned_to": "u7@disabled.tld",
        "comments": [{"creator": "bo+bugs@example.org"}, {"creator": "bot@bmo.tld"}, {"creator": "cy"}],
        "history": [{"who": "ada@example.org"}],
        "attachments": [],
    }
    rows = list(bugzilla.login_rows(bug, lambda _kind, _value: None))
    assert [row["login"] for row in rows] == ["ada@example.org", "bo+bugs@example.org"]
    assert [row["local_name"] for row in rows] == ["ada", "bo"]


def test_the_same_local_name_is_one_pseudonym_whoever_shows_it() -> None:
    shown = {"user": {"pk": 7, "name": "Ada+l10n", "system_user": False}}
    (translator,) = pontoon.translator_rows(shown, lambda _kind, _value: None)
    (helper,) = sumo.user_rows({"id": 1, "username": "ada"}, lambda _kind, _value: None)
    kinds = {stream.keep["local_name"].pseudonym_of for stream in (pontoon.USERS, sumo.USERS, reps.PEOPLE)}
    assert kinds == {"mail:local"}
    assert translator["local_name"] == helper["local_name"] == "ada"


def test_machines_and_full_names_are_no_local_names() -> None:
    for user in ({"pk": 1, "name": "Sync", "system_user": True}, {"pk": 2, "name": "Ada Lovelace"}):
        assert list(pontoon.translator_rows({"user": user}, lambda _kind, _value: None)) == []
