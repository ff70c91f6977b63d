"""The identifiers of a crowd, as a source knows them (`Handles`) and as the lake knows them (`Pseudonyms`).

Both are Arrow columns by account, so that a table of a million rows takes them in one step; each distinct
account is hashed once.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import pyarrow as pa

from pipelines.privacy import pseudonyms
from pipelines.simulation.generator.bulk.crowd import Crowd
from pipelines.simulation.generator.bulk.draws import Array
from pipelines.sources.bugzilla import login_class
from pipelines.sources.names import local_name, mail_address


def taken(column: pa.Array, places: Array) -> pa.Array:
    """The value at each place; null where the place is negative."""
    return column.take(pa.array(places, pa.int32(), mask=places < 0))


class Handles:
    """Log-ins of one source by account."""

    def __init__(self, crowd: Crowd, source: str) -> None:
        self.source, self._accounts = source, crowd.accounts[source]
        self._people, self._declared = crowd.people, crowd.people.links

    @cached_property
    def login(self) -> pa.Array:
        return pa.array(self._accounts.handle, pa.string())

    def directory(self) -> list[str | None]:
        """The user name in the people directory of those whose profile names it."""
        return [
            self._people.directory(person) if person >= 0 and self._declared[person] else None
            for person in self._accounts.person
        ]


class Pseudonyms:
    """The same accounts, hashed: kinds are name spaces (`login`, `username`, `id`)."""

    def __init__(self, crowd: Crowd, source: str, key: bytes) -> None:
        self._key, self.source = key, source
        self._handles, self._accounts = Handles(crowd, source), crowd.accounts[source]
        self._made: dict[str, pa.Array] = {}

    @cached_property
    def login(self) -> pa.Array:
        """Log-ins in clear: what a natural key is hashed from."""
        return self._handles.login

    @cached_property
    def classes(self) -> pa.Array:
        """The class of each log-in."""
        return pa.array([login_class(handle) for handle in self._accounts.handle], pa.string())

    def of(self, kind: str) -> pa.Array:
        """One hash an account, null where there is nothing to hash."""
        if kind not in self._made:
            values: Sequence[object] = {
                "id": self._accounts.native.tolist(),
                "people:username": self._handles.directory() if kind == "people:username" else (),
                "mail:address": [mail_address(handle) for handle in self._accounts.handle],
                "mail:local": [local_name(handle) for handle in self._accounts.handle],
            }.get(kind, self._accounts.handle)
            self._made[kind] = pa.array(self.hashed(kind, values), pa.string())
        return self._made[kind]

    def hashed(self, kind: str, values: Sequence[object]) -> list[str | None]:
        return pseudonyms(self._key, self.source, kind, values)


def counted(size: int, places: Array) -> Array:
    """How often each place occurs; negative places are nobody's."""
    return np.bincount(places[places >= 0], minlength=size)
