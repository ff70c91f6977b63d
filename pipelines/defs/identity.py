"""Probable links as an asset that the warehouse reads; after it, the snapshot of who was one person."""

import dagster as dg

from pipelines import run, settings
from pipelines.defs.folder import FOLDER
from pipelines.defs.ingest import key_of
from pipelines.sources import SOURCES

LINKS = dg.AssetKey(["pipeline", "identity_links"])


@dg.asset(
    key=LINKS,
    deps=[key_of(source, stream) for source in SOURCES.values() for stream in source.streams],
    group_name="intermediate_identity",
    description="Pairs of accounts that look like one person's, with their score",
    kinds={"parquet"},
    required_resource_keys={FOLDER},
)
def identity_links() -> dg.MaterializeResult:
    """Score all pairs of accounts that have something in common."""
    run.display.stage("comparing accounts")
    return dg.MaterializeResult(metadata={"probable links": run.link(settings.data_dir())})


@dg.asset(
    key=["pipeline", "identity_snapshot"],
    deps=[dg.AssetKey(["metrics", "metric_value"])],
    group_name="intermediate_identity",
    description="Who was one person on the day of the run: what the next runs compare with",
    kinds={"parquet"},
    required_resource_keys={FOLDER},
)
def identity_snapshot() -> dg.MaterializeResult:
    """Kept once all numbers of the run are there."""
    accounts, former = run.keep_persons(settings.data_dir())
    return dg.MaterializeResult(metadata={"accounts": accounts, "former log-ins": former})
