"""Entry point of Dagster: everything in `defs/`, and the main job run in this process.

Not in here: any asset or job of its own.
"""

from __future__ import annotations

import dagster as dg

from pipelines.defs import folder, identity, ingest, publication, schedules, transform
from pipelines.sources import SOURCES

defs = dg.Definitions(
    assets=[
        *ingest.landings,
        identity.identity_links,
        identity.identity_snapshot,
        transform.models,
        publication.published,
    ],
    jobs=[
        *ingest.jobs,
        schedules.main,
        schedules.nightly,
        schedules.rebuild,
        schedules.check_archives,
    ],
    schedules=[schedules.every_night, schedules.every_quarter],
    resources={folder.FOLDER: folder.folder},
    executor=dg.in_process_executor,
)


def execute_main(since: str | None, until: str | None) -> list[str]:
    """Run the main job here and now, kept in the instance of DAGSTER_HOME.

    Returns why it failed, a sentence a step; [] when it published.
    """
    asked = {"config": {"since": since, "until": until}}
    instance = dg.DagsterInstance.get()
    done = defs.resolve_job_def("main").execute_in_process(
        instance=instance,
        run_config={
            "ops": {f"{name}_landing": asked for name in SOURCES},
            "loggers": {"console": {"config": {"log_level": "WARNING"}}},
        },
        raise_on_error=False,
    )
    return folder.failures(instance, done.run_id)
