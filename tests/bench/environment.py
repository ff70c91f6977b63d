"""An environment of its own for what only a benchmark needs, and knows nothing of us: made at first use.

`<root>/.venv-<name>` from `<name>.lock` beside this file.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from pipelines import settings


def interpreter(name: str) -> Path:
    """The interpreter of an environment, made when it is missing."""
    folder = settings.ROOT / f".venv-{name}"
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        lock = Path(__file__).with_name(f"{name}.lock")
        subprocess.run([*pip, "--require-hashes", "-r", str(lock)], check=True)
    return python
