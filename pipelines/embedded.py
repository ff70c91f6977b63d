"""The embedded community: simulated sources as a child process, for the time of a run.

The main job asks these servers over HTTP like any other source. Not in here: what they serve and how
(`simulation/`), nor the run itself (`run.py`).
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import urllib3

from pipelines import settings
from pipelines.run import World

PONTOON_TOKEN = "1_" + "simulated" * 4 + "tokenxx"
"""A token of the right form (number, underscore, 43 characters); the simulated Pontoon asks for no more."""


class SimulationFailed(Exception):
    """The simulated sources did not start; the sentence says why."""


@contextmanager
def community(
    *,
    scale: str = "small",
    seed: int = 1,
    recorded: Path | None = None,
    faults: str | None = None,
    limits: str | None = None,
    port: int = 0,
) -> Iterator[tuple[World, dict[str, str]]]:
    """Serve a generated community, or recorded data, until the block ends; its people's files go with it.

    Yields the world (clocks and spans) and the environment that points every source at its server.
    """
    command = [sys.executable, "-m", "pipelines.simulation", "--port", str(port)]
    command += ["--recorded", str(recorded)] if recorded else ["--scale", scale, "--seed", str(seed)]
    command += ["--faults", faults] if faults else []
    command += ["--limits", limits] if limits else []
    files = tempfile.TemporaryDirectory()
    command += ["--kept", files.name]
    errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - lives as long as the child
    child = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        cwd=settings.ROOT,
        env=settings.environment({}),
    )
    assert child.stdout is not None
    try:
        line = child.stdout.readline()
        if not line:
            errors.seek(0)
            trouble = errors.read().strip().splitlines()
            raise SimulationFailed(trouble[-1] if trouble else "the simulated sources ended without a word")
        roots: dict[str, str] = json.loads(line)
        variables = {f"MDM_{source.upper()}_URL": root for source, root in roots.items()}
        variables |= {f"MDM_{name.upper()}_DIR": f"{files.name}/{name}" for name in ("curated", "survey")}
        variables |= {"MDM_DISCOURSE_TAGS": "", "MDM_DISCOURSE_CATEGORIES": ""}
        world = describe(roots)
        if recorded:
            world = replace(world, name=f"recorded {fingerprint(recorded)}")
        yield world, {**variables, "MDM_PONTOON_TOKEN": PONTOON_TOKEN}
    finally:
        child.terminate()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
        child.stdout.close()
        errors.close()
        files.cleanup()


def fingerprint(folder: Path) -> str:
    """Eight hex digits over the names and sizes of a folder's files: another set is another world."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    listed = [(str(path.relative_to(folder)), path.stat().st_size) for path in files]
    return hashlib.sha256(json.dumps(listed).encode()).hexdigest()[:8]


def describe(roots: dict[str, str]) -> World:
    """What the servers say of themselves on their control page."""
    notes: dict[str, dict[str, Any]] = {
        source: urllib3.request("GET", f"{root}/simulation", timeout=10.0).json()
        for source, root in roots.items()
    }
    return World(
        name=next(iter(notes.values()))["world"],
        since={source: note["since"] for source, note in notes.items()},
        now={source: note["now"] for source, note in notes.items()},
        set_aside=[{"source": source, **row} for source, note in notes.items() for row in note["set_aside"]],
    )
