"""A run that is killed while dbt builds leaves nothing behind that holds the warehouse."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from pipelines import settings, warehouse

PROFILE = "mdm: {target: main, outputs: {main: {type: duckdb, path: %s}}}"
SLOW = "select count(*) from range(1000000) a, range(1000000) b where hash(a.range + b.range) % 7 = 0"
"""Hours: no join but of every row with every other can answer it."""


def wait_for(is_so: Callable[[], bool], seconds: float = 60.0) -> bool:
    until = time.monotonic() + seconds
    while not is_so() and time.monotonic() < until:
        time.sleep(0.1)
    return is_so()


def is_open_in(pid: int, path: Path) -> bool:
    found = []
    for one in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            found.append(one.readlink())
    return path in found


def children(parent: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


def is_free(path: Path) -> bool:
    try:
        duckdb.connect(str(path)).close()
    except duckdb.IOException:
        return False
    return True


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks into /proc")
def test_dbt_ends_with_the_process_that_was_killed_and_frees_the_warehouse(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    (tmp_path / "dbt_project.yml").write_text("{name: small, profile: mdm, version: 1.0.0}")
    (tmp_path / "profiles.yml").write_text(PROFILE % path)
    words = [*warehouse.DBT, "show", "--inline", SLOW]
    caller = subprocess.Popen(
        [sys.executable, "-c", f"import subprocess; subprocess.run({words!r})"],
        cwd=tmp_path,
        env=settings.environment({"DBT_PROFILES_DIR": str(tmp_path)}),
        stdout=subprocess.DEVNULL,
    )
    held: list[int] = []
    try:
        assert wait_for(lambda: any(is_open_in(child, path) for child in children(caller.pid)))
        held = children(caller.pid)
        assert not is_free(path)
        os.kill(caller.pid, signal.SIGKILL)
        caller.wait()
        assert wait_for(lambda: is_free(path), 10.0), "dbt lives on and holds the warehouse"
    finally:
        caller.kill()
        caller.wait()
        for child in held:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)


def test_dbt_sees_no_token_and_no_key_of_the_vault(tmp_path: Path) -> None:
    (tmp_path / "dbt_project.yml").write_text("{name: small, profile: mdm, version: 1.0.0}")
    (tmp_path / "profiles.yml").write_text(PROFILE % (tmp_path / "warehouse.duckdb"))
    seen = "select " + ", ".join(
        f"'{{{{ env_var('{name}', 'unknown') }}}}' as {name}"
        for name in ("MDM_DATA", "MDM_VAULT_KEY", "MDM_PONTOON_TOKEN", "SECRET_OF_ANOTHER")
    )
    variables = {
        "MDM_DATA": "here",
        "MDM_VAULT_KEY": "told",
        "MDM_PONTOON_TOKEN": "told",
        "SECRET_OF_ANOTHER": "told",
        "DBT_PROFILES_DIR": str(tmp_path),
    }
    done = subprocess.run(
        [*warehouse.DBT, "--quiet", "show", "--output", "json", "--inline", seen],
        cwd=tmp_path,
        env=settings.environment(variables),
        capture_output=True,
        text=True,
        check=True,
    )
    (row,) = json.loads(done.stdout)["show"]
    assert list(row.values()) == ["here", "unknown", "unknown", "unknown"]


def test_both_ways_to_dbt_end_with_their_process() -> None:
    from pipelines.defs import transform

    assert (transform.dbt.dbt_executable, *transform.dbt.global_config_flags) == warehouse.DBT


def test_what_failed_in_a_build_is_one_sentence(tmp_path: Path) -> None:
    results = [
        {"unique_id": "model.mdm.good", "status": "success", "message": "OK"},
        {
            "unique_id": "model.mdm.bad",
            "status": "error",
            "message": "Runtime Error in model bad (models/bad.sql)\n  Binder Error: no column\n  LINE 1",
        },
    ]
    file = warehouse.manifest(tmp_path).with_name("run_results.json")
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"results": results}))
    told = warehouse.trouble(tmp_path, "a page of output")
    assert told == f"bad: Binder Error: no column; more in {tmp_path}/dbt/target/dbt.log"


def test_what_dbt_cannot_even_begin_is_told_and_stands_in_the_log_that_is_named(tmp_path: Path) -> None:
    settings.make_embedded_hash_key(tmp_path)
    with pytest.raises(warehouse.DbtFailed) as failed:
        warehouse.dbt(tmp_path, "run", "--selector", "of_nobody")
    told, _, path = str(failed.value).partition("; more in ")
    assert "of_nobody" in told
    assert "of_nobody" in Path(path).read_text()


def test_who_holds_the_warehouse_is_said_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    hold = f"import duckdb, time; c = duckdb.connect({str(path)!r}); print(flush=True); time.sleep(60)"
    holder = subprocess.Popen([sys.executable, "-c", hold], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    try:
        holder.stdout.readline()
        with pytest.raises(duckdb.IOException) as refused:
            duckdb.connect(str(path))
        told = warehouse.trouble(tmp_path, f"Encountered an error:\n{refused.value}\nTraceback")
        assert told == f"process {holder.pid} has {path} open: wait for its end, then try again."
    finally:
        holder.kill()
        holder.wait()
