"""Compaction of the lake as a job of its own: no asset, for it makes nothing new."""

import dagster as dg

from pipelines import run, settings
from pipelines.defs.folder import FOLDER_ALONE


@dg.op(
    description="Small files of each stream become one; of what is gone, only the tombstone stays",
    required_resource_keys={FOLDER_ALONE},
)
def compact_lake(context: dg.OpExecutionContext) -> None:
    """What `mdm compact` does."""
    merged = run.compact(settings.data_dir())
    for stream, files in merged.items():
        context.log.info(f"{stream}: {files:,} files are one")
    context.add_output_metadata({"streams": len(merged), "files": sum(merged.values())})


@dg.job(description="Small files of the lake become one a stream; waits until nobody works in the folder")
def compact() -> None:
    compact_lake()
