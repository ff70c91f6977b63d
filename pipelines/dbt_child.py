"""dbt as a child process that ends with its parent: run by its path, with dbt's own words.

A parent that is killed cannot end its children, and a dbt that outlives it holds the warehouse against the
next run. DuckDB undoes what an ended writer left half-done, so that the end may come at any moment.
Not in here: which words dbt is given (`warehouse.py`, `defs/transform.py`).
"""

from __future__ import annotations

import os
import signal
import threading
import time

LOOK_S = 0.2
"""So often the child looks whether its parent is still there."""


def end_with(parent: int) -> None:
    """End this process at once, without any goodbye, when it has another parent than this one."""
    while os.getppid() == parent:
        time.sleep(LOOK_S)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    threading.Thread(target=end_with, args=(os.getppid(),), name="watching the parent", daemon=True).start()

    from dbt.cli.main import cli

    cli()
