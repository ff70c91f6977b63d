"""Jobs over all sources, and when they run."""

import dagster as dg

from pipelines.defs import ingest

nightly = dg.define_asset_job(
    "nightly", selection=dg.AssetSelection.all(), description="Every source, the warehouse, publication"
)
rebuild = dg.define_asset_job(
    "rebuild",
    selection=dg.AssetSelection.all() - dg.AssetSelection.assets(*ingest.landings),
    description="The warehouse and publication from the lake as it is; asks no source",
)
every_night = dg.ScheduleDefinition(
    job=nightly, cron_schedule="0 3 * * *", execution_timezone="UTC", name="every_night"
)
