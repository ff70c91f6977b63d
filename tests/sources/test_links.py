"""Links that people declare themselves become pairs of pseudonyms that meet across sources."""

from __future__ import annotations

from pipelines.privacy import pseudonymiser
from pipelines.simulation.generator import generate
from pipelines.sources import reps, sumo

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
