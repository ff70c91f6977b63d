"""The Reps portal from its archive files, asked in this process: what a live run reads of it today.

The files are those of a recorded directory (`reps.py` says what they become), the answers those of the
simulated portal (`servers/reps.py`), so that feeds, gates and hashes are the same as for the portal itself.
Its clock is the end of the last day that the files know: nothing later is claimed to have been read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from pipelines.simulation.recorded import reps
from pipelines.simulation.servers.http_server import Handler, Request
from pipelines.simulation.servers.reps import interface
from pipelines.sources.http import SourceDenied, SourceDown
from pipelines.sources.spec import Answer, Spent

FILES = tuple(pattern.removeprefix("reps/") for pattern in reps.SETS)


class Archive:
    """Answers the portal's paths from a folder of archive files: a `Connection` without a network."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.spent = folder, Spent()
        self._read: tuple[Handler, datetime] | None = None

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing stays open."""

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Answer:
        """One answer. Raises SourceDenied for a page or record there is not, SourceDown for the files."""
        handler, now = self._read = self._read or self._portal()
        address = urlsplit(path)
        asked = [*parse_qsl(address.query), *((name, str(value)) for name, value in (params or {}).items())]
        response = handler(Request("GET", address.path, tuple(asked), root=reps.API.partition("/api/")[0]))
        body = json.loads(response.body)
        if response.status != 200:
            raise SourceDenied(response.status, str(body["detail"]), path)
        return Answer(body, now, path)

    def get_many(self, paths: Iterable[str]) -> Iterator[tuple[str, Answer | Exception]]:
        """Answers in the order of `paths`; errors are yielded."""
        for path in paths:
            try:
                yield path, self.get(path)
            except (SourceDenied, SourceDown) as error:
                yield path, error

    def _portal(self) -> tuple[Handler, datetime]:
        try:
            found = reps.read(self.folder, FILES)
        except ValueError as error:  # names the file, and quotes nothing of it
            raise SourceDown(str(error)) from None
        if found.now is None:
            raise SourceDown(f"{self.folder}: no archive of the portal here; expected {', '.join(FILES)}")
        return interface(found.part), found.now
