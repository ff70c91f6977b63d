"""Accounts become persons: components of links, decisions kept, whatever the order of the rows."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from pipelines.clusters import Link, clusters, table_of

ACCOUNTS = st.sampled_from([f"{system}:{n}" for n in range(4) for system in ("sumo", "reps", "pontoon")])
PAIRS = st.tuples(ACCOUNTS, ACCOUNTS).filter(lambda pair: pair[0] != pair[1])
LINKS = st.lists(st.tuples(ACCOUNTS, ACCOUNTS, st.sampled_from([0.91, 0.95, 1.5, 2.0])), max_size=25)
DECLARED = st.lists(st.tuples(ACCOUNTS, ACCOUNTS, st.sampled_from([1.5, 2.0])), max_size=25)


def components(links: list[Link]) -> dict[str, str]:
    """Account -> smallest account that can be reached from it, by walking."""
    near: dict[str, set[str]] = {}
    for one, other, _ in links:
        near.setdefault(one, set()).add(other)
        near.setdefault(other, set()).add(one)
    found = {}
    for start in near:
        reached, border = {start}, [start]
        while border:
            fresh = near[border.pop()] - reached
            reached |= fresh
            border += fresh
        found[start] = min(reached)
    return found


@given(DECLARED)
def test_clusters_are_the_connected_components(links: list[Link]) -> None:
    assert clusters(links) == components(links)


@given(LINKS, st.lists(PAIRS, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_links_and_decisions_decides_nothing(
    links: list[Link], apart: list[tuple[str, str]], random: object
) -> None:
    shuffled, turned = list(links), [(other, one) for one, other in apart]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert clusters(shuffled, turned) == clusters(links, apart)


@given(LINKS, st.lists(PAIRS, max_size=6))
def test_what_is_kept_apart_is_never_one_person_even_by_detours(
    links: list[Link], apart: list[tuple[str, str]]
) -> None:
    found = clusters(links, apart)
    assert not [pair for pair in apart if found.get(pair[0], pair[0]) == found.get(pair[1], pair[1])]


@given(LINKS, st.lists(PAIRS, max_size=6))
def test_weaker_links_never_undo_what_stronger_ones_made(
    links: list[Link], apart: list[tuple[str, str]]
) -> None:
    strong = clusters([link for link in links if link[2] > 1], apart)
    every = clusters(links, apart)
    together = {frozenset((a, b)) for a in strong for b in strong if strong[a] == strong[b]}
    assert all(len({every[account] for account in pair}) == 1 for pair in together)


def test_a_score_does_not_make_namesakes_of_one_system_one_person() -> None:
    apart = [("bugzilla:a", "sumo:a", 0.99), ("bugzilla:b", "sumo:b", 0.98), ("sumo:a", "bugzilla:b", 0.95)]
    assert len(set(clusters(apart).values())) == 2
    assert (
        len(set(clusters([*apart, ("bugzilla:a", "bugzilla:b", 0.91), ("sumo:a", "sumo:b", 0.91)]).values()))
        == 1
    )


def test_the_weakest_link_of_a_contradiction_is_cut() -> None:
    links = [("a:1", "b:1", 0.99), ("b:1", "c:1", 0.91), ("c:1", "d:1", 0.95)]
    assert clusters(links, [("a:1", "d:1")]) == {"a:1": "a:1", "b:1": "a:1", "c:1": "c:1", "d:1": "c:1"}


def test_no_person_has_more_accounts_than_a_person_can_have() -> None:
    chain = [(f"a{n:02}:1", f"a{n + 1:02}:1", 0.95) for n in range(30)]
    assert max(Counter(clusters(chain, largest=20).values()).values()) == 20


def test_rows_of_sql_may_be_missing() -> None:
    assert table_of(None, None) == []
    assert table_of([{"one": "b", "other": "a", "strength": 1.5}], None) == [
        {"account_key": "a", "cluster": "a"},
        {"account_key": "b", "cluster": "a"},
    ]
