"""Which accounts are one person's, given links between them: connected components with two limits.

In here: the clustering alone, pure. Not in here: how links come about (`dbt/models/intermediate/identity/`,
`identity.py`) and what a person's key is made of (`int_identity__accounts`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

LARGEST = 20
"""Accounts in one cluster: a person with more has not been seen, a chain of wrong links has."""

SURE = 1.0
"""Links up to this strength are scores, stronger ones are what people declare or decide."""

Link = tuple[str, str, float]
"""Two accounts and how strong their link is: more is stronger."""


def clusters(
    links: Iterable[Link], apart: Iterable[tuple[str, str]] = (), largest: int = LARGEST
) -> dict[str, str]:
    """Account -> the smallest account of its cluster, for every account that a link names.

    Links are taken from the strongest to the weakest, equal ones in the order of their accounts. One that
    would bring a pair of `apart` into one cluster, or make a cluster of more than `largest`, is left out:
    so it is always the weakest link of a contradiction that is cut. A link of a strength up to `SURE` is also
    left out when it would join two accounts of one system that no link of their own joins: most people have
    one account in a system, so these are rather namesakes. The order of the arguments decides nothing, and
    weaker links never undo what stronger ones made.
    """
    links = list(links)
    direct = {frozenset((one, other)) for one, other, _ in links}
    ordered = sorted((-strength, min(one, other), max(one, other)) for one, other, strength in links)
    cluster = {account: account for _, one, other in ordered for account in (one, other)}
    members = {account: {account} for account in cluster}
    enemies: dict[str, set[str]] = {account: set() for account in cluster}
    for one, other in apart:
        enemies.setdefault(one, set()).add(other)
        enemies.setdefault(other, set()).add(one)
    for weakness, one, other in ordered:
        kept, gone = sorted((cluster[one], cluster[other]))
        if kept == gone or len(members[kept]) + len(members[gone]) > largest:
            continue
        if not enemies[kept].isdisjoint(members[gone]):
            continue
        if -weakness <= SURE and _doubles(members[kept], members[gone], direct):
            continue
        for account in members[gone]:
            cluster[account] = kept
        members[kept] |= members.pop(gone)
        enemies[kept] |= enemies.pop(gone)
    return cluster


def _doubles(some: set[str], others: set[str], direct: set[frozenset[str]]) -> bool:
    """Whether two accounts of one system, one of each set, have no link of their own."""
    systems: dict[str, list[str]] = {}
    for account in some:
        systems.setdefault(account.partition(":")[0], []).append(account)
    return any(
        frozenset((one, other)) not in direct
        for other in others
        for one in systems.get(other.partition(":")[0], ())
    )


def table_of(
    links: Iterable[Mapping[str, object]] | None, apart: Iterable[Mapping[str, object]] | None
) -> list[dict[str, str]]:
    """The same from rows of SQL: links with `one`, `other`, `strength`, pairs with `one`, `other`."""
    found = clusters(
        [(str(row["one"]), str(row["other"]), float(str(row["strength"]))) for row in links or ()],
        [(str(row["one"]), str(row["other"])) for row in apart or ()],
    )
    return [{"account_key": account, "cluster": cluster} for account, cluster in sorted(found.items())]
