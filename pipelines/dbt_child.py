"""dbt as a child process that ends with its parent: run by its path, with dbt's own words.

A parent that is killed cannot end its children, and a dbt that outlives it holds the warehouse against the
next run. DuckDB undoes what an ended writer left half-done, so that the end may come at any moment.
Of the environment it keeps what it needs: no token and no vault key gets to where SQL runs, and dbt looks
through all variables for every line that it logs, some ten thousand times in a build.
Not in here: which words dbt is given (`warehouse.py`, `defs/transform.py`).
"""

from __future__ import annotations

import os
import signal
import threading
import time

LOOK_S = 0.2
"""So often the child looks whether its parent is still there."""


KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "TZ", "DO_NOT_TRACK", "MDM_DATA", "MDM_HASH_KEY")
"""Variables that dbt, its adapter and our functions in DuckDB read, beside those of `KEPT_KINDS`."""
KEPT_KINDS = ("DBT_", "LC_", "PYTHON")


def end_with(parent: int) -> None:
    """End this process at once, without any goodbye, when it has another parent than this one."""
    while os.getppid() == parent:
        time.sleep(LOOK_S)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    for name in set(os.environ) - set(KEPT):
        if not name.startswith(KEPT_KINDS):
            del os.environ[name]
    threading.Thread(target=end_with, args=(os.getppid(),), name="watching the parent", daemon=True).start()

    from dbt.cli.main import cli

    cli()
