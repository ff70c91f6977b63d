"""Pseudonyms: the same for the same value, however often and beside whatever else it is asked."""

from pipelines.privacy import REMEMBERED, pseudonym, pseudonymiser

KEY = b"a key for tests"


def test_what_is_remembered_is_what_would_be_made_anew() -> None:
    values = [1, True, 1.0, "1", "Ada", "ada", "Ada@example.org", "", None, ["a list"]]
    hash_of = pseudonymiser(KEY, "invented")
    for _ in range(2):
        for kind in ("id", "login", "mail:address"):
            made = [hash_of(kind, value) for value in values]
            assert made == [pseudonym(KEY, "invented", kind, value) for value in values]


def test_more_values_than_are_remembered_keep_their_pseudonyms() -> None:
    hash_of = pseudonymiser(KEY, "invented")
    numbers = range(REMEMBERED + 10)
    assert [hash_of("id", number) for number in numbers] == [hash_of("id", number) for number in numbers]
    assert len({hash_of("id", number) for number in numbers}) == len(numbers)
