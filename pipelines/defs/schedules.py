"""Jobs over all sources, and when they run."""

import dagster as dg

from pipelines.defs import compaction, ingest
from pipelines.sources import SOURCES

archives = dg.AssetSelection.assets(
    *(
        ingest.key_of(source, stream)
        for source in SOURCES.values()
        if source.closed_on is not None
        for stream in source.streams
    )
)
"""Streams of closed sources: nothing new comes there, so no night asks them."""

main = dg.define_asset_job(
    "main", selection=dg.AssetSelection.all(), description="Every source, the warehouse, publication"
)
nightly = dg.define_asset_job(
    "nightly",
    selection=dg.AssetSelection.all() - archives,
    description="Every source but closed archives, the warehouse, publication",
)
rebuild = dg.define_asset_job(
    "rebuild",
    selection=dg.AssetSelection.all() - dg.AssetSelection.assets(*ingest.landings),
    description="The warehouse and publication from the lake as it is; asks no source",
)
check_archives = dg.define_asset_job(
    "check_archives", selection=archives, description="Closed archives: loads them once, then looks at them"
)
every_night = dg.ScheduleDefinition(
    job=nightly, cron_schedule="0 3 * * *", execution_timezone="UTC", name="every_night"
)
every_quarter = dg.ScheduleDefinition(
    job=check_archives, cron_schedule="0 1 2 */3 *", execution_timezone="UTC", name="every_quarter"
)
"""The second of January, April, July and October, before the night's build."""
every_month = dg.ScheduleDefinition(
    job=compaction.compact, cron_schedule="30 0 1 * *", execution_timezone="UTC", name="every_month"
)
"""On the first, before everything else of that night."""
