"""`python -m pipelines.simulation`: serve a simulated community until told to stop.

Prints one line of JSON with the address of every source, then answers until SIGTERM or SIGINT, or until
the process that started it is gone. What is served: `generator` or `recorded`; how: `servers`.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.simulation.servers.faults import parse_faults, parse_seed
from pipelines.simulation.servers.limits import parse_limits
from pipelines.simulation.servers.serve import serve
from pipelines.simulation.world import World, write_kept

if TYPE_CHECKING:
    from pipelines.simulation.generator import Truth

PARENT_LOOK_S = 1.0
"""How often to look whether the process that started us still lives."""


def build(scale: str, seed: int, recorded: Path | None) -> tuple[World, Truth | None]:
    """The world to serve: recorded files when a folder is given, else the generated community; and what is
    true in it, where that is known.

    Raises ValueError for an unknown scale, FileNotFoundError for a missing folder.
    """
    if recorded is None:
        from pipelines.simulation.generator import generate

        return generate(scale, seed)
    if not recorded.is_dir():
        raise FileNotFoundError(f"{recorded}: there is no such folder of recorded data.")
    from pipelines.simulation.recorded import read_world

    return read_world(recorded), None


def main(
    scale: str = "small",
    seed: int = 1,
    recorded: Path | None = None,
    port: int = 0,
    faults: str = "",
    kept: Path | None = None,
    truth: Path | None = None,
    limits: str = "",
) -> int:
    """Serve until a signal or until the parent process ends; print the addresses as one line of JSON.

    kept: a folder for the files that the community's people keep; truth: one for `truth/*.parquet`, what is
    true in a generated community. Both are filled before the line is printed.
    port: the first of neighbouring ports, one a source; 0 takes free ones. faults: see `servers/faults.py`.
    limits: sources that limit who asks too much, see `servers/limits.py`.
    Returns 0, or 2 after one line on standard error when an argument cannot be worked with.
    """
    parent = os.getppid()
    stop = threading.Event()
    try:
        if parse_seed(faults) is None:
            parse_faults(faults)
        limited = parse_limits(limits)
        world, true = build(scale, seed, recorded)
        if kept is not None:
            write_kept(world, kept)
        if truth is not None and true is not None:
            from pipelines.simulation.generator import write_truth

            write_truth(true, truth)
        servers = serve(world, port, faults, limits=limited)
    except (ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    with servers:
        sys.stdout.write(json.dumps(servers.roots) + "\n")
        sys.stdout.flush()
        while not stop.wait(PARENT_LOOK_S) and os.getppid() == parent:
            pass
    return 0


def _arguments(given: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m pipelines.simulation", description=__doc__)
    parser.add_argument("--scale", default="small", help="size of the generated community (default: small)")
    parser.add_argument("--seed", type=int, default=1, help="another seed, another community (default: 1)")
    parser.add_argument("--recorded", type=Path, metavar="DIR", help="serve recorded data from this folder")
    parser.add_argument(
        "--port", type=int, default=0, help="first of neighbouring ports (default: any free ones)"
    )
    parser.add_argument("--faults", default="", metavar="SPEC", help="e.g. sumo.html@3,reps.down")
    parser.add_argument("--limits", default="", metavar="SOURCES", help="e.g. bugzilla,pontoon, or all")
    parser.add_argument("--kept", type=Path, metavar="DIR", help="write the files that its people keep there")
    parser.add_argument("--truth", type=Path, metavar="DIR", help="write what is true in it to DIR/truth")
    return parser.parse_args(given)


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    sys.exit(main(**vars(_arguments(None))))
