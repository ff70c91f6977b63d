"""What our own code costs beside the least that the same work needs, as ratios in one run.

    landing      records a second of each source, beside a bare HTTP loop over the same requests
    warehouse    `dbt build` beside the same compiled SQL run straight in DuckDB

Seconds differ between machines, ratios hardly. Nothing here asserts; the README quotes the last run.
"""

from __future__ import annotations

import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import urllib3
from rich.console import Console
from rich.table import Table

from expectations.landing import LANDING
from pipelines import duckdb_functions, embedded, identity, run, settings, status, warehouse
from pipelines.lake import Lake
from pipelines.landing import Landing
from pipelines.simulation.generator.bulk.size import MEDIUM
from pipelines.sources import SOURCES, SYSTEMS
from pipelines.sources.http import Client
from pipelines.sources.spec import Source
from tests.bench import scale

ROUNDS = {"demo": 3, "recorded": 1, MEDIUM.name: 1}
"""All but the demo are large enough for one round to be steady."""
RECORDED = settings.ROOT.parent / "shared" / "recorded"


@dataclass(frozen=True)
class Measured:
    """Medians over the rounds. seconds: ours; floor_s: the same requests (or SQL) without us."""

    what: str
    amount: int
    seconds: float
    floor_s: float

    @property
    def ratio(self) -> float:
        return self.seconds / self.floor_s


class Noting(Client):
    """A client that notes the addresses it asks, so that a bare loop can ask them again."""

    def __init__(self, *arguments: object, **options: object) -> None:
        super().__init__(*arguments, **options)  # type: ignore[arg-type]
        self.addresses: list[str] = []

    def _with_retries(self, address: str, where: str) -> urllib3.BaseHTTPResponse:
        self.addresses.append(address)
        return super()._with_retries(address, where)


def land(source: Source, data: Path, world: run.World) -> tuple[int, float, list[str], dict[str, str]]:
    """Land one source from nothing: (records of all its streams, seconds, addresses asked, headers sent)."""
    landing = Landing(
        Lake(data),
        run_id="bench",
        gates=LANDING,
        hash_key=settings.hash_key(data),
        span=run.span_of(world, source, None, None),
    )
    client = Noting(
        source, settings.source_url(source), token=settings.token(source), user_agent="bench", paced=False
    )
    began = time.perf_counter()
    with client:
        results = [landing.feed(source, feed, client) for feed in source.feeds]
    seconds = time.perf_counter() - began
    refused = [sentence for result in results for sentence in result.refused]
    if refused:
        raise SystemExit(f"a lost row makes a speed worthless: {refused}")
    return sum(sum(result.written.values()) for result in results), seconds, client.addresses, client._headers


def bare_loop(addresses: list[str], headers: dict[str, str]) -> float:
    """Seconds to ask and parse the same addresses over one kept-alive connection."""
    pool = urllib3.PoolManager(maxsize=1, retries=False)
    began = time.perf_counter()
    for address in addresses:
        answer = pool.request("GET", address, headers=headers, redirect=False)
        if "json" in answer.headers.get("Content-Type", ""):  # one list is a page of HTML
            json.loads(answer.data)
    return time.perf_counter() - began


def landing_rates(world: run.World, folder: Path, rounds: int) -> list[Measured]:
    found = []
    for source in SYSTEMS.values():
        ours, floors, records = [], [], 0
        for number in range(rounds):
            data = folder / f"{source.name}-{number}"
            data.mkdir()
            settings.make_embedded_hash_key(data)
            records, seconds, addresses, headers = land(source, data, world)
            ours.append(seconds)
            floors.append(bare_loop(addresses, headers))
            shutil.rmtree(data)
        found.append(Measured(source.name, records, statistics.median(ours), statistics.median(floors)))
    return found


def straight_sql(data: Path) -> Callable[[], None]:
    """The compiled SQL of every model, in order, as one function over a fresh DuckDB file."""
    manifest = json.loads(warehouse.manifest(data).read_text())
    nodes = {
        name: node
        for name, node in manifest["nodes"].items()
        if node["resource_type"] == "model" and node.get("compiled_code")
    }
    order: list[str] = []

    def place(name: str) -> None:
        if name in nodes and name not in order:
            for parent in nodes[name]["depends_on"]["nodes"]:
                place(parent)
            order.append(name)

    for name in sorted(nodes):
        place(name)

    def execute() -> None:
        target = data / "floor.duckdb"
        target.unlink(missing_ok=True)
        with duckdb.connect(str(target), config={"threads": 2}) as connection:
            connection.execute("set timezone = 'UTC'")
            duckdb_functions.register(connection)
            connection.execute(f"attach '{data / 'warehouse.duckdb'}' as built (read_only)")
            for schema in {node["schema"] for node in manifest["nodes"].values()}:
                connection.execute(f"create schema if not exists {schema}")
            for node in manifest["nodes"].values():
                if node["resource_type"] == "seed":
                    name = f"{node['schema']}.{node['alias']}"
                    connection.execute(f"create table {name} as select * from built.{name}")
            for name in order:
                node = nodes[name]
                kind = "view" if node["config"]["materialized"] == "view" else "table"
                code = node["compiled_code"].replace(f'"{node["database"]}".', "")
                connection.execute(f"create {kind} {node['schema']}.{node['alias']} as {code}")
        target.unlink()

    return execute


def build_rate(data: Path, rounds: int) -> Measured:
    """`dbt build` of a lake with seeds and tests, beside the same models in DuckDB alone.

    Every round makes all tables anew. The project has been read before, as in every run but the first.
    """
    status.export(Lake(data), SOURCES.values(), run_id="bench", as_of=run.world_of(data).as_of())
    settings.apply(warehouse.environment(data))
    warehouse.parse(data)
    ours, floors = [], []
    for _ in range(rounds):
        began = time.perf_counter()
        warehouse.build(data, full_refresh=True)
        ours.append(time.perf_counter() - began)
    execute = straight_sql(data)
    for _ in range(rounds):
        began = time.perf_counter()
        execute()
        floors.append(time.perf_counter() - began)
    with duckdb.connect(str(data / "warehouse.duckdb"), read_only=True) as connection:
        amount = connection.execute("select count(*) from marts.fct_contribution").fetchone()
    return Measured(
        "dbt build", int(amount[0]) if amount else 0, statistics.median(ours), statistics.median(floors)
    )


def show(title: str, measured: list[Measured], columns: tuple[str, str, str]) -> None:
    table = Table(title=title, title_justify="left")
    for place, name in enumerate((columns[0], columns[1], "seconds", columns[2], "ratio")):
        table.add_column(name, justify="left" if place == 0 else "right")
    for one in measured:
        per_second = f"{one.amount / one.seconds:,.0f}"
        table.add_row(one.what, per_second, f"{one.seconds:.2f}", f"{one.floor_s:.2f}", f"{one.ratio:.1f}")
    Console().print(table)


def main() -> None:
    worlds: list[tuple[str, Path | None]] = [("demo community, small", None)]
    if RECORDED.is_dir():
        worlds.append(("recorded data", RECORDED))
    for title, recorded in worlds:
        with (
            tempfile.TemporaryDirectory() as temporary,
            embedded.community(recorded=recorded) as (world, variables),
        ):
            folder, rounds = Path(temporary), ROUNDS["recorded" if recorded else "demo"]
            settings.apply(variables)
            show(
                f"landing, {title}",
                landing_rates(world, folder, rounds),
                ("source", "records/s", "bare HTTP loop, s"),
            )
            data = folder / "whole"
            data.mkdir()
            run.begin(data, world)
            settings.make_embedded_hash_key(data)
            for source in SOURCES.values():
                run.land_source(data, source, run_id="bench")
            show_build(title, data, rounds)
    with tempfile.TemporaryDirectory() as temporary:
        data = Path(temporary) / MEDIUM.name
        scale.written(MEDIUM.name, data)
        identity.link(data, settings.hash_key(data), run.vault_of(data))
        show_build(f"{MEDIUM.name}, twenty thousand people", data, ROUNDS[MEDIUM.name])


def show_build(title: str, data: Path, rounds: int) -> None:
    show(f"warehouse, {title}", [build_rate(data, rounds)], ("step", "contributions/s", "plain DuckDB, s"))
